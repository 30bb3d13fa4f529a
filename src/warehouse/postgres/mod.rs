//! Postgres, a server.

/// Connecting, and what holds for a session.
mod connect;
/// Appending Arrow batches by `COPY … (FORMAT binary)`.
mod copy;
/// What exists.
mod describe;
/// Postgres's errors as a person reads them.
mod error;
/// Any query, its values as text.
mod query;

use alluvium_normalization::sql::Dialect;
use alluvium_normalization::sql::postgres::Postgres;
use arrow_array::RecordBatch;

use self::connect::Session;
use crate::config;
use crate::warehouse::{ExistingTable, QueryRows, TableName, Warehouse, WarehouseError};

/// A Postgres database that is connected to.
pub(crate) struct PostgresWarehouse {
    session: Session,
    dialect: Postgres,
    /// A statement of the transaction has failed. Postgres would answer a COMMIT with success and roll back.
    is_broken: bool,
}

impl PostgresWarehouse {
    /// Connects.
    pub(crate) fn connect(config: &config::Postgres) -> Result<Self, WarehouseError> {
        let dialect = Postgres { drop_cascade: config.drop_cascade };
        Ok(Self { session: Session::open(config)?, dialect, is_broken: false })
    }

    fn run(&mut self, doing: &str, sql: &str) -> Result<u64, WarehouseError> {
        let outcome = query::execute(&self.session, sql);
        self.told(doing, outcome)
    }

    /// What Postgres answered, its errors explained and remembered.
    fn told<T>(&mut self, doing: &str, outcome: Result<T, tokio_postgres::Error>) -> Result<T, WarehouseError> {
        outcome.map_err(|error| {
            self.is_broken = true;
            self.session.place().explain(doing, &error)
        })
    }
}

impl Warehouse for PostgresWarehouse {
    fn dialect(&self) -> &dyn Dialect {
        &self.dialect
    }

    fn describe(&mut self, schemas: &[String]) -> Result<Vec<ExistingTable>, WarehouseError> {
        let outcome = describe::describe(&self.session, schemas);
        self.told("reading what tables exist", outcome)
    }

    fn begin(&mut self) -> Result<(), WarehouseError> {
        self.run("beginning a transaction", "BEGIN")?;
        self.is_broken = false;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), WarehouseError> {
        if self.is_broken {
            let message = "a statement of the transaction has failed".to_owned();
            return Err(WarehouseError::Statement { doing: "committing".to_owned(), message });
        }
        self.run("committing", "COMMIT").map(drop)
    }

    fn rollback(&mut self) -> Result<(), WarehouseError> {
        self.run("rolling back", "ROLLBACK").map(drop)
    }

    fn execute(&mut self, sql: &str) -> Result<u64, WarehouseError> {
        self.run(&error::purpose(sql), sql)
    }

    fn load(&mut self, table: &TableName, batches: &[RecordBatch]) -> Result<u64, WarehouseError> {
        let outcome = copy::load(&self.session, &self.dialect, table, batches);
        outcome.map_err(|error| {
            self.is_broken = true;
            self.session.place().explain_copy(table, error)
        })
    }

    fn query(&mut self, sql: &str) -> Result<QueryRows, WarehouseError> {
        let outcome = query::query(&self.session, sql);
        self.told("querying", outcome)
    }
}
