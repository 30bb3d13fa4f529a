//! Names of whole catalogs, invented ones here; those that Basic Normalization itself gave are in `tables` and `vectors`.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::catalog::ConfiguredCatalog;
use crate::names::Naming;
use crate::plan::{KnownNames, NumberStorage, Options, Plan, ScalarArrayStorage, StreamPlan, compile};
use crate::sql::Dialect;
use crate::sql::duckdb::DuckDb;
use crate::sql::postgres::Postgres;

/// The tables and columns of the catalogs that Basic Normalization was tested with.
mod tables;
/// Single names, for each warehouse.
mod vectors;

/// What the config says to get Basic Normalization's tables.
fn options(schema: &str) -> Options {
    Options {
        schema: schema.to_owned(),
        naming: Naming::Basic,
        number: NumberStorage::Double,
        scalar_arrays: ScalarArrayStorage::Json,
        keep_nested_json: true,
        history: true,
        ..Options::default()
    }
}

/// The folder with what Basic Normalization did, if it is there: `../shared/basic-normalization`, or the one in
/// `ALLUVIUM_BASIC_NORMALIZATION`.
#[allow(clippy::print_stdout)]
fn observed(file: &str) -> Option<Value> {
    let home = std::env::var_os("ALLUVIUM_BASIC_NORMALIZATION").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/basic-normalization"),
        PathBuf::from,
    );
    if !home.is_dir() {
        println!("skipped: not present: {}", home.display());
        return None;
    }
    let text = std::fs::read_to_string(home.join(file)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn stream(name: &str, properties: &Value) -> Value {
    json!({
        "stream": {"name": name, "json_schema": {"type": "object", "properties": properties}},
        "sync_mode": "incremental", "destination_sync_mode": "append_dedup", "primary_key": [["id"]],
    })
}

fn planned(dialect: &dyn Dialect, streams: &[Value], known: &KnownNames) -> Plan {
    let catalog = ConfiguredCatalog::parse(&json!({"streams": streams}).to_string()).unwrap();
    compile(&catalog, &options("public"), dialect.limits(), known).unwrap()
}

/// The names of a stream's tables: raw, typed, history.
fn names(stream: &StreamPlan) -> Vec<&str> {
    let tables = stream.raw.iter().chain(&stream.tables).chain(&stream.history);
    tables.map(|table| table.name.as_str()).collect()
}

fn columns(stream: &StreamPlan, table: usize) -> Vec<&str> {
    stream.tables[table].columns.iter().map(|column| column.name.as_str()).collect()
}

fn id() -> Value {
    json!({"type": "integer"})
}

fn nested(properties: &Value) -> Value {
    json!({"type": "object", "properties": properties})
}

#[test]
fn names_that_meet_are_all_hashed_raw_tables_and_histories_follow() {
    let users = stream("users", &json!({"id": id(), "home": nested(&json!({"id": id()}))}));
    let homes = stream("Users Home", &json!({"id": id()}));
    let plan = planned(&Postgres::default(), &[users, homes], &KnownNames::default());
    assert_eq!(names(&plan.streams[0]), ["_airbyte_raw_users", "users", "users_8d4_home", "users_scd"]);
    assert_eq!(names(&plan.streams[1]), ["_airbyte_raw_users_home", "users_home_763", "users_home_763_scd"]);
}

#[test]
fn an_array_of_scalars_has_no_table_but_had_a_name() {
    let tags = json!({"type": "array", "items": {"type": "string"}});
    let open = json!({"type": "object", "additionalProperties": {"type": "array", "items": {"type": "number"}}});
    let posts = stream("posts", &json!({"id": id(), "tags": tags, "counts": open, "text": {"type": "string"}}));
    let others = ["posts_tags", "posts_counts", "posts_text"].map(|name| stream(name, &json!({"id": id()})));
    let plan = planned(&Postgres::default(), &[&[posts][..], &others].concat(), &KnownNames::default());
    let roots: Vec<&str> = plan.streams.iter().map(|stream| stream.tables[0].name.as_str()).collect();
    assert_eq!(roots, ["posts", "posts_tags_a9a", "posts_counts_13e", "posts_text"]);
}

/// Here Basic Normalization gave up.
#[test]
fn what_a_hash_does_not_tell_apart_is_told_apart_all_the_same() {
    let streams = ["Users", "users", "my-users", "my_users", "Select", "SELECT", ""].map(|name| {
        let homes = json!({"id": id(), "Home": nested(&json!({"id": id()})), "home": nested(&json!({"id": id()}))});
        stream(name, &homes)
    });
    let dialects: [&dyn Dialect; 2] = [&Postgres::default(), &DuckDb::default()];
    for dialect in dialects {
        let plan = planned(dialect, &streams, &KnownNames::default());
        let rules = &dialect.limits().identifiers;
        let mut names: Vec<String> =
            plan.streams.iter().flat_map(names).map(|name| rules.comparison_key(name)).collect();
        assert_eq!(names.len(), 7 * 5);
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 7 * 5, "{names:?}");
    }
}

#[test]
fn a_table_keeps_its_name_when_another_would_meet_it() {
    let users = stream("users", &json!({"id": id(), "home": nested(&json!({"id": id()}))}));
    let mut known = KnownNames::default();
    known.add_table("public", "users_home", r#"["child","users","home"]"#);
    known.add_column("public", "users", "id", r#"["id"]"#);
    let later = stream("users_home", &json!({"id": id()}));
    let plan = planned(&Postgres::default(), &[later, users], &known);
    assert_eq!(plan.streams[1].tables[1].name, "users_home");
    assert_eq!(plan.streams[0].tables[0].name, "users_home_8cb");
}

#[test]
fn columns_are_named_in_the_schemas_order() {
    let text = json!({"type": "string"});
    let properties =
        json!({"id": id(), "Id": text, "userID": text, "UserId": text, "user id": text, "_airbyte_ab_id": text});
    let users = [stream("users", &properties)];
    let on_postgres = planned(&Postgres::default(), &users, &KnownNames::default());
    assert_eq!(
        columns(&on_postgres.streams[0], 0)[..6],
        ["id", "Id", "userid", "userid_1", "user id", "_airbyte_ab_id_1"]
    );
    let on_duckdb = planned(&DuckDb::default(), &users, &KnownNames::default());
    assert_eq!(
        columns(&on_duckdb.streams[0], 0)[..6],
        ["id", "id_1", "userid", "userid_1", "user id", "_airbyte_ab_id_1"]
    );

    let mut known = KnownNames::default();
    known.add_column("public", "users", "userid", r#"["UserId"]"#);
    let later = planned(&Postgres::default(), &users, &known);
    assert_eq!(columns(&later.streams[0], 0)[2..4], ["userid_1", "userid"]);
}

#[test]
fn ids_say_the_level_where_parent_and_child_are_called_alike() {
    let part = nested(&json!({"Part List": nested(&json!({"part_list": nested(&json!({"id": id()}))}))}));
    let parts = stream("part", &json!({"id": id(), "part": part}));
    let plan = planned(&Postgres::default(), &[parts], &KnownNames::default());
    let tables = &plan.streams[0].tables;
    let ids = |table: usize| -> Vec<&str> {
        columns(&plan.streams[0], table).into_iter().filter(|name| name.ends_with("_hashid")).collect()
    };
    assert_eq!(tables.len(), 4);
    assert_eq!(ids(0), ["_airbyte_part_hashid"]);
    assert_eq!(ids(1), ["_airbyte_part_2_hashid", "_airbyte_part_hashid"]);
    assert_eq!(ids(2), ["_airbyte_part_list_hashid", "_airbyte_part_2_hashid"]);
    // Basic Normalization compared the source's names and gave both ids one name here.
    assert_eq!(ids(3), ["_airbyte_part_list_4_hashid", "_airbyte_part_list_hashid"]);
}
