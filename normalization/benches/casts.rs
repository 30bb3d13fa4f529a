//! Single values: arrays of scalars as CSV text, and scalars by the column that they go to.
#![allow(clippy::unwrap_used, missing_docs)]

use alluvium_normalization::cast;
use alluvium_normalization::kind::ScalarColumn;
use alluvium_normalization::sql::Dialect as _;
use alluvium_normalization::sql::duckdb::DuckDb;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

const ARRAYS: [&str; 5] = [
    "[]",
    r#"["vip"]"#,
    r#"["vip","gift","repeat","priority"]"#,
    r#"["b2b, wholesale","say \"silt\"",""," edge"]"#,
    "[1,2.50,-3e4,true,null,7,8,9]",
];

fn main() {
    divan::main();
}

#[divan::bench(args = ARRAYS)]
fn csv_array(bencher: Bencher<'_, '_>, json: &str) {
    let (dialect, mut scratch) = (DuckDb::default(), String::new());
    bencher.counter(BytesCount::of_str(json)).bench_local(|| {
        scratch.clear();
        cast::csv(black_box(json), dialect.limits(), &mut scratch).1
    });
}

const SCALARS: [(&str, ScalarColumn); 8] = [
    ("true", ScalarColumn::Boolean),
    ("123456789", ScalarColumn::Integer),
    ("1234.5678", ScalarColumn::Double),
    ("1234.5678", ScalarColumn::Numeric),
    (r#""river delta silt gravel bank flood meander terrace""#, ScalarColumn::String),
    (r#""two\nlines, \"silt\" and \u00e9""#, ScalarColumn::String),
    (r#""2025-03-01T12:34:56.123456Z""#, ScalarColumn::TimestampTz),
    (r#""1984-02-29""#, ScalarColumn::Date),
];

#[divan::bench(args = SCALARS)]
fn scalar(bencher: Bencher<'_, '_>, (json, kind): (&str, ScalarColumn)) {
    let dialect = DuckDb::default();
    bencher
        .counter(BytesCount::of_str(json))
        .bench_local(|| black_box(cast::scalar(kind, black_box(json), dialect.limits())).1);
}
