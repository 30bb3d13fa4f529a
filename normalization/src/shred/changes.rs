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

/// A change on one value of the present record.
#[derive(Debug)]
pub(super) struct FieldChange {
    pub(super) field: String,
    pub(super) change: Change,
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
    /// Source paths of properties that the schema does not declare; at most [`Counts::MOST_UNDECLARED`].
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

    /// The text of `_airbyte_meta`: the source's changes, then ours.
    pub(super) fn meta(&self, source: Option<&str>, ours: &[FieldChange]) -> Cow<'_, str> {
        if source.is_none() && ours.is_empty() {
            return Cow::Borrowed(&self.meta_without_changes);
        }
        let mut meta = self.meta_head.clone();
        let source = source.and_then(|changes| changes.trim().strip_prefix('[')?.strip_suffix(']'));
        let source = source.map_or("", str::trim);
        meta.push_str(&crate::cast::raw_text(source));
        for (index, FieldChange { field, change }) in ours.iter().enumerate() {
            if index > 0 || !source.is_empty() {
                meta.push(',');
            }
            let field = walk::quoted(field);
            let (change, reason) = match change {
                Change::WrongForm => ("NULLED", "DESTINATION_TYPECAST_ERROR"),
                Change::OutOfRange => ("NULLED", "DESTINATION_FIELD_SIZE_LIMITATION"),
                Change::Truncated => ("TRUNCATED", "DESTINATION_FIELD_SIZE_LIMITATION"),
            };
            let _ = write!(meta, "{{\"field\":{field},\"change\":\"{change}\",\"reason\":\"{reason}\"}}");
        }
        meta.push_str("]}");
        Cow::Owned(meta)
    }
}

fn push_name(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}
