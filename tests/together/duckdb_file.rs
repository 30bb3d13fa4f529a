//! What others see of a DuckDB file that is written to: nothing until the process that has it ends, and then all of it.

use std::io::Write as _;
use std::process::{Child, Command};

use duckdb::{AccessMode, Config, Connection};

use crate::landing::{Destination, Run, records, replacing, signal, status, until_stopped};

/// A replacement of the rows 0 to 9 by 100 to 119, stopped at a point.
fn replacement(destination: &Destination, at: &str) -> Child {
    destination.write(&replacing("s", "overwrite", 1), &(records("s", 0..10) + &status("s", "COMPLETE"))).succeeded();
    let mut command = destination.command(&replacing("s", "overwrite", 2));
    let mut child = command.env("ALLUVIUM_AT", format!("{at}:1:stop")).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all((records("s", 100..120) + &status("s", "COMPLETE")).as_bytes()).unwrap();
    drop(stdin);
    until_stopped(&mut child);
    child
}

fn read_only() -> Config {
    Config::default().access_mode(AccessMode::ReadOnly).unwrap()
}

#[test]
fn a_reader_is_kept_out_during_a_replacement_and_then_sees_the_new_rows() {
    for at in ["replace", "replaced", "committed"] {
        let destination = Destination::new();
        let writer = replacement(&destination, at);
        let refused = Connection::open_with_flags(destination.database(), read_only()).unwrap_err().to_string();
        assert!(refused.contains("lock") && refused.contains(&format!("(PID {})", writer.id())), "{at}: {refused}");
        signal(&writer, "-CONT");
        Run::of(writer).succeeded();
        assert_eq!(destination.typed_ids("s"), (100..120).collect::<Vec<_>>(), "{at}");
    }
}

/// As after a power cut: a file with its log, of whatever moment, is one generation or the next.
#[test]
fn the_file_and_its_log_are_one_generation_or_the_next_at_any_moment() {
    for (at, ids) in [("replace", 0..10), ("replaced", 0..10), ("committed", 100..120)] {
        let (destination, copy) = (Destination::new(), Destination::new());
        let mut writer = replacement(&destination, at);
        for name in ["file.duckdb", "file.duckdb.wal"] {
            let file = destination.folder().join(name);
            if file.exists() {
                std::fs::copy(file, copy.folder().join(name)).unwrap();
            }
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        assert_eq!(copy.typed_ids("s"), ids.clone().collect::<Vec<_>>(), "{at}");
        assert_eq!(copy.raw_ids("s"), ids.collect::<Vec<_>>(), "{at}");
    }
}

/// Who only looks is told at once that a sync is running, and by which process.
#[test]
fn tables_names_the_process_that_has_the_file() {
    let destination = Destination::new();
    let writer = replacement(&destination, "replace");
    let config = destination.file("tables.json", &destination.config().to_string());
    let mut tables = Command::new(env!("CARGO_BIN_EXE_alluvium"));
    tables.arg("tables").arg("--config").arg(config);
    let output = tables.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains(&format!("(PID {})", writer.id())), "{told}");
    signal(&writer, "-CONT");
    Run::of(writer).succeeded();
}
