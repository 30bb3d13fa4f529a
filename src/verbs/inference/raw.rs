//! Records out of raw tables, whoever wrote them.

use std::borrow::Cow;
use std::num::NonZero;
use std::thread;

use alluvium_normalization::catalog;
use alluvium_normalization::names::plain;
use alluvium_normalization::plan::{Options, raw_schema_of, schema_of};
use alluvium_normalization::raw::{RawLayout, V2_SCHEMA, v2_stream};

use crate::failure::Failure;
use crate::protocol::message::{StreamName, bare_record};
use crate::verbs::inference::findings::{Findings, Wanted};
use crate::verbs::inference::is_called;
use crate::warehouse::rows::RowStream;
use crate::warehouse::{ExistingTable, TableName, Warehouse, WarehouseError};

/// How names of our raw tables begin, and of those of Airbyte before Destinations V2.
const PREFIX: &str = "_airbyte_raw_";

/// A raw table and the stream that it is of.
#[derive(Debug)]
struct RawTable {
    stream: StreamName<'static>,
    table: TableName,
}

/// Reads the raw tables of the wanted streams, of all if none is named; the first rows of each if that is wanted.
///
/// Streams are those of one schema: `schema`, which is then their namespace, or the config's, where they have none.
pub(in crate::verbs) fn read_raw(
    warehouse: &mut dyn Warehouse,
    options: &Options,
    schema: Option<&str>,
    wanted: &Wanted<'_>,
) -> Result<Findings, Failure> {
    let tables = raw_tables(warehouse, options, schema)?;
    let home = schema.unwrap_or(&options.schema);
    if tables.is_empty() {
        return Err(Failure::config(format!("there is no raw table in the schema `{home}`")));
    }
    let is_there =
        |name: &str| tables.iter().any(|raw| is_called(raw.stream.namespace.as_deref(), &raw.stream.name, name));
    if let Some(name) = wanted.streams.iter().find(|name| !is_there(name)) {
        let names = tables.iter().map(|raw| raw.stream.name.as_ref()).collect::<Vec<_>>().join(", ");
        let told =
            format!("there is no raw table of stream `{name}` in the schema `{home}`; there are those of {names}");
        return Err(Failure::config(told));
    }
    let mut reader = warehouse.reader()?;
    let mut all = Findings::default();
    for (raw, place) in tables.iter().zip(0_u64..).filter(|(raw, _)| wanted.has(&raw.stream)) {
        let sql = RawLayout::select_data(warehouse.dialect(), &raw.table, wanted.sample);
        let rows = reader.stream(&sql, 1)?;
        all.merge(take_rows(raw, place, &rows, wanted)?);
    }
    Ok(all)
}

/// The raw tables of the schema's streams, by the streams' names.
fn raw_tables(
    warehouse: &mut dyn Warehouse,
    options: &Options,
    schema: Option<&str>,
) -> Result<Vec<RawTable>, Failure> {
    let limits = warehouse.dialect().limits().clone();
    let namespace = schema.filter(|schema| {
        let identifier = |name| plain(options.naming, &limits.identifiers, name);
        identifier(schema) != identifier(&options.schema)
    });
    let nameless = catalog::StreamName { namespace: namespace.map(str::to_owned), name: String::new() };
    let home = schema_of(&nameless, options, &limits);
    let mut schemas = vec![home.clone(), raw_schema_of(&nameless, options, &limits), V2_SCHEMA.to_owned()];
    schemas.sort_unstable();
    schemas.dedup();
    let source = namespace.unwrap_or(&options.schema);
    let mut tables: Vec<RawTable> = warehouse
        .describe(&schemas)?
        .into_iter()
        .filter_map(|table| {
            RawLayout::of(&table.described())?;
            let name = Cow::Owned(stream_of(&table, &home, source)?);
            let namespace = namespace.map(|namespace| Cow::Owned(namespace.to_owned()));
            Some(RawTable { stream: StreamName { name, namespace }, table: table.name })
        })
        .collect();
    tables.sort_by(|one, other| (&one.stream.name, &one.table.name).cmp(&(&other.stream.name, &other.table.name)));
    Ok(tables)
}

/// The name of the stream of the schema `home` that a raw table is of: by our COMMENT, else by the table's name, where `source`
/// is the schema as the source spells it.
fn stream_of(table: &ExistingTable, home: &str, source: &str) -> Option<String> {
    let comment = table.comment.as_deref().and_then(|comment| serde_json::from_str::<Vec<String>>(comment).ok());
    let is_home = table.name.schema == home;
    match comment.as_deref() {
        Some([role, name]) if role == "raw" => return is_home.then(|| name.clone()),
        Some([role, name, schema]) if role == "raw" => return (schema == home).then(|| name.clone()),
        _ => {}
    }
    if let Some((namespace, name)) = v2_stream(&table.name.name) {
        return namespace.eq_ignore_ascii_case(source).then_some(name);
    }
    let name = table.name.name.strip_prefix(PREFIX).filter(|name| !name.is_empty());
    name.filter(|_| is_home).map(str::to_owned)
}

/// Looks at rows on all processors.
fn take_rows(raw: &RawTable, place: u64, rows: &RowStream, wanted: &Wanted<'_>) -> Result<Findings, Failure> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let parts = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| take_parts(raw, place, rows, wanted))).collect();
        workers.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let mut all = Findings::default();
    for part in parts {
        // What a panic has to say, it has said.
        all.merge(part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
    }
    Ok(all)
}

fn take_parts(raw: &RawTable, place: u64, rows: &RowStream, wanted: &Wanted<'_>) -> Result<Findings, WarehouseError> {
    let mut findings = Findings::default();
    let TableName { schema, name } = &raw.table;
    for part in rows {
        for row in part?.rows() {
            let data = row.get(0).unwrap_or_default();
            match bare_record(data.trim_ascii().as_bytes()) {
                Ok(record) => findings.record(&raw.stream, record.get(), place, wanted),
                Err(bad) => findings.reject(place, || format!("a row of {schema}.{name} {bad}")),
            }
        }
    }
    Ok(findings)
}
