//! What a warehouse can hold: plain facts that planning and casting ask for.

use crate::names::IdentifierRules;

/// Facts of one warehouse. Each dialect states its own; nothing else in this crate knows warehouses apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Identifiers: length, comparison, names that are taken.
    pub identifiers: IdentifierRules,
    /// The exact decimal type of any length exists (`numeric` on Postgres): what numbers are natively.
    pub has_numeric: bool,
    /// The numbers in a Json column are such decimals too (`jsonb`), and what is beyond them can't be stored.
    pub json_holds_numeric: bool,
    /// Text can hold U+0000.
    pub holds_nul: bool,
    /// Longest text of one field, in bytes.
    pub field_bytes: usize,
    /// First and last day of a date, in days since 1970-01-01.
    pub dates: (i32, i32),
    /// First and last instant of a timestamp, in microseconds since 1970-01-01; not more than 2^64 apart.
    pub timestamps: (i128, i128),
}
