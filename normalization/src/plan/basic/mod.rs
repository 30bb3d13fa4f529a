//! Names that Basic Normalization gave to what it knew of a whole schema: tables, and the columns that join them.

/// Places of a stream's schema that were registered as tables.
mod registered;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::StreamName;
use crate::names::IdentifierRules;
use crate::plan::TableRole;
use crate::plan::naming::TableRequest;
use crate::plan::nesting::Draft;

/// The names of the tables of one schema, in the requests' order; they may still meet.
///
/// Streams and what is nested in them were registered with their simple names, also what then got no table, and whatever
/// met was named by a hash, all of it. Raw tables and histories were named without a look at others.
pub(super) fn table_names(rules: &IdentifierRules, schema: &str, requests: &[TableRequest<'_>]) -> Vec<String> {
    let basic = rules.basic;
    let registered: BTreeSet<Vec<&str>> = requests.iter().flat_map(places).collect();
    let mut claims: BTreeMap<String, usize> = BTreeMap::new();
    for place in &registered {
        *claims.entry(basic.table(&place.join("_"))).or_default() += 1;
    }
    let typed = |place: &[&str]| {
        let simple = basic.table(&place.join("_"));
        match place {
            _ if claims.get(&simple).is_none_or(|claims| *claims == 1) => simple,
            [stream] => basic.hashed_stream(schema, stream),
            nested => basic.hashed_child(schema, nested),
        }
    };
    requests
        .iter()
        .map(|request| {
            let name = match request.role {
                TableRole::Raw => basic.raw_table(&request.stream.name),
                TableRole::History => basic.history(&typed(&[&request.stream.name])),
                TableRole::Root | TableRole::ObjectChild(_) | TableRole::ArrayChild(_) => typed(&place(request)),
            };
            // As Postgres itself cuts.
            rules.longest.cut(&name, 0).to_owned()
        })
        .collect()
}

/// The name of the column that holds the ids of a table's rows, other than that of its parent's.
pub(super) fn hash_id(rules: &IdentifierRules, stream: &StreamName, drafts: &[Draft], table: usize) -> String {
    let source_name = |table: usize| drafts[table].path.last().unwrap_or(&stream.name).as_str();
    let name = source_name(table);
    let plain = rules.basic.hash_id(name, None);
    let (TableRole::ObjectChild(parent) | TableRole::ArrayChild(parent)) = drafts[table].role else { return plain };
    let is_called_as_parent = rules.basic.table(name).to_lowercase() == source_name(parent).to_lowercase();
    let of_parent = hash_id(rules, stream, drafts, parent);
    if !is_called_as_parent && plain != of_parent {
        return plain;
    }
    // Counted from the stream, which is the first.
    let level = drafts[table].path.len() + 1;
    let leveled = rules.basic.hash_id(name, Some(level));
    if leveled == of_parent { rules.basic.column(&format!("_{leveled}")) } else { leveled }
}

/// Where a request for a typed table was registered: the stream and the path below it.
fn place<'a>(request: &TableRequest<'a>) -> Vec<&'a str> {
    std::iter::once(&request.stream.name).chain(request.path).map(String::as_str).collect()
}

/// The places that a request for a typed table stands for: its own, and for a stream's table all that are nested in it.
fn places<'a>(request: &TableRequest<'a>) -> Vec<Vec<&'a str>> {
    match request.role {
        TableRole::Raw | TableRole::History => Vec::new(),
        TableRole::ObjectChild(_) | TableRole::ArrayChild(_) => vec![place(request)],
        TableRole::Root => registered::below(&request.stream.name, request.json_schema),
    }
}
