//! Strings and JSON text: escapes, lone surrogates, U+0000, length.

use std::borrow::Cow;

use memchr::memchr;

use super::{Cast, Change, NULL, OUT_OF_RANGE, Value, json_limits};
use crate::limits::Limits;
use crate::walk;

/// Casts to a String column: a string's own text, any other value's JSON text as sent.
#[inline]
pub(super) fn string<'a>(json: &'a str, limits: &Limits) -> Cast<'a> {
    match walk::string_inner(json) {
        Some(inner) => {
            let (text, change) = string_text(inner, limits);
            within_length(text, change, limits)
        }
        None if json == "null" => NULL,
        None => within_length(Cow::Borrowed(json), None, limits),
    }
}

/// The text of a string as the warehouse's text type can hold it, whatever its length.
#[inline]
pub(super) fn string_text<'a>(inner: &'a str, limits: &Limits) -> (Cow<'a, str>, Option<Change>) {
    let (text, lossy) = unescape(inner);
    // Valid JSON has U+0000 as escape only, so text that needed no unescaping has none.
    let (text, lossy) = match text {
        Cow::Owned(mut owned) if !limits.holds_nul && memchr(0, owned.as_bytes()).is_some() => {
            owned.retain(|character| character != '\0');
            (Cow::Owned(owned), true)
        }
        text => (text, lossy),
    };
    (text, lossy.then_some(Change::Truncated))
}

/// The value, unless it is longer than a field of the warehouse.
#[inline]
pub(super) fn within_length<'a>(text: Cow<'a, str>, change: Option<Change>, limits: &Limits) -> Cast<'a> {
    if text.len() > limits.field_bytes { OUT_OF_RANGE } else { (Value::Text(text), change) }
}

/// Casts to a Json column: the value's own text, in which lone surrogates become U+FFFD and, where the warehouse can't hold
/// it, U+0000 is removed, both at any depth. What it can't hold of its depth, its size or a number in it is too much for the
/// whole value.
#[must_use]
pub fn json_text<'a>(json: &'a str, limits: &Limits) -> Cast<'a> {
    if json == "null" {
        return NULL;
    }
    if !json_limits::fits_column(json, limits) {
        return OUT_OF_RANGE;
    }
    let text = mend(json, limits.holds_nul);
    let change = matches!(text, Cow::Owned(_)).then_some(Change::Truncated);
    within_length(text, change, limits)
}

/// A record's data for the raw table: its own text, in which only escapes of lone surrogates are replaced, by U+FFFD.
#[must_use]
pub fn raw_text(json: &str) -> Cow<'_, str> {
    mend(json, true)
}

/// The text of an object's key; `inner` is what stands between its quotes.
#[inline]
#[must_use]
pub fn key(inner: &str) -> Cow<'_, str> {
    unescape(inner).0
}

/// The text that a JSON string stands for, and whether something of it was lost; `inner` is what stands between its quotes.
///
/// Lone surrogates, which no text can hold, become U+FFFD.
#[inline]
#[must_use]
pub fn unescape(inner: &str) -> (Cow<'_, str>, bool) {
    match memchr(b'\\', inner.as_bytes()) {
        None => (Cow::Borrowed(inner), false),
        Some(first) => {
            let (text, lossy) = unescape_from(inner, first);
            (Cow::Owned(text), lossy)
        }
    }
}

fn unescape_from(inner: &str, first: usize) -> (String, bool) {
    let mut text = String::with_capacity(inner.len());
    let mut lossy = false;
    let mut rest = inner;
    let mut next = Some(first);
    while let Some((before, escape)) = next.and_then(|at| rest.split_at_checked(at)) {
        text.push_str(before);
        let (character, length) = Escape::read(escape).character();
        text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
        lossy |= character.is_none();
        rest = escape.get(length..).unwrap_or_default();
        next = memchr(b'\\', rest.as_bytes());
    }
    text.push_str(rest);
    (text, lossy)
}

/// The JSON text with lone surrogates replaced and, unless it `keeps_nul`, `\u0000` removed. Borrowed = nothing to do.
fn mend(json: &str, keeps_nul: bool) -> Cow<'_, str> {
    let mut mended = String::new();
    // `json[kept..at]` is looked through and fine, but not copied yet.
    let (mut kept, mut at) = (0, 0);
    while let Some((escape_at, escape)) = next_escape(json, at) {
        let (character, length) = Escape::read(escape).character();
        at = escape_at + length;
        let replacement = match character {
            None => "\u{FFFD}",
            Some('\0') if !keeps_nul => "",
            Some(_) => continue,
        };
        mended.push_str(json.get(kept..escape_at).unwrap_or_default());
        mended.push_str(replacement);
        kept = at;
    }
    if kept == 0 {
        return Cow::Borrowed(json);
    }
    mended.push_str(json.get(kept..).unwrap_or_default());
    Cow::Owned(mended)
}

/// The next backslash from `at` on, and the text from there. In valid JSON backslashes are in strings only.
fn next_escape(json: &str, at: usize) -> Option<(usize, &str)> {
    let at = at + memchr(b'\\', json.as_bytes().get(at..)?)?;
    Some((at, json.get(at..)?))
}

/// What one escape of a JSON string stands for.
enum Escape {
    /// A character, by one escape or a pair of surrogates: itself and the length of what was read.
    Character(char, usize),
    /// A surrogate without its other half.
    Lone,
}

impl Escape {
    /// Reads the escape that `text` begins with.
    #[inline]
    fn read(text: &str) -> Self {
        let bytes = text.as_bytes();
        let character = match bytes.get(1) {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{C}',
            Some(b'u') => return Self::read_unicode(bytes),
            Some(&other) if other.is_ascii() => char::from(other),
            // Not JSON: the backslash stands for itself.
            _ => return Self::Character('\\', 1),
        };
        Self::Character(character, 2)
    }

    fn read_unicode(bytes: &[u8]) -> Self {
        let Some(unit) = unit(bytes) else { return Self::Character('\\', 1) };
        if let Some(character) = char::from_u32(unit) {
            return Self::Character(character, 6);
        }
        let pair = bytes.get(6..).and_then(self::unit).map(|low| [unit, low]);
        match pair {
            Some([high @ 0xD800..0xDC00, low @ 0xDC00..0xE000]) => {
                let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                char::from_u32(code).map_or(Self::Lone, |character| Self::Character(character, 12))
            }
            _ => Self::Lone,
        }
    }

    /// The character, `None` for a lone surrogate, and the length of the escape.
    #[inline]
    fn character(&self) -> (Option<char>, usize) {
        match *self {
            Self::Character(character, length) => (Some(character), length),
            Self::Lone => (None, 6),
        }
    }
}

/// The UTF-16 unit that an escape `\uXXXX` at the beginning of `bytes` names.
#[inline]
fn unit(bytes: &[u8]) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = bytes else { return None };
    digits.first_chunk::<4>()?.iter().try_fold(0, |unit, &digit| Some(unit << 4 | char::from(digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cast, limits};
    use super::*;
    use crate::kind::ScalarColumn;

    fn postgres(json: &str) -> Cast<'_> {
        cast(ScalarColumn::String, json)
    }

    #[test]
    fn strings_are_themselves_and_other_values_their_text_as_sent() {
        for (json, expected) in [
            (r#""""#, ""),
            (r#"" a ""#, " a "),
            (r#""null""#, "null"),
            (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
            (r#""\u00e9\u00E9\ud83D\uDe00""#, "\u{E9}\u{E9}\u{1F600}"),
            ("1.10", "1.10"),
            ("true", "true"),
            (r#"{"a": "\u0000"}"#, r#"{"a": "\u0000"}"#),
            ("[1, 2]", "[1, 2]"),
        ] {
            assert_eq!(postgres(json), (Value::Text(expected.into()), None), "{json}");
        }
    }

    #[test]
    fn strings_without_escapes_are_borrowed() {
        assert!(matches!(postgres("\"h\u{E9}llo\"").0, Value::Text(Cow::Borrowed(_))));
    }

    #[test]
    fn lone_surrogates_become_the_replacement_character() {
        for (json, expected) in [
            (r#""\ud800""#, "\u{FFFD}"),
            (r#""a\uDFFFb""#, "a\u{FFFD}b"),
            (r#""\ud83d\ud83d\ude00""#, "\u{FFFD}\u{1F600}"),
            (r#""\ud83d\u0041""#, "\u{FFFD}A"),
            (r#""\ud83d\n""#, "\u{FFFD}\n"),
            (r#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"),
            (r#""\ud83d\u0000\ude00""#, "\u{FFFD}\u{FFFD}"),
        ] {
            assert_eq!(postgres(json), (Value::Text(expected.into()), Some(Change::Truncated)), "{json}");
        }
    }

    #[test]
    fn nul_is_removed_where_text_cannot_hold_it() {
        let json = r#""a\u0000b\\u0000""#;
        assert_eq!(postgres(json), (Value::Text("ab\\u0000".into()), Some(Change::Truncated)));
        let there = string(json, &limits(true));
        assert_eq!(there, (Value::Text("a\0b\\u0000".into()), None));
    }

    #[test]
    fn text_longer_than_a_field_is_null() {
        let longest = format!("\"{}\"", "x".repeat(1000));
        assert_eq!(postgres(&longest).1, None);
        let too_long = format!("\"{}\"", "x".repeat(1001));
        assert_eq!(postgres(&too_long), OUT_OF_RANGE);
        assert_eq!(json_text(&too_long, &limits(false)), OUT_OF_RANGE);
        // What counts is what would be stored.
        let escaped = format!("\"{}\"", r"\u00e9".repeat(500));
        assert_eq!(postgres(&escaped).1, None);
    }

    #[test]
    fn json_keeps_its_text() {
        for json in
            [r#"{"b": 1.10, "a":[], "b":"\u00e9\n"}"#, r#""\\u0000""#, r#""\\\\ud800""#, r#""\ud83d\ude00""#, "1e2"]
        {
            let (Value::Text(Cow::Borrowed(text)), None) = json_text(json, &limits(false)) else { panic!("{json}") };
            assert_eq!(text, json);
            assert!(matches!(raw_text(json), Cow::Borrowed(text) if text == json));
        }
        assert_eq!(json_text("null", &limits(false)), NULL);
    }

    #[test]
    fn json_is_mended_at_any_depth_keys_included() {
        let json = r#"{"k\u0000\\":["\\\u0000\ud800x",{"\uDC00":"\ud83d\ude00\\ud800"}]}"#;
        let mended = r#"{"k\\":["\\\u{FFFD}x",{"\u{FFFD}":"\ud83d\ude00\\ud800"}]}"#.replace(r"\u{FFFD}", "\u{FFFD}");
        assert_eq!(json_text(json, &limits(false)), (Value::Text(mended.into()), Some(Change::Truncated)));
        let raw = r#"{"k\u0000\\":["\\\u0000\u{FFFD}x",{"\u{FFFD}":"\ud83d\ude00\\ud800"}]}"#
            .replace(r"\u{FFFD}", "\u{FFFD}");
        assert_eq!(raw_text(json), raw);
        assert_eq!(json_text(json, &limits(true)), (Value::Text(raw.into()), Some(Change::Truncated)));
    }

    #[test]
    fn json_with_a_number_beyond_numeric_is_null_where_numbers_are_numeric() {
        let nowhere = Limits { binary_json: None, ..limits(false) };
        for number in ["1e131072", "-1e999999", "1e-16384", "1.5e-16383", "0e-99999", "1e99999999999999999999"] {
            for json in [number.to_owned(), format!("[1, {{\"a\": [{number}]}}]"), format!("{{\"1\":{number} }}")] {
                assert_eq!(json_text(&json, &limits(false)), OUT_OF_RANGE, "{json}");
                assert_eq!(json_text(&json, &nowhere), (Value::Text(json.as_str().into()), None));
            }
        }
        for json in ["1e131071", "1e-16383", "0e131072", "0.0e131080", "{\"1e999999\": \"1e999999\"}", "[true, 1E+2]"] {
            assert_eq!(json_text(json, &limits(false)), (Value::Text(json.into()), None));
        }
    }

    #[test]
    fn keys_are_unescaped() {
        assert_eq!(key(r"caf\u00e9"), "caf\u{E9}");
        assert!(matches!(key("plain"), Cow::Borrowed("plain")));
    }
}
