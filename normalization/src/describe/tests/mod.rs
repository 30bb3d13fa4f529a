//! Descriptions as text: what they say (snapshots), that they are what they claim to be, and that they agree.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json as value};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::{Existing, StreamChanges, entries, json, mermaid, script};
use crate::catalog::ConfiguredCatalog;
use crate::names::Naming;
use crate::plan::{KnownNames, ObjectStorage, Options, Plan, compile};
use crate::sql::duckdb::DuckDb;
use crate::sql::postgres::Postgres;
use crate::sql::{Described, Dialect, StreamSql, TableName};

const DIALECTS: [(&str, &dyn Dialect); 2] =
    [("duckdb", &DuckDb { has_zstd: true, has_row_numbers: true }), ("postgres", &Postgres { drop_cascade: false })];

const HOSTILE: [&str; 9] = [
    "pk",
    "\"; drop table users; --",
    "it's",
    "a~b~c",
    "%%{x}%%",
    "direction TB",
    "new\nline\u{202e}",
    "1 ☃ #9829;",
    "",
];

fn shop() -> Value {
    let discounts = value!({"items": {"properties": {"code": {"type": "string"}}}});
    let item = value!({"sku": {"type": "string"}, "unit price": {"type": "number"}, "discounts": discounts});
    let customer = value!({"name": {"type": "string"}, "address": {"properties": {"city": {"type": "string"}}}});
    value!({"streams": [
        {
            "stream": {"name": "orders", "namespace": "shop", "json_schema": {"properties": {
                "id": {"type": "integer"}, "Updated At": {"type": "string", "format": "date-time"},
                "line_items": {"items": {"properties": item}}, "customer": {"properties": customer}
            }}},
            "destination_sync_mode": "append_dedup", "primary_key": [["id"]], "cursor_field": ["Updated At"],
            "generation_id": 3, "minimum_generation_id": 0
        },
        {
            "stream": {"name": "visits", "json_schema": {"properties": {"at": {"type": "string", "format": "date"}}}},
            "destination_sync_mode": "overwrite"
        }
    ]})
}

/// Names that would break out of a text that quotes badly.
fn hostile() -> Value {
    let properties = |inside: &Value| -> Value {
        let members = HOSTILE.iter().map(|name| ((*name).to_owned(), inside.clone()));
        Value::Object(members.collect())
    };
    let children = properties(&value!({"items": {"properties": properties(&value!({"type": "string"}))}}));
    let streams = HOSTILE.iter().map(
        |name| value!({"stream": {"name": name, "json_schema": {"properties": children}}, "destination_sync_mode": "append"}),
    );
    value!({"streams": streams.collect::<Vec<_>>()})
}

fn plan(catalog: &Value, options: &Options, dialect: &dyn Dialect) -> Plan {
    let catalog = ConfiguredCatalog::parse(&catalog.to_string()).unwrap();
    compile(&catalog, options, dialect.limits(), &KnownNames::default()).unwrap()
}

fn changes(plan: &Plan, dialect: &dyn Dialect, existing: &Existing) -> Vec<StreamChanges> {
    plan.streams.iter().map(|stream| StreamChanges::of(stream, dialect, existing, Vec::new())).collect()
}

/// All that a sync of the plan leaves behind, in other letters where those are the same name.
fn landed(plan: &Plan, dialect: &dyn Dialect) -> Existing {
    let ignores_case = dialect.limits().identifiers.ignores_case;
    let spelled = |name: &str| if ignores_case { name.to_ascii_uppercase() } else { name.to_owned() };
    let user = plan.streams.iter().flat_map(entries).map(|entry| {
        let columns = entry.table.columns.iter();
        (
            entry.name,
            columns.map(|column| (spelled(&column.name), dialect.column_type(column.kind))).collect::<Vec<_>>(),
        )
    });
    let ours = plan.streams.iter().flat_map(|stream| {
        let sql = StreamSql::new(stream, dialect);
        let statements = sql.prepare_live(|_| None);
        let targets = sql.live();
        let names = targets.keys.into_iter().chain(targets.events);
        names
            .map(|name| (created(&statements, &dialect.relation(&name)), name))
            .map(|(columns, name)| (name, columns))
            .collect::<Vec<_>>()
    });
    user.chain(ours).collect()
}

/// The columns that one of the statements creates this table with.
fn created(statements: &[String], relation: &str) -> Vec<Described> {
    let beginning = format!("CREATE TABLE {relation} (");
    let create = statements.iter().find_map(|statement| statement.strip_prefix(&beginning)).unwrap();
    let lines = create.lines().map(|line| line.trim().trim_end_matches(',')).filter_map(|line| line.strip_prefix('"'));
    let columns = lines.map(|line| line.split_once("\" ").unwrap());
    // what exists tells the type alone
    let columns = columns.map(|(name, kind)| (name, kind.split(" USING ").next().unwrap_or_default()));
    columns.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
}

#[test]
fn descriptions_read_as_they_did() {
    for (name, dialect) in DIALECTS {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_suffix(name);
        let _bound = settings.bind_to_scope();
        let plan = plan(&shop(), &Options { history: true, ..Options::default() }, dialect);
        let changes = changes(&plan, dialect, &Existing::default());
        // an object a line
        let json = json(&plan, &changes, dialect).to_string().replace("{\"", "\n{\"");
        insta::assert_snapshot!("shop_json", json);
        insta::assert_snapshot!("shop_mermaid", mermaid(&plan, dialect));
        insta::assert_snapshot!("shop_sql", script(&plan, &changes, dialect, &Existing::default()));
    }
}

#[test]
fn a_flattened_path_is_told_whole() {
    let dialect = DIALECTS[0].1;
    let plan = plan(&shop(), &Options { objects: ObjectStorage::Flatten, ..Options::default() }, dialect);
    let sources: Vec<String> = plan.streams[0].tables[0].columns.iter().filter_map(super::source).collect();
    assert_eq!(sources, ["id", "Updated At", "customer.name", "customer.address.city"]);
}

#[test]
fn a_script_is_as_many_statements_as_it_says() {
    let plans = [(shop(), Options { history: true, ..Options::default() }), (hostile(), exact())];
    for ((_, dialect), (catalog, options)) in
        DIALECTS.into_iter().flat_map(|it| plans.iter().map(move |plan| (it, plan)))
    {
        let plan = plan(catalog, options, dialect);
        let script = script(&plan, &changes(&plan, dialect, &Existing::default()), dialect, &Existing::default());
        let tables: usize = plan.streams.iter().map(|stream| entries(stream).len()).sum();
        assert!(script.matches("CREATE TABLE ").count() >= tables);
        // words that the parser does not know; the body of a block is one literal
        let script = [" USING COMPRESSION zstd", " USING COMPRESSION uncompressed"]
            .into_iter()
            .fold(script.replace("\nDO '", "\nSELECT '"), |script, words| script.replace(words, ""));
        let parsed =
            Parser::parse_sql(&PostgreSqlDialect {}, &script).unwrap_or_else(|error| panic!("{error}\n{script}"));
        let alone = crate::sql::bookkeeping::create_all(dialect).len();
        let streams = plan.streams.iter().map(|stream| StreamSql::new(stream, dialect).prepare_live(|_| None).len());
        assert_eq!(parsed.len(), alone + streams.sum::<usize>());
    }
}

fn exact() -> Options {
    Options { naming: Naming::Exact, ..Options::default() }
}

#[test]
fn nothing_is_to_be_done_where_all_is_there() {
    for (_, dialect) in DIALECTS {
        let plan = plan(&shop(), &Options { history: true, ..Options::default() }, dialect);
        let landed = landed(&plan, dialect);
        let nothing = "-- stream \"shop.orders\": nothing to do\n\n-- stream \"visits\": nothing to do\n";
        assert_eq!(script(&plan, &changes(&plan, dialect, &landed), dialect, &landed), nothing);
        for change in changes(&plan, dialect, &landed).iter().flat_map(|stream| &stream.tables) {
            assert!(change.is_none() && change.staying.is_empty(), "{change:?}");
        }
    }
}

#[test]
fn a_difference_is_named_column_by_column_and_has_its_statements() {
    for (_, dialect) in DIALECTS {
        let plan = plan(&shop(), &Options::default(), dialect);
        let landed = landed(&plan, dialect);
        let visits = TableName { schema: "main".to_owned(), name: "visits".to_owned() };
        let text = |name: &str| (name.to_owned(), "text of another".to_owned());
        let mut columns = landed.columns(&visits).unwrap().to_vec();
        columns.retain(|(name, _)| !name.eq_ignore_ascii_case("_airbyte_meta"));
        columns.iter_mut().filter(|(name, _)| name.eq_ignore_ascii_case("at")).for_each(|column| *column = text("at"));
        columns.push(text("gone"));
        let others = landed.0.into_iter().filter(|(name, _)| *name != visits && name.name != "orders_line_items");
        let existing: Existing = others.chain([(visits.clone(), columns)]).collect();
        let told = json(&plan, &changes(&plan, dialect, &existing), dialect);
        let states = |stream: usize| -> Vec<&Value> {
            told["streams"][stream]["changes"]["tables"]
                .as_array()
                .unwrap()
                .iter()
                .map(|table| &table["state"])
                .collect()
        };
        assert_eq!(states(0), ["unchanged", "new", "unchanged", "unchanged", "unchanged", "unchanged"]);
        assert_eq!(states(1), ["changed", "unchanged"]);
        let change = &told["streams"][1]["changes"]["tables"][0];
        let of = |column: &str| -> &Value {
            let columns = told["streams"][1]["tables"][0]["columns"].as_array().unwrap();
            columns.iter().find(|planned| planned["name"] == column).map(|planned| &planned["type"]).unwrap()
        };
        assert_eq!(change["added"], value!([{"name": "_airbyte_meta", "type": of("_airbyte_meta")}]));
        assert_eq!(change["retyped"], value!([{"name": "at", "from": "text of another", "to": of("at")}]));
        assert_eq!(change["staying"], value!([{"name": "gone", "type": "text of another"}]));
        let script = script(&plan, &changes(&plan, dialect, &existing), dialect, &existing);
        let made: Vec<_> = script.lines().filter(|line| line.starts_with("CREATE TABLE")).collect();
        assert_eq!(made, [r#"CREATE TABLE "shop"."orders_line_items" ("#]);
        assert!(script.contains(r#"ALTER TABLE "main"."visits" ADD COLUMN "_airbyte_meta""#), "{script}");
        assert!(!script.contains("gone") && !script.contains("SCHEMA"), "{script}");
    }
}

/// Mermaid's own grammar, as far as the diagrams use it: one statement a line, names in quotes, words without.
#[test]
fn no_name_breaks_out_of_a_diagram() {
    let dialect = DIALECTS[0].1;
    let diagram = mermaid(&plan(&hostile(), &exact(), dialect), dialect);
    let is_quoted = |text: &str| {
        let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        inside.is_some_and(|text| !text.is_empty() && !text.contains(['"', '%', '\\', '~', '#', '\u{202e}']))
    };
    let is_word = |word: &str| {
        let first = word.chars().next().unwrap();
        !["pk", "fk", "uk"].contains(&word.to_lowercase().as_str())
            && (first.is_ascii_alphabetic() || first == '_' || first >= '\u{c0}')
            && word.chars().all(|it| it.is_ascii_alphanumeric() || "-_[]()".contains(it) || it >= '\u{c0}')
    };
    let mut lines = diagram.lines();
    assert_eq!(lines.next(), Some("erDiagram"));
    for line in lines {
        assert!(!line.contains("direction TB"), "{line}");
        let parts: Vec<&str> = line.trim().splitn(3, ' ').collect();
        let is_fine = match (line.strip_prefix("    "), line.trim()) {
            (_, "}") => true,
            (Some(_), _) => {
                let rest = parts.get(2).map(|rest| rest.trim_start_matches("PK").trim_start_matches("FK").trim());
                is_word(parts[0]) && is_word(parts[1]) && rest.is_none_or(|rest| rest.is_empty() || is_quoted(rest))
            }
            (None, statement) => {
                if let Some(entity) = statement.strip_suffix(" {") {
                    is_quoted(entity)
                } else {
                    let (names, label) = statement.rsplit_once(" : ").unwrap();
                    let (parent, child) = names.split_once(" ||--o{ ").unwrap();
                    is_quoted(parent) && is_quoted(child) && is_quoted(label)
                }
            }
        };
        assert!(is_fine, "{line}");
    }
    assert_eq!(diagram.matches("||--o{").count(), HOSTILE.len() * HOSTILE.len());
}
