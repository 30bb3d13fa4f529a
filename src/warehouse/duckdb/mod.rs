//! DuckDB, embedded: a file beside us, or MotherDuck.

/// What exists.
mod describe;
/// DuckDB's errors as a person reads them.
mod error;
/// A full table put in the place of another.
mod exchange;
/// How many rows make a row group, and how many a load.
mod grouping;
/// Appending Arrow batches.
mod load;
/// How much memory DuckDB may take, and when.
mod memory;
/// Opening a database and its settings.
mod open;
/// Any query, its values as text.
mod query;
/// The table function that DuckDB reads Arrow batches by.
mod scan;
/// The rows of a query as a stream.
mod stream;
#[cfg(test)]
mod tests;
/// Text in SQL and SQL in messages.
mod text;
/// The end of a log that a killed process left unfinished.
mod torn_log;
/// Arrow arrays as DuckDB's vectors.
mod vectors;
/// How hard DuckDB compresses records' texts.
#[cfg(all(target_os = "linux", not(feature = "bundled")))]
mod zstd_level;

use std::collections::{BTreeSet, HashSet};

use alluvium_normalization::sql::Dialect;
use alluvium_normalization::sql::duckdb::DuckDb;
use arrow_array::RecordBatch;
use duckdb::{Connection, Error};
use uuid::Uuid;

use self::error::Place;
pub(crate) use self::grouping::Grouping;
use self::memory::Memory;
pub(crate) use self::open::{DuckDbOptions, Location};
use crate::warehouse::{ExistingTable, QueryRows, RowReader, TableName, Warehouse, WarehouseError};

/// A DuckDB database that is open.
///
/// One process must not open the same file twice: the operating system's lock is the process's, so nothing would stop it.
/// Dropping it writes what is only in the write-ahead log into the file, which may take seconds; without that nothing
/// that was committed is lost.
pub(crate) struct DuckDbWarehouse {
    connection: Connection,
    dialect: DuckDb,
    place: Place,
    memory: Memory,
    grouping: Grouping,
    /// A statement of the transaction has failed. DuckDB would answer a COMMIT with success and roll back.
    is_broken: bool,
    /// Tables, as SQL names them, from which rows were deleted: where these took much room, it is given back at the end.
    gaps: BTreeSet<String>,
    /// Rows that the transaction has written.
    written: u64,
}

impl DuckDbWarehouse {
    /// Opens a database, creating the file and its directories where they are missing.
    pub(crate) fn open(options: &DuckDbOptions) -> Result<Self, WarehouseError> {
        let connection = open::open(options)?;
        let (place, grouping) = (options.place(), options.grouping);
        let memory = Memory::new(options.memory_limit, options.threads, grouping.row_group);
        let has_row_numbers = !matches!(options.location, Location::MotherDuck { .. });
        let dialect = DuckDb { has_zstd: open::has_zstd(&connection), has_row_numbers };
        Ok(Self { connection, dialect, place, memory, grouping, is_broken: false, gaps: BTreeSet::new(), written: 0 })
    }

    fn run(&mut self, doing: &str, sql: &str) -> Result<u64, WarehouseError> {
        let outcome = self.connection.execute(sql, []).map(|rows| rows as u64);
        self.told(doing, outcome)
    }

    /// What DuckDB answered, its errors explained and remembered.
    fn told<T>(&mut self, doing: &str, outcome: Result<T, Error>) -> Result<T, WarehouseError> {
        outcome.map_err(|error| {
            self.is_broken = true;
            self.place.explain(doing, &error)
        })
    }

    /// Commits. What may have full row groups is written by a checkpoint instead of the log: the switch to a checkpoint is one
    /// write, whereas of a log that ends early DuckDB brings rows back (see `torn_log`), whoever opens the file first.
    fn commit_whole(&mut self) -> Result<(), WarehouseError> {
        if self.written < self.grouping.row_group as u64 {
            return self.run("committing", "COMMIT").map(drop);
        }
        self.run("committing", "SET checkpoint_threshold = '0B'")?;
        let outcome = self.run("committing", "COMMIT");
        self.run("committing", "RESET checkpoint_threshold")?;
        outcome.map(drop)
    }

    fn load_with_room(&mut self, table: &TableName, batches: &[RecordBatch]) -> Result<u64, Error> {
        self.memory.raise(&self.connection, table, batches)?;
        let rows = load::load(&self.connection, &self.dialect, self.grouping, table, batches)?;
        Ok(rows)
    }
}

impl Warehouse for DuckDbWarehouse {
    fn dialect(&self) -> &dyn Dialect {
        &self.dialect
    }

    fn describe(&mut self, schemas: &[String]) -> Result<Vec<ExistingTable>, WarehouseError> {
        open::refuse_taken(schemas)?;
        let raised = self.memory.raise_to_work(&self.connection);
        let outcome = raised.and_then(|()| describe::describe(&self.connection, schemas));
        self.told("reading what tables exist", outcome)
    }

    fn make_room(&mut self, tables: &[usize], sorts_rows: bool) -> Result<(), WarehouseError> {
        let outcome = self.memory.expect(&self.connection, tables, sorts_rows);
        self.told("setting the memory limit", outcome)
    }

    fn deletes_at_once(&self) -> u64 {
        memory::MOST_DELETES
    }

    fn best_load(&self, rows: usize, input: usize) -> usize {
        self.grouping.best_load(rows, input)
    }

    fn most_on_the_way(&self, load: usize) -> usize {
        grouping::most_on_the_way(load)
    }

    fn whole_load(&self) -> usize {
        self.grouping.shared()
    }

    fn rows_at_once(&self, gathered: usize) -> usize {
        self.grouping.rows_at_once(gathered)
    }

    fn is_alone(&self) -> bool {
        true
    }

    fn begin(&mut self) -> Result<(), WarehouseError> {
        self.run("beginning a transaction", "BEGIN TRANSACTION")?;
        (self.is_broken, self.written) = (false, 0);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), WarehouseError> {
        if self.is_broken {
            let message = "a statement of the transaction has failed".to_owned();
            return Err(WarehouseError::Statement { doing: "committing".to_owned(), message });
        }
        let raised = self.memory.raise_for_commit(&self.connection);
        self.told("setting the memory limit", raised)?;
        self.commit_whole()?;
        let lowered = self.memory.lower(&self.connection);
        self.told("setting the memory limit", lowered)
    }

    fn rollback(&mut self) -> Result<(), WarehouseError> {
        let outcome = match self.connection.execute("ROLLBACK", []) {
            // DuckDB has dropped a transaction whose commit failed.
            Err(error) if !error::is_over(&error) => Err(error),
            // A load that failed has left the memory limit raised.
            _ => self.memory.lower(&self.connection),
        };
        self.told("rolling back", outcome)
    }

    fn execute(&mut self, sql: &str) -> Result<u64, WarehouseError> {
        let table = text::deletes_from(sql);
        let raised = match table {
            Some(table) => self.memory.raise_to_delete(&self.connection, table),
            None => self.memory.raise_to_work(&self.connection),
        };
        self.told("setting the memory limit", raised)?;
        let rows = self.run(&text::purpose(sql), sql)?;
        self.written += rows;
        // one row is most likely of our bookkeeping, and no reason to write large tables anew
        self.gaps.extend(table.filter(|_| rows > 1).map(str::to_owned));
        Ok(rows)
    }

    fn load(&mut self, table: &TableName, batches: &[RecordBatch]) -> Result<u64, WarehouseError> {
        let outcome = self.load_with_room(table, batches);
        self.written += outcome.as_ref().copied().unwrap_or_default();
        self.told(&format!("loading {}.{}", table.schema, table.name), outcome)
    }

    /// Row groups are rewritten without the rows, which a checkpoint otherwise does not do here (see `open`).
    fn give_back(&mut self, _: &TableName) -> Result<(), WarehouseError> {
        let checkpoint = "RESET max_vacuum_tasks; CHECKPOINT; SET max_vacuum_tasks = 0";
        let raised = self.memory.raise_to_work(&self.connection);
        let outcome = raised.and_then(|()| self.connection.execute_batch(checkpoint));
        self.told("giving back the room of deleted rows", outcome)
    }

    fn exchange(&mut self, live: &TableName, staged: &TableName) -> Result<bool, WarehouseError> {
        let raised = self.memory.raise_to_work(&self.connection);
        let exchanged = raised.and_then(|()| exchange::exchange(&self.connection, &self.dialect, live, staged));
        self.told(&format!("replacing {}.{}", live.schema, live.name), exchanged)
    }

    fn reader(&mut self) -> Result<Box<dyn RowReader>, WarehouseError> {
        let raised = self.memory.raise_to_read(&self.connection);
        self.told("setting the memory limit", raised)?;
        let reader = stream::Reader::beside(&self.connection, &self.place);
        Ok(Box::new(self.told("opening a second connection", reader)?))
    }

    fn ids(&mut self, sql: &str) -> Result<HashSet<Uuid>, WarehouseError> {
        let raised = self.memory.raise_to_work(&self.connection);
        let outcome = raised.and_then(|()| query::ids(&self.connection, sql));
        self.told("reading ids", outcome)
    }

    fn query(&mut self, sql: &str) -> Result<QueryRows, WarehouseError> {
        let raised = self.memory.raise_to_work(&self.connection);
        let outcome = raised.and_then(|()| query::query(&self.connection, sql));
        self.told("querying", outcome)
    }
}

impl Drop for DuckDbWarehouse {
    fn drop(&mut self) {
        if self.gaps.is_empty() {
            return;
        }
        // nobody is left to tell of a failure, and it costs only room
        let connection = &self.connection;
        let _ = self.memory.raise_to_work(connection);
        if self.gaps.iter().any(|table| has_gaps(connection, table)) {
            // The checkpoint of closing may rewrite row groups again (see `open`): without that, a table that is merged
            // into would grow with every sync.
            let _ = connection.execute_batch("RESET max_vacuum_tasks");
        }
    }
}

/// Whether so many rows of a table are deleted that fewer row groups are enough for those that are left: of four DuckDB makes
/// three at best, for which a quarter of the rows has to be gone.
fn has_gaps(connection: &Connection, table: &str) -> bool {
    let deleted = format!("SELECT (max(rowid) + 1 - count(*)) * 3 >= count(*) FROM {table}");
    connection.query_row(&deleted, [], |row| row.get(0)).unwrap_or(false)
}
