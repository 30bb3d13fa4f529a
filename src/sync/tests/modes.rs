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
