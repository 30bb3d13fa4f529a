//! `write`: files that can't be used, bad input, signals, and what is told of a sync.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Folder, Run, alluvium};

const CATALOG: &str = r#"{"streams": [{
    "stream": {"name": "orders", "json_schema": {"properties": {
        "id": {"type": "integer"}, "total": {"type": "number"},
        "items": {"type": "array", "items": {"properties": {"sku": {"type": "string"}}}}
    }}},
    "sync_mode": "full_refresh", "destination_sync_mode": "append"
}]}"#;

const ORDER: &str = r#"{"type":"RECORD","record":{"stream":"orders","emitted_at":0,"data":{"id":1,"total":2.5,"items":[{"sku":"a"},{"sku":"b"}]}}}"#;

const STATE: &str = r#"{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"orders"},"stream_state":{"at":1}}}}"#;

/// A folder with a catalog and a config of which `loading` is given.
fn prepared(loading: &str) -> (Folder, String, String) {
    let folder = Folder::new();
    let catalog = folder.file("catalog.json", CATALOG);
    let database = folder.path("orders.duckdb");
    let config = format!(r#"{{"destination_path": "{database}", "loading": {loading}}}"#);
    let config = folder.file("config.json", &config);
    (folder, config, catalog)
}

fn write(config: &str, catalog: &str, lines: &[&str]) -> Run {
    alluvium(&["write", "--config", config, "--catalog", catalog], &(lines.join("\n") + "\n"))
}

fn logs(run: &Run, beginning: &str) -> Vec<String> {
    let messages = run.of_type("LOG").into_iter().filter_map(|message| message["log"]["message"].as_str());
    messages.filter(|message| message.starts_with(beginning)).map(str::to_owned).collect()
}

#[test]
fn a_catalog_that_can_not_be_used_is_a_config_error_naming_the_file() {
    let (folder, config, _) = prepared("{}");
    let run = write(&config, "/nowhere/catalog.json", &[]);
    assert_eq!(run.code, 1);
    assert_eq!(run.error()["message"], "there is no catalog file /nowhere/catalog.json");
    for (content, reason) in [
        ("{", "is not JSON (line 1, column 1)"),
        (r#"{"streams": []}"#, "can't be used: the configured catalog has no streams"),
        (r#"{"streams": 1}"#, "can't be used: the configured catalog is malformed"),
    ] {
        let catalog = folder.file("bad.json", content);
        let run = write(&config, &catalog, &[]);
        assert_eq!(run.code, 1);
        assert_eq!(run.error()["failure_type"], "config_error");
        let told = run.error()["message"].as_str().unwrap();
        assert!(told.starts_with(&format!("the catalog file {catalog} {reason}")), "{told}");
    }
}

#[test]
fn a_sync_is_reported_stream_by_stream() {
    let (_folder, config, catalog) = prepared("{}");
    let bad = r#"{"type":"RECORD","record":{"stream":"orders","data":{"id":"x","color":1}}}"#;
    let run = write(&config, &catalog, &[ORDER, bad, STATE]);
    assert_eq!(run.code, 0, "{}", run.stdout);
    assert_eq!(run.of_type("STATE").len(), 1);
    let [report] = &logs(&run, "sync report ")[..] else { panic!("{}", run.stdout) };
    for fact in [
        "stream=orders",
        "schema=main",
        "complete=true",
        "records=2",
        "rows=orders=2,orders_items=2",
        "nulled=1",
        "truncated=0",
        "undeclared=color",
        "rejected=0",
    ] {
        assert!(format!("{report} ").contains(&format!(" {fact} ")), "{fact} in {report}");
    }
    assert_eq!(logs(&run, "sync ended streams=1 records=2 ").len(), 1, "{}", run.stdout);
}

#[test]
fn bad_input_fails_the_sync_unless_the_config_says_skip() {
    let lines = [ORDER, "not JSON", STATE];
    let (_folder, config, catalog) = prepared("{}");
    let run = write(&config, &catalog, &lines);
    assert_eq!((run.code, run.of_type("STATE").len()), (1, 0));
    assert!(run.error()["message"].as_str().unwrap().starts_with("line 2 of the input "), "{}", run.stdout);

    let (_folder, config, catalog) = prepared(r#"{"on_bad_input": "skip"}"#);
    let run = write(&config, &catalog, &lines);
    assert_eq!((run.code, run.of_type("STATE").len()), (0, 1), "{}", run.stdout);
    assert_eq!(logs(&run, "line skipped line=2 ").len(), 1, "{}", run.stdout);
    assert!(logs(&run, "sync ended ")[0].ends_with(" rejected=1"), "{}", run.stdout);
}

#[test]
fn a_line_over_the_config_s_bound_is_bad_input() {
    let (_folder, config, catalog) = prepared(r#"{"max_record_bytes": 1024}"#);
    let run = write(&config, &catalog, &[&" ".repeat(10), &format!("{{\"x\":\"{}\"}}", "y".repeat(2_000))]);
    assert!(run.error()["message"].as_str().unwrap().starts_with("line 2 of the input is longer"), "{}", run.stdout);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_sync_with_what_is_acknowledged_kept() {
    for signal in ["TERM", "INT"] {
        let (_folder, config, catalog) = prepared("{}");
        let mut child = Command::new(env!("CARGO_BIN_EXE_alluvium"))
            .args(["write", "--config", &config, "--catalog", &catalog])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        writeln!(input, "{ORDER}\n{STATE}").unwrap();
        let mut messages = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(|line| serde_json::from_str::<Value>(&line.unwrap()));
        // The state comes out while the input is still open.
        assert!(messages.any(|message| message.unwrap()["type"] == "STATE"));
        let kill = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let messages: Vec<Value> = messages.map(Result::unwrap).collect();
        assert_eq!(child.wait().unwrap().code(), Some(1));
        let error = &messages.last().unwrap()["trace"]["error"];
        assert_eq!(error["failure_type"], "transient_error", "{messages:?}");
        let run = alluvium(&["tables", "--config", &config], "");
        assert!(run.stdout.contains("orders  1 row\n"), "{}", run.stdout);
    }
}
