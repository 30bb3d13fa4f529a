//! The process dies at each point between two things that change what others see, or the server does; the platform then sends
//! again what was not acknowledged.

/// The process dies at each system call that writes.
#[cfg(target_os = "linux")]
mod every_write;
/// A kind of sync that something happens to.
mod scenario;
/// The process is stopped at each point; meanwhile the server crashes, or the process is asked to end.
mod stopped;
/// A process that is killed at one of its system calls.
#[cfg(target_os = "linux")]
mod traced;

use std::collections::BTreeSet;

use scenario::{SENT, Scenario};

use crate::landing::Destination;
use crate::support::{TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    append_has_what_was_acknowledged_once_wherever_it_dies,
    a_dedup_sync_ends_as_if_undisturbed_wherever_it_dies,
    a_dedup_sync_with_history_ends_as_if_undisturbed_wherever_it_dies,
    overwrite_ends_as_if_undisturbed_wherever_it_dies,
    overwrite_in_generations_has_what_was_acknowledged_once_wherever_it_dies,
    a_refresh_ends_as_if_undisturbed_wherever_it_dies,
    a_refresh_with_history_ends_as_if_undisturbed_wherever_it_dies,
    rows_typed_again_end_as_if_undisturbed_wherever_it_dies,
}

/// Children without a parent.
const ORPHANS: &str =
    "SELECT count(*) FROM s_children WHERE _airbyte_s_hashid NOT IN (SELECT _airbyte_s_hashid FROM s)";
/// The tables that there are, ours too.
const TABLES: &str = "SELECT table_schema, table_name FROM information_schema.tables \
    WHERE table_schema IN ('main', '_airbyte_internal') ORDER BY 1, 2";
/// A history.
const VERSIONS: &str =
    "SELECT id, _airbyte_start_at, _airbyte_end_at, _airbyte_active_row FROM s_scd ORDER BY id, _airbyte_start_at";

/// Kills the process at the first and at the last time that it comes to each point, and sends again what it did not
/// acknowledge.
fn killed<W: TestWarehouse>(scenario: &Scenario) {
    let prepared = scenario.prepared(Destination::of::<W>);
    let (expected, points) = scenario.undisturbed(&prepared.copy());
    for (point, times) in points {
        for nth in BTreeSet::from([1, times]) {
            let at = format!("{point}:{nth}:kill");
            let destination = prepared.copy();
            let killed = scenario.send(&destination, Some(&at), SENT.start);
            assert!(killed.status.code().is_none(), "{at}: it lived");
            destination.settle();
            let from = scenario.goes_on_from(&destination, &killed, &at);
            scenario.send(&destination, None, from.unwrap_or(SENT.start)).succeeded();
            scenario.check(&destination, &expected, from, &at);
        }
    }
}

fn append_has_what_was_acknowledged_once_wherever_it_dies<W: TestWarehouse>() {
    killed::<W>(&Scenario::append());
}

fn a_dedup_sync_ends_as_if_undisturbed_wherever_it_dies<W: TestWarehouse>() {
    killed::<W>(&Scenario::dedup());
}

fn a_dedup_sync_with_history_ends_as_if_undisturbed_wherever_it_dies<W: TestWarehouse>() {
    killed::<W>(&Scenario::history());
}

/// What an unfinished attempt had loaded does not count: it is sent again from the beginning.
fn overwrite_ends_as_if_undisturbed_wherever_it_dies<W: TestWarehouse>() {
    killed::<W>(&Scenario::overwrite());
}

fn overwrite_in_generations_has_what_was_acknowledged_once_wherever_it_dies<W: TestWarehouse>() {
    killed::<W>(&Scenario::overwrite_in_generations());
}

fn a_refresh_ends_as_if_undisturbed_wherever_it_dies<W: TestWarehouse>() {
    killed::<W>(&Scenario::refresh());
}

fn a_refresh_with_history_ends_as_if_undisturbed_wherever_it_dies<W: TestWarehouse>() {
    killed::<W>(&Scenario::refresh_with_history());
}

fn rows_typed_again_end_as_if_undisturbed_wherever_it_dies<W: TestWarehouse>() {
    killed::<W>(&Scenario::retyped());
}
