//! What a catalog may look like, what it means, and what is refused.

#![allow(clippy::unwrap_used)]

use std::error::Error as _;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CatalogError, ConfiguredCatalog, ConfiguredStream, Replacement, StreamName, SyncMode};

fn parse(streams: &Value) -> Result<ConfiguredCatalog, CatalogError> {
    ConfiguredCatalog::parse(&json!({"streams": streams}).to_string())
}

fn stream(configured: &Value) -> ConfiguredStream {
    parse(&json!([configured])).unwrap().streams.remove(0)
}

/// A configured stream `public.users` with the given keys beside `stream`.
fn users(keys: &Value) -> Value {
    let mut configured = keys.clone();
    configured["stream"] = json!({"name": "users", "namespace": "public"});
    configured
}

/// The message of the refusal, with its stream in front.
fn refusal(streams: &Value) -> String {
    let error = parse(streams).unwrap_err();
    let stream = error.stream().map_or_else(|| "-".to_owned(), ToString::to_string);
    format!("{stream}: {error}")
}

#[test]
fn a_full_stream_is_read_whole() {
    let read = stream(&json!({
        "stream": {
            "name": "users",
            "namespace": "public",
            "json_schema": {"type": "object"},
            "supported_sync_modes": ["full_refresh"],
            "source_defined_primary_key": [["not", "this"]],
            "source_defined_cursor": true,
            "default_cursor_field": ["nor_this"],
        },
        "sync_mode": "incremental",
        "destination_sync_mode": "append_dedup",
        "cursor_field": ["meta", "at"],
        "primary_key": [["id"], ["meta", "tenant"]],
        "generation_id": 7,
        "minimum_generation_id": 0,
        "sync_id": 42,
        "unheard_of": {},
    }));
    let expected = ConfiguredStream {
        name: StreamName { namespace: Some("public".to_owned()), name: "users".to_owned() },
        json_schema: json!({"type": "object"}),
        sync_mode: Some("incremental".to_owned()),
        destination_sync_mode: SyncMode::AppendDedup,
        cursor_field: vec!["meta".to_owned(), "at".to_owned()],
        primary_key: vec![vec!["id".to_owned()], vec!["meta".to_owned(), "tenant".to_owned()]],
        generation_id: Some(7),
        minimum_generation_id: Some(0),
        sync_id: Some(42),
    };
    assert_eq!(read, expected);
}

#[test]
fn explicit_nulls_and_absent_keys_mean_the_same() {
    let absent = stream(&json!({"stream": {"name": "users"}}));
    let null = stream(&json!({
        "stream": {
            "name": "users",
            "namespace": null,
            "json_schema": null,
            "source_defined_primary_key": null,
            "source_defined_cursor": null,
            "default_cursor_field": null,
        },
        "sync_mode": null,
        "destination_sync_mode": null,
        "cursor_field": null,
        "primary_key": null,
        "generation_id": null,
        "minimum_generation_id": null,
        "sync_id": null,
    }));
    assert_eq!(absent, null);
    assert_eq!(absent.destination_sync_mode, SyncMode::Append);
    assert_eq!(stream(&json!({"stream": {"name": "users", "namespace": ""}})), absent);
}

#[test]
fn the_sources_key_and_cursor_fill_in_for_append_dedup_alone() {
    let configured = |mode: &str, source_defined_cursor: Value, keys: Value| {
        let mut configured = keys;
        configured["destination_sync_mode"] = json!(mode);
        configured["stream"] = json!({
            "name": "users",
            "source_defined_primary_key": [["id"]],
            "source_defined_cursor": source_defined_cursor,
            "default_cursor_field": ["at"],
        });
        let stream = stream(&configured);
        (stream.primary_key.concat(), stream.cursor_field)
    };
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let empty = json!({"primary_key": [[]], "cursor_field": []});
    let own = json!({"primary_key": [["uuid"]], "cursor_field": ["seen"]});
    for (mode, source_defined, keys, key, cursor) in [
        ("append_dedup", json!(true), json!({}), names(&["id"]), names(&["at"])),
        ("append_dedup", json!(true), empty.clone(), names(&["id"]), names(&["at"])),
        ("append_dedup", json!(true), own.clone(), names(&["uuid"]), names(&["seen"])),
        ("append_dedup", json!(false), json!({}), names(&["id"]), names(&[])),
        ("append_dedup", json!(null), json!({}), names(&["id"]), names(&[])),
        ("append", json!(true), json!({}), names(&[]), names(&[])),
        ("overwrite", json!(true), empty, names(&[]), names(&[])),
        ("overwrite", json!(true), own, names(&["uuid"]), names(&["seen"])),
    ] {
        assert_eq!(configured(mode, source_defined.clone(), keys.clone()), (key, cursor), "{mode} {keys}");
    }
}

#[test]
fn generations_decide_unless_there_are_none() {
    use Replacement::{Always, Generation, Keep};
    for (generation, minimum, overwrite, others) in [
        (None, None, Always, Keep),
        (Some(0), Some(0), Always, Keep),
        (Some(3), None, Always, Keep),
        (None, Some(3), Always, Keep),
        (None, Some(0), Always, Keep),
        (Some(3), Some(0), Keep, Keep),
        (Some(3), Some(3), Generation(3), Generation(3)),
    ] {
        for (mode, expected) in [("overwrite", overwrite), ("append", others), ("append_dedup", others)] {
            let keys = json!({
                "destination_sync_mode": mode,
                "primary_key": [["id"]],
                "generation_id": generation,
                "minimum_generation_id": minimum,
            });
            assert_eq!(stream(&users(&keys)).replaces(), expected, "{mode} {generation:?} {minimum:?}");
        }
    }
}

#[test]
fn an_unusable_catalog_is_refused_in_words() {
    let plain = json!({"stream": {"name": "users"}});
    for (streams, expected) in [
        (json!([]), "-: the configured catalog has no streams"),
        (json!(null), "-: the configured catalog has no streams"),
        (json!([plain, plain]), "users: stream `users` is in the configured catalog more than once"),
        (
            json!([users(&json!({"destination_sync_mode": "append_dedup", "primary_key": []}))]),
            "public.users: stream `public.users`: destination_sync_mode append_dedup needs a primary key",
        ),
        (
            json!([users(&json!({"generation_id": 2, "minimum_generation_id": 3}))]),
            "public.users: stream `public.users`: minimum_generation_id 3 is above generation_id 2",
        ),
        (
            json!([users(&json!({"generation_id": 3, "minimum_generation_id": 2}))]),
            "public.users: stream `public.users`: minimum_generation_id 2 must be 0 or equal to generation_id 3",
        ),
    ] {
        assert_eq!(refusal(&streams), expected);
    }
}

#[test]
fn modes_other_than_ours_are_refused() {
    for mode in ["overwrite_dedup", "update", "soft_delete", "Append", "append-dedup", ""] {
        assert_eq!(
            refusal(&json!([users(&json!({"destination_sync_mode": mode}))])),
            format!(
                "public.users: stream `public.users`: destination_sync_mode `{mode}` is not supported, \
                 use append, overwrite or append_dedup"
            ),
        );
    }
}

#[test]
fn the_same_name_in_two_namespaces_is_two_streams() {
    let in_namespace = |namespace: &str| json!({"stream": {"name": "users", "namespace": namespace}});
    assert_eq!(parse(&json!([in_namespace("a"), in_namespace("b"), in_namespace("")])).unwrap().streams.len(), 3);
    assert!(matches!(
        parse(&json!([in_namespace("a"), in_namespace("b"), in_namespace("a")])),
        Err(CatalogError::DuplicateStream { .. })
    ));
}

#[test]
fn a_malformed_key_is_named_with_its_stream_and_without_its_value() {
    for (streams, place, key) in [
        (json!({}), "the catalog", "streams"),
        (json!([3]), "stream number 1", "stream"),
        (json!([{"stream": {"name": "a"}}, {}]), "stream number 2", "stream"),
        (json!([{"stream": {}}]), "stream number 1", "name"),
        (json!([{"stream": {"name": 3}}]), "stream number 1", "name"),
        (json!([{"stream": {"name": "a", "namespace": ["s3cret"]}}]), "stream number 1", "namespace"),
        (json!([users(&json!({"sync_mode": ["s3cret"]}))]), "stream `public.users`", "sync_mode"),
        (json!([users(&json!({"destination_sync_mode": 1}))]), "stream `public.users`", "destination_sync_mode"),
        (json!([users(&json!({"cursor_field": "s3cret"}))]), "stream `public.users`", "cursor_field"),
        (json!([users(&json!({"primary_key": ["s3cret"]}))]), "stream `public.users`", "primary_key"),
        (json!([users(&json!({"primary_key": [[null]]}))]), "stream `public.users`", "primary_key"),
        (json!([users(&json!({"generation_id": "s3cret"}))]), "stream `public.users`", "generation_id"),
        (json!([users(&json!({"generation_id": -1}))]), "stream `public.users`", "generation_id"),
        (json!([users(&json!({"minimum_generation_id": 1.5}))]), "stream `public.users`", "minimum_generation_id"),
        (json!([users(&json!({"sync_id": "s3cret"}))]), "stream `public.users`", "sync_id"),
    ] {
        let message = parse(&streams).unwrap_err().to_string();
        let expected = format!("the configured catalog is malformed: {place}: `{key}` must be ");
        assert!(message.starts_with(&expected), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
    }
}

#[test]
fn text_that_is_no_catalog_is_refused() {
    for text in ["", "{", "streams: []", r#"{"streams": []} {}"#] {
        let error = ConfiguredCatalog::parse(text).unwrap_err();
        assert!(matches!(error, CatalogError::NotJson(_)), "{text}");
        assert!(error.source().is_some());
    }
    for text in ["[]", "null", "3", r#""streams""#] {
        assert!(matches!(ConfiguredCatalog::parse(text), Err(CatalogError::Malformed { .. })), "{text}");
    }
}

#[test]
fn a_stream_is_shown_with_its_namespace() {
    let name = |namespace: Option<&str>| StreamName { namespace: namespace.map(str::to_owned), name: "b".to_owned() };
    assert_eq!(name(Some("a")).to_string(), "a.b");
    assert_eq!(name(None).to_string(), "b");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[\\[\\]{}\":,a-z0-9 ]{0,64}") {
        let _ = ConfiguredCatalog::parse(&text);
    }

    #[test]
    fn a_valid_stream_replaces_a_generation_only_by_itself(
        generation in prop::option::of(0..4_i64),
        minimum in prop::option::of(0..4_i64),
        mode in prop::sample::select(vec!["append", "overwrite"]),
    ) {
        let keys = json!({
            "destination_sync_mode": mode,
            "generation_id": generation,
            "minimum_generation_id": minimum,
        });
        if let Ok(catalog) = parse(&json!([users(&keys)])) {
            match catalog.streams[0].replaces() {
                Replacement::Generation(replaced) => {
                    prop_assert_eq!((Some(replaced), Some(replaced)), (generation, minimum));
                }
                Replacement::Always => prop_assert_eq!(mode, "overwrite"),
                Replacement::Keep => prop_assert!(mode == "append" || minimum == Some(0)),
            }
        }
    }
}

#[test]
fn a_schema_of_many_levels_is_read_and_one_of_too_many_is_refused() {
    let catalog = |levels: usize| {
        let (open, close) = (r#"{"a":"#.repeat(levels), "}".repeat(levels));
        ConfiguredCatalog::parse(&format!(
            r#"{{"streams":[{{"stream":{{"name":"s","json_schema":{open}1{close}}}}}]}}"#
        ))
    };
    catalog(380).unwrap();
    for levels in [381, 100_000] {
        assert!(matches!(catalog(levels), Err(CatalogError::TooDeep { levels: 384 })));
    }
    for open in ["[", "{\"a\":", "\"[", "[\"", "[{"] {
        ConfiguredCatalog::parse(&open.repeat(100_000)).unwrap_err();
        ConfiguredCatalog::parse(&open.repeat(600)).unwrap_err();
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "([\\[\\]{}:,\"0-9a\\\\ ]|\"streams\":|\"stream\":\\{|\"name\":\"s\"|\"json_schema\":\\{){0,60}") {
        let _ = ConfiguredCatalog::parse(&text);
    }
}
