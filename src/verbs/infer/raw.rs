//! Records out of raw tables.

use crate::config::Config;
use crate::failure::Failure;
use crate::verbs::infer::findings::{Findings, Wanted};
use crate::warehouse::Warehouse;

/// Reads the raw tables of the wanted streams, of all if none is named; the first rows of each if that is wanted.
pub(super) fn read_raw(
    warehouse: &mut dyn Warehouse,
    config: &Config,
    wanted: &Wanted<'_>,
) -> Result<Findings, Failure> {
    let _ = (warehouse, config, wanted);
    Err(Failure::config("records of raw tables can't be read yet; give them with --input"))
}
