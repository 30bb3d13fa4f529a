//! Each file of `fuzz/corpus` is landed or refused, in words, and is never our defect.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::landing::{Destination, Run, command, run, state};
use crate::support::{TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    lines,
    catalogs,
}

fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(!files.is_empty());
    files
}

/// It went well, or somebody else must act.
#[track_caller]
fn assert_answered(file: &Path, run: &Run) {
    if !run.status.success() {
        let (_, message) = run.error();
        assert!(!message.contains("defect"), "{}: {message}", file.display());
    }
}

fn catalog() -> Value {
    let object = json!({"type": "object", "properties": {"x": {"type": "integer"}}});
    json!({"streams": [{
        "stream": {"name": "s", "json_schema": {"type": "object", "properties": {
            "id": {"type": "integer"}, "n": {"type": "number"}, "at": {"type": "string", "format": "date-time"},
            "d": {"type": "string", "format": "date"}, "v": {}, "o": object, "a": {"type": "array", "items": object},
        }}},
        "destination_sync_mode": "append_dedup", "primary_key": [["id"], ["v"]], "cursor_field": ["at"],
    }]})
}

fn lines<W: TestWarehouse>() {
    for file in corpus("lines") {
        let input = std::fs::read(&file).unwrap();
        let [skipping, failing] = ["skip", "fail"].map(|on_bad_input| {
            let keys = json!({"loading": {"on_bad_input": on_bad_input}});
            run(Destination::of::<W>(&keys).command(&catalog()), |mut stdin| {
                let _ = stdin.write_all(&[input.as_slice(), b"\n", state(1).as_bytes()].concat());
            })
        });
        assert_answered(&file, &failing);
        let is_held_back = !skipping.status.success() && skipping.error().1.starts_with("the source ended without");
        assert!(skipping.status.success() || is_held_back, "{}: {:?}", file.display(), skipping.messages);
        assert_eq!(skipping.states().last(), Some(&1), "{}", file.display());
    }
}

fn catalogs<W: TestWarehouse>() {
    for file in corpus("catalogs") {
        let destination = Destination::of::<W>(&json!({}));
        destination.command(&json!({}));
        assert_answered(&file, &run(command(&destination.folder().join("config.json"), &file), drop));
    }
}

#[test]
fn configs() {
    let place = Destination::new();
    let catalog = place.file("catalog.json", &catalog().to_string());
    for file in corpus("configs") {
        let run = run(command(&file, &catalog), drop);
        assert_eq!(run.error().0, "config_error", "{}", file.display());
    }
}
