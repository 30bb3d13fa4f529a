//! How much memory DuckDB may take, and when.
//!
//! Law: while DuckDB calls our table function, it has room for all that the load can need. It copies text with memory of
//! its limited pool, and where that is used up it throws a C++ exception through our callback, which nobody can catch: the
//! process would abort. A full disk is enough for that, for then nothing can be moved to temporary files either. So the
//! limit is raised by the size of a load before it, and lowered after it; what then can't be moved out is an ordinary error.

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use duckdb::{Connection, Error};

/// What a load may take for each byte of its batches: the copy that the scan makes in steps of powers of two, the rows in
/// the table, and what compressing them takes.
const PER_BYTE: u64 = 6;

/// What a load may take for each column: blocks of 256 KB that are filled, compressed and written.
const PER_COLUMN: u64 = 2 << 20;

/// What a sync may take for each column of its tables until the next checkpoint, which can't be moved to temporary
/// files: up to 34 KiB, even of one row, in the replacement or the batch and in the table that is read. The first buffers
/// of a column are smaller than a block, and DuckDB never moves such a buffer.
const PER_COLUMN_OF_SYNC: u64 = 96 << 10;

/// What each column of the widest table takes when it is merged or swapped: a block that is being filled. The ordinary limit
/// has room for those of a table that is not wide.
const PER_WIDE_COLUMN: u64 = 3 << 19;
const ORDINARY_WIDTH: u64 = 64;

/// What each column of the widest table takes when it is committed: the blocks that are read, those that are written, and
/// what chooses their compression, none of which can be moved out meanwhile.
const PER_COLUMN_OF_COMMIT: u64 = 3 << 19;

/// What DuckDB may take for each byte of the largest batch at any time: to compress, merge or read a value, all of it must
/// be in memory, old and new.
const PER_BYTE_OF_LARGEST: u64 = 4;

/// Texts longer than this are in blocks of their own. A commit reads them to choose their compression, and keeps those of a whole
/// segment, which has room for thousands of them, in memory meanwhile.
const LONG_TEXT: usize = 4_096;

/// How many rows a transaction deletes at most, where that is for us to decide. DuckDB keeps some dozen bytes of each until
/// the transaction has ended, and can't move them out.
pub(super) const MOST_DELETES: u64 = 2_000_000;

/// DuckDB's memory limit.
#[derive(Debug)]
pub(super) struct Memory {
    limit: u64,
    /// Columns of the widest table of the sync.
    widest: u64,
    /// Bytes of long texts that were loaded and not committed yet.
    long_texts: u64,
}

impl Memory {
    /// `limit` is what DuckDB may keep in memory, in bytes, when no load is running and no batch was uncommonly large.
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, widest: 0, long_texts: 0 }
    }

    /// Raises the limit for good, for a sync of tables with these many columns each.
    pub(super) fn expect(&mut self, connection: &Connection, tables: &[usize]) -> Result<(), Error> {
        let columns = tables.iter().sum::<usize>() as u64;
        self.widest = tables.iter().max().copied().unwrap_or_default() as u64;
        self.limit += columns * PER_COLUMN_OF_SYNC + self.widest.saturating_sub(ORDINARY_WIDTH) * PER_WIDE_COLUMN;
        self.lower(connection)
    }

    /// Makes room for a load of these batches.
    pub(super) fn raise(&mut self, connection: &Connection, batches: &[RecordBatch]) -> Result<(), Error> {
        let bytes = batches.iter().map(|batch| batch.get_array_memory_size() as u64);
        let largest = bytes.clone().max().unwrap_or(0);
        let columns = batches.iter().map(RecordBatch::num_columns).max().unwrap_or(0) as u64;
        self.limit = self.limit.max(largest * PER_BYTE_OF_LARGEST);
        self.long_texts += batches.iter().map(long_texts).sum::<u64>();
        set(connection, self.limit + bytes.sum::<u64>() * PER_BYTE + columns * PER_COLUMN)
    }

    /// Makes room for a commit.
    pub(super) fn raise_for_commit(&mut self, connection: &Connection) -> Result<(), Error> {
        let long_texts = std::mem::take(&mut self.long_texts);
        set(connection, self.limit + self.widest * PER_COLUMN_OF_COMMIT + long_texts)
    }

    /// Moves to temporary files what is over the limit.
    pub(super) fn lower(&self, connection: &Connection) -> Result<(), Error> {
        set(connection, self.limit)
    }
}

fn long_texts(batch: &RecordBatch) -> u64 {
    let texts = batch.columns().iter().filter_map(|column| column.as_string_opt::<i32>());
    let lengths = texts.flat_map(|texts| texts.offsets().lengths());
    lengths.filter(|length| *length > LONG_TEXT).sum::<usize>() as u64
}

fn set(connection: &Connection, limit: u64) -> Result<(), Error> {
    connection.execute_batch(&format!("SET memory_limit = '{limit}B'"))
}
