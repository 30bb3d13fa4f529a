//! What typing cost: paths, `_airbyte_meta`, counts.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write;

use crate::cast::Change;
use crate::shred::layout::{Layout, NodeId};
use crate::walk;

/// One step from the root of a record to a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Field(NodeId, usize),
    Element(u64),
}

/// What typing cost the present record, as the JSON of the changes' array without its brackets.
#[derive(Debug, Default)]
pub(super) struct Changes {
    json: String,
    omitted: u64,
}

impl Changes {
    /// The most bytes of JSON that one root row tells. A change repeats the path to its value, so that an array of wrong
    /// elements would else take hundreds of times as much as its record.
    const MOST_BYTES: usize = 64 << 10;

    pub(super) fn clear(&mut self) {
        self.json.clear();
        self.omitted = 0;
    }

    /// Adds a change. The first that does not fit and all after it are counted, and their paths are not asked for: which ones are
    /// told depends on the record and the plan alone.
    pub(super) fn push(&mut self, path: impl FnOnce() -> String, change: Change) {
        if self.omitted > 0 {
            self.omitted += 1;
            return;
        }
        let before = self.json.len();
        if before > 0 {
            self.json.push(',');
        }
        let field = walk::quoted(&path());
        let (change, reason) = match change {
            Change::WrongForm => ("NULLED", "DESTINATION_TYPECAST_ERROR"),
            Change::OutOfRange => ("NULLED", "DESTINATION_FIELD_SIZE_LIMITATION"),
            Change::Truncated => ("TRUNCATED", "DESTINATION_FIELD_SIZE_LIMITATION"),
        };
        // writing to a String can't fail
        let _ = write!(self.json, "{{\"field\":{field},\"change\":\"{change}\",\"reason\":\"{reason}\"}}");
        if self.json.len() > Self::MOST_BYTES {
            self.json.truncate(before);
            self.omitted = 1;
        }
    }

    fn is_empty(&self) -> bool {
        self.json.is_empty() && self.omitted == 0
    }
}

/// What typing cost, summed up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows of each typed table.
    pub rows: Vec<u64>,
    /// Values that became NULL.
    pub nulled: u64,
    /// Values that lost something.
    pub truncated: u64,
    /// Source paths of properties that the schema does not declare, as they are told; at most [`Counts::MOST_UNDECLARED`].
    pub undeclared: BTreeSet<String>,
}

impl Counts {
    /// How many undeclared properties are told apart.
    pub const MOST_UNDECLARED: usize = 1_000;

    /// Adds another shredder's counts of the same stream.
    pub fn add(&mut self, other: Self) {
        if self.rows.len() < other.rows.len() {
            self.rows.resize(other.rows.len(), 0);
        }
        for (sum, rows) in self.rows.iter_mut().zip(other.rows) {
            *sum += rows;
        }
        self.nulled += other.nulled;
        self.truncated += other.truncated;
        self.undeclared.extend(other.undeclared);
    }
}

impl Layout {
    /// The path of source names, as `_airbyte_meta` spells it: `line_items[2].price`.
    pub(super) fn path(&self, steps: &[Step], last: Option<&str>) -> String {
        let mut path = String::new();
        for step in steps {
            match step {
                Step::Field(node, field) => push_name(&mut path, &self.nodes[*node].fields[*field].name),
                Step::Element(position) => {
                    // writing to a String can't fail
                    let _ = write!(path, "[{position}]");
                }
            }
        }
        if let Some(name) = last {
            push_name(&mut path, name);
        }
        path
    }

    /// The text of `_airbyte_meta`: the source's changes, then ours, then how many of ours are not there.
    pub(super) fn meta(&self, source: Option<&str>, ours: &Changes) -> Cow<'_, str> {
        if source.is_none() && ours.is_empty() {
            return Cow::Borrowed(&self.meta_without_changes);
        }
        let source = source.and_then(|changes| changes.trim().strip_prefix('[')?.strip_suffix(']'));
        let source = crate::cast::raw_text(source.map_or("", str::trim));
        let comma = if source.is_empty() || ours.json.is_empty() { "" } else { "," };
        let mut meta = [&self.meta_head, source.as_ref(), comma, &ours.json, "]"].concat();
        if ours.omitted > 0 {
            let _ = write!(meta, ",\"omitted_changes\":{}", ours.omitted);
        }
        meta.push('}');
        Cow::Owned(meta)
    }
}

fn push_name(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}
