//! Records of one stream on their way to a worker.

use std::ops::Range;

use alluvium_normalization::shred::{self, Origin};

use crate::sync::threads::CHUNK_BYTES;

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
    text: String,
    records: Vec<Entry>,
}

/// Bytes that a chunk has room for before it is known how many come: a chunk as large as most, and a bit.
const MOST_ROOM: usize = CHUNK_BYTES + CHUNK_BYTES / 8;

#[derive(Debug)]
struct Entry {
    id: u128,
    emitted_at: i64,
    data: Range<usize>,
    changes: Option<Range<usize>>,
}

impl Chunk {
    pub(super) fn new(stream: usize) -> Self {
        Self { stream, ..Self::default() }
    }

    /// The chunk, and an empty one of its stream in its place, with room for as much again and a bit: growing would copy every
    /// byte twice.
    pub(super) fn take(&mut self) -> Self {
        let as_much = |length: usize| length + length / 8;
        let text = String::with_capacity(as_much(self.text.len()).min(MOST_ROOM));
        let records = Vec::with_capacity(as_much(self.records.len()).min(MOST_ROOM / size_of::<Entry>()));
        let next = Self { text, records, ..Self::new(self.stream) };
        std::mem::replace(self, next)
    }

    pub(super) fn push(&mut self, record: &shred::Record<'_>) {
        let data = append(&mut self.text, record.data);
        let changes = record.changes.map(|changes| append(&mut self.text, changes));
        self.records.push(Entry { id: record.id, emitted_at: record.emitted_at, data, changes });
    }

    /// Bytes that the chunk takes.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + self.records.len() * size_of::<Entry>()
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn records(&self) -> impl Iterator<Item = shred::Record<'_>> {
        self.records.iter().map(|entry| shred::Record {
            id: entry.id,
            emitted_at: entry.emitted_at,
            data: &self.text[entry.data.clone()],
            changes: entry.changes.clone().map(|changes| &self.text[changes]),
        })
    }
}

fn append(text: &mut String, part: &str) -> Range<usize> {
    let start = text.len();
    text.push_str(part);
    start..text.len()
}
