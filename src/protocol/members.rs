//! Named members of a JSON object as raw text: the one way in which this binary looks into messages.
//!
//! Messages come from sources of every age and quality, so the rules are lenient and the same everywhere: a null is
//! an absent member, unknown members are passed over, of duplicates the last wins, and nothing is assumed about a
//! member that isn't looked at. serde's derive offers none of the last two.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object that carry the given names.
pub(super) type Raw<'a, const N: usize> = [Option<&'a RawValue>; N];

/// Reads the members called `names` of the object in `text`; an error if it is anything else.
pub(super) fn members<'a, const N: usize>(text: &'a str, names: &[&str; N]) -> serde_json::Result<Raw<'a, N>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let found = deserializer.deserialize_map(Members(names))?;
    deserializer.end()?;
    Ok(found.unwrap_or([None; N]))
}

/// A JSON string as text; `None` for any other value. Escapes of lone surrogates become U+FFFD.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let quoted = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', quoted.as_bytes()).is_none() {
        return Some(Cow::Borrowed(quoted));
    }
    // Asking for bytes is what makes serde_json tolerate lone surrogates: it hands them over in their generalized
    // UTF-8 form, which is invalid UTF-8.
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    deserializer.deserialize_bytes(Unescaped).ok().map(Cow::Owned)
}

/// Reads an object into its named members; an explicit null gives `None`.
pub(super) struct Members<'n, const N: usize>(pub(super) &'n [&'n str; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for Members<'_, N> {
    type Value = Option<Raw<'de, N>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Members<'_, N> {
    type Value = Option<Raw<'de, N>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or null")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(key) = map.next_key_seed(Key(self.0))? {
            match key.and_then(|index| found.get_mut(index)) {
                Some(member) => *member = map.next_value()?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Some(found))
    }
}

/// Reads a key into its index among known names.
///
/// As raw text, because a key may hold the escape of a lone surrogate, which `serde_json` refuses in a `str`, or a control
/// character that is not escaped, which it lets through in bytes.
pub(super) struct Key<'n>(pub(super) &'n [&'n str]);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let key = text(<&RawValue>::deserialize(deserializer)?);
        Ok(key.and_then(|key| self.0.iter().position(|name| *name == key)))
    }
}

struct Unescaped;

impl Visitor<'_> for Unescaped {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        // A surrogate takes three bytes in generalized UTF-8, each of which alone is an invalid sequence.
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            if chunk.invalid().first() == Some(&0xED) {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{members, text};

    #[test]
    fn the_last_of_duplicate_members_wins_and_null_is_absent() {
        let found = members(r#"{"a":1,"b":2,"a":[3],"b":null,"c":{"a":4}}"#, &["a", "b", "z"]).unwrap();
        assert_eq!(found.map(|raw| raw.map(serde_json::value::RawValue::get)), [Some("[3]"), None, None]);
    }

    #[test]
    fn a_key_is_compared_after_its_escapes_and_may_be_no_unicode() {
        let found = members(r#"{"\ud800":1,"\u0061":2}"#, &["a"]).unwrap();
        assert_eq!(found[0].map(serde_json::value::RawValue::get), Some("2"));
    }

    #[test]
    fn a_control_character_in_a_key_is_no_json() {
        assert!(members("{\"\u{12}\":1}", &["a"]).is_err());
        assert!(members(r#"{"\u0012":1}"#, &["a"]).is_ok());
    }

    #[test]
    fn a_string_is_read_with_its_escapes_and_lone_surrogates_replaced() {
        let read = |json: &str| {
            let raw: &serde_json::value::RawValue = serde_json::from_str(json).unwrap();
            text(raw).map(std::borrow::Cow::into_owned)
        };
        assert_eq!(read(r#""plain""#).as_deref(), Some("plain"));
        assert_eq!(read(r#""a\n\u00e9\ud83d\ude00""#).as_deref(), Some("a\né😀"));
        assert_eq!(read(r#""a\ud800b""#).as_deref(), Some("a\u{FFFD}b"));
        assert_eq!(read("12"), None);
    }
}
