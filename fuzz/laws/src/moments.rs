//! Dates and times: as the contract's plain reading has them, and as chrono has them where it reads the text.

use alluvium_normalization::cast::{Cast, Change, Value, scalar};
use alluvium_normalization::kind::ScalarColumn;
use alluvium_normalization::limits::Limits;
use alluvium_normalization::sql::Dialect as _;
use alluvium_normalization::sql::duckdb::DuckDb;
use alluvium_normalization::sql::postgres::Postgres;
use chrono::{DateTime, Datelike as _, NaiveDate};

use crate::reference::Moment;

const KINDS: [ScalarColumn; 5] =
    [ScalarColumn::Date, ScalarColumn::Timestamp, ScalarColumn::TimestampTz, ScalarColumn::Time, ScalarColumn::TimeTz];

const WRONG_FORM: Cast<'static> = (Value::Null, Some(Change::WrongForm));
const OUT_OF_RANGE: Cast<'static> = (Value::Null, Some(Change::OutOfRange));
const DAY: i64 = 86_400_000_000;

pub(crate) fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let string = serde_json::to_string(text).unwrap();
    for limits in [Postgres::default().limits(), DuckDb::default().limits()] {
        for kind in KINDS {
            let cast = scalar(kind, &string, limits);
            if matches!(cast.1, Some(Change::WrongForm | Change::OutOfRange)) {
                assert_eq!(cast.0, Value::Null, "{kind:?}");
            }
            assert_ne!(cast.1, Some(Change::Truncated), "{kind:?}");
            let expected = if text.is_empty() {
                (Value::Null, None)
            } else {
                Moment::read(text).map_or(WRONG_FORM, |moment| of_moment(kind, moment, limits))
            };
            assert_eq!(cast, expected, "{kind:?}");
        }
        as_chrono(text, &string, limits);
    }
}

fn of_moment(kind: ScalarColumn, moment: Moment, limits: &Limits) -> Cast<'static> {
    let Moment { days, clock, offset } = moment;
    let clock_time = clock.unwrap_or_default();
    let micros = |days: i64, offset: i64| {
        let micros = i128::from(days) * i128::from(DAY) + i128::from(clock_time) - i128::from(offset) * 1_000_000;
        let (first, last) = limits.timestamps;
        #[allow(clippy::cast_possible_truncation)] // as the batches carry it
        if (first..=last).contains(&micros) { (Value::Micros(micros as i64), None) } else { OUT_OF_RANGE }
    };
    match (kind, days) {
        (ScalarColumn::Time, _) => (Value::Micros(clock_time % DAY), None),
        (ScalarColumn::TimeTz, _) => (Value::Text(time_tz(clock_time % DAY, offset.unwrap_or_default()).into()), None),
        (_, None) => WRONG_FORM,
        (ScalarColumn::Timestamp, Some(days)) => micros(days, 0),
        (ScalarColumn::TimestampTz, Some(days)) => micros(days, offset.unwrap_or_default()),
        (_, Some(days)) => {
            let (first, last) = limits.dates;
            match i32::try_from(days) {
                Ok(days) if (first..=last).contains(&days) => (Value::Days(days), None),
                _ => OUT_OF_RANGE,
            }
        }
    }
}

fn time_tz(micros: i64, offset: i64) -> String {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:06}") };
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hour:02}:{minute:02}:{second:02}{fraction}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn as_chrono(text: &str, string: &str, limits: &Limits) {
    if let Ok(read) = DateTime::parse_from_rfc3339(text)
        && read.year() > 0
        && read.offset().local_minus_utc().abs() < 16 * 3600
    {
        let expected = (Value::Micros(read.timestamp_micros()), None);
        assert_eq!(scalar(ScalarColumn::TimestampTz, string, limits), expected);
        let expected = (Value::Micros(read.naive_local().and_utc().timestamp_micros()), None);
        assert_eq!(scalar(ScalarColumn::Timestamp, string, limits), expected);
    }
    if text.len() == 10
        && let Ok(read) = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        && let [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'-', _, _, b'-', _, _] = text.as_bytes()
        && read.year() > 0
        && !text.contains([' ', '+'])
    {
        let days = i32::try_from((read - NaiveDate::default()).num_days()).unwrap();
        assert_eq!(scalar(ScalarColumn::Date, string, limits), (Value::Days(days), None));
    }
}
