//! What holds for a session, and its end.

use super::*;

#[test]
fn what_the_role_and_the_server_have_set_does_not_count() {
    let cluster = Cluster::start();
    cluster.admin(
        "ALTER ROLE loader SET synchronous_commit = off; ALTER ROLE loader SET statement_timeout = '1s'; \
         ALTER ROLE loader SET idle_session_timeout = '1s'; ALTER ROLE loader SET search_path = public; \
         ALTER ROLE loader SET extra_float_digits = -15; ALTER ROLE loader SET default_transaction_read_only = on; \
         ALTER ROLE loader SET TimeZone = 'Asia/Tokyo'",
    );
    let session = Session::open(&cluster.config()).unwrap();
    for (name, expected) in [
        ("synchronous_commit", "on"),
        ("statement_timeout", "0"),
        ("idle_session_timeout", "0"),
        ("search_path", "pg_catalog"),
        ("transaction_read_only", "off"),
        ("TimeZone", "UTC"),
        ("application_name", "alluvium"),
    ] {
        assert_eq!(value(&session, &format!("SHOW {name}")), expected, "{name}");
    }
    assert_eq!(value(&session, "SELECT 0.1::float8 + 0.2::float8"), "0.30000000000000004");
    assert_eq!(value(&session, "SELECT current_user::text"), "loader");
}

#[test]
fn the_servers_options_are_sent_and_a_stronger_commit_is_left_alone() {
    let cluster = Cluster::start();
    let options = Some("-c work_mem=65MB -c synchronous_commit=remote_apply".to_owned());
    let session = Session::open(&Postgres { options, ..cluster.config() }).unwrap();
    assert_eq!(value(&session, "SHOW work_mem"), "65MB");
    assert_eq!(value(&session, "SHOW synchronous_commit"), "remote_apply");
}

#[test]
fn over_a_unix_socket_encryption_does_not_matter() {
    let cluster = Cluster::start_with("local all all scram-sha-256", &[]);
    let mut config = config(cluster.folder.path("").to_str().unwrap(), cluster.port);
    config.tls.mode = TlsMode::VerifyFull;
    let session = Session::open(&config).unwrap();
    assert_eq!(value(&session, "SELECT coalesce(inet_client_addr()::text, 'local')"), "local");
}

#[test]
fn a_database_of_another_encoding() {
    let cluster = Cluster::start();
    cluster.admin("CREATE DATABASE latin OWNER loader ENCODING 'LATIN1' TEMPLATE template0");
    let message = advice(&Postgres { database: "latin".to_owned(), ..cluster.config() });
    assert!(message.starts_with("the database has the encoding LATIN1"), "{message}");
}

#[test]
fn a_replica() {
    let mut cluster = Cluster::start();
    cluster.stop();
    cluster.folder.file("data/standby.signal", "");
    cluster.launch("host all all all scram-sha-256", &[]);
    let message = advice(&cluster.config());
    assert!(message.ends_with("is a read-only replica: the primary server is needed"), "{message}");
}

#[test]
fn a_session_that_ends_says_so() {
    let mut cluster = Cluster::start_with("host all all all scram-sha-256", &["log_disconnections=on"]);
    let session = Session::open(&cluster.config()).unwrap();
    session.wait(session.client().batch_execute("BEGIN")).unwrap();
    drop(session);
    cluster.stop();
    let log = cluster.log();
    assert!(log.contains("disconnection: ") && !log.contains("unexpected EOF"), "{log}");
}
