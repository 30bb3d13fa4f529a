//! Random JSON Schemas, and what becomes of them between syncs.

use serde_json::{Map, Value, json};

use super::dice::Dice;

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// A property's schema, nested at most so deep.
pub(super) fn property(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(100) {
        0..60 => scalar(dice),
        60..68 => json!({"type": ["null", "array"], "items": list_item(dice)}),
        68..82 if depth > 0 => json!({"type": ["null", "object"], "properties": properties(dice, depth - 1, 3)}),
        82..94 if depth > 0 => {
            json!({"type": "array", "items": {"type": "object", "properties": properties(dice, depth - 1, 3)}})
        }
        _ => dice.one_of(&[
            json!({"type": "object"}),
            json!({"type": "array"}),
            json!({}),
            json!(true),
            json!(null),
            json!({"type": ["string", "object"], "properties": {"a": {"type": "string"}}}),
            json!({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}),
            json!({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
        ]),
    }
}

/// Up to so many properties.
pub(super) fn properties(dice: &mut Dice, depth: usize, count: usize) -> Map<String, Value> {
    let mut properties = Map::new();
    for _ in 0..=dice.below(count) {
        properties.insert(dice.one_of(&NAMES).to_owned(), property(dice, depth));
    }
    properties
}

pub(super) fn scalar(dice: &mut Dice) -> Value {
    dice.one_of(&[
        json!({"type": "boolean"}),
        json!({"type": ["null", "integer"]}),
        json!({"type": "integer"}),
        json!({"type": "number", "airbyte_type": "integer"}),
        json!({"type": "string", "airbyte_type": "big_integer"}),
        json!({"type": ["number", "null"]}),
        json!({"type": "number"}),
        json!({"type": ["null", "string"]}),
        json!({"type": "string", "format": "uri"}),
        json!({"type": "string", "format": "date"}),
        json!({"type": ["null", "string"], "format": "date-time"}),
        json!({"type": "string", "format": "date-time", "airbyte_type": "timestamp_without_timezone"}),
        json!({"type": "string", "format": "time"}),
        json!({"type": "string", "airbyte_type": "time_with_timezone"}),
        json!({"type": ["integer", "string"]}),
        json!({"type": ["boolean", "integer"]}),
        json!({"oneOf": [{"type": "integer"}, {"type": "number"}]}),
        json!({"anyOf": [{"type": "null"}, {"type": "string", "format": "date"}]}),
    ])
}

/// What a list column's elements are: kinds that both warehouses show in JSON alike.
fn list_item(dice: &mut Dice) -> Value {
    json!({"type": dice.one_of(&["integer", "string", "boolean", "number"])})
}

/// Something changes at the source: a property is added, gone, wider, of another kind or nested in another way, here or in
/// an object below. Names in `kept` stay.
pub(super) fn change(dice: &mut Dice, properties: &mut Map<String, Value>, kept: &[&str], depth: usize) {
    let changeable: Vec<String> = properties.keys().filter(|name| !kept.contains(&name.as_str())).cloned().collect();
    if changeable.is_empty() || dice.percent(35) {
        let name = dice.one_of(&NAMES);
        if !kept.contains(&name) {
            properties.insert(name.to_owned(), property(dice, depth));
        }
        return;
    }
    let name = dice.one_of(&changeable);
    if dice.percent(25) {
        properties.shift_remove(&name);
        return;
    }
    let schema = &mut properties[&name];
    let inner = if schema["properties"].is_object() { "/properties" } else { "/items/properties" };
    if depth > 0
        && dice.percent(60)
        && let Some(Value::Object(inner)) = schema.pointer_mut(inner)
    {
        return change(dice, inner, &[], depth - 1);
    }
    *schema = if dice.percent(40) { wider(dice, schema) } else { property(dice, depth) };
}

fn wider(dice: &mut Dice, schema: &Value) -> Value {
    let integer = schema["type"] == "integer" || schema["type"] == json!(["null", "integer"]);
    if schema["airbyte_type"] == "big_integer" || !integer {
        return json!({"type": dice.one_of(&["string", "number"])});
    }
    dice.one_of(&[
        json!({"type": "number"}),
        json!({"type": "string", "airbyte_type": "big_integer"}),
        json!({"type": "string"}),
    ])
}
