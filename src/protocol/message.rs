//! One line of the input as a message, borrowed from the line.
//!
//! The line's JSON is checked whole, but only the envelope is taken apart: a record's data stays the text that the
//! source sent. Nothing here copies, unless a stream's name has escapes in it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::members::{Key, Members, Raw, members, text};

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
            Some(namespace) => write!(formatter, "{namespace}.{}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

/// A row of a stream.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    /// The stream that it belongs to.
    pub(crate) stream: StreamName<'a>,
    /// The row: the text of a JSON object, without surrounding white space.
    pub(crate) data: &'a RawValue,
    /// When the source emitted it, in milliseconds since 1970; `None` when missing or not a number.
    pub(crate) emitted_at: Option<i64>,
    /// What the source says that it changed in the row: the text of a JSON array.
    pub(crate) changes: Option<&'a RawValue>,
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
    let envelope = Envelope::read(message)?;
    match envelope.kind.and_then(text).as_deref() {
        Some("RECORD") => record(envelope.record).map(Line::Record),
        Some("STATE") => state(message, envelope.state).map(Line::State),
        Some("TRACE") => Ok(stream_status(envelope.trace).map_or(Line::Other, Line::StreamStatus)),
        Some(_) => Ok(Line::Other),
        None if envelope.record.is_some() || envelope.state.is_some() => Err(BadLine::NoType),
        None => Ok(Line::Other),
    }
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
    let Some(data) = data.filter(|data| data.get().starts_with('{')) else {
        return Err(BadLine::DataNotAnObject { stream: stream.into_owned() });
    };
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

fn changes(meta: &RawValue) -> Option<&RawValue> {
    let [changes] = members(meta.get(), &["changes"]).ok()?;
    changes.filter(|changes| changes.get().starts_with('['))
}

fn milliseconds(raw: &RawValue) -> Option<i64> {
    let number = raw.get();
    if let Ok(milliseconds) = number.parse() {
        return Some(milliseconds);
    }
    let milliseconds = number.parse::<f64>().ok().filter(|milliseconds| milliseconds.abs() < 9.2e18)?;
    #[allow(clippy::cast_possible_truncation)] // within the range by the line above; parts of a millisecond go
    Some(milliseconds as i64)
}

#[cfg(test)]
mod tests {
    use super::{BadLine, Line, Record, StateScope, Status, StreamName, classify, repair_utf8};

    fn record(line: &str) -> Record<'_> {
        match classify(line.as_bytes()) {
            Ok(Line::Record(record)) => record,
            other => panic!("{line} is {other:?}"),
        }
    }

    fn scope(line: &str) -> StateScope<'_> {
        match classify(line.as_bytes()) {
            Ok(Line::State(state)) => {
                assert_eq!(state.message, line);
                state.scope
            }
            other => panic!("{line} is {other:?}"),
        }
    }

    fn bad(line: &str) -> BadLine {
        classify(line.as_bytes()).unwrap_err()
    }

    fn stream(name: &'static str, namespace: Option<&'static str>) -> StreamName<'static> {
        StreamName { name: name.into(), namespace: namespace.map(Into::into) }
    }

    #[test]
    fn a_record_keeps_the_text_of_its_data() {
        let record = record(
            r#"{"type":"RECORD","record":{"stream":"a","namespace":"n","data": {"b" : 1.50, "b":"\ud800"} ,"emitted_at":1700000000000,"meta":{"changes":[1]}}}"#,
        );
        assert_eq!(record.stream, stream("a", Some("n")));
        assert_eq!(record.data.get(), r#"{"b" : 1.50, "b":"\ud800"}"#);
        assert_eq!(record.emitted_at, Some(1_700_000_000_000));
        assert_eq!(record.changes.map(serde_json::value::RawValue::get), Some("[1]"));
    }

    #[test]
    fn every_optional_key_of_a_record_may_be_null_or_missing() {
        for line in [
            r#"{"type":"RECORD","record":{"stream":"a","data":{}}}"#,
            r#"{"type":"RECORD","record":{"stream":"a","namespace":null,"data":{},"emitted_at":null,"meta":null},"state":null,"trace":null,"log":null}"#,
            r#"{"type":"RECORD","record":{"stream":"a","namespace":"","data":{},"emitted_at":"noon","meta":{"changes":null}}}"#,
            r#"{"type":"RECORD","record":{"stream":"a","namespace":7,"data":{},"emitted_at":1e300,"meta":{"changes":{}}}}"#,
            r#"{"type":"RECORD","record":{"stream":"a","data":{},"meta":8}}"#,
        ] {
            let record = record(line);
            assert_eq!(record.stream, stream("a", None));
            assert_eq!(record.emitted_at, None);
            assert!(record.changes.is_none());
        }
    }

    #[test]
    fn the_type_may_come_last_and_of_duplicate_keys_the_last_wins() {
        let record = record(
            r#"{"record":{"stream":"x","data":{"v":1},"stream":"a","data":{"v":2}},"type":"LOG","type":"RECORD"}"#,
        );
        assert_eq!(record.stream, stream("a", None));
        assert_eq!(record.data.get(), r#"{"v":2}"#);
    }

    #[test]
    fn emitted_at_is_any_json_number_of_milliseconds() {
        for (number, milliseconds) in [("1.7e12", 1_700_000_000_000), ("1700.9", 1700), ("-5", -5), ("0", 0)] {
            let line = format!(r#"{{"type":"RECORD","record":{{"stream":"a","data":{{}},"emitted_at":{number}}}}}"#);
            assert_eq!(record(&line).emitted_at, Some(milliseconds), "{number}");
        }
    }

    #[test]
    fn a_stream_name_is_read_with_its_escapes() {
        assert_eq!(
            record(r#"{"type":"RECORD","record":{"stream":"caf\u00e9 \ud800","data":{}}}"#).stream,
            stream("café \u{FFFD}", None)
        );
    }

    #[test]
    fn a_state_covers_its_stream_or_all() {
        assert_eq!(
            scope(
                r#"{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"a","namespace":"n"},"stream_state":{}},"id":4}}"#
            ),
            StateScope::Stream(stream("a", Some("n")))
        );
        for line in [
            r#"{"type":"STATE","state":{"type":"GLOBAL","global":{"stream_states":[]}}}"#,
            r#"{"type":"STATE","state":{"type":"LEGACY","data":{}}}"#,
            r#"{"type":"STATE","state":{"type":null,"data":{}}}"#,
            r#"{"type":"STATE","state":{}}"#,
            r#"{"type":"STATE","state":{"type":"STREAM"}}"#,
        ] {
            assert_eq!(scope(line), StateScope::All, "{line}");
        }
    }

    #[test]
    fn a_stream_status_is_told_from_other_traces() {
        let line = r#"{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1,"stream_status":{"stream_descriptor":{"name":"a","namespace":null},"status":"COMPLETE"}}}"#;
        let Ok(Line::StreamStatus(status)) = classify(line.as_bytes()) else { panic!("not a stream status") };
        assert_eq!((status.stream, status.status), (stream("a", None), Status::Complete));
        for line in [
            r#"{"type":"TRACE","trace":{"type":"ESTIMATE","estimate":{"name":"a"}}}"#,
            r#"{"type":"TRACE","trace":{"type":"STREAM_STATUS","stream_status":{"stream_descriptor":{"name":"a"},"status":"PAUSED"}}}"#,
            r#"{"type":"TRACE","trace":17}"#,
            r#"{"type":"TRACE"}"#,
        ] {
            assert!(matches!(classify(line.as_bytes()), Ok(Line::Other)), "{line}");
        }
    }

    #[test]
    fn messages_of_other_types_are_never_an_error() {
        for line in [
            r#"{"type":"LOG","log":{"level":"INFO","message":"hello"}}"#,
            r#"{"type":"CONTROL","control":{}}"#,
            r#"{"type":"FUTURE","record":5,"state":[]}"#,
            r#"{"level":"info","message":"a line of a logger"}"#,
            "{}",
        ] {
            assert!(matches!(classify(line.as_bytes()), Ok(Line::Other)), "{line}");
        }
    }

    #[test]
    fn a_bad_line_says_why() {
        assert_eq!(bad("INFO starting"), BadLine::NotJson { byte: 1 });
        assert_eq!(bad(r#"{"type":"LOG""#), BadLine::NotJson { byte: 13 });
        assert_eq!(bad(r#"{"type":"LOG"} {}"#), BadLine::NotJson { byte: 16 });
        assert_eq!(bad(r#"{"record":5,"#), BadLine::NotJson { byte: 12 });
        for line in ["[]", "12", "null", r#""text""#, "true"] {
            assert_eq!(bad(line), BadLine::NotAnObject, "{line}");
        }
        assert_eq!(bad(r#"{"record":{"stream":"a","data":{}}}"#), BadLine::NoType);
        for line in [
            r#"{"type":"RECORD"}"#,
            r#"{"type":"RECORD","record":null}"#,
            r#"{"type":"RECORD","record":5}"#,
            r#"{"type":"RECORD","record":{"data":{}}}"#,
            r#"{"type":"RECORD","record":{"stream":5,"data":{}}}"#,
        ] {
            assert_eq!(bad(line), BadLine::NoStream, "{line}");
        }
        for line in [
            r#"{"type":"RECORD","record":{"stream":"a"}}"#,
            r#"{"type":"RECORD","record":{"stream":"a","data":null}}"#,
            r#"{"type":"RECORD","record":{"stream":"a","data":[1]}}"#,
            r#"{"type":"RECORD","record":{"stream":"a","data":"{}"}}"#,
        ] {
            assert_eq!(bad(line), BadLine::DataNotAnObject { stream: stream("a", None) }, "{line}");
        }
        assert_eq!(bad(r#"{"type":"STATE","state":null}"#), BadLine::NoState);
        assert_eq!(bad(r#"{"type":"STATE","state":[]}"#), BadLine::NoState);
    }

    #[test]
    fn nesting_of_any_depth_is_read_without_recursion() {
        let depth = 200_000;
        let line = format!(
            r#"{{"type":"RECORD","record":{{"stream":"a","data":{{"v":{}{}}}}}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        );
        assert_eq!(record(&line).data.get().len(), 2 * depth + 6);
    }

    #[test]
    fn bytes_that_are_not_utf8_become_lone_surrogates() {
        let line = b"{\"type\":\"RECORD\",\"record\":{\"stream\":\"a\",\"data\":{\"v\":\"\xff\xe2\x82 \xc3\"}}}";
        assert!(matches!(classify(line), Err(BadLine::NotUtf8)));
        let repaired = repair_utf8(line);
        let Ok(Line::Record(record)) = classify(&repaired) else { panic!("not repaired") };
        assert_eq!(record.data.get(), r#"{"v":"\ud800\ud800 \ud800"}"#);
    }

    #[test]
    fn a_repair_never_forms_a_pair() {
        assert_eq!(repair_utf8(b"\"\xff\\udc00\""), "\"\u{FFFD}\\udc00\"".as_bytes());
        assert_eq!(repair_utf8(b"\"\\ud83d\xff\""), br#""\ud83d\ud800""#);
    }
}
