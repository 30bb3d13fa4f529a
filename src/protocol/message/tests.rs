//! Messages as sources send them.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::{BadLine, Line, Record, StateScope, Status, StreamName, classify, classify_any, repair_utf8};
use crate::protocol::usual;

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
    assert_eq!(record.data, r#"{"b" : 1.50, "b":"\ud800"}"#);
    assert_eq!(record.emitted_at, Some(1_700_000_000_000));
    assert_eq!(record.changes, Some("[1]"));
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
    let record =
        record(r#"{"record":{"stream":"x","data":{"v":1},"stream":"a","data":{"v":2}},"type":"LOG","type":"RECORD"}"#);
    assert_eq!(record.stream, stream("a", None));
    assert_eq!(record.data, r#"{"v":2}"#);
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
    assert_eq!(record(&line).data.len(), 2 * depth + 6);
}

#[test]
fn bytes_that_are_not_utf8_become_lone_surrogates() {
    let line = b"{\"type\":\"RECORD\",\"record\":{\"stream\":\"a\",\"data\":{\"v\":\"\xff\xe2\x82 \xc3\"}}}";
    assert!(matches!(classify(line), Err(BadLine::NotUtf8)));
    let repaired = repair_utf8(line);
    let Ok(Line::Record(record)) = classify(&repaired) else { panic!("not repaired") };
    assert_eq!(record.data, r#"{"v":"\ud800\ud800 \ud800"}"#);
}

#[test]
fn a_repair_never_forms_a_pair() {
    assert_eq!(repair_utf8(b"\"\xff\\udc00\""), "\"\u{FFFD}\\udc00\"".as_bytes());
    assert_eq!(repair_utf8(b"\"\\ud83d\xff\""), br#""\ud83d\ud800""#);
}

/// The beginning of an object and pieces that lines are made of, in any order: most are no message, some are.
fn soup() -> impl Strategy<Value = String> {
    const PIECES: [&str; 26] = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        " ",
        "1",
        "-0",
        "1e9",
        "null",
        "true",
        "\"type\":",
        "\"RECORD\"",
        "\"STATE\"",
        "\"record\":{",
        "\"state\":{",
        "\"stream\":\"a\"",
        "\"data\":{",
        "\"\\ud800\"",
        "\"\\u0041\"",
        "\u{e9}",
        "{\"type\":\"RECORD\",\"record\":{\"stream\":\"a\",\"data\":{",
        "}}}",
    ];
    prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..30)
        .prop_map(|pieces| "{".to_owned() + &pieces.concat())
}

/// Records, some of whose parts are not as they usually are.
fn almost_usual() -> impl Strategy<Value = String> {
    const MEMBERS: [&str; 16] = [
        "\"stream\":\"a\"",
        " \"stream\" : \"b\\u0041\"",
        "\"stream\":\"\"",
        "\"stream\":null",
        "\"namespace\":\"n\"",
        "\"namespace\":null",
        "\"namespace\":\"\"",
        "\"data\":{\"x\":[1,{\"y\":\"\\\"}\"}]}",
        "\"data\": {} ",
        "\"data\":[]",
        "\"emitted_at\":1700000000000",
        "\"emitted_at\":1.5e3",
        "\"meta\":{\"changes\":[{}]}",
        "\"meta\":null",
        "\"other\":tru",
        "\"d\\u0061ta\":{}",
    ];
    let around = prop::sample::select(vec!["", " ", ",\"type\":\"STATE\"", ",\"record\":null", ",\"x\":0", "}"]);
    let members = prop::collection::vec(prop::sample::select(MEMBERS.to_vec()), 0..6);
    (members, around)
        .prop_map(|(members, around)| format!("{{\"type\":\"RECORD\",\"record\":{{{}}}{around}}}", members.join(",")))
}

#[test]
fn what_sources_send_is_usual() {
    let line = r#"{"type": "RECORD", "record": {"namespace": null, "stream": "a", "data": {"b": [1, {"c": "\u00e9\n"}], "d": null}, "emitted_at": 1700000000000, "meta": {"changes": []}}}"#;
    let compact = line.replace(": ", ":").replace(", ", ",");
    for line in [line, &compact] {
        let record = usual::record(line).unwrap();
        assert_eq!(
            (record.stream, record.emitted_at, record.changes),
            (stream("a", None), Some(1_700_000_000_000), Some("[]"))
        );
    }
}

proptest! {
    #[test]
    fn a_line_is_json_to_us_where_it_is_to_others(line in soup()) {
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&line).is_ok();
        let read = classify(line.as_bytes());
        prop_assert_eq!(!matches!(read, Err(BadLine::NotJson { .. })), is_json, "{:?}", read);
    }

    #[test]
    fn the_usual_form_is_read_as_any_other(line in prop_oneof![soup(), almost_usual()]) {
        if let Some(record) = usual::record(&line) {
            prop_assert_eq!(format!("{:?}", classify_any(&line)), format!("{:?}", Ok::<_, BadLine>(Line::Record(record))));
        }
    }

    #[test]
    fn a_repair_makes_any_bytes_text(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = classify(&bytes);
        let repaired = repair_utf8(&bytes);
        prop_assert!(!matches!(classify(&repaired), Err(BadLine::NotUtf8)));
    }
}
