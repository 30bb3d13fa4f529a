#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::{Layout, LayoutChange, Layouts};
use crate::catalog::ConfiguredCatalog;
use crate::plan::{ArrayStorage, KnownNames, ObjectStorage, Options, ScalarArrayStorage, compile};
use crate::sql::Dialect as _;
use crate::sql::duckdb::DuckDb;

fn path(path: &[&str]) -> Vec<String> {
    path.iter().map(|&part| part.to_owned()).collect()
}

/// The layout of a stream of these properties, deduplicated by this key if there is one.
fn layout(properties: &Value, key: Option<&str>, options: &Options) -> Layout {
    let mode = if key.is_some() { "append_dedup" } else { "append" };
    let catalog = json!({"streams": [{
        "stream": {"name": "s", "json_schema": {"properties": properties}, "supported_sync_modes": []},
        "sync_mode": "full_refresh",
        "destination_sync_mode": mode,
        "primary_key": key.map(|key| [[key]]),
    }]});
    let catalog = ConfiguredCatalog::parse(&catalog.to_string()).unwrap();
    let plan = compile(&catalog, options, DuckDb::default().limits(), &KnownNames::default()).unwrap();
    Layout::of(&plan.streams[0])
}

fn changes(before: &Value, after: &Value) -> Vec<LayoutChange> {
    let layout = |properties| layout(properties, None, &Options::default());
    layout(after).changes_since(&layout(before), false)
}

fn properties() -> Value {
    let item = json!({"type": "object", "properties": {"price": {"type": "number"}}});
    json!({
        "id": {"type": "integer"},
        "at": {"type": "string"},
        "items": {"type": "array", "items": item},
        "_ab_cdc_deleted_at": {"type": "string"},
    })
}

fn with(name: &str, schema: Value) -> Value {
    let mut properties = properties();
    properties[name] = schema;
    properties
}

#[test]
fn new_and_gone_properties_leave_rows_as_they_are_unless_they_are_backfilled() {
    let (before, after) = (properties(), with("more", json!({"type": "string"})));
    assert_eq!(changes(&before, &after), []);
    assert_eq!(changes(&after, &before), []);
    let layout = |properties| layout(properties, None, &Options::default());
    assert_eq!(layout(&after).changes_since(&layout(&before), true), [LayoutChange::Added(path(&["more"]))]);
}

#[test]
fn another_kind_or_nesting_of_a_property_is_a_change() {
    let retyped = |path: &[&str]| vec![LayoutChange::Retyped(self::path(path))];
    let renested = |path: &[&str]| vec![LayoutChange::Renested(self::path(path))];
    let item = |schema: Value| json!({"type": "object", "properties": {"price": schema}});
    let number = json!({"type": "number"});
    let array = |item: Value| json!({"type": "array", "items": item});
    for (after, expected) in [
        (with("id", json!({"type": "string"})), retyped(&["id"])),
        (with("id", array(json!({"type": "integer"}))), retyped(&["id"])),
        (with("items", array(item(json!({"type": "integer"})))), retyped(&["items", "price"])),
        (with("items", item(number)), renested(&["items"])),
        (with("items", json!({"type": "string"})), renested(&["items"])),
    ] {
        assert_eq!(changes(&properties(), &after), expected, "{after}");
    }
    assert_eq!(changes(&with("items", json!({"type": "string"})), &properties()), renested(&["items"]));
}

#[test]
fn options_count_as_far_as_they_lay_out_tables_in_another_way() {
    let tags = with("tags", json!({"type": "array", "items": {"type": "string"}}));
    let place = with("place", json!({"type": "object", "properties": {"city": {"type": "string"}}}));
    let defaults = Options::default();
    let since = |properties: &Value, options: &Options| {
        layout(properties, None, options).changes_since(&layout(properties, None, &defaults), false)
    };
    let json_arrays = Options { scalar_arrays: ScalarArrayStorage::Json, ..defaults.clone() };
    assert_eq!(since(&tags, &json_arrays), [LayoutChange::Retyped(path(&["tags"]))]);
    let flat = Options { objects: ObjectStorage::Flatten, ..defaults.clone() };
    assert_eq!(since(&place, &flat), [LayoutChange::Renested(path(&["place", "city"]))]);
    let json_items = Options { arrays: ArrayStorage::Json, ..defaults.clone() };
    assert_eq!(since(&place, &json_items), [LayoutChange::Renested(path(&["items"]))]);
    let with_json = Options { keep_nested_json: true, ..defaults.clone() };
    assert_eq!(since(&place, &with_json), []);
}

#[test]
fn key_mode_and_history_count() {
    let options = Options::default();
    let of = |key| layout(&properties(), key, &options);
    assert_eq!(of(Some("id")).changes_since(&of(None), false), [LayoutChange::Deduplicated]);
    assert_eq!(of(None).changes_since(&of(Some("id")), false), []);
    assert_eq!(of(Some("at")).changes_since(&of(Some("id")), false), [LayoutChange::Key]);
    let kept = layout(&properties(), Some("id"), &Options { history: true, ..options.clone() });
    assert_eq!(kept.changes_since(&of(Some("id")), false), [LayoutChange::History]);
    assert_eq!(of(Some("id")).changes_since(&kept, false), []);
    let soft = Options { cdc_deletion: crate::plan::CdcDeletion::Soft, ..options.clone() };
    let soft = layout(&properties(), Some("id"), &soft);
    assert_eq!(soft.changes_since(&of(Some("id")), false), [LayoutChange::Deletion]);
}

#[test]
fn layouts_are_read_back_as_they_were() {
    let layout = layout(&properties(), Some("id"), &Options::default());
    let layouts =
        Layouts { live: Some(layout.clone()), staging: None, rebuild: Some((layout, "plan".to_owned())), basis: None };
    assert_eq!(Layouts::parse(&layouts.to_text()), layouts);
    assert_eq!(Layouts::parse("{\"live\":{\"columns\":[]}}"), Layouts::default());
    assert_eq!(Layouts::parse(""), Layouts::default());
}
