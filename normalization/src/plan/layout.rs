//! What of a plan decides whether rows that an earlier plan typed are still right.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::kind::ColumnKind;
use crate::plan::{ColumnSource, Dedup, StreamPlan, TableRole};

/// How a stream's typed tables are laid out, by source paths; kept in the warehouse between syncs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Layout {
    /// The columns of properties.
    columns: Vec<Placed>,
    /// The child tables.
    tables: Vec<(Vec<String>, Nesting)>,
    /// How rows are told apart, if there is one row a key.
    dedup: Option<DedupLayout>,
    /// Every version of every key is kept.
    history: bool,
}

/// The layouts of all tables of a stream.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Layouts {
    /// Of what the user reads.
    pub live: Option<Layout>,
    /// Of an unfinished replacement.
    pub staging: Option<Layout>,
    /// Of an unfinished rebuild, with the [fingerprint](StreamPlan::fingerprint) of its plan.
    pub rebuild: Option<(Layout, String)>,
    /// What the last rebuild came from, whether it is finished or not.
    pub basis: Option<Basis>,
}

/// What a rebuild comes from: one from the same would give the same again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// Tells runs over other streams apart.
    pub run: String,
    /// The [fingerprint](StreamPlan::fingerprint) of the plan.
    pub plan: String,
    /// What the raw table held.
    pub raw: String,
}

impl StreamPlan {
    /// Plans that have it in common make the same typed tables of the same raw rows: all of names, columns, nesting and keys.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let Self { schema, tables, history, root, dedup, .. } = self;
        format!("{:032x}", xxh3_128(format!("{schema:?} {tables:?} {history:?} {root:?} {dedup:?}").as_bytes()))
    }
}

impl Layouts {
    /// The layouts as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The layouts of a text; nothing is known if it is none that this version wrote.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }
}

/// A property's column: the table it is in and its path there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Placed {
    table: Vec<String>,
    path: Vec<String>,
    kind: ColumnKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Nesting {
    Object,
    Array,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct DedupLayout {
    key: Vec<(Vec<String>, ColumnKind)>,
    cursor: Option<(Vec<String>, ColumnKind)>,
    /// Columns of change data capture that order after the cursor.
    cdc: Vec<ColumnSourcePath>,
    /// The column that says that a row is deleted, and whether the row goes then.
    deleted_at: Option<(ColumnSourcePath, bool)>,
}

type ColumnSourcePath = Vec<String>;

/// What rows are told apart and ordered by: paths in the record and what their typed values are.
#[derive(Debug, PartialEq)]
pub(super) struct Ordered {
    pub(super) key: Vec<(Vec<String>, ColumnKind)>,
    pub(super) cursor: Option<(Vec<String>, ColumnKind)>,
    pub(super) cdc: Vec<(Vec<String>, ColumnKind)>,
}

/// Why rows that an earlier plan typed have to be typed again. Paths are source paths.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayoutChange {
    /// A property that there was not; only to who wants old rows to have it.
    Added(Vec<String>),
    /// A property has another kind, or its column another type.
    Retyped(Vec<String>),
    /// A property is nested in another way: another table, or a table in place of a column.
    Renested(Vec<String>),
    /// Another primary key, or one of another kind.
    Key,
    /// Another cursor, or other columns that order versions.
    Cursor,
    /// Other rows count as deleted.
    Deletion,
    /// There was a row a record, and now there is one a key.
    Deduplicated,
    /// Versions were not kept.
    History,
    /// A column of ours is missing in rows that are there.
    Missing(String),
    /// There are raw rows and no typed table.
    Untyped,
}

impl fmt::Display for LayoutChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(path) => write!(formatter, "`{}` is new", path.join(".")),
            Self::Retyped(path) => write!(formatter, "`{}` has another type", path.join(".")),
            Self::Renested(path) => write!(formatter, "`{}` is nested in another way", path.join(".")),
            Self::Key => formatter.write_str("the primary key is another"),
            Self::Cursor => formatter.write_str("versions are ordered in another way"),
            Self::Deletion => formatter.write_str("other rows count as deleted"),
            Self::Deduplicated => formatter.write_str("the stream is deduplicated now"),
            Self::History => formatter.write_str("history is kept now"),
            Self::Missing(column) => write!(formatter, "the column `{column}` is missing"),
            Self::Untyped => formatter.write_str("the raw rows were never typed"),
        }
    }
}

impl Layout {
    /// The layout that a plan gives.
    #[must_use]
    pub fn of(plan: &StreamPlan) -> Self {
        let columns = plan.tables.iter().flat_map(|table| {
            table.columns.iter().filter_map(|column| match &column.source {
                ColumnSource::Property(path) => {
                    Some(Placed { table: table.path.clone(), path: path.clone(), kind: column.kind })
                }
                ColumnSource::System(_) => None,
            })
        });
        let tables = plan.tables.iter().filter_map(|table| match table.role {
            TableRole::ObjectChild(_) => Some((table.path.clone(), Nesting::Object)),
            TableRole::ArrayChild(_) => Some((table.path.clone(), Nesting::Array)),
            TableRole::Raw | TableRole::Root | TableRole::History => None,
        });
        Self {
            columns: columns.collect(),
            tables: tables.collect(),
            dedup: plan.dedup.as_ref().map(|dedup| DedupLayout::of(plan, dedup)),
            history: plan.history.is_some(),
        }
    }

    /// What has changed since `earlier` so that rows typed then are not those that would be typed now. `backfill`: new
    /// properties count.
    #[must_use]
    pub fn changes_since(&self, earlier: &Self, backfill: bool) -> Vec<LayoutChange> {
        if *earlier == Self::default() && *self != Self::default() {
            return vec![LayoutChange::Untyped];
        }
        let mut changes = self.moved_columns(earlier, backfill);
        changes.extend(self.moved_tables(earlier));
        changes.extend(self.told_apart_since(earlier));
        if self.history && !earlier.history && self.dedup.is_some() {
            changes.push(LayoutChange::History);
        }
        changes.sort();
        changes.dedup();
        changes
    }

    /// What rows are told apart and ordered by, if there is one row a key.
    pub(super) fn ordered(&self) -> Option<Ordered> {
        let DedupLayout { key, cursor, cdc, .. } = self.dedup.as_ref()?;
        let in_root = |path: &ColumnSourcePath| {
            let placed = self.columns.iter().find(|placed| placed.table.is_empty() && placed.path == *path)?;
            Some((path.clone(), placed.kind))
        };
        let cdc = cdc.iter().map(in_root).collect::<Option<_>>()?;
        Some(Ordered { key: key.clone(), cursor: cursor.clone(), cdc })
    }

    fn moved_columns(&self, earlier: &Self, backfill: bool) -> Vec<LayoutChange> {
        let before: BTreeMap<Vec<String>, &Placed> = earlier.by_path();
        let tables: BTreeMap<&[String], Nesting> = earlier.nestings();
        let now = self.nestings();
        let moved = self.by_path().into_iter().filter_map(|(path, placed)| match before.get(&path) {
            Some(known) if known.table != placed.table => Some(LayoutChange::Renested(path)),
            Some(known) if known.kind != placed.kind => Some(LayoutChange::Retyped(path)),
            Some(_) => None,
            // a table's JSON, kept in its parent besides, is a column like any other new one
            None if tables.contains_key(path.as_slice()) && !now.contains_key(path.as_slice()) => {
                Some(LayoutChange::Renested(path))
            }
            None => backfill.then_some(LayoutChange::Added(path)),
        });
        moved.collect()
    }

    fn moved_tables(&self, earlier: &Self) -> Vec<LayoutChange> {
        let (before, columns, now) = (earlier.nestings(), earlier.by_path(), self.by_path());
        let moved = self.tables.iter().filter_map(|(path, nesting)| match before.get(path.as_slice()) {
            Some(known) if known == nesting => None,
            Some(_) => Some(LayoutChange::Renested(path.clone())),
            None if columns.contains_key(path) && !now.contains_key(path) => Some(LayoutChange::Renested(path.clone())),
            None => None,
        });
        moved.collect()
    }

    fn told_apart_since(&self, earlier: &Self) -> Vec<LayoutChange> {
        let Some(now) = &self.dedup else { return Vec::new() };
        let Some(before) = &earlier.dedup else { return vec![LayoutChange::Deduplicated] };
        let changes = [
            (now.key != before.key).then_some(LayoutChange::Key),
            (now.cursor != before.cursor || now.cdc != before.cdc).then_some(LayoutChange::Cursor),
            (now.deleted_at != before.deleted_at).then_some(LayoutChange::Deletion),
        ];
        changes.into_iter().flatten().collect()
    }

    /// Full source path -> its column.
    fn by_path(&self) -> BTreeMap<Vec<String>, &Placed> {
        self.columns.iter().map(|placed| ([placed.table.as_slice(), &placed.path].concat(), placed)).collect()
    }

    fn nestings(&self) -> BTreeMap<&[String], Nesting> {
        self.tables.iter().map(|(path, nesting)| (path.as_slice(), *nesting)).collect()
    }
}

impl DedupLayout {
    fn of(plan: &StreamPlan, dedup: &Dedup) -> Self {
        let path_of = |index: &usize| match &plan.tables.first()?.columns.get(*index)?.source {
            ColumnSource::Property(path) => Some(path.clone()),
            ColumnSource::System(_) => None,
        };
        let deleted_at = dedup.deleted_at.as_ref().and_then(path_of);
        Self {
            key: dedup.key.iter().map(|part| (part.path.clone(), part.kind)).collect(),
            cursor: dedup.cursor.as_ref().map(|cursor| (cursor.path.clone(), cursor.kind)),
            cdc: dedup.cdc.iter().filter_map(path_of).collect(),
            deleted_at: deleted_at.map(|path| (path, dedup.hard_delete)),
        }
    }
}

#[cfg(test)]
mod tests;
