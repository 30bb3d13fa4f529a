//! Plan x dialect -> what is read of it before anything is done: a data dictionary, JSON, a diagram, DDL.

/// What a plan changes in a warehouse.
mod changes;
/// A plan as JSON.
mod json;
/// A plan as a diagram of entities and relationships.
mod mermaid;
/// The statements that bring a warehouse to a plan.
mod sql;
#[cfg(test)]
mod tests;

pub use changes::{Existing, Retyped, StreamChanges, TableChange};
pub use json::json;
pub use mermaid::mermaid;
pub use sql::script;

use crate::plan::{Column, ColumnSource, StreamPlan, Table, TableRole};
use crate::sql::TableName;

/// A table of a plan: where it is, and where its rows come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// Where it is.
    pub name: TableName,
    /// What it is.
    pub table: &'a Table,
    /// The path of its rows below the record, `line_items[].discounts[]`. Empty: its rows are of the records themselves.
    pub path: String,
}

/// The tables of a stream that the user reads: the typed ones, parents before children, then history, then raw.
#[must_use]
pub fn entries(stream: &StreamPlan) -> Vec<Entry<'_>> {
    let tables = stream.tables.iter().chain(&stream.history).chain(&stream.raw);
    let entries = tables.map(|table| {
        let schema = if table.role == TableRole::Raw { &stream.raw_schema } else { &stream.schema };
        let name = TableName { schema: schema.clone(), name: table.name.clone() };
        Entry { name, table, path: path_of(stream, table) }
    });
    entries.collect()
}

/// The path of a column's values below the object that its table is of, `address.city`. System columns have none.
#[must_use]
pub fn source(column: &Column) -> Option<String> {
    match &column.source {
        ColumnSource::Property(path) => Some(path.join(".")),
        ColumnSource::System(_) => None,
    }
}

fn path_of(stream: &StreamPlan, table: &Table) -> String {
    let (parent, end) = match table.role {
        TableRole::ObjectChild(parent) => (&stream.tables[parent], ""),
        TableRole::ArrayChild(parent) => (&stream.tables[parent], "[]"),
        TableRole::Raw | TableRole::Root | TableRole::History => return String::new(),
    };
    let below = table.path.get(parent.path.len()..).unwrap_or_default().join(".");
    let above = path_of(stream, parent);
    let joint = if above.is_empty() { "" } else { "." };
    format!("{above}{joint}{below}{end}")
}
