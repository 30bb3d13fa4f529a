//! Appending Arrow batches by `COPY … FROM STDIN (FORMAT binary)`.
//!
//! Source: <https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format", and the `…recv` functions of the types.

/// One Arrow column, in the form of the column that it goes to.
mod cells;
/// `numeric`, from decimal text.
mod numeric;
/// `timetz`, from its text.
mod timetz;

use std::pin::pin;

use alluvium_normalization::columns::SystemColumn;
use alluvium_normalization::sql::Dialect;
use arrow_array::RecordBatch;
use arrow_schema::FieldRef;
use bytes::Bytes;
use futures_util::SinkExt as _;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use self::cells::Cells;
use super::connect::Session;
use crate::warehouse::TableName;

/// Signature, flags (no oids), length of the header's extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// In place of a row's number of columns: there are no more rows.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// Bytes that are gathered before they are handed on.
const PART: usize = 256 << 10;

/// The most bytes of one message. The server refuses one of a gigabyte and ends the session, and a row may be longer.
const MESSAGE: usize = 16 << 20;

/// Why rows could not be appended.
#[derive(Debug, thiserror::Error)]
pub(super) enum CopyError {
    /// The server refused, or is gone.
    #[error(transparent)]
    Server(#[from] tokio_postgres::Error),
    /// The table's column has a type that our values have no form for.
    #[error("the column `{column}` has the type {sql_type}, which its values can't be written as")]
    Type {
        /// The column.
        column: String,
        /// Its type.
        sql_type: String,
    },
    /// Records' own text goes to a `jsonb`, as in tables from before, and one is more than that can hold.
    #[error(
        "the column `{column}` has the type jsonb, which can't hold all that a record may be (U+0000, numbers beyond numeric): change it by ALTER COLUMN \"{column}\" TYPE json"
    )]
    Document {
        /// The column.
        column: String,
    },
    /// A batch does not hold what the plan says.
    #[error("the column `{column}` holds a value that is not in its canonical form")]
    Malformed {
        /// The column.
        column: String,
    },
}

/// Appends batches of any schemas; the number of rows.
pub(super) fn load(
    session: &Session,
    dialect: &dyn Dialect,
    table: &TableName,
    batches: &[RecordBatch],
) -> Result<u64, CopyError> {
    let table = dialect.relation(table);
    let mut rows = 0;
    for batches in batches.chunk_by(|left, right| left.schema_ref() == right.schema_ref()) {
        rows += session.wait(load_alike(session, dialect, &table, batches))?;
    }
    Ok(rows)
}

/// Appends batches of one schema.
async fn load_alike(
    session: &Session,
    dialect: &dyn Dialect,
    table: &str,
    batches: &[RecordBatch],
) -> Result<u64, CopyError> {
    let Some(first) = batches.first() else { return Ok(0) };
    let schema = first.schema_ref();
    let columns = schema.fields().iter().map(|field| dialect.quote(field.name())).collect::<Vec<_>>().join(", ");
    // The types as they are now: the statement also keeps them so until the transaction ends.
    let target = session.client().prepare(&format!("SELECT {columns} FROM {table}")).await?;
    let types: Vec<Type> = target.columns().iter().map(|column| column.type_().clone()).collect();
    let cells = batches.iter().map(|batch| cells_of(batch, &types)).collect::<Result<Vec<_>, _>>()?;
    let copy = format!("COPY {table} ({columns}) FROM STDIN (FORMAT binary)");
    let is_document = |(column, _): &(&FieldRef, &Type)| SystemColumn::Data.fixed_name() == Some(column.name());
    let document = schema.fields().iter().zip(&types).find(is_document).filter(|(_, target)| **target == Type::JSONB);
    send(session, &copy, batches, &cells).await.map_err(|error| match (error, document) {
        (CopyError::Server(error), Some((column, _))) if is_beyond_jsonb(&error) => {
            CopyError::Document { column: column.name().clone() }
        }
        (error, _) => error,
    })
}

/// Sends rows; their number.
async fn send(
    session: &Session,
    copy: &str,
    batches: &[RecordBatch],
    cells: &[Vec<Cells<'_>>],
) -> Result<u64, CopyError> {
    let mut sink = pin!(session.client().copy_in::<_, Bytes>(copy).await?);
    let mut part = Vec::with_capacity(PART + PART / 4);
    part.extend_from_slice(HEADER);
    for (batch, cells) in batches.iter().zip(cells) {
        let width = i16::try_from(cells.len()).unwrap_or(i16::MAX).to_be_bytes();
        for row in 0..batch.num_rows() {
            part.extend_from_slice(&width);
            for (index, cells) in cells.iter().enumerate() {
                cells.put(row, &mut part).ok_or_else(|| malformed(batch, index))?;
            }
            if part.len() >= PART {
                let mut full = Bytes::from(std::mem::replace(&mut part, Vec::with_capacity(PART + PART / 4)));
                while !full.is_empty() {
                    sink.send(full.split_to(full.len().min(MESSAGE))).await?;
                }
            }
        }
    }
    part.extend_from_slice(&TRAILER);
    sink.send(part.into()).await?;
    Ok(sink.finish().await?)
}

/// Whether a server refused a value that is valid JSON.
fn is_beyond_jsonb(error: &tokio_postgres::Error) -> bool {
    const REFUSALS: [SqlState; 3] =
        [SqlState::UNTRANSLATABLE_CHARACTER, SqlState::NUMERIC_VALUE_OUT_OF_RANGE, SqlState::PROGRAM_LIMIT_EXCEEDED];
    error.code().is_some_and(|code| REFUSALS.contains(code))
}

fn cells_of<'a>(batch: &'a RecordBatch, types: &[Type]) -> Result<Vec<Cells<'a>>, CopyError> {
    let schema = batch.schema_ref();
    let columns = batch.columns().iter().zip(types).zip(schema.fields());
    let cells = columns.map(|((array, target), field)| {
        Cells::new(array, target)
            .ok_or_else(|| CopyError::Type { column: field.name().clone(), sql_type: target.name().to_owned() })
    });
    cells.collect()
}

fn malformed(batch: &RecordBatch, index: usize) -> CopyError {
    CopyError::Malformed { column: batch.schema_ref().field(index).name().clone() }
}
