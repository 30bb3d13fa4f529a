//! What must never be seen: passwords and keys, in `Debug` and in what is told, however they are written.

use std::fmt::Debug;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

use super::config;
use crate::captured::Captured;
use crate::config::Secret;
use crate::config::postgres::resolve_url;

/// A marker that occurs nowhere else, among characters that mean something in a URL.
fn password() -> impl Strategy<Value = String> {
    ("[:/?#@%&=+ ,;\\[\\]é'\"]{0,6}", "[:/?#@%&=+ ,\\[\\]]{0,4}")
        .prop_map(|(before, after)| format!("hunter2{before}hunter2{after}hunter2"))
}

impl MakeWriter<'_> for Captured {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// All that reading something shows of it: its `Debug`, its failure and what is logged meanwhile.
fn shown<T: Debug, E: Debug>(read: impl FnOnce() -> Result<T, E>) -> String {
    let sink = Captured::default();
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(sink.clone());
    let read = tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), read);
    format!("{read:?}") + &sink.take()
}

#[test]
fn what_is_ignored_is_logged_by_name_only() {
    let url = "postgres://u@h/d?channel_binding=hunter2";
    let of_url = shown(|| config(json!({"destination_path": url, "secret_kee": "hunter2"})));
    assert!(of_url.contains(r#"of the database's URL is not followed parameter="channel_binding""#), "{of_url}");
    assert!(of_url.contains("secret_kee") && !of_url.contains("hunter2"), "{of_url}");
    let parts = json!({
        "host": "h", "database": "d", "username": "u", "jdbc_url_params": "reWriteBatchedInserts=hunter2&hunter2",
        "ssl_mode": {"mode": "allow", "client_key": "hunter2"}
    });
    let of_parts = shown(|| config(parts));
    assert!(of_parts.contains(r#"in jdbc_url_params is not followed parameter="reWriteBatchedInserts""#), "{of_parts}");
    assert!(of_parts.contains("client_key") && !of_parts.contains("hunter2"), "{of_parts}");
}

#[test]
fn no_secret_of_any_key_shows() {
    let of_parts = shown(|| {
        config(json!({
            "host": "h", "database": "d", "username": "u", "password": "hunter2",
            "ssl_mode": {
                "mode": "verify-full", "ca_certificate": "ca", "client_certificate": "c", "client_key": "hunter2",
                "client_key_password": "hunter2"
            },
            "tunnel_method": {
                "tunnel_method": "SSH_PASSWORD_AUTH", "tunnel_host": "j", "tunnel_user": "u",
                "tunnel_user_password": "hunter2"
            }
        }))
    });
    assert_eq!((of_parts.matches("***").count(), of_parts.matches("hunter2").count()), (4, 0), "{of_parts}");
}

#[test]
fn a_url_in_the_wrong_place_does_not_show() {
    for url in ["postgres://u:hunter2@h/d", "postgres://u:hunter2/@h", "jdbc:postgres://h/d?password=hunter2"] {
        let duckdb = json!({"type": "duckdb", "path": url});
        let motherduck = json!({"type": "motherduck", "path": url, "api_key": url});
        for config in [
            json!({"host": url, "database": "d", "username": "u"}),
            json!({"warehouse": {"type": "postgres", "host": url, "database": "d", "username": "u"}}),
            json!({"warehouse": duckdb}),
            json!({"warehouse": motherduck}),
            json!({"warehouse": url}),
        ] {
            let told = shown(|| self::config(config));
            assert!(told.starts_with("Err") && !told.contains("hunter2"), "{told}");
        }
    }
}

proptest! {
    #[test]
    fn a_password_comes_through_a_url_whatever_is_in_it(password in password()) {
        let encoded = utf8_percent_encode(&password, NON_ALPHANUMERIC);
        for url in [format!("postgres://u:{encoded}@h/d"), format!("postgres://u@h/d?password={encoded}")] {
            let told = shown(|| resolve_url(&url, "url"));
            prop_assert!(told.starts_with("Ok") && !told.contains("hunter2"), "{}", told);
            let read = resolve_url(&url, "url").unwrap();
            prop_assert_eq!(read.password.as_ref().map(Secret::expose), Some(password.as_str()));
        }
    }

    #[test]
    fn a_password_that_is_badly_written_does_not_show(password in password()) {
        for url in [
            format!("postgres://u:{password}@h/d"),
            format!("postgres://u:{password}@h:port/d?sslmode=on"),
            format!("postgres://u:x@h/d?password={password}&sslmode=on"),
        ] {
            let told = shown(|| resolve_url(&url, "url"));
            prop_assert!(!told.contains("hunter2"), "{}", told);
        }
    }
}
