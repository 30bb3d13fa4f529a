//! Ids of rows and keys.
#![allow(clippy::unwrap_used, missing_docs)]

mod sample;

use alluvium_normalization::shred::{Shredder, row_id};
use alluvium_normalization::sql::Dialect as _;
use alluvium_normalization::sql::duckdb::DuckDb;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use serde_json::json;

fn main() {
    divan::main();
}

#[divan::bench]
fn row_of_a_record() -> u128 {
    row_id(black_box(7), black_box(0x0195_4d1e), None)
}

#[divan::bench]
fn row_of_an_element() -> u128 {
    row_id(black_box(7), black_box(0x0195_4d1e), black_box(Some(3)))
}

/// Keys are hashed in the walk alone: what a record costs more in `append_dedup` than in `append` is its key and its cursor.
#[divan::bench(args = ["append", "append_dedup"])]
fn keys(bencher: Bencher<'_, '_>, mode: &str) {
    let dialect = DuckDb::default();
    let mut stream = sample::of_kind(&json!({"type": "integer"}), &[json!(1)]);
    let record = |id: usize| json!({"id": id, "updated_at": "2025-03-01T12:34:56.123456Z"}).to_string();
    stream.records = (0..sample::RECORDS).map(record).collect();
    let plan = stream.plan(&dialect, mode, false);
    let mut shredder = Shredder::new(&plan, dialect.limits(), 8 << 20);
    bencher
        .counter(ItemsCount::new(stream.records.len()))
        .bench_local(|| sample::shred(&mut shredder, &stream.records));
}
