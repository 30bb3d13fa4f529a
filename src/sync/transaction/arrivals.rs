//! Rows of streams of one row a key, on their way to the merge.
//!
//! The warehouse is given what decides which of them win; the rows themselves wait here and go straight to the tables that
//! people read, so that none is written twice.

use std::collections::{BTreeMap, HashSet};

use alluvium_normalization::columns::SystemColumn;
use arrow_array::cast::AsArray as _;
use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::ArrowError;
use arrow_select::filter::filter_record_batch;
use uuid::Uuid;

use crate::sync::batches::size_of;

/// Batches of one stream, by table.
type OfStream = BTreeMap<usize, Vec<RecordBatch>>;

/// The rows of the present checkpoint that are not merged yet.
#[derive(Debug)]
pub(super) struct Arrivals {
    streams: BTreeMap<usize, OfStream>,
    bytes: usize,
    most_bytes: usize,
}

impl Arrivals {
    /// For so many bytes of batches. What is more waits in the warehouse.
    pub(super) fn new(most_bytes: usize) -> Self {
        Self { streams: BTreeMap::new(), bytes: 0, most_bytes }
    }

    /// Whether these rows of a stream's table wait here. Where not, there is no room for them.
    pub(super) fn take_in(&mut self, stream: usize, table: usize, batches: &[RecordBatch]) -> bool {
        let bytes = size_of(batches);
        let is_room = self.bytes + bytes <= self.most_bytes;
        if is_room {
            self.bytes += bytes;
            self.streams.entry(stream).or_default().entry(table).or_default().extend_from_slice(batches);
        }
        is_room
    }

    /// Those of one stream.
    pub(super) fn give(&mut self, stream: usize) -> OfStream {
        let taken = self.streams.remove(&stream).unwrap_or_default();
        self.bytes -= taken.values().map(|batches| size_of(batches)).sum::<usize>();
        taken
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new(self.most_bytes);
    }
}

/// The columns of these names.
pub(super) fn only(batch: &RecordBatch, columns: &[&str]) -> Result<RecordBatch, ArrowError> {
    let indices = columns.iter().map(|name| batch.schema_ref().index_of(name)).collect::<Result<Vec<_>, _>>()?;
    batch.project(&indices)
}

/// The rows that are not `surpassed`, by the id of their record.
pub(super) fn without(batch: RecordBatch, surpassed: &HashSet<Uuid>) -> Result<RecordBatch, ArrowError> {
    let name = SystemColumn::AbId.fixed_name().unwrap_or_default();
    let ids = batch.column_by_name(name).and_then(|ids| ids.as_fixed_size_binary_opt());
    let ids = ids.ok_or_else(|| ArrowError::SchemaError(format!("rows without the ids that `{name}` holds")))?;
    let lands = |id: Option<&[u8]>| {
        let id = id.and_then(|id| Uuid::from_slice(id).ok());
        Some(id.is_none_or(|id| !surpassed.contains(&id)))
    };
    let lands = ids.iter().map(lands).collect::<BooleanArray>();
    if lands.true_count() == batch.num_rows() { Ok(batch) } else { filter_record_batch(&batch, &lands) }
}
