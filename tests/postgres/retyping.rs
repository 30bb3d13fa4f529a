//! A column that changes its type, and what depends on it.

use serde_json::{Value, json};

use super::Target;
use crate::landing::{Destination, Run};
use crate::support::{Postgres, normalize};

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

/// `v` was an integer and becomes a string, beneath `dependents`; the rows of the queries then, and how it went.
fn retyped(dependents: &str, queries: &[&str]) -> (Vec<Option<String>>, Run) {
    let target = Target::new();
    target.write(&catalog("integer"), &record(1, &json!(10))).succeeded();
    let mut client = target.connect();
    client.batch_execute(dependents).unwrap();
    let run = target.write(&catalog("string"), &record(2, &json!("x"))).succeeded();
    (queries.iter().map(|sql| client.query_opt(*sql, &[]).unwrap()?.get(0)).collect(), run)
}

const ROWS: &str = "SELECT string_agg(concat_ws(':', id, v, pg_typeof(v)), ' ' ORDER BY id) FROM s";

#[test]
fn a_view_of_the_column_shows_it_as_it_is_now_with_its_grants() {
    let dependents = "CREATE VIEW w WITH (security_barrier) AS SELECT id, v FROM s; COMMENT ON VIEW w IS 'mine'; \
                      GRANT SELECT ON w TO PUBLIC; GRANT SELECT ON s TO PUBLIC; CREATE INDEX by_v ON s (v)";
    let grants = "SELECT string_agg(table_name, ' ' ORDER BY table_name) FROM information_schema.table_privileges \
                  WHERE grantee = 'PUBLIC' AND table_schema = 'main' AND privilege_type = 'SELECT'";
    let (seen, _) = retyped(
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

/// Makes it necessary to copy rows instead of exchanging tables.
const OBSTACLE: &str = "CREATE MATERIALIZED VIEW ids AS SELECT id FROM s";

#[test]
fn views_over_views_show_it_too_with_all_that_is_theirs() {
    let views = "CREATE VIEW w WITH (security_barrier) AS SELECT id, v FROM s; CREATE VIEW w2 AS SELECT id, v FROM w; \
                 CREATE VIEW w3(id, v) AS SELECT w.id, w2.v FROM s JOIN w2 USING (id) JOIN w ON w.v = s.v; \
                 CREATE VIEW other AS SELECT id FROM s; \
                 GRANT SELECT ON w2 TO PUBLIC; GRANT SELECT (v) ON w3 TO PUBLIC; \
                 COMMENT ON VIEW w2 IS 'mine'; COMMENT ON COLUMN w3.v IS 'its'; \
                 ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC";
    let belongings = "SELECT string_agg(concat_ws(' ', relname, reloptions, has_table_privilege('pg_monitor', pg_class.oid, 'SELECT'), \
                      attacl, description), ', ' ORDER BY relname) \
                      FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'v' \
                      LEFT JOIN pg_description ON objoid = pg_class.oid WHERE relname ~ '^w'";
    for dependents in [views.to_owned(), format!("{views}; {OBSTACLE}")] {
        let target = Target::new();
        target.write(&catalog("integer"), &record(1, &json!(10))).succeeded();
        target.connect().batch_execute(&dependents).unwrap();
        let before = target.column(belongings);
        for (kind, input, rows) in [
            ("string", record(2, &json!("x")), "1:10:text 2:x:text"),
            ("integer", String::new(), "1:10:bigint 2:bigint"),
        ] {
            let run = target.write(&catalog(kind), &input).succeeded();
            assert!(!told(&run).contains("WARN"), "{run:?}");
            assert_eq!(target.column(ROWS), [rows], "{dependents}");
            for view in ["w", "w2"] {
                assert_eq!(target.column(&ROWS.replace("FROM s", &format!("FROM {view}"))), [rows], "{dependents}");
            }
            let joined = rows.split_once(if kind == "integer" { " " } else { "\n" }).map_or(rows, |(first, _)| first);
            assert_eq!(target.column(&ROWS.replace("FROM s", "FROM w3")), [joined], "{dependents}");
            assert_eq!(target.column(belongings), before, "{dependents}");
        }
    }
}

/// What the run logged.
fn told(run: &Run) -> String {
    let logged = run.messages.iter().map(|message| message["log"].to_string());
    logged.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_does_not_go_with_the_new_type_stays_and_is_told() {
    let view = "CREATE VIEW w AS SELECT sum(v)::text AS v FROM s";
    let others = "CREATE VIEW too AS SELECT id, v FROM s; CREATE VIEW over_it AS SELECT v FROM w";
    for dependents in [
        view,
        &format!("{view}; {others}"),
        "CREATE MATERIALIZED VIEW w AS SELECT v::text AS v FROM s",
        "CREATE VIEW w AS SELECT v::text AS v FROM s; CREATE MATERIALIZED VIEW over_it AS SELECT * FROM w",
        "CREATE INDEX w ON s ((v + 1))",
    ] {
        let (seen, run) = retyped(dependents, &[ROWS, "SELECT relname::text FROM pg_class WHERE relname = 'w'"]);
        // an index of what is gone goes with it
        let stays = (!dependents.contains("INDEX")).then(|| "w".to_owned());
        assert_eq!(seen, [Some("1:10:text 2:x:text".to_owned()), stays.clone()], "{dependents}");
        let told = told(&run);
        let warned = told.contains("main.w shows the former values of the column v of");
        assert_eq!(warned, stays.is_some(), "{dependents}: {told}");
    }
    let rows_of_another = ROWS.replace("FROM s", "FROM too");
    let (seen, _) = retyped(&format!("{view}; {others}"), &[&rows_of_another]);
    assert_eq!(seen, [Some("1:10:text 2:x:text".to_owned())]);
}

const GRANTS: &str = "SELECT string_agg(attname || ' ' || attacl::text, ', ' ORDER BY attname) FROM pg_attribute \
                      WHERE attrelid = 'main.s'::regclass AND attacl IS NOT NULL AND attname IN ('id', 'v')";

#[test]
fn grants_on_columns_stay() {
    for raw in ["keep", "none"] {
        let target = Destination::of::<Postgres>(&json!({"normalization": {"raw": raw}}));
        target.write(&catalog("integer"), &record(1, &json!(10))).succeeded();
        target.execute("GRANT SELECT (id, v), UPDATE (v) ON s TO PUBLIC");
        let before = target.query(GRANTS);
        for kind in ["string", "integer", "boolean"] {
            target.write(&catalog(kind), "").succeeded();
            assert_eq!(target.query(GRANTS), before, "{raw} {kind}");
        }
        if raw == "keep" {
            normalize(target.folder(), target.config(), &catalog("string")).unwrap();
            assert_eq!(target.query(GRANTS), before);
        }
    }
}

#[test]
fn without_raw_a_column_beneath_views_is_widened() {
    let target = Destination::of::<Postgres>(&json!({"normalization": {"raw": "none"}}));
    target.write(&catalog("integer"), &record(1, &json!(10))).succeeded();
    target.execute(&format!(
        "CREATE VIEW w AS SELECT id, v FROM s; CREATE VIEW w2 AS SELECT * FROM w; \
                             GRANT SELECT ON w TO PUBLIC; {OBSTACLE}"
    ));
    let run = target.write(&catalog("string"), &record(2, &json!("x"))).succeeded();
    assert!(!told(&run).contains("shows the former values"), "{run:?}");
    let rows = || vec![vec![Some("1:10:text 2:x:text".to_owned())]];
    for relation in ["s", "w", "w2"] {
        assert_eq!(target.query(&ROWS.replace("FROM s", &format!("FROM {relation}"))), rows());
    }
    let columns = "SELECT count(*) FROM pg_attribute WHERE attrelid = 's'::regclass AND attname LIKE 'v%'";
    assert_eq!(target.query(columns), [[Some("1".to_owned())]]);
    assert_eq!(target.query("SELECT has_table_privilege('pg_monitor', 'w', 'SELECT')"), [[Some("t".to_owned())]]);
}

#[test]
fn without_raw_what_shows_a_column_that_makes_way_is_told() {
    for (dependent, kind, value) in [("MATERIALIZED VIEW w", "string", json!("x")), ("VIEW w", "boolean", json!(true))]
    {
        let target = Destination::of::<Postgres>(&json!({"normalization": {"raw": "none"}}));
        target.write(&catalog("integer"), &record(1, &json!(10))).succeeded();
        target.execute(&format!("CREATE {dependent} AS SELECT id, v FROM s"));
        let run = target.write(&catalog(kind), &record(2, &value)).succeeded();
        assert_eq!(told(&run).matches("main.w shows the former values of the column v of").count(), 1, "{run:?}");
        assert_eq!(target.query("SELECT id FROM s WHERE v IS NULL"), [[Some("1".to_owned())]]);
        assert_eq!(target.query("SELECT v FROM w WHERE id = 1"), [[Some("10".to_owned())]]);
    }
}
