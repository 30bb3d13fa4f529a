//! A warehouse that syncs write to and tests read.

use std::path::Path;

use serde_json::Value;

/// A file of DuckDB's.
mod duckdb;
/// A database of Postgres's.
mod postgres;

pub(crate) use duckdb::DuckDb;
pub(crate) use postgres::Postgres;

/// The rows of a query, each value as text.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

/// A warehouse that syncs write to and tests read, empty at first.
pub(crate) trait TestWarehouse: 'static {
    /// One that keeps its files in `folder`, if it has any.
    fn new(folder: &Path) -> Self
    where
        Self: Sized;

    /// Another with the same in it, which keeps its files in `folder`, if it has any.
    fn copy(&self, folder: &Path) -> Box<dyn TestWarehouse>;

    /// Its name in snapshots.
    fn name() -> &'static str
    where
        Self: Sized;

    /// The config of a destination in it.
    fn config(&self, schema: &str) -> Value;

    /// Every table outside the schema of our bookkeeping, by schema and name. Times are in UTC.
    fn tables(&self) -> Vec<Table>;

    /// Waits until nothing of a process that was killed goes on.
    fn settle(&self) {}

    /// Runs statements whose tables are in the schema `main`.
    fn execute(&self, sql: &str);

    /// The rows of a query whose tables are in the schema `main`.
    fn query(&self, sql: &str) -> Rows;
}

/// A table, all of it as text.
pub(crate) struct Table {
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) comment: Option<String>,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Rows,
}

pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) sql_type: String,
    pub(crate) comment: Option<String>,
}

impl Table {
    /// The columns of the row's own hash id and its parent's, whose names may be cut and end in anything.
    pub(crate) fn hash_ids(&self) -> Vec<usize> {
        let is_hash_id = |column: &Column| {
            column.comment.is_none()
                && column.sql_type.eq_ignore_ascii_case("uuid")
                && !["_airbyte_ab_id", "_airbyte_unique_key"].contains(&column.name.as_str())
        };
        (0..self.columns.len()).filter(|index| is_hash_id(&self.columns[*index])).collect()
    }
}

/// The tables of rows that name schema, table, its comment, column, its type and its comment.
fn declared(rows: Rows) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for row in rows {
        let [Some(schema), Some(name), comment, column, sql_type, column_comment] = <[_; 6]>::try_from(row).unwrap()
        else {
            panic!("a table without a name");
        };
        if tables.last().is_none_or(|last| (&last.schema, &last.name) != (&schema, &name)) {
            tables.push(Table { schema, name, comment, columns: Vec::new(), rows: Vec::new() });
        }
        let column = Column { name: column.unwrap(), sql_type: sql_type.unwrap(), comment: column_comment };
        tables.last_mut().unwrap().columns.push(column);
    }
    tables
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Tests of a function `fn name<W: TestWarehouse>()`: one in every warehouse, each with the attributes before the name.
macro_rules! in_every_warehouse {
    ($($(#[$attribute:meta])* $name:ident),* $(,)?) => {
        $(mod $name {
            #[test]
            $(#[$attribute])*
            fn duckdb() {
                super::$name::<$crate::support::DuckDb>();
            }

            #[test]
            $(#[$attribute])*
            fn postgres() {
                super::$name::<$crate::support::Postgres>();
            }
        })*
    };
}
pub(crate) use in_every_warehouse;
