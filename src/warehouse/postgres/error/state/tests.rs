#![allow(clippy::unwrap_used)]

use super::*;

fn explained(doing: &str, code: &str, message: &str) -> WarehouseError {
    explain(&Place::for_tests(), doing, &Refusal { code, message, constraint: None })
}

/// Who must act, and the text.
fn told(doing: &str, code: &str, message: &str) -> (&'static str, String) {
    let error = explained(doing, code, message);
    let who = match &error {
        WarehouseError::Config(_) => "user",
        WarehouseError::Transient(_) => "nobody",
        WarehouseError::Resource(_) => "machine",
        WarehouseError::Statement { .. } => "us",
    };
    (who, error.to_string())
}

#[test]
fn codes_say_who_must_act_and_what_happened() {
    const PLACE: &str = "Postgres at db.example.com:5432/shop";
    for (code, message, who, expected) in [
        (
            "28000",
            "role \"loader\" is not permitted to log in",
            "user",
            "does not let the role `loader` in: role \"loader\" is not permitted to log in",
        ),
        (
            "28000",
            "no pg_hba.conf entry for host \"10.0.0.7\", user \"loader\", database \"shop\", no encryption",
            "user",
            "(the server may want encryption: an ssl_mode from `require` on)",
        ),
        (
            "28000",
            "connection requires a valid client certificate",
            "user",
            "(a client certificate and its key are settings of the ssl_mode)",
        ),
        ("25006", "cannot execute CREATE TABLE in a read-only transaction", "user", "is read-only"),
        ("2BP01", "cannot drop table a because other objects depend on it", "user", "`drop_cascade`"),
        ("42809", "\"orders\" is a view", "user", "\"orders\" is a view"),
        ("54011", "tables can have at most 1600 columns", "user", "more columns than Postgres allows (1,600)"),
        (
            "54000",
            "row is too big: size 12832, maximum size 8160",
            "user",
            "8160. All columns of a row have to fit in one page",
        ),
        ("54001", "stack depth limit exceeded", "user", "raise its setting max_stack_depth"),
        ("26000", "prepared statement \"s0\" does not exist", "user", "pooler"),
        (
            "53100",
            "could not extend file \"base/16384/1\": wrote only 4096 of 8192 bytes",
            "machine",
            "the server's disk is full",
        ),
        (
            "58030",
            "could not write to file \"pg_wal/xlogtemp.1\": No space left on device",
            "machine",
            "the server's disk is full",
        ),
        ("53200", "out of memory", "machine", "the server is out of memory"),
        (
            "58030",
            "could not read block 3 in file \"base/16384/1\": Input/output error",
            "machine",
            "Input/output error",
        ),
        ("XX001", "invalid page in block 3 of relation base/16384/1", "machine", "damaged"),
        ("53300", "sorry, too many clients already", "nobody", "sorry, too many clients already"),
        ("57P01", "terminating connection due to administrator command", "nobody", "an administrator or a shutdown"),
        ("57P02", "terminating connection because of crash of another server process", "nobody", "has crashed"),
        ("57P03", "the database system is starting up", "nobody", "the database system is starting up"),
        ("57P05", "terminating connection due to idle-session timeout", "nobody", "idle-session timeout"),
        ("57014", "canceling statement due to user request", "nobody", "canceling statement due to user request"),
        (
            "40001",
            "could not serialize access due to concurrent update",
            "nobody",
            "another session changed the same rows",
        ),
        ("40P01", "deadlock detected", "nobody", "deadlock"),
        ("55P03", "canceling statement due to lock timeout", "nobody", "another session holds a lock"),
        ("08006", "connection failure", "nobody", "is lost"),
        ("42601", "syntax error at or near \"FORM\"", "us", "syntax error at or near \"FORM\""),
        ("42P01", "relation \"a\" does not exist", "us", "relation \"a\" does not exist"),
        ("08P01", "insufficient data left in message", "us", "insufficient data left in message"),
    ] {
        let (acts, text) = told("CREATE TABLE \"main\".\"a\"", code, message);
        assert!(acts == who && text.contains(expected), "{code}: {acts}: {text}");
        assert!(text.contains("CREATE TABLE \"main\".\"a\"") || text.starts_with(PLACE), "{text}");
    }
}

#[test]
fn what_a_pooler_does_not_take_is_the_users() {
    let (who, text) = told(CONNECTING, "08P01", "unsupported startup parameter: options");
    assert_eq!(
        (who, text.as_str()),
        (
            "user",
            "Postgres at db.example.com:5432/shop does not take the connection: unsupported startup parameter: options"
        )
    );
}

#[test]
fn messages_that_quote_values_are_not_shown() {
    for code in ["22P02", "22003", "22999", "23505", "23514", "P0001", "XX000", "2200G", "99999", ""] {
        let text = explained("loading main.a", code, "invalid input: \"4111 1111\"").to_string();
        assert!(text.starts_with("loading main.a: ") && text.ends_with(&format!("(SQLSTATE {code})")), "{text}");
        assert!(!text.contains("4111"), "{text}");
    }
}

#[test]
fn a_constraint_is_named() {
    let refusal = Refusal { code: "23514", message: "…", constraint: Some(("positive", "orders")) };
    let text = explain(&Place::for_tests(), "loading main.orders", &refusal).to_string();
    assert_eq!(
        text,
        "loading main.orders: a constraint is violated: `positive` of the table `orders` (SQLSTATE 23514)"
    );
}

#[test]
fn long_messages_are_cut() {
    let (_, text) = told("querying", "42601", &format!("{}\nmore", "ä".repeat(5000)));
    assert_eq!(text, format!("querying: {}…", "ä".repeat(300)));
}
