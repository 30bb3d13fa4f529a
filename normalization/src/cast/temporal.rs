//! Dates, times and timestamps: ISO 8601 and RFC 3339 as sources write them, read by fixed position.
//!
//! Decisions where the standards differ: expanded years (`+12024`, `-0043`) are astronomical as in ISO 8601, so `+0000` is
//! 1 BC and `-0001` is 2 BC, while `-0000` does not exist; ` BC` counts from 1 and goes with four digits only; a time may
//! begin with `T`; a leap second of a Time without date that ends the day is midnight.

use std::borrow::Cow;

use super::calendar::{self, DAY, HOUR, MINUTE, SECOND};
use super::{Cast, NULL, OUT_OF_RANGE, Value, WRONG_FORM};
use crate::limits::Limits;

/// Casts to a Date column; of a timestamp, its date as written.
#[inline]
pub(super) fn date<'a>(text: &'a str, limits: &Limits) -> Cast<'a> {
    let Some(moment) = Moment::read(text) else { return null_if_empty(text) };
    match i32::try_from(moment.days) {
        Ok(days) if (limits.dates.0..=limits.dates.1).contains(&days) => (Value::Days(days), None),
        _ => OUT_OF_RANGE,
    }
}

/// Casts to a `TimestampTz` column: the instant; without offset, UTC.
#[inline]
pub(super) fn timestamp_tz<'a>(text: &'a str, limits: &Limits) -> Cast<'a> {
    match Moment::read(text) {
        Some(moment) => micros(moment.days, moment.clock.micros - moment.clock.offset_micros(), limits),
        None => null_if_empty(text),
    }
}

/// Casts to a Timestamp column: the clock time as written; the offset is dropped.
#[inline]
pub(super) fn timestamp<'a>(text: &'a str, limits: &Limits) -> Cast<'a> {
    match Moment::read(text) {
        Some(moment) => micros(moment.days, moment.clock.micros, limits),
        None => null_if_empty(text),
    }
}

/// Casts to a Time column: the clock time, also out of a timestamp.
#[inline]
pub(super) fn time(text: &str) -> Cast<'_> {
    match clock_of(text) {
        Some(clock) => (Value::Micros(clock.micros % DAY), None),
        None => null_if_empty(text),
    }
}

/// Casts to a `TimeTz` column: the clock time with its own offset; without one, UTC.
pub(super) fn time_tz(text: &str) -> Cast<'_> {
    let Some(clock) = clock_of(text) else { return null_if_empty(text) };
    let canonical = clock.canonical();
    let canonical = std::str::from_utf8(canonical.as_slice()).unwrap_or_default();
    let text = if canonical == text { Cow::Borrowed(text) } else { Cow::Owned(canonical.to_owned()) };
    (Value::Text(text), None)
}

/// What is no date or time: the empty string stands for a missing one.
#[inline]
fn null_if_empty(text: &str) -> Cast<'static> {
    if text.is_empty() { NULL } else { WRONG_FORM }
}

/// An instant, if the warehouse can hold it. `clock` may reach into the neighbouring days.
#[inline]
fn micros(days: i64, clock: i64, limits: &Limits) -> Cast<'static> {
    let micros = i128::from(days) * i128::from(DAY) + i128::from(clock);
    if (limits.timestamps.0..=limits.timestamps.1).contains(&micros) {
        (Value::Micros(wrapped(micros)), None)
    } else {
        OUT_OF_RANGE
    }
}

/// The first moment that every warehouse holds: where Postgres's begin, 4714-11-24 BC.
const FIRST_EMITTED: i64 = -210_866_803_200_000;

/// A record's `emitted_at`, given in milliseconds, in microseconds. `None` if it is no moment: before those that every
/// warehouse holds, or beyond 64 bits.
#[must_use]
pub const fn emitted_at(milliseconds: i64) -> Option<i64> {
    if milliseconds < FIRST_EMITTED { None } else { milliseconds.checked_mul(1_000) }
}

/// The lower 64 bits: what counts from another day than 1970-01-01 may reach beyond them, and has the value back when it
/// subtracts its own first day, wrapping too.
#[allow(clippy::cast_possible_truncation)]
const fn wrapped(micros: i128) -> i64 {
    micros as i64
}

/// The clock time of a time or of a timestamp.
#[inline]
fn clock_of(text: &str) -> Option<Clock> {
    match text.as_bytes() {
        bytes @ [_, _, b':', ..] | [b'T' | b't', bytes @ ..] => Clock::read(bytes),
        _ => Moment::read(text).map(|moment| moment.clock),
    }
}

/// Whether the text is a date, maybe with a clock time.
pub(super) fn has_moment(text: &str) -> bool {
    Moment::read(text).is_some()
}

/// Whether the text is a clock time, or has one.
pub(super) fn has_clock(text: &str) -> bool {
    clock_of(text).is_some()
}

/// A date, with a clock time or midnight.
struct Moment {
    days: i64,
    clock: Clock,
}

impl Moment {
    #[inline]
    fn read(text: &str) -> Option<Self> {
        let (date, rest) = WrittenDate::read(text.as_bytes())?;
        let (year, rest) = date.year(rest)?;
        let clock = match rest {
            [] => Clock::MIDNIGHT,
            [b'T' | b't' | b' ', rest @ ..] => Clock::read(rest)?,
            _ => return None,
        };
        Some(Self { days: calendar::days(year, date.month, date.day)?, clock })
    }
}

/// A date by its parts, before it is known whether the text ends in ` BC`.
struct WrittenDate {
    year: i64,
    signed: bool,
    month: u8,
    day: u8,
}

impl WrittenDate {
    /// Reads the date that the bytes begin with; gives what follows.
    #[inline]
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (year, signed, rest) = match *bytes {
            [a, b, c, d, ref rest @ ..] if a.is_ascii_digit() => {
                (i64::from(pair(a, b)?) * 100 + i64::from(pair(c, d)?), false, rest)
            }
            [sign @ (b'+' | b'-'), ref rest @ ..] => {
                let (year, rest) = expanded_year(sign == b'-', rest)?;
                (year, true, rest)
            }
            _ => return None,
        };
        let [b'-', a, b, b'-', c, d, rest @ ..] = rest else { return None };
        Some((Self { year, signed, month: pair(*a, *b)?, day: pair(*c, *d)? }, rest))
    }

    /// The astronomical year; takes ` BC` off the rest of the text. There is no year 0 of four digits.
    #[inline]
    fn year<'t>(&self, rest: &'t [u8]) -> Option<(i64, &'t [u8])> {
        match rest.strip_suffix(b" BC") {
            _ if self.year == 0 && !self.signed => None,
            Some(rest) => (!self.signed).then_some((1 - self.year, rest)),
            None => Some((self.year, rest)),
        }
    }
}

/// A year of four or more digits behind its sign, and what follows. Years beyond any calendar stop at one that is leap, so that every
/// day of theirs exists and is out of range.
fn expanded_year(negative: bool, bytes: &[u8]) -> Option<(i64, &[u8])> {
    const FAR: i64 = 400_000_000_000;
    let length = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = bytes.split_at_checked(length)?;
    let year = digits.iter().fold(0, |year, digit| FAR.min(year * 10 + i64::from(digit - b'0')));
    if length < 4 || (negative && year == 0) {
        return None;
    }
    Some((if negative { -year } else { year }, rest))
}

/// A clock time: microseconds since midnight (a leap second may end the day) and the offset in minutes, east positive.
#[derive(Clone, Copy)]
struct Clock {
    micros: i64,
    offset: i16,
}

impl Clock {
    const MIDNIGHT: Self = Self { micros: 0, offset: 0 };

    /// Reads `hh:mm[:ss[.f…]][ ][offset]`, all of the bytes.
    #[inline]
    fn read(bytes: &[u8]) -> Option<Self> {
        let [a, b, b':', c, d, rest @ ..] = bytes else { return None };
        let (hour, minute) = (pair(*a, *b)?, pair(*c, *d)?);
        let (second, fraction, rest) = match rest {
            [b':', a, b, rest @ ..] => {
                let (fraction, rest) = fraction(rest)?;
                (pair(*a, *b)?, fraction, rest)
            }
            rest => (0, 0, rest),
        };
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let micros = i64::from(hour) * HOUR + i64::from(minute) * MINUTE + i64::from(second) * SECOND + fraction;
        Some(Self { micros, offset: offset(rest)? })
    }

    #[inline]
    fn offset_micros(self) -> i64 {
        i64::from(self.offset) * MINUTE
    }

    /// `HH:MM:SS[.ffffff]±HH:MM`: the fraction in six digits or not at all, `+00:00` for UTC.
    fn canonical(self) -> Canonical {
        let micros = self.micros % DAY;
        let mut text = Canonical { bytes: [0; 21], length: 0 };
        text.two_digits(micros / HOUR);
        text.push(b':');
        text.two_digits(micros / MINUTE % 60);
        text.push(b':');
        text.two_digits(micros / SECOND % 60);
        let fraction = micros % SECOND;
        if fraction != 0 {
            text.push(b'.');
            text.two_digits(fraction / 10_000);
            text.two_digits(fraction / 100 % 100);
            text.two_digits(fraction % 100);
        }
        text.push(if self.offset < 0 { b'-' } else { b'+' });
        let offset = i64::from(self.offset.abs());
        text.two_digits(offset / 60);
        text.push(b':');
        text.two_digits(offset % 60);
        text
    }
}

/// Text of a time with offset, on the stack: it usually is the text that was sent.
struct Canonical {
    bytes: [u8; 21],
    length: usize,
}

impl Canonical {
    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a digit each
    fn two_digits(&mut self, number: i64) {
        self.push(b'0' + (number / 10 % 10) as u8);
        self.push(b'0' + (number % 10) as u8);
    }
}

/// A number of two digits.
#[inline]
fn pair(tens: u8, ones: u8) -> Option<u8> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| tens * 10 + ones)
}

/// Microseconds of a fraction that may stand here, cut behind the sixth digit, and what follows.
#[inline]
fn fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    /// Microseconds of one unit of the last digit that counts, by how many count.
    const UNITS: [i64; 7] = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
    let [b'.' | b',', digits @ ..] = bytes else { return Some((0, bytes)) };
    let (mut number, mut count) = (0, 0);
    let mut rest = digits;
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        if count < 6 {
            number = number * 10 + i64::from(digit - b'0');
            count += 1;
        }
        rest = after;
    }
    (count > 0).then(|| (number * UNITS[count], rest))
}

/// Minutes of the offset that the bytes are: `Z`, `±hh`, `±hhmm`, `±hh:mm`, a blank allowed before; none = 0.
#[inline]
fn offset(bytes: &[u8]) -> Option<i16> {
    let (sign, hours, minutes) = match bytes {
        [] | [b'Z' | b'z'] | [b' ', b'Z' | b'z'] => return Some(0),
        [b' ', sign @ (b'+' | b'-'), digits @ ..] | [sign @ (b'+' | b'-'), digits @ ..] => match *digits {
            [a, b] => (sign, pair(a, b)?, 0),
            [a, b, c, d] | [a, b, b':', c, d] => (sign, pair(a, b)?, pair(c, d)?),
            _ => return None,
        },
        _ => return None,
    };
    if hours > 15 || minutes > 59 {
        return None;
    }
    let offset = i16::from(hours) * 60 + i16::from(minutes);
    Some(if *sign == b'-' { -offset } else { offset })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cast, null, out_of_range, wrong_form};
    use super::*;
    use crate::kind::ScalarColumn::{Date, Time, TimeTz, Timestamp, TimestampTz};

    const ALL: [crate::kind::ScalarColumn; 5] = [Date, TimestampTz, Timestamp, Time, TimeTz];

    fn quoted(text: &str) -> String {
        format!("\"{text}\"")
    }

    /// 2024-02-29T12:34:56 in microseconds.
    const LEAP_DAY: i64 = 1_709_210_096 * SECOND;

    #[test]
    fn a_date_is_a_day_or_the_day_of_a_timestamp_as_written() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2024-02-29", 19_782),
            ("2024-02-29T23:59:59-12:00", 19_782),
            ("2024-02-29 00:00:00 +14", 19_782),
            ("2024-02-29T23:59:60Z", 19_782),
            ("0001-01-01", -719_162),
            ("0001-01-01 BC", -719_162 - 366),
            ("+0000-01-01", -719_162 - 366),
            ("-0001-12-31", -719_162 - 367),
            ("0002-12-31 BC", -719_162 - 367),
            ("+002024-02-29", 19_782),
        ] {
            assert_eq!(cast(Date, &quoted(text)), (Value::Days(days), None), "{text}");
        }
    }

    #[test]
    fn timestamps_come_in_many_spellings_of_one_instant() {
        for text in [
            "2024-02-29T12:34:56Z",
            "2024-02-29t12:34:56z",
            "2024-02-29 12:34:56",
            "2024-02-29T12:34:56.000Z",
            "2024-02-29T12:34:56,0000009Z",
            "2024-02-29T12:34:56 Z",
            "2024-02-29T14:34:56+02",
            "2024-02-29T14:34:56 +0200",
            "2024-02-29 14:34:56.0 +02:00",
            "2024-03-01T04:33:56+15:59",
            "2024-02-28T20:35:56-15:59",
            "+2024-02-29T12:34:56-00:00",
        ] {
            assert_eq!(cast(TimestampTz, &quoted(text)), (Value::Micros(LEAP_DAY), None), "{text}");
        }
        for (text, micros) in [
            ("2024-02-29T12:34:56.123456Z", LEAP_DAY + 123_456),
            ("2024-02-29T12:34:56.1Z", LEAP_DAY + 100_000),
            ("2024-02-29T12:34:56.123456999999999999999Z", LEAP_DAY + 123_456),
            ("2024-02-29T12:34Z", LEAP_DAY - 56 * SECOND),
            ("2024-02-29T12:34:60Z", LEAP_DAY + 4 * SECOND),
            ("2024-02-29T12:34:60.5Z", LEAP_DAY + 4 * SECOND + 500_000),
            ("2023-12-31T23:59:60Z", 1_704_067_200 * SECOND),
            ("2024-01-01", 1_704_067_200 * SECOND),
            ("1969-12-31T23:59:59.999999Z", -1),
            ("0001-01-01 00:00:00+00 BC", (-719_162 - 366) * DAY),
        ] {
            assert_eq!(cast(TimestampTz, &quoted(text)), (Value::Micros(micros), None), "{text}");
        }
    }

    #[test]
    fn a_timestamp_without_zone_keeps_the_clock_and_drops_the_offset() {
        for text in ["2024-02-29T12:34:56+14:00", "2024-02-29T12:34:56Z", "2024-02-29 12:34:56"] {
            assert_eq!(cast(Timestamp, &quoted(text)), (Value::Micros(LEAP_DAY), None), "{text}");
        }
    }

    #[test]
    fn a_time_is_the_clock_part_alone_or_of_a_timestamp() {
        for (text, micros) in [
            ("12:34:56", 12 * HOUR + 34 * MINUTE + 56 * SECOND),
            ("T12:34", 12 * HOUR + 34 * MINUTE),
            ("12:34:56.789+05:00", 12 * HOUR + 34 * MINUTE + 56 * SECOND + 789_000),
            ("2024-02-29T12:34:56,5Z", 12 * HOUR + 34 * MINUTE + 56 * SECOND + 500_000),
            ("0044-03-15 12:34:00 BC", 12 * HOUR + 34 * MINUTE),
            ("2024-02-29", 0),
            ("23:59:60", 0),
            ("00:00:60", MINUTE),
            ("+999999999999-01-01T00:01", MINUTE),
        ] {
            assert_eq!(cast(Time, &quoted(text)), (Value::Micros(micros), None), "{text}");
        }
    }

    #[test]
    fn a_time_with_zone_has_one_text_and_keeps_its_offset() {
        for (text, expected) in [
            ("12:34:56", "12:34:56+00:00"),
            ("12:34:56+00:00", "12:34:56+00:00"),
            ("12:34Z", "12:34:00+00:00"),
            ("12:34:56.5-0330", "12:34:56.500000-03:30"),
            ("12:34:56.000001234 +02", "12:34:56.000001+02:00"),
            ("2024-02-29T12:34:56-15:59", "12:34:56-15:59"),
            ("2024-02-29", "00:00:00+00:00"),
            ("23:59:60-00:00", "00:00:00+00:00"),
            ("12:34:56.123456-11:45", "12:34:56.123456-11:45"),
        ] {
            assert_eq!(cast(TimeTz, &quoted(text)), (Value::Text(expected.into()), None), "{text}");
        }
        assert!(matches!(cast(TimeTz, "\"12:34:56.500000-03:30\"").0, Value::Text(Cow::Borrowed(_))));
    }

    #[test]
    fn the_empty_string_is_a_missing_time() {
        for kind in ALL {
            null(kind, "\"\"");
        }
    }

    #[test]
    fn what_does_not_exist_is_the_wrong_form() {
        for text in [
            "2023-02-29",
            "1900-02-29",
            "2024-04-31",
            "2024-00-01",
            "2024-13-01",
            "2024-01-00",
            "2024-01-32",
            "0000-01-01",
            "0000-01-01 BC",
            "-0000-01-01",
            "2024-01-01T24:00:00",
            "2024-01-01T12:60:00",
            "2024-01-01T12:00:61",
            "2024-01-01T12:00:00+16:00",
            "2024-01-01T12:00:00+01:60",
        ] {
            for kind in ALL {
                wrong_form(kind, &quoted(text));
            }
        }
    }

    #[test]
    fn other_notations_are_the_wrong_form() {
        for text in [
            "20240229",
            "20240229T123456Z",
            "2024-2-9",
            "2024-W09-4",
            "2024-060",
            "24-02-29",
            "12024-01-01",
            "+202-01-01",
            "2024/02/29",
            "29.02.2024",
            "02/29/2024",
            "Feb 29 2024",
            "now",
            "infinity",
            "2024-02-29T",
            "2024-02-29T12",
            "2024-02-29T12:34:",
            "2024-02-29T12:34:5",
            "2024-02-29T12:34:56.",
            "2024-02-29T12:34:56.Z",
            "2024-02-29T12:34.5",
            "2024-02-29T12:34:56+2",
            "2024-02-29T12:34:56+02:",
            "2024-02-29T12:34:56+02:0",
            "2024-02-29T12:34:56  Z",
            "2024-02-29T12:34:56 UTC",
            "2024-02-29T12:34:56Zjunk",
            "2024-02-29  12:34:56",
            " 2024-02-29",
            "2024-02-29 ",
            "2024-02-29Z",
            "2024-02-29T123456Z",
            "-0043-01-01 BC",
            "2024-02-29 AD",
            "2024-02-29 bc",
            "BC",
            " BC",
            "1704067200",
            "\u{0662}024-02-29",
        ] {
            for kind in ALL {
                wrong_form(kind, &quoted(text));
            }
        }
        for kind in [Date, Timestamp, TimestampTz] {
            wrong_form(kind, "\"12:34:56\"");
        }
    }

    #[test]
    fn the_warehouse_ends_the_calendar() {
        assert_eq!(cast(Date, "\"+5874897-12-31\"").1, None);
        assert_eq!(cast(Date, "\"4714-11-24 BC\"").1, None);
        for text in ["+5874898-01-01", "4714-11-23 BC", "-9999-01-01", "+99999999999999999999999-02-29"] {
            out_of_range(Date, &quoted(text));
        }
        assert_eq!(cast(TimestampTz, "\"+294247-01-10T04:00:54.775807Z\""), (Value::Micros(i64::MAX), None));
        assert_eq!(cast(TimestampTz, "\"4714-11-24 00:00:00 BC\"").1, None);
        for text in
            ["+294248-01-01", "+294247-01-10T04:00:54-00:01", "4714-11-24 00:00:00+00:01 BC", "-99999999999999-01-01"]
        {
            out_of_range(TimestampTz, &quoted(text));
        }
        assert_eq!(cast(Timestamp, "\"+294247-01-10T04:00:54-00:01\"").1, None);
    }
}
