//! Numbers: exact, as a text of digits and a power of ten says; and the same as a number and as a string.

use alluvium_normalization::cast::{Cast, Change, Value, scalar};
use alluvium_normalization::kind::ScalarColumn;
use alluvium_normalization::sql::Dialect as _;
use alluvium_normalization::sql::duckdb::DuckDb;
use alluvium_normalization::sql::postgres::Postgres;

use crate::reference::Decimal;

const KINDS: [ScalarColumn; 6] = [
    ScalarColumn::Integer,
    ScalarColumn::HugeInteger,
    ScalarColumn::NumericInteger,
    ScalarColumn::Numeric,
    ScalarColumn::Decimal,
    ScalarColumn::Double,
];

const WRONG_FORM: Cast<'static> = (Value::Null, Some(Change::WrongForm));
const OUT_OF_RANGE: Cast<'static> = (Value::Null, Some(Change::OutOfRange));

pub(crate) fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let number = Decimal::read(text);
    let string = serde_json::to_string(text).unwrap();
    for limits in [Postgres::default().limits(), DuckDb::default().limits()] {
        for kind in KINDS {
            let of_string = scalar(kind, &string, limits);
            let Some(number) = &number else {
                let expected = special(kind, text).unwrap_or(WRONG_FORM);
                // NaN is not itself
                assert_eq!(format!("{of_string:?}"), format!("{expected:?}"), "{kind:?}");
                continue;
            };
            assert_eq!(scalar(kind, text, limits), of_string, "{kind:?}");
            if kind != ScalarColumn::Double || !has_two_shortest(text) {
                assert_eq!(of_string, expected(kind, number, text), "{kind:?}");
            }
            if let (Value::Text(plain), None) = of_string {
                assert_eq!(scalar(kind, &plain, limits), (Value::Text(plain.clone()), None), "{kind:?}");
            }
        }
    }
}

fn special(kind: ScalarColumn, text: &str) -> Option<Cast<'static>> {
    let double = match text {
        "NaN" => f64::NAN,
        "Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        _ => return None,
    };
    (kind == ScalarColumn::Double).then_some((Value::Double(double), None))
}

/// Whether the double is also that of the decimal beside its shortest: which of the two is called the shortest is open.
fn has_two_shortest(text: &str) -> bool {
    let Some(double) = text.parse().ok().filter(|double: &f64| double.is_finite()) else { return false };
    let Some(shortest) = Decimal::read(&format!("{:e}", double.abs())) else { return false };
    let Ok(digits) = shortest.digits.parse::<u64>() else { return false };
    let is_same = |digits: u64| format!("{digits}e{}", shortest.exponent).parse() == Ok(double.abs());
    is_same(digits + 1) || is_same(digits - 1)
}

fn expected(kind: ScalarColumn, number: &Decimal, text: &str) -> Cast<'static> {
    let is_whole = number.exponent >= 0;
    let in_full = || (number.magnitude() <= 45).then(|| number.plain());
    match kind {
        ScalarColumn::Integer | ScalarColumn::HugeInteger | ScalarColumn::NumericInteger if !is_whole => WRONG_FORM,
        ScalarColumn::Integer => {
            in_full().and_then(|plain| plain.parse().ok()).map_or(OUT_OF_RANGE, |whole| (Value::Integer(whole), None))
        }
        ScalarColumn::HugeInteger => in_full()
            .filter(|plain| plain.parse::<i128>().is_ok())
            .map_or(OUT_OF_RANGE, |plain| (Value::Text(plain.into()), None)),
        ScalarColumn::NumericInteger | ScalarColumn::Numeric => {
            if number.magnitude() > 131_072 || number.exponent < -16_383 {
                return OUT_OF_RANGE;
            }
            (Value::Text(number.plain().into()), None)
        }
        ScalarColumn::Decimal => {
            if number.magnitude() > 29 {
                return OUT_OF_RANGE;
            }
            let rounded = number.rounded(9);
            if rounded.magnitude() > 29 {
                return OUT_OF_RANGE;
            }
            let scaled = Decimal { exponent: rounded.exponent + 9, ..rounded.clone() }.plain();
            (Value::Decimal(scaled.parse().unwrap()), (rounded != *number).then_some(Change::Truncated))
        }
        _ => {
            let double: f64 = text.parse().unwrap();
            if double.is_infinite() {
                return OUT_OF_RANGE;
            }
            let shortest = Decimal::read(&format!("{double:e}")).unwrap();
            (Value::Double(double + 0.0), (shortest != *number).then_some(Change::Truncated))
        }
    }
}
