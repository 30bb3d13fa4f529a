//! Tables as text that is the same in every run.
//!
//! A line a column: name, type, source path, then its values, one row below the other's place. What differs from run to
//! run is replaced by labels in the order of first sight, so that it stays visible which row belongs to which.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::support::Table;

/// Draws what each sync of a case left behind.
#[derive(Default)]
pub(super) struct Painter {
    labels: Labels,
    /// Each table as it was last drawn.
    before: HashMap<String, String>,
}

/// Ids that were seen, by what they are.
#[derive(Default)]
struct Labels(HashMap<String, String>);

impl Labels {
    fn of(&mut self, id: &str, prefix: char) -> String {
        let next = self.0.values().filter(|label| label.starts_with(prefix)).count() + 1;
        self.0.entry(id.to_owned()).or_insert_with(|| format!("{prefix}{next}")).clone()
    }
}

impl Painter {
    /// Parents before children, rows in the order of arrival.
    pub(super) fn picture(&mut self, mut tables: Vec<Table>) -> String {
        tables.sort_by_cached_key(|table| (table.schema.clone(), place(table), table.name.clone()));
        // Place of each row, by hash id, to sort its children by.
        let mut places = HashMap::new();
        let mut text = String::new();
        for table in tables {
            let name = format!("{}.{}", table.schema, table.name);
            let drawn = draw(table, &mut self.labels, &mut places);
            if self.before.get(&name) == Some(&drawn) {
                writeln!(text, "\n{name} as before").unwrap();
            } else {
                write!(text, "\n{name} {drawn}").unwrap();
                self.before.insert(name, drawn);
            }
        }
        text
    }
}

/// Stream, then raw before root before history before children.
fn place(table: &Table) -> (Vec<String>, usize) {
    let comment = table.comment.as_deref().unwrap_or_default();
    let Ok(mut path) = serde_json::from_str::<Vec<String>>(comment) else { return (Vec::new(), 0) };
    let role = path.remove(0);
    (path, ["raw", "stream", "history", "child"].iter().position(|known| **known == role).unwrap())
}

fn draw(mut table: Table, labels: &mut Labels, places: &mut HashMap<String, usize>) -> String {
    let at = |name: &str| table.columns.iter().position(|column| column.name == name);
    let (id, start, position) = (at("_airbyte_ab_id"), at("_airbyte_start_at"), at("_airbyte_position"));
    let hashes = table.hash_ids();
    table.rows.sort_by_cached_key(|row| {
        let cell = |index: Option<usize>| index.and_then(|index| row[index].clone()).unwrap_or_default();
        let parent = hashes.get(1).and_then(|index| places.get(&cell(Some(*index)))).copied();
        (cell(id), parent, cell(position).parse::<u64>().ok(), cell(start))
    });
    for (place, row) in table.rows.iter().enumerate() {
        if let Some(hash) = hashes.first().and_then(|index| row[*index].clone()) {
            places.insert(hash, place);
        }
    }

    let mut lines: Vec<Vec<String>> = Vec::new();
    for (index, column) in table.columns.iter().enumerate() {
        let mut line = vec![column.name.clone(), column.sql_type.clone(), column.comment.clone().unwrap_or_default()];
        let is_id = column.name == "_airbyte_ab_id";
        line.extend(table.rows.iter().map(|row| match row[index].as_deref() {
            None => "NULL".to_owned(),
            Some(_) if column.name == "_airbyte_normalized_at" => "(now)".to_owned(),
            Some(value) if is_id => labels.of(value, 'r'),
            Some(value) if hashes.contains(&index) => labels.of(value, 'h'),
            // The only clock that cases have beside their own is that of a record without `emitted_at`.
            Some(value) if column.name == "_airbyte_emitted_at" && *value > *"2026" => "(now)".to_owned(),
            Some(value) if ["VARCHAR", "text"].contains(&column.sql_type.as_str()) => format!("{value:?}"),
            Some(value) => value.replace('\n', "\\n").replace('\r', "\\r"),
        }));
        lines.push(line);
    }
    let comment = table.comment.unwrap_or_default();
    format!("{comment} {} rows\n{}", table.rows.len(), aligned(&lines))
}

/// Columns of one width, but for the longest values.
fn aligned(lines: &[Vec<String>]) -> String {
    let length = |cell: &String| cell.chars().count();
    let width = |index: usize| lines.iter().map(|line| length(&line[index])).max().unwrap_or_default().min(40);
    let widths: Vec<usize> = (0..lines.first().map_or(0, Vec::len)).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(text, "  {}", cells.collect::<Vec<_>>().join(" | ").trim_end()).unwrap();
    }
    text
}
