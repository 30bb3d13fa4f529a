//! What Basic Normalization made of the records that it was tested with, and what we make of them.
//!
//! Runs where `../shared/basic-normalization` (or the folder in `ALLUVIUM_BASIC_NORMALIZATION`) is present.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Postgres, Table, TestWarehouse as _, write};
use departures::{DEPARTURES, Ours};

/// Where our rows are others, and why.
mod departures;

/// A sync's name, its catalog and its messages.
type Files = (&'static str, &'static str, &'static str);

/// Each suite, and its syncs.
const SUITES: [(&str, [Files; 3]); 2] = [
    (
        "test_simple_streams",
        [
            ("sync1", "catalog.json", "messages.txt"),
            ("sync2", "catalog.json", "messages_incremental.txt"),
            ("sync3_schema_change", "catalog_schema_change.json", "messages_schema_change.txt"),
        ],
    ),
    (
        "test_sparse_nested_streams",
        [
            ("sync1", "catalog.json", "messages.txt"),
            ("sync2", "catalog.json", "messages2.txt"),
            ("sync3", "catalog.json", "messages3.txt"),
        ],
    ),
];

const SCHEMA: &str = "test_normalization";

#[test]
#[allow(clippy::print_stdout)] // the figures are to be quoted
fn rows_are_those_that_basic_normalization_made() {
    let home = std::env::var_os("ALLUVIUM_BASIC_NORMALIZATION")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/basic-normalization"), PathBuf::from);
    if !home.is_dir() {
        println!("skipped: not present: {}", home.display());
        return;
    }
    let read = |path: &str| std::fs::read_to_string(home.join(path)).unwrap();
    let expected: Value = serde_json::from_str(&read("expected_rows_postgres.json")).unwrap();
    let mut comparison = Comparison::default();
    for (suite, syncs) in SUITES {
        let folder = tempfile::tempdir().unwrap();
        let warehouse = Postgres::new(folder.path());
        for (sync, catalog, messages) in syncs {
            let catalog = serde_json::from_str(&read(&format!("suites/{suite}/data_input/{catalog}"))).unwrap();
            let messages = read(&format!("suites/{suite}/data_input/{messages}"));
            let messages = messages.lines().filter(|line| !line.starts_with("//"));
            let input: String = messages.flat_map(|line| [line, "\n"]).collect();
            let run = write(folder.path(), &config(&warehouse), &catalog, input.as_bytes());
            assert!(run.succeeded, "{suite} {sync}: {:?}", run.error());
            let tables = warehouse.tables();
            for (name, theirs) in expected["suites"][suite][sync]["tables"].as_object().unwrap() {
                let (schema, name) = name.split_once('.').unwrap();
                if schema == SCHEMA && !name.starts_with("_airbyte_raw_") {
                    let ours = tables.iter().find(|table| table.schema == schema && table.name == name);
                    comparison.table(sync, name, theirs, ours.unwrap_or_else(|| panic!("{sync}: no table {name}")));
                }
            }
        }
    }
    let Comparison { mut wrong, same, departing, departed } = comparison;
    println!("{same} of {} rows, {departing} depart:", same + departing);
    for (index, departure) in DEPARTURES.iter().enumerate() {
        let rows = departed.iter().filter(|other| **other == index).count();
        println!("{rows} {} {}: {}", departure.table, departure.column, departure.reason);
        if rows == 0 {
            wrong.push(format!("nothing departs so: {departure:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn config(warehouse: &Postgres) -> Value {
    let mut config = warehouse.config(SCHEMA);
    config["normalization"] = json!({
        "naming": "basic", "scalar_arrays": "json", "keep_nested_json": true, "history": true, "number": "double",
    });
    config
}

/// Their rows against ours.
#[derive(Default)]
struct Comparison {
    wrong: Vec<String>,
    same: usize,
    departing: usize,
    /// The departures that were met, once for each row.
    departed: Vec<usize>,
}

/// A row as text.
type Row = Vec<String>;

impl Comparison {
    fn table(&mut self, sync: &str, name: &str, theirs: &Value, ours: &Table) {
        let columns: Vec<(&str, &str)> = theirs["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|column| (column["name"].as_str().unwrap(), column["type"].as_str().unwrap()))
            .collect();
        let mut left = our_rows(ours, &columns);
        let mut take = |row: &Row| left.iter().position(|other| other == row).map(|index| left.swap_remove(index));
        let theirs: Vec<Row> = theirs["rows"].as_array().unwrap().iter().map(|row| their_row(row, &columns)).collect();
        let others: Vec<Row> = theirs.iter().filter(|row| take(row).is_none()).cloned().collect();
        self.same += theirs.len() - others.len();
        let names: Vec<&str> = compared(&columns).map(|(_, (name, _))| *name).collect();
        for row in others {
            let (departing, by) = departing(sync, name, &names, &row);
            if departing.is_none_or(|row| take(&row).is_some()) && !by.is_empty() {
                self.departing += 1;
                self.departed.extend(by);
            } else {
                self.wrong.push(format!("{sync} {name}: they have {row:?}"));
            }
        }
        self.wrong.extend(left.into_iter().map(|row| format!("{sync} {name}: we have {row:?}")));
    }
}

/// The row as we have it (`None`: we have none), and by which departures.
fn departing(sync: &str, table: &str, names: &[&str], row: &Row) -> (Option<Row>, Vec<usize>) {
    let place = |column: &str| names.iter().position(|name| *name == column);
    let value = |column: &str| place(column).map(|place| row[place].as_str()).filter(|value| *value != "NULL");
    let mut departing = Some(row.clone());
    let mut by = Vec::new();
    for (index, departure) in DEPARTURES.iter().enumerate().filter(|(_, one)| one.is_of(sync, table, value)) {
        by.push(index);
        departing = match (&departure.ours, place(departure.column)) {
            (Ours::Null, Some(place)) => departing.map(|mut row| {
                "NULL".clone_into(&mut row[place]);
                row
            }),
            _ => None,
        };
    }
    (departing, by)
}

/// The columns with their places, less ids and the time of normalization.
fn compared<'a>(columns: &'a [(&'a str, &'a str)]) -> impl Iterator<Item = (usize, &'a (&'a str, &'a str))> {
    let ours = ["_airbyte_ab_id", "_airbyte_normalized_at", "_airbyte_unique_key", "_airbyte_unique_key_scd"];
    columns.iter().enumerate().filter(move |(_, (name, _))| !ours.contains(name) && !name.ends_with("_hashid"))
}

fn their_row(row: &Value, columns: &[(&str, &str)]) -> Row {
    let text = |(place, (name, _)): (usize, &(&str, &str))| match &row[place] {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        // 1 and 0 there, a boolean here.
        value if *name == "_airbyte_active_row" => (value == 1).to_string(),
        Value::Number(number) if number.is_f64() => number.as_f64().unwrap().to_string(),
        value => value.to_string(),
    };
    compared(columns).map(text).collect()
}

/// Our rows, by their columns: we keep those of properties that are gone.
fn our_rows(table: &Table, columns: &[(&str, &str)]) -> Vec<Row> {
    let place = |name: &str| {
        let place = table.columns.iter().position(|column| column.name == name);
        place.unwrap_or_else(|| panic!("{}: no column {name}", table.name))
    };
    let places: Vec<(usize, &str)> = compared(columns).map(|(_, (name, kind))| (place(name), *kind)).collect();
    let text = |value: &Option<String>, kind: &str| match value {
        None => "NULL".to_owned(),
        Some(value) if kind == "double precision" => value.parse::<f64>().unwrap().to_string(),
        Some(value) => value.clone(),
    };
    table.rows.iter().map(|row| places.iter().map(|(place, kind)| text(&row[*place], kind)).collect()).collect()
}
