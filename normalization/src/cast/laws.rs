//! Laws of all casts, against references computed by other means.
#![allow(clippy::unwrap_used)]

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, RoundingMode};
use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Timelike};
use proptest::prelude::*;

use super::testing::{KINDS, cast, limits};
use super::{Change, Value, csv, elements_of, json_array, json_text, key, raw_text, scalar, unescape};
use crate::kind::ScalarColumn;

/// The fields of one line of RFC 4180; an unquoted empty field is `None`.
fn parse_csv(line: &str) -> Vec<Option<String>> {
    let mut fields = Vec::new();
    let mut characters = line.chars().peekable();
    loop {
        let mut field = String::new();
        let is_quoted = characters.next_if_eq(&'"').is_some();
        if is_quoted {
            loop {
                match characters.next().unwrap() {
                    '"' if characters.next_if_eq(&'"').is_some() => field.push('"'),
                    '"' => break,
                    character => field.push(character),
                }
            }
        }
        while let Some(character) = characters.next_if(|character| *character != ',') {
            assert!(!is_quoted && !matches!(character, '"' | '\r' | '\n'), "{line}");
            field.push(character);
        }
        fields.push((is_quoted || !field.is_empty()).then_some(field));
        if characters.next().is_none() {
            return fields;
        }
    }
}

/// Text of a JSON number, of any length and power.
fn number() -> impl Strategy<Value = String> {
    let exact = "-?(0|[1-9][0-9]{0,45})(\\.[0-9]{1,45})?([eE][+-]?[0-9]{1,2})?";
    let short = "-?(0|[1-9][0-9]{0,19})(\\.[0-9]{1,10})?";
    let whole = "-?(0|[1-9][0-9]{0,40})(\\.0{1,3})?";
    let close = (any::<f64>(), -2..=2_i64).prop_filter_map("a number", |(double, step)| {
        let double = f64::from_bits(double.to_bits().saturating_add_signed(step));
        double.is_finite().then(|| format!("{double:e}"))
    });
    prop_oneof![exact, short, whole, close, any::<i64>().prop_map(|whole| whole.to_string())]
}

fn reference(text: &str) -> BigDecimal {
    text.parse().unwrap()
}

fn string_element() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(prop_oneof!["[,\"\r\n \ta'\u{E9}]{0,6}", any::<String>()])
}

proptest! {
    #[test]
    fn csv_gives_the_elements_back(elements in proptest::collection::vec(string_element(), 1..8)) {
        let json = serde_json::to_string(&elements).unwrap();
        let mut scratch = String::new();
        let (value, change) = csv(&json, &limits(true), &mut scratch);
        if let Value::Text(line) = value {
            prop_assert_eq!(change, None);
            prop_assert_eq!(parse_csv(&line), elements);
        } else {
            prop_assert_eq!(change, Some(Change::OutOfRange));
        }
    }

    #[test]
    fn whole_numbers_agree_with_big_integers(text in number()) {
        let exact = reference(&text);
        let whole = exact.is_integer().then(|| exact.with_scale(0).into_bigint_and_exponent().0);
        for json in [text.clone(), format!("\"{text}\"")] {
            let expected = whole.as_ref().map(|whole| i64::try_from(whole).map_err(|_| Change::OutOfRange));
            let expected = match expected {
                None => (Value::Null, Some(Change::WrongForm)),
                Some(Ok(whole)) => (Value::Integer(whole), None),
                Some(Err(change)) => (Value::Null, Some(change)),
            };
            prop_assert_eq!(cast(ScalarColumn::Integer, &json), expected);
            let expected = whole.as_ref().map(BigInt::to_string).map_or(
                (Value::Null, Some(Change::WrongForm)),
                |whole| (Value::Text(whole.into()), None),
            );
            prop_assert_eq!(cast(ScalarColumn::NumericInteger, &json), expected.clone());
            let huge = match &whole {
                Some(whole) if i128::try_from(whole).is_err() => (Value::Null, Some(Change::OutOfRange)),
                _ => expected,
            };
            prop_assert_eq!(cast(ScalarColumn::HugeInteger, &json), huge);
        }
    }

    #[test]
    fn numeric_is_the_number_in_plain_notation(text in number()) {
        let (Value::Text(plain), None) = cast(ScalarColumn::Numeric, &text) else { panic!("{text}") };
        prop_assert_eq!(reference(&plain), reference(&text));
        prop_assert_eq!(cast(ScalarColumn::Numeric, &plain), (Value::Text(plain.clone()), None));
        prop_assert!(!plain.contains(['e', 'E', '+']));
        prop_assert!(!plain.contains('.') || !plain.ends_with('0'));
        prop_assert_ne!(&plain, "-0");
    }

    #[test]
    fn decimals_agree_with_big_decimals(text in number()) {
        let exact = reference(&text);
        let rounded = exact.with_scale_round(9, RoundingMode::HalfEven);
        let (scaled, _) = rounded.clone().into_bigint_and_exponent();
        let expected = match i128::try_from(&scaled) {
            Ok(scaled) if scaled.unsigned_abs() < 10_u128.pow(38) => {
                (Value::Decimal(scaled), (rounded != exact).then_some(Change::Truncated))
            }
            _ => (Value::Null, Some(Change::OutOfRange)),
        };
        prop_assert_eq!(cast(ScalarColumn::Decimal, &text), expected);
    }

    #[test]
    fn doubles_agree_with_the_standard_library(text in number()) {
        let double: f64 = text.parse().unwrap();
        let shortest = reference(&format!("{double:e}"));
        let change = (shortest != reference(&text)).then_some(Change::Truncated);
        prop_assert_eq!(cast(ScalarColumn::Double, &text), (Value::Double(double), change));
    }

    #[test]
    fn timestamps_agree_with_chrono(
        seconds in -62_135_596_800_i64..253_402_300_800,
        nanos in 0_u32..1_000_000_000,
        digits in prop_oneof![
            Just(SecondsFormat::Secs), Just(SecondsFormat::Millis), Just(SecondsFormat::Micros), Just(SecondsFormat::Nanos),
        ],
        offset in -959_i32..=959,
    ) {
        let zone = chrono::FixedOffset::east_opt(offset * 60).unwrap();
        let instant = DateTime::from_timestamp(seconds, nanos).unwrap().with_timezone(&zone);
        prop_assume!((1..=9999).contains(&instant.year()));
        let text = instant.to_rfc3339_opts(digits, true);
        let json = format!("\"{text}\"");
        let read = DateTime::parse_from_rfc3339(&text).unwrap();
        prop_assert_eq!(cast(ScalarColumn::TimestampTz, &json), (Value::Micros(read.timestamp_micros()), None));
        let clock = read.naive_local();
        prop_assert_eq!(cast(ScalarColumn::Timestamp, &json), (Value::Micros(clock.and_utc().timestamp_micros()), None));
        let midnight = clock.time().num_seconds_from_midnight();
        let micros = i64::from(midnight) * 1_000_000 + i64::from(clock.time().nanosecond() / 1000);
        prop_assert_eq!(cast(ScalarColumn::Time, &json), (Value::Micros(micros), None));
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        let days = i32::try_from((clock.date() - epoch).num_days()).unwrap();
        prop_assert_eq!(cast(ScalarColumn::Date, &json), (Value::Days(days), None));
        let date = format!("\"{}\"", clock.date());
        prop_assert_eq!(cast(ScalarColumn::Date, &date), (Value::Days(days), None));
        let fraction = if micros % 1_000_000 == 0 { "" } else { "%.6f" };
        let time = format!("{}{}", clock.format(&format!("%H:%M:%S{fraction}")), read.format("%:z"));
        prop_assert_eq!(cast(ScalarColumn::TimeTz, &json), (Value::Text(time.into()), None));
    }

    #[test]
    fn dates_exist_where_chrono_has_them(year in -9999_i32..=262_000, month in 0_u32..=13, day in 0_u32..=32) {
        let sign = if year < 0 { '-' } else { '+' };
        let json = format!("\"{sign}{:04}-{month:02}-{day:02}\"", year.abs());
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        let expected = NaiveDate::from_ymd_opt(year, month, day)
            .map(|date| i32::try_from((date - epoch).num_days()).unwrap())
            .map_or((Value::Null, Some(Change::WrongForm)), |days| {
                if days < limits(false).dates.0 {
                    (Value::Null, Some(Change::OutOfRange))
                } else {
                    (Value::Days(days), None)
                }
            });
        prop_assert_eq!(cast(ScalarColumn::Date, &json), expected);
    }

    #[test]
    fn strings_agree_with_serde(text in any::<String>()) {
        let json = serde_json::to_string(&text).unwrap();
        let (unescaped, lossy) = unescape(&json[1..json.len() - 1]);
        prop_assert_eq!(unescaped, text);
        prop_assert!(!lossy);
    }

    #[test]
    fn escapes_agree_with_utf16(units in proptest::collection::vec(prop_oneof![any::<u16>(), 0xD700_u16..0xE100, Just(0)], 0..12)) {
        let escapes: Vec<_> = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
        let json = format!("\"{}\"", escapes.concat());
        let expected = String::from_utf16_lossy(&units);
        let lossy = String::from_utf16(&units).is_err();
        let inner = &json[1..json.len() - 1];
        prop_assert_eq!(unescape(inner), (expected.as_str().into(), lossy));
        let mended: String = serde_json::from_str(&raw_text(&json)).unwrap();
        prop_assert_eq!(&mended, &expected);
        let (Value::Text(stored), change) = json_text(&json, &limits(false)) else { panic!("{json}") };
        let stored: String = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(stored, expected.replace('\0', ""));
        prop_assert_eq!(change, (lossy || expected.contains('\0')).then_some(Change::Truncated));
    }

    #[test]
    fn nothing_panics_and_nulled_values_are_null(
        json in prop_oneof![
            any::<String>(),
            "\"[0-9+\\-:.,TZ BC]{0,40}\"?",
            "[-0-9.eE]{1,60}",
            "[\\[{\"\\\\u0d8-f,\u{E9}]{0,40}",
        ],
        holds_nul in any::<bool>(),
    ) {
        let limits = limits(holds_nul);
        let mut scratch = String::new();
        let mut casts: Vec<_> = KINDS.into_iter().map(|kind| scalar(kind, &json, &limits)).collect();
        casts.extend([csv(&json, &limits, &mut scratch), json_array(&json, &limits), json_text(&json, &limits)]);
        for (value, change) in casts {
            let nulled = matches!(change, Some(Change::WrongForm | Change::OutOfRange));
            prop_assert!(!nulled || value == Value::Null);
        }
        let _ = (raw_text(&json), key(&json), unescape(&json), elements_of(&json).0.map(Iterator::count));
    }
}
