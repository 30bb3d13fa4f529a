//! How much address space a process is given (`ulimit -v`): enough for a sync of any length, or a refusal in words.

use std::io::Write as _;

use serde_json::json;

use crate::landing::{Destination, after, catalog, records, run, state};
use crate::support::{TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    a_process_with_too_little_address_space_says_how_much_it_needs,
    #[ignore = "large"] a_long_sync_takes_no_more_address_space_than_it_asks_for,
}

/// What a refusal asks for, in megabytes.
fn asked_for<W: TestWarehouse>() -> u64 {
    let destination = Destination::of::<W>(&json!({}));
    let command = after("ulimit -v 400000", &destination.command(&catalog(&[("s", "append")])));
    let run = run(command, drop);
    let (failure_type, told) = run.error();
    assert_eq!(failure_type, "config_error");
    assert!(told.contains("address space (390 MB)"), "{told}");
    let (_, asked) = told.split_once("at least ").unwrap();
    asked.split(' ').next().unwrap().parse().unwrap()
}

fn a_process_with_too_little_address_space_says_how_much_it_needs<W: TestWarehouse>() {
    let enough = asked_for::<W>() << 10;
    let destination = Destination::of::<W>(&json!({}));
    let catalog = catalog(&[("s", "append_dedup")]);
    let command = after(&format!("ulimit -v {enough}"), &destination.command(&catalog));
    run(command, |mut stdin| drop(stdin.write_all((records("s", 0..20_000) + &state(1)).as_bytes()))).succeeded();
    assert_eq!(destination.typed_ids("s"), (0..20_000).collect::<Vec<_>>());
}

/// Some 300 MB of nested records.
fn a_long_sync_takes_no_more_address_space_than_it_asks_for<W: TestWarehouse>() {
    const COUNT: i64 = 1_200_000;
    let enough = asked_for::<W>() << 10;
    let destination = Destination::of::<W>(&json!({}));
    let command = after(&format!("ulimit -v {enough}"), &destination.command(&catalog(&[("s", "append")])));
    run(command, |mut stdin| {
        for from in (0..COUNT).step_by(10_000) {
            stdin.write_all((records("s", from..from + 10_000) + &state(from)).as_bytes()).unwrap();
        }
    })
    .succeeded();
    let landed = destination.query("SELECT count(*), count(DISTINCT id) FROM s");
    assert_eq!(landed, [[COUNT.to_string(), COUNT.to_string()].map(Some)]);
}
