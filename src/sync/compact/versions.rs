//! Raw rows as versions of keys: what compaction has to know of each.

use std::sync::Arc;

use alluvium_normalization::limits::Limits;
use alluvium_normalization::plan::StreamPlan;
use alluvium_normalization::shred::{ShredError, Shredder, Slot};
use alluvium_normalization::sql::compact::{BYTES, MAY_GO, RAW_ID, VersionColumn};
use arrow_array::builder::{BooleanBuilder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema};

use crate::failure::Failure;
use crate::sync::raw_record::{RawRecord, emitted_at};
use crate::warehouse::rows::TextRow;

/// About how large a batch grows.
const BATCH_BYTES: usize = 8 << 20;

/// Rows beyond which a batch of rows without key leaves.
const MOST_ROWS: usize = 65_536;

/// Raw rows on their way to the table of versions.
///
/// Law: every row comes out once, with the key and the order that typing its record gives it, if it holds one.
pub(super) struct Versions<'a> {
    limits: &'a Limits,
    /// Rows emitted before this instant may go; `None`: all may.
    before: Option<i64>,
    /// Types what keys are told and ordered by, and where its columns go. `None`: the stream has no key.
    keyed: Option<(Shredder, Vec<VersionColumn>)>,
    /// Of the rows that the shredder has.
    of_keyed: Facts,
    /// Of rows without key.
    of_others: Facts,
    pub(super) counts: Counts,
}

/// What raw rows came to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) rows: u64,
    /// Of their values as text.
    pub(super) bytes: u64,
    /// Rows that hold no record, or have no id.
    pub(super) unreadable: u64,
}

/// What is known of a row whether or not it holds a record.
#[derive(Default)]
struct Facts {
    ids: StringBuilder,
    bytes: Int64Builder,
    may_go: BooleanBuilder,
    rows: usize,
}

impl<'a> Versions<'a> {
    /// `columns`: what of the root's batches is loaded.
    pub(super) fn new(plan: &StreamPlan, columns: Vec<VersionColumn>, limits: &'a Limits, before: Option<i64>) -> Self {
        let keyed = plan.versions().map(|plan| (Shredder::new(&plan, limits, BATCH_BYTES), columns));
        let (of_keyed, of_others) = (Facts::default(), Facts::default());
        Self { limits, before, keyed, of_keyed, of_others, counts: Counts::default() }
    }

    /// Takes a raw row; gives the batches that are full.
    pub(super) fn push(&mut self, row: TextRow<'_>) -> Result<Vec<RecordBatch>, Failure> {
        let bytes = row.values().flatten().map(str::len).sum::<usize>();
        let may_go =
            self.before.is_none_or(|before| emitted_at(row, self.limits).is_some_and(|emitted| emitted < before));
        self.counts.rows += 1;
        self.counts.bytes += bytes as u64;
        let facts = (row.get(0), bytes, may_go);
        if let Some((shredder, columns)) = &mut self.keyed {
            if let Ok(RawRecord { record, .. }) = RawRecord::read(row, self.limits, false) {
                self.of_keyed.push(facts);
                let mut full = Vec::new();
                shredder.push(&record, 0, &mut |_: Slot, batch| full.push(batch)).map_err(|error| defect(&error))?;
                return join(full, &mut self.of_keyed, columns);
            }
            self.counts.unreadable += 1;
        } else if row.get(0).is_none() {
            self.counts.unreadable += 1;
        }
        self.of_others.push(facts);
        if self.of_others.rows < MOST_ROWS {
            return Ok(Vec::new());
        }
        Ok(vec![self.of_others.batch().map_err(|error| defect(&error))?])
    }

    /// Gives what is left.
    pub(super) fn finish(&mut self) -> Result<Vec<RecordBatch>, Failure> {
        let mut batches = Vec::new();
        if let Some((shredder, columns)) = &mut self.keyed {
            let mut last = Vec::new();
            shredder.flush(&mut |_: Slot, batch| last.push(batch)).map_err(|error: ShredError| defect(&error))?;
            batches = join(last, &mut self.of_keyed, columns)?;
        }
        if self.of_others.rows > 0 {
            batches.push(self.of_others.batch().map_err(|error| defect(&error))?);
        }
        Ok(batches)
    }
}

impl Facts {
    fn push(&mut self, (id, bytes, may_go): (Option<&str>, usize, bool)) {
        self.ids.append_option(id);
        self.bytes.append_value(i64::try_from(bytes).unwrap_or(i64::MAX));
        self.may_go.append_value(may_go);
        self.rows += 1;
    }

    fn columns(&mut self) -> [(FieldRef, ArrayRef); 3] {
        self.rows = 0;
        let field = |name, kind| Arc::new(Field::new(name, kind, true));
        [
            (field(RAW_ID, DataType::Utf8), Arc::new(self.ids.finish())),
            (field(BYTES, DataType::Int64), Arc::new(self.bytes.finish())),
            (field(MAY_GO, DataType::Boolean), Arc::new(self.may_go.finish())),
        ]
    }

    fn batch(&mut self) -> Result<RecordBatch, ArrowError> {
        let (fields, columns): (Vec<_>, Vec<_>) = self.columns().into_iter().unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
    }
}

/// What the shredder gave of rows, beside the facts of the same rows. A batch holds all rows since the last, for the plan has
/// one table.
fn join(batches: Vec<RecordBatch>, facts: &mut Facts, columns: &[VersionColumn]) -> Result<Vec<RecordBatch>, Failure> {
    let join = |batch: RecordBatch| {
        let mut joined = Vec::from(facts.columns());
        for column in columns {
            let index = batch.schema_ref().index_of(&column.source)?;
            let field = batch.schema_ref().field(index).clone().with_name(&column.name);
            joined.push((Arc::new(field), Arc::clone(batch.column(index))));
        }
        let (fields, columns): (Vec<_>, Vec<_>) = joined.into_iter().unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
    };
    batches.into_iter().map(join).collect::<Result<_, _>>().map_err(|error| defect(&error))
}

fn defect(error: &dyn std::error::Error) -> Failure {
    Failure::internal(error.to_string())
}
