//! The `_airbyte_*` system columns, spelled once.

use crate::kind::{ColumnKind, ScalarColumn};

/// A column that we fill, after the user's columns of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SystemColumn {
    /// Id of the record; children carry their root record's.
    AbId,
    /// The record's `emitted_at`.
    EmittedAt,
    /// The record's bytes (raw tables).
    Data,
    /// When the row was typed.
    NormalizedAt,
    /// The row's own id; its name depends on the table.
    HashId,
    /// The parent row's id; its name depends on the parent table.
    ParentHashId,
    /// 0-based index of an array's element.
    Position,
    /// Hash of the primary key's values.
    UniqueKey,
    /// Changes that typing made, and those that the source reported.
    Meta,
    /// Generation of the record.
    GenerationId,
    /// Undeclared properties of an object, as JSON.
    AdditionalProperties,
    /// History: from when on the version holds, inclusive; kind of the cursor.
    StartAt,
    /// History: until when the version holds, exclusive; NULL = it still does.
    EndAt,
    /// History: the version is the present one.
    ActiveRow,
    /// Loading only, never in a user's table: the cursor's value where it is no column of the root.
    Cursor,
}

impl SystemColumn {
    /// The column's name, where it does not depend on the table.
    pub const fn fixed_name(self) -> Option<&'static str> {
        Some(match self {
            Self::AbId => "_airbyte_ab_id",
            Self::EmittedAt => "_airbyte_emitted_at",
            Self::Data => "_airbyte_data",
            Self::NormalizedAt => "_airbyte_normalized_at",
            Self::Position => "_airbyte_position",
            Self::UniqueKey => "_airbyte_unique_key",
            Self::Meta => "_airbyte_meta",
            Self::GenerationId => "_airbyte_generation_id",
            Self::AdditionalProperties => "_airbyte_additional_properties",
            Self::StartAt => "_airbyte_start_at",
            Self::EndAt => "_airbyte_end_at",
            Self::ActiveRow => "_airbyte_active_row",
            Self::Cursor => "_airbyte_cursor",
            Self::HashId | Self::ParentHashId => return None,
        })
    }

    /// The column's kind, where it does not depend on the stream (start, end and cursor have the cursor's kind).
    pub const fn kind(self) -> Option<ColumnKind> {
        Some(match self {
            Self::AbId | Self::HashId | Self::ParentHashId | Self::UniqueKey => ColumnKind::Uuid,
            Self::EmittedAt | Self::NormalizedAt => ColumnKind::Scalar(ScalarColumn::TimestampTz),
            Self::Data | Self::Meta => ColumnKind::Document,
            Self::AdditionalProperties => ColumnKind::Json,
            Self::Position | Self::GenerationId => ColumnKind::Scalar(ScalarColumn::Integer),
            Self::ActiveRow => ColumnKind::Scalar(ScalarColumn::Boolean),
            Self::StartAt | Self::EndAt | Self::Cursor => return None,
        })
    }
}
