//! Why a catalog is refused.

use super::StreamName;

/// Why a catalog is refused. Every one of them is for whoever configures the sync to mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The text is not JSON.
    #[error("the configured catalog is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// Reading it would take more stack than there may be.
    #[error("the configured catalog nests arrays and objects deeper than {levels} levels")]
    TooDeep {
        /// The most levels.
        levels: usize,
    },
    /// A key is missing, or its value has another form than the protocol's.
    #[error("the configured catalog is malformed: {place}: `{key}` must be {expected}")]
    Malformed {
        /// Which stream, or the catalog itself.
        place: String,
        /// The key.
        key: &'static str,
        /// The form that the protocol asks for.
        expected: &'static str,
    },
    /// There is nothing to sync.
    #[error("the configured catalog has no streams")]
    Empty,
    /// A stream is there twice; their records could not be told apart.
    #[error("stream `{stream}` is in the configured catalog more than once")]
    DuplicateStream {
        /// The stream.
        stream: StreamName,
    },
    /// The mode is none of those that we support.
    #[error(
        "stream `{stream}`: destination_sync_mode `{mode}` is not supported, use append, overwrite or append_dedup"
    )]
    UnsupportedMode {
        /// The stream.
        stream: StreamName,
        /// The mode as the catalog spells it.
        mode: String,
    },
    /// There is nothing to deduplicate by.
    #[error("stream `{stream}`: destination_sync_mode append_dedup needs a primary key")]
    MissingPrimaryKey {
        /// The stream.
        stream: StreamName,
    },
    /// This sync's own records would be too old to keep.
    #[error("stream `{stream}`: minimum_generation_id {minimum} is above generation_id {generation}")]
    MinimumAboveGeneration {
        /// The stream.
        stream: StreamName,
        /// Its `minimum_generation_id`.
        minimum: i64,
        /// Its `generation_id`.
        generation: i64,
    },
    /// Only some of the generations that are there would give way.
    #[error("stream `{stream}`: minimum_generation_id {minimum} must be 0 or equal to generation_id {generation}")]
    PartialReplacement {
        /// The stream.
        stream: StreamName,
        /// Its `minimum_generation_id`.
        minimum: i64,
        /// Its `generation_id`.
        generation: i64,
    },
}

impl CatalogError {
    /// The stream that is at fault, where it is one whose name is known.
    pub fn stream(&self) -> Option<&StreamName> {
        match self {
            Self::NotJson(_) | Self::TooDeep { .. } | Self::Malformed { .. } | Self::Empty => None,
            Self::DuplicateStream { stream }
            | Self::UnsupportedMode { stream, .. }
            | Self::MissingPrimaryKey { stream }
            | Self::MinimumAboveGeneration { stream, .. }
            | Self::PartialReplacement { stream, .. } => Some(stream),
        }
    }
}
