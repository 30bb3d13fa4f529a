//! Typed tables from raw tables: the same shredder, fed from the warehouse.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use alluvium_normalization::catalog::{ConfiguredCatalog, StreamName};
use alluvium_normalization::plan::{Basis, Options, Plan, StreamPlan};
use alluvium_normalization::raw::RawPlace;
use alluvium_normalization::sql::StreamSql;
use alluvium_normalization::sql::bookkeeping::StreamState;
use uuid::Uuid;

use crate::failure::Failure;
use crate::protocol::writer::ProtocolWriter;
use crate::sync::patience::Patience;
use crate::sync::prepare::{self, Prepared, Purpose, Readiness, failure, find};
use crate::sync::raw_feed::RawFeed;
use crate::sync::raw_tables::{self, RawQuery, RawSource, no_raw_table, raw_source};
use crate::sync::report::{Progress, Report};
use crate::sync::stale::rows_without_raw;
use crate::sync::target::{Place, StreamPreparation, StreamTarget};
use crate::sync::transaction::Transaction;
use crate::sync::{Rejected, Settings, threads};
use crate::warehouse::{ExistingTable, Warehouse, count};

/// So many rows of a stream with one row a key are: their ids are in memory.
const MOST_KEYED_ROWS_AT_ONCE: u64 = 1_000_000;

/// A rebuild that is about to run.
pub(crate) struct Rebuild<'a> {
    /// The streams.
    pub(crate) catalog: &'a ConfiguredCatalog,
    /// What they become.
    pub(crate) options: &'a Options,
    /// How it runs.
    pub(crate) settings: &'a Settings,
    /// Raised to end it: tables of streams that are not finished stay as they are.
    pub(crate) stop: &'a AtomicBool,
    /// Which of the streams, and what of them.
    pub(crate) rebuilding: Rebuilding,
}

/// What is rebuilt.
#[derive(Debug)]
pub(crate) struct Rebuilding {
    only: Option<Vec<StreamName>>,
    place: Place,
    accepts_losses: bool,
    is_within_a_sync: bool,
}

impl Rebuilding {
    /// The typed tables of these streams, of all if none are named. `accepts_losses`: also those with rows whose records the
    /// raw table has not, which are then gone.
    pub(crate) fn live(only: Option<Vec<StreamName>>, accepts_losses: bool) -> Self {
        Self { only, place: Place::Live, accepts_losses, is_within_a_sync: false }
    }

    /// What is `place` of these streams, of which the raw tables have all records.
    pub(super) fn of(only: Vec<StreamName>, place: Place) -> Self {
        Self { only: Some(only), place, accepts_losses: true, is_within_a_sync: true }
    }

    /// Whether the stream is rebuilt.
    pub(super) fn has(&self, stream: &StreamName) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(stream))
    }

    /// Tells of raw tables that the rebuild does not read, where a person chose what it reads.
    pub(super) fn tell_unread(&self, plan: &Plan, places: &[Vec<RawPlace>], existing: &[ExistingTable]) {
        if !self.is_within_a_sync {
            raw_tables::tell_unread(plan, self.only.is_none(), places, existing);
        }
    }

    /// Refuses to type tables again whose rows raw does not hold all.
    pub(super) fn refuse_losses(
        &self,
        warehouse: &mut dyn Warehouse,
        plan: &Plan,
        existing: &[ExistingTable],
    ) -> Result<(), Failure> {
        for stream in plan.streams.iter().filter(|_| !self.accepts_losses) {
            let Some(source) = raw_source(self.place, stream, existing, warehouse.dialect()) else {
                return Err(no_raw_table(stream));
            };
            let targets = StreamSql::new(stream, warehouse.dialect()).live();
            let missing = rows_without_raw(warehouse, stream, &targets, &source, existing)?;
            if missing > 0 {
                let StreamName { namespace, name } = &stream.stream;
                let message = format!(
                    "the raw table `{}.{}` lacks {missing} of the records that the typed tables of `{name}` show: to \
                     rebuild them would lose those (`--accept-losses` does it all the same)",
                    source.table.schema, source.table.name
                );
                return Err(Failure::config(message).in_stream(name.clone(), namespace.clone()));
            }
        }
        Ok(())
    }

    /// Makes the tables ready. Streams that an interrupted run has finished, and that would come out the same again, are taken
    /// out of the plan.
    pub(super) fn make_ready(
        &self,
        warehouse: &mut dyn Warehouse,
        (plan, values_at_once): (&mut Plan, u64),
        states: Vec<StreamState>,
        existing: &[ExistingTable],
    ) -> Result<(Vec<StreamTarget>, Vec<RawQuery>), Failure> {
        let run = Self::run_id(plan);
        let is_of_run = |basis: &Basis| basis.run == run;
        let is_unfinished = |StreamState { layouts, .. }: &StreamState| {
            layouts.rebuild.is_some() && layouts.basis.as_ref().is_some_and(is_of_run)
        };
        let goes_on = !self.is_within_a_sync && states.iter().any(is_unfinished);
        let mut finished = 0;
        let (mut targets, mut sources) = (Vec::new(), Vec::new());
        // within a sync a rebuild is of what has to be typed again in any case; of one stream there is none finished before
        let none_stays = self.is_within_a_sync || plan.streams.len() == 1;
        for (mut stream, state) in std::mem::take(&mut plan.streams).into_iter().zip(states) {
            let source = raw_source(self.place, &stream, existing, warehouse.dialect());
            let Some(source) = source else { return Err(no_raw_table(&stream)) };
            let raw = if none_stays { Ok(String::new()) } else { source.summary(warehouse) };
            let raw = raw.map_err(|error| failure(error, Some(&stream)))?;
            let basis = Basis { run: run.clone(), plan: stream.fingerprint(), raw };
            if goes_on && state.layouts.rebuild.is_none() && state.layouts.basis.as_ref() == Some(&basis) {
                let live = StreamSql::new(&stream, warehouse.dialect()).live();
                if live.tables.iter().chain(&live.history).all(|table| find(existing, table).is_some()) {
                    finished += 1;
                    continue;
                }
            }
            // raw rows are what is read, not what is written
            stream.raw = None;
            let may_resume = source.layout.has_uuids(warehouse.dialect());
            let refills = warehouse.is_alone() && fits_one_transaction(warehouse, &stream, &source, values_at_once)?;
            let preparation = StreamPreparation { warehouse, stream: &stream, existing, state };
            let (target, resumes) = preparation.rebuild(self.place, basis, (may_resume, refills))?;
            let query = source.query(warehouse.dialect(), resumes.then_some(&target.targets));
            let query = RawQuery { is_one_checkpoint: target.refills, ..query };
            // a right that is missing shows before anything is changed
            warehouse.query(&format!("{} LIMIT 0", query.sql)).map_err(|error| failure(error, Some(&stream)))?;
            sources.push(query);
            targets.push(target);
            plan.streams.push(stream);
        }
        if goes_on {
            tracing::info!(finished, left = targets.len(), "an interrupted rebuild goes on");
        }
        Ok((targets, sources))
    }

    /// Tells runs over other streams apart.
    fn run_id(plan: &Plan) -> String {
        let mut names: Vec<String> =
            plan.streams.iter().map(|stream| format!("{}\0{}", stream.schema, stream.stream.name)).collect();
        names.sort_unstable();
        Uuid::new_v5(&Uuid::NAMESPACE_OID, names.join("\0\0").as_bytes()).to_string()
    }
}

impl Rebuild<'_> {
    /// Types the raw rows of every stream again and puts them in the place of what is typed, stream by stream. Gives the
    /// warehouse back.
    ///
    /// Law: a stream's typed tables then hold what a sync of its raw rows' records would have made of them, ids included
    /// (`_airbyte_normalized_at` aside). A stream that is not finished keeps its tables as they were; the same rebuild, run
    /// again, goes on with it.
    pub(crate) fn run(
        &self,
        mut warehouse: Box<dyn Warehouse>,
        watch: &mut dyn FnMut(Arc<Progress>),
    ) -> (Report, threads::Loaded) {
        let started = Instant::now();
        let patience = Patience::new(warehouse.has_connection(), self.stop);
        let prepared = match self.prepare(warehouse.as_mut(), patience) {
            Ok(prepared) => prepared,
            Err(failure) => return (Report::default(), Err(failure)),
        };
        let plans: Arc<[StreamPlan]> = prepared.plan.streams.into();
        let progress = Arc::new(Progress::new(&plans));
        watch(Arc::clone(&progress));
        if !self.rebuilding.is_within_a_sync {
            expect(&progress, &prepared.sources, warehouse.as_mut());
        }
        let reader = match warehouse.reader() {
            Ok(reader) => reader,
            Err(error) => return (Report::default(), Err(failure(error, None))),
        };
        let transaction =
            Transaction::new(warehouse, Arc::clone(&plans), prepared.streams, patience, self.settings.waiting_bytes);
        let (mut report, fed, loaded) = threads::run(
            transaction,
            (&plans, &prepared.limits),
            (self.settings, self.stop),
            (&ProtocolWriter::new(Box::new(io::sink())), &progress),
            |intake| {
                RawFeed::new(&plans, &prepared.limits, self.settings, intake).run(reader, &prepared.sources, self.stop)
            },
        );
        report.elapsed = started.elapsed();
        let outcome = match fed {
            Ok(rejected) => {
                report.rejected = rejected;
                let is_unfinished = report.streams.iter().any(|stream| !stream.is_complete);
                if is_unfinished && self.stop.load(Ordering::Relaxed) { Err(stopped()) } else { Ok(()) }
            }
            Err(failure) => Err(failure),
        };
        (report, loaded.and_then(|warehouse| outcome.map(|()| warehouse)))
    }

    fn prepare(&self, warehouse: &mut dyn Warehouse, patience: Patience<'_>) -> Result<Prepared, Failure> {
        // A warehouse that holds no raw rows for us still has those of before.
        let options = Options { raw: true, typed: true, ..self.options.clone() };
        let purpose = Purpose::Rebuild(&self.rebuilding, self.settings.values_at_once);
        match prepare::prepare(warehouse, self.catalog, &options, patience, purpose)? {
            Readiness::Ready(prepared) => Ok(*prepared),
            Readiness::Stale(_) => Err(Failure::internal("a rebuild waits for a rebuild")),
        }
    }
}

/// What a signal leaves.
pub(super) fn stopped() -> Failure {
    Failure::transient("stopped by a signal; unfinished tables are as they were")
}

/// Whether the stream is small enough for one transaction.
fn fits_one_transaction(
    warehouse: &mut dyn Warehouse,
    stream: &StreamPlan,
    source: &RawSource,
    values_at_once: u64,
) -> Result<bool, Failure> {
    let columns: usize = stream.tables.iter().map(|table| table.columns.len()).sum();
    let sql = source.count(warehouse.dialect());
    let rows = count(warehouse, &sql).map_err(|error| failure(error, Some(stream)))?;
    let fits = stream.dedup.is_none() || rows <= MOST_KEYED_ROWS_AT_ONCE;
    Ok(fits && rows.saturating_mul(columns as u64) <= values_at_once)
}

/// Tells how many rows there are to read. Whoever watches does without knowing; what keeps a table from being counted keeps it
/// from being read, and is told then.
fn expect(progress: &Progress, sources: &[RawQuery], warehouse: &mut dyn Warehouse) {
    let counts =
        sources.iter().map(|source| count(warehouse, &format!("SELECT count(*) FROM ({}) AS rows", source.sql)).ok());
    // a sum of some of them would be wrong
    let counts: Option<Vec<u64>> = counts.collect();
    for (stream, records) in counts.into_iter().flatten().enumerate() {
        progress.expect(stream, records);
    }
}

/// Refused rows by stream, or why there was no going on.
pub(super) type Fed = Result<Rejected, Failure>;
