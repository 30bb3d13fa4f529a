//! What the binary can do, one verb a file.

/// The configured catalog, from its file.
mod catalog;
/// `check`: whether a sync would find what it needs.
mod check;
/// `compact`: raw tables, reduced to what is needed.
mod compact;
/// `infer`: a configured catalog from records.
mod infer;
/// What records suggest, for the verbs that need it.
mod inference;
/// `normalize`: typed tables again, from raw tables.
mod normalize;
/// `plan`: what a catalog gives, before anything is done.
mod plan;
/// What became of printing to stdout.
mod printed;
/// Raw tables that are in a warehouse, and the streams that they are of.
mod raw_tables;
/// A warehouse that has to be there already.
mod reading;
/// Signals that ask the process to end.
mod signals;
/// `tables`: what is in the warehouse, for a person.
mod tables;
/// A run that is watched, and told of when it has ended.
mod watching;
/// `write`: lands the messages from stdin.
mod write;

pub(crate) use self::check::check;
pub(crate) use self::compact::compact;
pub(crate) use self::infer::infer;
pub(crate) use self::normalize::normalize;
pub(crate) use self::plan::plan;
pub(crate) use self::tables::tables;
pub(crate) use self::write::write;
