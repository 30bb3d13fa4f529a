//! Tables as a person sees them, and the order that they come in.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::warehouse::TableName;

fn table(schema: &str, name: &str, comment: Option<&str>) -> ExistingTable {
    let name = TableName { schema: schema.to_owned(), name: name.to_owned() };
    ExistingTable { name, comment: comment.map(str::to_owned), columns: Vec::new() }
}

fn column(name: &str, sql_type: &str) -> ExistingColumn {
    ExistingColumn { name: name.to_owned(), sql_type: sql_type.to_owned(), comment: None }
}

fn printed(room: Option<usize>) -> String {
    let columns = vec![
        column("sku", "VARCHAR"),
        column("price", "DECIMAL(38,9)"),
        column("note", "VARCHAR"),
        column("_airbyte_ab_id", "UUID"),
        column("_airbyte_orders_items_hashid", "UUID"),
        column("_airbyte_orders_hashid", "UUID"),
        column("_airbyte_position", "BIGINT"),
    ];
    let ids = ["0199a1f2-7a00-7000-8000-000000000001", "5d4f…", "0e7b2c11-0000-0000-0000-000000000002"].map(Some);
    let rows =
        [[Some("NULL"), Some("1.5"), None], [Some(""), Some("-20"), Some("two\nlines, and long enough to be cut")]]
            .iter()
            .map(|row| {
                row.iter().copied().chain(ids).chain([Some("0")]).map(|value| value.map(str::to_owned)).collect()
            })
            .collect();
    let table = ExistingTable { columns, ..table("main", "orders_items", None) };
    let contents = Contents { count: 1_234, columns: table.columns.iter().collect(), rows };
    let mut printer = Printer { out: Vec::new(), style: Style::PLAIN, room };
    assert!(printer.table("orders_items", &table, &contents).is_ok());
    String::from_utf8(printer.out).unwrap()
}

#[test]
fn a_pipe_gets_every_column_in_its_order() {
    insta::assert_snapshot!(printed(None));
}

#[test]
fn a_terminal_gets_what_fits() {
    insta::assert_snapshot!(printed(Some(90)));
    insta::assert_snapshot!(printed(Some(40)));
}

#[test]
fn parents_come_before_children_and_raw_tables_after_both() {
    let mut places: Vec<_> = [
        r#"["raw","orders"]"#,
        r#"["child","orders","items","tax"]"#,
        r#"["raw","a"]"#,
        r#"["history","orders"]"#,
        r#"["child","orders","items"]"#,
        r#"["stream","orders"]"#,
        r#"["stream","a"]"#,
    ]
    .into_iter()
    .map(|comment| (Place::of(&table("main", "t", Some(comment))).unwrap(), comment))
    .collect();
    places.sort_by(|left, right| left.0.cmp(&right.0));
    let comments: Vec<_> = places.iter().map(|(_, comment)| *comment).collect();
    assert_eq!(
        comments,
        [
            r#"["stream","a"]"#,
            r#"["raw","a"]"#,
            r#"["stream","orders"]"#,
            r#"["child","orders","items"]"#,
            r#"["child","orders","items","tax"]"#,
            r#"["history","orders"]"#,
            r#"["raw","orders"]"#,
        ]
    );
}

#[test]
fn a_comment_of_somebody_else_makes_no_table_ours() {
    for comment in [None, Some("orders"), Some(r#"["seen","by","me"]"#), Some("[1]"), Some(r#"["stream"]"#)] {
        assert!(Place::of(&table("main", "t", comment)).is_none(), "{comment:?}");
    }
}

#[test]
fn only_numbers_stand_on_the_right() {
    for (sql_type, expected) in [
        ("BIGINT", Side::Right),
        ("numeric", Side::Right),
        ("DECIMAL(38,9)", Side::Right),
        ("double precision", Side::Right),
        ("BIGINT[]", Side::Left),
        ("VARCHAR", Side::Left),
        ("TIMESTAMP WITH TIME ZONE", Side::Left),
    ] {
        assert_eq!(side(sql_type), expected, "{sql_type}");
    }
}
