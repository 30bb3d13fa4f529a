//! How much memory DuckDB may take, and when.
//!
//! Law: while DuckDB calls our table function, it has room for all that the load can need. It copies text with memory of
//! its limited pool, and where that is used up it throws a C++ exception through our callback, which nobody can catch: the
//! process would abort. A full disk is enough for that, for then nothing can be moved to temporary files either. So the
//! limit is raised by the size of a load before it, and lowered after it; what then can't be moved out is an ordinary error.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use duckdb::{Connection, Error};

use crate::warehouse::TableName;

/// What a load may take for each byte of its batches: the copy that the scan makes in steps of powers of two, the rows in
/// the table, and what compressing them takes.
const PER_BYTE: u64 = 6;

/// What a load may take for each column: blocks of 256 KB that are filled, compressed and written.
const PER_COLUMN: u64 = 2 << 20;

/// What a sync may take for each column of its tables until the next checkpoint, which can't be moved to temporary
/// files: up to 34 KiB, even of one row, in the replacement or the batch and in the table that is read.
const PER_COLUMN_OF_SYNC: u64 = 96 << 10;

/// What DuckDB may take for each byte of the largest batch at any time: to compress, merge or read a value, all of it must
/// be in memory, old and new.
const PER_BYTE_OF_LARGEST: u64 = 4;

/// What each column keeps of a table that has rows in the transaction: the first buffer of a column is smaller than a
/// block, and DuckDB never moves such a buffer to a temporary file. The ordinary limit has room for a few tables.
const PER_TOUCHED_COLUMN: u64 = 32 << 10;
const ORDINARY_COLUMNS: u64 = 512;

/// What each column of the widest table takes when it is committed or merged: a block that is being filled. The ordinary
/// limit has room for those of a table that is not wide.
const PER_WIDE_COLUMN: u64 = 320 << 10;
const ORDINARY_WIDTH: u64 = 128;

/// DuckDB's memory limit.
#[derive(Debug)]
pub(super) struct Memory {
    limit: u64,
    /// The columns of each table that was loaded.
    touched: HashMap<TableName, u64>,
}

impl Memory {
    /// `limit` is what DuckDB may keep in memory, in bytes, when no load is running and no batch was uncommonly large.
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, touched: HashMap::new() }
    }

    /// Raises the limit for good, for a sync of tables with this many columns.
    pub(super) fn expect(&mut self, connection: &Connection, columns: usize) -> Result<(), Error> {
        self.limit += columns as u64 * PER_COLUMN_OF_SYNC;
        self.lower(connection)
    }

    /// Makes room for a load of these batches.
    pub(super) fn raise(
        &mut self,
        connection: &Connection,
        table: &TableName,
        batches: &[RecordBatch],
    ) -> Result<(), Error> {
        let bytes = batches.iter().map(|batch| batch.get_array_memory_size() as u64);
        let largest = bytes.clone().max().unwrap_or(0);
        let columns = batches.iter().map(RecordBatch::num_columns).max().unwrap_or(0) as u64;
        self.limit = self.limit.max(largest * PER_BYTE_OF_LARGEST);
        self.touched.insert(table.clone(), columns);
        set(connection, self.lowered() + bytes.sum::<u64>() * PER_BYTE + columns * PER_COLUMN)
    }

    /// Moves to temporary files what is over the limit.
    pub(super) fn lower(&self, connection: &Connection) -> Result<(), Error> {
        set(connection, self.lowered())
    }

    fn lowered(&self) -> u64 {
        let columns = self.touched.values().sum::<u64>();
        let widest = self.touched.values().max().copied().unwrap_or_default();
        self.limit
            + columns.saturating_sub(ORDINARY_COLUMNS) * PER_TOUCHED_COLUMN
            + widest.saturating_sub(ORDINARY_WIDTH) * PER_WIDE_COLUMN
    }
}

fn set(connection: &Connection, limit: u64) -> Result<(), Error> {
    connection.execute_batch(&format!("SET memory_limit = '{limit}B'"))
}
