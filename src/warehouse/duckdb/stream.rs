//! The rows of a query as a stream, on a connection of its own.

use alluvium_normalization::sql::Dialect as _;
use alluvium_normalization::sql::duckdb::DuckDb;
use arrow_array::Array as _;
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use duckdb::{Connection, Error};

use super::error::Place;
use crate::warehouse::rows::{RowSink, RowStream, row_stream};
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
        let place = self.place.clone();
        let explain = move |error: Error| place.explain("reading rows", &error);
        let connection = another(&self.connection).map_err(&explain)?;
        let (mut sink, stream) = row_stream(width);
        let sql = sql.to_owned();
        std::thread::spawn(move || {
            let sent = send(&connection, &sql, &mut sink);
            sink.end(sent.map_err(explain));
        });
        Ok(stream)
    }
}

fn send(connection: &Connection, sql: &str, sink: &mut RowSink) -> Result<(), Error> {
    let mut statement = connection.prepare(sql)?;
    for batch in statement.stream_arrow([])? {
        push_all(&batch, sink);
        if !sink.hand_on() {
            break;
        }
    }
    Ok(())
}

fn push_all(batch: &RecordBatch, sink: &mut RowSink) {
    let columns: Vec<_> = batch.columns().iter().map(|column| column.as_string_opt::<i32>()).collect();
    for row in 0..batch.num_rows() {
        for column in &columns {
            sink.push(column.filter(|column| column.is_valid(row)).map(|column| column.value(row)));
        }
    }
}
