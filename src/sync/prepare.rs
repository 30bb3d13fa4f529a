//! Everything before the first row: names, plan, tables, bookkeeping.

use alluvium_normalization::catalog::{ConfiguredCatalog, ConfiguredStream, Replacement, SyncMode};
use alluvium_normalization::limits::Limits;
use alluvium_normalization::plan::{self, KnownNames, Options, Plan, StreamPlan};
use alluvium_normalization::raw;
use alluvium_normalization::sql::bookkeeping::{self, StreamState};
use alluvium_normalization::sql::{self, Described, INTERNAL_SCHEMA, StreamSql, TableName, Targets};

use crate::failure::Failure;
use crate::sync::patience::Patience;
use crate::sync::raw_tables::source;
use crate::warehouse::{ExistingTable, Warehouse, WarehouseError};

/// What a sync starts with.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    pub(super) streams: Vec<StreamTarget>,
    pub(super) limits: Limits,
    /// Of a rebuild: the query of each stream's raw rows.
    pub(super) sources: Vec<String>,
}

/// What tables are made ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Records from a source.
    Sync,
    /// Records from raw tables, into typed tables that replace those that there are.
    Rebuild,
}

/// What the rows of a stream replace when the stream is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replacing {
    /// All that is live, by this generation.
    Generation(i64),
    /// The typed tables, by the same records typed again.
    Typed,
}

impl Replacing {
    /// The statements that know where its rows are until it takes effect.
    pub(super) fn sql(self, stream: StreamSql<'_>) -> StreamSql<'_> {
        match self {
            Self::Generation(_) => stream,
            Self::Typed => stream.rebuilding(),
        }
    }
}

/// Where the rows of a stream go.
#[derive(Debug)]
pub(super) struct StreamTarget {
    pub(super) targets: Targets,
    /// The rows replace others, and are in staging until the stream is complete.
    pub(super) replacing: Option<Replacing>,
    /// Child tables of ours that the plan no longer has: dropped when the stream is replaced.
    pub(super) obsolete: Vec<TableName>,
}

/// Plans the catalog over what exists, and makes the tables ready, in one transaction; again when the connection is lost.
pub(super) fn prepare(
    warehouse: &mut dyn Warehouse,
    catalog: &ConfiguredCatalog,
    options: &Options,
    patience: Patience<'_>,
    purpose: Purpose,
) -> Result<Prepared, Failure> {
    let mut pauses = patience.pauses();
    let mut outcome = try_to_prepare(warehouse, catalog, options, purpose);
    while let Err(reason) = &outcome
        && pauses.wait_after(reason)
    {
        outcome = match warehouse.reconnect() {
            Ok(_) => try_to_prepare(warehouse, catalog, options, purpose),
            Err(error) => Err(failure(error, None)),
        };
    }
    outcome
}

fn try_to_prepare(
    warehouse: &mut dyn Warehouse,
    catalog: &ConfiguredCatalog,
    options: &Options,
    purpose: Purpose,
) -> Result<Prepared, Failure> {
    let limits = warehouse.dialect().limits().clone();
    let schema_of = |stream: &ConfiguredStream| plan::schema_of(&stream.name, options, &limits);
    let claims: Vec<(String, String)> =
        catalog.streams.iter().map(|stream| (schema_of(stream), stream.name.name.clone())).collect();
    let schemas = schemas(catalog, options, &limits, purpose);
    // what exists stays as it is described only once nobody else writes to it
    warehouse.claim(&claims).map_err(|error| failure(error, None))?;
    let existing = warehouse.describe(&schemas).map_err(|error| failure(error, None))?;
    let mut plan = plan::compile(catalog, options, &limits, &known_names(&existing))
        .map_err(|error| Failure::config(error.to_string()))?;
    let sources = match purpose {
        Purpose::Sync => Vec::new(),
        Purpose::Rebuild => {
            let sources = plan.streams.iter().map(|stream| source(stream, options, &existing, warehouse.dialect()));
            let sources = sources.collect::<Result<Vec<_>, _>>()?;
            // raw rows are what is read, not what is written
            plan.streams.iter_mut().for_each(|stream| stream.raw = None);
            sources
        }
    };
    let tables = plan.streams.iter().flat_map(|stream| stream.tables.iter().chain(&stream.raw).chain(&stream.history));
    let columns: Vec<usize> = tables.map(|table| table.columns.len()).collect();
    warehouse.make_room(&columns).map_err(|error| failure(error, None))?;

    warehouse.begin().map_err(|error| failure(error, None))?;
    let ready = make_ready(warehouse, &plan, &existing, purpose);
    match ready {
        Ok(streams) => {
            warehouse.commit().map_err(|error| failure(error, None))?;
            Ok(Prepared { plan, streams, limits, sources })
        }
        Err(error) => {
            // the error that counts is the first
            let _ = warehouse.rollback();
            Err(error)
        }
    }
}

fn make_ready(
    warehouse: &mut dyn Warehouse,
    plan: &Plan,
    existing: &[ExistingTable],
    purpose: Purpose,
) -> Result<Vec<StreamTarget>, Failure> {
    for statement in bookkeeping::create_all(warehouse.dialect()) {
        warehouse.execute(&statement).map_err(|error| failure(error, None))?;
    }
    let streams = plan.streams.iter().map(|stream| {
        let preparation = StreamPreparation { warehouse, stream, existing };
        match purpose {
            Purpose::Sync => preparation.run(),
            Purpose::Rebuild => preparation.rebuild(),
        }
    });
    streams.collect()
}

/// The schemas that have a say in a plan.
pub(super) fn schemas(
    catalog: &ConfiguredCatalog,
    options: &Options,
    limits: &Limits,
    purpose: Purpose,
) -> Vec<String> {
    let names = || catalog.streams.iter().map(|stream| &stream.name);
    let mut schemas: Vec<String> = names().map(|name| plan::schema_of(name, options, limits)).collect();
    schemas.extend(names().map(|name| plan::raw_schema_of(name, options, limits)));
    schemas.push(INTERNAL_SCHEMA.to_owned());
    if purpose == Purpose::Rebuild {
        schemas.push(raw::V2_SCHEMA.to_owned());
    }
    schemas.sort_unstable();
    schemas.dedup();
    schemas
}

/// What the COMMENTs of tables and columns say they are called.
pub(super) fn known_names(existing: &[ExistingTable]) -> KnownNames {
    let mut known = KnownNames::default();
    for table in existing {
        let (schema, name) = (&table.name.schema, &table.name.name);
        let is_ours = table.comment.as_ref().is_some_and(|comment| known.add_table(schema, name, comment));
        for column in &table.columns {
            let untold = || sql::untold_source(&column.name, table.columns.len()).filter(|_| is_ours);
            if let Some(comment) = column.comment.clone().or_else(untold) {
                known.add_column(schema, name, &column.name, &comment);
            }
        }
    }
    known
}

/// Makes one stream's tables ready and decides where its rows go.
struct StreamPreparation<'a> {
    warehouse: &'a mut dyn Warehouse,
    stream: &'a StreamPlan,
    existing: &'a [ExistingTable],
}

/// What becomes of an unfinished replacement, and whether this sync is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Staging {
    /// Rows go to what the user reads; what an unfinished replacement had loaded is kept with it.
    Absorb,
    /// The sync replaces, and goes on from what an unfinished attempt had loaded.
    Resume(i64),
    /// The sync replaces, from nothing.
    Afresh(i64),
}

impl<'a> StreamPreparation<'a> {
    fn run(mut self) -> Result<StreamTarget, Failure> {
        let state = self.read_state()?;
        let obsolete = obsolete(self.stream, self.existing);
        let live = Targets { former_children: obsolete.clone(), ..self.sql().live() };
        let staging = self.sql().staging();
        refuse_foreign_tables(self.stream, &live, self.existing)?;
        let described = self.described();
        self.execute(&self.sql().prepare_live(&described))?;
        let (replacing, targets) = match self.decide(&state) {
            Staging::Absorb => {
                // generation 0 is a replacement without generations: the next attempt starts afresh, whatever it is
                match state.staging_generation {
                    None => {}
                    Some(0) => self.execute(&self.sql().drop_staging())?,
                    Some(_) => {
                        self.execute(&[self.sql().prepare_staging(&described), self.sql().absorb()].concat())?;
                    }
                }
                (None, live)
            }
            Staging::Resume(generation) => {
                self.execute(&self.sql().prepare_staging(&described))?;
                (Some(generation), staging)
            }
            Staging::Afresh(generation) => {
                self.execute(&[self.sql().drop_staging(), self.sql().prepare_staging(|_| None)].concat())?;
                (Some(generation), staging)
            }
        };
        let state = StreamState { staging_generation: replacing, ..state };
        let statements = bookkeeping::write_state(self.warehouse.dialect(), &state);
        self.execute(&statements)?;
        Ok(StreamTarget { targets, replacing: replacing.map(Replacing::Generation), obsolete })
    }

    /// Makes ready what a rebuild needs: the live typed tables as the plan has them, and empty ones beside them.
    fn rebuild(mut self) -> Result<StreamTarget, Failure> {
        let obsolete = obsolete(self.stream, self.existing);
        let live = self.sql().live();
        refuse_foreign_tables(self.stream, &live, self.existing)?;
        let described = self.described();
        let targets = self.sql().rebuilding().staging();
        let statements = [
            self.sql().prepare_live(&described),
            self.sql().rebuilding().drop_staging(),
            self.sql().rebuilding().prepare_staging(|_| None),
        ];
        self.execute(&statements.concat())?;
        Ok(StreamTarget { targets, replacing: Some(Replacing::Typed), obsolete })
    }

    fn decide(&self, state: &StreamState) -> Staging {
        match self.stream.replacement {
            Replacement::Keep => Staging::Absorb,
            Replacement::Always => Staging::Afresh(0),
            Replacement::Generation(generation) if state.staging_generation == Some(generation) => {
                Staging::Resume(generation)
            }
            Replacement::Generation(generation)
                if state.replaced_generation == Some(generation) && self.stream.mode != SyncMode::Overwrite =>
            {
                Staging::Absorb
            }
            Replacement::Generation(generation) => Staging::Afresh(generation),
        }
    }

    fn read_state(&mut self) -> Result<StreamState, Failure> {
        let (schema, stream) = (self.stream.schema.clone(), self.stream.stream.name.clone());
        let sql = bookkeeping::read_state(self.warehouse.dialect(), &schema, &stream);
        let found = self.warehouse.query(&sql).map_err(|error| failure(error, Some(self.stream)))?;
        let row = found.rows.into_iter().next().unwrap_or_default();
        let number = |index: usize| row.get(index)?.as_ref()?.parse().ok();
        let layout = row.get(2).cloned().flatten();
        Ok(StreamState { schema, stream, replaced_generation: number(0), staging_generation: number(1), layout })
    }

    fn described(&self) -> impl Fn(&TableName) -> Option<Vec<Described>> + use<'a> {
        let existing = self.existing;
        move |name| find(existing, name).map(ExistingTable::described)
    }

    fn execute(&mut self, statements: &[String]) -> Result<(), Failure> {
        statements.iter().try_for_each(|statement| {
            self.warehouse.execute(statement).map(drop).map_err(|error| failure(error, Some(self.stream)))
        })
    }

    fn sql(&self) -> StreamSql<'_> {
        StreamSql::new(self.stream, self.warehouse.dialect())
    }
}

/// A table that has none of our columns is somebody else's: adding to it, let alone replacing it, would be a harm.
pub(super) fn refuse_foreign_tables(
    stream: &StreamPlan,
    live: &Targets,
    existing: &[ExistingTable],
) -> Result<(), Failure> {
    let names = live.raw.iter().chain(&live.tables).chain(&live.history);
    for table in names.filter_map(|name| find(existing, name)) {
        if !table.columns.iter().any(|column| column.name.starts_with("_airbyte_")) {
            let TableName { schema, name } = &table.name;
            let stream = &stream.stream;
            let message = format!(
                "the table `{schema}.{name}` exists and is not Alluvium's (it has no `_airbyte_` columns): rename \
                 it, or give the stream another schema"
            );
            return Err(Failure::config(message).in_stream(stream.name.clone(), stream.namespace.clone()));
        }
    }
    Ok(())
}

/// Child tables of the stream that earlier plans had and this one has not.
pub(super) fn obsolete(stream: &StreamPlan, existing: &[ExistingTable]) -> Vec<TableName> {
    let is_child = |comment: &str| match serde_json::from_str::<Vec<String>>(comment) {
        Ok(path) => path.len() > 2 && path[0] == "child" && path[1] == stream.stream.name,
        Err(_) => false,
    };
    existing
        .iter()
        .filter(|table| table.name.schema == stream.schema)
        .filter(|table| table.comment.as_deref().is_some_and(is_child))
        .filter(|table| stream.tables.iter().all(|planned| planned.name != table.name.name))
        .map(|table| table.name.clone())
        .collect()
}

/// The table of this name.
pub(super) fn find<'e>(existing: &'e [ExistingTable], name: &TableName) -> Option<&'e ExistingTable> {
    existing.iter().find(|table| table.name == *name)
}

/// A warehouse's error as the run's failure.
pub(super) fn failure(error: WarehouseError, stream: Option<&StreamPlan>) -> Failure {
    let failure = Failure::from(error);
    match stream.map(|plan| &plan.stream) {
        Some(stream) => failure.in_stream(stream.name.clone(), stream.namespace.clone()),
        None => failure,
    }
}
