//! A plan as a diagram of entities and relationships.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::columns::SystemColumn;
use crate::describe::{Entry, entries, source};
use crate::plan::{Column, ColumnSource, Plan, TableRole};
use crate::sql::{Dialect, TableName};

/// The plan as Mermaid's `erDiagram`: every table with its columns, every child below its parent.
///
/// Law: whatever names hold, the text is one diagram, and no name ends where it does not. What Mermaid has no way to write is
/// shown by a character that looks alike.
#[must_use]
pub fn mermaid(plan: &Plan, dialect: &dyn Dialect) -> String {
    let streams: Vec<Vec<Entry<'_>>> = plan.streams.iter().map(entries).collect();
    let schemas: BTreeSet<&str> = streams.iter().flatten().map(|entry| entry.name.schema.as_str()).collect();
    let entity = |TableName { schema, name }: &TableName| {
        if schemas.len() > 1 { text(&format!("{schema}.{name}")) } else { text(name) }
    };
    let mut diagram = "erDiagram\n".to_owned();
    // writing to a String can't fail
    for entries in &streams {
        for entry in entries {
            let _ = writeln!(diagram, "  {} {{", entity(&entry.name));
            for column in &entry.table.columns {
                let _ = writeln!(diagram, "    {}", attribute(column, dialect));
            }
            diagram.push_str("  }\n");
        }
        let Some(root) = entries.first() else { continue };
        for entry in entries {
            let (parent, cardinality, label) = match entry.table.role {
                TableRole::ArrayChild(parent) => (&entries[parent], "||--o{", entry.path.as_str()),
                TableRole::ObjectChild(parent) => (&entries[parent], "||--o|", entry.path.as_str()),
                // a key whose row was deleted has versions too
                TableRole::History => (root, "|o--o{", "versions"),
                TableRole::Raw | TableRole::Root => continue,
            };
            let (parent, child) = (entity(&parent.name), entity(&entry.name));
            let _ = writeln!(diagram, "  {parent} {cardinality} {child} : {}", text(label));
        }
    }
    diagram
}

/// Type, name, whether it leads somewhere, and the source path where that is another word than the name.
fn attribute(column: &Column, dialect: &dyn Dialect) -> String {
    let name = word(&column.name);
    let key = match column.source {
        ColumnSource::System(SystemColumn::HashId) => " PK",
        ColumnSource::System(SystemColumn::ParentHashId) => " FK",
        _ => "",
    };
    let from = source(column).filter(|source| *source != name);
    let from = from.map(|source| format!(" {}", text(&source))).unwrap_or_default();
    format!("{} {name}{key}{from}", word(&dialect.column_type(column.kind)))
}

/// A name as an attribute may have it: without quotes, so that few characters are left.
fn word(name: &str) -> String {
    let is_fine = |character: char| character.is_ascii_alphanumeric() || "-_[]()".contains(character);
    let is_hidden = |character: char| reorders(character) || character.is_whitespace() || character == '\u{feff}';
    let is_fine = |character: char| is_fine(character) || (character >= '\u{c0}' && !is_hidden(character));
    let shown: String = name.chars().map(|character| if is_fine(character) { character } else { '_' }).collect();
    // those are Mermaid's own words
    let is_taken = ["PK", "FK", "UK"].iter().any(|taken| {
        let rest = shown.get(..2).filter(|start| start.eq_ignore_ascii_case(taken)).map(|_| &shown[2..]);
        rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_'))
    });
    let starts_well = shown.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || !first.is_ascii());
    if is_taken || !starts_well { format!("_{shown}") } else { shown }
}

/// A text in quotes. Characters that would end it, or mean something inside, are shown by their full-width forms, and those
/// that can't be seen by pictures.
fn text(value: &str) -> String {
    const DIRECTION: &str = "direction";
    let picture = |code: u32| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    let shown = value.chars().map(|character| match character {
        '"' | '%' | '\\' | '#' | '~' | '<' | '>' | '`' | ';' => picture(u32::from(character) + 0xfee0),
        '\0'..='\u{1f}' => picture(u32::from(character) + 0x2400),
        hidden if hidden.is_control() || reorders(hidden) => char::REPLACEMENT_CHARACTER,
        other => other,
    });
    let mut shown: String = shown.collect();
    // a line with these words is taken for a setting of the diagram, in quotes too
    let mut from = 0;
    while let Some(found) = shown[from..].to_ascii_lowercase().find(DIRECTION) {
        from += found + DIRECTION.len();
        if let Some(blank) = shown[from..].chars().next().filter(|next| next.is_whitespace()) {
            shown.replace_range(from..from + blank.len_utf8(), "_");
        }
    }
    let shown = if shown.is_empty() { " " } else { &shown };
    format!("\"{shown}\"")
}

/// Breaks lines, or reorders the text around it.
fn reorders(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
