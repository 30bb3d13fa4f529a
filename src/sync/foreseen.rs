//! What a rebuild would do, without touching anything.

use alluvium_normalization::catalog::{ConfiguredCatalog, StreamName};
use alluvium_normalization::plan::Options;
use alluvium_normalization::sql::{StreamSql, TableName};

use crate::failure::Failure;
use crate::sync::prepare::{PlanOver, failure, plan_over};
use crate::sync::raw_tables::{no_raw_table, raw_source};
use crate::sync::stale::rows_without_raw;
use crate::sync::target::{Place, refuse_foreign_tables};
use crate::warehouse::{Warehouse, count};

/// What a rebuild would do to one stream.
#[derive(Debug)]
pub(crate) struct Foreseen {
    pub(crate) stream: StreamName,
    /// Where its raw rows are.
    pub(crate) raw: TableName,
    /// How many there are.
    pub(crate) records: u64,
    /// How many rows of its tables have no record there.
    pub(crate) missing: u64,
    /// The tables that it would make, the root first.
    pub(crate) tables: Vec<TableName>,
}

/// Looks at what a rebuild of these streams, of all if none are named, would read and make, and refuses what it would refuse,
/// but for losses.
///
/// Law: the warehouse is only read, and nothing in it is locked.
pub(crate) fn foresee(
    warehouse: &mut dyn Warehouse,
    catalog: &ConfiguredCatalog,
    options: &Options,
    only: Option<&[StreamName]>,
) -> Result<Vec<Foreseen>, Failure> {
    let options = Options { raw: true, typed: true, ..options.clone() };
    let PlanOver { plan, existing, .. } = plan_over(warehouse, catalog, &options)?;
    let wanted = plan.streams.iter().filter(|plan| only.is_none_or(|only| only.contains(&plan.stream)));
    let each = wanted.map(|stream| {
        let live = StreamSql::new(stream, warehouse.dialect()).live();
        refuse_foreign_tables(stream, &live, &existing)?;
        let source = raw_source(Place::Live, stream, &existing, warehouse.dialect());
        let source = source.ok_or_else(|| no_raw_table(stream))?;
        let sql = format!("SELECT count(*) FROM {}", warehouse.dialect().relation(&source.table));
        let records = count(warehouse, &sql).map_err(|error| failure(error, Some(stream)))?;
        let missing = rows_without_raw(warehouse, stream, &live, &source, &existing)?;
        let tables = live.tables.into_iter().chain(live.history).collect();
        Ok(Foreseen { stream: stream.stream.clone(), raw: source.table, records, missing, tables })
    });
    each.collect()
}
