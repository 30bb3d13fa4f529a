//! Numbers: whole, exact decimal, double.
//!
//! Each cast tries the form that sources send nearly always (few digits, no exponent) in one pass over the bytes, and leaves
//! everything else to [`Numeral`]. Zero has one form, without sign, so that equal keys are equal.

use std::borrow::Cow;
use std::fmt::Write;

use super::numeral::Numeral;
use super::{Cast, Change, OUT_OF_RANGE, Value, WRONG_FORM};

/// Digits of a `numeric` before and behind its point, at most: Postgres's limits.
const NUMERIC_PLACES: (i64, i64) = (131_072, 16_383);
/// Digits of a `DECIMAL(38,9)` behind its point, and 10^38, the first number times 10^9 that it can't hold.
const DECIMAL_SCALE: u32 = 9;
const DECIMAL_BOUND: i128 = 10_i128.pow(38);
/// Every number of so many digits comes back from the double next to it.
const DOUBLE_DIGITS: i64 = 15;

/// Casts the text of a number to 64 bits.
#[inline]
pub(super) fn integer(text: &str) -> Cast<'_> {
    if let Some(Short { negative, mantissa, places: 0 }) = Short::read(text)
        && let Ok(magnitude) = i64::try_from(mantissa)
    {
        return (Value::Integer(if negative { -magnitude } else { magnitude }), None);
    }
    match Numeral::read(text) {
        Some(numeral) if numeral.is_whole() => numeral
            .to_i128()
            .and_then(|whole| i64::try_from(whole).ok())
            .map_or(OUT_OF_RANGE, |whole| (Value::Integer(whole), None)),
        _ => WRONG_FORM,
    }
}

/// Casts the text of a number to 128 bits, as canonical decimal text.
pub(super) fn huge_integer(text: &str) -> Cast<'_> {
    match Numeral::read(text) {
        Some(numeral) if !numeral.is_whole() => WRONG_FORM,
        Some(numeral) if numeral.to_i128().is_some() => canonical(&numeral, text),
        Some(_) => OUT_OF_RANGE,
        None => WRONG_FORM,
    }
}

/// Casts the text of a number to a whole `numeric`, as canonical decimal text.
pub(super) fn numeric_integer(text: &str) -> Cast<'_> {
    match Numeral::read(text) {
        Some(numeral) if numeral.is_whole() => canonical(&numeral, text),
        _ => WRONG_FORM,
    }
}

/// Casts the text of a number to an exact `numeric`, as canonical decimal text.
pub(super) fn numeric(text: &str) -> Cast<'_> {
    Numeral::read(text).map_or(WRONG_FORM, |numeral| canonical(&numeral, text))
}

/// The number in plain decimal notation, one text for each value, so that texts compare as numbers do.
fn canonical<'a>(numeral: &Numeral<'_>, text: &'a str) -> Cast<'a> {
    let (before, behind) = numeral.places();
    if before > NUMERIC_PLACES.0 || behind > NUMERIC_PLACES.1 {
        return OUT_OF_RANGE;
    }
    let text = if numeral.is_plain { Cow::Borrowed(text) } else { Cow::Owned(numeral.to_plain()) };
    (Value::Text(text), None)
}

/// Casts the text of a number to `DECIMAL(38,9)`, half-even.
pub(super) fn decimal(text: &str) -> Cast<'_> {
    if let Some(Short { negative, mantissa, places }) = Short::read(text)
        && let Some(power) = DECIMAL_SCALE.checked_sub(places)
    {
        let scaled = i128::from(mantissa) * 10_i128.pow(power);
        return (Value::Decimal(if negative { -scaled } else { scaled }), None);
    }
    let Some(numeral) = Numeral::read(text) else { return WRONG_FORM };
    let (before, behind) = numeral.places();
    let scale = i64::from(DECIMAL_SCALE);
    if before + scale > 38 {
        return OUT_OF_RANGE;
    }
    let kept = usize::try_from(before + scale).unwrap_or_default();
    let mut digits = numeral.digits();
    // Digits that the number lacks up to the ninth place are zeros.
    let mut scaled = (0..kept).fold(0, |scaled, _| scaled * 10 + i128::from(digits.next().unwrap_or_default()));
    let is_exact = behind <= scale;
    // Where no digit stands at the ninth place or before it, leading zeros may follow before the first.
    if before + scale >= 0 && rounds_up(digits, scaled % 2 == 1) {
        scaled += 1;
    }
    if scaled >= DECIMAL_BOUND {
        return OUT_OF_RANGE;
    }
    let value = Value::Decimal(if numeral.negative { -scaled } else { scaled });
    (value, (!is_exact).then_some(Change::Truncated))
}

/// Half-even: whether the digits cut off, which don't end in zero, round the rest up.
fn rounds_up(mut cut: impl Iterator<Item = u8>, is_odd: bool) -> bool {
    match cut.next() {
        Some(5) => cut.next().is_some() || is_odd,
        first => first > Some(5),
    }
}

/// Casts the text of a number to a double.
#[inline]
pub(super) fn double(text: &str) -> Cast<'_> {
    if let Some(double) = Short::read(text).and_then(|short| short.to_double()) {
        return (Value::Double(double), None);
    }
    long_double(text)
}

/// Casts the text of a string to a double: a number, or a name of what JSON numbers can't be.
#[inline]
pub(super) fn double_or_special(text: &str) -> Cast<'_> {
    let special = match text {
        "NaN" => f64::NAN,
        "Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        _ => return double(text),
    };
    (Value::Double(special), None)
}

fn long_double(text: &str) -> Cast<'_> {
    let Some(numeral) = Numeral::read(text) else { return WRONG_FORM };
    let Ok(double) = text.parse::<f64>() else { return WRONG_FORM };
    if double.is_infinite() {
        return OUT_OF_RANGE;
    }
    let is_exact =
        numeral.is_zero() || numeral.count() <= DOUBLE_DIGITS && double.is_normal() || is_shortest(&numeral, double);
    // Adding zero drops the sign of zero and nothing else.
    (Value::Double(double + 0.0), (!is_exact).then_some(Change::Truncated))
}

/// Whether the shortest decimal that gives `double` back is the number itself.
fn is_shortest(numeral: &Numeral<'_>, double: f64) -> bool {
    let mut text = Shortest { bytes: [0; 32], length: 0 };
    write!(text, "{double:e}").is_ok()
        && std::str::from_utf8(&text.bytes[..text.length])
            .ok()
            .and_then(Numeral::read)
            .is_some_and(|shortest| numeral.equals(&shortest))
}

/// The shortest decimal of a double, on the stack; it has 24 characters at most.
struct Shortest {
    bytes: [u8; 32],
    length: usize,
}

impl Write for Shortest {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(std::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// A number of up to 18 digits without exponent: ± `mantissa` / 10^`places`.
struct Short {
    negative: bool,
    mantissa: u64,
    places: u32,
}

impl Short {
    /// Reads the number that the text is; `None` also for what only [`Numeral`] understands.
    #[inline]
    fn read(text: &str) -> Option<Self> {
        let (negative, bytes) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        // 18 digits fit into 64 bits; so does a 19th in the place of the point.
        if bytes.len() > 19 || !bytes.first()?.is_ascii_digit() || matches!(bytes, [b'0', b'0'..=b'9', ..]) {
            return None;
        }
        let mut mantissa = 0_u64;
        let mut rest = bytes;
        while let [digit @ b'0'..=b'9', after @ ..] = rest {
            mantissa = mantissa * 10 + u64::from(digit - b'0');
            rest = after;
        }
        let mut places = 0;
        if let [b'.', fraction @ ..] = rest {
            rest = fraction;
            while let [digit @ b'0'..=b'9', after @ ..] = rest {
                mantissa = mantissa * 10 + u64::from(digit - b'0');
                places += 1;
                rest = after;
            }
            if places == 0 {
                return None;
            }
        }
        rest.is_empty().then_some(Self { negative, mantissa, places })
    }

    /// The double next to the number, where one division of two exact doubles gives it and the number comes back from it.
    #[inline]
    #[allow(clippy::cast_precision_loss)] // the bound keeps it exact
    fn to_double(&self) -> Option<f64> {
        const POWERS: [f64; 19] =
            [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18];
        if self.mantissa >= 1_000_000_000_000_000 {
            return None;
        }
        let magnitude = self.mantissa as f64 / POWERS.get(self.places as usize)?;
        Some(if self.negative && self.mantissa != 0 { -magnitude } else { magnitude })
    }
}
