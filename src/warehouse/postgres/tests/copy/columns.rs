//! Columns of any kind, each value twice: in an Arrow array, and as an expression that the server makes it of.

use std::fmt::Debug;
use std::sync::Arc;

use alluvium_normalization::sql::Dialect as _;
use alluvium_normalization::sql::postgres::Postgres;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, FixedSizeBinaryArray, Float64Array, Int64Array, ListArray, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::Field;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) sql_type: String,
    pub(super) array: ArrayRef,
    pub(super) expressions: Vec<String>,
}

impl Column {
    fn new<T>(sql_type: &str, array: ArrayRef, values: &[Option<T>], expression: impl Fn(&T) -> String) -> Self {
        let null = || format!("NULL::{sql_type}");
        let expressions = values.iter().map(|value| value.as_ref().map_or_else(null, &expression)).collect();
        Self { sql_type: sql_type.to_owned(), array, expressions }
    }

    /// Of texts that mean to the server what they mean to us.
    fn of_texts(sql_type: &str, values: &[Option<String>]) -> Self {
        let array = Arc::new(values.iter().map(Option::as_deref).collect::<StringArray>());
        Self::new(sql_type, array, values, |text| format!("{}::{sql_type}", Postgres::default().literal(text)))
    }

    /// A list of so many of the values a row, or NULL.
    fn into_lists(self, lengths: &[Option<usize>]) -> Self {
        let sql_type = format!("{}[]", self.sql_type);
        let mut rest = self.expressions.as_slice();
        let expressions = lengths.iter().map(|length| {
            let Some(length) = length else { return format!("NULL::{sql_type}") };
            let (elements, after) = rest.split_at(*length);
            rest = after;
            format!("ARRAY[{}]::{sql_type}", elements.join(", "))
        });
        let expressions = expressions.collect();
        let offsets = OffsetBuffer::from_lengths(lengths.iter().map(|length| length.unwrap_or(0)));
        let nulls: NullBuffer = lengths.iter().map(Option::is_some).collect();
        let item = Arc::new(Field::new("item", self.array.data_type().clone(), true));
        let array = Arc::new(ListArray::new(item, offsets, self.array, Some(nulls)));
        Self { sql_type, array, expressions }
    }
}

pub(super) fn booleans(values: &[Option<bool>]) -> Column {
    Column::new("boolean", Arc::new(BooleanArray::from(values.to_vec())), values, |value| format!("({value})"))
}

pub(super) fn integers(values: &[Option<i64>]) -> Column {
    Column::new("bigint", Arc::new(Int64Array::from(values.to_vec())), values, |value| format!("'{value}'::bigint"))
}

fn doubles(values: &[Option<f64>]) -> Column {
    let name = |value: f64| {
        if value.is_infinite() { value.to_string().replace("inf", "Infinity") } else { format!("{value:e}") }
    };
    Column::new("double precision", Arc::new(Float64Array::from(values.to_vec())), values, |value| {
        format!("'{}'::double precision", name(*value))
    })
}

/// Of days since 1970-01-01, which the server counts on from another.
fn dates(values: &[Option<i32>]) -> Column {
    Column::new("date", Arc::new(Date32Array::from(values.to_vec())), values, |days| {
        format!("DATE '2000-01-01' + ({})", days - 10_957)
    })
}

const DAY: i128 = 86_400_000_000;

/// Of microseconds since 1970-01-01, carried modulo 2^64.
#[allow(clippy::cast_possible_truncation)]
fn timestamps(zone: &str, values: &[Option<i128>]) -> Column {
    let sql_type = format!("timestamp {zone} time zone");
    let carried: TimestampMicrosecondArray = values.iter().map(|value| value.map(|micros| micros as i64)).collect();
    let array = if zone == "with" { carried.with_timezone("UTC") } else { carried };
    Column::new(&sql_type, Arc::new(array), values, |micros| {
        let (days, clock) = (micros.div_euclid(DAY) - 10_957, micros.rem_euclid(DAY));
        format!("{sql_type} '2000-01-01' + make_interval(days => {days}) + INTERVAL '{}'", clock_text(clock))
    })
}

fn times(values: &[Option<i64>]) -> Column {
    let array = Arc::new(Time64MicrosecondArray::from(values.to_vec()));
    Column::new("time without time zone", array, values, |micros| format!("TIME '{}'", clock_text((*micros).into())))
}

fn clock_text(micros: i128) -> String {
    let seconds = micros / 1_000_000;
    format!("{:02}:{:02}:{:02}.{:06}", seconds / 3600, seconds / 60 % 60, seconds % 60, micros % 1_000_000)
}

fn uuids(values: &[Option<u128>]) -> Column {
    let bytes = values.iter().map(|value| value.map(u128::to_be_bytes));
    let array = FixedSizeBinaryArray::try_from_sparse_iter_with_size(bytes, 16).unwrap();
    Column::new("uuid", Arc::new(array), values, |id| format!("'{id:032x}'::uuid"))
}

pub(super) fn texts(values: &[Option<String>]) -> Column {
    Column::of_texts("text", values)
}

/// A column of as many rows.
pub(super) fn column(rows: usize) -> impl Strategy<Value = Column> {
    prop_oneof![3 => scalars(rows), 1 => documents(rows), 2 => lists(rows)]
}

fn lists(rows: usize) -> impl Strategy<Value = Column> {
    vec(prop::option::weighted(0.8, 0_usize..4), rows).prop_flat_map(|lengths| {
        let values = lengths.iter().flatten().sum();
        scalars(values).prop_map(move |values| values.into_lists(&lengths))
    })
}

fn scalars(rows: usize) -> impl Strategy<Value = Column> {
    const FIRST: i128 = -210_866_803_200_000_000;
    const LAST: i128 = 9_224_318_015_999_999_999;
    fn between<T: Copy + Debug + 'static>(edges: &[T], range: impl Strategy<Value = T> + 'static) -> BoxedStrategy<T> {
        prop_oneof![1 => select(edges.to_vec()), 3 => range].boxed()
    }
    let instants = || between(&[FIRST, FIRST + 1, -1, 0, i64::MAX.into(), LAST], FIRST..=LAST);
    let recent = || between(&[0], 0..2_000_000_000_000_000_i128);
    let subnormal = (0_u64..1 << 52).prop_map(f64::from_bits);
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::MIN, 0.1];
    let double = prop_oneof![select(odd.to_vec()), any::<f64>(), subnormal];
    let days = between(&[-2_440_588, 2_145_042_905, 0, -1, 10_957], -2_440_588..=2_145_042_905);
    let clock = || between(&[0, 86_399_999_999], 0..86_400_000_000_i64);
    prop_oneof![
        of(rows, any::<bool>(), booleans),
        of(rows, any::<i64>(), integers),
        of(rows, double, doubles),
        of(rows, days, dates),
        of(rows, prop_oneof![instants(), recent()], |values| timestamps("with", values)),
        of(rows, prop_oneof![instants(), recent()], |values| timestamps("without", values)),
        of(rows, clock(), times),
        of(rows, clock_with_offset(clock()), |values| Column::of_texts("time with time zone", values)),
        of(rows, any::<u128>(), uuids),
        of(rows, text(), texts),
        of(rows, decimal(), |values| Column::of_texts("numeric", values)),
        // what a column of whole numbers became
        of(rows, any::<i64>(), |values| Column { sql_type: "numeric".to_owned(), ..integers(values) }),
    ]
}

fn documents(rows: usize) -> impl Strategy<Value = Column> {
    prop_oneof![
        of(rows, json(), |values| Column::of_texts("json", values)),
        of(rows, json(), |values| Column::of_texts("jsonb", values)),
    ]
}

fn of<T: Debug + 'static>(
    rows: usize,
    value: impl Strategy<Value = T> + 'static,
    column: impl Fn(&[Option<T>]) -> Column + 'static,
) -> BoxedStrategy<Column> {
    vec(prop::option::weighted(0.8, value), rows).prop_map(move |values| column(&values)).boxed()
}

/// Any text that Postgres holds.
fn text() -> impl Strategy<Value = String> {
    let character =
        prop_oneof![any::<char>(), select(vec!['\'', '"', '\\', '\n', '\r', '\t', '\u{1}', '😀', '\u{FEFF}'])];
    let character = character.prop_filter("no U+0000", |character| *character != '\0');
    prop_oneof![9 => vec(character, 0..20).prop_map(String::from_iter), 1 => "[a-z]{0,4000}"]
}

/// Canonical decimal text.
fn decimal() -> impl Strategy<Value = String> {
    let digits =
        |most: usize| prop_oneof![4 => vec(0_u8..10, 0..12), 1 => vec(0_u8..10, 0..most), 1 => vec(Just(0_u8), 0..30)];
    (any::<bool>(), digits(400), digits(400), 0_usize..10, 0_usize..10).prop_map(
        |(minus, whole, fraction, front, back)| {
            let text = |digits: &[u8]| digits.iter().map(|digit| char::from(b'0' + digit)).collect::<String>();
            let whole = text(&whole);
            let whole = if whole.trim_start_matches('0').is_empty() { "0" } else { whole.trim_start_matches('0') };
            let fraction = format!("{}{}{}", "0".repeat(front), text(&fraction), "0".repeat(back));
            let number = if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") };
            let is_zero = number.bytes().all(|byte| matches!(byte, b'0' | b'.'));
            if minus && !is_zero { format!("-{number}") } else { number }
        },
    )
}

fn clock_with_offset(clock: impl Strategy<Value = i64>) -> impl Strategy<Value = String> {
    let offset = prop_oneof![select(vec![-959_i32, 959, 0]), -959..=959];
    (clock, offset, 0_usize..=6).prop_map(|(micros, minutes, places)| {
        let clock = clock_text(micros.into());
        let fraction = if places == 0 { 0 } else { places + 1 };
        let (sign, minutes) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
        format!("{}{sign}{:02}:{:02}", &clock[..8 + fraction], minutes / 60, minutes % 60)
    })
}

fn json() -> impl Strategy<Value = String> {
    let string = text().prop_map(|text| serde_json::to_string(&text).unwrap()).boxed();
    let leaf = prop_oneof![
        select(vec!["null", "true", "false", "[]", "{}", "-0", "1E+2", "1.50", "\"\\ud83d\\ude00\"", " [ 1 ] "])
            .prop_map(str::to_owned),
        decimal(),
        string.clone(),
    ];
    leaf.prop_recursive(3, 20, 4, move |inner| {
        let member = (string.clone(), inner.clone()).prop_map(|(key, value)| format!("{key}: {value}"));
        prop_oneof![
            vec(inner, 0..4).prop_map(|elements| format!("[{}]", elements.join(","))),
            vec(member, 0..4).prop_map(|members| format!("{{{}}}", members.join(" , "))),
        ]
    })
}
