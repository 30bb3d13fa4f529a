//! The statements of representative streams, as their snapshots have them: a server takes all of them, in their order.

use std::collections::BTreeMap;
use std::fs::{read_dir, read_to_string};
use std::path::Path;

use super::target::Target;

/// What sections are called.
const TITLES: [&str; 13] = [
    "live",
    "live, extended",
    "staging",
    "batch",
    "drop batch",
    "drop staging",
    "swap",
    "absorb",
    "merge",
    "create",
    "read",
    "write",
    "log",
];

/// The sections of a snapshot by title.
fn sections(snapshot: &str) -> BTreeMap<&str, &str> {
    let begins = |text: &str| TITLES.into_iter().find(|title| text.starts_with(&format!("-- {title}\n\n")));
    let starts = snapshot.match_indices("\n-- ").filter_map(|(at, _)| Some((at + 1, begins(&snapshot[at + 1..])?)));
    let starts: Vec<(usize, &str)> = starts.collect();
    let ends = starts.iter().skip(1).map(|(start, _)| *start).chain([snapshot.len()]);
    starts.iter().zip(ends).map(|((start, title), end)| (*title, &snapshot[*start..end])).collect()
}

/// The snapshots of Postgres's statements: name of the stream, kind of script, text.
fn snapshots() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("normalization/src/sql/tests/snapshots");
    let named = read_dir(folder).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name()?.to_str()?.strip_suffix("@postgres.snap")?.rsplit_once("__")?.1.to_owned();
        Some((name, read_to_string(&path).unwrap()))
    });
    named.collect()
}

#[test]
fn a_server_takes_every_statement() {
    let snapshots = snapshots();
    let mut target = Target::new();
    let streams: Vec<&str> = snapshots.keys().filter_map(|name| name.strip_suffix("_creation")).collect();
    assert!(streams.len() >= 9, "{streams:?}");
    for stream in streams {
        target.begin_again();
        for section in sections(&snapshots["books"]).values() {
            target.execute(section);
        }
        let creation = sections(&snapshots[&format!("{stream}_creation")]);
        let replacement = sections(&snapshots[&format!("{stream}_replacement")]);
        target.execute(creation["live"]);
        target.execute(creation["staging"]);
        if let Some(merge) = snapshots.get(&format!("{stream}_merge")) {
            target.execute(creation["batch"]);
            target.execute(sections(merge)["merge"]);
            target.execute(creation["drop batch"]);
        }
        target.execute(replacement["swap"]);
        target.execute(creation["drop staging"]);
        target.execute(creation["staging"]);
        target.execute(replacement["absorb"]);
    }
}
