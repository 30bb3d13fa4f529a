//! Catalogs that change between syncs, where that is more than what the cases show.

use std::io::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::landing::{Destination, catalog, line, records, run, signal, state, status};
use crate::support::{Rows, TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    a_replacement_that_is_not_finished_goes_on_in_the_new_types,
    rows_that_a_replacement_will_replace_stay_as_they_are_until_then,
    rows_whose_records_raw_has_lost_stay,
    a_backfill_fills_new_columns_of_old_rows,
    tables_that_were_not_wanted_have_all_rows_when_they_are,
    the_history_keeps_values_of_properties_that_are_gone,
    a_replacement_takes_an_earlier_history_with_it,
    rows_that_an_unfinished_replacement_replaces_take_former_children_with_them,
    what_an_earlier_generation_had_staged_is_forgotten,
    staged_rows_that_are_replaced_take_former_children_with_them,
    a_sync_that_is_killed_while_it_types_rows_again_leaves_them_and_the_next_ends_it,
}

/// A stream `s` of `id` and `v`.
fn of(mode: &str, kind: &str, more: &Value) -> Value {
    let mut stream = json!({
        "stream": {"name": "s", "json_schema": {"properties": {"id": {"type": "integer"}, "v": {"type": kind}}},
                   "supported_sync_modes": ["full_refresh"]},
        "sync_mode": "full_refresh", "destination_sync_mode": mode, "primary_key": [["id"]],
    });
    stream.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"streams": [stream]})
}

fn values(values: &[(i64, Value)]) -> String {
    let record = |(id, v): &(i64, Value)| {
        line(&json!({"type": "RECORD", "record": {"stream": "s", "emitted_at": id, "data": {"id": id, "v": v}}}))
    };
    values.iter().map(record).collect()
}

/// `id` and `v` of the rows.
fn rows(destination: &Destination) -> Vec<String> {
    let rows = destination.query("SELECT id, v FROM s ORDER BY id, v");
    rows.into_iter().map(|row| row.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().join(" ")).collect()
}

fn a_replacement_that_is_not_finished_goes_on_in_the_new_types<W: TestWarehouse>() {
    for mode in ["overwrite", "append_dedup", "append"] {
        let destination = Destination::of::<W>(&json!({}));
        let generation = |number: i64| json!({"generation_id": number, "minimum_generation_id": number});
        destination.write(&of(mode, "integer", &generation(1)), &values(&[(1, json!(1))])).succeeded();
        let unfinished = values(&[(2, json!(2)), (3, json!("three"))]) + &state(1) + &status("s", "STARTED");
        let first = destination.write(&of(mode, "integer", &generation(2)), &unfinished);
        assert_eq!((first.states(), rows(&destination)), (vec![1], vec!["1 1".to_owned()]), "{mode}");
        let rest = values(&[(4, json!("four"))]) + &status("s", "COMPLETE");
        destination.write(&of(mode, "string", &generation(2)), &rest).succeeded();
        assert_eq!(rows(&destination), ["2 2", "3 three", "4 four"], "{mode}");
    }
}

fn rows_that_a_replacement_will_replace_stay_as_they_are_until_then<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&json!({}));
    destination.write(&of("append", "string", &json!({})), &values(&[(1, json!("one"))])).succeeded();
    let replacing = of("overwrite", "integer", &json!({}));
    let unfinished = values(&[(2, json!(2))]) + &status("s", "STARTED");
    assert!(!destination.write(&replacing, &unfinished).status.success());
    assert_eq!(rows(&destination), ["1 one"]);
    destination.write(&replacing, &values(&[(3, json!(3))])).succeeded();
    assert_eq!(rows(&destination), ["3 3"]);
    // what would be text if the column were
    assert_eq!(destination.query("SELECT v + 1 FROM s"), vec![vec![Some("4".to_owned())]]);
}

fn rows_whose_records_raw_has_lost_stay<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&json!({}));
    destination.write(&of("append", "integer", &json!({})), &values(&[(1, json!(1)), (2, json!(2))])).succeeded();
    destination.execute("DELETE FROM main._airbyte_raw_s WHERE _airbyte_emitted_at < '1970-01-01 00:00:00.002+00'");
    let run = destination.write(&of("append", "string", &json!({})), &values(&[(3, json!("three"))]));
    assert!(run.status.success(), "{:?}", run.messages);
    assert_eq!(rows(&destination), ["1 1", "2 2", "3 three"]);
}

fn a_backfill_fills_new_columns_of_old_rows<W: TestWarehouse>() {
    for (backfill, expected) in [(false, ["1 ", "2 two"]), (true, ["1 one", "2 two"])] {
        let destination = Destination::of::<W>(&json!({"normalization": {"backfill": backfill}}));
        let mut without = of("append", "string", &json!({}));
        without["streams"][0]["stream"]["json_schema"]["properties"].as_object_mut().unwrap().remove("v");
        destination.write(&without, &values(&[(1, json!("one"))])).succeeded();
        destination.write(&of("append", "string", &json!({})), &values(&[(2, json!("two"))])).succeeded();
        assert_eq!(rows(&destination), expected);
    }
}

fn tables_that_were_not_wanted_have_all_rows_when_they_are<W: TestWarehouse>() {
    let mut destination = Destination::of::<W>(&json!({"normalization": {"enabled": false}}));
    let catalog = of("append_dedup", "string", &json!({}));
    destination.write(&catalog, &values(&[(1, json!("old")), (2, json!("two"))])).succeeded();
    destination.reconfigure(&json!({"normalization": {}}));
    destination.write(&catalog, &values(&[(1, json!("one"))])).succeeded();
    assert_eq!(rows(&destination), ["1 one", "2 two"]);
    destination.reconfigure(&json!({"normalization": {"enabled": false}}));
    destination.write(&catalog, &values(&[(3, json!("three"))])).succeeded();
    destination.reconfigure(&json!({"normalization": {}}));
    destination.write(&catalog, &values(&[(4, json!("four"))])).succeeded();
    assert_eq!(rows(&destination), ["1 one", "2 two", "3 three", "4 four"]);
}

fn the_history_keeps_values_of_properties_that_are_gone<W: TestWarehouse>() {
    for raw in ["keep", "none"] {
        let destination = Destination::of::<W>(&json!({"normalization": {"history": true, "raw": raw}}));
        let mut catalog = of("append_dedup", "string", &json!({}));
        destination.write(&catalog, &values(&[(1, json!("one")), (2, json!("two"))])).succeeded();
        let properties = &mut catalog["streams"][0]["stream"]["json_schema"]["properties"];
        *properties = json!({"id": {"type": "integer"}, "w": {"type": "string"}});
        let record = |id: i64, at: i64, w: &str| {
            let data = json!({"id": id, "w": w});
            line(&json!({"type": "RECORD", "record": {"stream": "s", "emitted_at": at, "data": data}}))
        };
        destination.write(&catalog, &(record(1, 20, "new") + &record(1, 10, "late"))).succeeded();
        destination.write(&catalog, &(record(1, 15, "later") + &record(2, 15, "last"))).succeeded();
        let sql = "SELECT id, v, w, CAST(_airbyte_active_row AS text) FROM s_scd ORDER BY id, _airbyte_start_at";
        let versions = destination.query(sql).into_iter();
        let versions: Vec<String> =
            versions.map(|row| row.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().join(" ")).collect();
        let wanted = ["1 one  false", "1  late false", "1  later false", "1  new true", "2 two  false", "2  last true"];
        assert_eq!(versions, wanted, "{raw}");
    }
}

fn a_replacement_takes_an_earlier_history_with_it<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&json!({"normalization": {"history": true}}));
    let generation = |number: i64, minimum: i64| json!({"generation_id": number, "minimum_generation_id": minimum});
    let keyed = |number| of("append_dedup", "string", &generation(number, 0));
    destination.write(&keyed(1), &values(&[(1, json!("one"))])).succeeded();
    destination.write(&of("append", "string", &generation(2, 2)), &values(&[(2, json!("two"))])).succeeded();
    let tables = "SELECT table_name FROM information_schema.tables WHERE table_name LIKE '%scd%'";
    assert!(destination.query(tables).is_empty());
    destination.write(&keyed(3), &values(&[(2, json!("three"))])).succeeded();
    let versions = destination.query("SELECT id, v FROM s_scd ORDER BY v");
    assert_eq!(versions, [["2", "three"], ["2", "two"]].map(|row| row.map(|value| Some(value.to_owned()))));
}

fn rows_that_an_unfinished_replacement_replaces_take_former_children_with_them<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&json!({}));
    let generation = |number: i64, minimum: i64| json!({"generation_id": number, "minimum_generation_id": minimum});
    let mut nested = of("append_dedup", "string", &generation(1, 0));
    nested["streams"][0]["stream"]["json_schema"]["properties"]["c"] =
        json!({"type": "array", "items": {"type": "object", "properties": {"x": {"type": "integer"}}}});
    let data = json!({"id": 1, "v": "one", "c": [{"x": 1}, {"x": 2}]});
    let record = line(&json!({"type": "RECORD", "record": {"stream": "s", "emitted_at": 0, "data": data}}));
    destination.write(&nested, &record).succeeded();
    let unfinished = values(&[(1, json!("two"))]) + &state(1) + &status("s", "STARTED");
    let attempt = destination.write(&of("append_dedup", "string", &generation(2, 2)), &unfinished);
    assert_eq!((attempt.states(), rows(&destination)), (vec![1], vec!["1 one".to_owned()]));
    destination.write(&of("append_dedup", "string", &generation(3, 0)), "").succeeded();
    assert_eq!(rows(&destination), ["1 two"]);
    assert!(destination.query("SELECT x FROM s_c").is_empty());
}

/// Whatever another plan had staged of an earlier generation is no part of what a later one has loaded.
fn what_an_earlier_generation_had_staged_is_forgotten<W: TestWarehouse>() {
    for raw in ["keep", "none"] {
        let mut destination = Destination::of::<W>(&json!({"normalization": {"history": true, "raw": raw}}));
        let nested = |generation: i64, minimum: i64| {
            let numbers = json!({"generation_id": generation, "minimum_generation_id": minimum});
            let mut catalog = of("append_dedup", "string", &numbers);
            catalog["streams"][0]["stream"]["json_schema"]["properties"]["c"] =
                json!({"type": "array", "items": {"type": "object", "properties": {"x": {"type": "integer"}}}});
            catalog
        };
        let data = json!({"id": 1, "v": "one", "c": [{"x": 1}, {"x": 2}]});
        let record = line(&json!({"type": "RECORD", "record": {"stream": "s", "emitted_at": 0, "data": data}}));
        let unfinished = |records: &str| format!("{records}{}{}", state(1), status("s", "STARTED"));
        assert_eq!(destination.write(&nested(1, 1), &unfinished(&record)).states(), [1]);
        // without key, history and children
        let flat = of("append", "string", &json!({"generation_id": 2, "minimum_generation_id": 2}));
        assert_eq!(destination.write(&flat, &unfinished(&values(&[(1, json!("two"))]))).states(), [1]);
        destination.write(&nested(3, 0), &values(&[(3, json!("three"))])).succeeded();
        assert_eq!(rows(&destination), ["1 two", "3 three"], "raw {raw}");
        assert!(destination.query("SELECT x FROM s_c").is_empty(), "raw {raw}");
        if raw == "keep" {
            let versions = "SELECT v FROM s_scd ORDER BY v";
            assert_eq!(destination.query(versions), [["three"], ["two"]].map(|row| row.map(|v| Some(v.to_owned()))));
        }
        destination.reconfigure(&json!({}));
        let left = "SELECT table_name FROM information_schema.tables WHERE table_name LIKE '%staging%'";
        assert!(destination.query(left).is_empty(), "raw {raw}");
    }
}

/// Children that an unfinished replacement has staged go with their parents, also while the plan does not have them.
fn staged_rows_that_are_replaced_take_former_children_with_them<W: TestWarehouse>() {
    for raw in ["keep", "none"] {
        let destination = Destination::of::<W>(&json!({"normalization": {"raw": raw}}));
        let numbers = |generation: i64| json!({"generation_id": generation, "minimum_generation_id": generation});
        let flat = |generation| of("append_dedup", "string", &numbers(generation));
        let nested = |generation| {
            let mut catalog = flat(generation);
            catalog["streams"][0]["stream"]["json_schema"]["properties"]["c"] =
                json!({"type": "array", "items": {"type": "object", "properties": {"x": {"type": "integer"}}}});
            catalog
        };
        let record = |at: i64, id: i64, x: i64| {
            let data = json!({"id": id, "v": "one", "c": [{"x": x}]});
            line(&json!({"type": "RECORD", "record": {"stream": "s", "emitted_at": at, "data": data}}))
        };
        let unfinished = |records: &str| format!("{records}{}{}", state(1), status("s", "STARTED"));
        assert_eq!(destination.write(&nested(1), &unfinished(&(record(0, 1, 1) + &record(0, 2, 2)))).states(), [1]);
        // another generation without the children, unfinished too, takes nothing over
        assert_eq!(destination.write(&flat(2), &unfinished(&values(&[(1, json!("two"))]))).states(), [1]);
        assert_eq!(destination.write(&nested(3), &unfinished(&(record(0, 1, 5) + &record(0, 2, 6)))).states(), [1]);
        assert_eq!(destination.write(&flat(3), &unfinished(&values(&[(1, json!("three"))]))).states(), [1]);
        destination.write(&nested(3), &record(0, 3, 7)).succeeded();
        assert_eq!(rows(&destination), ["1 three", "2 one", "3 one"], "raw {raw}");
        let children = destination.query("SELECT x FROM s_c JOIN s USING (_airbyte_s_hashid) ORDER BY x");
        assert_eq!(children, destination.query("SELECT x FROM s_c ORDER BY x"), "raw {raw}");
        assert_eq!(children.last().unwrap()[0].as_deref(), Some("7"));
    }
}

/// What there is of `s`, whole: rows, the sum of a column, children.
fn content(destination: &Destination) -> Rows {
    destination.query(
        "SELECT count(*), sum(CAST(\"at\" AS BIGINT)), (SELECT count(*) FROM s_children), \
         (SELECT count(*) FROM s_children JOIN s USING (_airbyte_s_hashid)) FROM s",
    )
}

fn a_sync_that_is_killed_while_it_types_rows_again_leaves_them_and_the_next_ends_it<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&json!({}));
    let before = catalog(&[("s", "append_dedup")]);
    destination.write(&before, &records("s", 0..20_000)).succeeded();
    let whole = content(&destination);
    let mut after = before.clone();
    after["streams"][0]["stream"]["json_schema"]["properties"]["at"] = json!({"type": "string"});
    after["streams"][0].as_object_mut().unwrap().remove("cursor_field");
    for delay in [150, 400, 700, 1_000, 1_300] {
        for name in ["-TERM", "-KILL"] {
            let mut child = destination.command(&after).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(delay));
            signal(&child, name);
            child.wait().unwrap();
            destination.settle();
            assert_eq!(content(&destination), whole, "{name} after {delay} ms");
        }
    }
    run(destination.command(&after), |mut stdin| drop(stdin.write_all(b""))).succeeded();
    assert_eq!(content(&destination), whole);
    let left = "SELECT count(*) FROM information_schema.tables WHERE table_name LIKE '%rebuild%'";
    assert_eq!(destination.query(left), [[Some("0".to_owned())]]);
    let kinds = destination.query(
        "SELECT data_type FROM information_schema.columns WHERE table_schema = 'main' AND \
                                   table_name = 's' AND column_name = 'at'",
    );
    assert!(["text", "VARCHAR"].contains(&kinds[0][0].as_deref().unwrap()), "{kinds:?}");
}
