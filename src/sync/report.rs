//! What a sync did: counted while it runs, summed up at its end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use alluvium_normalization::catalog::StreamName;
use alluvium_normalization::plan::StreamPlan;
use alluvium_normalization::shred::Counts;

use crate::sync::Rejected;

/// Counters that grow while a sync runs, for whoever watches.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    names: Vec<String>,
    streams: Vec<StreamProgress>,
}

#[derive(Debug, Default)]
struct StreamProgress {
    /// Records that will come; 0 = nobody knows.
    expected: AtomicU64,
    records: AtomicU64,
    bytes: AtomicU64,
    landed: AtomicU64,
    /// Microseconds from the start of the sync to the first record.
    first_read: AtomicU64,
    /// Microseconds from the start of the sync until records became durable last.
    last_landed: AtomicU64,
}

/// The counters of one stream at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StreamCounters {
    /// Records that will have been read in the end; 0 = nobody knows.
    pub(crate) expected: u64,
    /// Records read.
    pub(crate) records: u64,
    /// Bytes of the records read.
    pub(crate) bytes: u64,
    /// Records that are durable.
    pub(crate) landed: u64,
    /// From the first record until records became durable last.
    pub(crate) busy: Duration,
}

impl Progress {
    pub(super) fn new(plans: &[StreamPlan]) -> Self {
        let names = plans.iter().map(|plan| plan.stream.to_string()).collect();
        let streams = plans.iter().map(|_| StreamProgress::default()).collect();
        Self { started: Instant::now(), names, streams }
    }

    /// Names of the streams, in the order of their counters.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// So many records of the stream will be read.
    pub(super) fn expect(&self, stream: usize, records: u64) {
        self.streams[stream].expected.store(records, Ordering::Relaxed);
    }

    /// One record that was expected is none, or is passed over.
    pub(super) fn expect_one_less(&self, stream: usize) {
        let less = |expected: u64| expected.checked_sub(1);
        let _ = self.streams[stream].expected.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    pub(super) fn read(&self, stream: usize, bytes: usize) {
        let stream = &self.streams[stream];
        if stream.records.fetch_add(1, Ordering::Relaxed) == 0 {
            stream.first_read.store(self.micros(), Ordering::Relaxed);
        }
        stream.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn landed(&self, stream: usize, records: u64) {
        let stream = &self.streams[stream];
        stream.landed.fetch_add(records, Ordering::Relaxed);
        stream.last_landed.store(self.micros(), Ordering::Relaxed);
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// The counters of each stream, in the catalog's order.
    pub(crate) fn counters(&self) -> Vec<StreamCounters> {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = |stream: &StreamProgress| StreamCounters {
            expected: load(&stream.expected),
            records: load(&stream.records),
            bytes: load(&stream.bytes),
            landed: load(&stream.landed),
            busy: Duration::from_micros(load(&stream.last_landed).saturating_sub(load(&stream.first_read))),
        };
        self.streams.iter().map(counters).collect()
    }
}

/// What a sync did.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// One entry a stream, in the catalog's order.
    pub(crate) streams: Vec<StreamReport>,
    /// Lines that were refused.
    pub(crate) rejected: Rejected,
    /// How long it took.
    pub(crate) elapsed: Duration,
}

/// What a sync did with one stream.
#[derive(Debug, Clone)]
pub(crate) struct StreamReport {
    /// The stream.
    pub(crate) stream: StreamName,
    /// Schema of its tables.
    pub(crate) schema: String,
    /// Its typed tables. The rows that were typed for each are in `counts`; see [`StreamReport::typed_rows`].
    pub(crate) tables: Vec<String>,
    /// Records that landed.
    pub(crate) records: u64,
    /// What typing them cost.
    pub(crate) counts: Counts,
    /// The source gave all that it has.
    pub(crate) is_complete: bool,
}

impl StreamReport {
    /// Its typed tables with the rows that were typed for each.
    pub(crate) fn typed_rows(&self) -> impl Iterator<Item = (&str, u64)> {
        let rows = self.counts.rows.iter().copied().chain(std::iter::repeat(0));
        self.tables.iter().map(String::as_str).zip(rows)
    }
}
