//! Configs: read or refused; keys in another order and keys that are null say the same; what is told has no secret in it.

use serde_json::{Map, Value};

use crate::config::Config;
use crate::failure::{Failure, FailureKind};

/// Keys whose values must never be seen.
const SECRETS: [&str; 7] = [
    "password",
    "motherduck_api_key",
    "api_key",
    "client_key",
    "client_key_password",
    "ssh_key",
    "tunnel_user_password",
];

pub(crate) fn check(input: &[u8]) {
    let Ok(Value::Object(object)) = serde_json::from_slice::<Value>(input) else { return };
    // A URL may name a file of certificates, and a device has no end.
    if String::from_utf8_lossy(input).contains("/dev/") || String::from_utf8_lossy(input).contains("\\/") {
        return;
    }
    let read = Config::from_object(object.clone());
    secrecy(&object, &read);
    match (read, Config::from_object(reversed(object))) {
        (Ok(read), Ok(again)) => assert_eq!(read, again),
        (Err(failure), Err(_)) => assert_eq!(failure.kind, FailureKind::Config),
        (read, again) => panic!("{read:?} and {again:?}"),
    }
}

/// The same config: keys backwards, at any depth, and among them one that is null.
fn reversed(object: Map<String, Value>) -> Map<String, Value> {
    let value = |value| match value {
        Value::Object(object) => Value::Object(reversed(object)),
        other => other,
    };
    let mut reversed: Map<_, _> = object.into_iter().rev().map(|(key, member)| (key, value(member))).collect();
    reversed.entry("backfill").or_insert(Value::Null);
    reversed
}

fn secrecy(object: &Map<String, Value>, read: &Result<Config, Failure>) {
    let told = match read {
        Ok(config) => format!("{config:?}"),
        Err(failure) => format!("{failure:?} {}", failure.chain()),
    };
    let (mut secret, mut open) = (Vec::new(), String::new());
    sort(object, &mut secret, &mut open);
    for secret in secret {
        // what is so short, or said elsewhere, is told for another reason
        assert!(secret.len() < 6 || open.contains(secret) || !told.contains(secret), "a secret in {told}");
    }
}

fn sort<'a>(object: &'a Map<String, Value>, secret: &mut Vec<&'a str>, open: &mut String) {
    for (key, value) in object {
        open.push_str(key);
        match value {
            Value::String(text) if SECRETS.contains(&key.as_str()) => secret.push(text),
            Value::Object(object) => sort(object, secret, open),
            other => open.push_str(&other.to_string()),
        }
    }
}
