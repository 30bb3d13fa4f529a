//! DuckDB, embedded: a file beside us, or MotherDuck.

/// What exists.
mod describe;
/// DuckDB's errors as a person reads them.
mod error;
/// Appending Arrow batches.
mod load;
/// Opening a database and its settings.
mod open;
/// Any query, its values as text.
mod query;
/// The table function that DuckDB reads Arrow batches by.
mod scan;

#[cfg(test)]
mod tests;

use alluvium_normalization::sql::Dialect;
use alluvium_normalization::sql::duckdb::DuckDb;
use arrow_array::RecordBatch;
use duckdb::Connection;

pub(crate) use self::open::DuckDbOptions;
use crate::warehouse::{ExistingTable, QueryRows, TableName, Warehouse, WarehouseError};

/// A DuckDB database that is open.
///
/// One process must not open the same file twice: DuckDB's lock is per process, so nothing would stop it.
pub(crate) struct DuckDbWarehouse {
    connection: Connection,
    dialect: DuckDb,
}

impl DuckDbWarehouse {
    /// Opens a database, creating the file and its directories where they are missing.
    pub(crate) fn open(options: &DuckDbOptions) -> Result<Self, WarehouseError> {
        Ok(Self { connection: open::open(options)?, dialect: DuckDb })
    }

    fn run(&mut self, doing: &str, sql: &str) -> Result<u64, WarehouseError> {
        match self.connection.execute(sql, []) {
            Ok(rows) => Ok(rows as u64),
            Err(error) => Err(error::classify(doing, &error)),
        }
    }
}

impl Warehouse for DuckDbWarehouse {
    fn dialect(&self) -> &dyn Dialect {
        &self.dialect
    }

    fn describe(&mut self, schemas: &[String]) -> Result<Vec<ExistingTable>, WarehouseError> {
        describe::describe(&self.connection, schemas).map_err(|error| error::classify("describing tables", &error))
    }

    fn begin(&mut self) -> Result<(), WarehouseError> {
        self.run("starting a transaction", "BEGIN TRANSACTION").map(drop)
    }

    fn commit(&mut self) -> Result<(), WarehouseError> {
        self.run("committing", "COMMIT").map(drop)
    }

    fn rollback(&mut self) -> Result<(), WarehouseError> {
        self.run("rolling back", "ROLLBACK").map(drop)
    }

    fn execute(&mut self, sql: &str) -> Result<u64, WarehouseError> {
        self.run("running a statement", sql)
    }

    fn load(&mut self, table: &TableName, batches: &[RecordBatch]) -> Result<u64, WarehouseError> {
        load::load(&self.connection, &self.dialect, table, batches)
            .map_err(|error| error::classify(&format!("loading {}.{}", table.schema, table.name), &error))
    }

    fn query(&mut self, sql: &str) -> Result<QueryRows, WarehouseError> {
        query::query(&self.connection, sql).map_err(|error| error::classify("querying", &error))
    }
}
