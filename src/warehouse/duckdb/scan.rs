//! The table function `alluvium_batches()`: Arrow batches as a relation that DuckDB scans with several threads.
//!
//! The crate's own `arrow()` function keeps every batch for the lifetime of the process and scans with one thread.
//! Here the batches are borrowed by one statement and gone with it.

use std::cell::RefCell;
use std::error::Error;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::RecordBatch;
use duckdb::core::{DataChunkHandle, LogicalTypeHandle};
use duckdb::vtab::{BindInfo, InitInfo, TableFunctionInfo, VTab, record_batch_to_duckdb_data_chunk};

/// Name of the table function in SQL.
pub(super) const FUNCTION: &str = "alluvium_batches";

/// DuckDB's vector size: the most rows that one call may emit.
const VECTOR_ROWS: usize = 2048;

/// About how many bytes one call copies: a vector of very large values would hold a second copy of a whole batch per
/// thread.
const WINDOW_BYTES: usize = 8 << 20;

thread_local! {
    /// What the statement that this thread is about to run may scan. DuckDB binds a statement on the thread that runs
    /// it, so nothing global is needed.
    static OFFER: RefCell<Option<Offer>> = const { RefCell::new(None) };
}

struct Offer {
    row: LogicalTypeHandle,
    columns: usize,
    batches: Arc<[RecordBatch]>,
}

/// Batches on offer to statements of this thread, until dropped.
pub(super) struct Offered(PhantomData<*const ()>);

impl Offered {
    /// Offers batches of one schema. `row` is a struct type whose fields are the types of the batches' columns.
    pub(super) fn new(row: LogicalTypeHandle, batches: Arc<[RecordBatch]>) -> Self {
        let columns = batches.first().map_or(0, RecordBatch::num_columns);
        OFFER.set(Some(Offer { row, columns, batches }));
        Self(PhantomData)
    }
}

impl Drop for Offered {
    fn drop(&mut self) {
        OFFER.set(None);
    }
}

/// The table function.
pub(super) struct Batches;

/// What one statement scans.
pub(super) struct Scan {
    batches: Arc<[RecordBatch]>,
    windows: Vec<Window>,
}

/// Rows that one call emits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    batch: usize,
    offset: usize,
    rows: usize,
}

impl VTab for Batches {
    type BindData = Scan;
    /// The next window that nobody has claimed.
    type InitData = AtomicUsize;

    fn bind(bind: &BindInfo) -> Result<Self::BindData, Box<dyn Error>> {
        OFFER.with_borrow(|offer| {
            let offer = offer.as_ref().ok_or("no batches are on offer to this statement")?;
            for column in 0..offer.columns {
                bind.add_result_column(&format!("c{column}"), offer.row.child(column));
            }
            let windows = windows(&offer.batches);
            let rows: usize = offer.batches.iter().map(RecordBatch::num_rows).sum();
            bind.set_cardinality(rows as u64, true);
            Ok(Scan { batches: Arc::clone(&offer.batches), windows })
        })
    }

    fn init(init: &InitInfo) -> Result<Self::InitData, Box<dyn Error>> {
        // DuckDB itself never starts more than its own setting `threads` allows.
        init.set_max_threads(u64::MAX);
        Ok(AtomicUsize::new(0))
    }

    fn func(function: &TableFunctionInfo<Self>, output: &mut DataChunkHandle) -> Result<(), Box<dyn Error>> {
        let scan = function.get_bind_data();
        // Windows are disjoint and nothing else is published through the counter.
        let next = function.get_init_data().fetch_add(1, Ordering::Relaxed);
        let Some(Window { batch, offset, rows }) = scan.windows.get(next).copied() else {
            output.set_len(0);
            return Ok(());
        };
        record_batch_to_duckdb_data_chunk(&scan.batches[batch].slice(offset, rows), output)
    }
}

/// Cuts batches into windows of at most a vector's rows and about [`WINDOW_BYTES`].
///
/// Law: the windows cover every row once, in order.
fn windows(batches: &[RecordBatch]) -> Vec<Window> {
    let mut windows = Vec::new();
    for (batch, rows) in batches.iter().map(RecordBatch::num_rows).enumerate() {
        let row_bytes = batches[batch].get_array_memory_size() / rows.max(1);
        let step = (WINDOW_BYTES / row_bytes.max(1)).clamp(1, VECTOR_ROWS);
        windows.extend((0..rows).step_by(step).map(|offset| Window { batch, offset, rows: step.min(rows - offset) }));
    }
    windows
}
