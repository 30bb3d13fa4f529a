//! What must never be seen: passwords, keys and values, in messages and logs of any level and in the list of processes.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{catalog, record};
use crate::landing::{Destination, command, state};
use crate::support::{Postgres, TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    values_are_never_told,
}

const SECRET: &str = "hunter2";

/// All that a command prints at the level of most words, and what the list of processes shows of it.
fn told(mut command: Command, input: &str) -> String {
    command.env("ALLUVIUM_LOG", "trace").env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let process = format!("/proc/{}/cmdline", child.id());
    let mut told = std::fs::read_to_string(process).unwrap_or_default();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let feeding = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    child.stdout.take().unwrap().read_to_string(&mut told).unwrap();
    told += &String::from_utf8_lossy(&child.wait_with_output().unwrap().stderr);
    feeding.join().unwrap();
    told
}

/// A sync and a check with a config that can't work.
fn of_config(config: &Value) -> String {
    let place = Destination::new();
    let config = place.file("config.json", &config.to_string());
    let catalog = place.file("catalog.json", &catalog(&[("s", json!({}))]).to_string());
    let mut check = Command::new(env!("CARGO_BIN_EXE_alluvium"));
    check.arg("check").arg("--config").arg(&config);
    told(command(&config, &catalog), "") + &told(check, "")
}

#[test]
fn passwords_and_keys_are_never_told() {
    let server = Destination::of::<Postgres>(&json!({})).config().clone();
    let (host, port) = (server["host"].clone(), server["port"].clone());
    let parts = |more: Value| {
        let mut config = json!({"host": "127.0.0.1", "port": 1, "database": "d", "username": "u", "password": SECRET});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        config
    };
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----");
    let ssl = json!({"mode": "verify-ca", "ca_certificate": pem, "client_certificate": pem, "client_key": pem, "client_key_password": SECRET});
    let tunnel = |method: &str, login: &str, value: &str| json!({"tunnel_method": {"tunnel_method": method, "tunnel_host": "127.0.0.1", "tunnel_port": 1, "tunnel_user": "u", login: value}});
    for config in [
        parts(json!({})),
        parts(json!({"host": host, "port": port, "username": "nobody"})),
        parts(json!({"host": host, "port": port, "database": "nothing"})),
        parts(json!({"ssl_mode": ssl})),
        parts(tunnel("SSH_PASSWORD_AUTH", "tunnel_user_password", SECRET)),
        parts(tunnel("SSH_KEY_AUTH", "ssh_key", &pem)),
        parts(json!({"port": SECRET})),
        parts(json!({"jdbc_url_params": format!("password={SECRET}&options={SECRET}")})),
        json!({"destination_path": format!("postgres://u:{SECRET}@127.0.0.1:1/d?connect_timeout=1")}),
        json!({"destination_path": format!("postgres://u:{SECRET}@127.0.0.1:1/d?sslpassword={SECRET}&sslmode=nonsense")}),
        json!({"destination_path": format!("mysql://u:{SECRET}@127.0.0.1:1/d")}),
        json!({"warehouse": {"type": "postgres", "url": format!("postgres://u:{SECRET}@[::1]:1/d")}}),
        json!({"warehouse": {"type": "postgres", "password": SECRET}}),
        json!({"motherduck_api_key": SECRET, "destination_path": [SECRET]}),
    ] {
        let told = of_config(&config);
        let named: Value = config.as_object().unwrap().keys().cloned().collect();
        assert!(told.contains("TRACE") && told.contains("FAILED"), "{named}: {told}");
        assert!(!told.contains(SECRET), "{named}: {told}");
    }
}

fn values_are_never_told<W: TestWarehouse>() {
    let properties = json!({"id": {"type": "integer"}, "when": {"type": "string", "format": "date-time"}, "j": {}});
    let catalog = catalog(&[("s", properties)]);
    let good = json!({"id": SECRET, "when": SECRET, "j": {SECRET: SECRET}, "undeclared": SECRET});
    let good = record("s", None, &good) + &state(1).replace("\"number\"", &format!("\"{SECRET}\":1,\"number\""));
    for (input, echoes) in [
        (good.clone(), 1),
        (good.clone() + &format!("{{\"type\":\"RECORD\",\"record\":{{\"stream\":\"s\",\"data\":\"{SECRET}\"}}}}\n"), 1),
        (good.clone() + SECRET + "\n", 1),
        (good.clone() + &format!("{{\"type\":\"LOG\",\"log\":{{\"message\":\"{SECRET}\"}}}}\n"), 1),
        (good.clone() + &good[..good.len() / 3], 1),
        (record("s", None, &json!({"j": SECRET.repeat(400)})), 0),
    ] {
        for on_bad_input in ["fail", "skip"] {
            let keys = json!({"loading": {"on_bad_input": on_bad_input, "max_record_bytes": 2_000}});
            let told = told(Destination::of::<W>(&keys).command(&catalog), &input);
            // what the source gave to be given back is the only place
            assert_eq!(told.matches(SECRET).count(), echoes, "{told}");
        }
    }
}
