//! What is told apart is bounded.

use serde_json::json;

use super::{infer, land, proposed};
use crate::infer::{MOST_KEYS, MOST_PROPERTIES, Note};
use crate::plan::Options;

/// An object of members `prefix` and a number, each with this value.
fn wide(prefix: &str, numbers: std::ops::Range<usize>, value: &str) -> String {
    let members: Vec<String> = numbers.map(|number| format!("\"{prefix}{number}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

#[test]
fn an_object_that_is_a_map_stays_json_and_a_wide_one_does_not() {
    let sparse: Vec<String> = (0..300).map(|n| format!("{{\"x\":{}}}", wide("k", n..n + 2, "1"))).collect();
    let proposal = proposed(&sparse.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(proposal.schema["properties"]["x"], json!({"type": "object"}));
    assert_eq!(proposal.notes, [Note::Map("x".to_owned(), 301)]);
    let full = format!("{{\"x\":{}}}", wide("k", 0..300, "1"));
    let proposal = proposed(&[&full]);
    assert_eq!(proposal.schema["properties"]["x"]["properties"].as_object().unwrap().len(), 300);
}

#[test]
fn properties_are_bounded_at_every_place() {
    let record = |width| format!("{{\"id\":1,\"x\":[{}]}}", wide("k", 0..width, "1"));
    assert_eq!(proposed(&[&record(MOST_PROPERTIES)]).notes, []);
    let proposal = proposed(&[&record(MOST_PROPERTIES + 1)]);
    assert_eq!(proposal.notes, [Note::TooManyProperties("x[]".to_owned())]);
    let x = json!({"type": "array", "items": {"type": "object"}});
    assert_eq!(proposal.schema["properties"], json!({"id": {"type": "integer"}, "x": x}));

    let root = [wide("k", 0..1_500, "1"), wide("k", 1_000..2_500, "1")];
    let proposal = proposed(&[&root[0], &root[1]]);
    assert_eq!(proposal.notes, [Note::TooManyProperties(String::new())]);
    let mut merged = infer([root[0].as_str()]);
    merged.merge(infer([root[1].as_str()]));
    assert_eq!(merged.propose("orders"), proposal);
}

#[test]
fn places_are_bounded_in_all() {
    let inner = wide("k", 0..100, "1");
    let record = format!("{{\"id\":1,\"x\":{},\"tags\":[1]}}", wide("m", 0..600, &inner));
    let proposal = proposed(&[&record]);
    assert_eq!(proposal.notes, [Note::TooManyPlaces]);
    let properties = json!({"id": {"type": "integer"}, "x": {"type": "object"}, "tags": {"type": "array"}});
    assert_eq!(proposal.schema["properties"], properties);
    let half = |numbers| format!("{{\"id\":2,\"tags\":[2],\"x\":{}}}", wide("m", numbers, &inner));
    let mut merged = infer([half(0..300).as_str()]);
    merged.merge(infer([half(300..600).as_str()]));
    assert_eq!(merged.clone().propose("orders").notes, [Note::TooManyPlaces]);
    merged.record(&record);
    assert_eq!(merged.propose("orders").schema["properties"]["x"], json!({"type": "object"}));
}

#[test]
fn depth_is_bounded_and_the_catalog_can_still_be_read() {
    // as deep as a Postgres server may be given
    let deep = |open: &str, close: &str| format!("{{\"x\":{}1{}}}", open.repeat(990), close.repeat(990));
    for record in [deep("[", "]"), deep("{\"a\":", "}"), deep("[{\"a\":", "}]")] {
        let records = [record];
        let counts = land(&records, &Options::default());
        assert_eq!((counts.nulled, counts.truncated), (0, 0));
    }
}

#[test]
fn no_record_gives_a_stream_without_properties() {
    let proposal = proposed(&[]);
    assert_eq!((proposal.schema, proposal.key), (json!({"type": "object", "properties": {}}), None));
    assert_eq!(proposed(&["{}"]).schema, json!({"type": "object", "properties": {}}));
}

#[test]
fn keys_are_bounded_in_number() {
    let mut inference = infer([]);
    for id in 0..=MOST_KEYS {
        inference.record(&format!("{{\"id\":{id}}}"));
    }
    let proposal = inference.propose("orders");
    assert_eq!((proposal.key, proposal.notes), (None, vec![Note::UnprovenKey("id".to_owned())]));
}
