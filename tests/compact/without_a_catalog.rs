//! What is done where no catalog says what keys are: those of the last sync count, and none is guessed.

use std::path::Path;

use serde_json::Value;

use super::{nested_cursor, numbers, raw, typed, with_versions};
use crate::landing::catalog;
use crate::support::{TestWarehouse, alluvium, in_every_warehouse, normalize, write};

in_every_warehouse! {
    the_key_of_the_last_sync_is_the_key,
    without_a_key_rows_go_by_age_only,
    rows_of_other_schemas_go_by_age_where_they_are_named,
    a_key_that_the_config_types_in_another_way_is_none,
}

/// What a compaction without a catalog told.
#[track_caller]
fn compact(folder: &Path, config: &Value, arguments: &[&str]) -> String {
    let file = folder.join("config.json");
    std::fs::write(&file, config.to_string()).unwrap();
    alluvium(&[&["compact", "--config", file.to_str().unwrap()], arguments].concat()).unwrap().1
}

fn the_key_of_the_last_sync_is_the_key<W: TestWarehouse>() {
    let (folder, catalog) = (tempfile::tempdir().unwrap(), catalog(&[("s", "append_dedup"), ("t", "append")]));
    let rows = [(1, 3, 0), (1, 5, 0), (1, 4, 0), (2, 1, 0), (3, 2, 0), (3, 1, 0)];
    let (warehouse, config) = with_versions::<W>(folder.path(), &catalog, rows);
    compact(folder.path(), &config, &["--stream", "t"]);
    compact(folder.path(), &config, &["--keep-versions", "2", "--dry-run"]);
    assert_eq!(raw(&warehouse).len(), 6);
    compact(folder.path(), &config, &["--stream", "s", "--keep-versions", "2"]);
    assert_eq!(raw(&warehouse), [(1, 4), (1, 5), (2, 1), (3, 1), (3, 2)]);
    let before = typed(&warehouse);
    let told = compact(folder.path(), &config, &[]);
    assert_eq!(raw(&warehouse), [(1, 5), (2, 1), (3, 2)]);
    assert!(
        told.contains("not compacted") && told.contains("no last sync (append_dedup) says what its key is"),
        "{told}"
    );
    normalize(folder.path(), &config, &catalog).unwrap();
    assert_eq!(typed(&warehouse), before);

    let folder = tempfile::tempdir().unwrap();
    let (catalog, records) = nested_cursor();
    let warehouse = W::new(folder.path());
    let config = warehouse.config("main");
    assert!(write(folder.path(), &config, &catalog, records.as_bytes()).succeeded);
    let before = typed(&warehouse);
    compact(folder.path(), &config, &[]);
    assert_eq!(warehouse.query("SELECT count(*) FROM main._airbyte_raw_s"), [[Some("5".to_owned())]]);
    normalize(folder.path(), &config, &catalog).unwrap();
    assert_eq!(typed(&warehouse), before);
}

fn without_a_key_rows_go_by_age_only<W: TestWarehouse>() {
    for (_, raw_table) in crate::normalize::raw_tables("json").into_iter().take(2) {
        let folder = tempfile::tempdir().unwrap();
        let warehouse = W::new(folder.path());
        warehouse.execute(&format!("CREATE SCHEMA IF NOT EXISTS main; {raw_table}"));
        let config = warehouse.config("main");
        // the same record is there twice
        for arguments in [&[][..], &["--keep-versions", "1"]] {
            let told = compact(folder.path(), &config, arguments);
            assert!(told.contains("not compacted"), "{told}");
            assert_eq!(numbers(&told, ["rows_dropped"]), [0]);
        }
        let told = compact(folder.path(), &config, &["--before", "2024-01-02"]);
        assert_eq!(numbers(&told, ["rows_before", "rows_after"]), [4, 3]);
        assert!(told.contains("a rebuild would lose them"), "{told}");
    }
}

fn rows_of_other_schemas_go_by_age_where_they_are_named<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = W::new(folder.path());
    let (_, raw_table) = crate::normalize::raw_tables("json").remove(0);
    warehouse.execute(&format!("CREATE SCHEMA shop; {}", raw_table.replace("main.", "shop.")));
    let config = warehouse.config("main");
    let told = compact(folder.path(), &config, &["--before", "2024-01-02"]);
    assert!(told.contains("in another schema than the config's"), "{told}");
    assert_eq!(numbers(&told, ["rows_dropped"]), [0]);
    let told = compact(folder.path(), &config, &["--before", "2024-01-02", "--stream", "shop.s"]);
    assert_eq!(numbers(&told, ["rows_before", "rows_after"]), [4, 3]);
}

fn a_key_that_the_config_types_in_another_way_is_none<W: TestWarehouse>() {
    let (folder, mut catalog) = (tempfile::tempdir().unwrap(), catalog(&[("s", "append_dedup")]));
    catalog["streams"][0]["stream"]["json_schema"]["properties"]["id"]["type"] = "number".into();
    let (warehouse, mut config) = with_versions::<W>(folder.path(), &catalog, [(1, 1, 0), (1, 2, 0)]);
    let other = if W::name() == "duckdb" { "decimal" } else { "double" };
    config["normalization"]["number"] = other.into();
    assert!(compact(folder.path(), &config, &[]).contains("not compacted"));
    assert_eq!(raw(&warehouse).len(), 2);
    config["normalization"] = Value::Object(serde_json::Map::new());
    compact(folder.path(), &config, &[]);
    assert_eq!(raw(&warehouse), [(1, 2)]);
}
