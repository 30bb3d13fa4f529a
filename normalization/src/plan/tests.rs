//! Laws of naming a whole catalog.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::*;
use crate::catalog::ConfiguredCatalog;
use crate::limits::Limits;
use crate::names::{IdentifierLength, IdentifierRules, Naming};
use crate::sql::duckdb::DuckDb;
use crate::sql::{Dialect as _, StreamSql};

/// The properties of an object, by name.
#[derive(Debug, Clone)]
struct Properties(BTreeMap<String, Node>);

#[derive(Debug, Clone)]
enum Node {
    Scalar,
    Object(Properties),
    Array(Properties),
}

/// Names that meet when cleaned, joined, cut or compared.
fn name() -> impl Strategy<Value = String> {
    let meeting = select(vec![
        "a",
        "A",
        "b",
        "a_b",
        "a b",
        "A-B",
        "a__b",
        "b_c",
        "É",
        "é",
        "e\u{301}",
        "",
        "_",
        "1st",
        "_1st",
        "😀",
        "rowid",
        "scd",
        "a_scd",
        "_airbyte_raw_a",
        "_airbyte_ab_id",
        "_airbyte_a_hashid",
        "_AIRBYTE_META",
        "a\u{0}",
        "K",
        "ı",
    ]);
    let long = (select(vec!["x", "X", "é"]), 60_usize..70).prop_map(|(part, times)| part.repeat(times * 4));
    prop_oneof![9 => meeting.prop_map(str::to_owned), 1 => long]
}

fn properties() -> impl Strategy<Value = Properties> {
    let none = Just(Properties(BTreeMap::new())).boxed();
    none.prop_recursive(3, 24, 6, |inner| {
        let node = prop_oneof![
            3 => Just(Node::Scalar),
            1 => inner.clone().prop_map(Node::Object),
            1 => inner.prop_map(Node::Array),
        ];
        prop::collection::btree_map(name(), node, 1..6).prop_map(Properties)
    })
}

impl Properties {
    /// The JSON Schema, its properties in an order that the salt decides.
    fn schema(&self, salt: u64) -> Value {
        let properties: Map<String, Value> = shuffled(&self.0, salt)
            .into_iter()
            .map(|(name, node)| {
                let schema = match node {
                    Node::Scalar => json!({"type": "string"}),
                    Node::Object(inner) => inner.schema(salt),
                    Node::Array(inner) => json!({"type": "array", "items": inner.schema(salt)}),
                };
                (name.clone(), schema)
            })
            .collect();
        json!({"type": "object", "properties": properties})
    }
}

fn shuffled<T>(entries: &BTreeMap<String, T>, salt: u64) -> Vec<(&String, &T)> {
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|(name, _)| xxh3_64_with_seed(name.as_bytes(), salt));
    entries
}

fn plan(streams: &BTreeMap<String, Properties>, salt: u64, options: &Options, limits: &Limits) -> Plan {
    let streams: Vec<Value> = shuffled(streams, salt)
        .into_iter()
        .map(|(name, properties)| {
            let mut schema = properties.schema(salt);
            schema["properties"]["a key"] = json!({"type": "integer"});
            json!({
                "stream": {"name": name, "json_schema": schema}, "sync_mode": "incremental",
                "destination_sync_mode": "append_dedup", "primary_key": [["a key"]],
            })
        })
        .collect();
    let catalog = ConfiguredCatalog::parse(&json!({"streams": streams}).to_string()).unwrap();
    compile(&catalog, options, limits, &KnownNames::default()).unwrap()
}

fn tables(plan: &Plan) -> impl Iterator<Item = (&StreamPlan, &Table)> {
    plan.streams.iter().flat_map(|stream| {
        let tables = stream.raw.iter().chain(&stream.tables).chain(&stream.history);
        tables.map(move |table| (stream, table))
    })
}

/// The identifier of each source path: tables by their comment, columns by their table's and what they are of.
fn identifiers(plan: &Plan) -> BTreeMap<(String, String), String> {
    let mut identifiers = BTreeMap::new();
    for (stream, table) in tables(plan) {
        let path = table.comment(&stream.stream);
        identifiers.insert((path.clone(), String::new()), table.name.clone());
        for column in &table.columns {
            identifiers.insert((path.clone(), format!("{:?}", column.source)), column.name.clone());
        }
    }
    identifiers
}

fn limits() -> impl Strategy<Value = Limits> {
    let postgres_like =
        IdentifierRules { longest: IdentifierLength::Bytes(63), ignores_case: false, taken_columns: &["ctid", "xmin"] };
    let duckdb = DuckDb::default().limits().clone();
    prop_oneof![Just(Limits { identifiers: postgres_like, ..duckdb.clone() }), Just(duckdb)]
}

fn options() -> impl Strategy<Value = Options> {
    let naming = prop_oneof![Just(Naming::Lower), Just(Naming::Exact)];
    let objects = prop_oneof![Just(ObjectStorage::Table), Just(ObjectStorage::Flatten)];
    (naming, objects, any::<bool>(), any::<bool>()).prop_map(|(naming, objects, keep_nested_json, history)| Options {
        naming,
        objects,
        keep_nested_json,
        history,
        ..Options::default()
    })
}

fn streams() -> impl Strategy<Value = BTreeMap<String, Properties>> {
    prop::collection::btree_map(name(), properties(), 1..5)
}

proptest! {
    #[test]
    fn identifiers_do_not_depend_on_the_order_of_streams_and_properties(
        streams in streams(), options in options(), limits in limits(), salts in any::<(u64, u64)>(),
    ) {
        let (one, other) = (plan(&streams, salts.0, &options, &limits), plan(&streams, salts.1, &options, &limits));
        prop_assert_eq!(identifiers(&one), identifiers(&other));
    }

    #[test]
    fn identifiers_are_apart_as_the_warehouse_compares_them_and_within_its_limit(
        streams in streams(), options in options(), limits in limits(),
    ) {
        let plan = plan(&streams, 0, &options, &limits);
        let compared = |name: &str| if limits.identifiers.ignores_case { name.to_lowercase() } else { name.to_owned() };
        let fits = |name: &str| match limits.identifiers.longest {
            IdentifierLength::Bytes(bytes) => name.len() <= bytes,
            IdentifierLength::Characters(characters) => name.chars().count() <= characters,
        };
        let mut seen = HashSet::new();
        for (_, table) in tables(&plan) {
            prop_assert!(seen.insert(compared(&table.name)), "two tables `{}`", table.name);
            prop_assert!(!table.name.is_empty() && fits(&table.name), "`{}`", table.name);
            let mut columns = HashSet::new();
            for column in &table.columns {
                prop_assert!(columns.insert(compared(&column.name)), "two columns `{}` in `{}`", column.name, table.name);
                prop_assert!(!column.name.is_empty() && fits(&column.name), "`{}`", column.name);
                prop_assert!(!limits.identifiers.taken_columns.contains(&column.name.as_str()), "`{}`", column.name);
            }
        }
    }

    #[test]
    fn tables_for_ourselves_are_apart_from_each_other(streams in streams(), options in options()) {
        let plan = plan(&streams, 0, &options, DuckDb::default().limits());
        let mut seen = HashSet::new();
        for stream in &plan.streams {
            let dialect = DuckDb::default();
            let sql = StreamSql::new(stream, &dialect);
            for targets in [sql.live(), sql.staging(), sql.batch()] {
                let lone = targets.raw.iter().chain(&targets.history).chain(&targets.keys).chain(&targets.events);
                for table in targets.tables.iter().chain(lone) {
                    prop_assert!(seen.insert(DuckDb::default().relation(table).to_lowercase()), "two tables {:?}", table);
                    prop_assert!(table.name.chars().count() <= 255, "{:?}", table);
                }
            }
        }
    }
}
