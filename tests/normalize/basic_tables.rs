//! Typed tables that Basic Normalization left become ours, with all their rows or not at all.

use std::path::Path;

use serde_json::{Value, json};

use super::adoption::{land, typed_ids, with};
use super::{again, content, raw_tables, uuid};
use crate::landing::{catalog, records};
use crate::support::{TestWarehouse, alluvium, in_every_warehouse, normalize, write};

in_every_warehouse! {
    they_are_typed_again_from_their_raw_table,
    rows_whose_records_raw_lacks_are_in_the_way_of_a_sync,
    without_raw_they_are_in_the_way_of_a_sync,
}

/// The raw table of the records 0, 1, 2 and 2, the table `s` that Basic Normalization made of them, and its history.
fn left<W: TestWarehouse>(folder: &Path, mode: &str) -> (W, Value, Value) {
    let (_, raw_table) = raw_tables("json").remove(0);
    let (warehouse, ..) = with::<W>(folder, &raw_table);
    let keyed = mode == "append_dedup";
    let id = "CAST(CAST(_airbyte_data AS json) ->> 'id' AS bigint)";
    let key = if keyed { format!("md5(CAST({id} AS varchar)) AS _airbyte_unique_key, ") } else { String::new() };
    let newest = if keyed { format!("WHERE _airbyte_ab_id <> '{}'", uuid(2)) } else { String::new() };
    let rows = |more: &str, rows: &str| {
        format!(
            "SELECT {key}{id} AS id, {id} AS \"at\", {more} _airbyte_ab_id, _airbyte_emitted_at, \
             _airbyte_emitted_at AS _airbyte_normalized_at, md5(_airbyte_ab_id) AS _airbyte_s_hashid \
             FROM main._airbyte_raw_s {rows}"
        )
    };
    warehouse.execute(&format!("CREATE TABLE main.s AS {}", rows("", &newest)));
    if keyed {
        let versions = "_airbyte_emitted_at AS _airbyte_start_at, 1 AS _airbyte_active_row, ";
        warehouse.execute(&format!("CREATE TABLE main.s_scd AS {}", rows(versions, "")));
    }
    let mut config = warehouse.config("main");
    config["normalization"] = json!({"naming": "basic", "history": true});
    (warehouse, config, catalog(&[("s", mode)]))
}

fn they_are_typed_again_from_their_raw_table<W: TestWarehouse>() {
    for (mode, old) in [("append", &[0, 1, 2, 2][..]), ("append_dedup", &[0, 1, 2]), ("overwrite", &[0, 1, 2, 2])] {
        for by_a_sync in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let (warehouse, config, catalog) = left::<W>(folder.path(), mode);
            if by_a_sync {
                assert!(land(folder.path(), &config, &catalog, &records("s", 7..8)), "{mode}");
            } else {
                normalize(folder.path(), &config, &catalog).unwrap();
            }
            let kept = if by_a_sync && mode == "overwrite" { &[] } else { old };
            let new: &[i64] = if by_a_sync { &[7] } else { &[] };
            assert_eq!(typed_ids(&warehouse), [kept, new].concat(), "{mode} by a sync: {by_a_sync}");
            let orphans = "SELECT count(*) FROM main.s_children \
                           WHERE _airbyte_s_hashid NOT IN (SELECT _airbyte_s_hashid FROM main.s)";
            assert_eq!(warehouse.query(orphans), [[Some("0".to_owned())]], "{mode}");
        }
    }
}

fn rows_whose_records_raw_lacks_are_in_the_way_of_a_sync<W: TestWarehouse>() {
    for (mode, left_over) in [("append", &[1, 2, 2, 7][..]), ("append_dedup", &[1, 2, 7])] {
        let folder = tempfile::tempdir().unwrap();
        let (warehouse, config, catalog) = left::<W>(folder.path(), mode);
        warehouse.execute(&format!("DELETE FROM main._airbyte_raw_s WHERE _airbyte_ab_id = '{}'", uuid(0)));
        let before = content(warehouse.tables());
        let told = normalize(folder.path(), &config, &catalog).unwrap_err();
        assert!(told.contains("lacks 1 of the records that the typed tables of `s` show"), "{mode} {told}");
        let sync = write(folder.path(), &config, &catalog, records("s", 7..8).as_bytes());
        let told = "the rows of the table `main.s` are another connector's, and new ones can't be put beside them: \
                    the raw table lacks 1 of their records, ";
        assert!(sync.error().unwrap().starts_with(told), "{mode} {:?}", sync.error());
        let files = ["config.json", "catalog.json"].map(|name| folder.path().join(name).display().to_string());
        let planned = alluvium(&["plan", "--config", &files[0], "--catalog", &files[1]]).unwrap_err();
        assert!(planned.contains(told), "{mode} {planned}");
        assert_eq!(content(warehouse.tables()), before, "{mode}");

        again(folder.path(), "--accept-losses").unwrap();
        assert!(land(folder.path(), &config, &catalog, &records("s", 7..8)), "{mode}");
        assert_eq!(typed_ids(&warehouse), left_over, "{mode}");
    }
}

fn without_raw_they_are_in_the_way_of_a_sync<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let (warehouse, mut config, catalog) = left::<W>(folder.path(), "append_dedup");
    config["normalization"]["raw"] = json!("none");
    let sync = write(folder.path(), &config, &catalog, records("s", 7..8).as_bytes());
    assert!(sync.error().unwrap().contains("typed again from their raw table by `alluvium normalize`"));
    normalize(folder.path(), &config, &catalog).unwrap();
    assert!(land(folder.path(), &config, &catalog, &records("s", 2..5)));
    assert_eq!(typed_ids(&warehouse), [0, 1, 2, 3, 4]);
}
