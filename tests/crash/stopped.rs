//! The process is stopped at each point. Meanwhile the server crashes and comes back: the sync goes on and ends as if
//! undisturbed. Or it is asked to end: it does so in time and in order, and the platform sends the rest.

use std::io::Write as _;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{LEFT_OVER, ORPHANS, ROWS, SENT, Scenario, VERSIONS, command, input, send};
use crate::cluster::Cluster;
use crate::landing::{Destination, Run, catalog, replacing, signal, until_stopped};
use crate::support::{TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    append_that_is_asked_to_end_has_everything_once,
    a_dedup_sync_that_is_asked_to_end_ends_as_if_undisturbed,
    a_replacement_that_is_asked_to_end_ends_as_if_undisturbed,
}

/// How soon the process ends when it is asked to.
const SOON: Duration = Duration::from_secs(10);

/// Points that a sync comes to only when its input has ended.
const AFTER_INPUT: [&str; 4] = ["exchanged", "replace", "replaced", "log"];

fn append() -> Scenario {
    let catalogs = [(); 2].map(|()| catalog(&[("s", "append")]));
    Scenario { config: json!({}), catalogs, queries: &[ROWS, ORPHANS, LEFT_OVER] }
}

fn dedup() -> Scenario {
    let catalogs = [(); 2].map(|()| catalog(&[("s", "append_dedup")]));
    let config = json!({"normalization": {"history": true}});
    Scenario { config, catalogs, queries: &[ROWS, VERSIONS, ORPHANS, LEFT_OVER] }
}

fn replacement() -> Scenario {
    let catalogs = [1, 2].map(|generation| replacing("s", "append_dedup", generation));
    Scenario { config: json!({}), catalogs, queries: &[ROWS, ORPHANS, LEFT_OVER] }
}

/// Runs a sync up to a point, where `meanwhile` happens to it; it then goes on.
fn stopped(
    destination: &Destination,
    catalog: &Value,
    at: &str,
    keeps_input_open: bool,
    meanwhile: impl FnOnce(&Child),
) -> Run {
    let mut child = command(destination, catalog, Some(&format!("{at}:stop"))).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // all of it is in the pipe before anybody reads
    stdin.write_all(input(SENT.start).as_bytes()).unwrap();
    let open = keeps_input_open.then_some(stdin);
    until_stopped(&mut child);
    meanwhile(&child);
    signal(&child, "-CONT");
    let resumed = Instant::now();
    let run = Run::of(child);
    assert!(!keeps_input_open || resumed.elapsed() < SOON, "{at}: it took {:?}", resumed.elapsed());
    drop(open);
    run
}

fn with_a_server_that_crashes(scenario: &Scenario) {
    let cluster = Cluster::private();
    let prepared = || scenario.with_rows(Destination::on(&cluster, &scenario.config));
    let (expected, points) = scenario.undisturbed(&prepared());
    for (point, times) in points {
        let destination = prepared();
        // in the middle, where there is something before and behind
        let at = format!("{point}:{}", times.div_ceil(2));
        let run = stopped(&destination, &scenario.catalogs[1], &at, false, |_| {
            cluster.stop_immediate();
            cluster.start();
        });
        assert!(run.status.success(), "{at}: {:?}", run.messages);
        assert_eq!(run.states().last(), Some(&SENT.end), "{at}");
        assert_eq!(scenario.seen(&destination), expected, "{at}");
    }
}

#[test]
fn append_has_everything_once_wherever_the_server_crashes() {
    with_a_server_that_crashes(&append());
}

#[test]
fn a_dedup_sync_ends_as_if_undisturbed_wherever_the_server_crashes() {
    with_a_server_that_crashes(&dedup());
}

#[test]
fn a_replacement_ends_as_if_undisturbed_wherever_the_server_crashes() {
    with_a_server_that_crashes(&replacement());
}

fn asked_to_end<W: TestWarehouse>(scenario: &Scenario) {
    let (expected, points) = scenario.undisturbed(&scenario.prepared::<W>());
    for (point, times) in points {
        let destination = scenario.prepared::<W>();
        let at = format!("{point}:{}", times.div_ceil(2));
        let is_open = !AFTER_INPUT.contains(&point.as_str());
        let run = stopped(&destination, &scenario.catalogs[1], &at, is_open, |child| signal(child, "-TERM"));
        assert!(run.status.code().is_some(), "{at}: {:?}", run.status);
        let from = run.states().last().copied().unwrap_or(SENT.start);
        let again = send(command(&destination, &scenario.catalogs[1], None), from);
        assert!(again.status.success(), "{at}: {:?}", again.messages);
        assert_eq!(scenario.seen(&destination), expected, "{at}");
    }
}

/// What is durable is acknowledged before the end, so that nothing comes twice.
fn append_that_is_asked_to_end_has_everything_once<W: TestWarehouse>() {
    asked_to_end::<W>(&append());
}

fn a_dedup_sync_that_is_asked_to_end_ends_as_if_undisturbed<W: TestWarehouse>() {
    asked_to_end::<W>(&dedup());
}

fn a_replacement_that_is_asked_to_end_ends_as_if_undisturbed<W: TestWarehouse>() {
    asked_to_end::<W>(&replacement());
}
