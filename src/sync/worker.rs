//! Chunks into batches, on threads.

use std::collections::HashMap;
use std::sync::Arc;

use alluvium_normalization::limits::Limits;
use alluvium_normalization::plan::StreamPlan;
use alluvium_normalization::shred::{Counts, ShredError, Shredder, Slot};
use arrow_array::RecordBatch;
use crossbeam_channel::{Receiver, Sender};

use crate::failure::Failure;
use crate::sync::budget::Budget;
use crate::sync::chunk::Chunk;
use crate::sync::clock::now_micros;
use crate::sync::loader::Delivery;
use crate::warehouse::row_bytes;

/// About how large a batch grows before it leaves in the middle of a chunk.
const BATCH_BYTES: usize = 8 << 20;

/// Batches take this many times the bytes of their input before the rest is counted as unfolded.
const USUAL_GROWTH: usize = 4;

/// A thread that shreds.
pub(super) struct Worker {
    plans: Arc<[StreamPlan]>,
    limits: Limits,
    budget: Arc<Budget>,
    deliveries: Sender<Delivery>,
    shredders: HashMap<usize, Shredder>,
}

impl Worker {
    pub(super) fn new(
        plans: &Arc<[StreamPlan]>,
        limits: Limits,
        budget: &Arc<Budget>,
        deliveries: Sender<Delivery>,
    ) -> Self {
        let (plans, budget) = (Arc::clone(plans), Arc::clone(budget));
        Self { plans, limits, budget, deliveries, shredders: HashMap::new() }
    }

    /// Shreds chunks until there are no more.
    pub(super) fn run(mut self, chunks: &Receiver<Chunk>) {
        while let Ok(chunk) = chunks.recv() {
            let Chunk { stream, checkpoint, .. } = chunk;
            let (records, input_bytes) = (chunk.records.len() as u64, chunk.bytes());
            let delivery = match self.shred(chunk) {
                Ok((batches, counts)) => {
                    Delivery::ChunkDone { checkpoint, stream, records, input_bytes, batches, counts }
                }
                Err(error) => Delivery::Failed(Failure::internal(error.to_string())),
            };
            // a loader that is gone has said why
            if self.deliveries.send(delivery).is_err() {
                return;
            }
        }
    }

    /// The batches of a chunk but those that unfold, which are delivered at once.
    fn shred(&mut self, chunk: Chunk) -> Result<(Vec<(Slot, RecordBatch)>, Counts), ShredError> {
        let mut batches = Vec::new();
        let mut usual = chunk.bytes() * USUAL_GROWTH;
        let Chunk { stream, checkpoint, origin, records } = chunk;
        let shredder = self
            .shredders
            .entry(stream)
            .or_insert_with(|| Shredder::new(&self.plans[stream], &self.limits, BATCH_BYTES));
        let mut sink = |slot: Slot, batch: RecordBatch| {
            let bytes = row_bytes(&batch);
            let unfolded = bytes.saturating_sub(usual);
            usual = usual.saturating_sub(bytes);
            if unfolded == 0 {
                batches.push((slot, batch));
                return;
            }
            self.budget.take_unfolded(checkpoint, unfolded);
            // a loader that is gone has said why
            let _ = self.deliveries.send(Delivery::Unfolded { checkpoint, stream, slot, batch, bytes: unfolded });
        };
        if let Some(origin) = origin {
            shredder.set_origin(origin);
        }
        shredder.shred(records, now_micros(), &mut sink)?;
        Ok((batches, shredder.take_counts()))
    }
}
