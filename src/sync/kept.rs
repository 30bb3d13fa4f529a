//! The rows of a checkpoint, kept until they are durable.

use alluvium_normalization::shred::Slot;
use arrow_array::RecordBatch;

/// Bytes of batches that are kept of a checkpoint. One whose rows unfold into more can't be done again.
const KEPT_BYTES: usize = 192 << 20;

/// Rows of one table of a stream.
pub(super) type Rows = ((usize, Slot), Vec<RecordBatch>);

/// The rows of the present checkpoint, as far as they are kept.
pub(super) struct Kept {
    rows: Vec<Rows>,
    bytes: usize,
    limit: usize,
}

impl Kept {
    pub(super) fn new(is_wanted: bool) -> Self {
        Self { rows: Vec::new(), bytes: 0, limit: if is_wanted { KEPT_BYTES } else { 0 } }
    }

    pub(super) fn add(&mut self, rows: &[Rows]) {
        self.bytes +=
            rows.iter().flat_map(|(_, batches)| batches).map(RecordBatch::get_array_memory_size).sum::<usize>();
        if self.is_whole() {
            self.rows.extend_from_slice(rows);
        } else {
            self.rows = Vec::new();
        }
    }

    /// There is a connection that may be lost.
    pub(super) fn is_wanted(&self) -> bool {
        self.limit > 0
    }

    /// The rows, to be loaded once more and put back.
    pub(super) fn take(&mut self) -> Vec<Rows> {
        std::mem::take(&mut self.rows)
    }

    pub(super) fn put_back(&mut self, rows: Vec<Rows>) {
        self.rows = rows;
    }

    /// All rows of the checkpoint are here.
    pub(super) fn is_whole(&self) -> bool {
        self.bytes <= self.limit
    }

    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.bytes = 0;
    }
}
