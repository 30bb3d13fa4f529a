//! What exists: tables, columns and comments, from the system catalogs.

use tokio_postgres::Error;

use super::connect::Session;
use crate::warehouse::{ExistingColumn, ExistingTable, TableName};

/// Whatever takes a table's name: tables of all kinds, views, materialized views.
const QUERY: &str = "\
    SELECT n.nspname, c.relname, obj_description(c.oid, 'pg_class'), \
           a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum) \
    FROM pg_namespace AS n \
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'f', 'v', 'm') \
    LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
    WHERE n.nspname = ANY ($1) \
    ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\", a.attnum";

/// The tables and views of these schemas, by schema and name; columns in order.
pub(super) fn describe(session: &Session, schemas: &[String]) -> Result<Vec<ExistingTable>, Error> {
    let mut tables: Vec<ExistingTable> = Vec::new();
    for row in session.wait(session.client().query(QUERY, &[&schemas]))? {
        let name = TableName { schema: row.try_get(0)?, name: row.try_get(1)? };
        if tables.last().is_none_or(|last| last.name != name) {
            tables.push(ExistingTable { name, comment: row.try_get(2)?, columns: Vec::new(), ignores_case: false });
        }
        // a table may have no column at all
        let column: Option<String> = row.try_get(3)?;
        if let (Some(table), Some(name)) = (tables.last_mut(), column) {
            table.columns.push(ExistingColumn { name, sql_type: row.try_get(4)?, comment: row.try_get(5)? });
        }
    }
    Ok(tables)
}
