//! Typed rows whose records the raw table has lost: nobody gives them up unasked.

use serde_json::{Value, json};

use super::adoption::{left_in, typed_ids, with};
use super::{again, content, raw_tables, uuid};
use crate::landing::{catalog, line, records};
use crate::support::{TestWarehouse, alluvium, in_every_warehouse, normalize, write};

in_every_warehouse! {
    raw_rows_that_are_gone_are_missed_whatever_their_ids_are,
    a_raw_row_is_found_by_its_id_however_it_is_written,
    rows_that_came_while_no_raw_was_kept_are_missed,
    rows_that_a_compaction_took_by_age_are_missed,
    deletes_whose_records_are_gone_are_missed,
}

fn raw_rows_that_are_gone_are_missed_whatever_their_ids_are<W: TestWarehouse>() {
    for (origin, raw_table) in left_in::<W>("json") {
        for (mode, all, left) in [("append", &[0, 1, 2, 2][..], &[0, 2, 2][..]), ("append_dedup", &[0, 1, 2], &[0, 2])]
        {
            let folder = tempfile::tempdir().unwrap();
            let (warehouse, table, id) = with::<W>(folder.path(), &raw_table);
            let (config, mut catalog) = (warehouse.config("main"), catalog(&[("s", mode)]));
            for _ in 0..2 {
                normalize(folder.path(), &config, &catalog).unwrap();
            }
            warehouse.execute(&format!("DELETE FROM {table} WHERE {id} IN ('{}', 'row 1')", uuid(1)));
            let before = content(warehouse.tables());
            let told = normalize(folder.path(), &config, &catalog).unwrap_err();
            assert!(
                told.contains("lacks 1 of the records that the typed tables of `s` show"),
                "{origin} {mode} {told}"
            );
            let (shown, _) = again(folder.path(), "--dry-run").unwrap();
            let row: Vec<&str> = shown.lines().nth(2).unwrap().split_whitespace().collect();
            assert_eq!(row[2..4], ["3", "1"], "{origin} {mode} {shown}");
            assert_eq!(content(warehouse.tables()), before, "{origin} {mode}");

            // rows that can't be typed again stay as they were typed
            catalog["streams"][0]["stream"]["json_schema"]["properties"]["at"] = json!({"type": "string"});
            assert!(write(folder.path(), &config, &catalog, records("s", 7..8).as_bytes()).succeeded);
            assert_eq!(typed_ids(&warehouse), [all, &[7]].concat(), "{origin} {mode}");
            assert_eq!(warehouse.query("SELECT \"at\" FROM main.s WHERE id = 1"), [[Some("1".to_owned())]]);

            again(folder.path(), "--accept-losses").unwrap();
            assert_eq!(typed_ids(&warehouse), [left, &[7]].concat(), "{origin} {mode}");
            normalize(folder.path(), &config, &catalog).unwrap();
        }
    }
}

fn a_raw_row_is_found_by_its_id_however_it_is_written<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let (_, raw_table) = raw_tables("json").remove(0);
    let (warehouse, table, id) = with::<W>(folder.path(), &raw_table);
    let (config, catalog) = (warehouse.config("main"), catalog(&[("s", "append")]));
    let odd = ["ä 'quoted'", "--------51fb-4f47-b0be59bf0a8a8a00", "{6c45cd8e-51fb-4f47-b0be-59bf0a8a8a0f}", ""];
    for text in odd.map(|text| text.replace('\'', "''")) {
        warehouse.execute(&format!("INSERT INTO {table} VALUES ('{text}', '{{\"id\": 9}}', '2024-01-01 00:00:00+00')"));
    }
    normalize(folder.path(), &config, &catalog).unwrap();
    for value in [format!("upper({id})"), format!("replace({id}, '-', '')")] {
        warehouse.execute(&format!("UPDATE {table} SET {id} = {value} WHERE {id} LIKE '6%'"));
        normalize(folder.path(), &config, &catalog).unwrap();
    }
    assert_eq!(typed_ids(&warehouse), [0, 1, 2, 2, 9, 9, 9, 9]);
}

fn rows_that_came_while_no_raw_was_kept_are_missed<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let (_, raw_table) = raw_tables("json").remove(0);
    let (warehouse, ..) = with::<W>(folder.path(), &raw_table);
    let (mut config, catalog) = (warehouse.config("main"), catalog(&[("s", "append")]));
    normalize(folder.path(), &config, &catalog).unwrap();
    config["normalization"] = json!({"raw": "none"});
    assert!(write(folder.path(), &config, &catalog, records("s", 7..9).as_bytes()).succeeded);
    let told = normalize(folder.path(), &config, &catalog).unwrap_err();
    assert!(told.contains("lacks 2 of the records"), "{told}");
    assert_eq!(typed_ids(&warehouse), [0, 1, 2, 2, 7, 8]);
}

fn rows_that_a_compaction_took_by_age_are_missed<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let (_, raw_table) = raw_tables("json").remove(0);
    let (warehouse, ..) = with::<W>(folder.path(), &raw_table);
    let (config, catalog) = (warehouse.config("main"), catalog(&[("s", "append")]));
    normalize(folder.path(), &config, &catalog).unwrap();
    let files = ["config.json", "catalog.json"].map(|name| folder.path().join(name).display().to_string());
    let compact = ["compact", "--config", &files[0], "--catalog", &files[1], "--before", "2024-01-02"];
    alluvium(&compact).unwrap();
    let told = normalize(folder.path(), &config, &catalog).unwrap_err();
    assert!(told.contains("lacks 1 of the records") && told.contains("--accept-losses"), "{told}");
    assert_eq!(typed_ids(&warehouse), [0, 1, 2, 2]);
}

/// Without its record a delete would be forgotten, and an older version of the row could come back.
fn deletes_whose_records_are_gone_are_missed<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = W::new(folder.path());
    let (config, mut catalog) = (warehouse.config("main"), catalog(&[("s", "append_dedup")]));
    let deleted_at = json!({"type": ["null", "string"], "format": "date-time"});
    catalog["streams"][0]["stream"]["json_schema"]["properties"]["_ab_cdc_deleted_at"] = deleted_at;
    let version = |at: i64, deleted_at: Value| {
        let data = json!({"id": 1, "at": at, "_ab_cdc_deleted_at": deleted_at});
        line(&json!({"type": "RECORD", "record": {"stream": "s", "data": data, "emitted_at": at}}))
    };
    let input = records("s", 2..4) + &version(1, json!(null)) + &version(2, json!("2024-01-01T00:00:00Z"));
    assert!(write(folder.path(), &config, &catalog, input.as_bytes()).succeeded);
    normalize(folder.path(), &config, &catalog).unwrap();
    assert_eq!(typed_ids(&warehouse), [2, 3]);
    warehouse.execute("DELETE FROM main._airbyte_raw_s WHERE CAST(_airbyte_data AS varchar) LIKE '%2024-01-01%'");
    let told = normalize(folder.path(), &config, &catalog).unwrap_err();
    assert!(told.contains("lacks 1 of the records"), "{told}");
    let late = version(1, json!(null));
    assert!(write(folder.path(), &config, &catalog, late.as_bytes()).succeeded);
    assert_eq!(typed_ids(&warehouse), [2, 3]);
}
