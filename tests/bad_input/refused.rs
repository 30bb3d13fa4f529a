//! Configs and catalogs that are refused before the first row.

use std::path::Path;

use serde_json::{Value, json};

use crate::landing::{Destination, catalog, command, record, run};

/// A catalog of one stream, with some keys of it changed.
fn changed(mode: &str, keys: &Value) -> Value {
    let mut catalog = catalog(&[("s", mode)]);
    catalog["streams"][0].as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    catalog
}

/// Nothing of the user's was created.
#[track_caller]
fn assert_untouched(destination: &Destination) {
    if destination.database().exists() {
        let tables = "SELECT table_name FROM duckdb_tables() WHERE NOT internal";
        assert_eq!(destination.query(tables), [[None::<String>; 0]; 0]);
    }
}

#[test]
fn a_catalog_that_cannot_be_landed_is_refused_by_what_is_wrong_with_it() {
    let duplicate = catalog(&[("s", "append"), ("s", "append")]);
    let mut same_place = catalog(&[("s", "append"), ("s", "append")]);
    same_place["streams"][1]["stream"]["namespace"] = json!("main");
    for (catalog, message) in [
        (
            changed("append_dedup", &json!({"primary_key": [["id"], ["uuid"]]})),
            "stream `s`: the primary key `uuid` is not in its schema",
        ),
        (
            changed("append_dedup", &json!({"primary_key": [["id", "inner"]]})),
            "stream `s`: the primary key `id.inner` is not in its schema",
        ),
        (
            changed("append_dedup", &json!({"cursor_field": ["updated_at"]})),
            "stream `s`: the cursor field `updated_at` is not in its schema",
        ),
        (
            changed("append_dedup", &json!({"primary_key": []})),
            "stream `s`: destination_sync_mode append_dedup needs a primary key",
        ),
        (
            changed("append", &json!({"generation_id": 3, "minimum_generation_id": 4})),
            "stream `s`: minimum_generation_id 4 is above generation_id 3",
        ),
        (
            changed("append", &json!({"generation_id": 3, "minimum_generation_id": 2})),
            "stream `s`: minimum_generation_id 2 must be 0 or equal to generation_id 3",
        ),
        (changed("update", &json!({})), "destination_sync_mode"),
        (duplicate, "stream `s` is in the configured catalog more than once"),
        (same_place, "the streams `s` and `main.s` both land in schema `main` under the same name"),
        (json!({"streams": []}), "the configured catalog has no streams"),
        (json!({}), "streams"),
    ] {
        let destination = Destination::new();
        let run = destination.write(&catalog, &record("s", 1));
        let (kind, told) = run.error();
        assert_eq!(kind, "config_error", "{told}");
        assert!(told.contains(message), "{told}");
        assert_eq!(run.states(), [0; 0]);
        assert_untouched(&destination);
    }
}

#[test]
fn key_and_cursor_matter_in_append_dedup_only() {
    for mode in ["append", "overwrite"] {
        let destination = Destination::new();
        let catalog = changed(mode, &json!({"primary_key": [["nothing"]], "cursor_field": ["nothing"]}));
        destination.write(&catalog, &record("s", 1)).succeeded();
        assert_eq!(destination.typed_ids("s"), [1]);
    }
}

#[test]
fn every_mistake_of_a_config_is_named_with_its_path() {
    let destination = Destination::with(&json!({
        "normalization": {"raw": "maybe", "max_depth": -1},
        "loading": {"max_record_bytes": "many"},
    }));
    let run = destination.write(&catalog(&[("s", "append")]), &record("s", 1));
    let (kind, told) = run.error();
    assert_eq!(kind, "config_error");
    for part in ["normalization.raw: ", "normalization.max_depth: ", "loading.max_record_bytes: "] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!destination.database().exists());
}

#[test]
fn nothing_to_write_is_a_mistake_of_the_config() {
    let destination = Destination::with(&json!({"normalization": {"raw": "none", "enabled": false}}));
    let run = destination.write(&catalog(&[("s", "append")]), &record("s", 1));
    let (kind, told) = run.error();
    assert_eq!(kind, "config_error");
    assert!(told.contains("normalization.raw: none together with enabled: false would land nothing"), "{told}");
}

#[test]
fn files_that_are_missing_or_not_json_are_named() {
    let destination = Destination::new();
    let config = destination.file("right.json", &json!({"destination_path": destination.database()}).to_string());
    let catalog = destination.file("catalog.json", &catalog(&[("s", "append")]).to_string());
    let broken = destination.file("broken.json", "{\n  oops");
    let missing = Path::new("/nowhere/at/all.json");
    for (config, catalog, parts) in [
        (missing, catalog.as_path(), ["config file", "/nowhere/at/all.json"]),
        (config.as_path(), missing, ["catalog file", "/nowhere/at/all.json"]),
        (broken.as_path(), catalog.as_path(), ["config", "is not JSON"]),
        (config.as_path(), broken.as_path(), ["catalog", "is not JSON"]),
    ] {
        let run = run(command(config, catalog), drop);
        let (kind, told) = run.error();
        assert_eq!(kind, "config_error", "{told}");
        assert!(parts.iter().all(|part| told.contains(part)), "{told}");
    }
    assert!(!destination.database().exists());
}
