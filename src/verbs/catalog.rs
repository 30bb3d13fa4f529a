//! The configured catalog, from its file.

use std::path::Path;

use alluvium_normalization::catalog::{CatalogError, ConfiguredCatalog, StreamName};

use crate::config;
use crate::failure::Failure;

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

/// The catalog's streams of these names; `None`: none was named, and all are meant.
pub(super) fn named(catalog: &ConfiguredCatalog, streams: &[String]) -> Result<Option<Vec<StreamName>>, Failure> {
    if let Some(unknown) = streams.iter().find(|name| catalog.streams.iter().all(|stream| stream.name.name != **name)) {
        return Err(Failure::config(format!("the catalog has no stream `{unknown}`")));
    }
    let named = catalog.streams.iter().filter(|stream| streams.contains(&stream.name.name));
    Ok((!streams.is_empty()).then(|| named.map(|stream| stream.name.clone()).collect()))
}
