//! One destination: what is written to it, what the binary answers, and what is there afterwards.

/// A disk that is soon full.
mod disk;

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use proptest::prelude::ProptestConfig;
use serde_json::{Value, json};

pub(crate) use disk::SmallDisk;

use crate::cluster::Cluster;
use crate::support::{DuckDb, Postgres, Rows, Table, TestWarehouse};

/// A warehouse, and a folder with a config and a catalog.
pub(crate) struct Destination {
    folder: tempfile::TempDir,
    warehouse: Box<dyn TestWarehouse>,
    config: Value,
}

impl Destination {
    pub(crate) fn new() -> Self {
        Self::with(&json!({}))
    }

    /// A destination with these keys in its config, beside the path.
    pub(crate) fn with(keys: &Value) -> Self {
        Self::of::<DuckDb>(keys)
    }

    /// A destination in a warehouse of this kind, with these keys in its config beside the warehouse's own.
    pub(crate) fn of<W: TestWarehouse>(keys: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let warehouse = Box::new(W::new(folder.path()));
        Self::in_warehouse(folder, warehouse, keys)
    }

    /// A destination in a database of this server.
    pub(crate) fn on(cluster: &Cluster, keys: &Value) -> Self {
        let warehouse = Box::new(Postgres::of(cluster.database()));
        Self::in_warehouse(tempfile::tempdir().unwrap(), warehouse, keys)
    }

    /// Another with the same in it.
    pub(crate) fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let warehouse = self.warehouse.copy(folder.path());
        Self::in_warehouse(folder, warehouse, &json!({"normalization": self.config["normalization"]}))
    }

    fn in_warehouse(folder: tempfile::TempDir, warehouse: Box<dyn TestWarehouse>, keys: &Value) -> Self {
        let mut config = warehouse.config("main");
        config.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        Self { folder, warehouse, config }
    }

    /// Puts these keys in place of what the config has for them.
    pub(crate) fn reconfigure(&mut self, keys: &Value) {
        self.config.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    }

    pub(crate) fn config(&self) -> &Value {
        &self.config
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> PathBuf {
        PathBuf::from(self.config["destination_path"].as_str().unwrap())
    }

    /// A file in the folder.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// `write`, not yet started.
    pub(crate) fn command(&self, catalog: &Value) -> Command {
        let config = self.file("config.json", &self.config.to_string());
        command(&config, &self.file("catalog.json", &catalog.to_string()))
    }

    /// `write` to its end.
    pub(crate) fn write(&self, catalog: &Value, input: &str) -> Run {
        run(self.command(catalog), |mut stdin| drop(stdin.write_all(input.as_bytes())))
    }

    /// Waits until nothing of a process that was killed goes on.
    pub(crate) fn settle(&self) {
        self.warehouse.settle();
    }

    /// Runs a statement of somebody else's.
    pub(crate) fn execute(&self, sql: &str) {
        self.warehouse.execute(sql);
    }

    /// The rows of a query, as text.
    pub(crate) fn query(&self, sql: &str) -> Rows {
        self.warehouse.query(sql)
    }

    /// Every table outside the schema of our bookkeeping.
    pub(crate) fn tables(&self) -> Vec<Table> {
        self.warehouse.tables()
    }

    /// The `id`s of a stream's records in the order of arrival, from its raw table.
    pub(crate) fn raw_ids(&self, stream: &str) -> Vec<i64> {
        self.ids(&format!(
            "SELECT CAST(_airbyte_data ->> 'id' AS BIGINT) FROM \"_airbyte_raw_{stream}\" ORDER BY _airbyte_ab_id"
        ))
    }

    /// The `id`s of a stream's rows in the order of arrival, from its typed table.
    pub(crate) fn typed_ids(&self, stream: &str) -> Vec<i64> {
        self.ids(&format!("SELECT id FROM \"{stream}\" ORDER BY _airbyte_ab_id"))
    }

    fn ids(&self, sql: &str) -> Vec<i64> {
        self.query(sql).into_iter().map(|row| row[0].as_ref().unwrap().parse().unwrap()).collect()
    }
}

pub(crate) fn command(config: &Path, catalog: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alluvium"));
    command.arg("write").arg("--config").arg(config).arg("--catalog").arg(catalog);
    command.env_remove("ALLUVIUM_LOG").env_remove("LOG_LEVEL").env_remove("RUST_BACKTRACE");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The command, run by a shell that does this first.
pub(crate) fn after(first: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("{first} && exec \"$@\""))
        .arg("sh")
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell
}

/// Runs a command to its end; `feed` writes its input.
pub(crate) fn run(mut command: Command, feed: impl FnOnce(std::process::ChildStdin) + Send) -> Run {
    let mut child = command.spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| feed(stdin));
        Run::of(child)
    })
}

/// Sends a process a signal.
pub(crate) fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Waits until a process that `ALLUVIUM_AT` stops has stopped.
pub(crate) fn until_stopped(child: &mut Child) {
    let state = format!("/proc/{}/stat", child.id());
    while !std::fs::read_to_string(&state).unwrap().contains(") T ") {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it came to where it should stop");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// What a run of the binary did.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: ExitStatus,
    pub(crate) messages: Vec<Value>,
}

impl Run {
    /// Waits for the end. Every whole line of stdout has to be protocol, and stderr empty.
    pub(crate) fn of(mut child: Child) -> Self {
        let mut stdout = String::new();
        child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let messages = stdout.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(message).collect();
        Self { status: output.status, messages }
    }

    /// The sync went well.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert!(self.status.success(), "{:?}", self.messages);
        assert!(self.messages.iter().all(|message| message["type"] != "TRACE"), "{:?}", self.messages);
        self
    }

    /// The failure type and the message of the one TRACE ERROR of a run that failed.
    #[track_caller]
    pub(crate) fn error(&self) -> (&str, &str) {
        let errors: Vec<_> = self.messages.iter().filter(|message| message["trace"]["type"] == "ERROR").collect();
        assert_eq!((self.status.code(), errors.len()), (Some(1), 1), "{:?}", self.messages);
        let error = &errors[0]["trace"]["error"];
        (error["failure_type"].as_str().unwrap(), error["message"].as_str().unwrap())
    }

    /// The numbers of the acknowledged states.
    pub(crate) fn states(&self) -> Vec<i64> {
        self.messages.iter().filter_map(state_number).collect()
    }
}

fn message(line: &str) -> Value {
    let message: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not protocol: {line}"));
    let known = ["LOG", "STATE", "TRACE"].contains(&message["type"].as_str().unwrap_or_default());
    assert!(known, "not protocol: {line}");
    message
}

/// The number in a state made by [`state`].
pub(crate) fn state_number(message: &Value) -> Option<i64> {
    message["state"]["data"]["number"].as_i64()
}

/// A catalog of streams that have the properties id, at and children.
pub(crate) fn catalog(streams: &[(&str, &str)]) -> Value {
    let integer = json!({"type": "integer"});
    let child = json!({"type": "object", "properties": {"owner": integer}});
    let properties = json!({"id": integer, "at": integer, "children": {"type": "array", "items": child}});
    let stream = |(name, mode): &(&str, &str)| {
        json!({
            "stream": {"name": name, "json_schema": {"type": "object", "properties": properties}},
            "sync_mode": "full_refresh", "destination_sync_mode": mode,
            "primary_key": [["id"]], "cursor_field": ["at"],
        })
    };
    json!({"streams": streams.iter().map(stream).collect::<Vec<_>>()})
}

/// A catalog of one stream of a generation that replaces.
pub(crate) fn replacing(name: &str, mode: &str, generation: i64) -> Value {
    let mut catalog = catalog(&[(name, mode)]);
    let stream = &mut catalog["streams"][0];
    (stream["generation_id"], stream["minimum_generation_id"]) = (generation.into(), generation.into());
    catalog
}

/// A record with as many children as its id has ones in binary.
pub(crate) fn record(stream: &str, id: i64) -> String {
    let children = vec![json!({"owner": id}); id.count_ones() as usize];
    let data = json!({"id": id, "at": id, "children": children});
    line(&json!({"type": "RECORD", "record": {"stream": stream, "data": data, "emitted_at": id}}))
}

pub(crate) fn records(stream: &str, ids: impl IntoIterator<Item = i64>) -> String {
    ids.into_iter().map(|id| record(stream, id)).collect()
}

/// A state of all streams.
pub(crate) fn state(number: i64) -> String {
    line(&json!({"type": "STATE", "state": {"type": "LEGACY", "data": {"number": number}}}))
}

pub(crate) fn status(stream: &str, status: &str) -> String {
    line(&json!({"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 0,
        "stream_status": {"stream_descriptor": {"name": stream}, "status": status}}}))
}

pub(crate) fn line(message: &Value) -> String {
    format!("{message}\n")
}

/// How many cases a property gets: few for the everyday run, more by `PROPTEST_CASES`.
pub(crate) fn cases(everyday: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(everyday), max_shrink_iters: 50, ..ProptestConfig::default() }
}
