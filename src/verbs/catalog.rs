//! The configured catalog, from its file.

use std::path::Path;

use alluvium_normalization::catalog::{CatalogError, ConfiguredCatalog};

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
