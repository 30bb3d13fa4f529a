//! What a warehouse can hold: plain facts that planning and casting ask for.

use crate::names::IdentifierRules;

/// [`Limits::json_depth`] of each warehouse: what all that reads its JSON gets through, and the same everywhere, so that a source
/// that can be landed in one can be landed in the other. Postgres's parser recurses: with the default of `max_stack_depth` (2 MB) no
/// deeper than 13,000 objects in version 15. DuckDB's functions recurse without a bound: its `json_structure` takes the process down.
pub const JSON_DEPTH: usize = 2_000;

/// Facts of one warehouse. Each dialect states its own; nothing else in this crate knows warehouses apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Identifiers: length, comparison, names that are taken.
    pub identifiers: IdentifierRules,
    /// The most columns of a table, if there is an end to it.
    pub columns: Option<usize>,
    /// The exact decimal type of any length exists (`numeric` on Postgres): what numbers are natively.
    pub has_numeric: bool,
    /// Levels that arrays and objects may be nested in a Json column and in a record's own text.
    pub json_depth: usize,
    /// Json columns hold values taken apart (`jsonb`), and this much of one. `None`: they hold the text.
    pub binary_json: Option<BinaryJson>,
    /// Text can hold U+0000.
    pub holds_nul: bool,
    /// Longest text of one field, in bytes.
    pub field_bytes: usize,
    /// First and last day of a date, in days since 1970-01-01.
    pub dates: (i32, i32),
    /// First and last instant of a timestamp, in microseconds since 1970-01-01; not more than 2^64 apart.
    pub timestamps: (i128, i128),
}

/// What a JSON value that is stored taken apart may be. The numbers in it are exact decimals ([`Limits::has_numeric`]), and
/// one that is beyond those can't be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinaryJson {
    /// The most bytes that it takes: each value and key its own, and four.
    pub bytes: usize,
    /// The most elements of one array.
    pub elements: usize,
    /// The most members of one object, duplicates counted.
    pub members: usize,
}
