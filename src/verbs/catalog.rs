//! The configured catalog, from its file.

use std::path::Path;

use alluvium_normalization::catalog::{CatalogError, ConfiguredCatalog, StreamName};

use crate::config;
use crate::failure::Failure;
use crate::verbs::inference::is_called;

/// Reads the catalog.
pub(super) fn read_catalog(path: &Path) -> Result<ConfiguredCatalog, Failure> {
    let text = config::read_text(path, "catalog")?;
    ConfiguredCatalog::parse(&text).map_err(|error| {
        if let CatalogError::NotJson(error) = &error {
            return config::not_json(path, "catalog", error);
        }
        let failure = Failure::config(format!("the catalog file {} can't be used: {error}", path.display()));
        match error.stream() {
            Some(stream) => failure.in_stream(stream.name.clone(), stream.namespace.clone()),
            None => failure,
        }
    })
}

/// Those of the streams that are called so, by name or by `namespace.name`; all if no name is given. Each name has to be one
/// of them.
pub(super) fn named<'c>(
    streams: impl IntoIterator<Item = &'c StreamName>,
    names: &[String],
) -> Result<Vec<&'c StreamName>, Failure> {
    let mut streams: Vec<&StreamName> = streams.into_iter().collect();
    let is_called = |stream: &StreamName, name: &str| is_called(stream.namespace.as_deref(), &stream.name, name);
    if let Some(unknown) = names.iter().find(|name| !streams.iter().any(|stream| is_called(stream, name))) {
        return Err(Failure::config(format!("the catalog has no stream `{unknown}`")));
    }
    streams.retain(|stream| names.is_empty() || names.iter().any(|name| is_called(stream, name)));
    Ok(streams)
}
