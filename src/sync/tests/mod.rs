//! Laws of whole syncs, over a real DuckDB file: what lands depends on the records alone.
#![allow(clippy::unwrap_used)]

/// One row a key and history, against a reference in memory.
mod dedup;
/// Checkpoints, states and threads make no difference.
mod splits;

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use alluvium_normalization::catalog::ConfiguredCatalog;
use alluvium_normalization::plan::Options;
use proptest::prelude::ProptestConfig;
use serde_json::Value;

use super::{Settings, Sync};
use crate::failure::Failure;
use crate::protocol::writer::ProtocolWriter;
use crate::warehouse::duckdb::{DuckDbOptions, DuckDbWarehouse, Location};

/// How many cases a property gets: few for the everyday run, more by `PROPTEST_CASES`.
fn cases(everyday: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(everyday), max_shrink_iters: 300, ..ProptestConfig::default() }
}

/// A checkpoint after so many bytes, by so many workers.
fn settings(checkpoint_bytes: usize, workers: usize) -> Settings {
    Settings { checkpoint_bytes, workers, checkpoint_after: Duration::MAX, ..Settings::default() }
}

/// Lands the messages in a file.
fn land(
    file: &Path,
    catalog: &Value,
    options: &Options,
    settings: &Settings,
    messages: &[Value],
) -> Result<(), Failure> {
    let warehouse = DuckDbWarehouse::open(&DuckDbOptions::new(Location::File(file.to_owned()))).unwrap();
    let catalog = ConfiguredCatalog::parse(&catalog.to_string()).unwrap();
    let input: Vec<u8> =
        messages.iter().flat_map(|message| message.to_string().into_bytes().into_iter().chain([b'\n'])).collect();
    let writer = ProtocolWriter::new(Box::new(std::io::sink()));
    let input = std::io::Cursor::new(input);
    let stop = AtomicBool::new(false);
    let sync = Sync { catalog: &catalog, options, settings, writer: &writer, stop: &stop };
    sync.run(input, Box::new(warehouse), |_| {}).1
}

/// The rows of a query, as text and sorted.
fn rows(connection: &duckdb::Connection, sql: &str) -> Vec<Vec<Option<String>>> {
    let mut statement = connection.prepare(&format!("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({sql})")).unwrap();
    let mut found = statement.query([]).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = found.next().unwrap() {
        rows.push((0..row.as_ref().column_count()).map(|column| row.get(column).unwrap()).collect());
    }
    rows.sort();
    rows
}
