//! Rows of one table, as the batches that they came in.

use arrow_array::RecordBatch;

/// Rows that are gathered to be loaded.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

impl Gathered {
    pub(super) fn push(&mut self, batch: RecordBatch) {
        self.rows += batch.num_rows();
        self.bytes += batch.get_array_memory_size();
        self.batches.push(batch);
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The bytes that they take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// All of them.
    pub(super) fn into_batches(self) -> Vec<RecordBatch> {
        self.batches
    }

    /// Takes the first `rows` rows, or all if there are no more; the others stay.
    pub(super) fn take(&mut self, rows: usize) -> Vec<RecordBatch> {
        let mut left = rows;
        let whole = self.batches.iter().take_while(|batch| {
            let is_whole = batch.num_rows() <= left;
            left -= if is_whole { batch.num_rows() } else { 0 };
            is_whole
        });
        let stay = self.batches.split_off(whole.count());
        let mut taken = std::mem::replace(&mut self.batches, stay);
        if let Some(cut) = self.batches.first_mut().filter(|_| left > 0) {
            taken.push(cut.slice(0, left));
            *cut = cut.slice(left, cut.num_rows() - left);
        }
        let stay = self.rows.saturating_sub(rows);
        // by the rows: each part of a batch would say that it takes as much as all of it
        self.bytes = self.bytes / self.rows.max(1) * stay;
        self.rows = stay;
        taken
    }
}

/// The bytes that batches take.
pub(super) fn size_of(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::get_array_memory_size).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use arrow_array::cast::AsArray as _;
    use arrow_array::types::Int64Type;
    use arrow_array::{ArrayRef, Int64Array, RecordBatch};
    use proptest::prelude::*;

    use super::Gathered;

    fn numbers(batches: &[RecordBatch]) -> Vec<i64> {
        batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
    }

    proptest! {
        #[test]
        fn rows_are_taken_in_order(sizes in prop::collection::vec(0_i64..5, 0..6), rows in prop::collection::vec(0_usize..9, 0..5)) {
            let batch = |from: i64, size: i64| {
                let column: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + size));
                RecordBatch::try_from_iter([("i", column)]).unwrap()
            };
            let mut gathered = Gathered::default();
            let mut all = 0;
            for size in sizes {
                gathered.push(batch(all, size));
                all += size;
            }
            let mut next = 0;
            for rows in rows.into_iter().chain([usize::MAX]) {
                let before = gathered.rows();
                let taken = numbers(&gathered.take(rows));
                prop_assert_eq!(taken.len(), rows.min(before));
                prop_assert_eq!(gathered.rows(), before - taken.len());
                for number in taken {
                    prop_assert_eq!(number, next);
                    next += 1;
                }
            }
            prop_assert_eq!((next, gathered.bytes()), (all, 0));
        }
    }
}
