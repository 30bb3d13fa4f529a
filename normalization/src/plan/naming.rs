//! Drafts get their names: tables within their schema, columns within their table.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::catalog::StreamName;
use crate::columns::SystemColumn;
use crate::kind::ColumnKind;
use crate::limits::Limits;
use crate::names::{Candidate, Naming, assign, assign_in_order, plain};
use crate::plan::nesting::Draft;
use crate::plan::{Column, ColumnSource, KnownNames, Table, TableRole, basic};

/// Who keeps a plain table name when two meet; the lower rank wins.
const fn table_rank(role: TableRole) -> u8 {
    match role {
        TableRole::Raw => 0,
        TableRole::Root => 1,
        TableRole::History => 2,
        TableRole::ObjectChild(_) | TableRole::ArrayChild(_) => 3,
    }
}

/// A table that wants a name.
pub(super) struct TableRequest<'a> {
    pub(super) stream: &'a StreamName,
    pub(super) role: TableRole,
    pub(super) path: &'a [String],
    pub(super) json_schema: &'a Value,
}

impl TableRequest<'_> {
    /// The name as the source's parts give it.
    pub(super) fn source_name(&self) -> String {
        match self.role {
            TableRole::Raw => format!("_airbyte_raw_{}", self.stream.name),
            TableRole::History => format!("{}_scd", self.stream.name),
            TableRole::Root | TableRole::ObjectChild(_) | TableRole::ArrayChild(_) => joined(self.stream, self.path),
        }
    }

    fn comment(&self) -> String {
        let table = Table { name: String::new(), role: self.role, path: self.path.to_vec(), columns: Vec::new() };
        table.comment(self.stream)
    }
}

/// Names the tables of one schema, in the requests' order.
pub(super) fn name_tables(
    naming: Naming,
    limits: &Limits,
    schema: &str,
    requests: &[TableRequest<'_>],
    known: &KnownNames,
) -> Vec<String> {
    let comments: Vec<String> = requests.iter().map(TableRequest::comment).collect();
    // What Basic Normalization could not tell apart is told apart as exact names are.
    let (naming, names) = match naming {
        Naming::Lower | Naming::Exact => (naming, requests.iter().map(TableRequest::source_name).collect()),
        Naming::Basic => (Naming::Exact, basic::table_names(&limits.identifiers, schema, requests)),
    };
    let mut candidates: Vec<Candidate> = requests
        .iter()
        .zip(&comments)
        .zip(names)
        .map(|((request, comment), name)| Candidate {
            path: vec![comment.clone()],
            name,
            rank: table_rank(request.role),
            kept: known.table(schema, comment).map(str::to_owned),
            fixed: false,
        })
        .collect();
    let wanted: BTreeSet<&str> = comments.iter().map(String::as_str).collect();
    candidates.extend(known.other_tables(schema, &wanted).map(|(comment, name)| Candidate {
        path: vec![comment.to_owned()],
        name: name.to_owned(),
        rank: 0,
        kept: Some(name.to_owned()),
        fixed: false,
    }));
    let mut names = assign(naming, &limits.identifiers.without_taken_columns(), &candidates);
    names.truncate(requests.len());
    names
}

/// Names a draft's columns and puts the system columns behind them. `reserved`: system columns that the rows get in other
/// tables, next to these columns.
pub(super) fn name_columns(
    naming: Naming,
    limits: &Limits,
    draft: &Draft,
    system: &[(SystemColumn, String, ColumnKind)],
    reserved: &[SystemColumn],
    known: Option<&BTreeMap<String, String>>,
) -> Vec<Column> {
    let nothing = BTreeMap::new();
    let known = known.unwrap_or(&nothing);
    let sources: Vec<ColumnSource> =
        draft.columns.iter().map(|column| ColumnSource::Property(column.path.clone())).collect();
    let comments: BTreeSet<String> = sources.iter().filter_map(ColumnSource::comment).collect();
    let mut candidates: Vec<Candidate> = draft
        .columns
        .iter()
        .zip(&sources)
        .map(|(column, source)| Candidate {
            path: column.path.clone(),
            name: column.path.join("_"),
            rank: u8::from(column.path.len() > 1),
            kept: source.comment().and_then(|comment| known.get(&comment).cloned()),
            fixed: false,
        })
        .collect();
    let reserved = reserved.iter().filter_map(|column| column.fixed_name());
    candidates.extend(system.iter().map(|(_, name, _)| name.as_str()).chain(reserved).map(|name| Candidate {
        path: vec![name.to_owned()],
        name: name.to_owned(),
        rank: 0,
        kept: None,
        fixed: true,
    }));
    candidates.extend(known.iter().filter(|(comment, _)| !comments.contains(*comment)).map(|(comment, name)| {
        Candidate { path: vec![comment.clone()], name: name.clone(), rank: 0, kept: Some(name.clone()), fixed: false }
    }));
    let mut names = match naming {
        Naming::Lower | Naming::Exact => assign(naming, &limits.identifiers, &candidates),
        Naming::Basic => assign_in_order(&limits.identifiers, &candidates),
    }
    .into_iter();
    let mut columns = Vec::with_capacity(candidates.len());
    for (draft, source) in draft.columns.iter().zip(sources) {
        columns.push(Column { name: names.next().unwrap_or_default(), source, kind: draft.kind });
    }
    for (column, name, kind) in system {
        columns.push(Column { name: name.clone(), source: ColumnSource::System(*column), kind: *kind });
    }
    columns
}

/// The system columns of a table, in the contract's order, with their names.
pub(super) fn system_columns(
    naming: Naming,
    limits: &Limits,
    stream: &StreamName,
    drafts: &[Draft],
    index: usize,
    (dedup, additional_properties): (bool, bool),
) -> Vec<(SystemColumn, String, ColumnKind)> {
    use SystemColumn::{
        AbId, AdditionalProperties, EmittedAt, GenerationId, HashId, Meta, NormalizedAt, ParentHashId, Position,
        UniqueKey,
    };
    let mut wanted = Vec::new();
    if additional_properties {
        wanted.push(AdditionalProperties);
    }
    wanted.extend([AbId, EmittedAt, NormalizedAt, HashId]);
    let parent = match drafts[index].role {
        TableRole::ObjectChild(parent) => {
            wanted.push(ParentHashId);
            Some(parent)
        }
        TableRole::ArrayChild(parent) => {
            wanted.extend([ParentHashId, Position]);
            Some(parent)
        }
        TableRole::Raw | TableRole::Root | TableRole::History => {
            if dedup {
                wanted.push(UniqueKey);
            }
            wanted.extend([Meta, GenerationId]);
            None
        }
    };
    let hash_id = |table: usize| match naming {
        Naming::Lower | Naming::Exact => {
            let name = format!("_airbyte_{}_hashid", joined(stream, &drafts[table].path));
            plain(naming, &limits.identifiers, &name)
        }
        Naming::Basic => basic::hash_id(&limits.identifiers, stream, drafts, table),
    };
    wanted
        .into_iter()
        .filter_map(|column| {
            let name = match column {
                HashId => hash_id(index),
                ParentHashId => hash_id(parent?),
                column => column.fixed_name()?.to_owned(),
            };
            Some((column, name, column.kind()?))
        })
        .collect()
}

/// The stream's name and a path below it, joined.
fn joined(stream: &StreamName, path: &[String]) -> String {
    std::iter::once(&stream.name).chain(path).map(String::as_str).collect::<Vec<_>>().join("_")
}
