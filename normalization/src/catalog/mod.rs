//! The configured catalog: streams, sync modes, generations; the only protocol types the core needs.

mod error;
mod read;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;

use serde_json::Value;

use crate::names::told;

pub use error::CatalogError;

/// The streams of one sync, and how each is to be landed.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfiguredCatalog {
    /// The streams, in the catalog's order.
    pub streams: Vec<ConfiguredStream>,
}

/// One stream of a [`ConfiguredCatalog`].
#[derive(Debug, Clone, PartialEq)]
pub struct ConfiguredStream {
    /// What the source calls it.
    pub name: StreamName,
    /// The JSON Schema of its records; null when the catalog has none.
    pub json_schema: Value,
    /// How the source reads. Only `destination_sync_mode` decides what we do.
    pub sync_mode: Option<String>,
    /// How the stream is landed.
    pub destination_sync_mode: SyncMode,
    /// Path of the cursor; empty for none.
    pub cursor_field: Vec<String>,
    /// Paths of the key's parts, none of them empty.
    pub primary_key: Vec<Vec<String>>,
    /// Generation of the records of this sync.
    pub generation_id: Option<i64>,
    /// The oldest generation that is kept.
    pub minimum_generation_id: Option<i64>,
    /// The platform's id of this sync.
    pub sync_id: Option<i64>,
}

/// What the source calls a stream: its identity within a catalog.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamName {
    /// The namespace, never empty.
    pub namespace: Option<String>,
    /// The name within the namespace.
    pub name: String,
}

/// What a sync does with the rows that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SyncMode {
    /// Adds rows.
    #[default]
    Append,
    /// Replaces all rows, unless generations decide otherwise.
    Overwrite,
    /// Keeps the newest row of each key.
    AppendDedup,
}

/// Whether what earlier syncs landed gives way to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Replacement {
    /// It stays.
    Keep,
    /// It gives way once the stream is complete; a further attempt of the same generation goes on where the last one stopped.
    Generation(i64),
    /// It gives way once the stream is complete; each attempt starts afresh.
    Always,
}

impl SyncMode {
    /// The protocol's word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Overwrite => "overwrite",
            Self::AppendDedup => "append_dedup",
        }
    }
}

impl ConfiguredCatalog {
    /// Reads a catalog from JSON text and validates it.
    ///
    /// An explicit null is an absent key; unknown keys are ignored.
    pub fn parse(json: &str) -> Result<Self, CatalogError> {
        let catalog = read::catalog(json)?;
        catalog.validate()?;
        Ok(catalog)
    }

    /// How many properties the schemas list for a record, on average over the streams.
    #[must_use]
    pub fn mean_properties(&self) -> usize {
        let listed =
            |stream: &ConfiguredStream| stream.json_schema.get("properties")?.as_object().map(serde_json::Map::len);
        self.streams.iter().filter_map(listed).sum::<usize>() / self.streams.len().max(1)
    }

    /// Checks what must hold before the first row, as far as no schema is needed for it.
    pub fn validate(&self) -> Result<(), CatalogError> {
        if self.streams.is_empty() {
            return Err(CatalogError::Empty);
        }
        let mut names = HashSet::new();
        for stream in &self.streams {
            if !names.insert(&stream.name) {
                return Err(CatalogError::DuplicateStream { stream: stream.name.clone() });
            }
            stream.validate()?;
        }
        Ok(())
    }
}

impl ConfiguredStream {
    /// Whether what is there gives way to this sync, for a stream that is valid.
    ///
    /// Generations decide where both numbers are given and not both 0; else overwrite replaces, and the others keep.
    pub fn replaces(&self) -> Replacement {
        match (self.generation_id, self.minimum_generation_id) {
            (Some(generation), Some(minimum)) if (generation, minimum) != (0, 0) => {
                if minimum > 0 {
                    Replacement::Generation(generation)
                } else {
                    Replacement::Keep
                }
            }
            _ if self.destination_sync_mode == SyncMode::Overwrite => Replacement::Always,
            _ => Replacement::Keep,
        }
    }

    fn validate(&self) -> Result<(), CatalogError> {
        let stream = || self.name.clone();
        if self.destination_sync_mode == SyncMode::AppendDedup && self.primary_key.is_empty() {
            return Err(CatalogError::MissingPrimaryKey { stream: stream() });
        }
        match (self.generation_id, self.minimum_generation_id) {
            (Some(generation), Some(minimum)) if minimum > generation => {
                Err(CatalogError::MinimumAboveGeneration { stream: stream(), minimum, generation })
            }
            (Some(generation), Some(minimum)) if minimum != 0 && minimum != generation => {
                Err(CatalogError::PartialReplacement { stream: stream(), minimum, generation })
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(formatter, "{}.{}", told(namespace), told(&self.name)),
            None => formatter.write_str(&told(&self.name)),
        }
    }
}
