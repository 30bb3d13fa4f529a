//! The smallest case that still fails.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::case::{Case, Sync};
use super::run::{Difference, run};

/// How long is looked for a smaller case.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is told of a batch that fails: the stream's catalogs, messages and the difference, less what makes no difference.
pub(super) fn shrink(is_postgres: bool, seed: u64, mut batch: Vec<Case>, mut difference: Difference) -> String {
    let started = Instant::now();
    let alone = match &difference.stream {
        Some(name) => batch.iter().filter(|case| case.name == *name).cloned().collect::<Vec<_>>(),
        None => batch.clone(),
    };
    let fails = |case: &Case| run(is_postgres, seed, std::slice::from_ref(case)).err();
    let mut case = match alone.into_iter().find_map(|case| fails(&case).map(|difference| (case, difference))) {
        Some((case, found)) => {
            difference = found;
            case
        }
        // only together with others
        None => match &difference.stream {
            Some(name) => batch.swap_remove(batch.iter().position(|case| case.name == *name).unwrap()),
            None => return format!("sync {} of all streams: {}", difference.sync + 1, difference.what),
        },
    };
    let mut is_smaller = true;
    while is_smaller {
        is_smaller = false;
        for smaller in smaller(&case) {
            if started.elapsed() > PATIENCE {
                break;
            }
            if let Some(found) = fails(&smaller) {
                (case, difference, is_smaller) = (smaller, found, true);
                break;
            }
        }
    }
    told(&case, &difference)
}

/// The case less something, the largest parts first.
fn smaller(case: &Case) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut with = |change: &dyn Fn(&mut Vec<Sync>) -> bool| {
        let mut smaller = case.clone();
        if change(&mut smaller.syncs) {
            cases.push(smaller);
        }
    };
    for index in 0..case.syncs.len() {
        with(&|syncs| syncs.len() > 1 && !syncs.remove(index).stream.is_null());
        with(&|syncs| !std::mem::take(&mut syncs[index].records).is_empty());
    }
    let properties = |sync: &mut Sync| sync.stream.pointer_mut("/stream/json_schema/properties").cloned();
    let names = |value: Option<Value>| -> Vec<String> {
        value.as_ref().and_then(Value::as_object).map(|object| object.keys().cloned().collect()).unwrap_or_default()
    };
    for mut sync in case.syncs.clone() {
        for name in names(properties(&mut sync)) {
            let keeps = [&sync.stream["primary_key"], &sync.stream["cursor_field"]].map(Value::to_string).concat();
            if keeps.contains(&format!("\"{name}\"")) {
                continue;
            }
            with(&|syncs| {
                let removed = syncs.iter_mut().filter_map(|sync| {
                    sync.records
                        .iter_mut()
                        .for_each(|record| drop(record["data"].as_object_mut().unwrap().shift_remove(&name)));
                    sync.stream["stream"]["json_schema"]["properties"].as_object_mut().unwrap().shift_remove(&name)
                });
                removed.count() > 0
            });
        }
        for name in names(Some(sync.config.clone())) {
            with(&|syncs| {
                let removed =
                    syncs.iter_mut().filter_map(|sync| sync.config.as_object_mut().unwrap().shift_remove(&name));
                removed.count() > 0
            });
        }
    }
    for (index, sync) in case.syncs.iter().enumerate() {
        with(&|syncs| !std::mem::replace(&mut syncs[index].is_complete, true));
        for record in 0..sync.records.len() {
            with(&|syncs| !syncs[index].records.remove(record).is_null());
            with(&|syncs| syncs[index].records[record].as_object_mut().unwrap().shift_remove("twice").is_some());
            for name in names(Some(sync.records[record]["data"].clone())) {
                with(&|syncs| {
                    syncs[index].records[record]["data"].as_object_mut().unwrap().shift_remove(&name).is_some()
                });
            }
        }
    }
    cases
}

fn told(case: &Case, difference: &Difference) -> String {
    let mut told = Vec::new();
    for (index, sync) in case.syncs.iter().enumerate() {
        let end = if sync.is_complete { "complete" } else { "incomplete" };
        told.push(format!("sync {}, {end}, normalization {}\n  {}", index + 1, sync.config, sync.stream));
        told.extend(sync.records.iter().map(|record| format!("    {record}")));
    }
    told.push(format!("after sync {}:\n{}", difference.sync + 1, difference.what));
    told.join("\n")
}
