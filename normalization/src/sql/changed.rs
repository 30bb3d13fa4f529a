//! Whether rows that are there are those that the plan would make.

use crate::columns::SystemColumn;
use crate::plan::{Column, ColumnSource, Layout, LayoutChange, Table};
use crate::sql::follow::{Described, Retype, Step, steps};
use crate::sql::keys::AB_ID;
use crate::sql::tables::Shape;
use crate::sql::{StreamSql, TableName, Targets};

impl StreamSql<'_> {
    /// Why the rows in `targets`, which an earlier plan typed, have to be typed again: what changed since the layout that they
    /// were typed by, as far as it is known, and what their tables lack. Empty where there is no root table.
    #[must_use]
    pub fn changes(
        &self,
        targets: &Targets,
        earlier: Option<&Layout>,
        existing: impl Fn(&TableName) -> Option<Vec<Described>>,
        backfill: bool,
    ) -> Vec<LayoutChange> {
        if targets.tables.first().and_then(&existing).is_none() {
            return Vec::new();
        }
        let since = earlier.map(|earlier| Layout::of(self.stream).changes_since(earlier, backfill));
        let mut changes = since.unwrap_or_default();
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

    /// Counts the rows in `targets` whose records the raw table does not hold, if both tell records apart by the same type of
    /// id: one row, one number.
    #[must_use]
    pub fn rows_without_raw(
        &self,
        targets: &Targets,
        (raw, id): (&TableName, &str),
        existing: impl Fn(&TableName) -> Option<Vec<Described>>,
    ) -> Option<String> {
        let type_of = |table: &TableName, column: &str| {
            existing(table)?.into_iter().find_map(|(name, kind)| (name == column).then_some(kind))
        };
        let id_type = type_of(raw, id)?;
        let typed = targets.tables.iter().take(1).chain(&targets.keys).chain(&targets.history);
        let typed: Vec<String> = typed
            .filter(|table| type_of(table, AB_ID).as_ref() == Some(&id_type))
            .map(|table| format!("SELECT {} AS id FROM {}", self.dialect.quote(AB_ID), self.dialect.relation(table)))
            .collect();
        (!typed.is_empty()).then(|| {
            format!(
                "SELECT count(*)
FROM (
  {typed}
) AS typed
WHERE NOT EXISTS (SELECT 1 FROM {raw} AS raw WHERE raw.{id} = typed.id)",
                typed = typed.join("\n  UNION\n  "),
                raw = self.dialect.relation(raw),
                id = self.dialect.quote(id),
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
