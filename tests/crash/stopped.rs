//! The process is stopped at each point. Meanwhile the server crashes and comes back: the sync goes on and ends as if
//! undisturbed. Or it is asked to end: it does so in time and in order, and the platform sends the rest.

use std::io::Write as _;
use std::process::Child;
use std::time::{Duration, Instant};

use super::scenario::{SENT, Scenario, input};
use crate::cluster::Cluster;
use crate::landing::{Destination, Run, signal, until_stopped};
use crate::support::{TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    append_that_is_asked_to_end_has_everything_once,
    a_dedup_sync_that_is_asked_to_end_ends_as_if_undisturbed,
    a_dedup_sync_with_history_that_is_asked_to_end_ends_as_if_undisturbed,
    overwrite_in_generations_that_is_asked_to_end_has_everything_once,
    a_refresh_that_is_asked_to_end_ends_as_if_undisturbed,
}

/// How soon the process ends when it is asked to.
const SOON: Duration = Duration::from_secs(10);

/// Points that a sync comes to only when its input has ended.
const AFTER_INPUT: [&str; 6] = ["replace", "swap", "exchange", "exchanged", "replaced", "log"];

/// Runs a sync up to a point, where `meanwhile` happens to it; it then goes on.
fn stopped(
    scenario: &Scenario,
    destination: &Destination,
    at: &str,
    keeps_input_open: bool,
    meanwhile: impl FnOnce(&Child),
) -> Run {
    let mut child = scenario.command(destination, Some(&format!("{at}:stop"))).spawn().unwrap();
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
    let prepared = scenario.prepared(|config| Destination::on(&cluster, config));
    let (expected, points) = scenario.undisturbed(&prepared.copy());
    for (point, times) in points {
        let destination = prepared.copy();
        // in the middle, where there is something before and behind
        let at = format!("{point}:{}", times.div_ceil(2));
        let run = stopped(scenario, &destination, &at, false, |_| {
            cluster.stop_immediate();
            cluster.start();
        });
        assert!(run.status.success(), "{at}: {:?}", run.messages);
        assert_eq!(run.states().last(), Some(&SENT.end), "{at}");
        scenario.check(&destination, &expected, None, &at);
    }
}

#[test]
fn append_has_everything_once_wherever_the_server_crashes() {
    with_a_server_that_crashes(&Scenario::append());
}

#[test]
fn a_dedup_sync_ends_as_if_undisturbed_wherever_the_server_crashes() {
    with_a_server_that_crashes(&Scenario::dedup());
}

#[test]
fn a_dedup_sync_with_history_ends_as_if_undisturbed_wherever_the_server_crashes() {
    with_a_server_that_crashes(&Scenario::history());
}

#[test]
fn overwrite_in_generations_has_everything_once_wherever_the_server_crashes() {
    with_a_server_that_crashes(&Scenario::overwrite_in_generations());
}

#[test]
fn a_refresh_ends_as_if_undisturbed_wherever_the_server_crashes() {
    with_a_server_that_crashes(&Scenario::refresh());
}

fn asked_to_end<W: TestWarehouse>(scenario: &Scenario) {
    let prepared = scenario.prepared(Destination::of::<W>);
    let (expected, points) = scenario.undisturbed(&prepared.copy());
    for (point, times) in points {
        let destination = prepared.copy();
        let at = format!("{point}:{}", times.div_ceil(2));
        let is_open = !AFTER_INPUT.contains(&point.as_str());
        let run = stopped(scenario, &destination, &at, is_open, |child| signal(child, "-TERM"));
        assert!(run.status.code().is_some(), "{at}: {:?}", run.status);
        let from = scenario.goes_on_from(&destination, &run, &at).unwrap_or(SENT.start);
        scenario.send(&destination, None, from).succeeded();
        // what is durable is acknowledged before the end, so that nothing comes twice
        scenario.check(&destination, &expected, None, &at);
    }
}

fn append_that_is_asked_to_end_has_everything_once<W: TestWarehouse>() {
    asked_to_end::<W>(&Scenario::append());
}

fn a_dedup_sync_that_is_asked_to_end_ends_as_if_undisturbed<W: TestWarehouse>() {
    asked_to_end::<W>(&Scenario::dedup());
}

fn a_dedup_sync_with_history_that_is_asked_to_end_ends_as_if_undisturbed<W: TestWarehouse>() {
    asked_to_end::<W>(&Scenario::history());
}

fn overwrite_in_generations_that_is_asked_to_end_has_everything_once<W: TestWarehouse>() {
    asked_to_end::<W>(&Scenario::overwrite_in_generations());
}

fn a_refresh_that_is_asked_to_end_ends_as_if_undisturbed<W: TestWarehouse>() {
    asked_to_end::<W>(&Scenario::refresh());
}
