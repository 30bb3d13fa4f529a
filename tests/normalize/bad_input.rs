//! Raw tables that are not what one would wish for, and others who are there too.

use std::path::Path;

use serde_json::json;

use super::{content, raw_tables};
use crate::landing::{catalog, record, records};
use crate::support::{Postgres, TestWarehouse, alluvium, in_every_warehouse, normalize, write};

in_every_warehouse! {
    of_two_raw_tables_ours_is_read,
    each_row_of_a_raw_table_of_two_connectors_is_read_by_its_own_columns,
    an_empty_raw_table_gives_empty_tables,
    raw_tables_of_no_stream_are_told,
    two_rebuilds_at_once_both_succeed,
}

/// Lands records of `s` and its like.
fn landed<W: TestWarehouse>(folder: &Path, mode: &str, input: &str) -> W {
    let warehouse = W::new(folder);
    let catalog = catalog(&[("s", mode), ("t", mode)]);
    assert!(write(folder, &warehouse.config("main"), &catalog, input.as_bytes()).succeeded);
    warehouse
}

fn count(warehouse: &impl TestWarehouse, table: &str) -> String {
    warehouse.query(&format!("SELECT count(*) FROM {table}")).remove(0).remove(0).unwrap()
}

fn of_two_raw_tables_ours_is_read<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = landed::<W>(folder.path(), "append", &records("s", 7..9));
    let (_, of_v2) = raw_tables("json").remove(1);
    warehouse.execute(&of_v2);
    let before = content(warehouse.tables());
    let told = normalize(folder.path(), &warehouse.config("main"), &catalog(&[("s", "append")])).unwrap();
    let warning = "the stream has several raw tables stream=s read=\"main._airbyte_raw_s\" \
                   not_read=\"airbyte_internal.main_raw__stream_s\"";
    assert!(told.contains(warning), "{told}");
    assert_eq!(content(warehouse.tables()), before);
}

fn each_row_of_a_raw_table_of_two_connectors_is_read_by_its_own_columns<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = W::new(folder.path());
    let row = |id: i64, [ab_id, emitted_at, raw_id, extracted_at]: [&str; 4]| {
        format!(
            "INSERT INTO main._airbyte_raw_s VALUES ({ab_id}, {emitted_at}, '{{\"id\": {id}}}', {raw_id}, {extracted_at}); "
        )
    };
    let [one, other, none] = [
        row(1, ["'6c45cd8e-51fb-4f47-b0be-59bf0a8a8a01'", "'2024-01-01 00:00:00+00'", "NULL", "NULL"]),
        row(2, ["NULL", "NULL", "'6c45cd8e-51fb-4f47-b0be-59bf0a8a8a02'", "'2024-02-02 00:00:00+00'"]),
        row(3, ["NULL", "NULL", "NULL", "'2024-03-03 00:00:00+00'"]),
    ];
    warehouse.execute(&format!(
        "CREATE SCHEMA IF NOT EXISTS main; CREATE TABLE main._airbyte_raw_s \
         (_airbyte_ab_id varchar, _airbyte_emitted_at timestamp with time zone, _airbyte_data json, \
         _airbyte_raw_id varchar, _airbyte_extracted_at timestamp with time zone); {one}{other}"
    ));
    let (mut config, catalog) = (warehouse.config("main"), catalog(&[("s", "append_dedup")]));
    let shown = || warehouse.query("SELECT id, _airbyte_ab_id, _airbyte_emitted_at FROM main.s ORDER BY id");
    let rows = [("1", "01", "2024-01-01"), ("2", "02", "2024-02-02")].map(|(id, uuid, day)| {
        [id.to_owned(), format!("6c45cd8e-51fb-4f47-b0be-59bf0a8a8a{uuid}"), format!("{day} 00:00:00+00")].map(Some)
    });
    normalize(folder.path(), &config, &catalog).unwrap();
    assert_eq!(shown(), rows);
    warehouse.execute(&none);
    let told = normalize(folder.path(), &config, &catalog).unwrap_err();
    assert!(told.contains("a raw row of stream `s` has no id"), "{told}");
    config["loading"] = json!({"on_bad_input": "skip"});
    normalize(folder.path(), &config, &catalog).unwrap();
    assert_eq!(shown(), rows);
}

fn an_empty_raw_table_gives_empty_tables<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = landed::<W>(folder.path(), "append_dedup", &records("s", 0..9));
    let (config, catalog) = (warehouse.config("main"), catalog(&[("s", "append_dedup")]));
    let file = |name: &str| folder.path().join(name).display().to_string();
    let empty = || {
        let files = ["--config", &file("config.json"), "--catalog", &file("catalog.json")];
        alluvium(&[&["normalize", "--accept-losses"], &files[..]].concat()).unwrap();
        assert_eq!(["main.s", "main.s_children"].map(|table| count(&warehouse, table)), ["0", "0"]);
    };
    warehouse.execute("DELETE FROM main._airbyte_raw_s");
    let told = normalize(folder.path(), &config, &catalog).unwrap_err();
    assert!(told.contains("lacks 9 of the records that the typed tables of `s` show"), "{told}");
    empty();
    warehouse.execute("DROP TABLE main.s_children; DROP TABLE main.s");
    empty();
    // nothing is remembered of the keys that were there
    assert!(write(folder.path(), &config, &catalog, record("s", 3).as_bytes()).succeeded);
    assert_eq!(["main.s", "main.s_children"].map(|table| count(&warehouse, table)), ["1", "2"]);
}

fn raw_tables_of_no_stream_are_told<W: TestWarehouse>() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = landed::<W>(folder.path(), "append", &(records("s", 0..2) + &records("t", 0..2)));
    let config = warehouse.config("main");
    let told = |streams: &[(&str, &str)]| normalize(folder.path(), &config, &catalog(streams)).unwrap();
    let one = told(&[("s", "append")]);
    assert!(one.contains("raw tables of no stream of the catalog count=1 tables=\"main._airbyte_raw_t\""), "{one}");
    let both = told(&[("s", "append"), ("t", "append")]);
    assert!(!both.contains("of no stream"), "{both}");
}

fn two_rebuilds_at_once_both_succeed<W: TestWarehouse>() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let warehouse = landed::<W>(folders[0].path(), "append_dedup", &records("s", 0..2_000));
    let (config, catalog) = (warehouse.config("main"), catalog(&[("s", "append_dedup")]));
    let before = content(warehouse.tables());
    std::thread::scope(|scope| {
        let runs = folders.each_ref().map(|folder| scope.spawn(|| normalize(folder.path(), &config, &catalog)));
        for run in runs {
            run.join().unwrap().unwrap();
        }
    });
    assert_eq!(content(warehouse.tables()), before);
}

/// Another role, without rights on one of the tables.
#[test]
fn a_table_that_is_somebody_else_s_is_named_and_nothing_is_changed() {
    for (denied, told) in [("_airbyte_raw_s", "may not use the table `_airbyte_raw_s`"), ("s", "the table `s`")] {
        let folder = tempfile::tempdir().unwrap();
        let warehouse = landed::<Postgres>(folder.path(), "append", &records("s", 0..9));
        let mut config = warehouse.config("main");
        let database = config["database"].as_str().unwrap().to_owned();
        let role = format!("stranger_of_{database}");
        warehouse.execute(&format!(
            "CREATE ROLE {role} LOGIN; GRANT CREATE ON DATABASE {database} TO {role}; \
             GRANT ALL ON SCHEMA main, _airbyte_internal TO {role}; \
             GRANT ALL ON ALL TABLES IN SCHEMA main, _airbyte_internal TO {role}; REVOKE ALL ON main.{denied} FROM {role}"
        ));
        let ours_alone = || count(&warehouse, "pg_tables WHERE schemaname = '_airbyte_internal'");
        let before = (content(warehouse.tables()), ours_alone());
        config["username"] = json!(role);
        let failure = normalize(folder.path(), &config, &catalog(&[("s", "append")])).unwrap_err();
        assert!(failure.contains(&format!("the role `{role}` ")) && failure.contains(told), "{failure}");
        assert_eq!((content(warehouse.tables()), ours_alone()), before);
        warehouse.execute(&format!("GRANT {role} TO CURRENT_USER; DROP OWNED BY {role} CASCADE; DROP ROLE {role}"));
    }
}
