//! Input that is made to do harm: nothing is read or written that the config did not name, and nothing secret is told.

/// Odd inputs that are kept.
mod corpus;
/// Files that only a trick would touch.
mod files;
/// Names that try to leave their quotes.
mod names;
/// What must never be seen.
mod secrets;
/// Values that are meant to be too much.
mod values;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::landing::{Destination, line};
use crate::support::alluvium;

/// What a table holds that no config, catalog or record names.
const CANARY: &str = "CREATE TABLE main.canary AS SELECT 'alive' AS canary";

/// Every file of a folder, but for the destination's own, with what is in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let named = files.map(|file| (file.file_name().unwrap().to_string_lossy().into_owned(), file));
    named
        .filter(|(name, _)| !name.starts_with("file.duckdb"))
        .map(|(name, file)| (name, std::fs::read(file).unwrap_or_default()))
        .collect()
}

/// The table that nobody named is as it was.
#[track_caller]
fn assert_canary(destination: &Destination) {
    assert_eq!(destination.query("SELECT * FROM main.canary"), [[Some("alive".to_owned())]]);
}

/// A catalog of these streams, each a stream with its properties, in append.
fn catalog(streams: &[(&str, Value)]) -> Value {
    let stream = |(name, properties): &(&str, Value)| {
        json!({
            "stream": {"name": name, "json_schema": {"type": "object", "properties": properties}},
            "sync_mode": "full_refresh", "destination_sync_mode": "append",
        })
    };
    json!({"streams": streams.iter().map(stream).collect::<Vec<_>>()})
}

fn record(stream: &str, namespace: Option<&str>, data: &Value) -> String {
    let record = json!({"stream": stream, "namespace": namespace, "data": data, "emitted_at": 0});
    line(&json!({"type": "RECORD", "record": record}))
}

/// Runs a verb for people with the config and the catalog of the last sync; what it printed and told.
#[track_caller]
fn verb(destination: &Destination, arguments: &[&str]) -> String {
    let path = |name: &str| destination.folder().join(name).display().to_string();
    let (config, catalog) = (path("config.json"), path("catalog.json"));
    let mut all = vec![arguments[0], "--config", &config];
    if !["tables", "infer"].contains(&arguments[0]) {
        all.extend(["--catalog", &catalog]);
    }
    all.extend(&arguments[1..]);
    let (printed, told) = alluvium(&all).unwrap_or_else(|told| panic!("{arguments:?}: {told}"));
    printed + &told
}
