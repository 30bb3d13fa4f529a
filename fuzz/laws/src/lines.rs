//! The input as lines: those of a plain split, whatever the reads and within the bound; then what each of them says.

use std::io::{self, Read};

use crate::envelope;
use crate::protocol::reader::{Block, BlockReader, InputLine};

/// A bound that lines are over now and then, and one that none is.
const LONGEST: [usize; 2] = [40, 1 << 30];
/// How much the input gives at once.
const READS: [usize; 4] = [1, 3, 64, 1 << 20];

pub(crate) fn check(input: &[u8]) {
    for longest in LONGEST {
        let expected = split(input, longest);
        for read in READS {
            let blocks = blocks(input, longest, read);
            for block in &blocks {
                // what was carried of an unfinished line, and what was read since
                assert!(
                    block.bytes.len() <= longest + read.min(input.len())
                        && block.bytes.capacity() <= 2 * (longest + read)
                );
            }
            let owned = |line: InputLine<'_>| (line.number, line.bytes.to_vec(), line.complete);
            let lines: Vec<_> = blocks.iter().flat_map(Block::lines).map(owned).collect();
            let too_long: Vec<u64> = blocks.iter().filter_map(|block| block.too_long).collect();
            assert_eq!((lines, too_long), expected, "read by {read}");
        }
    }
    for (_, line, _) in split(input, usize::MAX).0 {
        envelope::check(&line);
    }
}

struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.1.min(buffer.len());
        self.0.read(&mut buffer[..piece])
    }
}

fn blocks(input: &[u8], longest: usize, read: usize) -> Vec<Block> {
    let mut reader = BlockReader::new(Pieces(input, read), longest);
    std::iter::from_fn(|| reader.next_block().unwrap()).collect()
}

/// The lines that are not blank (number, text, whether it has an end) and the numbers of those over the bound.
#[allow(clippy::type_complexity)]
fn split(input: &[u8], longest: usize) -> (Vec<(u64, Vec<u8>, bool)>, Vec<u64>) {
    let (mut lines, mut too_long) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(input.split_inclusive(|byte| *byte == b'\n')) {
        let content = line.strip_suffix(b"\n").unwrap_or(line);
        if content.len() > longest {
            too_long.push(number);
            continue;
        }
        let content = if number == 1 { content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content) } else { content };
        let content = content.trim_ascii();
        if !content.is_empty() {
            lines.push((number, content.to_owned(), line.ends_with(b"\n")));
        }
    }
    (lines, too_long)
}
