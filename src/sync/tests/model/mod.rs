//! Random streams through random syncs, against a reference in memory.
//!
//! The reference (`reference`, `versions`, `rows`, `typed`, `layout`) follows the product's contract, its sections on values, sync
//! modes and schema change, over plain JSON values; it shares nothing with the engine. A case is one stream's sequence of one
//! to four syncs; many cases share each sync. After each sync every table of every stream is compared row by row, children
//! below their parents, in both warehouses.
//!
//! `ALLUVIUM_MODEL_SECONDS` is the time that each warehouse gets, `ALLUVIUM_MODEL_SEED` the seed of the first batch of
//! cases: the one that a failure names. Without either, a few batches run that are always the same: whoever changes
//! something is to hear of that change alone.
//!
//! Outside the model:
//! - names that have to be cleaned, cut or told apart; namespaces, where raw tables are, `naming`;
//! - `$ref`, `allOf`, `additional_properties`, `enabled: false`, lines that can't be used;
//! - raw tables switched on or off between syncs, raw rows of other makers;
//! - texts of numbers that JSON values in memory can't keep apart (`1.50`, `1e3`; they come as strings), dates that no column
//!   holds, surrogates without their other half inside of arrays and objects, and in keys, U+0000 inside arrays of scalars,
//!   lists of dates and times;
//! - with `raw: none`: changes of `number`, and typed rows after a changed key, cursor or deduplication, after an object's columns have moved to another
//!   table, and after a widening that the warehouse's cast spells; that such syncs succeed is tested, and what follows once the
//!   stream is replaced;
//! - what a sync without replacement takes over of an unfinished one whose catalog had more: known not to be kept
//!   (`docs/reliability.md`);
//! - ids and keys themselves: that they are unique, that children lead to their parents and raw rows to roots is tested.

/// Random streams through random syncs.
mod case;
/// Numbers as their digits.
mod decimals;
/// Chance that a seed repeats.
mod dice;
/// What a warehouse holds, in the reference's words.
mod found;
/// What tables and columns a schema asks for.
mod layout;
/// Dates and times as the contract reads them.
mod moments;
/// One stream as the contract has it.
mod reference;
/// Records as rows.
mod rows;
/// One batch of streams, synced and compared.
mod run;
/// What a property's JSON Schema asks for.
#[path = "../../../../tests/connectors/schema.rs"]
mod schema;
/// Random JSON Schemas, and what becomes of them between syncs.
mod schemas;
/// The smallest case that still fails.
mod shrink;
/// Records as the source writes them.
mod text;
/// What a column holds of a value.
mod typed;
/// Random values.
mod values;
/// One row a key, and every version of every key.
mod versions;

use std::time::{Duration, Instant};

use case::Case;
use dice::Dice;

/// Streams that share each sync.
const STREAMS: usize = 30;

/// Cases after whose failure there is enough to look at.
const ENOUGH: usize = 4;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

#[allow(clippy::print_stdout)] // how many cases there were is to be quoted
fn holds(is_postgres: bool) {
    let seconds = number("ALLUVIUM_MODEL_SECONDS");
    let time = Duration::from_secs(seconds.unwrap_or(20));
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let chance = || if seconds.is_some() { u64::try_from(clock.as_millis()).unwrap() } else { 0 };
    let first = number("ALLUVIUM_MODEL_SEED").unwrap_or_else(chance);
    let started = Instant::now();
    let (mut cases, mut failures) = (0, Vec::new());
    for seed in first.. {
        let mut dice = Dice::new(seed);
        let configs = case::configs(&mut dice);
        let batch: Vec<Case> =
            (0..STREAMS).map(|number| case::case(&mut dice, &format!("s{number}"), &configs)).collect();
        cases += batch.len();
        if let Err(difference) = run::run(is_postgres, seed, &batch) {
            let found = shrink::shrink(is_postgres, seed, batch, difference);
            failures.push(format!("ALLUVIUM_MODEL_SEED={seed}\n{found}"));
        }
        if started.elapsed() > time || failures.len() == ENOUGH {
            break;
        }
    }
    let warehouse = if is_postgres { "postgres" } else { "duckdb" };
    assert!(failures.is_empty(), "{warehouse}, of {cases} cases:\n{}", failures.join("\n\n"));
    println!("{warehouse}: {cases} cases from seed {first}");
}

#[test]
fn duckdb_holds_what_the_contract_says() {
    holds(false);
}

#[test]
fn postgres_holds_what_the_contract_says() {
    holds(true);
}
