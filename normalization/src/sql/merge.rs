//! One row a key: a batch merged into live or staging tables.

use std::collections::BTreeSet;

use crate::kind::ColumnKind;
use crate::sql::keys::{AB_ID, DELETED, Field, Keys, ROW, UNIQUE_KEY, hard_deleted_at, newest_first};
use crate::sql::text::{listed, of, quoted};
use crate::sql::{StreamSql, TableName, Targets};

/// In the competition for the newest version: the version is the one that the table of keys remembers.
const REMEMBERED: &str = "_airbyte_remembered";
/// In the competition for the newest version: the place within the key, from 1.
const RANK: &str = "_airbyte_rank";

impl StreamSql<'_> {
    /// The columns of the root's batches that a merge asks for, with their kinds: what versions are told apart and ordered by,
    /// and with a history all that it records. Empty: the stream is not one of one row a key.
    #[must_use]
    pub fn candidate_columns(&self) -> Vec<(&str, ColumnKind)> {
        let (Some((root, dedup)), Some(keys)) = (self.keyed(), self.keys()) else { return Vec::new() };
        let mut columns = keys.sources().collect::<Vec<_>>();
        columns.extend(hard_deleted_at(root, dedup).map(|column| (column.name.as_str(), column.kind)));
        if let Some(history) = self.history() {
            columns.extend(history.sources());
        }
        let mut met = BTreeSet::new();
        columns.retain(|(name, _)| met.insert(*name));
        columns
    }

    /// Merges the candidates into `into` by key, but for the rows themselves: those that [`Self::surpassed`] does not name
    /// belong into the typed tables afterwards. For a stream of other than one row a key there is nothing to do.
    ///
    /// Law: afterwards `into` holds the newest version of every key that it has ever seen, with its child rows, unless
    /// that version is a hard delete. In which order versions came, how they were split into batches, and whether a
    /// batch came twice makes no difference.
    #[must_use]
    pub fn merge(&self, into: &Targets) -> Vec<String> {
        let (Some(keys), Some(candidates)) = (self.keys(), self.candidates()) else { return Vec::new() };
        let columns = keys.fields().map(|field| field.from_root.clone()).collect::<Vec<_>>();
        let mut statements = Vec::new();
        if let Some(history) = self.history() {
            let events = history.recorded().map(|column| history.source_in_root(self.dialect, column)).collect();
            statements.extend(self.add_to_history(&history, &candidates, &[(&candidates, events)], into));
        }
        statements.extend(self.replace(&keys, (&candidates, &columns), into));
        statements
    }

    /// Asks, after a merge, for the ids of the candidates that have no rows: a newer version of the key is known, or the version
    /// is a hard delete. `None`: nothing was merged.
    #[must_use]
    pub fn surpassed(&self) -> Option<String> {
        let (candidates, winners) = (self.candidates()?, self.batch().keys?);
        let lands = self.lands();
        Some(format!(
            "SELECT candidate.{id}
FROM {candidates} AS candidate
WHERE NOT EXISTS (
  SELECT 1
  FROM {winners} AS winner
  WHERE winner.{id} = candidate.{id}{lands}
)",
            id = self.dialect.quote(AB_ID),
            candidates = self.dialect.relation(&candidates),
            winners = self.dialect.relation(&winners),
        ))
    }

    /// Adds to the typed tables of `into`, after a merge, what those of `rows` hold of the winners.
    #[must_use]
    pub fn land(&self, rows: &[TableName], into: &Targets) -> Vec<String> {
        let Some(winners) = self.batch().keys else { return Vec::new() };
        let tables = into.tables.iter().zip(rows).zip(&self.stream.tables);
        let inserts = tables.map(|((into, from), table)| {
            let columns = quoted(self.dialect, table.columns.iter().map(|column| &column.name));
            self.insert_winners(into, from, &winners, &columns)
        });
        inserts.collect()
    }

    /// Lets the rows that a merge into `into` looks for be found without reading the tables, for a stream of one row a key.
    ///
    /// Belongs behind the first load of new tables, and before the first merge into tables that have rows.
    #[must_use]
    pub fn index(&self, into: &Targets) -> Vec<String> {
        let (Some(keys), Some(root)) = (&into.keys, into.tables.first()) else { return Vec::new() };
        let children = into.tables.iter().skip(1).chain(&into.former_children);
        let unique = [(keys, UNIQUE_KEY, true), (root, UNIQUE_KEY, true)].into_iter();
        let versions = into.history.iter().chain(&into.events).map(|table| (table, UNIQUE_KEY, false));
        let wanted = unique.chain(children.map(|table| (table, AB_ID, false))).chain(versions);
        wanted.filter_map(|(table, column, unique)| self.dialect.index(table, column, unique)).collect()
    }

    /// Lets the `candidates` (a table with the expressions that make columns of keys of it) win over what `into` holds, whose
    /// rows go. Those of the winners are not there yet.
    pub(super) fn replace(&self, keys: &Keys<'_>, candidates: (&TableName, &[String]), into: &Targets) -> Vec<String> {
        let batch = self.batch();
        let (Some(winners), Some(known), Some(root)) = (&batch.keys, &into.keys, into.tables.first()) else {
            return Vec::new();
        };
        let (Some(remembered), Some(replaced)) = (self.met(), self.replaced()) else { return Vec::new() };
        let fields = quoted(self.dialect, keys.fields().map(|field| field.name));
        // the one time that tables which may be large are searched for every key of the batch
        let mut statements = self.dialect.by_index(self.copy_by_key(&remembered, known, &fields, candidates.0));
        let address = self.address_in_root(keys).map(|(address, _)| address);
        let recall = self.recall(keys, &remembered, (root, address), Some(candidates.0));
        statements.extend(self.dialect.by_index(recall));
        statements.push(self.select_winners(keys, winners, candidates, &remembered));
        // the versions that winners take the place of: the rows of the root that they are, and their keys
        let of_versions = quoted(self.dialect, [AB_ID, UNIQUE_KEY].into_iter().chain(address.map(|_| ROW)));
        statements.push(self.copy_by_key(&replaced, &remembered, &of_versions, winners));
        let children = into.tables.iter().skip(1).chain(&into.former_children);
        statements.extend(children.flat_map(|child| self.delete_by(AB_ID, child, &replaced)));
        statements.extend(match address {
            Some(address) => vec![self.delete_in(address, root, (&self.dialect.quote(ROW), &replaced))],
            None => self.delete_by(UNIQUE_KEY, root, &replaced),
        });
        statements.extend(self.delete_by(UNIQUE_KEY, known, &replaced));
        let mut remember = self.copy(known, winners, &fields);
        if keys.are_told_by_root() {
            remember.extend(["\nWHERE ", &self.dialect.quote(DELETED)]);
        }
        statements.push(remember);
        statements
    }

    /// What rows of a root tell of their keys, into a table of keys: of the keys that are listed, or of all that the table does
    /// not have. Of a nested cursor they tell nothing. `address`: what stands for a row, where the table takes that too.
    pub(super) fn recall(
        &self,
        keys: &Keys<'_>,
        into: &TableName,
        (root, address): (&TableName, Option<&str>),
        listed_in: Option<&TableName>,
    ) -> String {
        let value = |field: &Field<'_>| if field.is_in_root() { field.from_root.clone() } else { "NULL".to_owned() };
        let names = keys.fields().map(|field| field.name).chain(address.map(|_| ROW));
        let key = self.dialect.quote(UNIQUE_KEY);
        let wanted = match listed_in {
            Some(listed) => format!("{key} IN (SELECT {key} FROM {})", self.dialect.relation(listed)),
            None => format!(
                "{key} IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM {} AS known WHERE known.{key} = typed.{key})",
                self.dialect.relation(into)
            ),
        };
        format!(
            "INSERT INTO {into} (
  {names}
)
SELECT
  {values}
FROM {root} AS typed
WHERE {wanted}",
            into = self.dialect.relation(into),
            names = listed(1, quoted(self.dialect, names)),
            values = listed(1, keys.fields().map(value).chain(address.map(str::to_owned))),
            root = self.dialect.relation(root),
        )
    }

    /// Fills `winners` with the newest version of each key among the candidates, where it is newer than the one `met`.
    ///
    /// Candidates and remembered versions go through one order instead of being compared, so that "newer" is said once.
    /// A version that comes again loses against itself and changes nothing.
    fn select_winners(
        &self,
        keys: &Keys<'_>,
        winners: &TableName,
        (candidates, columns): (&TableName, &[String]),
        met: &TableName,
    ) -> String {
        let names = quoted(self.dialect, keys.fields().map(|field| field.name));
        let candidate = columns
            .iter()
            .zip(&names)
            .map(|(column, name)| if column == name { name.clone() } else { format!("{column} AS {name}") });
        let mut order = newest_first(self.dialect, keys.order());
        order.push(format!("{REMEMBERED} DESC"));
        format!(
            "INSERT INTO {winners} (
  {columns}
)
WITH versions AS (
  SELECT
    {candidate},
    FALSE AS {REMEMBERED}
  FROM {candidates}
  UNION ALL
  SELECT
    {remembered},
    TRUE AS {REMEMBERED}
  FROM {met}
),
ranked AS (
  SELECT
    *,
    row_number() OVER (
      PARTITION BY {key}
      ORDER BY
        {order}
    ) AS {RANK}
  FROM versions
)
SELECT
  {columns}
FROM ranked
WHERE {RANK} = 1 AND NOT {REMEMBERED}",
            winners = self.dialect.relation(winners),
            columns = listed(1, &names),
            candidate = listed(2, candidate),
            candidates = self.dialect.relation(candidates),
            remembered = listed(2, &names),
            met = self.dialect.relation(met),
            key = self.dialect.quote(UNIQUE_KEY),
            order = listed(4, &order),
        )
    }

    /// Deletes the rows whose `column` is in that column of `listed`.
    pub(super) fn delete_by(&self, column: &str, from: &TableName, listed: &TableName) -> Vec<String> {
        let column = self.dialect.quote(column);
        self.dialect.by_index(self.delete_in(&column, from, (&column, listed)))
    }

    /// Deletes the rows for which `what` is in a column of another table.
    fn delete_in(&self, what: &str, from: &TableName, (column, listed): (&str, &TableName)) -> String {
        format!(
            "DELETE FROM {from}
WHERE {what} IN (SELECT {column} FROM {listed})",
            from = self.dialect.relation(from),
            listed = self.dialect.relation(listed),
        )
    }

    /// What stands for a row of the root, and the kind of value that it is, where a merge learns of the rows that it replaces
    /// from the root.
    pub(super) fn address_in_root(&self, keys: &Keys<'_>) -> Option<(&'static str, ColumnKind)> {
        self.dialect.row_address().filter(|_| keys.are_told_by_root())
    }

    fn insert_winners(&self, into: &TableName, from: &TableName, winners: &TableName, columns: &[String]) -> String {
        format!(
            "INSERT INTO {into} (
  {columns}
)
SELECT
  {values}
FROM {from} AS arrived
JOIN {winners} AS winner ON winner.{id} = arrived.{id}{lands}",
            into = self.dialect.relation(into),
            columns = listed(1, columns),
            values = listed(1, of("arrived", columns)),
            from = self.dialect.relation(from),
            winners = self.dialect.relation(winners),
            id = self.dialect.quote(AB_ID),
            lands = self.lands(),
        )
    }

    /// What is asked of a `winner` besides, for it to have rows: that it is no hard delete. Where none of a stream's can be, a planner
    /// does better without it.
    fn lands(&self) -> String {
        let has_deletes = self.keyed().is_some_and(|(root, dedup)| hard_deleted_at(root, dedup).is_some());
        if has_deletes { format!(" AND NOT winner.{}", self.dialect.quote(DELETED)) } else { String::new() }
    }

    /// The rows of `from` whose keys are `listed`, into `into`.
    pub(super) fn copy_by_key(
        &self,
        into: &TableName,
        from: &TableName,
        columns: &[String],
        listed: &TableName,
    ) -> String {
        format!(
            "{copy}
WHERE {key} IN (SELECT {key} FROM {listed})",
            copy = self.copy(into, from, columns),
            key = self.dialect.quote(UNIQUE_KEY),
            listed = self.dialect.relation(listed),
        )
    }

    /// All rows of `from`, into `into`.
    pub(super) fn copy(&self, into: &TableName, from: &TableName, columns: &[String]) -> String {
        format!(
            "INSERT INTO {into} (
  {columns}
)
SELECT
  {columns}
FROM {from}",
            into = self.dialect.relation(into),
            columns = listed(1, columns),
            from = self.dialect.relation(from),
        )
    }
}
