//! Statements as text: what they say (snapshots), and that they are SQL (a parser that is not ours).

mod names;
mod plans;

use std::collections::BTreeSet;

use sqlparser::dialect::{Dialect, DuckDbDialect, PostgreSqlDialect};
use sqlparser::parser::Parser;

use crate::kind::{ColumnKind, ScalarColumn};
use crate::plan::{Column, ColumnSource};
use crate::sql::bookkeeping::{self, StreamState, SyncLogEntry};
use crate::sql::duckdb::DuckDb;
use crate::sql::{Dialect as _, StreamSql, create_schema, drop_table, rename_column, untold_source};

type Section = (&'static str, Vec<String>);

const DUCKDB: DuckDb = DuckDb { has_zstd: true };

fn creation(sql: StreamSql<'_>) -> Vec<Section> {
    vec![
        ("live", sql.prepare_live(|_| None)),
        ("live, extended", sql.prepare_live(|_| Some(vec![("_AIRBYTE_AB_ID".to_owned(), "UUID".to_owned())]))),
        ("staging", sql.prepare_staging(|_| None)),
        ("batch", sql.create_batch()),
        ("drop batch", sql.drop_batch()),
        ("drop staging", sql.drop_staging()),
    ]
}

fn replacement(sql: StreamSql<'_>) -> Vec<Section> {
    vec![("swap", sql.swap(&[])), ("absorb", sql.absorb())]
}

fn merge(sql: StreamSql<'_>) -> Vec<Section> {
    vec![("merge", sql.merge(&sql.live()))]
}

fn books() -> Vec<Section> {
    let state = StreamState {
        schema: "shop".to_owned(),
        stream: "it's".to_owned(),
        replaced_generation: Some(3),
        staging_generation: None,
        layout: Some("{\"columns\":[]}".to_owned()),
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
        ("create", bookkeeping::create_all(&DUCKDB)),
        ("read", vec![bookkeeping::read_state(&DUCKDB, &state.schema, &state.stream)]),
        ("write", bookkeeping::write_state(&DUCKDB, &state)),
        ("log", vec![bookkeeping::log_sync(&DUCKDB, &entry)]),
    ]
}

fn script(sections: &[Section]) -> String {
    let sections = sections.iter().map(|(title, statements)| {
        let statements = statements.iter().map(|statement| format!("{statement};\n")).collect::<Vec<_>>();
        format!("-- {title}\n\n{}", statements.join("\n"))
    });
    sections.collect::<Vec<_>>().join("\n")
}

#[test]
fn statements_read_as_they_did() {
    for (name, stream) in plans::all() {
        let sql = StreamSql::new(&stream, &DUCKDB);
        insta::assert_snapshot!(format!("{name}_creation"), script(&creation(sql)));
        insta::assert_snapshot!(format!("{name}_replacement"), script(&replacement(sql)));
        if stream.dedup.is_some() {
            insta::assert_snapshot!(format!("{name}_merge"), script(&merge(sql)));
        }
    }
    insta::assert_snapshot!("books", script(&books()));
}

/// The parser's DuckDB does not know comments; DuckDB takes them as Postgres does.
fn dialect_of(statement: &str) -> &'static dyn Dialect {
    if statement.starts_with("COMMENT ON ") { &PostgreSqlDialect {} } else { &DuckDbDialect {} }
}

#[test]
fn every_statement_is_one_statement_to_a_parser() {
    let mut statements = books().into_iter().flat_map(|(_, statements)| statements).collect::<Vec<_>>();
    for (_, stream) in plans::all() {
        let sql = StreamSql::new(&stream, &DUCKDB);
        let sections = [creation(sql), replacement(sql), merge(sql)];
        statements.extend(sections.into_iter().flatten().flat_map(|(_, statements)| statements));
        let live = sql.live();
        statements.extend(sql.merge(&sql.staging()));
        statements.push(create_schema(&DUCKDB, &stream.schema));
        statements.push(drop_table(&DUCKDB, &live.tables[0]));
        statements.push(rename_column(&DUCKDB, &live.tables[0], plans::HOSTILE[1], plans::HOSTILE[2]));
    }
    for statement in statements {
        // a word of DuckDB's that the parser does not know
        let statement = statement.replace(" USING COMPRESSION zstd", "");
        match Parser::parse_sql(dialect_of(&statement), &statement) {
            Ok(parsed) => assert_eq!(parsed.len(), 1, "{statement}"),
            Err(error) => panic!("{error}\n{statement}"),
        }
    }
}

#[test]
fn a_stream_without_keys_has_nothing_to_merge() {
    let stream = plans::flat_append();
    let sql = StreamSql::new(&stream, &DUCKDB);
    assert_eq!(sql.merge(&sql.live()), Vec::<String>::new());
}

#[test]
fn what_is_there_is_not_made_again() {
    for (_, stream) in plans::all() {
        let sql = StreamSql::new(&stream, &DUCKDB);
        let columns = stream.tables.iter().chain(&stream.raw).chain(&stream.history).flat_map(|table| &table.columns);
        let described = |name: &str, kind| (name.to_ascii_uppercase(), DUCKDB.column_type(kind));
        let mut there = columns.map(|column| described(&column.name, column.kind)).collect::<Vec<_>>();
        there.push(described("_airbyte_deleted", ColumnKind::Scalar(ScalarColumn::Boolean)));
        let cursor = stream.dedup.iter().find_map(|dedup| dedup.cursor.as_ref());
        there.extend(cursor.map(|cursor| described("_airbyte_cursor", cursor.kind)));
        let schemas = BTreeSet::from([&stream.schema, &stream.raw_schema]).into_iter();
        let schemas: Vec<String> = schemas.map(|schema| create_schema(&DUCKDB, schema)).collect();
        assert_eq!(sql.prepare_live(|_| Some(there.clone())), schemas);
        assert_eq!(sql.prepare_staging(|_| Some(there.clone())), Vec::<String>::new());
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
