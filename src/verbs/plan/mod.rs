//! `plan`: what a catalog gives, before anything is done.

/// A plan as a person reads it.
mod text;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use alluvium_normalization::describe::{self, Existing, StreamChanges};

use crate::cli::PlanFormat;
use crate::config::Config;
use crate::failure::Failure;
use crate::sync::preview::preview;
use crate::terminal::Size;
use crate::terminal::style::Style;
use crate::verbs::catalog::read_catalog;
use crate::verbs::printed::printed;
use crate::verbs::reading::connect_to_read_or_empty;

/// Prints what a sync of the catalog would make, and how that differs from what exists.
///
/// Law: the warehouse is as it was before, and a database that does not exist still does not.
pub(crate) fn plan(config: &Config, catalog: &Path, format: PlanFormat) -> Result<(), Failure> {
    let catalog = read_catalog(catalog)?;
    let mut warehouse = connect_to_read_or_empty(config)?;
    let seen = preview(warehouse.as_mut(), &catalog, &config.options())?;
    let (plan, dialect) = (&seen.plan, warehouse.dialect());
    let existing: Existing = seen.existing.iter().map(|table| (table.name.clone(), table.described())).collect();
    let streams = plan.streams.iter().zip(seen.former_children);
    let changes = streams.map(|(stream, former)| StreamChanges::of(stream, dialect, &existing, former));
    let changes: Vec<StreamChanges> = changes.zip(seen.stale).map(|(changes, stale)| stale.told(changes)).collect();
    let out = io::stdout();
    let shown = match format {
        PlanFormat::Text => {
            let room = out.is_terminal().then(|| Size::of_stdout().columns);
            text::show(plan, &changes, dialect, room, Style::of(&out))
        }
        PlanFormat::Json => format!("{:#}\n", describe::json(plan, &changes, dialect)),
        PlanFormat::Sql => describe::script(plan, &changes, dialect, &existing),
        PlanFormat::Mermaid => describe::mermaid(plan, dialect),
    };
    let mut out = out.lock();
    printed(out.write_all(shown.as_bytes()).and_then(|()| out.flush()))
}
