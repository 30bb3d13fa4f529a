//! One run of the binary.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a run of `write` did.
pub(crate) struct Sync {
    pub(crate) succeeded: bool,
    /// Its stdout, of which every line is a protocol message.
    pub(crate) messages: Vec<Value>,
}

impl Sync {
    /// The states that it acknowledged, without the statistics that it added.
    pub(crate) fn states(&self) -> Vec<Value> {
        let mut states: Vec<Value> = self.of_type("STATE").cloned().collect();
        for message in &mut states {
            message["state"].as_object_mut().unwrap().remove("destinationStats");
        }
        states
    }

    /// `destinationStats.recordCount` of each state.
    pub(crate) fn record_counts(&self) -> Vec<&Value> {
        self.of_type("STATE").map(|message| &message["state"]["destinationStats"]["recordCount"]).collect()
    }

    /// The message of the TRACE ERROR, if there is one.
    pub(crate) fn error(&self) -> Option<&str> {
        self.of_type("TRACE").find_map(|message| message["trace"]["error"]["message"].as_str())
    }

    fn of_type(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.messages.iter().filter(move |message| message["type"] == name)
    }
}

/// Runs `alluvium write` over `input` in `folder`.
///
/// # Panics
/// If stdout is not protocol, or something is on stderr.
pub(crate) fn write(folder: &Path, config: &Value, catalog: &Value, input: Vec<u8>) -> Sync {
    let [config_file, catalog_file] = [("config.json", config), ("catalog.json", catalog)].map(|(name, content)| {
        let path = folder.join(name);
        std::fs::write(&path, content.to_string()).unwrap();
        path
    });
    let mut child = Command::new(env!("CARGO_BIN_EXE_alluvium"))
        .arg("write")
        .arg("--config")
        .arg(config_file)
        .arg("--catalog")
        .arg(catalog_file)
        .env_remove("ALLUVIUM_LOG")
        .env_remove("LOG_LEVEL")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The binary answers while it reads, and may refuse before it has read all.
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let messages = stdout.lines().map(message).collect();
    Sync { succeeded: output.status.success(), messages }
}

fn message(line: &str) -> Value {
    let message: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("not JSON ({error}): {line}"));
    assert!(matches!(message["type"].as_str(), Some("LOG" | "STATE" | "TRACE")), "not an answer: {line}");
    message
}
