//! The contract's readings of numbers and moments, as the model test has them: obvious rather than fast.
#![allow(dead_code)]

#[path = "../../../src/sync/tests/model/decimals.rs"]
mod decimals;
#[path = "../../../src/sync/tests/model/moments.rs"]
mod moments;

/// A power of ten beyond which it doesn't matter how far beyond.
const FAR: i64 = 1_000_000_000_000_000;

/// A year beyond all calendars.
const FAR_YEAR: i64 = 400_000_000_000;
/// Years after which the calendar is the same, and their days.
const CYCLE: i64 = 400;
const CYCLE_DAYS: i64 = 146_097;

/// ± `digits` · 10^`exponent`, without zeros at either end of the digits; zero has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) is_negative: bool,
    pub(crate) digits: String,
    pub(crate) exponent: i64,
}

impl Decimal {
    /// By JSON's grammar of numbers.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let near = match text.split_once(['e', 'E']) {
            Some((mantissa, power)) if power.len() > 15 && power.bytes().skip(1).all(|byte| byte.is_ascii_digit()) => {
                let (sign, digits) = power.split_at(usize::from(power.starts_with(['+', '-'])));
                let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
                let power: i64 = if is_number { digits.parse().unwrap_or(FAR).min(FAR) } else { return None };
                format!("{mantissa}e{sign}{power}")
            }
            _ => text.to_owned(),
        };
        decimals::read(&near).map(|decimals::Decimal { is_negative, digits, exponent }| Self {
            is_negative,
            digits,
            exponent,
        })
    }

    /// Digits before the point.
    pub(crate) fn magnitude(&self) -> i64 {
        i64::try_from(self.digits.len()).unwrap() + self.exponent
    }

    /// To so many digits after the point, half to even.
    pub(crate) fn rounded(&self, places: i64) -> Self {
        if self.magnitude() < -places {
            return Self { is_negative: false, digits: String::new(), exponent: 0 };
        }
        let Self { is_negative, digits, exponent } = self.clone();
        let decimals::Decimal { is_negative, digits, exponent } =
            decimals::Decimal { is_negative, digits, exponent }.rounded(places);
        Self { is_negative, digits, exponent }
    }

    /// In full, without a power of ten.
    pub(crate) fn plain(&self) -> String {
        let sign = if self.is_negative { "-" } else { "" };
        if self.digits.is_empty() {
            return "0".to_owned();
        }
        if let Ok(zeros) = usize::try_from(self.exponent) {
            return format!("{sign}{}{}", self.digits, "0".repeat(zeros));
        }
        let behind = usize::try_from(-self.exponent).unwrap();
        let padded = format!("{:0>1$}", self.digits, behind + 1);
        let (whole, fraction) = padded.split_at(padded.len() - behind);
        format!("{sign}{whole}.{fraction}")
    }
}

/// What a text says: each part that it has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moment {
    /// Since 1970-01-01.
    pub(crate) days: Option<i64>,
    /// Microseconds since midnight.
    pub(crate) clock: Option<i64>,
    /// Seconds east of UTC.
    pub(crate) offset: Option<i64>,
}

impl Moment {
    /// The model's reading knows years of four digits; expanded ones are read as the same year of a near cycle of the calendar.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if let Some(clock) = text.strip_prefix(['T', 't']) {
            return Self::near(clock).filter(|moment| moment.days.is_none());
        }
        if text.as_bytes().get(2) == Some(&b':') {
            return Self::near(text);
        }
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
        if unsigned.len() == text.len() {
            return if digits == 4 { Self::near(text) } else { None };
        }
        let (year, rest) = unsigned.split_at(digits);
        let year = year.bytes().fold(0, |year, digit| FAR_YEAR.min(year * 10 + i64::from(digit - b'0')));
        let is_year = digits >= 4 && !(year == 0 && text.starts_with('-')) && !rest.ends_with(" BC");
        let year = if text.starts_with('-') { -year } else { year };
        let near = Self::near(&format!("{}{rest}", 2000 + year.rem_euclid(CYCLE))).filter(|_| is_year)?;
        let days = near.days? + (year.div_euclid(CYCLE) - 2000 / CYCLE) * CYCLE_DAYS;
        Some(Self { days: Some(days), ..near })
    }

    fn near(text: &str) -> Option<Self> {
        // it counts the digits of a fraction as one number
        const MOST: usize = 18;
        let start = text.find(['.', ',']).map_or(text.len(), |point| point + 1);
        // and takes one of a minute
        let clock = text[..start].trim_end_matches(['.', ',']);
        if clock.len() < start && clock.matches(':').count() != 2 {
            return None;
        }
        let digits = text[start..].bytes().take_while(u8::is_ascii_digit).count();
        let text = [&text[..start + digits.min(MOST)], &text[start + digits..]].concat();
        moments::read(&text).map(|moments::Parts { days, clock, offset }| Self { days, clock, offset })
    }
}
