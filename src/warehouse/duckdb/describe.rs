//! What exists: tables, columns and comments, from DuckDB's catalog functions.

use duckdb::{Connection, Error};

use crate::warehouse::{ExistingColumn, ExistingTable, TableName};

/// The tables of these schemas, by schema and name; columns in order. Schema names are compared as DuckDB does, without
/// case, and come back as they were asked for.
pub(super) fn describe(connection: &Connection, schemas: &[String]) -> Result<Vec<ExistingTable>, Error> {
    if schemas.is_empty() {
        return Ok(Vec::new());
    }
    let asked = schemas.iter().map(|schema| format!("({})", literal(schema))).collect::<Vec<_>>().join(", ");
    let mut statement = connection.prepare(&format!(
        "SELECT asked.name, t.table_name, t.comment, c.column_name, c.data_type, c.comment \
         FROM (VALUES {asked}) AS asked(name) \
         JOIN duckdb_tables() AS t ON lower(t.schema_name) = lower(asked.name) \
         JOIN duckdb_columns() AS c ON c.database_oid = t.database_oid AND c.schema_oid = t.schema_oid \
         AND c.table_oid = t.table_oid \
         WHERE t.database_name = current_database() AND NOT t.internal \
         ORDER BY 1, 2, c.column_index"
    ))?;
    let mut rows = statement.query([])?;
    let mut tables: Vec<ExistingTable> = Vec::new();
    while let Some(row) = rows.next()? {
        let name = TableName { schema: row.get(0)?, name: row.get(1)? };
        let column = ExistingColumn { name: row.get(3)?, sql_type: row.get(4)?, comment: row.get(5)? };
        match tables.last_mut() {
            Some(table) if table.name == name => table.columns.push(column),
            _ => tables.push(ExistingTable { name, comment: row.get(2)?, columns: vec![column] }),
        }
    }
    Ok(tables)
}

/// Text as a SQL literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
