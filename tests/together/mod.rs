//! Several processes on one warehouse: who writes a stream is alone with it, and who comes later waits.

/// What others see of a DuckDB file that is written to.
mod duckdb_file;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::landing::{Destination, Run, catalog, record, records, signal, state, status, until_stopped};
use crate::support::{Postgres, TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    a_second_sync_waits_and_goes_on,
    a_rebuild_waits_for_the_sync_and_types_its_rows,
    a_compaction_waits_for_the_sync_and_keeps_its_rows,
    a_sync_waits_for_a_rebuild,
}

/// Long enough that a process which does not wait would have ended or done harm.
const A_WHILE: Duration = Duration::from_millis(700);

/// A sync that has acknowledged these records of `s` and goes on until its input ends.
struct Busy {
    child: Child,
    stdin: ChildStdin,
    rest: std::thread::JoinHandle<String>,
}

impl Busy {
    fn with(destination: &Destination, catalog: &Value, ids: std::ops::Range<i64>) -> Self {
        let mut child = destination.command(catalog).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all((records("s", ids.clone()) + &state(ids.end)).as_bytes()).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("\"STATE\"") {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it ended");
        }
        let rest = std::thread::spawn(move || {
            let mut rest = String::new();
            lines.read_to_string(&mut rest).unwrap();
            rest
        });
        Self { child, stdin, rest }
    }

    /// Sends more, and ends.
    fn end(mut self, more: &str) {
        self.stdin.write_all(more.as_bytes()).unwrap();
        drop(self.stdin);
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{}", self.rest.join().unwrap());
    }
}

fn tool(destination: &Destination, verb: &str, catalog: &Value) -> Child {
    let config = destination.file("tool.config.json", &destination.config().to_string());
    let catalog = destination.file("tool.catalog.json", &catalog.to_string());
    let mut command = Command::new(env!("CARGO_BIN_EXE_alluvium"));
    command.arg(verb).arg("--config").arg(config).arg("--catalog").arg(catalog).env_remove("RUST_BACKTRACE");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// It is there after a while: it waits.
fn waits(child: &mut Child) {
    std::thread::sleep(A_WHILE);
    assert!(child.try_wait().unwrap().is_none(), "it did not wait");
}

fn succeeds(child: Child) {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Each key once, and each as often in raw as it was sent.
fn check(destination: &Destination, keys: std::ops::Range<i64>, raw: i64) {
    let mut ids = destination.typed_ids("s");
    ids.sort_unstable();
    assert_eq!(ids, keys.clone().collect::<Vec<_>>());
    assert_eq!(destination.raw_ids("s").len(), usize::try_from(raw).unwrap());
    let children: u32 = keys.map(i64::count_ones).sum();
    assert_eq!(destination.query("SELECT count(*) FROM s_children"), [[Some(children.to_string())]]);
}

fn a_second_sync_waits_and_goes_on<W: TestWarehouse>() {
    let (destination, catalog) = (Destination::of::<W>(&json!({})), catalog(&[("s", "append_dedup")]));
    let busy = Busy::with(&destination, &catalog, 0..100);
    let mut second = destination.command(&catalog).spawn().unwrap();
    let mut stdin = second.stdin.take().unwrap();
    stdin.write_all((records("s", 50..150) + &state(150)).as_bytes()).unwrap();
    drop(stdin);
    waits(&mut second);
    busy.end(&records("s", 100..120));
    let run = Run::of(second).succeeded();
    assert_eq!(run.states(), [150]);
    let is_told = |message: &Value| {
        let text = message["log"]["message"].as_str().unwrap_or_default();
        text.starts_with("waiting for another process ")
            && (text.contains("(PID ") || text.contains("(server process "))
    };
    assert_eq!(run.messages.iter().filter(|message| is_told(message)).count(), 1, "{:?}", run.messages);
    check(&destination, 0..150, 220);
}

fn a_rebuild_waits_for_the_sync_and_types_its_rows<W: TestWarehouse>() {
    waits_for_a_sync::<W>("normalize", 250);
}

fn a_compaction_waits_for_the_sync_and_keeps_its_rows<W: TestWarehouse>() {
    waits_for_a_sync::<W>("compact", 200);
}

/// `raw_rows`: how many there are when both have ended.
fn waits_for_a_sync<W: TestWarehouse>(verb: &str, raw_rows: i64) {
    let (destination, catalog) = (Destination::of::<W>(&json!({})), catalog(&[("s", "append_dedup")]));
    let busy = Busy::with(&destination, &catalog, 0..100);
    let mut other = tool(&destination, verb, &catalog);
    waits(&mut other);
    busy.end(&records("s", 50..200));
    succeeds(other);
    check(&destination, 0..200, raw_rows);
}

/// The rebuild is stopped when its new tables are about to take the place of the old ones.
fn a_sync_waits_for_a_rebuild<W: TestWarehouse>() {
    let (destination, catalog) = (Destination::of::<W>(&json!({})), catalog(&[("s", "append_dedup")]));
    destination.write(&catalog, &records("s", 0..100)).succeeded();
    let config = destination.file("tool.config.json", &destination.config().to_string());
    let catalog_file = destination.file("tool.catalog.json", &catalog.to_string());
    let mut rebuild = Command::new(env!("CARGO_BIN_EXE_alluvium"));
    rebuild.arg("normalize").arg("--config").arg(config).arg("--catalog").arg(catalog_file);
    rebuild.env("ALLUVIUM_AT", "replace:1:stop").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut rebuild = rebuild.spawn().unwrap();
    until_stopped(&mut rebuild);
    let mut sync = destination.command(&catalog).spawn().unwrap();
    let mut stdin = sync.stdin.take().unwrap();
    stdin.write_all((records("s", 50..150) + &state(150)).as_bytes()).unwrap();
    drop(stdin);
    waits(&mut sync);
    signal(&rebuild, "-CONT");
    succeeds(rebuild);
    assert_eq!(Run::of(sync).succeeded().states(), [150]);
    check(&destination, 0..150, 200);
}

/// The first loses its session, and with it the stream, while it stands still before or after a commit; a second takes the
/// stream, replaces its rows and ends; then the first goes on where it was.
#[test]
fn a_sync_that_lost_the_stream_to_another_goes_on_when_that_has_ended() {
    for at in ["load:1", "commit:1", "committed:1"] {
        let (destination, append) = (Destination::of::<Postgres>(&json!({})), catalog(&[("s", "append")]));
        destination.write(&append, &records("s", 0..10)).succeeded();
        let mut first = destination.command(&append).env("ALLUVIUM_AT", format!("{at}:stop")).spawn().unwrap();
        let mut stdin = first.stdin.take().unwrap();
        stdin.write_all((records("s", 10..20) + &state(20) + &status("s", "COMPLETE")).as_bytes()).unwrap();
        drop(stdin);
        until_stopped(&mut first);
        destination.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
        destination.settle();
        destination.write(&append, &(record("s", 30) + &status("s", "COMPLETE"))).succeeded();
        signal(&first, "-CONT");
        assert_eq!(Run::of(first).succeeded().states(), [20], "{at}");
        let mut ids = destination.typed_ids("s");
        ids.sort_unstable();
        assert_eq!(ids, (0..20).chain([30]).collect::<Vec<_>>(), "{at}");
        assert_eq!(destination.raw_ids("s").len(), 21, "{at}");
    }
}
