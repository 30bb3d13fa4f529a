//! What a sync left behind, read back.

use std::path::Path;

use duckdb::{AccessMode, Config, Connection};
use serde_json::{Value, json};

/// A table, all of it as text.
pub(crate) struct Table {
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) comment: Option<String>,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Option<String>>>,
}

pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) sql_type: String,
    pub(crate) comment: Option<String>,
}

/// A warehouse that syncs write to and tests read.
pub(crate) trait TestWarehouse {
    /// Its name in snapshots.
    fn name(&self) -> &'static str;

    /// The config of a destination in `folder`.
    fn config(&self, folder: &Path, schema: &str) -> Value;

    /// Every table outside the schema of our bookkeeping, by schema and name. Times are in UTC.
    fn tables(&self, folder: &Path) -> Vec<Table>;
}

pub(crate) struct DuckDb;

const FILE: &str = "warehouse.duckdb";

impl TestWarehouse for DuckDb {
    fn name(&self) -> &'static str {
        "duckdb"
    }

    fn config(&self, folder: &Path, schema: &str) -> Value {
        json!({"destination_path": folder.join(FILE), "schema": schema})
    }

    fn tables(&self, folder: &Path) -> Vec<Table> {
        let config = Config::default().access_mode(AccessMode::ReadOnly).unwrap();
        let connection = Connection::open_with_flags(folder.join(FILE), config).unwrap();
        connection.execute_batch("SET TimeZone = 'UTC'").unwrap();
        let mut tables = declared(&connection);
        for table in &mut tables {
            let relation = format!("{}.{}", quoted(&table.schema), quoted(&table.name));
            let mut statement =
                connection.prepare(&format!("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM {relation}")).unwrap();
            let width = table.columns.len();
            let rows = statement.query_map([], |row| (0..width).map(|index| row.get(index)).collect()).unwrap();
            table.rows = rows.map(Result::unwrap).collect();
        }
        tables
    }
}

fn declared(connection: &Connection) -> Vec<Table> {
    let mut statement = connection
        .prepare(
            "SELECT t.schema_name, t.table_name, t.comment, c.column_name, c.data_type, c.comment \
             FROM duckdb_tables() AS t JOIN duckdb_columns() AS c USING (database_oid, schema_oid, table_oid) \
             WHERE t.database_name = current_database() AND t.schema_name <> '_airbyte_internal' \
             ORDER BY t.schema_name, t.table_name, c.column_index",
        )
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut tables: Vec<Table> = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let (schema, name): (String, String) = (row.get(0).unwrap(), row.get(1).unwrap());
        if tables.last().is_none_or(|last| (&last.schema, &last.name) != (&schema, &name)) {
            tables.push(Table { schema, name, comment: row.get(2).unwrap(), columns: Vec::new(), rows: Vec::new() });
        }
        let column = Column { name: row.get(3).unwrap(), sql_type: row.get(4).unwrap(), comment: row.get(5).unwrap() };
        tables.last_mut().unwrap().columns.push(column);
    }
    tables
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
