//! Checkpoints, states and threads make no difference.

use alluvium_normalization::plan::Options;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Place, WAITING_BYTES, cases, settings};
use crate::sync::Settings;

const MODES: [&str; 3] = ["append", "overwrite", "append_dedup"];

pub(super) fn catalog(mode: &str) -> Value {
    let integer = json!({"type": "integer"});
    let leaf = json!({"type": "object", "properties": {"owner": integer, "n": integer}});
    let leaves = json!({"type": "array", "items": leaf});
    let branch = json!({"type": "object", "properties": {"owner": integer, "leaves": leaves}});
    let properties =
        json!({"id": integer, "seq": integer, "branches": {"type": "array", "items": branch}, "leaf": leaf});
    let stream = |name: &str| {
        json!({
            "stream": {"name": name, "json_schema": {"type": "object", "properties": properties}},
            "sync_mode": "full_refresh", "destination_sync_mode": mode,
            "primary_key": [["id"]], "cursor_field": ["seq"],
        })
    };
    json!({"streams": [stream("a"), stream("b")]})
}

/// A record of one of the streams: key, cursor, leaves of each branch.
pub(super) fn record() -> impl Strategy<Value = Value> {
    let stream = prop::sample::select(vec!["a", "b"]);
    let branches = prop::collection::vec(prop::collection::vec(0..9_i32, 0..3), 0..3);
    (stream, 0..5_i32, 0..9_i32, branches, any::<bool>()).prop_map(|(stream, id, seq, branches, has_leaf)| {
        let leaf = |n: &i32| json!({"owner": id, "n": n});
        let branch = |leaves: &Vec<i32>| json!({"owner": id, "leaves": leaves.iter().map(leaf).collect::<Vec<_>>()});
        let mut data = json!({"id": id, "seq": seq, "branches": branches.iter().map(branch).collect::<Vec<_>>()});
        if has_leaf {
            data["leaf"] = leaf(&seq);
        }
        json!({"type": "RECORD", "record": {"stream": stream, "data": data, "emitted_at": 0}})
    })
}

/// The tables of streams a and b without ids and times, each child row with the root that its parents lead to.
pub(super) fn tables(place: &Place) -> Vec<Vec<Vec<Option<String>>>> {
    const QUERIES: [&str; 5] = [
        "SELECT _airbyte_data FROM main._airbyte_raw_{}",
        "SELECT id, seq FROM main.{}",
        "SELECT id, seq, owner, n FROM main.{}_leaf LEFT JOIN main.{} USING (_airbyte_{}_hashid)",
        "SELECT id, seq, owner, _airbyte_position FROM main.{}_branches LEFT JOIN main.{} USING (_airbyte_{}_hashid)",
        "SELECT id, seq, up.owner AS o, up._airbyte_position AS p, low.owner, low._airbyte_position, low.n \
         FROM main.{}_branches_leaves AS low LEFT JOIN main.{}_branches AS up USING (_airbyte_{}_branches_hashid) \
         LEFT JOIN main.{} USING (_airbyte_{}_hashid)",
    ];
    let of = |stream| place.rows(QUERIES.map(|query| query.replace("{}", stream)).each_ref().map(String::as_str));
    of("a").into_iter().chain(of("b")).collect()
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn where_checkpoints_fall_and_who_shreds_makes_no_difference(
        mode in prop::sample::select(MODES.to_vec()),
        history in any::<bool>(),
        syncs in prop::collection::vec(prop::collection::vec(record(), 0..20), 1..3),
        checkpoint_bytes in 1_usize..600,
        waiting_bytes in prop::sample::select(WAITING_BYTES.to_vec()),
        states in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let options = Options { history, ..Options::default() };
        let [[whole, _], split] = [(); 2].map(|()| Place::in_every_warehouse());
        for messages in &syncs {
            whole.land(&catalog(mode), &options, &settings(1 << 30, 1), messages).unwrap();
            let mut messages = messages.clone();
            for place in &states {
                let state = json!({"type": "STATE", "state": {"type": "LEGACY", "data": {}}});
                messages.insert(place.index(messages.len() + 1), state);
            }
            for split in &split {
                let settings = Settings { waiting_bytes, ..settings(checkpoint_bytes, 4) };
                split.land(&catalog(mode), &options, &settings, &messages).unwrap();
                prop_assert_eq!(tables(&whole), tables(split));
            }
        }
        let children = tables(&whole).into_iter().flatten();
        prop_assert!(children.into_iter().all(|row| row[0].is_some()), "a child without its parents");
    }
}

#[test]
fn a_record_larger_than_the_room_that_is_left_does_not_wait_for_ever() {
    let record = |size: usize| {
        let data = json!({"id": 1, "undeclared": "x".repeat(size)});
        json!({"type": "RECORD", "record": {"stream": "a", "data": data, "emitted_at": 0}})
    };
    // Small ones that the loader gathers without loading, then one for which their room is needed.
    let messages: Vec<Value> = (0..4).map(|_| record(3 << 20)).chain([record(45 << 20), record(1)]).collect();
    for place in Place::in_every_warehouse() {
        place.land(&catalog("append"), &Options::default(), &settings(usize::MAX, 2), &messages).unwrap();
        assert_eq!(place.rows(["SELECT count(*) FROM main.a"]), [[[Some("6".to_owned())]]]);
    }
}

#[test]
fn a_record_without_a_namespace_belongs_to_the_only_stream_of_its_name() {
    let catalog = |namespaces: &[&str]| {
        let stream = |namespace: &&str| {
            json!({
                "stream": {"name": "s", "namespace": namespace, "json_schema": {}},
                "sync_mode": "full_refresh", "destination_sync_mode": "append",
            })
        };
        json!({"streams": namespaces.iter().map(stream).collect::<Vec<_>>()})
    };
    let record = [json!({"type": "RECORD", "record": {"stream": "s", "data": {}, "emitted_at": 0}})];
    let [place, _] = Place::in_every_warehouse();
    let land =
        |namespaces: &[&str]| place.land(&catalog(namespaces), &Options::default(), &settings(1 << 30, 1), &record);
    land(&["one"]).unwrap();
    let message = land(&["one", "two"]).unwrap_err().to_string();
    assert_eq!(message, "line 1 of the input is a RECORD of stream `s`, which the catalog does not have");
    assert_eq!(place.rows(["SELECT count(*) FROM one.s"]), [[[Some("1".to_owned())]]]);
}
