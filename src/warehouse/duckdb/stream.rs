//! The rows of a query as a stream, on a connection of its own.

use alluvium_normalization::sql::Dialect as _;
use alluvium_normalization::sql::duckdb::DuckDb;
use arrow_array::Array as _;
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use crossbeam_channel::{Sender, bounded};
use duckdb::{Connection, Error};

use super::error::Place;
use crate::warehouse::rows::{AHEAD, PART_BYTES, RowStream, TextRows};
use crate::warehouse::{RowReader, WarehouseError};

/// Reads what is committed.
pub(super) struct Reader {
    connection: Connection,
    place: Place,
}

impl Reader {
    /// Beside `connection`, on the same database.
    pub(super) fn beside(connection: &Connection, place: &Place) -> Result<Self, Error> {
        Ok(Self { connection: another(connection)?, place: place.clone() })
    }
}

/// One more connection to the same database; of itself it would begin at the instance's own, which is not there.
fn another(connection: &Connection) -> Result<Connection, Error> {
    let database: String = connection.query_row("SELECT current_database()", [], |row| row.get(0))?;
    let another = connection.try_clone()?;
    another.execute_batch(&format!("USE {}", DuckDb::default().quote(&database)))?;
    Ok(another)
}

impl RowReader for Reader {
    fn stream(&mut self, sql: &str, width: usize) -> Result<RowStream, WarehouseError> {
        let explain = |place: &Place, error: &Error| place.explain("reading rows", error);
        let connection = another(&self.connection).map_err(|error| explain(&self.place, &error))?;
        let (parts, stream) = bounded(AHEAD);
        let (place, sql) = (self.place.clone(), sql.to_owned());
        std::thread::spawn(move || {
            if let Err(error) = send(&connection, &sql, width, &parts) {
                // nobody may be listening any more
                let _ = parts.send(Err(explain(&place, &error)));
            }
        });
        Ok(stream)
    }
}

fn send(
    connection: &Connection,
    sql: &str,
    width: usize,
    parts: &Sender<Result<TextRows, WarehouseError>>,
) -> Result<(), Error> {
    let mut statement = connection.prepare(sql)?;
    let mut part = TextRows::new(width);
    for batch in statement.stream_arrow([])? {
        push_all(&batch, &mut part);
        if part.bytes() >= PART_BYTES && parts.send(Ok(std::mem::replace(&mut part, TextRows::new(width)))).is_err() {
            return Ok(());
        }
    }
    if !part.is_empty() {
        // nobody may be listening any more
        let _ = parts.send(Ok(part));
    }
    Ok(())
}

fn push_all(batch: &RecordBatch, part: &mut TextRows) {
    let columns: Vec<_> = batch.columns().iter().map(|column| column.as_string_opt::<i32>()).collect();
    for row in 0..batch.num_rows() {
        for column in &columns {
            part.push(column.filter(|column| column.is_valid(row)).map(|column| column.value(row)));
        }
    }
}
