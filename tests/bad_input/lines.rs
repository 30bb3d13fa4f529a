//! Lines that can't be used, and input that ends or goes silent where it should not.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Command;

use serde_json::json;

use crate::landing::{Destination, Run, catalog, line, record, records, state, state_number, status};
use crate::support::{TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    a_line_that_cannot_be_used_ends_the_sync_by_its_number_and_nothing_after_it_counts,
    a_replacement_with_a_bad_line_leaves_the_old_rows,
    a_stream_that_is_not_completed_holds_back_only_itself,
    a_signal_finishes_what_is_running_and_ends_with_an_error,
    without_a_reader_of_its_messages_the_sync_ends_with_an_error_and_keeps_what_landed,
}

const UNUSABLE: [(&str, &str); 8] = [
    ("{\"type\": \"RECORD\", nonsense", "line 3 of the input is not JSON (byte 20)"),
    ("[1, 2]", "line 3 of the input is JSON but not an object"),
    ("42", "line 3 of the input is JSON but not an object"),
    (
        r#"{"type": "RECORD", "record": {"stream": "x", "data": {}, "emitted_at": 0}}"#,
        "line 3 of the input is a RECORD of stream `x`, which the catalog does not have",
    ),
    (
        r#"{"type": "RECORD", "record": {"stream": "s", "namespace": "n", "data": {}, "emitted_at": 0}}"#,
        "line 3 of the input is a RECORD of stream `n.s`, which the catalog does not have",
    ),
    (
        r#"{"type": "RECORD", "record": {"stream": "s", "data": [1], "emitted_at": 0}}"#,
        "line 3 of the input is a RECORD of stream `s` whose data is not an object",
    ),
    (
        r#"{"type": "RECORD", "record": {"stream": "s", "emitted_at": 0}}"#,
        "line 3 of the input is a RECORD of stream `s` whose data is not an object",
    ),
    (r#"{"type": "STATE"}"#, "line 3 of the input is a STATE without a state object"),
];

fn a_line_that_cannot_be_used_ends_the_sync_by_its_number_and_nothing_after_it_counts<W: TestWarehouse>() {
    for (bad, message) in UNUSABLE {
        let destination = Destination::of::<W>(&json!({}));
        let input = record("s", 1) + &state(1) + bad + "\n" + &record("s", 2) + &state(2);
        let run = destination.write(&catalog(&[("s", "append")]), &input);
        assert_eq!(run.error(), ("system_error", message));
        assert_eq!(run.states(), [1]);
        assert_eq!(destination.raw_ids("s"), [1]);
        assert_eq!(destination.typed_ids("s"), [1]);
    }
}

#[test]
fn the_error_names_the_stream_where_the_line_does() {
    let destination = Destination::new();
    let bad = line(&json!({"type": "RECORD", "record": {"stream": "s", "data": "hunter2", "emitted_at": 0}}));
    let run = destination.write(&catalog(&[("s", "append")]), &bad);
    let error = run.messages.iter().find(|message| message["type"] == "TRACE").unwrap();
    assert_eq!(error["trace"]["error"]["stream_descriptor"], json!({"name": "s"}));
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

fn a_replacement_with_a_bad_line_leaves_the_old_rows<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&json!({}));
    let catalog = catalog(&[("s", "overwrite")]);
    destination.write(&catalog, &record("s", 1)).succeeded();
    let run = destination.write(&catalog, &(record("s", 2) + "nonsense\n"));
    assert_eq!(run.error(), ("system_error", "line 2 of the input is not JSON (byte 2)"));
    assert_eq!(destination.typed_ids("s"), [1]);
}

#[test]
fn skipped_lines_are_counted_and_everything_else_lands() {
    let destination = Destination::with(&json!({"loading": {"on_bad_input": "skip"}}));
    let bad = UNUSABLE.map(|(bad, _)| format!("{bad}\n")).concat();
    let input = record("s", 1) + &bad + &state(1) + &record("s", 2) + &state(2);
    let run = destination.write(&catalog(&[("s", "append")]), &input).succeeded();
    assert_eq!(destination.typed_ids("s"), [1, 2]);
    let stats: Vec<_> = run.messages.iter().filter(|message| message["type"] == "STATE").collect();
    // those that name a stream of the catalog
    assert_eq!(stats[0]["state"]["destinationStats"], json!({"recordCount": 1.0, "rejectedRecordCount": 2.0}));
    assert_eq!(stats[1]["state"]["destinationStats"], json!({"recordCount": 1.0}));
    let warned = |run: &Run| run.messages.iter().filter(|message| message["log"]["level"] == "WARN").count();
    assert!(warned(&run) >= UNUSABLE.len(), "{:?}", run.messages);
}

#[test]
fn a_record_over_the_bound_is_bad_input() {
    let long = line(&json!({"type": "RECORD", "record": {"stream": "s", "data": {"id": 2, "x": "x".repeat(2_000)}}}));
    let input = record("s", 1) + &state(1) + &long + &record("s", 3) + &state(3);
    let catalog = catalog(&[("s", "append")]);

    let destination = Destination::with(&json!({"loading": {"max_record_bytes": 1_024}}));
    let run = destination.write(&catalog, &input);
    let message = "line 3 of the input is longer than the 1024 bytes that `loading` allows";
    assert_eq!(run.error(), ("system_error", message));
    assert_eq!((run.states(), destination.typed_ids("s")), (vec![1], vec![1]));

    let skipping = Destination::with(&json!({"loading": {"max_record_bytes": 1_024, "on_bad_input": "skip"}}));
    let run = skipping.write(&catalog, &input).succeeded();
    assert_eq!((run.states(), skipping.typed_ids("s")), (vec![1, 3], vec![1, 3]));
}

#[test]
fn input_that_ends_in_the_middle_of_a_line_is_told_as_that() {
    let destination = Destination::new();
    let whole = record("s", 1) + &state(1) + &record("s", 2) + &state(2);
    let run = destination.write(&catalog(&[("s", "append")]), &whole[..whole.len() - 20]);
    let message = "line 4 of the input is cut off: the input ended in the middle of it";
    assert_eq!(run.error(), ("system_error", message));
    assert_eq!(run.states(), [1]);
    assert_eq!(destination.typed_ids("s"), [1, 2]);
}

#[test]
fn a_last_line_that_lacks_only_its_end_counts() {
    let destination = Destination::new();
    let whole = record("s", 1) + &state(1);
    let run = destination.write(&catalog(&[("s", "append")]), whole.trim_end()).succeeded();
    assert_eq!((run.states(), destination.typed_ids("s")), (vec![1], vec![1]));
}

#[test]
fn lines_of_no_concern_and_explicit_nulls_change_nothing() {
    let destination = Destination::new();
    let input = concat!(
        "\n \t\r\n",
        r#"{"type":"LOG","log":{"level":"INFO","message":"hello"}}"#,
        "\n",
        r#"{"type":"CONTROL","control":{}}"#,
        "\n",
        r#"{"type":"SOMETHING_NEW","payload":[null]}"#,
        "\n",
        r#"{"type":"TRACE","trace":{"type":"ESTIMATE","estimate":{"name":"s","type":"STREAM"}}}"#,
        "\n{}\n",
        r#"{"type":"RECORD","log":null,"state":null,"record":{"stream":"s","namespace":null,"emitted_at":null,"meta":null,"data":{"id":1}}}"#,
        "\r\n",
    );
    destination.write(&catalog(&[("s", "append")]), input).succeeded();
    assert_eq!(destination.typed_ids("s"), [1]);
}

fn a_stream_that_is_not_completed_holds_back_only_itself<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&json!({}));
    let catalog = catalog(&[("a", "overwrite"), ("b", "overwrite"), ("c", "overwrite")]);
    destination.write(&catalog, &["a", "b", "c"].map(|stream| record(stream, 1)).concat()).succeeded();
    let input = ["a", "b", "c"].map(|stream| record(stream, 2)).concat()
        + &state(1)
        + &status("b", "COMPLETE")
        + &status("c", "INCOMPLETE");
    let run = destination.write(&catalog, &input);
    let message = "the source ended without completing these streams: `a`, `c`; all others are finished";
    assert_eq!(run.error(), ("system_error", message));
    assert_eq!(run.states(), [1]);
    assert_eq!(["a", "b", "c"].map(|stream| destination.typed_ids(stream)), [[1], [2], [1]]);
}

fn a_signal_finishes_what_is_running_and_ends_with_an_error<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&json!({}));
    let mut child = destination.command(&catalog(&[("s", "append")])).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The input goes silent, and stays open.
    stdin.write_all((records("s", 0..1_000) + &state(1_000) + &records("s", 1_000..1_200)).as_bytes()).unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut acknowledged = String::new();
    while !acknowledged.contains("STATE") {
        acknowledged.clear();
        assert_ne!(stdout.read_line(&mut acknowledged).unwrap(), 0, "ended before the signal");
    }
    stdin.write_all((records("s", 1_200..1_300) + &state(1_300)).as_bytes()).unwrap();
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{rest}");
    drop(stdin);

    let messages: Vec<serde_json::Value> = rest.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let error = messages.iter().find(|message| message["type"] == "TRACE").unwrap();
    assert_eq!(error["trace"]["error"]["failure_type"], "transient_error");
    assert_eq!(error["trace"]["error"]["message"], "stopped by a signal; what is acknowledged is durable");
    let last = messages.iter().filter_map(state_number).next_back().unwrap_or(1_000);
    let landed = destination.raw_ids("s");
    assert!(landed.len() >= usize::try_from(last).unwrap(), "{} of {last}", landed.len());
    assert_eq!(landed, (0..).take(landed.len()).collect::<Vec<_>>());
    assert_eq!(destination.typed_ids("s"), landed);
}

fn without_a_reader_of_its_messages_the_sync_ends_with_an_error_and_keeps_what_landed<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&json!({}));
    let mut child = destination.command(&catalog(&[("s", "append")])).spawn().unwrap();
    drop(child.stdout.take());
    let _ = child.stdin.take().unwrap().write_all((records("s", 0..100) + &state(100)).as_bytes());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.starts_with("error: "), "{told}");
    let landed = destination.raw_ids("s");
    assert!(landed == [0; 0] || landed == (0..100).collect::<Vec<_>>(), "{landed:?}");
    assert_eq!(destination.typed_ids("s"), landed);
}
