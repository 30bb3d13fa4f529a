//! `normalize`: typed tables again, from raw tables.

use std::path::Path;

use crate::config::Config;
use crate::failure::Failure;
use crate::sync::Settings;
use crate::sync::rebuild::Rebuild;
use crate::terminal::Audience;
use crate::verbs::catalog::read_catalog;
use crate::verbs::signals::stop_on_signals;
use crate::verbs::watching::watch;
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
    let stop = stop_on_signals()?;
    let settings = Settings { on_bad_input: config.loading.on_bad_input, ..Settings::default() };
    let options = config.options();
    let rebuild = Rebuild { catalog: &catalog, options: &options, settings: &settings, stop: &stop };
    watch(&catalog, &stop, audience, |progress| rebuild.run(warehouse, progress))
}
