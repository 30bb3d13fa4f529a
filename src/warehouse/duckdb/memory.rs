//! How much memory DuckDB may take, and when.
//!
//! What is over the limit goes to temporary files, but not what DuckDB is working with: so the limit is raised by what a load,
//! a statement or a commit can need before it, and lowered when a transaction has ended. Each change of it makes DuckDB give
//! all its free memory back to the system and fetch it again, which costs a load a sixth of its time: so there are as few
//! changes as possible.
//!
//! Law: while DuckDB calls our table function, it has room for all that this can need of its limited pool. Where the pool is
//! used up it throws a C++ exception through our callback, which nobody can catch: the process would abort. A full disk is
//! enough for that, for then nothing can be moved to temporary files either. Only lists need any; before them the limit is
//! lowered, which makes room or is an ordinary error.

use std::collections::{HashMap, HashSet};

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use duckdb::{Connection, Error};

use crate::warehouse::{TableName, row_bytes};

/// What a load may take for each byte of the row groups that its threads are filling: the rows, and what compressing them
/// takes.
const PER_BYTE: u64 = 2;

/// What it may take for each byte of the largest batch with lists: the copy that the scan makes in steps of powers of two.
const PER_BYTE_OF_LISTS: u64 = 3;

/// The limit is a multiple of this, so that loads of almost the same size have the same.
const STEP: u64 = 8 << 20;

/// What a statement may take beyond what a load leaves.
pub(super) const WORKING: u64 = 48 << 20;

/// What it may take where whole rows are joined and sorted.
const SORTING: u64 = 112 << 20;

/// What a query takes that is read while others write.
const READING: u64 = 40 << 20;

/// What rows may take at most that wait for their row group to fill. What is over goes to temporary files and back.
const MOST_WAITING: u64 = 128 << 20;

/// What a load may take for each column: blocks of 256 KB that are filled, compressed and written.
const PER_COLUMN: u64 = 1 << 20;

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
pub(super) const MOST_DELETES: u64 = 1_000_000;

/// What DuckDB keeps for each row of a table from which a transaction deletes, until it has ended, and can't move out: eight
/// bytes that say who deleted it, of all rows of a vector in which one is deleted. Rows that are replaced may be in all of them.
const PER_ROW_DELETED_FROM: u64 = 10;

/// DuckDB's memory limit.
#[derive(Debug)]
pub(super) struct Memory {
    limit: u64,
    threads: u64,
    /// Rows of a row group.
    row_group: u64,
    /// What it is set to.
    present: u64,
    /// Columns of the widest table of the sync.
    widest: u64,
    /// Bytes of each table's rows whose row group is not full: until it is, they are in memory as they came.
    waiting: HashMap<TableName, u64>,
    /// Bytes of long texts that were loaded and not committed yet.
    long_texts: u64,
    /// The most that a load or a merge of the transaction has needed.
    needed: u64,
    /// What the tables take from which transactions have deleted rows: the next will again.
    deleted_from: HashMap<String, u64>,
    /// Those whose rows were counted since the transaction began.
    counted: HashSet<String>,
    /// Statements join and sort whole rows.
    sorts_rows: bool,
}

impl Memory {
    /// `limit` is what DuckDB's `threads` may keep in memory, in bytes, when nothing is running and no batch was uncommonly
    /// large. At first there is room for a statement, too: to open a database may take as much.
    pub(super) fn new(limit: u64, threads: usize, row_group: usize) -> Self {
        Self {
            limit,
            threads: threads as u64,
            row_group: row_group as u64,
            present: limit + WORKING,
            widest: 0,
            waiting: HashMap::new(),
            long_texts: 0,
            needed: 0,
            deleted_from: HashMap::new(),
            counted: HashSet::new(),
            sorts_rows: false,
        }
    }

    /// Raises the limit for good, for a sync of tables with these many columns each, and notes what its statements do.
    pub(super) fn expect(&mut self, connection: &Connection, tables: &[usize], sorts_rows: bool) -> Result<(), Error> {
        self.sorts_rows = sorts_rows;
        let columns = tables.iter().sum::<usize>() as u64;
        self.widest = tables.iter().max().copied().unwrap_or_default() as u64;
        self.limit += columns * PER_COLUMN_OF_SYNC;
        self.reach(connection, 0)
    }

    /// Makes room for a load of these batches.
    pub(super) fn raise(
        &mut self,
        connection: &Connection,
        table: &TableName,
        batches: &[RecordBatch],
    ) -> Result<(), Error> {
        let sizes = batches.iter().map(|batch| row_bytes(batch) as u64);
        let (bytes, largest) = (sizes.clone().sum::<u64>(), sizes.max().unwrap_or(0));
        let rows = batches.iter().map(RecordBatch::num_rows).sum::<usize>().max(1) as u64;
        let columns = batches.iter().map(RecordBatch::num_columns).max().unwrap_or(0) as u64;
        let row_group = bytes / rows * self.row_group;
        let waiting = self.waiting.entry(table.clone()).or_default();
        *waiting = (*waiting + bytes).min(row_group);
        self.limit = self.limit.max(largest * PER_BYTE_OF_LARGEST);
        self.long_texts += batches.iter().map(long_texts).sum::<u64>();
        let filling = bytes.min(row_group * self.threads);
        let mut need = self.long_texts + filling * PER_BYTE + columns * PER_COLUMN;
        if batches.iter().any(has_lists) {
            self.set(connection, self.resting())?;
            need += bytes * PER_BYTE + largest * PER_BYTE_OF_LISTS;
        }
        self.reach(connection, need)
    }

    /// Makes room for a statement, until the end of the transaction.
    pub(super) fn raise_to_work(&mut self, connection: &Connection) -> Result<(), Error> {
        self.reach_limit(connection, self.resting() + self.to_work())
    }

    /// Makes room for a statement that deletes from a table, given as SQL names it, until the end of the transaction. One that
    /// merges is followed by others like it.
    pub(super) fn raise_to_delete(&mut self, connection: &Connection, from: &str) -> Result<(), Error> {
        if self.counted.insert(from.to_owned()) {
            let rows: u64 = connection.query_row(&format!("SELECT count(*) FROM {from}"), [], |row| row.get(0))?;
            self.deleted_from.insert(from.to_owned(), rows * PER_ROW_DELETED_FROM);
        }
        self.reach(connection, self.to_work())
    }

    fn to_work(&self) -> u64 {
        let room = if self.sorts_rows { SORTING } else { WORKING };
        room + self.widest.saturating_sub(ORDINARY_WIDTH) * PER_WIDE_COLUMN * self.threads
    }

    /// Makes room, for good, for somebody who reads beside what is written.
    pub(super) fn raise_to_read(&mut self, connection: &Connection) -> Result<(), Error> {
        self.limit += READING;
        self.reach(connection, 0)
    }

    /// Makes room for a commit.
    pub(super) fn raise_for_commit(&mut self, connection: &Connection) -> Result<(), Error> {
        let long_texts = std::mem::take(&mut self.long_texts);
        let need = self.widest * PER_COLUMN_OF_COMMIT + long_texts;
        self.reach_limit(connection, self.resting() + need)
    }

    /// Moves to temporary files what is over the limit, now that a transaction has ended. Room for another like it is left.
    pub(super) fn lower(&mut self, connection: &Connection) -> Result<(), Error> {
        self.counted.clear();
        let usual = self.resting() + std::mem::take(&mut self.needed);
        if self.present > usual.next_multiple_of(STEP) { self.set(connection, usual) } else { Ok(()) }
    }

    /// The limit while nothing is running.
    fn resting(&self) -> u64 {
        let deleted_from = self.deleted_from.values().sum::<u64>();
        self.limit + self.waiting.values().sum::<u64>().min(MOST_WAITING) + deleted_from
    }

    /// Raises the limit to what is kept and `need`, unless it is as high.
    fn reach(&mut self, connection: &Connection, need: u64) -> Result<(), Error> {
        self.needed = self.needed.max(need);
        self.reach_limit(connection, self.resting() + need)
    }

    fn reach_limit(&mut self, connection: &Connection, limit: u64) -> Result<(), Error> {
        if self.present < limit { self.set(connection, limit) } else { Ok(()) }
    }

    fn set(&mut self, connection: &Connection, limit: u64) -> Result<(), Error> {
        self.present = limit.next_multiple_of(STEP);
        connection.execute_batch(&format!("SET memory_limit = '{}B'", self.present))
    }
}

fn has_lists(batch: &RecordBatch) -> bool {
    batch.schema_ref().fields().iter().any(|field| field.data_type().is_nested())
}

fn long_texts(batch: &RecordBatch) -> u64 {
    let texts = batch.columns().iter().filter_map(|column| column.as_string_opt::<i32>());
    let lengths = texts.flat_map(|texts| texts.offsets().lengths());
    lengths.filter(|length| *length > LONG_TEXT).sum::<usize>() as u64
}
