//! Typed tables of other connectors that become ours.

use crate::plan::{Table, TableRole};
use crate::raw::Ids;
use crate::sql::keys::AB_ID;
use crate::sql::{Described, StreamSql, TableName, Targets};

const PREFIX: &str = "_airbyte_";

impl StreamSql<'_> {
    /// The tables in `targets` whose rows another connector typed: they have ids, but not ours. Nothing of ours can be told
    /// apart from such rows, or be newer than they are, until they are typed again.
    #[must_use]
    pub fn typed_by_others(
        &self,
        targets: &Targets,
        existing: impl Fn(&TableName) -> Option<Vec<Described>>,
    ) -> Vec<TableName> {
        let is_theirs = |table: &&TableName| {
            let ids = existing(table).and_then(|columns| Ids::of(&columns));
            ids.is_some_and(|ids| !ids.begin_with_ours(self.dialect))
        };
        targets.tables.iter().take(1).chain(&targets.history).filter(is_theirs).cloned().collect()
    }

    /// Lets the system columns of a typed table that somebody else made be NULL: we don't fill those that are not ours, and
    /// Destinations V2 forbids it in most of its own. Nothing of a table that is ours already.
    pub(super) fn take_over(&self, name: &TableName, table: &Table, existing: Option<&[Described]>) -> Vec<String> {
        let existing = existing.unwrap_or_default();
        let is_ours = existing.iter().any(|(column, _)| column.eq_ignore_ascii_case(AB_ID));
        if is_ours || table.role == TableRole::Raw {
            return Vec::new();
        }
        let theirs = existing.iter().map(|(column, _)| column).filter(|column| column.starts_with(PREFIX));
        let relation = self.dialect.relation(name);
        theirs
            .map(|column| format!("ALTER TABLE {relation} ALTER COLUMN {} DROP NOT NULL", self.dialect.quote(column)))
            .collect()
    }
}
