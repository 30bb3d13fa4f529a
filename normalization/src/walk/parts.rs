//! All parts of a value, at any depth: one pass over its text.

use memchr::memchr2_iter;

use super::{literal_end, string_end};

/// The texts of the numbers in a value, at any depth.
pub fn numbers(json: &str) -> impl Iterator<Item = &str> {
    parts(json).filter_map(|part| match part {
        Part::Number(text) => Some(text),
        _ => None,
    })
}

/// A part of a value, at any depth: where containers begin and end, and what is no container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// An object or an array begins.
    Begin,
    /// An object, or else an array, ends.
    End(bool),
    /// A string or a key, with its quotes.
    Text(&'a str),
    /// A number.
    Number(&'a str),
    /// `true`, `false` or `null`.
    Word,
}

/// The parts of a value, in the text's order.
pub fn parts(json: &str) -> impl Iterator<Item = Part<'_>> {
    let bytes = json.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at;
            let byte = *bytes.get(at)?;
            at += 1;
            return Some(match byte {
                b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => continue,
                b'{' | b'[' => Part::Begin,
                b'}' | b']' => Part::End(byte == b'}'),
                b'"' => {
                    at = string_end(bytes, at);
                    Part::Text(json.get(start..at)?)
                }
                b'-' | b'0'..=b'9' => {
                    at = literal_end(bytes, at);
                    Part::Number(json.get(start..at)?)
                }
                _ => {
                    at = literal_end(bytes, at);
                    Part::Word
                }
            });
        }
    })
}

/// Whether arrays and objects are nested deeper than so many levels. Costs little for all that has no more of them.
#[must_use]
pub fn is_deeper(json: &str, levels: usize) -> bool {
    // they have to close, too
    if json.len() <= 2 * levels || memchr2_iter(b'[', b'{', json.as_bytes()).nth(levels).is_none() {
        return false;
    }
    let mut depth = 0_usize;
    parts(json).any(|part| {
        match part {
            Part::Begin => depth += 1,
            Part::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > levels
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_at_any_depth_and_not_in_strings() {
        let json = r#"{"1": [-2.5e3,{"a\\\"2" :0 , "b":"3"}], "c":true,"d":[[4 ]]}"#;
        assert_eq!(numbers(json).collect::<Vec<_>>(), vec!["-2.5e3", "0", "4"]);
        assert_eq!(numbers("-1").collect::<Vec<_>>(), vec!["-1"]);
        assert_eq!(numbers("null").count(), 0);
    }

    #[test]
    fn levels_are_counted_outside_of_strings() {
        assert!(!is_deeper(r#"[{"a":[]},[[]],"[[[["]"#, 3));
        assert!(is_deeper(r#"[{"a":[]},[[{}]]]"#, 3));
        assert!(is_deeper(r#"["]]\"]",[{"]":[[]]}]]"#, 4));
        assert!(!is_deeper(&"[],".repeat(100), 1));
        assert!(!is_deeper("1", 0));
        assert!(is_deeper("{}", 0));
    }
}
