//! `compact`: raw tables, reduced to what is needed.

use crate::cli;
use crate::config::Config;
use crate::failure::Failure;
use crate::sync::compact::Compaction;
use crate::terminal::Audience;
use crate::verbs::catalog::{named, read_catalog};
use crate::verbs::reading::refuse_missing;
use crate::verbs::signals::stop_on_signals;
use crate::warehouse;

/// Reduces the raw tables of the catalog's streams, or of those that are named, and tells what it did.
pub(crate) fn compact(config: &Config, arguments: &cli::Compact, audience: &Audience) -> Result<(), Failure> {
    let catalog = read_catalog(&arguments.catalog)?;
    let only = named(&catalog, &arguments.streams)?;
    refuse_missing(config)?;
    let warehouse = warehouse::connect(&config.warehouse, false)?;
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
