//! What tests of whole syncs share.

/// One run of the binary.
mod sync;
/// What a sync left behind, read back.
mod warehouse;

pub(crate) use sync::{Sync, write};
pub(crate) use warehouse::{DuckDb, Table, TestWarehouse};
