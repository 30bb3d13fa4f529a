//! What a person reads at the end of a sync.

use std::collections::BTreeSet;
use std::time::Duration;

use alluvium_normalization::catalog::StreamName;
use alluvium_normalization::shred::Counts;

use super::{Results, show};
use crate::sync::report::{Report, StreamCounters, StreamReport};
use crate::terminal::style::Style;

fn stream(schema: &str, name: &str, tables: &[(&str, u64)]) -> StreamReport {
    let rows = tables.iter().map(|(_, rows)| *rows).collect::<Vec<_>>();
    StreamReport {
        stream: StreamName { namespace: None, name: name.to_owned() },
        schema: schema.to_owned(),
        tables: tables.iter().map(|(table, _)| (*table).to_owned()).collect(),
        records: rows.first().copied().unwrap_or_default(),
        counts: Counts { rows, ..Counts::default() },
        is_complete: true,
    }
}

fn shown(report: &Report, columns: usize) -> String {
    let counters = StreamCounters { bytes: 1_234_567, busy: Duration::from_millis(2_300), ..StreamCounters::default() };
    let results = Results { report, counters: vec![counters; report.streams.len()] };
    show(&results, columns, Style::PLAIN).join("\n")
}

#[test]
fn every_fact_has_its_place() {
    let mut orders =
        stream("main", "orders", &[("orders", 12_345), ("orders_items", 30_000), ("orders_customer", 12_345)]);
    orders.counts.nulled = 1_000;
    orders.counts.truncated = 3;
    orders.counts.undeclared = ["gift_note", "line_items.colour", "x", "y", "z"].map(str::to_owned).into();
    let mut returns = stream("main", "returns", &[("returns", 7)]);
    returns.is_complete = false;
    let report = Report {
        streams: vec![orders, returns, stream("main", "empty", &[("empty", 0)])],
        rejected: [(None, 1), (Some(0), 2)].into(),
        elapsed: Duration::from_millis(3_456),
    };
    insta::assert_snapshot!(shown(&report, 120));
    insta::assert_snapshot!(shown(&report, 60));
}

#[test]
fn tables_of_several_schemas_are_told_apart() {
    let streams = vec![stream("main", "orders", &[("orders", 1)]), stream("sales", "orders", &[("orders", 1)])];
    let report = Report { streams, elapsed: Duration::from_millis(80), ..Report::default() };
    let shown = shown(&report, 100);
    assert!(shown.contains("main.orders") && shown.contains("sales.orders"), "{shown}");
}

#[test]
fn the_last_of_very_many_tables_are_summed_up() {
    let names: Vec<String> = (0..20).map(|index| format!("orders_{index:02}")).collect();
    let tables: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 100)).collect();
    let report = Report { streams: vec![stream("main", "orders", &tables)], ..Report::default() };
    let shown = shown(&report, 100);
    assert!(shown.contains("orders_11 ") && !shown.contains("orders_12 "), "{shown}");
    assert!(shown.contains("… 8 more tables   800"), "{shown}");
}

#[test]
fn a_stream_with_raw_tables_only_is_one_line() {
    let report = Report { streams: vec![stream("main", "orders", &[])], ..Report::default() };
    assert!(shown(&report, 100).lines().any(|line| line.starts_with("orders")));
}

#[test]
fn a_sync_that_never_began_has_nothing_to_tell() {
    assert_eq!(shown(&Report::default(), 100), "");
}

#[test]
fn more_undeclared_properties_than_are_named_are_counted() {
    let mut stream = stream("main", "orders", &[]);
    stream.counts.undeclared = (0..60).map(|index| format!("p{index:02}")).collect::<BTreeSet<_>>();
    assert_eq!(super::undeclared(&stream, 2), "p00, p01 (+58)");
}
