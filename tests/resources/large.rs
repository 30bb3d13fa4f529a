//! Large inputs in bounded memory. They take long where nothing is optimized.

use serde_json::{Value, json};

use super::peak_of;
use crate::landing::{Destination, catalog, record};
use crate::support::{DuckDb, TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    #[ignore = "large"] a_record_of_two_hundred_megabytes_lands,
    #[ignore = "large"] a_thousand_streams_land,
    #[ignore = "large"] many_children_take_no_more_memory_than_few,
}

fn a_record_of_two_hundred_megabytes_lands<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&json!({}));
    let catalog = json!({"streams": [{
        "stream": {"name": "s", "json_schema": {"properties": {"id": {"type": "integer"}, "text": {"type": "string"}}}},
        "sync_mode": "full_refresh", "destination_sync_mode": "append",
    }]});
    let large = 200_usize << 20;
    let (peak, _) = peak_of(destination.command(&catalog), |stdin| {
        stdin.write_all(br#"{"type":"RECORD","record":{"stream":"s","emitted_at":0,"data":{"id":1,"text":""#).unwrap();
        let piece = vec![b'x'; 1 << 20];
        (0..200).for_each(|_| stdin.write_all(&piece).unwrap());
        stdin.write_all(b"\"}}}\n").unwrap();
    });
    let lengths = destination.query("SELECT length(text) FROM s");
    assert_eq!(lengths, [[Some(large.to_string())]]);
    // the line, its copy, the batch of each of two columns, and what a warehouse makes of them
    assert!(peak < 6 * 200, "{peak} MB");
}

fn a_thousand_streams_land<W: TestWarehouse>() {
    let names: Vec<String> = (0..1_000).map(|number| format!("s{number}")).collect();
    let streams: Vec<_> = names.iter().map(|name| (name.as_str(), "append")).collect();
    let destination = Destination::of::<W>(&json!({}));
    let (peak, _) = peak_of(destination.command(&catalog(&streams)), |stdin| {
        for id in 0..3 {
            let records: String = names.iter().map(|name| record(name, id)).collect();
            stdin.write_all(records.as_bytes()).unwrap();
        }
    });
    // DuckDB fills a block of 256 KB for each of 3,000 tables
    let bound = if W::name() == "duckdb" { 1_300 } else { 220 };
    assert!(peak < bound, "{peak} MB");
    for name in [&names[0], &names[999]] {
        assert_eq!(destination.typed_ids(name), [0, 1, 2]);
    }
}

fn many_children_take_no_more_memory_than_few<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&json!({}));
    let children: Vec<Value> = (0..10_000).map(|owner| json!({"owner": owner})).collect();
    let record = json!({"type": "RECORD", "record": {"stream": "s", "data": {"id": 1, "children": children}}});
    let (line, count) = (format!("{record}\n"), 300_u64);
    let (peak, _) = peak_of(destination.command(&catalog(&[("s", "append")])), |stdin| {
        (0..count).for_each(|_| stdin.write_all(line.as_bytes()).unwrap());
    });
    assert!(peak < 450, "{peak} MB");
    assert_eq!(destination.query("SELECT count(*) FROM s_children"), [[Some((count * 10_000).to_string())]]);
}

#[test]
#[ignore = "large"]
fn five_thousand_columns_land() {
    let name = |number| format!("p{number}");
    let properties: Value = (0..5_000).map(|number| (name(number), json!({"type": "string"}))).collect();
    let data: Value = (0..5_000).map(|number| (name(number), json!("x"))).collect();
    let catalog = json!({"streams": [{
        "stream": {"name": "s", "json_schema": {"properties": properties}},
        "sync_mode": "full_refresh", "destination_sync_mode": "append",
    }]});
    let destination = Destination::of::<DuckDb>(&json!({}));
    let line = json!({"type": "RECORD", "record": {"stream": "s", "data": data, "emitted_at": 0}}).to_string() + "\n";
    let (peak, _) = peak_of(destination.command(&catalog), |stdin| {
        (0..50).for_each(|_| stdin.write_all(line.as_bytes()).unwrap());
    });
    assert!(peak < 350, "{peak} MB");
    assert_eq!(destination.query("SELECT count(p0), count(p4999) FROM s"), [["50", "50"].map(|n| Some(n.to_owned()))]);
}

/// Of each row of a table from which rows are deleted DuckDB keeps who did so, and can't move it out.
#[test]
#[ignore = "large"]
fn updates_all_over_a_large_table_land() {
    const ROWS: i64 = 6_000_000;
    let destination = Destination::of::<DuckDb>(&json!({}));
    let catalog = catalog(&[("s", "append_dedup")]);
    let line = |id: i64, at: i64| {
        format!(
            "{{\"type\":\"RECORD\",\"record\":{{\"stream\":\"s\",\"emitted_at\":1,\"data\":{{\"id\":{id},\"at\":{at}}}}}}}\n"
        )
    };
    let all = (0..ROWS).map(|id| (id, 1)).chain((0..ROWS).step_by(1_000).map(|id| (id, 2)));
    let (peak, _) = peak_of(destination.command(&catalog), |stdin| {
        all.for_each(|(id, at)| stdin.write_all(line(id, at).as_bytes()).unwrap());
    });
    assert!(peak < 550, "{peak} MB");
    let updated = destination.query("SELECT count(*), count(*) FILTER (\"at\" = 2) FROM s");
    assert_eq!(updated, [[ROWS, ROWS / 1_000].map(|count| Some(count.to_string()))]);
}
