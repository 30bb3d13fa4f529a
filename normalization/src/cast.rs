//! One JSON value into one typed value, with the change that it cost.

use std::borrow::Cow;

use crate::kind::ScalarColumn;
use crate::limits::Limits;

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
    /// TimestampTz, Timestamp: microseconds since 1970-01-01; Time: since midnight.
    Micros(i64),
    /// String; HugeInteger, NumericInteger, Numeric: canonical decimal text; TimeTz: canonical text.
    Text(Cow<'a, str>),
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

/// Casts one JSON value (`json`: its text, valid, without white space around it) to a scalar column.
#[must_use]
pub fn scalar<'a>(_kind: ScalarColumn, _json: &'a str, _limits: &Limits) -> (Value<'a>, Option<Change>) {
    (Value::Null, None)
}
