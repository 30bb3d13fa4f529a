//! A cursor over JSON text that is known to be valid.
//!
//! It borrows slices and allocates nothing; it counts brackets instead of recursing, so depth costs no stack. Text that is
//! not valid JSON gives nonsense or an early end, never a panic, an endless loop or a slice beyond the text.

/// Where the containers of a text end.
mod containers;
/// All parts of a value, at any depth.
mod parts;
/// Text in which nothing has a meaning of its own.
mod plain;

pub use containers::{Containers, Place, Span};
pub use parts::{Part, is_deeper, numbers, parts};
pub use plain::plain;

/// Type of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JsonType {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// Type of the value that `json` is the text of, as its first byte tells.
#[inline]
#[must_use]
pub fn kind_of(json: &str) -> JsonType {
    match json.as_bytes().first() {
        Some(b'"') => JsonType::String,
        Some(b'{') => JsonType::Object,
        Some(b'[') => JsonType::Array,
        Some(b't' | b'f') => JsonType::Boolean,
        Some(b'-' | b'0'..=b'9') => JsonType::Number,
        _ => JsonType::Null,
    }
}

/// What stands between the quotes of a string's text, escapes as sent; `None` for any other value.
#[inline]
#[must_use]
pub fn string_inner(json: &str) -> Option<&str> {
    json.strip_prefix('"')?.strip_suffix('"')
}

/// A text as a JSON string, quotes included.
#[must_use]
pub fn quoted(text: &str) -> String {
    // writing a text to memory can't fail
    serde_json::to_string(text).unwrap_or_default()
}

/// The members of an object, in the text's order, duplicates included.
#[inline]
#[must_use]
pub fn members(json: &str) -> Members<'_> {
    Members { cursor: Cursor::inside(json, b'{') }
}

/// The elements of an array, in order.
#[inline]
#[must_use]
pub fn elements(json: &str) -> Elements<'_> {
    Elements { cursor: Cursor::inside(json, b'[') }
}

/// A lone value as if it were the only element of an array.
#[inline]
#[must_use]
pub fn lone(json: &str) -> Elements<'_> {
    Elements { cursor: Cursor { json, at: 0 } }
}

/// Iterator over an object's `(key, value)`: the key between its quotes with escapes as sent, the value's trimmed text.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a str);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.cursor.skip_separators();
        if self.cursor.peek() != Some(b'"') {
            return None;
        }
        let key = string_inner(self.cursor.value())?;
        self.cursor.skip_separators();
        Some((key, self.cursor.value()))
    }
}

/// Iterator over an array's elements: the trimmed text of each.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        self.cursor.skip_separators();
        match self.cursor.peek() {
            None | Some(b']' | b'}') => None,
            Some(_) => Some(self.cursor.value()),
        }
    }
}

/// A place in JSON text.
#[derive(Debug, Clone)]
struct Cursor<'a> {
    json: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Behind the opening bracket, or at the end if the text does not open with it.
    #[inline]
    fn inside(json: &'a str, open: u8) -> Self {
        Self { json, at: if json.as_bytes().first() == Some(&open) { 1 } else { json.len() } }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }

    /// Skips white space, `,` and `:`, which in valid text stand only between the parts that callers ask for.
    #[inline]
    fn skip_separators(&mut self) {
        while let Some(b',' | b':' | b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// The text of the value that begins here; moves behind it, by at least one byte unless at the end.
    #[inline]
    fn value(&mut self) -> &'a str {
        let bytes = self.json.as_bytes();
        let start = self.at;
        self.at = match bytes.get(start) {
            None => start,
            Some(b'"') => string_end(bytes, start + 1),
            Some(b'{' | b'[') => container_end(bytes, start + 1),
            Some(_) => literal_end(bytes, start + 1),
        };
        self.json.get(start..self.at).unwrap_or_default()
    }
}

/// Behind the closing quote of the string whose text begins at `at`.
#[inline]
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(rest) = bytes.get(at..) {
        at += plain(rest);
        match bytes.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            // a control character, which valid text does not have here
            Some(_) => at += 1,
            None => break,
        }
    }
    bytes.len()
}

/// Behind the bracket that closes the container whose text begins at `at`.
fn container_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 1_usize;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at = string_end(bytes, at),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    bytes.len()
}

/// Behind the number or word that goes on at `at`.
#[inline]
fn literal_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t') {
            break;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;

    fn pairs(json: &str) -> Vec<(&str, &str)> {
        members(json).collect()
    }

    fn texts(json: &str) -> Vec<&str> {
        elements(json).collect()
    }

    #[test]
    fn members_come_in_order_with_duplicates_and_without_spacing() {
        let expected = vec![("a", "1"), ("b", r#"{"c":[1,{}]}"#), ("a", r#""x,}""#), ("d", "null")];
        assert_eq!(pairs(r#"{"a":1,"b":{"c":[1,{}]},"a":"x,}","d":null}"#), expected);
        assert_eq!(pairs("{ \"a\" : 1 ,\n\t\"b\": {\"c\":[1,{}]} , \"a\":\"x,}\",\r\"d\" :null }"), expected);
        assert_eq!(pairs("{}"), vec![]);
        assert_eq!(pairs("{ }"), vec![]);
    }

    #[test]
    fn keys_and_strings_keep_their_escapes() {
        assert_eq!(pairs(r#"{"a\"b\\":"\\","":""}"#), vec![(r#"a\"b\\"#, r#""\\""#), ("", r#""""#)]);
        let long = "x".repeat(100);
        let json = format!(r#"["{long}\"{long}\\",1]"#);
        assert_eq!(texts(&json), vec![json.strip_prefix('[').unwrap().strip_suffix(",1]").unwrap(), "1"]);
    }

    #[test]
    fn elements_are_trimmed() {
        assert_eq!(texts("[ 1 , -2.5e3,true ,[ ] ]"), vec!["1", "-2.5e3", "true", "[ ]"]);
        assert_eq!(texts("[]"), Vec::<&str>::new());
        assert_eq!(texts("[\n]"), Vec::<&str>::new());
        assert_eq!(lone("\"a,b\"").collect::<Vec<_>>(), vec!["\"a,b\""]);
        assert_eq!(lone("1.5").collect::<Vec<_>>(), vec!["1.5"]);
    }

    #[test]
    fn other_values_have_no_members_and_no_elements() {
        for json in ["null", "1", "\"{\"", "", "[1]"] {
            assert_eq!(pairs(json), vec![], "{json}");
        }
        for json in ["null", "1", "\"[\"", "", r#"{"a":1}"#] {
            assert_eq!(texts(json), Vec::<&str>::new(), "{json}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("[{}{},7]", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(texts(&deep), vec![&deep[1..deep.len() - 3], "7"]);
    }

    #[test]
    fn the_first_byte_tells_the_type() {
        for (json, kind) in [
            ("null", JsonType::Null),
            ("true", JsonType::Boolean),
            ("false", JsonType::Boolean),
            ("-1", JsonType::Number),
            ("0.5", JsonType::Number),
            ("\"\"", JsonType::String),
            ("[]", JsonType::Array),
            ("{}", JsonType::Object),
        ] {
            assert_eq!(kind_of(json), kind, "{json}");
        }
    }

    /// Any JSON value, its strings full of what walking could trip over.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                proptest::collection::vec((text(), inner), 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[\\\\\"{}\\[\\],: \n\u{0}a\u{E9}\u{1F600}]{0,40}", any::<String>()]
    }

    /// Walks the whole text and builds the value again, checking that each part parses by itself.
    fn rebuilt(json: &str) -> Value {
        match kind_of(json) {
            JsonType::Array => elements(json).map(rebuilt).collect(),
            JsonType::Object => Value::Object(
                members(json)
                    .map(|(key, value)| (serde_json::from_str(&format!("\"{key}\"")).unwrap(), rebuilt(value)))
                    .collect(),
            ),
            _ => serde_json::from_str(json).unwrap(),
        }
    }

    proptest! {
        #[test]
        fn walking_finds_what_parsing_finds(value in value()) {
            let compact = value.to_string();
            let spaced = serde_json::to_string_pretty(&value).unwrap();
            // Not `value` itself: serde_json reads a double to its neighbour at times.
            let parsed: Value = serde_json::from_str(&compact).unwrap();
            prop_assert_eq!(rebuilt(&compact), parsed.clone());
            prop_assert_eq!(rebuilt(&spaced), parsed);
        }

        #[test]
        fn members_keep_order_and_text(value in proptest::collection::vec((text(), value()), 0..20)) {
            let expected: Vec<_> =
                value.iter().map(|(key, value)| (Value::from(key.as_str()).to_string(), value.to_string())).collect();
            let members_text: Vec<_> = expected.iter().map(|(key, value)| format!("{key}: {value}")).collect();
            let json = format!("{{{}}}", members_text.join(" , "));
            let walked: Vec<_> =
                members(&json).map(|(key, value)| (format!("\"{key}\""), value.to_owned())).collect();
            prop_assert_eq!(walked, expected);
        }

        #[test]
        fn whatever_serde_takes_as_raw_is_walked(json in "[\\[{\"][\\\\\"{}\\[\\],: u0-9a-f\n]{0,30}[\\]}\"]") {
            if let Ok(raw) = serde_json::from_str::<Vec<&RawValue>>(&json) {
                let expected: Vec<_> = raw.iter().map(|element| element.get()).collect();
                prop_assert_eq!(texts(&json), expected);
            }
        }

        #[test]
        fn text_that_is_not_json_ends(json in prop_oneof![any::<String>(), text(), "[\\[{].*"]) {
            let most = json.len() + 1;
            prop_assert!(members(&json).take(most + 1).count() <= most);
            prop_assert!(elements(&json).take(most + 1).count() <= most);
            prop_assert!(lone(&json).take(most + 1).count() <= most);
            let _ = (kind_of(&json), string_inner(&json));
        }
    }
}
