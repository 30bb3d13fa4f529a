//! Postgres's dialect: versions 13 to 17.

/// What Basic Normalization knew of it.
mod basic;
/// Plain views that show a column.
mod views;

pub use self::views::VIEW_STAYS;

use crate::kind::{ColumnKind, ScalarColumn};
use crate::limits::{BinaryJson, JSON_DEPTH, Limits};
use crate::names::{IdentifierLength, IdentifierRules};
use crate::sql::internal::internal_name;
use crate::sql::{Dialect, TableName, rename_column};

/// A Postgres server. Types are spelled as `format_type` spells them, so that a column's type can be compared as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Postgres {
    /// A table of ours that is given up is dropped together with what depends on it.
    pub drop_cascade: bool,
}

/// Ways of joining that read the whole of a table. Without them an index is left.
const WHOLE_TABLE_JOINS: [&str; 2] = ["enable_hashjoin", "enable_mergejoin"];

static LIMITS: Limits = Limits {
    identifiers: IdentifierRules {
        longest: IdentifierLength::Bytes(63),
        ignores_case: false,
        taken_columns: &["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"],
        basic: &basic::RULES,
    },
    columns: Some(1_600),
    has_numeric: true,
    json_depth: JSON_DEPTH,
    // The length of a container has 28 bits, and reading one doubles the room for its parts (32 bytes an element, 72 a
    // member) up to 1 GB.
    binary_json: Some(BinaryJson { bytes: (1 << 28) - 1, elements: 1 << 24, members: 1 << 23 }),
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

    fn hash(&self, text: &str) -> String {
        format!("hashtextextended({text}, 0)")
    }

    fn session_schema(&self) -> &'static str {
        "pg_temp"
    }

    /// `IF NOT EXISTS` alone asks for the right to create schemas even where there is nothing to create.
    fn create_schema(&self, schema: &str) -> String {
        let schema = self.quote(schema);
        self.block(&format!(
            "BEGIN
  IF to_regnamespace({name}) IS NULL THEN
    CREATE SCHEMA IF NOT EXISTS {schema};
  END IF;
END",
            name = self.literal(&schema)
        ))
    }

    fn index(&self, table: &TableName, column: &str, unique: bool) -> Option<String> {
        // In the table's own schema, where names of indexes and tables meet.
        let name = internal_name(self, table, column.trim_start_matches('_'));
        let unique = if unique { "UNIQUE " } else { "" };
        let (name, relation, column) = (self.quote(&name), self.relation(table), self.quote(column));
        Some(format!("CREATE {unique}INDEX IF NOT EXISTS {name} ON {relation} ({column})"))
    }

    /// The planner takes a hundred thousand keys for reason enough to read a table of a million rows. That is faster only as
    /// long as the table is small and in memory, and would let every checkpoint take longer than the one before.
    fn by_index(&self, statement: String) -> Vec<String> {
        let set = |value: &str| WHOLE_TABLE_JOINS.map(|setting| format!("SET LOCAL {setting} = {value}"));
        set("off").into_iter().chain([statement]).chain(set("on")).collect()
    }

    /// Only a table with the same columns in the same order can take the place of another.
    fn create_like(&self, staged: &TableName, live: &TableName) -> Option<String> {
        let (staged, live) = (self.relation(staged), self.relation(live));
        Some(format!("CREATE TABLE {staged} (LIKE {live} INCLUDING ALL EXCLUDING INDEXES)"))
    }

    fn widen(&self, table: &TableName, column: &str, kind: ColumnKind, otherwise: &[String]) -> Vec<String> {
        let (relation, quoted, kind) = (self.relation(table), self.quote(column), self.column_type(kind));
        let change =
            format!("ALTER TABLE {relation} ALTER COLUMN {quoted} SET DATA TYPE {kind} USING CAST({quoted} AS {kind})");
        vec![self.beneath_views((table, column), &change, otherwise)]
    }

    /// A new column costs nothing, where another type would have every row written once more, and nobody could read meanwhile.
    fn retype(&self, table: &TableName, column: &str, kind: ColumnKind, retired: &str) -> (Vec<String>, Vec<String>) {
        let relation = self.relation(table);
        let [quoted, retired_quoted] = [column, retired].map(|name| self.quote(name));
        let (rename, kind) = (rename_column(self, table, column, retired), self.column_type(kind));
        let change = format!("{rename};\n  ALTER TABLE {relation} ADD COLUMN {quoted} {kind}");
        let before = vec![self.in_place_of((table, column), &change), self.grants_alike(table, retired, column)];
        let after = self.block(&format!(
            "BEGIN
  ALTER TABLE {relation} DROP COLUMN {retired_quoted};
EXCEPTION WHEN dependent_objects_still_exist THEN
  COMMENT ON COLUMN {relation}.{retired_quoted} IS NULL;
END"
        ));
        (before, vec![after])
    }

    fn made_way(&self, table: &TableName, former: &str, column: &str) -> Vec<String> {
        vec![self.grants_alike(table, former, column), self.tell_views(table, former, column)]
    }

    /// Where something of the user's depends on the table, a view most likely, it is emptied and stays.
    fn give_up(&self, table: &TableName) -> String {
        let relation = self.relation(table);
        if self.drop_cascade {
            return format!("DROP TABLE IF EXISTS {relation} CASCADE");
        }
        self.block(&format!(
            "BEGIN
  DROP TABLE IF EXISTS {relation};
EXCEPTION WHEN dependent_objects_still_exist THEN
  DELETE FROM {relation};
END"
        ))
    }

    /// Strings by code point, whatever the database's collation.
    fn sort_key(&self, column: &str, kind: ColumnKind) -> String {
        match kind {
            ColumnKind::Scalar(ScalarColumn::String) | ColumnKind::CsvArray => format!("{column} COLLATE \"C\""),
            ColumnKind::Json | ColumnKind::JsonArray | ColumnKind::Document | ColumnKind::List(_) => {
                format!("CAST({column} AS text) COLLATE \"C\"")
            }
            ColumnKind::Scalar(_) | ColumnKind::Uuid => column.to_owned(),
        }
    }
}

impl Postgres {
    /// A block of PL/pgSQL. Its body is a literal, which no name in it can end.
    fn block(self, body: &str) -> String {
        format!("DO {}", self.literal(body))
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
