//! Which streams are rebuilt, and from which catalog.

use std::path::Path;

use serde_json::{Value, json};

use super::content;
use crate::landing::{catalog, records};
use crate::support::{DuckDb, TestWarehouse, alluvium, in_every_warehouse, write};

in_every_warehouse! {
    without_a_catalog_the_inferred_one_is_used,
    an_inferred_stream_with_a_key_is_deduplicated_if_asked,
    streams_are_chosen_by_name_and_by_schema,
    a_dry_run_tells_what_would_be_done_and_does_nothing,
}

/// The binary over the config of `folder`; what it printed and what it told.
fn run(folder: &Path, arguments: &[&str]) -> Result<(String, String), String> {
    let config = folder.join("config.json");
    let [verb, rest @ ..] = arguments else { panic!("no verb") };
    alluvium(&[&[*verb, "--config", config.to_str().unwrap()], rest].concat())
}

/// Streams `s` and `t`, and a `t` in the namespace `Other Shop`, with rows.
fn landed<W: TestWarehouse>(folder: &Path) -> W {
    let warehouse = W::new(folder);
    let mut catalog = catalog(&[("s", "append"), ("t", "append"), ("t", "append")]);
    catalog["streams"][2]["stream"]["namespace"] = json!("Other Shop");
    let input = records("s", [1, 2, 2])
        + &records("t", 0..5).replace("\"stream\":\"t\"", "\"stream\":\"t\",\"namespace\":\"\"");
    let input =
        input + &records("t", 7..9).replace("\"stream\":\"t\"", "\"stream\":\"t\",\"namespace\":\"Other Shop\"");
    assert!(write(folder, &warehouse.config("main"), &catalog, input.as_bytes()).succeeded);
    warehouse
}

fn ids(warehouse: &impl TestWarehouse, table: &str) -> Vec<String> {
    let rows = warehouse.query(&format!("SELECT id FROM {table} ORDER BY id"));
    rows.into_iter().map(|mut row| row.remove(0).unwrap()).collect()
}

fn without_a_catalog_the_inferred_one_is_used<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = landed::<W>(folder.path());
    let (inferred, _) = run(folder.path(), &["infer"]).unwrap();
    let file = folder.path().join("inferred.json");
    std::fs::write(&file, &inferred).unwrap();
    run(folder.path(), &["normalize", "--catalog", file.to_str().unwrap()]).unwrap();
    let by_hand = content(warehouse.tables());
    warehouse.execute("DELETE FROM main.s; DELETE FROM main.t");
    let (_, told) = run(folder.path(), &["normalize"]).unwrap();
    assert!(told.contains("stream inferred stream=s records=3 "), "{told}");
    assert!(told.find("stream inferred").unwrap() < told.find("sync report").unwrap(), "{told}");
    assert_eq!(content(warehouse.tables()), by_hand);
    assert_eq!(ids(&warehouse, "main.s"), ["1", "2", "2"]);
}

fn an_inferred_stream_with_a_key_is_deduplicated_if_asked<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = landed::<W>(folder.path());
    let record =
        |id: i64| json!({"type": "RECORD", "record": {"stream": "k", "emitted_at": 0, "data": {"id": id}}}).to_string();
    let input = [1, 2].map(record).join("\n");
    assert!(write(folder.path(), &warehouse.config("main"), &catalog(&[("k", "append")]), input.as_bytes()).succeeded);
    let has_key = || {
        content(warehouse.tables()).iter().any(|(name, columns, _)| {
            name == "main.k" && columns.iter().any(|column| column.starts_with("_airbyte_unique_key "))
        })
    };
    run(folder.path(), &["normalize", "--stream", "k"]).unwrap();
    assert!(!has_key());
    run(folder.path(), &["normalize", "--stream", "k", "--dedup"]).unwrap();
    assert!(has_key());
}

fn streams_are_chosen_by_name_and_by_schema<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = landed::<W>(folder.path());
    let file = folder.path().join("catalog.json");
    let catalog = ["--catalog", file.to_str().unwrap()];
    let (s, t, other) = ("main.s", "main.t", "other_shop.t");
    for (chosen, rebuilt) in [
        (&["--stream", "s"][..], &[s][..]),
        (&["--stream", "t"], &[t, other]),
        (&["--stream", "Other Shop.t"], &[other]),
        (&["--schema", "Other Shop"], &[other]),
        (&["--schema", "other_shop", "--stream", "t"], &[other]),
        (&["--schema", "MAIN"], &[s, t]),
        (&[], &[s, t, other]),
    ] {
        warehouse.execute("DELETE FROM main.s; DELETE FROM main.t; DELETE FROM other_shop.t");
        run(folder.path(), &[&["normalize"], &catalog[..], chosen].concat()).unwrap();
        let full: Vec<_> = [s, t, other].into_iter().filter(|table| !ids(&warehouse, table).is_empty()).collect();
        assert_eq!(full, rebuilt, "{chosen:?}");
    }
    for (chosen, told) in [
        (["--stream", "u"], "the catalog has no stream `u`"),
        (["--schema", "u"], "the catalog has no stream of the schema `u`; there are those of main, other_shop"),
    ] {
        let failure = run(folder.path(), &[&["normalize"], &catalog[..], &chosen].concat()).unwrap_err();
        assert!(failure.contains(told), "{failure}");
    }
    warehouse.execute("DELETE FROM main.t; DELETE FROM other_shop.t");
    run(folder.path(), &["normalize", "--schema", "other_shop", "--stream", "other_shop.t"]).unwrap();
    assert_eq!((ids(&warehouse, t).len(), ids(&warehouse, other)), (0, vec!["7".to_owned(), "8".to_owned()]));
    for chosen in [&["--stream", "other_shop.t"][..], &[]] {
        warehouse.execute("DELETE FROM main.t; DELETE FROM other_shop.t");
        run(folder.path(), &[&["normalize"], chosen].concat()).unwrap();
        assert_eq!(
            (ids(&warehouse, t).len(), ids(&warehouse, other).len()),
            (if chosen.is_empty() { 5 } else { 0 }, 2)
        );
    }
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let config: Value = DuckDb::new(folder.path()).config("main");
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let told = run(folder.path(), &["normalize"]).unwrap_err();
    assert!(told.starts_with("error: there is no database "), "{told}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

fn a_dry_run_tells_what_would_be_done_and_does_nothing<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = landed::<W>(folder.path());
    warehouse.execute("DELETE FROM main._airbyte_raw_t WHERE _airbyte_emitted_at < '1970-01-01 00:00:00.002+00'");
    let before = content(warehouse.tables());
    let (shown, _) =
        run(folder.path(), &["normalize", "--dry-run", "--schema", "main", "--stream", "s", "--stream", "t"]).unwrap();
    let lines: Vec<Vec<&str>> = shown.lines().skip(2).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0][..4], ["s", "main._airbyte_raw_s", "3", "0"], "{shown}");
    assert_eq!(lines[1][..4], ["t", "main._airbyte_raw_t", "3", "2"], "{shown}");
    assert_eq!(lines[1][4..], ["main.t,", "main.t_children"], "{shown}");
    assert!(lines[2].starts_with(&["lost:"]), "{shown}");
    assert_eq!(content(warehouse.tables()), before);
}
