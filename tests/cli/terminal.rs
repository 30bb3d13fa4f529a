//! At a terminal: what a person sees.

use std::process::{Command, Stdio};

use super::Folder;

const CATALOG: &str = r#"{"streams": [{"stream": {"name": "orders", "json_schema": {"properties": {"id": {"type": "integer"}}}}, "destination_sync_mode": "append"}]}"#;

const ORDER: &str = r#"{"type":"RECORD","record":{"stream":"orders","emitted_at":0,"data":{"id":"x"}}}"#;

const STATE: &str =
    r#"{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"orders"},"stream_state":{}}}}"#;

/// Runs a shell command at a terminal of `columns`; what came to the terminal.
fn at_a_terminal(columns: usize, command: &str, environment: &[(&str, &str)]) -> String {
    // util-linux: gives the command a terminal of its own, whose size is the first thing that is set in it
    let command = format!("stty cols {columns} rows 24; {command}");
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// A command that sends an order and a state, and ends two seconds later.
fn sync(folder: &Folder, output: &str) -> String {
    let catalog = folder.file("catalog.json", CATALOG);
    let config = format!(r#"{{"destination_path": "{}"}}"#, folder.path("orders.duckdb"));
    let config = folder.file("config.json", &config);
    let messages = folder.file("messages.jsonl", &format!("{ORDER}\n{STATE}\n"));
    let binary = env!("CARGO_BIN_EXE_alluvium");
    format!("(cat {messages}; sleep 2) | {binary} write --config {config} --catalog {catalog} {output}")
}

#[test]
fn progress_while_it_runs_and_a_table_at_the_end() {
    let folder = Folder::new();
    let states = folder.path("states.jsonl");
    let shown = at_a_terminal(100, &sync(&folder, &format!("> {states}")), &[]);
    assert!(shown.contains("1 record read, "), "{shown:?}");
    assert!(shown.contains("\x1b[J"), "nothing was drawn over: {shown:?}");
    let end = shown.rsplit("\x1b[J").next().unwrap();
    assert!(end.contains("NULLED") && end.contains("1 record of 1 stream landed"), "{end:?}");
    let states = std::fs::read_to_string(states).unwrap();
    assert_eq!(states.lines().count(), 1, "{states}");
}

#[test]
fn messages_that_share_the_terminal_are_whole_lines() {
    let folder = Folder::new();
    let shown = at_a_terminal(300, &sync(&folder, ""), &[("NO_COLOR", "1")]);
    let state = shown.split(['\n', '\r']).find(|line| line.contains("STATE")).unwrap();
    let state = state.rsplit("\x1b[J").next().unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(state).is_ok(), "{state:?}");
    assert!(!shown.contains("\x1b[1m") && !shown.contains("\x1b[31m"), "colours in spite of NO_COLOR: {shown:?}");
}

#[test]
fn a_failure_is_told_to_the_person_too() {
    let folder = Folder::new();
    let states = folder.path("states.jsonl");
    let command = sync(&folder, &format!("> {states}")).replace("sleep 2", "echo nonsense");
    let shown = at_a_terminal(100, &command, &[("NO_COLOR", "1")]);
    assert!(shown.contains("error: line 3 of the input "), "{shown:?}");
    assert!(std::fs::read_to_string(states).unwrap().contains(r#""type":"TRACE""#));
}

#[test]
fn a_terminal_that_can_not_draw_gets_lines() {
    let folder = Folder::new();
    let shown = at_a_terminal(100, &sync(&folder, "> /dev/null"), &[("TERM", "dumb")]);
    assert!(shown.contains("1 record of 1 stream landed") && !shown.contains('\x1b'), "{shown:?}");
}
