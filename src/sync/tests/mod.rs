//! Laws of whole syncs, in real warehouses: what lands depends on the records alone.
#![allow(clippy::unwrap_used)]

/// One row a key and history, against a reference in memory.
mod dedup;
/// Random streams through random syncs, against a reference in memory.
mod model;
/// A stream that is synced in one mode, then in another.
mod modes;
/// Typed tables from raw rows that a sync would not have written.
mod raw_rows;
/// Rebuilds from raw that were interrupted, or that would lose something.
mod rebuild;
/// Checkpoints, states and threads make no difference.
mod splits;

use std::any::Any;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use alluvium_normalization::catalog::ConfiguredCatalog;
use alluvium_normalization::plan::Options;
use proptest::prelude::ProptestConfig;
use serde_json::{Value, json};

use super::{ReadAhead, Settings, Sync};
use crate::cluster::Database;
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::protocol::writer::ProtocolWriter;
use crate::warehouse::{self, Access, Width};

/// How many cases a property gets: few for the everyday run, more by `PROPTEST_CASES`.
fn cases(everyday: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(everyday), max_shrink_iters: 300, ..ProptestConfig::default() }
}

/// All, some and none of the rows of a stream of one row a key wait in the warehouse.
const WAITING_BYTES: [usize; 3] = [0, 20_000, usize::MAX];

/// A checkpoint after so many bytes, by so many workers.
fn settings(checkpoint_bytes: usize, workers: usize) -> Settings {
    // who wants several checkpoints of a few records wants them of rebuilds too
    let values_at_once = if checkpoint_bytes < 1 << 20 { 0 } else { Settings::default().values_at_once };
    Settings { checkpoint_bytes, values_at_once, workers, checkpoint_after: Duration::MAX, ..Settings::default() }
}

/// Where syncs land.
struct Place {
    warehouse: config::Warehouse,
    /// What the warehouse lives in.
    _home: Box<dyn Any>,
}

impl Place {
    /// A new DuckDB file and a new Postgres database.
    fn in_every_warehouse() -> [Self; 2] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.duckdb");
        let database = Database::new();
        [Self::of(json!({"destination_path": path}), folder), Self::of(database.config("main"), database)]
    }

    fn of(config: Value, home: impl Any) -> Self {
        let Value::Object(config) = config else { panic!("a config is an object") };
        Self { warehouse: Config::from_object(config).unwrap().warehouse, _home: Box::new(home) }
    }

    /// Lands the messages.
    fn land(&self, catalog: &Value, options: &Options, settings: &Settings, messages: &[Value]) -> Result<(), Failure> {
        let lines: Vec<String> = messages.iter().map(Value::to_string).collect();
        self.land_text(catalog, options, settings, &lines)
    }

    /// Lands messages as the source writes them.
    fn land_text(
        &self,
        catalog: &Value,
        options: &Options,
        settings: &Settings,
        lines: &[String],
    ) -> Result<(), Failure> {
        let catalog = ConfiguredCatalog::parse(&catalog.to_string()).unwrap();
        let input: Vec<u8> = lines.iter().flat_map(|line| line.bytes().chain([b'\n'])).collect();
        let writer = ProtocolWriter::new(Box::new(std::io::sink()));
        let mut input = ReadAhead::start(std::io::Cursor::new(input), settings.max_line_bytes).unwrap();
        let warehouse = warehouse::connect(&self.warehouse, Access::Write(input.width(&catalog, options))).unwrap();
        let stop = AtomicBool::new(false);
        let sync = Sync { catalog: &catalog, options, settings, writer: &writer, stop: &stop };
        sync.run(input, warehouse, &mut |_| {}).1
    }

    /// Runs statements.
    fn execute(&self, statements: &[&str]) {
        let mut warehouse = warehouse::connect(&self.warehouse, Access::Write(Width::default())).unwrap();
        warehouse.begin().unwrap();
        for sql in statements {
            warehouse.execute(sql).unwrap();
        }
        warehouse.commit().unwrap();
    }

    /// The rows of queries, as text and sorted.
    fn rows<const N: usize>(&self, queries: [&str; N]) -> [Vec<Vec<Option<String>>>; N] {
        let mut warehouse = warehouse::connect(&self.warehouse, Access::Read).unwrap();
        queries.map(|sql| {
            let mut rows = warehouse.query(sql).unwrap().rows;
            rows.sort();
            rows
        })
    }
}
