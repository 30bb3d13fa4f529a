//! One place of a schema: the keys that say what its values are, and how two sets of keys become one.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::types::TypeSet;
use crate::kind::ScalarKind;

/// A schema that has yet to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    /// The schema as written.
    pub(super) schema: &'a Value,
    /// The step of the resolver's trail that leads here; none for the document itself.
    pub(super) from: Option<usize>,
}

/// Schemas by property name, in the schema's order; a value must satisfy all schemas of its name.
pub(super) type Properties<'a> = IndexMap<&'a str, Vec<Part<'a>>>;

/// What a schema says about a place, one level deep; properties, items and unions are still to be read.
#[derive(Debug, Clone, Default)]
pub(super) struct Node<'a> {
    /// What `type` names.
    pub(super) types: Option<TypeSet>,
    /// The types of the values in `const` or `enum`.
    pub(super) values: Option<TypeSet>,
    pub(super) format: Option<&'a str>,
    pub(super) airbyte_type: Option<&'a str>,
    pub(super) properties: Option<Properties<'a>>,
    /// An element must satisfy all of them. A tuple is kept as the list it is, which reads as no schema.
    pub(super) items: Option<Vec<Part<'a>>>,
    /// The branches of each `oneOf` and `anyOf`.
    pub(super) unions: Vec<Vec<Part<'a>>>,
    /// Something in it can't be understood: any value may come.
    pub(super) opaque: bool,
}

/// What becomes of a node that has no unions (any more).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outline {
    Scalar(ScalarKind),
    Object,
    Array,
    Json,
}

/// What two different formats that must hold at once leave: a format that nobody knows.
const CONTRADICTION: &str = "";

impl<'a> Node<'a> {
    /// A node of which nothing is known.
    pub(super) fn opaque() -> Self {
        Self { opaque: true, ..Self::default() }
    }

    /// The node that a schema's own keys describe, without `$ref` and `allOf`. `here` is the schema's step of the trail.
    pub(super) fn written(schema: &'a Map<String, Value>, here: usize) -> Self {
        let part = |schema| Part { schema, from: Some(here) };
        let mut node = Self {
            types: present(schema, "type").map(TypeSet::named),
            format: present(schema, "format").and_then(Value::as_str),
            airbyte_type: present(schema, "airbyte_type").and_then(Value::as_str),
            ..Self::default()
        };
        node.values = match (present(schema, "const"), present(schema, "enum")) {
            (Some(value), _) => Some(TypeSet::of(value)),
            (None, Some(Value::Array(values))) => values.iter().map(TypeSet::of).reduce(TypeSet::or),
            (None, _) => None,
        };
        node.properties = present(schema, "properties").map(|properties| match properties {
            Value::Object(properties) => {
                properties.iter().map(|(name, schema)| (name.as_str(), vec![part(schema)])).collect()
            }
            // PHP writes an empty object as `[]`.
            _ => Properties::new(),
        });
        for key in ["items", "prefixItems"] {
            if let Some(items) = present(schema, key) {
                node.items.get_or_insert_default().push(part(items));
            }
        }
        for key in ["oneOf", "anyOf"] {
            match present(schema, key) {
                Some(Value::Array(branches)) => node.unions.push(branches.iter().map(part).collect()),
                Some(_) => node.opaque = true,
                None => {}
            }
        }
        node
    }

    /// Both at once, as `allOf` asks. Law: the same outline whichever of the two comes first.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.types = merged(self.types, other.types, TypeSet::and);
        self.values = merged(self.values, other.values, TypeSet::and);
        self.format = merged(self.format, other.format, agreed);
        self.airbyte_type = merged(self.airbyte_type, other.airbyte_type, agreed);
        self.properties = merged(self.properties, other.properties, |mut properties, others| {
            for (name, parts) in others {
                properties.entry(name).or_default().extend(parts);
            }
            properties
        });
        self.items = merged(self.items, other.items, |mut items, others| {
            items.extend(others);
            items
        });
        self.unions.extend(other.unions);
        self.opaque |= other.opaque;
        self
    }

    /// `over` laid over it, key by key and property by property: what `over` says wins.
    pub(super) fn under(mut self, over: Self) -> Self {
        self.types = over.types.or(self.types);
        self.values = over.values.or(self.values);
        self.format = over.format.or(self.format);
        self.airbyte_type = over.airbyte_type.or(self.airbyte_type);
        self.properties = merged(self.properties, over.properties, |mut properties, others| {
            properties.extend(others);
            properties
        });
        self.items = over.items.or(self.items);
        self.unions.extend(over.unions);
        self.opaque |= over.opaque;
        self
    }

    /// Whether it says, unions aside, what values other than null are. A node that does not only constrains.
    pub(super) fn is_typed(&self) -> bool {
        self.opaque || self.is_big_integer() || self.types().is_some_and(|types| types != TypeSet::NULL)
    }

    /// What becomes of it, unions aside.
    pub(super) fn outline(&self) -> Outline {
        if self.opaque {
            return Outline::Json;
        }
        if self.is_big_integer() {
            return Outline::Scalar(ScalarKind::BigInteger);
        }
        match self.types().map(|types| types.without(TypeSet::NULL)) {
            Some(TypeSet::OBJECT) => Outline::Object,
            Some(TypeSet::ARRAY) => Outline::Array,
            Some(types) if !types.has(TypeSet::OBJECT.or(TypeSet::ARRAY).or(TypeSet::UNKNOWN)) => {
                self.scalar(types).map_or(Outline::Json, Outline::Scalar)
            }
            _ => Outline::Json,
        }
    }

    /// What a copy of it costs: the schemas that it still has to read.
    pub(super) fn weight(&self) -> usize {
        let unread = self.properties.iter().flat_map(IndexMap::values).chain(&self.items).chain(&self.unions);
        unread.map(Vec::len).sum()
    }

    /// Stated types, else those of the values, else the one that `properties` or `items` mean.
    fn types(&self) -> Option<TypeSet> {
        let properties = self.properties.as_ref().map(|_| TypeSet::OBJECT);
        let items = self.items.as_ref().map(|_| TypeSet::ARRAY);
        self.types.or(self.values).or(properties).or(items)
    }

    fn is_big_integer(&self) -> bool {
        self.airbyte_type == Some("big_integer")
    }

    /// The narrowest kind for all of `types`; none if there are none.
    fn scalar(&self, types: TypeSet) -> Option<ScalarKind> {
        let number = if self.airbyte_type == Some("integer") { ScalarKind::Integer } else { ScalarKind::Number };
        [
            (TypeSet::BOOLEAN, ScalarKind::Boolean),
            (TypeSet::INTEGER, ScalarKind::Integer),
            (TypeSet::NUMBER, number),
            (TypeSet::STRING, self.text()),
        ]
        .into_iter()
        .filter_map(|(r#type, kind)| types.has(r#type).then_some(kind))
        .reduce(ScalarKind::widen)
    }

    /// The kind of a string. A date's format outranks `airbyte_type`, which outranks every other format's zone.
    fn text(&self) -> ScalarKind {
        match (self.format, self.airbyte_type) {
            (Some("date"), _) => ScalarKind::Date,
            (_, Some("timestamp_without_timezone")) => ScalarKind::Timestamp,
            (Some("date-time"), _) | (_, Some("timestamp_with_timezone")) => ScalarKind::TimestampTz,
            (_, Some("time_with_timezone")) => ScalarKind::TimeTz,
            (Some("time"), _) | (_, Some("time_without_timezone")) => ScalarKind::Time,
            _ => ScalarKind::String,
        }
    }
}

/// The value of a key; an explicit null is an absent key.
pub(super) fn present<'a>(schema: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    schema.get(key).filter(|value| !value.is_null())
}

fn merged<T>(one: Option<T>, other: Option<T>, merge: impl FnOnce(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(merge(one, other)),
        (one, other) => one.or(other),
    }
}

fn agreed<'a>(one: &'a str, other: &'a str) -> &'a str {
    if one == other { one } else { CONTRADICTION }
}
