//! Large inputs in bounded memory. They take long where nothing is optimized.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use postgres::{Client, NoTls};
use serde_json::{Value, json};

use super::peak_of;
use crate::landing::{Destination, catalog, record, records};
use crate::support::{DuckDb, Postgres, TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    #[ignore = "large"] a_record_of_two_hundred_megabytes_lands,
    #[ignore = "large"] a_thousand_streams_land,
    #[ignore = "large"] many_children_take_no_more_memory_than_few,
}

/// A gigabyte more than what one of these needs is a leak.
const BOUND: u64 = 1_500;

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
    assert!(peak < 16 * 200, "{peak} MB");
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
    assert!(peak < BOUND, "{peak} MB");
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
    assert!(peak < BOUND, "{peak} MB");
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
    assert!(peak < 2 * BOUND, "{peak} MB");
    assert_eq!(destination.query("SELECT count(p0), count(p4999) FROM s"), [["50", "50"].map(|n| Some(n.to_owned()))]);
}

/// Somebody else holds the table: what can't be landed stays with the source.
#[test]
#[ignore = "large"]
fn a_warehouse_that_does_not_answer_holds_back_the_source() {
    let destination = Destination::of::<Postgres>(&json!({}));
    let catalog = catalog(&[("s", "append")]);
    destination.write(&catalog, "").succeeded();
    let (sent, total) = (AtomicU64::new(0), 400_u64 << 20);
    let held_back_at = AtomicU64::new(u64::MAX);
    std::thread::scope(|scope| {
        let (config, sent, held_back_at) = (destination.config(), &sent, &held_back_at);
        let (ready, locked) = std::sync::mpsc::channel();
        scope.spawn(move || {
            let lock = "BEGIN; LOCK TABLE main._airbyte_raw_s, main.s IN ACCESS EXCLUSIVE MODE";
            let mut other = session(config);
            other.batch_execute(lock).unwrap();
            ready.send(()).unwrap();
            // until the source is held back: it gets rid of nothing any more
            let mut before = u64::MAX;
            while before != sent.load(Ordering::Relaxed) || before == 0 {
                before = sent.load(Ordering::Relaxed);
                std::thread::sleep(Duration::from_secs(3));
            }
            held_back_at.store(before, Ordering::Relaxed);
            other.batch_execute("ROLLBACK").unwrap();
        });
        locked.recv().unwrap();
        let (peak, run) = peak_of(destination.command(&catalog), |stdin| {
            let block = records("s", 0..10_000);
            while sent.load(Ordering::Relaxed) < total {
                stdin.write_all(block.as_bytes()).unwrap();
                sent.fetch_add(block.len() as u64, Ordering::Relaxed);
            }
        });
        assert!(peak < BOUND, "{peak} MB");
        assert_eq!(run.states(), [1]);
    });
    assert!(held_back_at.into_inner() < total, "nothing was held back");
}

/// A session of somebody else's in the destination's database.
fn session(config: &Value) -> Client {
    let text = |key: &str| config[key].as_str().unwrap_or_default();
    let mut session = postgres::Config::new();
    session.host(text("host")).dbname(text("database")).user(text("username")).password(text("password"));
    session.port(config["port"].as_u64().unwrap().try_into().unwrap()).connect(NoTls).unwrap()
}
