//! Bytes between the router and the warehouse, bounded.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes of batches that may be on their way beyond what their chunk's input accounts for: records that unfold into far
/// more rows than they have bytes.
const UNFOLDED_BYTES: usize = 64 << 20;

/// Counts what is on its way, and makes the threads that add to it wait.
///
/// Law: no deadlock. Input is taken in order of checkpoints, and only chunks of the checkpoint that is being loaded, whose
/// batches the loader takes at once, may unfold beyond their input.
#[derive(Debug)]
pub(super) struct Budget {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Input bytes that may be on their way.
    most_input: usize,
    input: usize,
    unfolded: usize,
    loading: u64,
    closed: bool,
}

impl Budget {
    /// For at most so many bytes of input on their way.
    pub(super) fn new(most_input: usize) -> Self {
        Self { state: Mutex::new(State { most_input, ..State::default() }), changed: Condvar::new() }
    }

    /// Lets so many bytes of input be on their way, if it was less.
    pub(super) fn allow(&self, most_input: usize) {
        let mut state = self.lock();
        if state.most_input < most_input {
            state.most_input = most_input;
            self.changed.notify_all();
        }
    }

    /// Waits until `bytes` of input fit; one piece larger than the whole budget fits when nothing else is there.
    /// False: nobody loads any more.
    pub(super) fn take_input(&self, bytes: usize) -> bool {
        let mut state = self.lock();
        while !state.closed && state.input > 0 && state.input + bytes > state.most_input {
            state = self.wait(state);
        }
        state.input += bytes;
        !state.closed
    }

    /// Waits until the checkpoint is the one that is being loaded and `bytes` of batches fit.
    pub(super) fn take_unfolded(&self, checkpoint: u64, bytes: usize) {
        let mut state = self.lock();
        while !state.closed
            && (checkpoint > state.loading || (state.unfolded > 0 && state.unfolded + bytes > UNFOLDED_BYTES))
        {
            state = self.wait(state);
        }
        state.unfolded += bytes;
    }

    /// Gives back what was taken.
    pub(super) fn give_back(&self, input: usize, unfolded: usize) {
        let mut state = self.lock();
        state.input = state.input.saturating_sub(input);
        state.unfolded = state.unfolded.saturating_sub(unfolded);
        self.changed.notify_all();
    }

    /// Says which checkpoint is being loaded.
    pub(super) fn loading(&self, checkpoint: u64) {
        self.lock().loading = checkpoint;
        self.changed.notify_all();
    }

    /// Waits until all checkpoints before this one are committed, or nobody loads any more.
    pub(super) fn wait_for(&self, checkpoint: u64) {
        let mut state = self.lock();
        while !state.closed && state.loading < checkpoint {
            state = self.wait(state);
        }
    }

    /// Nobody loads any more: whoever waits goes on.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Whether nobody loads any more.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }
}
