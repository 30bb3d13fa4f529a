//! A plan as JSON.

use serde_json::{Map, Value, json};

use crate::catalog::Replacement;
use crate::describe::{Entry, StreamChanges, TableChange, entries};
use crate::plan::{Column, ColumnSource, Plan, StreamPlan, TableRole};
use crate::sql::{Described, Dialect, TableName};

/// The plan and what it changes, a member of `changes` for each stream.
///
/// ```json
/// {"streams": [{
///   "stream": "orders", "namespace": null, "mode": "append_dedup",
///   "primary_key": [["id"]], "cursor": ["updated_at"],
///   "generation_id": 3, "replaces": "never",
///   "tables": [{
///     "schema": "main", "name": "orders_items", "role": "array_child", "parent": "orders",
///     "source": ["items"], "path": "items[]",
///     "columns": [
///       {"name": "sku", "type": "VARCHAR", "source": ["sku"]},
///       {"name": "_airbyte_ab_id", "type": "UUID", "source": null}
///     ]
///   }],
///   "changes": {
///     "rebuild": [],
///     "not_rebuilt": [],
///     "tables": [{
///       "schema": "main", "name": "orders_items", "state": "changed",
///       "added": [{"name": "sku", "type": "VARCHAR"}],
///       "retyped": [{"name": "price", "from": "BIGINT", "to": "DOUBLE"}],
///       "staying": [{"name": "weight", "type": "DOUBLE"}]
///     }],
///     "former_children": [{"schema": "main", "name": "orders_notes"}]
///   }
/// }]}
/// ```
///
/// `mode`: `append`, `overwrite`, `append_dedup`. `primary_key` and `cursor` are those that rows are kept by: none but in
/// `append_dedup`. `replaces`: `never`, `always`, or `generation`, which is once for this generation. `role`: `root`,
/// `object_child`, `array_child`, `history`, `raw`. A column's `source` is its path below the object that the table is of,
/// null where we fill it. `rebuild` has the reasons for which the typed tables are made again from the raw one, `not_rebuilt`
/// those for which they would be if raw had all records. `state`: `new`, `unchanged`, `changed`.
#[must_use]
pub fn json(plan: &Plan, changes: &[StreamChanges], dialect: &dyn Dialect) -> Value {
    let streams = plan.streams.iter().zip(changes).map(|(stream, changes)| stream_json(stream, changes, dialect));
    json!({"streams": streams.collect::<Vec<_>>()})
}

fn stream_json(stream: &StreamPlan, changes: &StreamChanges, dialect: &dyn Dialect) -> Value {
    let replaces = match stream.replacement {
        Replacement::Keep => "never",
        Replacement::Always => "always",
        Replacement::Generation(_) => "generation",
    };
    let key = stream.dedup.iter().flat_map(|dedup| &dedup.key).map(|part| &part.path).collect::<Vec<_>>();
    let cursor = stream.dedup.as_ref().and_then(|dedup| dedup.cursor.as_ref()).map(|cursor| &cursor.path);
    let tables = entries(stream).iter().map(|entry| table_json(stream, entry, dialect)).collect::<Vec<_>>();
    json!({
        "stream": stream.stream.name,
        "namespace": stream.stream.namespace,
        "mode": stream.mode.name(),
        "primary_key": key,
        "cursor": cursor,
        "generation_id": stream.generation_id,
        "replaces": replaces,
        "tables": tables,
        "changes": {
            "rebuild": changes.rebuild,
            "not_rebuilt": changes.not_rebuilt,
            "tables": changes.tables.iter().map(change_json).collect::<Vec<_>>(),
            "former_children": changes.former_children.iter().map(|name| named(name, [])).collect::<Vec<_>>(),
        },
    })
}

fn table_json(stream: &StreamPlan, entry: &Entry<'_>, dialect: &dyn Dialect) -> Value {
    let Entry { name, table, path } = entry;
    let (role, parent) = match table.role {
        TableRole::Raw => ("raw", None),
        TableRole::Root => ("root", None),
        TableRole::ObjectChild(parent) => ("object_child", Some(parent)),
        TableRole::ArrayChild(parent) => ("array_child", Some(parent)),
        TableRole::History => ("history", None),
    };
    let parent = parent.map(|parent| &stream.tables[parent].name);
    // that of a raw table tells schemas apart, it is nothing of the source's
    let source: &[String] = if table.role == TableRole::Raw { &[] } else { &table.path };
    let columns = table.columns.iter().map(|column| column_json(column, dialect)).collect::<Vec<_>>();
    named(
        name,
        [
            ("role", json!(role)),
            ("parent", json!(parent)),
            ("source", json!(source)),
            ("path", json!(path)),
            ("columns", json!(columns)),
        ],
    )
}

fn column_json(column: &Column, dialect: &dyn Dialect) -> Value {
    let source = match &column.source {
        ColumnSource::Property(path) => Some(path),
        ColumnSource::System(_) => None,
    };
    json!({"name": column.name, "type": dialect.column_type(column.kind), "source": source})
}

fn change_json(change: &TableChange) -> Value {
    let state = match change {
        TableChange { is_new: true, .. } => "new",
        change if change.is_none() => "unchanged",
        _ => "changed",
    };
    let columns = |columns: &[Described]| {
        columns.iter().map(|(name, sql_type)| json!({"name": name, "type": sql_type})).collect::<Vec<_>>()
    };
    let retyped = change.retyped.iter().map(|it| json!({"name": it.column, "from": it.from, "to": it.to}));
    named(
        &change.name,
        [
            ("state", json!(state)),
            ("added", json!(columns(&change.added))),
            ("retyped", json!(retyped.collect::<Vec<_>>())),
            ("staying", json!(columns(&change.staying))),
        ],
    )
}

/// An object that begins with a table's name.
fn named<const N: usize>(name: &TableName, more: [(&str, Value); N]) -> Value {
    let members = [("schema", json!(name.schema)), ("name", json!(name.name))].into_iter().chain(more);
    Value::Object(members.map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
}
