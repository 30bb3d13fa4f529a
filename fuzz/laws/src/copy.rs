//! What goes to Postgres, decoded again: each value of a batch comes back, or is refused because its text is not in its
//! column's form. The input is one value a line, tried as each of the types.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, FixedSizeBinaryArray, Float64Array, Int64Array, ListArray, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow_schema::DataType;
use tokio_postgres::types::{Kind, Type};

use crate::cells::cell;
use crate::postgres_copy::encoded;

pub(crate) fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let lines: Vec<Option<&str>> = text.split('\n').map(|line| (line != "NULL").then_some(line)).collect();
    for target in [Type::TEXT, Type::VARCHAR, Type::JSON, Type::JSONB] {
        decodes(&(Arc::new(StringArray::from(lines.clone())) as ArrayRef), &target);
    }
    for (target, is_canonical) in [(Type::NUMERIC, is_decimal as fn(&str) -> bool), (Type::TIMETZ, is_time)] {
        for line in &lines {
            let array: ArrayRef = Arc::new(StringArray::from(vec![None, *line, None]));
            match line {
                Some(line) if !is_canonical(line) => assert_eq!(encoded(&array, &target), None, "{line:?}"),
                _ => decodes(&array, &target),
            }
        }
    }
    // eight bytes of a line are any number
    let number = |line: &&str| {
        let mut bytes = [0; 8];
        line.bytes().zip(&mut bytes).for_each(|(byte, place)| *place = byte);
        i64::from_le_bytes(bytes)
    };
    let numbers: Vec<Option<i64>> = lines.iter().map(|line| line.as_ref().map(number)).collect();
    let integers = Int64Array::from(numbers.clone());
    #[allow(clippy::cast_possible_truncation)]
    let days: Date32Array = numbers.iter().map(|number| number.map(|number| number as i32)).collect();
    let doubles: Float64Array =
        numbers.iter().map(|number| number.map(|bits| f64::from_bits(bits.cast_unsigned()))).collect();
    let booleans: BooleanArray = numbers.iter().map(|number| number.map(|number| number % 2 == 0)).collect();
    let micros = TimestampMicrosecondArray::from(numbers.clone());
    let ids = numbers.iter().map(|number| number.map(|number| [number.to_be_bytes(), number.to_le_bytes()].concat()));
    let ids = FixedSizeBinaryArray::try_from_sparse_iter_with_size(ids, 16).unwrap();
    let cut = numbers.len() / 2;
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>([
        Some(numbers[..cut].to_vec()),
        None,
        Some(Vec::new()),
        Some(numbers[cut..].to_vec()),
    ]);
    let columns: [(ArrayRef, Type); 11] = [
        (Arc::new(integers.clone()), Type::INT8),
        (Arc::new(integers), Type::NUMERIC),
        (Arc::new(days), Type::DATE),
        (Arc::new(doubles), Type::FLOAT8),
        (Arc::new(booleans), Type::BOOL),
        (Arc::new(micros.clone()), Type::TIMESTAMP),
        (Arc::new(micros.with_timezone("UTC")), Type::TIMESTAMPTZ),
        (Arc::new(Time64MicrosecondArray::from(numbers)), Type::TIME),
        (Arc::new(ids.clone()), Type::UUID),
        (Arc::new(ids), Type::TEXT),
        (Arc::new(list), Type::INT8_ARRAY),
    ];
    for (array, target) in columns {
        decodes(&array, &target);
    }
}

/// All that is encoded is the column, and nothing is left over.
pub(crate) fn decodes(array: &ArrayRef, target: &Type) {
    let bytes = encoded(array, target).unwrap();
    let mut bytes = Bytes(&bytes);
    for row in 0..array.len() {
        let value = bytes.value();
        assert_eq!(
            value.map(|value| shown(value, array, target)),
            canonical(array, row, target),
            "row {row} of {target}"
        );
    }
    assert!(bytes.0.is_empty());
}

/// What the column has, in one text for each value.
fn canonical(array: &dyn Array, row: usize, target: &Type) -> Option<String> {
    let text = cell(array, row)?;
    Some(match *target {
        Type::NUMERIC => decimal(&text),
        Type::TIMETZ => time(&text),
        _ => match target.kind() {
            Kind::Array(element) => {
                let list = array.as_list::<i32>().value(row);
                format!("{:?}", (0..list.len()).map(|index| canonical(&list, index, element)).collect::<Vec<_>>())
            }
            _ => text,
        },
    })
}

/// Numbers and values, one after the other.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn number<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).try_into().unwrap()
    }

    fn int(&mut self) -> i32 {
        i32::from_be_bytes(self.number())
    }

    fn long(&mut self) -> i64 {
        i64::from_be_bytes(self.number())
    }

    fn short(&mut self) -> u16 {
        u16::from_be_bytes(self.number())
    }

    /// A value behind its length.
    fn value(&mut self) -> Option<&'a [u8]> {
        let length = self.int();
        if length == -1 { None } else { Some(self.take(usize::try_from(length).unwrap())) }
    }
}

/// A value as Postgres understands it, in the words of [`canonical`].
fn shown(value: &[u8], array: &dyn Array, target: &Type) -> String {
    let mut bytes = Bytes(value);
    let shown = match *target {
        Type::BOOL => (bytes.number::<1>() == [1]).to_string(),
        Type::FLOAT8 => f64::from_be_bytes(bytes.number()).to_bits().to_string(),
        // counted from 2000, carried modulo their width
        Type::DATE => bytes.int().wrapping_add(10_957).to_string(),
        Type::TIMESTAMP | Type::TIMESTAMPTZ => bytes.long().wrapping_add(10_957 * 86_400_000_000).to_string(),
        Type::INT8 | Type::TIME => bytes.long().to_string(),
        Type::TIMETZ => {
            let (micros, west) = (bytes.long(), bytes.int());
            format!("{micros} {}", -west)
        }
        Type::NUMERIC => numeric(&mut bytes),
        Type::UUID => format!("{:?}", bytes.number::<16>()),
        Type::JSONB => {
            assert_eq!(bytes.number::<1>(), [1]);
            text(&mut bytes)
        }
        _ => match (target.kind(), array.data_type()) {
            (Kind::Array(element), _) => list(&mut bytes, array.as_list::<i32>().values(), element),
            (_, DataType::FixedSizeBinary(_)) => {
                let hex = text(&mut bytes).replace('-', "");
                format!("{:?}", u128::from_str_radix(&hex, 16).unwrap().to_be_bytes())
            }
            _ => text(&mut bytes),
        },
    };
    assert!(bytes.0.is_empty());
    shown
}

fn text(bytes: &mut Bytes<'_>) -> String {
    std::str::from_utf8(std::mem::take(&mut bytes.0)).unwrap().to_owned()
}

fn list(bytes: &mut Bytes<'_>, values: &dyn Array, element: &Type) -> String {
    let (dimensions, _, oid) = (bytes.int(), bytes.int(), bytes.int());
    assert_eq!(oid.cast_unsigned(), element.oid());
    let length = if dimensions == 0 { 0 } else { bytes.int() };
    if dimensions > 0 {
        assert_eq!((dimensions, bytes.int()), (1, 1));
    }
    let element = |_| bytes.value().map(|value| shown(value, values, element));
    format!("{:?}", (0..length).map(element).collect::<Vec<_>>())
}

/// Groups of four digits, the first worth 10000^weight, shown to so many digits behind the point.
fn numeric(bytes: &mut Bytes<'_>) -> String {
    let (groups, weight, sign, scale) = (bytes.short(), bytes.short().cast_signed(), bytes.short(), bytes.short());
    let digits: Vec<String> = (0..groups).map(|_| format!("{:04}", bytes.short())).collect();
    let digits = digits.concat();
    let (whole, fraction) = digits.split_at((usize::try_from(weight).unwrap() + 1) * 4);
    let whole = whole.trim_start_matches('0');
    let (kept, padding) = fraction.split_at(usize::from(scale));
    assert!(padding.bytes().all(|digit| digit == b'0') && padding.len() < 4);
    let sign = if sign == 0x4000 { "-" } else { "" };
    let point = if kept.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{kept}", if whole.is_empty() { "0" } else { whole })
}

/// Without zeros in front.
fn decimal(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let digits = digits.trim_start_matches('0');
    let zero = if digits.is_empty() || digits.starts_with('.') { "0" } else { "" };
    format!("{sign}{zero}{digits}")
}

/// Microseconds since midnight, and seconds east of UTC.
fn time(text: &str) -> String {
    let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let end = text.len();
    let fraction = format!("{:0<6}", text[8..end - 6].trim_start_matches('.'));
    let seconds = number(0..2) * 3600 + number(3..5) * 60 + number(6..8);
    let offset = number(end - 5..end - 3) * 3600 + number(end - 2..end) * 60;
    let offset = if text[..end - 5].ends_with('-') { -offset } else { offset };
    format!("{} {offset}", seconds * 1_000_000 + fraction.parse::<i64>().unwrap())
}

/// `[-]digits[.digits]`, of a length that fits.
fn is_decimal(text: &str) -> bool {
    let (whole, fraction) = match text.strip_prefix('-').unwrap_or(text).split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return false,
        None => (text.strip_prefix('-').unwrap_or(text), ""),
    };
    !whole.is_empty()
        && whole.len() + fraction.len() < 60_000
        && [whole, fraction].concat().bytes().all(|byte| byte.is_ascii_digit())
}

/// `HH:MM:SS[.ffffff]±HH:MM`.
fn is_time(text: &str) -> bool {
    let shape: String =
        text.chars().map(|character| if character.is_ascii_digit() { '0' } else { character }).collect();
    let Some(zone) = shape.len().checked_sub(6).and_then(|at| shape.get(at..)) else { return false };
    let clock = &shape[..shape.len() - 6];
    let has_fraction = || {
        let fraction = clock.strip_prefix("00:00:00.");
        fraction.is_some_and(|digits| (1..=6).contains(&digits.len()) && digits.bytes().all(|digit| digit == b'0'))
    };
    ["+00:00", "-00:00"].contains(&zone) && (clock == "00:00:00" || has_fraction())
}
