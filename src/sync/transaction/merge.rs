//! One row a key: what arrived, merged.

use std::collections::HashSet;
use std::sync::Arc;

use alluvium_normalization::plan::StreamPlan;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

use super::Transaction;
use super::arrivals::{only, without};
use crate::failure::Failure;
use crate::sync::batches::Gathered;
use crate::sync::prepare::failure;

impl Transaction<'_> {
    /// Takes rows that a merge has to decide on. The warehouse gets what it decides by.
    pub(super) fn arrive(&mut self, stream: usize, table: usize, batches: &[RecordBatch]) -> Result<(), Failure> {
        let plans = Arc::clone(&self.plans);
        let plan = &plans[stream];
        if self.unmerged.insert(stream) {
            let create = self.sql(plan).create_batch();
            self.execute(&create, plan)?;
        }
        if table == 0 {
            let sql = self.sql(plan);
            let columns = sql.candidate_columns().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
            let candidates = all_of(batches, &columns).map_err(defect)?;
            let into = sql.candidates();
            self.load_into(into, &candidates, stream)?;
        }
        if self.arrivals.take_in(stream, table, batches) { Ok(()) } else { self.overflow(stream, table, batches) }
    }

    /// Merges what arrived of a stream.
    pub(super) fn merge(&mut self, stream: usize) -> Result<(), Failure> {
        let plans = Arc::clone(&self.plans);
        let plan = &plans[stream];
        let into = self.targets[stream].targets.clone();
        let is_overflowing = self.overflowing.remove(&stream);
        let sql = self.sql(plan);
        let (merge, surpassed, clean) = (sql.merge(&into), sql.surpassed(), sql.drop_batch());
        let overflown = if is_overflowing { sql.land(&sql.batch().tables, &into) } else { Vec::new() };
        // after the rows: an index that is there first makes every row of a new table dearer
        let index = if self.indexed.contains(&stream) { Vec::new() } else { sql.index(&into) };
        self.execute(&merge, plan)?;
        self.execute(&overflown, plan)?;
        let surpassed = match surpassed {
            Some(query) => self.warehouse.ids(&query).map_err(|error| failure(error, Some(plan)))?,
            None => HashSet::new(),
        };
        for (table, batches) in self.arrivals.give(stream) {
            let target = into.tables.get(table);
            let columns = columns_of(plan, table);
            // batch after batch: a copy of what stays is made of each, which should not be there of all at once
            let mut ready = Gathered::default();
            for batch in batches {
                let winners = only(&batch, &columns).and_then(|rows| without(rows, &surpassed)).map_err(defect)?;
                drop(batch);
                ready.push(winners);
                let (rows, bytes) = (ready.rows(), ready.bytes());
                if bytes >= self.best_load(rows, bytes) {
                    let now = ready.take(self.rows_at_once(rows));
                    self.load_into(target.cloned(), &now, stream)?;
                }
            }
            self.load_into(target.cloned(), &ready.into_batches(), stream)?;
        }
        self.step("index", &index, plan)?;
        self.step("clean", &clean, plan)
    }

    /// Lets rows that arrived wait in the warehouse.
    fn overflow(&mut self, stream: usize, table: usize, batches: &[RecordBatch]) -> Result<(), Failure> {
        let plans = Arc::clone(&self.plans);
        let plan = &plans[stream];
        if self.overflowing.insert(stream) {
            let create = self.sql(plan).create_batch_rows();
            self.execute(&create, plan)?;
        }
        let rows = all_of(batches, &columns_of(plan, table)).map_err(defect)?;
        let into = self.sql(plan).batch().tables.into_iter().nth(table);
        self.load_into(into, &rows, stream)
    }
}

/// The columns that a typed table of the plan has.
fn columns_of(plan: &StreamPlan, table: usize) -> Vec<&str> {
    plan.tables[table].columns.iter().map(|column| column.name.as_str()).collect()
}

fn all_of(batches: &[RecordBatch], columns: &[&str]) -> Result<Vec<RecordBatch>, ArrowError> {
    batches.iter().map(|batch| only(batch, columns)).collect()
}

fn defect(error: ArrowError) -> Failure {
    Failure::internal("a batch does not fit its table").caused_by(error)
}
