//! Keys, cursors and what else orders the versions of a row.

use crate::catalog::StreamName;
use crate::kind::ColumnKind;
use crate::limits::Limits;
use crate::names::told;
use crate::plan::nesting::{Draft, column_kind};
use crate::plan::{CdcDeletion, Options, PlanError};
use crate::shape::{Property, Shape};

/// How the rows of an `append_dedup` stream are told apart and ordered.
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

/// Columns of change data capture that order versions, the weightiest first.
const CDC_ORDER: [&str; 4] = ["_ab_cdc_updated_at", "_ab_cdc_log_file", "_ab_cdc_log_pos", "_ab_cdc_lsn"];
const CDC_DELETED_AT: &str = "_ab_cdc_deleted_at";

/// Resolves key and cursor against the schema.
pub(super) fn resolve(
    stream: &StreamName,
    key: &[Vec<String>],
    cursor: &[String],
    properties: &[Property],
    root: &Draft,
    (options, limits): (&Options, &Limits),
) -> Result<Dedup, PlanError> {
    let kind_at = |path: &[String]| shape_at(properties, path).map(|shape| column_kind(shape, options, limits));
    let column_of = |path: &[String]| root.columns.iter().position(|column| column.path == path);
    let key = key
        .iter()
        .map(|path| match kind_at(path) {
            Some(kind) => Ok(KeyPart { path: path.clone(), kind }),
            None => Err(PlanError::KeyNotInSchema { stream: stream.clone(), path: told(&path.join(".")).into_owned() }),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let cursor = match (cursor, kind_at(cursor)) {
        ([], _) => None,
        (path, Some(kind)) => Some(Cursor { path: path.to_vec(), kind, column: column_of(path) }),
        (path, None) => {
            return Err(PlanError::CursorNotInSchema {
                stream: stream.clone(),
                path: told(&path.join(".")).into_owned(),
            });
        }
    };
    let named = |name: &str| column_of(&[name.to_owned()]);
    Ok(Dedup {
        key,
        cursor,
        cdc: CDC_ORDER.into_iter().filter_map(named).collect(),
        deleted_at: named(CDC_DELETED_AT),
        hard_delete: options.cdc_deletion == CdcDeletion::Hard,
    })
}

/// The shape at a path that leads through objects only.
fn shape_at<'a>(properties: &'a [Property], path: &[String]) -> Option<&'a Shape> {
    let (first, rest) = path.split_first()?;
    let shape = &properties.iter().find(|property| property.name == *first)?.shape;
    match (rest, shape) {
        ([], shape) => Some(shape),
        (rest, Shape::Object(inner)) => shape_at(inner, rest),
        _ => None,
    }
}
