//! Identifiers: cleaned, cut, and kept apart whatever the order they come in.

/// How source names become identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Naming {
    /// Letters, digits and `_`, in lower case.
    #[default]
    Lower,
    /// The source's own name, quoted.
    Exact,
}

/// What a warehouse accepts as identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentifierRules {
    /// The longest identifier.
    pub longest: IdentifierLength,
    /// Identifiers that differ in case alone are the same (even when quoted).
    pub ignores_case: bool,
    /// Column names that the warehouse keeps for itself (`ctid`, `rowid` …), in lower case.
    pub taken_columns: &'static [&'static str],
}

/// A length of identifiers, in the unit that the warehouse counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentifierLength {
    /// Bytes of UTF-8.
    Bytes(usize),
    /// Unicode characters.
    Characters(usize),
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

/// Cleans one source name; the result may be over the limit.
#[must_use]
pub fn clean(_naming: Naming, name: &str) -> String {
    name.to_owned()
}

/// Gives each candidate its identifier, in the candidates' order.
///
/// Law: identifiers are unique as the warehouse compares them, within its limit, and each is the same whatever the
/// order of the candidates.
#[must_use]
pub fn assign(naming: Naming, _rules: &IdentifierRules, candidates: &[Candidate]) -> Vec<String> {
    candidates.iter().map(|candidate| clean(naming, &candidate.name)).collect()
}
