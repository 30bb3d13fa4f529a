//! `compact`: raw tables, reduced to what is needed.

use alluvium_normalization::catalog::StreamName;

use crate::cli;
use crate::config::Config;
use crate::failure::Failure;
use crate::sync::compact::{Compaction, Streams};
use crate::terminal::Audience;
use crate::verbs::catalog::{named, read_catalog};
use crate::verbs::raw_tables::raw_tables;
use crate::verbs::reading::connect_to_existing;
use crate::verbs::signals::stop_on_signals;

/// Reduces the raw tables of the catalog's streams, without a catalog all that there are, or of the streams that are named, and
/// tells what it did.
pub(crate) fn compact(config: &Config, arguments: &cli::Compact, audience: &Audience) -> Result<(), Failure> {
    let catalog = arguments.catalog.as_deref().map(read_catalog).transpose()?;
    let of_catalog = catalog.iter().flat_map(|catalog| &catalog.streams).map(|stream| &stream.name);
    let named_there = catalog.is_some().then(|| named(of_catalog, &arguments.streams)).transpose()?;
    let mut warehouse = connect_to_existing(config, 0)?;
    let options = config.options();
    let mut found: Vec<StreamName> = Vec::new();
    if catalog.is_none() {
        let tables = raw_tables(warehouse.as_mut(), &options, None, &arguments.streams)?;
        found.extend(tables.into_iter().map(|raw| raw.stream));
        found.dedup();
    }
    let meant = match named_there {
        Some(streams) => streams.into_iter().cloned().collect(),
        None => named(&found, &arguments.streams)?.into_iter().cloned().collect(),
    };
    let stop = stop_on_signals()?;
    let compaction = Compaction {
        streams: catalog.as_ref().map_or(Streams::Remembered(found), Streams::Catalog),
        only: (!arguments.streams.is_empty()).then_some(meant),
        options: &options,
        keep_versions: arguments.keep_versions,
        before: arguments.before,
        is_dry_run: arguments.dry_run,
        stop: &stop,
    };
    let (compacted, outcome) = compaction.run(warehouse);
    audience.compacted(&compacted);
    outcome
}
