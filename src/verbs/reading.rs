//! A warehouse that is only looked at.

use crate::config::Config;
use crate::failure::Failure;
use crate::warehouse::{self, Warehouse};

/// Connects to the config's warehouse, which has to be there already, to read only.
pub(super) fn connect_to_read(config: &Config) -> Result<Box<dyn Warehouse>, Failure> {
    if let Some(file) = config.warehouse.file().filter(|file| matches!(file.try_exists(), Ok(false))) {
        let file = file.display();
        return Err(Failure::config(format!("there is no database {file} yet; `alluvium write` creates it")));
    }
    Ok(warehouse::connect(&config.warehouse, true)?)
}
