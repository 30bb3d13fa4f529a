//! One row a key: a batch merged into live or staging tables.

use crate::sql::keys::{AB_ID, DELETED, KeyFields, UNIQUE_KEY, newest_first};
use crate::sql::text::{listed, of, quoted};
use crate::sql::{StreamSql, TableName, Targets};

/// In the competition for the newest version: the version is the one that the table of keys remembers.
const REMEMBERED: &str = "_airbyte_remembered";
/// In the competition for the newest version: the place within the key, from 1.
const RANK: &str = "_airbyte_rank";

impl StreamSql<'_> {
    /// Merges the batch into `into` by key, for a stream of one row a key; for others there is nothing to do.
    ///
    /// Law: afterwards `into` holds the newest version of every key that it has ever seen, with its child rows, unless
    /// that version is a hard delete. In which order versions came, how they were split into batches, and whether a
    /// batch came twice makes no difference.
    #[must_use]
    pub fn merge(&self, into: &Targets) -> Vec<String> {
        let batch = self.batch();
        let (Some((root, dedup)), Some(versions)) = (self.keyed(), batch.tables.first()) else { return Vec::new() };
        let fields = self.key_fields(root, dedup);
        let columns = fields.all().map(|field| field.from_root.clone()).collect::<Vec<_>>();
        let mut statements = Vec::new();
        if let Some(history) = self.history() {
            let events = history.recorded().map(|column| history.from_root(self.dialect, column)).collect();
            statements.extend(self.add_to_history(&history, versions, &[(versions, events)], into));
        }
        statements.extend(self.replace(&fields, (versions, &columns), &batch.tables, into));
        statements
    }

    /// Lets the `candidates` (a table with the expressions that make columns of keys of it) win over what `into` holds,
    /// with the rows of the winners taken from `rows`.
    pub(super) fn replace(
        &self,
        fields: &KeyFields,
        candidates: (&TableName, &[String]),
        rows: &[TableName],
        into: &Targets,
    ) -> Vec<String> {
        let batch = self.batch();
        let (Some(winners), Some(keys), Some(root)) = (&batch.keys, &into.keys, into.tables.first()) else {
            return Vec::new();
        };
        let mut statements = vec![self.select_winners(fields, winners, candidates, keys)];
        statements.extend(into.tables.iter().skip(1).map(|child| self.delete_children(child, root, winners)));
        statements.push(self.delete_by_key(root, winners));
        let tables = into.tables.iter().zip(rows).zip(&self.stream.tables);
        statements.extend(tables.map(|((into, from), table)| {
            let columns = quoted(self.dialect, table.columns.iter().map(|column| &column.name));
            self.insert_winners(into, from, winners, &columns)
        }));
        statements.push(self.delete_by_key(keys, winners));
        let columns = quoted(self.dialect, fields.all().map(|field| &field.name));
        statements.push(self.copy(keys, winners, &columns));
        statements
    }

    /// Fills `winners` with the newest version of each key among the candidates, where it is newer than what `keys`
    /// remembers.
    ///
    /// Candidates and remembered versions go through one order instead of being compared, so that "newer" is said once.
    /// A version that comes again loses against itself and changes nothing.
    fn select_winners(
        &self,
        fields: &KeyFields,
        winners: &TableName,
        (candidates, columns): (&TableName, &[String]),
        keys: &TableName,
    ) -> String {
        let names = quoted(self.dialect, fields.all().map(|field| &field.name));
        let candidate = columns
            .iter()
            .zip(&names)
            .map(|(column, name)| if column == name { name.clone() } else { format!("{column} AS {name}") });
        let mut order = newest_first(self.dialect, fields.order());
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
  FROM {keys}
  WHERE {key} IN (SELECT {key} FROM {candidates})
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
            keys = self.dialect.relation(keys),
            key = self.dialect.quote(UNIQUE_KEY),
            order = listed(4, &order),
        )
    }

    fn delete_children(&self, child: &TableName, root: &TableName, winners: &TableName) -> String {
        format!(
            "DELETE FROM {child}
WHERE {id} IN (
  SELECT present.{id}
  FROM {root} AS present
  JOIN {winners} AS winner ON winner.{key} = present.{key}
)",
            child = self.dialect.relation(child),
            id = self.dialect.quote(AB_ID),
            root = self.dialect.relation(root),
            winners = self.dialect.relation(winners),
            key = self.dialect.quote(UNIQUE_KEY),
        )
    }

    pub(super) fn delete_by_key(&self, table: &TableName, keys: &TableName) -> String {
        format!(
            "DELETE FROM {table}
WHERE {key} IN (SELECT {key} FROM {keys})",
            table = self.dialect.relation(table),
            key = self.dialect.quote(UNIQUE_KEY),
            keys = self.dialect.relation(keys),
        )
    }

    fn insert_winners(&self, into: &TableName, from: &TableName, winners: &TableName, columns: &[String]) -> String {
        format!(
            "INSERT INTO {into} (
  {columns}
)
SELECT
  {values}
FROM {from} AS arrived
JOIN {winners} AS winner ON winner.{id} = arrived.{id}
WHERE NOT winner.{deleted}",
            into = self.dialect.relation(into),
            columns = listed(1, columns),
            values = listed(1, of("arrived", columns)),
            from = self.dialect.relation(from),
            winners = self.dialect.relation(winners),
            id = self.dialect.quote(AB_ID),
            deleted = self.dialect.quote(DELETED),
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
