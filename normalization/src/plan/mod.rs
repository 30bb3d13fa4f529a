//! Catalog x options x limits -> tables, columns and the tree that records are walked by.
//!
//! A `Plan` is plain data: the shredder runs it over records, the SQL module prints it, nothing decides again.

/// Names that [`crate::names::Naming::Basic`] gives to what is known of a whole schema.
mod basic;
/// Catalog x options x limits -> plan.
mod compile;
/// Keys, cursors and what else orders the versions of a row.
mod dedup;
/// Names that exist already.
mod known;
/// What of a plan decides whether rows that an earlier plan typed are still right.
mod layout;
/// Drafts get their names.
mod naming;
/// Which tables and columns the properties of a stream become.
mod nesting;
/// The choices of the user.
mod options;
/// Keys and cursors that a layout remembers.
mod remembered;
/// What a history still has of properties that are gone.
mod remnants;
#[cfg(test)]
mod tests;
/// The part of a plan that tells and orders the versions of a key.
mod versions;

pub use compile::{PlanError, compile, raw_schema_of, schema_of};
pub use dedup::{Cursor, Dedup, KeyPart};
pub use known::KnownNames;
pub(crate) use known::is_path;
pub use layout::{Basis, Layout, LayoutChange, Layouts};
pub use options::{ArrayStorage, CdcDeletion, NumberStorage, ObjectStorage, Options, ScalarArrayStorage};
pub use remembered::unkeyed_stream;

use crate::catalog::{Replacement, StreamName, SyncMode};
use crate::columns::SystemColumn;
use crate::kind::ColumnKind;
use crate::walk;

/// What a configured catalog becomes in a warehouse.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// One plan a stream, in the catalog's order.
    pub streams: Vec<StreamPlan>,
}

/// What one stream becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamPlan {
    /// The source's name of the stream.
    pub stream: StreamName,
    /// The schema that all its tables live in, the raw one maybe not.
    pub schema: String,
    /// The schema that its raw table lives in.
    pub raw_schema: String,
    /// The raw table, if raw is kept.
    pub raw: Option<Table>,
    /// The typed tables: the root first, parents before children. Empty when only raw is wanted.
    pub tables: Vec<Table>,
    /// `<stream>_scd`, if history is kept.
    pub history: Option<Table>,
    /// Columns of the history that exist and are not planned, with their types: values of properties that are gone.
    pub history_remnants: Vec<(String, String)>,
    /// How a record is walked into `tables`.
    pub root: ObjectNode,
    /// One row a key, if the sync mode asks for it.
    pub dedup: Option<Dedup>,
    /// How the stream is landed.
    pub mode: SyncMode,
    /// Whether this sync's rows replace what is there.
    pub replacement: Replacement,
    /// Generation of this sync's rows, 0 when the catalog has none.
    pub generation_id: i64,
    /// Id of the sync, if the platform gave one.
    pub sync_id: Option<i64>,
}

/// One table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its identifier.
    pub name: String,
    /// What it is a table of.
    pub role: TableRole,
    /// Source path below the stream, of child tables. Of a raw table among those of other schemas: the stream's schema.
    /// Empty for all others.
    pub path: Vec<String>,
    /// Its columns: the user's, then the system's.
    pub columns: Vec<Column>,
}

/// What a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableRole {
    /// One row a record, untouched.
    Raw,
    /// One row a record (or a key), typed.
    Root,
    /// One row for each object at the path. Holds the index of the parent in [`StreamPlan::tables`].
    ObjectChild(usize),
    /// One row for each element of the arrays at the path. Holds the index of the parent.
    ArrayChild(usize),
    /// One row a version of a key.
    History,
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its identifier.
    pub name: String,
    /// Where its values come from.
    pub source: ColumnSource,
    /// What it holds.
    pub kind: ColumnKind,
}

/// Where a column's values come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ColumnSource {
    /// A property: its path below the object that the table is of (more than one part when flattened).
    Property(Vec<String>),
    /// Ourselves.
    System(SystemColumn),
}

/// How an object is walked: each declared member's destination.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObjectNode {
    /// The declared members, in the schema's order.
    pub members: Vec<Member>,
}

/// Where one member of an object goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The source name.
    pub name: String,
    /// The column that takes the value as a whole: index into the columns of the table being filled.
    pub column: Option<usize>,
    /// Where its inside goes, if it is opened.
    pub nested: Option<Nested>,
}

/// An opened member.
#[derive(Debug, Clone, PartialEq)]
pub enum Nested {
    /// An object whose members are columns of the same table.
    Flattened(ObjectNode),
    /// An object that is one row of a child table: index into [`StreamPlan::tables`].
    Object(usize, ObjectNode),
    /// An array of objects, one row each of a child table.
    Array(usize, ObjectNode),
}

impl Table {
    /// The table's source path as its COMMENT holds it: a JSON array of role, stream and path.
    #[must_use]
    pub fn comment(&self, stream: &StreamName) -> String {
        let role = match self.role {
            TableRole::Raw => "raw",
            TableRole::Root => "stream",
            TableRole::ObjectChild(_) | TableRole::ArrayChild(_) => "child",
            TableRole::History => "history",
        };
        let mut parts = vec![role, stream.name.as_str()];
        parts.extend(self.path.iter().map(String::as_str));
        json_array(&parts)
    }
}

impl Column {
    /// The column's source path as its COMMENT holds it. System columns have none.
    #[must_use]
    pub fn comment(&self) -> Option<String> {
        self.source.comment()
    }
}

impl ColumnSource {
    /// The source path as a COMMENT holds it: a JSON array of the path's parts.
    #[must_use]
    pub fn comment(&self) -> Option<String> {
        match self {
            Self::Property(path) => Some(json_array(path)),
            Self::System(_) => None,
        }
    }
}

fn json_array<S: AsRef<str>>(parts: &[S]) -> String {
    let values = parts.iter().map(|part| walk::quoted(part.as_ref())).collect::<Vec<_>>();
    format!("[{}]", values.join(","))
}
