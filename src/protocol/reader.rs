//! The input as blocks of whole lines, within a bound.
//!
//! A block is handed over as soon as it holds a whole line, so that a slow source is never waited for, and it is cut
//! at line ends, so that whoever gets it needs nothing else. Memory is bounded whatever comes: a line over the bound
//! is passed over, not gathered.

use std::io::{self, Read};

/// How much is asked of the input at once.
pub(crate) const BLOCK_BYTES: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Whole lines of the input, as they came.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// The lines with their line ends.
    pub(crate) bytes: Vec<u8>,
    /// The number of the first line, counted from 1.
    pub(crate) first_line: u64,
    /// The number of the line after the last, when that one is over the bound. Its content is gone; the next
    /// block goes on behind it.
    pub(crate) too_long: Option<u64>,
    /// The input ended without a line end after the last line.
    cut: bool,
}

/// One line that is not blank.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) struct InputLine<'a> {
    /// Its number in the input, counted from 1, blank lines included.
    pub(crate) number: u64,
    /// The line without white space around it.
    pub(crate) bytes: &'a [u8],
    /// A line end follows. If not, the input ended here, perhaps in the middle of the line.
    pub(crate) complete: bool,
}

impl Block {
    /// The lines that are not blank.
    pub(crate) fn lines(&self) -> impl Iterator<Item = InputLine<'_>> {
        let mut rest = self.bytes.as_slice();
        let mut next = self.first_line;
        std::iter::from_fn(move || {
            while !rest.is_empty() {
                let number = next;
                next += 1;
                let end = memchr::memchr(b'\n', rest);
                let (line, after) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
                rest = after;
                let line = if number == 1 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line };
                let bytes = line.trim_ascii();
                if !bytes.is_empty() {
                    return Some(InputLine { number, bytes, complete: end.is_some() || !self.cut });
                }
            }
            None
        })
    }
}

/// Cuts the input into [`Block`]s.
///
/// The laws: every byte of every line within the bound comes out once and in order, however the input's reads fall,
/// and so does every line number.
#[derive(Debug)]
pub(crate) struct BlockReader<R> {
    input: R,
    /// What was read last; `unread` is the part that no block holds yet.
    buffer: Vec<u8>,
    unread: std::ops::Range<usize>,
    /// The beginning of a line whose end has not been read.
    carry: Vec<u8>,
    next_line: u64,
    max_line_bytes: usize,
    /// In the middle of a line over the bound.
    skipping: bool,
}

impl<R: Read> BlockReader<R> {
    /// Reads `input`; lines of more than `max_line_bytes` (line end not counted) are reported and passed over.
    pub(crate) fn new(input: R, max_line_bytes: usize) -> Self {
        Self::with_block_bytes(input, max_line_bytes, BLOCK_BYTES)
    }

    fn with_block_bytes(input: R, max_line_bytes: usize, block_bytes: usize) -> Self {
        Self {
            input,
            buffer: vec![0; block_bytes],
            unread: 0..0,
            carry: Vec::new(),
            next_line: 1,
            max_line_bytes,
            skipping: false,
        }
    }

    /// The next block; `None` at the end of the input. Blocks until the input gives a whole line or ends.
    pub(crate) fn next_block(&mut self) -> io::Result<Option<Block>> {
        loop {
            if self.unread.is_empty() && !self.fill()? {
                return Ok(self.last_block());
            }
            if self.skipping {
                self.skip_to_line_end();
            } else if let Some(block) = self.cut_block() {
                return Ok(Some(block));
            }
        }
    }

    /// Reads once; false at the end of the input.
    fn fill(&mut self) -> io::Result<bool> {
        loop {
            match self.input.read(&mut self.buffer) {
                Ok(read) => {
                    self.unread = 0..read;
                    return Ok(read > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn skip_to_line_end(&mut self) {
        match memchr::memchr(b'\n', &self.buffer[self.unread.clone()]) {
            Some(end) => {
                self.unread.start += end + 1;
                self.skipping = false;
            }
            None => self.unread = 0..0,
        }
    }

    /// A block of the whole lines among what is unread, up to the first one over the bound; `None` while the first line
    /// has no end yet.
    fn cut_block(&mut self) -> Option<Block> {
        let unread = &self.buffer[self.unread.clone()];
        let mut ends = memchr::memchr_iter(b'\n', unread);
        let (mut start, mut carried, mut lines) = (0, self.carry.len(), 0);
        let too_long = loop {
            let end = ends.next();
            if carried + end.unwrap_or(unread.len()) - start > self.max_line_bytes {
                break true;
            }
            let Some(end) = end else { break false };
            (start, carried, lines) = (end + 1, 0, lines + 1);
        };
        if lines == 0 && !too_long {
            self.carry.extend_from_slice(unread);
            self.unread = 0..0;
            return None;
        }
        let mut bytes = std::mem::take(&mut self.carry);
        if lines == 0 {
            bytes = Vec::new(); // it is the beginning of the line over the bound
        }
        bytes.extend_from_slice(&unread[..start]);
        self.unread.start += start;
        Some(self.block(bytes, lines, too_long))
    }

    fn block(&mut self, bytes: Vec<u8>, lines: u64, too_long: bool) -> Block {
        let first_line = self.next_line;
        self.next_line += lines;
        let mut block = Block { bytes, first_line, too_long: None, cut: false };
        if too_long {
            block.too_long = Some(self.next_line);
            self.next_line += 1;
            self.skipping = true;
        }
        block
    }

    fn last_block(&mut self) -> Option<Block> {
        let bytes = std::mem::take(&mut self.carry);
        let first_line = self.next_line;
        (!bytes.is_empty()).then_some(Block { bytes, first_line, too_long: None, cut: true })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::{self, Read};

    use proptest::prelude::*;

    use super::{Block, BlockReader, InputLine};

    /// Gives its text in pieces of the given sizes, over and over.
    struct Pieces<'a> {
        text: &'a [u8],
        sizes: std::iter::Cycle<std::vec::IntoIter<usize>>,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = self.sizes.next().unwrap_or(1).min(buffer.len()).min(self.text.len());
            let (piece, rest) = self.text.split_at(size);
            buffer[..size].copy_from_slice(piece);
            self.text = rest;
            Ok(size)
        }
    }

    fn blocks(text: &[u8], sizes: Vec<usize>, max_line_bytes: usize, block_bytes: usize) -> Vec<Block> {
        let input = Pieces { text, sizes: sizes.into_iter().cycle() };
        let mut reader = BlockReader::with_block_bytes(input, max_line_bytes, block_bytes);
        std::iter::from_fn(|| reader.next_block().unwrap()).collect()
    }

    fn lines(blocks: &[Block]) -> Vec<(u64, String, bool)> {
        let owned =
            |line: InputLine<'_>| (line.number, String::from_utf8_lossy(line.bytes).into_owned(), line.complete);
        blocks.iter().flat_map(Block::lines).map(owned).collect()
    }

    /// The lines by the plainest means.
    fn expected(text: &str, max_line_bytes: usize) -> (Vec<(u64, String, bool)>, Vec<u64>) {
        let (mut lines, mut too_long) = (Vec::new(), Vec::new());
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            let content = line.strip_suffix('\n').unwrap_or(line);
            if content.len() > max_line_bytes {
                too_long.push(number);
            } else if !content.trim_ascii().is_empty() {
                lines.push((number, content.trim_ascii().to_owned(), line.ends_with('\n')));
            }
        }
        (lines, too_long)
    }

    proptest! {
        #[test]
        fn any_split_of_the_reads_gives_the_same_lines(
            text in "([ab \r]{0,9}\n?){0,30}",
            sizes in prop::collection::vec(1_usize..20, 1..5),
            max_line_bytes in 1_usize..12,
            block_bytes in 1_usize..20,
        ) {
            let blocks = blocks(text.as_bytes(), sizes, max_line_bytes, block_bytes);
            let too_long = blocks.iter().filter_map(|block| block.too_long).collect::<Vec<_>>();
            prop_assert_eq!((lines(&blocks), too_long), expected(&text, max_line_bytes));
        }
    }

    #[test]
    fn blank_lines_count_but_do_not_come_out() {
        let blocks = blocks(b"\xEF\xBB\xBF{}\r\n\n \t\r\n[]\n", vec![100], 100, 100);
        assert_eq!(lines(&blocks), [(1, "{}".to_owned(), true), (4, "[]".to_owned(), true)]);
    }

    #[test]
    fn a_last_line_without_an_end_is_not_complete() {
        let blocks = blocks(b"{}\n{", vec![100], 100, 100);
        assert_eq!(lines(&blocks), [(1, "{}".to_owned(), true), (2, "{".to_owned(), false)]);
    }

    #[test]
    fn a_whole_line_is_handed_over_before_the_block_is_full() {
        let mut reader =
            BlockReader::with_block_bytes(Pieces { text: b"{}\n{}", sizes: vec![4].into_iter().cycle() }, 9, 99);
        assert_eq!(reader.next_block().unwrap().unwrap().bytes, b"{}\n");
    }

    #[test]
    fn an_endless_line_is_reported_at_once_and_never_gathered() {
        let mut reader = BlockReader::with_block_bytes(io::repeat(b'x'), 1000, 64);
        let block = reader.next_block().unwrap().unwrap();
        assert_eq!((block.bytes.len(), block.too_long), (0, Some(1)));
        assert!(reader.carry.capacity() <= 2048);
    }

    #[test]
    fn an_interrupted_read_is_repeated() {
        struct Interrupted(bool);
        impl Read for Interrupted {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) { Ok(0) } else { Err(io::ErrorKind::Interrupted.into()) }
            }
        }
        assert!(BlockReader::new(Interrupted(false), 10).next_block().unwrap().is_none());
    }
}
