//! What a sync would start from, without touching anything.

use alluvium_normalization::catalog::ConfiguredCatalog;
use alluvium_normalization::describe::StreamChanges;
use alluvium_normalization::plan::{Options, Plan};
use alluvium_normalization::sql::{StreamSql, TableName};

use crate::failure::Failure;
use crate::sync::former::Former;
use crate::sync::prepare::{self, PlanOver, plan_over};
use crate::sync::stale::{Stale, stale};
use crate::sync::target::{Place, refuse_foreign_tables};
use crate::warehouse::{ExistingTable, Warehouse};

/// What a sync would start from.
pub(crate) struct Preview {
    /// What the catalog becomes, with the names that are given already.
    pub(crate) plan: Plan,
    /// The tables of the plan's schemas, whoever made them.
    pub(crate) existing: Vec<ExistingTable>,
    /// For each stream the child tables that earlier plans had and this one has not.
    pub(crate) former_children: Vec<Vec<TableName>>,
    /// For each stream why what is there is not what the plan would make.
    pub(crate) stale: Vec<StaleRows>,
}

/// Rows that an earlier plan typed in another way.
#[derive(Debug, Default)]
pub(crate) struct StaleRows {
    /// Why.
    pub(crate) reasons: Vec<String>,
    /// They are typed again from raw.
    pub(crate) are_rebuilt: bool,
}

impl StaleRows {
    /// The changes with what is done about the rows.
    pub(crate) fn told(self, changes: StreamChanges) -> StreamChanges {
        if self.are_rebuilt {
            StreamChanges { rebuild: self.reasons, ..changes }
        } else {
            StreamChanges { not_rebuilt: self.reasons, ..changes }
        }
    }
}

/// Plans the catalog over what exists as a sync would, and refuses what a sync would refuse.
///
/// Law: the warehouse is only read, and nothing in it is locked.
pub(crate) fn preview(
    warehouse: &mut dyn Warehouse,
    catalog: &ConfiguredCatalog,
    options: &Options,
) -> Result<Preview, Failure> {
    let PlanOver { plan, existing, .. } = plan_over(warehouse, catalog, options)?;
    for stream in &plan.streams {
        let live = StreamSql::new(stream, warehouse.dialect()).live();
        refuse_foreign_tables(stream, &live, &existing)?;
    }
    let former_children = plan.streams.iter().map(|stream| Former::of(stream, &existing).children).collect();
    let stale = live_rows(warehouse, &plan, options, &existing).unwrap_or_else(|failure| {
        // whoever may see the tables may not be allowed to read them
        tracing::warn!(reason = failure.message, "what becomes of rows that are there can't be told");
        plan.streams.iter().map(|_| None).collect()
    });
    stale.iter().flatten().try_for_each(Stale::refuse_to_mix)?;
    let stale = stale.into_iter().map(|stale| {
        let rows = stale.map(|stale| StaleRows { reasons: stale.reasons(), are_rebuilt: stale.hindrance.is_none() });
        rows.unwrap_or_default()
    });
    Ok(Preview { plan, existing, former_children, stale: stale.collect() })
}

/// What the user reads of each stream, where it is stale.
fn live_rows(
    warehouse: &mut dyn Warehouse,
    plan: &Plan,
    options: &Options,
    existing: &[ExistingTable],
) -> Result<Vec<Option<Stale>>, Failure> {
    let states = prepare::states(warehouse, plan, existing)?;
    let each = plan.streams.iter().zip(&states).map(|(stream, state)| {
        let found = stale(warehouse, stream, state, options, existing)?;
        Ok(found.into_iter().find(|stale| stale.place == Place::Live))
    });
    each.collect()
}
