//! Configs of Airbyte's destination-postgres, which work as they are.

use std::time::Duration;

use serde_json::{Value, json};

use super::{config, postgres, refused};
use crate::config::{CdcDeletionMode, Postgres, Secret, Tls, TlsMode, Tunnel, TunnelLogin};

/// A config as Airbyte's form makes it, with these keys too.
fn full(more: &Value) -> Value {
    let mut config = json!({
        "host": "db.example.com", "port": 5433, "database": "analytics", "schema": "landing", "username": "loader",
        "password": "hunter2", "ssl_mode": {"mode": "prefer"}, "tunnel_method": {"tunnel_method": "NO_TUNNEL"},
        "cdc_deletion_mode": "Soft delete", "raw_data_schema": "airbyte_internal", "disable_type_dedupe": false,
        "drop_cascade": true, "jdbc_url_params": "", "unconstrained_number": true
    });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

#[test]
fn every_key_is_read() {
    let config = config(full(&json!({}))).unwrap();
    assert_eq!(config.schema, "landing");
    assert_eq!(config.raw_schema.as_deref(), Some("airbyte_internal"));
    assert_eq!(config.options().raw_schema, config.raw_schema);
    assert_eq!(config.normalization.cdc_deletion_mode, CdcDeletionMode::Soft);
    assert!(config.normalization.enabled);
    let expected = Postgres {
        host: "db.example.com".to_owned(),
        port: 5433,
        database: "analytics".to_owned(),
        username: "loader".to_owned(),
        password: Some(secret("hunter2")),
        tls: Tls::default(),
        tunnel: None,
        connect_timeout: Duration::from_secs(30),
        options: None,
        drop_cascade: true,
    };
    assert_eq!(postgres(full(&json!({}))), expected);
    let nested = json!({
        "warehouse": {
            "type": "postgres", "host": "db.example.com", "port": 5433, "database": "analytics",
            "username": "loader", "password": "hunter2", "ssl_mode": {"mode": "prefer"},
            "tunnel_method": {"tunnel_method": "NO_TUNNEL"}
        },
        "drop_cascade": true
    });
    assert_eq!(postgres(nested), expected);
}

#[test]
fn the_least_has_the_defaults() {
    let least = json!({"host": "h", "database": "d", "username": "u"});
    let config = config(least.clone()).unwrap();
    assert_eq!((config.schema.as_str(), config.raw_schema), ("public", None));
    let least = postgres(least);
    assert_eq!((least.port, &least.password, &least.tunnel, least.drop_cascade), (5432, &None, &None, false));
    assert_eq!(least.tls, Tls { mode: TlsMode::Prefer, ..Tls::default() });
    let empty = json!({
        "host": "h", "port": null, "database": "d", "username": "u", "password": "", "schema": "",
        "raw_data_schema": "", "jdbc_url_params": null, "ssl": false, "motherduck_api_key": "", "destination_path": ""
    });
    assert_eq!(postgres(empty), least);
}

#[test]
fn every_ssl_mode_is_read() {
    let tls = |mode: &Value| postgres(full(&json!({"ssl_mode": mode}))).tls;
    for (name, mode) in [
        ("disable", TlsMode::Disable),
        ("allow", TlsMode::Allow),
        ("prefer", TlsMode::Prefer),
        ("require", TlsMode::Require),
        ("verify-ca", TlsMode::VerifyCa),
        ("verify-full", TlsMode::VerifyFull),
    ] {
        assert_eq!(tls(&json!({"mode": name})), Tls { mode, ..Tls::default() }, "{name}");
    }
    let with_authority = json!({"mode": "verify-ca", "ca_certificate": "ca", "client_key_password": ""});
    let expected = Tls { mode: TlsMode::VerifyCa, authorities: Some("ca".to_owned()), ..Tls::default() };
    assert_eq!(tls(&with_authority), expected);
    let with_all = json!({
        "mode": "verify-full", "ca_certificate": "ca", "client_certificate": "cert", "client_key": "key",
        "client_key_password": "pw"
    });
    let expected = Tls {
        mode: TlsMode::VerifyFull,
        certificate: Some("cert".to_owned()),
        key: Some(secret("key")),
        key_password: Some(secret("pw")),
        ..expected
    };
    assert_eq!(tls(&with_all), expected);
}

#[test]
fn the_old_switch_decides_where_no_mode_does() {
    let mode = |more: Value| {
        let mut config = full(&more);
        if more.get("ssl_mode").is_none() {
            config.as_object_mut().unwrap().remove("ssl_mode");
        }
        postgres(config).tls.mode
    };
    assert_eq!(mode(json!({"ssl": true})), TlsMode::Require);
    assert_eq!(mode(json!({"ssl": false})), TlsMode::Prefer);
    assert_eq!(mode(json!({})), TlsMode::Prefer);
    assert_eq!(mode(json!({"ssl": false, "ssl_mode": {"mode": "verify-ca"}})), TlsMode::VerifyCa);
    assert_eq!(mode(json!({"ssl": true, "ssl_mode": {"mode": "disable"}})), TlsMode::Disable);
}

#[test]
fn every_tunnel_method_is_read() {
    let tunnel = |method: &Value| postgres(full(&json!({"tunnel_method": method}))).tunnel;
    let expected =
        |port, login| Some(Tunnel { host: "jump.example.com".to_owned(), port, username: "ubuntu".to_owned(), login });
    assert_eq!(tunnel(&json!({"tunnel_method": "NO_TUNNEL"})), None);
    let key = json!({
        "tunnel_method": "SSH_KEY_AUTH", "tunnel_host": "jump.example.com", "tunnel_port": 22,
        "tunnel_user": "ubuntu", "ssh_key": "key"
    });
    assert_eq!(tunnel(&key), expected(22, TunnelLogin::Key(secret("key"))));
    let password = json!({
        "tunnel_method": "SSH_PASSWORD_AUTH", "tunnel_host": "jump.example.com", "tunnel_port": 2222,
        "tunnel_user": "ubuntu", "tunnel_user_password": "pw"
    });
    assert_eq!(tunnel(&password), expected(2222, TunnelLogin::Password(secret("pw"))));
}

#[test]
fn what_a_form_leaves_behind_of_another_choice_is_ignored() {
    let left = json!({
        "ssl_mode": {"mode": "disable", "ca_certificate": "ca", "client_key_password": "pw"},
        "tunnel_method": {
            "tunnel_method": "SSH_KEY_AUTH", "tunnel_host": "j", "tunnel_user": "u", "ssh_key": "key",
            "tunnel_user_password": "pw"
        }
    });
    let read = postgres(full(&left));
    assert_eq!(read.tls, Tls { mode: TlsMode::Disable, ..Tls::default() });
    assert_eq!(read.tunnel.unwrap().login, TunnelLogin::Key(secret("key")));
    let misspelled = json!({"ssl_mode": {"mode": "verify-ca", "ca_certifcate": "ca"}});
    assert_eq!(refused(full(&misspelled)), "ssl_mode.ca_certifcate: unknown key, did you mean `ca_certificate`?");
}

#[test]
fn parameters_of_jdbc_are_followed_where_they_mean_something() {
    let read = |parameters: &str| postgres(full(&json!({"jdbc_url_params": parameters, "ssl_mode": null})));
    assert_eq!(read("connectTimeout=5&tcpKeepAlive=true").connect_timeout, Duration::from_secs(5));
    assert_eq!(read("connectTimeout=5&loginTimeout=7").connect_timeout, Duration::from_secs(7));
    assert_eq!(read("options=-c%20work_mem=64MB&currentSchema=x").options.as_deref(), Some("-c work_mem=64MB"));
    assert_eq!(read("sslmode=verify-ca").tls.mode, TlsMode::VerifyCa);
    assert_eq!(read("ssl=true").tls.mode, TlsMode::VerifyFull);
    assert_eq!(read("ssl&sslmode=require").tls.mode, TlsMode::Require);
    assert_eq!(postgres(full(&json!({"jdbc_url_params": "sslmode=disable"}))).tls.mode, TlsMode::Prefer);
    // never a mistake
    let nonsense = read("?&&=&sslmode=no&connectTimeout=soon&%FF%zz=%&lone");
    assert_eq!(nonsense, read(""));
}

#[test]
fn typed_tables_are_switched_off_the_old_way() {
    let enabled = |more: &Value| config(full(more)).unwrap().normalization.enabled;
    assert!(!enabled(&json!({"disable_type_dedupe": true})));
    assert!(!enabled(&json!({"disable_type_dedupe": true, "normalization": {"enabled": false}})));
    assert!(!enabled(&json!({"disable_type_dedupe": false, "normalization": {"enabled": false}})));
    let contradiction = json!({"disable_type_dedupe": true, "normalization": {"enabled": true}});
    assert_eq!(refused(full(&contradiction)), "disable_type_dedupe: contradicts normalization.enabled");
    let nothing = json!({"disable_type_dedupe": true, "normalization": {"raw": "none"}});
    assert!(refused(full(&nothing)).ends_with("would land nothing"));
}
