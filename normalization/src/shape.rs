//! JSON Schema -> shape; nothing downstream sees a schema again.

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
/// Never fails: what can't be understood is [`Shape::Json`].
#[must_use]
pub fn stream_properties(_schema: &serde_json::Value) -> Vec<Property> {
    Vec::new()
}
