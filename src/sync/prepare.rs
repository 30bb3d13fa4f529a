//! Everything before the first row: names, plan, tables, bookkeeping.

use std::collections::BTreeMap;

use alluvium_normalization::catalog::{ConfiguredCatalog, ConfiguredStream, StreamName};
use alluvium_normalization::limits::Limits;
use alluvium_normalization::plan::{self, KnownNames, Options, Plan, StreamPlan};
use alluvium_normalization::raw::{self, RawPlace};
use alluvium_normalization::sql::bookkeeping::{self, StreamState};
use alluvium_normalization::sql::{self, INTERNAL_SCHEMA, StreamSql, TableName};

use crate::failure::Failure;
use crate::seams;
use crate::sync::patience::Patience;
use crate::sync::raw_tables::RawQuery;
use crate::sync::rebuild::Rebuilding;
use crate::sync::stale::{Stale, stale};
use crate::sync::target::{Staging, StreamPreparation, StreamTarget};
use crate::warehouse::{ExistingTable, Warehouse, WarehouseError};

/// What a sync starts with.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    pub(super) streams: Vec<StreamTarget>,
    pub(super) limits: Limits,
    /// Of a rebuild: the query of each stream's raw rows.
    pub(super) sources: Vec<RawQuery>,
}

/// What tables are made ready for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose<'p> {
    /// Records from a source. `rebuilds`: rows that an earlier plan typed in another way are typed again before.
    Sync { rebuilds: bool },
    /// Records from raw tables, into typed tables that replace those that there are.
    /// Tables of up to so many values are emptied and filled again at once, where the warehouse lets us.
    Rebuild(&'p Rebuilding, u64),
}

/// Whether a sync can start.
pub(super) enum Readiness {
    /// It can.
    Ready(Box<Prepared>),
    /// These rows have to be typed again before. Nothing was touched.
    Stale(Vec<Stale>),
}

/// Plans the catalog over what exists, and makes the tables ready, in one transaction; again when the connection is lost.
pub(super) fn prepare(
    warehouse: &mut dyn Warehouse,
    catalog: &ConfiguredCatalog,
    options: &Options,
    patience: Patience<'_>,
    purpose: Purpose<'_>,
) -> Result<Readiness, Failure> {
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
    purpose: Purpose<'_>,
) -> Result<Readiness, Failure> {
    let limits = warehouse.dialect().limits().clone();
    let schema_of = |stream: &ConfiguredStream| plan::schema_of(&stream.name, options, &limits);
    let is_wanted = |stream: &StreamName| match purpose {
        Purpose::Sync { .. } => true,
        Purpose::Rebuild(rebuilding, _) => rebuilding.has(stream),
    };
    let wanted = catalog.streams.iter().filter(|stream| is_wanted(&stream.name));
    let claims: Vec<(String, String)> = wanted.map(|stream| (schema_of(stream), stream.name.name.clone())).collect();
    // what exists stays as it is described only once nobody else writes to it
    warehouse.claim(&claims).map_err(|error| failure(error, None))?;
    // names depend on all streams, whichever are wanted
    let PlanOver { mut plan, existing, raw_places } = plan_over(warehouse, catalog, options)?;
    plan.streams.retain(|stream| is_wanted(&stream.stream));
    let states = states(warehouse, &plan, &existing)?;
    if let Purpose::Sync { rebuilds: true } = purpose {
        let mut found = Vec::new();
        for (stream, state) in plan.streams.iter().zip(&states) {
            found.extend(stale(warehouse, stream, state, options, &existing)?);
        }
        let (hindered, found): (Vec<Stale>, Vec<Stale>) =
            found.into_iter().partition(|stale| stale.hindrance.is_some());
        hindered.iter().try_for_each(Stale::refuse_to_mix)?;
        hindered.iter().for_each(Stale::tell);
        if !found.is_empty() {
            return Ok(Readiness::Stale(found));
        }
    }
    if let Purpose::Rebuild(rebuilding, _) = purpose {
        rebuilding.tell_unread(&plan, &raw_places, &existing);
        rebuilding.refuse_losses(warehouse, &plan, &existing)?;
    }
    let tables = plan.streams.iter().flat_map(|stream| stream.tables.iter().chain(&stream.raw).chain(&stream.history));
    let columns: Vec<usize> = tables.map(|table| table.columns.len()).collect();
    let has_history = plan.streams.iter().any(|stream| stream.history.is_some());
    let has_staged = states.iter().any(|state| state.staging_generation.is_some());
    warehouse.make_room(&columns, has_history || has_staged).map_err(|error| failure(error, None))?;

    seams::reach("prepare");
    warehouse.begin().map_err(|error| failure(error, None))?;
    let ready = make_ready(warehouse, &mut plan, states, &existing, purpose);
    match ready {
        Ok((streams, sources)) => {
            seams::reach("prepared");
            warehouse.commit().map_err(|error| failure(error, None))?;
            seams::reach("ready");
            Ok(Readiness::Ready(Box::new(Prepared { plan, streams, limits, sources })))
        }
        Err(error) => {
            // the error that counts is the first
            let _ = warehouse.rollback();
            Err(error)
        }
    }
}

/// A catalog's plan over what exists.
pub(super) struct PlanOver {
    pub(super) plan: Plan,
    pub(super) existing: Vec<ExistingTable>,
    /// The raw tables of each stream of the catalog.
    pub(super) raw_places: Vec<Vec<RawPlace>>,
}

/// Looks at what exists and plans the catalog over it: names once given are kept, and raw tables are gone on with, whoever made
/// them.
pub(super) fn plan_over(
    warehouse: &mut dyn Warehouse,
    catalog: &ConfiguredCatalog,
    options: &Options,
) -> Result<PlanOver, Failure> {
    let limits = warehouse.dialect().limits().clone();
    let existing = warehouse.describe(&schemas(catalog, options, &limits))?;
    let mut plan = plan::compile(catalog, options, &limits, &known_names(&existing))
        .map_err(|error| Failure::config(error.to_string()))?;
    let raw_places =
        plan.raw_places(&options.schema, &limits, |name| find(&existing, name).map(ExistingTable::present));
    plan.adopt_raw(&raw_places);
    plan.adopt_history(&limits, |name| find(&existing, name).map(ExistingTable::described));
    Ok(PlanOver { plan, existing, raw_places })
}

fn make_ready(
    warehouse: &mut dyn Warehouse,
    plan: &mut Plan,
    states: Vec<StreamState>,
    existing: &[ExistingTable],
    purpose: Purpose<'_>,
) -> Result<(Vec<StreamTarget>, Vec<RawQuery>), Failure> {
    for statement in bookkeeping::create_all(warehouse.dialect()) {
        warehouse.execute(&statement).map_err(|error| failure(error, None))?;
    }
    match purpose {
        Purpose::Sync { .. } => {
            for (stream, state) in plan.streams.iter_mut().zip(&states) {
                if Staging::decide(stream, state) == Staging::Absorb {
                    let sql = StreamSql::new(stream, warehouse.dialect());
                    let retired = sql.retired_from_history(|name| find(existing, name).map(ExistingTable::described));
                    stream.history_remnants.extend(retired);
                }
            }
            let streams = plan.streams.iter().zip(states);
            let targets =
                streams.map(|(stream, state)| StreamPreparation { warehouse, stream, existing, state }.sync());
            Ok((targets.collect::<Result<_, _>>()?, Vec::new()))
        }
        Purpose::Rebuild(rebuilding, values_at_once) => {
            rebuilding.make_ready(warehouse, (plan, values_at_once), states, existing)
        }
    }
}

/// What is remembered of each stream.
pub(super) fn states(
    warehouse: &mut dyn Warehouse,
    plan: &Plan,
    existing: &[ExistingTable],
) -> Result<Vec<StreamState>, Failure> {
    let schemas = plan.streams.iter().map(|stream| stream.schema.clone()).collect();
    let mut known = known_states(warehouse, schemas, existing)?;
    let state = |stream: &StreamPlan| {
        let key = (stream.schema.clone(), stream.stream.name.clone());
        known.remove(&key).unwrap_or_else(|| StreamState::unknown(&key.0, &key.1))
    };
    Ok(plan.streams.iter().map(state).collect())
}

/// What is remembered of streams of these schemas, by schema and name.
pub(super) fn known_states(
    warehouse: &mut dyn Warehouse,
    mut schemas: Vec<String>,
    existing: &[ExistingTable],
) -> Result<BTreeMap<(String, String), StreamState>, Failure> {
    if find(existing, &bookkeeping::states_table()).is_none() {
        return Ok(BTreeMap::new());
    }
    schemas.sort_unstable();
    schemas.dedup();
    let sql = bookkeeping::read_states(warehouse.dialect(), &schemas);
    let found = warehouse.query(&sql).map_err(|error| failure(error, None))?;
    let states = found.rows.iter().filter_map(|row| StreamState::of_row(row));
    Ok(states.map(|state| ((state.schema.clone(), state.stream.clone()), state)).collect())
}

/// The schemas that have a say in a plan.
fn schemas(catalog: &ConfiguredCatalog, options: &Options, limits: &Limits) -> Vec<String> {
    let names = || catalog.streams.iter().map(|stream| &stream.name);
    let mut schemas: Vec<String> = names().map(|name| plan::schema_of(name, options, limits)).collect();
    schemas.extend(names().map(|name| plan::raw_schema_of(name, options, limits)));
    // where we remember things, and where Destinations V2 has raw tables
    schemas.extend([INTERNAL_SCHEMA.to_owned(), raw::V2_SCHEMA.to_owned()]);
    schemas.sort_unstable();
    schemas.dedup();
    schemas
}

/// What the COMMENTs of tables and columns say they are called.
fn known_names(existing: &[ExistingTable]) -> KnownNames {
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

/// The table of this name, as the warehouse compares names.
pub(super) fn find<'e>(existing: &'e [ExistingTable], name: &TableName) -> Option<&'e ExistingTable> {
    existing.iter().find(|table| table.is_called(name))
}

/// A warehouse's error as the run's failure.
pub(super) fn failure(error: WarehouseError, stream: Option<&StreamPlan>) -> Failure {
    let failure = Failure::from(error);
    match stream.map(|plan| &plan.stream) {
        Some(stream) => failure.in_stream(stream.name.clone(), stream.namespace.clone()),
        None => failure,
    }
}
