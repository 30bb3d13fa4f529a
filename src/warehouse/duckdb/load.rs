//! Appending Arrow batches: INSERT … SELECT over the table function of `scan`.
//!
//! Where order is nobody's promise, each of DuckDB's threads makes row groups of its own. One that has a whole row group
//! keeps them; what others have is appended a second time. So threads are given whole row groups, and loads that have no
//! two are one thread's.

use std::sync::Arc;

use alluvium_normalization::sql::{Dialect, TableName};
use arrow_array::RecordBatch;
use arrow_schema::Field;
use duckdb::core::{LogicalTypeHandle, LogicalTypeId};
use duckdb::vtab::to_duckdb_logical_type_for_field;
use duckdb::{Connection, Error};

use super::grouping::Grouping;
use super::scan::{FUNCTION, Offered};

/// Appends batches of any schemas; the number of rows.
pub(super) fn load(
    connection: &Connection,
    dialect: &dyn Dialect,
    grouping: Grouping,
    table: &TableName,
    batches: &[RecordBatch],
) -> Result<u64, Error> {
    let table = dialect.relation(table);
    let mut rows = 0;
    for batches in batches.chunk_by(|left, right| left.schema_ref() == right.schema_ref()) {
        let is_one_threads = batches.iter().map(RecordBatch::num_rows).sum::<usize>() < grouping.shared();
        connection.execute_batch(&format!("SET preserve_insertion_order = {is_one_threads}"))?;
        rows += append(connection, dialect, grouping.row_group, &table, batches)?;
    }
    connection.execute_batch("SET preserve_insertion_order = false")?;
    Ok(rows)
}

/// Appends batches of one schema.
fn append(
    connection: &Connection,
    dialect: &dyn Dialect,
    row_group: usize,
    table: &str,
    batches: &[RecordBatch],
) -> Result<u64, Error> {
    let Some(first) = batches.first() else { return Ok(0) };
    let schema = first.schema();
    let columns = schema.fields().iter().map(|field| dialect.quote(field.name())).collect::<Vec<_>>().join(", ");

    let target = connection.prepare(&format!("SELECT {columns} FROM {table}"))?;
    let mut types = Vec::with_capacity(schema.fields().len());
    for (index, field) in schema.fields().iter().enumerate() {
        types.push(("", scanned_type(field, target.column_logical_type(index))?));
    }
    drop(target);

    let _offered = Offered::new(LogicalTypeHandle::struct_type(&types), Arc::from(batches), row_group);
    let rows = connection.execute(&format!("INSERT INTO {table} ({columns}) SELECT * FROM {FUNCTION}()"), [])?;
    Ok(rows as u64)
}

/// The type that a column is scanned as: the target's own where the values are laid out alike, so that nothing is cast;
/// else the Arrow column's natural one, which the INSERT casts.
///
/// JSON is the case that counts. It is text to Arrow and VARCHAR with a name to DuckDB; a cast between them would parse
/// every document again, although the shredder took it from valid JSON. HUGEINT and TIMETZ come as text and are cast.
fn scanned_type(field: &Field, target: LogicalTypeHandle) -> Result<LogicalTypeHandle, Error> {
    let natural = to_duckdb_logical_type_for_field(field).map_err(|error| {
        Error::DuckDBFailure(duckdb::ffi::Error::new(duckdb::ffi::DuckDBError), Some(error.to_string()))
    })?;
    Ok(if laid_out_alike(&natural, &target) { target } else { natural })
}

/// Whether vectors of both types hold values in the same layout.
fn laid_out_alike(left: &LogicalTypeHandle, right: &LogicalTypeHandle) -> bool {
    left.id() == right.id()
        && match left.id() {
            LogicalTypeId::List => laid_out_alike(&left.child(0), &right.child(0)),
            LogicalTypeId::Decimal => {
                left.decimal_width() == right.decimal_width() && left.decimal_scale() == right.decimal_scale()
            }
            LogicalTypeId::Varchar | LogicalTypeId::Blob => true,
            _ => left.num_children() == 0,
        }
}
