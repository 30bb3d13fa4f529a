//! A file of DuckDB's.

use std::path::{Path, PathBuf};

use duckdb::{AccessMode, Config, Connection};
use serde_json::{Value, json};

use super::{Rows, Table, TestWarehouse, declared, quoted};

/// A file of DuckDB's.
pub(crate) struct DuckDb {
    file: PathBuf,
}

impl TestWarehouse for DuckDb {
    fn new(folder: &Path) -> Self {
        Self { file: folder.join("file.duckdb") }
    }

    fn copy(&self, folder: &Path) -> Box<dyn TestWarehouse> {
        let copy = Self::new(folder);
        std::fs::copy(&self.file, &copy.file).unwrap();
        Box::new(copy)
    }

    fn name() -> &'static str {
        "duckdb"
    }

    fn config(&self, schema: &str) -> Value {
        json!({"destination_path": self.file, "schema": schema})
    }

    fn tables(&self) -> Vec<Table> {
        // opening a file of a thousand tables takes longer than reading one of them
        let connection = self.open();
        let mut tables = declared(query(
            &connection,
            "SELECT t.schema_name, t.table_name, t.comment, c.column_name, c.data_type, c.comment AS column_comment \
             FROM duckdb_tables() AS t JOIN duckdb_columns() AS c USING (database_oid, schema_oid, table_oid) \
             WHERE t.database_name = current_database() AND t.schema_name <> '_airbyte_internal' \
             ORDER BY t.schema_name, t.table_name, c.column_index",
        ));
        for table in &mut tables {
            table.rows = query(&connection, &format!("FROM {}.{}", quoted(&table.schema), quoted(&table.name)));
        }
        tables
    }

    fn execute(&self, sql: &str) {
        Connection::open(&self.file).unwrap().execute_batch(sql).unwrap();
    }

    fn query(&self, sql: &str) -> Rows {
        query(&self.open(), sql)
    }
}

impl DuckDb {
    fn open(&self) -> Connection {
        let config = Config::default().access_mode(AccessMode::ReadOnly).unwrap();
        let connection = Connection::open_with_flags(&self.file, config).unwrap();
        connection.execute_batch("SET TimeZone = 'UTC'").unwrap();
        connection
    }
}

fn query(connection: &Connection, sql: &str) -> Rows {
    let mut statement = connection.prepare(&format!("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({sql})")).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        found.push((0..row.as_ref().column_count()).map(|column| row.get(column).unwrap()).collect());
    }
    found
}
