//! Names of the tables in the internal schema.

use crate::names::IdentifierLength;
use crate::sql::{Dialect, TableName};

/// The schema of everything that is not the user's: staging, tombstones, bookkeeping.
pub const INTERNAL_SCHEMA: &str = "_airbyte_internal";

/// The name of the internal table that serves as `role` for `table`: `<schema>__<table>__<role>`.
///
/// Law: different (table, role) have different names, each within the warehouse's limit. A name that is too long, or
/// whose schema can't be told from its table, ends in a hash of the whole. No role may be the end of another behind
/// `__`, and none may end in `_` and eight hex digits.
pub(super) fn internal_name(dialect: &dyn Dialect, table: &TableName, role: &str) -> String {
    let TableName { schema, name } = table;
    let longest = dialect.limits().identifiers.longest;
    let plain = format!("{schema}__{name}__{role}");
    let readable = !schema.contains("__") && !schema.ends_with('_');
    if readable && fits(&plain, longest) {
        return plain;
    }
    // U+0000 is in no identifier, so the parts of what is hashed can't run into each other.
    let hash = xxhash_rust::xxh3::xxh3_64(format!("{schema}\0{name}\0{role}").as_bytes());
    let end = format!("__{role}_{:08x}", hash >> 32);
    let mut start = format!("{schema}__{name}");
    while !fits(&format!("{start}{end}"), longest) && start.pop().is_some() {}
    start + &end
}

fn fits(identifier: &str, longest: IdentifierLength) -> bool {
    match longest {
        IdentifierLength::Bytes(limit) => identifier.len() <= limit,
        IdentifierLength::Characters(limit) => identifier.chars().count() <= limit,
    }
}
