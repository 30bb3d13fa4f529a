//! Raw tables reduced to what is needed: a rebuild gives the same, and nothing else goes.

/// What is done where no catalog says what keys are.
mod without_a_catalog;

use std::fs::read;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::cases::{configs, home, json_in};
use crate::landing::{catalog, line};
use crate::normalize::content;
use crate::support::{Rows, TestWarehouse, in_every_warehouse, normalize, write};

in_every_warehouse! {
    a_rebuild_after_a_compaction_gives_the_same_typed_tables,
    cursors_and_keys_inside_objects_order_versions,
    the_newest_versions_of_each_key_stay,
    rows_go_by_age,
    a_dry_run_tells_and_deletes_nothing,
    all_versions_stay_where_a_history_is_made_of_them,
    rows_that_cant_be_told_apart_stay,
    raw_tables_of_older_connectors_are_compacted,
    a_run_that_was_killed_leaves_raw_whole_or_compacted,
}

/// Runs `alluvium compact` in `folder`.
fn run(folder: &Path, config: &Value, catalog: &Value, arguments: &[&str]) -> Output {
    command(folder, config, catalog).args(arguments).output().unwrap()
}

fn command(folder: &Path, config: &Value, catalog: &Value) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alluvium"));
    command.arg("compact").env_remove("ALLUVIUM_LOG").env_remove("LOG_LEVEL");
    for (option, content) in [("--config", config), ("--catalog", catalog)] {
        let path = folder.join(format!("compact{option}.json"));
        std::fs::write(&path, content.to_string()).unwrap();
        command.arg(option).arg(path);
    }
    command
}

/// What a compaction that went well told of its one stream, in its own words.
#[track_caller]
fn compact(folder: &Path, config: &Value, catalog: &Value, arguments: &[&str]) -> String {
    let output = run(folder, config, catalog, arguments);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{told}");
    told
}

/// The numbers that a compaction told under these names.
#[track_caller]
fn numbers<const N: usize>(told: &str, names: [&str; N]) -> [i64; N] {
    names.map(|name| {
        let number = told.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        number.unwrap_or_else(|| panic!("no {name}: {told}")).parse().unwrap()
    })
}

/// The typed tables.
fn typed(warehouse: &impl TestWarehouse) -> Vec<(String, Vec<String>, Rows)> {
    let tables = warehouse.tables().into_iter().filter(|table| !table.name.starts_with("_airbyte_raw_"));
    content(tables.collect())
}

/// The raw rows of `s`, by two of their values.
fn raw(warehouse: &impl TestWarehouse) -> Vec<(i64, i64)> {
    let rows = warehouse.query(
        "SELECT CAST(_airbyte_data ->> 'id' AS BIGINT), CAST(_airbyte_data ->> 'at' AS BIGINT) \
         FROM main._airbyte_raw_s ORDER BY 1, 2",
    );
    let number = |value: &Option<String>| value.as_ref().unwrap().parse().unwrap();
    rows.iter().map(|row| (number(&row[0]), number(&row[1]))).collect()
}

/// Records of `s`: the key, the cursor, and when each was emitted in milliseconds.
fn versions(versions: impl IntoIterator<Item = (i64, i64, i64)>) -> String {
    let record = |(id, at, emitted_at)| {
        let data = json!({"id": id, "at": at, "children": [{"owner": at}, {"owner": id}]});
        line(&json!({"type": "RECORD", "record": {"stream": "s", "data": data, "emitted_at": emitted_at}}))
    };
    versions.into_iter().map(record).collect()
}

/// A warehouse that these versions were written to.
fn with_versions<W: TestWarehouse>(
    folder: &Path,
    catalog: &Value,
    rows: impl IntoIterator<Item = (i64, i64, i64)>,
) -> (W, Value) {
    let warehouse = W::new(folder);
    let config = warehouse.config("main");
    assert!(write(folder, &config, catalog, versions(rows).as_bytes()).succeeded);
    (warehouse, config)
}

/// Cases of one row a key: late records, deletes hard and soft, children.
const CASES: [&str; 3] = ["cdc", "children_follow", "dedup"];

/// A stream whose cursor and part of whose key are inside an object, and records with late ones and deletes among them.
fn nested_cursor() -> (Value, String) {
    let properties = json!({
        "id": {"type": "integer"},
        "meta": {"type": "object", "properties": {"part": {"type": "string"}, "seq": {"type": "string"}}},
        "_ab_cdc_lsn": {"type": "integer"},
        "_ab_cdc_deleted_at": {"type": "string", "format": "date-time"},
        "items": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
    });
    let catalog = json!({"streams": [{
        "stream": {"name": "s", "json_schema": {"type": "object", "properties": properties}},
        "sync_mode": "incremental", "destination_sync_mode": "append_dedup",
        "primary_key": [["id"], ["meta", "part"]], "cursor_field": ["meta", "seq"],
    }]});
    let deleted = "2024-01-01T00:00:00Z";
    let record = |(id, part, seq, lsn, deleted_at): (i64, Value, Value, i64, Option<&str>)| {
        let data = json!({
            "id": id, "meta": {"part": part, "seq": seq}, "_ab_cdc_lsn": lsn, "_ab_cdc_deleted_at": deleted_at,
            "items": [{"n": lsn}, {"n": id}],
        });
        line(&json!({"type": "RECORD", "record": {"stream": "s", "data": data, "emitted_at": 5}}))
    };
    let records = [
        (1, json!("a"), json!("9"), 1, None),
        (1, json!("a"), json!("10"), 2, None), // late: "10" < "9"
        (1, json!("b"), json!("1"), 3, None),
        (1, json!("b"), json!("1"), 4, Some(deleted)),
        (1, json!("b"), json!("0"), 5, None), // late, does not bring it back
        (2, json!(null), json!(null), 6, None),
        (2, json!(null), json!("\u{ffff}"), 7, None),
        (2, json!(null), json!("😀"), 8, None),
        (3, json!("a"), json!("x"), 10, None),
        (3, json!("a"), json!("x"), 9, None), // late by what orders behind the cursor
        (4, json!("a"), json!("x"), 1, Some(deleted)),
    ];
    (catalog, records.into_iter().map(record).collect())
}

/// Compacts, rebuilds and compacts again: the typed tables are the same, and the second time there is nothing to do.
#[track_caller]
fn check_law(warehouse: &impl TestWarehouse, folder: &Path, config: &Value, catalog: &Value) {
    let before = typed(warehouse);
    let told = compact(folder, config, catalog, &[]);
    let [dropped] = numbers(&told, ["rows_dropped"]);
    assert!(dropped > 0, "{config}: {told}");
    normalize(folder, config, catalog).unwrap();
    assert_eq!(typed(warehouse), before, "{config}");

    let again = compact(folder, config, catalog, &[]);
    assert_eq!(numbers(&again, ["rows_dropped", "bytes_dropped"]), [0, 0], "{config}: {again}");
}

fn a_rebuild_after_a_compaction_gives_the_same_typed_tables<W: TestWarehouse>() {
    for case in CASES {
        let case = home().join(case);
        let has_history = |keys: &Value| keys["normalization"]["history"] == true;
        for keys in configs(&case).into_values().filter(|keys| !has_history(keys)) {
            let folder = tempfile::tempdir().unwrap();
            let warehouse = W::new(folder.path());
            let mut config = warehouse.config("main");
            config.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
            let mut catalog = json!(null);
            for number in 1.. {
                let suffix = if number == 1 { String::new() } else { number.to_string() };
                let Ok(input) = read(case.join(format!("messages{suffix}.jsonl"))) else { break };
                catalog = json_in(&case.join(format!("catalog{suffix}.json"))).unwrap_or(catalog);
                write(folder.path(), &config, &catalog, &input);
            }
            check_law(&warehouse, folder.path(), &config, &catalog);
        }
    }
}

fn cursors_and_keys_inside_objects_order_versions<W: TestWarehouse>() {
    for objects in ["table", "flatten", "json"] {
        let folder = tempfile::tempdir().unwrap();
        let warehouse = W::new(folder.path());
        let mut config = warehouse.config("main");
        config["normalization"] = json!({"objects": objects});
        let (catalog, records) = nested_cursor();
        assert!(write(folder.path(), &config, &catalog, records.as_bytes()).succeeded);
        check_law(&warehouse, folder.path(), &config, &catalog);
        // one of each key: five of them, of which two are deleted
        assert_eq!(warehouse.query("SELECT count(*) FROM main._airbyte_raw_s"), [[Some("5".to_owned())]]);
        assert_eq!(warehouse.query("SELECT count(*) FROM main.s"), [[Some("3".to_owned())]]);
    }
}

fn the_newest_versions_of_each_key_stay<W: TestWarehouse>() {
    let (folder, catalog) = (tempfile::tempdir().unwrap(), catalog(&[("s", "append_dedup")]));
    let rows = [(1, 3, 0), (1, 5, 0), (1, 4, 0), (1, 1, 0), (2, 1, 0), (3, 2, 0), (3, 1, 0)];
    let (warehouse, config) = with_versions::<W>(folder.path(), &catalog, rows);
    let told = compact(folder.path(), &config, &catalog, &["--keep-versions", "2"]);
    assert_eq!(raw(&warehouse), [(1, 4), (1, 5), (2, 1), (3, 1), (3, 2)]);
    assert_eq!(numbers(&told, ["rows_before", "rows_after", "unreadable", "shared_ids"]), [7, 5, 0, 0]);
    let [before, after, dropped] = numbers(&told, ["bytes_before", "bytes_after", "bytes_dropped"]);
    assert!(0 < after && after < before && before - after == dropped, "{told}");
    assert_eq!(told.contains("stored_before="), W::name() == "postgres", "{told}");

    // a stream that was not asked for stays as it is
    let refused = run(folder.path(), &config, &catalog, &["--stream", "t"]);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && told.contains("the catalog has no stream `t`"), "{told}");
    compact(folder.path(), &config, &catalog, &["--stream", "s"]);
    assert_eq!(raw(&warehouse), [(1, 5), (2, 1), (3, 2)]);
}

fn rows_go_by_age<W: TestWarehouse>() {
    const DAY: i64 = 86_400_000;
    let rows = [(1, 1, 0), (1, 2, DAY), (1, 3, 2 * DAY), (2, 1, 0), (2, 2, DAY - 1), (3, 1, 3 * DAY), (3, 2, 3 * DAY)];
    for (mode, before, kept) in [
        ("append_dedup", "1970-01-02", &[(1, 2), (1, 3), (2, 2), (3, 1), (3, 2)][..]),
        ("append_dedup", "1970-01-03T00:00:00Z", &[(1, 3), (2, 2), (3, 1), (3, 2)]),
        ("append", "1970-01-02", &[(1, 2), (1, 3), (3, 1), (3, 2)]),
        ("overwrite", "1970-01-02T00:00:00+00:00", &[(1, 2), (1, 3), (3, 1), (3, 2)]),
    ] {
        let (folder, catalog) = (tempfile::tempdir().unwrap(), catalog(&[("s", mode)]));
        let (warehouse, config) = with_versions::<W>(folder.path(), &catalog, rows);
        let typed_rows = typed(&warehouse);
        if mode != "append_dedup" {
            let told = compact(folder.path(), &config, &catalog, &[]);
            assert!(told.contains("not compacted") && told.contains("without a key"), "{told}");
            assert_eq!(raw(&warehouse).len(), rows.len());
        }
        let told = compact(folder.path(), &config, &catalog, &["--before", before]);
        assert_eq!(raw(&warehouse), kept, "{mode} {before}");
        assert_eq!(typed(&warehouse), typed_rows);
        let loses = mode != "append_dedup";
        assert_eq!(told.contains("a rebuild would lose them"), loses, "{told}");
        assert_eq!(normalize(folder.path(), &config, &catalog).is_err(), loses);
    }
}

fn a_dry_run_tells_and_deletes_nothing<W: TestWarehouse>() {
    let (folder, catalog) = (tempfile::tempdir().unwrap(), catalog(&[("s", "append_dedup")]));
    let (warehouse, config) = with_versions::<W>(folder.path(), &catalog, [(1, 1, 0), (1, 2, 0), (2, 1, 0)]);
    let figures = ["rows_before", "rows_after", "bytes_before", "bytes_after", "rows_dropped", "bytes_dropped"];
    let told = compact(folder.path(), &config, &catalog, &["--dry-run"]);
    assert!(told.contains("dry_run=true"), "{told}");
    assert_eq!(raw(&warehouse), [(1, 1), (1, 2), (2, 1)]);
    let done = compact(folder.path(), &config, &catalog, &[]);
    assert_eq!(raw(&warehouse), [(1, 2), (2, 1)]);
    assert_eq!(numbers(&told, figures), numbers(&done, figures));
}

fn all_versions_stay_where_a_history_is_made_of_them<W: TestWarehouse>() {
    let (folder, catalog) = (tempfile::tempdir().unwrap(), catalog(&[("s", "append_dedup")]));
    let warehouse = W::new(folder.path());
    let mut config = warehouse.config("main");
    config["normalization"] = json!({"history": true});
    assert!(write(folder.path(), &config, &catalog, versions([(1, 1, 0), (1, 2, 0)]).as_bytes()).succeeded);
    for arguments in [&[][..], &["--before", "2024-01-01"]] {
        let told = compact(folder.path(), &config, &catalog, arguments);
        assert!(told.contains("not compacted") && told.contains("the history is made of all versions"), "{told}");
        assert_eq!(raw(&warehouse), [(1, 1), (1, 2)]);
    }
    let told = compact(folder.path(), &config, &catalog, &["--keep-versions", "1"]);
    assert!(told.contains("the history keeps the versions that go from raw"), "{told}");
    assert_eq!(raw(&warehouse), [(1, 2)]);
}

fn rows_that_cant_be_told_apart_stay<W: TestWarehouse>() {
    let (folder, catalog) = (tempfile::tempdir().unwrap(), catalog(&[("s", "append_dedup")]));
    let (warehouse, config) = with_versions::<W>(folder.path(), &catalog, [(1, 7, 0), (1, 8, 0), (1, 9, 0)]);
    let id = |number| format!("'6c45cd8e-51fb-4f47-b0be-59bf0a8a8a0{number}'");
    let rows = [
        // an old version whose id another old version has, and one whose id a row has that is no record
        (id(1), r#"{"id": 1, "at": 1}"#),
        (id(1), r#"{"id": 1, "at": 2}"#),
        (id(2), r#"{"id": 1, "at": 3}"#),
        (id(2), "[]"),
        (id(3), "[\"secret\"]"),
        ("NULL".to_owned(), r#"{"id": 1, "at": 4}"#),
    ];
    let values = rows.clone().map(|(id, data)| format!("({id}, '1970-01-01 00:00:00+00', '{data}')")).join(", ");
    warehouse.execute(&format!(
        "INSERT INTO main._airbyte_raw_s (_airbyte_ab_id, _airbyte_emitted_at, _airbyte_data) VALUES {values}"
    ));
    let told = compact(folder.path(), &config, &catalog, &[]);
    let left = "SELECT CAST(_airbyte_data AS VARCHAR) AS data FROM main._airbyte_raw_s ORDER BY data";
    let left: Vec<String> = warehouse.query(left).into_iter().map(|row| row[0].clone().unwrap()).collect();
    let inserted = rows.iter().map(|(_, data)| (*data).to_owned());
    let newest = json!({"id": 1, "at": 9, "children": [{"owner": 9}, {"owner": 1}]}).to_string();
    let mut expected: Vec<String> = inserted.chain([newest]).collect();
    expected.sort();
    let mut left = left;
    left.sort();
    assert_eq!(left, expected);
    assert_eq!(numbers(&told, ["rows_before", "rows_after", "unreadable", "shared_ids"]), [9, 7, 3, 4]);
    assert!(!told.contains("secret"), "{told}");
}

fn raw_tables_of_older_connectors_are_compacted<W: TestWarehouse>() {
    for json in ["json", "text"] {
        for (origin, raw_table) in crate::normalize::raw_tables(json) {
            let (folder, catalog) = (tempfile::tempdir().unwrap(), catalog(&[("s", "append_dedup")]));
            let warehouse = W::new(folder.path());
            warehouse.execute(&format!("CREATE SCHEMA IF NOT EXISTS main; {raw_table}"));
            let config = warehouse.config("main");
            normalize(folder.path(), &config, &catalog).unwrap();
            let typed_rows = || warehouse.query("SELECT id, _airbyte_ab_id FROM main.s ORDER BY id");
            let before = typed_rows();
            let told = compact(folder.path(), &config, &catalog, &[]);
            assert_eq!(numbers(&told, ["rows_before", "rows_after"]), [4, 3], "{} {origin} {json}", W::name());
            normalize(folder.path(), &config, &catalog).unwrap();
            assert_eq!(typed_rows(), before, "{} {origin} {json}", W::name());
        }
    }
}

fn a_run_that_was_killed_leaves_raw_whole_or_compacted<W: TestWarehouse>() {
    let (folder, catalog) = (tempfile::tempdir().unwrap(), catalog(&[("s", "append_dedup")]));
    let rows = (0..20_000).map(|number| (number % 100, number, 0));
    let (warehouse, config) = with_versions::<W>(folder.path(), &catalog, rows);
    let newest: Vec<(i64, i64)> = (0..100).map(|id| (id, 19_900 + id)).collect();
    let mut random = crate::kill::Random::new();
    for _ in 0..crate::kill::times() {
        let mut child = command(folder.path(), &config, &catalog).stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_micros(random.below(2_000_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        warehouse.settle();
        let left = raw(&warehouse);
        assert!(left.len() == 20_000 || left == newest, "{} rows", left.len());
    }
    compact(folder.path(), &config, &catalog, &[]);
    assert_eq!(raw(&warehouse), newest);
    let told = compact(folder.path(), &config, &catalog, &[]);
    assert_eq!(numbers(&told, ["rows_before", "rows_dropped"]), [100, 0]);
    let internal = "SELECT table_name FROM information_schema.tables WHERE table_schema <> 'pg_catalog' \
                    AND (table_name LIKE '%versions' OR table_name LIKE '%surplus')";
    assert_eq!(warehouse.query(internal), Rows::new());
}
