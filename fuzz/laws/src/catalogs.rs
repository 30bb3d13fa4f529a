//! What a configured catalog becomes: read and compiled, or refused; identifiers that are apart, within the limit, independent
//! of the order of streams and the same when they exist already; a description and a script of it.

use std::collections::{BTreeMap, HashSet};

use alluvium_normalization::catalog::ConfiguredCatalog;
use alluvium_normalization::describe::{Existing, StreamChanges, json, mermaid, script};
use alluvium_normalization::names::IdentifierLength;
use alluvium_normalization::plan::{ColumnSource, KnownNames, Options, Plan, StreamPlan, Table, compile};
use alluvium_normalization::sql::Dialect;

use crate::settings;

pub(crate) fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(catalog) = ConfiguredCatalog::parse(text) else { return };
    let mut reversed = catalog.clone();
    reversed.streams.reverse();
    for (dialect, options) in settings::all() {
        let Some(plan) = compiled(&catalog, &options, dialect.as_ref(), &KnownNames::default()) else {
            assert!(compiled(&reversed, &options, dialect.as_ref(), &KnownNames::default()).is_none());
            continue;
        };
        apart(&plan, dialect.as_ref());
        let names = identifiers(&plan);
        let other = compiled(&reversed, &options, dialect.as_ref(), &KnownNames::default()).unwrap();
        assert_eq!(identifiers(&other), names);
        let again = compiled(&catalog, &options, dialect.as_ref(), &known(&plan)).unwrap();
        assert_eq!(identifiers(&again), names);

        let none = Existing::default();
        let of = |stream: &StreamPlan| StreamChanges::of(stream, dialect.as_ref(), &none, Vec::new());
        let changes: Vec<StreamChanges> = plan.streams.iter().map(of).collect();
        assert!(!script(&plan, &changes, dialect.as_ref(), &none).is_empty());
        assert!(!mermaid(&plan, dialect.as_ref()).is_empty());
        assert!(json(&plan, &changes, dialect.as_ref()).is_object());
    }
}

fn compiled(catalog: &ConfiguredCatalog, options: &Options, dialect: &dyn Dialect, known: &KnownNames) -> Option<Plan> {
    compile(catalog, options, dialect.limits(), known).ok()
}

/// The tables that the user sees, with their stream and schema.
fn tables(plan: &Plan) -> impl Iterator<Item = (&StreamPlan, &str, &Table)> {
    plan.streams.iter().flat_map(|stream| {
        let raw = stream.raw.iter().map(move |table| (stream, stream.raw_schema.as_str(), table));
        raw.chain(stream.tables.iter().chain(&stream.history).map(move |table| (stream, stream.schema.as_str(), table)))
    })
}

type Names = BTreeMap<(String, String, Option<ColumnSourceText>), String>;
type ColumnSourceText = String;

/// The identifier of each source path: tables by their schema and comment, columns by their table's and what they are of.
fn identifiers(plan: &Plan) -> Names {
    let mut identifiers = Names::new();
    for (stream, schema, table) in tables(plan) {
        let path = table.comment(&stream.stream);
        let other = identifiers.insert((schema.to_owned(), path.clone(), None), table.name.clone());
        assert_eq!(other, None, "two tables of {schema} are {path}");
        for column in &table.columns {
            let source = format!("{:?}", column.source);
            identifiers.insert((schema.to_owned(), path.clone(), Some(source)), column.name.clone());
        }
    }
    identifiers
}

fn known(plan: &Plan) -> KnownNames {
    let mut known = KnownNames::default();
    for (stream, schema, table) in tables(plan) {
        assert!(known.add_table(schema, &table.name, &table.comment(&stream.stream)));
        for column in &table.columns {
            if let (ColumnSource::Property(_), Some(comment)) = (&column.source, column.comment()) {
                known.add_column(schema, &table.name, &column.name, &comment);
            }
        }
    }
    known
}

fn apart(plan: &Plan, dialect: &dyn Dialect) {
    let rules = &dialect.limits().identifiers;
    let lower = |name: &str| name.chars().flat_map(char::to_lowercase).collect();
    let compared = |name: &str| if rules.ignores_case { lower(name) } else { name.to_owned() };
    let fits = |name: &str| match rules.longest {
        IdentifierLength::Bytes(bytes) => name.len() <= bytes,
        IdentifierLength::Characters(characters) => name.chars().count() <= characters,
    };
    let mut seen = HashSet::new();
    for (_, schema, table) in tables(plan) {
        assert!(seen.insert((compared(schema), compared(&table.name))), "two tables {:?}", table.name);
        assert!(!table.name.is_empty() && fits(&table.name) && fits(schema), "{:?}", table.name);
        let mut columns = HashSet::new();
        for column in &table.columns {
            assert!(columns.insert(compared(&column.name)), "two columns {:?} in {:?}", column.name, table.name);
            assert!(!column.name.is_empty() && fits(&column.name), "{:?}", column.name);
            assert!(!rules.taken_columns.contains(&compared(&column.name).as_str()), "{:?}", column.name);
        }
    }
}
