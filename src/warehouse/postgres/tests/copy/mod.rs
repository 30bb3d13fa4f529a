//! What is loaded, compared by the server with what it makes itself of the same values.

/// Columns of any kind, and what the server is to find in them.
mod columns;
/// Tables that are not as the plan has them.
mod existing;
/// Numbers at the ends of what `numeric` and `jsonb` hold.
mod numbers;

use std::cell::RefCell;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema};
use proptest::prelude::*;

use self::columns::{Column, booleans, column, integers, texts};
use super::target::Target;

/// A batch of columns by name.
fn batch<'a>(rows: usize, columns: impl IntoIterator<Item = (&'a str, ArrayRef)>) -> RecordBatch {
    let (fields, arrays): (Vec<_>, Vec<_>) =
        columns.into_iter().map(|(name, array)| (Field::new(name, array.data_type().clone(), true), array)).unzip();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).unwrap()
}

/// Loads the columns in two batches, whose columns are in different orders, and lets the server compare them with what it
/// makes itself of the values: as values, as text, and by the bytes that they take.
fn agree(target: &mut Target, columns: &[Column], cut: usize) {
    let rows = columns[0].array.len();
    let names: Vec<String> = (0..columns.len()).map(|number| format!("c{number}")).collect();
    let types = |names: &[String]| {
        let typed = names.iter().zip(columns).map(|(name, column)| format!("{name} {}", column.sql_type));
        typed.collect::<Vec<_>>().join(", ")
    };
    target.execute(&format!("CREATE TEMP TABLE loaded (row bigint, {})", types(&names)));
    target.execute(&format!("CREATE TEMP TABLE expected (row bigint, {})", types(&names)));

    let numbers: ArrayRef = Arc::new((0..i64::try_from(rows).unwrap()).collect::<arrow_array::Int64Array>());
    let arrays = names.iter().zip(columns).map(|(name, column)| (name.as_str(), Arc::clone(&column.array)));
    let arrays: Vec<(&str, ArrayRef)> = [("row", numbers)].into_iter().chain(arrays).collect();
    let first = arrays.iter().map(|(name, array)| (*name, array.slice(0, cut)));
    let rest = arrays.iter().rev().map(|(name, array)| (*name, array.slice(cut, rows - cut)));
    let loaded = target.load("loaded", &[batch(cut, first), batch(rows - cut, rest)]).unwrap();
    assert_eq!(loaded, rows as u64);

    for row in 0..rows {
        let values: Vec<&str> = columns.iter().map(|column| column.expressions[row].as_str()).collect();
        target.execute(&format!("INSERT INTO expected VALUES ({row}, {})", values.join(", ")));
    }
    for (name, column) in names.iter().zip(columns) {
        // json has no equality
        let compared = if column.sql_type.starts_with("json") && !column.sql_type.starts_with("jsonb") {
            String::new()
        } else {
            format!("l.{name} IS DISTINCT FROM e.{name} OR ")
        };
        let different = target.rows(&format!(
            "SELECT l.{name}, e.{name}, pg_column_size(l.{name}), pg_column_size(e.{name}) \
             FROM loaded AS l FULL JOIN expected AS e USING (row) \
             WHERE {compared} l.{name}::text IS DISTINCT FROM e.{name}::text \
                OR pg_column_size(l.{name}) IS DISTINCT FROM pg_column_size(e.{name})"
        ));
        assert_eq!(different, Vec::<Vec<String>>::new(), "{}", column.sql_type);
    }
    assert_eq!(target.rows("SELECT count(*) FROM loaded"), [[rows.to_string()]]);
}

/// Columns of as many rows each.
fn columns() -> impl Strategy<Value = (Vec<Column>, usize)> {
    (0_usize..12).prop_flat_map(|rows| (prop::collection::vec(column(rows), 1..12), 0..=rows))
}

#[test]
fn the_server_finds_the_values_that_were_loaded() {
    let target = RefCell::new(Target::new());
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = ProptestConfig { cases: cases.unwrap_or(64), max_shrink_iters: 300, ..ProptestConfig::default() };
    proptest!(config, |((columns, cut) in columns())| {
        let mut target = target.borrow_mut();
        target.begin_again();
        agree(&mut target, &columns, cut);
    });
}

#[test]
fn as_many_columns_as_a_table_can_have() {
    let mut target = Target::new();
    let narrow = |number: usize| booleans(&[Some(number.is_multiple_of(2)), None, Some(number.is_multiple_of(3))]);
    agree(&mut target, &(0..1_599).map(narrow).collect::<Vec<_>>(), 1);
    target.begin_again();
    let mut mostly_null: Vec<Column> = (0..1_598).map(|_| texts(&[None, None])).collect();
    mostly_null.push(integers(&[Some(i64::MIN), Some(i64::MAX)]));
    agree(&mut target, &mostly_null, 2);
}

#[test]
fn no_batches_and_no_rows_are_no_rows() {
    let mut target = Target::new();
    target.execute("CREATE TEMP TABLE loaded (c0 text)");
    assert_eq!(target.load("loaded", &[]).unwrap(), 0);
    let empty = batch(0, [("c0", texts(&[]).array)]);
    assert_eq!(target.load("loaded", &[empty.clone(), empty]).unwrap(), 0);
}

#[test]
fn a_row_longer_than_a_message_arrives() {
    let mut target = Target::new();
    target.execute("CREATE TEMP TABLE loaded (c0 text, c1 text)");
    let long = |length: usize| texts(&[Some("é".repeat(length / 2)), Some(String::new())]).array;
    let both = batch(2, [("c0", long(20 << 20)), ("c1", long(20 << 20))]);
    assert_eq!(target.load("loaded", &[both]).unwrap(), 2);
    let lengths = target.rows("SELECT length(c0), length(c1), c0 = repeat('é', length(c0)) FROM loaded ORDER BY 1");
    let half = (10 << 20).to_string();
    assert_eq!(lengths, [["0", "0", "t"], [half.as_str(), half.as_str(), "t"]]);
}
