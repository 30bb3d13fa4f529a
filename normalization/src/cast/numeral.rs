//! The JSON number grammar, to digits and a power of ten.

/// A number as written, without its insignificant zeros: ± the digits of `head` and `tail` as one whole number, times
/// 10^`exponent`.
///
/// Law: the digits neither begin nor end with `0`, so equal numbers have equal digits and exponents; zero has no digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numeral<'a> {
    pub(super) negative: bool,
    head: &'a [u8],
    tail: &'a [u8],
    pub(super) exponent: i64,
    /// The text is what [`Numeral::to_plain`] would write.
    pub(super) is_plain: bool,
}

impl<'a> Numeral<'a> {
    /// Reads a text that is one JSON number and nothing else.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (negative, rest) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let (whole, rest) = digits(rest)?;
        if whole.len() > 1 && whole[0] == b'0' {
            return None;
        }
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => digits(rest)?,
            rest => (&[][..], rest),
        };
        let is_scientific = !rest.is_empty();
        let power = if is_scientific { power(rest)? } else { 0 };

        let (mut head, mut tail) = (without_leading_zeros(whole), fraction);
        let mut exponent = power - length(tail);
        if head.is_empty() {
            tail = without_leading_zeros(tail);
        }
        let significant = without_trailing_zeros(tail);
        exponent += length(tail) - length(significant);
        tail = significant;
        if tail.is_empty() {
            let significant = without_trailing_zeros(head);
            exponent += length(head) - length(significant);
            head = significant;
        }
        let is_zero = head.is_empty() && tail.is_empty();
        if is_zero {
            exponent = 0;
        }
        let is_plain = !is_scientific && fraction.last() != Some(&b'0') && !(is_zero && negative);
        Some(Self { negative: negative && !is_zero, head, tail, exponent, is_plain })
    }

    /// How many digits are significant.
    pub(super) fn count(&self) -> i64 {
        length(self.head) + length(self.tail)
    }

    pub(super) fn is_zero(&self) -> bool {
        self.head.is_empty() && self.tail.is_empty()
    }

    pub(super) fn is_whole(&self) -> bool {
        self.exponent >= 0
    }

    /// Digits that plain notation needs before the point (less than one for fractions) and behind it.
    pub(super) fn places(&self) -> (i64, i64) {
        (self.count() + self.exponent, (-self.exponent).max(0))
    }

    /// The significant digits as numbers, the first first.
    pub(super) fn digits(&self) -> impl Iterator<Item = u8> + Clone + use<'a> {
        self.head.iter().chain(self.tail).map(|digit| digit - b'0')
    }

    pub(super) fn equals(&self, other: &Numeral<'_>) -> bool {
        self.negative == other.negative && self.exponent == other.exponent && self.digits().eq(other.digits())
    }

    /// The number, if it is whole and fits.
    pub(super) fn to_i128(self) -> Option<i128> {
        if !self.is_whole() || self.places().0 > 39 {
            return None;
        }
        let zeros = usize::try_from(self.exponent).ok()?;
        // Negative numbers reach further than positive ones.
        let negated = self
            .digits()
            .chain(std::iter::repeat_n(0, zeros))
            .try_fold(0_i128, |number, digit| number.checked_mul(10)?.checked_sub(i128::from(digit)))?;
        if self.negative { Some(negated) } else { negated.checked_neg() }
    }

    /// The one plain decimal notation of this number: no exponent, no insignificant zeros, `0` for zero.
    ///
    /// As long as [`Numeral::places`] says: callers check that first.
    pub(super) fn to_plain(self) -> String {
        let (before, behind) = self.places();
        let mut text = String::with_capacity(usize::try_from(before.max(1) + behind + 2).unwrap_or_default());
        if self.negative {
            text.push('-');
        }
        if before <= 0 {
            text.push('0');
        }
        if before < 0 {
            text.push('.');
            text.extend((before..0).map(|_| '0'));
        }
        for (place, digit) in (0..).zip(self.digits()) {
            if place == before.max(0) && before >= 0 {
                text.push('.');
            }
            text.push(char::from(b'0' + digit));
        }
        text.extend((0..self.exponent).map(|_| '0'));
        text
    }
}

/// The digits that the bytes begin with, at least one, and what follows.
#[inline]
fn digits(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len());
    if length == 0 { None } else { bytes.split_at_checked(length) }
}

/// The power of ten that the bytes are. One beyond any number stops at a bound that still can be counted with.
fn power(bytes: &[u8]) -> Option<i64> {
    const FAR: i64 = 1_000_000_000_000_000;
    let (negative, rest) = match bytes {
        [b'e' | b'E', b'-', rest @ ..] => (true, rest),
        [b'e' | b'E', b'+', rest @ ..] | [b'e' | b'E', rest @ ..] => (false, rest),
        _ => return None,
    };
    let (digits, []) = digits(rest)? else { return None };
    let power = digits.iter().fold(0, |power, digit| FAR.min(power * 10 + i64::from(digit - b'0')));
    Some(if negative { -power } else { power })
}

fn without_leading_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}

fn without_trailing_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().rev().take_while(|digit| **digit == b'0').count();
    digits.get(..digits.len() - zeros).unwrap_or_default()
}

#[allow(clippy::cast_possible_wrap)] // no slice is longer than i64::MAX
fn length(digits: &[u8]) -> i64 {
    digits.len() as i64
}
