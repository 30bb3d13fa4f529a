//! What the binary can do, one verb a file.

/// `check`: whether a sync would find what it needs.
mod check;
/// `tables`: what is in the warehouse, for a person.
mod tables;
/// `write`: lands the messages from stdin.
mod write;

pub(crate) use self::check::check;
pub(crate) use self::tables::tables;
pub(crate) use self::write::write;
