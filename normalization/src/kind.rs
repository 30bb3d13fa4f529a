//! Column kinds: what a column holds, how kinds widen, the Arrow type of each.

use arrow_schema::{DataType, TimeUnit};
use serde::{Deserialize, Serialize};

/// Kind of a JSON scalar as its schema declares it, before any warehouse or option has had a say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScalarKind {
    /// `true` or `false`.
    Boolean,
    /// A whole number of 64 bits.
    Integer,
    /// A whole number beyond 64 bits.
    BigInteger,
    /// Any JSON number.
    Number,
    /// A calendar date.
    Date,
    /// A point in time.
    TimestampTz,
    /// A clock time on a date, without zone.
    Timestamp,
    /// A clock time with its offset.
    TimeTz,
    /// A clock time.
    Time,
    /// Text.
    String,
}

impl ScalarKind {
    /// The narrowest kind that holds every value of both.
    ///
    /// Law: commutative, associative, idempotent; `String` is the top.
    /// Integer < big integer < number < string; every other pair of different kinds is String.
    #[must_use]
    pub fn widen(self, other: Self) -> Self {
        use ScalarKind::{BigInteger, Integer, Number, String};
        match (self, other) {
            (a, b) if a == b => a,
            (Integer | BigInteger, Integer | BigInteger) => BigInteger,
            (Integer | BigInteger | Number, Integer | BigInteger | Number) => Number,
            _ => String,
        }
    }
}

/// Kind of a column in a warehouse: a [`ScalarKind`] after the options and the warehouse's limits have decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// One scalar.
    Scalar(ScalarColumn),
    /// Scalars joined with commas, quoted by RFC 4180.
    CsvArray,
    /// An array of scalars kept as JSON.
    JsonArray,
    /// A native list of scalars.
    List(ScalarColumn),
    /// Any JSON value, as the warehouse's queries like it best.
    Json,
    /// A JSON value that is kept as it was written: key order, duplicate keys, number text.
    Document,
    /// A 128-bit id.
    Uuid,
}

/// Kind of one scalar in a warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScalarColumn {
    /// `true` or `false`.
    Boolean,
    /// 64-bit whole number.
    Integer,
    /// 128-bit whole number, carried as decimal text.
    HugeInteger,
    /// Whole number of any length, carried as decimal text.
    NumericInteger,
    /// IEEE 754 double.
    Double,
    /// `DECIMAL(38,9)`.
    Decimal,
    /// Decimal number of any length, exact, carried as decimal text.
    Numeric,
    /// Days since 1970-01-01.
    Date,
    /// Microseconds since 1970-01-01T00:00:00Z.
    TimestampTz,
    /// Microseconds since 1970-01-01T00:00:00, clock time.
    Timestamp,
    /// Clock time with offset, carried as text `HH:MM:SS[.ffffff]±HH:MM`.
    TimeTz,
    /// Microseconds since midnight.
    Time,
    /// Text.
    String,
}

impl ScalarColumn {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Boolean,
        Self::Integer,
        Self::HugeInteger,
        Self::NumericInteger,
        Self::Double,
        Self::Decimal,
        Self::Numeric,
        Self::Date,
        Self::TimestampTz,
        Self::Timestamp,
        Self::TimeTz,
        Self::Time,
        Self::String,
    ];

    /// Whether this is another kind that `self` widens to, and that has a value for each of its values.
    #[must_use]
    pub fn widens_to(self, wider: Self) -> bool {
        use ScalarColumn::{Decimal, Double, HugeInteger, Integer, Numeric, NumericInteger, String};
        match (self, wider) {
            (String, _) => false,
            (_, String)
            | (Integer, HugeInteger | NumericInteger | Double | Decimal | Numeric)
            | (HugeInteger | NumericInteger, Double | Numeric) => true,
            _ => false,
        }
    }

    /// The Arrow type that batches carry this kind in.
    #[must_use]
    pub fn arrow_type(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Integer => DataType::Int64,
            Self::Double => DataType::Float64,
            Self::Decimal => DataType::Decimal128(38, 9),
            Self::Date => DataType::Date32,
            Self::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::HugeInteger | Self::NumericInteger | Self::Numeric | Self::TimeTz | Self::String => DataType::Utf8,
        }
    }
}
