//! `write`: lands the messages from stdin.

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::sync::Arc;

use crate::config::Config;
use crate::failure::Failure;
use crate::protocol::writer::ProtocolWriter;
use crate::sync::{Settings, Sync};
use crate::terminal::{Audience, Watched};
use crate::verbs::catalog::read_catalog;
use crate::verbs::signals::stop_on_signals;
use crate::warehouse;

/// Runs a sync, shows its progress and tells what it did.
pub(crate) fn write(config: &Config, catalog: &Path, out: &ProtocolWriter, audience: &Audience) -> Result<(), Failure> {
    let catalog = read_catalog(catalog)?;
    let warehouse = warehouse::connect(&config.warehouse, false)?;
    let stop = stop_on_signals().map_err(|error| Failure::internal("signals can't be handled").caused_by(error))?;
    let settings = Settings {
        on_bad_input: config.loading.on_bad_input,
        max_line_bytes: config.loading.max_record_bytes,
        ..Settings::default()
    };
    if io::stdin().is_terminal() {
        audience.hint("reading messages from the terminal; Ctrl-D ends the input");
    }
    let names = catalog.streams.iter().map(|stream| stream.name.to_string()).collect();
    let mut watched = None;
    let options = config.options();
    let sync = Sync { catalog: &catalog, options: &options, settings: &settings, writer: out, stop: &stop };
    let (report, outcome) = sync.run(io::stdin(), warehouse, |progress| {
        let stop = Arc::clone(&stop);
        watched = Some((audience.watch(Watched { progress: Arc::clone(&progress), names, stop }), progress));
    });
    let progress = watched.map(|(_, progress)| progress); // and no longer watched
    audience.report(&report, progress.as_deref());
    outcome
}
