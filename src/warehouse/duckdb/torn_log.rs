//! The end of a write-ahead log that a killed process left unfinished.
//!
//! DuckDB 1.5 writes large inserts into the database's file ahead of the commit, and only points to them in the log
//! (`ROW_GROUP_DATA`). When it replays a log that ends before the transaction's commit, it does not take such rows back
//! (<https://github.com/duckdb/duckdb/pull/25931>): they stay, without the deletes that the transaction had made, and the
//! next checkpoint writes them for good. So the unfinished transaction is cut off before DuckDB reads the log.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use rustix::fs::{FlockOperation, fcntl_lock};

/// Kinds of the log's entries, as in DuckDB's `WALType`.
const ROW_GROUP_DATA: u8 = 29;
const VERSION: u8 = 98;
const FLUSH: u8 = 100;

/// The only format that is read: entries with their size and checksum in front, not encrypted.
const KNOWN_FORMAT: u8 = 2;

/// The longest that the log's first entry may be; it holds 16 numbers and a counter.
const LONGEST_HEADER: usize = 64;

/// Cuts off what an unfinished transaction has left at the end of the log of the database in `file`, if DuckDB would bring
/// rows of it back. A database that another process has open is left alone: its log is growing.
pub(super) fn mend(file: &Path, log: &Path) -> io::Result<()> {
    let Ok(mut log) = OpenOptions::new().read(true).write(true).open(log) else {
        // there is none, or DuckDB will say why it can't be written
        return Ok(());
    };
    // the lock that DuckDB takes; it ends with the file's handle
    let Ok(database) = OpenOptions::new().read(true).write(true).open(file) else { return Ok(()) };
    if fcntl_lock(&database, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Ok(());
    }
    if let Some(committed) = torn_after(&mut log)? {
        tracing::warn!(bytes = log.metadata()?.len() - committed, "an unfinished transaction is cut off the log");
        log.set_len(committed)?;
        log.sync_all()?;
    }
    Ok(())
}

/// How many bytes of the log to keep, if what follows is of a transaction without its end and has rows of that kind.
fn torn_after(log: &mut File) -> io::Result<Option<u64>> {
    let length = log.metadata()?.len();
    let mut log = BufReader::new(log);
    let Some(mut at) = header(&mut log)? else { return Ok(None) };
    let (mut committed, mut has_rows) = (at, false);
    while let Some(entry) = Entry::at(&mut log, at, length)? {
        at = entry.end;
        match entry.kind {
            FLUSH => (committed, has_rows) = (at, false),
            kind => has_rows |= kind == ROW_GROUP_DATA,
        }
    }
    Ok(has_rows.then_some(committed))
}

/// The length of the entry that names the format; `None` if the format is not the known one.
fn header(log: &mut impl Read) -> io::Result<Option<u64>> {
    let mut bytes = Vec::with_capacity(LONGEST_HEADER);
    log.take(LONGEST_HEADER as u64).read_to_end(&mut bytes)?;
    // fields, each two bytes of its number before its value, and two bytes of 0xff at the end
    let kind_and_format = [100, 0, VERSION, 101, 0, KNOWN_FORMAT];
    let Some(mut rest) = bytes.strip_prefix(&kind_and_format) else { return Ok(None) };
    // the database's number, and how often it was checkpointed
    if let Some(numbers) = rest.strip_prefix(&[102, 0]) {
        let Some((count, mut numbers)) = varint(numbers) else { return Ok(None) };
        for _ in 0..count {
            let Some((_, after)) = varint(numbers) else { return Ok(None) };
            numbers = after;
        }
        rest = numbers;
    }
    if let Some(number) = rest.strip_prefix(&[103, 0]) {
        let Some((_, after)) = varint(number) else { return Ok(None) };
        rest = after;
    }
    Ok(rest.strip_prefix(&[0xff, 0xff]).map(|after| (bytes.len() - after.len()) as u64))
}

/// A number of seven bits a byte, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let last = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    let (number, after) = bytes.split_at(last + 1);
    Some((number.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f)), after))
}

/// An entry that is there whole.
struct Entry {
    kind: u8,
    end: u64,
}

impl Entry {
    /// The entry that begins at `at`: size, checksum, then fields, of which the first is the kind.
    fn at(log: &mut (impl Read + Seek), at: u64, length: u64) -> io::Result<Option<Self>> {
        const FRONT: usize = 16;
        let mut front = [0; FRONT + 3];
        log.seek(SeekFrom::Start(at))?;
        match log.read_exact(&mut front) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let [size @ .., _, _, _, _, _, _, _, _, first, second, kind] = front;
        let end = at.checked_add(FRONT as u64).and_then(|start| start.checked_add(u64::from_le_bytes(size)));
        let end = end.filter(|end| *end <= length && [first, second] == [100, 0]);
        Ok(end.map(|end| Self { kind, end }))
    }
}
