//! What is remembered between syncs: generations and the sync log.

use crate::kind::{ColumnKind, ScalarColumn};
use crate::plan::Layouts;
use crate::sql::internal::INTERNAL_SCHEMA;
use crate::sql::tables::create;
use crate::sql::text::{listed, quoted};
use crate::sql::{Dialect, TableName};

const TEXT: ColumnKind = ColumnKind::Scalar(ScalarColumn::String);
const WHOLE: ColumnKind = ColumnKind::Scalar(ScalarColumn::Integer);
const INSTANT: ColumnKind = ColumnKind::Scalar(ScalarColumn::TimestampTz);

const STREAMS: &[(&str, ColumnKind)] = &[
    ("schema_name", TEXT),
    ("stream_name", TEXT),
    ("replaced_generation", WHOLE),
    ("staging_generation", WHOLE),
    ("layout", TEXT),
    ("updated_at", INSTANT),
];

const SYNCS: &[(&str, ColumnKind)] = &[
    ("sync_id", WHOLE),
    ("schema_name", TEXT),
    ("stream_name", TEXT),
    ("started_at", INSTANT),
    ("finished_at", INSTANT),
    ("status", TEXT),
    ("records", WHOLE),
    ("generation_id", WHOLE),
];

/// What is remembered of a stream. One row a stream: schema and source name tell streams apart.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamState {
    /// Schema of the stream's tables.
    pub schema: String,
    /// The source's name of the stream, without namespace.
    pub stream: String,
    /// Generation whose replacement the live tables show. `None`: they were never replaced.
    pub replaced_generation: Option<i64>,
    /// Generation of an unfinished replacement. `None`: there is none.
    pub staging_generation: Option<i64>,
    /// How the stream's tables are laid out.
    pub layouts: Layouts,
}

/// One stream in one sync, as the sync log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncLogEntry {
    /// Id of the sync, if the platform gave one.
    pub sync_id: Option<i64>,
    /// Schema of the stream's tables.
    pub schema: String,
    /// The source's name of the stream, without namespace.
    pub stream: String,
    /// RFC 3339, with offset.
    pub started_at: String,
    /// RFC 3339, with offset.
    pub finished_at: String,
    /// How it ended.
    pub status: String,
    /// Records landed.
    pub records: u64,
    /// Generation of the records, 0 when the catalog has none.
    pub generation_id: i64,
}

/// Creates the internal schema and its tables unless they are there.
#[must_use]
pub fn create_all(dialect: &dyn Dialect) -> Vec<String> {
    let table = |name, columns| create(dialect, "TABLE IF NOT EXISTS", &internal_table(name), columns);
    vec![dialect.create_schema(INTERNAL_SCHEMA), table("alluvium_streams", STREAMS), table("alluvium_syncs", SYNCS)]
}

/// The table of the streams' states.
#[must_use]
pub fn states_table() -> TableName {
    internal_table("alluvium_streams")
}

/// Asks for the states of the streams in these schemas: rows of `schema_name, stream_name, replaced_generation,
/// staging_generation, layout`, to be read by [`StreamState::of_row`].
#[must_use]
pub fn read_states(dialect: &dyn Dialect, schemas: &[String]) -> String {
    format!(
        "SELECT
  {columns}
FROM {table}
WHERE {schema} IN ({schemas})",
        columns = listed(1, quoted(dialect, STREAMS.iter().take(5).map(|(name, _)| name))),
        table = dialect.relation(&states_table()),
        schema = dialect.quote("schema_name"),
        schemas = schemas.iter().map(|schema| dialect.literal(schema)).collect::<Vec<_>>().join(", "),
    )
}

impl StreamState {
    /// What is remembered of a stream that nothing is remembered of.
    #[must_use]
    pub fn unknown(schema: &str, stream: &str) -> Self {
        let (schema, stream) = (schema.to_owned(), stream.to_owned());
        Self { schema, stream, replaced_generation: None, staging_generation: None, layouts: Layouts::default() }
    }

    /// The state in a row of [`read_states`], each value as text.
    #[must_use]
    pub fn of_row(row: &[Option<String>]) -> Option<Self> {
        let number = |index: usize| row.get(index)?.as_ref()?.parse().ok();
        Some(Self {
            schema: row.first()?.clone()?,
            stream: row.get(1)?.clone()?,
            replaced_generation: number(2),
            staging_generation: number(3),
            layouts: row.get(4)?.as_deref().map(Layouts::parse).unwrap_or_default(),
        })
    }
}

/// Remembers the state of a stream in place of what was remembered.
#[must_use]
pub fn write_state(dialect: &dyn Dialect, state: &StreamState) -> Vec<String> {
    let table = states_table();
    let number = |value: Option<i64>| value.map_or_else(null, |value| value.to_string());
    let values = [
        dialect.literal(&state.schema),
        dialect.literal(&state.stream),
        number(state.replaced_generation),
        number(state.staging_generation),
        dialect.literal(&state.layouts.to_text()),
        "CURRENT_TIMESTAMP".to_owned(),
    ];
    vec![
        format!(
            "DELETE FROM {}
WHERE {}",
            dialect.relation(&table),
            this_stream(dialect, &state.schema, &state.stream)
        ),
        insert(dialect, &table, STREAMS, &values),
    ]
}

/// Adds an entry to the sync log.
#[must_use]
pub fn log_sync(dialect: &dyn Dialect, entry: &SyncLogEntry) -> String {
    let instant = |text: &str| format!("CAST({} AS {})", dialect.literal(text), dialect.column_type(INSTANT));
    let values = [
        entry.sync_id.map_or_else(null, |id| id.to_string()),
        dialect.literal(&entry.schema),
        dialect.literal(&entry.stream),
        instant(&entry.started_at),
        instant(&entry.finished_at),
        dialect.literal(&entry.status),
        entry.records.to_string(),
        entry.generation_id.to_string(),
    ];
    insert(dialect, &internal_table("alluvium_syncs"), SYNCS, &values)
}

fn internal_table(name: &str) -> TableName {
    TableName { schema: INTERNAL_SCHEMA.to_owned(), name: name.to_owned() }
}

fn this_stream(dialect: &dyn Dialect, schema: &str, stream: &str) -> String {
    format!(
        "{} = {} AND {} = {}",
        dialect.quote("schema_name"),
        dialect.literal(schema),
        dialect.quote("stream_name"),
        dialect.literal(stream)
    )
}

fn insert(dialect: &dyn Dialect, table: &TableName, columns: &[(&str, ColumnKind)], values: &[String]) -> String {
    format!(
        "INSERT INTO {} (
  {}
)
VALUES (
  {}
)",
        dialect.relation(table),
        listed(1, quoted(dialect, columns.iter().map(|(name, _)| name))),
        listed(1, values)
    )
}

fn null() -> String {
    "NULL".to_owned()
}
