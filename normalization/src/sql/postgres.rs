//! Postgres's dialect: versions 13 to 17.

use crate::kind::{ColumnKind, ScalarColumn};
use crate::limits::Limits;
use crate::names::{IdentifierLength, IdentifierRules};
use crate::sql::Dialect;

/// A Postgres server. Types are spelled as `format_type` spells them, so that a column's type can be compared as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Postgres;

static LIMITS: Limits = Limits {
    identifiers: IdentifierRules {
        longest: IdentifierLength::Bytes(63),
        ignores_case: false,
        taken_columns: &["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"],
    },
    has_numeric: true,
    holds_nul: false,
    // One byte less than 1 GB is the longest allocation; a value has a header of four.
    field_bytes: (1 << 30) - 5,
    // 4714-11-24 BC to 5874897-12-31
    dates: (-2_440_588, 2_145_042_905),
    // 4714-11-24 BC to the last microsecond of 294276 AD
    timestamps: (-210_866_803_200_000_000, 9_224_318_015_999_999_999),
};

impl Dialect for Postgres {
    fn limits(&self) -> &Limits {
        &LIMITS
    }

    fn column_type(&self, kind: ColumnKind) -> String {
        match kind {
            ColumnKind::Scalar(scalar) => scalar_type(scalar).to_owned(),
            ColumnKind::List(scalar) => format!("{}[]", scalar_type(scalar)),
            ColumnKind::CsvArray => "text".to_owned(),
            ColumnKind::JsonArray | ColumnKind::Json => "jsonb".to_owned(),
            ColumnKind::Document => "json".to_owned(),
            ColumnKind::Uuid => "uuid".to_owned(),
        }
    }

    fn session_schema(&self) -> &'static str {
        "pg_temp"
    }
}

fn scalar_type(scalar: ScalarColumn) -> &'static str {
    match scalar {
        ScalarColumn::Boolean => "boolean",
        ScalarColumn::Integer => "bigint",
        ScalarColumn::HugeInteger | ScalarColumn::NumericInteger | ScalarColumn::Decimal | ScalarColumn::Numeric => {
            "numeric"
        }
        ScalarColumn::Double => "double precision",
        ScalarColumn::Date => "date",
        ScalarColumn::TimestampTz => "timestamp with time zone",
        ScalarColumn::Timestamp => "timestamp without time zone",
        ScalarColumn::TimeTz => "time with time zone",
        ScalarColumn::Time => "time without time zone",
        ScalarColumn::String => "text",
    }
}
