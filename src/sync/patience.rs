//! How often and after which pauses something is tried again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::failure::{Failure, FailureKind};

/// Pauses between attempts: together long enough for a server to restart, each short enough to notice that it has.
const PAUSES: [Duration; 7] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
];

/// How long a stop can go unnoticed.
const NOTICE: Duration = Duration::from_millis(50);

/// Waits between attempts, unless the process is asked to stop.
#[derive(Clone, Copy)]
pub(super) struct Patience<'a> {
    has_connection: bool,
    stop: &'a AtomicBool,
}

impl<'a> Patience<'a> {
    /// `has_connection`: there is something that can be lost and made again.
    pub(super) fn new(has_connection: bool, stop: &'a AtomicBool) -> Self {
        Self { has_connection, stop }
    }

    /// The pauses of one undertaking.
    pub(super) fn pauses(self) -> Pauses<'a> {
        Pauses { patience: self, left: PAUSES.iter() }
    }
}

/// What is left of the pauses of one undertaking.
pub(super) struct Pauses<'a> {
    patience: Patience<'a>,
    left: std::slice::Iter<'static, Duration>,
}

impl Pauses<'_> {
    /// Waits before the next attempt; `false` if there should be none.
    pub(super) fn wait_after(&mut self, reason: &Failure) -> bool {
        if reason.kind != FailureKind::Transient || !self.patience.has_connection {
            return false;
        }
        let Some(pause) = self.left.next() else { return false };
        tracing::warn!(reason = reason.message, pause_ms = pause.as_millis(), "the checkpoint is tried again");
        let end = Instant::now() + *pause;
        while !self.patience.stop.load(Ordering::Relaxed) {
            let Some(rest) = end.checked_duration_since(Instant::now()).filter(|rest| !rest.is_zero()) else {
                return true;
            };
            std::thread::sleep(rest.min(NOTICE));
        }
        false
    }
}
