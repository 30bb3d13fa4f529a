//! What tests of whole syncs share.

/// One run of the binary.
mod sync;
/// A warehouse that syncs write to and tests read.
mod warehouse;

pub(crate) use sync::{Sync, alluvium, normalize, write};
pub(crate) use warehouse::{DuckDb, Postgres, Rows, Table, TestWarehouse, in_every_warehouse};
