//! Keys, cursors and what else orders the versions of a row.

use crate::kind::ColumnKind;

/// How the rows of an append_dedup stream are told apart and ordered.
#[derive(Debug, Clone, PartialEq)]
pub struct Dedup {
    /// The parts of the primary key, in the catalog's order.
    pub key: Vec<KeyPart>,
    /// The cursor, if the stream has one.
    pub cursor: Option<Cursor>,
    /// Root columns that order after the cursor: `_ab_cdc_updated_at`, `_ab_cdc_log_file`, `_ab_cdc_log_pos`,
    /// `_ab_cdc_lsn`, those that are declared.
    pub cdc: Vec<usize>,
    /// Root column `_ab_cdc_deleted_at`, where declared.
    pub deleted_at: Option<usize>,
    /// A deleted row goes (otherwise it stays with `deleted_at` set).
    pub hard_delete: bool,
}

/// One part of a primary key.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyPart {
    /// Source path from the root of the record.
    pub path: Vec<String>,
    /// What its typed value is.
    pub kind: ColumnKind,
}

/// The cursor of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    /// Source path from the root of the record.
    pub path: Vec<String>,
    /// What its typed value is.
    pub kind: ColumnKind,
    /// The root column that holds it. `None`: nested, then the root's batches carry it in one more, last column,
    /// `SystemColumn::Cursor`.
    pub column: Option<usize>,
}
