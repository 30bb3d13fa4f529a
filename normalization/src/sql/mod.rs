//! Plan x dialect -> statements, as text.
//!
//! Rows reach a warehouse as Arrow batches; everything that is an operation on sets (creating tables, keeping one row
//! a key, history, replacing) runs inside the warehouse, as the statements printed here. Nothing here runs them.
//!
//! A stream lives in up to three sets of tables of the same shape (`Targets`): *live* is what the user reads,
//! *staging* holds an unfinished replacement, *batch* is what the merge of one checkpoint by key works with.

/// What is remembered between syncs: generations and the sync log.
pub mod bookkeeping;
/// Whether rows that are there are those that the plan would make.
mod changed;
/// Raw rows that no longer count: chosen by key, deleted by id.
pub mod compact;
/// What differs between warehouses.
mod dialect;
/// DuckDB's dialect.
pub mod duckdb;
/// Tables that exist already, made to take what the plan has for them.
mod follow;
/// Every version of every key: `<stream>_scd`.
mod history;
/// Names of the tables in the internal schema.
mod internal;
/// The versions of a key: what they are ordered by, and what is remembered of the newest.
mod keys;
/// One row a key: a batch merged into live or staging tables.
mod merge;
/// Postgres's dialect.
pub mod postgres;
/// Unfinished replacements: finished, or given up for what came after.
mod swap;
/// Creating, extending and dropping tables.
mod tables;
/// Typed tables of other connectors that become ours.
mod take_over;
/// The sets of tables that a stream's rows go to.
mod targets;
/// Pieces of statements, laid out for people.
mod text;

#[cfg(test)]
mod tests;

pub use bookkeeping::{StreamState, SyncLogEntry};
pub use dialect::{Contents, Dialect};
pub use follow::Described;
pub use internal::INTERNAL_SCHEMA;
pub use tables::{Retyped, drop_table, rename_column, untold_source};
pub use targets::Targets;

use crate::plan::StreamPlan;

/// A table in a warehouse: schema and name, as identifiers (not quoted).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    /// The schema.
    pub schema: String,
    /// The table.
    pub name: String,
}

/// The statements of one stream.
///
/// Every method gives statements that the caller runs in their order, inside its own transaction; none of them begins
/// or ends one.
#[derive(Clone, Copy)]
pub struct StreamSql<'a> {
    stream: &'a StreamPlan,
    dialect: &'a dyn Dialect,
    /// The role of the tables that are as good as live, if they are not the user's.
    live: Option<&'static str>,
    /// The role of the tables that take the place of the live ones in the end.
    staging: &'static str,
}

impl<'a> StreamSql<'a> {
    /// The statements of `stream` in the words of `dialect`.
    #[must_use]
    pub fn new(stream: &'a StreamPlan, dialect: &'a dyn Dialect) -> Self {
        Self { stream, dialect, live: None, staging: "staging" }
    }

    /// The statements of a rebuild from raw: its staging tables are not those of an unfinished replacement.
    #[must_use]
    pub fn rebuilding(self) -> Self {
        Self { staging: "rebuild", ..self }
    }

    /// The statements of a rebuild from raw of what is staged: to them the staging tables of an unfinished replacement are live.
    #[must_use]
    pub fn rebuilding_staged(self) -> Self {
        Self { live: Some("staging"), staging: "staging_rebuild", ..self }
    }
}
