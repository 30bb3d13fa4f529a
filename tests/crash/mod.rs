//! The process dies at each point between two things that change what others see, or the server does; the platform then sends
//! again what was not acknowledged.

/// The process dies at each system call that writes.
#[cfg(target_os = "linux")]
mod every_write;
/// The process is stopped at each point; meanwhile the server crashes, or the process is asked to end.
mod stopped;
/// A process that is killed at one of its system calls.
#[cfg(target_os = "linux")]
mod traced;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::landing::{Destination, Run, catalog, records, replacing, run, state, status};
use crate::support::{Rows, TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    append_has_what_was_acknowledged_once_wherever_it_dies,
    a_dedup_sync_ends_as_if_undisturbed_wherever_it_dies,
    a_dedup_sync_with_history_ends_as_if_undisturbed_wherever_it_dies,
    a_replacement_ends_as_if_undisturbed_wherever_it_dies,
    rows_typed_again_end_as_if_undisturbed_wherever_it_dies,
}

/// A state after so many records, and about so many make a checkpoint.
const STATE_EVERY: i64 = 10;
const CHECKPOINT_BYTES: usize = 3_000;

/// What is there before the sync that dies, and what it brings: some of the same keys, and later versions of them.
const BEFORE: std::ops::Range<i64> = 0..40;
const SENT: std::ops::Range<i64> = 20..100;

/// Records from `from` on with their states, as the source sends them when it goes on from a state.
fn input(from: i64) -> String {
    let steps = (from..SENT.end).step_by(usize::try_from(STATE_EVERY).unwrap());
    let body: String =
        steps.map(|start| records("s", start..start + STATE_EVERY) + &state(start + STATE_EVERY)).collect();
    body + &status("s", "COMPLETE")
}

/// A sync with small checkpoints, that stops at a point if one is given, and writes its points down.
fn command(destination: &Destination, catalog: &Value, at: Option<&str>) -> Command {
    let mut command = destination.command(catalog);
    command.env("ALLUVIUM_CHECKPOINT_BYTES", CHECKPOINT_BYTES.to_string());
    command.env("ALLUVIUM_POINTS", destination.folder().join("points"));
    if let Some(at) = at {
        command.env("ALLUVIUM_AT", at);
    }
    command
}

fn send(command: Command, from: i64) -> Run {
    run(command, move |mut stdin| drop(stdin.write_all(input(from).as_bytes())))
}

/// How one kind of sync is set up and looked at.
struct Scenario {
    config: Value,
    /// The catalog of what is there before, and of the sync that dies.
    catalogs: [Value; 2],
    /// What has to be the same wherever it dies.
    queries: &'static [&'static str],
}

impl Scenario {
    fn prepared<W: TestWarehouse>(&self) -> Destination {
        self.with_rows(Destination::of::<W>(&self.config))
    }

    fn with_rows(&self, destination: Destination) -> Destination {
        let before = records("s", BEFORE) + &status("s", "COMPLETE");
        destination.write(&self.catalogs[0], &before).succeeded();
        destination
    }

    fn seen(&self, destination: &Destination) -> Vec<Rows> {
        self.queries.iter().map(|sql| destination.query(sql)).collect()
    }

    /// What an undisturbed sync leaves, and how often it comes to each point.
    fn undisturbed(&self, destination: &Destination) -> (Vec<Rows>, BTreeMap<String, usize>) {
        let points = destination.folder().join("points");
        assert!(send(command(destination, &self.catalogs[1], None), SENT.start).status.success());
        let mut times = BTreeMap::new();
        for point in std::fs::read_to_string(points).unwrap().lines() {
            *times.entry(point.to_owned()).or_default() += 1;
        }
        let needed = ["prepare", "ready", "load", "commit", "committed", "acknowledge", "log"];
        assert!(needed.iter().all(|point| times.contains_key(*point)), "{times:?}");
        (self.seen(destination), times)
    }

    /// Kills the process at the first and at the last time that it comes to each point, and sends again what it did not
    /// acknowledge.
    fn run<W: TestWarehouse>(&self, check: impl Fn(&Destination, &[Rows], &str)) {
        let (expected, points) = self.undisturbed(&self.prepared::<W>());
        for (point, times) in points {
            for nth in BTreeSet::from([1, times]) {
                let at = format!("{point}:{nth}:kill");
                let destination = self.prepared::<W>();
                let killed = send(command(&destination, &self.catalogs[1], Some(&at)), SENT.start);
                assert!(killed.status.code().is_none(), "{at}: it lived");
                destination.settle();
                let from = killed.states().last().copied().unwrap_or(SENT.start);
                let again = send(command(&destination, &self.catalogs[1], None), from);
                assert!(again.status.success(), "{at}: {:?}", again.messages);
                check(&destination, &expected, &at);
            }
        }
    }
}

/// Everything but ids and times of typing.
const ROWS: &str = "SELECT s.id, s.\"at\", s._airbyte_emitted_at, count(c.owner), sum(c.owner) FROM s \
    LEFT JOIN s_children AS c USING (_airbyte_s_hashid) GROUP BY 1, 2, 3, s._airbyte_ab_id ORDER BY 1, 2";
const ORPHANS: &str =
    "SELECT count(*) FROM s_children WHERE _airbyte_s_hashid NOT IN (SELECT _airbyte_s_hashid FROM s)";
const LEFT_OVER: &str = "SELECT count(*) FROM information_schema.tables WHERE table_name LIKE '%staging%' \
    OR table_name LIKE '%rebuild%' OR table_name LIKE '%batch%'";
const VERSIONS: &str =
    "SELECT id, _airbyte_start_at, _airbyte_end_at, _airbyte_active_row FROM s_scd ORDER BY id, _airbyte_start_at";

fn same(scenario: &Scenario) -> impl Fn(&Destination, &[Rows], &str) {
    |destination, expected, at| assert_eq!(scenario.seen(destination), expected, "{at}")
}

fn append_has_what_was_acknowledged_once_wherever_it_dies<W: TestWarehouse>() {
    let catalogs = [(); 2].map(|()| catalog(&[("s", "append")]));
    let scenario = Scenario { config: json!({}), catalogs, queries: &[ORPHANS, LEFT_OVER] };
    scenario.run::<W>(|destination, expected, at| {
        assert_eq!(scenario.seen(destination), expected, "{at}");
        let ids = destination.typed_ids("s");
        assert_eq!(ids, destination.raw_ids("s"), "{at}");
        let times = |id: i64| ids.iter().filter(|other| **other == id).count();
        for id in BEFORE.start..SENT.end {
            let sent = usize::from(BEFORE.contains(&id)) + usize::from(SENT.contains(&id));
            // what was committed and not acknowledged comes once more
            let most = if SENT.contains(&id) { sent + 1 } else { sent };
            assert!((sent..=most).contains(&times(id)), "{at}: {id} is there {} times", times(id));
        }
    });
}

fn a_dedup_sync_ends_as_if_undisturbed_wherever_it_dies<W: TestWarehouse>() {
    let catalogs = [(); 2].map(|()| catalog(&[("s", "append_dedup")]));
    let scenario = Scenario { config: json!({}), catalogs, queries: &[ROWS, ORPHANS, LEFT_OVER] };
    scenario.run::<W>(same(&scenario));
}

fn a_dedup_sync_with_history_ends_as_if_undisturbed_wherever_it_dies<W: TestWarehouse>() {
    let catalogs = [(); 2].map(|()| catalog(&[("s", "append_dedup")]));
    let config = json!({"normalization": {"history": true}});
    let scenario = Scenario { config, catalogs, queries: &[ROWS, VERSIONS, ORPHANS, LEFT_OVER] };
    scenario.run::<W>(same(&scenario));
}

fn a_replacement_ends_as_if_undisturbed_wherever_it_dies<W: TestWarehouse>() {
    let catalogs = [1, 2].map(|generation| replacing("s", "append_dedup", generation));
    let scenario = Scenario { config: json!({}), catalogs, queries: &[ROWS, ORPHANS, LEFT_OVER] };
    scenario.run::<W>(same(&scenario));
}

fn rows_typed_again_end_as_if_undisturbed_wherever_it_dies<W: TestWarehouse>() {
    let mut catalogs = [(); 2].map(|()| catalog(&[("s", "append_dedup")]));
    catalogs[1]["streams"][0]["stream"]["json_schema"]["properties"]["id"] = json!({"type": "string"});
    let scenario = Scenario { config: json!({}), catalogs, queries: &[ROWS, ORPHANS, LEFT_OVER] };
    scenario.run::<W>(same(&scenario));
}
