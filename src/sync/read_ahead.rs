//! The input, read on a thread of its own.

use std::io::{self, Read};
use std::time::Duration;

use alluvium_normalization::catalog::ConfiguredCatalog;
use alluvium_normalization::plan::Options;
use alluvium_normalization::walk::members;
use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::failure::Failure;
use crate::protocol::message::{Line, classify};
use crate::protocol::reader::{Block, BlockReader};
use crate::sync::threads::give_way;
use crate::warehouse::Width;

/// Blocks that the reader may be ahead.
const BLOCKS_AHEAD: usize = 4;

/// How long to wait for the first records before nothing is known of them: what comes from a file is there by then, and what
/// comes slower is no faster for it.
const PATIENCE: Duration = Duration::from_millis(50);

/// So many of the first lines tell what records look like.
const SAMPLE: usize = 200;

/// The blocks of the input, of which some are read before they are asked for.
#[derive(Debug)]
pub(crate) struct ReadAhead {
    blocks: Receiver<io::Result<Block>>,
    /// One that was looked at and not given yet.
    first: Option<io::Result<Block>>,
}

impl ReadAhead {
    /// Begins to read. Lines of more than `max_line_bytes` are passed over.
    pub(crate) fn start(input: impl Read + Send + 'static, max_line_bytes: usize) -> Result<Self, Failure> {
        let (blocks_in, blocks) = crossbeam_channel::bounded(BLOCKS_AHEAD);
        // Not joined: it may wait for input that never comes.
        let reading = std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
            give_way();
            let mut reader = BlockReader::new(input, max_line_bytes);
            while let Some(block) = reader.next_block().transpose() {
                let failed = block.is_err();
                if blocks_in.send(block).is_err() || failed {
                    return;
                }
            }
        });
        match reading {
            Ok(_) => Ok(Self { blocks, first: None }),
            Err(error) => Err(Failure::internal("no thread could be started").caused_by(error)),
        }
    }

    /// How wide the widest rows of the catalog's streams will be, as far as that can be told now.
    pub(crate) fn width(&mut self, catalog: &ConfiguredCatalog, options: &Options) -> Width {
        Width { properties: catalog.mean_properties(), bytes: self.mean_bytes(!options.parts_records()) }
    }

    /// The mean bytes of the first records' data, with or without their objects and arrays; 0 if no records have come.
    fn mean_bytes(&mut self, with_nested: bool) -> usize {
        if self.first.is_none() {
            self.first = self.blocks.recv_timeout(PATIENCE).ok();
        }
        let Some(Ok(block)) = &self.first else { return 0 };
        let bytes = block.lines().take(SAMPLE).filter_map(|line| match classify(line.bytes) {
            Ok(Line::Record(record)) if with_nested => Some(record.data.len()),
            Ok(Line::Record(record)) => {
                let scalars = members(record.data).filter(|(_, value)| !value.starts_with(['{', '[']));
                Some(scalars.map(|(key, value)| key.len() + value.len()).sum())
            }
            _ => None,
        });
        let (records, bytes) = bytes.fold((0, 0), |(records, sum), bytes| (records + 1, sum + bytes));
        bytes / records.max(1)
    }

    /// The next block, as soon as there is one; an error if there is none in time, or none any more.
    pub(super) fn next_within(&mut self, patience: Duration) -> Result<io::Result<Block>, RecvTimeoutError> {
        self.first.take().map_or_else(|| self.blocks.recv_timeout(patience), Ok)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Cursor;

    use super::*;

    fn read(lines: &[String]) -> ReadAhead {
        ReadAhead::start(Cursor::new(lines.concat()), 1 << 20).unwrap()
    }

    fn record(data: &str) -> String {
        format!("{{\"type\":\"RECORD\",\"record\":{{\"stream\":\"s\",\"emitted_at\":1,\"data\":{data}}}}}\n")
    }

    /// What comes out, and the line after the last.
    fn drain(mut input: ReadAhead) -> (Vec<u8>, RecvTimeoutError) {
        let mut bytes = Vec::new();
        loop {
            match input.next_within(Duration::from_secs(10)) {
                Ok(block) => bytes.extend(block.unwrap().bytes),
                Err(end) => return (bytes, end),
            }
        }
    }

    #[test]
    fn the_first_records_are_looked_at_and_still_come() {
        let lines = [
            "{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":\"a long line that is no record\"}}\n"
                .to_owned(),
            "no message\n".to_owned(),
            record("{\"a\":1}"),
            record("{\"a\":1234567}"),
        ];
        let mut input = read(&lines);
        assert_eq!([input.mean_bytes(true), input.mean_bytes(true)], [10, 10]);
        assert_eq!(drain(input), (lines.concat().into_bytes(), RecvTimeoutError::Disconnected));
    }

    #[test]
    fn objects_and_arrays_can_be_left_out() {
        let mut input = read(&[record("{\"a\":[1,2,3],\"bc\": 12,\"d\":{\"e\":\"text\"},\"f\":\"{[\"}")]);
        assert_eq!(input.mean_bytes(false), "bc".len() + "12".len() + "f".len() + "\"{[\"".len());
    }

    #[test]
    fn of_no_records_nothing_is_known() {
        assert_eq!(read(&[]).mean_bytes(true), 0);
        let (silent, _) = io::pipe().unwrap();
        assert_eq!(ReadAhead::start(silent, 1 << 20).unwrap().mean_bytes(true), 0);
    }
}
