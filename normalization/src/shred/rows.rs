//! Rows of one table, until they leave as a batch.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, Schema};

use crate::cast;
use crate::columns::SystemColumn;
use crate::kind::ColumnKind;
use crate::plan::{ColumnSource, Table};
use crate::shred::builder::{Builder, field};
use crate::shred::changes::Changes;
use crate::shred::layout::Layout;
use crate::shred::{Record, Records, ShredError, Sink, Slot};

/// Rows beyond which a batch leaves whatever its bytes.
const MOST_ROWS: usize = 65_536;

/// The builders of one table.
#[derive(Debug)]
pub(super) struct Rows {
    table: String,
    schema: Arc<Schema>,
    pub(super) builders: Vec<Builder>,
    /// The system columns with the index of each, in order.
    pub(super) system: Vec<(SystemColumn, usize)>,
    pending: usize,
    bytes: usize,
    row_bytes: usize,
    batch_bytes: usize,
    /// Rows handed out or pending since the last call of [`Rows::take_row_count`].
    counted: u64,
}

impl Rows {
    /// `cursor`: kind of the extra last column [`SystemColumn::Cursor`], if the batches carry one.
    pub(super) fn new(table: &Table, cursor: Option<ColumnKind>, batch_bytes: usize) -> Self {
        let cursor = cursor.and_then(|kind| Some((SystemColumn::Cursor.fixed_name()?, kind)));
        let columns = table.columns.iter().map(|column| (column.name.as_str(), column.kind)).chain(cursor);
        let (fields, builders): (Vec<_>, Vec<_>) =
            columns.map(|(name, kind)| (field(name, kind), Builder::new(kind))).unzip();
        let sources = table.columns.iter().map(|column| &column.source);
        let mut system: Vec<(SystemColumn, usize)> = sources
            .enumerate()
            .filter_map(|(index, source)| match source {
                ColumnSource::System(column) => Some((*column, index)),
                ColumnSource::Property(_) => None,
            })
            .collect();
        if cursor.is_some() {
            system.push((SystemColumn::Cursor, table.columns.len()));
        }
        Self {
            table: table.name.clone(),
            schema: Arc::new(Schema::new(fields)),
            row_bytes: builders.len() * 8,
            builders,
            system,
            pending: 0,
            bytes: 0,
            batch_bytes,
            counted: 0,
        }
    }

    /// Says that every column has got its value of the present row, with the bytes that they took beyond a number's.
    #[inline]
    pub(super) fn end_row(&mut self, bytes: usize) {
        self.pending += 1;
        self.counted += 1;
        self.bytes += self.row_bytes + bytes;
    }

    pub(super) fn push_raw(&mut self, record: &Record<'_>, layout: &Layout) {
        self.push_raw_with(record, layout, |data| data.push_text(&cast::raw_text(record.data)));
    }

    /// Hands out a raw row for each of the records, after those that are pending. Texts that are held as they came are the
    /// batch's column and are not copied.
    pub(super) fn give_raw(
        &mut self,
        records: Records,
        layout: &Layout,
        slot: Slot,
        sink: &mut impl Sink,
    ) -> Result<(), ShredError> {
        let data = self.system.iter().find(|(column, _)| *column == SystemColumn::Data).map(|(_, index)| *index);
        let Some(data) = data.filter(|_| records.are_held_as_they_came()) else {
            for record in records.iter() {
                self.push_raw(&record, layout);
                self.give_when_full(slot, sink)?;
            }
            return self.give(slot, sink);
        };
        self.give(slot, sink)?;
        for record in records.iter() {
            self.push_raw_with(&record, layout, |_| 0);
        }
        let texts = records.into_data().map_err(|error| self.malformed(&error))?;
        self.give_with(Some((data, Arc::new(texts))), slot, sink)
    }

    /// `push_data` appends the record's text, and tells the bytes that it takes.
    fn push_raw_with(&mut self, record: &Record<'_>, layout: &Layout, push_data: impl Fn(&mut Builder) -> usize) {
        let mut bytes = 0;
        for (column, index) in &self.system {
            let builder = &mut self.builders[*index];
            match column {
                SystemColumn::AbId => builder.push_uuid(record.id),
                SystemColumn::EmittedAt => {
                    builder.push(&cast::Value::Micros(record.emitted_at));
                }
                SystemColumn::Data => bytes += push_data(builder),
                SystemColumn::Meta => bytes += builder.push_text(&layout.meta(record.changes, &Changes::default())),
                SystemColumn::GenerationId => {
                    builder.push(&cast::Value::Integer(layout.generation_id));
                }
                _ => builder.push_null(),
            }
        }
        self.end_row(bytes);
    }

    #[inline]
    pub(super) fn give_when_full(&mut self, slot: Slot, sink: &mut impl Sink) -> Result<(), ShredError> {
        if self.bytes >= self.batch_bytes || self.pending >= MOST_ROWS { self.give(slot, sink) } else { Ok(()) }
    }

    pub(super) fn give(&mut self, slot: Slot, sink: &mut impl Sink) -> Result<(), ShredError> {
        self.give_with(None, slot, sink)
    }

    /// `ready`: the array of a column whose builder has got nothing.
    fn give_with(
        &mut self,
        ready: Option<(usize, ArrayRef)>,
        slot: Slot,
        sink: &mut impl Sink,
    ) -> Result<(), ShredError> {
        if self.pending == 0 {
            return Ok(());
        }
        (self.pending, self.bytes) = (0, 0);
        let arrays = self.builders.iter_mut().map(Builder::finish).collect::<Result<Vec<_>, _>>();
        let batch = arrays.and_then(|mut arrays| {
            if let Some((column, array)) = ready {
                arrays[column] = array;
            }
            RecordBatch::try_new(Arc::clone(&self.schema), arrays)
        });
        sink.take(slot, batch.map_err(|error| self.malformed(&error))?);
        Ok(())
    }

    fn malformed(&self, error: &ArrowError) -> ShredError {
        ShredError { table: self.table.clone(), reason: error.to_string() }
    }

    pub(super) fn take_row_count(&mut self) -> u64 {
        std::mem::take(&mut self.counted)
    }
}
