//! The sets of tables that a stream's rows go to.

use crate::plan::{Table, TableRole};
use crate::sql::internal::{INTERNAL_SCHEMA, internal_name};
use crate::sql::{StreamSql, TableName};

/// The physical tables that a stream's rows go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets {
    /// The raw table, if raw is kept.
    pub raw: Option<TableName>,
    /// Child tables that earlier plans had and this one has not. Their rows go when their parents' rows go.
    pub former_children: Vec<TableName>,
    /// The typed tables, parallel to [`StreamPlan::tables`](crate::plan::StreamPlan::tables).
    pub tables: Vec<TableName>,
    /// Every version of every key, if history is kept.
    pub history: Option<TableName>,
    /// Keys whose rows are deleted, if there is one row a key; the newest version of every key ever seen, where the root does not
    /// tell what it is ordered by.
    pub keys: Option<TableName>,
    /// What made no version in the history (deletes, identical re-emissions) but bounds or follows those that did.
    pub events: Option<TableName>,
}

/// Whose eyes the tables are for.
#[derive(Clone, Copy)]
enum Place {
    Live,
    Staging,
    Batch,
}

/// What a table holds of the user's table that it is named after.
#[derive(Clone, Copy)]
enum Part {
    Rows,
    Candidates,
    Keys,
    Events,
    Met,
    Replaced,
}

impl StreamSql<'_> {
    /// What the user reads, and the bookkeeping that goes with it.
    #[must_use]
    pub fn live(&self) -> Targets {
        self.targets(Place::Live)
    }

    /// The rows of a replacement until it is complete.
    #[must_use]
    pub fn staging(&self) -> Targets {
        self.targets(Place::Staging)
    }

    /// What a merge works with, in session-local tables; the typed ones hold rows of one checkpoint that are too many to wait
    /// for the merge outside of the warehouse. Raw rows are never merged: no `raw`.
    #[must_use]
    pub fn batch(&self) -> Targets {
        Targets { raw: None, ..self.targets(Place::Batch) }
    }

    fn targets(&self, place: Place) -> Targets {
        let stream = self.stream;
        let root = stream.tables.first();
        let history = stream.history.as_ref();
        let name = |table: &Table, part| self.physical_name(table, place, part);
        Targets {
            former_children: Vec::new(),
            raw: stream.raw.as_ref().map(|table| name(table, Part::Rows)),
            tables: stream.tables.iter().map(|table| name(table, Part::Rows)).collect(),
            history: history.map(|table| name(table, Part::Rows)),
            keys: root.filter(|_| stream.dedup.is_some()).map(|table| name(table, Part::Keys)),
            events: history.map(|table| name(table, Part::Events)),
        }
    }

    /// What an earlier plan remembered of keys, where this one does not tell rows apart by key.
    pub(super) fn former_keys(&self) -> Option<TableName> {
        let root = self.stream.tables.first().filter(|_| self.stream.dedup.is_none())?;
        Some(self.physical_name(root, Place::Live, Part::Keys))
    }

    /// What goes with a table of history.
    #[must_use]
    pub fn events_of(&self, history: &TableName) -> TableName {
        TableName { schema: INTERNAL_SCHEMA.to_owned(), name: internal_name(self.dialect, history, "events") }
    }

    /// Where rows that replace those of a live table of the user's are until they do, whether the plan has the table or an
    /// earlier one had it.
    #[must_use]
    pub fn staged(&self, live: &TableName) -> TableName {
        TableName { schema: INTERNAL_SCHEMA.to_owned(), name: internal_name(self.dialect, live, self.staging) }
    }

    /// The tables that only earlier plans can have staged rows in: `former` are live ones that those had and this one has
    /// not.
    #[must_use]
    pub fn formerly_staged(&self, former: &[TableName]) -> Vec<TableName> {
        let root = self.stream.tables.first().filter(|_| self.stream.dedup.is_none());
        let keys = root.map(|root| self.physical_name(root, Place::Staging, Part::Keys));
        let events = format!("{}_events", self.staging);
        let events = former.iter().map(|live| internal_name(self.dialect, live, &events));
        let events = events.map(|name| TableName { schema: INTERNAL_SCHEMA.to_owned(), name });
        former.iter().map(|live| self.staged(live)).chain(events).chain(keys).collect()
    }

    /// Takes what a merge asks of the root's rows of one checkpoint, see [`Self::candidate_columns`]; session-local. `None`: the
    /// stream is not one of one row a key.
    #[must_use]
    pub fn candidates(&self) -> Option<TableName> {
        let (root, _) = self.keyed()?;
        Some(self.physical_name(root, Place::Batch, Part::Candidates))
    }

    /// Takes what is known of the keys that a merge meets; session-local.
    pub(super) fn met(&self) -> Option<TableName> {
        let (root, _) = self.keyed()?;
        Some(self.physical_name(root, Place::Batch, Part::Met))
    }

    /// Takes the ids and keys of the rows that a merge replaces; session-local.
    pub(super) fn replaced(&self) -> Option<TableName> {
        let (root, _) = self.keyed()?;
        Some(self.physical_name(root, Place::Batch, Part::Replaced))
    }

    fn physical_name(&self, table: &Table, place: Place, part: Part) -> TableName {
        let user_schema = if table.role == TableRole::Raw { &self.stream.raw_schema } else { &self.stream.schema };
        let user_table = TableName { schema: user_schema.clone(), name: table.name.clone() };
        let (schema, place) = match place {
            Place::Live => (INTERNAL_SCHEMA, self.live),
            Place::Staging => (INTERNAL_SCHEMA, Some(self.staging)),
            Place::Batch => (self.dialect.session_schema(), Some("batch")),
        };
        let part = match part {
            Part::Rows => None,
            Part::Candidates => Some("candidates"),
            Part::Keys => Some("keys"),
            Part::Events => Some("events"),
            Part::Met => Some("met"),
            Part::Replaced => Some("replaced"),
        };
        let role = place.into_iter().chain(part).collect::<Vec<_>>().join("_");
        if role.is_empty() {
            return user_table;
        }
        TableName { schema: schema.to_owned(), name: internal_name(self.dialect, &user_table, &role) }
    }
}
