//! How records become tables: the part of the config that decides what lands.
//!
//! Every doc comment here is read by users: it becomes a description in the spec.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How records become tables.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // it is a list of switches
pub(crate) struct Normalization {
    /// Make typed tables. Off: raw tables only.
    #[schemars(title = "Typed tables", extend("order" = 0))]
    pub(crate) enabled: bool,
    /// The tables `_airbyte_raw_<stream>`, one row per record with its data untouched.
    #[schemars(title = "Raw tables", extend("order" = 1))]
    pub(crate) raw: Raw,
    /// How names of tables and columns are made from the source's names.
    #[schemars(title = "Names", extend("order" = 2))]
    pub(crate) naming: Naming,
    /// The column type of JSON numbers.
    #[schemars(title = "Numbers", extend("order" = 3))]
    pub(crate) number: Number,
    /// What becomes of arrays of objects.
    #[schemars(title = "Arrays of objects", extend("order" = 4))]
    pub(crate) arrays: Arrays,
    /// What becomes of nested objects.
    #[schemars(title = "Nested objects", extend("order" = 5))]
    pub(crate) objects: Objects,
    /// What becomes of arrays of strings, numbers and booleans.
    #[schemars(title = "Arrays of scalars", extend("order" = 6))]
    pub(crate) scalar_arrays: ScalarArrays,
    /// How many levels of nesting below a stream's own table are opened; what lies deeper stays JSON. Empty: all.
    #[schemars(with = "u32", title = "Depth of nesting", range(max = 1_000_000), extend("order" = 7))]
    pub(crate) max_depth: Option<u32>,
    /// Also keep a nested object or array as a JSON column of its parent.
    #[schemars(title = "Keep nested JSON", extend("order" = 8))]
    pub(crate) keep_nested_json: bool,
    /// What becomes of properties that the stream's schema does not declare.
    #[schemars(title = "Undeclared properties", extend("order" = 9))]
    pub(crate) additional_properties: AdditionalProperties,
    /// Keep every version of every key in `<stream>_scd`, for streams that are deduplicated.
    #[schemars(title = "History", extend("order" = 10))]
    pub(crate) history: bool,
    /// What becomes of a row that the source has deleted (`_ab_cdc_deleted_at`).
    #[schemars(title = "Deleted rows", extend("order" = 11))]
    pub(crate) cdc_deletion_mode: CdcDeletionMode,
    /// Fill a new column from the raw table for the rows that are there already.
    #[schemars(title = "Backfill new columns", extend("order" = 12))]
    pub(crate) backfill: bool,
}

impl Default for Normalization {
    fn default() -> Self {
        Self {
            enabled: true,
            raw: Raw::default(),
            naming: Naming::default(),
            number: Number::default(),
            arrays: Arrays::default(),
            objects: Objects::default(),
            scalar_arrays: ScalarArrays::default(),
            max_depth: None,
            keep_nested_json: false,
            additional_properties: AdditionalProperties::default(),
            history: false,
            cdc_deletion_mode: CdcDeletionMode::default(),
            backfill: false,
        }
    }
}

/// Whether raw tables are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Raw {
    /// keep them
    #[default]
    Keep,
    /// make none
    None,
}

/// How names are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Naming {
    /// lower case letters, digits and `_`, no quoting needed
    #[default]
    Lower,
    /// the source's own names, quoted
    Exact,
    /// as Airbyte's Basic Normalization made them
    Basic,
}

/// The column type of JSON numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Number {
    /// the warehouse's best: exact where it has such a type, else double precision
    #[default]
    Native,
    /// double precision
    Double,
    /// exact decimal of 38 digits, 9 after the point
    Decimal,
}

/// What becomes of arrays of objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Arrays {
    /// a child table, one row per element
    #[default]
    Table,
    /// a JSON column
    Json,
}

/// What becomes of nested objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Objects {
    /// a child table
    #[default]
    Table,
    /// columns `<object>_<property>` of the parent
    Flatten,
    /// a JSON column
    Json,
}

/// What becomes of arrays of scalars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ScalarArrays {
    /// a text column, elements separated by commas
    #[default]
    Csv,
    /// a JSON column
    Json,
    /// a list column of the elements' type
    List,
}

/// What becomes of undeclared properties.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AdditionalProperties {
    /// they are in the raw table only
    #[default]
    Drop,
    /// they are gathered in the JSON column `_airbyte_additional_properties`
    Column,
}

/// What becomes of deleted rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CdcDeletionMode {
    /// the row is deleted
    #[default]
    Hard,
    /// the row stays, with `_ab_cdc_deleted_at` set
    Soft,
}
