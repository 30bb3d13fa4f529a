//! Lines of the input to chunks and checkpoints.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alluvium_normalization::cast;
use alluvium_normalization::limits::Limits;
use alluvium_normalization::plan::StreamPlan;
use alluvium_normalization::shred;
use crossbeam_channel::RecvTimeoutError;

use crate::config::OnBadInput;
use crate::failure::Failure;
use crate::protocol::message::{BadLine, Line, Record, StateScope, Status, StreamName, classify, repair_utf8};
use crate::protocol::reader::{Block, InputLine};
use crate::protocol::writer::DestinationStats;
use crate::sync::chunk::Chunk;
use crate::sync::clock::{RecordIds, now_micros};
use crate::sync::fullness::Fullness;
use crate::sync::loader::Action;
use crate::sync::read_ahead::ReadAhead;
use crate::sync::threads::{CHUNK_BYTES, Halt, Intake};
use crate::sync::{Rejected, Settings};

/// Bytes of all chunks that are still being filled; beyond, the largest goes. Bounds memory with thousands of streams.
const OPEN_BYTES: usize = 16 << 20;

/// How often the router looks up while the input is silent.
const LOOK_UP: Duration = Duration::from_millis(100);

/// Why the routing ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// The input ended.
    Input,
    /// The input, or a line of it, can't be used.
    Failed(Failure),
    /// Somebody asked us to stop.
    Stopped,
    /// The loader is gone; it says why.
    LoaderGone,
}

/// What the routing came to.
#[derive(Debug)]
pub(super) struct Routed {
    pub(super) ending: Ending,
    pub(super) rejected: Rejected,
}

/// The thread that reads the protocol.
pub(super) struct Router<'a> {
    settings: &'a Settings,
    limits: &'a Limits,
    plans: &'a [StreamPlan],
    intake: Intake,
    by_name: HashMap<String, Vec<usize>>,
    last_stream: usize,
    open: Vec<Chunk>,
    open_bytes: usize,
    ids: RecordIds,
    now: i64,
    checkpoint: Checkpoint,
    /// Records since the last state that counted them, of each stream.
    uncounted: Vec<DestinationStats>,
    /// The same for refused lines that no stream can be told of.
    uncounted_lines: DestinationStats,
    said_status: bool,
    complete: Vec<bool>,
    rejected: Rejected,
}

/// The checkpoint that is being filled.
#[derive(Debug)]
struct Checkpoint {
    number: u64,
    chunks: u64,
    fullness: Fullness,
    actions: Vec<Action>,
    since: Instant,
}

impl Checkpoint {
    fn new(number: u64) -> Self {
        Self { number, chunks: 0, fullness: Fullness::default(), actions: Vec::new(), since: Instant::now() }
    }
}

impl<'a> Router<'a> {
    pub(super) fn new(plans: &'a [StreamPlan], limits: &'a Limits, settings: &'a Settings, intake: Intake) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, plan) in plans.iter().enumerate() {
            by_name.entry(plan.stream.name.clone()).or_default().push(index);
        }
        let open = (0..plans.len()).map(Chunk::new).collect();
        Self {
            settings,
            limits,
            plans,
            intake,
            by_name,
            last_stream: 0,
            open,
            open_bytes: 0,
            ids: RecordIds::new(),
            now: now_micros(),
            checkpoint: Checkpoint::new(0),
            uncounted: vec![DestinationStats::default(); plans.len()],
            uncounted_lines: DestinationStats::default(),
            said_status: false,
            complete: vec![false; plans.len()],
            rejected: Rejected::new(),
        }
    }

    /// Routes the input to its end. What was read before a failure or a signal is committed and acknowledged.
    pub(super) fn run(mut self, input: ReadAhead, stop: &AtomicBool) -> Routed {
        let ending = self.route(input, stop);
        let ending = match self.end(&ending) {
            Ok(()) => ending,
            Err(_) => Ending::LoaderGone,
        };
        Routed { ending, rejected: self.rejected }
    }

    fn route(&mut self, mut input: ReadAhead, stop: &AtomicBool) -> Ending {
        loop {
            if stop.load(Ordering::Relaxed) {
                return Ending::Stopped;
            }
            if self.intake.budget.is_closed() {
                return Ending::LoaderGone;
            }
            let routed = match input.next_within(LOOK_UP) {
                Ok(Ok(block)) => self.block(&block),
                Ok(Err(error)) => {
                    return Ending::Failed(Failure::source("the input can't be read").caused_by(error));
                }
                Err(RecvTimeoutError::Timeout) => Ok(()),
                Err(RecvTimeoutError::Disconnected) => return Ending::Input,
            };
            match routed.and_then(|()| self.seal_when_due()) {
                Ok(()) => {}
                Err(Halt::Failed(failure)) => return Ending::Failed(failure),
                Err(Halt::LoaderGone) => return Ending::LoaderGone,
            }
        }
    }

    fn block(&mut self, block: &Block) -> Result<(), Halt> {
        self.now = now_micros();
        for line in block.lines() {
            self.line(&line)?;
        }
        match block.too_long {
            Some(number) => {
                let bound = self.settings.max_line_bytes;
                self.refuse(number, None, &format!("is longer than the {bound} bytes that `loading` allows"))
            }
            None => Ok(()),
        }
    }

    fn line(&mut self, line: &InputLine<'_>) -> Result<(), Halt> {
        match classify(line.bytes) {
            Ok(message) => self.message(line.number, message),
            Err(BadLine::NotUtf8) => {
                let repaired = repair_utf8(line.bytes);
                match classify(&repaired) {
                    Ok(message) => self.message(line.number, message),
                    Err(bad) => self.bad_line(line, &bad),
                }
            }
            Err(bad) => self.bad_line(line, &bad),
        }
    }

    fn bad_line(&mut self, line: &InputLine<'_>, bad: &BadLine) -> Result<(), Halt> {
        if !line.complete {
            return self.refuse(line.number, None, "is cut off: the input ended in the middle of it");
        }
        let stream = match bad {
            BadLine::DataNotAnObject { stream } => self.stream_index(stream),
            _ => None,
        };
        self.refuse(line.number, stream, &bad.to_string())
    }

    fn message(&mut self, number: u64, message: Line<'_>) -> Result<(), Halt> {
        match message {
            Line::Record(record) => {
                if let Some(stream) = self.stream_index(&record.stream) {
                    return match self.unheld(stream, &record) {
                        None => self.record(stream, &record),
                        Some(reason) => self.refuse(number, Some(stream), &reason),
                    };
                }
                let reason = format!("is a RECORD of stream `{}`, which the catalog does not have", record.stream);
                self.refuse(number, None, &reason)
            }
            Line::State(state) => {
                let stats = self.take_stats(&state.scope);
                let message = state.message.to_owned();
                self.checkpoint.actions.push(Action::Acknowledge { message, stats });
                Ok(())
            }
            Line::StreamStatus(status) => {
                self.said_status = true;
                if let (Some(stream), Status::Complete) = (self.stream_index(&status.stream), status.status) {
                    self.complete(stream);
                }
                Ok(())
            }
            Line::Other => Ok(()),
        }
    }

    fn complete(&mut self, stream: usize) {
        if !std::mem::replace(&mut self.complete[stream], true) {
            self.checkpoint.actions.push(Action::Complete { stream });
        }
    }

    /// Why a record can't be used: it is too deep, or what is kept of it as it came is too long.
    fn unheld(&self, stream: usize, record: &Record<'_>) -> Option<String> {
        let data = match &self.plans[stream].raw {
            Some(_) => cast::document(record.data, self.limits),
            None => cast::shallow(record.data, self.limits),
        };
        let changes = record.changes.map_or(Ok(()), |changes| cast::document(changes, self.limits));
        let parts = [("data", data), ("changes", changes)];
        parts.into_iter().find_map(|(name, held)| Some(format!("is a RECORD whose `{name}` {}", held.err()?)))
    }

    fn record(&mut self, stream: usize, record: &Record<'_>) -> Result<(), Halt> {
        let data = record.data;
        let chunk = &mut self.open[stream];
        let before = chunk.bytes();
        chunk.push(&shred::Record {
            id: self.ids.next(self.now),
            emitted_at: record.emitted_at.and_then(cast::emitted_at).unwrap_or(self.now),
            data,
            changes: record.changes,
        });
        let bytes = chunk.bytes();
        self.open_bytes += bytes - before;
        self.uncounted[stream].records += 1;
        self.intake.progress.read(stream, data.len());
        if bytes >= CHUNK_BYTES {
            self.send(stream)?;
        } else if self.open_bytes >= OPEN_BYTES {
            let largest = (0..self.open.len()).max_by_key(|stream| self.open[*stream].bytes());
            self.send(largest.unwrap_or(stream))?;
        }
        if self.checkpoint.fullness.add(bytes - before, self.intake.capacity) { self.seal() } else { Ok(()) }
    }

    fn send(&mut self, stream: usize) -> Result<(), Halt> {
        if self.open[stream].is_empty() {
            return Ok(());
        }
        let mut chunk = self.open[stream].take();
        chunk.checkpoint = self.checkpoint.number;
        let bytes = chunk.bytes();
        self.open_bytes -= bytes;
        self.checkpoint.chunks += 1;
        self.intake.send(chunk)
    }

    fn seal_when_due(&mut self) -> Result<(), Halt> {
        let waited = self.checkpoint.since.elapsed() >= self.settings.checkpoint_after;
        if waited && !self.checkpoint.actions.is_empty() { self.seal() } else { Ok(()) }
    }

    /// Ends the checkpoint: all its chunks are sent, and the loader is told what follows when they are durable.
    fn seal(&mut self) -> Result<(), Halt> {
        for stream in 0..self.open.len() {
            self.send(stream)?;
        }
        let next = Checkpoint::new(self.checkpoint.number + 1);
        let Checkpoint { number, chunks, actions, .. } = std::mem::replace(&mut self.checkpoint, next);
        self.intake.seal(number, chunks, actions)
    }

    fn end(&mut self, ending: &Ending) -> Result<(), Halt> {
        if matches!(ending, Ending::LoaderGone) {
            return Ok(());
        }
        if matches!(ending, Ending::Input) && !self.said_status {
            (0..self.plans.len()).for_each(|stream| self.complete(stream));
        }
        self.seal()
    }

    /// A line that can't be used: the end, or one more that is counted.
    fn refuse(&mut self, number: u64, stream: Option<usize>, reason: &str) -> Result<(), Halt> {
        match self.settings.on_bad_input {
            OnBadInput::Fail => {
                let failure = Failure::source(format!("line {number} of the input {reason}"));
                Err(Halt::Failed(match stream.map(|stream| &self.plans[stream].stream) {
                    Some(stream) => failure.in_stream(stream.name.clone(), stream.namespace.clone()),
                    None => failure,
                }))
            }
            OnBadInput::Skip => {
                *self.rejected.entry(stream).or_default() += 1;
                let uncounted = match stream {
                    Some(stream) => &mut self.uncounted[stream],
                    None => &mut self.uncounted_lines,
                };
                uncounted.rejected_records += 1;
                tracing::warn!(line = number, reason, "line skipped");
                Ok(())
            }
        }
    }

    fn take_stats(&mut self, scope: &StateScope<'_>) -> DestinationStats {
        match scope {
            StateScope::Stream(stream) => {
                self.stream_index(stream).map(|stream| std::mem::take(&mut self.uncounted[stream])).unwrap_or_default()
            }
            StateScope::All => {
                self.uncounted.iter_mut().map(std::mem::take).fold(DestinationStats::default(), |sum, stats| {
                    DestinationStats {
                        records: sum.records + stats.records,
                        rejected_records: sum.rejected_records + stats.rejected_records,
                    }
                })
            }
        }
    }

    /// The stream that a message names. One that names no namespace means the only stream of its name, whatever that
    /// stream's namespace is: some sources leave it out.
    fn stream_index(&mut self, name: &StreamName<'_>) -> Option<usize> {
        let is_it = |index: usize| {
            let stream = &self.plans[index].stream;
            stream.name == name.name && stream.namespace.as_deref() == name.namespace.as_deref()
        };
        // records of a stream tend to come in runs
        if !self.plans.is_empty() && is_it(self.last_stream) {
            return Some(self.last_stream);
        }
        let found = match self.by_name.get(name.name.as_ref())?.as_slice() {
            [only] if name.namespace.is_none() => *only,
            several => several.iter().copied().find(|index| is_it(*index))?,
        };
        self.last_stream = found;
        Some(found)
    }
}
