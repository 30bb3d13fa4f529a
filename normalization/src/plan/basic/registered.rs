//! The places of a schema that Basic Normalization registered as tables, by its own reading of JSON Schema.
//!
//! It found an object by looking through what stood in its way, and took an array of scalars for a table without
//! columns: neither is how [`crate::shape`] reads, but both decide which names met.

use serde_json::{Map, Value};

/// The stream itself and all that is nested in it, as the stream's name and the path below it.
pub(super) fn below<'a>(stream: &'a str, json_schema: &'a Value) -> Vec<Vec<&'a str>> {
    let mut places = vec![vec![stream]];
    if let Some(properties) = json_schema.get("properties").and_then(Value::as_object) {
        walk(&[stream], properties, &mut places);
    }
    places
}

fn walk<'a>(path: &[&'a str], properties: &'a Map<String, Value>, places: &mut Vec<Vec<&'a str>>) {
    for (name, schema) in properties {
        let mut found = Vec::new();
        if !name.starts_with("_airbyte_")
            && let Some(opened) = opened(schema)
        {
            look_for_properties(opened, &mut found);
        }
        if found.is_empty() {
            continue;
        }
        let path: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
        places.push(path.clone());
        for properties in found.into_iter().flatten() {
            walk(&path, properties, places);
        }
    }
}

/// The schema of what is nested in a property, if it may be.
fn opened(schema: &Value) -> Option<&Value> {
    let object = schema.as_object()?;
    if ["oneOf", "anyOf", "allOf"].iter().any(|combining| object.contains_key(*combining)) {
        return None;
    }
    if !object.contains_key("type") || has_type(schema, &["object"]) {
        return Some(schema);
    }
    if has_type(schema, &["array"]) { object.get("items") } else { None }
}

/// The nearest `properties` on each way down; `None` stands for scalars.
fn look_for_properties<'a>(schema: &'a Value, found: &mut Vec<Option<&'a Map<String, Value>>>) {
    const SCALARS: [&str; 5] = ["string", "boolean", "integer", "number", "big_integer"];
    match schema {
        Value::Object(object) => {
            if let Some(items) = object.get("items") {
                look_for_properties(items, found);
            } else if let Some(properties) = object.get("properties") {
                found.extend(properties.as_object().map(Some));
            } else if has_type(schema, &SCALARS) {
                found.push(None);
            } else {
                object.values().for_each(|inner| look_for_properties(inner, found));
            }
        }
        Value::Array(schemas) => schemas.iter().for_each(|inner| look_for_properties(inner, found)),
        _ => {}
    }
}

fn has_type(schema: &Value, wanted: &[&str]) -> bool {
    let is_wanted = |name: &Value| name.as_str().is_some_and(|name| wanted.contains(&name));
    match schema.get("type") {
        Some(Value::Array(names)) => names.iter().any(is_wanted),
        Some(name) => is_wanted(name),
        None => false,
    }
}
