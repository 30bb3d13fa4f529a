//! What holds for any input.

use std::io::Write as _;

use proptest::prelude::*;
use serde_json::json;

use crate::landing::{Destination, cases, catalog, record, run, state};
use crate::support::{DuckDb, Postgres, TestWarehouse};

const STREAMS: [&str; 3] = ["plain", "Two Words", "dedup"];

/// Records of the streams and states among them, in any order.
fn input() -> impl Strategy<Value = Vec<Option<&'static str>>> {
    let line = prop_oneof![9 => prop::sample::select(STREAMS.to_vec()).prop_map(Some), 1 => Just(None)];
    prop::collection::vec(line, 0..300)
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn every_record_lands_once_and_every_state_comes_back_in_order_however_the_pipe_is_cut(
        input in input(),
        sizes in prop::collection::vec(1_usize..3_000, 1..6),
    ) {
        lands_whole::<DuckDb>(&input, &sizes)?;
        lands_whole::<Postgres>(&input, &sizes)?;
    }
}

fn lands_whole<W: TestWarehouse>(input: &[Option<&'static str>], sizes: &[usize]) -> Result<(), TestCaseError> {
    let mut sent = [const { Vec::new() }; 3];
    let (mut text, mut states, mut counts, mut uncounted) = (String::new(), Vec::new(), Vec::new(), 0.0);
    for (line, number) in input.iter().zip(0_i64..) {
        if let Some(stream) = line {
            text += &record(stream, number);
            let index = STREAMS.iter().position(|name| name == stream).unwrap();
            sent[index].push(number);
            uncounted += 1.0;
        } else {
            text += &state(number);
            states.push(number);
            counts.push(json!(std::mem::take(&mut uncounted)));
        }
    }
    let destination = Destination::of::<W>(&json!({"normalization": {"naming": "exact"}}));
    let modes = ["append", "overwrite", "append_dedup"];
    let catalog = catalog(&[0, 1, 2].map(|index| (STREAMS[index], modes[index])));
    let run = run(destination.command(&catalog), |mut stdin| {
        let (mut rest, mut sizes) = (text.as_bytes(), sizes.iter().cycle());
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
            stdin.write_all(piece).unwrap();
            rest = after;
        }
    });
    let run = run.succeeded();
    prop_assert_eq!(run.states(), states);
    let acknowledged = run.messages.iter().filter(|message| message["type"] == "STATE");
    let told: Vec<_> = acknowledged.map(|state| state["state"]["destinationStats"]["recordCount"].clone()).collect();
    prop_assert_eq!(told, counts);
    for (stream, sent) in STREAMS.iter().zip(sent) {
        prop_assert_eq!(destination.raw_ids(stream), sent.clone());
        prop_assert_eq!(destination.typed_ids(stream), sent.clone());
        let children = destination.query(&format!(
            "SELECT count(*), count(*) FILTER (WHERE p.id = c.owner) FROM \"{stream}_children\" AS c \
             LEFT JOIN \"{stream}\" AS p ON p._airbyte_ab_id = c._airbyte_ab_id \
             AND p.\"_airbyte_{stream}_hashid\" = c.\"_airbyte_{stream}_hashid\""
        ));
        let expected = sent.iter().map(|id| i64::from(id.count_ones())).sum::<i64>().to_string();
        prop_assert_eq!(&children[0], &vec![Some(expected.clone()), Some(expected)]);
    }
    Ok(())
}
