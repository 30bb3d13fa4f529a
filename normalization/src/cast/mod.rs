//! One JSON value into one typed value, with the change that it cost.
//!
//! Every function here takes the value's text, valid and without white space around it, and never fails: what a column
//! can't hold becomes `Value::Null` with the `Change` that says why. JSON null is NULL without a change in every column.
//! Nothing is allocated where the text already is what the column stores.

/// Arrays of scalars: joined as CSV, kept as JSON, taken apart for lists.
mod array;
/// Proleptic Gregorian dates and clock times as plain numbers.
mod calendar;
/// The narrowest kind for one scalar: the casts' question the other way round.
mod exact;
/// What JSON a warehouse can hold: depth and size.
mod json_limits;
/// Laws of all casts, against references computed by other means.
#[cfg(test)]
mod laws;
/// Numbers: whole, exact decimal, double.
mod number;
/// The JSON number grammar, to digits and a power of ten.
mod numeral;
/// Dates, times and timestamps.
mod temporal;
/// Limits and shorthands for tests.
#[cfg(test)]
mod testing;
/// Strings and JSON text: escapes, lone surrogates, U+0000, length.
mod text;

use std::borrow::Cow;

pub use array::{csv, elements_of, json_array};
pub(crate) use exact::{number_kind, string_kind};
pub use json_limits::{DocumentError, document, shallow};
pub use temporal::emitted_at;
pub use text::{json_text, key, raw_text, unescape};

use crate::kind::ScalarColumn;
use crate::limits::Limits;
use crate::walk::{self, JsonType};

/// A typed value, in the unit that its [`ScalarColumn`] states.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// SQL NULL.
    Null,
    /// Boolean.
    Boolean(bool),
    /// Integer.
    Integer(i64),
    /// Double.
    Double(f64),
    /// Decimal: the number times 10^9.
    Decimal(i128),
    /// Date: days since 1970-01-01.
    Days(i32),
    /// `TimestampTz`, Timestamp: microseconds since 1970-01-01, modulo 2^64 where the warehouse's range reaches further;
    /// Time: since midnight.
    Micros(i64),
    /// String; `HugeInteger`, `NumericInteger`, Numeric: canonical decimal text; `TimeTz`: canonical text.
    Text(Cow<'a, str>),
}

impl Value<'_> {
    /// The same value, free of the text that it was read from.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(value) => Value::Boolean(value),
            Self::Integer(value) => Value::Integer(value),
            Self::Double(value) => Value::Double(value),
            Self::Decimal(value) => Value::Decimal(value),
            Self::Days(value) => Value::Days(value),
            Self::Micros(value) => Value::Micros(value),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
        }
    }
}

/// What a cast cost, for `_airbyte_meta`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// NULLED, `DESTINATION_TYPECAST_ERROR`: the wrong kind or form.
    WrongForm,
    /// NULLED, `DESTINATION_FIELD_SIZE_LIMITATION`: out of range or too long.
    OutOfRange,
    /// TRUNCATED, `DESTINATION_FIELD_SIZE_LIMITATION`: held after rounding or removing something.
    Truncated,
}

/// What casting a value gives. NULLED changes come with [`Value::Null`], TRUNCATED with the value that is stored.
pub type Cast<'a> = (Value<'a>, Option<Change>);

/// NULL, for the wrong kind or form.
const WRONG_FORM: Cast<'static> = (Value::Null, Some(Change::WrongForm));
/// NULL, for a value out of the column's range.
const OUT_OF_RANGE: Cast<'static> = (Value::Null, Some(Change::OutOfRange));
/// NULL that stands for what was sent.
const NULL: Cast<'static> = (Value::Null, None);

/// Casts one JSON value to a scalar column.
#[inline]
#[must_use]
pub fn scalar<'a>(kind: ScalarColumn, json: &'a str, limits: &Limits) -> Cast<'a> {
    match kind {
        ScalarColumn::String => text::string(json, limits),
        ScalarColumn::Integer => number_or_its_string(json, number::integer),
        ScalarColumn::Double => number_or_string(json, number::double, number::double_or_special),
        ScalarColumn::Boolean => boolean(json),
        ScalarColumn::TimestampTz => only_string(json, |text| temporal::timestamp_tz(text, limits)),
        ScalarColumn::Timestamp => only_string(json, |text| temporal::timestamp(text, limits)),
        ScalarColumn::Date => only_string(json, |text| temporal::date(text, limits)),
        ScalarColumn::Time => only_string(json, temporal::time),
        ScalarColumn::TimeTz => only_string(json, temporal::time_tz),
        ScalarColumn::Decimal => number_or_its_string(json, number::decimal),
        ScalarColumn::HugeInteger => number_or_its_string(json, number::huge_integer),
        ScalarColumn::NumericInteger => number_or_its_string(json, number::numeric_integer),
        ScalarColumn::Numeric => number_or_its_string(json, number::numeric),
    }
}

fn boolean(json: &str) -> Cast<'_> {
    fn word(text: &str) -> Cast<'_> {
        if text.eq_ignore_ascii_case("true") {
            (Value::Boolean(true), None)
        } else if text.eq_ignore_ascii_case("false") {
            (Value::Boolean(false), None)
        } else {
            WRONG_FORM
        }
    }
    match walk::kind_of(json) {
        JsonType::Boolean => word(json),
        _ => only_string(json, word),
    }
}

#[inline]
fn number_or_its_string<'a>(json: &'a str, cast: impl for<'t> Fn(&'t str) -> Cast<'t>) -> Cast<'a> {
    match walk::kind_of(json) {
        JsonType::Number => cast(json),
        _ => only_string(json, cast),
    }
}

#[inline]
fn number_or_string<'a>(
    json: &'a str,
    number: impl for<'t> Fn(&'t str) -> Cast<'t>,
    string: impl for<'t> Fn(&'t str) -> Cast<'t>,
) -> Cast<'a> {
    match walk::kind_of(json) {
        JsonType::Number => number(json),
        _ => only_string(json, string),
    }
}

/// Casts the text of a JSON string; null is NULL, any other value the wrong form.
///
/// The text is tried as sent first: no form that a `cast` here accepts holds a backslash, so only a refused text can
/// have escapes that matter.
#[inline]
fn only_string<'a>(json: &'a str, cast: impl for<'t> Fn(&'t str) -> Cast<'t>) -> Cast<'a> {
    let Some(inner) = walk::string_inner(json) else {
        return if json == "null" { NULL } else { WRONG_FORM };
    };
    match cast(inner) {
        (_, Some(Change::WrongForm)) if memchr::memchr(b'\\', inner.as_bytes()).is_some() => {
            let (text, _) = unescape(inner);
            let (value, change) = cast(&text);
            (value.into_owned(), change)
        }
        cast => cast,
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{cast, null, out_of_range, wrong_form};
    use super::*;

    #[test]
    fn booleans_are_words_in_any_case() {
        for json in ["true", "\"true\"", "\"TRUE\"", "\"tRuE\"", r#""\u0074rue""#] {
            assert_eq!(cast(ScalarColumn::Boolean, json), (Value::Boolean(true), None), "{json}");
        }
        for json in ["false", "\"False\""] {
            assert_eq!(cast(ScalarColumn::Boolean, json), (Value::Boolean(false), None), "{json}");
        }
        for json in ["0", "1", "\"yes\"", "\"\"", "\" true\"", "[]", "{}", "[true]"] {
            wrong_form(ScalarColumn::Boolean, json);
        }
    }

    #[test]
    fn null_is_null_without_a_change_in_every_column() {
        for kind in testing::KINDS {
            null(kind, "null");
        }
    }

    #[test]
    fn containers_are_the_wrong_form_of_all_but_text() {
        for kind in testing::KINDS {
            for json in [r#"{"a":1}"#, "[1]", "[]"] {
                if kind == ScalarColumn::String {
                    assert_eq!(cast(kind, json), (Value::Text(json.into()), None));
                } else {
                    wrong_form(kind, json);
                }
            }
        }
    }

    #[test]
    fn a_boolean_is_no_number_and_a_number_no_date() {
        for kind in testing::KINDS {
            match kind {
                ScalarColumn::Boolean => wrong_form(kind, "1"),
                ScalarColumn::String => assert_eq!(cast(kind, "true").1, None),
                ScalarColumn::Date
                | ScalarColumn::Timestamp
                | ScalarColumn::TimestampTz
                | ScalarColumn::Time
                | ScalarColumn::TimeTz => wrong_form(kind, "1704067200"),
                _ => wrong_form(kind, "true"),
            }
        }
    }

    #[test]
    fn escapes_in_typed_strings_are_read() {
        assert_eq!(cast(ScalarColumn::Integer, r#""\u0034\u0032""#), (Value::Integer(42), None));
        assert_eq!(cast(ScalarColumn::Date, r#""1970-01-0\u0032""#), (Value::Days(1), None));
        assert_eq!(cast(ScalarColumn::Numeric, r#""1\u002e5""#), (Value::Text("1.5".into()), None));
        out_of_range(ScalarColumn::Integer, r#""1e\u0039\u0039""#);
        wrong_form(ScalarColumn::Integer, r#""\ud800""#);
    }
}
