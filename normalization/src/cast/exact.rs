//! The narrowest kind for one scalar: the casts' question the other way round.
//!
//! Casts are lenient where a schema has promised a kind; without a schema only the plain forms count. A text is a date or time
//! here only if its column would give all of it back: no leap second, no digits beyond microseconds, years of four digits.

use super::number::is_numeric;
use super::temporal::{has_clock, has_moment};
use crate::kind::ScalarKind;

/// The narrowest kind for the text of a JSON number. A whole number is one that is written so: `1.0` is a number.
///
/// Law: a column of the kind, or of any that it widens to, holds the number without a change, numbers being exact.
#[inline]
pub(crate) fn number_kind(text: &str) -> ScalarKind {
    let is_whole = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if is_whole && (text.len() < 19 || text.parse::<i64>().is_ok()) {
        ScalarKind::Integer
    } else if is_whole && text.parse::<i128>().is_ok() {
        ScalarKind::BigInteger
    } else if is_numeric(text) {
        ScalarKind::Number
    } else {
        ScalarKind::String
    }
}

/// The narrowest kind for what stands between the quotes of a JSON string.
///
/// Law: a column of the kind holds the string without a change. The empty string is text, as every other kind makes it NULL.
#[inline]
pub(crate) fn string_kind(inner: &str) -> ScalarKind {
    temporal_kind(inner).unwrap_or(ScalarKind::String)
}

fn temporal_kind(text: &str) -> Option<ScalarKind> {
    match text.as_bytes() {
        [b'0'..=b'9', _, b':', _, _, b':', _, _, ..] => {
            let zone = zone_after(text.as_bytes())?;
            has_clock(text).then_some(if zone { ScalarKind::TimeTz } else { ScalarKind::Time })
        }
        [b'0'..=b'9', _, _, _, b'-', _, _, b'-', _, _] => has_moment(text).then_some(ScalarKind::Date),
        [b'0'..=b'9', _, _, _, b'-', _, _, b'-', _, _, _, clock @ ..] if !text.ends_with("BC") => {
            let zone = zone_after(clock)?;
            has_moment(text).then_some(if zone { ScalarKind::TimestampTz } else { ScalarKind::Timestamp })
        }
        _ => None,
    }
}

/// Whether an offset follows the clock time that the bytes begin with; none if something of the time would be lost.
fn zone_after(bytes: &[u8]) -> Option<bool> {
    const MICROSECONDS: usize = 6;
    let [_, _, b':', _, _, rest @ ..] = bytes else { return None };
    let rest = match rest {
        [b':', b'6', _, ..] => return None,
        [b':', _, _, rest @ ..] | rest => rest,
    };
    let rest = match rest {
        [b'.' | b',', fraction @ ..] => {
            let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (digits, rest) = fraction.split_at(length);
            if digits.iter().skip(MICROSECONDS).any(|digit| *digit != b'0') {
                return None;
            }
            rest
        }
        rest => rest,
    };
    Some(!rest.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::cast;
    use super::*;
    use crate::kind::ScalarColumn;
    use crate::kind::ScalarKind::{BigInteger, Date, Integer, Number, String, Time, TimeTz, Timestamp, TimestampTz};

    #[test]
    fn numbers_are_as_wide_as_they_are_written() {
        let cases = [
            ("0", Integer),
            ("-0", Integer),
            ("9223372036854775807", Integer),
            ("-9223372036854775808", Integer),
            ("9223372036854775808", BigInteger),
            ("-170141183460469231731687303715884105728", BigInteger),
            ("170141183460469231731687303715884105728", Number),
            ("1.0", Number),
            ("1e3", Number),
            ("0.1000000000000000055511151231257827", Number),
            ("1e131071", Number),
            ("1e131072", String),
            ("1e-16384", String),
        ];
        for (text, kind) in cases {
            assert_eq!(number_kind(text), kind, "{text}");
        }
        assert_eq!(number_kind(&"9".repeat(131_073)), String);
    }

    #[test]
    fn texts_are_dates_and_times_only_in_plain_and_whole_forms() {
        let cases = [
            ("2024-02-29", Date),
            ("0001-01-01", Date),
            ("2024-02-29T12:34:56Z", TimestampTz),
            ("2024-02-29 12:34:56.123456 +0200", TimestampTz),
            ("2024-02-29T12:34:56.123456000Z", TimestampTz),
            ("2024-02-29t12:34+02", TimestampTz),
            ("2024-02-29T12:34:56", Timestamp),
            ("2024-02-29 12:34", Timestamp),
            ("12:34:56", Time),
            ("12:34:56,5", Time),
            ("12:34:56Z", TimeTz),
            ("12:34:56.5-03:30", TimeTz),
        ];
        for (text, kind) in cases {
            assert_eq!(string_kind(text), kind, "{text}");
        }
        for text in [
            "",
            "2023-02-29",
            "0000-01-01",
            "2024-2-9",
            "20240229",
            "+002024-02-29",
            "0044-03-15 BC",
            "0044-03-15 12:00:00 BC",
            "2024-02-29T",
            "2024-02-29T24:00:00",
            "2024-02-29T12:34:60Z",
            "2024-02-29T12:34:56.1234567Z",
            "2024-02-29T12:34:56+16:00",
            "2024-02-29 backup",
            "12:34",
            "T12:34:56",
            "12:34:60",
            "99:34:56",
            "12:34:56 pm",
            "12.5",
            "true",
            "2024-02-29é",
        ] {
            assert_eq!(string_kind(text), String, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_column_of_the_kind_takes_the_text_as_it_is(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-5][0-9](:[0-6][0-9]([.,][0-9]{0,8})?)?( ?[+-][01][0-9](:?[0-5][0-9])?|Z)?)?|[0-2][0-9]:[0-5][0-9]:[0-6][0-9]([.][0-9]{1,8})?(Z|[+-]0[0-9])?",
        ) {
            let column = match string_kind(&text) {
                Date => ScalarColumn::Date,
                TimestampTz => ScalarColumn::TimestampTz,
                Timestamp => ScalarColumn::Timestamp,
                Time => ScalarColumn::Time,
                TimeTz => ScalarColumn::TimeTz,
                _ => return Ok(()),
            };
            let json = format!("\"{text}\"");
            let (value, change) = cast(column, &json);
            prop_assert!(value != super::super::Value::Null && change.is_none(), "{json} in {column:?}");
        }
    }
}
