//! DuckDB's dialect.

use crate::kind::{ColumnKind, ScalarColumn};
use crate::limits::Limits;
use crate::names::{IdentifierLength, IdentifierRules};
use crate::sql::Dialect;

/// DuckDB, embedded or MotherDuck.
#[derive(Debug, Clone, Copy, Default)]
pub struct DuckDb;

static LIMITS: Limits = Limits {
    identifiers: IdentifierRules {
        longest: IdentifierLength::Characters(255),
        ignores_case: true,
        taken_columns: &["rowid"],
    },
    has_numeric: false,
    holds_nul: true,
    field_bytes: u32::MAX as usize,
    dates: (-2_147_483_646, 2_147_483_646),
    timestamps: (-9_223_372_022_400_000_000, 9_223_372_036_854_775_806),
};

impl Dialect for DuckDb {
    fn limits(&self) -> &Limits {
        &LIMITS
    }

    fn column_type(&self, kind: ColumnKind) -> String {
        match kind {
            ColumnKind::Scalar(scalar) => scalar_type(scalar).to_owned(),
            ColumnKind::List(scalar) => format!("{}[]", scalar_type(scalar)),
            ColumnKind::CsvArray => "VARCHAR".to_owned(),
            ColumnKind::JsonArray | ColumnKind::Json => "JSON".to_owned(),
            ColumnKind::Uuid => "UUID".to_owned(),
        }
    }
}

fn scalar_type(scalar: ScalarColumn) -> &'static str {
    match scalar {
        ScalarColumn::Boolean => "BOOLEAN",
        ScalarColumn::Integer => "BIGINT",
        ScalarColumn::HugeInteger | ScalarColumn::NumericInteger => "HUGEINT",
        ScalarColumn::Double => "DOUBLE",
        ScalarColumn::Decimal | ScalarColumn::Numeric => "DECIMAL(38,9)",
        ScalarColumn::Date => "DATE",
        ScalarColumn::TimestampTz => "TIMESTAMP WITH TIME ZONE",
        ScalarColumn::Timestamp => "TIMESTAMP",
        ScalarColumn::TimeTz => "TIME WITH TIME ZONE",
        ScalarColumn::Time => "TIME",
        ScalarColumn::String => "VARCHAR",
    }
}
