//! Streams whose rows an earlier plan typed in another way.

use alluvium_normalization::catalog::StreamName;
use alluvium_normalization::plan::{LayoutChange, Options, StreamPlan};
use alluvium_normalization::sql::bookkeeping::StreamState;
use alluvium_normalization::sql::{Described, StreamSql, TableName, Targets};

use crate::failure::Failure;
use crate::sync::prepare::{failure, find};
use crate::sync::raw_tables::{RawSource, raw_source};
use crate::sync::target::{Place, Staging};
use crate::warehouse::{ExistingTable, Warehouse, count};

/// Rows that have to be typed again from raw before others are added to them.
#[derive(Debug)]
pub(super) struct Stale {
    pub(super) stream: StreamName,
    /// Where the rows are.
    pub(super) place: Place,
    pub(super) changes: Vec<LayoutChange>,
    /// Why they can't be: they stay as they are, and their tables follow as far as that goes.
    pub(super) hindrance: Option<Hindrance>,
    /// A table whose rows another connector typed.
    theirs: Option<TableName>,
}

/// Why rows can't be typed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hindrance {
    /// No raw rows are kept.
    NoRaw,
    /// So many records are not in raw any more.
    Missing(u64),
}

impl Stale {
    /// Why the rows are stale.
    pub(super) fn reasons(&self) -> Vec<String> {
        self.changes.iter().map(ToString::to_string).collect()
    }

    /// Refuses to go on where another connector's rows would stay: they have no ids and no keys that ours could be compared
    /// with.
    pub(super) fn refuse_to_mix(&self) -> Result<(), Failure> {
        let (Some(TableName { schema, name }), Some(hindrance)) = (&self.theirs, self.hindrance) else { return Ok(()) };
        let way_out = match hindrance {
            Hindrance::NoRaw => {
                "have them typed again from their raw table by `alluvium normalize`, or drop the table".to_owned()
            }
            Hindrance::Missing(records) => format!(
                "the raw table lacks {records} of their records, drop the old typed tables or have them made without \
                 those by `alluvium normalize --accept-losses`"
            ),
        };
        let message = format!(
            "the rows of the table `{schema}.{name}` are another connector's, and new ones can't be put beside them: {way_out}"
        );
        Err(Failure::config(message).in_stream(self.stream.name.clone(), self.stream.namespace.clone()))
    }

    /// Tells that the rows stay as they are.
    pub(super) fn tell(&self) {
        let (stream, reasons) = (self.stream.to_string(), self.reasons().join(", "));
        match self.hindrance {
            None => {}
            Some(Hindrance::NoRaw) => tracing::warn!(stream, reasons, "without raw, rows stay as they were typed"),
            Some(Hindrance::Missing(records)) => {
                tracing::warn!(stream, reasons, records_missing_in_raw = records, "rows stay as they were typed");
            }
        }
    }
}

/// What of a stream's rows is stale.
pub(super) fn stale(
    warehouse: &mut dyn Warehouse,
    stream: &StreamPlan,
    state: &StreamState,
    options: &Options,
    existing: &[ExistingTable],
) -> Result<Vec<Stale>, Failure> {
    Inspection { warehouse, stream, state, options, existing }.run()
}

/// How many of the typed rows in `targets` the raw table does not hold.
pub(super) fn rows_without_raw(
    warehouse: &mut dyn Warehouse,
    stream: &StreamPlan,
    targets: &Targets,
    raw: &RawSource,
    existing: &[ExistingTable],
) -> Result<u64, Failure> {
    let described = |name: &TableName| find(existing, name).map(ExistingTable::described);
    let sql =
        StreamSql::new(stream, warehouse.dialect()).rows_without_raw(targets, (&raw.table, &raw.layout), described);
    let Some(sql) = sql else { return Ok(0) };
    count(warehouse, &sql).map_err(|error| failure(error, Some(stream)))
}

struct Inspection<'a> {
    warehouse: &'a mut dyn Warehouse,
    stream: &'a StreamPlan,
    state: &'a StreamState,
    options: &'a Options,
    existing: &'a [ExistingTable],
}

impl Inspection<'_> {
    fn run(mut self) -> Result<Vec<Stale>, Failure> {
        let staging = Staging::decide(self.stream, self.state);
        let mut stale = Vec::new();
        if staging == Staging::Absorb {
            stale.extend(self.live()?);
        }
        let is_kept = matches!(staging, Staging::Absorb | Staging::Resume(_));
        if is_kept && self.state.staging_generation.is_some_and(|generation| generation > 0) {
            stale.extend(self.staged()?);
        }
        Ok(stale)
    }

    fn live(&mut self) -> Result<Option<Stale>, Failure> {
        let sql = StreamSql::new(self.stream, self.warehouse.dialect());
        let targets = sql.live();
        let earlier = self.state.layouts.live.as_ref();
        let mut changes = sql.changes(&targets, earlier, |name| self.described(name), self.options.backfill);
        if let (Some(root), Some(raw)) = (targets.tables.first(), self.raw(Place::Live))
            && find(self.existing, root).is_none()
            && self.has_rows(&raw.table)?
        {
            changes.push(LayoutChange::Untyped);
        }
        self.judge(Place::Live, changes, &targets)
    }

    fn staged(&mut self) -> Result<Option<Stale>, Failure> {
        let sql = StreamSql::new(self.stream, self.warehouse.dialect());
        let targets = sql.staging();
        let earlier = self.state.layouts.staging.as_ref();
        let changes = sql.changes(&targets, earlier, |name| self.described(name), self.options.backfill);
        self.judge(Place::Staged, changes, &targets)
    }

    /// Whether rows that are not as the plan would make them can be made again.
    fn judge(&mut self, place: Place, changes: Vec<LayoutChange>, targets: &Targets) -> Result<Option<Stale>, Failure> {
        if changes.is_empty() {
            return Ok(None);
        }
        let hindrance = match self.raw(place) {
            None => Some(Hindrance::NoRaw),
            Some(raw) => match rows_without_raw(self.warehouse, self.stream, targets, &raw, self.existing)? {
                0 => None,
                missing => Some(Hindrance::Missing(missing)),
            },
        };
        let mut theirs = None;
        if hindrance.is_some() {
            let sql = StreamSql::new(self.stream, self.warehouse.dialect());
            for table in sql.typed_by_others(targets, |name| self.described(name)) {
                if theirs.is_none() && self.has_rows(&table)? {
                    theirs = Some(table);
                }
            }
        }
        let stream = self.stream.stream.clone();
        Ok(Some(Stale { stream, place, changes, hindrance, theirs }))
    }

    fn has_rows(&mut self, table: &TableName) -> Result<bool, Failure> {
        let sql = format!("SELECT 1 FROM {} LIMIT 1", self.warehouse.dialect().relation(table));
        let found = self.warehouse.query(&sql).map_err(|error| failure(error, Some(self.stream)))?;
        Ok(!found.rows.is_empty())
    }

    fn raw(&self, place: Place) -> Option<RawSource> {
        raw_source(place, self.stream, self.existing, self.warehouse.dialect())
    }

    fn described(&self, name: &TableName) -> Option<Vec<Described>> {
        find(self.existing, name).map(ExistingTable::described)
    }
}
