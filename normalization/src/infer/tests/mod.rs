//! What single records and small streams suggest.
#![allow(clippy::unwrap_used)]

/// What is told apart is bounded.
mod bounds;
/// Laws of inference, with the shredder as the judge of what a schema is worth.
mod laws;

use arrow_array::RecordBatch;
use serde_json::{Value, json};

use super::*;
use crate::catalog::{ConfiguredCatalog, StreamName};
use crate::plan::{KnownNames, Options, compile};
use crate::shape::{Property, Shape, stream_properties};
use crate::shred::{Counts, Record, Shredder, Slot};
use crate::sql::Dialect as _;
use crate::sql::postgres::Postgres;

fn infer<'a>(records: impl IntoIterator<Item = &'a str>) -> Inference {
    let mut inference = Inference::default();
    records.into_iter().for_each(|record| inference.record(record));
    inference
}

fn proposed(records: &[&str]) -> Proposal {
    infer(records.iter().copied()).propose("orders")
}

/// The schema of the one property `x`, of which these are the values.
#[track_caller]
fn schema_of(values: &[&str], expected: &Value) {
    let records: Vec<String> = values.iter().map(|value| format!("{{\"x\":{value}}}")).collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    assert_eq!(proposed(&records).schema["properties"]["x"], *expected, "{values:?}");
}

/// What typing the records by their own schema costs.
fn land(records: &[String], options: &Options) -> Counts {
    let proposal = infer(records.iter().map(String::as_str)).propose("s");
    let catalog = configured_catalog(&[(StreamName { namespace: None, name: "s".to_owned() }, proposal)], false);
    let catalog = ConfiguredCatalog::parse(&catalog.to_string()).unwrap();
    let postgres = Postgres::default();
    let plan = compile(&catalog, options, postgres.limits(), &KnownNames::default()).unwrap().streams.remove(0);
    let mut shredder = Shredder::new(&plan, postgres.limits(), 1 << 20);
    let mut sink = |_: Slot, _: RecordBatch| {};
    for (id, data) in (1..).zip(records) {
        shredder.push(&Record { id, emitted_at: 5, data, changes: None }, 6, &mut sink).unwrap();
    }
    shredder.take_counts()
}

#[test]
fn several_scalars_are_their_widest() {
    schema_of(&["1", "2"], &json!({"type": "integer"}));
    schema_of(&["1", "9223372036854775808"], &json!({"type": "integer", "airbyte_type": "big_integer"}));
    schema_of(&["1", "9223372036854775808", "0.5"], &json!({"type": "number"}));
    schema_of(&["1", "\"1\""], &json!({"type": "string"}));
    schema_of(&["1", "true"], &json!({"type": "string"}));
    schema_of(&["true", "false"], &json!({"type": "boolean"}));
}

#[test]
fn a_format_is_claimed_if_every_text_has_it() {
    schema_of(&["\"2024-01-01\"", "\"2024-01-02\""], &json!({"type": "string", "format": "date"}));
    let zoned = json!({"type": "string", "format": "date-time", "airbyte_type": "timestamp_with_timezone"});
    schema_of(&["\"2024-01-01T00:00:00Z\"", "\"2024-01-01 00:00:00.5+02\""], &zoned);
    let clock = json!({"type": "string", "format": "time", "airbyte_type": "time_without_timezone"});
    schema_of(&["\"12:00:00\""], &clock);
    for other in ["\"\"", "\"soon\"", "\"2024-01-01T00:00:00Z\"", "\"2024-01-01T00:00:00\"", "20240101"] {
        schema_of(&["\"2024-01-01\"", other], &json!({"type": "string"}));
    }
}

#[test]
fn null_is_named_where_a_value_is_null_or_missing() {
    schema_of(&["1", "null"], &json!({"type": ["null", "integer"]}));
    schema_of(&["null"], &json!({"type": ["null", "string"]}));
    let schema = proposed(&[r#"{"x":1,"y":{"z":1}}"#, r#"{"y":{}}"#]).schema;
    assert_eq!(
        schema["properties"],
        json!({
            "x": {"type": ["null", "integer"]},
            "y": {"type": "object", "properties": {"z": {"type": ["null", "integer"]}}},
        })
    );
}

#[test]
fn what_is_nested_is_described_inside() {
    let items = json!({"type": ["null", "object"], "properties": {"a": {"type": ["null", "integer"]}}});
    schema_of(&[r#"[{"a":1},{}]"#, "[null]", "[]"], &json!({"type": "array", "items": items}));
    schema_of(&["[1, 2.5]", "[null]"], &json!({"type": "array", "items": {"type": ["null", "number"]}}));
    schema_of(&["[]", "null"], &json!({"type": ["null", "array"]}));
    schema_of(&["{}"], &json!({"type": "object"}));
    schema_of(&["[[1]]"], &json!({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}));
}

#[test]
fn scalars_beside_containers_are_said_and_are_json() {
    schema_of(
        &["9223372036854775808", "{\"a\":1}", "[1]", "null"],
        &json!({"type": ["null", "integer", "object", "array"]}),
    );
    schema_of(&["[1]", "[{\"a\":1}]"], &json!({"type": "array", "items": {"type": ["integer", "object"]}}));
    let schema = proposed(&[r#"{"x":1}"#, r#"{"x":{"a":1}}"#]).schema;
    assert_eq!(stream_properties(&schema), [Property { name: "x".to_owned(), shape: Shape::Json }]);
}

#[test]
fn properties_stand_as_they_do_in_the_records() {
    let records = [r#"{"z":1,"m":1,"a":1}"#, r#"{"z":1,"a":1}"#, r#"{"z":1,"m":1,"k":1,"a":1}"#];
    let order: Vec<String> = stream_properties(&proposed(&records).schema).into_iter().map(|p| p.name).collect();
    assert_eq!(order, ["z", "m", "a", "k"]);
}

#[test]
fn a_key_in_every_record_once_is_proposed_by_likelihood() {
    let key = |records: &[&str]| proposed(records).key;
    assert_eq!(key(&[r#"{"key":1,"id":1}"#, r#"{"id":2,"key":2}"#]).as_deref(), Some("id"));
    assert_eq!(key(&[r#"{"key":1,"id":1}"#, r#"{"id":1,"key":2}"#]).as_deref(), Some("key"));
    assert_eq!(key(&[r#"{"item_id":1,"order_id":1}"#, r#"{"item_id":2,"order_id":2}"#]).as_deref(), Some("order_id"));
    assert_eq!(key(&[r#"{"customerId":"a"}"#, r#"{"customerId":"b"}"#]).as_deref(), Some("customerId"));
    for other in [
        r#"{"id":"1"}"#,
        r#"{"id":"\u0031"}"#,
        r#"{"id":null}"#,
        "{}",
        r#"{"id":1.5}"#,
        r#"{"id":[2]}"#,
        r#"{"id":{}}"#,
    ] {
        assert_eq!(key(&[r#"{"id":1}"#, other]), None, "{other}");
        assert_eq!(key(&[other, r#"{"id":1}"#]), None, "{other}");
    }
    assert_eq!(key(&[r#"{"paid":1}"#]), None);
}

#[test]
fn among_very_many_ids_none_is_a_key() {
    let ids = |count: usize| (0..count).map(|n| format!("\"n{n}_id\":1")).collect::<Vec<_>>().join(",");
    assert_eq!(proposed(&[&format!("{{{}}}", ids(8))]).key.as_deref(), Some("n0_id"));
    assert_eq!(proposed(&[&format!("{{{}}}", ids(9))]).key, None);
    assert_eq!(proposed(&[&format!("{{\"uuid\":\"\",{}}}", ids(9))]).key.as_deref(), Some("uuid"));
}

#[test]
fn a_key_is_compared_over_all_its_values() {
    let records: Vec<String> = (0..1_000).map(|id| format!("{{\"id\":{id}}}")).collect();
    let mut inference = infer(records.iter().map(String::as_str));
    assert_eq!(inference.clone().propose("s").key.as_deref(), Some("id"));
    inference.record(r#"{"id":"512"}"#);
    assert_eq!(inference.propose("s").key, None);
}

#[test]
fn a_cursor_is_a_time_or_a_number_of_every_record() {
    let cursor = |record: &str| proposed(&[record]).cursor;
    let time = "\"2024-01-01T00:00:00Z\"";
    assert_eq!(cursor(&format!("{{\"modified\":{time},\"updatedAt\":{time}}}")).as_deref(), Some("updatedAt"));
    assert_eq!(cursor("{\"updated_at\":1700000000}").as_deref(), Some("updated_at"));
    assert_eq!(
        cursor(&format!("{{\"_ab_source_file_last_modified\":{time}}}")).as_deref(),
        Some("_ab_source_file_last_modified")
    );
    for record in ["{\"rows_updated\":5}", "{\"updated_at\":\"today\"}", "{\"updated_at\":null}", "{\"created_at\":5}"]
    {
        assert_eq!(cursor(record), None, "{record}");
    }
}
