//! Rows on their way out of a warehouse, as text.

use std::ops::Range;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::warehouse::WarehouseError;

/// Rows of a query, in the order in which the warehouse gives them, read ahead by a little; an error is the last.
pub(crate) type RowStream = Receiver<Result<TextRows, WarehouseError>>;

/// How many parts of a stream may be ready and not taken.
const AHEAD: usize = 2;

/// Bytes of text that a part of a stream holds, about.
const PART_BYTES: usize = 1 << 20;

/// The end of a stream that rows go in at.
pub(super) struct RowSink {
    parts: Sender<Result<TextRows, WarehouseError>>,
    part: TextRows,
}

/// A stream of rows of `width` values, and where they go in.
pub(super) fn row_stream(width: usize) -> (RowSink, RowStream) {
    let (parts, stream) = bounded(AHEAD);
    (RowSink { parts, part: TextRows::new(width) }, stream)
}

impl RowSink {
    /// Adds the next value.
    pub(super) fn push(&mut self, value: Option<&str>) {
        self.part.push(value);
    }

    /// Hands on what has gathered, if that is enough; waits while the other end is behind. `false`: nobody listens any more.
    pub(super) fn hand_on(&mut self) -> bool {
        if self.part.bytes() < PART_BYTES {
            return true;
        }
        let next = TextRows::new(self.part.width);
        self.parts.send(Ok(std::mem::replace(&mut self.part, next))).is_ok()
    }

    /// Ends the stream: with the rows that are left, or with what went wrong.
    pub(super) fn end(self, outcome: Result<(), WarehouseError>) {
        let last = outcome.map(|()| self.part);
        if !last.as_ref().is_ok_and(TextRows::is_empty) {
            // nobody may be listening any more
            let _ = self.parts.send(last);
        }
    }
}

/// Some rows, each value as text, NULL as `None`.
#[derive(Debug)]
pub(crate) struct TextRows {
    width: usize,
    text: String,
    /// Row by row.
    values: Vec<Option<Range<usize>>>,
}

impl TextRows {
    /// `width`: values a row.
    fn new(width: usize) -> Self {
        Self { width: width.max(1), text: String::new(), values: Vec::new() }
    }

    /// Adds the next value.
    fn push(&mut self, value: Option<&str>) {
        let range = value.map(|value| {
            let start = self.text.len();
            self.text.push_str(value);
            start..self.text.len()
        });
        self.values.push(range);
    }

    /// Bytes that it takes.
    fn bytes(&self) -> usize {
        self.text.len() + self.values.len() * size_of::<Option<Range<usize>>>()
    }

    fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The rows; each gives its values by index.
    pub(crate) fn rows(&self) -> impl Iterator<Item = TextRow<'_>> {
        self.values.chunks_exact(self.width).map(|values| TextRow { text: &self.text, values })
    }
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextRow<'a> {
    text: &'a str,
    values: &'a [Option<Range<usize>>],
}

impl<'a> TextRow<'a> {
    /// A value; `None` for NULL.
    pub(crate) fn get(&self, index: usize) -> Option<&'a str> {
        self.text.get(self.values.get(index)?.clone()?)
    }

    /// All values, in order.
    pub(crate) fn values(self) -> impl Iterator<Item = Option<&'a str>> {
        (0..self.values.len()).map(move |index| self.get(index))
    }
}
