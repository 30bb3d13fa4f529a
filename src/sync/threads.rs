//! The threads between a feed of records and the warehouse.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alluvium_normalization::limits::Limits;
use alluvium_normalization::plan::StreamPlan;
use crossbeam_channel::Sender;

use crate::failure::Failure;
use crate::protocol::writer::ProtocolWriter;
use crate::sync::Settings;
use crate::sync::budget::Budget;
use crate::sync::chunk::Chunk;
use crate::sync::fullness::Capacity;
use crate::sync::loader::{Action, Delivery, Loader};
use crate::sync::report::{Progress, Report};
use crate::sync::transaction::Transaction;
use crate::sync::worker::Worker;
use crate::warehouse::Warehouse;

/// The warehouse, when all is loaded, unless it was left in a hurry.
pub(super) type Loaded = Result<Option<Box<dyn Warehouse>>, Failure>;

/// A chunk goes to a worker when it holds this many bytes.
pub(super) const CHUNK_BYTES: usize = 1 << 20;

/// Ends a feeding.
pub(super) enum Halt {
    Failed(Failure),
    /// The loader is gone; it says why.
    LoaderGone,
}

/// What a feed hands its records to.
pub(super) struct Intake {
    pub(super) budget: Arc<Budget>,
    pub(super) chunks: Sender<Chunk>,
    pub(super) deliveries: Sender<Delivery>,
    pub(super) progress: Arc<Progress>,
    /// Of each checkpoint.
    pub(super) capacity: Capacity,
}

impl Intake {
    /// Hands a chunk to the workers; waits until there is room for it.
    pub(super) fn send(&self, chunk: Chunk) -> Result<(), Halt> {
        let is_taken = self.budget.take_input(chunk.bytes()) && self.chunks.send(chunk).is_ok();
        if is_taken { Ok(()) } else { Err(Halt::LoaderGone) }
    }

    /// Ends a checkpoint of so many chunks, and says what follows when they are durable.
    pub(super) fn seal(&self, checkpoint: u64, chunks: u64, actions: Vec<Action>) -> Result<(), Halt> {
        let seal = Delivery::Seal { checkpoint, chunks, actions };
        self.deliveries.send(seal).map_err(|_| Halt::LoaderGone)
    }
}

/// Runs `feed`, with workers and a loader behind it; ends when all that it handed on is committed.
pub(super) fn run<T: Send>(
    transaction: Transaction<'_>,
    (plans, limits): (&Arc<[StreamPlan]>, &Limits),
    (settings, stop): (&Settings, &AtomicBool),
    (writer, progress): (&ProtocolWriter, &Arc<Progress>),
    feed: impl FnOnce(Intake) -> T + Send,
) -> (Report, T, Loaded) {
    let budget = Arc::new(Budget::new(transaction.most_on_the_way(transaction.best_load(0, 0))));
    let capacity = transaction.capacity(settings.checkpoint_bytes);
    let (batches_in, batches_out) = crossbeam_channel::unbounded();
    let (chunks_in, chunks_out) = crossbeam_channel::unbounded();
    let mut loader =
        Loader::new(transaction, Arc::clone(plans), writer.clone(), Arc::clone(&budget), Arc::clone(progress));
    std::thread::scope(|scope| {
        for _ in 0..settings.workers.max(1) {
            let (chunks, batches) = (chunks_out.clone(), batches_in.clone());
            let worker = Worker::new(plans, limits.clone(), &budget, batches);
            scope.spawn(move || {
                give_way();
                worker.run(&chunks);
            });
        }
        drop(chunks_out);
        let loading = scope.spawn(move || {
            let result = loader.run(&batches_out);
            let (report, warehouse) = loader.finish(stop.load(Ordering::Relaxed));
            (report, result.map(|()| warehouse))
        });
        let progress = Arc::clone(progress);
        let intake = Intake { budget, chunks: chunks_in, deliveries: batches_in, progress, capacity };
        // not this thread, which could not get its priority back
        let feeding = scope.spawn(move || {
            give_way();
            feed(intake)
        });
        let fed = feeding.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let (report, loaded) = match loading.join() {
            Ok(loaded) => loaded,
            Err(_) => (Report::default(), Err(Failure::internal("the loading thread panicked"))),
        };
        (report, fed, loaded)
    })
}

/// Lets the loader and the warehouse's own threads have the cores first: everything waits for them, and what is made ready
/// meanwhile is bounded. Where threads have no priorities of their own, nothing changes.
pub(super) fn give_way() {
    #[cfg(target_os = "linux")]
    // without it everything is the same, only later
    let _ = rustix::process::setpriority_process(None, 10);
}
