//! Servers and databases that other tests rely on.

use crate::cluster::{Cluster, Database};

#[test]
fn each_database_is_empty_at_first_and_gone_at_the_end() {
    let [one, other] = [Database::new(), Database::new()];
    one.connect().batch_execute("CREATE SCHEMA s; CREATE TABLE s.t ()").unwrap();
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 's'";
    assert_eq!(other.connect().query_one(schemas, &[]).unwrap().get::<_, i64>(0), 0);
    let name = one.name().to_owned();
    drop(one);
    let databases = "SELECT count(*) FROM pg_database WHERE datname = $1";
    assert_eq!(other.connect().query_one(databases, &[&name]).unwrap().get::<_, i64>(0), 0);
}

#[test]
fn a_private_server_comes_back_from_a_crash_with_what_was_committed() {
    let cluster = Cluster::private();
    let database = cluster.database();
    let mut client = database.connect();
    client.batch_execute("CREATE TABLE kept AS SELECT 1 AS n").unwrap();
    client.batch_execute("BEGIN; INSERT INTO kept VALUES (2)").unwrap();
    cluster.stop_immediate();
    assert!(client.batch_execute("COMMIT").is_err());
    cluster.start();
    let rows = database.connect().query("SELECT n FROM kept", &[]).unwrap();
    assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<i32>>(), [1]);
}

#[test]
fn sessions_that_are_ended_are_told() {
    let database = Database::new();
    let mut client = database.connect();
    database.terminate_backends();
    assert!(client.batch_execute("SELECT 1").is_err());
    assert_eq!(database.connect().query_one("SELECT 1", &[]).unwrap().get::<_, i32>(0), 1);
}
