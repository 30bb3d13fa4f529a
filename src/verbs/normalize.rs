//! `normalize`: typed tables again, from raw tables.

use std::path::Path;

use crate::config::Config;
use crate::failure::Failure;
use crate::sync::Settings;
use crate::sync::rebuild::{Rebuild, Rebuilding};
use crate::terminal::Audience;
use crate::verbs::catalog::{named, read_catalog};
use crate::verbs::signals::stop_on_signals;
use crate::verbs::watching::watch;
use crate::warehouse;

/// Rebuilds the typed tables of the catalog's streams, or of those that are named, and tells what it did.
/// `accepts_losses`: rows whose records are in no raw table may go.
pub(crate) fn normalize(
    config: &Config,
    catalog: &Path,
    streams: &[String],
    accepts_losses: bool,
    audience: &Audience,
) -> Result<(), Failure> {
    let catalog = read_catalog(catalog)?;
    let only = named(&catalog, streams)?;
    let warehouse = warehouse::connect(&config.warehouse, false)?;
    let stop = stop_on_signals()?;
    let settings = Settings { on_bad_input: config.loading.on_bad_input, ..Settings::default() };
    let options = config.options();
    let rebuilding = Rebuilding::live(only, accepts_losses);
    let rebuild = Rebuild { catalog: &catalog, options: &options, settings: &settings, stop: &stop, rebuilding };
    watch(&stop, audience, |progress| {
        let (report, outcome) = rebuild.run(warehouse, progress);
        (report, outcome.map(drop))
    })
}
