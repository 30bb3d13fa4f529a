//! Every folder of `fixtures` that has an `expected` folder is a case: its syncs run one after the other in every
//! warehouse, and after each the tables are as committed.
//!
//! A sync is `messages.jsonl` (then `messages2.jsonl` …) with `catalog.json`, or `catalog2.json` … where that is there.
//! `config.json` has the keys of the destination's config other than the warehouse's own; with `config_<variant>.json`
//! beside it the same syncs run once more.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{read, read_dir, read_to_string};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Sync, TestWarehouse, in_every_warehouse, write};

/// Tables as text that is the same in every run.
mod picture;

/// One test a case and warehouse, so that one failing case does not hide the others.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        const CASES: &[&str] = &[$(stringify!($case)),*];
        $(fn $case<W: TestWarehouse>() { run::<W>(stringify!($case)); })*
        in_every_warehouse! { $($case),* }
    };
}

cases! {
    append,
    casts,
    cdc,
    children_follow,
    dedup,
    former_children,
    generations,
    history,
    hostile_names,
    json_oddities,
    limits,
    names,
    names_kept,
    namespaces,
    nesting,
    numbers,
    overwrite,
    raw_or_typed,
    scalar_arrays,
    schema_change,
    schema_rebuild,
    schemas,
    source_changes,
    text,
    types,
}

#[test]
fn every_folder_is_a_case() {
    let folders = read_dir(home()).unwrap().map(|entry| entry.unwrap().path());
    let with_expectations = folders.filter(|folder| folder.join("expected").is_dir());
    let mut found: Vec<String> =
        with_expectations.map(|folder| folder.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    found.sort();
    let mut listed = CASES.to_vec();
    listed.sort_unstable();
    assert_eq!(found, listed);
}

pub(crate) fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn run<W: TestWarehouse>(case: &str) {
    let case = home().join(case);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(case.join("expected"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (variant, config) in configs(&case) {
            let folder = tempfile::tempdir().unwrap();
            let warehouse = W::new(folder.path());
            let picture = picture_of(&case, &config, folder.path(), &warehouse);
            insta::assert_snapshot!(W::name().to_owned() + &variant, picture);
        }
    });
}

/// The config of each variant, by what its file's name has behind `config`.
pub(crate) fn configs(case: &Path) -> BTreeMap<String, Value> {
    let paths = read_dir(case).unwrap().map(|entry| entry.unwrap().path());
    let named = paths.filter_map(|path| {
        let variant = path.file_stem()?.to_str()?.strip_prefix("config")?.to_owned();
        Some((variant, json_in(&path)?))
    });
    let mut configs: BTreeMap<String, Value> = named.collect();
    if configs.is_empty() {
        configs.insert(String::new(), json!({}));
    }
    configs
}

/// What each sync of the case answered and left behind.
fn picture_of(case: &Path, config: &Value, folder: &Path, warehouse: &impl TestWarehouse) -> String {
    let mut full_config = warehouse.config(config["schema"].as_str().unwrap_or("main"));
    full_config.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    let mut catalog = json!(null);
    let mut painter = picture::Painter::default();
    let mut text = String::new();
    for number in 1.. {
        let suffix = if number == 1 { String::new() } else { number.to_string() };
        let Ok(input) = read(case.join(format!("messages{suffix}.jsonl"))) else { break };
        catalog = json_in(&case.join(format!("catalog{suffix}.json"))).unwrap_or(catalog);
        let sync = write(folder, &full_config, &catalog, &input);
        assert_eq!(sync.states(), states_in(&input), "sync {number}");
        writeln!(text, "==== sync {number}: {}", outcome(&sync)).unwrap();
        text.push_str(&painter.picture(warehouse.tables()));
    }
    text
}

pub(crate) fn json_in(path: &Path) -> Option<Value> {
    let text = read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn states_in(input: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(input);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.filter(|message| message["type"] == "STATE").collect()
}

fn outcome(sync: &Sync) -> String {
    let counts: Vec<String> = sync.record_counts().iter().map(ToString::to_string).collect();
    let states = if counts.is_empty() { String::new() } else { format!(", states of {} records", counts.join(", ")) };
    match (sync.succeeded, sync.error()) {
        (true, None) => format!("succeeded{states}"),
        (false, Some(error)) => format!("failed ({error}){states}"),
        (succeeded, error) => panic!("exit success {succeeded}, error {error:?}"),
    }
}
