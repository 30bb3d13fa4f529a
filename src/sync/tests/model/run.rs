//! One batch of streams, synced and compared.

use std::collections::BTreeSet;

use alluvium_normalization::plan::Options;
use serde_json::{Value, json};

use super::case::{Case, Sync};
use super::dice::Dice;
use super::found::Found;
use super::layout::{Path, Storage};
use super::reference::Stream;
use super::text;
use super::versions::{change_shown, history, system_shown};
use crate::cluster::Database;
use crate::config::Config;
use crate::sync::Settings;
use crate::sync::tests::{Place, WAITING_BYTES, settings};
use crate::warehouse::{self, Access};

/// Where engine and reference differ.
#[derive(Debug)]
pub(super) struct Difference {
    /// `None`: the sync of all streams went otherwise than it should.
    pub(super) stream: Option<String>,
    pub(super) sync: usize,
    pub(super) what: String,
}

/// Syncs the cases together, one sync of each at a time, and compares after each.
pub(super) fn run(is_postgres: bool, seed: u64, cases: &[Case]) -> Result<(), Difference> {
    let place = place(is_postgres);
    let mut dice = Dice::new(seed ^ 1);
    let mut streams: Vec<Stream> = cases.iter().map(|_| Stream::default()).collect();
    for index in 0..cases[0].syncs.len() {
        let syncs: Vec<&Sync> = cases.iter().map(|case| &case.syncs[index]).collect();
        let catalog = json!({"streams": syncs.iter().map(|sync| &sync.stream).collect::<Vec<_>>()});
        let (options, storage) = (options(&syncs[0].config), Storage::of(is_postgres, &syncs[0].config));
        let settings = settings(dice.one_of(&[300, 5_000, 1 << 30]), 2);
        let settings = Settings { waiting_bytes: dice.one_of(&WAITING_BYTES), ..settings };
        let outcome = place.land_text(&catalog, &options, &settings, &messages(&mut dice, &syncs));
        let is_complete = syncs.iter().all(|sync| sync.is_complete);
        let is_as_expected = match &outcome {
            Ok(()) => is_complete,
            Err(failure) => !is_complete && failure.to_string().contains("without completing these streams"),
        };
        if !is_as_expected {
            return Err(Difference { stream: None, sync: index, what: format!("{outcome:?}") });
        }
        let mut warehouse = warehouse::connect(&place.warehouse, Access::Read).unwrap();
        let tables = warehouse.describe(&["main".to_owned()]).unwrap();
        for ((case, stream), sync) in cases.iter().zip(&mut streams).zip(syncs) {
            stream.sync(sync, storage);
            let arrivals: Vec<usize> = stream.live.raw.iter().map(|record| record.arrival).collect();
            let mut found = Found::read(warehouse.as_mut(), &tables, &case.name, storage, &arrivals);
            let problems = compare(stream, sync, &mut found);
            if !problems.is_empty() {
                return Err(Difference { stream: Some(case.name.clone()), sync: index, what: problems.join("\n") });
            }
        }
    }
    Ok(())
}

fn place(is_postgres: bool) -> Place {
    if is_postgres {
        let database = Database::new();
        return Place::of(database.config("main"), database);
    }
    let folder = tempfile::tempdir().unwrap();
    Place::of(json!({"destination_path": folder.path().join("file.duckdb")}), folder)
}

fn options(normalization: &Value) -> Options {
    let config = json!({"destination_path": "unused", "schema": "main", "normalization": normalization});
    let Value::Object(config) = config else { unreachable!("an object") };
    Config::from_object(config).unwrap().options()
}

/// The records of all streams, each stream's in its order, with states between and a status for each stream.
fn messages(dice: &mut Dice, syncs: &[&Sync]) -> Vec<String> {
    let status = |stream: &Value, status: &str| {
        json!({"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 0,
            "stream_status": {"stream_descriptor": {"name": stream}, "status": status}}})
        .to_string()
    };
    let has_statuses = !syncs.iter().all(|sync| sync.is_complete) || dice.percent(50);
    let mut waiting: Vec<Vec<String>> = Vec::new();
    for sync in syncs {
        let name = &sync.stream["stream"]["name"];
        let mut queue = Vec::new();
        if has_statuses {
            queue.push(status(name, "STARTED"));
        }
        queue.extend(sync.records.iter().map(|record| text::message(name.as_str().unwrap(), record)));
        if has_statuses && sync.is_complete {
            queue.push(status(name, "COMPLETE"));
        }
        queue.reverse();
        waiting.push(queue);
    }
    let mut messages = Vec::new();
    while !waiting.is_empty() {
        let index = dice.below(waiting.len());
        match waiting[index].pop() {
            Some(message) => messages.push(message),
            None => drop(waiting.swap_remove(index)),
        }
        if dice.percent(3) {
            let state = json!({"type": "STATE", "state": {"type": "LEGACY", "data": {"n": messages.len()}}});
            messages.push(state.to_string());
        }
    }
    messages
}

fn compare(stream: &Stream, sync: &Sync, found: &mut Found) -> Vec<String> {
    let mut problems = Vec::new();
    let pile = &stream.live;
    let keeps_raw = sync.config["raw"] != "none";
    if keeps_raw {
        let raw = pile.raw.iter().map(|record| {
            let changes = record.changes.iter().map(change_shown).collect();
            let system = system_shown(record.emitted_at, record.generation, &record.sync_id, changes);
            format!("{} {system}", Value::Object(text::stored(&record.data)))
        });
        differ("raw rows", &raw.collect::<Vec<_>>(), &found.raw(), &mut problems);
    }
    if pile.is_lost {
        return problems;
    }
    let mut roots: Vec<String> = pile.present().iter().map(|version| version.shown(keeps_raw)).collect();
    roots.sort();
    differ("typed rows", &roots, &found.roots(), &mut problems);
    problems.append(&mut found.problems);
    let tables: BTreeSet<Path> = pile.tables.keys().cloned().collect();
    let missing = tables.symmetric_difference(&found.tables()).map(|path| path.join(".")).collect::<Vec<_>>();
    if !missing.is_empty() {
        problems.push(format!("child tables that are missing, or there for no reason: {missing:?}"));
    }
    for ((table, column), (kind, storage)) in &pile.columns {
        let (expected, found) = (storage.type_of(*kind), found.type_of(table, column));
        if found.as_ref() != Some(&expected) {
            problems.push(format!("the column {column} of {table:?} is {found:?}, not {expected}"));
        }
    }
    if let Some(dedup) = pile.dedup.as_ref().filter(|_| pile.keeps_history && !pile.is_history_lost) {
        let mut versions = history(&pile.versions, dedup.has_cursor(), keeps_raw);
        versions.sort();
        differ("history", &versions, &found.history(), &mut problems);
    }
    problems
}

fn differ(what: &str, expected: &[String], found: &[String], problems: &mut Vec<String>) {
    let without = |these: &[String], those: &[String]| {
        let mut those = those.to_vec();
        let left = these.iter().filter(|row| match those.iter().position(|other| other == *row) {
            Some(index) => {
                those.swap_remove(index);
                false
            }
            None => true,
        });
        left.cloned().collect::<Vec<_>>()
    };
    for row in without(expected, found) {
        problems.push(format!("{what}, expected: {row}"));
    }
    for row in without(found, expected) {
        problems.push(format!("{what}, found:    {row}"));
    }
    if problems.is_empty() && expected != found {
        problems.push(format!("{what} are in another order"));
    }
}
