//! Rows of raw tables to chunks and checkpoints.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use alluvium_normalization::limits::Limits;
use alluvium_normalization::plan::StreamPlan;
use alluvium_normalization::raw::RawLayout;

use crate::config::OnBadInput;
use crate::failure::Failure;
use crate::sync::chunk::Chunk;
use crate::sync::fullness::Fullness;
use crate::sync::loader::{Action, Delivery};
use crate::sync::prepare::failure;
use crate::sync::raw_record::{RawRecord, Unreadable};
use crate::sync::raw_tables::RawQuery;
use crate::sync::rebuild::{Fed, stopped};
use crate::sync::threads::{CHUNK_BYTES, Halt, Intake};
use crate::sync::{Rejected, Settings};
use crate::warehouse::RowReader;
use crate::warehouse::rows::TextRow;

/// Feeds the rows of raw tables, one stream after the other.
pub(super) struct RawFeed<'a> {
    plans: &'a [StreamPlan],
    limits: &'a Limits,
    settings: &'a Settings,
    intake: Intake,
    chunk: Chunk,
    checkpoint: u64,
    chunks: u64,
    fullness: Fullness,
    /// Of a stream with one row a key: the ids of the checkpoint's records.
    ids: HashSet<u128>,
    rejected: Rejected,
}

impl<'a> RawFeed<'a> {
    pub(super) fn new(plans: &'a [StreamPlan], limits: &'a Limits, settings: &'a Settings, intake: Intake) -> Self {
        let (chunk, fullness) = (Chunk::default(), Fullness::default());
        let (ids, rejected) = (HashSet::new(), Rejected::new());
        Self { plans, limits, settings, intake, chunk, checkpoint: 0, chunks: 0, fullness, ids, rejected }
    }

    /// Feeds the rows of each stream's query, in the order of the plans. Streams that were fed to their end before a failure
    /// or a signal are finished; the others stay as they were, staged rows aside.
    pub(super) fn run(mut self, mut reader: Box<dyn RowReader>, sources: &[RawQuery], stop: &AtomicBool) -> Fed {
        for (index, source) in sources.iter().enumerate() {
            match self.stream(index, reader.as_mut(), source, stop) {
                Ok(true) => {}
                // the loader has emptied the live tables: it must not commit
                Ok(false) if source.is_one_checkpoint => return Ok(self.give_up(stopped())),
                Ok(false) => break,
                Err(Halt::LoaderGone) => return Ok(self.rejected),
                Err(Halt::Failed(failure)) => {
                    let StreamPlan { stream, .. } = &self.plans[index];
                    let failure = failure.in_stream(stream.name.clone(), stream.namespace.clone());
                    if source.is_one_checkpoint {
                        return Ok(self.give_up(failure));
                    }
                    // what is staged is whole, and may be gone on with
                    let _ = self.seal(Vec::new());
                    return Err(failure);
                }
            }
        }
        let _ = self.seal(Vec::new());
        Ok(self.rejected)
    }

    /// Has the loader undo what is not committed, and tell why.
    fn give_up(self, failure: Failure) -> Rejected {
        // who is gone has told its own reason
        let _ = self.intake.deliveries.send(Delivery::Failed(failure));
        self.rejected
    }

    /// Feeds one stream; `false` if it was stopped before its end.
    fn stream(
        &mut self,
        index: usize,
        reader: &mut dyn RowReader,
        source: &RawQuery,
        stop: &AtomicBool,
    ) -> Result<bool, Halt> {
        let plans = self.plans;
        let failed = |error| Halt::Failed(failure(error, Some(&plans[index])));
        for part in reader.stream(&source.sql, RawLayout::WIDTH).map_err(failed)? {
            if stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            for row in part.map_err(failed)?.rows() {
                self.row(index, row, source)?;
            }
        }
        self.seal(vec![Action::Complete { stream: index }])?;
        // Nothing is read while tables are replaced: of what a reader may still need DuckDB writes a log, and a log that a
        // killed process leaves half written brings back rows, if it is not us who opens the file next.
        self.intake.budget.wait_for(self.checkpoint);
        Ok(true)
    }

    fn row(&mut self, stream: usize, row: TextRow<'_>, source: &RawQuery) -> Result<(), Halt> {
        let RawRecord { record, origin } = match RawRecord::read(row, self.limits, source.is_json) {
            Ok(record) => record,
            Err(reason) => return self.refuse(stream, &reason),
        };
        // A merge tells the versions of a key by their ids. One that comes again in a later checkpoint changes nothing.
        if self.plans[stream].dedup.is_some() && !self.ids.insert(record.id) {
            self.intake.progress.expect_one_less(stream);
            return Ok(());
        }
        if self.chunk.is_empty() {
            (self.chunk.stream, self.chunk.origin) = (stream, Some(origin));
        } else if self.chunk.origin != Some(origin) {
            self.send()?;
            (self.chunk.stream, self.chunk.origin) = (stream, Some(origin));
        }
        let before = self.chunk.bytes();
        self.chunk.push(&record);
        let is_full = self.fullness.add(self.chunk.bytes() - before, self.intake.capacity);
        self.intake.progress.read(stream, record.data.len());
        if self.chunk.bytes() >= CHUNK_BYTES {
            self.send()?;
        }
        if is_full && !source.is_one_checkpoint { self.seal(Vec::new()) } else { Ok(()) }
    }

    fn send(&mut self) -> Result<(), Halt> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let mut chunk = self.chunk.take();
        chunk.checkpoint = self.checkpoint;
        self.chunks += 1;
        self.intake.send(chunk)
    }

    /// Ends the checkpoint.
    fn seal(&mut self, actions: Vec<Action>) -> Result<(), Halt> {
        self.send()?;
        let (checkpoint, chunks) = (self.checkpoint, self.chunks);
        (self.checkpoint, self.chunks, self.fullness) = (checkpoint + 1, 0, Fullness::default());
        self.ids.clear();
        self.intake.seal(checkpoint, chunks, actions)
    }

    /// A row that holds no record: the end, or one more that is counted.
    fn refuse(&mut self, stream: usize, reason: &Unreadable) -> Result<(), Halt> {
        let reason = reason.told(&self.plans[stream].stream.name);
        match self.settings.on_bad_input {
            OnBadInput::Fail => Err(Halt::Failed(Failure::source(reason))),
            OnBadInput::Skip => {
                *self.rejected.entry(Some(stream)).or_default() += 1;
                self.intake.progress.expect_one_less(stream);
                tracing::warn!(reason, "raw row skipped");
                Ok(())
            }
        }
    }
}
