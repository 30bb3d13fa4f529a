//! The conductor of `write`: route, shred on worker threads, load, commit, acknowledge.
//!
//! ```text
//! stdin -> reader -> blocks -> router -> chunks -> workers -> batches -> loader -> commit -> STATE
//! ```
//!
//! The router cuts the input into checkpoints. All chunks of a checkpoint are loaded in one transaction, and its states
//! are written out after that transaction is durable. Whatever comes, memory is bounded: `budget` counts the bytes
//! between the router and the warehouse, and the router waits when there are too many.

/// Rows of one table, as batches.
mod batches;
/// Bytes between the router and the warehouse, bounded.
mod budget;
/// Records of one stream on their way to a worker.
mod chunk;
/// The wall clock, and ids that follow it.
mod clock;
/// Raw tables, reduced to what is needed.
pub(crate) mod compact;
/// What a rebuild would do, without touching anything.
pub(crate) mod foreseen;
/// Tables of a stream that earlier plans had and the present one has not.
mod former;
/// When a checkpoint is full.
mod fullness;
/// The rows of a checkpoint, kept until they are durable.
mod kept;
/// Batches gathered, checkpoint by checkpoint, and states acknowledged behind them.
mod loader;
/// How often and after which pauses something is tried again.
mod patience;
/// Everything before the first row: names, plan, tables, bookkeeping.
mod prepare;
/// What a sync would start from, without touching anything.
pub(crate) mod preview;
/// Rows of raw tables to chunks and checkpoints.
mod raw_feed;
/// A raw row, read as the record that it came from.
mod raw_record;
/// Where the raw rows of a stream are.
mod raw_tables;
/// The input, read on a thread of its own.
mod read_ahead;
/// Typed tables from raw tables.
pub(crate) mod rebuild;
/// What a sync did.
pub(crate) mod report;
/// Lines of the input to chunks and checkpoints.
mod router;
/// Streams whose rows an earlier plan typed in another way.
mod stale;
/// Where the rows of a stream go: what is live, what is staged, and what becomes of what an earlier run left.
mod target;
/// The threads between a feed of records and the warehouse.
mod threads;
/// The transaction of a checkpoint: rows, merges, replacements that take effect, commit.
mod transaction;
/// Chunks into batches, on threads.
mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use alluvium_normalization::catalog::{ConfiguredCatalog, StreamName};
use alluvium_normalization::plan::{Options, StreamPlan};

use crate::config::OnBadInput;
use crate::failure::Failure;
use crate::protocol::writer::ProtocolWriter;
use crate::seams;
use crate::warehouse::Warehouse;
use patience::Patience;
use prepare::{Prepared, Purpose, Readiness};
pub(crate) use read_ahead::ReadAhead;
use rebuild::{Rebuild, Rebuilding};
use report::{Progress, Report};
use router::{Ending, Router};
use stale::Stale;
use target::Place;
use transaction::Transaction;

/// How a sync runs.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// What is done with a line that can't be used.
    pub(crate) on_bad_input: OnBadInput,
    /// The longest line that is read, in bytes.
    pub(crate) max_line_bytes: usize,
    /// Threads that shred.
    pub(crate) workers: usize,
    /// Input bytes after which a checkpoint is committed, however many states wait.
    pub(crate) checkpoint_bytes: usize,
    /// Bytes of rows that wait in this process until it is decided which of them stay; more wait in the warehouse.
    pub(crate) waiting_bytes: usize,
    /// A rebuild of roots of up to so many values may be one transaction, which saves writing them twice: less than a
    /// minute's work, which begins anew if it is interrupted.
    pub(crate) values_at_once: u64,
    /// Time after which a waiting state makes a checkpoint.
    pub(crate) checkpoint_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            on_bad_input: OnBadInput::Fail,
            max_line_bytes: 256 << 20,
            // as many as there are cores: where the loader, which everything waits for, wants one, they give way
            workers: std::thread::available_parallelism().map_or(1, |cores| cores.get().min(16)),
            checkpoint_bytes: seams::checkpoint_bytes(96 << 20),
            waiting_bytes: 96 << 20,
            values_at_once: if seams::has_small_checkpoints() { 0 } else { 200_000_000 },
            checkpoint_after: Duration::from_secs(2),
        }
    }
}

/// A sync that is about to run.
pub(crate) struct Sync<'a> {
    /// The streams.
    pub(crate) catalog: &'a ConfiguredCatalog,
    /// What they become.
    pub(crate) options: &'a Options,
    /// How the sync runs.
    pub(crate) settings: &'a Settings,
    /// Where states go.
    pub(crate) writer: &'a ProtocolWriter,
    /// Raised to end the sync before its input ends: what was read is landed, the rest is left to the source.
    pub(crate) stop: &'a AtomicBool,
}

impl Sync<'_> {
    /// Runs the sync to its end. `watch` gets the counters before the first row.
    ///
    /// Law: a state is written to stdout only after every record before it is durable, and states keep their order. An
    /// error is returned after all that could be saved is saved; the report then says what landed.
    pub(crate) fn run(
        &self,
        input: ReadAhead,
        mut warehouse: Box<dyn Warehouse>,
        watch: &mut dyn FnMut(Arc<Progress>),
    ) -> (Report, Result<(), Failure>) {
        let started = Instant::now();
        let patience = Patience::new(warehouse.has_connection(), self.stop);
        let prepared;
        (warehouse, prepared) = match self.prepare(warehouse, patience) {
            Ok(prepared) => prepared,
            Err(failure) => return (Report::default(), Err(failure)),
        };
        let plans: Arc<[StreamPlan]> = prepared.plan.streams.into();
        let progress = Arc::new(Progress::new(&plans));
        watch(Arc::clone(&progress));
        let transaction =
            Transaction::new(warehouse, Arc::clone(&plans), prepared.streams, patience, self.settings.waiting_bytes);
        let (mut report, routed, loaded) = threads::run(
            transaction,
            (&plans, &prepared.limits),
            (self.settings, self.stop),
            (self.writer, &progress),
            |intake| Router::new(&plans, &prepared.limits, self.settings, intake).run(input, self.stop),
        );
        report.elapsed = started.elapsed();
        report.rejected = routed.rejected;
        let outcome = loaded.map(drop).and(outcome(routed.ending, &report));
        (report, outcome)
    }

    /// Makes the tables ready; before that, types rows again that an earlier catalog or config had typed in another way.
    fn prepare(
        &self,
        mut warehouse: Box<dyn Warehouse>,
        patience: Patience<'_>,
    ) -> Result<(Box<dyn Warehouse>, Prepared), Failure> {
        let mut rebuilds = true;
        loop {
            let purpose = Purpose::Sync { rebuilds };
            match prepare::prepare(warehouse.as_mut(), self.catalog, self.options, patience, purpose)? {
                Readiness::Ready(prepared) => return Ok((warehouse, *prepared)),
                Readiness::Stale(stale) => warehouse = self.type_again(warehouse, &stale)?,
            }
            rebuilds = false;
        }
    }

    fn type_again(&self, mut warehouse: Box<dyn Warehouse>, stale: &[Stale]) -> Result<Box<dyn Warehouse>, Failure> {
        for place in [Place::Live, Place::Staged] {
            let stale = stale.iter().filter(|stale| stale.place == place);
            let streams: Vec<StreamName> = stale
                .map(|stale| {
                    let reasons = stale.reasons().join(", ");
                    tracing::info!(stream = stale.stream.to_string(), reasons, "rows are typed again from raw");
                    stale.stream.clone()
                })
                .collect();
            if streams.is_empty() {
                continue;
            }
            // that a raw row holds no record is no reason not to land others
            let settings = Settings { on_bad_input: OnBadInput::Skip, ..self.settings.clone() };
            let rebuild = Rebuild {
                catalog: self.catalog,
                options: self.options,
                settings: &settings,
                stop: self.stop,
                rebuilding: Rebuilding::of(streams, place),
            };
            let (report, outcome) = rebuild.run(warehouse, &mut |_| {});
            let stopped = || Failure::transient("stopped by a signal; nothing was read");
            warehouse = outcome?.ok_or_else(stopped)?;
            let records = report.streams.iter().map(|stream| stream.records).sum::<u64>();
            tracing::info!(records, seconds = report.elapsed.as_secs_f64(), "rows were typed again from raw");
        }
        Ok(warehouse)
    }
}

/// What the run comes to, once everything that could be saved is saved.
fn outcome(ending: Ending, report: &Report) -> Result<(), Failure> {
    match ending {
        Ending::Input => {}
        Ending::Failed(failure) => return Err(failure),
        Ending::Stopped => {
            return Err(Failure::transient("stopped by a signal; what is acknowledged is durable"));
        }
        Ending::LoaderGone => return Err(Failure::internal("the loading thread ended early")),
    }
    let incomplete: Vec<_> = report.streams.iter().filter(|stream| !stream.is_complete).collect();
    let Some(first) = incomplete.first() else { return Ok(()) };
    let names = incomplete.iter().map(|stream| format!("`{}`", stream.stream)).collect::<Vec<_>>().join(", ");
    let message = format!("the source ended without completing these streams: {names}; all others are finished");
    let (name, namespace) = (first.stream.name.clone(), first.stream.namespace.clone());
    Err(Failure::source(message).in_stream(name, namespace))
}

/// Refused lines by stream index; `None` = a line that no stream can be told of.
pub(crate) type Rejected = BTreeMap<Option<usize>, u64>;

#[cfg(test)]
mod tests;
