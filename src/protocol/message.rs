//! One line of the input as a message, borrowed from the line.
//!
//! The line's JSON is checked whole, but only the envelope is taken apart: a record's data stays the text that the
//! source sent. Nothing here copies, unless a stream's name has escapes in it.

use std::borrow::Cow;
use std::fmt;

use alluvium_normalization::names::told;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::members::{Key, Members, Raw, members, text};
use super::usual;

/// What a line says.
#[derive(Debug)]
pub(crate) enum Line<'a> {
    /// A row of a stream.
    Record(Record<'a>),
    /// A checkpoint of the source.
    State(State<'a>),
    /// How far the source is with a stream.
    StreamStatus(StreamStatus<'a>),
    /// Anything else: logs, other traces, control messages, types of a later protocol. Never an error.
    Other,
}

/// A stream as messages name it. An empty namespace is an absent one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct StreamName<'a> {
    /// The stream's name.
    pub(crate) name: Cow<'a, str>,
    /// The stream's namespace.
    pub(crate) namespace: Option<Cow<'a, str>>,
}

impl StreamName<'_> {
    /// The same name, independent of the line.
    pub(crate) fn into_owned(self) -> StreamName<'static> {
        StreamName {
            name: Cow::Owned(self.name.into_owned()),
            namespace: self.namespace.map(|namespace| Cow::Owned(namespace.into_owned())),
        }
    }
}

impl fmt::Display for StreamName<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(formatter, "{}.{}", told(namespace), told(&self.name)),
            None => formatter.write_str(&told(&self.name)),
        }
    }
}

/// A row of a stream.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    /// The stream that it belongs to.
    pub(crate) stream: StreamName<'a>,
    /// The row: the text of a JSON object, without surrounding white space.
    pub(crate) data: &'a str,
    /// When the source emitted it, in milliseconds since 1970; `None` when missing or not a number.
    pub(crate) emitted_at: Option<i64>,
    /// What the source says that it changed in the row: the text of a JSON array.
    pub(crate) changes: Option<&'a str>,
}

/// A checkpoint of the source.
#[derive(Debug)]
pub(crate) struct State<'a> {
    /// The whole message as it came, to be echoed.
    pub(crate) message: &'a str,
    /// The records that the checkpoint covers.
    pub(crate) scope: StateScope<'a>,
}

/// The records that a checkpoint covers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StateScope<'a> {
    /// Those of one stream.
    Stream(StreamName<'a>),
    /// Those of all streams: GLOBAL and LEGACY states, those without a type, and whatever can't be told.
    All,
}

/// How far the source is with a stream.
#[derive(Debug)]
pub(crate) struct StreamStatus<'a> {
    /// The stream.
    pub(crate) stream: StreamName<'a>,
    /// What is said of it.
    pub(crate) status: Status,
}

/// The states in which a stream can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// No record yet.
    Started,
    /// Records come.
    Running,
    /// Every record has come.
    Complete,
    /// The source gave up on the stream.
    Incomplete,
}

/// Why a line can't be used. Says nothing of its content but the stream's name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadLine {
    /// Its bytes are no text; [`repair_utf8`] makes it one.
    #[error("is not UTF-8")]
    NotUtf8,
    /// It does not follow the JSON grammar; `byte` is where that shows, counted from 1.
    #[error("is not JSON (byte {byte})")]
    NotJson {
        /// Where the grammar is broken.
        byte: usize,
    },
    /// It is JSON, but not an object.
    #[error("is JSON but not an object")]
    NotAnObject,
    /// It has a record or a state and no `type` that says which: passing it over could lose data.
    #[error("is a message without a type")]
    NoType,
    /// A RECORD without the name of its stream.
    #[error("is a RECORD that names no stream")]
    NoStream,
    /// A RECORD without data, or with data that is not an object.
    #[error("is a RECORD of stream `{stream}` whose data is not an object")]
    DataNotAnObject {
        /// The stream that it names.
        stream: StreamName<'static>,
    },
    /// A STATE without the object that it is about.
    #[error("is a STATE without a state object")]
    NoState,
}

/// Reads one line, given without its line end.
pub(crate) fn classify(line: &[u8]) -> Result<Line<'_>, BadLine> {
    let message = std::str::from_utf8(line).map_err(|_| BadLine::NotUtf8)?;
    if let Some(record) = usual::record(message) {
        return Ok(Line::Record(record));
    }
    classify_any(message)
}

/// Reads one line whatever its form.
fn classify_any(message: &str) -> Result<Line<'_>, BadLine> {
    let envelope = Envelope::read(message)?;
    match envelope.kind.and_then(text).as_deref() {
        Some("RECORD") => record(envelope.record).map(Line::Record),
        Some("STATE") => state(message, envelope.state).map(Line::State),
        Some("TRACE") => Ok(stream_status(envelope.trace).map_or(Line::Other, Line::StreamStatus)),
        None if envelope.record.is_some() || envelope.state.is_some() => Err(BadLine::NoType),
        _ => Ok(Line::Other),
    }
}

/// Reads one line that is a record by itself, without a message around it: a JSON object.
pub(crate) fn bare_record(line: &[u8]) -> Result<&RawValue, BadLine> {
    let text = std::str::from_utf8(line).map_err(|_| BadLine::NotUtf8)?;
    let data: &RawValue = serde_json::from_str(text).map_err(|error| BadLine::NotJson { byte: error.column() })?;
    if data.get().starts_with('{') { Ok(data) } else { Err(BadLine::NotAnObject) }
}

/// Whether a record by itself is a message of the protocol: it has a type, and the member that goes with it.
pub(crate) fn is_message(record: &RawValue) -> bool {
    const TYPES: [(&str, &str); 9] = [
        ("RECORD", "record"),
        ("STATE", "state"),
        ("LOG", "log"),
        ("TRACE", "trace"),
        ("CONTROL", "control"),
        ("CATALOG", "catalog"),
        ("SPEC", "spec"),
        ("CONNECTION_STATUS", "connectionStatus"),
        ("DESTINATION_CATALOG", "destinationCatalog"),
    ];
    let Ok([Some(kind)]) = members(record.get(), &["type"]) else { return false };
    let Some(kind) = text(kind) else { return false };
    let named = TYPES.iter().find(|(name, _)| *name == kind);
    named.is_some_and(
        |(_, body)| matches!(members(record.get(), &[body]), Ok([Some(body)]) if body.get().starts_with('{')),
    )
}

/// Makes text of a line that is not UTF-8: every invalid sequence becomes the escape of a lone surrogate.
///
/// What follows then has one rule for all that is not Unicode, however it was written. Where that escape would form a
/// pair with the one after it, U+FFFD itself is written: the lone half that stays behind is treated by the same rule.
pub(crate) fn repair_utf8(line: &[u8]) -> Vec<u8> {
    let mut repaired = Vec::with_capacity(line.len() + 16);
    let mut chunks = line.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        repaired.extend_from_slice(chunk.valid().as_bytes());
        if chunk.invalid().is_empty() {
            continue;
        }
        let pairs = chunks.peek().is_some_and(|next| starts_with_low_surrogate(next.valid().as_bytes()));
        repaired.extend_from_slice(if pairs { "\u{FFFD}".as_bytes() } else { br"\ud800" });
    }
    repaired
}

fn starts_with_low_surrogate(text: &[u8]) -> bool {
    matches!(text, [b'\\', b'u', b'd' | b'D', b'c'..=b'f' | b'C'..=b'F', ..])
}

const RECORD: [&str; 5] = ["stream", "namespace", "data", "emitted_at", "meta"];

/// The members of a message that matter, none of them understood yet.
struct Envelope<'a> {
    kind: Option<&'a RawValue>,
    record: Option<Raw<'a, 5>>,
    state: Option<&'a RawValue>,
    trace: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    fn read(message: &'a str) -> Result<Self, BadLine> {
        let mut deserializer = serde_json::Deserializer::from_str(message);
        let read = deserializer.deserialize_map(EnvelopeVisitor).and_then(|envelope| {
            deserializer.end()?;
            Ok(envelope)
        });
        read.or_else(|error| Self::read_again(message, &error))
    }

    /// The slow path: finds the reason why a line could not be read at once, which may be no reason to refuse it (a
    /// `record` that is a number matters only in a RECORD).
    fn read_again(message: &'a str, error: &serde_json::Error) -> Result<Self, BadLine> {
        if !error.is_data() {
            return Err(BadLine::NotJson { byte: error.column() });
        }
        serde_json::from_str::<IgnoredAny>(message).map_err(|error| BadLine::NotJson { byte: error.column() })?;
        let [kind, record, state, trace] =
            members(message, &["type", "record", "state", "trace"]).map_err(|_| BadLine::NotAnObject)?;
        let record = record.map(|raw| members(raw.get(), &RECORD).unwrap_or([None; 5]));
        Ok(Self { kind, record, state, trace })
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut envelope = Envelope { kind: None, record: None, state: None, trace: None };
        while let Some(key) = map.next_key_seed(Key(&["type", "record", "state", "trace"]))? {
            match key {
                Some(0) => envelope.kind = map.next_value()?,
                Some(1) => envelope.record = map.next_value_seed(Members(&RECORD))?,
                Some(2) => envelope.state = map.next_value()?,
                Some(3) => envelope.trace = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(envelope)
    }
}

fn record(members: Option<Raw<'_, 5>>) -> Result<Record<'_>, BadLine> {
    let [name, namespace, data, emitted_at, meta] = members.unwrap_or_default();
    let stream = stream_name(name, namespace).ok_or(BadLine::NoStream)?;
    let Some(data) = data.map(RawValue::get).filter(|data| data.starts_with('{')) else {
        return Err(BadLine::DataNotAnObject { stream: stream.into_owned() });
    };
    let [emitted_at, meta] = [emitted_at, meta].map(|member| member.map(RawValue::get));
    Ok(Record { stream, data, emitted_at: emitted_at.and_then(milliseconds), changes: meta.and_then(changes) })
}

fn state<'a>(message: &'a str, state: Option<&'a RawValue>) -> Result<State<'a>, BadLine> {
    let state = state.ok_or(BadLine::NoState)?;
    let [kind, stream] = members(state.get(), &["type", "stream"]).map_err(|_| BadLine::NoState)?;
    let stream = match kind.and_then(text).as_deref() {
        Some("STREAM") => stream.and_then(described_stream),
        _ => None,
    };
    Ok(State { message, scope: stream.map_or(StateScope::All, StateScope::Stream) })
}

fn stream_status(trace: Option<&RawValue>) -> Option<StreamStatus<'_>> {
    let [kind, stream_status] = members(trace?.get(), &["type", "stream_status"]).ok()?;
    if kind.and_then(text).as_deref() != Some("STREAM_STATUS") {
        return None;
    }
    let stream_status = stream_status?;
    let [status] = members(stream_status.get(), &["status"]).ok()?;
    let status = match text(status?)?.as_ref() {
        "STARTED" => Status::Started,
        "RUNNING" => Status::Running,
        "COMPLETE" => Status::Complete,
        "INCOMPLETE" => Status::Incomplete,
        _ => return None,
    };
    Some(StreamStatus { stream: described_stream(stream_status)?, status })
}

/// The stream in the `stream_descriptor` of an object.
fn described_stream(object: &RawValue) -> Option<StreamName<'_>> {
    let [descriptor] = members(object.get(), &["stream_descriptor"]).ok()?;
    let [name, namespace] = members(descriptor?.get(), &["name", "namespace"]).ok()?;
    stream_name(name, namespace)
}

fn stream_name<'a>(name: Option<&'a RawValue>, namespace: Option<&'a RawValue>) -> Option<StreamName<'a>> {
    let namespace = namespace.and_then(text).filter(|namespace| !namespace.is_empty());
    Some(StreamName { name: text(name?)?, namespace })
}

/// What a record's `meta` says was changed: the text of an array.
pub(super) fn changes(meta: &str) -> Option<&str> {
    let [changes] = members(meta, &["changes"]).ok()?;
    changes.map(RawValue::get).filter(|changes| changes.starts_with('['))
}

/// A JSON number as a whole one.
pub(super) fn milliseconds(number: &str) -> Option<i64> {
    if let Ok(milliseconds) = number.parse() {
        return Some(milliseconds);
    }
    let milliseconds = number.parse::<f64>().ok().filter(|milliseconds| milliseconds.abs() < 9.2e18)?;
    #[allow(clippy::cast_possible_truncation)] // within the range by the line above; parts of a millisecond go
    Some(milliseconds as i64)
}

#[cfg(test)]
mod tests;
