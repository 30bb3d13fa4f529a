//! Every version of every key: `<stream>_scd`.
//!
//! A version that arrives late changes the ranges of those around it, so whatever a batch touches is worked out anew:
//! all events of its keys (the versions there are, the events that made none, and those that arrived) are put in order
//! and read from the oldest to the newest. So it makes no difference how events were split into batches.

use crate::columns::SystemColumn;
use crate::kind::ColumnKind;
use crate::plan::{Column, ColumnSource, Dedup, Table};
use crate::sql::keys::{AB_ID, EMITTED_AT, START_AT, UNIQUE_KEY, cursor_in, hard_deleted_at, oldest_first};
use crate::sql::text::{joined, listed, quoted};
use crate::sql::{Dialect, StreamSql, TableName, Targets};

/// The event has the values of the one before it.
const REPEATED: &str = "_airbyte_repeated";
/// From when on the next event holds.
const NEXT_START: &str = "_airbyte_next_start";
/// No event comes after it.
const LAST: &str = "_airbyte_last";

/// A table of history and what its columns are, worked out once.
pub(super) struct History<'a> {
    table: &'a Table,
    root: &'a Table,
    dedup: &'a Dedup,
}

impl<'a> StreamSql<'a> {
    pub(super) fn history(&self) -> Option<History<'a>> {
        let (root, dedup) = self.keyed()?;
        Some(History { table: self.stream.history.as_ref()?, root, dedup })
    }

    /// Adds events to the history in `into`: `arrivals` are tables with the expressions that make
    /// [`History::recorded`] of them, `touched` is a table that holds the keys of all of them.
    pub(super) fn add_to_history(
        &self,
        history: &History<'_>,
        touched: &TableName,
        arrivals: &[(&TableName, Vec<String>)],
        into: &Targets,
    ) -> Vec<String> {
        let batch = self.batch();
        let (Some(gathered), Some(ranges)) = (&batch.events, &batch.history) else { return Vec::new() };
        let (Some(versions), Some(events)) = (&into.history, &into.events) else { return Vec::new() };
        let recorded = quoted(self.dialect, history.recorded().map(|column| &column.name));
        let remnants = quoted(self.dialect, self.stream.history_remnants.iter().map(|(name, _)| name));
        let all = quoted(self.dialect, history.table.columns.iter().map(|column| &column.name));
        let (kept, all) = ([recorded.clone(), remnants.clone()].concat(), [all, remnants].concat());
        let stored = [versions, events].map(|from| self.copy_by_key(gathered, from, &kept, touched));
        let mut statements: Vec<String> = stored.into_iter().flat_map(|copy| self.dialect.by_index(copy)).collect();
        let arrivals = arrivals.iter();
        statements.extend(arrivals.map(|(from, values)| self.gather_arrived(gathered, from, &recorded, values)));
        statements.push(self.work_out_ranges(history, ranges, gathered));
        statements.extend(self.delete_by(UNIQUE_KEY, versions, touched));
        statements.extend(self.delete_by(UNIQUE_KEY, events, touched));
        statements.push(self.copy(versions, ranges, &all));
        statements.push(self.copy_except(events, gathered, ranges, &kept));
        statements
    }

    /// An event that came before is not gathered twice.
    fn gather_arrived(&self, gathered: &TableName, from: &TableName, columns: &[String], values: &[String]) -> String {
        format!(
            "INSERT INTO {gathered} (
  {columns}
)
SELECT
  {values}
FROM {from} AS arrived
WHERE NOT EXISTS (SELECT 1 FROM {gathered} AS known WHERE known.{id} = arrived.{id})",
            gathered = self.dialect.relation(gathered),
            columns = listed(1, columns),
            values = listed(1, values),
            from = self.dialect.relation(from),
            id = self.dialect.quote(AB_ID),
        )
    }

    /// Reads the gathered events in order: an event that repeats the one before is nothing, every other ends the
    /// version before it, and unless it is a hard delete begins one.
    fn work_out_ranges(&self, history: &History<'_>, ranges: &TableName, gathered: &TableName) -> String {
        let quote = |name: &str| self.dialect.quote(name);
        let (id, key, start) = (quote(AB_ID), quote(UNIQUE_KEY), quote(START_AT));
        let order = history.order();
        let timeline = format!(
            "timeline AS (
    PARTITION BY {key}
    ORDER BY
      {order}
  )",
            order = listed(3, oldest_first(self.dialect, order.iter().copied())),
        );
        let carried =
            order.iter().map(|(name, _)| quote(name)).chain(history.dedup.cursor.is_none().then_some(&start).cloned());
        let remnants = self.stream.history_remnants.iter().map(|(name, _)| quote(name));
        let same = history
            .values()
            .map(|column| quote(&column.name))
            .chain(remnants.clone())
            .map(|column| format!("AND {column} IS NOT DISTINCT FROM lag({column}) OVER timeline"));
        let same = std::iter::once(format!("lag({id}) OVER timeline IS NOT NULL")).chain(same);
        // A cursor grows with the order. The time of emission need not where change data capture gives the order; then a
        // version ends with the earliest start after it, so that ranges never overlap.
        let next_start = match history.dedup.cursor {
            Some(_) => format!("lead({start}) OVER timeline"),
            None => format!("min({start}) OVER (timeline ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)"),
        };
        let value = |column: &Column| match column.source {
            ColumnSource::System(SystemColumn::EndAt) => format!("bound.{NEXT_START}"),
            ColumnSource::System(SystemColumn::ActiveRow) => format!("bound.{LAST}"),
            _ => format!("event.{}", quote(&column.name)),
        };
        let begins_a_version = history
            .deleted_at()
            .map(|column| format!("\nWHERE event.{} IS NULL", quote(&column.name)))
            .unwrap_or_default();
        format!(
            "INSERT INTO {ranges} (
  {columns}
)
WITH compared AS (
  SELECT
    {carried},
    {key},
    (
      {same}
    ) AS {REPEATED}
  FROM {gathered}
  WINDOW {timeline}
),
bounded AS (
  SELECT
    {id},
    {next_start} AS {NEXT_START},
    lead({id}) OVER timeline IS NULL AS {LAST}
  FROM compared
  WHERE NOT {REPEATED}
  WINDOW {timeline}
)
SELECT
  {values}
FROM {gathered} AS event
JOIN bounded AS bound ON bound.{id} = event.{id}{begins_a_version}",
            ranges = self.dialect.relation(ranges),
            columns = listed(1, history.table.columns.iter().map(|column| quote(&column.name)).chain(remnants.clone())),
            carried = listed(2, carried),
            same = joined(3, "", same),
            gathered = self.dialect.relation(gathered),
            values = listed(
                1,
                history.table.columns.iter().map(value).chain(remnants.map(|remnant| format!("event.{remnant}")))
            ),
        )
    }

    /// The rows of `from` that are not in `except`, into `into`.
    fn copy_except(&self, into: &TableName, from: &TableName, except: &TableName, columns: &[String]) -> String {
        format!(
            "{copy} AS event
WHERE NOT EXISTS (SELECT 1 FROM {except} AS version WHERE version.{id} = event.{id})",
            copy = self.copy(into, from, columns),
            id = self.dialect.quote(AB_ID),
            except = self.dialect.relation(except),
        )
    }
}

impl<'a> History<'a> {
    /// The columns that an event brings; the others are worked out.
    pub(super) fn recorded(&self) -> impl Iterator<Item = &Column> {
        let worked_out = [SystemColumn::EndAt, SystemColumn::ActiveRow].map(ColumnSource::System);
        self.table.columns.iter().filter(move |column| !worked_out.contains(&column.source))
    }

    /// The columns of the root's batches that recorded columns come from.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&'a str, ColumnKind)> {
        let root = self.root;
        let sources = self.table.columns.iter().filter_map(|column| find(root, &column.source));
        sources.map(|column| (column.name.as_str(), column.kind))
    }

    /// What gives a recorded column for a row of the root's batches.
    pub(super) fn source_in_root(&self, dialect: &dyn Dialect, column: &Column) -> String {
        let source = match column.source {
            ColumnSource::System(SystemColumn::StartAt) => {
                Some(cursor_in(self.root, self.dedup).map_or(EMITTED_AT, |(source, _)| source))
            }
            _ => find(self.root, &column.source).map(|column| column.name.as_str()),
        };
        source.map_or_else(|| "NULL".to_owned(), |source| dialect.quote(source))
    }

    /// The source's values, by which an event repeats another.
    fn values(&self) -> impl Iterator<Item = &Column> {
        self.table.columns.iter().filter(|column| {
            matches!(
                column.source,
                ColumnSource::Property(_) | ColumnSource::System(SystemColumn::AdditionalProperties)
            )
        })
    }

    /// What events are ordered by: what versions in the tables of keys are, with the start in place of the cursor.
    fn order(&self) -> Vec<(&str, ColumnKind)> {
        let system = |column| find(self.table, &ColumnSource::System(column));
        let start = self.dedup.cursor.as_ref().and_then(|_| system(SystemColumn::StartAt));
        let cdc = self.dedup.cdc.iter().filter_map(|index| find(self.table, &self.root.columns.get(*index)?.source));
        let arrival = [SystemColumn::EmittedAt, SystemColumn::AbId].into_iter().filter_map(system);
        start.into_iter().chain(cdc).chain(arrival).map(|column| (column.name.as_str(), column.kind)).collect()
    }

    /// The column that, when not NULL, says that the event is a hard delete.
    fn deleted_at(&self) -> Option<&Column> {
        find(self.table, &hard_deleted_at(self.root, self.dedup)?.source)
    }
}

fn find<'t>(table: &'t Table, source: &ColumnSource) -> Option<&'t Column> {
    table.columns.iter().find(|column| column.source == *source)
}
