//! Which keys go together, and what is said where they don't.

use serde_json::{Value, json};

use super::{config, postgres, refused};
use crate::config::{Secret, TlsMode, TunnelLogin};

#[test]
fn all_that_is_missing_and_wrong_is_named_together() {
    assert_eq!(refused(json!({"database": "d"})), "host: missing; username: missing");
    assert_eq!(refused(json!({"host": "", "database": "", "username": "u"})), "host: missing; database: missing");
    assert_eq!(
        refused(json!({"warehouse": {"type": "postgres"}})),
        "warehouse.host: missing; warehouse.database: missing; warehouse.username: missing"
    );
    let message = refused(json!({
        "host": 5, "port": "5432", "password": 7, "ssl": "yes", "schema": [], "raw_data_schema": 1, "drop_cascade": 0,
        "ssl_mode": {"mode": "hunter2"}, "disable_type_dedupe": "no",
        "tunnel_method": {"tunnel_method": "SSH_KEY_AUTH", "tunnel_port": 70_000, "tunnel_user": "", "ssh_kee": "k"}
    }));
    let mut mistakes = message.split("; ").collect::<Vec<_>>();
    mistakes.sort_unstable();
    assert_eq!(
        mistakes,
        [
            "database: missing",
            "disable_type_dedupe: expected a boolean",
            "drop_cascade: expected a boolean",
            "host: expected a string",
            "password: expected a string",
            "port: expected an integer",
            "raw_data_schema: expected a string",
            "schema: expected a string",
            "ssl: expected a boolean",
            "ssl_mode.mode: expected one of disable, allow, prefer, require, verify-ca, verify-full",
            "tunnel_method.ssh_kee: unknown key, did you mean `ssh_key`?",
            "tunnel_method.ssh_key: missing",
            "tunnel_method.tunnel_host: missing",
            "tunnel_method.tunnel_port: expected at most 65535",
            "tunnel_method.tunnel_user: expected text that is not empty",
            "username: missing",
        ]
    );
}

#[test]
fn mistakes_inside_warehouse_have_their_paths() {
    let message = refused(json!({"warehouse": {
        "type": "postgres", "host": "h", "database": "d", "usrname": "u", "port": 0, "ssl_mode": {},
        "tunnel_method": {"tunnel_method": "SSH_PASSWORD_AUTH", "tunnel_host": "j", "tunnel_user": "u"}
    }}));
    let mut mistakes = message.split("; ").collect::<Vec<_>>();
    mistakes.sort_unstable();
    assert_eq!(
        mistakes,
        [
            "warehouse.port: expected at least 1",
            "warehouse.ssl_mode.mode: expected one of disable, allow, prefer, require, verify-ca, verify-full",
            "warehouse.tunnel_method.tunnel_user_password: missing",
            "warehouse.username: missing",
            "warehouse.usrname: unknown key, did you mean `username`?",
        ]
    );
}

#[test]
fn two_warehouses_are_one_too_many() {
    let parts = json!({"host": "h", "database": "d", "username": "u"});
    let with = |more: Value| {
        let mut config = parts.clone();
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        refused(config)
    };
    let choice = json!({"type": "duckdb", "path": "a"});
    let end = "which says the same; remove the one or the other";
    assert_eq!(
        with(json!({"warehouse": choice})),
        format!("host, database, username: not together with warehouse, {end}")
    );
    assert_eq!(
        with(json!({"destination_path": "a.duckdb"})),
        format!("host, database, username: not together with destination_path, {end}")
    );
    assert_eq!(
        with(json!({"motherduck_api_key": "k"})),
        format!("host, database, username: not together with motherduck_api_key, {end}")
    );
    assert_eq!(
        refused(json!({"warehouse": choice, "destination_path": "b", "ssl_mode": {"mode": "require"}})),
        format!("destination_path, ssl_mode: not together with warehouse, {end}")
    );
    assert_eq!(
        refused(json!({"warehouse": choice, "destination_path": "b"})),
        format!("destination_path: not together with warehouse, {end}")
    );
    assert!(refused(json!({})).starts_with("warehouse: missing"));
}

#[test]
fn what_a_form_fills_in_by_itself_is_no_second_warehouse() {
    let filled_in = json!({
        "port": 5432, "ssl": false, "tunnel_method": {"tunnel_method": "NO_TUNNEL"}, "jdbc_url_params": "",
        "drop_cascade": false, "disable_type_dedupe": false, "destination_path": "a.duckdb"
    });
    assert_eq!(config(filled_in).unwrap(), config(json!({"destination_path": "a.duckdb"})).unwrap());
}

#[test]
fn what_a_url_lacks_stands_beside_it() {
    let url = |url: &str, more: Value| {
        let mut warehouse = json!({"type": "postgres", "url": url});
        warehouse.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "warehouse": warehouse })
    };
    let tunnel = json!({
        "tunnel_method": "SSH_PASSWORD_AUTH", "tunnel_host": "j", "tunnel_user": "u", "tunnel_user_password": "pw"
    });
    let beside =
        json!({"password": "p@ss", "ssl_mode": {"mode": "verify-full"}, "tunnel_method": tunnel, "port": 5432});
    let read = postgres(url("postgres://u@h:6000/d", beside));
    assert_eq!((read.port, read.tls.mode), (6000, TlsMode::VerifyFull));
    assert_eq!(read.password.as_ref().map(Secret::expose), Some("p@ss"));
    assert!(matches!(read.tunnel.unwrap().login, TunnelLogin::Password(_)));

    let twice = json!({"host": "h", "username": "u", "password": "p", "ssl_mode": {"mode": "disable"}});
    assert_eq!(
        refused(url("postgres://u:p@h/d?sslmode=require", twice)),
        "warehouse.host: not together with url, which says it; remove one of them; \
         warehouse.username: not together with url, which says it; remove one of them; \
         warehouse.password: not together with url, which holds one; remove one of them; \
         warehouse.ssl_mode: not together with the SSL parameters of url; remove one of them"
    );
}

#[test]
fn what_no_connection_can_be_made_of_is_refused() {
    let refused_with = |key: &str, value: Value| {
        let mut config = json!({"host": "h", "database": "d", "username": "u"});
        config[key] = value;
        refused(config)
    };
    assert_eq!(refused_with("host", json!("a,b")), "host: expected one host, not several");
    let url = "host: expected the name or address of a host, not a URL";
    assert_eq!(refused_with("host", json!("postgres://u:hunter2@h")), url);
    assert_eq!(refused_with("host", json!("u:hunter2@h")), url);
    assert_eq!(
        refused_with("ssl_mode", json!({"mode": "require", "client_certificate": "c"})),
        "ssl_mode.client_key: missing; client_certificate is of no use without it"
    );
    assert_eq!(
        refused_with("ssl_mode", json!({"mode": "require", "client_key": "c"})),
        "ssl_mode.client_certificate: missing; client_key is of no use without it"
    );
    assert_eq!(
        refused_with("loading", json!({"max_record_bytes": (1_u64 << 30) + 1})),
        "loading.max_record_bytes: expected at most 1073741824, which is what a field holds in Postgres"
    );
    let tunnel = json!({"tunnel_method": "SSH_KEY_AUTH", "tunnel_host": "j", "tunnel_user": "u", "ssh_key": "k"});
    assert_eq!(
        refused(json!({"host": "/run/postgresql", "database": "d", "username": "u", "tunnel_method": tunnel})),
        "tunnel_method: a Unix socket can't be reached through an SSH server"
    );
}

#[test]
fn raw_tables_have_a_schema_of_their_own_in_any_warehouse() {
    let with = |schema: &str| json!({"destination_path": "a.duckdb", "raw_data_schema": schema});
    assert_eq!(config(with("landing")).unwrap().options().raw_schema.as_deref(), Some("landing"));
    let bookkeeping = "raw_data_schema: _airbyte_internal is kept for bookkeeping; choose another";
    assert_eq!(refused(with("_AIRBYTE internal")), bookkeeping);
    let schema = json!({"destination_path": "a.duckdb", "schema": "_airbyte-internal"});
    assert_eq!(refused(schema), "schema: _airbyte_internal is kept for bookkeeping; choose another");
    let numbers = json!({"destination_path": "a", "unconstrained_number": true, "normalization": {"number": "double"}});
    assert_eq!(refused(numbers), "unconstrained_number: contradicts normalization.number, which says double");
}
