//! `compact`: raw tables, reduced to what is needed.

use crate::cli;
use crate::config::Config;
use crate::failure::Failure;
use crate::sync::compact::Compaction;
use crate::terminal::Audience;
use crate::verbs::catalog::{named, read_catalog};
use crate::verbs::reading::connect_to_existing;
use crate::verbs::signals::stop_on_signals;

/// Reduces the raw tables of the catalog's streams, or of those that are named, and tells what it did.
pub(crate) fn compact(config: &Config, arguments: &cli::Compact, audience: &Audience) -> Result<(), Failure> {
    let catalog = read_catalog(&arguments.catalog)?;
    let named = named(catalog.streams.iter().map(|stream| &stream.name), &arguments.streams)?;
    let only = (!arguments.streams.is_empty()).then(|| named.into_iter().cloned().collect());
    let warehouse = connect_to_existing(config)?;
    let stop = stop_on_signals()?;
    let compaction = Compaction {
        catalog: &catalog,
        only,
        options: &config.options(),
        keep_versions: arguments.keep_versions,
        before: arguments.before,
        is_dry_run: arguments.dry_run,
        stop: &stop,
    };
    let (compacted, outcome) = compaction.run(warehouse);
    audience.compacted(&compacted);
    outcome
}
