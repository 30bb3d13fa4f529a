//! What has to hold in the warehouse.

use std::collections::BTreeMap;

use super::source::{Mode, Record, Row, Stream, row};
use crate::landing::Destination;

/// Tables that nobody should find after a sync.
const LEFT_OVER: &str = "SELECT table_name FROM information_schema.tables WHERE table_name LIKE '%staging%' \
    OR table_name LIKE '%rebuild%' OR table_name LIKE '%batch%'";

/// After a sync that went well: exactly what was sent, raw and typed, and nothing else.
pub(super) fn hold(destination: &Destination, streams: &mut [Stream], history: bool) {
    assert_eq!(destination.query(LEFT_OVER), Vec::<Vec<Option<String>>>::new(), "left over");
    for stream in streams {
        no_orphans(destination, stream);
        if stream.has_key() {
            one_row_a_key(destination, stream);
            if history {
                all_versions(destination, stream);
            }
        } else {
            each_record(destination, stream);
        }
    }
}

/// After a sync that did not: what was acknowledged is there, and what is there is whole.
pub(super) fn hold_midway(destination: &Destination, stream: &Stream, acknowledged: &[Record]) {
    no_orphans(destination, stream);
    if stream.replaces {
        return; // in its staging
    }
    let raw = counted(raw_seqs(destination, stream));
    for record in acknowledged {
        assert!(raw.contains_key(&record.seq), "{}: acknowledged record {} is gone", stream.name, record.seq);
    }
    if stream.mode == Mode::Append {
        assert_eq!(counted(typed_seqs(destination, stream)), raw, "{}: raw and typed differ", stream.name);
    }
}

fn no_orphans(destination: &Destination, stream: &Stream) {
    let s = &stream.name;
    for (child, parent) in [("_children", ""), ("_info", ""), ("_info_b", "_info")] {
        let (child, parent) = (format!("{s}{child}"), format!("{s}{parent}"));
        let orphans = format!(
            "SELECT count(*) FROM {child} WHERE _airbyte_{parent}_hashid NOT IN (SELECT _airbyte_{parent}_hashid FROM {parent})"
        );
        assert_eq!(numbers(destination, &orphans), [[0]], "orphans in {child}");
    }
}

fn each_record(destination: &Destination, stream: &mut Stream) {
    let raw = counted(raw_seqs(destination, stream));
    assert_eq!(counted(typed_seqs(destination, stream)), raw, "{}: raw and typed differ", stream.name);
    for (seq, times) in &raw {
        assert!(stream.landed.contains_key(seq), "{}: record {seq} ({times} times) should not be there", stream.name);
    }
    for (seq, (_, least, most)) in &mut stream.landed {
        let times = raw.get(seq).copied().unwrap_or(0);
        assert!(
            (*least..=*most).contains(&times),
            "{}: {seq} is there {times} times, not {least} to {most}",
            stream.name
        );
        (*least, *most) = (times, times);
    }
    let expected: Vec<Row> =
        stream.landed.values().flat_map(|(record, times, _)| (0..*times).map(|_| row(*record))).collect();
    same_rows(destination, stream, expected);
}

fn one_row_a_key(destination: &Destination, stream: &Stream) {
    let newest = stream.newest();
    let shown = newest.values().filter(|record| !stream.is_delete(**record)).map(|record| row(*record)).collect();
    same_rows(destination, stream, shown);
    // raw says the same
    let query = format!(
        "SELECT CAST(_airbyte_data ->> 'id' AS BIGINT), max(CAST(_airbyte_data ->> 'at' AS BIGINT)) \
         FROM _airbyte_raw_{} GROUP BY 1 ORDER BY 1",
        stream.name
    );
    let expected: Vec<[i64; 2]> = newest.values().map(|record| [record.id, record.at]).collect();
    assert!(numbers::<2>(destination, &query) == expected, "{}: raw has lost the newest of a key", stream.name);
}

fn all_versions(destination: &Destination, stream: &Stream) {
    let query = format!(
        "SELECT id, \"at\", CASE WHEN _airbyte_active_row THEN 1 ELSE 0 END FROM {}_scd ORDER BY 1, 2",
        stream.name
    );
    let newest = stream.newest();
    let versions = stream.landed.values().map(|(record, ..)| *record).filter(|record| !stream.is_delete(*record));
    let is_active = |record: Record| i64::from(newest[&record.id].at == record.at);
    let mut expected: Vec<[i64; 3]> = versions.map(|record| [record.id, record.at, is_active(record)]).collect();
    expected.sort_unstable();
    let found = numbers::<3>(destination, &query);
    let difference = expected.iter().zip(&found).find(|(expected, found)| expected != found);
    assert!(found == expected, "{}: {} versions, not {}: {difference:?}", stream.name, found.len(), expected.len());
}

fn same_rows(destination: &Destination, stream: &Stream, mut expected: Vec<Row>) {
    let s = &stream.name;
    let query = format!(
        "SELECT s.id, s.at, s.v, coalesce(c.n, 0), coalesce(c.owners, 0), coalesce(i.n, 0) FROM {s} AS s \
         LEFT JOIN (SELECT _airbyte_{s}_hashid, count(*) AS n, sum(owner) AS owners FROM {s}_children GROUP BY 1) AS c \
         USING (_airbyte_{s}_hashid) \
         LEFT JOIN (SELECT p._airbyte_{s}_hashid, count(*) AS n FROM {s}_info AS p JOIN {s}_info_b USING (_airbyte_{s}_info_hashid) \
         GROUP BY 1) AS i USING (_airbyte_{s}_hashid)"
    );
    let number = |value: &Option<String>| value.as_deref().unwrap().parse::<i64>().unwrap();
    let found = destination.query(&query);
    let mut found: Vec<Row> = found
        .iter()
        .map(|row| {
            let v = row[2].clone().unwrap_or_default();
            (number(&row[0]), number(&row[1]), v, number(&row[3]), number(&row[4]), number(&row[5]))
        })
        .collect();
    found.sort_unstable();
    expected.sort_unstable();
    let difference = expected.iter().zip(&found).find(|(expected, found)| expected != found);
    assert!(found == expected, "{s}: {} rows, not {}: {difference:?}", found.len(), expected.len());
}

fn raw_seqs(destination: &Destination, stream: &Stream) -> Vec<[i64; 1]> {
    numbers(destination, &format!("SELECT CAST(_airbyte_data ->> 'seq' AS BIGINT) FROM _airbyte_raw_{}", stream.name))
}

fn typed_seqs(destination: &Destination, stream: &Stream) -> Vec<[i64; 1]> {
    numbers(destination, &format!("SELECT seq FROM {}", stream.name))
}

fn counted(seqs: Vec<[i64; 1]>) -> BTreeMap<i64, u64> {
    let mut times = BTreeMap::new();
    for [seq] in seqs {
        *times.entry(seq).or_default() += 1;
    }
    times
}

fn numbers<const N: usize>(destination: &Destination, sql: &str) -> Vec<[i64; N]> {
    let rows = destination.query(sql);
    let numbers =
        |row: &Vec<Option<String>>| std::array::from_fn(|index| row[index].as_deref().unwrap().parse().unwrap());
    rows.iter().map(numbers).collect()
}
