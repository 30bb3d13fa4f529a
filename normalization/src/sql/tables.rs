//! Creating, extending and dropping tables.

use crate::catalog::StreamName;
use crate::kind::ColumnKind;
use crate::plan::{Column, Table};
use crate::sql::keys::CURSOR;
use crate::sql::text::listed;
use crate::sql::{Dialect, StreamSql, TableName, Targets};

/// Creates a schema unless it is there.
#[must_use]
pub fn create_schema(dialect: &dyn Dialect, schema: &str) -> String {
    format!("CREATE SCHEMA IF NOT EXISTS {}", dialect.quote(schema))
}

/// Creates a table of the user's unless it is there, with the source paths as comments.
#[must_use]
pub fn create_table(dialect: &dyn Dialect, name: &TableName, table: &Table, stream: &StreamName) -> Vec<String> {
    let comment = dialect.literal(&table.comment(stream));
    let mut statements = vec![
        create(dialect, "TABLE IF NOT EXISTS", name, columns_of(table)),
        format!("COMMENT ON TABLE {} IS {comment}", dialect.relation(name)),
    ];
    statements.extend(table.columns.iter().filter_map(|column| comment_on_column(dialect, name, column)));
    statements
}

/// Adds a column, NULL in the rows that are there, with its source path as comment.
#[must_use]
pub fn add_column(dialect: &dyn Dialect, name: &TableName, column: &Column) -> Vec<String> {
    let definition = define(dialect, (&column.name, column.kind));
    let mut statements = vec![format!("ALTER TABLE {} ADD COLUMN {definition}", dialect.relation(name))];
    statements.extend(comment_on_column(dialect, name, column));
    statements
}

/// Renames a column.
#[must_use]
pub fn rename_column(dialect: &dyn Dialect, name: &TableName, from: &str, to: &str) -> String {
    let (from, to) = (dialect.quote(from), dialect.quote(to));
    format!("ALTER TABLE {} RENAME COLUMN {from} TO {to}", dialect.relation(name))
}

/// Drops a table if it is there.
#[must_use]
pub fn drop_table(dialect: &dyn Dialect, name: &TableName) -> String {
    format!("DROP TABLE IF EXISTS {}", dialect.relation(name))
}

impl StreamSql<'_> {
    /// Creates the tables that the user reads, their schema, and the bookkeeping that goes with them, unless they are
    /// there. The internal schema comes from [`bookkeeping::create_all`](crate::sql::bookkeeping::create_all).
    #[must_use]
    pub fn create_live(&self) -> Vec<String> {
        let live = self.live();
        let mut statements = vec![create_schema(self.dialect, &self.stream.schema)];
        for (name, table) in self.user_tables(&live) {
            statements.extend(create_table(self.dialect, name, table, &self.stream.stream));
        }
        statements.extend(self.create_bookkeeping("TABLE IF NOT EXISTS", &live));
        statements
    }

    /// Creates the tables of an unfinished replacement unless they are there.
    #[must_use]
    pub fn create_staging(&self) -> Vec<String> {
        let staging = self.staging();
        let rows = self.user_tables(&staging);
        let rows = rows.map(|(name, table)| create(self.dialect, "TABLE IF NOT EXISTS", name, columns_of(table)));
        rows.chain(self.create_bookkeeping("TABLE IF NOT EXISTS", &staging)).collect()
    }

    /// Creates the session-local tables of one checkpoint. The root's takes the cursor in one more column where the
    /// cursor is nested.
    #[must_use]
    pub fn create_batch(&self) -> Vec<String> {
        let batch = self.batch();
        let nested_cursor = self.stream.dedup.as_ref().and_then(|dedup| dedup.cursor.as_ref());
        let nested_cursor = nested_cursor.filter(|cursor| cursor.column.is_none());
        let rows = self.user_tables(&batch).enumerate().map(|(index, (name, table))| {
            let cursor = nested_cursor.filter(|_| index == 0).map(|cursor| (CURSOR, cursor.kind));
            create(self.dialect, "TEMPORARY TABLE", name, columns_of(table).chain(cursor))
        });
        rows.chain(self.create_bookkeeping("TEMPORARY TABLE", &batch)).collect()
    }

    /// Drops an unfinished replacement, if there is one.
    #[must_use]
    pub fn drop_staging(&self) -> Vec<String> {
        self.drop_all(&self.staging())
    }

    /// Drops the tables of one checkpoint.
    #[must_use]
    pub fn drop_batch(&self) -> Vec<String> {
        self.drop_all(&self.batch())
    }

    fn drop_all(&self, targets: &Targets) -> Vec<String> {
        let names = targets.raw.iter().chain(&targets.tables).chain(&targets.history);
        names.chain(&targets.keys).chain(&targets.events).map(|name| drop_table(self.dialect, name)).collect()
    }

    fn create_bookkeeping(&self, what: &str, targets: &Targets) -> Vec<String> {
        let mut statements = Vec::new();
        if let (Some(name), Some((root, dedup))) = (&targets.keys, self.keyed()) {
            let fields = self.key_fields(root, dedup);
            let columns = fields.all().map(|field| (field.name.as_str(), field.kind));
            statements.push(create(self.dialect, what, name, columns));
        }
        if let (Some(name), Some(history)) = (&targets.events, &self.stream.history) {
            statements.push(create(self.dialect, what, name, columns_of(history)));
        }
        statements
    }
}

impl<'a> StreamSql<'a> {
    /// The tables of `targets` that have the shape of a table of the user's, with that table.
    pub(super) fn user_tables<'t>(
        &self,
        targets: &'t Targets,
    ) -> impl Iterator<Item = (&'t TableName, &'a Table)> + use<'t, 'a> {
        let stream = self.stream;
        let raw = targets.raw.iter().zip(&stream.raw);
        let history = targets.history.iter().zip(&stream.history);
        targets.tables.iter().zip(&stream.tables).chain(raw).chain(history)
    }
}

fn columns_of(table: &Table) -> impl Iterator<Item = (&str, ColumnKind)> {
    table.columns.iter().map(|column| (column.name.as_str(), column.kind))
}

/// `what` is the kind of table to create, in SQL.
pub(super) fn create<'c>(
    dialect: &dyn Dialect,
    what: &str,
    name: &TableName,
    columns: impl Iterator<Item = (&'c str, ColumnKind)>,
) -> String {
    let columns = listed(1, columns.map(|column| define(dialect, column)));
    format!("CREATE {what} {} (\n  {columns}\n)", dialect.relation(name))
}

fn define(dialect: &dyn Dialect, (name, kind): (&str, ColumnKind)) -> String {
    format!("{} {}", dialect.quote(name), dialect.column_type(kind))
}

fn comment_on_column(dialect: &dyn Dialect, name: &TableName, column: &Column) -> Option<String> {
    let comment = dialect.literal(&column.comment()?);
    Some(format!("COMMENT ON COLUMN {}.{} IS {comment}", dialect.relation(name), dialect.quote(&column.name)))
}
