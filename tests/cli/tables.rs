//! `tables`, and the demo that ends with it.

use super::{Folder, alluvium};

/// A database with the demo's streams in it, and its config.
fn demo() -> (Folder, String) {
    let folder = Folder::new();
    let config = format!(r#"{{"destination_path": "{}"}}"#, folder.path("demo.duckdb"));
    let config = folder.file("config.json", &config);
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/demo");
    let messages = std::fs::read_to_string(format!("{fixture}/messages.jsonl")).unwrap();
    let run = alluvium(&["write", "--config", &config, "--catalog", &format!("{fixture}/catalog.json")], &messages);
    assert_eq!(run.code, 0, "{}", run.stdout);
    assert_eq!(run.of_type("STATE").len(), 3);
    (folder, config)
}

#[test]
fn the_demo_shows_parents_before_children() {
    let (_folder, config) = demo();
    let run = alluvium(&["tables", "--config", &config, "--limit", "1"], "");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let headings: Vec<_> = run.stdout.lines().filter(|line| line.contains("  ") && line.ends_with(" rows")).collect();
    assert_eq!(
        headings,
        [
            "customers  5 rows",
            "_airbyte_raw_customers  7 rows",
            "orders  12 rows",
            "orders_customer  12 rows",
            "orders_customer_address  10 rows",
            "orders_line_items  14 rows",
            "orders_line_items_discounts  6 rows",
            "_airbyte_raw_orders  12 rows",
        ]
    );
    assert!(!run.stdout.contains('\x1b'), "colours in a pipe");
    assert!(run.stdout.contains("… 11 more rows"), "{}", run.stdout);
}

#[test]
fn the_demo_shows_what_it_is_for() {
    let (_folder, config) = demo();
    let run = alluvium(&["tables", "--config", &config, "--limit", "100"], "");
    for piece in [
        "山田 健二",
        "b2b,\"fragile, heavy\"",
        "Stoneware \"Umbra\"",
        "NULL",
        // the newer of two versions
        "Inès Moreau     member",
    ] {
        assert!(run.stdout.contains(piece), "{piece} in {}", run.stdout);
    }
    assert!(!run.stdout.contains("more row"), "{}", run.stdout);
}

#[test]
fn no_rows_are_asked_for_with_limit_0() {
    let (_folder, config) = demo();
    let run = alluvium(&["tables", "--config", &config, "--limit", "0"], "");
    assert_eq!(run.stdout.lines().count(), 16, "{}", run.stdout);
}

#[test]
fn a_database_that_does_not_exist_is_named() {
    let folder = Folder::new();
    let database = folder.path("none.duckdb");
    let config = folder.file("config.json", &format!(r#"{{"destination_path": "{database}"}}"#));
    let run = alluvium(&["tables", "--config", &config], "");
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert_eq!(run.stderr, format!("error: there is no database {database} yet; `alluvium write` creates it\n"));
    assert!(!std::path::Path::new(&database).exists());
}

#[test]
fn tables_of_other_schemas_come_after_with_their_schema() {
    let folder = Folder::new();
    let config = folder.file("config.json", &format!(r#"{{"destination_path": "{}"}}"#, folder.path("two.duckdb")));
    let catalog = r#"{"streams": [
        {"stream": {"name": "b", "namespace": "Sales"}, "destination_sync_mode": "append"},
        {"stream": {"name": "z"}, "destination_sync_mode": "append"}
    ]}"#;
    let catalog = folder.file("catalog.json", catalog);
    assert_eq!(alluvium(&["write", "--config", &config, "--catalog", &catalog], "").code, 0);
    let run = alluvium(&["tables", "--config", &config], "");
    let headings: Vec<_> = run.stdout.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(headings, ["z  0 rows", "_airbyte_raw_z  0 rows", "sales.b  0 rows", "sales._airbyte_raw_b  0 rows"]);
}
