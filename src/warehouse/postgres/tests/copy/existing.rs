//! Tables that are not as the plan has them: made by others, or refusing what comes.

use super::columns::{integers, texts};
use super::{Target, batch};
use crate::warehouse::{Warehouse as _, WarehouseError};
use arrow_array::{ArrayRef, FixedSizeBinaryArray, TimestampMicrosecondArray};
use std::sync::Arc;

const ID: u128 = 0x0190_0000_0000_7000_8000_0000_0000_00ff;

fn raw_columns() -> [(&'static str, ArrayRef); 3] {
    let ids = FixedSizeBinaryArray::try_from_iter([ID.to_be_bytes()].into_iter()).unwrap();
    let at = TimestampMicrosecondArray::from(vec![1_500_000]).with_timezone("UTC");
    let data = texts(&[Some("{\"b\": 1.0, \"a\": 2, \"b\": 3}".to_owned())]).array;
    [("id", Arc::new(ids)), ("at", Arc::new(at)), ("data", data)]
}

#[test]
fn raw_tables_of_earlier_destinations_take_rows() {
    let mut target = Target::new();
    for (types, expected) in [
        ("id varchar, at timestamptz, data jsonb", ["1970-01-01 00:00:01.5+00", "{\"a\": 2, \"b\": 3}"]),
        ("id text, at timestamp, data text", ["1970-01-01 00:00:01.5", "{\"b\": 1.0, \"a\": 2, \"b\": 3}"]),
        ("id varchar(36), at timestamp, data varchar", ["1970-01-01 00:00:01.5", "{\"b\": 1.0, \"a\": 2, \"b\": 3}"]),
        ("id uuid, at timestamptz, data json", ["1970-01-01 00:00:01.5+00", "{\"b\": 1.0, \"a\": 2, \"b\": 3}"]),
    ] {
        target.begin_again();
        target.execute(&format!("CREATE TEMP TABLE loaded ({types}, more int DEFAULT 7)"));
        assert_eq!(target.load("loaded", &[batch(1, raw_columns())]).unwrap(), 1);
        let [at, data] = expected;
        let rows = target.rows("SELECT id::text, at, data, more FROM loaded");
        assert_eq!(rows, [["01900000-0000-7000-8000-0000000000ff", at, data, "7"]], "{types}");
    }
}

/// The error of a load, after which the session goes on.
fn refusal(target: &mut Target, columns: &str, name: &str, array: ArrayRef) -> WarehouseError {
    target.begin_again();
    target.execute(&format!("CREATE TEMP TABLE loaded ({columns})"));
    let rows = array.len();
    let error = target.load("loaded", &[batch(rows, [(name, array)])]).unwrap_err();
    assert!(target.warehouse.commit().is_err(), "a failed load was committed");
    target.begin_again();
    assert_eq!(target.rows("SELECT to_regclass('pg_temp.loaded')"), [["-"]]);
    error
}

#[test]
fn a_type_without_a_form_is_named_and_the_session_goes_on() {
    let mut target = Target::new();
    let [id, at, _] = raw_columns();
    for (columns, (name, array), expected) in [
        ("id bytea", id.clone(), "the column `id` has the type bytea, which its values can't be written as"),
        ("id bigint", id, "the column `id` has the type int8, which its values can't be written as"),
        ("at date", at, "the column `at` has the type date, which its values can't be written as"),
        (
            "n integer",
            ("n", integers(&[Some(1)]).array),
            "the column `n` has the type int4, which its values can't be written as",
        ),
    ] {
        match refusal(&mut target, columns, name, array) {
            WarehouseError::Config(message) => assert_eq!(message, format!("loading pg_temp.loaded: {expected}")),
            other => panic!("not for the user: {other:?}"),
        }
    }
}

#[test]
fn records_that_a_jsonb_from_before_cannot_hold_are_told_with_what_helps() {
    let mut target = Target::new();
    for data in [r#"{"a": "\u0000"}"#, r#"{"a": 1e131072}"#] {
        let data = texts(&[Some("{}".to_owned()), Some(data.to_owned())]).array;
        match refusal(&mut target, "_airbyte_data jsonb", "_airbyte_data", data) {
            WarehouseError::Config(message) => assert_eq!(
                message,
                "loading pg_temp.loaded: the column `_airbyte_data` has the type jsonb, which can't hold all that a \
                 record may be (U+0000, numbers beyond numeric): change it by ALTER COLUMN \"_airbyte_data\" TYPE json"
            ),
            other => panic!("not for the user: {other:?}"),
        }
    }
}

#[test]
fn what_the_server_refuses_halfway_leaves_a_session_that_goes_on() {
    let mut target = Target::new();
    let many = |last: i64| integers(&(0..100_000).chain([last]).map(Some).collect::<Vec<_>>()).array;
    for (columns, array, expected) in [
        ("n bigint CHECK (n < 50000)", many(0), "a constraint is violated"),
        ("n bigint UNIQUE", many(7), "a constraint is violated"),
        ("m text", many(7), "column \"n\" does not exist"),
        ("n numeric(3)", many(7), "a number is out of range"),
        ("n varchar(3)", texts(&[Some("long".to_owned())]).array, "a text is too long"),
    ] {
        let error = refusal(&mut target, columns, "n", array).to_string();
        assert!(error.starts_with("loading pg_temp.loaded: ") && error.contains(expected), "{error}");
    }
}

#[test]
fn a_value_out_of_its_form_names_its_column_only() {
    let mut target = Target::new();
    for (sql_type, texts_of) in [
        ("numeric", ["1.", ".5", "", "-", "1e5", "+1", "0x1", "1,5", "NaN"].as_slice()),
        (
            "time with time zone",
            &["12:00:00", "12:00+01:00", "12:00:00.+00:00", "12:00:00.1234567+00:00", "1٣:00:00+00:00"],
        ),
    ] {
        for text in texts_of {
            let many: Vec<Option<String>> = vec![None; 100_000].into_iter().chain([Some((*text).to_owned())]).collect();
            let error = refusal(&mut target, &format!("n {sql_type}"), "n", texts(&many).array).to_string();
            let expected = "loading pg_temp.loaded: the column `n` holds a value that is not in its canonical form";
            assert_eq!(error, expected, "{text}");
        }
    }
}
