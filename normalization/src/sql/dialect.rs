//! What differs between warehouses.

use crate::kind::ColumnKind;
use crate::limits::Limits;
use crate::sql::TableName;

/// What a column holds, where that is more than its kind says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// The records' own text.
    Documents,
    /// Ids of records.
    RecordIds,
}

/// How SQL is written for one warehouse. Defaults are ANSI; a dialect overrides what differs, and nothing outside its
/// file knows that it does. A hook is given the decision (a kind, a name, a value), never text of another dialect.
pub trait Dialect: Send + Sync {
    /// What the warehouse can hold.
    fn limits(&self) -> &Limits;

    /// The type of a column.
    fn column_type(&self, kind: ColumnKind) -> String;

    /// What follows the type of a column, to store well what it holds.
    fn storage(&self, contents: Contents) -> &'static str {
        let _ = contents;
        ""
    }

    /// What stands for a row in statements as long as nobody changes its table, and the kind of value that it is. `None`: a row
    /// is found as well by its key.
    fn row_address(&self) -> Option<(&'static str, ColumnKind)> {
        None
    }

    /// The schema that session-local tables are named in: gone with the connection, seen by no other.
    fn session_schema(&self) -> &str;

    /// An identifier, quoted.
    fn quote(&self, identifier: &str) -> String {
        format!("\"{}\"", identifier.replace('"', "\"\""))
    }

    /// A table, quoted and qualified.
    fn relation(&self, table: &TableName) -> String {
        format!("{}.{}", self.quote(&table.schema), self.quote(&table.name))
    }

    /// Creates a schema unless it is there.
    fn create_schema(&self, schema: &str) -> String {
        format!("CREATE SCHEMA IF NOT EXISTS {}", self.quote(schema))
    }

    /// A text literal that stands for exactly `value`, less U+0000, which no statement can carry.
    fn literal(&self, value: &str) -> String {
        format!("'{}'", value.replace('\0', "").replace('\'', "''"))
    }

    /// The statement that lets the rows of `table` be found by `column` at a cost that follows the rows found, unless that
    /// is so already. `unique`: no two rows have the same value. `None`: the warehouse has no use for it.
    fn index(&self, table: &TableName, column: &str, unique: bool) -> Option<String> {
        let _ = (table, column, unique);
        None
    }

    /// A statement that finds rows by a column that has an [`Dialect::index`], so that its cost follows the rows found and
    /// not the table.
    fn by_index(&self, statement: String) -> Vec<String> {
        vec![statement]
    }

    /// Creates `staged` with the columns of `live` and all that belongs to them. `None`: columns and types say it all.
    fn create_like(&self, staged: &TableName, live: &TableName) -> Option<String> {
        let _ = (staged, live);
        None
    }

    /// Gives a column of a table with rows the type of `kind`, which holds all its values; `otherwise` are the statements to
    /// run where that can't be.
    fn widen(&self, table: &TableName, column: &str, kind: ColumnKind, otherwise: &[String]) -> Vec<String> {
        let _ = otherwise;
        let (relation, column) = (self.relation(table), self.quote(column));
        vec![format!("ALTER TABLE {relation} ALTER COLUMN {column} SET DATA TYPE {}", self.column_type(kind))]
    }

    /// Gives a column of a table whose rows are about to be replaced the type of `kind`: what to run before the rows go, and
    /// what to run when the new ones are there. `retired` is how the column may be renamed meanwhile.
    fn retype(&self, table: &TableName, column: &str, kind: ColumnKind, retired: &str) -> (Vec<String>, Vec<String>) {
        let _ = retired;
        let (relation, column) = (self.relation(table), self.quote(column));
        let kind = self.column_type(kind);
        (vec![format!("ALTER TABLE {relation} ALTER COLUMN {column} SET DATA TYPE {kind} USING NULL")], Vec::new())
    }

    /// What else is to be done where the column `former` has made way, with its values, for a new one: grants on the column
    /// are the new one's too, and whatever shows the former one is told.
    fn made_way(&self, table: &TableName, former: &str, column: &str) -> Vec<String> {
        let _ = (table, former, column);
        Vec::new()
    }

    /// Drops a table of the user's that we made and no longer fill.
    fn give_up(&self, table: &TableName) -> String {
        format!("DROP TABLE IF EXISTS {}", self.relation(table))
    }

    /// The microseconds since 1970-01-01T00:00:00Z of a timestamp with zone, exactly, where that is cheaper than its text.
    fn epoch_micros(&self, column: &str) -> Option<String> {
        let _ = column;
        None
    }

    /// A number that two different texts hardly share.
    fn hash(&self, text: &str) -> String;

    /// What to order `column` by, given its kind: strings by code point, JSON as its text.
    fn sort_key(&self, column: &str, kind: ColumnKind) -> String {
        match kind {
            ColumnKind::Json | ColumnKind::JsonArray | ColumnKind::Document => {
                format!("CAST({column} AS {})", self.column_type(ColumnKind::CsvArray))
            }
            _ => column.to_owned(),
        }
    }
}
