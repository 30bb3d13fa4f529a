//! Places as JSON Schema.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::Note;
use super::object::{Member, Object};
use super::place::Place;
use crate::kind::ScalarKind;

/// From so many properties on, an object may be a map, whose properties are data.
const MAP_PROPERTIES: usize = 200;
/// It is one if its objects have less than one in so many of them.
const MAP_SPARSENESS: u128 = 10;

/// The schema of a stream's records.
pub(super) fn of_stream(root: &Object, notes: &mut Vec<Note>) -> Value {
    let mut path = String::new();
    let properties = if let Some(members) = &root.members {
        properties(&members.list, root.count, &mut path, notes)
    } else {
        notes.push(Note::TooManyProperties(String::new()));
        Map::new()
    };
    json!({"type": "object", "properties": properties})
}

/// Properties in the order that they have in the records, on average.
fn properties(members: &[Member], objects: u64, path: &mut String, notes: &mut Vec<Note>) -> Map<String, Value> {
    let mut members: Vec<&Member> = members.iter().collect();
    members.sort_unstable_by(|one, other| in_order(one, other));
    let length = path.len();
    members
        .into_iter()
        .map(|member| {
            if length > 0 {
                path.push('.');
            }
            path.push_str(&member.name);
            let schema = of_place(&member.place, member.present < objects, path, notes);
            path.truncate(length);
            (member.name.to_string(), schema)
        })
        .collect()
}

fn in_order(one: &Member, other: &Member) -> Ordering {
    let mean = |member: &Member, other: &Member| u128::from(member.positions) * u128::from(other.present);
    mean(one, other).cmp(&mean(other, one)).then_with(|| one.name.cmp(&other.name))
}

fn of_place(place: &Place, is_missing: bool, path: &mut String, notes: &mut Vec<Note>) -> Value {
    let mut types = Vec::new();
    if is_missing || place.nulls > 0 {
        types.push("null");
    }
    let mut keys = Map::new();
    match (place.scalar, &place.object, &place.elements) {
        // Null alone may yet become anything, and text holds anything.
        (None, None, None) => types.push("string"),
        (Some(kind), None, None) => {
            types.push(json_type(kind));
            keys = annotations(kind);
        }
        (None, Some(object), None) => {
            types.push("object");
            if let Some(properties) = of_object(object, path, notes) {
                keys.insert("properties".to_owned(), properties.into());
            }
        }
        (None, None, Some(elements)) => {
            types.push("array");
            if !elements.is_unseen() {
                let length = path.len();
                path.push_str("[]");
                keys.insert("items".to_owned(), of_place(elements, false, path, notes));
                path.truncate(length);
            }
        }
        // Several of them are JSON, whatever is in them.
        (scalar, object, elements) => {
            types.extend(scalar.map(json_type));
            types.extend(object.as_ref().map(|_| "object"));
            types.extend(elements.as_ref().map(|_| "array"));
        }
    }
    let types = if let [only] = types[..] { json!(only) } else { json!(types) };
    let mut schema = Map::from_iter([("type".to_owned(), types)]);
    schema.extend(keys);
    schema.into()
}

/// The properties of an object; none if it has none, or too many to be columns.
fn of_object(object: &Object, path: &mut String, notes: &mut Vec<Note>) -> Option<Map<String, Value>> {
    let Some(members) = &object.members else {
        if object.was_opened {
            notes.push(Note::TooManyProperties(path.clone()));
        }
        return None;
    };
    let present: u128 = members.list.iter().map(|member| u128::from(member.present)).sum();
    let possible = members.list.len() as u128 * u128::from(object.count);
    if members.list.len() >= MAP_PROPERTIES && present * MAP_SPARSENESS < possible {
        notes.push(Note::Map(path.clone(), members.list.len()));
        return None;
    }
    (!members.list.is_empty()).then(|| properties(&members.list, object.count, path, notes))
}

fn json_type(kind: ScalarKind) -> &'static str {
    match kind {
        ScalarKind::Boolean => "boolean",
        ScalarKind::Integer | ScalarKind::BigInteger => "integer",
        ScalarKind::Number => "number",
        ScalarKind::Date
        | ScalarKind::TimestampTz
        | ScalarKind::Timestamp
        | ScalarKind::TimeTz
        | ScalarKind::Time
        | ScalarKind::String => "string",
    }
}

/// What says more than the type does.
fn annotations(kind: ScalarKind) -> Map<String, Value> {
    let (format, airbyte_type) = match kind {
        ScalarKind::BigInteger => (None, Some("big_integer")),
        ScalarKind::Date => (Some("date"), None),
        ScalarKind::TimestampTz => (Some("date-time"), Some("timestamp_with_timezone")),
        ScalarKind::Timestamp => (Some("date-time"), Some("timestamp_without_timezone")),
        ScalarKind::TimeTz => (Some("time"), Some("time_with_timezone")),
        ScalarKind::Time => (Some("time"), Some("time_without_timezone")),
        ScalarKind::Boolean | ScalarKind::Integer | ScalarKind::Number | ScalarKind::String => (None, None),
    };
    let named = [("format", format), ("airbyte_type", airbyte_type)];
    named.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into()))).collect()
}
