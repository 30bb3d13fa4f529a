//! Unfinished replacements: finished, or given up for what came after.

use crate::plan::Table;
use crate::sql::keys::{AB_ID, UNIQUE_KEY};
use crate::sql::text::quoted;
use crate::sql::{Described, StreamSql, TableName, Targets, drop_table};

impl StreamSql<'_> {
    /// The tables that a replacement puts rows of others in, each with that other: live and staged.
    #[must_use]
    pub fn replaced_tables(&self) -> Vec<(TableName, TableName)> {
        let (staging, live) = (self.staging(), self.live());
        self.pairs(&live, &staging).into_iter().map(|(into, from, _)| (into.clone(), from.clone())).collect()
    }

    /// Replaces what is live with what is staged, and drops the staging tables. `exchanged`: live tables for which the
    /// warehouse has done so.
    ///
    /// Rows are exchanged, not tables: views, comments, grants and owner stay, and so do columns that the plan no longer
    /// has, NULL from now on.
    #[must_use]
    pub fn swap(&self, exchanged: &[TableName]) -> Vec<String> {
        let (staging, live) = (self.staging(), self.live());
        // a key counts no more when its row is gone
        let former = self.former_keys();
        let mut statements: Vec<String> = former.iter().map(|keys| drop_table(self.dialect, keys)).collect();
        for (into, from, columns) in self.pairs(&live, &staging) {
            if !exchanged.contains(into) {
                statements.push(format!("DELETE FROM {}", self.dialect.relation(into)));
                statements.push(self.copy(into, from, &columns));
                statements.push(drop_table(self.dialect, from));
            }
        }
        statements
    }

    /// Empties what is live, for rows that come in its place in the same transaction.
    #[must_use]
    pub fn empty(&self) -> Vec<String> {
        let live = self.live();
        let rows = self.user_tables(&live).map(|(name, _)| name);
        let tables = rows.chain(&live.keys).chain(&live.events);
        let deletes = tables.map(|name| format!("DELETE FROM {}", self.dialect.relation(name)));
        self.former_keys().iter().map(|keys| drop_table(self.dialect, keys)).chain(deletes).collect()
    }

    /// Asks for the right to empty the tables of `targets` that exist, without doing so.
    #[must_use]
    pub fn try_to_empty(
        &self,
        targets: &Targets,
        existing: impl Fn(&TableName) -> Option<Vec<Described>>,
    ) -> Vec<String> {
        let tables = self.user_tables(targets).map(|(name, _)| name).filter(|name| existing(name).is_some());
        tables.map(|name| format!("DELETE FROM {} WHERE FALSE", self.dialect.relation(name))).collect()
    }

    /// Adds what is staged to what is live, and drops the staging tables: a later generation that keeps what is there
    /// also keeps what an unfinished replacement had loaded.
    ///
    /// Needs no batch tables to be there: it makes its own, and drops them. `former_children`: see [`Targets`].
    #[must_use]
    pub fn absorb(&self, former_children: &[TableName]) -> Vec<String> {
        let (staging, live) = (self.staging(), Targets { former_children: former_children.to_vec(), ..self.live() });
        let mut statements = Vec::new();
        if let (Some(into), Some(from), Some(raw)) = (&live.raw, &staging.raw, &self.stream.raw) {
            statements.push(self.copy(into, from, &self.columns(raw)));
        }
        if let (Some(keys), Some(staged)) = (self.keys(), &staging.keys) {
            statements.extend(self.create_batch());
            if let Some(root) = staging.tables.first().filter(|_| keys.are_told_by_root()) {
                // what is staged comes again, as candidates of one table
                statements.push(self.recall(&keys, staged, (root, None), None));
            }
            if let (Some(history), Some(versions), Some(events)) = (self.history(), &staging.history, &staging.events) {
                let columns = quoted(self.dialect, history.recorded().map(|column| &column.name));
                let arrivals = [(versions, columns.clone()), (events, columns)];
                statements.extend(self.add_to_history(&history, staged, &arrivals, &live));
            }
            let columns = quoted(self.dialect, keys.fields().map(|field| field.name));
            statements.extend(self.replace(&keys, (staged, &columns), &live));
            statements.extend(self.land(&staging.tables, &live));
            statements.extend(self.drop_batch());
            statements.extend(self.copy_unkeyed(&live, &staging));
        } else {
            let tables = live.tables.iter().zip(&staging.tables).zip(&self.stream.tables);
            statements.extend(tables.map(|((into, from), table)| self.copy(into, from, &self.columns(table))));
        }
        statements.extend(self.drop_staging());
        statements
    }

    /// Adds staged rows that were typed when no key told rows apart, and not typed again since.
    fn copy_unkeyed(&self, live: &Targets, staging: &Targets) -> Vec<String> {
        let Some(root) = staging.tables.first() else { return Vec::new() };
        let (id, key) = (self.dialect.quote(AB_ID), self.dialect.quote(UNIQUE_KEY));
        let unkeyed = format!("SELECT {id} FROM {} WHERE {key} IS NULL", self.dialect.relation(root));
        let tables = live.tables.iter().zip(&staging.tables).zip(&self.stream.tables);
        let copies = tables.map(|((into, from), table)| {
            format!("{}\nWHERE {id} IN ({unkeyed})", self.copy(into, from, &self.columns(table)))
        });
        copies.collect()
    }

    /// Tables of both sets that correspond, with their columns.
    fn pairs<'t>(&self, into: &'t Targets, from: &'t Targets) -> Vec<(&'t TableName, &'t TableName, Vec<String>)> {
        let rows = self.user_tables(into).zip(self.user_tables(from));
        let mut pairs = rows.map(|((into, table), (from, _))| (into, from, self.columns(table))).collect::<Vec<_>>();
        if let (Some(into), Some(from), Some(keys)) = (&into.keys, &from.keys, self.keys()) {
            pairs.push((into, from, quoted(self.dialect, keys.fields().map(|field| field.name))));
        }
        if let (Some(into), Some(from), Some(history)) = (&into.events, &from.events, &self.stream.history) {
            pairs.push((into, from, self.columns(history)));
        }
        pairs
    }

    fn columns(&self, table: &Table) -> Vec<String> {
        quoted(self.dialect, table.columns.iter().map(|column| &column.name))
    }
}
