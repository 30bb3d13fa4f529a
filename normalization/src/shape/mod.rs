//! JSON Schema -> shape; nothing downstream sees a schema again.
//!
//! A schema is read in three steps: `resolve` follows references and merges `allOf` into one `Node` per place,
//! settles `oneOf` and `anyOf`, and asks each node for its outline. `types` is the set of JSON types that the
//! others compute with, `reference` finds what a `$ref` names.

mod node;
mod reference;
mod resolve;
#[cfg(test)]
mod tests;
mod types;

use crate::kind::ScalarKind;

/// What a JSON location may hold, as far as tables care. `null` is always allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// One scalar.
    Scalar(ScalarKind),
    /// An array of scalars.
    ScalarArray(ScalarKind),
    /// An object with declared properties (at least one).
    Object(Vec<Property>),
    /// An array of objects with declared properties (at least one).
    ObjectArray(Vec<Property>),
    /// Anything else.
    Json,
}

/// A declared property of an object, in the schema's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// The source name.
    pub name: String,
    /// What it may hold.
    pub shape: Shape,
}

/// The properties of a stream's schema, in its order; none when it declares none.
///
/// Never fails: what can't be understood is [`Shape::Json`]. A record is an object whatever the schema's own `type`
/// says. Time, memory and nesting are bounded: a property whose references expand without end is [`Shape::Json`] and
/// takes nothing from its siblings.
#[must_use]
pub fn stream_properties(schema: &serde_json::Value) -> Vec<Property> {
    resolve::Resolver::new(schema).stream_properties()
}
