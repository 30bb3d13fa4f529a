//! Statements as text: what they say (snapshots), and that they are SQL (a parser that is not ours).

mod names;
mod plans;

use std::collections::BTreeSet;

use sqlparser::dialect::{self as parser, DuckDbDialect, PostgreSqlDialect};
use sqlparser::parser::Parser;

use crate::kind::{ColumnKind, ScalarColumn};
use crate::plan::{Column, ColumnSource, Layouts, StreamPlan};
use crate::raw::RawLayout;
use crate::sql::bookkeeping::{self, StreamState, SyncLogEntry};
use crate::sql::duckdb::DuckDb;
use crate::sql::postgres::Postgres;
use crate::sql::{Described, Dialect, StreamSql, TableName, drop_table, rename_column, untold_source};

/// Plans whose compaction is a snapshot: without key, with one, with a cursor that is nested, of hostile names.
const COMPACTED: [&str; 4] = ["flat_append", "captured_hard", "nested_cursor", "hostile"];

type Section = (&'static str, Vec<String>);

const DUCKDB: DuckDb = DuckDb { has_zstd: true, has_row_numbers: true };
const POSTGRES: Postgres = Postgres { drop_cascade: false };

/// A column that exists, in other letters where those are the same name.
fn as_described(dialect: &dyn Dialect, name: &str, kind: ColumnKind) -> Described {
    let ignores_case = dialect.limits().identifiers.ignores_case;
    let name = if ignores_case { name.to_ascii_uppercase() } else { name.to_owned() };
    (name, dialect.column_type(kind))
}

fn creation(sql: StreamSql<'_>) -> Vec<Section> {
    vec![
        ("live", sql.prepare_live(|_| None)),
        (
            "live, extended",
            sql.prepare_live(|_| Some(vec![as_described(sql.dialect, "_airbyte_ab_id", ColumnKind::Uuid)])),
        ),
        ("staging", sql.prepare_staging(|_| None)),
        ("batch", sql.create_batch()),
        ("batch rows", sql.create_batch_rows()),
        ("drop batch", sql.drop_batch()),
        ("drop staging", sql.drop_staging()),
    ]
}

/// Every column of a property has another type than the plan has for it.
fn changed(sql: StreamSql<'_>) -> Vec<Section> {
    let live = sql.live();
    let existing = |name: &TableName| {
        let (_, table) = sql.user_tables(&live).find(|(live, _)| *live == name)?;
        let columns = table.columns.iter().map(|column| {
            let was = match (&column.source, column.kind) {
                (ColumnSource::System(_), kind) => kind,
                (_, ColumnKind::Scalar(ScalarColumn::Integer)) => ColumnKind::Scalar(ScalarColumn::String),
                _ => ColumnKind::Scalar(ScalarColumn::Integer),
            };
            as_described(sql.dialect, &column.name, was)
        });
        Some(columns.collect::<Vec<_>>())
    };
    let retyped = sql.rebuilding().retype_live(existing);
    let raw = live.raw.clone().unwrap_or_else(|| raw_of(sql.stream));
    let layout = |id: &str, kind: String| {
        let described = |name: &str| (name.to_owned(), "any".to_owned());
        RawLayout::of(&[(id.to_owned(), kind), described("_airbyte_emitted_at"), described("_airbyte_data")])
    };
    let ours = layout("_airbyte_ab_id", sql.dialect.column_type(ColumnKind::Uuid));
    let theirs = layout("_airbyte_raw_id", sql.dialect.column_type(ColumnKind::CsvArray));
    let missing = |layout: Option<&RawLayout>| {
        layout.and_then(|layout| sql.rows_without_raw(&live, (&raw, layout), existing)).into_iter().collect()
    };
    vec![
        ("followed", sql.prepare_live(existing)),
        ("extended", sql.extend_live(existing)),
        ("staged", sql.rebuilding().create_staging(existing)),
        ("before rows are replaced", retyped.iter().flat_map(|retyped| retyped.before.clone()).collect()),
        ("after rows are replaced", retyped.iter().flat_map(|retyped| retyped.after.clone()).collect()),
        ("rows without raw", missing(ours.as_ref())),
        ("rows without raw of text ids", missing(theirs.as_ref())),
    ]
}

fn replacement(sql: StreamSql<'_>) -> Vec<Section> {
    vec![("swap", sql.swap(&[])), ("absorb", sql.absorb(&[]))]
}

fn merge(sql: StreamSql<'_>) -> Vec<Section> {
    let (live, batch) = (sql.live(), sql.batch());
    vec![
        ("merge", sql.merge(&live)),
        ("surpassed", sql.surpassed().into_iter().collect()),
        ("land", sql.land(&batch.tables, &live)),
    ]
}

/// The raw table of a stream, wherever the plan has it.
fn raw_of(stream: &StreamPlan) -> TableName {
    TableName { schema: stream.raw_schema.clone(), name: format!("_airbyte_raw_{}", stream.stream.name) }
}

fn compaction(sql: StreamSql<'_>) -> Vec<Section> {
    let raw = raw_of(sql.stream);
    let surplus = sql.surplus(&raw);
    let id = format!("CAST(\"_airbyte_ab_id\" AS {})", sql.dialect.column_type(ColumnKind::CsvArray));
    vec![
        ("create", surplus.create()),
        ("choose", vec![surplus.choose(3)]),
        ("measure", vec![surplus.measure()]),
        ("delete", vec![surplus.delete(&id, (0, 12))]),
        ("drop", surplus.drop()),
    ]
}

fn books(dialect: &dyn Dialect) -> Vec<Section> {
    let state = StreamState {
        schema: "shop".to_owned(),
        stream: "it's".to_owned(),
        replaced_generation: Some(3),
        staging_generation: None,
        layouts: Layouts::default(),
    };
    let entry = SyncLogEntry {
        sync_id: None,
        schema: "shop".to_owned(),
        stream: "orders".to_owned(),
        started_at: "2024-01-02T03:04:05.678Z".to_owned(),
        finished_at: "2024-01-02T03:04:06Z".to_owned(),
        status: "complete".to_owned(),
        records: 12,
        generation_id: 4,
    };
    vec![
        ("create", bookkeeping::create_all(dialect)),
        ("read", vec![bookkeeping::read_states(dialect, &[state.schema.clone(), "it's".to_owned()])]),
        ("write", bookkeeping::write_state(dialect, &state)),
        ("log", vec![bookkeeping::log_sync(dialect, &entry)]),
    ]
}

fn script(sections: &[Section]) -> String {
    let sections = sections.iter().map(|(title, statements)| {
        let statements = statements.iter().map(|statement| format!("{};\n", shown(statement))).collect::<Vec<_>>();
        format!("-- {title}\n\n{}", statements.join("\n"))
    });
    sections.collect::<Vec<_>>().join("\n")
}

/// The statement; of a block that looks for views and grants itself only what the plan puts into it.
fn shown(statement: &str) -> String {
    match statement.strip_prefix("DO ").filter(|block| block.starts_with("'DECLARE")) {
        Some(block) => format!("DO … {}", statements_of_block(block).join(" ")),
        None => statement.to_owned(),
    }
}

/// Every dialect, by its name in snapshots.
fn dialects() -> [(&'static str, &'static dyn Dialect); 2] {
    [("duckdb", &DUCKDB), ("postgres", &POSTGRES)]
}

#[test]
fn statements_read_as_they_did() {
    for (dialect_name, dialect) in dialects() {
        let _bound = named_after(dialect_name).bind_to_scope();
        for (name, stream) in plans::all() {
            let sql = StreamSql::new(&stream, dialect);
            insta::assert_snapshot!(format!("{name}_creation"), script(&creation(sql)));
            insta::assert_snapshot!(format!("{name}_replacement"), script(&replacement(sql)));
            insta::assert_snapshot!(format!("{name}_changed"), script(&changed(sql)));
            if stream.dedup.is_some() {
                insta::assert_snapshot!(format!("{name}_merge"), script(&merge(sql)));
            }
            if COMPACTED.contains(&name) {
                insta::assert_snapshot!(format!("{name}_compaction"), script(&compaction(sql)));
            }
        }
        insta::assert_snapshot!("books", script(&books(dialect)));
    }
}

fn named_after(dialect_name: &str) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_suffix(dialect_name);
    settings
}

/// Every statement of every plan.
fn all_statements(dialect: &dyn Dialect) -> Vec<String> {
    let mut statements = books(dialect).into_iter().flat_map(|(_, statements)| statements).collect::<Vec<_>>();
    for (_, stream) in plans::all() {
        let sql = StreamSql::new(&stream, dialect);
        let sections = [creation(sql), changed(sql), replacement(sql), merge(sql), compaction(sql)];
        statements.extend(sections.into_iter().flatten().flat_map(|(_, statements)| statements));
        let live = sql.live();
        statements.extend(sql.merge(&sql.staging()));
        statements.extend(sql.index(&live));
        statements.extend(sql.try_to_empty(&live, |_| Some(Vec::new())));
        statements.push(dialect.create_schema(&stream.schema));
        statements.push(drop_table(dialect, &live.tables[0]));
        statements.push(dialect.give_up(&live.tables[0]));
        statements.push(rename_column(dialect, &live.tables[0], plans::HOSTILE[1], plans::HOSTILE[2]));
    }
    statements
}

#[track_caller]
fn assert_one_statement(dialect: &dyn parser::Dialect, statement: &str) {
    match Parser::parse_sql(dialect, statement) {
        Ok(parsed) => assert_eq!(parsed.len(), 1, "{statement}"),
        Err(error) => panic!("{error}\n{statement}"),
    }
}

#[test]
fn every_statement_of_duckdb_is_one_statement_to_a_parser() {
    for statement in all_statements(&DUCKDB) {
        // words of DuckDB's that the parser does not know
        let statement = statement.replace(" USING COMPRESSION zstd", "").replace(" USING COMPRESSION uncompressed", "");
        // nor does it know that DuckDB has these as Postgres has them
        let is_like_postgres = statement.starts_with("COMMENT ON ") || statement.ends_with(" USING NULL");
        let dialect: &dyn parser::Dialect = if is_like_postgres { &PostgreSqlDialect {} } else { &DuckDbDialect {} };
        assert_one_statement(dialect, &statement);
    }
}

#[test]
fn every_statement_of_postgres_is_one_statement_to_a_parser() {
    for statement in all_statements(&POSTGRES) {
        if let Some(block) = statement.strip_prefix("DO ") {
            for statement in statements_of_block(block) {
                assert_one_statement(&PostgreSqlDialect {}, &statement);
            }
        } else {
            // words that the parser does not know
            let statement = statement.replace(" INCLUDING ALL EXCLUDING INDEXES", "");
            assert_one_statement(&PostgreSqlDialect {}, &statement);
        }
    }
}

/// The statements of an anonymous block, which no parser knows; `literal` is all of it.
fn statements_of_block(literal: &str) -> Vec<String> {
    let body = names::parsed(literal).unwrap_or_else(|| panic!("not one literal: {literal}"));
    let (mut statements, mut open) = (Vec::new(), String::new());
    for line in body.split('\n') {
        open = if open.is_empty() { line.trim_start().to_owned() } else { format!("{open}\n{line}") };
        // a name may hold the end of a line
        if open.matches('"').count() % 2 == 1 {
            continue;
        }
        let line = std::mem::take(&mut open);
        let is_sql = ["ALTER ", "COMMENT ", "CREATE ", "DELETE ", "DROP "].iter().any(|verb| line.starts_with(verb));
        if line.ends_with(';') && is_sql {
            statements.push(line);
        }
    }
    // rights and views are found by the block itself
    assert!(!statements.is_empty() || body.starts_with("DECLARE"), "{body}");
    statements
}

#[test]
fn a_stream_without_keys_has_nothing_to_merge() {
    let stream = plans::flat_append();
    let sql = StreamSql::new(&stream, &DUCKDB);
    assert_eq!(sql.merge(&sql.live()), Vec::<String>::new());
}

#[test]
fn what_is_there_is_not_made_again() {
    let of = |(_, dialect)| plans::all().into_iter().map(move |(_, stream)| (dialect, stream));
    for (dialect, stream) in dialects().into_iter().flat_map(of) {
        let sql = StreamSql::new(&stream, dialect);
        let columns = stream.tables.iter().chain(&stream.raw).chain(&stream.history).flat_map(|table| &table.columns);
        let mut there = columns.map(|column| as_described(dialect, &column.name, column.kind)).collect::<Vec<_>>();
        there.push(as_described(dialect, "_airbyte_deleted", ColumnKind::Scalar(ScalarColumn::Boolean)));
        let cursor = stream.dedup.iter().find_map(|dedup| dedup.cursor.as_ref());
        there.extend(cursor.map(|cursor| as_described(dialect, "_airbyte_cursor", cursor.kind)));
        let schemas = BTreeSet::from([&stream.schema, &stream.raw_schema]).into_iter();
        let mut expected: Vec<String> = schemas.map(|schema| dialect.create_schema(schema)).collect();
        // an index asks by itself whether it is there
        expected.extend(sql.index(&sql.live()));
        assert_eq!(sql.prepare_live(|_| Some(there.clone())), expected);
        assert_eq!(sql.prepare_staging(|_| Some(there.clone())), sql.index(&sql.staging()));
    }
}

#[test]
fn a_wide_table_tells_only_the_names_that_are_not_the_sources_own() {
    let mut stream = plans::flat_append();
    let column = |name: &str, source: &str| Column {
        name: name.to_owned(),
        source: ColumnSource::Property(vec![source.to_owned()]),
        kind: ColumnKind::Json,
    };
    stream.tables[0].columns.extend((0..500).map(|number| column(&format!("p{number}"), &format!("p{number}"))));
    stream.tables[0].columns.push(column("user_id", "User-ID"));
    let statements = StreamSql::new(&stream, &DUCKDB).prepare_live(|_| None);
    let comments = statements.iter().filter(|statement| statement.starts_with("COMMENT ON COLUMN"));
    assert_eq!(comments.collect::<Vec<_>>(), [r#"COMMENT ON COLUMN "shop"."users"."user_id" IS '["User-ID"]'"#]);
    let width = stream.tables[0].columns.len();
    assert_eq!(untold_source("p7", width).as_deref(), Some(r#"["p7"]"#));
    assert_eq!(untold_source("_airbyte_meta", width), None);
    assert_eq!(untold_source("p7", 7), None);
}
