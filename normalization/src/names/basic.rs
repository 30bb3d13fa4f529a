//! Single names as Airbyte's Basic Normalization (0.4.3) made them, bit for bit.
//!
//! Its SQL named tables and columns as seldom quoted as possible, and what was not quoted took the warehouse's own case.
//! So a name's case depends on whether it had to be quoted: on its characters, and on a list of reserved words.

use sha1::{Digest as _, Sha1};
use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// What Basic Normalization knew of a warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicRules {
    /// The longest name of a table or column, in characters: less than the warehouse holds, to leave room for suffixes.
    pub longest: usize,
    /// Words that were quoted, and so keep their case: upper case, sorted.
    pub reserved_words: &'static [&'static str],
    /// The names of raw tables and of tables with a suffix are cut too.
    pub cuts_suffixed: bool,
    /// A backtick in a column's name becomes `_`.
    pub replaces_backticks: bool,
}

/// What stands where the middle of a name was.
const GAP: &str = "__";
/// What joins a schema and a path before they are hashed.
const JOINT: &str = "&airbyte&";
/// Hex digits of a hash.
const HASH: usize = 3;
/// What is left of a parent's name at least, where a child's name is too long for it.
const SHORTEST_PARENT: usize = 10;

impl BasicRules {
    /// The name of a schema. Schemas were never cut.
    pub(crate) fn schema(&self, name: &str) -> String {
        self.folded(standard(name))
    }

    /// The name of a table that no other meets.
    pub(crate) fn table(&self, name: &str) -> String {
        self.folded(cut_in_middle(&standard(name), self.longest, GAP))
    }

    /// The name of a stream's raw table.
    pub(crate) fn raw_table(&self, stream: &str) -> String {
        let name = format!("_airbyte_raw_{stream}");
        if self.cuts_suffixed { self.table(&name) } else { self.schema(&name) }
    }

    /// The name of the table of a stream's history, given the name of the stream's own.
    pub(crate) fn history(&self, table: &str) -> String {
        let name = standard(&format!("{table}_scd"));
        self.folded(if self.cuts_suffixed { cut_in_middle(&name, self.longest, "_1") } else { name })
    }

    /// The name of a stream's table where others would have the same.
    pub(crate) fn hashed_stream(&self, schema: &str, stream: &str) -> String {
        self.table(&format!("{stream}_{}", hash(schema, &[stream])))
    }

    /// The name of a child's table where others would have the same; `path` begins with the stream.
    pub(crate) fn hashed_child(&self, schema: &str, path: &[&str]) -> String {
        let (child, parents) = path.split_last().unwrap_or((&"", &[]));
        let (parent, child) = (self.schema(&parents.join("_")), self.schema(child));
        // Both are ASCII from here on: characters are bytes.
        let least_parent = parent.len().min(SHORTEST_PARENT);
        let beside_parent = |child: &str| HASH + 2 + child.len();
        let (parent, child) = if parent.len() + beside_parent(&child) < self.longest {
            (parent.as_str(), child)
        } else if least_parent + beside_parent(&child) < self.longest {
            (beginning(&parent, self.longest - beside_parent(&child)), child)
        } else {
            // One less than there is room for.
            let room = self.longest - HASH - 2 - least_parent - 1;
            (beginning(&parent, least_parent), cut_in_middle(&child, room, GAP))
        };
        self.schema(&format!("{parent}_{}_{child}", hash(schema, path)))
    }

    /// The name of a column that no other meets. What the warehouse can't hold of it is not looked at.
    pub(crate) fn column(&self, name: &str) -> String {
        let mut name = cut_in_middle(&name.replace('\0', ""), self.longest, GAP);
        if self.replaces_backticks {
            name = name.replace('`', "_");
        }
        self.folded(if name.is_empty() { "_".to_owned() } else { name })
    }

    /// The name of the column that holds the ids of a table's rows, given the source's name of its stream or property.
    /// `level`, where given, tells it from the parent's.
    pub(crate) fn hash_id(&self, name: &str, level: Option<usize>) -> String {
        let name = self.table(name);
        match level {
            None => self.column(&format!("_airbyte_{name}_hashid")),
            Some(level) => self.column(&format!("_airbyte_{name}_{level}_hashid")),
        }
    }

    /// Whether Basic Normalization would have quoted it.
    pub(crate) fn needs_quotes(&self, name: &str) -> bool {
        let begins_plainly = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        let is_plain = begins_plainly && name.chars().all(|other| other.is_ascii_alphanumeric() || other == '_');
        !is_plain || self.reserved_words.binary_search(&name.to_ascii_uppercase().as_str()).is_ok()
    }

    /// In the case that the warehouse gives to what is not quoted.
    fn folded(&self, name: String) -> String {
        if self.needs_quotes(&name) { name } else { name.to_ascii_lowercase() }
    }
}

/// Letters, digits and `_`; never empty.
///
/// Unlike in [`super::Naming::Lower`] marks go after white space at the ends does, only marks that take no space go, and
/// compatibility characters are not taken apart.
pub(super) fn standard(name: &str) -> String {
    let mut standard = String::with_capacity(name.len());
    let mut in_white_space = false;
    let takes_space = |character: &char| character.general_category() != GeneralCategory::NonspacingMark;
    for character in name.trim_matches(is_white_space).nfd().filter(takes_space) {
        let is_white_space = is_white_space(character);
        if !(is_white_space && in_white_space) {
            standard.push(if character.is_ascii_alphanumeric() { character } else { '_' });
        }
        in_white_space = is_white_space;
    }
    if standard.is_empty() { "_".to_owned() } else { standard }
}

/// White space as Python has it: with the four separators of ASCII.
fn is_white_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

/// At most `longest` characters: the two ends of the name around a gap, the hind end one longer at most.
fn cut_in_middle(name: &str, longest: usize, gap: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    if characters.len() <= longest {
        return name.to_owned();
    }
    // Half, a half rounded to even.
    let half = longest / 2 + usize::from(longest % 4 == 3);
    let front = characters.iter().take(longest - half - 1);
    let hind = characters.iter().skip(characters.len() - (half - 1));
    front.copied().chain(gap.chars()).chain(hind.copied()).collect()
}

fn beginning(name: &str, length: usize) -> &str {
    name.get(..length).unwrap_or(name)
}

/// Hex digits that tell a path of a schema from others.
fn hash(schema: &str, path: &[&str]) -> String {
    let text = [&[schema], path].concat().join(JOINT).to_ascii_lowercase();
    let [first, second, ..]: [u8; 20] = Sha1::digest(text.as_bytes()).into();
    let mut digits = format!("{first:02x}{second:02x}");
    digits.truncate(HASH);
    digits
}

#[cfg(test)]
#[path = "basic_tests.rs"]
pub(super) mod tests;
