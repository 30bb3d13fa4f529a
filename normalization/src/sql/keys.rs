//! The versions of a key: what they are ordered by, and what is remembered of the newest.

use crate::columns::SystemColumn;
use crate::kind::{ColumnKind, ScalarColumn};
use crate::plan::{Column, Dedup, Table};
use crate::sql::{Dialect, StreamSql};

pub(super) const AB_ID: &str = fixed(SystemColumn::AbId);
pub(super) const EMITTED_AT: &str = fixed(SystemColumn::EmittedAt);
pub(super) const UNIQUE_KEY: &str = fixed(SystemColumn::UniqueKey);
pub(super) const CURSOR: &str = fixed(SystemColumn::Cursor);
pub(super) const START_AT: &str = fixed(SystemColumn::StartAt);

/// In tables of keys: the newest version is a delete, the key has no row.
pub(super) const DELETED: &str = "_airbyte_deleted";

/// In the tables that a merge works with: the row of the root that has the key now.
pub(super) const ROW: &str = "_airbyte_row";

/// A column of the table of keys.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) kind: ColumnKind,
    /// The column of the root's batches that it comes from.
    pub(super) source: &'a str,
    /// What gives it for a row of the root's batches.
    pub(super) from_root: String,
}

impl Field<'_> {
    /// Whether the root has it: of a nested cursor only its batches have a column.
    pub(super) fn is_in_root(&self) -> bool {
        self.source != CURSOR
    }
}

/// The table of keys: what the root does not tell of the newest version of every key ever seen. That is, whose row is deleted;
/// and where the cursor is nested, of which the root has no column, all.
pub(super) struct Keys<'a> {
    key: Field<'a>,
    /// What versions are ordered by, the weightiest first. The last is different for every version.
    order: Vec<Field<'a>>,
    deleted: Field<'a>,
}

impl<'a> Keys<'a> {
    pub(super) fn fields(&self) -> impl Iterator<Item = &Field<'a>> {
        std::iter::once(&self.key).chain(&self.order).chain(std::iter::once(&self.deleted))
    }

    pub(super) fn columns(&self) -> Vec<(&'a str, ColumnKind)> {
        self.fields().map(|field| (field.name, field.kind)).collect()
    }

    pub(super) fn order(&self) -> impl Iterator<Item = (&'a str, ColumnKind)> {
        self.order.iter().map(|field| (field.name, field.kind))
    }

    /// The columns of the root's batches that tell versions apart and order them.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&'a str, ColumnKind)> {
        std::iter::once(&self.key).chain(&self.order).map(|field| (field.source, field.kind))
    }

    /// Whether rows of the root tell what they are ordered by: the table of keys holds none of them.
    pub(super) fn are_told_by_root(&self) -> bool {
        self.order.iter().all(Field::is_in_root)
    }
}

impl<'a> StreamSql<'a> {
    /// The root table and how its rows are told apart, if there is one row a key.
    pub(super) fn keyed(&self) -> Option<(&'a Table, &'a Dedup)> {
        Some((self.stream.tables.first()?, self.stream.dedup.as_ref()?))
    }

    /// The stream's table of keys, if there is one row a key.
    pub(super) fn keys(&self) -> Option<Keys<'a>> {
        let (root, dedup) = self.keyed()?;
        let field = |name, kind, source| Field { name, kind, source, from_root: self.dialect.quote(source) };
        let same = |name, kind| field(name, kind, name);
        let cursor = cursor_in(root, dedup).map(|(source, kind)| field(CURSOR, kind, source));
        let cdc = dedup.cdc.iter().filter_map(|index| root.columns.get(*index));
        let cdc = cdc.map(|column| same(&column.name, column.kind));
        let arrival = [same(EMITTED_AT, ColumnKind::Scalar(ScalarColumn::TimestampTz)), same(AB_ID, ColumnKind::Uuid)];
        let deleted = hard_deleted_at(root, dedup)
            .map_or_else(|| "FALSE".to_owned(), |column| format!("{} IS NOT NULL", self.dialect.quote(&column.name)));
        Some(Keys {
            key: same(UNIQUE_KEY, ColumnKind::Uuid),
            order: cursor.into_iter().chain(cdc).chain(arrival).collect(),
            deleted: Field {
                name: DELETED,
                kind: ColumnKind::Scalar(ScalarColumn::Boolean),
                source: DELETED,
                from_root: deleted,
            },
        })
    }
}

/// The column of the root's batches that holds the cursor, and its kind.
pub(super) fn cursor_in<'t>(root: &'t Table, dedup: &'t Dedup) -> Option<(&'t str, ColumnKind)> {
    let cursor = dedup.cursor.as_ref()?;
    let column = cursor.column.and_then(|index| root.columns.get(index));
    Some((column.map_or(CURSOR, |column| &column.name), cursor.kind))
}

/// The column of the root that, when not NULL, says that the key has no row any more. `None`: nothing says so.
pub(super) fn hard_deleted_at<'t>(root: &'t Table, dedup: &Dedup) -> Option<&'t Column> {
    dedup.deleted_at.filter(|_| dedup.hard_delete).and_then(|index| root.columns.get(index))
}

/// `ORDER BY` terms that put the newest version first. What is not known (NULL) is older than all that is.
pub(super) fn newest_first<'c>(
    dialect: &dyn Dialect,
    order: impl IntoIterator<Item = (&'c str, ColumnKind)>,
) -> Vec<String> {
    sort_keys(dialect, order).map(|key| format!("{key} DESC NULLS LAST")).collect()
}

/// The same order, the oldest first.
pub(super) fn oldest_first<'c>(
    dialect: &dyn Dialect,
    order: impl IntoIterator<Item = (&'c str, ColumnKind)>,
) -> Vec<String> {
    sort_keys(dialect, order).map(|key| format!("{key} ASC NULLS FIRST")).collect()
}

fn sort_keys<'c>(
    dialect: &dyn Dialect,
    order: impl IntoIterator<Item = (&'c str, ColumnKind)>,
) -> impl Iterator<Item = String> {
    order.into_iter().map(|(column, kind)| dialect.sort_key(&dialect.quote(column), kind))
}

const fn fixed(column: SystemColumn) -> &'static str {
    match column.fixed_name() {
        Some(name) => name,
        None => panic!("the column's name depends on its table"),
    }
}
