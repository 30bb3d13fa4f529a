//! The binary's encoder of rows for Postgres.

#[path = "../../../src/warehouse/postgres/copy/cells.rs"]
mod cells;
#[path = "../../../src/warehouse/postgres/copy/numeric.rs"]
mod numeric;
#[path = "../../../src/warehouse/postgres/copy/timetz.rs"]
mod timetz;

use arrow_array::ArrayRef;
use tokio_postgres::types::Type;

/// The values of a column, each with its length; `None` where one is not what its column promises.
pub(crate) fn encoded(array: &ArrayRef, target: &Type) -> Option<Vec<u8>> {
    let cells = cells::Cells::new(array, target)?;
    let mut out = Vec::new();
    (0..array.len()).try_for_each(|row| cells.put(row, &mut out)).map(|()| out)
}
