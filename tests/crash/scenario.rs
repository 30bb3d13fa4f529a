//! A kind of sync that something happens to: what is there before, what it brings, and what has to be there afterwards.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Command;

use serde_json::{Value, json};

use super::{ORPHANS, TABLES, VERSIONS};
use crate::landing::{Destination, Run, catalog, records, replacing, run, state, status};
use crate::support::Rows;

/// A state after so many records, and about so many make a checkpoint.
const STATE_EVERY: i64 = 10;
const CHECKPOINT_BYTES: usize = 1_800;

/// What is there before, and what the sync brings: some of the same keys, and new ones.
const BEFORE: std::ops::Range<i64> = 0..20;
pub(super) const SENT: std::ops::Range<i64> = 10..50;

/// Everything but ids and times of typing.
const ROWS: &str = "SELECT s.id, s.\"at\", s._airbyte_emitted_at, count(c.owner), sum(c.owner) FROM s \
    LEFT JOIN s_children AS c USING (_airbyte_s_hashid) GROUP BY 1, 2, 3, s._airbyte_ab_id ORDER BY 1, 2";

/// Points that every sync comes to; those of one that has keys; those of one that replaces.
const ALWAYS: &[&str] = &[
    "prepare",
    "prepared",
    "ready",
    "load",
    "loaded",
    "replace",
    "replaced",
    "commit",
    "committed",
    "acknowledge",
    "log",
];
const MERGES: &[&str] = &["merge", "clean", "merged"];
const REPLACES: &[&str] = &["swap", "clean"];

/// Records from `from` on with their states, as the source sends them when it goes on from a state.
pub(super) fn input(from: i64) -> String {
    let steps = (from..SENT.end).step_by(usize::try_from(STATE_EVERY).unwrap());
    let body: String =
        steps.map(|start| records("s", start..start + STATE_EVERY) + &state(start + STATE_EVERY)).collect();
    body + &status("s", "COMPLETE")
}

/// A kind of sync.
pub(super) struct Scenario {
    config: Value,
    /// The catalog of what is there before.
    first: Value,
    /// The catalog of the sync that something happens to.
    pub(super) catalog: Value,
    replaces: bool,
}

impl Scenario {
    fn adding(mode: &str, config: Value) -> Self {
        Self { config, first: catalog(&[("s", mode)]), catalog: catalog(&[("s", mode)]), replaces: false }
    }

    /// What is there before has children that the sync no longer has.
    fn replacing(config: Value, [mut first, catalog]: [Value; 2]) -> Self {
        let properties = &mut first["streams"][0]["stream"]["json_schema"]["properties"];
        properties["former"] = properties["children"].clone();
        Self { config, first, catalog, replaces: true }
    }

    pub(super) fn append() -> Self {
        Self::adding("append", json!({}))
    }

    pub(super) fn dedup() -> Self {
        Self::adding("append_dedup", json!({}))
    }

    pub(super) fn history() -> Self {
        Self::adding("append_dedup", json!({"normalization": {"history": true}}))
    }

    pub(super) fn overwrite() -> Self {
        Self::replacing(json!({}), [(); 2].map(|()| catalog(&[("s", "overwrite")])))
    }

    pub(super) fn overwrite_in_generations() -> Self {
        Self::replacing(json!({}), [1, 2].map(|generation| replacing("s", "overwrite", generation)))
    }

    pub(super) fn refresh() -> Self {
        Self::replacing(json!({}), [1, 2].map(|generation| replacing("s", "append_dedup", generation)))
    }

    pub(super) fn refresh_with_history() -> Self {
        let config = json!({"normalization": {"history": true}});
        Self::replacing(config, [1, 2].map(|generation| replacing("s", "append_dedup", generation)))
    }

    /// Rows of before have to be typed again.
    pub(super) fn retyped() -> Self {
        let mut retyped = Self::dedup();
        retyped.catalog["streams"][0]["stream"]["json_schema"]["properties"]["id"] = json!({"type": "string"});
        retyped
    }

    fn mode(&self) -> &str {
        self.catalog["streams"][0]["destination_sync_mode"].as_str().unwrap()
    }

    fn has_history(&self) -> bool {
        self.config["normalization"]["history"] == true
    }

    /// A destination with these keys in its config, with what is there before.
    pub(super) fn prepared(&self, destination: impl FnOnce(&Value) -> Destination) -> Destination {
        let destination = destination(&self.config);
        let before = records("s", BEFORE) + &status("s", "COMPLETE");
        destination.write(&self.first, &before).succeeded();
        destination
    }

    /// The sync with small checkpoints; it stops or dies at a point if one is given, and writes its points down.
    pub(super) fn command(&self, destination: &Destination, at: Option<&str>) -> Command {
        let mut command = destination.command(&self.catalog);
        command.env("ALLUVIUM_CHECKPOINT_BYTES", CHECKPOINT_BYTES.to_string());
        command.env("ALLUVIUM_POINTS", destination.folder().join("points"));
        if let Some(at) = at {
            command.env("ALLUVIUM_AT", at);
        }
        command
    }

    pub(super) fn send(&self, destination: &Destination, at: Option<&str>, from: i64) -> Run {
        run(self.command(destination, at), move |mut stdin| drop(stdin.write_all(input(from).as_bytes())))
    }

    /// What an undisturbed sync leaves, and how often it comes to each point.
    pub(super) fn undisturbed(&self, destination: &Destination) -> (Vec<Rows>, BTreeMap<String, usize>) {
        self.send(destination, None, SENT.start).succeeded();
        let mut times = BTreeMap::new();
        for point in std::fs::read_to_string(destination.folder().join("points")).unwrap().lines() {
            *times.entry(point.to_owned()).or_default() += 1;
        }
        let (is_server, has_keys) = (destination.config()["host"].is_string(), self.mode() == "append_dedup");
        let needed = [
            (ALWAYS, true),
            (MERGES, has_keys),
            (REPLACES, self.replaces),
            (&["left"], is_server),
            (&["index"], is_server && has_keys),
            (&["exchange", "exchanged"], is_server && self.replaces),
        ];
        for point in needed.iter().filter(|(_, is_needed)| *is_needed).flat_map(|(points, _)| *points) {
            assert!(times.contains_key(*point), "{point} is not among {times:?}");
        }
        let seen = self.seen(destination);
        let passing = ["staging", "rebuild", "batch", "former"];
        assert!(passing.iter().all(|name| !format!("{:?}", seen[0]).contains(name)), "left over: {:?}", seen[0]);
        (seen, times)
    }

    pub(super) fn seen(&self, destination: &Destination) -> Vec<Rows> {
        let queries = [TABLES, ORPHANS, ROWS].into_iter().chain(self.has_history().then_some(VERSIONS));
        queries.map(|sql| destination.query(sql)).collect()
    }

    /// What a sync that was cut short shows, and from where the platform goes on; `None`: what had landed does not count.
    pub(super) fn goes_on_from(&self, destination: &Destination, run: &Run, at: &str) -> Option<i64> {
        let acknowledged = run.states().last().copied().unwrap_or(SENT.start);
        if !self.replaces {
            return Some(acknowledged);
        }
        let mut ids = destination.typed_ids("s");
        ids.sort_unstable();
        let is_replaced = !ids.contains(&BEFORE.start);
        assert_eq!(ids, (if is_replaced { SENT } else { BEFORE }).collect::<Vec<_>>(), "{at}: part of a replacement");
        let counts = match self.mode() {
            "overwrite" => self.catalog["streams"][0]["generation_id"].is_i64() && !is_replaced,
            _ => true,
        };
        counts.then_some(acknowledged)
    }

    /// The sync and what the platform sent again have left what an undisturbed sync does, except that records from
    /// `repeated` on may be there once more where no key tells them apart.
    pub(super) fn check(&self, destination: &Destination, expected: &[Rows], repeated: Option<i64>, at: &str) {
        let Some(repeated) = repeated.filter(|_| self.mode() != "append_dedup") else {
            return assert_eq!(self.seen(destination), expected, "{at}");
        };
        assert_eq!([TABLES, ORPHANS].map(|sql| destination.query(sql)), expected[..2], "{at}");
        let found = destination.typed_ids("s");
        assert_eq!(found, destination.raw_ids("s"), "{at}");
        let expected: Vec<i64> = expected[2].iter().map(|row| row[0].as_ref().unwrap().parse().unwrap()).collect();
        for id in BEFORE.start..SENT.end {
            let [least, times] = [&expected, &found].map(|ids| ids.iter().filter(|other| **other == id).count());
            let most = least + usize::from(id >= repeated);
            assert!((least..=most).contains(&times), "{at}: {id} is there {times} times, not {least} to {most}");
        }
    }
}
