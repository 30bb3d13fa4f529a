//! A stream as its source knows it: what it has sent, and what has to be in the warehouse because of that.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::kill::Random;
use crate::landing::line;

/// How a stream is synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Append,
    Dedup,
    /// In generations; an attempt that fails is followed by a new generation, from the first record.
    Overwrite,
    /// Keyed, now and then read again in a new generation; an attempt that fails is followed by the rest of it.
    Refresh,
}

/// One record, told by its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub(super) seq: i64,
    pub(super) id: i64,
    pub(super) at: i64,
}

/// A row of the typed table: id, at, v, children, sum of their owners, nested objects.
pub(super) type Row = (i64, i64, String, i64, i64, i64);

/// Texts that leave their quotes where somebody forgot to quote. U+0000 is not among them: Postgres reads nothing out of such json.
const HOSTILE: [&str; 6] = ["'; DROP TABLE s0; --", "\"\\\n\t\r", "$$ \u{2028}", "\u{1}", "\u{202e}é", "\\N\\."];

pub(super) fn children(seq: i64) -> i64 {
    seq % 4
}

fn has_info(seq: i64) -> bool {
    seq % 3 != 0
}

/// What a sync brings of a stream, and how far it has come.
#[derive(Debug)]
pub(super) struct Brought {
    pub(super) records: Vec<Record>,
    pub(super) acknowledged: usize,
    /// How often each record may and must be there because of this sync.
    landed: Landed,
}

impl Brought {
    pub(super) fn new(records: Vec<Record>) -> Self {
        Self { records, acknowledged: 0, landed: Landed::new() }
    }

    /// An attempt sends what is not acknowledged; `afresh`: all, and what came before does not count.
    pub(super) fn offer(&mut self, afresh: bool) {
        if afresh {
            (self.acknowledged, self.landed) = (0, Landed::new());
        }
        for record in &self.records[self.acknowledged..] {
            self.landed.entry(record.seq).or_insert((*record, 0, 0)).2 += 1;
        }
    }

    pub(super) fn acknowledge(&mut self, reached: usize) {
        assert!(self.acknowledged <= reached, "a state came back");
        for record in &self.records[self.acknowledged..reached] {
            self.landed.get_mut(&record.seq).unwrap().1 = 1;
        }
        self.acknowledged = reached;
    }
}

/// Records by their numbers, and how many times each is there, at least and at most.
type Landed = BTreeMap<i64, (Record, u64, u64)>;

/// A stream.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) name: String,
    pub(super) mode: Mode,
    /// Some of its records are deletes.
    pub(super) captures_changes: bool,
    v: &'static str,
    extras: i64,
    pub(super) generation: i64,
    pub(super) replaces: bool,
    next: i64,
    pub(super) landed: Landed,
}

impl Stream {
    pub(super) fn new(number: usize, random: &mut Random) -> Self {
        let mode = random.one_of(&[Mode::Append, Mode::Dedup, Mode::Overwrite, Mode::Refresh]);
        let captures_changes = matches!(mode, Mode::Dedup | Mode::Refresh) && random.below(2) == 0;
        let (name, landed) = (format!("s{number}"), Landed::new());
        Self { name, mode, captures_changes, v: "integer", extras: 0, generation: 1, replaces: false, next: 1, landed }
    }

    pub(super) fn has_key(&self) -> bool {
        matches!(self.mode, Mode::Dedup | Mode::Refresh)
    }

    /// What the next sync brings; the schema may have changed. Whether it has is told.
    pub(super) fn next_sync(&mut self, random: &mut Random) -> (Vec<Record>, bool) {
        let changes = self.next > 1 && random.below(4) == 0;
        if changes {
            match random.below(3) {
                0 => self.extras += 1,
                1 => self.v = if self.v == "string" { "integer" } else { "string" },
                _ => self.v = if self.v == "big" { "integer" } else { "big" },
            }
        }
        self.replaces = match self.mode {
            Mode::Overwrite => true,
            Mode::Refresh => random.below(3) == 0,
            Mode::Append | Mode::Dedup => false,
        };
        self.generation += i64::from(self.replaces);
        let size = random.one_of(&[40, 400, 3_000, 12_000]);
        let count = i64::try_from(1 + random.below(size)).unwrap();
        let keys = u64::try_from(self.next + count).unwrap() / 2 + 1;
        let first = self.next;
        self.next += count;
        let record = |seq: i64| {
            // every tenth comes late, before all that its key has had so far
            let at = if seq % 10 == 0 { -seq } else { seq };
            Record { seq, id: i64::try_from(random.below(keys)).unwrap(), at }
        };
        ((first..self.next).map(record).collect(), changes)
    }

    pub(super) fn is_delete(&self, record: Record) -> bool {
        self.captures_changes && record.seq % 11 == 0
    }

    /// The stream in a configured catalog.
    pub(super) fn configured(&self) -> Value {
        let (integer, string) = (json!({"type": "integer"}), json!({"type": "string"}));
        let v = match self.v {
            "big" => json!({"type": "number", "airbyte_type": "big_integer"}),
            name => json!({ "type": name }),
        };
        let info = json!({"type": "object", "properties": {
            "a": integer, "b": {"type": "object", "properties": {"c": string}}}});
        let child = json!({"type": "object", "properties": {"owner": integer}});
        let mut properties = json!({"id": integer, "at": integer, "seq": integer, "v": v, "note": string, "info": info,
            "children": {"type": "array", "items": child}});
        for extra in 0..self.extras {
            properties[format!("extra_{extra}")] = integer.clone();
        }
        if self.captures_changes {
            properties["_ab_cdc_deleted_at"] = json!({"type": "string", "format": "date-time"});
        }
        let destination_mode = match self.mode {
            Mode::Append => "append",
            Mode::Dedup | Mode::Refresh => "append_dedup",
            Mode::Overwrite => "overwrite",
        };
        json!({
            "stream": {"name": self.name, "json_schema": {"type": "object", "properties": properties}},
            "sync_mode": "incremental", "destination_sync_mode": destination_mode,
            "primary_key": [["id"]], "cursor_field": ["at"],
            "generation_id": self.generation, "minimum_generation_id": if self.replaces { self.generation } else { 0 },
        })
    }

    /// A record as the source sends it.
    pub(super) fn message(&self, record: Record) -> String {
        let Record { seq, id, at } = record;
        let children = vec![json!({"owner": seq}); usize::try_from(children(seq)).unwrap()];
        let note = HOSTILE[usize::try_from(seq).unwrap() % HOSTILE.len()];
        let mut data = json!({"id": id, "at": at, "seq": seq, "v": seq % 1000, "note": note, "children": children,
            "extra_0": seq, "extra_1": seq, "extra_2": seq});
        if has_info(seq) {
            data["info"] = json!({"a": seq, "b": {"c": seq.to_string()}});
        }
        if self.is_delete(record) {
            data["_ab_cdc_deleted_at"] = json!("2026-01-01T00:00:00Z");
        }
        line(&json!({"type": "RECORD", "record": {"stream": self.name, "data": data, "emitted_at": seq}}))
    }

    /// A sync has come to its end.
    pub(super) fn land(&mut self, mut brought: Brought) {
        assert_eq!(brought.acknowledged, brought.records.len(), "{}: not all is acknowledged", self.name);
        if self.replaces {
            self.landed.clear();
        }
        self.landed.append(&mut brought.landed);
    }

    /// The newest record of each key.
    pub(super) fn newest(&self) -> BTreeMap<i64, Record> {
        let mut newest: BTreeMap<i64, Record> = BTreeMap::new();
        for (record, ..) in self.landed.values() {
            let known = newest.entry(record.id).or_insert(*record);
            if record.at > known.at {
                *known = *record;
            }
        }
        newest
    }
}

/// The typed row of a record.
pub(super) fn row(record: Record) -> Row {
    let Record { seq, id, at } = record;
    let v = (seq % 1000).to_string();
    (id, at, v, children(seq), children(seq) * seq, i64::from(has_info(seq)))
}
