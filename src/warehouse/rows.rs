//! Rows on their way out of a warehouse, as text.

use std::ops::Range;

use crossbeam_channel::Receiver;

use crate::warehouse::WarehouseError;

/// Rows of a query, in the order in which the warehouse gives them, read ahead by a little; an error is the last.
pub(crate) type RowStream = Receiver<Result<TextRows, WarehouseError>>;

/// How many parts of a stream may be ready and not taken.
pub(super) const AHEAD: usize = 2;

/// Bytes of text that a part of a stream holds, about.
pub(super) const PART_BYTES: usize = 1 << 20;

/// Some rows, each value as text, NULL as `None`.
#[derive(Debug, Default)]
pub(crate) struct TextRows {
    width: usize,
    text: String,
    /// Row by row.
    values: Vec<Option<Range<usize>>>,
}

impl TextRows {
    /// `width`: values a row.
    pub(super) fn new(width: usize) -> Self {
        Self { width: width.max(1), text: String::new(), values: Vec::new() }
    }

    /// Adds the next value.
    pub(super) fn push(&mut self, value: Option<&str>) {
        let range = value.map(|value| {
            let start = self.text.len();
            self.text.push_str(value);
            start..self.text.len()
        });
        self.values.push(range);
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + self.values.len() * size_of::<Option<Range<usize>>>()
    }

    pub(crate) fn is_empty(&self) -> bool {
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
}
