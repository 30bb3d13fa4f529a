//! `plan`: that it says what a sync then makes, in every format, and that it touches nothing.

use std::collections::BTreeMap;
use std::fs::read;
use std::path::Path;

use serde_json::{Value, json};

use super::{Folder, Run, alluvium};
use crate::cases::{configs, home, json_in};
use crate::cluster::Database;
use crate::support::{TestWarehouse, in_every_warehouse, write};

in_every_warehouse! {
    what_is_planned_is_what_lands,
    the_statements_bring_a_warehouse_to_the_plan,
    a_person_is_told_what_changes,
    a_table_of_somebody_else_is_refused_as_by_a_sync,
}

fn plan(folder: &Folder, config: &Value, catalog: &Value, format: &str) -> Run {
    let config = folder.file("config.json", &config.to_string());
    let catalog = folder.file("catalog.json", &catalog.to_string());
    alluvium(&["plan", "--config", &config, "--catalog", &catalog, "--format", format], "")
}

/// What a plan that succeeds prints.
fn planned(folder: &Folder, config: &Value, catalog: &Value, format: &str) -> String {
    let run = plan(folder, config, catalog, format);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{catalog}");
    run.stdout
}

/// Table -> column -> type.
type Tables = BTreeMap<String, BTreeMap<String, String>>;

fn tables_of(plan: &Value) -> Tables {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let tables = plan["streams"].as_array().unwrap().iter().flat_map(|stream| stream["tables"].as_array().unwrap());
    let tables = tables.map(|table| {
        let columns = table["columns"].as_array().unwrap().iter();
        let columns = columns.map(|column| (text(&column["name"]), text(&column["type"])));
        (format!("{}.{}", text(&table["schema"]), text(&table["name"])), columns.collect())
    });
    tables.collect()
}

fn tables_in(warehouse: &impl TestWarehouse) -> Tables {
    let tables = warehouse.tables().into_iter().map(|table| {
        let columns = table.columns.into_iter().map(|column| (column.name, column.sql_type));
        (format!("{}.{}", table.schema, table.name), columns.collect())
    });
    tables.collect()
}

fn what_is_planned_is_what_lands<W: TestWarehouse>() {
    for case in ["demo", "hostile_names", "names_kept", "schema_change"] {
        let case = home().join(case);
        for (variant, keys) in configs(&case) {
            let folder = Folder::new();
            let root = folder.path("");
            let warehouse = W::new(Path::new(&root));
            let mut config = warehouse.config("main");
            let keys = keys.as_object().unwrap().iter().filter(|(key, _)| *key != "destination_path");
            config.as_object_mut().unwrap().extend(keys.map(|(key, value)| (key.clone(), value.clone())));
            let mut catalog = json!(null);
            for number in 1.. {
                let suffix = if number == 1 { String::new() } else { number.to_string() };
                let Ok(input) = read(case.join(format!("messages{suffix}.jsonl"))) else { break };
                catalog = json_in(&case.join(format!("catalog{suffix}.json"))).unwrap_or(catalog);
                let plan: Value = serde_json::from_str(&planned(&folder, &config, &catalog, "json")).unwrap();
                write(Path::new(&root), &config, &catalog, &input);
                let mut landed = tables_in(&warehouse);
                if number > 1 {
                    // what was there before stays
                    let planned = tables_of(&plan);
                    landed.retain(|table, _| planned.contains_key(table));
                    for (table, columns) in &mut landed {
                        columns.retain(|column, _| planned[table].contains_key(column));
                    }
                }
                assert_eq!(tables_of(&plan), landed, "{} {variant}, sync {number}", case.display());
            }
        }
    }
}

/// A catalog of the stream `s`, whose records have these properties.
fn catalog(properties: &Value) -> Value {
    json!({"streams": [{
        "stream": {"name": "s", "json_schema": {"properties": properties}},
        "destination_sync_mode": "append_dedup", "primary_key": [["id"]]
    }]})
}

fn before() -> Value {
    catalog(&json!({
        "id": {"type": "integer"}, "price": {"type": "integer"}, "gone": {"type": "string"},
        "notes": {"items": {"properties": {"text": {"type": "string"}}}},
        "owner": {"properties": {"name": {"type": "string"}}}
    }))
}

fn after() -> Value {
    catalog(&json!({
        "id": {"type": "integer"}, "price": {"type": "string"}, "new'": {"type": "boolean"},
        "items": {"items": {"properties": {"sku": {"type": "string"}}}},
        "owner": {"properties": {"name": {"type": "string"}}}
    }))
}

fn the_statements_bring_a_warehouse_to_the_plan<W: TestWarehouse>() {
    let folder = Folder::new();
    let root = folder.path("");
    let warehouse = W::new(Path::new(&root));
    let mut config = warehouse.config("main");
    // nothing to type rows again from: statements are all that can be done
    config["normalization"] = json!({"history": true, "raw": "none"});
    for catalog in [before(), after()] {
        let script = planned(&folder, &config, &catalog, "sql");
        warehouse.execute(&script);
        assert_eq!(planned(&folder, &config, &catalog, "sql"), "-- stream \"s\": nothing to do\n", "{script}");
        let record = r#"{"type": "RECORD", "record": {"stream": "s", "emitted_at": 0, "data": {"id": 1}}}"#;
        assert!(write(Path::new(&root), &config, &catalog, record.as_bytes()).succeeded);
        assert_eq!(planned(&folder, &config, &catalog, "sql"), "-- stream \"s\": nothing to do\n");
    }
}

fn a_person_is_told_what_changes<W: TestWarehouse>() {
    let folder = Folder::new();
    let root = folder.path("");
    let warehouse = W::new(Path::new(&root));
    let config = warehouse.config("main");
    assert!(write(Path::new(&root), &config, &before(), b"").succeeded);
    let present = tables_in(&warehouse);
    let shown = planned(&folder, &config, &after(), "text");
    let types = tables_of(&serde_json::from_str(&planned(&folder, &config, &after(), "json")).unwrap());
    let (from, to) = (&present["main.s"]["price"], &types["main.s"]["price"]);
    let (new, gone) = (&types["main.s"]["new_"], &present["main.s"]["gone"]);
    let expected = [
        "s  append_dedup, primary key id, generation 0".to_owned(),
        "rebuilt from its raw table: `price` has another type".to_owned(),
        "~ main.s".to_owned(),
        format!("    + new_   {new}"),
        format!("    ~ price  {from} → {to}"),
        format!("    - gone   {gone}, stays, not in the catalog"),
        "+ main.s_items         new, 7 columns".to_owned(),
        "  main.s_owner         unchanged".to_owned(),
        "  main._airbyte_raw_s  unchanged".to_owned(),
        "- main.s_notes         stays, not in the catalog".to_owned(),
        String::new(),
    ];
    assert_eq!(shown.lines().take(expected.len()).collect::<Vec<_>>(), expected);
    assert!(shown.contains("\n  main.s_items  a row for each items[]\n"), "{shown}");
}

fn a_table_of_somebody_else_is_refused_as_by_a_sync<W: TestWarehouse>() {
    let folder = Folder::new();
    let root = folder.path("");
    let warehouse = W::new(Path::new(&root));
    warehouse.execute("CREATE SCHEMA IF NOT EXISTS main; CREATE TABLE main.s (id INTEGER)");
    let config = warehouse.config("main");
    let run = plan(&folder, &config, &before(), "text");
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    let told = write(Path::new(&root), &config, &before(), b"");
    assert!(run.stderr.contains(told.error().unwrap()), "{}", run.stderr);
}

const FORMATS: [&str; 4] = ["text", "json", "sql", "mermaid"];

#[test]
fn a_file_that_is_missing_is_not_made_and_one_that_exists_is_not_changed() {
    let folder = Folder::new();
    for database in ["new.duckdb", "deep/down/new.duckdb"] {
        let config = json!({"destination_path": folder.path(database)});
        for format in FORMATS {
            assert!(!planned(&folder, &config, &before(), format).is_empty());
        }
        let mut files: Vec<_> = std::fs::read_dir(folder.path("")).unwrap().map(|it| it.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, ["catalog.json", "config.json"]);
    }
    let file = folder.path("new.duckdb");
    let config = json!({"destination_path": file});
    assert!(write(Path::new(&folder.path("")), &config, &before(), b"").succeeded);
    let bytes = read(&file).unwrap();
    for format in FORMATS {
        planned(&folder, &config, &after(), format);
        assert!(read(&file).unwrap() == bytes, "{format}");
    }
    assert!(!Path::new(&format!("{file}.wal")).exists());
}

/// Whoever tries to write is refused by the server.
#[test]
fn a_role_that_may_only_read_is_enough() {
    let folder = Folder::new();
    let database = Database::new();
    let role = format!("{}_reader", database.name());
    let mut config = database.config("main");
    let password = config["password"].as_str().unwrap().to_owned();
    let mut client = database.connect();
    let create = format!(
        "CREATE ROLE {role} LOGIN PASSWORD '{password}'; ALTER ROLE {role} SET default_transaction_read_only = on"
    );
    client.batch_execute(&create).unwrap();
    config["username"] = json!(role);
    for is_there in [false, true] {
        let shown = FORMATS.map(|format| plan(&folder, &config, &before(), format));
        assert!(shown.iter().all(|run| run.code == 0), "{}", shown[0].stderr);
        assert_eq!(shown[0].stdout.contains("+ main.s  "), !is_there, "{}", shown[0].stdout);
        // it may see tables, but not read them
        assert_eq!(shown[0].stderr.contains("what becomes of rows that are there can't be told"), is_there);
        let schemas = client.query("SELECT 1 FROM pg_namespace WHERE nspname IN ('main', '_airbyte_internal')", &[]);
        assert_eq!(schemas.unwrap().is_empty(), !is_there);
        let owner = database.config("main");
        assert!(write(Path::new(&folder.path("")), &owner, &before(), b"").succeeded);
    }
    client.batch_execute(&format!("DROP ROLE {role}")).unwrap();
}

#[test]
fn a_file_that_a_sync_holds_is_named() {
    let folder = Folder::new();
    let file = folder.path("held.duckdb");
    let _held = duckdb::Connection::open(&file).unwrap();
    let run = plan(&folder, &json!({"destination_path": file}), &before(), "text");
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains(&file) && run.stderr.contains(&format!("{}", std::process::id())), "{}", run.stderr);
}

#[test]
fn what_write_refuses_is_refused_in_the_same_words() {
    let folder = Folder::new();
    let config = json!({"destination_path": folder.path("new.duckdb")});
    let mut keyless = before();
    keyless["streams"][0]["primary_key"] = json!([["nothing"]]);
    let mut taken = before();
    taken["streams"][0]["stream"]["namespace"] = json!("temp");
    for catalog in [json!({"streams": []}), json!([]), keyless, taken] {
        let run = plan(&folder, &config, &catalog, "json");
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{catalog}");
        let told = write(Path::new(&folder.path("")), &config, &catalog, b"");
        assert_eq!(run.stderr.trim_end(), format!("error: {}", told.error().unwrap()));
        let _ = std::fs::remove_file(folder.path("new.duckdb"));
    }
}

#[test]
fn an_unknown_format_is_not_understood() {
    let folder = Folder::new();
    let run = plan(&folder, &json!({"destination_path": folder.path("new.duckdb")}), &before(), "yaml");
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("[possible values: text, json, sql, mermaid]"), "{}", run.stderr);
}
