//! The warehouse against real DuckDB files.

#![allow(clippy::unwrap_used, clippy::expect_used)]

/// One table in the place of another.
mod exchange;
/// Places that can't be opened or written, and what a person reads then.
mod failures;
/// Opening: paths, versions, names, other processes.
mod opening;
/// Transactions and what survives a crash.
mod transactions;
/// Values in, values out.
mod values;

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};

use super::{DuckDbOptions, DuckDbWarehouse, Grouping, Location};
use crate::warehouse::{TableName, Warehouse, WarehouseError};

fn options(path: &Path) -> DuckDbOptions {
    DuckDbOptions { lock_wait: Duration::ZERO, ..DuckDbOptions::new(Location::File(path.to_owned())) }
}

fn open(path: &Path) -> DuckDbWarehouse {
    DuckDbWarehouse::open(&options(path)).unwrap()
}

/// Why a file can't be opened.
fn refusal(options: &DuckDbOptions) -> WarehouseError {
    DuckDbWarehouse::open(options).map(drop).unwrap_err()
}

fn table(schema: &str, name: &str) -> TableName {
    TableName { schema: schema.to_owned(), name: name.to_owned() }
}

fn uuid_field(name: &str) -> Field {
    Field::new(name, DataType::FixedSizeBinary(16), true)
        .with_metadata(HashMap::from([("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned())]))
}

fn column(name: &str, array: impl Array + 'static) -> (Field, ArrayRef) {
    (Field::new(name, array.data_type().clone(), true), Arc::new(array))
}

fn batch(columns: Vec<(Field, ArrayRef)>) -> RecordBatch {
    let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

/// A batch of the column `i`.
fn integers(values: impl IntoIterator<Item = i64>) -> RecordBatch {
    batch(vec![column("i", Int64Array::from_iter_values(values))])
}

/// The only value that a query gives.
fn value(warehouse: &mut DuckDbWarehouse, sql: &str) -> Option<String> {
    warehouse.query(sql).unwrap().rows.remove(0).remove(0)
}

/// Starts an ignored test of this module in a process of its own, with a file to work on, and waits until it says `ready`.
fn other_process(test: &str, file: &Path) -> Child {
    let name = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", &name])
        .env("ALLUVIUM_TEST_FILE", file)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "ready"), "{name} did not start");
    child
}

/// In the other process: the file to work on, and the word that it is time.
fn as_other_process(work: impl FnOnce(DuckDbWarehouse)) {
    let Some(file) = std::env::var_os("ALLUVIUM_TEST_FILE") else { return };
    work(open(Path::new(&file)));
}

/// In the other process: tells the first one to go on.
#[allow(clippy::print_stderr)]
fn ready() {
    eprintln!("ready");
}
