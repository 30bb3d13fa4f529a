//! Batches gathered, checkpoint by checkpoint, and states acknowledged behind them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use alluvium_normalization::plan::StreamPlan;
use alluvium_normalization::shred::{Counts, Slot};
use alluvium_normalization::sql::bookkeeping::SyncLogEntry;
use arrow_array::RecordBatch;
use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::failure::Failure;
use crate::protocol::writer::DestinationStats;
use crate::protocol::writer::ProtocolWriter;
use crate::seams;
use crate::sync::batches::Gathered;
use crate::sync::budget::Budget;
use crate::sync::clock::{now_micros, rfc3339};
use crate::sync::kept::Rows;
use crate::sync::report::{Progress, Report, StreamReport};
use crate::sync::transaction::Transaction;
use crate::warehouse::Warehouse;

/// How long the loader waits for more before it loads what it has gathered.
const IDLE: Duration = Duration::from_millis(50);

/// What reaches the loader.
#[derive(Debug)]
pub(super) enum Delivery {
    /// Rows of a chunk that take more than its input accounts for, by so many bytes of the budget.
    Unfolded { checkpoint: u64, stream: usize, slot: Slot, batch: RecordBatch, bytes: usize },
    /// A chunk of a checkpoint is shredded: all its other rows.
    ChunkDone {
        checkpoint: u64,
        stream: usize,
        records: u64,
        input_bytes: usize,
        batches: Vec<(Slot, RecordBatch)>,
        counts: Counts,
    },
    /// A checkpoint has this many chunks, and this is what follows when they are durable.
    Seal { checkpoint: u64, chunks: u64, actions: Vec<Action> },
    /// A worker could not go on.
    Failed(Failure),
}

/// What follows when a checkpoint is durable, in the order of the input.
#[derive(Debug)]
pub(super) enum Action {
    /// Echo a state.
    Acknowledge { message: String, stats: DestinationStats },
    /// The stream has come to its end: its replacement, if it is one, takes effect with the checkpoint.
    Complete { stream: usize },
}

impl Action {
    fn completed(&self) -> Option<usize> {
        match self {
            Self::Complete { stream } => Some(*stream),
            Self::Acknowledge { .. } => None,
        }
    }
}

/// The thread that owns the warehouse.
pub(super) struct Loader<'a> {
    transaction: Transaction<'a>,
    plans: Arc<[StreamPlan]>,
    writer: ProtocolWriter,
    budget: Arc<Budget>,
    progress: Arc<Progress>,
    started_at: i64,
    checkpoint: u64,
    /// Chunks of the present checkpoint that are done, and how many there are.
    done: u64,
    sealed: Option<(u64, Vec<Action>)>,
    /// What came of later checkpoints.
    early: VecDeque<Delivery>,
    gathered: BTreeMap<(usize, Slot), Gathered>,
    gathered_input: usize,
    gathered_unfolded: usize,
    /// What the present checkpoint holds of each stream: records, and what typing them cost.
    uncommitted: BTreeMap<usize, (u64, Counts)>,
    reports: Vec<StreamReport>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(
        transaction: Transaction<'a>,
        plans: Arc<[StreamPlan]>,
        writer: ProtocolWriter,
        budget: Arc<Budget>,
        progress: Arc<Progress>,
    ) -> Self {
        let report = |plan: &StreamPlan| StreamReport {
            stream: plan.stream.clone(),
            schema: plan.schema.clone(),
            tables: plan.tables.iter().map(|table| table.name.clone()).collect(),
            records: 0,
            counts: Counts::default(),
            is_complete: false,
        };
        Self {
            reports: plans.iter().map(report).collect(),
            transaction,
            plans,
            writer,
            budget,
            progress,
            started_at: now_micros(),
            checkpoint: 0,
            done: 0,
            sealed: None,
            early: VecDeque::new(),
            gathered: BTreeMap::new(),
            gathered_input: 0,
            gathered_unfolded: 0,
            uncommitted: BTreeMap::new(),
        }
    }

    /// Loads and commits until nobody delivers any more. After an error nothing is loaded, committed or acknowledged.
    pub(super) fn run(&mut self, deliveries: &Receiver<Delivery>) -> Result<(), Failure> {
        let result = self.take_all(deliveries).and_then(|()| {
            let is_whole = !self.transaction.is_open() && self.done == 0 && self.early.is_empty();
            if is_whole { Ok(()) } else { Err(Failure::internal("a thread ended in the middle of a checkpoint")) }
        });
        self.budget.close();
        if result.is_err() {
            self.transaction.rollback();
        }
        result.and_then(|()| self.log_sync())
    }

    /// What has landed, and the warehouse. In a hurry, it is not closed in order: what is committed is durable without that,
    /// and tidying a large file takes longer than whoever stops us waits.
    pub(super) fn finish(self, in_a_hurry: bool) -> (Report, Option<Box<dyn Warehouse>>) {
        let warehouse = self.transaction.into_warehouse();
        let warehouse = if in_a_hurry {
            std::mem::forget(warehouse);
            None
        } else {
            Some(warehouse)
        };
        (Report { streams: self.reports, ..Report::default() }, warehouse)
    }

    fn take_all(&mut self, deliveries: &Receiver<Delivery>) -> Result<(), Failure> {
        loop {
            match deliveries.recv_timeout(IDLE) {
                Ok(delivery) => self.take(delivery)?,
                // what is gathered takes room of the budget that a large record may be waiting for
                Err(RecvTimeoutError::Timeout) => self.load()?,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    fn take(&mut self, delivery: Delivery) -> Result<(), Failure> {
        let checkpoint = match &delivery {
            Delivery::Unfolded { checkpoint, .. }
            | Delivery::ChunkDone { checkpoint, .. }
            | Delivery::Seal { checkpoint, .. } => *checkpoint,
            Delivery::Failed(_) => self.checkpoint,
        };
        if checkpoint > self.checkpoint {
            self.early.push_back(delivery);
            return Ok(());
        }
        match delivery {
            Delivery::Unfolded { stream, slot, batch, bytes, .. } => {
                self.gathered_unfolded += bytes;
                self.gather(stream, slot, batch);
                // somebody may wait for these bytes
                self.load()
            }
            Delivery::ChunkDone { stream, records, input_bytes, batches, counts, .. } => {
                self.done += 1;
                for (slot, batch) in batches {
                    self.gather(stream, slot, batch);
                }
                self.gathered_input += input_bytes;
                let sum = self.uncommitted.entry(stream).or_default();
                sum.0 += records;
                sum.1.add(counts);
                // the table that takes the warehouse the longest
                let largest = self.gathered.values().max_by_key(|gathered| gathered.bytes());
                let rows = largest.map_or(0, Gathered::rows);
                let best = self.transaction.best_load(rows, self.gathered_input);
                self.budget.allow(self.transaction.most_on_the_way(best));
                if self.gathered_input >= best {
                    self.load_best()?;
                }
                self.commit_when_whole()
            }
            Delivery::Seal { chunks, actions, .. } => {
                self.sealed = Some((chunks, actions));
                self.commit_when_whole()
            }
            Delivery::Failed(failure) => Err(failure),
        }
    }

    fn gather(&mut self, stream: usize, slot: Slot, batch: RecordBatch) {
        self.gathered.entry((stream, slot)).or_default().push(batch);
    }

    fn commit_when_whole(&mut self) -> Result<(), Failure> {
        if self.sealed.as_ref().is_none_or(|(chunks, _)| self.done < *chunks) {
            return Ok(());
        }
        let (_, actions) = self.sealed.take().unwrap_or_default();
        self.commit(actions)?;
        self.checkpoint += 1;
        self.done = 0;
        self.budget.loading(self.checkpoint);
        // what came early is at home in this checkpoint or in a later one
        for delivery in std::mem::take(&mut self.early) {
            self.take(delivery)?;
        }
        Ok(())
    }

    fn commit(&mut self, actions: Vec<Action>) -> Result<(), Failure> {
        self.load()?;
        let completed: Vec<usize> = actions.iter().filter_map(Action::completed).collect();
        self.transaction.commit(&completed)?;
        for stream in completed {
            self.reports[stream].is_complete = true;
        }
        for (stream, (records, counts)) in std::mem::take(&mut self.uncommitted) {
            self.reports[stream].records += records;
            self.reports[stream].counts.add(counts);
            self.progress.landed(stream, records);
        }
        for action in actions {
            if let Action::Acknowledge { message, stats } = action {
                seams::reach("acknowledge");
                self.writer
                    .state(&message, stats)
                    .map_err(|error| Failure::internal("stdout can't be written").caused_by(error))?;
            }
        }
        Ok(())
    }

    /// Hands to the warehouse what it takes best of what is gathered. What is left of a table is less than what is handed on.
    fn load_best(&mut self) -> Result<(), Failure> {
        let mut rows: Vec<Rows> = Vec::new();
        for (place, gathered) in &mut self.gathered {
            rows.push((*place, gathered.take(self.transaction.rows_at_once(gathered.rows()))));
        }
        self.gathered.retain(|_, gathered| gathered.rows() > 0);
        self.hand_on(&rows)
    }

    /// Hands what is gathered to the warehouse.
    fn load(&mut self) -> Result<(), Failure> {
        let gathered = std::mem::take(&mut self.gathered).into_iter();
        let rows: Vec<Rows> = gathered.map(|(place, gathered)| (place, gathered.into_batches())).collect();
        self.hand_on(&rows)
    }

    fn hand_on(&mut self, rows: &[Rows]) -> Result<(), Failure> {
        self.transaction.load(rows)?;
        self.budget.give_back(std::mem::take(&mut self.gathered_input), std::mem::take(&mut self.gathered_unfolded));
        Ok(())
    }

    fn log_sync(&mut self) -> Result<(), Failure> {
        seams::reach("log");
        let finished_at = rfc3339(now_micros());
        let entry = |(plan, report): (&StreamPlan, &StreamReport)| SyncLogEntry {
            sync_id: plan.sync_id,
            schema: plan.schema.clone(),
            stream: plan.stream.name.clone(),
            started_at: rfc3339(self.started_at),
            finished_at: finished_at.clone(),
            status: if report.is_complete { "complete" } else { "incomplete" }.to_owned(),
            records: report.records,
            generation_id: plan.generation_id,
        };
        let entries: Vec<SyncLogEntry> = self.plans.iter().zip(&self.reports).map(entry).collect();
        self.transaction.log(&entries)
    }
}
