//! A Postgres server whose disk is full.

use std::process::Command;

use serde_json::json;

use crate::cluster::Cluster;
use crate::landing::{Destination, SmallDisk, catalog, records, state};

/// Postgres's log of transactions has room, as on a disk of its own; without any the server ends itself.
#[test]
fn a_server_without_room_is_told_as_that_and_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), 64) else { return };
    let cluster = Cluster::private();
    cluster.stop_immediate();
    let tables = cluster.data().join("base");
    let moved = Command::new("cp").arg("-a").arg(&tables).arg(folder.path()).status().unwrap();
    assert!(moved.success());
    std::fs::remove_dir_all(&tables).unwrap();
    std::os::unix::fs::symlink(folder.path().join("base"), &tables).unwrap();
    cluster.start();

    let destination = Destination::on(&cluster, &json!({}));
    let catalog = catalog(&[("s", "append")]);
    destination.write(&catalog, &(records("s", 0..100) + &state(100))).succeeded();
    let run = destination.write(&catalog, &(records("s", 100..80_000) + &state(80_000)));
    let (failure_type, told) = run.error();
    assert_eq!(failure_type, "system_error", "{told}");
    assert!(told.contains("the server's disk is full"), "{told}");
    assert_eq!(run.states(), [0; 0]);
    assert_eq!(destination.raw_ids("s"), (0..100).collect::<Vec<_>>());

    disk.grow(256);
    destination.write(&catalog, &(records("s", 100..200) + &state(200))).succeeded();
    assert_eq!(destination.raw_ids("s"), (0..200).collect::<Vec<_>>());
    assert_eq!(destination.typed_ids("s"), (0..200).collect::<Vec<_>>());
    drop(destination);
    cluster.stop_immediate();
}
