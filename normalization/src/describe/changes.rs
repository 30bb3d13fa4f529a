//! What a plan changes in a warehouse.

use std::collections::BTreeMap;

use crate::describe::{Entry, entries};
use crate::plan::{StreamPlan, TableRole};
use crate::sql::{Described, Dialect, TableName};

/// The tables that a warehouse has, with their columns. None by default: a warehouse that nothing was landed in yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Existing(pub(super) BTreeMap<TableName, Vec<Described>>);

impl FromIterator<(TableName, Vec<Described>)> for Existing {
    fn from_iter<I: IntoIterator<Item = (TableName, Vec<Described>)>>(tables: I) -> Self {
        Self(tables.into_iter().collect())
    }
}

impl Existing {
    pub(super) fn columns(&self, table: &TableName) -> Option<&[Described]> {
        self.0.get(table).map(Vec::as_slice)
    }

    /// A schema without a table may be there too.
    pub(super) fn has_tables_in(&self, schema: &str) -> bool {
        self.0.keys().any(|table| table.schema == schema)
    }
}

/// What a plan changes for one stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamChanges {
    /// Why the typed tables are made again from the raw one. Empty: they are not.
    pub rebuild: Vec<String>,
    /// Why they ought to be and can't: raw does not have all their records.
    pub not_rebuilt: Vec<String>,
    /// One for each of the stream's tables, in the order of [`entries`].
    pub tables: Vec<TableChange>,
    /// Child tables that an earlier plan had and this one has not.
    pub former_children: Vec<TableName>,
}

/// What a plan changes in one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableChange {
    /// Where the table is.
    pub name: TableName,
    /// It is not there yet. Then all columns are new, and none of them is named below.
    pub is_new: bool,
    /// Columns that it lacks.
    pub added: Vec<Described>,
    /// Columns that have another type than the plan's.
    pub retyped: Vec<Retyped>,
    /// Columns that it has and the plan has not: they stay.
    pub staying: Vec<Described>,
}

/// A column that has another type than the plan's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retyped {
    /// The column.
    pub column: String,
    /// The type that it has.
    pub from: String,
    /// The type that the plan has for it.
    pub to: String,
}

impl StreamChanges {
    /// The difference between what the plan has for a stream and what exists. `former_children` are the child tables of the
    /// stream that exist and that the plan does not have.
    #[must_use]
    pub fn of(
        stream: &StreamPlan,
        dialect: &dyn Dialect,
        existing: &Existing,
        former_children: Vec<TableName>,
    ) -> Self {
        let tables = entries(stream).iter().map(|entry| TableChange::of(entry, dialect, existing)).collect();
        Self { rebuild: Vec::new(), not_rebuilt: Vec::new(), tables, former_children }
    }
}

impl TableChange {
    fn of(entry: &Entry<'_>, dialect: &dyn Dialect, existing: &Existing) -> Self {
        let mut change = Self {
            name: entry.name.clone(),
            is_new: false,
            added: Vec::new(),
            retyped: Vec::new(),
            staying: Vec::new(),
        };
        let Some(present) = existing.columns(&entry.name) else { return Self { is_new: true, ..change } };
        let key = |name: &str| dialect.limits().identifiers.comparison_key(name);
        let mut present: Vec<(String, &Described)> = present.iter().map(|column| (key(&column.0), column)).collect();
        for planned in &entry.table.columns {
            let to = dialect.column_type(planned.kind);
            match present.iter().position(|(name, _)| *name == key(&planned.name)) {
                None => change.added.push((planned.name.clone(), to)),
                Some(index) => {
                    let (_, (column, from)) = present.remove(index);
                    // loads into raw tables cast to what is there
                    if *from != to && entry.table.role != TableRole::Raw {
                        change.retyped.push(Retyped { column: column.clone(), from: from.clone(), to });
                    }
                }
            }
        }
        change.staying = present.into_iter().map(|(_, column)| column.clone()).collect();
        change
    }

    /// Nothing is done to the table; columns that the plan does not have don't count.
    #[must_use]
    pub fn is_none(&self) -> bool {
        !self.is_new && self.added.is_empty() && self.retyped.is_empty()
    }
}
