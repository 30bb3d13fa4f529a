//! The command line's contract: what comes out, where, with which exit code.

/// `check`: what it answers, and that it leaves no trace.
mod check;
/// `infer`: catalogs from messages and from plain records, and what `write` makes of them.
mod infer;
/// `plan`: that it says what a sync then makes, in every format, and that it touches nothing.
mod plan;
/// `tables`, and the demo that ends with it.
mod tables;
/// At a terminal: what a person sees.
#[cfg(target_os = "linux")]
mod terminal;
/// `write`: files that can't be used, bad input, signals, and what is told of a sync.
mod write;

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// What a run of the binary did.
struct Run {
    code: i32,
    messages: Vec<Value>,
    stdout: String,
    stderr: String,
}

fn alluvium(arguments: &[&str], stdin: impl AsRef<[u8]>) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_alluvium"))
        .args(arguments)
        .env_remove("ALLUVIUM_LOG")
        .env_remove("LOG_LEVEL")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The binary may refuse before it reads.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_ref());
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    Run {
        code: output.status.code().unwrap(),
        messages: stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(),
        stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Run {
    /// The messages, of which every line of stdout is one.
    fn protocol(&self) -> &[Value] {
        assert_eq!(self.messages.len(), self.stdout.lines().count(), "not protocol: {}", self.stdout);
        assert_eq!(self.stderr, "");
        &self.messages
    }

    fn of_type(&self, name: &str) -> Vec<&Value> {
        self.protocol().iter().filter(|message| message["type"] == name).collect()
    }

    /// The one TRACE ERROR.
    fn error(&self) -> &Value {
        let traces = self.of_type("TRACE");
        assert_eq!(traces.len(), 1, "{}", self.stdout);
        assert_eq!(traces[0]["trace"]["type"], "ERROR");
        &traces[0]["trace"]["error"]
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}

#[test]
fn spec_prints_one_message_in_both_forms() {
    for verb in ["spec", "--spec"] {
        let run = alluvium(&[verb], "");
        assert_eq!(run.code, 0);
        let [message] = run.protocol() else { panic!("{}", run.stdout) };
        assert!(run.stdout.starts_with(r#"{"type":"SPEC","spec":{"#));
        assert_eq!(message["spec"]["supported_destination_sync_modes"], json!(["overwrite", "append", "append_dedup"]));
    }
}

#[test]
fn a_failed_check_is_an_answer_with_code_0() {
    let folder = Folder::new();
    let config = folder.file("config.json", r#"{"destination_path": 5}"#);
    for arguments in [["check", "--config", &config], ["--check", "--config", &config]] {
        let run = alluvium(&arguments, "");
        assert_eq!(run.code, 0);
        let [message] = run.protocol() else { panic!("{}", run.stdout) };
        assert_eq!(
            *message,
            json!({"type": "CONNECTION_STATUS", "connectionStatus": {
                "status": "FAILED", "message": "the config is not valid: destination_path: expected a string"
            }})
        );
    }
}

#[test]
fn a_check_without_a_config_file_fails_by_its_name() {
    let run = alluvium(&["check", "--config", "/nowhere/config.json"], "");
    assert_eq!(run.code, 0);
    let statuses = run.of_type("CONNECTION_STATUS");
    assert_eq!(statuses[0]["connectionStatus"]["message"], "there is no config file /nowhere/config.json");
}

#[test]
fn a_config_that_write_refuses_is_one_trace_error_with_code_1() {
    let folder = Folder::new();
    let catalog = folder.file("catalog.json", r#"{"streams": []}"#);
    for (content, message) in [
        ("{", "is not JSON (line 1, column 1)"),
        ("[]", "does not hold a JSON object"),
        ("{}", "the config is not valid: warehouse: missing"),
        (
            r#"{"destination_path": "a", "loading": {"on_bad_input": "x"}}"#,
            "loading.on_bad_input: expected one of fail, skip",
        ),
    ] {
        let config = folder.file("config.json", content);
        let run = alluvium(&["write", "--config", &config, "--catalog", &catalog], "{}\n");
        assert_eq!(run.code, 1);
        assert!(run.stdout.starts_with(r#"{"type":"TRACE","#), "{}", run.stdout);
        assert_eq!(run.error()["failure_type"], "config_error");
        let told = run.error()["message"].as_str().unwrap();
        assert!(told.contains(message), "{told}");
    }
}

#[test]
fn an_unknown_key_of_the_config_is_a_warning() {
    let folder = Folder::new();
    let config = folder.file("config.json", r#"{"scheme": "hunter2", "destination_path": 5}"#);
    let run = alluvium(&["check", "--config", &config], "");
    let logs = run.of_type("LOG");
    assert_eq!(
        logs[0]["log"],
        json!({"level": "WARN", "message": "an unknown key of the config is ignored key=scheme nearest=schema"})
    );
}

#[test]
fn a_command_line_that_is_not_understood_is_told_on_stderr_with_code_2() {
    for arguments in [&[][..], &["land"], &["check"], &["write", "--config", "c"], &["spec", "--config", "c"]] {
        let run = alluvium(arguments, "");
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(run.stderr.contains("Usage: alluvium"), "{}", run.stderr);
    }
}

#[test]
fn help_and_version_are_answers() {
    let help = alluvium(&["--help"], "");
    assert_eq!(help.code, 0);
    for verb in ["spec", "check", "write", "tables", "infer", "plan", "compact"] {
        assert!(help.stdout.contains(verb), "{}", help.stdout);
    }
    let version = alluvium(&["--version"], "");
    assert_eq!((version.code, version.stdout.as_str()), (0, concat!("alluvium ", env!("CARGO_PKG_VERSION"), "\n")));
}

#[test]
fn a_person_is_told_on_stderr() {
    let run = alluvium(&["tables", "--config", "/nowhere/config.json"], "");
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert_eq!(run.stderr, "error: there is no config file /nowhere/config.json\n");
}
