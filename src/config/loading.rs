//! How records are read and loaded.
//!
//! Every doc comment here is read by users: it becomes a description in the spec.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How records are read and loaded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Loading {
    /// What becomes of a line that can't be used: no JSON, an unknown stream, data that is no object.
    #[schemars(title = "Bad input", extend("order" = 0))]
    pub(crate) on_bad_input: OnBadInput,
    /// The longest line that is read, in bytes. A longer one is bad input.
    #[schemars(title = "Longest record", range(min = 1024, max = 4_294_967_295_u32), extend("order" = 1))]
    pub(crate) max_record_bytes: usize,
}

impl Default for Loading {
    fn default() -> Self {
        Self { on_bad_input: OnBadInput::default(), max_record_bytes: 256 << 20 }
    }
}

/// What becomes of a line that can't be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnBadInput {
    /// the sync fails and names the line
    #[default]
    Fail,
    /// the line is passed over, counted and reported
    Skip,
}
