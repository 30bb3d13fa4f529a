//! Schemas made to take for ever: that these tests end is what they show.

use serde_json::{Map, Value, json};

use super::super::{Shape, stream_properties};
use super::{scalar, shape};
use crate::kind::ScalarKind::{Integer, String as Text};

/// Definitions `d0` to `d<count>`, each made from the reference to the next one; the last is a string.
fn chain(count: usize, link: impl Fn(Value) -> Value) -> Value {
    let mut definitions = Map::new();
    for index in 0..count {
        let next = json!({"$ref": format!("#/definitions/d{}", index + 1)});
        definitions.insert(format!("d{index}"), link(next));
    }
    definitions.insert(format!("d{count}"), json!({"type": "string"}));
    Value::Object(definitions)
}

/// The shape of `x` in a document whose other property, `other`, must not suffer.
fn hostile_shape(definitions: &Value, schema: &Value) -> Shape {
    let document = json!({"properties": {"x": schema, "other": {"type": "string"}}, "definitions": definitions});
    let mut properties = stream_properties(&document);
    assert_eq!(properties.pop().unwrap().shape, scalar(Text));
    properties.remove(0).shape
}

#[test]
fn references_that_expand_without_end_give_up_to_json() {
    let reference = json!({"$ref": "#/definitions/d0"});
    let links: [fn(Value) -> Value; 5] = [
        |next| json!({"properties": {"a": next, "b": next}}),
        |next| json!({"allOf": [next, next]}),
        |next| json!({"anyOf": [next, next]}),
        |next| json!({"allOf": [{"anyOf": [next, {"type": "null"}]}, {"oneOf": [next, {"type": "integer"}]}]}),
        |next| json!({"properties": {"a": {"items": {"anyOf": [next, {"type": "null"}]}}, "b": next}}),
    ];
    for link in links {
        assert_eq!(hostile_shape(&chain(64, link), &reference), Shape::Json, "{}", link(json!("next")));
    }
}

#[test]
fn a_hostile_property_takes_nothing_from_its_siblings() {
    let definitions = chain(64, |next| json!({"properties": {"a": next, "b": next}}));
    let mut properties = Map::new();
    for index in 0..200 {
        properties.insert(format!("hostile{index}"), json!({"$ref": "#/definitions/d0"}));
    }
    properties.insert("plain".to_owned(), json!({"type": "integer"}));
    let shapes = stream_properties(&json!({"properties": properties, "definitions": definitions}));
    let (plain, hostile) = shapes.split_last().unwrap();
    assert!(hostile.iter().all(|property| property.shape == Shape::Json));
    assert_eq!(plain.shape, scalar(Integer));
}

#[test]
fn depth_without_end_stays_on_the_stack() {
    let reference = json!({"$ref": "#/definitions/d0"});
    let links: [fn(Value) -> Value; 7] = [
        |next| next,
        |next| json!({"properties": {"a": next}}),
        |next| json!({"items": next}),
        |next| json!({"allOf": [next]}),
        |next| json!({"anyOf": [next]}),
        |next| json!({"anyOf": [next, {"required": ["a"]}]}),
        |next| json!({"anyOf": [next, {"type": "integer"}]}),
    ];
    for link in links {
        hostile_shape(&chain(5_000, link), &reference);
    }
    let unions = vec![json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}); 5_000];
    assert_eq!(hostile_shape(&json!({}), &json!({"allOf": unions})), Shape::Json);
}

#[test]
fn nesting_of_a_hundred_levels_is_opened() {
    let mut schema = json!({"type": "string"});
    for _ in 0..100 {
        schema = json!({"type": "array", "items": {"type": "object", "properties": {"a": schema}}});
    }
    let mut shape = shape(schema);
    for _ in 0..100 {
        let Shape::ObjectArray(mut properties) = shape else { panic!("not opened") };
        shape = properties.remove(0).shape;
    }
    assert_eq!(shape, scalar(Text));
}
