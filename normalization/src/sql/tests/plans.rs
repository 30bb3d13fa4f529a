//! Plans of representative streams, built by hand.

use crate::catalog::{Replacement, StreamName};
use crate::columns::SystemColumn as System;
use crate::kind::{ColumnKind, ScalarColumn as Scalar};
use crate::plan::{Column, ColumnSource, Cursor, Dedup, ObjectNode, StreamPlan, Table, TableRole};

/// A column of a property that is named like its source.
pub(super) fn property(name: &str, kind: Scalar) -> Column {
    Column {
        name: name.to_owned(),
        source: ColumnSource::Property(vec![name.to_owned()]),
        kind: ColumnKind::Scalar(kind),
    }
}

fn system(column: System, name: &str, kind: ColumnKind) -> Column {
    Column { name: name.to_owned(), source: ColumnSource::System(column), kind }
}

fn systems(columns: &[System]) -> Vec<Column> {
    let columns = columns.iter().filter_map(|column| Some(system(*column, column.fixed_name()?, column.kind()?)));
    columns.collect()
}

/// The system columns of a typed table, `parent` being the table above it.
fn typed(table: &str, parent: Option<&str>, more: &[System]) -> Vec<Column> {
    let hash = |column, table: &str| system(column, &format!("_airbyte_{table}_hashid"), ColumnKind::Uuid);
    let mut columns = systems(&[System::AbId, System::EmittedAt, System::NormalizedAt]);
    columns.push(hash(System::HashId, table));
    columns.extend(parent.map(|parent| hash(System::ParentHashId, parent)));
    columns.extend(systems(more));
    columns
}

fn table(name: &str, role: TableRole, path: &[&str], columns: Vec<Column>) -> Table {
    Table { name: name.to_owned(), role, path: path.iter().map(|&part| part.to_owned()).collect(), columns }
}

fn root(name: &str, mut columns: Vec<Column>, more: &[System]) -> Table {
    columns.extend(typed(name, None, more));
    table(name, TableRole::Root, &[], columns)
}

fn stream(name: &str, root: Table) -> StreamPlan {
    StreamPlan {
        history_remnants: Vec::new(),
        stream: StreamName { namespace: None, name: name.to_owned() },
        schema: "shop".to_owned(),
        raw_schema: "shop".to_owned(),
        raw: None,
        tables: vec![root],
        history: None,
        root: ObjectNode::default(),
        dedup: None,
        mode: crate::catalog::SyncMode::Append,
        replacement: Replacement::Keep,
        generation_id: 0,
        sync_id: None,
    }
}

const KEYED: [System; 3] = [System::UniqueKey, System::Meta, System::GenerationId];

fn cursor(name: &str, kind: Scalar, column: Option<usize>) -> Cursor {
    Cursor { path: vec![name.to_owned()], kind: ColumnKind::Scalar(kind), column }
}

fn dedup(cursor: Option<Cursor>) -> Dedup {
    Dedup { key: Vec::new(), cursor, cdc: Vec::new(), deleted_at: None, hard_delete: false }
}

/// Rows are only ever added; raw is kept.
pub(super) fn flat_append() -> StreamPlan {
    let columns = vec![property("id", Scalar::Integer), property("name", Scalar::String)];
    let raw = [System::AbId, System::EmittedAt, System::Data, System::Meta, System::GenerationId];
    let raw = table("_airbyte_raw_users", TableRole::Raw, &[], systems(&raw));
    StreamPlan { raw: Some(raw), ..stream("users", root("users", columns, &KEYED[1..])) }
}

/// The same with its raw table among those of all schemas.
pub(super) fn raw_elsewhere() -> StreamPlan {
    let mut users = StreamPlan { raw_schema: "landing".to_owned(), ..flat_append() };
    if let Some(raw) = &mut users.raw {
        raw.path = vec![users.schema.clone()];
    }
    users
}

/// One row a key, with child and grandchild tables.
pub(super) fn nested_orders() -> StreamPlan {
    let columns = vec![property("id", Scalar::Integer), property("updated_at", Scalar::TimestampTz)];
    let mut orders = stream("orders", root("orders", columns, &KEYED));
    let mut items = vec![property("sku", Scalar::String)];
    items.extend(typed("orders_items", Some("orders"), &[System::Position]));
    orders.tables.push(table("orders_items", TableRole::ArrayChild(0), &["items"], items));
    let mut tax = vec![property("rate", Scalar::Double)];
    tax.extend(typed("orders_items_tax", Some("orders_items"), &[]));
    orders.tables.push(table("orders_items_tax", TableRole::ObjectChild(1), &["items", "tax"], tax));
    orders.dedup = Some(dedup(Some(cursor("updated_at", Scalar::TimestampTz, Some(1)))));
    orders
}

/// Change data capture, without a cursor.
pub(super) fn captured(hard_delete: bool) -> StreamPlan {
    let columns = vec![
        property("id", Scalar::Integer),
        property("_ab_cdc_updated_at", Scalar::TimestampTz),
        property("_ab_cdc_lsn", Scalar::Integer),
        property("_ab_cdc_deleted_at", Scalar::TimestampTz),
    ];
    let deletes = Dedup { cdc: vec![1, 2], deleted_at: Some(3), hard_delete, ..dedup(None) };
    StreamPlan { dedup: Some(deletes), ..stream("accounts", root("accounts", columns, &KEYED)) }
}

/// The stream with `<stream>_scd`, whose start and end are of `kind`.
pub(super) fn with_history(stream: StreamPlan, kind: Scalar) -> StreamPlan {
    let root = &stream.tables[0];
    let mut columns = root.columns.clone();
    columns.push(system(System::StartAt, "_airbyte_start_at", ColumnKind::Scalar(kind)));
    columns.push(system(System::EndAt, "_airbyte_end_at", ColumnKind::Scalar(kind)));
    columns.extend(systems(&[System::ActiveRow]));
    let history = table(&format!("{}_scd", root.name), TableRole::History, &[], columns);
    StreamPlan { history: Some(history), ..stream }
}

/// The cursor is inside an object, so that no column of the root holds it.
pub(super) fn nested_cursor() -> StreamPlan {
    let root = root("events", vec![property("id", Scalar::String)], &KEYED);
    let mut cursor = cursor("meta", Scalar::String, None);
    cursor.path.push("seq".to_owned());
    StreamPlan { dedup: Some(dedup(Some(cursor))), ..stream("events", root) }
}

/// Names that would break out of a statement that quotes badly.
pub(super) const HOSTILE: [&str; 7] =
    ["select", "\"; drop table users; --", "it's", "$$", "back\\slash", "line\u{2028}separator\nand feed", "ünï ☃ 😀"];

/// Schema, tables and columns are hostile.
pub(super) fn hostile() -> StreamPlan {
    let columns = HOSTILE.iter().map(|name| property(name, Scalar::String)).collect();
    let mut hostile = stream(HOSTILE[1], root(HOSTILE[1], columns, &KEYED));
    hostile.schema = "sche\"ma'__".to_owned();
    hostile.raw_schema.clone_from(&hostile.schema);
    hostile.dedup = Some(dedup(Some(cursor(HOSTILE[0], Scalar::String, Some(0)))));
    with_history(hostile, Scalar::String)
}

/// All of them, with what each is called in snapshots.
pub(super) fn all() -> Vec<(&'static str, StreamPlan)> {
    vec![
        ("flat_append", flat_append()),
        ("raw_elsewhere", raw_elsewhere()),
        ("nested_orders", nested_orders()),
        ("captured_soft", captured(false)),
        ("captured_hard", captured(true)),
        ("history", with_history(nested_orders(), Scalar::TimestampTz)),
        ("history_without_cursor", with_history(captured(true), Scalar::TimestampTz)),
        ("nested_cursor", with_history(nested_cursor(), Scalar::String)),
        ("hostile", hostile()),
    ]
}
