//! `expected_tables.json`: the tables and columns of the catalogs that Basic Normalization was tested with.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{observed, options};
use crate::catalog::ConfiguredCatalog;
use crate::plan::{KnownNames, compile};
use crate::sql::Dialect;
use crate::sql::duckdb::DuckDb;
use crate::sql::postgres::Postgres;

/// The cases, and the file of each one's catalog.
const CASES: [(&str, &str); 10] = [
    ("test_simple_streams", "suites/test_simple_streams/data_input/catalog.json"),
    ("test_simple_streams__schema_change", "suites/test_simple_streams/data_input/catalog_schema_change.json"),
    ("test_nested_streams", "suites/test_nested_streams/data_input/catalog.json"),
    ("test_sparse_nested_streams", "suites/test_sparse_nested_streams/data_input/catalog.json"),
    ("test_reset_scd_overwrite__first", "suites/test_reset_scd_overwrite/data_input/test_drop_scd_catalog.json"),
    ("test_reset_scd_overwrite__reset", "suites/test_reset_scd_overwrite/data_input/test_drop_scd_catalog_reset.json"),
    (
        "test_reset_scd_overwrite__incremental",
        "suites/test_reset_scd_overwrite/data_input/test_drop_scd_catalog_incremental.json",
    ),
    ("unit_nested_catalog", "unit/nested_catalog.json"),
    ("unit_long_name_truncate_collisions", "unit/long_name_truncate_collisions_catalog.json"),
    ("unit_un-nesting_collisions", "unit/un-nesting_collisions_catalog.json"),
];

/// What is otherwise on purpose: of which warehouse, table and column (`*` stands for any text; no column: the table
/// itself), its type there and here (none: it is not there), and why.
type Departure = (&'static str, &'static str, &'static str, Option<&'static str>, Option<&'static str>, &'static str);

const DEPARTURES: &[Departure] = &[
    ("postgres", "*", "_airbyte_ab_id", Some("character varying"), Some("uuid"), "ids are uuids"),
    (
        "postgres",
        "*",
        "_airbyte_*_hashid",
        Some("text"),
        Some("uuid"),
        "ids are uuids, of the row and not of its content",
    ),
    ("postgres", "*", "_airbyte_unique_key", Some("text"), Some("uuid"), "ids are uuids"),
    ("postgres", "*_scd", "_airbyte_active_row", Some("int*"), Some("boolean"), "what is true or false is a boolean"),
    ("*", "*_scd", "_airbyte_unique_key_scd", Some("*"), None, "a version is told by its id"),
    ("*", "*", "_airbyte_meta", None, Some("*"), "says what typing changed"),
    ("*", "*", "_airbyte_generation_id", None, Some("*"), "came with refreshes, after Basic Normalization"),
    ("*", "*", "_airbyte_position", None, Some("*"), "elements have an order"),
    (
        "*",
        "*_double_array_data",
        "",
        Some("table"),
        None,
        "an array of arrays is JSON: one row of NULLs for each inner array says less",
    ),
    (
        "*",
        "conflict_stream_name*_conflict_stream_name",
        "",
        Some("table"),
        None,
        "an object has no `items`: it has no properties either, and is JSON",
    ),
    (
        "postgres",
        "dedup_exchange_rate*",
        "usd",
        Some("double precision"),
        Some("bigint"),
        "was read from a table that existed, where the column had been a number before",
    ),
    (
        "duckdb",
        "_airbyte_raw_postgres__destinations_are_fine",
        "",
        Some("table"),
        None,
        "two streams that would share a raw table, where Basic Normalization gave up, get one each",
    ),
];

/// A table's columns, by name and type, in their order.
type Columns = Vec<(String, String)>;

#[test]
#[allow(clippy::print_stdout)] // the figures are to be quoted
fn tables_are_those_that_basic_normalization_made() {
    let Some(expected) = observed("expected_tables.json") else { return };
    let expected = expected["cases"].as_object().unwrap();
    assert_eq!(expected.len(), CASES.len());
    let mut departed = vec![false; DEPARTURES.len()];
    let mut wrong = Vec::new();
    for (warehouse, dialect) in [("postgres", &Postgres::default() as &dyn Dialect), ("duckdb", &DuckDb::default())] {
        let mut figures = Figures::default();
        for (case, catalog) in CASES {
            let (theirs, ours) = (theirs(&expected[case][warehouse], dialect), ours(dialect, catalog));
            for (table, column, theirs, ours) in differences(&theirs, &ours, &mut figures) {
                let departure = DEPARTURES.iter().position(|departure| {
                    let (of, on, at, there, here, _) = departure;
                    let is_like = |pattern: Option<&str>, text: Option<&str>| match (pattern, text) {
                        (Some(pattern), Some(text)) => matches(pattern, text),
                        (pattern, text) => pattern == text,
                    };
                    let name = table.split_once('.').unwrap().1;
                    let place = matches(of, warehouse) && matches(on, name) && matches(at, &column);
                    place && is_like(*there, theirs.as_deref()) && is_like(*here, ours.as_deref())
                });
                match departure {
                    Some(departure) => departed[departure] = true,
                    None => wrong.push(format!("{warehouse} {case}: {table} `{column}`: {theirs:?} became {ours:?}")),
                }
            }
        }
        let Figures { tables, all_tables, columns, all_columns } = figures;
        println!("{warehouse}: {tables} of {all_tables} tables and {columns} of {all_columns} columns of the user's");
    }
    let stale = DEPARTURES.iter().zip(departed).filter(|(_, departed)| !departed);
    wrong.extend(stale.map(|(departure, _)| format!("nothing departs so: {departure:?}")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How much is the same, in the same place.
#[derive(Default)]
struct Figures {
    tables: usize,
    all_tables: usize,
    columns: usize,
    all_columns: usize,
}

/// Table, column, type there and type here of whatever is not the same. The order of the system's columns is our own.
fn differences(
    theirs: &BTreeMap<String, Columns>,
    ours: &BTreeMap<String, Columns>,
    figures: &mut Figures,
) -> Vec<(String, String, Option<String>, Option<String>)> {
    let mut found = Vec::new();
    let table = |present: bool| present.then(|| "table".to_owned());
    // What is shared there is hashed here.
    let extra = ours.keys().filter(|name| !theirs.contains_key(*name) && !name.contains("._airbyte_raw_"));
    found.extend(extra.map(|name| (name.clone(), String::new(), None, table(true))));
    for (name, theirs) in theirs {
        let is_typed = !name.contains("._airbyte_raw_");
        figures.all_tables += usize::from(is_typed);
        let Some(ours) = ours.get(name) else {
            found.push((name.clone(), String::new(), table(true), None));
            continue;
        };
        figures.tables += usize::from(is_typed);
        if !is_typed {
            continue;
        }
        let is_system = |column: &&(String, String)| column.0.starts_with("_airbyte_");
        let users: [Vec<&(String, String)>; 2] =
            [theirs, ours].map(|columns| columns.iter().filter(|column| !is_system(column)).collect());
        figures.all_columns += users[0].len();
        figures.columns += users[0].iter().zip(&users[1]).filter(|(theirs, ours)| theirs == ours).count();
        let names = users.map(|columns| columns.into_iter().map(|(name, _)| name).collect::<Vec<_>>());
        assert_eq!(names[0], names[1], "{name}");

        let kinds = [theirs, ours].map(|columns| columns.iter().cloned().collect::<BTreeMap<_, _>>());
        let mut all: Vec<&String> = kinds[0].keys().chain(kinds[1].keys()).collect();
        all.sort();
        all.dedup();
        for column in all {
            let (theirs, ours) = (kinds[0].get(column), kinds[1].get(column));
            if theirs != ours && !(ours.is_some() && theirs.is_some_and(|kind| kind == "?")) {
                found.push((name.clone(), column.clone(), theirs.cloned(), ours.cloned()));
            }
        }
    }
    found
}

/// Basic Normalization's tables. Types are told of Postgres alone: the templates for DuckDB never ran.
fn theirs(nodes: &Value, dialect: &dyn Dialect) -> BTreeMap<String, Columns> {
    let has_types = dialect.limits().has_numeric;
    let mut tables = BTreeMap::new();
    let full_name = |schema: &Value, name: &Value| {
        let name = dialect.limits().identifiers.longest.cut(name.as_str().unwrap(), 0);
        format!("{}.{name}", schema.as_str().unwrap())
    };
    for node in nodes.as_array().unwrap() {
        if !node["raw_table"].is_null() {
            tables.insert(full_name(&node["raw_schema"], &node["raw_table"]), Vec::new());
        }
        for table in node["tables"].as_array().into_iter().flatten().filter(|table| table["role"] != "stg") {
            let columns = table["columns"].as_array().unwrap().iter().map(|column| {
                let kind = match column["type"].as_str().unwrap() {
                    "timestamptz" => "timestamp with time zone",
                    "double precision (cast as float)" => "double precision",
                    "(as in raw)" => "?",
                    kind => kind,
                };
                let kind = if has_types { kind } else { "?" };
                (column["name"].as_str().unwrap().to_owned(), kind.to_owned())
            });
            tables.insert(full_name(&table["schema"], &table["table"]), columns.collect());
        }
    }
    tables
}

fn ours(dialect: &dyn Dialect, catalog: &str) -> BTreeMap<String, Columns> {
    let has_types = dialect.limits().has_numeric;
    let catalog = ConfiguredCatalog::parse(&observed(catalog).unwrap().to_string()).unwrap();
    let plan = compile(&catalog, &options("test_normalization"), dialect.limits(), &KnownNames::default()).unwrap();
    let mut tables = BTreeMap::new();
    for stream in plan.streams {
        let typed = stream.tables.into_iter().chain(stream.history).map(|table| (&stream.schema, table));
        let raw = stream.raw.into_iter().map(|table| (&stream.raw_schema, table));
        tables.extend(typed.chain(raw).map(|(schema, table)| {
            let kind = |kind| if has_types { dialect.column_type(kind) } else { "?".to_owned() };
            let columns = table.columns.iter().map(|column| (column.name.clone(), kind(column.kind)));
            (format!("{schema}.{}", table.name), columns.collect())
        }));
    }
    tables
}

/// `*` in a pattern stands for any text; there is one at most.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((beginning, end)) => {
            text.len() >= beginning.len() + end.len() && text.starts_with(beginning) && text.ends_with(end)
        }
    }
}
