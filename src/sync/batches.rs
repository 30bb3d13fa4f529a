//! Rows of one table, as the batches that they came in.

use arrow_array::RecordBatch;

/// How many rows they have.
pub(super) fn rows_of(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

/// The bytes that they take.
pub(super) fn size_of(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::get_array_memory_size).sum()
}

/// Leaves the first `rows` rows in `batches`; the others.
pub(super) fn split_off(batches: &mut Vec<RecordBatch>, mut rows: usize) -> Vec<RecordBatch> {
    let Some(cut) = batches.iter().position(|batch| {
        let is_over = batch.num_rows() > rows;
        if !is_over {
            rows -= batch.num_rows();
        }
        is_over
    }) else {
        return Vec::new();
    };
    let mut left = batches.split_off(cut);
    if rows > 0 {
        batches.push(left[0].slice(0, rows));
        left[0] = left[0].slice(rows, left[0].num_rows() - rows);
    }
    left
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use arrow_array::cast::AsArray as _;
    use arrow_array::types::Int64Type;
    use arrow_array::{ArrayRef, Int64Array, RecordBatch};
    use proptest::prelude::*;

    use super::split_off;

    fn numbers(batches: &[RecordBatch]) -> Vec<i64> {
        batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
    }

    proptest! {
        #[test]
        fn rows_are_split_where_wanted_and_keep_their_order(sizes in prop::collection::vec(0_i64..5, 0..6), rows in 0_usize..25) {
            let batch = |from: i64, size: i64| {
                let column: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + size));
                RecordBatch::try_from_iter([("i", column)]).unwrap()
            };
            let mut next = 0;
            let mut batches: Vec<RecordBatch> = sizes.iter().map(|size| { next += size; batch(next - size, *size) }).collect();
            let left = split_off(&mut batches, rows);
            let [first, left] = [numbers(&batches), numbers(&left)];
            prop_assert_eq!(first.len(), rows.min(first.len() + left.len()));
            prop_assert_eq!([first, left].concat(), (0..next).collect::<Vec<_>>());
        }
    }
}
