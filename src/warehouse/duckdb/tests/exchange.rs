//! One table in the place of another.

use super::{open, table};
use crate::warehouse::Warehouse;

/// Exchanges `live` (`id`, `v`) for `staged` (`id`, text `v`) with 200,000 rows, some of them of the same transaction.
fn exchanged(belongings: &str) -> (bool, Vec<Vec<Option<String>>>) {
    let folder = tempfile::tempdir().unwrap();
    let mut warehouse = open(&folder.path().join("file.duckdb"));
    let made = format!(
        "CREATE TABLE live (id BIGINT, v BIGINT); INSERT INTO live VALUES (-1, -1); {belongings}; \
         CREATE TABLE staged (ID BIGINT, v VARCHAR); INSERT INTO staged SELECT i, i FROM range(150000) AS r(i)"
    );
    for statement in made.split("; ") {
        warehouse.execute(statement).unwrap();
    }
    warehouse.begin().unwrap();
    warehouse.execute("INSERT INTO staged SELECT i, i FROM range(150000, 200000) AS r(i)").unwrap();
    let exchanged = warehouse.exchange(&table("main", "live"), &table("main", "staged")).unwrap();
    warehouse.commit().unwrap();
    let seen = "SELECT (SELECT count(*) FROM live), (SELECT typeof(any_value(v)) FROM live), \
                (SELECT count(*) FROM duckdb_tables() WHERE table_name = 'staged'), \
                (SELECT comment FROM duckdb_tables() WHERE table_name = 'live'), \
                (SELECT comment FROM duckdb_columns() WHERE table_name = 'live' AND column_name = 'v')";
    (exchanged, warehouse.query(seen).unwrap().rows)
}

#[test]
fn the_other_table_has_the_name_and_its_comments_and_views_go_on() {
    let belongings = "COMMENT ON TABLE live IS 'it''s mine'; COMMENT ON COLUMN live.v IS '[\"v\"]'; \
                      CREATE VIEW w AS SELECT v FROM live";
    let (exchanged, seen) = exchanged(belongings);
    let expected = ["200000", "VARCHAR", "0", "it's mine", "[\"v\"]"].map(|text| Some(text.to_owned()));
    assert_eq!((exchanged, seen), (true, vec![expected.to_vec()]));
}

#[test]
fn a_table_that_would_lose_something_stays() {
    for belongings in [
        "CREATE INDEX i ON live (v)",
        "ALTER TABLE live ADD COLUMN mine BIGINT",
        "ALTER TABLE live ALTER v SET DEFAULT 3",
        "ALTER TABLE live ALTER v SET NOT NULL",
    ] {
        let (exchanged, seen) = exchanged(belongings);
        let expected = [Some("1".to_owned()), Some("BIGINT".to_owned()), Some("1".to_owned()), None, None];
        assert_eq!((exchanged, seen), (false, vec![expected.to_vec()]), "{belongings}");
    }
}
