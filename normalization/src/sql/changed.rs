//! Whether rows that are there are those that the plan would make.

use crate::columns::SystemColumn;
use crate::plan::{Column, ColumnSource, Layout, LayoutChange, Table};
use crate::raw::{Ids, RawLayout};
use crate::sql::follow::{Described, Retype, Step, steps};
use crate::sql::keys::AB_ID;
use crate::sql::tables::Shape;
use crate::sql::{StreamSql, TableName, Targets};

impl StreamSql<'_> {
    /// Why the rows in `targets`, which an earlier plan typed, have to be typed again: what changed since the layout that they
    /// were typed by, as far as it is known, and what their tables lack. Where there is no root table, only that a history has
    /// another connector's rows.
    #[must_use]
    pub fn changes(
        &self,
        targets: &Targets,
        earlier: Option<&Layout>,
        existing: impl Fn(&TableName) -> Option<Vec<Described>>,
        backfill: bool,
    ) -> Vec<LayoutChange> {
        let theirs = self.typed_by_others(targets, &existing);
        let mut changes = if theirs.is_empty() { Vec::new() } else { vec![LayoutChange::Missing(AB_ID.to_owned())] };
        if targets.tables.first().and_then(&existing).is_none() {
            return changes;
        }
        let since = earlier.map(|earlier| Layout::of(self.stream).changes_since(earlier, backfill));
        changes.extend(since.unwrap_or_default());
        for (name, table) in targets.tables.iter().zip(&self.stream.tables) {
            let Some(columns) = existing(name) else { continue };
            let shape = Shape::of(name, table);
            let steps = steps(self.dialect, &shape.columns, &[], &columns);
            changes.extend(steps.iter().filter_map(|step| misfit(table, step)));
        }
        changes.sort();
        changes.dedup();
        changes
    }

    /// Counts the rows in `targets` whose records the raw table does not hold, as far as they have ids: one row, one number.
    ///
    /// Law: a row that was typed from a raw row that is still there is not counted, whoever wrote the one and typed the other.
    #[must_use]
    pub fn rows_without_raw(
        &self,
        targets: &Targets,
        (raw, layout): (&TableName, &RawLayout),
        existing: impl Fn(&TableName) -> Option<Vec<Described>>,
    ) -> Option<String> {
        let typed = targets.tables.iter().take(1).chain(&targets.keys).chain(&targets.history);
        let typed: Vec<String> = typed
            .filter_map(|table| {
                let id = Ids::of(&existing(table)?)?.as_uuid(self.dialect);
                Some(format!("SELECT {id} AS id FROM {}", self.dialect.relation(table)))
            })
            .collect();
        (!typed.is_empty()).then(|| {
            format!(
                "SELECT count(*)
FROM (
  {typed}
  EXCEPT
  {raw}
) AS missing",
                typed = typed.join("\n  UNION\n  "),
                raw = layout.select_ids(self.dialect, raw),
            )
        })
    }
}

/// Why the rows of a table that has to take this step are not those that the plan would make.
fn misfit(table: &Table, step: &Step<'_>) -> Option<LayoutChange> {
    let (Step::Add { name, .. } | Step::Retype(Retype { name, .. })) = step;
    let Column { source, .. } = table.columns.iter().find(|column| column.name == *name)?;
    match (source, step) {
        (ColumnSource::Property(path), Step::Retype(_)) => {
            Some(LayoutChange::Retyped([table.path.as_slice(), path].concat()))
        }
        (ColumnSource::Property(_) | ColumnSource::System(SystemColumn::AdditionalProperties), Step::Add { .. }) => {
            None
        }
        (ColumnSource::System(_), _) => Some(LayoutChange::Missing((*name).to_owned())),
    }
}
