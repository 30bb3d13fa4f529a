//! Opening: paths, versions, names, other processes.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use duckdb::Connection;

use super::*;

/// The storage version that a file's header names.
fn version(file: &Path) -> u64 {
    u64::from_le_bytes(fs::read(file).unwrap()[12..20].try_into().unwrap())
}

#[test]
fn missing_directories_and_odd_names_are_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a/b/c.duckdb", "it's \"odd\".db", "md:x", "sqlite:x", "ü 🚀", ":memory:", "$HOME;--"] {
        let path = folder.path().join(name);
        let mut warehouse = open(&path);
        warehouse.execute("CREATE TABLE t AS SELECT 1 AS i").unwrap();
        drop(warehouse);
        assert!(path.is_file(), "{name}");
        assert_eq!(value(&mut open(&path), "SELECT i FROM t").as_deref(), Some("1"), "{name}");
    }
}

#[test]
fn a_file_of_a_schemas_name_is_not_ambiguous() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sales.duckdb");
    let mut warehouse = open(&path);
    for schema in ["sales", "main", "memory", "duckdb"] {
        warehouse.execute(&format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"")).unwrap();
        warehouse.execute(&format!("CREATE TABLE \"{schema}\".\"t\" (i BIGINT)")).unwrap();
        warehouse.load(&table(schema, "t"), &[integers([1])]).unwrap();
        let found = warehouse.describe(&[schema.to_owned()]).unwrap();
        assert_eq!(found[0].name, table(schema, "t"));
    }
    drop(warehouse);

    // For everybody else it is a database like any other.
    let other = Connection::open(&path).unwrap();
    let tables: i64 = other
        .query_row("SELECT count(*) FROM duckdb_tables() WHERE database_name = 'sales'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 4);
}

#[test]
fn schemas_that_duckdb_keeps_for_itself_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut warehouse = open(&folder.path().join("a.duckdb"));
    let error = warehouse.describe(&["main".to_owned(), "Temp".to_owned()]).unwrap_err();
    assert!(matches!(&error, WarehouseError::Config(message) if message.contains("the name `Temp`")), "{error}");
}

#[test]
fn new_files_have_the_version_that_duckdb_1_4_reads_and_old_files_keep_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let (new, old) = (folder.path().join("new.duckdb"), folder.path().join("old.duckdb"));
    let sql = format!("ATTACH '{}' AS old (STORAGE_VERSION 'v1.0.0')", old.display());
    Connection::open_in_memory().unwrap().execute_batch(&sql).unwrap();
    for file in [&new, &old] {
        open(file).execute("CREATE TABLE t AS SELECT range AS i FROM range(10000)").unwrap();
    }
    assert_eq!((version(&new), version(&old)), (67, 64));
}

#[test]
fn reading_only_reads_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.duckdb");
    open(&path).execute("CREATE TABLE t AS SELECT 42 AS i").unwrap();
    let options = DuckDbOptions { read_only: true, ..options(&path) };
    let mut warehouse = DuckDbWarehouse::open(&options).unwrap();
    assert_eq!(value(&mut warehouse, "SELECT i FROM t").as_deref(), Some("42"));
    warehouse.execute("CREATE TABLE u (i BIGINT)").unwrap_err();
}

#[test]
fn a_relative_path_is_below_the_working_directory() {
    let folder = tempfile::tempdir_in(".").unwrap();
    let path = PathBuf::from(folder.path().file_name().unwrap()).join("a.duckdb");
    drop(open(&path));
    assert!(folder.path().join("a.duckdb").is_file());
}

#[test]
fn a_file_that_another_process_holds_is_named_with_its_holder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.duckdb");
    let mut holder = other_process("opening::holds_the_file", &path);
    let error = refusal(&options(&path));
    let (file, process) = (path.display().to_string(), format!("(PID {})", holder.id()));
    assert!(
        matches!(&error, WarehouseError::Transient(message) if message.contains(&file) && message.contains(&process)),
        "{error}"
    );

    // It ends by itself while we wait.
    drop(holder.stdin.take());
    let patient = DuckDbOptions { lock_wait: Duration::from_mins(1), ..options(&path) };
    DuckDbWarehouse::open(&patient).unwrap();
    holder.wait().unwrap();
}

#[test]
#[ignore = "the other process of `a_file_that_another_process_holds_is_named_with_its_holder`"]
fn holds_the_file() {
    as_other_process(|warehouse| {
        ready();
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        drop(warehouse);
    });
}
