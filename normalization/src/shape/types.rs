//! The set of JSON types that a schema admits.

use serde_json::Value;

/// A set of JSON types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TypeSet(u8);

impl TypeSet {
    pub(super) const EMPTY: Self = Self(0);
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(1 << 1);
    pub(super) const INTEGER: Self = Self(1 << 2);
    pub(super) const NUMBER: Self = Self(1 << 3);
    pub(super) const STRING: Self = Self(1 << 4);
    pub(super) const OBJECT: Self = Self(1 << 5);
    pub(super) const ARRAY: Self = Self(1 << 6);
    /// A name that JSON Schema does not know: any value may come.
    pub(super) const UNKNOWN: Self = Self(1 << 7);

    /// The types that a schema's `type` names: a string, or a list in any order.
    ///
    /// A null in the place of a name means `null`: YAML turns `[null, string]` into just that.
    pub(super) fn named(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::String(name) => match name.as_str() {
                "null" => Self::NULL,
                "boolean" => Self::BOOLEAN,
                "integer" => Self::INTEGER,
                "number" => Self::NUMBER,
                "string" => Self::STRING,
                "object" => Self::OBJECT,
                "array" => Self::ARRAY,
                _ => Self::UNKNOWN,
            },
            // A list inside a list names nothing, and must not be walked into.
            Value::Array(names) => names
                .iter()
                .fold(Self::EMPTY, |set, name| set.or(if name.is_array() { Self::UNKNOWN } else { Self::named(name) })),
            Value::Bool(_) | Value::Number(_) | Value::Object(_) => Self::UNKNOWN,
        }
    }

    /// The type of one value. A number is whole if it is written so: `1.0` is no integer.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if number.is_f64() => Self::NUMBER,
            Value::Number(_) => Self::INTEGER,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    /// The types of either.
    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The types of both; an integer is a number, what is unknown stays unknown.
    pub(super) fn and(self, other: Self) -> Self {
        if self.or(other).has(Self::UNKNOWN) {
            return Self::UNKNOWN;
        }
        let both = Self(self.with_integers().0 & other.with_integers().0);
        if both.has(Self::NUMBER) { both.without(Self::INTEGER) } else { both }
    }

    /// Whether any of `types` is in it.
    pub(super) fn has(self, types: Self) -> bool {
        self.0 & types.0 != 0
    }

    /// The set without `types`.
    pub(super) fn without(self, types: Self) -> Self {
        Self(self.0 & !types.0)
    }

    fn with_integers(self) -> Self {
        if self.has(Self::NUMBER) { self.or(Self::INTEGER) } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::TypeSet;
    use serde_json::json;

    #[test]
    fn names_come_as_a_string_or_a_list() {
        assert_eq!(TypeSet::named(&json!("string")), TypeSet::STRING);
        assert_eq!(TypeSet::named(&json!(["string", "null"])), TypeSet::STRING.or(TypeSet::NULL));
        assert_eq!(TypeSet::named(&json!([null, "string"])), TypeSet::STRING.or(TypeSet::NULL));
        assert_eq!(TypeSet::named(&json!([])), TypeSet::EMPTY);
    }

    #[test]
    fn what_is_no_name_is_unknown() {
        for value in [json!("bit"), json!("String"), json!(1), json!({}), json!(true), json!([["string"]])] {
            assert_eq!(TypeSet::named(&value), TypeSet::UNKNOWN, "{value}");
        }
    }

    #[test]
    fn a_number_meets_an_integer_in_an_integer() {
        assert_eq!(TypeSet::NUMBER.and(TypeSet::INTEGER), TypeSet::INTEGER);
        assert_eq!(TypeSet::NUMBER.and(TypeSet::NUMBER), TypeSet::NUMBER);
        assert_eq!(TypeSet::STRING.and(TypeSet::INTEGER), TypeSet::EMPTY);
        assert_eq!(TypeSet::UNKNOWN.and(TypeSet::INTEGER), TypeSet::UNKNOWN);
    }
}
