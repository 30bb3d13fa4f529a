//! Walks records by their schema and finds every value again in the tables.

use std::collections::{BTreeMap, HashMap};
use std::ops::AddAssign;

use serde_json::{Map, Value, json};

use super::schema::{Kind, Scalar, kind};
use super::value::{Expected, elements, expected, parse_csv, typed};
use crate::support::Table;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) streams: usize,
    pub(crate) records: usize,
    pub(crate) child_rows: usize,
    pub(crate) scalars: usize,
    pub(crate) nulled: usize,
    pub(crate) truncated: usize,
    pub(crate) states: usize,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.streams += other.streams;
        self.records += other.records;
        self.child_rows += other.child_rows;
        self.scalars += other.scalars;
        self.nulled += other.nulled;
        self.truncated += other.truncated;
        self.states += other.states;
    }
}

/// A value as text; `None` is NULL.
type Cell<'a> = Option<&'a str>;

/// The tables of one stream, found by the source paths in their comments, and what was found in them.
pub(crate) struct Counter<'a> {
    stream: &'a str,
    tables: HashMap<String, Rows<'a>>,
    /// The changes of the record at hand that no value has explained yet.
    changes: BTreeMap<String, String>,
    pub(crate) figures: Figures,
    pub(crate) problems: Vec<String>,
}

/// A table with ways to find columns and rows.
struct Rows<'a> {
    table: &'a Table,
    /// By source name.
    properties: HashMap<String, usize>,
    children: HashMap<&'a str, Vec<usize>>,
    visited: usize,
}

impl<'a> Counter<'a> {
    pub(crate) fn new(stream: &'a str, tables: &'a [Table]) -> Self {
        let ours = tables.iter().filter_map(|table| {
            let path: Vec<String> = serde_json::from_str(table.comment.as_ref()?).ok()?;
            (path[1] == stream).then(|| (path.join("\0"), Rows::new(table, path.len())))
        });
        let tables = ours.collect();
        Self { stream, tables, changes: BTreeMap::new(), figures: Figures::default(), problems: Vec::new() }
    }

    /// The raw table holds every record as it was sent, in order. Gives their ids.
    pub(crate) fn raw(&mut self, records: &[(&str, Value)]) -> Vec<&'a str> {
        let Some(raw) = self.tables.get(&format!("raw\0{}", self.stream)) else {
            self.problem("no raw table");
            return Vec::new();
        };
        let mut rows: Vec<(&'a str, &'a str)> = raw
            .table
            .rows
            .iter()
            .map(|row| (raw.cell(row, "_airbyte_ab_id"), raw.cell(row, "_airbyte_data")))
            .collect();
        rows.sort_unstable();
        if rows.len() != records.len() {
            self.problem(&format!("{} raw rows of {} records", rows.len(), records.len()));
            return Vec::new();
        }
        for ((id, data), (line, _)) in rows.iter().zip(records) {
            if !line.contains(data) {
                self.problem(&format!("raw {id} is not what was sent"));
            }
        }
        rows.into_iter().map(|(id, _)| id).collect()
    }

    /// The typed tables hold these records, and nothing else.
    pub(crate) fn typed(&mut self, schema: &Value, records: &[(&'a str, &Value)]) {
        let Kind::Object(properties) = kind(schema) else { return };
        let root = ["stream", self.stream].map(str::to_owned);
        let Some(rows) = self.tables.get(&root.join("\0")) else { return self.problem("no root table") };
        let by_id: HashMap<&str, usize> = rows.by_id();
        for (id, data) in records {
            let Some(&row) = by_id.get(id) else {
                self.problem(&format!("no row of record {id}: {data}"));
                continue;
            };
            self.read_changes(&root, row);
            self.object(&root, &properties, data.as_object(), row, "");
            let unexplained = std::mem::take(&mut self.changes);
            if !unexplained.is_empty() {
                self.problem(&format!("changes without a reason in {id}: {unexplained:?}"));
            }
        }
        self.figures.streams += 1;
        self.figures.records += records.len();
        let rows = self.tables.iter().filter(|(path, _)| path.starts_with("stream") || path.starts_with("child"));
        let counts: Vec<_> = rows.map(|(path, rows)| (path.clone(), rows.table.rows.len(), rows.visited)).collect();
        for (path, found, counted) in counts {
            if found != counted {
                self.problem(&format!("{found} rows in {path:?}, counted {counted}"));
            }
            self.figures.child_rows += if path.starts_with("child") { counted } else { 0 };
        }
    }

    fn read_changes(&mut self, root: &[String], row: usize) {
        let rows = &self.tables[&root.join("\0")];
        let meta: Value = serde_json::from_str(rows.cell(&rows.table.rows[row], "_airbyte_meta")).unwrap();
        for change in meta["changes"].as_array().unwrap() {
            let [field, what] = ["field", "change"].map(|key| change[key].as_str().unwrap().to_owned());
            if self.changes.insert(field.clone(), what).is_some() {
                self.problem(&format!("two changes at {field}"));
            }
        }
    }

    /// The row at `path` holds this object; `None` is a row of NULLs. `at` is where in the record we are.
    fn object(
        &mut self,
        path: &[String],
        properties: &Map<String, Value>,
        object: Option<&Map<String, Value>>,
        row: usize,
        at: &str,
    ) {
        self.tables.get_mut(&path.join("\0")).unwrap().visited += 1;
        for (name, schema) in properties {
            let value = object.and_then(|object| object.get(name)).filter(|value| !value.is_null());
            let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            match kind(schema) {
                Kind::Scalar(scalar) => self.scalar(path, row, name, scalar, value, &at),
                Kind::ScalarArray(_) => self.csv(path, row, name, value, &at),
                Kind::Json => self.json(path, row, name, value, &at),
                Kind::Object(properties) => self.child(path, row, name, &properties, value, &at),
                Kind::ObjectArray(properties) => self.children(path, row, name, &properties, value, &at),
            }
        }
    }

    fn scalar(&mut self, path: &[String], row: usize, name: &str, scalar: Scalar, sent: Option<&Value>, at: &str) {
        let Some(found) = self.property(path, row, name) else { return };
        let Some(sent) = sent else { return self.is_null(found, at) };
        self.figures.scalars += 1;
        match expected(scalar, sent) {
            Expected::Nothing => self.is_null(found, at),
            Expected::Nulled => self.nulled(found, at),
            Expected::Holds(value) => {
                if matches!(scalar, Scalar::Number) && self.changes.get(at).is_some_and(|what| what == "TRUNCATED") {
                    self.changes.remove(at);
                    self.figures.truncated += 1;
                }
                if found.and_then(|text| typed(scalar, text)) != Some(value) {
                    self.problem(&format!("{at}: sent {sent}, found {found:?}"));
                }
            }
        }
    }

    fn csv(&mut self, path: &[String], row: usize, name: &str, sent: Option<&Value>, at: &str) {
        let Some(found) = self.property(path, row, name) else { return };
        let Some(sent) = sent else { return self.is_null(found, at) };
        self.figures.scalars += 1;
        let Some(elements) = elements(sent) else { return self.nulled(found, at) };
        let is_empty = elements.is_empty() && found == Some("");
        if !is_empty && found.map(parse_csv) != Some(elements) {
            self.problem(&format!("{at}: sent {sent}, found {found:?}"));
        }
    }

    fn json(&mut self, path: &[String], row: usize, name: &str, sent: Option<&Value>, at: &str) {
        let Some(found) = self.property(path, row, name) else { return };
        let Some(sent) = sent else { return self.is_null(found, at) };
        self.figures.scalars += 1;
        if found.and_then(|text| serde_json::from_str(text).ok()).as_ref() != Some(sent) {
            self.problem(&format!("{at}: sent {sent}, found {found:?}"));
        }
    }

    fn child(
        &mut self,
        path: &[String],
        row: usize,
        name: &str,
        properties: &Map<String, Value>,
        sent: Option<&Value>,
        at: &str,
    ) {
        let Some((path, rows)) = self.rows_below(path, row, name, at) else { return };
        match (sent, rows.as_slice()) {
            (None, []) => {}
            (Some(Value::Object(object)), [row]) => self.object(&path, properties, Some(object), *row, at),
            (Some(value), []) if !value.is_object() => self.nulled(None, at),
            (sent, rows) => self.problem(&format!("{at}: {} rows of {sent:?}", rows.len())),
        }
    }

    fn children(
        &mut self,
        path: &[String],
        row: usize,
        name: &str,
        properties: &Map<String, Value>,
        sent: Option<&Value>,
        at: &str,
    ) {
        let Some((path, mut rows)) = self.rows_below(path, row, name, at) else { return };
        let elements = match sent {
            None => &Vec::new(),
            Some(Value::Array(elements)) => elements,
            Some(_) => {
                self.nulled(None, at);
                &Vec::new()
            }
        };
        let table = &self.tables[&path.join("\0")];
        rows.sort_by_key(|row| table.cell(&table.table.rows[*row], "_airbyte_position").parse::<usize>().unwrap());
        let positions = rows.iter().map(|row| table.cell(&table.table.rows[*row], "_airbyte_position"));
        if !positions.eq((0..elements.len()).map(|position| position.to_string())) {
            return self.problem(&format!(
                "{at}: {} rows of {} elements, or not at their positions",
                rows.len(),
                elements.len()
            ));
        }
        for (position, (element, row)) in elements.iter().zip(rows).enumerate() {
            let at = format!("{at}[{position}]");
            if !element.is_object() && !element.is_null() {
                self.nulled(None, &at);
            }
            self.object(&path, properties, element.as_object(), row, &at);
        }
    }

    /// The path of the child table and its rows of this parent, which carry the record's id.
    fn rows_below(&mut self, path: &[String], row: usize, name: &str, at: &str) -> Option<(Vec<String>, Vec<usize>)> {
        let parent = &self.tables[&path.join("\0")];
        let parent_row = &parent.table.rows[row];
        let id = parent.cell(parent_row, "_airbyte_ab_id");
        let hash = parent_row[parent.table.hash_ids()[0]].as_deref().unwrap();
        let below: Vec<String> = ["child"]
            .into_iter()
            .chain(path[1..].iter().map(String::as_str))
            .chain([name])
            .map(str::to_owned)
            .collect();
        let Some(child) = self.tables.get(&below.join("\0")) else {
            self.problem(&format!("{at}: no child table"));
            return None;
        };
        let rows = child.children.get(hash).cloned().unwrap_or_default();
        if rows.iter().any(|row| child.cell(&child.table.rows[*row], "_airbyte_ab_id") != id) {
            self.problem(&format!("{at}: a child with the id of another record"));
        }
        Some((below, rows))
    }

    /// What the property's column holds, if there is such a column.
    fn property(&mut self, path: &[String], row: usize, name: &str) -> Option<Cell<'a>> {
        let rows = &self.tables[&path.join("\0")];
        let Some(&index) = rows.properties.get(name) else {
            self.problem(&format!("no column of {name:?} in {path:?}"));
            return None;
        };
        Some(rows.table.rows[row][index].as_deref())
    }

    fn is_null(&mut self, found: Option<&str>, at: &str) {
        if found.is_some() {
            self.problem(&format!("{at}: nothing was sent, found {found:?}"));
        }
    }

    fn nulled(&mut self, found: Option<&str>, at: &str) {
        self.is_null(found, at);
        match self.changes.remove(at).as_deref() {
            Some("NULLED") => self.figures.nulled += 1,
            other => self.problem(&format!("{at}: to be NULLED, the change is {other:?}")),
        }
    }

    fn problem(&mut self, what: &str) {
        self.problems.push(format!("{}: {what}", self.stream));
    }
}

impl<'a> Rows<'a> {
    fn new(table: &'a Table, path_length: usize) -> Self {
        let properties = table.columns.iter().enumerate().filter_map(|(index, column)| {
            let path: Vec<String> = serde_json::from_str(column.comment.as_ref()?).ok()?;
            Some((path.into_iter().next()?, index))
        });
        let properties = properties.collect();
        let mut rows = Self { table, properties, children: HashMap::new(), visited: 0 };
        if path_length > 2 {
            let parent = table.hash_ids()[1];
            for (index, row) in table.rows.iter().enumerate() {
                rows.children.entry(row[parent].as_deref().unwrap()).or_default().push(index);
            }
        }
        rows
    }

    fn by_id(&self) -> HashMap<&'a str, usize> {
        let rows = self.table.rows.iter().enumerate();
        rows.map(|(index, row)| (self.cell(row, "_airbyte_ab_id"), index)).collect()
    }

    /// A system column's value, which is never NULL.
    fn cell(&self, row: &'a [Option<String>], column: &str) -> &'a str {
        let index = self.table.columns.iter().position(|candidate| candidate.name == column).unwrap();
        row[index].as_deref().unwrap()
    }
}

/// The name of a record's stream and its data.
pub(crate) fn record(line: &str) -> Option<(String, Value)> {
    let mut message: Value = serde_json::from_str(line).unwrap();
    (message["type"] == json!("RECORD"))
        .then(|| (message["record"]["stream"].as_str().unwrap().to_owned(), message["record"]["data"].take()))
}

impl std::fmt::Display for Figures {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} streams, {} records, {} child rows, {} values compared, {} changes ({} NULLED, {} TRUNCATED), {} states",
            self.streams,
            self.records,
            self.child_rows,
            self.scalars,
            self.nulled + self.truncated,
            self.nulled,
            self.truncated,
            self.states
        )
    }
}
