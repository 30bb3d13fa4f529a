//! How much memory DuckDB may take, and when.
//!
//! Law: while DuckDB calls our table function, it has room for all that the load can need. It copies text with memory of
//! its limited pool, and where that is used up it throws a C++ exception through our callback, which nobody can catch: the
//! process would abort. A full disk is enough for that, for then nothing can be moved to temporary files either. So the
//! limit is raised by the size of a load before it, and lowered after it; what then can't be moved out is an ordinary error.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use duckdb::{Connection, Error};

use super::open::ROW_GROUP;
use crate::warehouse::TableName;

/// What a load may take for each byte of its batches: the rows in the table, and what compressing them takes.
const PER_BYTE: u64 = 3;

/// What it may take besides for each byte of the largest: the copy that the scan makes in steps of powers of two.
const PER_BYTE_SCANNED: u64 = 3;

/// What a statement that joins, sorts or deletes may take beyond what a load leaves.
const WORKING: u64 = 96 << 20;

/// What rows may take at most that wait for their row group to fill. What is over goes to temporary files and back.
const MOST_WAITING: u64 = 128 << 20;

/// What a load may take for each column: blocks of 256 KB that are filled, compressed and written.
const PER_COLUMN: u64 = 2 << 20;

/// What a sync may take for each column of its tables until the next checkpoint, which can't be moved to temporary
/// files: up to 34 KiB, even of one row, in the replacement or the batch and in the table that is read. The first buffers
/// of a column are smaller than a block, and DuckDB never moves such a buffer.
const PER_COLUMN_OF_SYNC: u64 = 96 << 10;

/// What each column of the widest table takes when it is merged or swapped: a block that each thread is filling. There is
/// room for those of a table that is not wide.
const PER_WIDE_COLUMN: u64 = 3 << 19;
const ORDINARY_WIDTH: u64 = 64;

/// What each column of the widest table takes when it is committed: the blocks that are read, those that are written, and
/// what chooses their compression, none of which can be moved out meanwhile.
const PER_COLUMN_OF_COMMIT: u64 = 3 << 19;

/// What DuckDB may take for each byte of the largest batch at any time: to compress, merge or read a value, all of it must
/// be in memory, old and new.
const PER_BYTE_OF_LARGEST: u64 = 4;

/// Texts longer than this are in blocks of their own. To choose their compression, all of a segment, which has room for
/// thousands of them, are in memory at once.
const LONG_TEXT: usize = 4_096;

/// How many rows a transaction deletes at most, where that is for us to decide. DuckDB keeps some dozen bytes of each until
/// the transaction has ended, and can't move them out.
pub(super) const MOST_DELETES: u64 = 2_000_000;

/// DuckDB's memory limit.
#[derive(Debug)]
pub(super) struct Memory {
    limit: u64,
    threads: u64,
    /// What it is set to.
    present: u64,
    /// Columns of the widest table of the sync.
    widest: u64,
    /// Bytes of each table's rows whose row group is not full: until it is, they are in memory as they came.
    waiting: HashMap<TableName, u64>,
    /// Bytes of long texts that were loaded and not committed yet.
    long_texts: u64,
}

impl Memory {
    /// `limit` is what DuckDB's `threads` may keep in memory, in bytes, when nothing is running and no batch was uncommonly
    /// large.
    pub(super) fn new(limit: u64, threads: usize) -> Self {
        Self { limit, threads: threads as u64, present: limit, widest: 0, waiting: HashMap::new(), long_texts: 0 }
    }

    /// Raises the limit for good, for a sync of tables with these many columns each.
    pub(super) fn expect(&mut self, connection: &Connection, tables: &[usize]) -> Result<(), Error> {
        let columns = tables.iter().sum::<usize>() as u64;
        self.widest = tables.iter().max().copied().unwrap_or_default() as u64;
        self.limit += columns * PER_COLUMN_OF_SYNC;
        self.lower(connection)
    }

    /// Makes room for a load of these batches.
    pub(super) fn raise(
        &mut self,
        connection: &Connection,
        table: &TableName,
        batches: &[RecordBatch],
    ) -> Result<(), Error> {
        let sizes = batches.iter().map(|batch| batch.get_array_memory_size() as u64);
        let (bytes, largest) = (sizes.clone().sum::<u64>(), sizes.max().unwrap_or(0));
        let rows = batches.iter().map(RecordBatch::num_rows).sum::<usize>().max(1) as u64;
        let columns = batches.iter().map(RecordBatch::num_columns).max().unwrap_or(0) as u64;
        let waiting = self.waiting.entry(table.clone()).or_default();
        *waiting = (*waiting + bytes).min(bytes / rows * ROW_GROUP as u64);
        self.limit = self.limit.max(largest * PER_BYTE_OF_LARGEST);
        self.long_texts += batches.iter().map(long_texts).sum::<u64>();
        let load = self.long_texts + bytes * PER_BYTE + largest * PER_BYTE_SCANNED + columns * PER_COLUMN;
        self.set(connection, self.resting() + load)
    }

    /// Makes room for a statement, until the next load.
    pub(super) fn raise_to_work(&mut self, connection: &Connection) -> Result<(), Error> {
        let wide = self.widest.saturating_sub(ORDINARY_WIDTH) * PER_WIDE_COLUMN * self.threads;
        let limit = self.resting() + WORKING + wide;
        if self.present < limit { self.set(connection, limit) } else { Ok(()) }
    }

    /// Makes room, for good, for somebody who reads beside what is written.
    pub(super) fn raise_to_read(&mut self, connection: &Connection) -> Result<(), Error> {
        self.limit += WORKING;
        self.lower(connection)
    }

    /// Makes room for a commit.
    pub(super) fn raise_for_commit(&mut self, connection: &Connection) -> Result<(), Error> {
        let long_texts = std::mem::take(&mut self.long_texts);
        self.set(connection, self.resting() + WORKING + self.widest * PER_COLUMN_OF_COMMIT + long_texts)
    }

    /// Moves to temporary files what is over the limit.
    pub(super) fn lower(&mut self, connection: &Connection) -> Result<(), Error> {
        self.set(connection, self.resting())
    }

    /// The limit while nothing is running.
    fn resting(&self) -> u64 {
        self.limit + self.waiting.values().sum::<u64>().min(MOST_WAITING)
    }

    fn set(&mut self, connection: &Connection, limit: u64) -> Result<(), Error> {
        self.present = limit;
        connection.execute_batch(&format!("SET memory_limit = '{limit}B'"))
    }
}

fn long_texts(batch: &RecordBatch) -> u64 {
    let texts = batch.columns().iter().filter_map(|column| column.as_string_opt::<i32>());
    let lengths = texts.flat_map(|texts| texts.offsets().lengths());
    lengths.filter(|length| *length > LONG_TEXT).sum::<usize>() as u64
}
