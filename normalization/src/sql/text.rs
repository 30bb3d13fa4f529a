//! Pieces of statements, laid out for people.

use crate::sql::Dialect;

/// Items of a list, one a line, to stand `depth` steps in.
pub(super) fn listed<S: AsRef<str>>(depth: usize, items: impl IntoIterator<Item = S>) -> String {
    joined(depth, ",", items)
}

/// Items with `separator` at the end of each line but the last, to stand `depth` steps in.
pub(super) fn joined<S: AsRef<str>>(depth: usize, separator: &str, items: impl IntoIterator<Item = S>) -> String {
    let items = items.into_iter().map(|item| item.as_ref().to_owned()).collect::<Vec<_>>();
    items.join(&format!("{separator}\n{}", "  ".repeat(depth)))
}

/// Identifiers, quoted.
pub(super) fn quoted<S: AsRef<str>>(dialect: &dyn Dialect, names: impl IntoIterator<Item = S>) -> Vec<String> {
    names.into_iter().map(|name| dialect.quote(name.as_ref())).collect()
}

/// Quoted columns of the table that the statement calls `alias`.
pub(super) fn of<S: AsRef<str>>(alias: &str, columns: impl IntoIterator<Item = S>) -> Vec<String> {
    columns.into_iter().map(|column| format!("{alias}.{}", column.as_ref())).collect()
}
