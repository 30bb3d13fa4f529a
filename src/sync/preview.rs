//! What a sync would start from, without touching anything.

use alluvium_normalization::catalog::ConfiguredCatalog;
use alluvium_normalization::plan::{self, Options, Plan};
use alluvium_normalization::sql::{StreamSql, TableName};

use crate::failure::Failure;
use crate::sync::prepare::{self, Purpose};
use crate::warehouse::{ExistingTable, Warehouse};

/// What a sync would start from.
pub(crate) struct Preview {
    /// What the catalog becomes, with the names that are given already.
    pub(crate) plan: Plan,
    /// The tables of the plan's schemas, whoever made them.
    pub(crate) existing: Vec<ExistingTable>,
    /// For each stream the child tables that earlier plans had and this one has not.
    pub(crate) former_children: Vec<Vec<TableName>>,
}

/// Plans the catalog over what exists as a sync would, and refuses what a sync would refuse.
///
/// Law: the warehouse is only read, and nothing in it is locked.
pub(crate) fn preview(
    warehouse: &mut dyn Warehouse,
    catalog: &ConfiguredCatalog,
    options: &Options,
) -> Result<Preview, Failure> {
    let limits = warehouse.dialect().limits().clone();
    let existing = warehouse.describe(&prepare::schemas(catalog, options, &limits, Purpose::Sync))?;
    let plan = plan::compile(catalog, options, &limits, &prepare::known_names(&existing))
        .map_err(|error| Failure::config(error.to_string()))?;
    for stream in &plan.streams {
        let live = StreamSql::new(stream, warehouse.dialect()).live();
        prepare::refuse_foreign_tables(stream, &live, &existing)?;
    }
    let former_children = plan.streams.iter().map(|stream| prepare::obsolete(stream, &existing)).collect();
    Ok(Preview { plan, existing, former_children })
}
