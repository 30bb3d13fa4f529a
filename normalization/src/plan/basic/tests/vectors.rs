//! `naming_vectors.json`: what Basic Normalization's own code made of names, one at a time.

use serde_json::{Value, json};

use super::observed;
use crate::names::BasicRules;
use crate::sql::Dialect;
use crate::sql::duckdb::DuckDb;
use crate::sql::postgres::Postgres;

/// What is asked of one name.
type Question = fn(&dyn Dialect, &Value) -> Value;

#[test]
#[allow(clippy::print_stdout)] // the figures are to be quoted
fn names_are_those_that_basic_normalization_gave() {
    let Some(vectors) = observed("naming_vectors.json") else { return };
    let mut wrong = Vec::new();
    for (warehouse, dialect) in [("postgres", &Postgres::default() as &dyn Dialect), ("duckdb", &DuckDb::default())] {
        assert_eq!(vectors["max_length_used"][warehouse], basic(dialect).longest);
        let figures = [("identifiers", identifier as Question), ("nested_paths", nested_path)].map(|(group, ask)| {
            let vectors = vectors[group].as_array().unwrap();
            assert!(!vectors.is_empty());
            let right = vectors.iter().filter(|vector| {
                let (given, expected) = (ask(dialect, vector), &vector["per_destination"][warehouse]);
                let is_right = given == *expected;
                if !is_right {
                    wrong.push(format!("{warehouse}: {expected} became {given}"));
                }
                is_right
            });
            format!("{} of {} {group}", right.count(), vectors.len())
        });
        println!("{warehouse}: {}", figures.join(", ").replace('_', " "));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn basic(dialect: &dyn Dialect) -> &'static BasicRules {
    dialect.limits().identifiers.basic
}

fn identifier(dialect: &dyn Dialect, vector: &Value) -> Value {
    let (basic, name) = (basic(dialect), vector["input"].as_str().unwrap());
    let column = basic.column(name);
    let is_quoted = basic.needs_quotes(&column);
    // As it stood in SQL: the templates that knew backticks left quotes alone.
    let written = if basic.replaces_backticks { column } else { column.replace('"', "\"\"") };
    json!({
        "schema_no_truncate": basic.schema(name),
        "table": basic.table(name), "column": written, "column_quoted": is_quoted,
    })
}

fn nested_path(dialect: &dyn Dialect, vector: &Value) -> Value {
    let basic = basic(dialect);
    let schema = vector["schema"].as_str().unwrap();
    let path: Vec<&str> = vector["json_path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
    let stream = basic.hashed_stream(schema, path[0]);
    json!({
        "simple": basic.table(&path.join("_")),
        "hashed_on_collision": basic.hashed_child(schema, &path),
        "top_level_hash_of_[schema,first]": stream[stream.len() - 3..],
    })
}
