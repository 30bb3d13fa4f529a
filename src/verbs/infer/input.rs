//! Records out of messages, or as they are, from a file or stdin.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal as _, Read};
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossbeam_channel::{Sender, bounded};

use crate::config::Loading;
use crate::failure::Failure;
use crate::protocol::message::{BadLine, Line, StreamName, bare_record, classify, is_message, repair_utf8};
use crate::protocol::reader::{Block, BlockReader, InputLine};
use crate::terminal::Audience;
use crate::verbs::inference::findings::{Findings, Wanted};

/// What the lines are.
#[derive(Debug, Clone, Copy)]
enum Lines<'a> {
    /// Messages of the protocol.
    Messages,
    /// Records of the stream with this name.
    Records(&'a str),
}

/// Reads every line. A line that can't be used is counted and does no harm.
///
/// The lines are messages, unless one stream is named and the first line that is an object is no message.
pub(super) fn read(input: &Path, wanted: &Wanted<'_>, audience: &Audience) -> Result<Findings, Failure> {
    if input.as_os_str() == "-" {
        if io::stdin().is_terminal() {
            audience.hint("reading records from the terminal; Ctrl-D ends the input");
        }
        return read_all(io::stdin().lock(), "stdin", wanted);
    }
    let file = input.display();
    let opened = File::open(input).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::config(format!("there is no input file {file}")),
        kind => Failure::config(format!("the input file {file} can't be read: {kind}")),
    })?;
    read_all(opened, &format!("the input file {file}"), wanted)
}

fn read_all(input: impl Read, called: &str, wanted: &Wanted<'_>) -> Result<Findings, Failure> {
    // Which records are the first of their stream shows only in order.
    let in_order = wanted.sample.is_some();
    let threads = if in_order { 1 } else { thread::available_parallelism().map_or(1, NonZero::get) };
    let (blocks, queue) = bounded::<(Block, Lines<'_>)>(2 * threads);
    let is_full = AtomicBool::new(false);
    let (read, parts) = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let (queue, is_full) = (queue.clone(), &is_full);
                scope.spawn(move || {
                    let mut findings = Findings::default();
                    for (block, lines) in queue {
                        take_block(&mut findings, &block, lines, wanted);
                        if matches!(lines, Lines::Records(_)) && findings.is_full(wanted) {
                            is_full.store(true, Ordering::Relaxed);
                        }
                    }
                    findings
                })
            })
            .collect();
        drop(queue);
        let read = send_blocks(input, &blocks, wanted, &is_full);
        drop(blocks); // the workers' end
        (read, workers.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>())
    });
    read.map_err(|error| Failure::config(format!("{called} can't be read to its end")).caused_by(error))?;
    let mut all = Findings::default();
    for part in parts {
        // What a panic has to say, it has said.
        all.merge(part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    }
    Ok(all)
}

/// Reads until the input ends or enough has been seen.
fn send_blocks<'a>(
    input: impl Read,
    blocks: &Sender<(Block, Lines<'a>)>,
    wanted: &Wanted<'a>,
    is_full: &AtomicBool,
) -> io::Result<()> {
    let mut reader = BlockReader::new(input, Loading::default().max_record_bytes);
    let mut known = match wanted.streams {
        [_] => None,
        _ => Some(Lines::Messages),
    };
    while let Some(block) = reader.next_block()? {
        known = known.or_else(|| lines_of(&block, wanted));
        // Until a line is an object, it makes no difference what the lines are.
        let lines = known.unwrap_or(Lines::Messages);
        if is_full.load(Ordering::Relaxed) || blocks.send((block, lines)).is_err() {
            break;
        }
    }
    Ok(())
}

/// What the lines are, as the first that is an object tells.
fn lines_of<'a>(block: &Block, wanted: &Wanted<'a>) -> Option<Lines<'a>> {
    let name = wanted.streams.first()?;
    block.lines().find_map(|line| {
        let repaired = text_of(&line);
        let record = bare_record(&repaired).ok()?;
        Some(if is_message(record) { Lines::Messages } else { Lines::Records(name) })
    })
}

fn take_block(findings: &mut Findings, block: &Block, lines: Lines<'_>, wanted: &Wanted<'_>) {
    for line in block.lines() {
        let taken = match take_line(findings, line.number, line.bytes, lines, wanted) {
            Err(BadLine::NotUtf8) => take_line(findings, line.number, &repair_utf8(line.bytes), lines, wanted),
            taken => taken,
        };
        if let Err(bad) = taken {
            findings.reject(line.number, || format!("line {} {bad}", line.number));
        }
    }
    if let Some(number) = block.too_long {
        findings.reject(number, || format!("line {number} is too long"));
    }
}

fn take_line(
    findings: &mut Findings,
    number: u64,
    line: &[u8],
    lines: Lines<'_>,
    wanted: &Wanted<'_>,
) -> Result<(), BadLine> {
    match lines {
        Lines::Messages => {
            if let Line::Record(record) = classify(line)? {
                findings.record(&record.stream, record.data, number, wanted);
            }
        }
        Lines::Records(name) => {
            let stream = StreamName { name: Cow::Borrowed(name), namespace: None };
            findings.record(&stream, bare_record(line)?.get(), number, wanted);
        }
    }
    Ok(())
}

/// The line as text, if it is or can be made one.
fn text_of<'a>(line: &InputLine<'a>) -> Cow<'a, [u8]> {
    match std::str::from_utf8(line.bytes) {
        Ok(_) => Cow::Borrowed(line.bytes),
        Err(_) => Cow::Owned(repair_utf8(line.bytes)),
    }
}
