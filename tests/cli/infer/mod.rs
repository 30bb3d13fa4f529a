//! `infer`: catalogs from messages and from plain records, and what `write` makes of them.

/// Out of raw tables, whoever wrote them.
mod raw_tables;

use std::collections::BTreeSet;
use std::fs::{read, read_dir};
use std::path::Path;

use serde_json::{Value, json};

use super::{Folder, Run, alluvium};
use crate::support::{Postgres, TestWarehouse as _};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

fn infer(input: impl AsRef<[u8]>, arguments: &[&str]) -> Run {
    alluvium(&[&["infer", "--input", "-"], arguments].concat(), input)
}

/// The catalog on stdout.
fn catalog(input: impl AsRef<[u8]>, arguments: &[&str]) -> Value {
    let run = infer(input, arguments);
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

/// What is told of a run that fails.
fn failure(input: &str, arguments: &[&str]) -> String {
    let run = infer(input, arguments);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    run.stderr.strip_prefix("error: ").unwrap().trim_end().to_owned()
}

fn record(stream: &str, data: &Value) -> String {
    json!({"type": "RECORD", "record": {"stream": stream, "emitted_at": 0, "data": data}}).to_string()
}

/// Each stream's name in a catalog.
fn names(catalog: &Value) -> Vec<&str> {
    catalog["streams"].as_array().unwrap().iter().map(|stream| stream["stream"]["name"].as_str().unwrap()).collect()
}

/// Lands messages with a catalog; the reports of the streams.
fn land(folder: &Folder, config: &Value, catalog: &str, messages: &[u8]) -> Vec<String> {
    let config = folder.file("config.json", &config.to_string());
    let run = alluvium(&["write", "--config", &config, "--catalog", catalog], messages);
    let logs = run.of_type("LOG").into_iter().filter_map(|log| log["log"]["message"].as_str().map(str::to_owned));
    logs.filter(|log| log.starts_with("sync report ")).collect()
}

#[test]
fn the_demo_s_own_records_give_its_tables() {
    let folder = Folder::new();
    let messages = read(format!("{FIXTURES}/demo/messages.jsonl")).unwrap();
    let catalog = folder.path("catalog.json");
    let run = infer(&messages, &["--dedup", "-o", &catalog]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    assert_eq!(
        run.stderr.lines().map(str::trim).collect::<Vec<_>>(),
        [
            r#"INFO stream inferred stream=orders records=12 columns=19 child_tables=4 key="id""#,
            // two versions of a customer
            r#"INFO stream inferred stream=customers records=7 columns=5 child_tables=0 cursor="updated_at""#,
        ]
    );
    let warehouse = Postgres::new(Path::new(""));
    let reports = land(&folder, &warehouse.config("main"), &catalog, &messages);
    let expected = [
        "rows=orders=12,orders_customer=12,orders_customer_address=10,orders_line_items=14,orders_line_items_discounts=6",
        "rows=customers=7",
    ];
    for (report, rows) in reports.iter().zip(expected) {
        assert!(report.contains(&format!(" {rows} nulled=0 truncated=0 undeclared= ")), "{report}");
    }
    assert_eq!(reports.len(), 2);
}

#[test]
fn every_case_lands_by_the_catalog_that_its_records_give() {
    let folder = Folder::new();
    // where numbers are exact
    let warehouse = Postgres::new(Path::new(""));
    let (mut nulled, mut truncated) = (BTreeSet::new(), BTreeSet::new());
    for case in read_dir(FIXTURES).unwrap().map(|entry| entry.unwrap().path()) {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let Ok(messages) = read(case.join("messages.jsonl")) else { continue };
        let catalog = folder.path("catalog.json");
        let run = infer(&messages, &["-o", &catalog]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        let reports = land(&folder, &warehouse.config(&name), &catalog, &messages);
        assert_eq!(reports.len(), run.stderr.lines().filter(|line| line.contains("stream inferred")).count(), "{name}");
        for report in reports {
            assert!(report.contains(" undeclared= "), "{name}: {report}");
            nulled.extend((!report.contains(" nulled=0 ")).then(|| name.clone()));
            truncated.extend((!report.contains(" truncated=0 ")).then(|| name.clone()));
        }
    }
    // numbers that no numeric holds, in JSON; texts with U+0000 and lone surrogates
    assert_eq!(nulled, ["json_oddities"].map(str::to_owned).into());
    assert_eq!(truncated, ["json_oddities", "names", "text"].map(str::to_owned).into());
}

#[test]
fn plain_records_need_the_name_of_their_stream() {
    let records = "\u{feff}{\"id\": 1, \"type\": \"RECORD\"}\r\n\n{\"id\": 2}";
    let schema =
        json!({"type": "object", "properties": {"id": {"type": "integer"}, "type": {"type": ["null", "string"]}}});
    assert_eq!(
        catalog(records, &["--stream", "events"]),
        json!({"streams": [{
            "stream": {
                "name": "events", "json_schema": schema, "supported_sync_modes": ["full_refresh"],
                "source_defined_primary_key": [["id"]],
            },
            "sync_mode": "full_refresh", "destination_sync_mode": "append", "primary_key": [["id"]],
        }]})
    );
    for arguments in [&[][..], &["--stream", "events", "--stream", "others"]] {
        assert!(failure(records, arguments).starts_with("there are no records "), "{arguments:?}");
    }
}

#[test]
fn only_named_streams_are_inferred() {
    let of_namespace = |namespace| {
        let record = json!({"stream": "a", "namespace": namespace, "data": {}});
        json!({"type": "RECORD", "record": record}).to_string()
    };
    let input = [record("b", &json!({})), of_namespace("x"), of_namespace("y"), record("c.d", &json!({}))].join("\n");
    assert_eq!(names(&catalog(&input, &[])), ["b", "a", "a", "c.d"]);
    assert_eq!(names(&catalog(&input, &["--stream", "a"])), ["a", "a"]);
    assert_eq!(names(&catalog(&input, &["--stream", "c.d", "--stream", "b"])), ["b", "c.d"]);
    let one = catalog(&input, &["--stream", "y.a"]);
    assert_eq!((names(&one), &one["streams"][0]["stream"]["namespace"]), (vec!["a"], &json!("y")));
    assert_eq!(
        failure(&input, &["--stream", "b", "--stream", "y.b"]),
        "there is no record of stream `y.b`; the streams are b, x.a, y.a, c.d"
    );
}

#[test]
fn a_sample_is_the_first_records_of_each_stream() {
    let mut lines = Vec::new();
    for number in 0..10 {
        let value = if number < 4 { json!(number) } else { json!("text") };
        lines.extend(["a", "b"].map(|stream| record(stream, &json!({"x": value}))));
    }
    let input = lines.join("\n");
    let types = |sample| {
        let catalog = catalog(&input, &["--sample", sample]);
        [0, 1].map(|index| catalog["streams"][index]["stream"]["json_schema"]["properties"]["x"]["type"].clone())
    };
    assert_eq!(types("4"), [json!("integer"), json!("integer")]);
    assert_eq!(types("5"), [json!("string"), json!("string")]);
    let plain = "{\"x\":1}\n".repeat(4) + "{\"x\":null}\n";
    assert_eq!(
        catalog(&plain, &["--stream", "s", "--sample", "4"])["streams"][0]["stream"]["json_schema"]["properties"]["x"],
        json!({"type": "integer"})
    );
}

#[test]
fn lines_that_can_not_be_used_are_counted_and_named() {
    let lines =
        ["starting", "{\"type\":\"LOG\",\"log\":{}}", &record("a", &json!({"x": 1})), "{\"type\":\"RECORD\"}", "[1]"];
    for arguments in [&[][..], &["--stream", "a"]] {
        let run = infer(lines.join("\n"), arguments);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let told = "records can't be used records=3 first=\"line 1 is not JSON (byte 1), line 4 is a RECORD that names no \
                    stream, line 5 is JSON but not an object\"";
        assert!(run.stderr.contains(told), "{}", run.stderr);
    }
}

#[test]
fn a_line_that_is_not_unicode_is_read_as_write_reads_it() {
    let folder = Folder::new();
    let path = folder.path("records.jsonl");
    std::fs::write(&path, b"{\"x\": \"\xff\"}\n").unwrap();
    let run = alluvium(&["infer", "--input", &path, "--stream", "s"], "");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stderr.contains("can't be used"), "{}", run.stderr);
}

#[test]
fn what_gives_no_catalog_is_an_error() {
    assert_eq!(failure("", &[]), "there are no records to infer a catalog from");
    assert_eq!(
        failure("\nnonsense\n", &["--stream", "a"]),
        "there are no records to infer a catalog from; line 2 is not JSON (byte 2)"
    );
    let run = alluvium(&["infer", "--input", "/nowhere/records.jsonl"], "");
    assert_eq!((run.code, run.stderr.as_str()), (1, "error: there is no input file /nowhere/records.jsonl\n"));
    let run = infer(record("a", &json!({})), &["-o", "/nowhere/catalog.json"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.starts_with("error: the catalog can't be written to /nowhere/catalog.json: "), "{}", run.stderr);
}

#[test]
fn a_file_of_many_blocks_is_read_whole() {
    let folder = Folder::new();
    let number = 20_000;
    let lines =
        (0..number).map(|id| format!("{{\"id\": {id}, \"text\": \"{}\", \"at\": \"2024-01-01\"}}\n", "x".repeat(80)));
    let mut text: String = lines.collect();
    let input = folder.file("records.jsonl", &text);
    let run = alluvium(&["infer", "--input", &input, "--stream", "s"], "");
    assert!(
        run.stderr.contains(&format!(" records={number} ")) && run.stderr.contains(" key=\"id\""),
        "{}",
        run.stderr
    );
    // the last line contradicts the first
    text.push_str("{\"id\": 0, \"at\": \"2024-01-01T00:00:00\"}");
    let input = folder.file("records.jsonl", &text);
    let run = alluvium(&["infer", "--input", &input, "--stream", "s"], "");
    assert!(run.stderr.contains(&format!(" records={} ", number + 1)), "{}", run.stderr);
    assert!(!run.stderr.contains(" key="), "{}", run.stderr);
    let catalog: Value = serde_json::from_str(&run.stdout).unwrap();
    let properties = json!({
        "id": {"type": "integer"}, "text": {"type": ["null", "string"]}, "at": {"type": "string"},
    });
    assert_eq!(catalog["streams"][0]["stream"]["json_schema"]["properties"], properties);
}
