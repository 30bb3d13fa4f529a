//! Raw tables that are in a warehouse, and the streams that they are of.

use std::collections::{BTreeMap, BTreeSet};

use alluvium_normalization::catalog::StreamName;
use alluvium_normalization::limits::Limits;
use alluvium_normalization::plan::{Options, raw_schema_of, schema_of};
use alluvium_normalization::raw::{RawLayout, V2_SCHEMA, v2_stream};
use alluvium_normalization::sql::INTERNAL_SCHEMA;

use crate::failure::Failure;
use crate::verbs::inference::is_called;
use crate::warehouse::{ExistingTable, TableName, Warehouse};

/// How names of our raw tables begin, and of those of Airbyte before Destinations V2.
const PREFIX: &str = "_airbyte_raw_";

/// Schemas with tables that may be raw ones, as far as the role may look.
const SCHEMAS: &str = "SELECT DISTINCT table_schema FROM information_schema.columns \
                       WHERE table_catalog = current_database() AND column_name = '_airbyte_data'";

/// A raw table and the stream that it is of.
#[derive(Debug)]
pub(super) struct RawTable {
    pub(super) stream: StreamName,
    pub(super) table: TableName,
}

/// The raw tables of all schemas, or of the streams of this one, by the streams' names. Streams of the config's schema have no
/// namespace, those of another have it as theirs. There is at least one, and one of each stream that is `wanted` by its name.
pub(super) fn raw_tables(
    warehouse: &mut dyn Warehouse,
    options: &Options,
    schema: Option<&str>,
    wanted: &[String],
) -> Result<Vec<RawTable>, Failure> {
    let homes = Homes { options, limits: &warehouse.dialect().limits().clone() };
    let mut tables = Vec::new();
    let schemas = schemas(warehouse, &homes)?;
    for table in warehouse.describe(&schemas)? {
        if let Some((namespace, name)) = RawLayout::of(&table.described()).and_then(|_| stream_of(&table)) {
            let is_v2 = v2_stream(&table.name.name).is_some();
            if !is_v2 && homes.schema(&namespace) != namespace {
                let (schema, table) = (&table.name.schema, &table.name.name);
                tracing::warn!(schema, table, "a raw table in a schema that `normalization.naming` never names");
            } else if schema.is_none_or(|schema| homes.are_one(&namespace, schema)) {
                tables.push((namespace, name, table.name));
            }
        }
    }
    let within = schema.map(|schema| format!(" in the schema `{schema}`")).unwrap_or_default();
    let tables = homes.of_streams(&tables);
    if tables.is_empty() {
        return Err(Failure::config(format!("there is no raw table{within}")));
    }
    let is_there =
        |name: &String| tables.iter().any(|raw| is_called(raw.stream.namespace.as_deref(), &raw.stream.name, name));
    if let Some(name) = wanted.iter().find(|name| !is_there(name)) {
        let names: BTreeSet<String> = tables.iter().map(|raw| raw.stream.to_string()).collect();
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        let told = format!("there is no raw table of stream `{name}`{within}; there are those of {names}");
        return Err(Failure::config(told));
    }
    Ok(tables)
}

/// The schemas that may hold raw tables. The config's are among them in any case: what can't be read there is to be told.
fn schemas(warehouse: &mut dyn Warehouse, homes: &Homes<'_>) -> Result<Vec<String>, Failure> {
    let nameless = StreamName { namespace: None, name: String::new() };
    let own = [schema_of, raw_schema_of].map(|schema_of| schema_of(&nameless, homes.options, homes.limits));
    let mut schemas: Vec<String> = warehouse.query(SCHEMAS)?.rows.into_iter().flatten().flatten().collect();
    // one that is there in other letters counts once
    let missing = |schema: &String, there: &[String]| !there.iter().any(|there| homes.is_same(there, schema));
    for schema in own.into_iter().chain([V2_SCHEMA.to_owned()]) {
        if missing(&schema, &schemas) {
            schemas.push(schema);
        }
    }
    schemas.retain(|schema| schema != INTERNAL_SCHEMA && !schema.starts_with("pg_"));
    schemas.sort_unstable();
    Ok(schemas)
}

/// The namespace or schema, and the name of the stream that a raw table is of: by our COMMENT, else by the table's name.
fn stream_of(table: &ExistingTable) -> Option<(String, String)> {
    let comment = table.comment.as_deref().and_then(|comment| serde_json::from_str::<Vec<String>>(comment).ok());
    match comment.as_deref() {
        Some([role, name]) if role == "raw" => return Some((table.name.schema.clone(), name.clone())),
        Some([role, name, schema]) if role == "raw" => return Some((schema.clone(), name.clone())),
        _ => {}
    }
    let of_older = || {
        let name = table.name.name.strip_prefix(PREFIX).filter(|name| !name.is_empty())?;
        Some((table.name.schema.clone(), name.to_owned()))
    };
    v2_stream(&table.name.name).or_else(of_older)
}

/// Which namespaces land where.
struct Homes<'a> {
    options: &'a Options,
    limits: &'a Limits,
}

impl Homes<'_> {
    fn schema(&self, namespace: &str) -> String {
        let stream = StreamName { namespace: Some(namespace.to_owned()), name: String::new() };
        schema_of(&stream, self.options, self.limits)
    }

    fn is_same(&self, one: &str, other: &str) -> bool {
        one == other || (self.limits.identifiers.ignores_case && one.eq_ignore_ascii_case(other))
    }

    /// Whether streams of both land in one schema. Destinations V2 wrote namespaces in lower case too.
    fn are_one(&self, one: &str, other: &str) -> bool {
        one.eq_ignore_ascii_case(other) || self.is_same(&self.schema(one), &self.schema(other))
    }

    /// The tables with their streams. Of several spellings of one namespace the source's own counts, where a table tells it: by
    /// that one all of them are found.
    fn of_streams(&self, tables: &[(String, String, TableName)]) -> Vec<RawTable> {
        let mut spelled: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for (namespace, ..) in tables {
            spelled.entry(self.schema(namespace)).or_default().insert(namespace);
        }
        let namespace_of = |namespace: &str| {
            let schema = self.schema(namespace);
            let own = spelled.get(&schema)?.iter().find(|spelled| **spelled != schema).copied();
            (!self.are_one(namespace, &self.options.schema)).then(|| own.unwrap_or(&schema).to_owned())
        };
        let raw_table = |(namespace, name, table): &(String, String, TableName)| RawTable {
            stream: StreamName { namespace: namespace_of(namespace), name: name.clone() },
            table: table.clone(),
        };
        let mut found: Vec<RawTable> = tables.iter().map(raw_table).collect();
        let place = |raw: &RawTable| (raw.stream.namespace.clone(), raw.stream.name.clone(), raw.table.name.clone());
        found.sort_by_cached_key(place);
        found
    }
}
