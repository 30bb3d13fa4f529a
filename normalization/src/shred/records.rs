//! Records on their way to the shredder.

use std::borrow::Cow;
use std::ops::Range;
use std::{iter, mem};

use arrow_array::StringArray;
use arrow_buffer::{Buffer, OffsetBuffer};
use arrow_schema::ArrowError;

use crate::cast;
use crate::shred::Record;
use crate::shred::builder::as_much;

/// Records of one stream, copied out of wherever they came from.
///
/// The texts of their data stand one behind the other, as in an Arrow array: where the raw table holds them as they came, they
/// are its column and are not copied again.
#[derive(Debug, Default)]
pub struct Records {
    data: String,
    changes: String,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    id: u128,
    emitted_at: i64,
    /// Where the data end; they begin where the last ones end.
    data_end: usize,
    changes: Option<Range<usize>>,
}

impl Records {
    /// Empty, with room for as many as `these` are and a bit, but no more than `most_bytes`: growing would copy every byte twice.
    #[must_use]
    pub fn like(these: &Self, most_bytes: usize) -> Self {
        Self {
            data: String::with_capacity(as_much(these.data.len()).min(most_bytes)),
            changes: String::new(),
            entries: Vec::with_capacity(as_much(these.entries.len()).min(most_bytes / size_of::<Entry>())),
        }
    }

    /// Adds a record.
    pub fn push(&mut self, record: &Record<'_>) {
        self.data.push_str(record.data);
        let changes = record.changes.map(|changes| {
            let start = self.changes.len();
            self.changes.push_str(changes);
            start..self.changes.len()
        });
        let Record { id, emitted_at, .. } = *record;
        self.entries.push(Entry { id, emitted_at, data_end: self.data.len(), changes });
    }

    /// The records, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = Record<'_>> {
        let mut start = 0;
        self.entries.iter().map(move |Entry { id, emitted_at, data_end, changes }| Record {
            id: *id,
            emitted_at: *emitted_at,
            data: &self.data[mem::replace(&mut start, *data_end)..*data_end],
            changes: changes.clone().map(|changes| &self.changes[changes]),
        })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bytes that they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.data.len() + self.changes.len() + self.entries.len() * size_of::<Entry>()
    }

    /// Whether the raw table holds the data of all of them as they came, and one array does.
    pub(super) fn are_held_as_they_came(&self) -> bool {
        let is_held = |record: Record<'_>| matches!(cast::raw_text(record.data), Cow::Borrowed(_));
        i32::try_from(self.data.len()).is_ok() && self.iter().all(is_held)
    }

    /// The texts of the data as an array, without a copy. An error if one array does not hold them.
    pub(super) fn into_data(mut self) -> Result<StringArray, ArrowError> {
        if self.data.len() < self.data.capacity() / 2 {
            // what nobody will fill should not wait with the rows
            self.data.shrink_to_fit();
        }
        let ends = self.entries.iter().map(|entry| i32::try_from(entry.data_end));
        let offsets = iter::once(Ok(0)).chain(ends).collect::<Result<Vec<i32>, _>>();
        let offsets = offsets.map_err(|_| ArrowError::OffsetOverflowError(self.data.len()))?;
        StringArray::try_new(OffsetBuffer::new(offsets.into()), Buffer::from(self.data.into_bytes()), None)
    }
}
