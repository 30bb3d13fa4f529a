//! Plan x record bytes -> Arrow batches, one per table.
//!
//! A record is walked once: each declared member is cast straight into the builder of its column, nested objects and
//! arrays become rows of child tables on the way. Batches leave through a sink as they fill, in the middle of a record
//! too, so that memory is bounded whatever one record unfolds into.

/// Typed values into Arrow arrays.
mod builder;
/// What typing cost: paths, `_airbyte_meta`, counts.
mod changes;
/// Ids of rows and keys.
mod identity;
/// The plan's tree, laid out for looking members up.
mod layout;
/// Records on their way to the shredder.
mod records;
/// Rows of one table.
mod rows;
#[cfg(test)]
mod tests;
/// The walk over a record.
mod walker;

pub use changes::Counts;
pub use identity::row_id;
pub use records::Records;

use arrow_array::RecordBatch;

use crate::limits::Limits;
use crate::plan::{StreamPlan, TableRole};
use layout::Layout;
use rows::Rows;
use walker::Walker;

/// One record, as its message brought it.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Its id: `_airbyte_ab_id`.
    pub id: u128,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub emitted_at: i64,
    /// The `data` object's JSON text, valid.
    pub data: &'a str,
    /// The `meta.changes` array's JSON text, if the source sent one that is not empty.
    pub changes: Option<&'a str>,
}

/// The sync that a record came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Its id, if the platform gave one.
    pub sync_id: Option<i64>,
    /// The generation of its records, 0 when there was none.
    pub generation_id: i64,
}

/// The table that a batch belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// [`StreamPlan::raw`].
    Raw,
    /// An index into [`StreamPlan::tables`].
    Table(usize),
}

/// A defect of ours: columns that don't fit together.
#[derive(Debug, thiserror::Error)]
#[error("batch of table `{table}` is malformed: {reason}")]
pub struct ShredError {
    table: String,
    reason: String,
}

/// Takes the batches.
pub trait Sink {
    /// Takes one batch; never an empty one.
    fn take(&mut self, slot: Slot, batch: RecordBatch);
}

impl<F: FnMut(Slot, RecordBatch)> Sink for F {
    fn take(&mut self, slot: Slot, batch: RecordBatch) {
        self(slot, batch);
    }
}

/// Turns records of one stream into batches.
///
/// Law: the batches' rows depend on the records alone, whatever the calls of [`Shredder::flush`] between them.
#[derive(Debug)]
pub struct Shredder {
    layout: Layout,
    raw: Option<Rows>,
    walker: Walker,
}

impl Shredder {
    /// A shredder for a stream's plan. `batch_bytes`: about how large a batch may grow.
    #[must_use]
    pub fn new(plan: &StreamPlan, limits: &Limits, batch_bytes: usize) -> Self {
        let raw = plan.raw.as_ref().map(|table| Rows::new(table, None, batch_bytes));
        let cursor = plan.dedup.as_ref().and_then(|dedup| dedup.cursor.as_ref());
        let nested_cursor = cursor.filter(|cursor| cursor.column.is_none());
        let tables = plan
            .tables
            .iter()
            .map(|table| {
                let cursor = nested_cursor.filter(|_| table.role == TableRole::Root);
                Rows::new(table, cursor.map(|cursor| cursor.kind), batch_bytes)
            })
            .collect();
        let layout = Layout::new(plan);
        let walker = Walker::new(&layout, tables, limits.clone());
        Self { layout, raw, walker }
    }

    /// Says which sync the records that follow came with; at first it is the plan's.
    pub fn set_origin(&mut self, origin: Origin) {
        self.layout.set_origin(origin);
    }

    /// Types and appends one record. `normalized_at`: microseconds since 1970-01-01T00:00:00Z.
    pub fn push(&mut self, record: &Record<'_>, normalized_at: i64, sink: &mut impl Sink) -> Result<(), ShredError> {
        if let Some(raw) = &mut self.raw {
            raw.push_raw(record, &self.layout);
            raw.give_when_full(Slot::Raw, sink)?;
        }
        self.walker.walk(&self.layout, record, normalized_at, sink)
    }

    /// Types all of the records and hands them out: what pushing each and then flushing gives, but their texts are not copied
    /// again for the raw table.
    pub fn shred(&mut self, records: Records, normalized_at: i64, sink: &mut impl Sink) -> Result<(), ShredError> {
        for record in records.iter() {
            self.walker.walk(&self.layout, &record, normalized_at, sink)?;
        }
        if let Some(raw) = &mut self.raw {
            raw.give_raw(records, &self.layout, Slot::Raw, sink)?;
        }
        self.walker.flush(sink)
    }

    /// Hands out what has not been handed out.
    pub fn flush(&mut self, sink: &mut impl Sink) -> Result<(), ShredError> {
        if let Some(raw) = &mut self.raw {
            raw.give(Slot::Raw, sink)?;
        }
        self.walker.flush(sink)
    }

    /// What typing cost since the last call.
    pub fn take_counts(&mut self) -> Counts {
        self.walker.take_counts()
    }
}
