//! Arrays of scalars: joined as CSV, kept as JSON, taken apart for lists.
//!
//! A lone scalar is an array of one, an object the wrong form.

use std::borrow::Cow;

use memchr::{memchr, memchr3};

use super::text::{self, json_text, string_text};
use super::{Cast, Change, Value, WRONG_FORM};
use crate::limits::Limits;
use crate::walk::{self, Elements, JsonType};

/// The elements of a value for an array column; `None` where the column is NULL, with the change if it was nulled.
#[inline]
#[must_use]
pub fn elements_of(json: &str) -> (Option<Elements<'_>>, Option<Change>) {
    match walk::kind_of(json) {
        JsonType::Array => (Some(walk::elements(json)), None),
        JsonType::Object => (None, Some(Change::WrongForm)),
        JsonType::Null => (None, None),
        _ => (Some(walk::lone(json)), None),
    }
}

/// Casts to a [`CsvArray`](crate::kind::ColumnKind::CsvArray) column, in `scratch`: the elements joined with commas.
///
/// Law: one RFC 4180 parse of the text gives the elements back; only `[]` and `[null]` share the empty text. Null is an empty
/// field, the empty string `""`; strings are their own text, all other values their JSON text as sent.
#[must_use]
pub fn csv<'a>(json: &str, limits: &Limits, scratch: &'a mut String) -> Cast<'a> {
    let (elements, mut change) = elements_of(json);
    let Some(elements) = elements else { return (Value::Null, change) };
    scratch.clear();
    for (position, element) in elements.enumerate() {
        if position > 0 {
            scratch.push(',');
        }
        if let Some(inner) = walk::string_inner(element) {
            let (field, lost) = string_text(inner, limits);
            push_field(scratch, &field);
            change = change.or(lost);
        } else if element != "null" {
            push_field(scratch, element);
        }
    }
    text::within_length(Cow::Borrowed(scratch), change, limits)
}

/// Casts to a [`JsonArray`](crate::kind::ColumnKind::JsonArray) column: the array's text as in a Json column.
#[must_use]
pub fn json_array<'a>(json: &'a str, limits: &Limits) -> Cast<'a> {
    match walk::kind_of(json) {
        JsonType::Array | JsonType::Null => json_text(json, limits),
        JsonType::Object => WRONG_FORM,
        _ => match json_text(json, limits) {
            (Value::Text(element), change) => text::within_length(Cow::Owned(format!("[{element}]")), change, limits),
            nulled => nulled,
        },
    }
}

fn push_field(out: &mut String, field: &str) {
    if !needs_quotes(field.as_bytes()) {
        out.push_str(field);
        return;
    }
    out.push('"');
    let mut rest = field;
    while let Some((before, after)) = memchr(b'"', rest.as_bytes()).and_then(|at| rest.split_at_checked(at + 1)) {
        out.push_str(before);
        out.push('"');
        rest = after;
    }
    out.push_str(rest);
    out.push('"');
}

fn needs_quotes(field: &[u8]) -> bool {
    let is_blank = |byte: Option<&u8>| matches!(byte, None | Some(b' ' | b'\t'));
    is_blank(field.first())
        || is_blank(field.last())
        || memchr3(b',', b'"', b'\n', field).is_some()
        || memchr(b'\r', field).is_some()
}
