//! Names that exist already: what an earlier sync assigned, read back from the COMMENTs of tables and columns.

use std::collections::{BTreeMap, BTreeSet};

/// Source path (as COMMENT) -> identifier, for tables and columns that exist.
///
/// Law: an assignment once made is kept, so a sibling that comes later can't take over a table or a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownNames {
    /// Schema -> comment -> table.
    tables: BTreeMap<String, BTreeMap<String, String>>,
    /// Schema and table -> comment -> column.
    columns: BTreeMap<(String, String), BTreeMap<String, String>>,
}

impl KnownNames {
    /// Adds a table; one whose comment is not ours changes nothing. Returns whether it is ours.
    pub fn add_table(&mut self, schema: &str, table: &str, comment: &str) -> bool {
        let is_ours = is_path(comment);
        if is_ours {
            let tables = self.tables.entry(schema.to_owned()).or_default();
            tables.insert(comment.to_owned(), table.to_owned());
        }
        is_ours
    }

    /// Adds a column; one whose comment is not ours changes nothing.
    pub fn add_column(&mut self, schema: &str, table: &str, column: &str, comment: &str) {
        if is_path(comment) {
            let columns = self.columns.entry((schema.to_owned(), table.to_owned())).or_default();
            columns.insert(comment.to_owned(), column.to_owned());
        }
    }

    pub(super) fn table(&self, schema: &str, comment: &str) -> Option<&str> {
        self.tables.get(schema)?.get(comment).map(String::as_str)
    }

    pub(super) fn other_tables<'a>(
        &'a self,
        schema: &str,
        wanted: &'a BTreeSet<&str>,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let tables = self.tables.get(schema).into_iter().flatten();
        tables.filter(|(comment, _)| !wanted.contains(comment.as_str())).map(|(c, n)| (c.as_str(), n.as_str()))
    }

    pub(super) fn columns(&self, schema: &str, table: &str) -> Option<&BTreeMap<String, String>> {
        self.columns.get(&(schema.to_owned(), table.to_owned()))
    }
}

/// Source paths are JSON arrays of strings; anything else is a comment of the user.
pub(crate) fn is_path(comment: &str) -> bool {
    comment.starts_with('[') && serde_json::from_str::<Vec<String>>(comment).is_ok()
}
