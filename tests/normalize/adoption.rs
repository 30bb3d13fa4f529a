//! `write` goes on with the raw tables that older Airbyte left, and `normalize` types old and new records alike.

use std::path::Path;

use serde_json::Value;

use super::raw_tables;
use crate::landing::{catalog, records, replacing, status};
use crate::support::{DuckDb, TestWarehouse, in_every_warehouse, normalize, write};

in_every_warehouse! {
    new_records_join_the_old_ones_in_their_raw_table,
    an_unfinished_replacement_is_kept_in_the_layout_of_the_raw_table,
    columns_that_an_older_raw_table_lacks_are_added,
    beside_our_own_raw_table_no_other_is_written_to,
    a_typed_table_of_destinations_v2_becomes_ours,
    raw_tables_are_found_by_the_names_that_airbyte_gave_them,
}

/// The raw tables that older Airbyte left in such a warehouse.
pub(super) fn left_in<W: TestWarehouse>(json: &str) -> Vec<(&'static str, String)> {
    let of_duckdb = "Airbyte's DuckDB destination";
    raw_tables(json).into_iter().filter(|(origin, _)| *origin != of_duckdb || W::name() == "duckdb").collect()
}

/// A warehouse with the raw table of an origin, with the records 0, 1, 2 and 2; the raw table's name, and its column of ids.
pub(super) fn with<W: TestWarehouse>(folder: &Path, raw_table: &str) -> (W, &'static str, &'static str) {
    let warehouse = W::new(folder);
    warehouse.execute(&format!("CREATE SCHEMA IF NOT EXISTS main; {raw_table}"));
    if raw_table.contains("_airbyte_raw_id") {
        return (warehouse, "airbyte_internal.main_raw__stream_s", "_airbyte_raw_id");
    }
    (warehouse, "main._airbyte_raw_s", "_airbyte_ab_id")
}

fn ids(warehouse: &impl TestWarehouse, value: &str, table: &str) -> Vec<i64> {
    let rows = warehouse.query(&format!("SELECT {value} FROM {table}"));
    let mut ids: Vec<i64> = rows.into_iter().map(|row| row[0].as_ref().unwrap().parse().unwrap()).collect();
    ids.sort_unstable();
    ids
}

fn raw_ids(warehouse: &impl TestWarehouse, table: &str) -> Vec<i64> {
    ids(warehouse, "CAST(CAST(_airbyte_data AS json) ->> 'id' AS bigint)", table)
}

pub(super) fn typed_ids(warehouse: &impl TestWarehouse) -> Vec<i64> {
    ids(warehouse, "id", "main.s")
}

pub(super) fn land(folder: &Path, config: &Value, catalog: &Value, input: &str) -> bool {
    write(folder, config, catalog, input.as_bytes()).succeeded
}

fn new_records_join_the_old_ones_in_their_raw_table<W: TestWarehouse>() {
    for (origin, raw_table) in ["json", "text"].map(left_in::<W>).concat() {
        for (mode, raw, typed) in [
            ("append", &[0, 1, 2, 2, 2, 3, 4][..], &[0, 1, 2, 2, 2, 3, 4][..]),
            ("append_dedup", &[0, 1, 2, 2, 2, 3, 4], &[0, 1, 2, 3, 4]),
            ("overwrite", &[2, 3, 4], &[2, 3, 4]),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let (warehouse, table, id) = with::<W>(folder.path(), &raw_table);
            let (config, catalog) = (warehouse.config("main"), catalog(&[("s", mode)]));
            assert!(land(folder.path(), &config, &catalog, &records("s", 2..5)), "{origin} {mode}");
            assert_eq!(raw_ids(&warehouse, table), raw, "{origin} {mode}");
            assert_eq!(typed_ids(&warehouse), typed, "{origin} {mode}");
            normalize(folder.path(), &config, &catalog).unwrap();
            assert_eq!(typed_ids(&warehouse), typed, "{origin} {mode}");

            let raw_tables: Vec<_> =
                warehouse.tables().into_iter().filter(|found| found.name.contains("raw_")).collect();
            assert_eq!(raw_tables.len(), 1, "{origin} {mode}");
            assert!(!raw_tables[0].columns.iter().any(|column| column.name.contains("_airbyte_ab_id_")));
            let new = format!(
                "{table} AS raw WHERE EXISTS (SELECT 1 FROM main.s WHERE \
                CAST(s._airbyte_ab_id AS varchar) = CAST(raw.{id} AS varchar) AND s.id = 4)"
            );
            assert_eq!(raw_ids(&warehouse, &new), [4], "{origin} {mode}: the ids are not those of the raw rows");
        }
    }
}

fn an_unfinished_replacement_is_kept_in_the_layout_of_the_raw_table<W: TestWarehouse>() {
    for (origin, raw_table) in left_in::<W>("json") {
        let folder = tempfile::tempdir().unwrap();
        let (warehouse, table, _) = with::<W>(folder.path(), &raw_table);
        let config = warehouse.config("main");
        let begin = |generation: i64, ids: std::ops::Range<i64>| {
            let input = records("s", ids) + &status("s", "INCOMPLETE");
            assert!(!land(folder.path(), &config, &replacing("s", "append", generation), &input), "{origin}");
        };
        begin(1, 5..7);
        assert_eq!(raw_ids(&warehouse, table), [0, 1, 2, 2], "{origin}");
        // a generation that keeps what is there keeps what the unfinished one had loaded
        let mut keeping = replacing("s", "append", 2);
        keeping["streams"][0]["minimum_generation_id"] = 0.into();
        assert!(land(folder.path(), &config, &keeping, &records("s", 7..8)), "{origin}");
        assert_eq!(raw_ids(&warehouse, table), [0, 1, 2, 2, 5, 6, 7], "{origin}");
        // the same generation goes on with what it had loaded
        begin(3, 8..9);
        assert!(land(folder.path(), &config, &replacing("s", "append", 3), &records("s", 9..10)), "{origin}");
        assert_eq!(raw_ids(&warehouse, table), [8, 9], "{origin}");
    }
}

fn columns_that_an_older_raw_table_lacks_are_added<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let raw_table = "CREATE SCHEMA airbyte_internal; CREATE TABLE airbyte_internal.main_raw__stream_s \
        (_airbyte_raw_id varchar(36) PRIMARY KEY, _airbyte_extracted_at timestamp with time zone NOT NULL, \
        _airbyte_loaded_at timestamp with time zone, _airbyte_data json NOT NULL)";
    let (warehouse, table, _) = with::<W>(folder.path(), raw_table);
    let config = warehouse.config("main");
    assert!(land(folder.path(), &config, &replacing("s", "append", 4), &records("s", 0..2)));
    let found = warehouse.query(&format!(
        "SELECT _airbyte_extracted_at, _airbyte_loaded_at, _airbyte_meta, _airbyte_generation_id FROM {table} ORDER BY 1"
    ));
    let row = |at: &str| {
        vec![Some(at.to_owned()), None, Some(r#"{"sync_id":null,"changes":[]}"#.to_owned()), Some("4".to_owned())]
    };
    assert_eq!(found, [row("1970-01-01 00:00:00+00"), row("1970-01-01 00:00:00.001+00")]);
}

fn beside_our_own_raw_table_no_other_is_written_to<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let (_, of_v2) = raw_tables("json").remove(1);
    let (warehouse, other, _) = with::<W>(folder.path(), &of_v2);
    warehouse.execute("ALTER TABLE airbyte_internal.main_raw__stream_s RENAME TO away");
    let (config, catalog) = (warehouse.config("main"), catalog(&[("s", "append")]));
    assert!(land(folder.path(), &config, &catalog, &records("s", 7..8)));
    warehouse.execute("ALTER TABLE airbyte_internal.away RENAME TO main_raw__stream_s");
    assert!(land(folder.path(), &config, &catalog, &records("s", 8..9)));
    assert_eq!(raw_ids(&warehouse, "main._airbyte_raw_s"), [7, 8]);
    assert_eq!(raw_ids(&warehouse, other), [0, 1, 2, 2]);
}

fn a_typed_table_of_destinations_v2_becomes_ours<W: TestWarehouse>() {
    let (_, raw_table) = raw_tables("json").remove(1);
    let document = if W::name() == "duckdb" { "json" } else { "jsonb" };
    for (mode, typed) in [("append", &[0, 1, 2, 2, 7][..]), ("append_dedup", &[0, 1, 2, 7]), ("overwrite", &[7])] {
        let folder = tempfile::tempdir().unwrap();
        let (warehouse, ..) = with::<W>(folder.path(), &raw_table);
        warehouse.execute(&format!(
            "CREATE TABLE main.s (_airbyte_raw_id varchar(36) NOT NULL, \
             _airbyte_extracted_at timestamp with time zone NOT NULL, _airbyte_meta {document} NOT NULL, \
             _airbyte_generation_id bigint, id bigint, children {document}); \
             INSERT INTO main.s SELECT _airbyte_raw_id, _airbyte_extracted_at, CAST(_airbyte_meta AS {document}), 0, 5, NULL \
             FROM airbyte_internal.main_raw__stream_s"
        ));
        let (config, catalog) = (warehouse.config("main"), catalog(&[("s", mode)]));
        assert!(land(folder.path(), &config, &catalog, &records("s", 7..8)), "{mode}");
        normalize(folder.path(), &config, &catalog).unwrap();
        assert_eq!(typed_ids(&warehouse), typed, "{mode}");
    }
}

const LONG: &str = "a_very_long_stream_name_that_goes_beyond_the_limit_of_postgres_identifiers_by_far";

fn raw_tables_are_found_by_the_names_that_airbyte_gave_them<W: TestWarehouse>() {
    let (_, before_v2) = raw_tables("json").remove(0);
    let (_, of_v2) = raw_tables("json").remove(1);
    let of_duckdb = [
        ("MyStream", before_v2.replace("_airbyte_raw_s", "\"_airbyte_raw_MYStream\""), "main._airbyte_raw_mystream"),
        (
            "my-stream",
            before_v2.replace("_airbyte_raw_s", "\"_airbyte_raw_My-Stream\""),
            "main.\"_airbyte_raw_my-stream\"",
        ),
        ("S", of_v2.replace("main_raw__stream_s", "\"Main_Raw__Stream_S\""), "airbyte_internal.main_raw__stream_s"),
    ];
    let basic = ["MyStream mystream", "my-stream my_stream", "Größe gro_e", "a b a_b"].map(|names| {
        let (stream, name) = names.rsplit_once(' ').unwrap();
        (stream, before_v2.replace("_raw_s", &format!("_raw_{name}")), format!("main._airbyte_raw_{name}"))
    });
    let long = format!("_airbyte_raw_{LONG}");
    let cut = if W::name() == "postgres" { &long[..63] } else { &long };
    let long = (LONG, before_v2.replace("_airbyte_raw_s", cut), format!("main.{cut}"));
    let of_duckdb = of_duckdb.map(|(stream, raw, table)| (stream, raw, table.to_owned()));
    let of_duckdb = of_duckdb.into_iter().filter(|_| W::name() == "duckdb");
    for (stream, raw_table, table) in basic.into_iter().chain([long]).chain(of_duckdb) {
        for naming in ["lower", "exact"] {
            let folder = tempfile::tempdir().unwrap();
            let (warehouse, ..) = with::<W>(folder.path(), &raw_table);
            let mut config = warehouse.config("main");
            config["normalization"]["naming"] = naming.into();
            let catalog = catalog(&[(stream, "append")]);
            normalize(folder.path(), &config, &catalog).unwrap();
            assert!(land(folder.path(), &config, &catalog, &records(stream, 7..8)), "{stream} {naming}");
            assert_eq!(raw_ids(&warehouse, &table), [0, 1, 2, 2, 7], "{stream} {naming}");
            let raw_tables = warehouse.tables().into_iter().filter(|table| table.name.to_lowercase().contains("_raw_"));
            assert_eq!(raw_tables.count(), 1, "{stream} {naming}");
        }
    }
}

/// DuckDB takes names that differ in case for the same.
#[test]
fn a_table_of_somebody_elses_in_other_letters_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = DuckDb::new(folder.path());
    warehouse.execute("CREATE SCHEMA IF NOT EXISTS main; CREATE TABLE main.\"Users\" (id bigint)");
    let run = write(folder.path(), &warehouse.config("main"), &catalog(&[("users", "append")]), b"");
    assert!(run.error().unwrap().contains("the table `main.Users` exists and is not Alluvium's"), "{:?}", run.error());
}
