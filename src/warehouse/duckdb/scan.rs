//! The table function `alluvium_batches()`: Arrow batches as a relation that DuckDB scans with several threads.
//!
//! The crate's own `arrow()` function keeps every batch for the lifetime of the process and scans with one thread.
//! Here the batches are borrowed by one statement and gone with it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use arrow_array::RecordBatch;
use duckdb::core::{DataChunkHandle, LogicalTypeHandle};
use duckdb::vtab::{BindInfo, InitInfo, TableFunctionInfo, VTab};

use super::vectors;

/// Name of the table function in SQL.
pub(super) const FUNCTION: &str = "alluvium_batches";

/// DuckDB's vector size: the most rows that one call may emit.
pub(super) const VECTOR_ROWS: usize = 2048;

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
    group: usize,
}

/// Batches on offer to statements of this thread, until dropped.
pub(super) struct Offered(PhantomData<*const ()>);

impl Offered {
    /// Offers batches of one schema. `row` is a struct type whose fields are the types of the batches' columns; `group` are
    /// the rows that one thread takes before another may go on.
    pub(super) fn new(row: LogicalTypeHandle, batches: Arc<[RecordBatch]>, group: usize) -> Self {
        let columns = batches.first().map_or(0, RecordBatch::num_columns);
        OFFER.set(Some(Offer { row, columns, batches, group }));
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
    /// Windows that one thread takes, one after the other: by their first and the one behind their last.
    groups: Vec<Range<usize>>,
}

/// What of a scan its threads have taken.
#[derive(Default)]
pub(super) struct Claims {
    next_group: AtomicUsize,
    /// What is left of each thread's group.
    claimed: Mutex<HashMap<ThreadId, Range<usize>>>,
}

impl Claims {
    /// The next window for this thread. No thread leaves a group that it has begun.
    fn next(&self, groups: &[Range<usize>]) -> Option<usize> {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = claimed.entry(thread::current().id()).or_default();
        if mine.start == mine.end {
            // groups are disjoint and nothing else is published through the counter
            *mine = groups.get(self.next_group.fetch_add(1, Ordering::Relaxed))?.clone();
        }
        mine.next()
    }
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
    type InitData = Claims;

    fn bind(bind: &BindInfo) -> Result<Self::BindData, Box<dyn Error>> {
        OFFER.with_borrow(|offer| {
            let offer = offer.as_ref().ok_or("no batches are on offer to this statement")?;
            for column in 0..offer.columns {
                bind.add_result_column(&format!("c{column}"), offer.row.child(column));
            }
            bind.set_cardinality(offer.batches.iter().map(RecordBatch::num_rows).sum::<usize>() as u64, true);
            let (windows, groups) = windows(&offer.batches, offer.group);
            Ok(Scan { batches: Arc::clone(&offer.batches), windows, groups })
        })
    }

    fn init(init: &InitInfo) -> Result<Self::InitData, Box<dyn Error>> {
        // DuckDB itself never starts more than its own setting `threads` allows.
        init.set_max_threads(u64::MAX);
        Ok(Claims::default())
    }

    fn func(function: &TableFunctionInfo<Self>, output: &mut DataChunkHandle) -> Result<(), Box<dyn Error>> {
        let scan = function.get_bind_data();
        let next = function.get_init_data().next(&scan.groups);
        let Some(Window { batch, offset, rows }) = next.and_then(|next| scan.windows.get(next).copied()) else {
            output.set_len(0);
            return Ok(());
        };
        // the bind data hold the batches until the statement has ended
        vectors::fill(output, &scan.batches[batch].slice(offset, rows))
    }
}

/// Cuts batches into windows of at most a vector's rows and about [`WINDOW_BYTES`], and those into groups of `group` rows.
///
/// Law: the windows cover every row once, in order, and the groups every window.
fn windows(batches: &[RecordBatch], group: usize) -> (Vec<Window>, Vec<Range<usize>>) {
    let (mut windows, mut groups) = (Vec::new(), Vec::new());
    let (mut first, mut left) = (0, group);
    for (batch, rows) in batches.iter().map(RecordBatch::num_rows).enumerate() {
        let row_bytes = batches[batch].get_array_memory_size() / rows.max(1);
        let step = (WINDOW_BYTES / row_bytes.max(1)).clamp(1, VECTOR_ROWS);
        let mut offset = 0;
        while offset < rows {
            let taken = step.min(rows - offset).min(left);
            windows.push(Window { batch, offset, rows: taken });
            (offset, left) = (offset + taken, left - taken);
            if left == 0 {
                groups.push(first..windows.len());
                (first, left) = (windows.len(), group);
            }
        }
    }
    if first < windows.len() {
        groups.push(first..windows.len());
    }
    (windows, groups)
}
