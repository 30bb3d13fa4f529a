//! Records of one stream on their way to a worker.

use alluvium_normalization::shred::{Origin, Record, Records};

use crate::sync::threads::CHUNK_BYTES;

/// Bytes that a chunk has room for before it is known how many come: a chunk as large as most, and a bit.
const MOST_ROOM: usize = CHUNK_BYTES + CHUNK_BYTES / 8;

/// Consecutive records of one stream, their text copied out of the input's blocks so that a block lives no longer than
/// its lines.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// Index of the stream in the plan.
    pub(super) stream: usize,
    /// The checkpoint that the records belong to.
    pub(super) checkpoint: u64,
    /// The sync that the records came with, if it is not the present one.
    pub(super) origin: Option<Origin>,
    /// The records.
    pub(super) records: Records,
}

impl Chunk {
    pub(super) fn new(stream: usize) -> Self {
        Self { stream, ..Self::default() }
    }

    /// The chunk, and an empty one of its stream in its place.
    pub(super) fn take(&mut self) -> Self {
        let next = Self { records: Records::like(&self.records, MOST_ROOM), ..Self::new(self.stream) };
        std::mem::replace(self, next)
    }

    pub(super) fn push(&mut self, record: &Record<'_>) {
        self.records.push(record);
    }

    /// Bytes that the chunk takes.
    pub(super) fn bytes(&self) -> usize {
        self.records.bytes()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}
