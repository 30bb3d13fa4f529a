//! Limits and shorthands for tests.

use super::calendar;
use super::{Cast, Change, Value, scalar};
use crate::kind::ScalarColumn;
use crate::limits::{BinaryJson, Limits};
use crate::sql::Dialect as _;
use crate::sql::postgres::Postgres;

/// Every kind of scalar column.
pub(super) const KINDS: [ScalarColumn; 13] = [
    ScalarColumn::Boolean,
    ScalarColumn::Integer,
    ScalarColumn::HugeInteger,
    ScalarColumn::NumericInteger,
    ScalarColumn::Double,
    ScalarColumn::Decimal,
    ScalarColumn::Numeric,
    ScalarColumn::Date,
    ScalarColumn::TimestampTz,
    ScalarColumn::Timestamp,
    ScalarColumn::TimeTz,
    ScalarColumn::Time,
    ScalarColumn::String,
];

/// A warehouse with Postgres's calendar (dates from 4714 BC to the year 5874897, timestamps as far as 64 bits) and fields of
/// 1000 bytes.
pub(super) fn limits(holds_nul: bool) -> Limits {
    let day = |year, month, day| calendar::days(year, month, day).unwrap_or_default();
    let date = |year, month, day_of_month| i32::try_from(day(year, month, day_of_month)).unwrap_or_default();
    Limits {
        identifiers: Postgres::default().limits().identifiers.clone(),
        columns: None,
        has_numeric: true,
        json_depth: 50,
        binary_json: Some(BinaryJson { bytes: 900, elements: 60, members: 30 }),
        holds_nul,
        field_bytes: 1000,
        dates: (date(-4713, 11, 24), date(5_874_897, 12, 31)),
        timestamps: ((day(-4713, 11, 24) * calendar::DAY).into(), i64::MAX.into()),
    }
}

pub(super) fn cast(kind: ScalarColumn, json: &str) -> Cast<'_> {
    scalar(kind, json, &limits(false))
}

#[track_caller]
pub(super) fn null(kind: ScalarColumn, json: &str) {
    assert_eq!(cast(kind, json), (Value::Null, None), "{kind:?} {json}");
}

#[track_caller]
pub(super) fn wrong_form(kind: ScalarColumn, json: &str) {
    assert_eq!(cast(kind, json), (Value::Null, Some(Change::WrongForm)), "{kind:?} {json}");
}

#[track_caller]
pub(super) fn out_of_range(kind: ScalarColumn, json: &str) {
    assert_eq!(cast(kind, json), (Value::Null, Some(Change::OutOfRange)), "{kind:?} {json}");
}
