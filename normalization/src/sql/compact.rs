//! Raw rows that no longer count: chosen by key, deleted by id.
//!
//! What is known of each raw row is gathered in a session-local table, the *versions*, beside which the *surplus* takes the
//! ids of the rows that are to go. Names of columns are ours alone there, so that none of the user's can meet them.

use crate::kind::{ColumnKind, ScalarColumn};
use crate::sql::internal::internal_name;
use crate::sql::keys::{Keys, UNIQUE_KEY, newest_first};
use crate::sql::tables::{create, drop_table};
use crate::sql::text::listed;
use crate::sql::{StreamSql, TableName};

/// Column of the versions: the raw row's id as the raw table spells it. NULL: it has none.
pub const RAW_ID: &str = "raw_id";
/// Column of the versions: how many bytes the raw row's values are as text.
pub const BYTES: &str = "raw_bytes";
/// Column of the versions: the raw row may go, as far as its age is concerned.
pub const MAY_GO: &str = "may_go";

/// Column of the versions: the unique key. NULL: the row holds no record, or the stream has no key.
const KEY: &str = "unique_key";
/// Column of the surplus: a number for each row, from 1.
const NUMBER: &str = "number";
/// In the competition of a key's versions: the place of each, the newest at 1.
const PLACE: &str = "place";

const TEXT: ColumnKind = ColumnKind::CsvArray;
const WHOLE: ColumnKind = ColumnKind::Scalar(ScalarColumn::Integer);
const TRUTH: ColumnKind = ColumnKind::Scalar(ScalarColumn::Boolean);

/// A column of the versions that a column of the root's batches is loaded into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionColumn {
    /// Its name.
    pub name: String,
    /// The column of the root's batches, of the plan that
    /// [`StreamPlan::versions`](crate::plan::StreamPlan::versions) gives.
    pub source: String,
    kind: ColumnKind,
}

/// The statements that take from a stream's raw table what no longer counts.
///
/// Law: of every key the newest rows stay, in the order of [`StreamSql::merge`]. A row that shares its id with another, or
/// has none, stays.
pub struct Surplus<'a> {
    stream: StreamSql<'a>,
    raw: &'a TableName,
    keys: Option<Keys<'a>>,
}

impl<'a> StreamSql<'a> {
    /// The statements that take from `raw`, the stream's raw table, what no longer counts.
    #[must_use]
    pub fn surplus(self, raw: &'a TableName) -> Surplus<'a> {
        Surplus { keys: self.keys(), stream: self, raw }
    }
}

impl Surplus<'_> {
    /// The session-local table of versions.
    #[must_use]
    pub fn versions(&self) -> TableName {
        self.session_table("versions")
    }

    /// What of the root's batches is loaded into the versions. Empty: the stream has no key.
    #[must_use]
    pub fn columns(&self) -> Vec<VersionColumn> {
        let Some(keys) = &self.keys else { return Vec::new() };
        let key = VersionColumn { name: KEY.to_owned(), source: UNIQUE_KEY.to_owned(), kind: ColumnKind::Uuid };
        let order = keys.sources().skip(1).zip(1..).map(|((source, kind), number)| VersionColumn {
            name: format!("order_{number}"),
            source: source.to_owned(),
            kind,
        });
        std::iter::once(key).chain(order).collect()
    }

    /// Creates the session-local tables, which must not be there.
    #[must_use]
    pub fn create(&self) -> Vec<String> {
        let columns = self.columns();
        let mut versions = vec![(RAW_ID, TEXT), (BYTES, WHOLE), (MAY_GO, TRUTH)];
        versions.extend(columns.iter().map(|column| (column.name.as_str(), column.kind)));
        let create = |name, columns| create(self.stream.dialect, "TEMPORARY TABLE", &name, columns);
        vec![
            create(self.versions(), &versions),
            create(self.chosen(), &[(RAW_ID, TEXT), (BYTES, WHOLE), (NUMBER, WHOLE)]),
        ]
    }

    /// Drops the session-local tables, if they are there.
    #[must_use]
    pub fn drop(&self) -> Vec<String> {
        [self.versions(), self.chosen()].map(|table| drop_table(self.stream.dialect, &table)).into()
    }

    /// Chooses among the versions what may go: of each key all but the newest `keep`, of a stream without key all.
    #[must_use]
    pub fn choose(&self, keep: u64) -> String {
        let [id, bytes, may_go, key] = [RAW_ID, BYTES, MAY_GO, KEY].map(|column| self.stream.dialect.quote(column));
        let versions = self.stream.dialect.relation(&self.versions());
        let shared = format!(
            "shared AS (
  SELECT {id}
  FROM {versions}
  GROUP BY {id}
  HAVING count(*) > 1
)"
        );
        let (with, from, superseded) = match self.order() {
            None => (shared, versions, String::new()),
            Some(order) => (
                format!(
                    "{shared},
ranked AS (
  SELECT
    *,
    dense_rank() OVER (
      PARTITION BY {key}
      ORDER BY
        {order}
    ) AS {PLACE}
  FROM {versions}
)",
                    order = listed(4, order)
                ),
                "ranked".to_owned(),
                format!("\n  AND {key} IS NOT NULL\n  AND {PLACE} > {keep}"),
            ),
        };
        format!(
            "INSERT INTO {chosen} (
  {id},
  {bytes},
  {number}
)
WITH {with}
SELECT
  {id},
  {bytes},
  row_number() OVER ()
FROM {from}
WHERE {may_go}
  AND {id} IS NOT NULL
  AND {id} NOT IN (SELECT {id} FROM shared WHERE {id} IS NOT NULL){superseded}",
            chosen = self.stream.dialect.relation(&self.chosen()),
            number = self.stream.dialect.quote(NUMBER),
        )
    }

    /// Asks how many rows are chosen, how many bytes they are, and how many rows share their id with another.
    #[must_use]
    pub fn measure(&self) -> String {
        let [id, bytes] = [RAW_ID, BYTES].map(|column| self.stream.dialect.quote(column));
        format!(
            "SELECT
  (SELECT count(*) FROM {chosen}),
  (SELECT coalesce(sum({bytes}), 0) FROM {chosen}),
  (
    SELECT coalesce(sum(shared.sharing), 0)
    FROM (
      SELECT count(*) AS sharing
      FROM {versions}
      WHERE {id} IS NOT NULL
      GROUP BY {id}
      HAVING count(*) > 1
    ) AS shared
  )",
            chosen = self.stream.dialect.relation(&self.chosen()),
            versions = self.stream.dialect.relation(&self.versions()),
        )
    }

    /// Deletes rows that are chosen from the raw table, whose `id` [`RawLayout::id`](crate::raw::RawLayout::id) gives: of all
    /// of them, which are numbered from 1, those behind the first number and up to the second.
    #[must_use]
    pub fn delete(&self, id: &str, (behind, up_to): (u64, u64)) -> String {
        let dialect = self.stream.dialect;
        format!(
            "DELETE FROM {raw}
WHERE {id} IN (
  SELECT {chosen_id}
  FROM {chosen}
  WHERE {number} > {behind} AND {number} <= {up_to}
)",
            raw = dialect.relation(self.raw),
            chosen_id = dialect.quote(RAW_ID),
            number = dialect.quote(NUMBER),
            chosen = dialect.relation(&self.chosen()),
        )
    }

    /// `ORDER BY` terms that put the newest version of a key first.
    fn order(&self) -> Option<Vec<String>> {
        self.keys.as_ref()?;
        let columns = self.columns();
        let order = columns.iter().skip(1).map(|column| (column.name.as_str(), column.kind));
        Some(newest_first(self.stream.dialect, order))
    }

    fn chosen(&self) -> TableName {
        self.session_table("surplus")
    }

    fn session_table(&self, role: &str) -> TableName {
        let dialect = self.stream.dialect;
        TableName { schema: dialect.session_schema().to_owned(), name: internal_name(dialect, self.raw, role) }
    }
}
