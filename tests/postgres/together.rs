//! Several syncs at once.

use std::io::Write as _;
use std::time::Duration;

use serde_json::Value;

use super::Target;
use crate::landing::{Run, catalog, records, state};

#[test]
fn syncs_of_different_streams_into_one_new_schema_all_succeed() {
    let target = Target::new();
    let names = ["a", "b", "c", "d"];
    let started = names.map(|name| target.start(name, &catalog(&[(name, "append_dedup")])));
    let runs = names.iter().zip(started).map(|(name, (child, mut stdin))| {
        stdin.write_all((records(name, 0..500) + &state(1)).as_bytes()).unwrap();
        drop(stdin);
        child
    });
    for child in runs.collect::<Vec<_>>() {
        Run::of(child).succeeded();
    }
    for name in names {
        assert_eq!(target.ids(&format!("SELECT id FROM {name}")), (0..500).collect::<Vec<_>>());
    }
}

/// Feeds `stdin` until the sync has acknowledged something, so that it is in the middle of its work.
fn acknowledged(child: &mut std::process::Child, stdin: &mut impl std::io::Write, input: &str) -> Value {
    use std::io::BufRead as _;
    stdin.write_all(input.as_bytes()).unwrap();
    stdin.flush().unwrap();
    let stdout = child.stdout.take().unwrap();
    let mut lines = std::io::BufReader::new(stdout);
    let mut line = String::new();
    while !line.contains("\"STATE\"") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended");
    }
    // what comes later is read by nobody
    std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    serde_json::from_str(&line).unwrap()
}

#[test]
fn a_second_sync_of_a_stream_waits_for_the_first() {
    let target = Target::new();
    let catalog = catalog(&[("s", "append_dedup")]);
    let (mut first, mut stdin) = target.start("first", &catalog);
    acknowledged(&mut first, &mut stdin, &(records("s", 0..100) + &state(1)));
    let (second, mut second_stdin) = target.start("second", &catalog);
    second_stdin.write_all(records("s", 100..200).as_bytes()).unwrap();
    drop(second_stdin);
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'alluvium' AND datname = current_database()";
    while target.column(waiting) != ["2"] {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(target.ids("SELECT id FROM s"), (0..100).collect::<Vec<_>>());
    drop(stdin);
    assert!(first.wait().unwrap().success());
    Run::of(second).succeeded();
    assert_eq!(target.ids("SELECT id FROM s"), (0..200).collect::<Vec<_>>());
}

#[test]
fn a_second_sync_of_a_stream_that_is_busy_for_long_is_told_who_has_it() {
    let target = Target::new();
    let mut holder = target.connect();
    holder.batch_execute("SELECT pg_advisory_lock(hashtextextended('alluvium \"main\" \"s\"', 0))").unwrap();
    let (child, stdin) = target.start("refused", &catalog(&[("s", "append")]));
    // it would go on trying for longer than a test should take
    std::thread::sleep(Duration::from_secs(1));
    let terminated = std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(terminated.success());
    let run = Run::of(child);
    drop(stdin);
    let (kind, message) = run.error();
    assert_eq!(kind, "transient_error");
    assert!(
        message.starts_with("another sync is writing the stream `s` to the schema `main` (server process "),
        "{message}"
    );
}
