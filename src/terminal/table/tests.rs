//! Tables as they come out.

use proptest::prelude::*;

use super::{Cell, Side, Table};
use crate::terminal::style::{Style, Tone};
use crate::terminal::text::width;

fn orders() -> Table {
    let columns = [("id", Side::Right), ("customer", Side::Left), ("note", Side::Left), ("total", Side::Right)];
    let mut table = Table::new(columns.into_iter().chain([("_airbyte_ab_id", Side::Left)])).with_essentials(4);
    for (id, customer, note, total) in [
        ("1", "Zoë Ångström", "", "19.9"),
        ("20", "山田 太郎", "gift 🎁 for 👩‍👩‍👧", "1204.5"),
        ("300", "a\tb\nc", "a note that is longer than anybody wants to read in a table", "7"),
    ] {
        let id_text = "0199a1f2-7a00-7000-8000-0000000000ff";
        table.push([id, customer, note, total, id_text].map(Cell::new).to_vec());
    }
    table.push(vec![Cell::new("4"), Cell::toned("NULL", Tone::Faint)]);
    table
}

fn shown(room: Option<usize>) -> String {
    let rendered = orders().render(room, Style::PLAIN);
    let mut lines = rendered.lines;
    lines.extend(rendered.left_out.into_iter().map(|name| format!("(left out: {name})")));
    lines.join("\n")
}

#[test]
fn as_wide_as_the_cells_want() {
    insta::assert_snapshot!(shown(None));
}

#[test]
fn what_is_not_essential_goes_first() {
    insta::assert_snapshot!(shown(Some(90)));
}

#[test]
fn then_text_gives_way() {
    insta::assert_snapshot!(shown(Some(50)));
}

#[test]
fn then_columns_go_from_the_right() {
    insta::assert_snapshot!(shown(Some(30)));
}

#[test]
fn a_table_without_rows_shows_its_columns() {
    let rendered = Table::new([("id", Side::Right), ("name", Side::Left)]).render(None, Style::PLAIN);
    insta::assert_snapshot!(rendered.lines.join("\n"));
}

#[test]
fn a_table_without_columns_is_no_panic() {
    let mut table = Table::new([]);
    table.push(vec![Cell::new("lost")]);
    assert_eq!(table.render(Some(10), Style::PLAIN).lines, ["", "", ""]);
}

proptest! {
    #[test]
    fn every_line_fits_and_numbers_stay_whole(
        cells in prop::collection::vec(prop::collection::vec(any::<String>(), 4), 0..6),
        essentials in 0usize..6,
        room in 0usize..100,
    ) {
        let mut table = Table::new(["a", "bb", "ccc", "dddd"].map(|name| (name, Side::Left))).with_essentials(essentials);
        for row in &cells {
            table.push(row.iter().map(|text| Cell::new(text)).collect());
        }
        let rendered = table.render(Some(room), Style::PLAIN);
        prop_assert_eq!(rendered.lines.len(), cells.len() + 2);
        for line in &rendered.lines {
            prop_assert!(width(line) <= room, "{:?} in {}", line, room);
        }
    }
}
