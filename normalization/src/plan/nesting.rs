//! Which tables and columns the properties of a stream become.

use crate::kind::{ColumnKind, ScalarColumn, ScalarKind};
use crate::limits::Limits;
use crate::plan::ScalarArrayStorage;
use crate::plan::{ArrayStorage, Member, Nested, NumberStorage, ObjectNode, ObjectStorage, Options, TableRole};
use crate::shape::{Property, Shape};

/// A typed table before it has names: its columns are the user's alone.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) role: TableRole,
    pub(super) path: Vec<String>,
    pub(super) columns: Vec<DraftColumn>,
}

/// A column before it has a name.
#[derive(Debug)]
pub(super) struct DraftColumn {
    pub(super) path: Vec<String>,
    pub(super) kind: ColumnKind,
}

/// The tables of one stream, the root first, parents before children, and how a record is walked into them.
pub(super) fn draft(properties: &[Property], options: &Options, limits: &Limits) -> (Vec<Draft>, ObjectNode) {
    let root = Draft { role: TableRole::Root, path: Vec::new(), columns: Vec::new() };
    let mut nesting = Nesting { options, limits, drafts: vec![root] };
    let node = nesting.open(properties, 0, &[], 0);
    (nesting.drafts, node)
}

/// The kind of the column that holds a value of this shape as a whole.
pub(super) fn column_kind(shape: &Shape, options: &Options, limits: &Limits) -> ColumnKind {
    match shape {
        Shape::Scalar(kind) => ColumnKind::Scalar(scalar_column(*kind, options, limits)),
        Shape::ScalarArray(kind) => match options.scalar_arrays {
            ScalarArrayStorage::Csv => ColumnKind::CsvArray,
            ScalarArrayStorage::Json => ColumnKind::JsonArray,
            ScalarArrayStorage::List => ColumnKind::List(scalar_column(*kind, options, limits)),
        },
        Shape::Object(_) | Shape::ObjectArray(_) | Shape::Json => ColumnKind::Json,
    }
}

fn scalar_column(kind: ScalarKind, options: &Options, limits: &Limits) -> ScalarColumn {
    match kind {
        ScalarKind::Boolean => ScalarColumn::Boolean,
        ScalarKind::Integer => ScalarColumn::Integer,
        ScalarKind::BigInteger if limits.has_numeric => ScalarColumn::NumericInteger,
        ScalarKind::BigInteger => ScalarColumn::HugeInteger,
        ScalarKind::Number => match options.number {
            NumberStorage::Native | NumberStorage::Decimal if limits.has_numeric => ScalarColumn::Numeric,
            NumberStorage::Native | NumberStorage::Double => ScalarColumn::Double,
            NumberStorage::Decimal => ScalarColumn::Decimal,
        },
        ScalarKind::Date => ScalarColumn::Date,
        ScalarKind::TimestampTz => ScalarColumn::TimestampTz,
        ScalarKind::Timestamp => ScalarColumn::Timestamp,
        ScalarKind::TimeTz => ScalarColumn::TimeTz,
        ScalarKind::Time => ScalarColumn::Time,
        ScalarKind::String => ScalarColumn::String,
    }
}

struct Nesting<'a> {
    options: &'a Options,
    limits: &'a Limits,
    drafts: Vec<Draft>,
}

impl Nesting<'_> {
    /// Opens an object: `prefix` is its path below the table's own object, `depth` the levels opened above it.
    fn open(&mut self, properties: &[Property], table: usize, prefix: &[String], depth: u32) -> ObjectNode {
        let members = properties
            .iter()
            .map(|property| {
                let path: Vec<String> = prefix.iter().chain([&property.name]).cloned().collect();
                let opened = self.options.max_depth.is_none_or(|deepest| depth < deepest);
                match &property.shape {
                    Shape::Object(inner) if opened && self.options.objects != ObjectStorage::Json => {
                        let column = self.keep_nested(table, &path);
                        let nested = if self.options.objects == ObjectStorage::Flatten {
                            Nested::Flattened(self.open(inner, table, &path, depth + 1))
                        } else {
                            let child = self.child(TableRole::ObjectChild(table), table, &path);
                            Nested::Object(child, self.open(inner, child, &[], depth + 1))
                        };
                        Member { name: property.name.clone(), column, nested: Some(nested) }
                    }
                    Shape::ObjectArray(inner) if opened && self.options.arrays == ArrayStorage::Table => {
                        let column = self.keep_nested(table, &path);
                        let child = self.child(TableRole::ArrayChild(table), table, &path);
                        let nested = Nested::Array(child, self.open(inner, child, &[], depth + 1));
                        Member { name: property.name.clone(), column, nested: Some(nested) }
                    }
                    shape => {
                        let kind = column_kind(shape, self.options, self.limits);
                        let column = Some(self.column(table, path, kind));
                        Member { name: property.name.clone(), column, nested: None }
                    }
                }
            })
            .collect();
        ObjectNode { members }
    }

    fn column(&mut self, table: usize, path: Vec<String>, kind: ColumnKind) -> usize {
        let columns = &mut self.drafts[table].columns;
        columns.push(DraftColumn { path, kind });
        columns.len() - 1
    }

    fn keep_nested(&mut self, table: usize, path: &[String]) -> Option<usize> {
        self.options.keep_nested_json.then(|| self.column(table, path.to_vec(), ColumnKind::Json))
    }

    fn child(&mut self, role: TableRole, parent: usize, path: &[String]) -> usize {
        let path = self.drafts[parent].path.iter().chain(path).cloned().collect();
        self.drafts.push(Draft { role, path, columns: Vec::new() });
        self.drafts.len() - 1
    }
}
