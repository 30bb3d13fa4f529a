//! The config as users write it, and what they are told.
#![allow(clippy::unwrap_used)]

/// Configs of Airbyte's destination-postgres.
mod airbyte_postgres;
/// URLs of Postgres databases.
mod database_url;
/// Which keys go together.
mod forms;
/// What must never be seen.
mod secrecy;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{
    CdcDeletionMode, Config, Loading, Naming, Normalization, OnBadInput, Postgres, Warehouse, read_object, spec,
};
use crate::failure::{Failure, FailureKind};

fn config(value: Value) -> Result<Config, Failure> {
    let Value::Object(object) = value else { panic!("not an object") };
    Config::with_local_mount(object, None)
}

fn refused(value: Value) -> String {
    let failure = config(value).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Config);
    assert_eq!(failure.chain().to_string(), failure.message);
    failure.message.strip_prefix("the config is not valid: ").unwrap().to_owned()
}

fn postgres(value: Value) -> Postgres {
    match config(value).unwrap().warehouse {
        Warehouse::Postgres(postgres) => *postgres,
        other => panic!("{other:?}"),
    }
}

fn duckdb(path: &str) -> Warehouse {
    Warehouse::DuckDb { path: PathBuf::from(path) }
}

#[test]
fn the_spec_is_as_reviewed() {
    let spec = super::connector_specification();
    insta::assert_snapshot!(format!("{spec:#}"));
}

#[test]
fn the_spec_is_a_draft_07_schema_and_no_type_is_a_list() {
    let schema = spec::connection_specification();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    jsonschema::draft7::meta::validate(&schema).unwrap();
    assert!(!schema.to_string().contains(r#""type":["#));
}

#[test]
fn a_path_is_all_that_is_needed() {
    let least = config(json!({"warehouse": {"type": "duckdb", "path": "a.duckdb"}})).unwrap();
    assert_eq!(least.warehouse, duckdb("a.duckdb"));
    assert_eq!(least.schema, "main");
    assert_eq!(least.normalization, Normalization::default());
    assert_eq!(least.loading, Loading::default());
    assert_eq!(config(json!({"destination_path": "a.duckdb"})).unwrap(), least);
    let nulls = json!({
        "destination_path": "a.duckdb", "warehouse": null, "schema": "", "motherduck_api_key": null,
        "normalization": {"max_depth": null, "raw": null}, "loading": null, "cdc_deletion_mode": null
    });
    assert_eq!(config(nulls).unwrap(), least);
}

#[test]
fn configs_of_airbytes_duckdb_and_motherduck_destinations_work_unchanged() {
    let motherduck = |path: &str, config: Value| match self::config(config).unwrap().warehouse {
        Warehouse::MotherDuck { path: found, api_key } => {
            assert_eq!((found.as_str(), api_key.as_ref().map(super::Secret::expose)), (path, Some("key")));
        }
        Warehouse::DuckDb { .. } | Warehouse::Postgres(_) => panic!("not MotherDuck"),
    };
    motherduck("md:", json!({"motherduck_api_key": "key"}));
    motherduck("md:db", json!({"motherduck_api_key": "key", "destination_path": "md:db", "schema": "s"}));
    motherduck("md:db", json!({"motherduck_api_key": "key", "destination_path": "motherduck:db"}));
    motherduck("md:db", json!({"warehouse": {"type": "motherduck", "path": "md:db", "api_key": "key"}}));
    motherduck("md:", json!({"warehouse": {"type": "motherduck", "api_key": "key"}}));
    let file = config(json!({"destination_path": "/local/a.duckdb", "motherduck_api_key": "", "schema": "s"})).unwrap();
    assert_eq!((file.warehouse, file.schema.as_str()), (duckdb("/local/a.duckdb"), "s"));
}

#[test]
fn a_symbolic_link_does_not_lead_out_of_the_folder_that_airbyte_mounts() {
    let (mount, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir(mount.path().join("inside")).unwrap();
    std::fs::write(outside.path().join("a.duckdb"), "").unwrap();
    for (name, target) in [
        ("folder", outside.path().to_owned()),
        ("file", outside.path().join("a.duckdb")),
        ("dangling", outside.path().join("new.duckdb")),
        ("up", "..".into()),
        ("loop", "loop".into()),
        ("kept", "inside".into()),
    ] {
        std::os::unix::fs::symlink(target, mount.path().join(name)).unwrap();
    }
    let resolved = |path: &str| {
        let object = json!({"destination_path": path}).as_object().unwrap().clone();
        Config::with_local_mount(object, Some(mount.path())).map(|config| config.warehouse)
    };
    for path in ["folder/b.duckdb", "folder/new/b.duckdb", "file", "dangling", "up/b.duckdb", "loop", "loop/b.duckdb"] {
        let refusal = resolved(path).unwrap_err().message;
        assert!(refusal.contains("destination_path: a symbolic link leads out of"), "{path}: {refusal}");
    }
    for path in ["b.duckdb", "new/b.duckdb", "inside/b.duckdb", "kept/b.duckdb"] {
        assert_eq!(resolved(path).unwrap(), duckdb(mount.path().join(path).to_str().unwrap()), "{path}");
    }
}

#[test]
fn where_airbyte_mounts_a_folder_relative_paths_are_below_it() {
    let resolved = |path: &str| {
        let Value::Object(object) = json!({"destination_path": path}) else { panic!("not an object") };
        Config::with_local_mount(object, Some(Path::new("/local"))).map(|config| config.warehouse)
    };
    assert_eq!(resolved("a.duckdb").unwrap(), duckdb("/local/a.duckdb"));
    assert_eq!(resolved("./b/../a.duckdb").unwrap(), duckdb("/local/a.duckdb"));
    assert_eq!(resolved("/local/a.duckdb").unwrap(), duckdb("/local/a.duckdb"));
    assert_eq!(resolved("/data/a.duckdb").unwrap(), duckdb("/data/a.duckdb"));
    assert!(resolved("../a.duckdb").unwrap_err().message.ends_with("leaves /local, where relative paths are"));
}

#[test]
fn every_option_is_read() {
    let full = config(json!({
        "destination_path": "a", "schema": "s",
        "normalization": {
            "enabled": true, "raw": "none", "naming": "exact", "number": "decimal", "scalar_arrays": "list",
            "arrays": "json", "objects": "flatten", "max_depth": 0.0, "keep_nested_json": true,
            "additional_properties": "column", "history": true, "cdc_deletion_mode": "soft", "backfill": false
        },
        "loading": {"on_bad_input": "skip", "max_record_bytes": 1024}
    }))
    .unwrap();
    assert_eq!(full.normalization.naming, Naming::Exact);
    assert_eq!(full.normalization.max_depth, Some(0));
    assert_eq!(full.loading, Loading { on_bad_input: OnBadInput::Skip, max_record_bytes: 1024 });
}

#[test]
fn the_deletion_mode_is_read_where_and_how_airbyte_writes_it() {
    let mode = |config: Value| self::config(config).map(|config| config.normalization.cdc_deletion_mode);
    let base = || json!({"destination_path": "a"});
    let with = |key: &str, value: Value| {
        let mut config = base();
        config[key] = value;
        config
    };
    assert_eq!(mode(base()).unwrap(), CdcDeletionMode::Hard);
    assert_eq!(mode(with("cdc_deletion_mode", json!("Soft delete"))).unwrap(), CdcDeletionMode::Soft);
    assert_eq!(mode(with("cdc_deletion_mode", json!("Hard delete"))).unwrap(), CdcDeletionMode::Hard);
    let nested = with("normalization", json!({"cdc_deletion_mode": "Soft delete"}));
    assert_eq!(mode(nested).unwrap(), CdcDeletionMode::Soft);
    let mut both = with("normalization", json!({"cdc_deletion_mode": "hard"}));
    both["cdc_deletion_mode"] = json!("Soft delete");
    assert_eq!(refused(both), "cdc_deletion_mode: contradicts normalization.cdc_deletion_mode");
}

#[test]
fn every_mistake_is_named_with_its_path_and_without_its_value() {
    let message = refused(json!({
        "destination_path": 5,
        "normalization": {"number": "hunter2", "nubmer": "hunter2", "max_depth": -1, "history": "hunter2"},
        "loading": {"max_record_bytes": 5, "hunter": 1},
        "warehouse": {"type": "motherduck", "path": "hunter2", "api_key": 7, "api_kye": "hunter2"},
        "cdc_deletion_mode": "hunter2"
    }));
    let mut mistakes = message.split("; ").collect::<Vec<_>>();
    mistakes.sort_unstable();
    assert_eq!(
        mistakes,
        [
            "destination_path: expected a string",
            "loading.hunter: unknown key",
            "loading.max_record_bytes: expected at least 1024",
            "normalization.cdc_deletion_mode: expected one of hard, soft",
            "normalization.history: expected a boolean",
            "normalization.max_depth: expected at least 0",
            "normalization.nubmer: unknown key, did you mean `number`?",
            "normalization.number: expected one of native, double, decimal",
            "warehouse.api_key: expected a string",
            "warehouse.api_kye: unknown key, did you mean `api_key`?",
            "warehouse.path: expected text that matches `^(md|motherduck):`",
        ]
    );
}

#[test]
fn the_choice_of_a_warehouse_is_checked() {
    let types = "warehouse.type: expected one of duckdb, motherduck, postgres";
    assert_eq!(refused(json!({"warehouse": {"type": "mysql"}})), types);
    assert_eq!(refused(json!({"warehouse": {"path": "a"}})), types);
    assert_eq!(refused(json!({"warehouse": "duckdb"})), "warehouse: expected an object");
    assert_eq!(refused(json!({"warehouse": {"type": "duckdb"}})), "warehouse.path: missing");
    assert!(refused(json!({"destination_path": ":memory:"})).contains("gone after the sync"));
    assert!(refused(json!({"destination_path": "a\0b.duckdb"})).ends_with("which can't hold the character U+0000"));
    assert!(refused(json!({"warehouse": {"type": "duckdb", "path": "md:a"}})).contains("choose the warehouse type"));
}

#[test]
fn what_would_land_nothing_or_has_nothing_to_read_is_refused() {
    let refused = |normalization: Value| refused(json!({"destination_path": "a", "normalization": normalization}));
    assert_eq!(
        refused(json!({"enabled": false, "raw": "none"})),
        "normalization.raw: none together with enabled: false would land nothing"
    );
    assert!(
        refused(json!({"backfill": true, "raw": "none"})).starts_with("normalization.backfill: true needs raw rows")
    );
    assert_eq!(refused(json!([])), "normalization: expected an object");
}

#[test]
fn unknown_keys_at_the_top_are_tolerated() {
    assert!(config(json!({"destination_path": "a", "__platform": {"x": 1}})).is_ok());
}

#[test]
fn a_secret_never_shows() {
    let config = config(json!({"motherduck_api_key": "hunter2"})).unwrap();
    let shown = format!("{config:?}");
    assert!(shown.contains("***") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_file_that_is_no_config_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let message = |content: Option<&str>| {
        let file = folder.path().join("c.json");
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let failure = read_object(&file, "config").unwrap_err();
        assert_eq!(failure.kind, FailureKind::Config);
        failure.message.replace(&file.display().to_string(), "FILE")
    };
    assert_eq!(message(None), "there is no config file FILE");
    assert_eq!(message(Some("{\n\"a\": secret")), "the config file FILE is not JSON (line 2, column 6)");
    assert_eq!(message(Some("[]")), "the config file FILE does not hold a JSON object");
}
