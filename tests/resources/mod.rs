//! What a process runs out of, and how little it makes do with: whatever comes, an answer, nothing acknowledged that is
//! not there, and memory within bounds.

/// How much address space a process is given.
mod address_space;
/// How much memory a process is given.
mod cgroup;
/// Large inputs in bounded memory: `make test-large`.
mod large;
/// A Postgres server whose disk is full.
mod server_disk;
/// A source or a server that is far slower than the other.
mod slow;

use std::io::Write as _;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::landing::{Destination, Run, after, catalog, records, run, state};
use crate::support::{TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    too_few_file_descriptors_are_an_error_and_no_more,
    sixty_four_levels_of_nesting_are_sixty_four_tables,
    a_record_of_ten_thousand_children_lands_whole,
    elements_of_the_wrong_kind_take_no_more_memory_than_others,
    records_of_many_long_texts_land,
}

/// The most memory that a process has had up to now, in megabytes; `None`: it has ended.
fn peak_megabytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024)
}

/// Runs `write` while `feed` gives it its input, which ends in a state: the most memory that it had until its end.
fn peak_of(mut command: Command, feed: impl FnOnce(&mut dyn std::io::Write) + Send) -> (u64, Run) {
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let process = child.id();
    std::thread::scope(|scope| {
        let sampling = scope.spawn(move || {
            let mut peak = 0;
            while let Some(now) = peak_megabytes(process) {
                peak = now;
                std::thread::sleep(Duration::from_millis(2));
            }
            peak
        });
        scope.spawn(move || {
            feed(&mut stdin);
            stdin.write_all(state(1).as_bytes()).unwrap();
        });
        let run = Run::of(child).succeeded();
        let peak = sampling.join().unwrap();
        #[allow(clippy::print_stderr)] // what a bound is set by
        {
            eprintln!("most memory: {peak} MB");
        }
        (peak, run)
    })
}

fn too_few_file_descriptors_are_an_error_and_no_more<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&json!({}));
    let catalog = catalog(&[("s", "append")]);
    destination.write(&catalog, "").succeeded();
    let (mut sent, mut failed, mut acknowledged) = (0, 0, Vec::new());
    for limit in (4..24).step_by(2) {
        let input = records("s", sent..sent + 10) + &state(sent + 10);
        let command = after(&format!("ulimit -n {limit}"), &destination.command(&catalog));
        let run = run(command, |mut stdin| drop(stdin.write_all(input.as_bytes())));
        if run.status.success() {
            acknowledged.extend(sent..sent + 10);
        } else if !run.messages.is_empty() {
            failed += 1;
            let (_, message) = run.error();
            assert!(!message.contains("defect"), "{limit}: {message}");
            assert_eq!(run.states(), [0; 0]);
        }
        sent += 10;
    }
    assert!(failed > 0 && !acknowledged.is_empty(), "{failed} failed, {} landed", acknowledged.len());
    destination.settle();
    let landed = destination.raw_ids("s");
    assert!(acknowledged.iter().all(|id| landed.contains(id)), "{landed:?}");
}

/// The limit of a file's size is what a quota is to a process: the system ends it in the middle of a write.
#[test]
fn a_file_that_may_not_grow_loses_nothing_that_was_acknowledged() {
    let destination = Destination::new();
    let catalog = catalog(&[("s", "append")]);
    destination.write(&catalog, &(records("s", 0..100) + &state(100))).succeeded();
    let command = after("ulimit -f 4096", &destination.command(&catalog));
    let run = run(command, |mut stdin| drop(stdin.write_all((records("s", 100..60_000) + &state(60_000)).as_bytes())));
    assert!(!run.status.success());
    assert_eq!(run.states(), [0; 0]);
    assert_eq!(destination.raw_ids("s"), (0..100).collect::<Vec<_>>());
    destination.write(&catalog, &records("s", 100..200)).succeeded();
    assert_eq!(destination.typed_ids("s"), (0..200).collect::<Vec<_>>());
}

fn sixty_four_levels_of_nesting_are_sixty_four_tables<W: TestWarehouse>() {
    let (mut schema, mut data) = (json!({"type": "integer"}), json!(1));
    for _ in 0..64 {
        schema = json!({"type": "object", "properties": {"a": schema}});
        data = json!({"a": data});
    }
    let catalog = json!({"streams": [{
        "stream": {"name": "s", "json_schema": schema}, "sync_mode": "full_refresh", "destination_sync_mode": "append",
    }]});
    let destination = Destination::of::<W>(&json!({}));
    let record = json!({"type": "RECORD", "record": {"stream": "s", "data": data, "emitted_at": 0}});
    destination.write(&catalog, &format!("{record}\n")).succeeded();
    let tables = destination.tables();
    let rows: Vec<usize> = tables.iter().map(|table| table.rows.len()).collect();
    assert_eq!(rows, [1; 65]);
}

fn a_record_of_ten_thousand_children_lands_whole<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&json!({}));
    let children: Vec<Value> = (0..10_000).map(|owner| json!({"owner": owner})).collect();
    let record = json!({"type": "RECORD", "record": {"stream": "s", "data": {"id": 1, "children": children}}});
    destination.write(&catalog(&[("s", "append_dedup")]), &format!("{record}\n").repeat(5)).succeeded();
    let counted =
        destination.query("SELECT count(*), count(DISTINCT owner), sum(owner - _airbyte_position) FROM s_children");
    assert_eq!(counted, [["10000", "10000", "0"].map(|number| Some(number.to_owned()))]);
}

fn elements_of_the_wrong_kind_take_no_more_memory_than_others<W: TestWarehouse>() {
    let name = "n".repeat(200);
    let items = json!({"type": "object", "properties": {"x": {"type": "integer"}}});
    let catalog = json!({"streams": [{
        "stream": {"name": "s", "json_schema": {"properties": {&name: {"type": "array", "items": items}}}},
        "sync_mode": "full_refresh", "destination_sync_mode": "append",
    }]});
    let peak = |element: Value| {
        let data = json!({&name: vec![element; 300_000]});
        let record = json!({"type": "RECORD", "record": {"stream": "s", "data": data, "emitted_at": 0}});
        let destination = Destination::of::<W>(&json!({}));
        peak_of(destination.command(&catalog), |stdin| stdin.write_all(format!("{record}\n").as_bytes()).unwrap()).0
    };
    let (wrong, right) = (peak(json!(1)), peak(json!({})));
    assert!(wrong < right + 30, "{wrong} MB, {right} MB");
}

/// Six records of 25 MB, whose texts are children.
fn records_of_many_long_texts_land<W: TestWarehouse>() {
    let items = json!({"type": "object", "properties": {"text": {"type": "string"}}});
    let catalog = json!({"streams": [{
        "stream": {"name": "s", "json_schema": {"properties": {"texts": {"type": "array", "items": items}}}},
        "sync_mode": "full_refresh", "destination_sync_mode": "append",
    }]});
    let text = |number: u8| json!({"text": char::from(b'a' + number % 26).to_string().repeat(500_000)});
    let texts: Vec<Value> = (0..50).map(text).collect();
    let record = json!({"type": "RECORD", "record": {"stream": "s", "data": {"texts": texts}, "emitted_at": 0}});
    let destination = Destination::of::<W>(&json!({}));
    let (line, command) = (format!("{record}\n"), destination.command(&catalog));
    let run = run(command, |mut stdin| {
        (0..6).for_each(|_| stdin.write_all(line.as_bytes()).unwrap());
        stdin.write_all(state(1).as_bytes()).unwrap();
    });
    assert_eq!(run.succeeded().states(), [1]);
    let landed = destination.query("SELECT count(*), min(length(text)), max(length(text)) FROM s_texts");
    assert_eq!(landed, [["300", "500000", "500000"].map(|number| Some(number.to_owned()))]);
}

#[test]
fn a_line_without_end_takes_no_more_than_a_line_may() {
    let destination = Destination::with(&json!({"loading": {"on_bad_input": "skip", "max_record_bytes": 1 << 20}}));
    let (peak, run) = peak_of(destination.command(&catalog(&[("s", "append")])), |stdin| {
        let piece = vec![b'x'; 1 << 20];
        (0..200).for_each(|_| stdin.write_all(&piece).unwrap());
        stdin.write_all(("\n".to_owned() + &records("s", 0..10)).as_bytes()).unwrap();
    });
    assert!(peak < 190, "{peak} MB");
    assert_eq!(run.states(), [1]);
    assert_eq!(destination.raw_ids("s"), (0..10).collect::<Vec<_>>());
}
