//! Warehouses: the hands that run what the plan decided.

/// DuckDB, embedded.
pub(crate) mod duckdb;
/// Postgres, a server.
pub(crate) mod postgres;
/// Rows on their way out of a warehouse, as text.
pub(crate) mod rows;

use std::collections::HashSet;
use std::io;

use alluvium_normalization::raw::Present;
use alluvium_normalization::sql::{Described, Dialect};
use arrow_array::{Array as _, ArrayRef, RecordBatch};
use uuid::Uuid;

use crate::config;
use crate::failure::{Failure, FailureKind};

/// A table in a warehouse: schema and name, as identifiers (not quoted).
pub(crate) use alluvium_normalization::sql::TableName;

/// What a warehouse is connected to for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// To read only.
    Read,
    /// To write too.
    Write(Width),
}

/// How wide the rows are that are to come, as far as anybody can say before. A wrong number costs time and memory, nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Width {
    /// The properties of a record on average; 0 where it is not known.
    pub(crate) properties: usize,
    /// The bytes of the widest rows on average, by the records' data; 0 where they are not known.
    pub(crate) bytes: usize,
}

/// Connects to the warehouse that the config names.
pub(crate) fn connect(config: &config::Warehouse, access: Access) -> Result<Box<dyn Warehouse>, WarehouseError> {
    match config {
        config::Warehouse::DuckDb { path } => open_duckdb(duckdb::Location::File(path.clone()), access),
        config::Warehouse::MotherDuck { path, api_key } => {
            open_duckdb(duckdb::Location::MotherDuck { path: path.clone(), token: api_key.clone() }, access)
        }
        config::Warehouse::Postgres(database) => Ok(Box::new(postgres::PostgresWarehouse::connect(database)?)),
    }
}

fn open_duckdb(location: duckdb::Location, access: Access) -> Result<Box<dyn Warehouse>, WarehouseError> {
    let mut options = duckdb::DuckDbOptions::new(location);
    match access {
        Access::Read => {
            options.read_only = true;
            // Who only looks would rather be told that a sync is running than wait for its end.
            options.lock_wait = std::time::Duration::from_secs(1);
        }
        Access::Write(width) => options.grouping = duckdb::Grouping::of(width),
    }
    Ok(Box::new(duckdb::DuckDbWarehouse::open(&options)?))
}

/// What a sync finds that makes the file: a DuckDB without a table. Nothing of it is on disk.
pub(crate) fn empty_duckdb() -> Result<Box<dyn Warehouse>, WarehouseError> {
    open_duckdb(duckdb::Location::Memory, Access::Write(Width::default()))
}

/// Bytes of input whose rows are enough for one load: large inserts cost a warehouse far less.
const LOAD_BYTES: usize = 8 << 20;

/// A warehouse that is connected to.
///
/// Contract: what [`Warehouse::commit`] returned from survives `kill -9` of this process and of the warehouse. What was
/// not committed leaves no trace. After an error inside a transaction only [`Warehouse::rollback`] may follow.
/// Methods block.
pub(crate) trait Warehouse: Send {
    /// How SQL is written for it.
    fn dialect(&self) -> &dyn Dialect;

    /// Keeps these streams, each the schema of its tables and its name, to this process until it ends. Waits a while for
    /// another that has one of them, and refuses then.
    fn claim(&mut self, streams: &[(String, String)]) -> Result<(), WarehouseError> {
        let _ = streams;
        Ok(())
    }

    /// There is a connection that may be lost, and [`Warehouse::reconnect`] makes it again.
    fn has_connection(&self) -> bool {
        false
    }

    /// Connects again after a [`WarehouseError::Transient`], with all claims, and says what became of the transaction that
    /// was under way, its commit included.
    fn reconnect(&mut self) -> Result<Interrupted, WarehouseError> {
        Ok(Interrupted::RolledBack)
    }

    /// The tables and views of these schemas, with their columns and comments; schemas that do not exist are no error.
    /// Refuses schemas that the warehouse can't give to anybody.
    fn describe(&mut self, schemas: &[String]) -> Result<Vec<ExistingTable>, WarehouseError>;

    /// Tables with these many columns each are about to be written. `sorts_rows`: whole rows are joined and sorted for that, not
    /// only the keys of those of a checkpoint.
    fn make_room(&mut self, tables: &[usize], sorts_rows: bool) -> Result<(), WarehouseError> {
        let _ = (tables, sorts_rows);
        Ok(())
    }

    /// The bytes of input whose rows it takes best at once, where so many rows of the largest table come from so many bytes; of
    /// none, where nothing is known of them.
    fn best_load(&self, rows: usize, input: usize) -> usize {
        let _ = (rows, input);
        LOAD_BYTES
    }

    /// The most bytes of input that should be on their way to it: those of a load of so many, and those of what is made ready
    /// meanwhile. Shredded, raw and typed, they take two to three times as much.
    fn most_on_the_way(&self, load: usize) -> usize {
        load + (9 << 20)
    }

    /// The rows of a table that make a whole load, of which nothing is left over; 0 if any number does.
    fn whole_load(&self) -> usize {
        0
    }

    /// How many of the gathered rows of a table it takes best at once, at least half of them; the others may wait for more.
    fn rows_at_once(&self, gathered: usize) -> usize {
        gathered
    }

    /// How many rows one transaction can delete in bounded memory.
    fn deletes_at_once(&self) -> u64 {
        u64::MAX
    }

    /// Whether nobody reads the tables while this process writes them: they may as well be emptied and filled again in one
    /// transaction as be replaced by others.
    fn is_alone(&self) -> bool {
        false
    }

    /// Starts a transaction.
    fn begin(&mut self) -> Result<(), WarehouseError>;

    /// Makes the transaction durable.
    fn commit(&mut self) -> Result<(), WarehouseError>;

    /// Drops the transaction.
    fn rollback(&mut self) -> Result<(), WarehouseError>;

    /// Runs one statement; the number of rows that it changed.
    fn execute(&mut self, sql: &str) -> Result<u64, WarehouseError>;

    /// Appends rows: the batches' columns, by name, into the columns of the same name; other columns become NULL.
    fn load(&mut self, table: &TableName, batches: &[RecordBatch]) -> Result<u64, WarehouseError>;

    /// Lets `staged`, which has the columns of `live`, take its place when the transaction commits, if that takes nothing
    /// from the user; then nothing else may be done to either in this transaction. `false`: its rows have to be copied.
    fn exchange(&mut self, live: &TableName, staged: &TableName) -> Result<bool, WarehouseError> {
        let _ = (live, staged);
        Ok(false)
    }

    /// The bytes that a table takes where it is stored, with all that belongs to it; `None` where nobody can say.
    fn stored_bytes(&mut self, table: &TableName) -> Result<Option<u64>, WarehouseError> {
        let _ = table;
        Ok(None)
    }

    /// Lets the room of deleted rows of a table be used again, outside of a transaction and without standing in anybody's
    /// way.
    fn give_back(&mut self, table: &TableName) -> Result<(), WarehouseError>;

    /// A way to read beside what is written, on connections of its own.
    fn reader(&mut self) -> Result<Box<dyn RowReader>, WarehouseError>;

    /// The ids that a query of one column of ids answers with.
    fn ids(&mut self, sql: &str) -> Result<HashSet<Uuid>, WarehouseError>;

    /// The rows of a query, each value as text, NULL as `None`.
    fn query(&mut self, sql: &str) -> Result<QueryRows, WarehouseError>;
}

/// The number that a query answers with.
pub(crate) fn count(warehouse: &mut dyn Warehouse, sql: &str) -> Result<u64, WarehouseError> {
    let found = warehouse.query(sql)?;
    let count = found.rows.first().and_then(|row| row.first()?.as_deref()?.parse().ok());
    count.ok_or_else(|| WarehouseError::Statement {
        doing: "counting".to_owned(),
        message: "the answer is no number".to_owned(),
    })
}

/// Reads what is committed.
pub(crate) trait RowReader: Send {
    /// The rows of a query of `width` text columns, as they are now.
    fn stream(&mut self, sql: &str, width: usize) -> Result<rows::RowStream, WarehouseError>;
}

/// What became of a transaction whose connection was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interrupted {
    /// It is durable.
    Committed,
    /// It left no trace.
    RolledBack,
}

/// A table or view that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExistingTable {
    /// Where it is.
    pub(crate) name: TableName,
    /// Its COMMENT.
    pub(crate) comment: Option<String>,
    /// Its columns, in order.
    pub(crate) columns: Vec<ExistingColumn>,
    /// Whether the warehouse takes names that differ in case for the same.
    pub(crate) ignores_case: bool,
}

impl ExistingTable {
    /// Whether the warehouse knows it by this name.
    pub(crate) fn is_called(&self, name: &TableName) -> bool {
        let is = |own: &str, name: &str| own == name || (self.ignores_case && own.eq_ignore_ascii_case(name));
        is(&self.name.schema, &name.schema) && is(&self.name.name, &name.name)
    }

    /// What raw tables are told by.
    pub(crate) fn present(&self) -> Present {
        Present { table: self.name.clone(), columns: self.described(), comment: self.comment.clone() }
    }

    /// Its columns as statements are planned over them.
    pub(crate) fn described(&self) -> Vec<Described> {
        self.columns.iter().map(|column| (column.name.clone(), column.sql_type.clone())).collect()
    }
}

/// A column that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExistingColumn {
    /// Its identifier.
    pub(crate) name: String,
    /// Its type, as the dialect's `column_type` spells it.
    pub(crate) sql_type: String,
    /// Its COMMENT.
    pub(crate) comment: Option<String>,
}

/// The result of a query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct QueryRows {
    /// Column names.
    pub(crate) columns: Vec<String>,
    /// Rows of values as text.
    pub(crate) rows: Vec<Vec<Option<String>>>,
}

/// The bytes of a batch's own rows: its arrays may have room for more, or be parts of larger ones.
pub(crate) fn row_bytes(batch: &RecordBatch) -> usize {
    let size =
        |array: &ArrayRef| array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size());
    batch.columns().iter().map(size).sum()
}

/// Why a warehouse refused; the variant says who must act. Messages hold no values and no secrets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum WarehouseError {
    /// The user: a path, a permission, a version.
    #[error("{0}")]
    Config(String),
    /// Nobody: a lock that another process holds, a lost connection. It may work when tried again.
    #[error("{0}")]
    Transient(String),
    /// The machine: disk full, out of memory.
    #[error("{0}")]
    Resource(String),
    /// Us: a statement that the warehouse did not take. Names the statement's purpose.
    #[error("{doing}: {message}")]
    Statement {
        /// What the statement was for.
        doing: String,
        /// The warehouse's words, without values.
        message: String,
    },
}

impl From<WarehouseError> for Failure {
    fn from(error: WarehouseError) -> Self {
        let kind = match &error {
            WarehouseError::Config(_) => FailureKind::Config,
            WarehouseError::Transient(_) => FailureKind::Transient,
            WarehouseError::Resource(_) | WarehouseError::Statement { .. } => FailureKind::Warehouse,
        };
        Self::new(kind, error.to_string())
    }
}

/// An error of the operating system without its number.
fn system_reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    text.chars()
        .next()
        .map(|first| first.to_lowercase().collect::<String>() + &text[first.len_utf8()..])
        .unwrap_or_default()
}
