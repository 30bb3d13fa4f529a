//! A cursor over JSON text that is known to be valid.
//!
//! It borrows slices and allocates nothing; it counts brackets instead of recursing, so depth costs no stack. Text that is
//! not valid JSON gives nonsense or an early end, never a panic, an endless loop or a slice beyond the text.

use memchr::memchr2;

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
    /// Strings are mostly shorter than this; on those a plain loop beats the set-up of a vectorised search.
    const SHORT: usize = 24;
    let near = bytes.len().min(at + SHORT);
    while at < near {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
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
