//! Files that only a trick would touch.

use serde_json::json;

use super::{catalog, files, verb};
use crate::landing::{Destination, command, run};
use crate::support::alluvium;

/// A view in the place of a raw table is the work of whoever made the database, who may not be who reads it.
#[test]
fn a_view_of_a_file_reads_nothing_for_us() {
    let destination = Destination::new();
    destination.write(&catalog(&[("first", json!({}))]), "").succeeded();
    let canary = destination.file("canary.csv", "canary\nhunter2\n").display().to_string();
    destination.execute(&format!(
        "CREATE VIEW _airbyte_raw_x AS SELECT 'a' AS _airbyte_ab_id, now() AS _airbyte_emitted_at, \
         json_object(canary, 1) AS _airbyte_data FROM read_csv('{canary}')"
    ));
    let before = files(destination.folder());
    let config = destination.folder().join("config.json").display().to_string();
    for arguments in [&["tables"][..], &["infer"], &["normalize"], &["normalize", "--stream", "x"]] {
        let all: Vec<_> = [&arguments[..1], &["--config", &config], &arguments[1..]].concat();
        let told = alluvium(&all).map_or_else(|told| told, |(printed, told)| printed + &told);
        assert!(!told.contains("hunter2"), "{arguments:?}: {told}");
    }
    assert_eq!(files(destination.folder()), before);
    verb(&destination, &["plan"]);
}

#[test]
fn a_path_is_a_path_whatever_it_looks_like() {
    let place = Destination::new();
    for name in ["it's.duckdb", "a\"b.duckdb", "x' (READ_ONLY); --", "sqlite:x.db", "$$", "\\", "a\nb", "?x=y", "*"] {
        let path = place.folder().join("paths").join(name);
        let destination = Destination::with(&json!({"destination_path": path}));
        destination.write(&catalog(&[("s", json!({}))]), "").succeeded();
        assert!(path.is_file(), "{name}");
    }
}

#[test]
fn a_config_that_is_no_file_or_too_deep_is_refused() {
    let place = Destination::new();
    let catalog = place.file("catalog.json", &catalog(&[("s", json!({}))]).to_string());
    let path = place.database();
    for nested in ["[", "{\"a\":"] {
        let deep = format!("{{\"destination_path\": {path:?}, \"x\": {}", nested.repeat(100_000));
        let (config_file, good) =
            (place.file("config.json", &deep), place.file("good.json", &json!({"destination_path": path}).to_string()));
        assert_eq!(run(command(&config_file, &catalog), drop).error().0, "config_error");
        let deep_catalog = place.file("deep.json", &deep);
        assert_eq!(run(command(&good, &deep_catalog), drop).error().0, "config_error");
    }
    for file in ["/dev/null", "/proc/self/mem", "/"] {
        assert_eq!(run(command(std::path::Path::new(file), &catalog), drop).error().0, "config_error", "{file}");
    }
    assert!(!path.exists());
}
