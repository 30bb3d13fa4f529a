//! The transaction of a checkpoint: rows, merges, replacements that take effect, commit.
//!
//! Where the warehouse is a server, the connection may be lost at any moment. The rows of the present checkpoint are kept
//! until they are durable, so that it can be done again; whether a commit whose answer was lost has happened is asked of
//! the server, so that nothing lands twice.

/// Rows of streams of one row a key, on their way to the merge.
mod arrivals;
/// One row a key: what arrived, merged.
mod merge;
/// Replacements that take effect.
mod replacement;

use std::collections::BTreeSet;
use std::sync::Arc;

use alluvium_normalization::plan::StreamPlan;
use alluvium_normalization::shred::Slot;
use alluvium_normalization::sql::bookkeeping::{SyncLogEntry, log_sync};
use alluvium_normalization::sql::{StreamSql, TableName};
use arrow_array::RecordBatch;

use self::arrivals::Arrivals;
use crate::failure::Failure;
use crate::seams;
use crate::sync::fullness::Capacity;
use crate::sync::kept::{Kept, Rows};
use crate::sync::patience::Patience;
use crate::sync::prepare::failure;
use crate::sync::target::StreamTarget;
use crate::warehouse::{Interrupted, Warehouse};

/// Bytes of input after which a checkpoint whose batches are kept is committed. Shredded they take three times as much.
const KEPT_INPUT: usize = 24 << 20;

/// Bytes of input after which a checkpoint is committed whose versions are added to a history: whole rows are joined and sorted
/// for that.
const INPUT_WITH_HISTORY: usize = 64 << 20;

/// What the checkpoints of a sync are written by, one after the other.
pub(super) struct Transaction<'a> {
    warehouse: Box<dyn Warehouse>,
    plans: Arc<[StreamPlan]>,
    targets: Vec<StreamTarget>,
    patience: Patience<'a>,
    is_open: bool,
    /// Streams with rows to be merged.
    unmerged: BTreeSet<usize>,
    /// The rows themselves, those that do not wait in the warehouse.
    arrivals: Arrivals,
    /// Streams of whose unmerged rows some wait in the warehouse.
    overflowing: BTreeSet<usize>,
    /// Streams that were emptied to be filled again.
    emptied: BTreeSet<usize>,
    /// Streams whose tables have what merges find rows by.
    indexed: BTreeSet<usize>,
    kept: Kept,
}

impl<'a> Transaction<'a> {
    /// `waiting_bytes`: see [`Settings`](crate::sync::Settings).
    pub(super) fn new(
        warehouse: Box<dyn Warehouse>,
        plans: Arc<[StreamPlan]>,
        targets: Vec<StreamTarget>,
        patience: Patience<'a>,
        waiting_bytes: usize,
    ) -> Self {
        let kept = Kept::new(warehouse.has_connection());
        let [unmerged, overflowing, emptied, indexed] = [const { BTreeSet::new() }; 4];
        let arrivals = Arrivals::new(waiting_bytes);
        Self {
            warehouse,
            plans,
            targets,
            patience,
            is_open: false,
            unmerged,
            arrivals,
            overflowing,
            emptied,
            indexed,
            kept,
        }
    }

    /// What a checkpoint should hold: `most` bytes of input at most, or less where its rows take much room.
    pub(super) fn capacity(&self, most: usize) -> Capacity {
        let has_history = self.plans.iter().any(|plan| plan.history.is_some());
        let bytes = match (self.kept.is_wanted(), has_history) {
            (true, _) => KEPT_INPUT,
            (false, true) => INPUT_WITH_HISTORY,
            (false, false) => usize::MAX,
        };
        Capacity { bytes: bytes.min(most), load: self.warehouse.whole_load() }
    }

    /// The bytes of input whose rows should be loaded at once, where so many rows of the largest table come from so many bytes.
    pub(super) fn best_load(&self, rows: usize, input: usize) -> usize {
        self.warehouse.best_load(rows, input)
    }

    /// The most bytes of input that should be on their way at once, with loads of so many.
    pub(super) fn most_on_the_way(&self, load: usize) -> usize {
        self.warehouse.most_on_the_way(load)
    }

    /// How many of the gathered rows of a table should be loaded now.
    pub(super) fn rows_at_once(&self, gathered: usize) -> usize {
        self.warehouse.rows_at_once(gathered)
    }

    /// Rows were loaded that are not committed.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Adds rows to the present checkpoint.
    pub(super) fn load(&mut self, rows: &[Rows]) -> Result<(), Failure> {
        if rows.is_empty() {
            return Ok(());
        }
        self.kept.add(rows);
        let loaded = self.load_all(rows);
        self.or_again(loaded, Self::replay)
    }

    /// Merges what is loaded, lets the replacements of `completed` streams take effect and makes all of it durable.
    pub(super) fn commit(&mut self, completed: &[usize]) -> Result<(), Failure> {
        let concluded = self.conclude(completed);
        self.or_again(concluded, |this| {
            this.replay()?;
            this.conclude(completed)
        })?;
        self.is_open = false;
        self.indexed.append(&mut self.unmerged);
        self.emptied.clear();
        self.kept.clear();
        for stream in completed {
            let live = StreamSql::new(&self.plans[*stream], self.warehouse.dialect()).live();
            let target = &mut self.targets[*stream];
            if target.replacing.is_some() {
                target.state = target.replaced(&self.plans[*stream]);
                (target.replacing, target.targets) = (None, live);
                target.obsolete.clear();
                target.retyped.clear();
            }
        }
        Ok(())
    }

    /// Drops what is not committed.
    pub(super) fn rollback(&mut self) {
        if std::mem::take(&mut self.is_open) {
            // the error that counts is the one that led here
            let _ = self.warehouse.rollback();
        }
    }

    /// Adds to the sync log.
    pub(super) fn log(&mut self, entries: &[SyncLogEntry]) -> Result<(), Failure> {
        let logged = self.log_entries(entries);
        self.or_again(logged, |this| this.log_entries(entries))?;
        self.is_open = false;
        Ok(())
    }

    /// The warehouse, when there is no more to write.
    pub(super) fn into_warehouse(self) -> Box<dyn Warehouse> {
        self.warehouse
    }

    /// What was tried, or else `again` on a new connection until it succeeds or there is no use in going on.
    fn or_again(
        &mut self,
        tried: Result<(), Failure>,
        again: impl Fn(&mut Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Err(mut reason) = tried else { return Ok(()) };
        let mut pauses = self.patience.pauses();
        while self.kept.is_whole() && pauses.wait_after(&reason) {
            let reconnected = self.warehouse.reconnect();
            self.is_open = false;
            self.unmerged.clear();
            self.arrivals.clear();
            self.overflowing.clear();
            self.emptied.clear();
            let outcome = match reconnected {
                Ok(Interrupted::Committed) => Ok(()),
                Ok(Interrupted::RolledBack) => again(self),
                Err(error) => Err(failure(error, None)),
            };
            match outcome {
                Ok(()) => return Ok(()),
                Err(failure) => reason = failure,
            }
        }
        Err(reason)
    }

    fn replay(&mut self) -> Result<(), Failure> {
        let rows = self.kept.take();
        let loaded = self.load_all(&rows);
        self.kept.put_back(rows);
        loaded
    }

    fn load_all(&mut self, rows: &[Rows]) -> Result<(), Failure> {
        for ((stream, slot), batches) in rows {
            self.begin()?;
            self.empty(*stream)?;
            let targets = &self.targets[*stream].targets;
            match slot {
                Slot::Raw => self.load_into(targets.raw.clone(), batches, *stream)?,
                Slot::Table(table) if self.plans[*stream].dedup.is_some() => self.arrive(*stream, *table, batches)?,
                Slot::Table(table) => self.load_into(targets.tables.get(*table).cloned(), batches, *stream)?,
            }
        }
        Ok(())
    }

    /// Appends rows of a stream to a table.
    fn load_into(&mut self, table: Option<TableName>, batches: &[RecordBatch], stream: usize) -> Result<(), Failure> {
        let table = table.ok_or_else(|| Failure::internal("rows of a table that the plan does not have"))?;
        seams::reach("load");
        let loaded = self.warehouse.load(&table, batches);
        seams::reach("loaded");
        loaded.map(drop).map_err(|error| failure(error, Some(&self.plans[stream])))
    }

    fn conclude(&mut self, completed: &[usize]) -> Result<(), Failure> {
        for stream in self.unmerged.clone() {
            seams::reach("merge");
            self.merge(stream)?;
            seams::reach("merged");
        }
        for stream in completed {
            seams::reach("replace");
            self.replace(*stream)?;
            seams::reach("replaced");
        }
        if self.is_open {
            seams::reach("commit");
            self.warehouse.commit().map_err(|error| failure(error, None))?;
            seams::reach("committed");
        }
        Ok(())
    }

    fn log_entries(&mut self, entries: &[SyncLogEntry]) -> Result<(), Failure> {
        let dialect = self.warehouse.dialect();
        let statements: Vec<String> = entries.iter().map(|entry| log_sync(dialect, entry)).collect();
        self.begin()?;
        for statement in &statements {
            self.warehouse.execute(statement).map_err(|error| failure(error, None))?;
        }
        self.warehouse.commit().map_err(|error| failure(error, None))
    }

    fn begin(&mut self) -> Result<(), Failure> {
        if !self.is_open {
            self.warehouse.begin().map_err(|error| failure(error, None))?;
            self.is_open = true;
        }
        Ok(())
    }

    /// Statements with a point before them, if there are any.
    fn step(&mut self, point: &'static str, statements: &[String], stream: &StreamPlan) -> Result<(), Failure> {
        if !statements.is_empty() {
            seams::reach(point);
        }
        self.execute(statements, stream)
    }

    fn execute(&mut self, statements: &[String], stream: &StreamPlan) -> Result<(), Failure> {
        statements.iter().try_for_each(|statement| {
            self.warehouse.execute(statement).map(drop).map_err(|error| failure(error, Some(stream)))
        })
    }

    fn sql<'s>(&'s self, plan: &'s StreamPlan) -> StreamSql<'s> {
        StreamSql::new(plan, self.warehouse.dialect())
    }
}
