//! The rows and changes of one record, by the plainest walk over its plan.

use std::collections::BTreeMap;

use alluvium_normalization::cast::{self, Change, Value};
use alluvium_normalization::kind::{ColumnKind, ScalarColumn};
use alluvium_normalization::limits::Limits;
use alluvium_normalization::plan::{Nested, ObjectNode, StreamPlan};
use serde_json::value::RawValue;

/// The values of each column, as text.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

pub(crate) struct Walked<'a> {
    pub(crate) record: &'a str,
    /// A list for each typed table.
    pub(crate) rows: Vec<Rows>,
    /// Undeclared members of each row of each typed table.
    pub(crate) undeclared: Vec<Vec<Undeclared>>,
    /// Path, and reason with change.
    pub(crate) changes: Vec<(String, String)>,
}

/// Their texts by what the name begins with, where an object is flattened, and the name.
pub(crate) type Undeclared = BTreeMap<(String, String), String>;

struct Walk<'p> {
    plan: &'p StreamPlan,
    limits: &'p Limits,
    rows: Vec<Rows>,
    undeclared: Vec<Vec<Undeclared>>,
    changes: Vec<(String, String)>,
}

/// A row that is being filled.
struct Row {
    table: usize,
    values: Vec<Option<String>>,
    undeclared: Undeclared,
}

type Members<'a> = BTreeMap<String, &'a RawValue>;

impl<'a> Walked<'a> {
    /// `None` where a key is no Unicode text, which this walk can't read.
    pub(crate) fn of(plan: &StreamPlan, limits: &Limits, record: &'a str) -> Option<Self> {
        let tables = plan.tables.len();
        let (rows, undeclared) = (vec![Rows::new(); tables], vec![Vec::new(); tables]);
        let mut walk = Walk { plan, limits, rows, undeclared, changes: Vec::new() };
        if !plan.tables.is_empty() {
            walk.row(&plan.root, 0, record, "")?;
        }
        Some(Self { record, rows: walk.rows, undeclared: walk.undeclared, changes: walk.changes })
    }
}

impl Walk<'_> {
    fn row(&mut self, node: &ObjectNode, table: usize, object: &str, at: &str) -> Option<()> {
        let values = vec![None; self.plan.tables[table].columns.len()];
        let mut row = Row { table, values, undeclared: Undeclared::new() };
        self.fill(node, &mut row, object, at, "")?;
        self.rows[table].push(row.values);
        self.undeclared[table].push(row.undeclared);
        Some(())
    }

    /// `flat`: what names of a flattened object begin with.
    fn fill(&mut self, node: &ObjectNode, row: &mut Row, object: &str, at: &str, flat: &str) -> Option<()> {
        let members: Members<'_> = serde_json::from_str(object).ok()?;
        for (name, value) in &members {
            if node.members.iter().all(|member| member.name != *name) {
                row.undeclared.insert((flat.to_owned(), name.clone()), value.get().to_owned());
            }
        }
        for member in &node.members {
            let json = members.get(&member.name).map(|raw| raw.get()).filter(|json| *json != "null");
            let at = if at.is_empty() { member.name.clone() } else { format!("{at}.{}", member.name) };
            if let (Some(column), Some(json)) = (member.column, json) {
                row.values[column] = self.cast(self.plan.tables[row.table].columns[column].kind, json, &at);
            }
            let Some(nested) = &member.nested else { continue };
            let wanted = if matches!(nested, Nested::Array(..)) { '[' } else { '{' };
            let inside = json.filter(|json| json.starts_with(wanted));
            if json.is_some() && inside.is_none() {
                self.change(&at, Change::WrongForm);
            }
            match (nested, inside) {
                (Nested::Flattened(node), object) => {
                    self.fill(node, row, object.unwrap_or("{}"), &at, &format!("{flat}{}.", member.name))?;
                }
                (_, None) => {}
                (Nested::Object(table, node), Some(object)) => self.row(node, *table, object, &at)?,
                (Nested::Array(table, node), Some(array)) => {
                    let elements: Vec<&RawValue> = serde_json::from_str(array).ok()?;
                    for (position, element) in elements.iter().enumerate() {
                        let at = format!("{at}[{position}]");
                        let object = Some(element.get()).filter(|element| element.starts_with('{'));
                        if object.is_none() && element.get() != "null" {
                            self.change(&at, Change::WrongForm);
                        }
                        self.row(node, *table, object.unwrap_or("{}"), &at)?;
                    }
                }
            }
        }
        Some(())
    }

    fn change(&mut self, at: &str, change: Change) {
        let words = match change {
            Change::WrongForm => "DESTINATION_TYPECAST_ERRORNULLED",
            Change::OutOfRange => "DESTINATION_FIELD_SIZE_LIMITATIONNULLED",
            Change::Truncated => "DESTINATION_FIELD_SIZE_LIMITATIONTRUNCATED",
        };
        // what a record holds that is no Unicode is no Unicode in a path either
        self.changes.push((at.to_owned(), words.to_owned()));
    }

    fn cast(&mut self, kind: ColumnKind, json: &str, at: &str) -> Option<String> {
        let mut scratch = String::new();
        let (value, change) = match kind {
            ColumnKind::Scalar(scalar) => cast::scalar(scalar, json, self.limits),
            ColumnKind::CsvArray => cast::csv(json, self.limits, &mut scratch),
            ColumnKind::JsonArray => cast::json_array(json, self.limits),
            ColumnKind::List(scalar) => return self.list(scalar, json, at),
            ColumnKind::Json | ColumnKind::Document => cast::json_text(json, self.limits),
            ColumnKind::Uuid => unreachable!(),
        };
        if let Some(change) = change {
            self.change(at, change);
        }
        plainly(kind, json, &value);
        shown(value)
    }

    fn list(&mut self, kind: ScalarColumn, json: &str, at: &str) -> Option<String> {
        if json.starts_with('{') {
            self.change(at, Change::WrongForm);
            return None;
        }
        let lone: &RawValue = serde_json::from_str(json).unwrap();
        let elements: Vec<&RawValue> =
            if json.starts_with('[') { serde_json::from_str(json).unwrap() } else { vec![lone] };
        let mut texts = Vec::new();
        for (position, element) in elements.iter().enumerate() {
            let at = format!("{at}[{position}]");
            texts.push(self.cast(ColumnKind::Scalar(kind), element.get(), &at));
        }
        Some(format!("{texts:?}"))
    }
}

/// What needs no cast to be told: a value of the column's own kind is that value.
fn plainly(kind: ColumnKind, json: &str, value: &Value<'_>) {
    let Ok(sent) = serde_json::from_str::<serde_json::Value>(json) else { return };
    let has_nul = json.contains("\\u0000");
    match (kind, sent) {
        (ColumnKind::Scalar(ScalarColumn::Boolean), serde_json::Value::Bool(sent)) => {
            assert_eq!(*value, Value::Boolean(sent));
        }
        (ColumnKind::Scalar(ScalarColumn::Integer), serde_json::Value::Number(sent)) if sent.is_i64() => {
            assert_eq!(*value, Value::Integer(sent.as_i64().unwrap()));
        }
        (ColumnKind::Scalar(ScalarColumn::String), serde_json::Value::String(sent)) if !has_nul => {
            assert_eq!(*value, Value::Text(sent.into()));
        }
        (ColumnKind::Json, sent) if !has_nul => {
            if let Value::Text(held) = value {
                assert_eq!(serde_json::from_str::<serde_json::Value>(held).unwrap(), sent);
            }
        }
        _ => {}
    }
}

fn shown(value: Value<'_>) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) | Value::Micros(value) => value.to_string(),
        Value::Double(value) => value.to_bits().to_string(),
        Value::Decimal(value) => value.to_string(),
        Value::Days(value) => value.to_string(),
        Value::Text(text) => text.into_owned(),
    })
}
