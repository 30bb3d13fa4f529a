//! One row a key and history, against a reference that keeps every version ever seen and sorts them.

use std::collections::BTreeMap;

use alluvium_normalization::plan::{CdcDeletion, Options};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Place, WAITING_BYTES, cases, settings};
use crate::sync::Settings;

/// How the stream is configured.
#[derive(Debug, Clone, Copy)]
struct Setup {
    cursor: Cursor,
    has_nested_key: bool,
    /// `_ab_cdc_lsn` and `_ab_cdc_deleted_at` are declared.
    has_cdc: bool,
    deletion: CdcDeletion,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Cursor {
    None,
    Integer,
    Text,
    Nested,
}

/// One record, each value as the source sends it.
#[derive(Debug, Clone)]
struct Version {
    id: Value,
    nested_id: Value,
    cursor: Value,
    lsn: Value,
    deleted_at: Value,
    value: u8,
    emitted_at: i64,
    items: Vec<u8>,
}

/// One sync: what the catalog says of generations, what comes, whether the stream is completed.
#[derive(Debug, Clone)]
struct Sync {
    /// Replaces as this generation; `None` keeps what is there.
    generation: Option<u8>,
    versions: Vec<Version>,
    is_complete: bool,
    checkpoint_bytes: usize,
    waiting_bytes: usize,
}

fn setup() -> impl Strategy<Value = Setup> {
    let cursor = prop_oneof![Just(Cursor::None), Just(Cursor::Integer), Just(Cursor::Text), Just(Cursor::Nested)];
    let deletion = prop_oneof![Just(CdcDeletion::Hard), Just(CdcDeletion::Soft)];
    (cursor, any::<bool>(), any::<bool>(), deletion).prop_map(|(cursor, has_nested_key, has_cdc, deletion)| Setup {
        cursor,
        has_nested_key,
        has_cdc,
        deletion,
    })
}

fn one_of(values: &[Value]) -> impl Strategy<Value = Value> + use<> {
    prop::sample::select(values.to_vec())
}

fn version() -> impl Strategy<Value = Version> {
    let id = one_of(&[json!(1), json!(1), json!(2), json!(2.0), json!("1"), json!("x"), json!(null)]);
    let cursors = [json!(null), json!(1), json!(2), json!("2"), json!(10), json!("x"), json!("Z"), json!("😀")];
    let cursor = one_of(&[&cursors[..], &[json!("\u{ffff}"), json!("")]].concat());
    let deleted_at = [json!(null), json!(null), json!(""), json!("never"), json!("2024-01-01T00:00:00Z")];
    let nested_id = one_of(&[json!(null), json!("a"), json!("b")]);
    let items = prop::collection::vec(0_u8..3, 0..3);
    (id, nested_id, cursor, one_of(&[json!(null), json!(1), json!(2)]), one_of(&deleted_at), 0_u8..2, 0_i64..4, items)
        .prop_map(|(id, nested_id, cursor, lsn, deleted_at, value, emitted_at, items)| Version {
            id,
            nested_id,
            cursor,
            lsn,
            deleted_at,
            value,
            emitted_at,
            items,
        })
}

fn sync() -> impl Strategy<Value = Sync> {
    let generation = prop_oneof![3 => Just(None), 1 => (1_u8..3).prop_map(Some)];
    let bytes = (prop_oneof![Just(1_usize), Just(300), Just(1 << 30)], prop::sample::select(WAITING_BYTES.to_vec()));
    (generation, prop::collection::vec(version(), 0..10), prop::bool::weighted(0.7), bytes).prop_map(
        |(generation, versions, is_complete, (checkpoint_bytes, waiting_bytes))| Sync {
            generation,
            versions,
            is_complete,
            checkpoint_bytes,
            waiting_bytes,
        },
    )
}

impl Setup {
    fn catalog(self, generation: Option<u8>) -> Value {
        let integer = json!({"type": ["null", "integer"]});
        let cursor_type = if self.cursor == Cursor::Text { "string" } else { "integer" };
        let mut properties = json!({
            "id": integer, "value": integer, "cursor": {"type": cursor_type},
            "inner": {"type": "object", "properties": {"id": {"type": "string"}, "cursor": {"type": "integer"}}},
            "items": {"type": "array", "items": {"type": "object", "properties": {"n": integer}}},
        });
        if self.has_cdc {
            properties["_ab_cdc_lsn"] = integer;
            properties["_ab_cdc_deleted_at"] = json!({"type": "string", "format": "date-time"});
        }
        let key = if self.has_nested_key { json!([["id"], ["inner", "id"]]) } else { json!([["id"]]) };
        let cursor = match self.cursor {
            Cursor::None => json!([]),
            Cursor::Integer | Cursor::Text => json!(["cursor"]),
            Cursor::Nested => json!(["inner", "cursor"]),
        };
        json!({"streams": [{
            "stream": {"name": "s", "json_schema": {"type": "object", "properties": properties}},
            "sync_mode": "incremental", "destination_sync_mode": "append_dedup",
            "primary_key": key, "cursor_field": cursor,
            // a generation that keeps comes after all that replace
            "generation_id": generation.unwrap_or(9), "minimum_generation_id": generation.unwrap_or(0),
        }]})
    }
}

impl Sync {
    fn messages(&self) -> Vec<Value> {
        let status = |status: &str| {
            json!({"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 0,
                "stream_status": {"stream_descriptor": {"name": "s"}, "status": status}}})
        };
        let mut messages = vec![status("STARTED")];
        messages.extend(self.versions.iter().map(|version| {
            let Version { id, nested_id, cursor, lsn, deleted_at, value, emitted_at, items } = version;
            let items: Vec<Value> = items.iter().map(|n| json!({"n": n})).collect();
            let data = json!({
                "id": id, "inner": {"id": nested_id, "cursor": cursor}, "cursor": cursor, "_ab_cdc_lsn": lsn,
                "_ab_cdc_deleted_at": deleted_at, "value": value, "items": items,
            });
            json!({"type": "RECORD", "record": {"stream": "s", "data": data, "emitted_at": emitted_at}})
        }));
        if self.is_complete {
            messages.push(status("COMPLETE"));
        }
        messages
    }
}

// The reference.

/// What versions are ordered by, the oldest first: cursor, log position, emission, arrival. What is not known is oldest.
type Order = (Option<(i64, String)>, Option<i64>, i64, usize);

/// Every version that counts, in the order of arrival.
#[derive(Debug, Default)]
struct Reference {
    live: Vec<(usize, Version)>,
    staging: Option<(u8, Vec<(usize, Version)>)>,
    replaced: Option<u8>,
    arrivals: usize,
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        #[allow(clippy::cast_possible_truncation)] // small by construction
        value => value.as_f64().map(|number| number as i64),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        value => Some(value.to_string()),
    }
}

/// Milliseconds as a warehouse shows them.
fn moment(milliseconds: i64) -> String {
    let fraction = if milliseconds == 0 { String::new() } else { format!(".{milliseconds:03}") };
    format!("1970-01-01 00:00:00{fraction}+00")
}

fn shown(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

impl Setup {
    fn key(self, version: &Version) -> String {
        let id = match (integer(&version.id), &version.id) {
            (Some(number), _) => format!("number {number}"),
            (None, json) => format!("json {json}"),
        };
        if self.has_nested_key { format!("{id}, {}", version.nested_id) } else { id }
    }

    fn cursor(self, version: &Version) -> Option<(i64, String)> {
        match self.cursor {
            Cursor::None => None,
            Cursor::Text => text(&version.cursor).map(|text| (0, text)),
            Cursor::Integer | Cursor::Nested => integer(&version.cursor).map(|number| (number, String::new())),
        }
    }

    fn lsn(self, version: &Version) -> Option<i64> {
        integer(&version.lsn).filter(|_| self.has_cdc)
    }

    fn is_deleted(self, version: &Version) -> bool {
        self.has_cdc && version.deleted_at == "2024-01-01T00:00:00Z"
    }

    fn is_gone(self, version: &Version) -> bool {
        self.is_deleted(version) && self.deletion == CdcDeletion::Hard
    }

    /// The root's own columns.
    fn values(self, version: &Version) -> Vec<Option<String>> {
        let cursor = match self.cursor {
            Cursor::Text => text(&version.cursor),
            _ => shown(integer(&version.cursor)),
        };
        let mut values = vec![shown(integer(&version.id)), Some(version.value.to_string()), cursor];
        if self.has_cdc {
            values.extend([shown(self.lsn(version)), Some(self.is_deleted(version).to_string())]);
        }
        values
    }

    fn start(self, version: &Version) -> Option<String> {
        match self.cursor {
            Cursor::None => Some(moment(version.emitted_at)),
            Cursor::Text => text(&version.cursor),
            Cursor::Integer | Cursor::Nested => shown(integer(&version.cursor)),
        }
    }
}

impl Reference {
    fn sync(&mut self, sync: &Sync) {
        let arrived = (self.arrivals..).zip(sync.versions.iter().cloned()).collect::<Vec<_>>();
        self.arrivals += arrived.len();
        let replaces = sync.generation.filter(|generation| {
            self.staging.as_ref().is_some_and(|(staged, _)| staged == generation) || self.replaced != Some(*generation)
        });
        match (replaces, self.staging.take()) {
            (None, staging) => {
                self.live.extend(staging.into_iter().flat_map(|(_, versions)| versions));
                self.live.extend(arrived);
            }
            (Some(generation), staging) => {
                let resumed = staging.filter(|(staged, _)| *staged == generation).map(|(_, versions)| versions);
                let versions = [resumed.unwrap_or_default(), arrived].concat();
                if sync.is_complete {
                    (self.live, self.replaced) = (versions, Some(generation));
                } else {
                    self.staging = Some((generation, versions));
                }
            }
        }
    }

    /// The versions of each key, the oldest first.
    fn by_key(&self, setup: Setup) -> BTreeMap<String, Vec<&Version>> {
        let mut keys: BTreeMap<String, Vec<(Order, &Version)>> = BTreeMap::new();
        for (arrival, version) in &self.live {
            let order = (setup.cursor(version), setup.lsn(version), version.emitted_at, *arrival);
            keys.entry(setup.key(version)).or_default().push((order, version));
        }
        let sorted = keys.into_iter().map(|(key, mut versions)| {
            versions.sort_by(|(left, _), (right, _)| left.cmp(right));
            (key, versions.into_iter().map(|(_, version)| version).collect())
        });
        sorted.collect()
    }

    fn present(&self, setup: Setup) -> Vec<&Version> {
        let newest = self.by_key(setup).into_values().filter_map(|versions| versions.last().copied());
        newest.filter(|version| !setup.is_gone(version)).collect()
    }

    fn roots(&self, setup: Setup) -> Vec<Vec<Option<String>>> {
        let row = |version: &Version| {
            let mut row = setup.values(version);
            row.push(Some(moment(version.emitted_at)));
            row
        };
        sorted(self.present(setup).into_iter().map(row))
    }

    fn items(&self, setup: Setup) -> Vec<Vec<Option<String>>> {
        let of = |version: &Version| {
            let (id, value) = (shown(integer(&version.id)), version.value.to_string());
            let items = version.items.iter().enumerate();
            items
                .map(|(position, n)| vec![id.clone(), Some(value.clone()), shown(Some(position)), shown(Some(n))])
                .collect::<Vec<_>>()
        };
        sorted(self.present(setup).into_iter().flat_map(of))
    }

    fn history(&self, setup: Setup) -> Vec<Vec<Option<String>>> {
        let mut rows = Vec::new();
        for versions in self.by_key(setup).into_values() {
            let mut events: Vec<&Version> = Vec::new();
            let mut before: Option<&Version> = None;
            for version in versions {
                if before.is_none_or(|before| setup.values(before) != setup.values(version)) {
                    events.push(version);
                }
                before = Some(version);
            }
            for (index, version) in events.iter().enumerate().filter(|(_, version)| !setup.is_gone(version)) {
                let later = &events[index + 1..];
                let end = match setup.cursor {
                    Cursor::None => later.iter().map(|later| later.emitted_at).min().map(moment),
                    _ => later.first().and_then(|next| setup.start(next)),
                };
                let mut row = setup.values(version);
                row.extend([setup.start(version), end, Some(later.is_empty().to_string())]);
                rows.push(row);
            }
        }
        sorted(rows.into_iter())
    }
}

fn sorted(rows: impl Iterator<Item = Vec<Option<String>>>) -> Vec<Vec<Option<String>>> {
    let mut rows = rows.collect::<Vec<_>>();
    rows.sort();
    rows
}

/// What a warehouse holds, in the reference's words.
fn compare(place: &Place, setup: Setup, options: &Options, reference: &Reference) -> Result<(), TestCaseError> {
    let values = if setup.has_cdc {
        "id, value, cursor, _ab_cdc_lsn, CAST(_ab_cdc_deleted_at IS NOT NULL AS VARCHAR) AS d"
    } else {
        "id, value, cursor"
    };
    let [raw, roots, items, inner] = place.rows([
        "SELECT count(*) FROM main._airbyte_raw_s",
        &format!("SELECT {values}, _airbyte_emitted_at FROM main.s"),
        "SELECT s.id, s.value, i._airbyte_position, i.n FROM main.s_items AS i \
         LEFT JOIN main.s AS s USING (_airbyte_s_hashid)",
        "SELECT count(*) FROM main.s_inner JOIN main.s USING (_airbyte_s_hashid)",
    ]);
    prop_assert_eq!(&raw, &vec![vec![shown(Some(reference.live.len()))]], "raw rows");
    prop_assert_eq!(roots, reference.roots(setup), "roots");
    prop_assert_eq!(items, reference.items(setup), "items");
    prop_assert_eq!(inner, vec![vec![shown(Some(reference.present(setup).len()))]], "inner objects");
    if options.history {
        let range = "_airbyte_start_at, _airbyte_end_at, CAST(_airbyte_active_row AS VARCHAR) AS a";
        let [history] = place.rows([&format!("SELECT {values}, {range} FROM main.s_scd")]);
        prop_assert_eq!(history, reference.history(setup), "history");
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn the_newest_version_of_each_key_is_there_with_its_children_and_all_versions_in_the_history(
        setup in setup(),
        history in any::<bool>(),
        syncs in prop::collection::vec(sync(), 1..5),
    ) {
        let options = Options { history, cdc_deletion: setup.deletion, ..Options::default() };
        let places = Place::in_every_warehouse();
        let mut reference = Reference::default();
        for sync in &syncs {
            let settings = Settings { waiting_bytes: sync.waiting_bytes, ..settings(sync.checkpoint_bytes, 2) };
            reference.sync(sync);
            for place in &places {
                let outcome = place.land(&setup.catalog(sync.generation), &options, &settings, &sync.messages());
                prop_assert_eq!(outcome.is_ok(), sync.is_complete, "{:?}", outcome);
                compare(place, setup, &options, &reference)?;
            }
        }
    }
}
