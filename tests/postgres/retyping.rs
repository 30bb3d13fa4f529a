//! A column that changes its type, and what depends on it.

use serde_json::{Value, json};

use super::Target;

fn catalog(kind: &str) -> Value {
    json!({"streams": [{
        "stream": {
            "name": "s",
            "json_schema": {"properties": {"id": {"type": "integer"}, "v": {"type": kind}}},
            "supported_sync_modes": ["full_refresh"],
        },
        "sync_mode": "full_refresh",
        "destination_sync_mode": "append",
    }]})
}

fn record(id: i64, v: &Value) -> String {
    let record = json!({"type": "RECORD", "record": {"stream": "s", "emitted_at": 0, "data": {"id": id, "v": v}}});
    format!("{record}\n")
}

/// `v` was an integer and becomes a string, beneath `dependents`; the rows of the queries then.
fn retyped(dependents: &str, queries: &[&str]) -> Vec<Option<String>> {
    let target = Target::new();
    target.write(&catalog("integer"), &record(1, &json!(10))).succeeded();
    let mut client = target.connect();
    client.batch_execute(dependents).unwrap();
    target.write(&catalog("string"), &record(2, &json!("x"))).succeeded();
    queries.iter().map(|sql| client.query_opt(*sql, &[]).unwrap()?.get(0)).collect()
}

const ROWS: &str = "SELECT string_agg(concat_ws(':', id, v, pg_typeof(v)), ' ' ORDER BY id) FROM s";

#[test]
fn a_view_of_the_column_shows_it_as_it_is_now_with_its_grants() {
    let dependents = "CREATE VIEW w WITH (security_barrier) AS SELECT id, v FROM s; COMMENT ON VIEW w IS 'mine'; \
                      GRANT SELECT ON w TO PUBLIC; GRANT SELECT ON s TO PUBLIC; CREATE INDEX by_v ON s (v)";
    let grants = "SELECT string_agg(table_name, ' ' ORDER BY table_name) FROM information_schema.table_privileges \
                  WHERE grantee = 'PUBLIC' AND table_schema = 'main' AND privilege_type = 'SELECT'";
    let seen = retyped(
        dependents,
        &[
            ROWS,
            "SELECT string_agg(concat_ws(':', id, v, pg_typeof(v)), ' ' ORDER BY id) FROM w",
            grants,
            "SELECT concat_ws(' ', obj_description('w'::regclass, 'pg_class'), reloptions) FROM pg_class WHERE relname = 'w'",
            "SELECT indexdef FROM pg_indexes WHERE indexname = 'by_v'",
        ],
    );
    let rows = "1:10:text 2:x:text";
    let index = "CREATE INDEX by_v ON main.s USING btree (v)";
    let expected = [rows, rows, "s w", "mine {security_barrier=true}", index].map(|text| Some(text.to_owned()));
    assert_eq!(seen, expected);
}

#[test]
fn what_does_not_go_with_the_new_type_stays_and_does_not_fail_the_sync() {
    for dependents in [
        "CREATE VIEW w AS SELECT sum(v)::text AS v FROM s",
        "CREATE VIEW w AS SELECT v::text FROM s; CREATE VIEW w2 AS SELECT * FROM w",
        "CREATE MATERIALIZED VIEW w AS SELECT v::text AS v FROM s",
        "CREATE INDEX w ON s ((v + 1))",
    ] {
        let seen = retyped(dependents, &[ROWS, "SELECT relname::text FROM pg_class WHERE relname = 'w'"]);
        // an index of what is gone goes with it
        let stays = (!dependents.contains("INDEX")).then(|| "w".to_owned());
        assert_eq!(seen, [Some("1:10:text 2:x:text".to_owned()), stays], "{dependents}");
    }
}
