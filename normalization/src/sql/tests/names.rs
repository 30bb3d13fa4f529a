//! Names of internal tables, and literals.

use super::DUCKDB;
use std::collections::BTreeMap;

use proptest::prelude::*;
use sqlparser::ast::{Expr, SelectItem, SetExpr, Statement, Value};
use sqlparser::dialect::DuckDbDialect;
use sqlparser::parser::Parser;

use super::plans::HOSTILE;
use crate::kind::ColumnKind;
use crate::limits::Limits;
use crate::names::{IdentifierLength, IdentifierRules};
use crate::sql::internal::internal_name;
use crate::sql::{Dialect, TableName};

/// A warehouse of short identifiers, counted in bytes.
struct Short(Limits);

impl Short {
    fn new() -> Self {
        let limits = DUCKDB.limits().clone();
        let identifiers = IdentifierRules { longest: IdentifierLength::Bytes(63), ..limits.identifiers };
        Self(Limits { identifiers, ..limits })
    }
}

impl Dialect for Short {
    fn limits(&self) -> &Limits {
        &self.0
    }

    fn column_type(&self, kind: ColumnKind) -> String {
        DUCKDB.column_type(kind)
    }

    fn hash(&self, text: &str) -> String {
        DUCKDB.hash(text)
    }

    fn session_schema(&self) -> &'static str {
        "pg_temp"
    }
}

const ROLES: [&str; 9] = [
    "keys",
    "events",
    "staging",
    "staging_keys",
    "staging_events",
    "batch",
    "batch_keys",
    "batch_events",
    "batch_replaced",
];

fn table(schema: &str, name: &str) -> TableName {
    TableName { schema: schema.to_owned(), name: name.to_owned() }
}

#[test]
fn internal_names_say_what_they_are_of() {
    let name = |schema, name, role| internal_name(&Short::new(), &table(schema, name), role);
    assert_eq!(name("main", "orders", "staging"), "main__orders__staging");
    assert_eq!(name("main", "_airbyte_raw_orders", "staging"), "main___airbyte_raw_orders__staging");
    insta::assert_snapshot!(name("a__b", "c", "keys"), @"a__b__c__keys_1329b0ab");
    insta::assert_snapshot!(name("main", &"é".repeat(40), "batch_keys"), @"main__éééééééééééééééééé__batch_keys_98f6f1d1");
}

#[test]
fn internal_names_are_unambiguous() {
    let parts = ["a", "a_", "_a", "_", "__", "a__b", "b", "a__", "keys", "x__keys", "x__staging", "staging_keys"];
    let mut seen = BTreeMap::new();
    for (schema, name) in parts.iter().flat_map(|schema| parts.iter().map(move |name| (schema, name))) {
        for role in ROLES {
            let internal = internal_name(&Short::new(), &table(schema, name), role);
            let other = seen.insert(internal.clone(), (schema, name, role));
            assert_eq!(other, None, "{internal} is also {:?}", (schema, name, role));
        }
    }
}

/// What a parser that is not ours makes of the literal.
pub(super) fn parsed(literal: &str) -> Option<String> {
    let mut statements = Parser::parse_sql(&DuckDbDialect {}, &format!("SELECT {literal}")).ok()?;
    let (Some(Statement::Query(query)), true) = (statements.pop(), statements.is_empty()) else { return None };
    let SetExpr::Select(select) = *query.body else { return None };
    match select.projection.as_slice() {
        [SelectItem::UnnamedExpr(Expr::Value(value))] => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

#[test]
fn literals_hold_hostile_text() {
    let long = "it's \\ ".repeat(1500);
    for text in HOSTILE.into_iter().chain(["", "'", "''", "\\'", long.as_str()]) {
        assert_eq!(parsed(&DUCKDB.literal(text)).as_deref(), Some(text));
    }
    assert_eq!(DUCKDB.literal("a\0b"), "'ab'");
}

proptest! {
    #[test]
    fn a_literal_is_its_text(text in "\\PC*") {
        prop_assert_eq!(parsed(&DUCKDB.literal(&text)), Some(text));
    }

    #[test]
    fn internal_names_fit(schema in "\\PC{1,80}", name in "\\PC{1,80}", role in prop::sample::select(&ROLES[..])) {
        let internal = internal_name(&Short::new(), &table(&schema, &name), role);
        prop_assert!(internal.len() <= 63);
    }
}
