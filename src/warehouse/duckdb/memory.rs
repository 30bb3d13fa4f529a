//! What DuckDB may keep in memory: little for ordinary loads, more where it can't do with less.

use std::collections::HashSet;

use arrow_array::{Array as _, RecordBatch};

use crate::warehouse::TableName;

/// So many columns in all tables, and in one of them, are what the ordinary limit is for.
const ORDINARY_COLUMNS: (u64, u64) = (512, 64);

/// What each further column of a table takes once it has rows in a transaction: the first buffer of a column is small, and
/// DuckDB never writes such a buffer to a temporary file.
const TOUCHED_COLUMN_BYTES: u64 = 24 << 10;

/// What each further column takes of the table that is being appended to: a block, which stays in memory meanwhile.
const APPENDED_COLUMN_BYTES: u64 = 320 << 10;

/// A column of a batch that is larger than this has values that are blocks of their own.
const ORDINARY_COLUMN_BYTES: u64 = 16 << 20;

/// How many times DuckDB holds such a value: in the vector, in the table, in the log, on its way between them.
const COPIES: u64 = 3;

/// Counts what loads need, so that neither many tables, nor a wide one, nor a large value fails for want of memory.
///
/// The limit depends on the catalog and the longest record, not on how many records come. It grows only.
#[derive(Debug)]
pub(super) struct Memory {
    base: u64,
    limit: u64,
    tables: HashSet<TableName>,
    columns: u64,
    widest: u64,
    largest: u64,
}

impl Memory {
    pub(super) fn new(base: u64) -> Self {
        Self { base, limit: base, tables: HashSet::new(), columns: 0, widest: 0, largest: 0 }
    }

    /// The limit for loading these batches too, if it is another than before.
    pub(super) fn limit_for(&mut self, table: &TableName, batches: &[RecordBatch]) -> Option<u64> {
        let width = batches.iter().map(|batch| batch.num_columns() as u64).max()?;
        if !self.tables.contains(table) {
            self.tables.insert(table.clone());
            self.columns += width;
            self.widest = self.widest.max(width);
        }
        let columns = batches.iter().flat_map(RecordBatch::columns);
        let bytes = columns.filter_map(|column| column.to_data().get_slice_memory_size().ok()).max();
        self.largest = self.largest.max(bytes.unwrap_or_default() as u64);
        let needed = self.base
            + self.columns.saturating_sub(ORDINARY_COLUMNS.0) * TOUCHED_COLUMN_BYTES
            + self.widest.saturating_sub(ORDINARY_COLUMNS.1) * APPENDED_COLUMN_BYTES
            + self.largest.saturating_sub(ORDINARY_COLUMN_BYTES) * COPIES;
        // in steps, so that the setting is not changed for every table
        let needed = self.base + (needed - self.base).next_multiple_of(32 << 20);
        (needed > self.limit).then(|| {
            self.limit = needed;
            needed
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use alluvium_normalization::sql::TableName;
    use arrow_array::{ArrayRef, RecordBatch, StringArray};

    use super::Memory;

    fn batch(columns: usize, value_bytes: usize) -> RecordBatch {
        let column: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(value_bytes)]));
        RecordBatch::try_from_iter((0..columns).map(|index| (format!("c{index}"), Arc::clone(&column)))).unwrap()
    }

    fn table(number: usize) -> TableName {
        TableName { schema: "main".to_owned(), name: format!("t{number}") }
    }

    #[test]
    fn ordinary_loads_change_nothing() {
        let mut memory = Memory::new(1 << 20);
        for number in 0..20 {
            assert_eq!(memory.limit_for(&table(number), &[batch(20, 1 << 20)]), None);
        }
    }

    #[test]
    fn a_large_value_a_wide_table_and_many_tables_raise_the_limit_once() {
        let mut memory = Memory::new(1 << 20);
        let large = memory.limit_for(&table(0), &[batch(1, 32 << 20)]).unwrap();
        assert!(large > 48 << 20);
        assert_eq!(memory.limit_for(&table(0), &[batch(1, 32 << 20)]), None);
        let wide = memory.limit_for(&table(1), &[batch(5_000, 1)]).unwrap();
        assert!(wide >= large + (1 << 30));
        let many: Vec<u64> = (2..500).filter_map(|number| memory.limit_for(&table(number), &[batch(10, 1)])).collect();
        assert!(!many.is_empty() && many.is_sorted());
    }
}
