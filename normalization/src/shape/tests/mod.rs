//! The contract of shapes, case by case.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)] // cases are written as values

/// Schemas made to take for ever.
mod hostile;
/// What holds for every schema.
mod laws;

use serde_json::{Value, json};

use super::{Property, Shape, stream_properties};
use crate::kind::ScalarKind::{
    self, BigInteger, Boolean, Date, Integer, Number, String as Text, Time, TimeTz, Timestamp, TimestampTz,
};

/// The shape of one property, with definitions beside it.
fn shape_with(definitions: Value, schema: Value) -> Shape {
    let document = json!({"type": "object", "properties": {"x": schema}, "definitions": definitions});
    let mut properties = stream_properties(&document);
    assert_eq!(properties.len(), 1);
    properties.remove(0).shape
}

fn shape(schema: Value) -> Shape {
    shape_with(json!({}), schema)
}

fn object(properties: &[(&str, Shape)]) -> Shape {
    Shape::Object(listed(properties))
}

fn objects(properties: &[(&str, Shape)]) -> Shape {
    Shape::ObjectArray(listed(properties))
}

fn listed(properties: &[(&str, Shape)]) -> Vec<Property> {
    properties.iter().map(|(name, shape)| Property { name: (*name).to_owned(), shape: shape.clone() }).collect()
}

fn scalar(kind: ScalarKind) -> Shape {
    Shape::Scalar(kind)
}

fn assert_shapes(cases: impl IntoIterator<Item = (Value, Shape)>) {
    for (schema, expected) in cases {
        assert_eq!(shape(schema.clone()), expected, "{schema}");
    }
}

#[test]
fn scalars_have_the_kind_of_their_type() {
    assert_shapes([
        (json!({"type": "boolean"}), scalar(Boolean)),
        (json!({"type": "integer"}), scalar(Integer)),
        (json!({"type": "number"}), scalar(Number)),
        (json!({"type": "string"}), scalar(Text)),
        (json!({"type": ["null", "string"]}), scalar(Text)),
        (json!({"type": ["string"], "format": null, "airbyte_type": null, "anyOf": null}), scalar(Text)),
        (json!({"type": "number", "airbyte_type": "integer"}), scalar(Integer)),
        (json!({"type": "string", "airbyte_type": "integer"}), scalar(Text)),
    ]);
}

#[test]
fn a_big_integer_is_one_whatever_its_type_says() {
    for r#type in [json!("string"), json!(["null", "integer"]), json!("number"), json!("object"), json!("bigint")] {
        assert_eq!(shape(json!({"type": r#type, "airbyte_type": "big_integer"})), scalar(BigInteger), "{type}");
    }
    assert_eq!(shape(json!({"airbyte_type": "big_integer"})), scalar(BigInteger));
}

#[test]
fn several_scalar_types_widen() {
    assert_shapes([
        (json!({"type": ["integer", "number"]}), scalar(Number)),
        (json!({"type": ["number", "string", "integer"]}), scalar(Text)),
        (json!({"type": ["boolean", "integer"]}), scalar(Text)),
        (json!({"type": ["boolean", "null", "string"]}), scalar(Text)),
        (json!({"type": ["string", "integer"], "format": "date-time"}), scalar(Text)),
        (json!({"type": ["string", "object"], "properties": {"a": {"type": "string"}}}), Shape::Json),
        (json!({"type": ["array", "integer"], "items": {"type": "string"}}), Shape::Json),
        (json!({"type": ["array", "object"], "properties": {"a": {"type": "string"}}}), Shape::Json),
    ]);
}

#[test]
fn a_string_is_a_date_or_a_time_by_its_format_and_airbyte_type() {
    const WITH: &str = "timestamp_with_timezone";
    const WITHOUT: &str = "timestamp_without_timezone";
    for (format, airbyte_type, kind) in [
        (Some("date"), None, Date),
        (Some("date"), Some(WITH), Date),
        (Some("date-time"), None, TimestampTz),
        (Some("date-time"), Some(WITH), TimestampTz),
        (Some("date-time"), Some(WITHOUT), Timestamp),
        (Some("date-time"), Some("time_with_timezone"), TimestampTz),
        (None, Some(WITH), TimestampTz),
        (None, Some(WITHOUT), Timestamp),
        (Some("%s"), Some(WITHOUT), Timestamp),
        (Some("time"), Some(WITH), TimestampTz),
        (Some("time"), None, Time),
        (Some("time"), Some("time_without_timezone"), Time),
        (Some("time"), Some("time_with_timezone"), TimeTz),
        (None, Some("time_without_timezone"), Time),
        (None, Some("time_with_timezone"), TimeTz),
        (Some("uuid"), None, Text),
        (Some("%Y-%m-%d"), Some("unheard_of"), Text),
    ] {
        let schema = json!({"type": ["null", "string"], "format": format, "airbyte_type": airbyte_type});
        assert_eq!(shape(schema), scalar(kind), "{format:?} {airbyte_type:?}");
    }
}

#[test]
fn what_says_no_usable_type_is_json() {
    for schema in [
        json!(null),
        json!(true),
        json!(false),
        json!("string"),
        json!(["string"]),
        json!(3),
        json!({}),
        json!({"type": null}),
        json!({"type": "null"}),
        json!({"type": []}),
        json!({"type": {"type": "string"}}),
        json!({"type": "bit"}),
        json!({"type": ["string", "any"]}),
        json!({"format": "date-time"}),
        json!({"type": "string", "anyOf": {"type": "string"}}),
        json!({"type": "string", "allOf": 1}),
        json!({"type": "object", "properties": ["a"]}),
        json!({"enum": []}),
        json!({"enum": "a"}),
        json!({"enum": [null]}),
    ] {
        assert_eq!(shape(schema.clone()), Shape::Json, "{schema}");
    }
}

#[test]
fn values_stand_in_for_a_missing_type() {
    assert_shapes([
        (json!({"enum": ["a", null]}), scalar(Text)),
        (json!({"enum": [1, 2]}), scalar(Integer)),
        (json!({"enum": [1.0]}), scalar(Number)),
        (json!({"enum": [1, 1.5]}), scalar(Number)),
        (json!({"enum": [1, "a"]}), scalar(Text)),
        (json!({"enum": ["2020-01-01"], "format": "date"}), scalar(Date)),
        (json!({"const": true}), scalar(Boolean)),
        (json!({"const": {"a": 1}}), Shape::Json),
        (json!({"const": null, "enum": [1]}), scalar(Integer)),
        (json!({"type": "string", "enum": [1]}), scalar(Text)),
        (json!({"type": "string", "enum": []}), scalar(Text)),
    ]);
}

#[test]
fn objects_open_where_they_have_properties() {
    let a = json!({"a": {"type": "string"}});
    assert_shapes([
        (json!({"type": "object", "properties": a}), object(&[("a", scalar(Text))])),
        (json!({"type": ["object", "null"], "properties": a}), object(&[("a", scalar(Text))])),
        (json!({"properties": a}), object(&[("a", scalar(Text))])),
        (json!({"properties": {"a": null, "": true}}), object(&[("a", Shape::Json), ("", Shape::Json)])),
        (json!({"type": "object"}), Shape::Json),
        (json!({"type": "object", "properties": {}}), Shape::Json),
        (json!({"type": "object", "additionalProperties": {"type": "string"}}), Shape::Json),
        (json!({"type": "string", "properties": a}), scalar(Text)),
        (json!({"type": "string", "properties": []}), scalar(Text)),
        (json!({"type": "object", "properties": []}), Shape::Json),
    ]);
}

#[test]
fn arrays_are_of_scalars_or_of_objects_or_json() {
    let a = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    assert_shapes([
        (json!({"type": "array", "items": {"type": ["null", "number"]}}), Shape::ScalarArray(Number)),
        (json!({"items": {"type": "string", "format": "date"}}), Shape::ScalarArray(Date)),
        (json!({"type": ["null", "array"], "items": a}), objects(&[("a", scalar(Integer))])),
        (json!({"type": "array"}), Shape::Json),
        (json!({"type": "array", "items": null}), Shape::Json),
        (json!({"type": "array", "items": {}}), Shape::Json),
        (json!({"type": "array", "items": true}), Shape::Json),
        (json!({"type": "array", "items": []}), Shape::Json),
        (json!({"type": "array", "items": [a]}), Shape::Json),
        (json!({"type": "array", "prefixItems": [a]}), Shape::Json),
        (json!({"type": "array", "prefixItems": [a], "items": a}), Shape::Json),
        (json!({"type": "array", "items": {"type": "array", "items": a}}), Shape::Json),
        (json!({"type": "array", "items": {"type": "array", "items": {"type": "string"}}}), Shape::Json),
        (json!({"type": "array", "items": {"type": "object"}}), Shape::Json),
        (json!({"items": {"anyOf": [{"type": "null"}, a]}}), objects(&[("a", scalar(Integer))])),
    ]);
}

#[test]
fn references_are_followed_with_the_keys_beside_them_laid_over() {
    let definitions = json!({
        "day": {"type": "string", "format": "date"},
        "a/b c": {"$ref": "#/definitions/day"},
        "pair": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
    });
    for (schema, expected) in [
        (json!({"$ref": "#/definitions/day"}), scalar(Date)),
        (json!({"$ref": "#/definitions/a~1b%20c", "description": "a day"}), scalar(Date)),
        (json!({"$ref": "#/definitions/day", "format": "time"}), scalar(Time)),
        (json!({"$ref": "#/definitions/day", "type": "integer"}), scalar(Integer)),
        (
            json!({"$ref": "#/definitions/pair", "properties": {"b": {"type": "integer"}, "c": {"type": "boolean"}}}),
            object(&[("a", scalar(Text)), ("b", scalar(Integer)), ("c", scalar(Boolean))]),
        ),
        (json!({"type": "array", "items": {"$ref": "#/definitions/day"}}), Shape::ScalarArray(Date)),
        (json!({"anyOf": [{"$ref": "#/definitions/day"}, {"type": "null"}]}), scalar(Date)),
        (json!({"$ref": "#/definitions/none"}), Shape::Json),
        (json!({"$ref": "https://example.com/day.json", "type": "string"}), Shape::Json),
        (json!({"$ref": 1}), Shape::Json),
        (json!({"$ref": null, "type": "string"}), scalar(Text)),
    ] {
        assert_eq!(shape_with(definitions.clone(), schema.clone()), expected, "{schema}");
    }
}

#[test]
fn well_known_types_are_known() {
    for (name, kind) in [
        ("String", Text),
        ("BinaryData", Text),
        ("Date", Date),
        ("TimestampWithTimezone", TimestampTz),
        ("TimestampWithoutTimezone", Timestamp),
        ("TimeWithTimezone", TimeTz),
        ("TimeWithoutTimezone", Time),
        ("Number", Number),
        ("Integer", Integer),
        ("Boolean", Boolean),
    ] {
        let schema = json!({"$ref": format!("WellKnownTypes.json#/definitions/{name}"), "description": "known"});
        assert_eq!(shape(schema.clone()), scalar(kind), "{name}");
        assert_eq!(shape(json!({"type": "array", "items": schema})), Shape::ScalarArray(kind), "{name}");
    }
    assert_eq!(shape(json!({"$ref": "WellKnownTypes.json#/definitions/Money"})), Shape::Json);
    let either = [("Integer", Integer), ("Number", Number), ("String", Text)];
    for (name, kind) in either {
        let schema = json!({"oneOf": [
            {"$ref": "WellKnownTypes.json#/definitions/Integer"},
            {"$ref": format!("WellKnownTypes.json#/definitions/{name}")},
        ]});
        assert_eq!(shape(schema), scalar(kind), "{name}");
    }
}

#[test]
fn a_reference_to_what_is_being_read_is_json() {
    let definitions = json!({
        "node": {"type": "object", "properties": {
            "id": {"type": "integer"},
            "next": {"$ref": "#/definitions/node"},
            "all": {"type": "array", "items": {"$ref": "#/definitions/node"}},
            "root": {"$ref": "#"},
        }},
        "self": {"$ref": "#/definitions/self"},
        "ping": {"anyOf": [{"type": "null"}, {"$ref": "#/definitions/pong"}]},
        "pong": {"allOf": [{"$ref": "#/definitions/ping"}]},
    });
    let node = object(&[("id", scalar(Integer)), ("next", Shape::Json), ("all", Shape::Json), ("root", Shape::Json)]);
    for (schema, expected) in [
        (json!({"$ref": "#/definitions/node"}), node.clone()),
        (json!({"$ref": "#/definitions/self"}), Shape::Json),
        (json!({"$ref": "#/definitions/ping"}), Shape::Json),
        (json!({"$ref": "#/properties/x"}), Shape::Json),
        (json!({"type": "object", "properties": {"y": {"$ref": "#/properties/x"}}}), object(&[("y", Shape::Json)])),
        // Twice beside each other is no recursion.
        (
            json!({"properties": {"a": {"$ref": "#/definitions/node"}, "b": {"$ref": "#/definitions/node"}}}),
            object(&[("a", node.clone()), ("b", node.clone())]),
        ),
        (json!({"allOf": [{"$ref": "#/definitions/node"}, {"properties": {"b": {"$ref": "#/definitions/node"}}}]}), {
            let Shape::Object(mut properties) = node.clone() else { unreachable!() };
            properties.push(Property { name: "b".to_owned(), shape: node.clone() });
            Shape::Object(properties)
        }),
    ] {
        assert_eq!(shape_with(definitions.clone(), schema.clone()), expected, "{schema}");
    }
}

#[test]
fn all_of_merges_what_must_hold_at_once() {
    assert_shapes([
        (json!({"allOf": [{"type": ["string", "null"]}, {"type": ["integer", "string"]}]}), scalar(Text)),
        (json!({"allOf": [{"type": "number"}, {"type": ["integer", "string"]}]}), scalar(Integer)),
        (json!({"allOf": [{"type": "string"}, {"type": "integer"}]}), Shape::Json),
        (json!({"allOf": [{"type": ["null", "string"]}, {"type": ["null", "integer"]}]}), Shape::Json),
        (json!({"allOf": [{"type": "string"}, {"format": "date-time"}, true, {}]}), scalar(TimestampTz)),
        (
            json!({"type": "string", "allOf": [{"format": "date"}, {"format": "time"}, {"format": "date"}]}),
            scalar(Text),
        ),
        (json!({"allOf": [{"type": "string"}, {"properties": {"a": {"type": "string"}}}]}), scalar(Text)),
        (
            json!({"properties": {"a": {"type": ["string", "integer"]}}, "allOf": [
                {"type": "object", "required": ["b"]},
                {"properties": {"b": {"type": "boolean"}, "a": {"type": "integer"}}},
            ]}),
            object(&[("a", scalar(Integer)), ("b", scalar(Boolean))]),
        ),
        (json!({"allOf": [{"items": {"type": ["integer", "string"]}}, {"items": {"type": "integer"}}]}), {
            Shape::ScalarArray(Integer)
        }),
        (json!({"allOf": [{"anyOf": [{"type": "string"}, {"type": "null"}]}, {"format": "date"}]}), scalar(Date)),
        (json!({"allOf": [{"type": "string"}, {"$ref": "#/nowhere"}]}), Shape::Json),
        (json!({"type": "string", "allOf": []}), scalar(Text)),
    ]);
}

#[test]
fn a_union_is_its_one_branch_or_the_widest_scalar_or_json() {
    let a = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let list = json!({"type": "array", "items": {"type": "string"}});
    let date_time = json!({"type": "string", "format": "date-time"});
    for (branches, expected) in [
        (json!([date_time, {"type": "null"}]), scalar(TimestampTz)),
        (json!([date_time, {"type": "string"}, {"type": "null"}]), scalar(Text)),
        (json!([{"type": "null"}, a]), object(&[("a", scalar(Text))])),
        (json!([{"type": "null"}, list]), Shape::ScalarArray(Text)),
        (json!([{"enum": [null]}, {"const": 1}]), scalar(Integer)),
        (json!([{"type": "integer"}, {"type": ["null", "number"]}]), scalar(Number)),
        (json!([{"type": "boolean"}, {"type": "integer"}]), scalar(Text)),
        (json!([{"anyOf": [{"type": "integer"}, {"type": "null"}]}, {"type": "number"}]), scalar(Number)),
        (json!([{"type": "string"}, a]), Shape::Json),
        (json!([{"type": "string"}, list]), Shape::Json),
        (json!([a, {"type": "object", "properties": {"b": {"type": "string"}}}]), Shape::Json),
        (json!([list, {"type": "array", "items": {"type": "integer"}}]), Shape::Json),
        (json!([{"type": "string"}, {}]), Shape::Json),
        (json!([true, {"type": "string"}]), Shape::Json),
        (json!([{"type": "string"}, {"anyOf": [{}]}]), Shape::Json),
        (json!([{"type": "string"}, {"type": "bit"}]), Shape::Json),
        (json!([{"type": "string"}, null]), Shape::Json),
        (json!([{"type": "null"}]), Shape::Json),
        (json!([]), Shape::Json),
    ] {
        for keyword in ["oneOf", "anyOf"] {
            assert_eq!(shape(json!({keyword: branches})), expected, "{keyword} {branches}");
        }
    }
}

#[test]
fn branches_that_only_constrain_are_left_out() {
    let constraints = json!([{"required": ["a"]}, {"pattern": "x"}, {"format": "date"}, {"not": {"type": "string"}}]);
    assert_shapes([
        (json!({"type": "string", "anyOf": constraints}), scalar(Text)),
        (
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "oneOf": constraints}),
            object(&[("a", scalar(Text))]),
        ),
        (json!({"oneOf": [{"type": "integer"}, {"minimum": 3}]}), scalar(Integer)),
        (json!({"type": "string", "oneOf": [{"anyOf": constraints}, {"allOf": [{"pattern": "x"}]}]}), scalar(Text)),
        (json!({"type": "string", "anyOf": [{"type": "null"}, {"pattern": "x"}]}), scalar(Text)),
        (json!({"anyOf": constraints}), Shape::Json),
    ]);
}

#[test]
fn a_unions_own_keys_lie_under_those_of_its_branches() {
    assert_shapes([
        (json!({"format": "date-time", "anyOf": [{"type": "string"}, {"type": "null"}]}), scalar(TimestampTz)),
        (
            json!({"format": "date-time", "anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}),
            scalar(Date),
        ),
        (json!({"type": ["string", "null"], "oneOf": [{"type": "integer"}, {"type": "null"}]}), scalar(Integer)),
        (json!({"type": "number", "oneOf": [{"const": 1}, {"const": 2}]}), scalar(Number)),
        (json!({"airbyte_type": "big_integer", "oneOf": [{"type": "string"}, {"type": "integer"}]}), {
            scalar(BigInteger)
        }),
        (
            json!({
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                "oneOf": [{"properties": {"b": {"type": "integer"}, "c": {"type": "boolean"}}}, {"type": "null"}],
            }),
            object(&[("a", scalar(Text)), ("b", scalar(Integer)), ("c", scalar(Boolean))]),
        ),
        (
            json!({"oneOf": [{"type": "integer"}, {"type": "null"}], "anyOf": [{"type": "number"}, {"minimum": 0}]}),
            scalar(Integer),
        ),
    ]);
}

#[test]
fn a_streams_properties_keep_the_schemas_order() {
    let schema = json!({"properties": {"z": {"type": "string"}, "a": {"type": "integer"}, "m": null}});
    assert_eq!(stream_properties(&schema), listed(&[("z", scalar(Text)), ("a", scalar(Integer)), ("m", Shape::Json)]));
}

#[test]
fn a_stream_is_an_object_whatever_its_schema_says_around_the_properties() {
    let properties = json!({"a": {"type": "string"}});
    let other = json!({"b": {"type": "string"}});
    for schema in [
        json!({"properties": properties}),
        json!({"type": "Object", "properties": properties}),
        json!({"type": ["null", "object"], "properties": properties, "anyOf": [{"required": ["a"]}]}),
        json!({"$ref": "#/$defs/row", "$defs": {"row": {"type": "object", "properties": properties}}}),
        json!({"allOf": [{"properties": properties}]}),
        json!({"oneOf": [{"type": "object", "properties": properties}]}),
        json!({"properties": properties, "oneOf": [{"properties": other}, {"properties": properties}]}),
        json!({"properties": properties, "$ref": "elsewhere.json"}),
    ] {
        assert_eq!(stream_properties(&schema), listed(&[("a", scalar(Text))]), "{schema}");
    }
    for schema in [json!(null), json!(true), json!({}), json!([]), json!({"type": "object", "properties": {}})] {
        assert_eq!(stream_properties(&schema), [], "{schema}");
    }
}
