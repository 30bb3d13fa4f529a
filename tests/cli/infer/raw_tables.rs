//! Out of raw tables, whoever wrote them.

use std::collections::BTreeMap;
use std::fs::read;
use std::path::Path;

use serde_json::{Value, json};

use super::{FIXTURES, catalog, land, names};
use crate::cli::{Folder, alluvium};
use crate::support::{Postgres, TestWarehouse, in_every_warehouse};

in_every_warehouse! { our_raw_tables_give_what_the_messages_give }

/// The catalog of a config's raw tables, or what is told of the failure.
fn infer(folder: &Folder, config: &Value, arguments: &[&str]) -> Result<Value, String> {
    let config = folder.file("config.json", &config.to_string());
    let run = alluvium(&[&["infer", "--config", &config], arguments].concat(), "");
    if run.code == 0 { Ok(serde_json::from_str(&run.stdout).unwrap()) } else { Err(run.stderr) }
}

/// The streams of a catalog by their names: raw tables have no order.
fn by_name(catalog: &Value) -> BTreeMap<&str, &Value> {
    names(catalog).into_iter().zip(catalog["streams"].as_array().unwrap()).collect()
}

fn our_raw_tables_give_what_the_messages_give<W: TestWarehouse>() {
    for (case, raw_schema) in [("demo", None), ("types", Some("landing")), ("text", None)] {
        let folder = Folder::new();
        let warehouse = W::new(Path::new(&folder.path("")));
        let messages = read(format!("{FIXTURES}/{case}/messages.jsonl")).unwrap();
        let of_messages = catalog(&messages, &[]);
        let mut config = warehouse.config("main");
        config["raw_data_schema"] = json!(raw_schema);
        land(&folder, &config, &folder.file("catalog.json", &of_messages.to_string()), &messages);
        let of_raw_tables = infer(&folder, &config, &[]).unwrap();
        assert_eq!(by_name(&of_raw_tables), by_name(&of_messages), "{case}");
        let one = names(&of_messages)[0];
        assert_eq!(names(&infer(&folder, &config, &["--stream", one]).unwrap()), [one]);
    }
}

/// A database of Postgres's with the raw tables of older and newer Airbyte.
fn of_airbyte() -> (Folder, Postgres) {
    let warehouse = Postgres::new(Path::new(""));
    warehouse.query(
        "CREATE SCHEMA main; CREATE SCHEMA other; CREATE SCHEMA airbyte_internal; \
         CREATE TABLE main._airbyte_raw_users (_airbyte_ab_id varchar, _airbyte_data text, _airbyte_emitted_at timestamptz); \
         INSERT INTO main._airbyte_raw_users VALUES ('a', '{\"id\": 1, \"at\": \"2024-01-01\"}', now()), \
             ('b', ' {\"id\": 2, \"at\": null} ', now()), ('c', 'no', now()), ('d', NULL, now()), ('e', '[]', now()); \
         CREATE TABLE main._airbyte_raw_empty (_airbyte_ab_id varchar, _airbyte_data jsonb, _airbyte_emitted_at timestamptz); \
         CREATE TABLE main._airbyte_raw_none (id int); \
         CREATE TABLE other._airbyte_raw_users (_airbyte_ab_id varchar, _airbyte_data jsonb, _airbyte_emitted_at timestamptz); \
         INSERT INTO other._airbyte_raw_users VALUES ('a', '{\"name\": \"x\"}', now()); \
         CREATE TABLE airbyte_internal.\"main_raw__stream_Orders\" (_airbyte_raw_id varchar, _airbyte_data jsonb, \
             _airbyte_extracted_at timestamptz, _airbyte_loaded_at timestamptz, _airbyte_meta jsonb, \
             _airbyte_generation_id bigint); \
         INSERT INTO airbyte_internal.\"main_raw__stream_Orders\" VALUES ('a', '{\"total\": 1.5}', now()); \
         CREATE TABLE airbyte_internal.other_raw__stream_lines (_airbyte_raw_id varchar, _airbyte_data jsonb, \
             _airbyte_extracted_at timestamptz)",
    );
    (Folder::new(), warehouse)
}

fn properties(stream: &Value) -> &Value {
    &stream["stream"]["json_schema"]["properties"]
}

#[test]
fn raw_tables_of_airbyte_are_found_by_their_names() {
    let (folder, warehouse) = of_airbyte();
    let catalog = infer(&folder, &warehouse.config("main"), &[]).unwrap();
    let namespaces = catalog["streams"].as_array().unwrap().iter().map(|stream| &stream["stream"]["namespace"]);
    let found: Vec<_> = names(&catalog).into_iter().zip(namespaces.map(|name| name.as_str())).collect();
    assert_eq!(found, [("Orders", None), ("users", None), ("users", Some("other"))]);
    let catalog = infer(&folder, &warehouse.config("main"), &["--schema", "main"]).unwrap();
    let streams = by_name(&catalog);
    assert_eq!(streams.keys().copied().collect::<Vec<_>>(), ["Orders", "users"]);
    assert_eq!(*properties(streams["Orders"]), json!({"total": {"type": "number"}}));
    let at = json!({"type": ["null", "string"], "format": "date"});
    assert_eq!(*properties(streams["users"]), json!({"id": {"type": "integer"}, "at": at}));
}

#[test]
fn rows_without_a_record_are_counted_and_the_table_is_named() {
    let (folder, warehouse) = of_airbyte();
    let config = folder.file("config.json", &warehouse.config("main").to_string());
    let run = alluvium(&["infer", "--config", &config, "--schema", "main", "--stream", "users"], "");
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("records can't be used records=3 "), "{}", run.stderr);
    assert!(run.stderr.contains("a row of main._airbyte_raw_users is JSON but not an object"), "{}", run.stderr);
}

#[test]
fn another_schema_is_the_namespace_of_its_streams() {
    let (folder, warehouse) = of_airbyte();
    let catalog = infer(&folder, &warehouse.config("main"), &["--schema", "other"]).unwrap();
    assert_eq!(names(&catalog), ["users"]);
    assert_eq!(catalog["streams"][0]["stream"]["namespace"], "other");
    assert_eq!(*properties(&catalog["streams"][0]), json!({"name": {"type": "string"}}));
    let same = infer(&folder, &warehouse.config("main"), &["--schema", "Main", "--stream", "users"]).unwrap();
    assert_eq!(same["streams"][0]["stream"].get("namespace"), None);
}

#[test]
fn tables_that_are_not_there_or_empty_are_an_error() {
    let (folder, warehouse) = of_airbyte();
    let failure = |schema: &str, arguments: &[&str]| infer(&folder, &warehouse.config(schema), arguments).unwrap_err();
    assert_eq!(failure("main", &["--schema", "nowhere"]), "error: there is no raw table in the schema `nowhere`\n");
    assert_eq!(
        failure("main", &["--schema", "main", "--stream", "none"]),
        "error: there is no raw table of stream `none` in the schema `main`; there are those of Orders, empty, users\n"
    );
    assert_eq!(
        failure("main", &["--stream", "none"]),
        "error: there is no raw table of stream `none`; there are those of Orders, empty, other.lines, other.users, users\n"
    );
    assert_eq!(failure("main", &["--stream", "empty"]), "error: there are no records to infer a catalog from\n");
    let config = json!({"destination_path": folder.path("none.duckdb")});
    assert!(infer(&folder, &config, &[]).unwrap_err().starts_with("error: there is no database "));
}
