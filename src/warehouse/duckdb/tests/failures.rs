//! Places that can't be opened or written, and what a person reads then.

use std::fs;
use std::path::PathBuf;

use arrow_array::StringArray;

use super::*;

/// What a person reads who may act on it.
fn advice(options: &DuckDbOptions) -> String {
    match refusal(options) {
        WarehouseError::Config(message) => message,
        other => panic!("not for the user: {other:?}"),
    }
}

/// A file system of 8 MB, where tests may mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf) -> Option<Self> {
        fs::create_dir(&at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(&at).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(at))
    }

    fn make_read_only(&self) {
        assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn places_that_are_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("folder")).unwrap();
    fs::write(at("text"), "hello ".repeat(10_000)).unwrap();
    fs::write(at("empty"), "").unwrap();
    let no_database = "can't be opened: the file exists, but is not a DuckDB database";
    for (path, expected) in [
        (at("folder"), "can't be opened: it is a directory, not a file"),
        (at("text"), no_database),
        (at("empty"), no_database),
        (PathBuf::from("s3://bucket/a.duckdb"), "can't be opened: it is not the path of a file on this machine"),
    ] {
        assert_eq!(advice(&options(&path)), format!("{} {expected}", path.display()));
    }
    let below_a_file = advice(&options(&at("text/below/a.duckdb")));
    assert!(below_a_file.contains("can't be created: not a directory"), "{below_a_file}");
    let missing = DuckDbOptions { read_only: true, ..options(&at("none.duckdb")) };
    assert_eq!(advice(&missing), format!("{} can't be opened: there is no such file", at("none.duckdb").display()));
}

#[test]
#[cfg(target_os = "linux")]
fn a_place_without_permission() {
    // not even the superuser may create files there
    let path = PathBuf::from("/sys/alluvium.duckdb");
    let message = advice(&options(&path));
    assert!(message.starts_with("/sys/alluvium.duckdb can't be opened: "), "{message}");
}

#[test]
fn a_file_of_a_newer_duckdb() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("newer.duckdb");
    drop(open(&path));
    let mut bytes = fs::read(&path).unwrap();
    bytes[12..20].copy_from_slice(&99_u64.to_le_bytes());
    // DuckDB's checksum of the main header, which is 4 KiB with the checksum in front
    let words = bytes[8..4096].chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap()));
    let checksum = words.fold(5381, |sum, word| sum ^ word.wrapping_mul(0xbf58_476d_1ce4_e5b9));
    bytes[..8].copy_from_slice(&checksum.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let message = advice(&options(&path));
    assert!(message.contains("was written by a newer DuckDB") && message.ends_with("the file has 99"), "{message}");
}

#[test]
fn a_damaged_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.duckdb");
    drop(open(&path));
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 0xff;
    fs::write(&path, bytes).unwrap();
    assert!(advice(&options(&path)).ends_with("the database file is damaged"));
}

#[test]
fn a_full_disk_fails_the_commit_and_keeps_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path().join("disk")) else { return };
    let path = disk.0.join("a.duckdb");
    let mut warehouse = open(&path);
    warehouse.execute("CREATE TABLE t (i BIGINT)").unwrap();
    warehouse.load(&table("main", "t"), &[integers(0..1000)]).unwrap();
    warehouse.begin().unwrap();
    // numbers that don't compress
    let noise = (1..2_000_000_u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15).cast_signed());
    let loaded = warehouse.load(&table("main", "t"), &[integers(noise)]).map(drop);
    let error = loaded.and_then(|()| warehouse.commit()).unwrap_err();
    assert!(
        matches!(&error, WarehouseError::Resource(message) if message.ends_with("can't be written: the disk is full")),
        "{error}"
    );
    warehouse.rollback().unwrap();
    assert_eq!(value(&mut warehouse, "SELECT count(*) FROM t").as_deref(), Some("1000"));
    drop(warehouse);
    assert_eq!(value(&mut open(&path), "SELECT count(*) FROM t").as_deref(), Some("1000"));
}

#[test]
fn a_full_disk_does_not_abort_the_process_in_the_middle_of_a_scan() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path().join("disk")) else { return };
    let options = DuckDbOptions { memory_limit: 24 << 20, ..options(&disk.0.join("a.duckdb")) };
    let mut warehouse = DuckDbWarehouse::open(&options).unwrap();
    warehouse.execute("CREATE TABLE t (j JSON)").unwrap();
    let documents = (0..20_000_u64).map(|row| {
        let words = (0..150).map(|word| row.wrapping_add(word << 40).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        words.map(|word| format!("{word:x}")).collect::<Vec<_>>().concat()
    });
    let rows = batch(vec![column("j", StringArray::from_iter_values(documents))]);
    warehouse.begin().unwrap();
    let loaded = warehouse.load(&table("main", "t"), &[rows]).map(drop);
    let error = loaded.and_then(|()| warehouse.commit()).unwrap_err();
    assert!(matches!(&error, WarehouseError::Resource(message) if message.contains("the disk")), "{error:?}");
    warehouse.rollback().unwrap();
    assert_eq!(value(&mut warehouse, "SELECT count(*) FROM t").as_deref(), Some("0"));
}

#[test]
fn a_file_system_for_reading_only() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path().join("disk")) else { return };
    let path = disk.0.join("a.duckdb");
    drop(open(&path));
    disk.make_read_only();
    assert_eq!(advice(&options(&path)), format!("{} can't be opened: the file system is read-only", path.display()));
    DuckDbWarehouse::open(&DuckDbOptions { read_only: true, ..options(&path) }).unwrap();
}

#[test]
fn too_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let options = DuckDbOptions { memory_limit: 2 << 20, ..options(&folder.path().join("a.duckdb")) };
    let mut warehouse = DuckDbWarehouse::open(&options).unwrap();
    // a list is never moved to a temporary file
    let error = warehouse.execute("CREATE TABLE t AS SELECT list(range) AS i FROM range(30000000)").unwrap_err();
    assert!(matches!(&error, WarehouseError::Resource(message) if message.contains("needs more memory")), "{error:?}");
}

#[test]
fn a_view_in_the_way_is_the_users() {
    let folder = tempfile::tempdir().unwrap();
    let mut warehouse = open(&folder.path().join("a.duckdb"));
    warehouse.execute("CREATE VIEW users AS SELECT 1 AS i").unwrap();
    assert_eq!(warehouse.describe(&["main".to_owned()]).unwrap()[0].name, table("main", "users"));
    for error in [
        warehouse.execute("CREATE OR REPLACE TABLE \"main\".\"users\" (i BIGINT)").unwrap_err(),
        warehouse.load(&table("main", "users"), &[integers([1])]).unwrap_err(),
    ] {
        assert!(matches!(&error, WarehouseError::Config(message) if message.contains("users")), "{error:?}");
    }
}
