//! The statements that bring a warehouse to a plan.

use crate::describe::{Existing, StreamChanges, entries};
use crate::plan::{Plan, StreamPlan};
use crate::sql::{Dialect, INTERNAL_SCHEMA, StreamSql, TableName, bookkeeping};
use crate::walk::quoted;

/// What a sync does before the first row, over what exists, as a script with a section for each stream.
///
/// Law: a section names its stream only, where there is nothing to do for it.
#[must_use]
pub fn script(plan: &Plan, changes: &[StreamChanges], dialect: &dyn Dialect, existing: &Existing) -> String {
    let internal = if existing.has_tables_in(INTERNAL_SCHEMA) { Vec::new() } else { bookkeeping::create_all(dialect) };
    let bookkeeping = (!internal.is_empty()).then(|| section("bookkeeping", &internal));
    let streams = plan.streams.iter().zip(changes).map(|(stream, changes)| {
        let statements = statements(stream, changes, dialect, existing);
        let name = quoted(&stream.stream.to_string()); // on one line, whatever it holds
        if !changes.rebuild.is_empty() {
            let title =
                format!("stream {name}; `normalize` then makes its rows again from raw, whose columns get these types");
            section(&title, &statements)
        } else if statements.is_empty() {
            format!("-- stream {name}: nothing to do\n")
        } else {
            section(&format!("stream {name}"), &statements)
        }
    });
    bookkeeping.into_iter().chain(streams).collect::<Vec<_>>().join("\n")
}

fn section(title: &str, statements: &[String]) -> String {
    let statements = statements.iter().map(|statement| format!("{statement};\n"));
    format!("-- {title}\n\n{}", statements.collect::<Vec<_>>().join("\n"))
}

fn statements(stream: &StreamPlan, changes: &StreamChanges, dialect: &dyn Dialect, existing: &Existing) -> Vec<String> {
    let sql = StreamSql::new(stream, dialect);
    // What asks by itself whether it is there would stand here every time.
    let entries = entries(stream);
    let there = entries.iter().map(|entry| entry.name.schema.as_str()).filter(|schema| existing.has_tables_in(schema));
    let there: Vec<String> = there.map(|schema| dialect.create_schema(schema)).collect();
    let described = |name: &TableName| existing.columns(name).map(<[_]>::to_vec);
    let mut statements = if changes.rebuild.is_empty() {
        sql.prepare_live(described)
    } else {
        let retyped = sql.retype_live(described).into_iter().flat_map(|table| [table.before, table.after].concat());
        sql.extend_live(described).into_iter().chain(retyped).collect()
    };
    statements.retain(|statement| !there.contains(statement));
    let indexes = sql.index(&sql.live());
    if statements.iter().all(|statement| indexes.contains(statement)) { Vec::new() } else { statements }
}
