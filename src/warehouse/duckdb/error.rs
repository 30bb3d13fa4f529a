//! DuckDB's errors as a person reads them.

use duckdb::Error;

use crate::warehouse::WarehouseError;

/// What went wrong while doing something, by DuckDB's words.
pub(super) fn classify(doing: &str, error: &Error) -> WarehouseError {
    WarehouseError::Statement { doing: doing.to_owned(), message: error.to_string() }
}
