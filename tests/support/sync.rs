//! One run of the binary.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::landing;

/// What a run of `write` did.
pub(crate) struct Sync {
    pub(crate) succeeded: bool,
    messages: Vec<Value>,
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

/// Runs `alluvium normalize` in `folder`; what it told, or what it told when it failed.
pub(crate) fn normalize(folder: &Path, config: &Value, catalog: &Value) -> Result<String, String> {
    let [config, catalog] = files(folder, config, catalog).map(|file| file.display().to_string());
    let (printed, told) = alluvium(&["normalize", "--config", &config, "--catalog", &catalog])?;
    assert_eq!(printed, "");
    Ok(told)
}

/// Runs the binary: what it printed and what it told, or what it told when it failed.
pub(crate) fn alluvium(arguments: &[&str]) -> Result<(String, String), String> {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_alluvium"));
    let output = command.args(arguments).env_remove("ALLUVIUM_LOG").env_remove("LOG_LEVEL").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    if output.status.success() { Ok((String::from_utf8(output.stdout).unwrap(), told)) } else { Err(told) }
}

fn files(folder: &Path, config: &Value, catalog: &Value) -> [PathBuf; 2] {
    [("config.json", config), ("catalog.json", catalog)].map(|(name, content)| {
        let path = folder.join(name);
        std::fs::write(&path, content.to_string()).unwrap();
        path
    })
}

/// Runs `alluvium write` over `input` in `folder`.
pub(crate) fn write(folder: &Path, config: &Value, catalog: &Value, input: &[u8]) -> Sync {
    let [config, catalog] = files(folder, config, catalog);
    // The binary may refuse before it has read all.
    let run = landing::run(landing::command(&config, &catalog), |mut stdin| drop(stdin.write_all(input)));
    Sync { succeeded: run.status.success(), messages: run.messages }
}
