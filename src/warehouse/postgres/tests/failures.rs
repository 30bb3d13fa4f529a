//! What a person reads when it goes wrong.

use std::net::{SocketAddr, TcpListener};

use super::cluster::free_port;
use super::*;
use crate::warehouse::Warehouse;
use crate::warehouse::postgres::PostgresWarehouse;
use crate::warehouse::postgres::route::first_of;

/// Who must act on a statement's failure, and the text.
fn failure(warehouse: &mut PostgresWarehouse, sql: &str) -> WarehouseError {
    warehouse.execute(sql).unwrap_err()
}

#[test]
fn logins_that_are_refused() {
    let cluster = Cluster::start();
    let place = format!("Postgres at 127.0.0.1:{}/loader", cluster.port);
    let config = cluster.config();
    let wrong = Postgres { password: Some(secret("hunter2")), ..config.clone() };
    assert_eq!(advice(&wrong), format!("{place} refused the password of the role `loader`"));
    let none = Postgres { password: None, ..config.clone() };
    assert_eq!(advice(&none), format!("{place} asks for a password of the role `loader`, and none is given"));
    let nowhere = Postgres { database: "nowhere".to_owned(), ..config.clone() };
    assert_eq!(advice(&nowhere), format!("there is no database `nowhere` at 127.0.0.1:{}", cluster.port));
    cluster.admin("REVOKE CONNECT ON DATABASE loader FROM PUBLIC; ALTER DATABASE loader OWNER TO admin; REVOKE ALL ON DATABASE loader FROM loader");
    assert!(advice(&config).ends_with("GRANT CONNECT ON DATABASE \"loader\" TO \"loader\""));
    cluster.admin("ALTER ROLE loader NOLOGIN");
    assert!(advice(&config).ends_with("does not let the role `loader` in: role \"loader\" is not permitted to log in"));
}

#[test]
fn servers_that_are_not_there() {
    let port = free_port();
    let message = excuse(&config("127.0.0.1", port));
    assert!(message.starts_with(&format!("Postgres at 127.0.0.1:{port}/loader can't be reached: ")), "{message}");
    assert!(message.contains("the connection is refused"), "{message}");
    let message = advice(&config("/nowhere", 5432));
    assert!(message.ends_with("there is no socket in the directory /nowhere"), "{message}");
    let (WarehouseError::Config(message) | WarehouseError::Transient(message)) =
        refusal(&config("nowhere.invalid", 5432))
    else {
        panic!("not the user's, and does not pass")
    };
    assert!(message.contains("`nowhere.invalid`"), "{message}");
}

#[test]
fn addresses_are_tried_in_turn() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = ([127, 0, 0, 1], free_port()).into();
    // of a network for documentation: no answer, or no way to it
    let silent = ([192, 0, 2, 1], 5432).into();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let connect = |addresses: &[SocketAddr]| {
        runtime.block_on(async { first_of(addresses, Instant::now() + Duration::from_secs(2)).await })
    };
    let stream = connect(&[silent, closed, listener.local_addr().unwrap()]).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), listener.local_addr().unwrap());
    assert!(socket2::SockRef::from(&stream).keepalive().unwrap());
    assert_eq!(connect(&[closed]).unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_server_that_keeps_silent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = Postgres { connect_timeout: Duration::from_millis(200), ..config("127.0.0.1", port) };
    assert!(excuse(&silent).starts_with("no answer from the server in time: Postgres at 127.0.0.1"));
    let mut encrypted = silent.clone();
    encrypted.tls.mode = TlsMode::Require;
    assert!(excuse(&encrypted).starts_with("no answer from the server in time"));
}

#[test]
fn rights_that_are_missing() {
    let cluster = Cluster::start();
    cluster.admin("CREATE DATABASE other");
    cluster.admin_in("other", "CREATE SCHEMA theirs; CREATE TABLE public.t (i int)");
    let mut warehouse =
        PostgresWarehouse::connect(&Postgres { database: "other".to_owned(), ..cluster.config() }).unwrap();
    for (sql, expected) in [
        ("CREATE TABLE \"theirs\".\"t\" (i int)", "GRANT CREATE, USAGE ON SCHEMA \"theirs\" TO \"loader\""),
        ("CREATE SCHEMA IF NOT EXISTS \"mine\"", "GRANT CREATE ON DATABASE \"other\" TO \"loader\""),
        ("DELETE FROM \"public\".\"t\"", "ALTER TABLE \"t\" OWNER TO \"loader\""),
        ("ALTER TABLE \"public\".\"t\" ADD COLUMN j int", "ALTER TABLE \"t\" OWNER TO \"loader\""),
    ] {
        let error = failure(&mut warehouse, sql);
        let WarehouseError::Config(message) = &error else { panic!("{error:?}") };
        assert!(message.contains("the role `loader` may not ") && message.ends_with(expected), "{message}");
        warehouse.rollback().unwrap();
    }
}

#[test]
fn a_rows_values_are_never_shown() {
    let cluster = Cluster::start();
    let mut warehouse = PostgresWarehouse::connect(&cluster.config()).unwrap();
    for sql in [
        "CREATE TABLE public.t (k text PRIMARY KEY, n int CONSTRAINT positive CHECK (n > 0), u int NOT NULL DEFAULT 1)",
        "INSERT INTO public.t VALUES ('hunter2', 1)",
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not %', NEW.k; END $$",
        "CREATE TABLE public.guarded (k text)",
        "CREATE TRIGGER refuse BEFORE INSERT ON public.guarded FOR EACH ROW EXECUTE FUNCTION public.refuse()",
    ] {
        warehouse.execute(sql).unwrap();
    }
    for (sql, expected) in [
        (
            "INSERT INTO public.t VALUES ('hunter2', 1)",
            "a constraint is violated: `t_pkey` of the table `t` (SQLSTATE 23505)",
        ),
        (
            "INSERT INTO public.t VALUES ('hunter2', -1)",
            "a constraint is violated: `positive` of the table `t` (SQLSTATE 23514)",
        ),
        (
            "INSERT INTO public.t VALUES ('hunter2', 1, NULL)",
            "a constraint is violated: `u` of the table `t` (SQLSTATE 23502)",
        ),
        (
            "INSERT INTO public.t SELECT 'a', 'hunter2'::text::int",
            "a text has a wrong form for its type (SQLSTATE 22P02)",
        ),
        ("INSERT INTO public.guarded VALUES ('hunter2')", "an error raised by a function or trigger (SQLSTATE P0001)"),
    ] {
        let text = failure(&mut warehouse, sql).to_string();
        assert!(text.starts_with("INSERT INTO public.") && text.ends_with(expected), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn what_the_user_has_in_the_way() {
    let cluster = Cluster::start();
    let mut warehouse = PostgresWarehouse::connect(&cluster.config()).unwrap();
    warehouse.execute("CREATE TABLE public.t (i int)").unwrap();
    warehouse.execute("CREATE VIEW public.v AS SELECT i FROM public.t").unwrap();
    let columns = (0..1601).map(|index| format!("c{index} int")).collect::<Vec<_>>().join(", ");
    for (sql, expected) in [
        ("DROP TABLE public.t", "Drop those first, or let them be dropped too by the setting `drop_cascade`"),
        ("TRUNCATE public.v", "\"v\" is not a table"),
        (&format!("CREATE TABLE public.wide ({columns})"), "more columns than Postgres allows (1,600)"),
    ] {
        let error = failure(&mut warehouse, sql);
        assert!(matches!(&error, WarehouseError::Config(message) if message.contains(expected)), "{error:?}");
        warehouse.rollback().unwrap();
    }
}

#[test]
fn a_lock_that_another_session_holds() {
    let cluster = Cluster::start();
    let (mut one, mut other) = (
        PostgresWarehouse::connect(&cluster.config()).unwrap(),
        PostgresWarehouse::connect(&cluster.config()).unwrap(),
    );
    one.execute("CREATE TABLE public.t (i int)").unwrap();
    one.begin().unwrap();
    one.execute("LOCK TABLE public.t").unwrap();
    other.execute("SET lock_timeout = '50ms'").unwrap();
    let error = failure(&mut other, "DELETE FROM public.t");
    assert_eq!(error.to_string(), "DELETE FROM public.t: another session holds a lock that is needed");
    assert!(matches!(error, WarehouseError::Transient(_)), "{error:?}");
}

#[test]
fn a_session_that_an_administrator_ends() {
    let cluster = Cluster::start();
    for knows_already in [false, true] {
        let session = Session::open(&cluster.config()).unwrap();
        let pid = value(&session, "SELECT pg_backend_pid()");
        cluster.admin(&format!("SELECT pg_terminate_backend({pid}, 20000)"));
        while knows_already && !session.client().is_closed() {
            session.wait(tokio::task::yield_now());
        }
        let error = session.wait(session.client().batch_execute("SELECT 1")).unwrap_err();
        let explained = session.place().explain("querying", &error);
        let WarehouseError::Transient(message) = &explained else { panic!("{explained:?}") };
        assert!(message.starts_with("querying: an administrator or a shutdown of the server ended"), "{message}");
        let error = session.wait(session.client().batch_execute("SELECT 1")).unwrap_err();
        assert!(matches!(session.place().explain("querying", &error), WarehouseError::Transient(_)));
    }
}
