//! Where the raw rows of a stream are.

use alluvium_normalization::catalog::StreamName;
use alluvium_normalization::plan::{Plan, StreamPlan};
use alluvium_normalization::raw::{RawLayout, RawPlace};
use alluvium_normalization::sql::{Dialect, INTERNAL_SCHEMA, StreamSql, TableName, Targets};

use crate::failure::Failure;
use crate::sync::prepare::find;
use crate::sync::target::Place;
use crate::warehouse::{ExistingTable, Warehouse, WarehouseError};

/// So many raw tables of no stream are named.
const TOLD_TABLES: usize = 20;

/// The raw table of a stream, whoever made it, and how its columns are called. The plan is one [over what
/// exists](crate::sync::prepare::plan_over).
pub(super) fn raw_table(stream: &StreamPlan, existing: &[ExistingTable]) -> Option<(TableName, RawLayout)> {
    let table = TableName { schema: stream.raw_schema.clone(), name: stream.raw.as_ref()?.name.clone() };
    let layout = RawLayout::of(&find(existing, &table)?.described())?;
    Some((table, layout))
}

/// Raw rows that a stream is typed from.
pub(super) struct RawSource {
    pub(super) table: TableName,
    pub(super) layout: RawLayout,
}

impl RawSource {
    /// The query of its rows; of those that `typed` does not have, if that is given.
    pub(super) fn query(&self, dialect: &dyn Dialect, typed: Option<&Targets>) -> RawQuery {
        let typed = typed.and_then(|typed| typed.tables.first());
        let sql = self.layout.select(dialect, &self.table, typed);
        RawQuery { sql, is_json: self.layout.holds_json(dialect), is_one_checkpoint: false }
    }

    /// A text that is another when rows have come, gone, or made way for others.
    pub(super) fn summary(&self, warehouse: &mut dyn Warehouse) -> Result<String, WarehouseError> {
        let sql = self.layout.summary(warehouse.dialect(), &self.table);
        Ok(warehouse.query(&sql)?.rows.into_iter().flatten().flatten().collect())
    }

    /// The query of how many rows there are.
    pub(super) fn count(&self, dialect: &dyn Dialect) -> String {
        format!("SELECT count(*) FROM {}", dialect.relation(&self.table))
    }
}

/// What a stream's raw rows are read by.
pub(super) struct RawQuery {
    pub(super) sql: String,
    /// The warehouse vouches for it that the records are JSON.
    pub(super) is_json: bool,
    /// All rows are committed together.
    pub(super) is_one_checkpoint: bool,
}

/// The raw rows that what is in this place of the stream is typed from.
pub(super) fn raw_source(
    place: Place,
    stream: &StreamPlan,
    existing: &[ExistingTable],
    dialect: &dyn Dialect,
) -> Option<RawSource> {
    let (table, layout) = match place {
        Place::Live => raw_table(stream, existing)?,
        Place::Staged => {
            let table = StreamSql::new(stream, dialect).staging().raw?;
            let layout = RawLayout::of(&find(existing, &table)?.described())?;
            (table, layout)
        }
    };
    Some(RawSource { table, layout })
}

/// Tells of raw tables beside those that the streams of the plan are typed from: others of the same streams, and if the plan
/// `is_whole`, of no stream that there is.
pub(super) fn tell_unread(plan: &Plan, is_whole: bool, places: &[Vec<RawPlace>], existing: &[ExistingTable]) {
    let called = |TableName { schema, name }: &TableName| format!("{schema}.{name}");
    for stream in &plan.streams {
        let read = raw_table(stream, existing).map(|(table, _)| table);
        let of_stream = places.iter().find(|places| places.first().map(|(table, _)| table) == read.as_ref());
        for (other, _) in of_stream.into_iter().flat_map(|places| places.iter().skip(1)) {
            let (read, not_read) = (read.as_ref().map(called), called(other));
            tracing::warn!(stream = %stream.stream, read, not_read, "the stream has several raw tables");
        }
    }
    let is_known = |table: &TableName| places.iter().flatten().any(|(known, _)| known == table);
    let of_none: Vec<String> = existing
        .iter()
        .filter(|table| table.name.schema != INTERNAL_SCHEMA && RawLayout::of(&table.described()).is_some())
        .filter(|table| !is_known(&table.name))
        .map(|table| called(&table.name))
        .collect();
    if is_whole && !of_none.is_empty() {
        let tables = of_none.iter().take(TOLD_TABLES).cloned().collect::<Vec<_>>().join(", ");
        tracing::info!(count = of_none.len(), tables, "raw tables of no stream of the catalog");
    }
}

/// There is nothing to type the stream from.
pub(super) fn no_raw_table(stream: &StreamPlan) -> Failure {
    let StreamName { namespace, name } = &stream.stream;
    let table = stream.raw.as_ref().map(|table| format!("{}.{}", stream.raw_schema, table.name));
    let message = format!(
        "the stream `{name}` has no raw table to be typed from: neither `{}` nor one of Airbyte's is there",
        table.unwrap_or_default()
    );
    Failure::config(message).in_stream(name.clone(), namespace.clone())
}
