//! DuckDB's dialect.

/// What Basic Normalization knew of it.
mod basic;

use crate::kind::{ColumnKind, ScalarColumn};
use crate::limits::{JSON_DEPTH, Limits};
use crate::names::{IdentifierLength, IdentifierRules};
use crate::sql::{Contents, Dialect, TableName};

/// DuckDB, embedded or MotherDuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DuckDb {
    /// The database's format has zstd (1.2 and later). In an older one the word is taken and nothing is compressed.
    pub has_zstd: bool,
    /// A row's number stands for it within a transaction, as it does in a file.
    pub has_row_numbers: bool,
}

impl Default for DuckDb {
    fn default() -> Self {
        Self { has_zstd: true, has_row_numbers: true }
    }
}

/// Stands for the catalog of temporary tables, which has no schema of a name of its own.
const SESSION_SCHEMA: &str = "_airbyte_session";

static LIMITS: Limits = Limits {
    identifiers: IdentifierRules {
        longest: IdentifierLength::Characters(255),
        ignores_case: true,
        taken_columns: &["rowid"],
        basic: &basic::RULES,
    },
    columns: None,
    has_numeric: false,
    json_depth: JSON_DEPTH,
    binary_json: None,
    holds_nul: true,
    // Texts of a batch lie behind each other, by offsets of 31 bits: a long one needs room beside those that came before.
    field_bytes: (1 << 31) - (64 << 20),
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
            ColumnKind::JsonArray | ColumnKind::Json | ColumnKind::Document => "JSON".to_owned(),
            ColumnKind::Uuid => "UUID".to_owned(),
        }
    }

    /// Records are long and alike: zstd takes a third of the time and half of the room of what DuckDB would try out. Ids of records
    /// are so different that what it would find to pack in them is worth less than a tenth of the time of loading.
    fn storage(&self, contents: Contents) -> &'static str {
        match contents {
            Contents::Documents if self.has_zstd => " USING COMPRESSION zstd",
            Contents::Documents => "",
            Contents::RecordIds => " USING COMPRESSION uncompressed",
        }
    }

    /// Where the key has to be read from the file, the number of a row is known without that.
    fn row_address(&self) -> Option<(&'static str, ColumnKind)> {
        self.has_row_numbers.then_some(("rowid", ColumnKind::Scalar(ScalarColumn::Integer)))
    }

    fn epoch_micros(&self, column: &str) -> Option<String> {
        Some(format!("epoch_us({column})"))
    }

    fn hash(&self, text: &str) -> String {
        format!("hash({text})")
    }

    fn session_schema(&self) -> &str {
        SESSION_SCHEMA
    }

    /// Temporary tables are named with their catalog, `temp` alone could also be a schema of the user's.
    fn relation(&self, table: &TableName) -> String {
        let schema = if table.schema == SESSION_SCHEMA { "temp.main".to_owned() } else { self.quote(&table.schema) };
        format!("{schema}.{}", self.quote(&table.name))
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
