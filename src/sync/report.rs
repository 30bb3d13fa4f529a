//! What a sync did: counted while it runs, summed up at its end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use alluvium_normalization::catalog::StreamName;
use alluvium_normalization::shred::Counts;

use crate::sync::Rejected;

/// Counters that grow while a sync runs, for whoever watches.
#[derive(Debug)]
pub(crate) struct Progress {
    streams: Vec<StreamProgress>,
}

#[derive(Debug, Default)]
struct StreamProgress {
    records: AtomicU64,
    bytes: AtomicU64,
    landed: AtomicU64,
}

/// The counters of one stream at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StreamCounters {
    /// Records read.
    pub(crate) records: u64,
    /// Bytes of the records read.
    pub(crate) bytes: u64,
    /// Records that are durable.
    pub(crate) landed: u64,
}

impl Progress {
    pub(super) fn new(streams: usize) -> Self {
        Self { streams: std::iter::repeat_with(StreamProgress::default).take(streams).collect() }
    }

    pub(super) fn read(&self, stream: usize, bytes: usize) {
        let stream = &self.streams[stream];
        stream.records.fetch_add(1, Ordering::Relaxed);
        stream.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn landed(&self, stream: usize, records: u64) {
        self.streams[stream].landed.fetch_add(records, Ordering::Relaxed);
    }

    /// The counters of each stream, in the catalog's order.
    pub(crate) fn counters(&self) -> Vec<StreamCounters> {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = |stream: &StreamProgress| StreamCounters {
            records: load(&stream.records),
            bytes: load(&stream.bytes),
            landed: load(&stream.landed),
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
    /// Its typed tables with the rows that were typed for each.
    pub(crate) tables: Vec<(String, u64)>,
    /// Records that landed.
    pub(crate) records: u64,
    /// What typing them cost.
    pub(crate) counts: Counts,
    /// The source gave all that it has.
    pub(crate) is_complete: bool,
}
