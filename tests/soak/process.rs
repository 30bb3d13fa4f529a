//! A run of the binary that something happens to, and what it takes of the machine meanwhile.

use std::io::Write as _;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::cluster::Cluster;
use crate::landing::Run;

/// What happens to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    Kill,
    Terminate,
    ServerCrash,
    SessionsEnded,
    BadLine,
}

impl Fault {
    /// What it is called in the summary.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kill => "process killed (SIGKILL)",
            Self::Terminate => "process asked to end (SIGTERM)",
            Self::ServerCrash => "Postgres crashed and started again",
            Self::SessionsEnded => "sessions ended by the server",
            Self::BadLine => "a line that can't be used",
        }
    }
}

/// Memory and file handles of a process at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) kilobytes: u64,
    pub(super) files: usize,
}

/// A run that ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) run: Run,
    pub(super) samples: Vec<Sample>,
    /// The fault came while it ran.
    pub(super) was_hit: bool,
}

/// Feeds a process slice by slice with pauses, and lets a fault happen after a while.
pub(super) fn run(
    mut child: Child,
    slices: impl Iterator<Item = String> + Send,
    pause: Duration,
    fault: Option<(Fault, Duration)>,
    server: Option<&Cluster>,
    database: Option<&str>,
) -> Ended {
    let (is_over, id) = (AtomicBool::new(false), child.id());
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for slice in slices {
                if stdin.write_all(slice.as_bytes()).is_err() {
                    return;
                }
                std::thread::sleep(pause);
            }
        });
        let hit =
            scope.spawn(|| fault.is_some_and(|(fault, after)| inflict(fault, after, id, &is_over, server, database)));
        let samples = scope.spawn(|| sampled(id, &is_over));
        let run = Run::of(child);
        is_over.store(true, Ordering::Relaxed);
        Ended { run, samples: samples.join().unwrap(), was_hit: hit.join().unwrap() }
    })
}

fn inflict(
    fault: Fault,
    after: Duration,
    id: u32,
    is_over: &AtomicBool,
    server: Option<&Cluster>,
    database: Option<&str>,
) -> bool {
    let end = Instant::now() + after;
    while Instant::now() < end {
        if is_over.load(Ordering::Relaxed) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    match (fault, server) {
        (Fault::Kill, _) => signal(id, "-KILL"),
        (Fault::Terminate, _) => signal(id, "-TERM"),
        (Fault::ServerCrash, Some(server)) => {
            server.stop_immediate();
            server.start();
        }
        (Fault::SessionsEnded, Some(server)) => server.terminate_backends(database.unwrap_or_default()),
        (Fault::BadLine | Fault::ServerCrash | Fault::SessionsEnded, _) => return false,
    }
    true
}

fn signal(id: u32, name: &str) {
    // it may be gone already
    let _ = Command::new("kill").args([name, &id.to_string()]).output();
}

fn sampled(id: u32, is_over: &AtomicBool) -> Vec<Sample> {
    let mut samples = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        samples.extend(sample(id));
        std::thread::sleep(Duration::from_millis(50));
    }
    samples
}

fn sample(id: u32) -> Option<Sample> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes = resident.split_whitespace().next()?.parse().ok()?;
    let files = std::fs::read_dir(format!("/proc/{id}/fd")).ok()?.count();
    Some(Sample { kilobytes, files })
}
