//! Catalogs from proposals.

use serde_json::{Map, Value, json};

use super::Proposal;
use crate::catalog::StreamName;

/// A configured catalog of the streams, in their order. Streams are appended to; with `dedup` those that have a key are
/// deduplicated by it.
///
/// Law: [`ConfiguredCatalog::parse`](crate::catalog::ConfiguredCatalog::parse) takes it, if there are streams and no two share
/// a name.
#[must_use]
pub fn configured_catalog(streams: &[(StreamName, Proposal)], dedup: bool) -> Value {
    let streams: Vec<Value> = streams.iter().map(|(name, proposal)| configured(name, proposal, dedup)).collect();
    json!({"streams": streams})
}

fn configured(name: &StreamName, proposal: &Proposal, dedup: bool) -> Value {
    let mode = if dedup && proposal.key.is_some() { "append_dedup" } else { "append" };
    let mut stream = Map::from_iter([("name".to_owned(), json!(name.name))]);
    if let Some(namespace) = &name.namespace {
        stream.insert("namespace".to_owned(), json!(namespace));
    }
    stream.insert("json_schema".to_owned(), proposal.schema.clone());
    stream.insert("supported_sync_modes".to_owned(), json!(["full_refresh"]));
    let key = proposal.key.as_ref().map(|key| json!([[key]]));
    let cursor = proposal.cursor.as_ref().map(|cursor| json!([cursor]));
    insert_some(&mut stream, "source_defined_primary_key", key.as_ref());
    insert_some(&mut stream, "default_cursor_field", cursor.as_ref());
    let mut configured = Map::from_iter([
        ("stream".to_owned(), stream.into()),
        ("sync_mode".to_owned(), json!("full_refresh")),
        ("destination_sync_mode".to_owned(), json!(mode)),
    ]);
    insert_some(&mut configured, "primary_key", key.as_ref());
    insert_some(&mut configured, "cursor_field", cursor.as_ref());
    configured.into()
}

fn insert_some(object: &mut Map<String, Value>, key: &str, value: Option<&Value>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), value.clone());
    }
}
