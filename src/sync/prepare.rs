//! Everything before the first row: names, plan, tables, bookkeeping.

use alluvium_normalization::catalog::{ConfiguredCatalog, Replacement, SyncMode};
use alluvium_normalization::limits::Limits;
use alluvium_normalization::plan::{self, KnownNames, Options, Plan, StreamPlan};
use alluvium_normalization::sql::bookkeeping::{self, StreamState};
use alluvium_normalization::sql::{INTERNAL_SCHEMA, StreamSql, Targets};

use crate::failure::Failure;
use crate::sync::loader::failure;
use crate::warehouse::{ExistingTable, Warehouse};

/// What a sync starts with.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    pub(super) streams: Vec<StreamTarget>,
    pub(super) limits: Limits,
}

/// Where the rows of a stream go.
#[derive(Debug)]
pub(super) struct StreamTarget {
    pub(super) targets: Targets,
    /// The rows are a replacement of this generation, in staging until the stream is complete.
    pub(super) replacing: Option<i64>,
}

/// Plans the catalog over what exists, and makes the tables ready, in one transaction.
pub(super) fn prepare(
    warehouse: &mut dyn Warehouse,
    catalog: &ConfiguredCatalog,
    options: &Options,
) -> Result<Prepared, Failure> {
    let limits = warehouse.dialect().limits().clone();
    let mut schemas: Vec<String> =
        catalog.streams.iter().map(|stream| plan::schema_of(&stream.name, options, &limits)).collect();
    schemas.push(INTERNAL_SCHEMA.to_owned());
    schemas.sort_unstable();
    schemas.dedup();
    let existing = warehouse.describe(&schemas).map_err(|error| failure(error, None))?;
    let plan = plan::compile(catalog, options, &limits, &known_names(&existing))
        .map_err(|error| Failure::config(error.to_string()))?;

    warehouse.begin().map_err(|error| failure(error, None))?;
    let ready = make_ready(warehouse, &plan, &existing);
    match ready {
        Ok(streams) => {
            warehouse.commit().map_err(|error| failure(error, None))?;
            Ok(Prepared { plan, streams, limits })
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
) -> Result<Vec<StreamTarget>, Failure> {
    for statement in bookkeeping::create_all(warehouse.dialect()) {
        warehouse.execute(&statement).map_err(|error| failure(error, None))?;
    }
    plan.streams.iter().map(|stream| StreamPreparation { warehouse, stream, existing }.run()).collect()
}

fn known_names(existing: &[ExistingTable]) -> KnownNames {
    let mut known = KnownNames::default();
    for table in existing {
        let (schema, name) = (&table.name.schema, &table.name.name);
        if let Some(comment) = &table.comment {
            known.add_table(schema, name, comment);
        }
        for column in &table.columns {
            if let Some(comment) = &column.comment {
                known.add_column(schema, name, &column.name, comment);
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

impl StreamPreparation<'_> {
    fn run(mut self) -> Result<StreamTarget, Failure> {
        let state = self.read_state()?;
        self.execute(|sql| sql.create_live())?;
        let live = self.print(|sql| sql.live());
        self.follow_plan(&live)?;
        let staging = self.print(|sql| sql.staging());
        let (replacing, targets) = match self.decide(&state) {
            Staging::Absorb => {
                if state.staging_generation.is_some() {
                    self.execute(|sql| sql.create_staging())?;
                    self.follow_plan(&staging)?;
                    self.execute(|sql| sql.absorb(&staging, &live))?;
                }
                (None, live)
            }
            Staging::Resume(generation) => {
                self.execute(|sql| sql.create_staging())?;
                self.follow_plan(&staging)?;
                (Some(generation), staging)
            }
            Staging::Afresh(generation) => {
                self.execute(|sql| sql.drop_staging())?;
                self.execute(|sql| sql.create_staging())?;
                (Some(generation), staging)
            }
        };
        let state = StreamState { staging_generation: replacing, ..state };
        for statement in bookkeeping::write_state(self.warehouse.dialect(), &state) {
            self.warehouse.execute(&statement).map_err(|error| failure(error, Some(self.stream)))?;
        }
        Ok(StreamTarget { targets, replacing })
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

    /// Makes tables that were there before take what the plan has for them.
    fn follow_plan(&mut self, targets: &Targets) -> Result<(), Failure> {
        let existing = self.existing;
        let statements = self.print(|sql| sql.follow(targets, |name| {
            existing.iter().find(|table| table.name == *name).map(ExistingTable::columns_and_types)
        }));
        self.run_all(&statements)
    }

    fn execute(&mut self, statements: impl FnOnce(&StreamSql<'_>) -> Vec<String>) -> Result<(), Failure> {
        let statements = self.print(statements);
        self.run_all(&statements)
    }

    fn run_all(&mut self, statements: &[String]) -> Result<(), Failure> {
        statements.iter().try_for_each(|statement| {
            self.warehouse.execute(statement).map(drop).map_err(|error| failure(error, Some(self.stream)))
        })
    }

    fn print<T>(&self, print: impl FnOnce(&StreamSql<'_>) -> T) -> T {
        print(&StreamSql::new(self.stream, self.warehouse.dialect()))
    }
}
