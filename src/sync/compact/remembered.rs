//! Streams without a catalog: told apart and ordered as their last syncs did, where we remember it.

use alluvium_normalization::catalog::{ConfiguredCatalog, ConfiguredStream, StreamName};
use alluvium_normalization::limits::Limits;
use alluvium_normalization::plan::{self, KnownNames, Layout, Options, unkeyed_stream};
use alluvium_normalization::sql::INTERNAL_SCHEMA;
use alluvium_normalization::sql::bookkeeping::StreamState;

use crate::failure::Failure;
use crate::sync::prepare::known_states;
use crate::warehouse::Warehouse;

/// The streams with the keys and cursors of what their typed tables show; as streams without key where that is not known.
///
/// Law: rows are told apart and ordered by the same values as in the typed tables, or not at all: no key is guessed.
pub(super) fn catalog(
    warehouse: &mut dyn Warehouse,
    names: &[StreamName],
    options: &Options,
    limits: &Limits,
) -> Result<ConfiguredCatalog, Failure> {
    let existing = warehouse.describe(&[INTERNAL_SCHEMA.to_owned()])?;
    let schema = |name: &StreamName| plan::schema_of(name, options, limits);
    let known = known_states(warehouse, names.iter().map(schema).collect(), &existing)?;
    let stream = |name: &StreamName| {
        let state = known.get(&(schema(name), name.name.clone()));
        let keyed = state.and_then(|state| keyed(state, name, options, limits));
        keyed.unwrap_or_else(|| unkeyed_stream(name))
    };
    Ok(ConfiguredCatalog { streams: names.iter().map(stream).collect() })
}

/// The stream with the key of its typed tables, if the options of today give the same values for it.
fn keyed(state: &StreamState, name: &StreamName, options: &Options, limits: &Limits) -> Option<ConfiguredStream> {
    // a rebuild that is not finished may be on the way to another key
    let live = state.layouts.live.as_ref().filter(|_| state.layouts.rebuild.is_none())?;
    let stream = live.keyed_stream(name)?;
    let catalog = ConfiguredCatalog { streams: vec![stream.clone()] };
    let plan = plan::compile(&catalog, options, limits, &KnownNames::default()).ok()?;
    Layout::of(plan.streams.first()?).orders_like(live).then_some(stream)
}
