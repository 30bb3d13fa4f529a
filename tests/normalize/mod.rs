//! Typed tables again, from raw tables: what a sync made of the same records, whoever wrote the raw rows.

/// `write` goes on with the raw tables that older Airbyte left.
mod adoption;
/// Raw tables that are not what one would wish for, and others who are there too.
mod bad_input;
/// Typed tables that Basic Normalization left become ours, with all their rows or not at all.
mod basic_tables;
/// Rebuilds that did not come to their end.
mod interrupted;
/// Typed rows whose records the raw table has lost.
mod losses;
/// Which streams are rebuilt, and from which catalog.
mod selection;

use std::fs::read;
use std::path::Path;

use serde_json::{Value, json};

use crate::cases::{configs, home, json_in};
use crate::landing::{catalog, records};
use crate::support::{Rows, Table, TestWarehouse, alluvium, in_every_warehouse, normalize, write};

in_every_warehouse! {
    a_rebuild_gives_the_tables_that_the_syncs_gave,
    raw_rows_of_older_connectors_are_typed,
    a_raw_row_that_holds_no_object_leaves_everything_as_it_was,
    a_stream_without_raw_table_is_told,
    a_raw_row_without_time_of_emission_has_that_of_its_loading,
}

/// Cases in which nothing but the last sync's catalog says what the tables are, and whose records are Unicode: raw rows don't
/// tell any more what was not.
const CASES: [&str; 12] = [
    "append",
    "casts",
    "cdc",
    "children_follow",
    "dedup",
    "history",
    "limits",
    "nesting",
    "numbers",
    "scalar_arrays",
    "source_changes",
    "types",
];

/// Everything but when it was typed, in an order of its own.
pub(crate) fn content(tables: Vec<Table>) -> Vec<(String, Vec<String>, Rows)> {
    let content = |mut table: Table| {
        let normalized_at = table.columns.iter().position(|column| column.name == "_airbyte_normalized_at");
        if let Some(index) = normalized_at {
            table.rows.iter_mut().for_each(|row| row[index] = None);
        }
        table.rows.sort();
        let columns = table.columns.iter().map(|column| format!("{} {}", column.name, column.sql_type)).collect();
        (format!("{}.{}", table.schema, table.name), columns, table.rows)
    };
    tables.into_iter().map(content).collect()
}

fn a_rebuild_gives_the_tables_that_the_syncs_gave<W: TestWarehouse>() {
    for case in CASES {
        let case = home().join(case);
        for (variant, config) in configs(&case) {
            let folder = tempfile::tempdir().unwrap();
            let warehouse = W::new(folder.path());
            let mut full_config = warehouse.config("main");
            full_config.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
            let mut catalog = json!(null);
            for number in 1.. {
                let suffix = if number == 1 { String::new() } else { number.to_string() };
                let Ok(input) = read(case.join(format!("messages{suffix}.jsonl"))) else { break };
                catalog = json_in(&case.join(format!("catalog{suffix}.json"))).unwrap_or(catalog);
                write(folder.path(), &full_config, &catalog, &input);
            }
            let before = content(warehouse.tables());
            normalize(folder.path(), &full_config, &catalog).unwrap();
            assert_eq!(content(warehouse.tables()), before, "{} {variant}", case.display());
        }
    }
}

/// A raw table of each origin with the records 0, 1 and 2, of which 2 came twice.
pub(crate) fn raw_tables(json: &str) -> Vec<(&'static str, String)> {
    let data = |id: i64| json!({"id": id, "at": id, "children": [{"owner": id}, {"owner": -id}]}).to_string();
    let rows = |values: &dyn Fn(i64, i64) -> String| {
        [0, 1, 2, 2].iter().zip(0..).map(|(record, row)| values(*record, row)).collect::<Vec<_>>().join(", ")
    };
    vec![
        (
            "before Destinations V2",
            format!(
                "CREATE TABLE main._airbyte_raw_s \
                 (_airbyte_ab_id varchar(256), _airbyte_data {json}, _airbyte_emitted_at timestamp with time zone); \
                 INSERT INTO main._airbyte_raw_s VALUES {}",
                rows(&|id, row| format!("('{}', '{}', '2024-01-0{} 00:00:00+00')", uuid(row), data(id), id + 1))
            ),
        ),
        (
            "Destinations V2",
            format!(
                "CREATE SCHEMA airbyte_internal; CREATE TABLE airbyte_internal.main_raw__stream_s \
                 (_airbyte_raw_id varchar(36), _airbyte_extracted_at timestamp with time zone, \
                 _airbyte_loaded_at timestamp with time zone, _airbyte_data {json}, _airbyte_meta {json}, \
                 _airbyte_generation_id bigint); \
                 INSERT INTO airbyte_internal.main_raw__stream_s VALUES {}",
                rows(&|id, row| format!(
                    "('{}', '2024-01-0{} 00:00:00+00', NULL, '{}', '{{\"sync_id\": 7, \"changes\": []}}', 3)",
                    uuid(row),
                    id + 1,
                    data(id)
                ))
            ),
        ),
        (
            "Airbyte's DuckDB destination",
            format!(
                "CREATE TABLE main._airbyte_raw_s \
                 (_airbyte_ab_id varchar(256), _airbyte_emitted_at {json}, _airbyte_data {json}); \
                 INSERT INTO main._airbyte_raw_s VALUES {}",
                rows(&|id, row| format!("('row {row}', '\"2024-01-0{}T00:00:00+00:00\"', '{}')", id + 1, data(id)))
            ),
        ),
    ]
}

/// `normalize` with one more option over the files that the last run left in the folder.
fn again(folder: &Path, option: &str) -> Result<(String, String), String> {
    let [config, catalog] = ["config.json", "catalog.json"].map(|name| folder.join(name).display().to_string());
    alluvium(&["normalize", option, "--config", &config, "--catalog", &catalog])
}

fn uuid(id: i64) -> String {
    format!("6c45cd8e-51fb-4f47-b0be-59bf0a8a8a0{id}")
}

fn raw_rows_of_older_connectors_are_typed<W: TestWarehouse>() {
    for json in ["json", "text"] {
        for (origin, raw_table) in raw_tables(json) {
            let folder = tempfile::tempdir().unwrap();
            let warehouse = W::new(folder.path());
            warehouse.execute(&format!("CREATE SCHEMA IF NOT EXISTS main; {raw_table}"));
            let catalog = catalog(&[("s", "append_dedup")]);
            normalize(folder.path(), &warehouse.config("main"), &catalog).unwrap();
            let found = warehouse.query(
                "SELECT id, _airbyte_emitted_at, (SELECT count(*) FROM main.s_children AS c \
                 WHERE c._airbyte_s_hashid = s._airbyte_s_hashid) FROM main.s ORDER BY id",
            );
            let expected: Vec<Vec<Option<String>>> = (0..3)
                .map(|id| {
                    vec![Some(id.to_string()), Some(format!("2024-01-0{} 00:00:00+00", id + 1)), Some("2".to_owned())]
                })
                .collect();
            assert_eq!(found, expected, "{} {origin} {json}", W::name());
        }
    }
}

/// A stream `s` with rows, and a raw table into which a bad row has come.
fn with_a_bad_row<W: TestWarehouse>(warehouse: &W, folder: &Path) -> (Value, Value) {
    let (config, catalog) = (warehouse.config("main"), catalog(&[("s", "append")]));
    assert!(write(folder, &config, &catalog, records("s", 0..50).as_bytes()).succeeded);
    let bad = "INSERT INTO main._airbyte_raw_s (_airbyte_ab_id, _airbyte_emitted_at, _airbyte_data) \
               VALUES ('6c45cd8e-51fb-4f47-b0be-59bf0a8a8a00', '2024-01-01 00:00:00+00', '[\"secret\"]')";
    warehouse.execute(bad);
    assert!(write(folder, &config, &catalog, records("s", 50..90).as_bytes()).succeeded);
    (config, catalog)
}

fn a_raw_row_that_holds_no_object_leaves_everything_as_it_was<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = W::new(folder.path());
    let (mut config, catalog) = with_a_bad_row(&warehouse, folder.path());
    let before = content(warehouse.tables());
    let told = normalize(folder.path(), &config, &catalog).unwrap_err();
    let message = "the raw row `6c45cd8e-51fb-4f47-b0be-59bf0a8a8a00` of stream `s` holds no JSON object";
    assert!(told.contains(message) && !told.contains("secret"), "{told}");
    assert_eq!(content(warehouse.tables()), before);

    config["loading"] = json!({"on_bad_input": "skip"});
    normalize(folder.path(), &config, &catalog).unwrap();
    assert_eq!(content(warehouse.tables()), before);
}

fn a_stream_without_raw_table_is_told<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = W::new(folder.path());
    let config = warehouse.config("main");
    assert!(write(folder.path(), &config, &catalog(&[("s", "append")]), records("s", 0..5).as_bytes()).succeeded);
    let told = normalize(folder.path(), &config, &catalog(&[("s", "append"), ("t", "append")])).unwrap_err();
    assert!(told.contains("the stream `t` has no raw table to be typed from"), "{told}");
}

fn a_raw_row_without_time_of_emission_has_that_of_its_loading<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = W::new(folder.path());
    let (_, of_v2) = raw_tables("json").remove(1);
    warehouse.execute(&format!(
        "CREATE SCHEMA IF NOT EXISTS main; {of_v2}; UPDATE airbyte_internal.main_raw__stream_s \
         SET _airbyte_extracted_at = NULL, _airbyte_loaded_at = CASE _airbyte_raw_id WHEN '{}' THEN \
         CAST('2024-05-01 00:00:00+00' AS timestamp with time zone) END",
        uuid(0)
    ));
    normalize(folder.path(), &warehouse.config("main"), &catalog(&[("s", "append_dedup")])).unwrap();
    let at = |at: &str| vec![Some(at.to_owned())];
    let found = warehouse.query("SELECT _airbyte_emitted_at FROM main.s ORDER BY id");
    let oldest = at("1970-01-01 00:00:00+00");
    assert_eq!(found, [at("2024-05-01 00:00:00+00"), oldest.clone(), oldest]);
}
