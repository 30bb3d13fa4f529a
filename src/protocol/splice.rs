//! Changing one member of a JSON text and no other byte.
//!
//! A STATE belongs to the source: key order, spacing and number text go back as they came, whatever they are.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::members::Key;

/// Sets the member `key` of the object that is the member `parent` of the object in `text`.
///
/// The value takes the place of the one that counts so far, the last, or goes behind the last member. `None` if there
/// is no such object.
pub(super) fn set_member(text: &str, parent: &str, key: &str, value: &str) -> Option<String> {
    let outer = find(text, parent)?;
    let object = outer.value?;
    let inner = find(&text[object.clone()], key)?;
    let mut spliced = String::with_capacity(text.len() + key.len() + value.len() + 4);
    if let Some(old) = inner.value {
        spliced.push_str(&text[..object.start + old.start]);
        spliced.push_str(value);
        spliced.push_str(&text[object.start + old.end..]);
    } else {
        let brace = object.end - 1;
        spliced.push_str(&text[..brace]);
        spliced.push_str(if inner.is_empty { "\"" } else { ",\"" });
        spliced.push_str(key);
        spliced.push_str("\":");
        spliced.push_str(value);
        spliced.push_str(&text[brace..]);
    }
    Some(spliced)
}

/// Where a member's value is in the text of an object.
struct Found {
    value: Option<Range<usize>>,
    is_empty: bool,
}

/// Looks for the last value of `key`; `None` if `text` is no object.
fn find(text: &str, key: &str) -> Option<Found> {
    struct Finder<'k>(&'k str);

    impl<'de> Visitor<'de> for Finder<'_> {
        type Value = (Option<&'de RawValue>, bool);

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let (mut value, mut is_empty) = (None, true);
            while let Some(key) = map.next_key_seed(Key(&[self.0]))? {
                is_empty = false;
                match key {
                    Some(_) => value = Some(map.next_value()?),
                    None => drop(map.next_value::<IgnoredAny>()?),
                }
            }
            Ok((value, is_empty))
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(text);
    let (value, is_empty) = deserializer.deserialize_map(Finder(key)).ok()?;
    let value = value.map(|raw| {
        // The value is a slice of the text: the distance between the two is its place.
        let start = raw.get().as_ptr().addr() - text.as_ptr().addr();
        start..start + raw.get().len()
    });
    Some(Found { value, is_empty })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use serde_json::Value;

    use super::set_member;

    fn set(text: &str) -> Option<String> {
        set_member(text, "s", "k", "7")
    }

    #[test]
    fn a_member_is_added_behind_the_last_and_no_other_byte_changes() {
        assert_eq!(
            set(r#"{ "x":1.0, "s" : {"a":1 } ,"y":[]}"#).unwrap(),
            r#"{ "x":1.0, "s" : {"a":1 ,"k":7} ,"y":[]}"#
        );
        assert_eq!(set(r#"{"s":{}}"#).unwrap(), r#"{"s":{"k":7}}"#);
        assert_eq!(set(r#"{"s":{ }}"#).unwrap(), r#"{"s":{ "k":7}}"#);
    }

    #[test]
    fn the_value_that_counts_is_replaced() {
        assert_eq!(set(r#"{"s":{"k": {"k":1} ,"a":2}}"#).unwrap(), r#"{"s":{"k": 7 ,"a":2}}"#);
        assert_eq!(set(r#"{"s":{"k":null}}"#).unwrap(), r#"{"s":{"k":7}}"#);
        assert_eq!(set(r#"{"s":{"k":1,"\u006b":2}}"#).unwrap(), r#"{"s":{"k":1,"\u006b":7}}"#);
        assert_eq!(set(r#"{"s":{"k":1},"s":{}}"#).unwrap(), r#"{"s":{"k":1},"s":{"k":7}}"#);
    }

    #[test]
    fn only_an_object_has_members() {
        for text in ["[]", "{}", r#"{"s":null}"#, r#"{"s":[]}"#, r#"{"s":"{}"}"#] {
            assert_eq!(set(text), None, "{text}");
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[ks\"\\\\é]{0,2}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn setting_a_member_in_the_text_is_setting_it_in_the_value(
            mut document in json(), state in json(), pretty in any::<bool>(),
        ) {
            if let Value::Object(members) = &mut document {
                members.insert("s".to_owned(), state);
            }
            let text = if pretty { format!("{document:#}") } else { document.to_string() };
            let expected = document.get_mut("s").and_then(Value::as_object_mut).is_some_and(|state| {
                state.insert("k".to_owned(), 7.into());
                true
            });
            let spliced = set(&text);
            prop_assert_eq!(spliced.is_some(), expected);
            if let Some(spliced) = spliced {
                prop_assert_eq!(serde_json::from_str::<Value>(&spliced).unwrap(), document);
            }
        }
    }
}
