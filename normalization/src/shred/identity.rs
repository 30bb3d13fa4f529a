//! Ids of rows and keys: 128-bit hashes whose input can't be read in two ways.

use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_128_with_seed};

use crate::cast::Value;
use crate::kind::{ColumnKind, ScalarColumn};

/// Id of the root row of a record, or with a position or child path below it: `_airbyte_<table>_hashid`.
///
/// A chain: a child's id is the hash of its parent's id and its own position, seeded by its table's source path. So it
/// is a function of (root id, path, positions) and the same whenever the record is typed again.
#[must_use]
pub fn row_id(table_seed: u64, parent: u128, position: Option<u64>) -> u128 {
    let mut input = [0; 25];
    input[..16].copy_from_slice(&parent.to_be_bytes());
    if let Some(position) = position {
        input[16] = 1;
        input[17..].copy_from_slice(&position.to_be_bytes());
    }
    xxh3_128_with_seed(&input, table_seed)
}

/// Seed of the row ids of the table at a source path below its stream.
pub(super) fn table_seed(path: &[String]) -> u64 {
    let mut input = b"row".to_vec();
    for part in path {
        input.extend_from_slice(&(part.len() as u64).to_be_bytes());
        input.extend_from_slice(part.as_bytes());
    }
    xxh3_64(&input)
}

/// `_airbyte_unique_key`: hash of the primary key's typed values, kind-tagged and length-prefixed, nulls included.
#[derive(Default)]
pub(super) struct KeyHash(Xxh3);

/// Tags of what a key part is, so that 1 and "1" and NULL are different keys.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Tag {
    Null = 0,
    Boolean = 1,
    Integer = 2,
    BigInteger = 3,
    Number = 4,
    Date = 5,
    TimestampTz = 6,
    Timestamp = 7,
    TimeTz = 8,
    Time = 9,
    String = 10,
    Array = 11,
    Json = 12,
    /// The JSON text of a value that its column can't hold.
    Unheld = 13,
}

impl KeyHash {
    pub(super) fn add_null(&mut self) {
        self.add(Tag::Null, &[]);
    }

    pub(super) fn add_unheld(&mut self, json: &str) {
        self.add(Tag::Unheld, json.as_bytes());
    }

    pub(super) fn add_text(&mut self, kind: ColumnKind, text: &str) {
        self.add(tag(kind), text.as_bytes());
    }

    pub(super) fn add_value(&mut self, kind: ScalarColumn, value: &Value<'_>) {
        let tag = tag(ColumnKind::Scalar(kind));
        match value {
            Value::Null => self.add_null(),
            Value::Boolean(value) => self.add(tag, &[u8::from(*value)]),
            Value::Integer(value) | Value::Micros(value) => self.add(tag, &value.to_be_bytes()),
            // -0.0 and 0.0 are one number
            Value::Double(value) => self.add(tag, &(value + 0.0).to_be_bytes()),
            Value::Decimal(value) => self.add(tag, &value.to_be_bytes()),
            Value::Days(value) => self.add(tag, &value.to_be_bytes()),
            Value::Text(text) => self.add(tag, text.as_bytes()),
        }
    }

    pub(super) fn finish(&self) -> u128 {
        self.0.digest128()
    }

    fn add(&mut self, tag: Tag, bytes: &[u8]) {
        self.0.update(&[tag as u8]);
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }
}

fn tag(kind: ColumnKind) -> Tag {
    match kind {
        ColumnKind::Scalar(scalar) => match scalar {
            ScalarColumn::Boolean => Tag::Boolean,
            ScalarColumn::Integer => Tag::Integer,
            ScalarColumn::HugeInteger | ScalarColumn::NumericInteger => Tag::BigInteger,
            ScalarColumn::Double | ScalarColumn::Decimal | ScalarColumn::Numeric => Tag::Number,
            ScalarColumn::Date => Tag::Date,
            ScalarColumn::TimestampTz => Tag::TimestampTz,
            ScalarColumn::Timestamp => Tag::Timestamp,
            ScalarColumn::TimeTz => Tag::TimeTz,
            ScalarColumn::Time => Tag::Time,
            ScalarColumn::String => Tag::String,
        },
        ColumnKind::CsvArray | ColumnKind::JsonArray | ColumnKind::List(_) => Tag::Array,
        ColumnKind::Json | ColumnKind::Document => Tag::Json,
        ColumnKind::Uuid => Tag::String,
    }
}
