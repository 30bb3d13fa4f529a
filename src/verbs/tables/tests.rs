//! Tables as a person sees them.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::warehouse::{ExistingColumn, TableName};

fn table(schema: &str, name: &str, comment: Option<&str>) -> ExistingTable {
    let name = TableName { schema: schema.to_owned(), name: name.to_owned() };
    ExistingTable { name, comment: comment.map(str::to_owned), columns: Vec::new(), ignores_case: false }
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
