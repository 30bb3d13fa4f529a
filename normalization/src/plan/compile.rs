//! Catalog x options x limits -> plan.

use std::collections::BTreeMap;

use crate::catalog::{ConfiguredCatalog, ConfiguredStream, StreamName, SyncMode};
use crate::columns::SystemColumn;
use crate::kind::{ColumnKind, ScalarColumn};
use crate::limits::Limits;
use crate::names::schema;
use crate::plan::naming::{TableRequest, name_columns, name_tables, system_columns};
use crate::plan::nesting::{Draft, draft};
use crate::plan::{
    Column, ColumnSource, Dedup, KnownNames, ObjectNode, Options, Plan, StreamPlan, Table, TableRole, dedup,
};
use crate::shape::stream_properties;
use crate::sql::INTERNAL_SCHEMA;

/// Why a catalog can't be planned: the user must change the catalog or the config.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A part of the primary key is no property of the stream.
    #[error("stream `{stream}`: the primary key `{path}` is not in its schema")]
    KeyNotInSchema {
        /// The stream.
        stream: StreamName,
        /// The key's path.
        path: String,
    },
    /// The cursor is no property of the stream.
    #[error("stream `{stream}`: the cursor field `{path}` is not in its schema")]
    CursorNotInSchema {
        /// The stream.
        stream: StreamName,
        /// The cursor's path.
        path: String,
    },
    /// Two streams would share their tables.
    #[error("the streams `{first}` and `{second}` both land in schema `{schema}` under the same name")]
    SameDestination {
        /// The one.
        first: StreamName,
        /// The other.
        second: StreamName,
        /// Where both land.
        schema: String,
    },
    /// A stream would have its tables among those of our bookkeeping, and could have the name of one of them.
    #[error("stream `{stream}`: the schema `{schema}` is kept for bookkeeping; choose another namespace or schema")]
    ForBookkeeping {
        /// The stream.
        stream: StreamName,
        /// The schema that its tables would be in.
        schema: String,
    },
    /// A table would be wider than tables can be.
    #[error(
        "stream `{stream}`: the table `{table}` would have {columns} columns, and {most} are the most that a table can have"
    )]
    TooManyColumns {
        /// The stream.
        stream: StreamName,
        /// The table.
        table: String,
        /// How many columns the plan has for it.
        columns: usize,
        /// How many the warehouse has room for.
        most: usize,
    },
    /// Neither raw nor typed tables are wanted.
    #[error("`normalization.enabled: false` together with `normalization.raw: none` leaves nothing to write")]
    NothingToWrite,
}

/// The schema that a stream's tables live in.
#[must_use]
pub fn schema_of(stream: &StreamName, options: &Options, limits: &Limits) -> String {
    schema(options.naming, &limits.identifiers, stream.namespace.as_deref().unwrap_or(&options.schema))
}

/// The schema that a stream's raw table lives in: the one of all raw tables, or else the stream's.
#[must_use]
pub fn raw_schema_of(stream: &StreamName, options: &Options, limits: &Limits) -> String {
    let own = schema_of(stream, options, limits);
    let Some(raw_schema) = &options.raw_schema else { return own };
    let raw_schema = schema(options.naming, &limits.identifiers, raw_schema);
    let key = |name: &str| limits.identifiers.comparison_key(name);
    if key(&raw_schema) == key(&own) { own } else { raw_schema }
}

/// Compiles a catalog.
///
/// Law: pure, and the names of a stream do not depend on the order of the catalog.
pub fn compile(
    catalog: &ConfiguredCatalog,
    options: &Options,
    limits: &Limits,
    known: &KnownNames,
) -> Result<Plan, PlanError> {
    if !options.raw && !options.typed {
        return Err(PlanError::NothingToWrite);
    }
    let drafts = catalog
        .streams
        .iter()
        .map(|stream| StreamDraft::new(stream, options, limits))
        .collect::<Result<Vec<_>, _>>()?;
    drafts.iter().try_for_each(|draft| refuse_bookkeeping(draft, limits))?;
    refuse_shared_destinations(&drafts)?;

    let requests: Vec<Vec<TableRequest<'_>>> = drafts.iter().map(|draft| draft.requests(options)).collect();
    let mut names: Vec<Vec<String>> = requests.iter().map(|requests| vec![String::new(); requests.len()]).collect();
    let mut by_schema: BTreeMap<&str, (Vec<&mut String>, Vec<TableRequest<'_>>)> = BTreeMap::new();
    for ((draft, names), requests) in drafts.iter().zip(&mut names).zip(requests) {
        for (name, request) in names.iter_mut().zip(requests) {
            let (wanted, requests) = by_schema.entry(draft.schema_of(request.role)).or_default();
            wanted.push(name);
            requests.push(request);
        }
    }
    for (schema, (wanted, requests)) in by_schema {
        let given = name_tables(options.naming, limits, schema, &requests, known);
        wanted.into_iter().zip(given).for_each(|(wanted, given)| *wanted = given);
    }
    let streams = drafts.into_iter().zip(names).map(|(draft, names)| draft.named(names, options, limits, known));
    let streams: Vec<StreamPlan> = streams.collect();
    limits.columns.map_or(Ok(()), |most| streams.iter().try_for_each(|stream| refuse_wide_tables(stream, most)))?;
    Ok(Plan { streams })
}

/// What the root's columns stand next to where versions are kept and ordered.
const HISTORY_COLUMNS: [SystemColumn; 4] =
    [SystemColumn::Cursor, SystemColumn::StartAt, SystemColumn::EndAt, SystemColumn::ActiveRow];

/// A stream whose tables have no names yet.
struct StreamDraft<'a> {
    stream: &'a ConfiguredStream,
    schema: String,
    raw_schema: String,
    /// What tells its raw table from those of other schemas.
    raw_path: Vec<String>,
    tables: Vec<Draft>,
    root: ObjectNode,
    dedup: Option<Dedup>,
}

impl<'a> StreamDraft<'a> {
    fn new(stream: &'a ConfiguredStream, options: &Options, limits: &Limits) -> Result<Self, PlanError> {
        let properties = stream_properties(&stream.json_schema);
        let (tables, root) = draft(&properties, options, limits);
        let dedup = match stream.destination_sync_mode {
            SyncMode::AppendDedup => {
                let (key, cursor) = (&stream.primary_key, &stream.cursor_field);
                let choices = (options, limits);
                Some(dedup::resolve(&stream.name, key, cursor, &properties, &tables[0], choices)?)
            }
            SyncMode::Append | SyncMode::Overwrite => None,
        };
        let schema = schema_of(&stream.name, options, limits);
        let raw_schema = raw_schema_of(&stream.name, options, limits);
        let raw_path = if raw_schema == schema { Vec::new() } else { vec![schema.clone()] };
        let (tables, root, dedup) =
            if options.typed { (tables, root, dedup) } else { (Vec::new(), ObjectNode::default(), None) };
        Ok(Self { stream, schema, raw_schema, raw_path, tables, root, dedup })
    }

    fn schema_of(&self, role: TableRole) -> &str {
        if role == TableRole::Raw { &self.raw_schema } else { &self.schema }
    }

    fn keeps_history(&self, options: &Options) -> bool {
        self.dedup.is_some() && options.history
    }

    /// The tables that want a name: raw, typed, history, those that there are.
    fn requests(&self, options: &Options) -> Vec<TableRequest<'_>> {
        let (stream, json_schema) = (&self.stream.name, &self.stream.json_schema);
        let request = |role, path| TableRequest { stream, role, path, json_schema };
        let raw = options.raw.then(|| request(TableRole::Raw, &self.raw_path));
        let typed = self.tables.iter().map(|table| request(table.role, &table.path));
        let history = self.keeps_history(options).then(|| request(TableRole::History, &[]));
        raw.into_iter().chain(typed).chain(history).collect()
    }

    fn named(self, names: Vec<String>, options: &Options, limits: &Limits, known: &KnownNames) -> StreamPlan {
        let keeps_history = self.keeps_history(options);
        let mut names = names.into_iter();
        let raw = options.raw.then(|| Table {
            name: names.next().unwrap_or_default(),
            role: TableRole::Raw,
            path: self.raw_path.clone(),
            columns: raw_columns(),
        });
        let flags = (self.dedup.is_some(), options.additional_properties);
        let tables: Vec<Table> = (0..self.tables.len())
            .map(|index| {
                let draft = &self.tables[index];
                let name = names.next().unwrap_or_default();
                let system = system_columns(options.naming, limits, &self.stream.name, &self.tables, index, flags);
                let known = known.columns(&self.schema, &name);
                let reserved: &[SystemColumn] = match draft.role {
                    TableRole::Root if keeps_history => &HISTORY_COLUMNS,
                    TableRole::Root if self.dedup.is_some() => &[SystemColumn::Cursor],
                    _ => &[],
                };
                let columns = name_columns(options.naming, limits, draft, &system, reserved, known);
                Table { name, role: draft.role, path: draft.path.clone(), columns }
            })
            .collect();
        let history = keeps_history.then(|| Table {
            name: names.next().unwrap_or_default(),
            role: TableRole::History,
            path: Vec::new(),
            columns: history_columns(&tables[0], self.dedup.as_ref()),
        });
        StreamPlan {
            history_remnants: Vec::new(),
            stream: self.stream.name.clone(),
            schema: self.schema,
            raw_schema: self.raw_schema,
            raw,
            tables,
            history,
            root: self.root,
            dedup: self.dedup,
            mode: self.stream.destination_sync_mode,
            replacement: self.stream.replaces(),
            generation_id: self.stream.generation_id.unwrap_or(0),
            sync_id: self.stream.sync_id,
        }
    }
}

/// Compared as the warehouse compares names, and once cleaned, so that no spelling gets by.
fn refuse_bookkeeping(draft: &StreamDraft<'_>, limits: &Limits) -> Result<(), PlanError> {
    let kept = limits.identifiers.comparison_key(INTERNAL_SCHEMA);
    let schemas = [&draft.schema, &draft.raw_schema];
    match schemas.into_iter().find(|schema| limits.identifiers.comparison_key(schema) == kept) {
        None => Ok(()),
        Some(schema) => Err(PlanError::ForBookkeeping { stream: draft.stream.name.clone(), schema: schema.clone() }),
    }
}

fn refuse_shared_destinations(drafts: &[StreamDraft<'_>]) -> Result<(), PlanError> {
    let mut seen: BTreeMap<(&str, &str), &StreamName> = BTreeMap::new();
    for draft in drafts {
        let stream = &draft.stream.name;
        if let Some(first) = seen.insert((&draft.schema, &stream.name), stream) {
            let (first, second) = (first.clone(), stream.clone());
            return Err(PlanError::SameDestination { first, second, schema: draft.schema.clone() });
        }
    }
    Ok(())
}

fn refuse_wide_tables(plan: &StreamPlan, most: usize) -> Result<(), PlanError> {
    // where the cursor is nested, merging takes it in a column of its own
    let cursor = plan.dedup.as_ref().and_then(|dedup| dedup.cursor.as_ref());
    let has_own_column = cursor.is_some_and(|cursor| cursor.column.is_none());
    for table in plan.tables.iter().chain(&plan.history) {
        let columns = table.columns.len() + usize::from(has_own_column && table.role == TableRole::Root);
        if columns > most {
            let (stream, table) = (plan.stream.clone(), table.name.clone());
            return Err(PlanError::TooManyColumns { stream, table, columns, most });
        }
    }
    Ok(())
}

fn raw_columns() -> Vec<Column> {
    use SystemColumn::{AbId, Data, EmittedAt, GenerationId, Meta};
    [AbId, EmittedAt, Data, Meta, GenerationId].into_iter().filter_map(fixed_column).collect()
}

fn fixed_column(column: SystemColumn) -> Option<Column> {
    Some(Column { name: column.fixed_name()?.to_owned(), source: ColumnSource::System(column), kind: column.kind()? })
}

/// The root's columns with the range in which a version holds.
fn history_columns(root: &Table, dedup: Option<&Dedup>) -> Vec<Column> {
    let emitted_at = ColumnKind::Scalar(ScalarColumn::TimestampTz);
    let range = dedup.and_then(|dedup| dedup.cursor.as_ref()).map_or(emitted_at, |cursor| cursor.kind);
    let bound = |column: SystemColumn| {
        column.fixed_name().map(|name| Column {
            name: name.to_owned(),
            source: ColumnSource::System(column),
            kind: range,
        })
    };
    root.columns
        .iter()
        .cloned()
        .chain(bound(SystemColumn::StartAt))
        .chain(bound(SystemColumn::EndAt))
        .chain(fixed_column(SystemColumn::ActiveRow))
        .collect()
}
