//! Where a JSON value ends, by the grammar of RFC 8259, in one pass over its bytes.
//!
//! Says yes only to what the grammar allows, and gives up on what is rare: values nested deeper than `MOST_OPEN`. So
//! `None` means nothing more than that somebody else has to look.

use alluvium_normalization::walk::plain;

/// Containers that may be open at once: a bit each.
const MOST_OPEN: u32 = 64;

/// Containers that are open: of each, from the last bit on, whether it is an object.
#[derive(Default)]
struct Open {
    are_objects: u64,
    count: u32,
}

impl Open {
    fn push(&mut self, is_object: bool) -> Option<()> {
        self.are_objects = self.are_objects << 1 | u64::from(is_object);
        self.count += 1;
        (self.count <= MOST_OPEN).then_some(())
    }

    fn pop(&mut self) {
        self.are_objects >>= 1;
        self.count -= 1;
    }

    /// Whether the innermost is an object.
    fn is_object(&self) -> bool {
        self.are_objects & 1 == 1
    }
}

/// Behind the value that begins at `at`, white space before it not counted.
pub(super) fn value_end(text: &[u8], mut at: usize) -> Option<usize> {
    let mut open = Open::default();
    loop {
        at = match text.get(at)? {
            b'"' => string_end(text, at + 1)?,
            bracket @ (b'{' | b'[') => {
                let is_object = *bracket == b'{';
                at = skip_blanks(text, at + 1);
                if *text.get(at)? == closing(is_object) {
                    at + 1
                } else {
                    open.push(is_object)?;
                    if is_object {
                        at = key_end(text, at)?;
                    }
                    continue;
                }
            }
            b'-' | b'0'..=b'9' => number_end(text, at)?,
            b't' => word_end(text, at, b"true")?,
            b'f' => word_end(text, at, b"false")?,
            b'n' => word_end(text, at, b"null")?,
            _ => return None,
        };
        // behind a value: its container goes on with another one, or ends and is itself a value
        loop {
            if open.count == 0 {
                return Some(at);
            }
            at = skip_blanks(text, at);
            let next = *text.get(at)?;
            if next == b',' {
                at = skip_blanks(text, at + 1);
                if open.is_object() {
                    at = key_end(text, at)?;
                }
                break;
            }
            if next != closing(open.is_object()) {
                return None;
            }
            open.pop();
            at += 1;
        }
    }
}

/// Where the value begins whose key's opening quote is at `at`.
fn key_end(text: &[u8], at: usize) -> Option<usize> {
    if *text.get(at)? != b'"' {
        return None;
    }
    let colon = skip_blanks(text, string_end(text, at + 1)?);
    (*text.get(colon)? == b':').then(|| skip_blanks(text, colon + 1))
}

/// Behind the white space at `at`.
#[inline]
pub(super) fn skip_blanks(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}

/// Behind the closing quote of the string whose first character is at `at`.
#[inline]
pub(super) fn string_end(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += plain(text.get(at..)?);
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => match text.get(at + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                b'u' if text.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit) => at += 6,
                _ => return None,
            },
            // a control character
            _ => return None,
        }
    }
}

#[inline]
fn number_end(text: &[u8], mut at: usize) -> Option<usize> {
    if text.get(at) == Some(&b'-') {
        at += 1;
    }
    at = if text.get(at) == Some(&b'0') { at + 1 } else { digits_end(text, at)? };
    if text.get(at) == Some(&b'.') {
        at = digits_end(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = text.get(at) {
            at += 1;
        }
        at = digits_end(text, at)?;
    }
    Some(at)
}

/// Behind one or more digits.
#[inline]
fn digits_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    (at > start).then_some(at)
}

#[inline]
fn word_end(text: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    text.get(at..)?.starts_with(word).then_some(at + word.len())
}

fn closing(is_object: bool) -> u8 {
    if is_object { b'}' } else { b']' }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use serde::Deserialize as _;
    use serde::de::IgnoredAny;

    use super::value_end;

    /// Where the value ends by another parser.
    fn expected(text: &str) -> Option<usize> {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        Some(values.byte_offset())
    }

    /// What looks like JSON and often is.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[\\[\\]{},: \n]",
            prop::sample::select(vec![
                "\"a\":",
                "{\"k\":",
                "\"\\u00e9\\n\"",
                "\"\\u12\"",
                "\"\u{1}\"",
                "\"é\u{10348}\"",
                "true",
                "nul",
                "-0.5e+7",
                "01",
                "1.",
                "-",
                "12",
                "[]",
                "{}",
                "\"\\",
                "\"long enough to take more than a word\"",
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn a_value_ends_where_another_parser_says(text in pieces()) {
            let text = text.trim_start();
            // behind a number or a word that parser wants white space or a bracket; what follows a value is not ours to judge
            let ours = value_end(text.as_bytes(), 0);
            match expected(text) {
                Some(end) => prop_assert_eq!(ours, Some(end)),
                None => if let Some(end) = ours {
                    prop_assert!(serde_json::from_str::<IgnoredAny>(&text[..end]).is_ok(), "{}", &text[..end]);
                }
            }
        }

        #[test]
        fn what_was_written_as_json_is_json(text in any::<String>(), number in any::<f64>(), depth in 0_usize..60) {
            let string = serde_json::to_string(&text).unwrap();
            let value = format!("{}{{{string}:[{string} , {number:e},null]}}{}", "[".repeat(depth), "]".repeat(depth));
            prop_assume!(IgnoredAny::deserialize(&mut serde_json::Deserializer::from_str(&value)).is_ok());
            prop_assert_eq!(value_end(value.as_bytes(), 0), Some(value.len()));
        }
    }

    #[test]
    fn what_is_nested_very_deep_is_left_to_others() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        // an empty container need not be remembered
        assert_eq!(value_end(nested(65).as_bytes(), 0), Some(130));
        assert_eq!(value_end(nested(66).as_bytes(), 0), None);
    }
}
