//! A run that is watched, and told of when it has ended.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::failure::Failure;
use crate::sync::report::{Progress, Report};
use crate::terminal::{Audience, Watched};

/// Runs, shows the progress, and tells what was done. `run` hands its counters over before the
/// first row.
pub(super) fn watch(
    stop: &Arc<AtomicBool>,
    audience: &Audience,
    run: impl FnOnce(&mut dyn FnMut(Arc<Progress>)) -> (Report, Result<(), Failure>),
) -> Result<(), Failure> {
    let mut watched = None;
    let (report, outcome) = run(&mut |progress| {
        let (names, stop) = (progress.names().to_vec(), Arc::clone(stop));
        watched = Some((audience.watch(Watched { progress: Arc::clone(&progress), names, stop }), progress));
    });
    let progress = watched.map(|(_, progress)| progress); // and no longer watched
    audience.report(&report, progress.as_deref());
    outcome
}
