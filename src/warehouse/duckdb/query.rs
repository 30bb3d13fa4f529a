//! Any query, its values as text.

use std::collections::HashSet;

use arrow_array::cast::AsArray as _;
use duckdb::{Connection, Error};
use uuid::Uuid;

use crate::warehouse::QueryRows;

/// Runs a query; each value as DuckDB casts it to VARCHAR.
pub(super) fn query(connection: &Connection, sql: &str) -> Result<QueryRows, Error> {
    let mut statement = connection.prepare(&as_text(sql))?;
    let mut rows = statement.query([])?;
    let mut result = QueryRows::default();
    while let Some(row) = rows.next()? {
        let width = row.as_ref().column_count();
        result.rows.push((0..width).map(|column| row.get(column)).collect::<Result<_, _>>()?);
    }
    drop(rows);
    result.columns = statement.column_names();
    Ok(result)
}

/// The ids that a query of one column answers with.
pub(super) fn ids(connection: &Connection, sql: &str) -> Result<HashSet<Uuid>, Error> {
    let mut statement = connection.prepare(&as_text(sql))?;
    let mut ids = HashSet::new();
    for batch in statement.stream_arrow([])? {
        let texts = batch.columns().iter().filter_map(|column| column.as_string_opt::<i32>());
        ids.extend(texts.flatten().flatten().filter_map(|text| Uuid::try_parse(text).ok()));
    }
    Ok(ids)
}

fn as_text(sql: &str) -> String {
    let sql = sql.trim().trim_end_matches(';');
    // the line break ends a comment that the query may end with
    format!("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (\n{sql}\n)")
}
