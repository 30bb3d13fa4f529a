//! Transactions and what survives a crash.

use arrow_array::StringArray;

use super::*;

#[test]
fn what_was_not_committed_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let mut warehouse = open(&folder.path().join("a.duckdb"));
    warehouse.execute("CREATE TABLE t (i BIGINT)").unwrap();
    warehouse.begin().unwrap();
    warehouse.load(&table("main", "t"), &[integers(0..5000)]).unwrap();
    warehouse.execute("CREATE TABLE u (i BIGINT)").unwrap();
    warehouse.rollback().unwrap();
    assert_eq!(value(&mut warehouse, "SELECT count(*) FROM t").as_deref(), Some("0"));
    assert_eq!(warehouse.describe(&["main".to_owned()]).unwrap().len(), 1);
}

#[test]
fn after_an_error_a_rollback_makes_it_usable_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut warehouse = open(&folder.path().join("a.duckdb"));
    warehouse.execute("CREATE TABLE t (i BIGINT)").unwrap();
    warehouse.begin().unwrap();
    let rows = batch(vec![column("i", StringArray::from(vec!["1", "a secret"]))]);
    let error = warehouse.load(&table("main", "t"), &[rows]).unwrap_err().to_string();
    assert!(error.starts_with("loading main.t: Could not convert string"), "{error}");
    assert!(!error.contains("secret"), "{error}");
    warehouse.commit().unwrap_err();
    warehouse.rollback().unwrap();
    // a rollback of nothing is no error: DuckDB itself ends a transaction whose commit failed
    warehouse.rollback().unwrap();
    assert_eq!(warehouse.load(&table("main", "t"), &[integers([1])]).unwrap(), 1);
}

#[test]
fn a_column_that_the_table_lacks_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut warehouse = open(&folder.path().join("a.duckdb"));
    warehouse.execute("CREATE TABLE t (j BIGINT)").unwrap();
    let error = warehouse.load(&table("main", "t"), &[integers([1])]).unwrap_err().to_string();
    assert!(error.contains("loading main.t") && error.contains("\"i\""), "{error}");
    let error = warehouse.load(&table("main", "none"), &[integers([1])]).unwrap_err().to_string();
    assert!(error.contains("none does not exist"), "{error}");
}

#[test]
fn what_was_committed_survives_the_death_of_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.duckdb");
    let mut other = other_process("transactions::commits_and_waits_for_its_death", &path);
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!(value(&mut open(&path), "SELECT count(*) FROM t").as_deref(), Some("301000"));
}

#[test]
#[ignore = "the other process of `what_was_committed_survives_the_death_of_the_process`"]
fn commits_and_waits_for_its_death() {
    as_other_process(|mut warehouse| {
        warehouse.execute("CREATE TABLE t (i BIGINT)").unwrap();
        // once through the write-ahead log, once with row groups written ahead of the commit
        for rows in [1000, 300_000] {
            warehouse.begin().unwrap();
            warehouse.load(&table("main", "t"), &[integers(0..rows)]).unwrap();
            warehouse.commit().unwrap();
        }
        warehouse.begin().unwrap();
        warehouse.load(&table("main", "t"), &[integers(0..7)]).unwrap();
        ready();
        std::thread::sleep(Duration::from_mins(1));
    });
}

#[test]
fn a_table_that_is_merged_into_does_not_grow_with_every_sync() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.duckdb");
    for sync in 0..6 {
        let mut warehouse = open(&path);
        warehouse.execute("CREATE TABLE IF NOT EXISTS t (i BIGINT)").unwrap();
        warehouse.begin().unwrap();
        warehouse.execute("DELETE FROM t WHERE i % 2 = 0").unwrap();
        let rows: Vec<i64> = (0..300_000).filter(|row| sync == 0 || row % 2 == 0).collect();
        warehouse.load(&table("main", "t"), &[integers(rows)]).unwrap();
        warehouse.commit().unwrap();
    }
    let held = "SELECT estimated_size FROM duckdb_tables() WHERE table_name = 't'";
    let held: u64 = value(&mut open(&path), held).unwrap().parse().unwrap();
    assert!(held < 600_000, "300000 rows live, {held} kept");
}

#[test]
fn a_log_that_ends_within_a_transaction_brings_back_none_of_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let [file, log, cut, cut_log] =
        ["a.duckdb", "a.duckdb.wal", "b.duckdb", "b.duckdb.wal"].map(|name| folder.path().join(name));
    // as any other process of DuckDB would leave it
    let other = duckdb::Connection::open(&file).unwrap();
    let committed = "SET checkpoint_threshold = '1TB'; SET write_buffer_row_group_count = 1; \
                     CREATE TABLE t (i BIGINT); CHECKPOINT; INSERT INTO t SELECT range FROM range(10)";
    other.execute_batch(committed).unwrap();
    let first = std::fs::metadata(&log).unwrap().len();
    other.execute_batch("BEGIN; DELETE FROM t; INSERT INTO t SELECT range FROM range(300000); COMMIT").unwrap();
    let whole = std::fs::read(&log).unwrap();
    let count = |length: usize| {
        std::fs::copy(&file, &cut).unwrap();
        std::fs::write(&cut_log, &whole[..length]).unwrap();
        value(&mut open(&cut), "SELECT count(*) FROM t").unwrap()
    };
    for length in (usize::try_from(first).unwrap()..whole.len()).step_by(5) {
        assert_eq!(count(length), "10", "{length} of {} bytes", whole.len());
    }
    assert_eq!(count(whole.len()), "300000");
}

#[test]
fn a_large_commit_writes_no_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.duckdb");
    let mut warehouse = open(&path);
    warehouse.execute("CREATE TABLE t (i BIGINT)").unwrap();
    let mut reader = warehouse.reader().unwrap();
    // once alone, once while somebody reads
    for _ in 0..2 {
        warehouse.begin().unwrap();
        warehouse.load(&table("main", "t"), &[integers(0..300_000)]).unwrap();
        warehouse.execute("DELETE FROM t WHERE i < 10").unwrap();
        warehouse.commit().unwrap();
        assert!(!folder.path().join("a.duckdb.wal").exists());
        let parts = reader.stream("SELECT i::VARCHAR FROM t", 1).unwrap();
        std::mem::forget(parts);
    }
}
