//! The life of one destination: syncs one after the other, each disturbed and brought to its end as the platform does it.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::invariants;
use super::process::{self, Fault};
use super::source::{Brought, Mode, Stream};
use super::tally::{DUCKDB, POSTGRES, Tally};
use crate::cluster::Cluster;
use crate::kill::Random;
use crate::landing::{Destination, Run, line, status};

/// Lines that can't be used.
const BAD_LINES: [&str; 6] = [
    "not JSON",
    "[1, 2]",
    r#"{"type":"RECORD","record":{"stream":"nobody's","data":{"id":1},"emitted_at":1}}"#,
    r#"{"type":"RECORD","record":{"stream":"s0","data":[],"emitted_at":1}}"#,
    r#"{"type":"RECORD","record":{"stream":"s0","data":{"id":1"#,
    r#"{"type":"RECORD","record":{"stream":"s0","data":{"id":1e}}}"#,
];

/// What the summary calls the warehouse.
fn warehouse(server: Option<&Cluster>) -> &'static str {
    if server.is_some() { POSTGRES } else { DUCKDB }
}

/// One destination and what was sent to it.
pub(super) struct Era<'a> {
    destination: Destination,
    server: Option<&'a Cluster>,
    history: bool,
    streams: Vec<Stream>,
    random: Random,
    tally: &'a mut Tally,
}

impl<'a> Era<'a> {
    /// On this server, or in a file of DuckDB's.
    pub(super) fn new(server: Option<&'a Cluster>, mut random: Random, tally: &'a mut Tally) -> Self {
        tally.begin_era(warehouse(server));
        let history = random.below(3) == 0;
        let keys = json!({"normalization": {"history": history}});
        let destination = server.map_or_else(|| Destination::with(&keys), |server| Destination::on(server, &keys));
        let streams = (0..usize::try_from(1 + random.below(3)).unwrap()).map(|number| Stream::new(number, &mut random));
        let streams = streams.collect();
        Self { destination, server, history, streams, random, tally }
    }

    /// A sync, with what happens to it, to its end.
    pub(super) fn sync(&mut self, random: Random) {
        self.random = random;
        let mut brought = Vec::new();
        for stream in &mut self.streams {
            let (records, changes) = stream.next_sync(&mut self.random);
            self.tally.schema_changes += u64::from(changes);
            brought.push(Brought::new(records));
        }
        let faults = self.random.below(4);
        for attempt in 0..=faults {
            for (stream, brought) in self.streams.iter_mut().zip(&mut brought) {
                let afresh = stream.mode == Mode::Overwrite && attempt > 0;
                stream.generation += i64::from(afresh);
                brought.offer(afresh);
            }
            let fault = (attempt < faults).then(|| self.fault());
            let run = self.attempt(&brought, fault);
            for (index, reached) in self.acknowledged(&run) {
                brought[index].acknowledge(reached);
            }
            if run.status.success() {
                break;
            }
            assert!(fault.is_some(), "an undisturbed sync failed: {:?}", run.messages);
            if run.status.code().is_some() {
                run.error();
            }
            self.destination.settle();
            for (stream, brought) in self.streams.iter().zip(&brought).filter(|(_, brought)| brought.acknowledged > 0) {
                invariants::hold_midway(&self.destination, stream, &brought.records[..brought.acknowledged]);
            }
        }
        for (stream, brought) in self.streams.iter_mut().zip(brought) {
            stream.land(brought);
        }
        self.check();
        self.tally.syncs += 1;
    }

    /// Typed tables again from raw, or raw reduced; perhaps killed first.
    pub(super) fn maintain(&mut self, random: Random) {
        self.random = random;
        let verb = self.random.one_of(&["normalize", "compact"]);
        let is_killed = self.random.below(2) == 0;
        if is_killed {
            let mut child = self.tool(verb).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(self.random.below(900)));
            child.kill().unwrap();
            let was_hit = child.wait().unwrap().code().is_none();
            self.tally.fault(if verb == "compact" { "compact killed" } else { "normalize killed" }, was_hit);
            self.destination.settle();
        }
        let output = self.tool(verb).output().unwrap();
        assert!(output.status.success(), "{verb}: {}", String::from_utf8_lossy(&output.stderr));
        self.tally.verb(verb);
        self.check();
    }

    fn check(&mut self) {
        invariants::hold(&self.destination, &mut self.streams, self.history);
        self.tally.checks += 1;
    }

    fn tool(&self, verb: &str) -> Command {
        let config = self.destination.file("tool.config.json", &self.destination.config().to_string());
        let catalog = self.destination.file("tool.catalog.json", &self.catalog().to_string());
        let mut command = Command::new(env!("CARGO_BIN_EXE_alluvium"));
        command.arg(verb).arg("--config").arg(config).arg("--catalog").arg(catalog);
        command.env_remove("ALLUVIUM_LOG").env_remove("LOG_LEVEL").env_remove("RUST_BACKTRACE");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    fn catalog(&self) -> Value {
        json!({"streams": self.streams.iter().map(Stream::configured).collect::<Vec<_>>()})
    }

    fn fault(&mut self) -> (Fault, Duration) {
        let of_any = [Fault::Kill, Fault::Kill, Fault::Terminate, Fault::BadLine];
        let of_servers = [Fault::Kill, Fault::Terminate, Fault::BadLine, Fault::ServerCrash, Fault::SessionsEnded];
        let fault = self.random.one_of(if self.server.is_some() { &of_servers[..] } else { &of_any });
        let latest = self.random.one_of(&[200, 600, 2_000]);
        (fault, Duration::from_millis(self.random.below(latest)))
    }

    /// One run of the process, with what was not acknowledged.
    fn attempt(&mut self, brought: &[Brought], fault: Option<(Fault, Duration)>) -> Run {
        let mut slices = self.slices(brought);
        let is_bad = matches!(fault, Some((Fault::BadLine, _)));
        if is_bad {
            let bad = self.random.one_of(&BAD_LINES);
            let place = usize::try_from(self.random.below(slices.len() as u64)).unwrap();
            slices.insert(place, format!("{bad}\n"));
        }
        let mut command = self.destination.command(&self.catalog());
        let bytes = self.random.one_of(&[20_000, 300_000, 64 << 20]);
        command.env("ALLUVIUM_CHECKPOINT_BYTES", bytes.to_string());
        let pause = Duration::from_millis(self.random.one_of(&[0, 2, 20]));
        self.tally.sent(&slices);
        let database = self.destination.config()["database"].as_str();
        let ended = process::run(command.spawn().unwrap(), slices.into_iter(), pause, fault, self.server, database);
        self.tally.samples(warehouse(self.server), &ended.samples);
        self.tally.attempts += 1;
        if let Some((fault, _)) = fault {
            let was_hit = if is_bad { !ended.run.status.success() } else { ended.was_hit };
            assert!(was_hit || ended.run.status.success(), "{fault:?}: {:?}", ended.run.messages);
            self.tally.fault(fault.name(), was_hit);
        }
        ended.run
    }

    /// The streams' records and states, mixed, and their ends.
    fn slices(&mut self, brought: &[Brought]) -> Vec<String> {
        let mut at: Vec<usize> = brought.iter().map(|brought| brought.acknowledged).collect();
        let mut slices = Vec::new();
        loop {
            let open: Vec<usize> = (0..at.len()).filter(|index| at[*index] < brought[*index].records.len()).collect();
            if open.is_empty() {
                break;
            }
            let index = self.random.one_of(&open);
            let (stream, records) = (&self.streams[index], &brought[index].records);
            let end = records.len().min(at[index] + usize::try_from(1 + self.random.below(400)).unwrap());
            let text: String = records[at[index]..end].iter().map(|record| stream.message(*record)).collect();
            let state = json!({"type": "STREAM", "stream": {
                "stream_descriptor": {"name": stream.name}, "stream_state": {"number": end}}});
            slices.push(text + &line(&json!({"type": "STATE", "state": state})));
            at[index] = end;
        }
        slices.push(self.streams.iter().map(|stream| status(&stream.name, "COMPLETE")).collect());
        slices
    }

    fn acknowledged(&self, run: &Run) -> Vec<(usize, usize)> {
        let state = |message: &Value| {
            let state = &message["state"]["stream"];
            let name = state["stream_descriptor"]["name"].as_str()?;
            let index = self.streams.iter().position(|stream| stream.name == name)?;
            Some((index, usize::try_from(state["stream_state"]["number"].as_u64()?).unwrap()))
        };
        run.messages.iter().filter_map(state).collect()
    }
}
