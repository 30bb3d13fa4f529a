//! A replacement, seen by those who read the table and by what depends on it.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::Target;
use crate::landing::{Run, records, replacing, state, status};

/// How many ids a generation has.
const SIZE: i64 = 1_000;

/// The ids of a generation; no two generations share one, and each has more than the one before.
fn ids(generation: i64) -> std::ops::Range<i64> {
    generation * 10_000..generation * 10_000 + SIZE + generation
}

fn replace(target: &Target, generation: i64) {
    let input = records("s", ids(generation)) + &state(1) + &status("s", "COMPLETE");
    target.write(&replacing("s", "overwrite", generation), &input).succeeded();
}

/// Generation, count and number of children of what a query sees of `(id, children)`.
fn seen(sql: &str) -> String {
    format!(
        "WITH seen AS ({sql}) \
         SELECT min(id) / 10000 || ':' || max(id) / 10000 || ':' || count(*) || ':' || sum(children) FROM seen"
    )
}

fn whole(generation: i64) -> String {
    let children: u32 = ids(generation).map(i64::count_ones).sum();
    format!("{generation}:{generation}:{}:{children}", ids(generation).count())
}

const READERS: [&str; 2] = [
    "SELECT id, coalesce(n, 0) AS children FROM s \
     LEFT JOIN (SELECT _airbyte_s_hashid, count(*) AS n FROM s_children GROUP BY 1) AS c USING (_airbyte_s_hashid)",
    "SELECT id, children FROM seen_through_a_view",
];

const VIEW: &str = "CREATE VIEW seen_through_a_view AS SELECT id, coalesce(n, 0) AS children FROM s \
    LEFT JOIN (SELECT _airbyte_s_hashid, count(*) AS n FROM s_children GROUP BY 1) AS c USING (_airbyte_s_hashid)";

/// Replaces twice while readers poll; what they saw.
fn polled(target: &Target) -> BTreeSet<String> {
    let is_over = AtomicBool::new(false);
    let poll = |sql: &str| {
        let (mut client, sql) = (target.connect(), seen(sql));
        let mut seen = BTreeSet::new();
        while !is_over.load(Ordering::Relaxed) {
            let row = client.query_one(&sql, &[]).unwrap();
            seen.insert(row.get::<_, Option<String>>(0).unwrap_or_else(|| "nothing".to_owned()));
        }
        seen
    };
    std::thread::scope(|scope| {
        let readers = READERS.map(|sql| scope.spawn(move || poll(sql)));
        for generation in [2, 3] {
            replace(target, generation);
        }
        is_over.store(true, Ordering::Relaxed);
        readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect()
    })
}

#[test]
fn a_column_that_came_between_two_attempts_keeps_its_source_path() {
    let target = Target::new();
    let mut catalog = replacing("s", "overwrite", 1);
    assert!(!target.write(&catalog, &status("s", "STARTED")).status.success());
    catalog["streams"][0]["stream"]["json_schema"]["properties"]["later"] = json!({"type": "integer"});
    target.write(&catalog, &status("s", "COMPLETE")).succeeded();
    let path = "SELECT col_description(attrelid, attnum) FROM pg_attribute \
                WHERE attrelid = 's'::regclass AND attname = 'later'";
    assert_eq!(target.column(path), [r#"["later"]"#]);
}

#[test]
fn a_reader_sees_one_generation_or_the_next() {
    let target = Target::new();
    replace(&target, 1);
    target.connect().batch_execute(VIEW).unwrap();
    let seen = polled(&target);
    let generations: BTreeSet<String> = [1, 2, 3].map(whole).into();
    assert!(seen.is_subset(&generations), "{seen:?}");
    assert!(seen.len() > 1, "the readers saw nothing of the replacements: {seen:?}");
}

#[test]
fn a_reader_sees_one_generation_or_the_next_where_rows_have_to_be_copied() {
    let target = Target::new();
    replace(&target, 1);
    let dependents = "CREATE MATERIALIZED VIEW ids AS SELECT id FROM s; \
                      CREATE MATERIALIZED VIEW owners AS SELECT owner FROM s_children";
    target.connect().batch_execute(&format!("{VIEW}; {dependents}")).unwrap();
    let seen = polled(&target);
    let generations: BTreeSet<String> = [1, 2, 3].map(whole).into();
    assert!(seen.is_subset(&generations), "{seen:?}");
    assert!(seen.len() > 1, "the readers saw nothing of the replacements: {seen:?}");
}

/// Whatever the catalogs say of `s` and what depends on it, beside the rows.
const BELONGINGS: &[(&str, &str)] = &[
    (
        "owner and grants",
        "SELECT concat_ws(' ', relowner::regrole, grantee::regrole, privilege_type, is_grantable) \
         FROM pg_class, aclexplode(coalesce(relacl, acldefault('r', relowner))) WHERE oid = 's'::regclass \
         ORDER BY grantee, privilege_type",
    ),
    ("comment", "SELECT obj_description('s'::regclass, 'pg_class')"),
    (
        "columns",
        "SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum), attacl) \
                 FROM pg_attribute WHERE attrelid = 's'::regclass AND attnum > 0 ORDER BY attnum",
    ),
    ("indexes", "SELECT indexdef FROM pg_indexes WHERE schemaname = 'main' ORDER BY indexname"),
    ("policies", "SELECT concat_ws(' ', policyname, roles, cmd, qual) FROM pg_policies"),
    (
        "views",
        "SELECT concat_ws(' ', viewname, viewowner, definition, reloptions, relacl) \
               FROM pg_views JOIN pg_class ON relname = viewname WHERE schemaname = 'main' ORDER BY viewname",
    ),
    ("materialized views", "SELECT matviewname || definition FROM pg_matviews"),
    (
        "settings",
        "SELECT concat_ws(' ', reloptions, relreplident, relrowsecurity, relpersistence) FROM pg_class WHERE oid = 's'::regclass",
    ),
    (
        "constraints, statistics, publications, functions",
        "SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 's'::regclass \
         UNION ALL SELECT stxname || pg_get_statisticsobjdef(oid) FROM pg_statistic_ext \
         UNION ALL SELECT pubname || tablename FROM pg_publication_tables \
         UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'main'::regnamespace",
    ),
    (
        "what is left over",
        "SELECT relname FROM pg_class WHERE relkind = 'r' \
        AND relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('main', '_airbyte_internal')) ORDER BY relname",
    ),
];

/// Replaces `s`, which has these belongings, and finds all of them there afterwards.
#[track_caller]
fn keeps(belongings: &str) {
    let target = Target::new();
    replace(&target, 1);
    let (reader, owner) = (format!("reader_of_{}", target.database.name()), target.database.name());
    let belongings = belongings.replace("{reader}", &reader).replace("{database}", owner);
    target.connect().batch_execute(&format!("CREATE ROLE {reader} LOGIN; {belongings}")).unwrap();
    let all = |target: &Target| BELONGINGS.iter().map(|(what, sql)| (*what, target.column(sql))).collect::<Vec<_>>();
    let before = all(&target);
    for generation in [2, 3] {
        replace(&target, generation);
        assert_eq!(all(&target), before);
        assert_eq!(target.ids("SELECT id FROM s"), ids(generation).collect::<Vec<_>>());
    }
    let mut session = target.connect();
    let given_up = format!("GRANT {reader} TO CURRENT_USER; DROP OWNED BY {reader} CASCADE; DROP ROLE {reader}");
    session.batch_execute(&given_up).unwrap();
}

#[test]
fn views_grants_indexes_and_comments_survive() {
    keeps(
        "CREATE VIEW plain AS SELECT * FROM s; \
         CREATE VIEW renamed(number) AS SELECT id FROM s WHERE id > 0; \
         CREATE VIEW of_a_view WITH (security_barrier) AS SELECT number FROM renamed; \
         CREATE VIEW checked AS SELECT id FROM s WHERE id > 1 WITH LOCAL CHECK OPTION; \
         CREATE VIEW \"odd \"\"name\" AS SELECT a.id FROM s AS a JOIN s AS b USING (id); \
         CREATE UNIQUE INDEX mine ON s (id) WHERE id > 0; \
         CREATE INDEX \"ON main.s USING \" ON s (lower(id::text), at DESC); \
         COMMENT ON TABLE s IS 'it''s \"mine\"'; \
         COMMENT ON VIEW plain IS 'a view'; \
         GRANT USAGE ON SCHEMA main TO {reader}; \
         GRANT SELECT, UPDATE ON s TO {reader} WITH GRANT OPTION; \
         GRANT SELECT ON s TO PUBLIC; \
         GRANT SELECT ON plain TO {reader}",
    );
}

#[test]
fn defaults_for_new_tables_grant_nothing_on_a_table_that_did_not_have_it() {
    keeps("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {reader}");
}

#[test]
fn materialized_views_survive() {
    keeps("CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM s; CREATE VIEW of_it AS SELECT * FROM counted");
}

#[test]
fn row_level_policies_survive() {
    keeps(
        "ALTER TABLE s ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY even ON s FOR SELECT TO {reader} USING (id % 2 = 0); \
         GRANT SELECT ON s TO {reader}",
    );
}

#[test]
fn what_else_depends_on_a_table_survives() {
    for belongings in [
        "GRANT SELECT (id) ON s TO {reader}",
        "ALTER TABLE s ADD CONSTRAINT positive CHECK (id > 0)",
        "ALTER TABLE s ADD COLUMN double bigint GENERATED ALWAYS AS (id * 2) STORED",
        "ALTER TABLE s SET (fillfactor = 90)",
        "ALTER TABLE s REPLICA IDENTITY FULL; CREATE PUBLICATION changes FOR TABLE s",
        "CREATE FUNCTION first_of() RETURNS main.s LANGUAGE sql AS 'SELECT * FROM main.s LIMIT 1'",
        "CREATE TABLE noted (id bigint, note main.s)",
        "CREATE STATISTICS both_columns ON id, at FROM s",
        "CREATE VIEW of_another AS SELECT id FROM s; GRANT {reader} TO CURRENT_USER; \
         GRANT SELECT ON s TO {reader}; GRANT CREATE, USAGE ON SCHEMA main TO {reader}; \
         ALTER VIEW of_another OWNER TO {reader}",
    ] {
        keeps(belongings);
    }
}

/// One that holds its lock for a while, as a long query does, holds up the replacement and no other reader.
#[test]
fn a_long_query_holds_up_the_replacement_and_no_other_reader() {
    let target = Target::new();
    replace(&target, 1);
    let mut long = target.connect();
    let mut transaction = long.transaction().unwrap();
    transaction.query("SELECT count(*) FROM s", &[]).unwrap();
    let (child, mut stdin) = target.start("replacement", &replacing("s", "overwrite", 2));
    stdin.write_all((records("s", ids(2)) + &status("s", "COMPLETE")).as_bytes()).unwrap();
    drop(stdin);
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'";
    while target.column(waiting) == ["0"] {
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut others = target.connect();
    others.batch_execute("SET statement_timeout = '5s'").unwrap();
    for _ in 0..20 {
        assert_eq!(others.query_one(&seen(READERS[0]), &[]).unwrap().get::<_, String>(0), whole(1));
    }
    transaction.commit().unwrap();
    Run::of(child).succeeded();
    assert_eq!(target.column(&seen(READERS[0])), [whole(2)]);
}
