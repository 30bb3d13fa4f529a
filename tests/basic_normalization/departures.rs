//! Where our rows are others than Basic Normalization's.

/// What is otherwise, and why. `*` stands for any text.
#[derive(Debug)]
pub(super) struct Departure {
    /// After which sync.
    pub(super) sync: &'static str,
    /// In which table.
    pub(super) table: &'static str,
    /// In which column.
    pub(super) column: &'static str,
    /// What they have there.
    pub(super) theirs: &'static str,
    /// What they have in another column beside it.
    pub(super) beside: Option<(&'static str, &'static str)>,
    pub(super) ours: Ours,
    pub(super) reason: &'static str,
}

/// What we have in its place.
#[derive(Debug)]
pub(super) enum Ours {
    /// No such row.
    NoRow,
    /// NULL.
    Null,
}

pub(super) const DEPARTURES: &[Departure] = &[
    Departure {
        sync: "*",
        table: "*_scd",
        column: "_ab_cdc_deleted_at",
        theirs: "*",
        beside: None,
        ours: Ours::NoRow,
        reason: "a delete closes the last version and is none itself",
    },
    Departure {
        sync: "sync*",
        table: "dedup_exchange_rate_scd",
        column: "_airbyte_end_at",
        theirs: "2020-08-31",
        beside: Some(("_airbyte_emitted_at", "2020-10-14 01:13:11+00")),
        ours: Ours::Null,
        reason: "a late version is put in its place, and ends the one before it there: by its cursor, which is NULL",
    },
    Departure {
        sync: "sync3_schema_change",
        table: "dedup_exchange_rate*",
        column: "usd",
        theirs: "*",
        beside: None,
        ours: Ours::Null,
        reason: "what is an integer now has no fractions; they left the column a number",
    },
];

impl Departure {
    /// Whether this is about the values of such a row.
    pub(super) fn is_of<'a>(&self, sync: &str, table: &str, value: impl Fn(&str) -> Option<&'a str>) -> bool {
        let has = |column: &str, pattern: &str| value(column).is_some_and(|value| matches(pattern, value));
        let is_in_place = matches(self.sync, sync) && matches(self.table, table);
        is_in_place && has(self.column, self.theirs) && self.beside.is_none_or(|(column, pattern)| has(column, pattern))
    }
}

/// `*` in a pattern stands for any text; there is one at most.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((beginning, end)) => {
            text.len() >= beginning.len() + end.len() && text.starts_with(beginning) && text.ends_with(end)
        }
    }
}
