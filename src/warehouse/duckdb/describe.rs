//! What exists: tables, columns and comments, from DuckDB's catalog functions.

use duckdb::{Connection, Error};

use super::text::literal;
use crate::warehouse::{ExistingColumn, ExistingTable, TableName};

/// The tables and views of these schemas, by schema and name; columns in order. A view counts because it takes its name
/// from a table. Schema names are compared as DuckDB does, without case, and come back as they were asked for.
pub(super) fn describe(connection: &Connection, schemas: &[String]) -> Result<Vec<ExistingTable>, Error> {
    if schemas.is_empty() {
        return Ok(Vec::new());
    }
    if !has_relations(connection)? {
        return Ok(Vec::new());
    }
    let asked = schemas.iter().map(|schema| format!("({})", literal(schema))).collect::<Vec<_>>().join(", ");
    let mut statement = connection.prepare(&format!(
        "WITH relations AS ( \
           SELECT database_name, database_oid, schema_name, schema_oid, table_name AS name, table_oid AS oid, comment \
           FROM duckdb_tables() \
           UNION ALL \
           SELECT database_name, database_oid, schema_name, schema_oid, view_name, view_oid, comment \
           FROM duckdb_views() WHERE NOT internal \
         ) \
         SELECT asked.name, r.name, r.comment, c.column_name, c.data_type, c.comment \
         FROM (VALUES {asked}) AS asked(name) \
         JOIN relations AS r ON lower(r.schema_name) = lower(asked.name) \
         JOIN duckdb_columns() AS c \
           ON c.database_oid = r.database_oid AND c.schema_oid = r.schema_oid AND c.table_oid = r.oid \
         WHERE r.database_name = current_database() \
         ORDER BY 1, 2, c.column_index"
    ))?;
    let mut rows = statement.query([])?;
    let mut tables: Vec<ExistingTable> = Vec::new();
    while let Some(row) = rows.next()? {
        let name = TableName { schema: row.get(0)?, name: row.get(1)? };
        let column = ExistingColumn { name: row.get(3)?, sql_type: row.get(4)?, comment: row.get(5)? };
        match tables.last_mut() {
            Some(table) if table.name == name => table.columns.push(column),
            _ => tables.push(ExistingTable { name, comment: row.get(2)?, columns: vec![column], ignores_case: true }),
        }
    }
    Ok(tables)
}

/// Whether there is any table or view. To ask for columns, DuckDB binds each of its own views, too.
fn has_relations(connection: &Connection) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (FROM duckdb_tables() WHERE database_name = current_database()) \
               OR EXISTS (FROM duckdb_views() WHERE NOT internal AND database_name = current_database())";
    connection.query_row(sql, [], |row| row.get(0))
}
