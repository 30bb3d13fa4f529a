//! Plan x dialect -> statements.

/// DuckDB's dialect.
pub mod duckdb;

use crate::kind::ColumnKind;
use crate::limits::Limits;

/// A table in a warehouse: schema and name, as identifiers (not quoted).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    /// The schema.
    pub schema: String,
    /// The table.
    pub name: String,
}

/// How SQL is written for one warehouse. Defaults are ANSI; a dialect overrides what differs, and nothing outside its
/// file knows that it does.
pub trait Dialect: Send + Sync {
    /// What the warehouse can hold.
    fn limits(&self) -> &Limits;

    /// The type of a column.
    fn column_type(&self, kind: ColumnKind) -> String;

    /// An identifier, quoted.
    fn quote(&self, identifier: &str) -> String {
        format!("\"{}\"", identifier.replace('"', "\"\""))
    }
}
