//! Raw tables, reduced to what is needed: the newest rows of each key, or what is not too old.
//!
//! The shredder says of every raw row what key it is a version of and what versions are ordered by, the same as it does for
//! typed tables; the warehouse chooses by that, and deletes by id.

/// Streams without a catalog.
mod remembered;
/// What a compaction did.
pub(crate) mod report;
/// Raw rows as versions of keys.
mod versions;

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use alluvium_normalization::catalog::{ConfiguredCatalog, StreamName};
use alluvium_normalization::limits::Limits;
use alluvium_normalization::plan::{self, Options, StreamPlan};
use alluvium_normalization::raw::RawLayout;
use alluvium_normalization::sql::StreamSql;
use alluvium_normalization::sql::compact::Surplus;
use arrow_array::RecordBatch;

use self::report::{Compacted, CompactedStream, Lost, Reduction, Untouched};
use self::versions::{Counts, Versions};
use crate::failure::Failure;
use crate::sync::patience::Patience;
use crate::sync::prepare::{PlanOver, failure, plan_over};
use crate::sync::raw_tables::{no_raw_table, raw_table};
use crate::warehouse::{TableName, Warehouse, WarehouseError};

/// A compaction that is about to run.
pub(crate) struct Compaction<'a> {
    /// The streams.
    pub(crate) streams: Streams<'a>,
    /// Those that are meant; `None`: all.
    pub(crate) only: Option<Vec<StreamName>>,
    /// What they become.
    pub(crate) options: &'a Options,
    /// So many versions of each key stay. `None`: one, but all of a stream with history.
    pub(crate) keep_versions: Option<u64>,
    /// Rows go only if they were emitted before, in microseconds since 1970-01-01T00:00:00Z.
    pub(crate) before: Option<i64>,
    /// Nothing is deleted.
    pub(crate) is_dry_run: bool,
    /// Raised to end it: raw tables that are not finished stay as they are.
    pub(crate) stop: &'a AtomicBool,
}

/// Streams, and who says what their keys and cursors are.
pub(crate) enum Streams<'a> {
    /// A catalog.
    Catalog(&'a ConfiguredCatalog),
    /// The last sync of each.
    Remembered(Vec<StreamName>),
}

/// A stream with its raw table.
struct Raw {
    plan: StreamPlan,
    table: TableName,
    layout: RawLayout,
}

impl Compaction<'_> {
    /// Deletes what is not needed from the raw tables, stream by stream.
    ///
    /// Law: a rebuild of a stream of one row a key, without history, gives the same typed tables as before, whenever this is
    /// killed: each raw table is reduced in one transaction, or where the warehouse has no room for that in parts each of
    /// which leaves what is needed, and the next run does the rest.
    pub(crate) fn run(&self, mut warehouse: Box<dyn Warehouse>) -> (Compacted, Result<(), Failure>) {
        let started = Instant::now();
        let mut compacted = Compacted { is_dry_run: self.is_dry_run, ..Compacted::default() };
        let outcome = self.compact_all(warehouse.as_mut(), &mut compacted.streams);
        compacted.elapsed = started.elapsed();
        (compacted, outcome)
    }

    fn compact_all(&self, warehouse: &mut dyn Warehouse, done: &mut Vec<CompactedStream>) -> Result<(), Failure> {
        let limits = warehouse.dialect().limits().clone();
        for raw in self.again(warehouse, |warehouse| self.find(warehouse, &limits))? {
            let outcome = match self.untouched(&raw.plan) {
                Some(reason) => Err(reason),
                None => Ok(self.again(warehouse, |warehouse| self.compact(warehouse, &raw, &limits)).map_err(
                    |failure| failure.in_stream(raw.plan.stream.name.clone(), raw.plan.stream.namespace.clone()),
                )?),
            };
            done.push(CompactedStream { stream: raw.plan.stream, table: raw.table, outcome });
        }
        Ok(())
    }

    /// Claims the streams and finds their raw tables.
    fn find(&self, warehouse: &mut dyn Warehouse, limits: &Limits) -> Result<Vec<Raw>, Failure> {
        // a warehouse that holds no raw rows for us still has those of before, and keys are those of typed tables
        let options = Options { raw: true, typed: true, ..self.options.clone() };
        let is_wanted = |name: &StreamName| self.only.as_ref().is_none_or(|only| only.contains(name));
        let names: Vec<&StreamName> = match &self.streams {
            Streams::Catalog(catalog) => catalog.streams.iter().map(|stream| &stream.name).collect(),
            Streams::Remembered(names) => names.iter().collect(),
        };
        let wanted = names.into_iter().filter(|name| is_wanted(name));
        let claims: Vec<(String, String)> =
            wanted.map(|name| (plan::schema_of(name, &options, limits), name.name.clone())).collect();
        warehouse.claim(&claims)?;
        // what is remembered stays so only once nobody else syncs the streams
        let catalog = match &self.streams {
            Streams::Catalog(catalog) => Cow::Borrowed(*catalog),
            Streams::Remembered(names) => Cow::Owned(remembered::catalog(warehouse, names, &options, limits)?),
        };
        // names depend on all streams, whichever are wanted
        let PlanOver { plan, existing, .. } = plan_over(warehouse, &catalog, &options)?;
        let wanted = plan.streams.into_iter().filter(|plan| is_wanted(&plan.stream));
        let raw = wanted.map(|plan| {
            let (table, layout) = raw_table(&plan, &existing).ok_or_else(|| no_raw_table(&plan))?;
            Ok(Raw { plan, table, layout })
        });
        raw.collect()
    }

    /// Why every row of the stream is needed.
    fn untouched(&self, plan: &StreamPlan) -> Option<Untouched> {
        match plan.dedup {
            None => match (&self.streams, self.before) {
                (Streams::Catalog(_), None) => Some(Untouched::NoKey),
                (Streams::Remembered(_), None) => Some(Untouched::NoKnownKey),
                // nobody said that the tables of another schema are meant
                (Streams::Remembered(_), Some(_)) if self.only.is_none() => {
                    plan.stream.namespace.is_some().then_some(Untouched::Elsewhere)
                }
                _ => None,
            },
            Some(_) => (plan.history.is_some() && self.keep_versions.is_none()).then_some(Untouched::History),
        }
    }

    fn compact(&self, warehouse: &mut dyn Warehouse, raw: &Raw, limits: &Limits) -> Result<Reduction, Failure> {
        let stored = warehouse.stored_bytes(&raw.table)?;
        let counts = self.gather(warehouse, raw, limits)?;
        let mut reduction = in_transaction(warehouse, |warehouse| self.choose(warehouse, raw, counts))?;
        if reduction.dropped_rows > 0 {
            reduction.lost = match raw.plan.dedup {
                None => Some(Lost::Rows),
                Some(_) => raw.plan.history.as_ref().map(|_| Lost::Versions),
            };
        }
        if !self.is_dry_run {
            reduction.dropped_rows = Self::delete(warehouse, raw, reduction.dropped_rows)?;
        }
        let drop = surplus(warehouse, raw).drop();
        in_transaction(warehouse, |warehouse| execute(warehouse, &drop))?;
        if let Some(before) = stored {
            reduction.stored = warehouse.stored_bytes(&raw.table)?.map(|after| (before, after));
        }
        Ok(reduction)
    }

    /// Fills the table of versions.
    fn gather(&self, warehouse: &mut dyn Warehouse, raw: &Raw, limits: &Limits) -> Result<Counts, Failure> {
        let surplus = surplus(warehouse, raw);
        let (table, columns) = (surplus.versions(), surplus.columns());
        // those of an attempt whose connection was lost are gone, those of one that failed otherwise are not
        let statements = [surplus.drop(), surplus.create()].concat();
        let select = raw.layout.select(warehouse.dialect(), &raw.table, None);
        warehouse.make_room(&[columns.len() + 5], true)?;
        in_transaction(warehouse, |warehouse| execute(warehouse, &statements))?;
        let rows = warehouse.reader()?.stream(&select, RawLayout::WIDTH)?;
        let mut versions = Versions::new(&raw.plan, columns, limits, self.before);
        let mut load = |batches: Vec<RecordBatch>| {
            if batches.is_empty() {
                return Ok(());
            }
            in_transaction(warehouse, |warehouse| Ok(warehouse.load(&table, &batches).map(drop)?))
        };
        for part in rows {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Failure::transient(
                    "stopped by a signal; raw tables that are not finished are as they were",
                ));
            }
            for row in part?.rows() {
                load(versions.push(row)?)?;
            }
        }
        load(versions.finish()?)?;
        Ok(versions.counts)
    }

    /// Chooses what goes.
    fn choose(&self, warehouse: &mut dyn Warehouse, raw: &Raw, counts: Counts) -> Result<Reduction, Failure> {
        let surplus = surplus(warehouse, raw);
        let (choose, measure) = (surplus.choose(self.keep_versions.unwrap_or(1)), surplus.measure());
        warehouse.execute(&choose)?;
        let [dropped_rows, dropped_bytes, shared] = numbers(warehouse, &measure)?;
        let Counts { rows, bytes, unreadable } = counts;
        Ok(Reduction { rows, bytes, dropped_rows, dropped_bytes, unreadable, shared, ..Reduction::default() })
    }

    /// Deletes what was chosen: all at once, if the warehouse has room for that.
    fn delete(warehouse: &mut dyn Warehouse, raw: &Raw, chosen: u64) -> Result<u64, Failure> {
        let most = warehouse.deletes_at_once();
        let (mut deleted, mut done) = (0, 0);
        while done < chosen {
            let next = done.saturating_add(most).min(chosen);
            let delete = surplus(warehouse, raw).delete(&raw.layout.id(warehouse.dialect()), (done, next));
            deleted += in_transaction(warehouse, |warehouse| Ok(warehouse.execute(&delete)?))?;
            if let Err(error) = warehouse.give_back(&raw.table) {
                tracing::warn!(table = raw.table.name, %error, "the room of deleted rows is not given back yet");
            }
            done = next;
        }
        Ok(deleted)
    }

    /// What was tried, and tried again on a new connection where it was lost.
    fn again<T>(
        &self,
        warehouse: &mut dyn Warehouse,
        attempt: impl Fn(&mut dyn Warehouse) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut pauses = Patience::new(warehouse.has_connection(), self.stop).pauses();
        let mut outcome = attempt(warehouse);
        while let Err(reason) = &outcome
            && pauses.wait_after(reason)
        {
            outcome = match warehouse.reconnect() {
                Ok(_) => attempt(warehouse),
                Err(error) => Err(failure(error, None)),
            };
        }
        outcome
    }
}

fn surplus<'w>(warehouse: &'w dyn Warehouse, raw: &'w Raw) -> Surplus<'w> {
    StreamSql::new(&raw.plan, warehouse.dialect()).surplus(&raw.table)
}

fn in_transaction<T>(
    warehouse: &mut dyn Warehouse,
    steps: impl FnOnce(&mut dyn Warehouse) -> Result<T, Failure>,
) -> Result<T, Failure> {
    warehouse.begin()?;
    let done = steps(warehouse).and_then(|done| Ok(warehouse.commit().map(|()| done)?));
    if done.is_err() {
        // the error that counts is the first
        let _ = warehouse.rollback();
    }
    done
}

fn execute(warehouse: &mut dyn Warehouse, statements: &[String]) -> Result<(), Failure> {
    let done: Result<(), WarehouseError> =
        statements.iter().try_for_each(|statement| warehouse.execute(statement).map(drop));
    Ok(done?)
}

/// The one row of a query of numbers.
fn numbers<const N: usize>(warehouse: &mut dyn Warehouse, sql: &str) -> Result<[u64; N], Failure> {
    let row = warehouse.query(sql)?.rows.into_iter().next().unwrap_or_default();
    let numbers: Option<Vec<u64>> = row.iter().map(|value| value.as_ref()?.parse().ok()).collect();
    let numbers = numbers.and_then(|numbers| numbers.try_into().ok());
    numbers.ok_or_else(|| Failure::internal("a query of numbers gave something else"))
}
