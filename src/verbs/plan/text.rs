//! A plan as a person reads it: of each stream what changes, then its tables.

use alluvium_normalization::catalog::Replacement;
use alluvium_normalization::describe::{Entry, StreamChanges, TableChange, entries, source};
use alluvium_normalization::plan::{Plan, StreamPlan, TableRole};
use alluvium_normalization::sql::{Dialect, TableName};

use crate::terminal::counted;
use crate::terminal::style::{Style, Tone};
use crate::terminal::table::{Cell, Side, Table};
use crate::terminal::text::{harmless, width};

/// How far what belongs to a line stands in from it.
const STEP: &str = "  ";

/// What is said of tables and columns that the plan does not have.
const STAYS: &str = "stays, not in the catalog";

/// The plan in lines; tables take at most `room` columns of a terminal, without `room` what they want.
pub(super) fn show(
    plan: &Plan,
    changes: &[StreamChanges],
    dialect: &dyn Dialect,
    room: Option<usize>,
    style: Style,
) -> String {
    let streams = plan.streams.iter().zip(changes).map(|(stream, changes)| {
        let name = style.paint(Tone::Strong, &harmless(&stream.stream.to_string()));
        let mut lines = vec![format!("{name}{STEP}{}", facts(stream))];
        let reasons = changes.rebuild.iter().map(|reason| format!("rebuilt from its raw table: {reason}"));
        let hindered = changes.not_rebuilt.iter().map(|reason| format!("rows stay as they are, without raw: {reason}"));
        let reasons = reasons.chain(hindered);
        lines.extend(reasons.map(|reason| style.paint(Tone::Warning, &harmless(&reason))));
        lines.extend(differences(stream, changes));
        for entry in entries(stream) {
            lines.push(String::new());
            lines.extend(dictionary(&entry, stream.dedup.is_some(), dialect, (room, style)));
        }
        lines.join("\n")
    });
    streams.collect::<Vec<_>>().join("\n\n\n") + "\n"
}

/// How the stream is landed.
fn facts(stream: &StreamPlan) -> String {
    let mut facts = vec![stream.mode.name().to_owned()];
    if let Some(dedup) = &stream.dedup {
        let key = dedup.key.iter().map(|part| part.path.join(".")).collect::<Vec<_>>().join(" + ");
        facts.push(format!("primary key {key}"));
        facts.extend(dedup.cursor.iter().map(|cursor| format!("cursor {}", cursor.path.join("."))));
    }
    facts.push(format!("generation {}", stream.generation_id));
    facts.extend(match stream.replacement {
        Replacement::Keep => None,
        Replacement::Always => Some("replaces what is there".to_owned()),
        Replacement::Generation(_) => Some("replaces older generations".to_owned()),
    });
    harmless(&facts.join(", "))
}

/// A marked line for each table, those of its columns below it: `+` new, `~` other than before, `-` not in the plan.
fn differences(stream: &StreamPlan, changes: &StreamChanges) -> Vec<String> {
    let columns = entries(stream).into_iter().map(|entry| entry.table.columns.len() as u64);
    let mut tables = Vec::new();
    let mut below = Vec::new();
    for (change, columns) in changes.tables.iter().zip(columns) {
        let (mark, state) = match change {
            TableChange { is_new: true, .. } => ('+', format!("new, {}", counted(columns, "column", "columns"))),
            change if change.is_none() => (' ', "unchanged".to_owned()),
            _ => ('~', String::new()),
        };
        tables.push((mark, qualified(&change.name), state));
        below.push(column_differences(change));
    }
    tables.extend(changes.former_children.iter().map(|name| ('-', qualified(name), STAYS.to_owned())));
    below.resize(tables.len(), Vec::new());
    let step_in = |line| format!("{STEP}{STEP}{line}");
    let lines = aligned(&tables).into_iter().zip(below);
    lines.flat_map(|(table, columns)| std::iter::once(table).chain(columns.into_iter().map(step_in))).collect()
}

fn column_differences(change: &TableChange) -> Vec<String> {
    let added = change.added.iter().map(|(name, sql_type)| ('+', name.clone(), sql_type.clone()));
    let retyped = change.retyped.iter().map(|it| ('~', it.column.clone(), format!("{} → {}", it.from, it.to)));
    let staying = change.staying.iter().map(|(name, sql_type)| ('-', name.clone(), format!("{sql_type}, {STAYS}")));
    aligned(&added.chain(retyped).chain(staying).collect::<Vec<_>>())
}

/// Marks, names and what is said of them, below each other.
fn aligned(rows: &[(char, String, String)]) -> Vec<String> {
    let names: Vec<String> = rows.iter().map(|(_, name, _)| harmless(name)).collect();
    let widest = names.iter().map(|name| width(name)).max().unwrap_or_default();
    let lines = rows.iter().zip(&names).map(|((mark, _, told), name)| {
        let blank = " ".repeat(widest - width(name));
        format!("{mark} {name}{blank}{STEP}{}", harmless(told)).trim_end().to_owned()
    });
    lines.collect()
}

/// A table's columns, their types and where their values come from.
fn dictionary(
    entry: &Entry<'_>,
    is_keyed: bool,
    dialect: &dyn Dialect,
    (room, style): (Option<usize>, Style),
) -> Vec<String> {
    let each = match entry.table.role {
        TableRole::Root if is_keyed => "key",
        TableRole::Root => "record",
        TableRole::ObjectChild(_) | TableRole::ArrayChild(_) => entry.path.as_str(),
        TableRole::History => "version of a key",
        TableRole::Raw => "record, as it came",
    };
    let rows_are = format!("a row for each {each}");
    let name = style.paint(Tone::Strong, &harmless(&qualified(&entry.name)));
    let mut lines = vec![format!("{STEP}{name}{STEP}{}", style.paint(Tone::Faint, &harmless(&rows_are)))];
    let mut table = Table::new([("column", Side::Left), ("type", Side::Left), ("source", Side::Left)]).uncut();
    for column in &entry.table.columns {
        let source = source(column);
        let tone = if source.is_some() { Tone::Plain } else { Tone::Faint };
        let cells = [column.name.clone(), dialect.column_type(column.kind), source.unwrap_or_default()];
        table.push(cells.iter().map(|cell| Cell::toned(cell, tone)).collect());
    }
    let room = room.map(|room| room.saturating_sub(width(STEP)));
    lines.extend(table.render(room, style).lines.iter().map(|line| format!("{STEP}{line}")));
    lines
}

fn qualified(TableName { schema, name }: &TableName) -> String {
    format!("{schema}.{name}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alluvium_normalization::catalog::ConfiguredCatalog;
    use alluvium_normalization::describe::{Existing, StreamChanges};
    use alluvium_normalization::plan::{KnownNames, Options, compile};
    use alluvium_normalization::sql::duckdb::DuckDb;
    use alluvium_normalization::sql::{Dialect, TableName};

    use super::show;
    use crate::terminal::style::Style;

    fn name(name: &str) -> TableName {
        TableName { schema: "main".to_owned(), name: name.to_owned() }
    }

    #[test]
    fn a_person_sees_what_changes_and_what_comes_of_it() {
        let catalog = r#"{"streams": [{
            "stream": {"name": "or\u001bders", "json_schema": {"properties": {
                "id": {"type": "integer"}, "total": {"type": "number"}, "placed": {"properties": {"at": {"format": "date"}}},
                "Line items": {"items": {"properties": {"東京": {"type": "string"}}}}
            }}},
            "destination_sync_mode": "append_dedup", "primary_key": [["id"], ["placed", "at"]], "cursor_field": ["total"],
            "generation_id": 2, "minimum_generation_id": 2
        }]}"#;
        let dialect = DuckDb::default();
        let options = Options { raw: false, ..Options::default() };
        let catalog = ConfiguredCatalog::parse(catalog).unwrap();
        let plan = compile(&catalog, &options, dialect.limits(), &KnownNames::default()).unwrap();
        let described = |columns: &[(&str, &str)]| {
            columns.iter().map(|(name, sql_type)| ((*name).to_owned(), (*sql_type).to_owned())).collect::<Vec<_>>()
        };
        let ours = [
            ("_airbyte_ab_id", "UUID"),
            ("_airbyte_emitted_at", "TIMESTAMP WITH TIME ZONE"),
            ("_airbyte_normalized_at", "TIMESTAMP WITH TIME ZONE"),
            ("_airbyte_or_ders_hashid", "UUID"),
        ];
        let root = [&[("id", "BIGINT"), ("total", "BIGINT"), ("gone\n", "VARCHAR")], &ours[..]].concat();
        let placed = [&[("at", "VARCHAR"), ("_airbyte_or_ders_placed_hashid", "UUID")], &ours[..]].concat();
        let existing: Existing =
            [(name("or_ders"), described(&root)), (name("or_ders_placed"), described(&placed))].into_iter().collect();
        let mut changes = StreamChanges::of(&plan.streams[0], &dialect, &existing, vec![name("or_ders_notes")]);
        changes.rebuild.push("the primary key is another".to_owned());
        changes.not_rebuilt.push("the column `total` has another type".to_owned());
        insta::assert_snapshot!(show(&plan, &[changes], &dialect, Some(60), Style::PLAIN));
    }
}
