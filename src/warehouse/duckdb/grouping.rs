//! How many rows make a row group, and how many a load.
//!
//! DuckDB's threads share a load only where each makes whole row groups of its own (see `load`). So a load should hold a row
//! group for each of two, and the wider rows are, the fewer of them are in the input that may be on its way.

use super::scan::VECTOR_ROWS;
use crate::warehouse::LOAD_BYTES;

/// The rows of a row group where they are not wide, a sixth of what DuckDB would make: so many are in one load, which makes
/// several at once and keeps none waiting in memory.
const MOST_ROWS: usize = 20_480;

/// The values of the rows of a row group where they are wide.
const MOST_VALUES: usize = 60 * MOST_ROWS;

/// Rows of more values have larger loads: two row groups of them take some 40 MB of input.
const ORDINARY_WIDTH: usize = 40;

/// Row groups and loads of the streams of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grouping {
    /// The rows of a row group. With fewer rows a transaction has no full row group.
    pub(super) row_group: usize,
    /// Bytes of input whose rows are loaded at once at most.
    largest_load: usize,
}

impl Grouping {
    /// For streams whose records have so many properties on average.
    pub(crate) fn of(properties: usize) -> Self {
        // a row group is a multiple of a vector
        let rows = MOST_VALUES / properties.max(1) / VECTOR_ROWS * VECTOR_ROWS;
        Self {
            row_group: rows.clamp(VECTOR_ROWS, MOST_ROWS),
            largest_load: if properties > ORDINARY_WIDTH { 40 << 20 } else { 20 << 20 },
        }
    }

    /// The rows of a load that threads share.
    pub(super) fn shared(self) -> usize {
        2 * self.row_group
    }

    /// See [`Warehouse::most_on_the_way`](crate::warehouse::Warehouse::most_on_the_way).
    pub(super) fn most_on_the_way(self) -> usize {
        self.largest_load + (12 << 20)
    }

    /// See [`Warehouse::gains_by_more`](crate::warehouse::Warehouse::gains_by_more): threads share a load that has a row group
    /// for each of two.
    pub(super) fn gains_by_more(self, rows: usize, input: usize) -> bool {
        let in_the_largest = rows.saturating_mul(self.largest_load) / input.max(1);
        let is_shared = rows < self.shared() && in_the_largest >= self.shared();
        input < LOAD_BYTES || (input < self.largest_load && is_shared)
    }

    /// See [`Warehouse::rows_at_once`](crate::warehouse::Warehouse::rows_at_once): whole row groups, where threads share them.
    /// What is over would become a small one.
    pub(super) fn rows_at_once(self, gathered: usize) -> usize {
        if gathered < self.shared() { gathered } else { gathered / self.row_group * self.row_group }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_rows_have_small_row_groups_of_whole_vectors() {
        let rows = |properties| Grouping::of(properties).row_group;
        assert_eq!(
            [0, 12, 60, 100, 200, 600, 100_000].map(rows),
            [20_480, 20_480, 20_480, 12_288, 6_144, 2_048, 2_048]
        );
    }

    #[test]
    fn a_load_waits_for_a_row_group_for_each_of_two_threads_where_these_are_near() {
        let (narrow, wide) = (Grouping::of(12), Grouping::of(200));
        assert!(narrow.gains_by_more(40_000, 16 << 20));
        assert!(!narrow.gains_by_more(40_960, 16 << 20));
        // 20 MB of these rows are no two row groups
        assert!(!narrow.gains_by_more(4_000, 12 << 20));
        assert!(wide.gains_by_more(12_000, 39 << 20));
        assert!(!wide.gains_by_more(12_288, 39 << 20));
        assert!(!wide.gains_by_more(12_000, 40 << 20));
        assert_eq!([12_000, 12_288, 20_000].map(|rows| wide.rows_at_once(rows)), [12_000, 12_288, 18_432]);
    }
}
