//! RECORDs in the form that almost all have, read in one pass.
//!
//! Law: what comes out is what the other way of reading (`message::classify_any`) gives; of whatever is unusual, nothing
//! comes out and the other way decides. Unusual are escapes in a key or a name, duplicate members, and all that is not well.

use std::borrow::Cow;

use super::grammar::{skip_blanks, string_end, value_end};
use super::message::{Record, StreamName, changes, milliseconds};

/// The members of a message that say what it is. Others are passed over.
const TYPE: usize = 0;
const RECORD: usize = 1;

/// Reads a line as a RECORD.
pub(super) fn record(line: &str) -> Option<Record<'_>> {
    let mut members = Members::of(line, skip_blanks(line.as_bytes(), 0))?;
    let (mut kind, mut found) = (None, None);
    while let Next::Member(key) = members.next()? {
        match ["type", "record"].iter().position(|name| *name == key) {
            Some(TYPE) => once(&mut kind, members.value()?)?,
            Some(RECORD) => {
                let (record, end) = body(line, members.at)?;
                once(&mut found, record)?;
                members.at = end;
            }
            _ => drop(members.value()?),
        }
    }
    let is_whole = skip_blanks(line.as_bytes(), members.at) == line.len();
    found.filter(|_| is_whole && kind == Some("\"RECORD\""))
}

/// The record whose object begins at `at`, and where that ends.
fn body(line: &str, at: usize) -> Option<(Record<'_>, usize)> {
    let mut members = Members::of(line, at)?;
    let (mut stream, mut namespace, mut data, mut emitted_at, mut meta) = (None, None, None, None, None);
    while let Next::Member(key) = members.next()? {
        let value = members.value()?;
        match key {
            "stream" => once(&mut stream, value)?,
            "namespace" => once(&mut namespace, value)?,
            "data" => once(&mut data, value)?,
            "emitted_at" => once(&mut emitted_at, value)?,
            "meta" => once(&mut meta, value)?,
            _ => {}
        }
    }
    let namespace = match namespace {
        None | Some("null" | "\"\"") => None,
        Some(namespace) => Some(Cow::Borrowed(plain(namespace)?)),
    };
    let record = Record {
        stream: StreamName { name: Cow::Borrowed(plain(stream?)?), namespace },
        data: data.filter(|data| data.starts_with('{'))?,
        emitted_at: emitted_at.and_then(milliseconds),
        changes: meta.and_then(changes),
    };
    Some((record, members.at))
}

/// Remembers a member that may come once.
fn once<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

/// The text of a JSON string without escapes.
fn plain(json: &str) -> Option<&str> {
    let text = json.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains('\\')).then_some(text)
}

/// The members of an object, one after the other.
struct Members<'a> {
    text: &'a str,
    /// Behind the opening bracket or the last member; in the end, behind the object.
    at: usize,
    is_first: bool,
}

/// What comes next in an object.
enum Next<'a> {
    /// A member of this key; where its value begins is where we are.
    Member(&'a str),
    /// Nothing: we are behind the object.
    End,
}

impl<'a> Members<'a> {
    /// Those of the object that begins at `at`.
    fn of(text: &'a str, at: usize) -> Option<Self> {
        let mut members = Self { text, at, is_first: true };
        members.take(b'{')?;
        Some(members)
    }

    /// What comes next.
    fn next(&mut self) -> Option<Next<'a>> {
        let text = self.text.as_bytes();
        self.at = skip_blanks(text, self.at);
        match (text.get(self.at)?, std::mem::take(&mut self.is_first)) {
            (b'}', _) => {
                self.at += 1;
                return Some(Next::End);
            }
            (b',', false) => self.at = skip_blanks(text, self.at + 1),
            (b'"', true) => {}
            _ => return None,
        }
        let start = self.at;
        self.take(b'"')?;
        self.at = string_end(text, self.at)?;
        let key = plain(self.text.get(start..self.at)?)?;
        self.at = skip_blanks(text, self.at);
        self.take(b':')?;
        self.at = skip_blanks(text, self.at);
        Some(Next::Member(key))
    }

    /// The value that is next.
    fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.at = value_end(self.text.as_bytes(), start)?;
        self.text.get(start..self.at)
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        let found = *self.text.as_bytes().get(self.at)? == byte;
        self.at += 1;
        found.then_some(())
    }
}
