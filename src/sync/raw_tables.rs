//! Where the raw rows of a stream are.

use alluvium_normalization::catalog::StreamName;
use alluvium_normalization::kind::ColumnKind;
use alluvium_normalization::plan::{Options, StreamPlan};
use alluvium_normalization::raw::{self, RawLayout};
use alluvium_normalization::sql::{Dialect, StreamSql, TableName, Targets};

use crate::failure::Failure;
use crate::sync::prepare::find;
use crate::sync::target::Place;
use crate::warehouse::ExistingTable;

/// The raw table of a stream, whoever made it, and how its columns are called.
pub(super) fn raw_table(
    stream: &StreamPlan,
    options: &Options,
    existing: &[ExistingTable],
) -> Option<(TableName, RawLayout)> {
    let own = stream.raw.iter().map(|table| (stream.raw_schema.clone(), table.name.clone()));
    let namespace = stream.stream.namespace.as_deref().unwrap_or(&options.schema);
    let schemas = [raw::V2_SCHEMA.to_owned(), stream.raw_schema.clone()];
    let of_v2 = schemas
        .into_iter()
        .flat_map(|schema| raw::v2_names(&stream.stream, namespace).map(|name| (schema.clone(), name)));
    own.chain(of_v2).find_map(|(schema, name)| {
        let name = TableName { schema, name };
        let layout = RawLayout::of(&find(existing, &name)?.described())?;
        Some((name, layout))
    })
}

/// Raw rows that a stream is typed from.
pub(super) struct RawSource {
    pub(super) table: TableName,
    pub(super) layout: RawLayout,
}

impl RawSource {
    /// Its ids are of the type of ours: rows that were typed are found by them.
    pub(super) fn has_our_ids(&self, dialect: &dyn Dialect, existing: &[ExistingTable]) -> bool {
        let column = find(existing, &self.table)
            .and_then(|table| table.columns.iter().find(|column| column.name == self.layout.id()));
        column.is_some_and(|column| column.sql_type == dialect.column_type(ColumnKind::Uuid))
    }

    /// The query of its rows; of those that `typed` does not have, if that is given.
    pub(super) fn query(&self, dialect: &dyn Dialect, typed: Option<&Targets>) -> String {
        let typed = typed.and_then(|typed| typed.keys.as_ref().or(typed.tables.first()));
        self.layout.select(dialect, &self.table, typed)
    }
}

/// The raw rows that what is in this place of the stream is typed from.
pub(super) fn raw_source(
    place: Place,
    stream: &StreamPlan,
    options: &Options,
    existing: &[ExistingTable],
    dialect: &dyn Dialect,
) -> Option<RawSource> {
    let (table, layout) = match place {
        Place::Live => raw_table(stream, options, existing)?,
        Place::Staged => {
            let table = StreamSql::new(stream, dialect).staging().raw?;
            let layout = RawLayout::of(&find(existing, &table)?.described())?;
            (table, layout)
        }
    };
    Some(RawSource { table, layout })
}

/// There is nothing to type the stream from.
pub(super) fn no_raw_table(stream: &StreamPlan) -> Failure {
    let StreamName { namespace, name } = &stream.stream;
    let table = stream.raw.as_ref().map(|table| format!("{}.{}", stream.raw_schema, table.name));
    let message = format!(
        "the stream `{name}` has no raw table to be typed from: neither `{}` nor one of Destinations V2 is there",
        table.unwrap_or_default()
    );
    Failure::config(message).in_stream(name.clone(), namespace.clone())
}
