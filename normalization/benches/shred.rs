//! Records into Arrow batches: whole streams, and columns of one kind at a time.
#![allow(clippy::unwrap_used, missing_docs)]

mod sample;

use alluvium_normalization::shred::Shredder;
use alluvium_normalization::sql::Dialect;
use alluvium_normalization::sql::duckdb::DuckDb;
use alluvium_normalization::sql::postgres::Postgres;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use serde_json::{Value, json};

use sample::Stream;

const BATCH_BYTES: usize = 8 << 20;

fn main() {
    divan::main();
}

fn bench(bencher: Bencher<'_, '_>, stream: &Stream, dialect: &dyn Dialect, raw: bool) {
    let plan = stream.plan(dialect, "append", raw);
    let mut shredder = Shredder::new(&plan, dialect.limits(), BATCH_BYTES);
    bencher
        .counter(ItemsCount::new(stream.records.len()))
        .counter(BytesCount::new(stream.bytes()))
        .bench_local(|| sample::shred(&mut shredder, &stream.records));
}

#[divan::bench(args = [true, false])]
fn flat_duckdb(bencher: Bencher<'_, '_>, raw: bool) {
    bench(bencher, &sample::flat(), &DuckDb::default(), raw);
}

#[divan::bench(args = [true, false])]
fn flat_postgres(bencher: Bencher<'_, '_>, raw: bool) {
    bench(bencher, &sample::flat(), &Postgres::default(), raw);
}

#[divan::bench(args = [true, false])]
fn nested_duckdb(bencher: Bencher<'_, '_>, raw: bool) {
    bench(bencher, &sample::nested(), &DuckDb::default(), raw);
}

#[divan::bench(args = [true, false])]
fn nested_postgres(bencher: Bencher<'_, '_>, raw: bool) {
    bench(bencher, &sample::nested(), &Postgres::default(), raw);
}

#[divan::bench(args = [true, false])]
fn wide_duckdb(bencher: Bencher<'_, '_>, raw: bool) {
    bench(bencher, &sample::wide(), &DuckDb::default(), raw);
}

const KINDS: [&str; 12] = [
    "boolean",
    "integer",
    "big_integer",
    "number",
    "string",
    "escaped_string",
    "date",
    "timestamp_tz",
    "time",
    "csv_array",
    "json",
    "null",
];

/// A thousand records with ten values each of one kind.
#[divan::bench(args = KINDS)]
fn kind_duckdb(bencher: Bencher<'_, '_>, kind: &str) {
    let (schema, values) = kind_of(kind);
    bench(bencher, &sample::of_kind(&schema, &values), &DuckDb::default(), false);
}

#[divan::bench(args = KINDS)]
fn kind_postgres(bencher: Bencher<'_, '_>, kind: &str) {
    let (schema, values) = kind_of(kind);
    bench(bencher, &sample::of_kind(&schema, &values), &Postgres::default(), false);
}

fn kind_of(kind: &str) -> (Value, Vec<Value>) {
    let list = |values: Value| values.as_array().unwrap().clone();
    let string = |format: &str| json!({"type": ["null", "string"], "format": format});
    match kind {
        "boolean" => (json!({"type": "boolean"}), list(json!([true, false]))),
        "integer" => (json!({"type": "integer"}), list(json!([0, 42, -7, 123_456_789, i64::MAX]))),
        "big_integer" => (
            json!({"type": "string", "airbyte_type": "big_integer"}),
            list(json!(["1", "170141183460469231731687303"])),
        ),
        "number" => (json!({"type": "number"}), list(json!([0.1, 42, -17.25, 1_234.567_8, 0.718_281]))),
        "string" => (json!({"type": "string"}), list(json!(["active", "river delta silt gravel bank flood meander"]))),
        "escaped_string" => (json!({"type": "string"}), list(json!(["say \"silt\"", "two\nlines and a tab\t"]))),
        "date" => (string("date"), list(json!(["1984-02-29", "2025-03-01"]))),
        "timestamp_tz" => {
            (string("date-time"), list(json!(["2025-03-01T12:34:56.123456Z", "2024-12-31T23:59:59+02:00"])))
        }
        "time" => (string("time"), list(json!(["12:34:56", "23:59:59.123456"]))),
        "csv_array" => {
            (json!({"type": "array", "items": {"type": "string"}}), list(json!([["vip", "b2b, fragile"], [], ["a"]])))
        }
        "json" => (json!({}), list(json!([{"a": [1, 2, {"b": null}]}, [1, "two", 3.0], "text"]))),
        _ => (json!({"type": "string"}), vec![Value::Null]),
    }
}
