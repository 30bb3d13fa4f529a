//! The choices of the user.

use crate::names::Naming;

/// What the user chose; each field is documented by the contract it switches.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the user's, spelled as in the config")]
pub struct Options {
    /// Schema of streams without a namespace, as the user wrote it.
    pub schema: String,
    /// Schema of all raw tables, as the user wrote it; `None`: each is in its stream's.
    pub raw_schema: Option<String>,
    /// Typed tables are wanted.
    pub typed: bool,
    /// Raw tables are wanted.
    pub raw: bool,
    /// How source names become identifiers.
    pub naming: Naming,
    /// What JSON numbers become.
    pub number: NumberStorage,
    /// What arrays of scalars become.
    pub scalar_arrays: ScalarArrayStorage,
    /// What arrays of objects become.
    pub arrays: ArrayStorage,
    /// What objects become.
    pub objects: ObjectStorage,
    /// How many nesting levels below the root are opened; `None` = all.
    pub max_depth: Option<u32>,
    /// Opened members also stay in their parent as JSON.
    pub keep_nested_json: bool,
    /// Undeclared properties are collected in a column.
    pub additional_properties: bool,
    /// Every version of every key is kept in `<stream>_scd`.
    pub history: bool,
    /// What a change-data-capture delete does.
    pub cdc_deletion: CdcDeletion,
    /// Rows that are there get new properties too, from raw.
    pub backfill: bool,
}

impl Options {
    /// Whether objects and arrays are in child tables only: no row of a record holds them as JSON.
    #[must_use]
    pub fn parts_records(&self) -> bool {
        let holds_json = self.raw || self.max_depth.is_some() || self.keep_nested_json || self.additional_properties;
        self.objects == ObjectStorage::Table && self.arrays == ArrayStorage::Table && !holds_json
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            schema: "main".to_owned(),
            raw_schema: None,
            typed: true,
            raw: true,
            naming: Naming::default(),
            number: NumberStorage::default(),
            scalar_arrays: ScalarArrayStorage::default(),
            arrays: ArrayStorage::default(),
            objects: ObjectStorage::default(),
            max_depth: None,
            keep_nested_json: false,
            additional_properties: false,
            history: false,
            cdc_deletion: CdcDeletion::default(),
            backfill: false,
        }
    }
}

/// What JSON numbers become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NumberStorage {
    /// The warehouse's best: exact where it has a decimal of any length, else double.
    #[default]
    Native,
    /// Double.
    Double,
    /// Decimal: exact where it has one of any length, else `DECIMAL(38,9)`.
    Decimal,
}

/// What arrays of scalars become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScalarArrayStorage {
    /// Text, joined with commas.
    #[default]
    Csv,
    /// JSON.
    Json,
    /// The warehouse's own lists.
    List,
}

/// What arrays of objects become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ArrayStorage {
    /// A child table.
    #[default]
    Table,
    /// JSON.
    Json,
}

/// What objects become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ObjectStorage {
    /// A child table.
    #[default]
    Table,
    /// Columns in their place.
    Flatten,
    /// JSON.
    Json,
}

/// What a change-data-capture delete does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CdcDeletion {
    /// The row goes.
    #[default]
    Hard,
    /// The row stays, with `_ab_cdc_deleted_at` set.
    Soft,
}
