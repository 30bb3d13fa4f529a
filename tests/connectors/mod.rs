//! Real connectors' records in every sync mode, counted and compared by a second reading of the contract.
//!
//! Runs where `../shared/connectors` (or the folder in `ALLUVIUM_CONNECTORS`) is present.

use std::collections::HashMap;
use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::support::{TestWarehouse, in_every_warehouse, write};
use counter::{Counter, Figures, record};
use schema::{Kind, kind};
use value::{Expected, Typed, expected};

/// Walks records by their schema and finds every value again in the tables.
mod counter;
/// What a property's JSON Schema asks for.
mod schema;
/// What a column holds of a value.
mod value;

in_every_warehouse! { every_record_and_every_value_of_real_connectors_is_found_again }

#[allow(clippy::print_stdout)] // the figures are to be quoted
fn every_record_and_every_value_of_real_connectors_is_found_again<W: TestWarehouse>() {
    let home = std::env::var_os("ALLUVIUM_CONNECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/connectors"), PathBuf::from);
    if !home.is_dir() {
        println!("skipped: not present: {}", home.display());
        return;
    }
    let connectors = folders_with_catalog(&home);
    let queue = Mutex::new(connectors.iter());
    let total = Mutex::new((Figures::default(), Vec::new()));
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(folder) = { queue.lock().unwrap().next() } {
                    let (figures, problems) = try_connector::<W>(folder);
                    let mut total = total.lock().unwrap();
                    total.0 += figures;
                    let name = folder.strip_prefix(&home).unwrap().display();
                    total.1.extend(problems.into_iter().map(|problem| format!("{name}: {problem}")));
                }
            });
        }
    });
    let (figures, problems) = total.into_inner().unwrap();
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    println!("{}: {} connectors x append, overwrite, append_dedup: {figures}", W::name(), connectors.len());
}

fn folders_with_catalog(folder: &Path) -> Vec<PathBuf> {
    if folder.join("catalog.json").is_file() {
        return vec![folder.to_owned()];
    }
    let mut below: Vec<PathBuf> = read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    below.sort();
    below.iter().filter(|path| path.is_dir()).flat_map(|path| folders_with_catalog(path)).collect()
}

/// The lines of the folder's files whose names begin and end so.
fn lines(folder: &Path, prefix: &str, suffix: &str) -> Vec<String> {
    let mut paths: Vec<PathBuf> = read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with(prefix) && name.ends_with(suffix)
    });
    paths.sort();
    paths.iter().flat_map(|path| read_to_string(path).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// In append, then overwritten in the same place, then deduplicated with every record sent twice.
fn try_connector<W: TestWarehouse>(folder: &Path) -> (Figures, Vec<String>) {
    let catalog: Value = serde_json::from_str(&read_to_string(folder.join("catalog.json")).unwrap()).unwrap();
    let keys = read_to_string(folder.join("keys.json")).map_or(json!({}), |text| serde_json::from_str(&text).unwrap());
    let records: Vec<String> =
        lines(folder, "messages", ".jsonl").into_iter().filter(|line| is_declared(line, &catalog)).collect();
    let states = lines(folder, "state_", "_messages.jsonl");
    let [once, deduplicated] = [(); 2].map(|()| {
        let home = tempfile::tempdir().unwrap();
        let warehouse = W::new(home.path());
        (home, warehouse)
    });

    let mut figures = Figures::default();
    let mut problems = Vec::new();
    for (mode, (home, warehouse)) in [("append", &once), ("overwrite", &once), ("append_dedup", &deduplicated)] {
        let catalog = configured(&catalog, mode, &keys);
        let sent_again = if mode == "append_dedup" { &records[..] } else { &[] };
        let (found, wrong) = try_sync(home.path(), warehouse, &catalog, &[&records, sent_again].concat(), &states);
        figures += found;
        problems.extend(wrong.into_iter().map(|problem| format!("{mode}: {problem}")));
    }
    (figures, problems)
}

/// Some of the published records belong to other catalogs.
fn is_declared(line: &str, catalog: &Value) -> bool {
    let streams = catalog["streams"].as_array().unwrap();
    record(line).is_some_and(|(name, _)| streams.iter().any(|stream| stream["stream"]["name"] == *name))
}

/// The catalog with every stream in this mode; in `append_dedup` those with a known key, the others in append.
fn configured(catalog: &Value, mode: &str, keys: &Value) -> Value {
    let mut catalog = catalog.clone();
    for stream in catalog["streams"].as_array_mut().unwrap() {
        let known = &keys[stream["stream"]["name"].as_str().unwrap()];
        let part = |name: &Value| name.as_array().map_or_else(|| name.clone(), |path| path[0].clone());
        let declares = |name: &Value| {
            name.as_str().is_some_and(|name| !stream["stream"]["json_schema"]["properties"][name].is_null())
        };
        let key: Vec<Value> = known["primary_key"].as_array().into_iter().flatten().map(part).collect();
        let has_key = !key.is_empty() && key.iter().all(declares);
        let cursor = if declares(&known["cursor_field"]) { json!([known["cursor_field"]]) } else { json!([]) };
        stream["destination_sync_mode"] = json!(if mode == "append_dedup" && !has_key { "append" } else { mode });
        stream["primary_key"] = key.into_iter().map(|name| json!([name])).collect();
        stream["cursor_field"] = cursor;
    }
    catalog
}

/// Records with a state after every third and the others at the end; the records that each state of a stream covers.
fn interleaved(records: &[String], states: &[String]) -> (Vec<u8>, Vec<Option<f64>>) {
    let mut lines: Vec<&String> = Vec::new();
    let mut rest = states.iter();
    for records in records.chunks(3) {
        lines.extend(records);
        lines.extend(rest.next());
    }
    lines.extend(rest);

    let mut since_state: HashMap<String, f64> = HashMap::new();
    let mut counts = Vec::new();
    for line in &lines {
        if let Some((stream, _)) = record(line) {
            *since_state.entry(stream).or_default() += 1.0;
        } else {
            let state: Value = serde_json::from_str(line).unwrap();
            let stream = state["state"]["stream"]["stream_descriptor"]["name"].as_str();
            counts.push(stream.map(|stream| since_state.remove(stream).unwrap_or_default()));
        }
    }
    (lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect(), counts)
}

fn try_sync(
    home: &Path,
    warehouse: &impl TestWarehouse,
    catalog: &Value,
    records: &[String],
    states: &[String],
) -> (Figures, Vec<String>) {
    let mut figures = Figures::default();
    let mut problems = Vec::new();

    let (input, counts) = interleaved(records, states);
    let sync = write(home, &warehouse.config("main"), catalog, &input);
    if !sync.succeeded {
        problems.push(format!("failed: {:?}", sync.error()));
        return (figures, problems);
    }
    let expected_states: Vec<Value> = states.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    if sync.states() != expected_states {
        problems.push("the states came back otherwise than they were sent".to_owned());
    }
    figures.states = states.len();
    for (index, (found, counted)) in sync.record_counts().into_iter().zip(&counts).enumerate() {
        if counted.is_some_and(|counted| json!(counted) != *found) {
            problems.push(format!("state {index} acknowledges {found} records, counted {counted:?}"));
        }
    }

    let tables = warehouse.tables();
    let mut sent: HashMap<String, Vec<(&str, Value)>> = HashMap::new();
    for line in records {
        let (stream, data) = record(line).unwrap();
        sent.entry(stream).or_default().push((line, data));
    }
    for stream in catalog["streams"].as_array().unwrap() {
        let name = stream["stream"]["name"].as_str().unwrap();
        let records = sent.remove(name).unwrap_or_default();
        let mut counter = Counter::new(name, &tables);
        let ids = counter.raw(&records);
        let mut landed: Vec<(&str, &Value)> = ids.into_iter().zip(records.iter().map(|(_, data)| data)).collect();
        if stream["destination_sync_mode"] == "append_dedup" {
            landed = newest_of_each_key(stream, &records, &landed);
        }
        counter.typed(&stream["stream"]["json_schema"], &landed);
        figures += counter.figures;
        problems.extend(counter.problems);
    }
    (figures, problems)
}

/// One record a key: by cursor (nulls last), then emission, then arrival.
fn newest_of_each_key<'a>(
    stream: &Value,
    records: &[(&str, Value)],
    landed: &[(&'a str, &'a Value)],
) -> Vec<(&'a str, &'a Value)> {
    let properties = &stream["stream"]["json_schema"]["properties"];
    let typed = |data: &Value, name: &Value| -> Option<Typed> {
        let name = name.as_str()?;
        let Kind::Scalar(scalar) = kind(&properties[name]) else { return None };
        match expected(scalar, &data[name]) {
            Expected::Holds(value) if !data[name].is_null() => Some(value),
            _ => None,
        }
    };
    let mut newest: HashMap<String, usize> = HashMap::new();
    let rank = |index: usize| {
        let emitted: Value = serde_json::from_str(records[index].0).unwrap();
        (typed(landed[index].1, &stream["cursor_field"][0]), emitted["record"]["emitted_at"].as_i64())
    };
    for (index, (_, data)) in landed.iter().enumerate() {
        let part = |path: &Value| {
            let value = typed(data, &path[0]);
            value.map_or_else(|| format!("as sent {}", data[path[0].as_str().unwrap()]), |value| format!("{value:?}"))
        };
        let key = stream["primary_key"].as_array().unwrap().iter().map(part).collect::<Vec<_>>().join("\0");
        let best = newest.entry(key).or_insert(index);
        if rank(index) >= rank(*best) {
            *best = index;
        }
    }
    newest.into_values().map(|index| landed[index]).collect()
}
