//! What a soak has been through.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use super::process::Sample;

/// What a process may fill as its warehouse grows: DuckDB's buffers and ours.
const BUFFERS_KILOBYTES: u64 = 400 << 10;

/// Counts of everything that was done and survived.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) eras: u64,
    pub(super) syncs: u64,
    pub(super) attempts: u64,
    pub(super) schema_changes: u64,
    pub(super) checks: u64,
    records: u64,
    bytes: u64,
    verbs: BTreeMap<String, u64>,
    faults: BTreeMap<&'static str, u64>,
    missed: u64,
    most_kilobytes: u64,
    most_files: usize,
    steady: Vec<String>,
}

impl Tally {
    pub(super) fn fault(&mut self, name: &'static str, was_hit: bool) {
        if was_hit {
            *self.faults.entry(name).or_default() += 1;
        } else {
            self.missed += 1;
        }
    }

    pub(super) fn verb(&mut self, name: &str) {
        *self.verbs.entry(name.to_owned()).or_default() += 1;
    }

    pub(super) fn sent(&mut self, slices: &[String]) {
        self.bytes += slices.iter().map(|slice| slice.len() as u64).sum::<u64>();
        self.records += slices.iter().map(|slice| slice.matches("\"RECORD\"").count() as u64).sum::<u64>();
    }

    pub(super) fn samples(&mut self, samples: &[Sample]) {
        for sample in samples {
            self.most_kilobytes = self.most_kilobytes.max(sample.kilobytes);
            self.most_files = self.most_files.max(sample.files);
        }
    }

    /// A long sync of this many records: memory and files must not grow from its second quarter to its last.
    pub(super) fn steady(&mut self, warehouse: &str, records: u64, samples: &[Sample]) {
        let quarter = samples.len() / 4;
        let of = |samples: &[Sample]| {
            let mut kilobytes: Vec<u64> = samples.iter().map(|sample| sample.kilobytes).collect();
            kilobytes.sort_unstable();
            let files = samples.iter().map(|sample| sample.files).max().unwrap_or_default();
            (kilobytes.get(kilobytes.len() / 2).copied().unwrap_or_default(), files)
        };
        let (early, late) = (of(&samples[quarter..2 * quarter]), of(&samples[3 * quarter..]));
        self.samples(samples);
        self.steady.push(format!(
            "{warehouse}, {records} records: {} MB and {} files in the second quarter, {} MB and {} files in the last",
            early.0 / 1_024,
            early.1,
            late.0 / 1_024,
            late.1
        ));
        let is_bounded = late.0 <= early.0 + early.0 / 4 || late.0 <= BUFFERS_KILOBYTES;
        assert!(is_bounded, "memory grows: {}", self.steady[self.steady.len() - 1]);
        assert!(late.1 <= early.1 + 2, "file handles grow: {}", self.steady[self.steady.len() - 1]);
    }
}

impl Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "| What | Figure |\n|---|---:|")?;
        let mut line = |name: &str, figure: u64| writeln!(formatter, "| {name} | {figure} |");
        line("destinations", self.eras)?;
        line("syncs, each to its end", self.syncs)?;
        line("runs of `write`", self.attempts)?;
        line("records sent", self.records)?;
        line("MB sent", self.bytes >> 20)?;
        line("schema changes", self.schema_changes)?;
        for (verb, times) in &self.verbs {
            line(&format!("runs of `{verb}`"), *times)?;
        }
        for (fault, times) in &self.faults {
            line(fault, *times)?;
        }
        line("faults that came too late", self.missed)?;
        line("times that all rows were compared", self.checks)?;
        line("most memory, MB", self.most_kilobytes >> 10)?;
        line("most open files", self.most_files as u64)?;
        self.steady.iter().try_for_each(|steady| writeln!(formatter, "\nSteady: {steady}"))
    }
}
