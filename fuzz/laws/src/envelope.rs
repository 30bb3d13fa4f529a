//! What one line says: what `serde_json::Value` says, and a STATE's echo differs in nothing but the member that is set.

use alluvium_normalization::cast;
use alluvium_normalization::sql::Dialect;
use alluvium_normalization::sql::duckdb::DuckDb;
use alluvium_normalization::sql::postgres::Postgres;
use alluvium_normalization::walk;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::protocol::message::{BadLine, Line, StateScope, Status, StreamName, classify, repair_utf8};
use crate::protocol::with_stats;

/// As deep as a `Value` can be read.
const DEEPEST: usize = 120;

/// What a line says, in terms that both readings have.
#[derive(Debug, PartialEq)]
enum Said {
    Record { stream: Stream, data: Value, emitted_at: Option<Near>, changes: Option<Value> },
    State(Option<Stream>),
    Status(Stream, String),
    Other,
    NotAnObject,
    NoType,
    NoStream,
    DataNotAnObject(Stream),
    NoState,
}

/// A number as a `Value` has it, whose last digit is not always right.
#[derive(Debug)]
struct Near(f64);

impl PartialEq for Near {
    fn eq(&self, other: &Self) -> bool {
        (self.0 - other.0).abs() <= 1.0 + self.0.abs() * 1e-15
    }
}

type Stream = (String, Option<String>);

pub(crate) fn check(line: &[u8]) {
    let read = classify(line);
    let Ok(text) = std::str::from_utf8(line) else {
        assert_eq!(read.err(), Some(BadLine::NotUtf8));
        let repaired = repair_utf8(line);
        assert!(std::str::from_utf8(&repaired).is_ok());
        return check(&repaired);
    };
    assert_ne!(read.as_ref().err(), Some(&BadLine::NotUtf8));
    let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
    assert_eq!(!matches!(read, Err(BadLine::NotJson { .. })), is_json);
    if let Ok(Line::State(state)) = &read {
        assert_eq!(state.message, text);
        echo(text);
    }
    if is_json && !walk::is_deeper(text, DEEPEST) {
        // a `Value` has no numbers beyond a double and no text that is not Unicode
        if let Ok(value) = serde_json::from_str(text) {
            assert_eq!(said(read), expected(&value));
        }
    }
}

fn said(read: Result<Line<'_>, BadLine>) -> Said {
    let json = |raw: &str| serde_json::from_str(raw).unwrap();
    #[allow(clippy::cast_precision_loss)]
    match read {
        Ok(Line::Record(record)) => {
            assert!(record.data.starts_with('{') && record.data.ends_with('}'));
            record.emitted_at.into_iter().for_each(emitted);
            Said::Record {
                stream: stream(record.stream),
                data: json(record.data),
                emitted_at: record.emitted_at.map(|milliseconds| Near(milliseconds as f64)),
                changes: record.changes.map(json),
            }
        }
        Ok(Line::State(state)) => Said::State(match state.scope {
            StateScope::Stream(name) => Some(stream(name)),
            StateScope::All => None,
        }),
        Ok(Line::StreamStatus(status)) => {
            let word = match status.status {
                Status::Started => "STARTED",
                Status::Running => "RUNNING",
                Status::Complete => "COMPLETE",
                Status::Incomplete => "INCOMPLETE",
            };
            Said::Status(stream(status.stream), word.to_owned())
        }
        Ok(Line::Other) => Said::Other,
        Err(BadLine::NotAnObject) => Said::NotAnObject,
        Err(BadLine::NoType) => Said::NoType,
        Err(BadLine::NoStream) => Said::NoStream,
        Err(BadLine::DataNotAnObject { stream: name }) => Said::DataNotAnObject(stream(name)),
        Err(BadLine::NoState) => Said::NoState,
        Err(BadLine::NotUtf8 | BadLine::NotJson { .. }) => unreachable!(),
    }
}

/// An `emitted_at` is what each warehouse holds as it is, or no moment.
fn emitted(milliseconds: i64) {
    let micros = i128::from(milliseconds) * 1_000;
    let held: [Box<dyn Dialect>; 2] = [Box::new(DuckDb::default()), Box::new(Postgres::default())];
    let is_held = held.iter().all(|dialect| {
        let (first, last) = dialect.limits().timestamps;
        (first..=last).contains(&micros)
    });
    let expected = i64::try_from(micros).ok().filter(|_| is_held);
    assert_eq!(cast::emitted_at(milliseconds), expected);
}

fn stream(name: StreamName<'_>) -> Stream {
    let StreamName { name, namespace } = name.into_owned();
    (name.into_owned(), namespace.map(std::borrow::Cow::into_owned))
}

fn expected(message: &Value) -> Said {
    if !message.is_object() {
        return Said::NotAnObject;
    }
    match message["type"].as_str() {
        Some("RECORD") => record(&message["record"]),
        Some("STATE") => state(&message["state"]),
        Some("TRACE") => status(&message["trace"]).unwrap_or(Said::Other),
        None if !message["record"].is_null() || !message["state"].is_null() => Said::NoType,
        _ => Said::Other,
    }
}

fn name_of(name: &Value, namespace: &Value) -> Option<Stream> {
    let namespace = namespace.as_str().filter(|namespace| !namespace.is_empty());
    Some((name.as_str()?.to_owned(), namespace.map(str::to_owned)))
}

fn described(object: &Value) -> Option<Stream> {
    let descriptor = &object["stream_descriptor"];
    name_of(&descriptor["name"], &descriptor["namespace"])
}

fn record(record: &Value) -> Said {
    let Some(stream) = name_of(&record["stream"], &record["namespace"]) else { return Said::NoStream };
    let data = &record["data"];
    if !data.is_object() {
        return Said::DataNotAnObject(stream);
    }
    #[allow(clippy::cast_precision_loss)]
    let emitted_at = match &record["emitted_at"] {
        Value::Number(number) if number.is_i64() => number.as_i64().map(|milliseconds| Near(milliseconds as f64)),
        number => number.as_f64().filter(|milliseconds| milliseconds.abs() < 9.2e18).map(Near),
    };
    let changes = Some(record["meta"]["changes"].clone()).filter(Value::is_array);
    Said::Record { stream, data: data.clone(), emitted_at, changes }
}

fn state(state: &Value) -> Said {
    if !state.is_object() {
        return Said::NoState;
    }
    Said::State(if state["type"] == "STREAM" { described(&state["stream"]) } else { None })
}

fn status(trace: &Value) -> Option<Said> {
    if trace["type"] != "STREAM_STATUS" {
        return None;
    }
    let status = trace["stream_status"]["status"].as_str()?;
    let is_known = ["STARTED", "RUNNING", "COMPLETE", "INCOMPLETE"].contains(&status);
    is_known.then_some(Said::Status(described(&trace["stream_status"])?, status.to_owned()))
}

/// The echo with the statistics taken out again is the message, byte for byte but for the value that they replaced.
fn echo(text: &str) {
    const STATS: &str = r#"{"recordCount":4711.25}"#;
    if text.contains(STATS) {
        return;
    }
    let echoed = with_stats(text, STATS).unwrap();
    let (before, after) = echoed.split_once(STATS).unwrap();
    let rest = text.strip_suffix(after).unwrap();
    if let Some(old) = rest.strip_prefix(before) {
        serde_json::from_str::<IgnoredAny>(old).unwrap();
    } else {
        let added = before.strip_prefix(rest).unwrap();
        assert!([r#""destinationStats":"#, r#","destinationStats":"#].contains(&added), "{added}");
    }
    if let Ok(mut value) = serde_json::from_str::<Value>(text) {
        value["state"]["destinationStats"] = serde_json::from_str(STATS).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&echoed).unwrap(), value);
    }
}
