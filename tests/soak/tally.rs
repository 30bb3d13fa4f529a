//! What a soak has been through.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use super::process::Sample;

/// What memory may differ by between two looks at a process that does the same all the time, beside a tenth.
const NOISE: u64 = 16 << 10;

/// What a process takes beside DuckDB's buffers: the program, 64 MB of batches on their way, what the allocator keeps.
const OURS: u64 = 128 << 10;

/// What DuckDB's buffers take when they are full, as the process sets their limit: 16 MB, 8 MB for each of DuckDB's threads,
/// and 96 MB more while a statement runs. A file that grows fills them.
fn duckdb_buffers() -> u64 {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = (processors / 2).clamp(2, 4).min(processors) as u64;
    ((2 + threads) << 13) + (96 << 10)
}

/// The most that processes of one destination have taken.
#[derive(Debug, Clone, Copy, Default)]
struct Most {
    kilobytes: u64,
    files: usize,
}

impl Most {
    fn of(samples: &[Sample]) -> Self {
        samples
            .iter()
            .fold(Self::default(), |most, sample| most.or(Self { kilobytes: sample.kilobytes, files: sample.files }))
    }

    fn or(self, other: Self) -> Self {
        Self { kilobytes: self.kilobytes.max(other.kilobytes), files: self.files.max(other.files) }
    }
}

/// What warehouses are called.
pub(super) const DUCKDB: &str = "DuckDB";
pub(super) const POSTGRES: &str = "Postgres";

/// Destinations of a warehouse whose halves can be compared.
const FEW: usize = 6;

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
    most: Most,
    /// By warehouse, of each destination in its turn.
    by_era: BTreeMap<&'static str, Vec<Most>>,
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

    /// A destination's processes are looked at from now on.
    pub(super) fn begin_era(&mut self, warehouse: &'static str) {
        self.eras += 1;
        self.by_era.entry(warehouse).or_default().push(Most::default());
    }

    /// What a process of the present destination has taken.
    pub(super) fn samples(&mut self, warehouse: &'static str, samples: &[Sample]) {
        let most = Most::of(samples);
        self.most = self.most.or(most);
        if let Some(era) = self.by_era.entry(warehouse).or_default().last_mut() {
            *era = era.or(most);
        }
    }

    /// A long sync of this many records: memory and files must not grow from its second quarter to its last, except that
    /// DuckDB's buffers fill.
    pub(super) fn steady(&mut self, warehouse: &'static str, records: u64, samples: &[Sample]) {
        let quarter = samples.len() / 4;
        let of = |samples: &[Sample]| {
            let mut kilobytes: Vec<u64> = samples.iter().map(|sample| sample.kilobytes).collect();
            kilobytes.sort_unstable();
            (kilobytes.get(kilobytes.len() / 2).copied().unwrap_or_default(), Most::of(samples).files)
        };
        let (early, late) = (of(&samples[quarter..2 * quarter]), of(&samples[3 * quarter..]));
        self.most = self.most.or(Most::of(samples));
        let told = format!(
            "{warehouse}, {records} records: {} MB and {} files in the second quarter, {} MB and {} files in the last",
            early.0 / 1_024,
            early.1,
            late.0 / 1_024,
            late.1
        );
        let fills_buffers = warehouse == DUCKDB && late.0 <= duckdb_buffers() + OURS;
        assert!(late.0 <= early.0 + early.0 / 10 + NOISE || fills_buffers, "memory grows: {told}");
        assert!(late.1 <= early.1, "file handles grow: {told}");
        self.steady.push(told);
    }

    /// Later destinations' processes take no more than earlier ones', whatever has happened to the server and to the folder
    /// for temporary files since.
    pub(super) fn later_eras_take_no_more(&self) {
        for (warehouse, eras) in self.by_era.iter().filter(|(_, eras)| eras.len() >= FEW) {
            let (early, late) = eras.split_at(eras.len() / 2);
            let [early, late] = [early, late].map(|eras| eras.iter().fold(Most::default(), |most, era| most.or(*era)));
            let fills_buffers = *warehouse == DUCKDB && late.kilobytes <= duckdb_buffers() + OURS;
            // syncs are of 1 to 36,000 records: the largest of some are not the largest of others
            let is_alike = late.kilobytes <= early.kilobytes + early.kilobytes / 2;
            assert!(is_alike || fills_buffers, "{warehouse}: memory grows from era to era: {early:?}, {late:?}");
            assert!(
                late.files <= early.files + 2,
                "{warehouse}: file handles grow from era to era: {early:?}, {late:?}"
            );
        }
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
        line("most memory, MB", self.most.kilobytes >> 10)?;
        line("most open files", self.most.files as u64)?;
        self.steady.iter().try_for_each(|steady| writeln!(formatter, "\nSteady: {steady}"))
    }
}
