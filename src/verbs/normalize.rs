//! `normalize`: typed tables again, from raw tables.

use std::path::Path;
use std::sync::Arc;

use crate::config::Config;
use crate::failure::Failure;
use crate::sync::Settings;
use crate::sync::rebuild::Rebuild;
use crate::terminal::{Audience, Watched};
use crate::verbs::catalog::read_catalog;
use crate::verbs::signals::stop_on_signals;
use crate::warehouse;

/// Rebuilds the typed tables of the catalog's streams, or of those that are named, and tells what it did.
pub(crate) fn normalize(
    config: &Config,
    catalog: &Path,
    streams: &[String],
    audience: &Audience,
) -> Result<(), Failure> {
    let mut catalog = read_catalog(catalog)?;
    if let Some(unknown) = streams.iter().find(|name| catalog.streams.iter().all(|stream| stream.name.name != **name)) {
        return Err(Failure::config(format!("the catalog has no stream `{unknown}`")));
    }
    if !streams.is_empty() {
        catalog.streams.retain(|stream| streams.contains(&stream.name.name));
    }
    let warehouse = warehouse::connect(&config.warehouse, false)?;
    let stop = stop_on_signals().map_err(|error| Failure::internal("signals can't be handled").caused_by(error))?;
    let settings = Settings { on_bad_input: config.loading.on_bad_input, ..Settings::default() };
    let names = catalog.streams.iter().map(|stream| stream.name.to_string()).collect();
    let mut watched = None;
    let options = config.options();
    let rebuild = Rebuild { catalog: &catalog, options: &options, settings: &settings, stop: &stop };
    let (report, outcome) = rebuild.run(warehouse, |progress| {
        let stop = Arc::clone(&stop);
        watched = Some((audience.watch(Watched { progress: Arc::clone(&progress), names, stop }), progress));
    });
    let progress = watched.map(|(_, progress)| progress); // and no longer watched
    audience.report(&report, progress.as_deref());
    outcome
}
