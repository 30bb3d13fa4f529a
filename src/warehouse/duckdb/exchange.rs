//! A full table put in the place of another of its schema: the other is dropped, and it takes the name. Views find tables by
//! name. DuckDB takes no table to another schema.

use alluvium_normalization::sql::{Dialect, TableName, drop_table};
use duckdb::{Connection, Error};

use super::query::query;
use super::text::literal;

/// Every comment makes DuckDB write the table's entry anew. With more of them it is faster to copy rows.
const MOST_COMMENTS: usize = 200;

/// Puts `staged` in the place of `live`, with the comments of the latter. `false`: `live` has what would be lost so, other
/// columns or indexes, constraints, defaults, and nothing was done.
pub(super) fn exchange(
    connection: &Connection,
    dialect: &dyn Dialect,
    live: &TableName,
    staged: &TableName,
) -> Result<bool, Error> {
    let ask = |sql: &str| query(connection, sql).map(|answer| answer.rows);
    if live.schema != staged.schema || !ask(&obstacles(live, staged))?.is_empty() {
        return Ok(false);
    }
    let comments = ask(&comments(live))?;
    if comments.len() > MOST_COMMENTS {
        return Ok(false);
    }
    for row in &comments {
        let [column, Some(comment)] = row.as_slice() else { continue };
        let (relation, comment) = (dialect.relation(staged), literal(comment));
        let what = match column {
            Some(column) => format!("COLUMN {relation}.{}", dialect.quote(column)),
            None => format!("TABLE {relation}"),
        };
        connection.execute(&format!("COMMENT ON {what} IS {comment}"), [])?;
    }
    connection.execute(&drop_table(dialect, live), [])?;
    let name = dialect.quote(&live.name);
    connection.execute(&format!("ALTER TABLE {} RENAME TO {name}", dialect.relation(staged)), [])?;
    Ok(true)
}

/// Why the table can't be dropped for the other: one row a reason.
fn obstacles(live: &TableName, staged: &TableName) -> String {
    let columns = |table: &TableName| {
        format!("SELECT column_index, lower(column_name) FROM duckdb_columns() WHERE {}", is(table))
    };
    let (of_live, live_columns, staged_columns) = (is(live), columns(live), columns(staged));
    format!(
        "SELECT 1 FROM duckdb_indexes() WHERE {of_live} \
         UNION ALL SELECT 1 FROM duckdb_constraints() WHERE {of_live} \
         UNION ALL SELECT 1 FROM duckdb_columns() WHERE {of_live} AND column_default IS NOT NULL \
         UNION ALL SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM duckdb_tables() WHERE {of_live}) \
         UNION ALL SELECT 1 FROM (({live_columns}) EXCEPT ({staged_columns})) \
         UNION ALL SELECT 1 FROM (({staged_columns}) EXCEPT ({live_columns}))"
    )
}

/// Comments by column; that of the table itself has none.
fn comments(table: &TableName) -> String {
    let of_table = is(table);
    format!(
        "SELECT NULL, comment FROM duckdb_tables() WHERE {of_table} AND comment IS NOT NULL \
         UNION ALL SELECT column_name, comment FROM duckdb_columns() WHERE {of_table} AND comment IS NOT NULL"
    )
}

fn is(table: &TableName) -> String {
    let [schema, name] = [&table.schema, &table.name].map(|name| literal(name));
    format!(
        "database_name = current_database() AND lower(schema_name) = lower({schema}) AND lower(table_name) = lower({name})"
    )
}
