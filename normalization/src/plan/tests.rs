//! Laws of naming a whole catalog.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::*;
use crate::catalog::ConfiguredCatalog;
use crate::limits::Limits;
use crate::names::{IdentifierLength, Naming};
use crate::sql::duckdb::DuckDb;
use crate::sql::postgres::Postgres;
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

fn shuffled<K: Debug, T>(entries: &BTreeMap<K, T>, salt: u64) -> Vec<(&K, &T)> {
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|(key, _)| xxh3_64_with_seed(format!("{key:?}").as_bytes(), salt));
    entries
}

/// Streams by namespace and name.
type Streams = BTreeMap<(Option<&'static str>, String), Properties>;

fn plan(streams: &Streams, salt: u64, options: &Options, limits: &Limits) -> Plan {
    // Where Basic Normalization's names come from, columns depend on the order of properties.
    let inner_salt = if options.naming == Naming::Basic { 0 } else { salt };
    let streams: Vec<Value> = shuffled(streams, salt)
        .into_iter()
        .map(|((namespace, name), properties)| {
            let mut schema = properties.schema(inner_salt);
            schema["properties"]["a key"] = json!({"type": "integer"});
            json!({
                "stream": {"name": name, "namespace": namespace, "json_schema": schema}, "sync_mode": "incremental",
                "destination_sync_mode": "append_dedup", "primary_key": [["a key"]],
            })
        })
        .collect();
    let catalog = ConfiguredCatalog::parse(&json!({"streams": streams}).to_string()).unwrap();
    compile(&catalog, options, limits, &KnownNames::default()).unwrap()
}

/// The tables that the user sees, with their stream and schema.
fn tables(plan: &Plan) -> impl Iterator<Item = (&StreamPlan, &str, &Table)> {
    plan.streams.iter().flat_map(|stream| {
        let raw = stream.raw.iter().map(move |table| (stream, stream.raw_schema.as_str(), table));
        let tables = stream.tables.iter().chain(&stream.history);
        raw.chain(tables.map(move |table| (stream, stream.schema.as_str(), table)))
    })
}

/// The identifier of each source path: tables by their schema and comment, columns by their table's and what they are of.
fn identifiers(plan: &Plan) -> BTreeMap<(String, String, String), String> {
    let mut identifiers = BTreeMap::new();
    for (stream, schema, table) in tables(plan) {
        let path = table.comment(&stream.stream);
        let other = identifiers.insert((schema.to_owned(), path.clone(), String::new()), table.name.clone());
        assert_eq!(other, None, "two tables of {schema} are {path}");
        for column in &table.columns {
            let source = format!("{:?}", column.source);
            identifiers.insert((schema.to_owned(), path.clone(), source), column.name.clone());
        }
    }
    identifiers
}

fn limits() -> impl Strategy<Value = Limits> {
    prop_oneof![Just(Postgres::default().limits().clone()), Just(DuckDb::default().limits().clone())]
}

fn options() -> impl Strategy<Value = Options> {
    let naming = select(vec![Naming::Lower, Naming::Exact, Naming::Basic]);
    let objects = prop_oneof![Just(ObjectStorage::Table), Just(ObjectStorage::Flatten)];
    let raw_schema = select(vec![None, Some("raw"), Some("main"), Some("shop")]);
    (naming, objects, any::<bool>(), any::<bool>(), raw_schema).prop_map(
        |(naming, objects, keep_nested_json, history, raw_schema)| Options {
            raw_schema: raw_schema.map(str::to_owned),
            naming,
            objects,
            keep_nested_json,
            history,
            ..Options::default()
        },
    )
}

fn streams() -> impl Strategy<Value = Streams> {
    let namespace = select(vec![None, Some("shop"), Some("raw")]);
    prop::collection::btree_map((namespace, name()), properties(), 1..5)
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
        for (_, schema, table) in tables(&plan) {
            prop_assert!(seen.insert((compared(schema), compared(&table.name))), "two tables `{}`", table.name);
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

/// Where the raw tables of `users` in two namespaces are, and what they are called, by namespace.
fn raw_tables(namespaces: [Option<&'static str>; 2], known: &KnownNames) -> Vec<(String, String, String)> {
    let streams = namespaces.map(|namespace| {
        json!({
            "stream": {"name": "users", "namespace": namespace, "json_schema": {}}, "sync_mode": "full_refresh",
            "destination_sync_mode": "append",
        })
    });
    let catalog = ConfiguredCatalog::parse(&json!({"streams": streams}).to_string()).unwrap();
    let options = Options { raw_schema: Some("Landing Zone".to_owned()), ..Options::default() };
    let plan = compile(&catalog, &options, DuckDb::default().limits(), known).unwrap();
    let mut raw: Vec<_> = plan
        .streams
        .iter()
        .map(|stream| {
            let table = stream.raw.as_ref().unwrap();
            (table.comment(&stream.stream), stream.raw_schema.clone(), table.name.clone())
        })
        .collect();
    raw.sort();
    raw
}

#[test]
fn raw_tables_of_one_name_stay_apart_in_the_schema_of_all_raw_tables() {
    let mut known = KnownNames::default();
    let both = raw_tables([Some("shop"), None], &known);
    assert_eq!(both, raw_tables([None, Some("shop")], &known));
    let told: Vec<String> = both.iter().map(|(comment, schema, name)| format!("{schema}.{name} {comment}")).collect();
    assert_eq!(
        told,
        [
            r#"landing_zone._airbyte_raw_users_653e8b93 ["raw","users","main"]"#,
            r#"landing_zone._airbyte_raw_users_9e5d89a3 ["raw","users","shop"]"#,
        ]
    );
    known.add_table("landing_zone", "_airbyte_raw_users", r#"["raw","users","shop"]"#);
    let names: Vec<String> = raw_tables([Some("shop"), None], &known).into_iter().map(|(_, _, name)| name).collect();
    assert_eq!(names, [both[0].2.as_str(), "_airbyte_raw_users"], "a name that was given is kept");
}

#[test]
fn a_raw_table_in_the_schema_of_its_stream_is_told_apart_by_nothing() {
    let raw = raw_tables([Some("LANDING_zone"), None], &KnownNames::default());
    let schemas: Vec<_> = raw.iter().map(|(comment, schema, _)| (comment.as_str(), schema.as_str())).collect();
    assert_eq!(schemas, [(r#"["raw","users","main"]"#, "landing_zone"), (r#"["raw","users"]"#, "landing_zone")]);
}
