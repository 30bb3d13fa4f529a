//! Identifiers: cleaned, cut, and kept apart whatever the order they come in.
//!
//! A source name becomes an identifier in two steps. `plain` looks at the name alone: characters that the naming
//! does not allow are replaced, and what is over the warehouse's limit is cut. `assign` looks at all names of one
//! scope and resolves those that meet. Neither depends on the order of a catalog or of a schema's properties, so the
//! same source gives the same tables on every run and in every program that reads its catalog. The one exception are the
//! columns of [`Naming::Basic`](crate::names::Naming::Basic), which depended on the order of properties where the names come from.

mod assign;
mod basic;
mod clean;
mod suffix;
mod told;

pub use assign::{assign, assign_in_order};
pub use basic::BasicRules;
pub use clean::{clean, plain, schema};
pub use told::{cut, told};

/// How source names become identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Naming {
    /// Letters, digits and `_`, in lower case.
    #[default]
    Lower,
    /// The source's own name, quoted.
    Exact,
    /// As Airbyte's Basic Normalization named: see [`BasicRules`].
    Basic,
}

/// What a warehouse accepts as identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentifierRules {
    /// The longest identifier; at least [`IdentifierLength::SHORTEST`].
    pub longest: IdentifierLength,
    /// Identifiers that differ in case alone are the same (even when quoted).
    pub ignores_case: bool,
    /// Column names that the warehouse keeps for itself (`ctid`, `rowid` …), in lower case.
    pub taken_columns: &'static [&'static str],
    /// What [`Naming::Basic`] goes by.
    pub basic: &'static BasicRules,
}

impl IdentifierRules {
    /// The same rules for names that are not columns: tables and schemas may be called `rowid`.
    #[must_use]
    pub const fn without_taken_columns(&self) -> Self {
        Self { longest: self.longest, ignores_case: self.ignores_case, taken_columns: &[], basic: self.basic }
    }

    /// What two identifiers have in common exactly when they can't stand side by side in this warehouse.
    ///
    /// Where case is ignored, this folds all of Unicode although a warehouse may fold ASCII only (`É` and `é` are then
    /// two columns to it). Calling equal what the warehouse holds apart costs a suffix; the reverse would fail a
    /// `CREATE TABLE`, or merge two columns in a tool that folds more than the warehouse does.
    pub(crate) fn comparison_key(&self, identifier: &str) -> String {
        if self.ignores_case {
            // Character by character: `str::to_lowercase` lets a final sigma depend on what stands around it.
            identifier.chars().flat_map(char::to_lowercase).collect()
        } else {
            identifier.to_owned()
        }
    }
}

/// A length of identifiers, in the unit that the warehouse counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentifierLength {
    /// Bytes of UTF-8.
    Bytes(usize),
    /// Unicode characters.
    Characters(usize),
}

impl IdentifierLength {
    /// The least that names can be kept apart in: one suffix.
    pub const SHORTEST: usize = suffix::LENGTH;

    /// The longest beginning of `name` that, with `reserved` ASCII characters after it, is within the length.
    pub(crate) fn cut(self, name: &str, reserved: usize) -> &str {
        let end = match self {
            Self::Bytes(bytes) => name.floor_char_boundary(bytes.saturating_sub(reserved)),
            Self::Characters(characters) => name
                .char_indices()
                .nth(characters.saturating_sub(reserved))
                .map_or(name.len(), |(beginning, _)| beginning),
        };
        name.get(..end).unwrap_or(name)
    }

    /// Whether `name` is within the length.
    pub(crate) fn holds(self, name: &str) -> bool {
        self.cut(name, 0).len() == name.len()
    }
}

/// One name that wants an identifier in a scope (the tables of a schema, the columns of a table).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The source path: what makes this candidate different from every other, and what its hash suffix is made of.
    pub path: Vec<String>,
    /// The source name that becomes the identifier: usually the path's parts joined with `_`.
    pub name: String,
    /// Who keeps a plain name when two meet: the lower rank.
    pub rank: u8,
    /// The identifier that an earlier sync gave to this path.
    pub kept: Option<String>,
    /// `name` is an identifier already (a system column): taken as it is, ahead of all ranks.
    pub fixed: bool,
}

#[cfg(test)]
mod tests {
    use super::basic::tests::BASIC;
    use super::*;

    #[test]
    fn a_cut_ends_on_a_character_and_leaves_room() {
        let name = "añb";
        assert_eq!(IdentifierLength::Bytes(4).cut(name, 0), "añb");
        assert_eq!(IdentifierLength::Bytes(2).cut(name, 0), "a");
        assert_eq!(IdentifierLength::Bytes(4).cut(name, 1), "añ");
        assert_eq!(IdentifierLength::Characters(3).cut(name, 0), "añb");
        assert_eq!(IdentifierLength::Characters(3).cut(name, 1), "añ");
        assert_eq!(IdentifierLength::Characters(3).cut(name, 9), "");
    }

    #[test]
    fn case_is_folded_in_all_of_unicode_or_not_at_all() {
        let mut rules = IdentifierRules {
            longest: IdentifierLength::Bytes(63),
            ignores_case: true,
            taken_columns: &[],
            basic: &BASIC,
        };
        for (one, other) in [("ID", "id"), ("É", "é"), ("ΟΔΟΣ", "οδοσ"), ("\u{212a}", "k")] {
            assert_eq!(rules.comparison_key(one), rules.comparison_key(other));
        }
        rules.ignores_case = false;
        assert_ne!(rules.comparison_key("ID"), rules.comparison_key("id"));
    }
}
