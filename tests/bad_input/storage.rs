//! Paths, disks and files that the database can't live in.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::json;

use crate::landing::{Destination, Run, SmallDisk, catalog, record, records, run, state};

/// The words of an error of this kind.
#[track_caller]
fn told<'a>(run: &'a Run, kind: &str) -> &'a str {
    let (failure_type, message) = run.error();
    assert_eq!(failure_type, kind, "{message}");
    message
}

#[test]
fn a_path_below_a_file_is_named() {
    let place = Destination::new();
    let file = place.file("occupied", "");
    let destination = Destination::with(&json!({"destination_path": file.join("file.duckdb")}));
    let run = destination.write(&catalog(&[("s", "append")]), &record("s", 1));
    let told = told(&run, "config_error");
    assert!(told.contains("occupied"), "{told}");
}

#[test]
fn a_folder_in_the_place_of_the_file_is_named() {
    let place = Destination::new();
    let destination = Destination::with(&json!({"destination_path": place.folder()}));
    let run = destination.write(&catalog(&[("s", "append")]), &record("s", 1));
    let told = told(&run, "config_error");
    assert!(told.contains(place.folder().to_str().unwrap()), "{told}");
}

#[test]
fn a_file_that_is_no_database_is_left_as_it_is() {
    let destination = Destination::new();
    std::fs::write(destination.database(), "dear diary\n".repeat(1_000)).unwrap();
    let run = destination.write(&catalog(&[("s", "append")]), &record("s", 1));
    let told = told(&run, "config_error");
    assert!(told.contains("file.duckdb") && told.contains("not a DuckDB database"), "{told}");
    assert!(std::fs::read_to_string(destination.database()).unwrap().starts_with("dear diary"));
}

#[test]
fn a_folder_without_write_permission_is_named() {
    let destination = Destination::new();
    let mut command = destination.command(&catalog(&[("s", "append")]));
    std::fs::set_permissions(destination.folder(), std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(destination.folder().join("probe"), "").is_ok() {
        // This is root, who may write anywhere: the same as nobody.
        std::fs::remove_file(destination.folder().join("probe")).unwrap();
        let mut as_nobody = Command::new("setpriv");
        as_nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
        as_nobody.arg(command.get_program()).args(command.get_args());
        for stream in [Command::stdin, Command::stdout, Command::stderr] {
            stream(&mut as_nobody, std::process::Stdio::piped());
        }
        command = as_nobody;
        if Command::new("setpriv").arg("--version").output().is_err() {
            return;
        }
    }
    let run = run(command, drop);
    std::fs::set_permissions(destination.folder(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let told = told(&run, "config_error");
    assert!(told.contains("file.duckdb") && told.contains("ermission"), "{told}");
}

#[test]
fn a_database_that_another_process_holds_is_told_with_that_process() {
    let destination = Destination::new();
    let catalog = catalog(&[("s", "append")]);
    let held = duckdb::Connection::open(destination.database()).unwrap();
    let run = destination.write(&catalog, &(record("s", 1) + &state(1)));
    let told = told(&run, "transient_error");
    assert!(told.contains("file.duckdb"), "{told}");
    assert!(told.contains(&format!("(PID {})", std::process::id())), "{told}");
    assert_eq!(run.states(), [0; 0]);
    drop(held);
    destination.write(&catalog, &record("s", 1)).succeeded();
    assert_eq!(destination.typed_ids("s"), [1]);
}

#[test]
fn a_file_of_a_newer_duckdb_is_told_as_that_and_left_as_it_is() {
    let destination = Destination::new();
    let catalog = catalog(&[("s", "append")]);
    destination.write(&catalog, &record("s", 1)).succeeded();
    let mut bytes = std::fs::read(destination.database()).unwrap();
    // The main header, 4 KiB: checksum, "DUCK", version of the storage.
    assert_eq!(&bytes[8..12], b"DUCK");
    bytes[12..20].copy_from_slice(&99_u64.to_le_bytes());
    let words = bytes[8..4_096].chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap()));
    let checksum = words.fold(5_381, |sum, word| sum ^ word.wrapping_mul(0xbf58_476d_1ce4_e5b9));
    bytes[..8].copy_from_slice(&checksum.to_le_bytes());
    std::fs::write(destination.database(), &bytes).unwrap();
    let run = destination.write(&catalog, &record("s", 2));
    let told = told(&run, "config_error");
    assert!(told.contains("file.duckdb") && told.contains("newer") && told.contains("99"), "{told}");
    assert_eq!(std::fs::read(destination.database()).unwrap(), bytes);
}

#[test]
fn a_full_disk_is_told_as_that_and_what_was_acknowledged_is_there() {
    let place = Destination::new();
    let Some(disk) = SmallDisk::mount(place.folder(), 6) else { return };
    let on_disk = Destination::with(&json!({"destination_path": place.folder().join("file.duckdb")}));
    let catalog = catalog(&[("s", "append")]);
    on_disk.write(&catalog, &(records("s", 0..100) + &state(100))).succeeded();
    let run = on_disk.write(&catalog, &(records("s", 100..200_000) + &state(200_000)));
    let told = told(&run, "system_error");
    assert!(told.contains("disk is full"), "{told}");
    assert_eq!(run.states(), [0; 0]);

    // On a disk with room, what was acknowledged is there, and the sync can go on.
    let rescued = Destination::new();
    for name in ["file.duckdb", "file.duckdb.wal"] {
        let file = place.folder().join(name);
        if file.exists() {
            std::fs::copy(file, rescued.folder().join(name)).unwrap();
        }
    }
    drop(disk);
    assert_eq!(rescued.typed_ids("s"), (0..100).collect::<Vec<_>>());
    rescued.write(&catalog, &records("s", 100..200)).succeeded();
    assert_eq!(rescued.raw_ids("s"), (0..200).collect::<Vec<_>>());
}
