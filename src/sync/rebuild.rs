//! Typed tables from raw tables: the same shredder, fed from the warehouse.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use alluvium_normalization::catalog::ConfiguredCatalog;
use alluvium_normalization::plan::{Options, StreamPlan};

use crate::failure::Failure;
use crate::protocol::writer::ProtocolWriter;
use crate::sync::patience::Patience;
use crate::sync::prepare::{self, Purpose};
use crate::sync::raw_feed::RawFeed;
use crate::sync::report::{Progress, Report};
use crate::sync::transaction::Transaction;
use crate::sync::{Rejected, Settings, threads};
use crate::warehouse::Warehouse;

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
}

impl Rebuild<'_> {
    /// Types the raw rows of every stream again and puts them in the place of what is typed, stream by stream.
    ///
    /// Law: a stream's typed tables then hold what a sync of its raw rows' records would have made of them, ids included
    /// (`_airbyte_normalized_at` aside). A stream that is not finished keeps its tables as they were.
    pub(crate) fn run(
        &self,
        mut warehouse: Box<dyn Warehouse>,
        watch: &mut dyn FnMut(Arc<Progress>),
    ) -> (Report, Result<(), Failure>) {
        let started = Instant::now();
        let patience = Patience::new(warehouse.has_connection(), self.stop);
        // A warehouse that holds no raw rows for us still has those of before.
        let options = Options { raw: true, typed: true, ..self.options.clone() };
        let prepared = prepare::prepare(warehouse.as_mut(), self.catalog, &options, patience, Purpose::Rebuild);
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(failure) => return (Report::default(), Err(failure)),
        };
        let plans: Arc<[StreamPlan]> = prepared.plan.streams.into();
        let progress = Arc::new(Progress::new(plans.len()));
        watch(Arc::clone(&progress));
        let reader = match warehouse.reader() {
            Ok(reader) => reader,
            Err(error) => return (Report::default(), Err(prepare::failure(error, None))),
        };
        let transaction = Transaction::new(warehouse, Arc::clone(&plans), prepared.streams, patience);
        let (mut report, fed, loaded) = threads::run(
            transaction,
            (&plans, &prepared.limits),
            (self.settings.workers, self.stop),
            (&ProtocolWriter::new(Box::new(io::sink())), &progress),
            |intake| {
                RawFeed::new(&plans, &prepared.limits, self.settings, intake).run(reader, &prepared.sources, self.stop)
            },
        );
        report.elapsed = started.elapsed();
        let outcome = match fed {
            Ok(rejected) => {
                report.rejected = rejected;
                let stopped =
                    self.stop.load(Ordering::Relaxed) && report.streams.iter().any(|stream| !stream.is_complete);
                if stopped {
                    Err(Failure::transient("stopped by a signal; unfinished tables are as they were"))
                } else {
                    Ok(())
                }
            }
            Err(failure) => Err(failure),
        };
        (report, loaded.and(outcome))
    }
}

/// Refused rows by stream, or why there was no going on.
pub(super) type Fed = Result<Rejected, Failure>;
