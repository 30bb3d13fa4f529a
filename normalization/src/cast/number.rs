//! Numbers: whole, exact decimal, double.
//!
//! Each cast tries the form that sources send nearly always (few digits, no exponent) in one pass over the bytes, and leaves
//! everything else to `Numeral`. Zero has one form, without sign, so that equal keys are equal.

use std::borrow::Cow;

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

/// Whether the text is a number that an exact `numeric` holds.
pub(super) fn is_numeric(text: &str) -> bool {
    Numeral::read(text).is_some_and(|numeral| is_within_numeric(&numeral))
}

fn is_within_numeric(numeral: &Numeral<'_>) -> bool {
    let (before, behind) = numeral.places();
    before <= NUMERIC_PLACES.0 && behind <= NUMERIC_PLACES.1
}

/// The number in plain decimal notation, one text for each value, so that texts compare as numbers do.
fn canonical<'a>(numeral: &Numeral<'_>, text: &'a str) -> Cast<'a> {
    if !is_within_numeric(numeral) {
        return OUT_OF_RANGE;
    }
    let text = if numeral.is_plain { Cow::Borrowed(text) } else { Cow::Owned(numeral.to_plain()) };
    (Value::Text(text), None)
}

/// Whether Postgres's `numeric` takes the text of a number itself, with all its zeros and at its own power of ten.
#[inline]
pub(super) fn is_numeric_as_written(text: &str) -> bool {
    let behind = NUMERIC_PLACES.1.unsigned_abs();
    match memchr::memchr2(b'e', b'E', text.as_bytes()).and_then(|at| text.split_at_checked(at)) {
        None if (text.len() as u64) < behind => true,
        None => is_numeric_at(text, 0, text),
        Some((digits, power)) => power[1..].parse().is_ok_and(|power| is_numeric_at(digits, power, text)),
    }
}

fn is_numeric_at(digits: &str, power: i32, text: &str) -> bool {
    /// Powers of ten that are refused whatever they are of.
    const FAR: i32 = i32::MAX / 2;
    let fraction = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let behind = i64::try_from(fraction).unwrap_or(i64::MAX).saturating_sub(power.into());
    let before = Numeral::read(text).map_or(i64::MAX, |numeral| numeral.places().0);
    power.abs() < FAR && behind <= NUMERIC_PLACES.1 && before <= NUMERIC_PLACES.0
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
    let Ok(double) = text.parse::<f64>() else { return WRONG_FORM };
    // Many sources write the shortest decimal themselves.
    if double.is_finite() && zmij::Buffer::new().format_finite(double) == text {
        return (Value::Double(double), None);
    }
    // The standard library also reads what JSON doesn't.
    let Some(numeral) = Numeral::read(text) else { return WRONG_FORM };
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
    Numeral::read(zmij::Buffer::new().format_finite(double)).is_some_and(|shortest| numeral.equals(&shortest))
}

/// A number of at most 19 characters behind its sign, without exponent: ± `mantissa` / 10^`places`.
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
        // 19 digits fit into 64 bits.
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

#[cfg(test)]
mod tests {
    use super::super::testing::{cast, out_of_range, wrong_form};
    use super::*;
    use crate::kind::ScalarColumn::{Decimal, Double, HugeInteger, Integer, Numeric, NumericInteger};

    /// Every kind of number refuses these, as numbers or as strings.
    const NOT_NUMBERS: [&str; 24] = [
        "", " ", "+1", "01", "-01", "00", "-", ".5", "-.5", "5.", "1.e2", "1e", "1e+", "e5", "0x10", "1_000", "1,5",
        " 1", "1 ", "1 2", "--1", "inf", "nan", "\u{0661}",
    ];

    #[test]
    fn strings_that_are_not_json_numbers_are_the_wrong_form() {
        for kind in [Integer, HugeInteger, NumericInteger, Double, Decimal, Numeric] {
            for text in NOT_NUMBERS {
                wrong_form(kind, &format!("\"{text}\""));
            }
        }
    }

    #[test]
    fn whole_numbers_may_have_a_point_and_an_exponent() {
        for (json, expected) in [
            ("0", 0),
            ("-0", 0),
            ("-0.0e7", 0),
            ("0e999999999999999999999", 0),
            ("42", 42),
            ("\"42\"", 42),
            ("\"-7\"", -7),
            ("1.0", 1),
            ("1e3", 1000),
            ("1E+3", 1000),
            ("1.5e1", 15),
            ("1200e-2", 12),
            ("100.00", 100),
            ("0.0001e4", 1),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("9223372036854775807.000", i64::MAX),
            ("922337203685477580700e-2", i64::MAX),
        ] {
            assert_eq!(cast(Integer, json), (Value::Integer(expected), None), "{json}");
            for kind in [HugeInteger, NumericInteger] {
                assert_eq!(cast(kind, json), (Value::Text(expected.to_string().into()), None), "{json}");
            }
        }
    }

    #[test]
    fn parts_of_a_whole_are_the_wrong_form_of_a_whole_number() {
        for json in ["1.5", "\"1.5\"", "1e-1", "0.1e0", "123456789012345678901234567890.5", "1e-999999999999"] {
            for kind in [Integer, HugeInteger, NumericInteger] {
                wrong_form(kind, json);
            }
        }
    }

    #[test]
    fn whole_numbers_end_at_their_bits() {
        for json in ["9223372036854775808", "-9223372036854775809", "1e19", "10000000000000000000", "1e999999999"] {
            out_of_range(Integer, json);
        }
        for json in ["-170141183460469231731687303715884105728", "170141183460469231731687303715884105727"] {
            assert_eq!(cast(HugeInteger, json), (Value::Text(json.into()), None));
        }
        for json in [
            "-170141183460469231731687303715884105729",
            "170141183460469231731687303715884105728",
            "1e39",
            "1e999999999",
        ] {
            out_of_range(HugeInteger, json);
        }
    }

    #[test]
    fn numeric_is_exact_and_has_one_text_for_each_value() {
        for (json, expected) in [
            ("1.10", "1.1"),
            ("\"1.10\"", "1.1"),
            ("-0.0", "0"),
            ("1e2", "100"),
            ("1.25e1", "12.5"),
            ("1.25e2", "125"),
            ("1.25e3", "1250"),
            ("125e-2", "1.25"),
            ("125e-3", "0.125"),
            ("-125e-5", "-0.00125"),
            ("0.1", "0.1"),
            ("0.10e-1", "0.01"),
            ("0.30000000000000004441", "0.30000000000000004441"),
            ("123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"),
        ] {
            assert_eq!(cast(Numeric, json), (Value::Text(expected.into()), None), "{json}");
        }
        let Value::Text(longest) = cast(NumericInteger, "1e131071").0 else { panic!("131072 digits fit") };
        assert_eq!(longest.len(), 131_072);
        let Value::Text(finest) = cast(Numeric, "1e-16383").0 else { panic!("16383 places fit") };
        assert_eq!(finest.len(), 2 + 16_383);
    }

    #[test]
    fn numeric_ends_where_postgres_ends_and_before_memory_does() {
        for json in ["1e131072", "-1e999999999", "1e99999999999999999999999999"] {
            out_of_range(NumericInteger, json);
            out_of_range(Numeric, json);
        }
        for json in ["1e-16384", "1e-999999999", "1.5e-99999999999999999999999999"] {
            out_of_range(Numeric, json);
        }
    }

    #[test]
    fn numbers_already_canonical_are_borrowed() {
        for json in ["0", "-1.5", "170141183460469231731687303715884105727"] {
            assert!(matches!(cast(Numeric, json).0, Value::Text(Cow::Borrowed(_))), "{json}");
        }
    }

    #[test]
    fn decimals_have_nine_places_and_round_half_even() {
        for (json, expected, change) in [
            ("1.5", 1_500_000_000, None),
            ("-0.000000001", -1, None),
            ("\"2e2\"", 200_000_000_000, None),
            ("1.0000000010", 1_000_000_001, None),
            ("0.0000000005", 0, Some(Change::Truncated)),
            ("0.0000000015", 2, Some(Change::Truncated)),
            ("0.0000000025", 2, Some(Change::Truncated)),
            ("0.00000000250000000000000000001", 3, Some(Change::Truncated)),
            ("-0.0000000006", -1, Some(Change::Truncated)),
            ("0.00000000009", 0, Some(Change::Truncated)),
            ("1e-999999999", 0, Some(Change::Truncated)),
            ("99999999999999999999999999999.999999999", DECIMAL_BOUND - 1, None),
            ("-99999999999999999999999999999.999999999", 1 - DECIMAL_BOUND, None),
            ("99999999999999999999999999999.9999999994", DECIMAL_BOUND - 1, Some(Change::Truncated)),
            ("0e999999999", 0, None),
        ] {
            assert_eq!(cast(Decimal, json), (Value::Decimal(expected), change), "{json}");
        }
        for json in ["99999999999999999999999999999.9999999995", "1e29", "-1e29", "1e999999999"] {
            out_of_range(Decimal, json);
        }
        wrong_form(Decimal, "\"NaN\"");
        wrong_form(Numeric, "\"NaN\"");
    }

    #[test]
    fn doubles_report_digits_that_they_lose() {
        let lossless = Some(None);
        let lossy = Some(Some(Change::Truncated));
        for (json, expected, change) in [
            ("0.1", 0.1, lossless),
            ("1.10", 1.1, lossless),
            ("100", 1e2, lossless),
            ("1e2", 100.0, lossless),
            ("\"19.99\"", 19.99, lossless),
            ("0.30000000000000004", 0.1 + 0.2, lossless),
            ("5e-324", 5e-324, lossless),
            ("1.7976931348623157e308", f64::MAX, lossless),
            ("9007199254740992", 9_007_199_254_740_992.0, lossless),
            ("9007199254740993", 9_007_199_254_740_992.0, lossy),
            ("123456789012345678", 123_456_789_012_345_680.0, lossy),
            ("0.1000000000000000055511151231257827", 0.1, lossy),
            ("1.23456789012345e-320", 1.2346e-320, lossy),
            ("1e-400", 0.0, lossy),
            ("0e-400", 0.0, lossless),
        ] {
            let (value, cost) = cast(Double, json);
            assert_eq!((value, Some(cost)), (Value::Double(expected), change), "{json}");
        }
        for json in ["1e309", "-1e309", "1.8e308", "\"1e999999999999\""] {
            out_of_range(Double, json);
        }
    }

    #[test]
    fn zero_has_no_sign() {
        for json in ["-0", "-0.0", "-0e5", "-0.00000000000000000000", "-1e-400"] {
            let (Value::Double(zero), _) = cast(Double, json) else { panic!("{json} is zero") };
            assert!(zero == 0.0 && zero.is_sign_positive(), "{json}");
        }
    }

    #[test]
    fn doubles_that_json_cannot_write_come_as_strings() {
        assert!(matches!(cast(Double, "\"NaN\""), (Value::Double(nan), None) if nan.is_nan()));
        assert_eq!(cast(Double, "\"Infinity\""), (Value::Double(f64::INFINITY), None));
        assert_eq!(cast(Double, "\"-Infinity\""), (Value::Double(f64::NEG_INFINITY), None));
        for json in ["\"nan\"", "\"+Infinity\"", "\"inf\"", "\"infinity\""] {
            wrong_form(Double, json);
        }
    }
}
