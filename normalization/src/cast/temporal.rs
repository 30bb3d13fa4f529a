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
    match i64::try_from(micros) {
        Ok(micros) if (limits.timestamps.0..=limits.timestamps.1).contains(&micros) => (Value::Micros(micros), None),
        _ => OUT_OF_RANGE,
    }
}

/// The clock time of a time or of a timestamp.
#[inline]
fn clock_of(text: &str) -> Option<Clock> {
    match text.as_bytes() {
        bytes @ [_, _, b':', ..] | [b'T' | b't', bytes @ ..] => Clock::read(bytes),
        _ => Moment::read(text).map(|moment| moment.clock),
    }
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
    (tens < 10 && ones < 10).then_some(tens * 10 + ones)
}

/// Microseconds of a fraction that may stand here, cut behind the sixth digit, and what follows.
#[inline]
fn fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.' | b',', digits @ ..] = bytes else { return Some((0, bytes)) };
    let mut micros = 0;
    let mut unit = SECOND / 10;
    let mut rest = digits;
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        micros += i64::from(digit - b'0') * unit;
        unit /= 10;
        rest = after;
    }
    (rest.len() < digits.len()).then_some((micros, rest))
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
