//! A transaction in a database of a test's own.

use arrow_array::RecordBatch;

use crate::cluster::Database;
use crate::config::{self, Config};
use crate::warehouse::postgres::PostgresWarehouse;
use crate::warehouse::{TableName, Warehouse as _, WarehouseError};

/// A transaction in a database of a test's own.
pub(super) struct Target {
    pub(super) warehouse: PostgresWarehouse,
    _database: Database,
}

impl Target {
    pub(super) fn new() -> Self {
        let database = Database::new();
        let serde_json::Value::Object(config) = database.config("public") else { panic!("a config is an object") };
        let config::Warehouse::Postgres(config) = Config::from_object(config).unwrap().warehouse else {
            panic!("a config of Postgres")
        };
        let mut warehouse = PostgresWarehouse::connect(&config).unwrap();
        warehouse.begin().unwrap();
        Self { warehouse, _database: database }
    }

    pub(super) fn execute(&mut self, sql: &str) {
        self.warehouse.execute(sql).unwrap();
    }

    /// Loads into a table of the session's.
    pub(super) fn load(&mut self, table: &str, batches: &[RecordBatch]) -> Result<u64, WarehouseError> {
        self.warehouse.load(&TableName { schema: "pg_temp".to_owned(), name: table.to_owned() }, batches)
    }

    /// The rows of a query, NULL as `-`.
    pub(super) fn rows(&mut self, sql: &str) -> Vec<Vec<String>> {
        let rows = self.warehouse.query(sql).unwrap().rows;
        let shown = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        rows.into_iter().map(|row| row.into_iter().map(shown).collect()).collect()
    }

    pub(super) fn begin_again(&mut self) {
        self.warehouse.rollback().unwrap();
        self.warehouse.begin().unwrap();
    }
}
