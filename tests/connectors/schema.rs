//! What a property's JSON Schema asks for, read from the contract and from nothing else.
//!
//! References and `allOf` do not occur in the connectors' schemas and are not known here.

use serde_json::{Map, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scalar {
    Integer,
    BigInteger,
    Number,
    Text,
    Boolean,
    Date,
    Timestamp { with_zone: bool },
    Time { with_zone: bool },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Scalar(Scalar),
    ScalarArray(Scalar),
    Object(Map<String, Value>),
    ObjectArray(Map<String, Value>),
    Json,
}

pub(crate) fn kind(schema: &Value) -> Kind {
    let Some(node) = schema.as_object() else { return Kind::Json };
    assert!(!node.contains_key("$ref") && !node.contains_key("allOf"), "not known to this test: {schema}");
    for union in ["oneOf", "anyOf"] {
        if let Some(branches) = node.get(union).and_then(Value::as_array) {
            return kind_of_union(node, union, branches);
        }
    }
    if node.get("airbyte_type").is_some_and(|name| name == "big_integer") {
        return Kind::Scalar(Scalar::BigInteger);
    }
    let kinds: Vec<Kind> = types(node).iter().map(|name| kind_of_type(node, name)).collect();
    united(&kinds)
}

/// The names of the types other than null.
fn types(node: &Map<String, Value>) -> Vec<String> {
    let named: Vec<&Value> = match node.get("type") {
        Some(Value::Array(names)) => names.iter().collect(),
        Some(name) => vec![name],
        None if node.contains_key("properties") => return vec!["object".to_owned()],
        None if node.contains_key("items") => return vec!["array".to_owned()],
        None => Vec::new(),
    };
    named.into_iter().filter_map(Value::as_str).filter(|name| *name != "null").map(str::to_owned).collect()
}

fn kind_of_type(node: &Map<String, Value>, name: &str) -> Kind {
    let format = node.get("format").and_then(Value::as_str);
    let airbyte = node.get("airbyte_type").and_then(Value::as_str);
    let without_zone = airbyte.is_some_and(|name| name.ends_with("without_timezone"));
    let with_zone = airbyte.is_some_and(|name| name.ends_with("with_timezone"));
    Kind::Scalar(match (name, format, airbyte.unwrap_or_default()) {
        ("boolean", ..) => Scalar::Boolean,
        ("integer", ..) | ("number", _, "integer") => Scalar::Integer,
        ("number", ..) => Scalar::Number,
        ("string", Some("date"), _) => Scalar::Date,
        ("string", Some("date-time"), _) => Scalar::Timestamp { with_zone: !without_zone },
        ("string", _, "timestamp_with_timezone" | "timestamp_without_timezone") => Scalar::Timestamp { with_zone },
        ("string", Some("time"), _) | ("string", _, "time_with_timezone" | "time_without_timezone") => {
            Scalar::Time { with_zone }
        }
        ("string", ..) => Scalar::Text,
        ("object", ..) => return kind_of_object(node),
        ("array", ..) => return kind_of_array(node),
        _ => return Kind::Json,
    })
}

fn kind_of_object(node: &Map<String, Value>) -> Kind {
    match node.get("properties").and_then(Value::as_object) {
        Some(properties) if !properties.is_empty() => Kind::Object(properties.clone()),
        _ => Kind::Json,
    }
}

fn kind_of_array(node: &Map<String, Value>) -> Kind {
    match node.get("items").map_or(Kind::Json, kind) {
        Kind::Scalar(scalar) => Kind::ScalarArray(scalar),
        Kind::Object(properties) => Kind::ObjectArray(properties),
        Kind::ScalarArray(_) | Kind::ObjectArray(_) | Kind::Json => Kind::Json,
    }
}

fn kind_of_union(node: &Map<String, Value>, union: &str, branches: &[Value]) -> Kind {
    const SHAPES: [&str; 7] = ["type", "properties", "items", "oneOf", "anyOf", "enum", "airbyte_type"];
    let mut own = node.clone();
    own.remove(union);
    let mut kinds = Vec::new();
    for branch in branches {
        let Some(branch) = branch.as_object().filter(|branch| !branch.is_empty()) else { return Kind::Json };
        let is_null = branch.get("type").is_some_and(|name| name == "null");
        if !is_null && SHAPES.iter().any(|key| branch.contains_key(*key)) {
            let mut merged = own.clone();
            merged.extend(branch.clone());
            kinds.push(kind(&Value::Object(merged)));
        }
    }
    if kinds.is_empty() { kind(&Value::Object(own)) } else { united(&kinds) }
}

/// One kind is itself, scalars widen, anything else is Json.
fn united(kinds: &[Kind]) -> Kind {
    let mut scalars = Vec::new();
    for kind in kinds {
        match kind {
            Kind::Scalar(scalar) => scalars.push(*scalar),
            other if kinds.len() == 1 => return other.clone(),
            _ => return Kind::Json,
        }
    }
    scalars.sort_unstable();
    scalars.dedup();
    match scalars.as_slice() {
        [] => Kind::Json,
        [one] => Kind::Scalar(*one),
        [.., widest] if *widest <= Scalar::Text => Kind::Scalar(*widest),
        _ => Kind::Scalar(Scalar::Text),
    }
}
