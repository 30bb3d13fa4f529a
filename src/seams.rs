//! What only tests ask of the process, and only of a debug build: to die or to stop at a point, and small checkpoints.
//!
//! `ALLUVIUM_AT=<point>:<nth>:<kill|stop>` sends the process that signal the nth time that it comes to the point.
//! `ALLUVIUM_POINTS=<file>` writes down each point that it comes to. `ALLUVIUM_CHECKPOINT_BYTES` is how large checkpoints grow.

#[cfg(debug_assertions)]
use signal_hook::consts::{SIGKILL, SIGSTOP};
#[cfg(debug_assertions)]
use std::{
    collections::HashMap,
    fs::OpenOptions,
    io::Write as _,
    sync::{LazyLock, Mutex, PoisonError},
};

/// A point between two things that change what others see.
#[cfg(debug_assertions)]
pub(crate) fn reach(point: &'static str) {
    static SEEN: LazyLock<Mutex<HashMap<&'static str, u64>>> = LazyLock::new(Mutex::default);
    static AT: LazyLock<Option<(String, u64, i32)>> = LazyLock::new(at);
    if let Ok(path) = std::env::var("ALLUVIUM_POINTS")
        && let Ok(mut file) = OpenOptions::new().append(true).create(true).open(path)
    {
        // a test that misses the line fails
        let _ = writeln!(file, "{point}");
    }
    let Some((wanted, nth, signal)) = AT.as_ref().filter(|(wanted, ..)| wanted == point) else { return };
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let times = seen.entry(point).or_default();
    *times += 1;
    if times == nth {
        let sent = signal_hook::low_level::raise(*signal);
        tracing::warn!(point = wanted, sent = sent.is_ok(), "a test's signal has come and gone");
    }
}

/// A point between two things that change what others see.
#[cfg(not(debug_assertions))]
#[inline]
pub(crate) fn reach(_: &'static str) {}

#[cfg(debug_assertions)]
fn at() -> Option<(String, u64, i32)> {
    let text = std::env::var("ALLUVIUM_AT").ok()?;
    let mut parts = text.split(':');
    let (point, nth) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?);
    let signal = if parts.next()? == "stop" { SIGSTOP } else { SIGKILL };
    Some((point, nth, signal))
}

/// Whether a test wants checkpoints to be others than usual: then nothing that could be several is one.
pub(crate) fn has_small_checkpoints() -> bool {
    checkpoint_bytes(usize::MAX) != usize::MAX
}

/// The bytes after which a checkpoint is committed, if a test wants them to be others than `usual`.
pub(crate) fn checkpoint_bytes(usual: usize) -> usize {
    let wanted = std::env::var("ALLUVIUM_CHECKPOINT_BYTES").ok().filter(|_| cfg!(debug_assertions));
    wanted.and_then(|bytes| bytes.parse().ok()).unwrap_or(usual)
}
