//! Records -> schemas: what a stream's records have in common, as a configured catalog.
//!
//! Records are looked at one by one and forgotten. What is kept is a tree of places, each the join of all values seen there, so
//! any number of `Inference`s over parts of a stream merge to what one over the whole would have been.

/// Catalogs from proposals.
mod catalog;
/// Columns that tell records apart, or order them.
mod keys;
/// What is seen of the objects at one place.
mod object;
/// What is seen at one place of the records.
mod place;
/// Places as JSON Schema.
mod schema;
#[cfg(test)]
mod tests;

pub use catalog::configured_catalog;

use std::fmt;

use serde_json::Value;

use object::Object;
use place::Budget;

/// So many properties of one object are told apart. A nested object with more is kept as JSON; of a stream with more none is
/// typed.
pub const MOST_PROPERTIES: usize = 2_000;
/// So many places, at any depth, are told apart in a stream. In one with more, all that is nested is kept as JSON.
pub const MOST_PLACES: usize = 50_000;
/// How many objects and arrays may stand inside each other; what is deeper is kept as JSON. A catalog is itself JSON, of which
/// parsers open 128 levels, and one of ours takes two of them.
pub const DEEPEST: usize = 32;
/// So many values of a column are compared to see whether one comes twice.
pub const MOST_KEYS: usize = 2_000_000;

/// What is known of a stream after some of its records.
///
/// Laws: what it proposes does not depend on the order of the records, nor on how they were divided among inferences that were
/// merged (as long as places stay below [`MOST_PLACES`]); every record typed by the schema lands without a change where numbers
/// are exact, except for what no column of the warehouse holds (U+0000, what is not Unicode, endless numbers within JSON). Memory
/// is bounded, whatever comes.
#[derive(Debug, Clone, Default)]
pub struct Inference {
    root: Object,
    budget: Budget,
}

impl Inference {
    /// Takes in one record: an object's JSON text, valid.
    pub fn record(&mut self, data: &str) {
        self.root.see_root(data, &mut self.budget);
        if self.budget.is_exceeded() {
            self.root.forget_nested();
        }
    }

    /// Takes in all that another has seen.
    pub fn merge(&mut self, other: Self) {
        self.root.merge_root(other.root);
        self.budget.merge(&other.budget, self.root.places());
        if self.budget.is_exceeded() {
            self.root.forget_nested();
        }
    }

    /// How many records it has seen.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.root.count
    }

    /// What the records of the stream called `stream` suggest.
    #[must_use]
    pub fn propose(mut self, stream: &str) -> Proposal {
        let mut notes = Vec::new();
        if self.budget.is_exceeded() {
            notes.push(Note::TooManyPlaces);
        }
        let schema = schema::of_stream(&self.root, &mut notes);
        let key = match keys::primary_key(&mut self.root, stream) {
            Some(keys::Key::Unique(name)) => Some(name),
            Some(keys::Key::Unproven(name)) => {
                notes.push(Note::UnprovenKey(name));
                None
            }
            None => None,
        };
        let cursor = keys::cursor(&self.root);
        Proposal { records: self.root.count, schema, key, cursor, notes }
    }
}

/// What the records of a stream suggest.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// How many records it rests on.
    pub records: u64,
    /// The JSON Schema of the records.
    pub schema: Value,
    /// A property that no record lacks and no two share.
    pub key: Option<String>,
    /// A property of every record that tells when it was changed.
    pub cursor: Option<String>,
    /// What a person should know of it.
    pub notes: Vec<Note>,
}

/// Where a proposal says less than it might have.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The object at the path has properties that seem to be data: so many, each in few of the objects.
    Map(String, usize),
    /// The object at the path, or the stream where the path is empty, has more properties than are told apart.
    TooManyProperties(String),
    /// The stream has more places than are told apart.
    TooManyPlaces,
    /// The property might be a key, but has more values than are compared.
    UnprovenKey(String),
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map(path, count) => {
                write!(formatter, "{path} stays JSON: it has {count} properties, each in few of its objects")
            }
            Self::TooManyProperties(path) if path.is_empty() => {
                write!(formatter, "nothing is typed: the records have more than {MOST_PROPERTIES} properties")
            }
            Self::TooManyProperties(path) => {
                write!(formatter, "{path} stays JSON: it has more than {MOST_PROPERTIES} properties")
            }
            Self::TooManyPlaces => {
                write!(formatter, "what is nested stays JSON: it has more than {MOST_PLACES} properties in all")
            }
            Self::UnprovenKey(name) => {
                write!(formatter, "{name} may be a key: more than {MOST_KEYS} values, not all of them compared")
            }
        }
    }
}
