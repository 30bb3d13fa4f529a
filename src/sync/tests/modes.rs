//! A stream that is synced in one mode, then in another.

use alluvium_normalization::plan::Options;
use serde_json::{Value, json};

use super::{Place, settings};

/// Syncs versions `(id, seq)` of stream `s`.
fn land(place: &Place, raw: bool, mode: &str, versions: &[(i64, i64)]) {
    let integer = json!({"type": "integer"});
    let catalog = json!({"streams": [{
        "stream": {"name": "s", "json_schema": {"type": "object", "properties": {"id": integer, "seq": integer}}},
        "sync_mode": "incremental", "destination_sync_mode": mode,
        "primary_key": [["id"]], "cursor_field": ["seq"],
    }]});
    let record = |(id, seq): &(i64, i64)| json!({"type": "RECORD", "record": {"stream": "s", "data": {"id": id, "seq": seq}, "emitted_at": 0}});
    let messages: Vec<Value> = versions.iter().map(record).collect();
    place.land(&catalog, &Options { raw, ..Options::default() }, &settings(1 << 30, 1), &messages).unwrap();
}

fn row(id: &str, seq: &str) -> Vec<Option<String>> {
    [id, seq].map(|text| Some(text.to_owned())).to_vec()
}

#[test]
fn keys_whose_rows_were_replaced_are_forgotten() {
    for place in Place::in_every_warehouse() {
        land(&place, true, "append_dedup", &[(1, 9)]);
        land(&place, true, "overwrite", &[(1, 1), (1, 2)]);
        land(&place, true, "append_dedup", &[]);
        assert_eq!(place.rows(["SELECT id, seq FROM main.s"]), [[row("1", "2")]]);
    }
}

#[test]
fn keys_whose_rows_were_replaced_are_forgotten_also_without_raw() {
    for place in Place::in_every_warehouse() {
        land(&place, false, "append_dedup", &[(1, 9)]);
        land(&place, false, "overwrite", &[]);
        land(&place, false, "append_dedup", &[(1, 5)]);
        assert_eq!(place.rows(["SELECT id, seq FROM main.s"]), [[row("1", "5")]]);
    }
}

#[test]
fn an_unfinished_replacement_goes_on_as_rows_by_key_with_a_new_child_table() {
    let integer = json!({"type": "integer"});
    let stream = |mode: &str, properties: Value| {
        json!({
            "stream": {"name": "s", "json_schema": {"properties": properties}}, "primary_key": [["id"]],
            "sync_mode": "incremental", "destination_sync_mode": mode,
        })
    };
    let mut unfinished = stream("overwrite", json!({"id": integer}));
    (unfinished["generation_id"], unfinished["minimum_generation_id"]) = (json!(2), json!(2));
    let items = json!({"type": "array", "items": {"properties": {"n": integer}}});
    let later = stream("append_dedup", json!({"id": integer, "items": items}));
    let status = json!({"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 0,
        "stream_status": {"stream_descriptor": {"name": "s"}, "status": "STARTED"}}});
    let data = json!({"id": 1, "items": [{"n": 2}]});
    let record = json!({"type": "RECORD", "record": {"stream": "s", "data": data, "emitted_at": 0}});
    for place in Place::in_every_warehouse() {
        let land = |stream: &Value, messages: &[Value]| {
            place.land(&json!({"streams": [stream]}), &Options::default(), &settings(1 << 30, 1), messages)
        };
        assert!(land(&unfinished, std::slice::from_ref(&status)).is_err());
        land(&later, std::slice::from_ref(&record)).unwrap();
        assert_eq!(
            place.rows(["SELECT id, n FROM main.s JOIN main.s_items USING (_airbyte_s_hashid)"]),
            [[row("1", "2")]]
        );
    }
}
