//! `check`: what it answers, and that it leaves no trace.

use super::{Folder, alluvium};

fn files(folder: &Folder) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The status, and the message of a failed one.
fn check(config: &str) -> Result<(), String> {
    let run = alluvium(&["check", "--config", config], "");
    assert_eq!(run.code, 0);
    let [message] = run.protocol() else { panic!("{}", run.stdout) };
    match message["connectionStatus"]["status"].as_str() {
        Some("SUCCEEDED") => Ok(()),
        _ => Err(message["connectionStatus"]["message"].as_str().unwrap().to_owned()),
    }
}

fn config(folder: &Folder, database: &str) -> String {
    folder.file("config.json", &format!(r#"{{"destination_path": "{database}", "schema": "sales"}}"#))
}

#[test]
fn a_database_that_does_not_exist_yet_is_fine_and_still_does_not_exist() {
    let folder = Folder::new();
    for database in ["new.duckdb", "deep/down/new.duckdb"] {
        assert_eq!(check(&config(&folder, &folder.path(database))), Ok(()));
        assert_eq!(files(&folder), ["config.json"]);
    }
}

#[test]
fn a_database_that_exists_is_as_it_was() {
    let folder = Folder::new();
    let config = config(&folder, &folder.path("orders.duckdb"));
    let catalog = folder
        .file("catalog.json", r#"{"streams": [{"stream": {"name": "orders"}, "destination_sync_mode": "append"}]}"#);
    assert_eq!(alluvium(&["write", "--config", &config, "--catalog", &catalog], "").code, 0);
    let before = (files(&folder), alluvium(&["tables", "--config", &config], "").stdout);
    assert!(before.1.contains("orders  0 rows"), "{}", before.1);
    assert_eq!(check(&config), Ok(()));
    assert_eq!((files(&folder), alluvium(&["tables", "--config", &config], "").stdout), before);
}

#[test]
fn what_can_not_be_a_database_is_a_failed_check() {
    let folder = Folder::new();
    let text = folder
        .file("text.duckdb", "this is not a database, and it is long enough to look like one".repeat(100).as_str());
    for (database, cause) in [(text.clone(), "text.duckdb"), (format!("{text}/below.duckdb"), "text.duckdb")] {
        let told = check(&config(&folder, &database)).unwrap_err();
        assert!(told.contains(cause), "{told}");
    }
    assert_eq!(files(&folder), ["config.json", "text.duckdb"]);
}

#[test]
fn the_schema_of_raw_tables_is_tried_too() {
    let folder = Folder::new();
    let database = folder.path("new.duckdb");
    let with = |raw_schema: &str, raw: &str| {
        let content = serde_json::json!({
            "destination_path": database, "raw_data_schema": raw_schema, "normalization": {"raw": raw}
        });
        check(&folder.file("config.json", &content.to_string()))
    };
    assert_eq!(with("landing", "keep"), Ok(()));
    let refused = with("pg_catalog", "keep").unwrap_err();
    assert!(refused.contains("pg_catalog"), "{refused}");
    assert_eq!(with("pg_catalog", "none"), Ok(()));
}
