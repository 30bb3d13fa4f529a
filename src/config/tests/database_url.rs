//! URLs of Postgres databases, as libpq reads them.

use std::time::Duration;

use serde_json::json;

use super::{postgres, refused};
use crate::config::{Postgres, Secret, Tls, TlsMode};

fn read(url: &str) -> Postgres {
    let (flat, nested) = (json!({"destination_path": url}), json!({"warehouse": {"type": "postgres", "url": url}}));
    let read = postgres(flat);
    assert_eq!(postgres(nested), read);
    read
}

/// What is said of a URL, without the key that it is in.
fn wrong(url: &str) -> String {
    let flat = refused(json!({"destination_path": url})).replace("destination_path: ", "");
    let nested = json!({"warehouse": {"type": "postgres", "url": url}});
    assert_eq!(refused(nested).replace("warehouse.url: ", ""), flat);
    flat
}

/// Host, port, database, username and password.
fn login(url: &str) -> [String; 5] {
    let Postgres { host, port, database, username, password, .. } = read(url);
    [host, port.to_string(), database, username, password.as_ref().map_or("", Secret::expose).to_owned()]
}

#[test]
fn the_parts_of_a_url_are_where_libpq_has_them() {
    assert_eq!(login("postgres://u:p@h:6000/d"), ["h", "6000", "d", "u", "p"]);
    assert_eq!(login("postgresql://u@h/d"), ["h", "5432", "d", "u", ""]);
    assert_eq!(login("PostgreSQL://u:@h:/d?"), ["h", "5432", "d", "u", ""]);
    assert_eq!(login("postgres://u@[::1]:6000/d"), ["::1", "6000", "d", "u", ""]);
    assert_eq!(login("postgres://u@[fe80::1]/d"), ["fe80::1", "5432", "d", "u", ""]);
    assert_eq!(login("postgres://%75:p%40%2F%3A%25@%68/%64%20b"), ["h", "5432", "d b", "u", "p@/:%"]);
    assert_eq!(login("postgres://u:p:q@h/d"), ["h", "5432", "d", "u", "p:q"]);
    assert_eq!(login("postgres://u:p@q@h/d"), ["h", "5432", "d", "u", "p@q"]);
    let parameters = "postgres:///?host=h&port=6000&dbname=d&user=me@azure&password=p%26q&application_name=x";
    assert_eq!(login(parameters), ["h", "6000", "d", "me@azure", "p&q"]);
    assert_eq!(login("postgres://x:y@z:1/w?host=h&port=2&dbname=d&user=u&password=p"), ["h", "2", "d", "u", "p"]);
}

#[test]
fn a_unix_socket_is_named_by_its_directory() {
    let expected = ["/var/run/postgresql", "5432", "d", "u", ""];
    assert_eq!(login("postgres:///d?host=/var/run/postgresql&user=u"), expected);
    assert_eq!(login("postgres://u@/d?host=%2Fvar%2Frun%2Fpostgresql"), expected);
    assert_eq!(login("postgres://u@%2Fvar%2Frun%2Fpostgresql/d"), expected);
}

#[test]
fn encryption_and_the_session_are_set_by_parameters() {
    let read = |parameters: &str| read(&format!("postgres://u@h/d?{parameters}"));
    for (name, mode) in [
        ("disable", TlsMode::Disable),
        ("allow", TlsMode::Allow),
        ("prefer", TlsMode::Prefer),
        ("require", TlsMode::Require),
        ("verify-ca", TlsMode::VerifyCa),
        ("verify-full", TlsMode::VerifyFull),
    ] {
        assert_eq!(read(&format!("sslmode={name}")).tls.mode, mode, "{name}");
    }
    assert_eq!(read("").tls, Tls::default());
    assert_eq!(read("ssl=true").tls.mode, TlsMode::Require);
    assert_eq!(read("sslrootcert=system").tls.mode, TlsMode::VerifyFull);
    assert_eq!(read("connect_timeout=7").connect_timeout, Duration::from_secs(7));
    assert_eq!(read("connect_timeout=0").connect_timeout, read("connect_timeout=-1").connect_timeout);
    assert_eq!(read("options=-c%20work_mem%3D64MB").options.as_deref(), Some("-c work_mem=64MB"));
    // what other programs follow is no mistake
    assert_eq!(read("channel_binding=require&sslcrl=x&pgbouncer=true"), read(""));
}

#[test]
fn certificates_are_read_from_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let [ca, certificate, key] = ["ca.pem", "our certificate.pem", "key.pem"].map(|name| {
        let path = folder.path().join(name);
        std::fs::write(&path, name).unwrap();
        path.to_str().unwrap().replace(' ', "%20")
    });
    let files = format!("sslrootcert={ca}&sslcert={certificate}&sslkey={key}&sslpassword=p%25");
    let tls = read(&format!("postgres://u@h/d?sslmode=verify-ca&{files}")).tls;
    let secret = |text: &str| Some(Secret::from(text.to_owned()));
    let expected = Tls {
        mode: TlsMode::VerifyCa,
        authorities: Some("ca.pem".to_owned()),
        certificate: Some("our certificate.pem".to_owned()),
        key: secret("key.pem"),
        key_password: secret("p%"),
    };
    assert_eq!(tls, expected);
    assert_eq!(
        wrong("postgres://u@h/d?sslrootcert=/none/ca.pem&sslkey=/none/key.pem"),
        "sslcert, sslkey: neither is of use without the other; \
         sslrootcert: there is no PEM file /none/ca.pem; \
         sslkey: there is no PEM file /none/key.pem"
    );
}

#[test]
fn every_mistake_is_named_with_its_part() {
    assert_eq!(wrong("postgres://"), "host: missing; database: missing; username: missing");
    assert_eq!(wrong("postgres://u@h:port/d"), "port: expected a number from 1 to 65535");
    assert_eq!(wrong("postgres://u@h:70000/d?port=0"), "port: expected a number from 1 to 65535");
    assert_eq!(wrong("postgres://u@h1,h2/d"), "host: expected one host, not several");
    assert_eq!(wrong("postgres://u@h/d?host=a,b"), "host: expected one host, not several");
    assert_eq!(
        wrong("postgres://u@h1:1,h2:2/d?connect_timeout=soon"),
        "connect_timeout: expected a number of seconds; port: expected a number from 1 to 65535"
    );
    assert_eq!(
        wrong("postgres://u@h/d?sslmode=on&sslmod=require"),
        "sslmode: expected one of disable, allow, prefer, require, verify-ca, verify-full; \
         sslmod: unknown parameter, did you mean `sslmode`?"
    );
    assert_eq!(
        wrong("postgres://u@h/d?sslmode=require&sslrootcert=system"),
        "sslrootcert: `system` needs sslmode=verify-full, for anybody can have a certificate of those authorities"
    );
    assert_eq!(wrong("postgres://u@h/d?lone"), "a parameter: expected `name=value`");
    assert_eq!(wrong("postgres://u:100%@h/d"), "password: a `%` in it must be written as `%25`");
    assert_eq!(wrong("postgres://u:%ff@h/d"), "password: it is not UTF-8");
    assert_eq!(wrong("postgres://u:p@h/d%00"), "database: a `%` in it must be written as `%25`");
}

#[test]
fn other_urls_are_no_paths_of_files() {
    for url in ["jdbc:postgresql://u:p@h/d", "postgres:u:p@h", "postgress://u:p@h/d", "mysql://u:p@h/d"] {
        let expected = "expected the path of a DuckDB file, not a URL (that of a Postgres database begins with \
                        `postgres://`, in `destination_path` or in `warehouse.url`)";
        assert_eq!(refused(json!({"destination_path": url})), format!("destination_path: {expected}"));
        let duckdb = json!({"warehouse": {"type": "duckdb", "path": url}});
        assert_eq!(refused(duckdb), format!("warehouse.path: {expected}"));
        assert_eq!(
            refused(json!({"warehouse": {"type": "postgres", "url": url}})),
            "warehouse.url: expected a URL that begins with `postgres://`"
        );
    }
}
