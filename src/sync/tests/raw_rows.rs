//! Typed tables again from raw rows that a sync would not have written.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use alluvium_normalization::catalog::ConfiguredCatalog;
use alluvium_normalization::plan::Options;
use serde_json::json;

use super::{Place, settings};
use crate::config::OnBadInput;
use crate::sync::Settings;
use crate::sync::rebuild::{Rebuild, Rebuilding};
use crate::sync::report::StreamCounters;
use crate::warehouse::{self, Access, Width};

/// Rebuilds a stream `s` with a key, its history too; the counters at the end.
fn rebuild(place: &Place, checkpoint_bytes: usize) -> StreamCounters {
    let item = json!({"type": "object", "properties": {"sku": {"type": "string"}}});
    let integer = json!({"type": "integer"});
    let properties = json!({"id": integer, "price": integer, "items": {"type": "array", "items": item}});
    let catalog = json!({"streams": [{
        "stream": {"name": "s", "json_schema": {"properties": properties}},
        "sync_mode": "incremental", "destination_sync_mode": "append_dedup", "primary_key": [["id"]],
    }]});
    let catalog = ConfiguredCatalog::parse(&catalog.to_string()).unwrap();
    let options = Options { history: true, schema: "main".to_owned(), ..Options::default() };
    let settings = Settings { on_bad_input: OnBadInput::Skip, ..settings(checkpoint_bytes, 2) };
    let stop = AtomicBool::new(false);
    let rebuilding = Rebuilding::live(None, false);
    let rebuild = Rebuild { catalog: &catalog, options: &options, settings: &settings, stop: &stop, rebuilding };
    let (mut progress, warehouse) =
        (None, warehouse::connect(&place.warehouse, Access::Write(Width::default())).unwrap());
    let (_, outcome) = rebuild.run(warehouse, &mut |counters| progress = Some(Arc::clone(&counters)));
    outcome.map(drop).unwrap();
    progress.unwrap().counters()[0]
}

/// Raw rows of which two are those of one record, and one is of none.
fn raw_table(place: &Place) {
    let row = |id: &str, day: u8, data: &str| format!("('{id}', '2024-01-0{day} 00:00:00+00', '{data}')");
    let rows = [
        row("a", 1, r#"{"id": 1, "items": [{"sku": "x"}, {"sku": "y"}]}"#),
        row("b", 2, r#"{"id": 2}"#),
        row("a", 1, r#"{"id": 1, "items": [{"sku": "x"}, {"sku": "y"}]}"#),
        row("c", 3, "[]"),
        row("d", 4, r#"{"id": 2, "price": 5, "items": [{"sku": "z"}]}"#),
    ];
    place.execute(&[
        "CREATE SCHEMA IF NOT EXISTS main",
        "CREATE TABLE main._airbyte_raw_s (_airbyte_ab_id varchar, _airbyte_emitted_at timestamptz, _airbyte_data json)",
        &format!("INSERT INTO main._airbyte_raw_s VALUES {}", rows.join(", ")),
    ]);
}

#[test]
fn a_record_that_is_in_the_raw_table_twice_is_one() {
    for place in Place::in_every_warehouse() {
        raw_table(&place);
        // in one checkpoint, and each row in one of its own
        for checkpoint_bytes in [1 << 20, 1] {
            rebuild(&place, checkpoint_bytes);
            let found =
                place.rows(["SELECT id FROM main.s", "SELECT sku FROM main.s_items", "SELECT id FROM main.s_scd"]);
            let text = |values: &[&str]| values.iter().map(|value| vec![Some((*value).to_owned())]).collect::<Vec<_>>();
            assert_eq!(
                found,
                [text(&["1", "2"]), text(&["x", "y", "z"]), text(&["1", "2", "2"])],
                "{checkpoint_bytes}"
            );
        }
    }
}

#[test]
fn as_many_records_are_expected_as_are_read() {
    for place in Place::in_every_warehouse() {
        raw_table(&place);
        let counters = rebuild(&place, 1 << 20);
        assert_eq!((counters.expected, counters.records, counters.landed), (3, 3, 3));
    }
}
