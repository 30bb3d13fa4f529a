//! How many rows make a row group, and how many a load.
//!
//! DuckDB's threads share a load only where each makes whole row groups of its own (see `load`). So a load should hold a row
//! group for each of two, and the wider rows are, the fewer of them are in the input that may be on its way.

use super::scan::VECTOR_ROWS;
use crate::warehouse::{LOAD_BYTES, Width};

/// The rows of a row group where they are not wide, a sixth of what DuckDB would make: so many are in one load, which makes
/// several at once and keeps none waiting in memory.
const MOST_ROWS: usize = 20_480;

/// The values of the rows of a row group where they are wide.
const MOST_VALUES: usize = 60 * MOST_ROWS;

/// The bytes of input that the rows of a row group come from at most.
const MOST_BYTES: usize = 20 << 20;

/// Bytes of input whose rows are loaded at once at most, for threads to share the load: two row groups, and some where records
/// are larger than they looked.
const LARGEST_LOAD: usize = 48 << 20;

/// What a record takes on its way besides its bytes.
const PER_RECORD: usize = 64;

/// Bytes of input that may be on their way besides those of a load, and those that may be in any case.
const AHEAD: usize = 8 << 20;
const ON_THE_WAY: usize = 32 << 20;

/// Row groups and loads of the streams of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grouping {
    /// The rows of a row group. With fewer rows a transaction has no full row group.
    pub(super) row_group: usize,
}

impl Grouping {
    /// For rows of this width.
    pub(crate) fn of(width: Width) -> Self {
        let by_values = MOST_VALUES / width.properties.max(1);
        let by_bytes = if width.bytes > 0 { MOST_BYTES / (width.bytes + PER_RECORD) } else { MOST_ROWS };
        // a row group is a multiple of a vector
        let rows = by_values.min(by_bytes) / VECTOR_ROWS * VECTOR_ROWS;
        Self { row_group: rows.clamp(VECTOR_ROWS, MOST_ROWS) }
    }

    /// The rows of a load that threads share.
    pub(super) fn shared(self) -> usize {
        2 * self.row_group
    }

    /// See [`Warehouse::best_load`](crate::warehouse::Warehouse::best_load): one that threads share, unless the rows are too large
    /// for that.
    pub(super) fn best_load(self, rows: usize, input: usize) -> usize {
        let shared = input.saturating_mul(self.shared()).div_ceil(rows.max(1));
        if shared <= LARGEST_LOAD { shared.max(LOAD_BYTES) } else { LOAD_BYTES }
    }

    /// See [`Warehouse::rows_at_once`](crate::warehouse::Warehouse::rows_at_once): whole row groups, where threads share them.
    /// What is over would become a small one.
    pub(super) fn rows_at_once(self, gathered: usize) -> usize {
        if gathered < self.shared() { gathered } else { gathered / self.row_group * self.row_group }
    }
}

/// See [`Warehouse::most_on_the_way`](crate::warehouse::Warehouse::most_on_the_way).
pub(super) fn most_on_the_way(load: usize) -> usize {
    (load + AHEAD).max(ON_THE_WAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grouping(properties: usize, bytes: usize) -> Grouping {
        Grouping::of(Width { properties, bytes })
    }

    #[test]
    fn wide_rows_have_small_row_groups_of_whole_vectors() {
        let rows = |properties| grouping(properties, 0).row_group;
        assert_eq!(
            [0, 12, 60, 100, 200, 600, 100_000].map(rows),
            [20_480, 20_480, 20_480, 12_288, 6_144, 2_048, 2_048]
        );
        let rows = |bytes| grouping(12, bytes).row_group;
        assert_eq!([0, 960, 961, 1_700, 3_200, 1 << 20].map(rows), [20_480, 20_480, 18_432, 10_240, 6_144, 2_048]);
        assert_eq!(grouping(200, 400).row_group, 6_144);
    }

    #[test]
    fn a_load_has_a_row_group_for_each_of_two_threads_where_these_are_near() {
        let (narrow, wide) = (grouping(12, 0), grouping(200, 0));
        assert_eq!(narrow.best_load(10_240, 5 << 20), 20 << 20);
        // it is one as soon as they are there, but no small one
        assert!(narrow.best_load(40_959, 20 << 20) > 20 << 20);
        assert_eq!(narrow.best_load(40_960, 20 << 20), 20 << 20);
        assert_eq!(narrow.best_load(200_000, 5 << 20), LOAD_BYTES);
        // 48 MB of these rows are no two row groups
        assert_eq!(narrow.best_load(3_000, 4 << 20), LOAD_BYTES);
        assert_eq!(wide.best_load(1_228, 3_999_000), 40_016_053);
        // nothing is known yet
        assert_eq!(narrow.best_load(0, 0), LOAD_BYTES);
        assert_eq!([12_000, 12_288, 20_000].map(|rows| wide.rows_at_once(rows)), [12_000, 12_288, 18_432]);
    }
}
