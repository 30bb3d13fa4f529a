//! The connection is cut or the server restarted while a sync runs: it goes on, and nothing lands twice.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::Target;
use crate::cluster::Cluster;
use crate::kill::Random;
use crate::landing::{catalog, records, state, state_number};

/// Records between two states.
const STEP: i64 = 1_000;

/// A sync that gets records and states without pause until its input is closed.
struct Running {
    child: Child,
    states: Receiver<i64>,
    feeder: std::thread::JoinHandle<i64>,
}

impl Running {
    /// `steps`: how many states it gets.
    fn start(target: &Target, mode: &str, steps: i64) -> Self {
        let (mut child, stdin) = target.start("running", &catalog(&[("s", mode)]));
        let (sender, states) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let number = serde_json::from_str(&line).ok().as_ref().and_then(state_number);
                number.map(|number| sender.send(number));
            }
        });
        let feeder = std::thread::spawn(move || feed(stdin, steps));
        Self { child, states, feeder }
    }

    /// Waits until more was acknowledged.
    fn next_state(&self) -> Option<i64> {
        self.states.recv_timeout(Duration::from_mins(1)).ok()
    }

    /// The last state and how many records were fed.
    fn end(mut self) -> (bool, Option<i64>, i64) {
        let fed = self.feeder.join().unwrap();
        let succeeded = self.child.wait().unwrap().success();
        (succeeded, self.states.iter().last(), fed)
    }
}

fn feed(mut stdin: ChildStdin, steps: i64) -> i64 {
    for step in 0..steps {
        let text = records("s", step * STEP..(step + 1) * STEP) + &state((step + 1) * STEP);
        if stdin.write_all(text.as_bytes()).is_err() {
            return step * STEP;
        }
        // several checkpoints, of which each is under way for a good part of the time
        std::thread::sleep(Duration::from_millis(20));
    }
    steps * STEP
}

#[track_caller]
fn check_exactly_once(target: &Target, fed: i64) {
    let all: Vec<i64> = (0..fed).collect();
    assert_eq!(target.ids("SELECT (_airbyte_data ->> 'id')::bigint FROM _airbyte_raw_s"), all);
    assert_eq!(target.ids("SELECT id FROM s"), all);
    let children: i64 = all.iter().map(|id| i64::from(id.count_ones())).sum();
    assert_eq!(target.column("SELECT count(*) FROM s_children"), [children.to_string()]);
}

#[test]
fn a_sync_survives_that_its_sessions_are_ended_again_and_again() {
    for mode in ["append", "append_dedup"] {
        let target = Target::new();
        let running = Running::start(&target, mode, 100);
        let mut ended = 0;
        while let Some(state) = running.next_state() {
            if state >= 100 * STEP {
                break;
            }
            if ended < 4 {
                std::thread::sleep(Duration::from_millis(37 * (ended + 1)));
                target.database.terminate_backends();
                ended += 1;
            }
        }
        let (succeeded, _, fed) = running.end();
        assert!(succeeded && ended > 0, "{mode}: {ended} sessions ended");
        check_exactly_once(&target, fed);
    }
}

#[test]
fn a_sync_survives_that_the_server_crashes_at_any_moment_and_comes_back() {
    let (cluster, mut random) = (Cluster::private(), Random::new());
    for mode in ["append", "append_dedup", "overwrite"] {
        let target = Target::on(&cluster);
        let running = Running::start(&target, mode, 100);
        running.next_state().unwrap();
        std::thread::sleep(Duration::from_millis(random.below(1_000)));
        cluster.stop_immediate();
        std::thread::sleep(Duration::from_millis(300));
        cluster.start();
        let (succeeded, last, fed) = running.end();
        assert!(succeeded, "{mode}");
        assert_eq!(last, Some(100 * STEP), "{mode}");
        check_exactly_once(&target, fed);
    }
}

#[test]
fn a_sync_whose_server_stays_away_ends_as_a_transient_error_and_can_be_stopped_meanwhile() {
    let cluster = Cluster::private();
    let target = Target::on(&cluster);
    let catalog = catalog(&[("s", "append")]);
    let (mut child, mut stdin) = target.start("stopped", &catalog);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    stdin.write_all((records("s", 0..100) + &state(100)).as_bytes()).unwrap();
    let acknowledged = lines.by_ref().find(|line| line.contains("\"STATE\"")).unwrap();
    assert!(acknowledged.contains("100"));
    cluster.stop_immediate();
    stdin.write_all((records("s", 100..200) + &state(200)).as_bytes()).unwrap();
    assert!(lines.by_ref().any(|line| line.contains("the checkpoint is tried again")));
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    drop(stdin);
    let rest: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(rest.iter().any(|line| line.contains("transient_error")), "{rest:?}");
    assert!(!rest.iter().any(|line| line.contains("\"STATE\"")), "{rest:?}");
    cluster.start();
    assert_eq!(target.ids("SELECT id FROM s"), (0..100).collect::<Vec<_>>());
}
