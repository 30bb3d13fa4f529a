//! Numbers as their digits.

use std::cmp::Ordering;

/// ± `digits` · 10^`exponent`, without zeros at either end of the digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) is_negative: bool,
    pub(super) digits: String,
    pub(super) exponent: i64,
}

/// By JSON's grammar of numbers.
pub(super) fn read(text: &str) -> Option<Decimal> {
    let (is_negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            (mantissa, is_number.then(|| exponent.parse::<i64>().ok())??)
        }
        None => (rest, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, (!fraction.is_empty()).then_some(fraction)?),
        None => (mantissa, ""),
    };
    let has_zero_in_front = whole.len() > 1 && whole.starts_with('0');
    let are_digits = [whole, fraction].concat().bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || has_zero_in_front || !are_digits {
        return None;
    }
    Some(Decimal::new(is_negative, &[whole, fraction].concat(), exponent - i64::try_from(fraction.len()).unwrap()))
}

impl Decimal {
    fn new(is_negative: bool, digits: &str, mut exponent: i64) -> Self {
        let digits = digits.trim_start_matches('0');
        let trimmed = digits.trim_end_matches('0');
        exponent += i64::try_from(digits.len() - trimmed.len()).unwrap();
        let is_zero = trimmed.is_empty();
        let exponent = if is_zero { 0 } else { exponent };
        Self { is_negative: is_negative && !is_zero, digits: trimmed.to_owned(), exponent }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.exponent >= 0
    }

    /// Digits before the point.
    pub(super) fn magnitude(&self) -> i64 {
        i64::try_from(self.digits.len()).unwrap() + self.exponent
    }

    /// As an integer, if it is one that 128 bits hold.
    pub(super) fn whole(&self) -> Option<i128> {
        (self.is_whole() && self.magnitude() < 45).then(|| self.shown().parse().ok())?
    }

    /// To so many digits after the point, half to even.
    pub(super) fn rounded(&self, places: i64) -> Self {
        let surplus = -self.exponent - places;
        if surplus <= 0 {
            return self.clone();
        }
        let padded = format!("0{:0>width$}", self.digits, width = usize::try_from(surplus).unwrap() + 1);
        let (kept, cut) = padded.split_at(padded.len() - usize::try_from(surplus).unwrap());
        let half = format!("5{}", "0".repeat(cut.len() - 1));
        let is_odd = kept.ends_with(['1', '3', '5', '7', '9']);
        let is_up = match cut.cmp(&half) {
            Ordering::Less => false,
            Ordering::Equal => is_odd,
            Ordering::Greater => true,
        };
        let kept: u128 = kept.parse::<u128>().unwrap() + u128::from(is_up);
        Self::new(self.is_negative, &kept.to_string(), -places)
    }

    /// One text for each value: whole numbers of a sensible size in full.
    pub(super) fn shown(&self) -> String {
        let sign = if self.is_negative { "-" } else { "" };
        match self.exponent {
            _ if self.digits.is_empty() => "0".to_owned(),
            0..45 => format!("{sign}{}{}", self.digits, "0".repeat(usize::try_from(self.exponent).unwrap())),
            exponent => format!("{sign}{}e{exponent}", self.digits),
        }
    }
}
