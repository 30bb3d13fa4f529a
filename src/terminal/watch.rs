//! Watches a sync while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use crate::sync::report::Progress;
use crate::terminal::progress::{Totals, View};
use crate::terminal::screen::Screen;
use crate::terminal::style::Style;

/// How often the live view is drawn.
const FRAME: Duration = Duration::from_millis(200);

/// How often a line is logged where no live view can be drawn.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// A sync that is watched.
pub(crate) struct Watched {
    /// Its counters.
    pub(crate) progress: Arc<Progress>,
    /// Names of its streams, in the catalog's order.
    pub(crate) names: Vec<String>,
    /// Raised when it has been asked to stop.
    pub(crate) stop: Arc<AtomicBool>,
}

/// Shows the progress of a sync until it is dropped; nothing of it stays on the screen.
pub(crate) struct Watch {
    /// Nothing is ever sent: that it is gone ends the thread.
    running: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Watches a sync: on the screen if it is given, else in the log.
    pub(super) fn start(watched: Watched, screen: Option<Screen>) -> Self {
        let Watched { progress, names, stop } = watched;
        let (running, ended) = bounded::<()>(0);
        let every = if screen.is_some() { FRAME } else { LOG_EVERY };
        let watch = move || {
            let (started, mut view) = (Instant::now(), View::new(names));
            while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                view.look(started.elapsed(), progress.counters());
                match &screen {
                    Some(screen) => {
                        let stopping = stop.load(Ordering::Relaxed);
                        screen.draw(&view.lines(screen.size(), stopping, Style::of_stderr()));
                    }
                    None => log(view.totals()),
                }
            }
            if let Some(screen) = screen {
                screen.clear();
            }
        };
        // A sync does without being watched.
        let thread = std::thread::Builder::new().name("watch".to_owned()).spawn(watch).ok();
        Self { running: Some(running), thread }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.running = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been told by the hook.
            let _ = thread.join();
        }
    }
}

fn log(totals: Totals) {
    let Totals { records, bytes, landed, rate, forecast } = totals;
    let left = forecast.and_then(|forecast| forecast.left);
    tracing::info!(
        records_read = records,
        records_landed = landed,
        bytes,
        records_per_second = rate,
        expected = forecast.map(|forecast| forecast.expected),
        seconds_left = left.map(|left| left.as_secs()),
        "progress"
    );
}
