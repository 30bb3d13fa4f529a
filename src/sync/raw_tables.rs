//! Where the raw rows of a stream are.

use alluvium_normalization::catalog::StreamName;
use alluvium_normalization::plan::{Options, StreamPlan};
use alluvium_normalization::raw::{self, RawLayout};
use alluvium_normalization::sql::{Dialect, TableName};

use crate::failure::Failure;
use crate::sync::prepare::find;
use crate::warehouse::ExistingTable;

/// The query of a stream's raw rows, wherever its raw table is.
pub(super) fn source(
    stream: &StreamPlan,
    options: &Options,
    existing: &[ExistingTable],
    dialect: &dyn Dialect,
) -> Result<String, Failure> {
    let own = stream.raw.iter().map(|table| (stream.raw_schema.clone(), table.name.clone()));
    let namespace = stream.stream.namespace.as_deref().unwrap_or(&options.schema);
    let schemas = [raw::V2_SCHEMA.to_owned(), stream.raw_schema.clone()];
    let of_v2 = schemas
        .into_iter()
        .flat_map(|schema| raw::v2_names(&stream.stream, namespace).map(|name| (schema.clone(), name)));
    let found = own.chain(of_v2).find_map(|(schema, name)| {
        let name = TableName { schema, name };
        let layout = RawLayout::of(&find(existing, &name)?.described())?;
        Some(layout.select(dialect, &name))
    });
    found.ok_or_else(|| {
        let StreamName { namespace, name } = &stream.stream;
        let table = stream.raw.as_ref().map(|table| format!("{}.{}", stream.raw_schema, table.name));
        let message = format!(
            "the stream `{name}` has no raw table to be typed from: neither `{}` nor one of Destinations V2 is there",
            table.unwrap_or_default()
        );
        Failure::config(message).in_stream(name.clone(), namespace.clone())
    })
}
