//! A warehouse that has to be there already.

use std::path::Path;

use crate::config::Config;
use crate::failure::Failure;
use crate::warehouse::{self, Access, Warehouse, Width};

/// Connects to the config's warehouse, which has to be there already, to read only.
pub(super) fn connect_to_read(config: &Config) -> Result<Box<dyn Warehouse>, Failure> {
    connect(config, Access::Read)
}

/// Connects to the config's warehouse, which has to be there already, to write too: records of so many properties.
pub(super) fn connect_to_existing(config: &Config, properties: usize) -> Result<Box<dyn Warehouse>, Failure> {
    connect(config, Access::Write(Width { properties, ..Width::default() }))
}

fn connect(config: &Config, access: Access) -> Result<Box<dyn Warehouse>, Failure> {
    if let Some(file) = missing_file(config) {
        let file = file.display();
        return Err(Failure::config(format!("there is no database {file} yet; `alluvium write` creates it")));
    }
    Ok(warehouse::connect(&config.warehouse, access)?)
}

/// Connects to the config's warehouse to read only, or to an empty one where it has to be made first.
pub(super) fn connect_to_read_or_empty(config: &Config) -> Result<Box<dyn Warehouse>, Failure> {
    match missing_file(config) {
        Some(_) => Ok(warehouse::empty_duckdb()?),
        None => connect_to_read(config),
    }
}

fn missing_file(config: &Config) -> Option<&Path> {
    config.warehouse.file().filter(|file| matches!(file.try_exists(), Ok(false)))
}
