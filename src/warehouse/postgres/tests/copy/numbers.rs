//! Numbers at the ends of what `numeric` and `jsonb` hold: what the casts let through the server takes, as what it makes of
//! the text itself, and what they refuse it refuses too.

use std::sync::Arc;

use alluvium_normalization::cast::{self, Change, Value};
use alluvium_normalization::kind::ScalarColumn;
use alluvium_normalization::sql::Dialect as _;
use alluvium_normalization::sql::postgres::Postgres;
use arrow_array::{ArrayRef, StringArray};

use super::{Target, batch};
use crate::warehouse::Warehouse as _;

/// Texts of JSON numbers.
fn numbers() -> Vec<String> {
    let mut numbers = Vec::new();
    for digits in ["1", "9", "10", "12345", "0", "1.0", "9.9", "0.00001", "1.00000", "123.456"] {
        for power in [
            131_066,
            131_070,
            131_071,
            131_072,
            131_076,
            200_000,
            999_999_999,
            1_073_741_822,
            1_073_741_823,
            3_000_000_000_i64,
        ] {
            numbers.push(format!("{digits}e{power}"));
        }
        for power in [
            16_378,
            16_381,
            16_382,
            16_383,
            16_384,
            20_000,
            999_999_999,
            1_073_741_823,
            1_073_741_824,
            3_000_000_000_i64,
        ] {
            numbers.push(format!("-{digits}E-{power}"));
        }
    }
    let places =
        |whole: usize, fraction: usize, digit: &str| format!("{}.{}", digit.repeat(whole), digit.repeat(fraction));
    numbers.extend(["9".repeat(131_072), "9".repeat(131_073), "1".repeat(131_071)]);
    numbers.extend([places(131_072, 16_383, "9"), places(131_072, 16_384, "9"), places(131_073, 1, "9")]);
    for fraction in [16_380, 16_382, 16_383, 16_384] {
        numbers.extend([
            places(1, fraction, "0"),
            format!("0.{}1", "0".repeat(fraction - 1)),
            format!("1.{}e1", "0".repeat(fraction)),
            format!("7.{}e-1", "0".repeat(fraction)),
        ]);
    }
    numbers
}

/// What the server makes of a text, if it takes it.
fn says(target: &mut Target, text: &str, sql_type: &str) -> Option<String> {
    let literal = Postgres::default().literal(text);
    let outcome = target.warehouse.query(&format!("SELECT md5({literal}::{sql_type}::text)")).ok();
    if outcome.is_none() {
        target.begin_again();
    }
    outcome.map(|outcome| outcome.rows[0][0].clone().unwrap())
}

fn loaded(target: &mut Target, text: &str, sql_type: &str) -> String {
    target.begin_again();
    target.execute(&format!("CREATE TEMP TABLE loaded (n {sql_type})"));
    let array: ArrayRef = Arc::new(StringArray::from(vec![text]));
    target.load("loaded", &[batch(1, [("n", array)])]).unwrap();
    target.rows("SELECT md5(n::text) FROM loaded").remove(0).remove(0)
}

#[test]
fn the_ends_of_numeric_are_the_servers() {
    let mut target = Target::new();
    for number in numbers() {
        match cast::scalar(ScalarColumn::Numeric, &number, Postgres::default().limits()) {
            (Value::Text(text), None) => {
                let (loaded, said) = (loaded(&mut target, &text, "numeric"), says(&mut target, &text, "numeric"));
                assert_eq!(Some(loaded), said, "{number:.40}");
            }
            cast => {
                assert_eq!(cast, (Value::Null, Some(Change::OutOfRange)));
                assert_eq!(says(&mut target, &number, "numeric"), None, "{number:.40}");
            }
        }
    }
}

#[test]
fn numbers_that_jsonb_does_not_take_are_not_given_to_it() {
    let mut target = Target::new();
    for number in numbers() {
        let json = format!("{{\"a\": [{number}]}}");
        let said = says(&mut target, &json, "jsonb");
        match cast::json_text(&json, Postgres::default().limits()) {
            (Value::Text(text), None) => assert_eq!(Some(loaded(&mut target, &text, "jsonb")), said, "{number:.40}"),
            cast => {
                assert_eq!(cast, (Value::Null, Some(Change::OutOfRange)));
                // from 16 on servers take one power of ten more, which only zero has room for
                assert!(said.is_none() || number.ends_with("e1073741823"), "{number:.40}");
            }
        }
    }
}
