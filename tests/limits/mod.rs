//! What records hold and a server can't: no sync fails on a value, and what does end one is told in words.

use serde_json::{Value, json};

use crate::landing::{Destination, Run, line, state};
use crate::support::{Postgres, TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    a_record_that_is_nested_too_deep_is_bad_input,
    a_record_of_as_many_levels_as_may_be_is_readable,
    changes_of_the_source_that_are_nested_too_deep_are_bad_input,
}

/// A catalog of the stream `s`, whose properties these are.
fn catalog(mode: &str, properties: &Value) -> Value {
    json!({"streams": [{
        "stream": {"name": "s", "json_schema": {"type": "object", "properties": properties}},
        "sync_mode": "full_refresh", "destination_sync_mode": mode, "primary_key": [["id"]],
    }]})
}

/// A record, of data that is text already.
fn record(data: &str) -> String {
    format!(r#"{{"type":"RECORD","record":{{"stream":"s","data":{data},"emitted_at":0}}}}"#) + "\n"
}

/// A record with an array of so many levels, itself one level deep.
fn nested(id: u32, levels: usize) -> String {
    record(&format!(r#"{{"id":{id},"j":{}{}}}"#, "[".repeat(levels), "]".repeat(levels)))
}

fn json_column() -> Value {
    json!({"id": {"type": "integer"}, "j": {}})
}

/// The id, whether `j` is there, and what was changed, by id.
fn landed(destination: &Destination) -> Vec<Vec<Option<String>>> {
    destination.query("SELECT id, j IS NOT NULL, CAST(_airbyte_meta AS text) FROM s ORDER BY id")
}

fn row(id: &str, is_there: &str, changes: &str) -> Vec<Option<String>> {
    let meta = format!(r#"{{"sync_id":null,"changes":[{changes}]}}"#);
    [id, is_there, &meta].map(|value| Some(value.to_owned())).to_vec()
}

fn stream_of_error(run: &Run) -> Value {
    let error = run.messages.iter().find(|message| message["type"] == "TRACE").unwrap();
    error["trace"]["error"]["stream_descriptor"].clone()
}

const NULLED: &str = r#"{"field":"j","change":"NULLED","reason":"DESTINATION_FIELD_SIZE_LIMITATION"}"#;

const TOO_DEEP: &str = "is a RECORD whose `data` is nested deeper than 2000 levels";

fn a_record_that_is_nested_too_deep_is_bad_input<W: TestWarehouse>() {
    let catalog = catalog("append", &json_column());
    for raw in ["keep", "none"] {
        for levels in [2_000, 100_000] {
            let input = nested(1, 1_999) + &state(1) + &nested(2, levels) + &nested(3, 1) + &state(3);
            let failing = Destination::of::<W>(&json!({"normalization": {"raw": raw}}));
            let run = failing.write(&catalog, &input);
            assert_eq!(run.error(), ("system_error", format!("line 3 of the input {TOO_DEEP}").as_str()));
            assert_eq!(stream_of_error(&run), json!({"name": "s"}));
            assert_eq!((run.states(), failing.typed_ids("s")), (vec![1], vec![1]));

            let keys = json!({"normalization": {"raw": raw}, "loading": {"on_bad_input": "skip"}});
            let skipping = Destination::of::<W>(&keys);
            let run = skipping.write(&catalog, &input).succeeded();
            let mut stats = run.messages.iter().filter_map(|message| message["state"].get("destinationStats"));
            let expected = json!({"recordCount": 1.0, "rejectedRecordCount": 1.0});
            assert_eq!(stats.nth(1), Some(&expected));
            assert_eq!(skipping.typed_ids("s"), [1, 3]);
        }
    }
}

/// What is as deep as may be is there whole, and what the warehouse has for JSON reads it.
fn a_record_of_as_many_levels_as_may_be_is_readable<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&json!({}));
    destination.write(&catalog("append", &json_column()), &nested(1, 1_999)).succeeded();
    let read = if W::name() == "duckdb" { "json_structure(_airbyte_data)" } else { "CAST(_airbyte_data AS jsonb)" };
    let brackets = format!("SELECT length(CAST({read} AS text)) >= 2 * 1999, j IS NOT NULL FROM s, _airbyte_raw_s");
    let row: Vec<String> = destination.query(&brackets).into_iter().flatten().flatten().collect();
    assert!(row.iter().all(|held| held.starts_with('t')) && row.len() == 2, "{row:?}");
}

fn changes_of_the_source_that_are_nested_too_deep_are_bad_input<W: TestWarehouse>() {
    let changes = format!("{}{}", "[".repeat(2_001), "]".repeat(2_001));
    let bad = format!(
        r#"{{"type":"RECORD","record":{{"stream":"s","data":{{"id":1}},"meta":{{"changes":{changes}}},"emitted_at":0}}}}"#
    );
    let destination = Destination::of::<W>(&json!({"normalization": {"raw": "none"}}));
    let run = destination.write(&catalog("append", &json_column()), &(bad + "\n"));
    let message = "line 1 of the input is a RECORD whose `changes` is nested deeper than 2000 levels";
    assert_eq!(run.error(), ("system_error", message));
}

#[test]
fn json_of_more_elements_than_jsonb_can_read_is_nulled_and_kept_in_the_raw_table() {
    let array = format!("[{}1]", "1,".repeat(1 << 24));
    let destination = Destination::of::<Postgres>(&json!({}));
    destination.write(&catalog("append", &json_column()), &record(&format!(r#"{{"id":1,"j":{array}}}"#))).succeeded();
    assert_eq!(landed(&destination), [row("1", "f", NULLED)]);
    let kept = destination.query("SELECT length(CAST(_airbyte_data AS text)) FROM _airbyte_raw_s");
    assert_eq!(kept, [[Some((array.len() + 13).to_string())]]);
}

/// So many properties beside `id`, and a record that has a value for each.
fn wide(count: usize, value: &Value, schema: &Value) -> (Value, String) {
    let names = || (0..count).map(|number| format!("p{number}"));
    let mut properties: Value = names().map(|name| (name, schema.clone())).collect();
    let mut data: Value = names().map(|name| (name, value.clone())).collect();
    properties["id"] = json!({"type": "integer"});
    data["id"] = 1.into();
    (properties, line(&json!({"type": "RECORD", "record": {"stream": "s", "data": data, "emitted_at": 0}})))
}

fn as_many_columns_as_a_table_can_have_land(mode: &str, system_columns: usize) {
    let keys = json!({"normalization": {"history": true}});
    let (properties, record) = wide(1_600 - 1 - system_columns, &json!(true), &json!({"type": "boolean"}));
    let destination = Destination::of::<Postgres>(&keys);
    destination.write(&catalog(mode, &properties), &record).succeeded();
    destination.write(&catalog(mode, &properties), &record).succeeded();
    let (properties, _) = wide(1_600 - system_columns, &json!(true), &json!({"type": "boolean"}));
    let run = Destination::of::<Postgres>(&keys).write(&catalog(mode, &properties), "");
    let table = if mode == "append_dedup" { "s_scd" } else { "s" };
    let message =
        format!("stream `s`: the table `{table}` would have 1601 columns, and 1600 are the most that a table can have");
    assert_eq!(run.error(), ("config_error", message.as_str()));
}

#[test]
fn a_stream_of_more_columns_than_a_table_can_have_is_refused() {
    as_many_columns_as_a_table_can_have_land("overwrite", 6);
    as_many_columns_as_a_table_can_have_land("append_dedup", 10);
}

#[test]
fn a_row_that_does_not_fit_in_a_page_is_an_error_that_names_its_table() {
    let (properties, record) = wide(1_200, &json!(7), &json!({"type": "integer"}));
    let destination = Destination::of::<Postgres>(&json!({}));
    let run = destination.write(&catalog("append", &properties), &record);
    let message = "loading main.s: row is too big: size 9712, maximum size 8160. All columns of a row have to fit in \
                   one page of the server's, where even a long text takes 18 bytes: select fewer fields";
    assert_eq!(run.error(), ("config_error", message));
    assert_eq!(stream_of_error(&run), json!({"name": "s"}));
}
