//! Creating, extending and dropping tables.

use crate::kind::ColumnKind;
use crate::plan::{Column, Table};
use crate::sql::keys::{AB_ID, CURSOR};
use crate::sql::text::listed;
use crate::sql::{Dialect, StreamSql, TableName, Targets};

/// Creates a schema unless it is there.
#[must_use]
pub fn create_schema(dialect: &dyn Dialect, schema: &str) -> String {
    format!("CREATE SCHEMA IF NOT EXISTS {}", dialect.quote(schema))
}

/// Renames a column.
#[must_use]
pub fn rename_column(dialect: &dyn Dialect, table: &TableName, from: &str, to: &str) -> String {
    let (from, to) = (dialect.quote(from), dialect.quote(to));
    format!("ALTER TABLE {} RENAME COLUMN {from} TO {to}", dialect.relation(table))
}

/// Drops a table if it is there.
#[must_use]
pub fn drop_table(dialect: &dyn Dialect, table: &TableName) -> String {
    format!("DROP TABLE IF EXISTS {}", dialect.relation(table))
}

/// A table to be.
struct Shape<'a> {
    name: &'a TableName,
    columns: Vec<(&'a str, ColumnKind)>,
}

impl<'a> Shape<'a> {
    fn of(name: &'a TableName, table: &'a Table) -> Self {
        let columns = table.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
        Self { name, columns }
    }
}

impl<'a> StreamSql<'a> {
    /// Makes the tables that the user reads, their schema and what is remembered of keys and events, as the plan wants
    /// them. Tables and columns that `existing` (the columns of a table, if it is there) lacks are added, with their
    /// source paths as comments; nothing is taken away. The internal schema has to be there.
    #[must_use]
    pub fn prepare_live(&self, existing: impl Fn(&TableName) -> Option<Vec<String>>) -> Vec<String> {
        let live = self.live();
        let mut statements = vec![create_schema(self.dialect, &self.stream.schema)];
        for (name, table) in self.user_tables(&live) {
            let columns = existing(name);
            statements.extend(self.prepare(&Shape::of(name, table), columns.as_deref()));
            if columns.is_none() {
                let comment = self.dialect.literal(&table.comment(&self.stream.stream));
                statements.push(format!("COMMENT ON TABLE {} IS {comment}", self.dialect.relation(name)));
            }
            let new = table.columns.iter().filter(|column| !self.has(columns.as_deref(), &column.name));
            statements.extend(new.filter_map(|column| self.comment_on(name, column)));
        }
        let remembered = self.remembered(&live);
        statements.extend(remembered.iter().flat_map(|shape| self.prepare(shape, existing(shape.name).as_deref())));
        statements
    }

    /// Makes the tables of an unfinished replacement, like [`Self::prepare_live`].
    #[must_use]
    pub fn prepare_staging(&self, existing: impl Fn(&TableName) -> Option<Vec<String>>) -> Vec<String> {
        let staging = self.staging();
        let rows = self.user_tables(&staging).map(|(name, table)| Shape::of(name, table));
        let shapes = rows.chain(self.remembered(&staging));
        shapes.flat_map(|shape| self.prepare(&shape, existing(shape.name).as_deref())).collect()
    }

    /// Creates the session-local tables of one checkpoint, which must not be there. The root's takes the cursor in one
    /// more column where the cursor is nested.
    #[must_use]
    pub fn create_batch(&self) -> Vec<String> {
        let (batch, replaced) = (self.batch(), self.replaced());
        let mut shapes = self.user_tables(&batch).map(|(name, table)| Shape::of(name, table)).collect::<Vec<_>>();
        let cursor = self.stream.dedup.as_ref().and_then(|dedup| dedup.cursor.as_ref());
        if let (Some(root), Some(cursor)) = (shapes.first_mut(), cursor.filter(|cursor| cursor.column.is_none())) {
            root.columns.push((CURSOR, cursor.kind));
        }
        shapes.extend(self.remembered(&batch));
        shapes.extend(replaced.iter().map(|name| Shape { name, columns: vec![(AB_ID, ColumnKind::Uuid)] }));
        shapes.iter().map(|shape| create(self.dialect, "TEMPORARY TABLE", shape.name, &shape.columns)).collect()
    }

    /// Drops an unfinished replacement, if there is one.
    #[must_use]
    pub fn drop_staging(&self) -> Vec<String> {
        self.drop_all(&self.staging())
    }

    /// Drops the tables of one checkpoint.
    #[must_use]
    pub fn drop_batch(&self) -> Vec<String> {
        let mut statements = self.drop_all(&self.batch());
        statements.extend(self.replaced().map(|name| drop_table(self.dialect, &name)));
        statements
    }

    fn drop_all(&self, targets: &Targets) -> Vec<String> {
        let names = targets.raw.iter().chain(&targets.tables).chain(&targets.history);
        names.chain(&targets.keys).chain(&targets.events).map(|name| drop_table(self.dialect, name)).collect()
    }

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

    /// The tables of `targets` that are ours: keys and events.
    fn remembered<'t>(&self, targets: &'t Targets) -> Vec<Shape<'t>>
    where
        'a: 't,
    {
        let events = targets.events.iter().zip(&self.stream.history).map(|(name, history)| Shape::of(name, history));
        let keys = targets.keys.iter().zip(self.keys()).map(|(name, keys)| Shape { name, columns: keys.columns() });
        keys.chain(events).collect()
    }

    fn prepare(&self, shape: &Shape<'_>, existing: Option<&[String]>) -> Vec<String> {
        if existing.is_none() {
            return vec![create(self.dialect, "TABLE", shape.name, &shape.columns)];
        }
        let missing = shape.columns.iter().filter(|(name, _)| !self.has(existing, name));
        let table = self.dialect.relation(shape.name);
        missing.map(|column| format!("ALTER TABLE {table} ADD COLUMN {}", define(self.dialect, *column))).collect()
    }

    fn has(&self, existing: Option<&[String]>, column: &str) -> bool {
        let ignores_case = self.dialect.limits().identifiers.ignores_case;
        existing
            .unwrap_or_default()
            .iter()
            .any(|candidate| if ignores_case { candidate.eq_ignore_ascii_case(column) } else { candidate == column })
    }

    fn comment_on(&self, table: &TableName, column: &Column) -> Option<String> {
        let comment = self.dialect.literal(&column.comment()?);
        let name = self.dialect.quote(&column.name);
        Some(format!("COMMENT ON COLUMN {}.{name} IS {comment}", self.dialect.relation(table)))
    }
}

/// `what` is the kind of table to create, in SQL.
pub(super) fn create(dialect: &dyn Dialect, what: &str, name: &TableName, columns: &[(&str, ColumnKind)]) -> String {
    let columns = listed(1, columns.iter().map(|column| define(dialect, *column)));
    format!("CREATE {what} {} (\n  {columns}\n)", dialect.relation(name))
}

fn define(dialect: &dyn Dialect, (name, kind): (&str, ColumnKind)) -> String {
    format!("{} {}", dialect.quote(name), dialect.column_type(kind))
}
