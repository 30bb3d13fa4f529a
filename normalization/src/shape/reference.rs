//! What a `$ref` names: a place in the document, or one of Airbyte's well-known types.

use serde_json::Value;

use super::node::Node;
use super::types::TypeSet;

/// The node that Airbyte's `WellKnownTypes.json` defines, if `reference` names one.
pub(super) fn well_known(reference: &str) -> Option<Node<'static>> {
    let (file, name) = reference.split_once("#/definitions/")?;
    if !file.ends_with("WellKnownTypes.json") {
        return None;
    }
    let (types, format, airbyte_type) = match name {
        // Binary data arrives as base64 text.
        "String" | "BinaryData" => (TypeSet::STRING, None, None),
        "Boolean" => (TypeSet::BOOLEAN, None, None),
        "Integer" => (TypeSet::INTEGER, None, None),
        "Number" => (TypeSet::NUMBER, None, None),
        "Date" => (TypeSet::STRING, Some("date"), None),
        "TimestampWithTimezone" => (TypeSet::STRING, Some("date-time"), Some("timestamp_with_timezone")),
        "TimestampWithoutTimezone" => (TypeSet::STRING, Some("date-time"), Some("timestamp_without_timezone")),
        "TimeWithTimezone" => (TypeSet::STRING, Some("time"), Some("time_with_timezone")),
        "TimeWithoutTimezone" => (TypeSet::STRING, Some("time"), Some("time_without_timezone")),
        _ => return None,
    };
    Some(Node { types: Some(types), format, airbyte_type, ..Node::default() })
}

/// The place in `document` that a reference of the form `#/pointer` names.
pub(super) fn within<'a>(document: &'a Value, reference: &str) -> Option<&'a Value> {
    document.pointer(&percent_decoded(reference.strip_prefix('#')?)?)
}

/// `text` without its `%xx` escapes; none if an escape is broken or the bytes are not UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let [high, low] = [bytes.next()?, bytes.next()?].map(|digit| char::from(digit).to_digit(16));
            decoded.push(u8::try_from(high? * 16 + low?).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::{percent_decoded, within};
    use serde_json::json;

    #[test]
    fn pointers_are_unescaped_in_both_ways() {
        let document = json!({"$defs": {"a/b": 1, "c~d": 2, "e f": 3, "%": 4, "é": 5, "": 6}, "list": [7]});
        for (reference, found) in [
            ("#/$defs/a~1b", 1),
            ("#/$defs/c~0d", 2),
            ("#/$defs/e%20f", 3),
            ("#/%24defs/%25", 4),
            ("#/$defs/%C3%A9", 5),
            ("#/$defs/", 6),
            ("#/list/0", 7),
        ] {
            assert_eq!(within(&document, reference), Some(&json!(found)), "{reference}");
        }
        assert_eq!(within(&document, "#"), Some(&document));
    }

    #[test]
    fn what_is_not_in_the_document_is_not_found() {
        let document = json!({"a": {}});
        for reference in ["", "a", "/a", "#a", "#/b", "#/a/b", "other.json#/a", "#/%zz", "#/%", "#/%2"] {
            assert_eq!(within(&document, reference), None, "{reference}");
        }
        assert_eq!(percent_decoded("%ff"), None);
    }
}
