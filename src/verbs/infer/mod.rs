//! `infer`: a configured catalog from records.

/// Records out of messages, or as they are, from a file or stdin.
mod input;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use alluvium_normalization::infer::configured_catalog;
use serde_json::Value;

use crate::cli;
use crate::config::Config;
use crate::failure::Failure;
use crate::terminal::Audience;
use crate::verbs::inference::findings::Wanted;
use crate::verbs::inference::raw::read_raw;
use crate::verbs::printed::printed;
use crate::verbs::reading::connect_to_read;

/// Reads records, and writes the catalog that they suggest.
///
/// Law: what `write` lands with the catalog, of the same records, has no change in it, numbers being exact.
pub(crate) fn infer(arguments: &cli::Infer, audience: &Audience) -> Result<(), Failure> {
    let wanted = Wanted { streams: &arguments.streams, sample: arguments.sample };
    let findings = match (&arguments.input, &arguments.config) {
        (Some(input), _) => input::read(input, &wanted, audience)?,
        (None, Some(config)) => {
            let config = Config::load(config)?;
            let mut warehouse = connect_to_read(&config)?;
            read_raw(warehouse.as_mut(), &config.options(), arguments.schema.as_deref(), &wanted)?
        }
        // the command line asks for one of them
        (None, None) => return Err(Failure::config("there is neither --config nor --input")),
    };
    let inferred = findings.conclude(&wanted)?;
    let catalog = configured_catalog(&inferred.streams, arguments.dedup);
    match &arguments.output {
        Some(path) => write_file(path, &catalog)?,
        None => printed(print(io::stdout().lock(), &catalog))?,
    }
    audience.inferred(&inferred);
    Ok(())
}

fn write_file(path: &Path, catalog: &Value) -> Result<(), Failure> {
    let written = File::create(path).and_then(|file| print(BufWriter::new(file), catalog));
    written.map_err(|error| {
        Failure::config(format!("the catalog can't be written to {}", path.display())).caused_by(error)
    })
}

fn print(mut out: impl Write, catalog: &Value) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut out, catalog)?;
    writeln!(out)?;
    out.flush()
}
