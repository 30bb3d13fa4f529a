//! What holds for every schema.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::{Shape, stream_properties};
use super::{scalar, shape};
use crate::kind::ScalarKind::String as Text;

/// Schemas of mostly sensible keys, with any value where another belongs now and then.
fn any_schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "string",
            "integer",
            "number",
            "boolean",
            "object",
            "array",
            "null",
            "date",
            "date-time",
            "big_integer",
            "#",
            "#/properties/a",
            "#/definitions/b",
            "WellKnownTypes.json#/definitions/Date",
            "",
        ])
        .prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "type",
        "format",
        "airbyte_type",
        "properties",
        "items",
        "prefixItems",
        "oneOf",
        "anyOf",
        "allOf",
        "$ref",
        "enum",
        "const",
        "required",
        "definitions",
        "a",
        "b",
    ]);
    leaf.prop_recursive(6, 64, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..5).prop_map(|entries| {
                entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into()
            }),
        ]
    })
}

fn scalar_schema() -> impl Strategy<Value = Value> {
    let r#type = prop::sample::select(vec!["boolean", "integer", "number", "string"]);
    let format = prop::option::of(prop::sample::select(vec!["date", "date-time", "time", "uuid"]));
    let airbyte_type = prop::option::of(prop::sample::select(vec!["big_integer", "integer", "time_with_timezone"]));
    (r#type, format, airbyte_type).prop_map(
        |(r#type, format, airbyte_type)| json!({"type": r#type, "format": format, "airbyte_type": airbyte_type}),
    )
}

proptest! {
    #[test]
    fn any_json_is_a_schema(a in any_schema(), b in any_schema()) {
        let _ = stream_properties(&a);
        let document = json!({"properties": {"a": a, "c": {"type": "string"}}, "definitions": {"b": b}});
        let properties = stream_properties(&document);
        prop_assert_eq!(properties.len(), 2);
        prop_assert_eq!(&properties[1].shape, &scalar(Text));
    }

    #[test]
    fn the_order_of_a_type_list_does_not_matter(
        types in prop::sample::subsequence(vec!["null", "boolean", "integer", "number", "string", "object", "array"], 0..7)
            .prop_flat_map(|types| (Just(types.clone()), Just(types).prop_shuffle())),
        rest in scalar_schema(),
    ) {
        let with = |types: &[&str]| {
            let mut schema = rest.clone();
            schema["type"] = json!(types);
            schema["properties"] = json!({"a": {"type": "string"}});
            schema["items"] = json!({"type": "string"});
            schema
        };
        prop_assert_eq!(shape(with(&types.0)), shape(with(&types.1)));
    }

    #[test]
    fn the_order_of_scalar_branches_does_not_matter(
        branches in prop::collection::vec(scalar_schema(), 1..5)
            .prop_flat_map(|branches| (Just(branches.clone()), Just(branches).prop_shuffle())),
    ) {
        prop_assert_eq!(shape(json!({"anyOf": branches.0})), shape(json!({"oneOf": branches.1})));
    }

    #[test]
    fn a_union_is_at_least_as_wide_as_each_of_its_scalar_branches(one in scalar_schema(), other in scalar_schema()) {
        let kind = |schema: &Value| match shape(schema.clone()) {
            Shape::Scalar(kind) => kind,
            shape => panic!("{shape:?}"),
        };
        let union = kind(&json!({"anyOf": [one, other]}));
        prop_assert_eq!(union, kind(&one).widen(kind(&other)));
    }
}
