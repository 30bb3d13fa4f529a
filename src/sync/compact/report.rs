//! What a compaction did.

use std::fmt;
use std::time::Duration;

use alluvium_normalization::catalog::StreamName;

use crate::warehouse::TableName;

/// What a compaction did, or would do.
#[derive(Debug, Default)]
pub(crate) struct Compacted {
    /// One entry a stream that was looked at, in the catalog's order.
    pub(crate) streams: Vec<CompactedStream>,
    /// Nothing was deleted: this is what would be.
    pub(crate) is_dry_run: bool,
    /// How long it took.
    pub(crate) elapsed: Duration,
}

/// What was done with one stream.
#[derive(Debug)]
pub(crate) struct CompactedStream {
    /// The stream.
    pub(crate) stream: StreamName,
    /// Its raw table.
    pub(crate) table: TableName,
    /// What was found and deleted, or why nobody looked.
    pub(crate) outcome: Result<Reduction, Untouched>,
}

/// What was found in a raw table, and what of it went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reduction {
    /// Rows before.
    pub(crate) rows: u64,
    /// Bytes of their values as text.
    pub(crate) bytes: u64,
    /// Rows that went.
    pub(crate) dropped_rows: u64,
    /// Bytes of their values as text.
    pub(crate) dropped_bytes: u64,
    /// Bytes that the table takes where it is stored, before and after, where the warehouse can say.
    pub(crate) stored: Option<(u64, u64)>,
    /// Rows that hold no record, or have no id, and stay.
    pub(crate) unreadable: u64,
    /// Rows that share their id with another, and stay.
    pub(crate) shared: u64,
    /// What a rebuild from raw would no longer have.
    pub(crate) lost: Option<Lost>,
}

/// Why a raw table was left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Untouched {
    /// The stream's rows are not told apart by key.
    NoKey,
    /// There is no catalog, and how the stream's rows are told apart by key is not remembered.
    NoKnownKey,
    /// There is no catalog, its key is not remembered, and it is in another schema than the config's.
    Elsewhere,
    /// The history is made of all versions.
    History,
}

/// What a rebuild from raw would no longer have of the rows that went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The rows.
    Rows,
    /// Versions of the history.
    Versions,
}

impl fmt::Display for Untouched {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NoKey => {
                "left as it is: without a key (its mode is not append_dedup) every row counts; --before drops rows by age"
            }
            Self::NoKnownKey => {
                "left as it is: no last sync (append_dedup) says what its key is, so every row counts; --catalog may say it, and \
                 --before drops rows by age"
            }
            Self::Elsewhere => {
                "left as it is: in another schema than the config's, and no last sync says what its key is; rows go by age where \
                 --stream or --catalog names it"
            }
            Self::History => {
                "left as it is: the history is made of all versions; --keep-versions drops all but the newest"
            }
        })
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Rows => {
                "the typed tables keep the rows that go from raw; a rebuild would lose them, and asks for --accept-losses"
            }
            Self::Versions => {
                "the history keeps the versions that go from raw; a rebuild would lose them, and asks for --accept-losses"
            }
        })
    }
}
