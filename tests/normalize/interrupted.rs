//! Rebuilds that did not come to their end: the tables are the old ones or the new ones, and the next run does the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::content;
use crate::landing::{catalog, records};
use crate::support::{TestWarehouse, in_every_warehouse, normalize, write};

in_every_warehouse! {
    a_finished_stream_is_done_again_only_if_it_would_come_out_otherwise,
    a_killed_rebuild_leaves_old_or_new_tables_and_is_finished_by_the_next,
}

const BAD: &str = "6c45cd8e-51fb-4f47-b0be-59bf0a8a8a00";

/// What changes between the run that failed and the next one.
type Change<W> = fn(&W, &Path, &mut Value, &mut Value);

fn a_finished_stream_is_done_again_only_if_it_would_come_out_otherwise<W: TestWarehouse>() {
    let changes: [(&str, usize, Change<W>); 5] = [
        ("nothing", 1, |_, _, _, _| {}),
        ("a type", 0, |_, _, _, catalog| {
            for stream in [0, 1] {
                catalog["streams"][stream]["stream"]["json_schema"]["properties"]["at"] = json!({"type": "string"});
            }
        }),
        ("an option", 0, |_, _, config, _| {
            config["normalization"] = json!({"additional_properties": "column"});
        }),
        ("raw rows", 0, |_, folder, config, catalog| {
            let mut raw_only = config.clone();
            raw_only["normalization"] = json!({"enabled": false});
            assert!(write(folder, &raw_only, catalog, records("s", 5..7).as_bytes()).succeeded);
        }),
        ("a table", 0, |warehouse, _, _, _| warehouse.execute("DROP TABLE main.s_children")),
    ];
    for (changed, finished, change) in changes {
        let [interrupted, undisturbed] = [true, false].map(|is_interrupted| {
            let folder = tempfile::tempdir().unwrap();
            let warehouse = W::new(folder.path());
            let (mut config, mut catalog) = (warehouse.config("main"), catalog(&[("s", "append"), ("t", "append")]));
            let input = records("s", 0..5) + &records("t", 0..5);
            assert!(write(folder.path(), &config, &catalog, input.as_bytes()).succeeded);
            warehouse.execute(&format!(
                "INSERT INTO main._airbyte_raw_t (_airbyte_ab_id, _airbyte_emitted_at, _airbyte_data) \
                 VALUES ('{BAD}', '2024-01-01 00:00:00+00', '[]')"
            ));
            if is_interrupted {
                normalize(folder.path(), &config, &catalog).unwrap_err();
            }
            warehouse.execute(&format!("DELETE FROM main._airbyte_raw_t WHERE _airbyte_ab_id = '{BAD}'"));
            change(&warehouse, folder.path(), &mut config, &mut catalog);
            let told = normalize(folder.path(), &config, &catalog).unwrap();
            let goes_on = format!("an interrupted rebuild goes on finished={finished} left={}", 2 - finished);
            assert_eq!(told.contains(&goes_on), is_interrupted, "{changed}: {told}");
            let mut shown = content(warehouse.tables());
            // ids are those of the records, which are others in each warehouse
            for (_, columns, rows) in &mut shown {
                let is_value = |column: &String| !column.starts_with("_airbyte_");
                for row in rows.iter_mut() {
                    let values = std::mem::take(row).into_iter().zip(columns.iter());
                    *row = values.filter(|(_, column)| is_value(column)).map(|(value, _)| value).collect();
                }
                rows.sort();
            }
            shown
        });
        assert_eq!(interrupted, undisturbed, "{changed}");
    }
}

/// `normalize` over the files of a folder, with small checkpoints, writing its points down.
fn command(folder: &Path, at: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alluvium"));
    command.arg("normalize").env_remove("ALLUVIUM_LOG").env_remove("LOG_LEVEL");
    command.arg("--config").arg(folder.join("config.json")).arg("--catalog").arg(folder.join("catalog.json"));
    command.env("ALLUVIUM_CHECKPOINT_BYTES", "3000").env("ALLUVIUM_POINTS", folder.join("points"));
    if let Some(at) = at {
        command.env("ALLUVIUM_AT", at);
    }
    command
}

fn a_killed_rebuild_leaves_old_or_new_tables_and_is_finished_by_the_next<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = W::new(folder.path());
    let mut config = warehouse.config("main");
    config["normalization"] = json!({"history": true});
    let old_catalog = catalog(&[("s", "append_dedup")]);
    let mut new_catalog = old_catalog.clone();
    new_catalog["streams"][0]["stream"]["json_schema"]["properties"]["at"] = json!({"type": "string"});
    let input = records("s", (0..40).chain(20..80));
    assert!(write(folder.path(), &config, &old_catalog, input.as_bytes()).succeeded);
    let old = content(warehouse.tables());
    normalize(folder.path(), &config, &new_catalog).unwrap();
    let new = content(warehouse.tables());
    assert_ne!(new, old);
    let _ = std::fs::remove_file(folder.path().join("points"));
    assert!(command(folder.path(), None).status().unwrap().success());
    let mut points = BTreeMap::<String, usize>::new();
    for point in std::fs::read_to_string(folder.path().join("points")).unwrap().lines() {
        *points.entry(point.to_owned()).or_default() += 1;
    }
    assert!(
        ["prepare", "ready", "load", "merge", "replace", "committed"].iter().all(|point| points.contains_key(*point))
    );
    for (point, times) in points {
        for nth in BTreeSet::from([1, times]) {
            let at = format!("{point}:{nth}:kill");
            normalize(folder.path(), &config, &old_catalog).unwrap();
            assert_eq!(content(warehouse.tables()), old, "{at}");
            std::fs::write(folder.path().join("catalog.json"), new_catalog.to_string()).unwrap();
            let killed = command(folder.path(), Some(&at)).output().unwrap();
            assert!(killed.status.code().is_none(), "{at}: it lived");
            warehouse.settle();
            let left = content(warehouse.tables());
            assert!(left == old || left == new, "{at}: {left:?}");
            let again = command(folder.path(), None).output().unwrap();
            assert!(again.status.success(), "{at}: {}", String::from_utf8_lossy(&again.stderr));
            assert_eq!(content(warehouse.tables()), new, "{at}");
        }
    }
}
