//! Rebuilds from raw that were interrupted, or that would lose something.

use std::sync::atomic::AtomicBool;

use alluvium_normalization::catalog::ConfiguredCatalog;
use alluvium_normalization::plan::Options;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Place, cases, settings, splits};
use crate::failure::Failure;
use crate::sync::rebuild::{Rebuild, Rebuilding};
use crate::warehouse::{self, Access, Width};

/// Two streams of records with children, one a key.
fn catalog() -> Value {
    let integer = json!({"type": "integer"});
    let child = json!({"type": "object", "properties": {"x": integer}});
    let stream = |name: &str| {
        json!({
            "stream": {"name": name, "json_schema": {"properties": {
                "id": integer, "v": integer, "children": {"type": "array", "items": child},
            }}},
            "sync_mode": "full_refresh", "destination_sync_mode": "append_dedup", "primary_key": [["id"]],
            "cursor_field": ["v"],
        })
    };
    json!({"streams": [stream("a"), stream("b")]})
}

fn messages() -> Vec<Value> {
    let record = |stream: &str, v: i64| {
        let data = json!({"id": v % 40, "v": v, "children": vec![json!({"x": v}); 2]});
        json!({"type": "RECORD", "record": {"stream": stream, "emitted_at": v, "data": data}})
    };
    (0..200).flat_map(|v| [record("a", v), record("b", v)]).collect()
}

/// A checkpoint every few rows.
const FEW: usize = 2_000;

/// One checkpoint, and tables that are emptied and filled again where nobody reads them.
const ALL: usize = 64 << 20;

/// The records that each stream was typed from, by name.
fn rebuild(place: &Place, accepts_losses: bool) -> Result<Vec<(String, u64)>, Failure> {
    rebuild_by(place, (&catalog(), FEW), &Options::default(), accepts_losses)
}

fn rebuild_by(
    place: &Place,
    (catalog, checkpoint_bytes): (&Value, usize),
    options: &Options,
    accepts_losses: bool,
) -> Result<Vec<(String, u64)>, Failure> {
    let warehouse = warehouse::connect(&place.warehouse, Access::Write(Width::default())).unwrap();
    let catalog = ConfiguredCatalog::parse(&catalog.to_string()).unwrap();
    let rebuilding = Rebuilding::live(None, accepts_losses);
    let (settings, stop) = (settings(checkpoint_bytes, 2), AtomicBool::new(false));
    let rebuild = Rebuild { catalog: &catalog, options, settings: &settings, stop: &stop, rebuilding };
    let (report, outcome) = rebuild.run(warehouse, &mut |_| {});
    outcome.map(drop)?;
    Ok(report.streams.into_iter().map(|stream| (stream.stream.name, stream.records)).collect())
}

/// Ids and values of all typed tables.
fn content(place: &Place) -> [Vec<Vec<Option<String>>>; 4] {
    place.rows([
        "SELECT id, v, _airbyte_a_hashid FROM main.a",
        "SELECT x, _airbyte_a_children_hashid, _airbyte_a_hashid FROM main.a_children",
        "SELECT id, v, _airbyte_b_hashid FROM main.b",
        "SELECT x, _airbyte_b_children_hashid, _airbyte_b_hashid FROM main.b_children",
    ])
}

fn execute(place: &Place, sql: &str) {
    warehouse::connect(&place.warehouse, Access::Write(Width::default())).unwrap().execute(sql).unwrap();
}

/// Every row with its ids, of streams `a` and `b`.
fn with_ids(place: &Place) -> Vec<Vec<Vec<Option<String>>>> {
    const QUERIES: [&str; 4] = [
        "SELECT _airbyte_ab_id, _airbyte_{}_hashid, _airbyte_emitted_at, _airbyte_meta, id, seq FROM main.{}",
        "SELECT _airbyte_ab_id, _airbyte_{}_leaf_hashid, _airbyte_{}_hashid, owner, n FROM main.{}_leaf",
        "SELECT _airbyte_ab_id, _airbyte_{}_branches_hashid, _airbyte_position, owner FROM main.{}_branches",
        "SELECT _airbyte_ab_id, _airbyte_{}_branches_leaves_hashid, _airbyte_{}_branches_hashid, n \
         FROM main.{}_branches_leaves",
    ];
    let of = |stream| place.rows(QUERIES.map(|query| query.replace("{}", stream)).each_ref().map(String::as_str));
    of("a").into_iter().chain(of("b")).collect()
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn typed_again_rows_are_those_of_the_syncs_and_typed_later_as_if_at_once(
        mode in prop::sample::select(vec!["append", "append_dedup"]),
        history in any::<bool>(),
        syncs in prop::collection::vec(prop::collection::vec(splits::record(), 0..20), 1..3),
    ) {
        let catalog = splits::catalog(mode);
        let options = Options { history, ..Options::default() };
        let raw_only = Options { typed: false, ..Options::default() };
        let [at_once, later] = [(); 2].map(|()| Place::in_every_warehouse());
        for (at_once, later) in at_once.iter().zip(&later) {
            for messages in &syncs {
                at_once.land(&catalog, &options, &settings(300, 2), messages).unwrap();
                later.land(&catalog, &raw_only, &settings(300, 2), messages).unwrap();
            }
            let before = with_ids(at_once);
            for checkpoint_bytes in [FEW, ALL] {
                rebuild_by(at_once, (&catalog, checkpoint_bytes), &options, false).unwrap();
                prop_assert_eq!(&with_ids(at_once), &before);
                rebuild_by(later, (&catalog, checkpoint_bytes), &options, false).unwrap();
                prop_assert_eq!(splits::tables(later), splits::tables(at_once));
            }
        }
    }
}

#[test]
fn an_interrupted_rebuild_goes_on_where_it_was() {
    for place in Place::in_every_warehouse() {
        place.land(&catalog(), &Options::default(), &settings(1 << 20, 2), &messages()).unwrap();
        let before = content(&place);
        let bad = "INSERT INTO main._airbyte_raw_b (_airbyte_ab_id, _airbyte_data) \
                   VALUES ('ffffffff-ffff-4fff-bfff-ffffffffffff', '[]')";
        execute(&place, bad);
        assert!(rebuild(&place, false).is_err());
        assert_eq!(content(&place), before);
        execute(
            &place,
            "DELETE FROM main._airbyte_raw_b WHERE _airbyte_ab_id = 'ffffffff-ffff-4fff-bfff-ffffffffffff'",
        );
        let typed = rebuild(&place, false).unwrap();
        assert!(matches!(typed.as_slice(), [(name, records)] if name == "b" && *records < 200), "{typed:?}");
        assert_eq!(content(&place), before);
        // and what is finished begins anew
        assert_eq!(rebuild(&place, false).unwrap(), [("a".to_owned(), 200), ("b".to_owned(), 200)]);
        assert_eq!(content(&place), before);
    }
}

#[test]
fn rows_whose_records_raw_has_lost_are_not_given_up_unasked() {
    for place in Place::in_every_warehouse() {
        place.land(&catalog(), &Options::default(), &settings(1 << 20, 2), &messages()).unwrap();
        let before = content(&place);
        // the newest version of a key, and one that no table shows
        execute(
            &place,
            "DELETE FROM main._airbyte_raw_b WHERE _airbyte_emitted_at IN ('1970-01-01 00:00:00.199+00', '1970-01-01 00:00:00.001+00')",
        );
        let refused = rebuild(&place, false).unwrap_err();
        let told = "the raw table `main._airbyte_raw_b` lacks 1 of the records that the typed tables of `b` show";
        assert!(refused.message.starts_with(told), "{}", refused.message);
        assert_eq!(content(&place), before);
        rebuild(&place, true).unwrap();
        let [rows] = place.rows(["SELECT v FROM main.b WHERE id = 39"]);
        assert_eq!(rows, [[Some("159".to_owned())]]);
    }
}
