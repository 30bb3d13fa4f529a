//! The walk over a record: each declared member to its column, nested objects and arrays to rows of child tables.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::cast::{self, Change, Value};
use crate::columns::SystemColumn;
use crate::kind::ColumnKind;
use crate::limits::Limits;
use crate::names::told;
use crate::shred::builder::Builder;
use crate::shred::changes::{Changes, Counts, Step};
use crate::shred::identity::{KeyHash, row_id};
use crate::shred::layout::{Inside, Layout, Located, NodeId};
use crate::shred::rows::Rows;
use crate::shred::{Record, ShredError, Sink, Slot};
use crate::walk::{self, Containers, JsonType, Place, Span};

/// The builders and buffers that a walk fills.
#[derive(Debug)]
pub(super) struct Walker {
    tables: Vec<Rows>,
    limits: Limits,
    /// Those of the record that is being walked.
    containers: Containers,
    /// A buffer a node: the values of its members in the object that is being walked.
    cells: Vec<Vec<Span>>,
    /// Of each node: the field that came first, and the one that came behind each field; at first, as they are declared.
    followers: Vec<Vec<usize>>,
    /// A buffer a table: undeclared members of the row that is being filled, prefix and key apart.
    additional: Vec<Vec<(NodeId, Span, Span)>>,
    steps: Vec<Step>,
    changes: Changes,
    scratch: String,
    counts: Counts,
    seen_undeclared: HashSet<u64>,
}

/// What all rows of one record share.
#[derive(Clone, Copy)]
struct Context<'a> {
    layout: &'a Layout,
    record: &'a Record<'a>,
    normalized_at: i64,
}

/// What tells one row of a table from the others.
#[derive(Clone, Copy)]
struct RowIdentity {
    id: u128,
    parent: u128,
    position: Option<u64>,
}

impl Walker {
    pub(super) fn new(layout: &Layout, tables: Vec<Rows>, limits: Limits) -> Self {
        Self {
            limits,
            containers: Containers::default(),
            cells: vec![Vec::new(); layout.nodes.len()],
            followers: layout.nodes.iter().map(|node| (0..=node.fields.len()).collect()).collect(),
            additional: vec![Vec::new(); tables.len()],
            tables,
            steps: Vec::new(),
            changes: Changes::default(),
            scratch: String::new(),
            counts: Counts::default(),
            seen_undeclared: HashSet::default(),
        }
    }

    /// Types one record.
    pub(super) fn walk(
        &mut self,
        layout: &Layout,
        record: &Record<'_>,
        normalized_at: i64,
        sink: &mut impl Sink,
    ) -> Result<(), ShredError> {
        let Some(&seed) = layout.seeds.first() else { return Ok(()) };
        self.changes.clear();
        let context = Context { layout, record, normalized_at };
        let identity = RowIdentity { id: row_id(seed, record.id, None), parent: 0, position: None };
        let members = self.containers.begin(record.data);
        let mut bytes = self.fill(context, layout.root, 0, Some(members), identity.id, sink)?;
        bytes += self.fill_system(context, 0, identity);
        self.end_row(0, bytes, sink)
    }

    pub(super) fn flush(&mut self, sink: &mut impl Sink) -> Result<(), ShredError> {
        self.tables.iter_mut().enumerate().try_for_each(|(index, rows)| rows.give(Slot::Table(index), sink))
    }

    pub(super) fn take_counts(&mut self) -> Counts {
        let mut counts = std::mem::take(&mut self.counts);
        counts.rows = self.tables.iter_mut().map(Rows::take_row_count).collect();
        counts
    }

    /// Fills the user's columns of one row from an object, of which it is given where the members begin, and the rows below
    /// it. Returns the bytes that it took.
    fn fill(
        &mut self,
        context: Context<'_>,
        node_id: NodeId,
        table: usize,
        members: Option<Place>,
        id: u128,
        sink: &mut impl Sink,
    ) -> Result<usize, ShredError> {
        let Context { layout, record, .. } = context;
        let node = &layout.nodes[node_id];
        let cells = self.locate(context, node_id, table, members);
        let mut bytes = 0;
        for (index, field) in node.fields.iter().enumerate() {
            let json = value(cells[index], record.data);
            if let Some(column) = field.column {
                bytes += self.put(context, (node_id, index), table, column, json);
            }
            let Some(inside) = field.inside else { continue };
            let kind = json.map(walk::kind_of);
            let is_wrong = match inside {
                Inside::Flattened(_) | Inside::Object { .. } => kind.is_some_and(|kind| kind != JsonType::Object),
                Inside::Array { .. } => kind.is_some_and(|kind| kind != JsonType::Array),
            };
            self.steps.push(Step::Field(node_id, index));
            if is_wrong {
                self.change(layout, None, Change::WrongForm);
            }
            let opened = json.filter(|_| !is_wrong).map(|_| Containers::inside(cells[index]));
            match (inside, opened) {
                (Inside::Flattened(inner), members) => {
                    bytes += self.fill(context, inner, table, members, id, sink)?;
                }
                (Inside::Object { table, node }, Some(members)) => {
                    self.child(context, (node, table), Some(members), id, None, sink)?;
                }
                (Inside::Array { table, node }, Some(mut place)) => {
                    let mut position = 0;
                    while let Some(element) = self.containers.next_element(record.data, &mut place) {
                        self.steps.push(Step::Element(position));
                        let members = match walk::kind_of(element.text(record.data)) {
                            JsonType::Object => Some(Containers::inside(element)),
                            JsonType::Null => None,
                            _ => {
                                self.change(layout, None, Change::WrongForm);
                                None
                            }
                        };
                        self.child(context, (node, table), members, id, Some(position), sink)?;
                        self.steps.pop();
                        position += 1;
                    }
                }
                (Inside::Object { .. } | Inside::Array { .. }, None) => {}
            }
            self.steps.pop();
        }
        self.cells[node_id] = cells;
        Ok(bytes)
    }

    fn child(
        &mut self,
        context: Context<'_>,
        (node, table): (NodeId, usize),
        members: Option<Place>,
        parent: u128,
        position: Option<u64>,
        sink: &mut impl Sink,
    ) -> Result<(), ShredError> {
        let id = row_id(context.layout.seeds[table], parent, position);
        let mut bytes = self.fill(context, node, table, members, id, sink)?;
        bytes += self.fill_system(context, table, RowIdentity { id, parent, position });
        self.end_row(table, bytes, sink)
    }

    fn end_row(&mut self, table: usize, bytes: usize, sink: &mut impl Sink) -> Result<(), ShredError> {
        let rows = &mut self.tables[table];
        rows.end_row(bytes);
        rows.give_when_full(Slot::Table(table), sink)
    }

    /// Finds the values of the declared members; of duplicate keys the last wins.
    fn locate(&mut self, context: Context<'_>, node_id: NodeId, table: usize, mut members: Option<Place>) -> Vec<Span> {
        let node = &context.layout.nodes[node_id];
        let data = context.record.data;
        let mut cells = std::mem::take(&mut self.cells[node_id]);
        cells.clear();
        cells.resize(node.fields.len(), Span::EMPTY);
        let mut followers = std::mem::take(&mut self.followers[node_id]);
        // the place of the field before in `followers`
        let mut before = 0;
        while let Some(place) = members.as_mut() {
            // records of a stream tend to repeat their order
            let guess = followers[before];
            let beginning = node.beginning(guess);
            if let Some(value) = beginning.and_then(|beginning| self.containers.value_of(data, place, beginning)) {
                cells[guess] = value;
                before = guess + 1;
                continue;
            }
            let Some((key, value)) = self.containers.next_member(data, place) else { break };
            match node.find(key.text(data)) {
                Some(field) => {
                    followers[before] = field;
                    cells[field] = value;
                    before = field + 1;
                }
                None => self.undeclared(context, (node_id, table), key, value),
            }
        }
        self.followers[node_id] = followers;
        cells
    }

    #[inline]
    fn put(
        &mut self,
        context: Context<'_>,
        (node, field): (NodeId, usize),
        table: usize,
        column: usize,
        json: Option<&str>,
    ) -> usize {
        let builder = &mut self.tables[table].builders[column];
        let Some(json) = json else {
            builder.push_null();
            return 0;
        };
        let kind = context.layout.kinds[table][column];
        let (bytes, change) = match (kind, builder) {
            (ColumnKind::Scalar(scalar), builder) => {
                let (value, change) = cast::scalar(scalar, json, &self.limits);
                (builder.push(&value), change)
            }
            (ColumnKind::List(_), Builder::List(_)) => {
                return self.put_list(context, (node, field), table, column, json);
            }
            (kind, builder) => {
                let (value, change) = cast_text(kind, json, &self.limits, &mut self.scratch);
                (builder.push(&value), change)
            }
        };
        if let Some(change) = change {
            self.change(context.layout, Some((node, field)), change);
        }
        bytes
    }

    fn put_list(
        &mut self,
        context: Context<'_>,
        (node, field): (NodeId, usize),
        table: usize,
        column: usize,
        json: &str,
    ) -> usize {
        let (elements, mut change) = cast::elements_of(json);
        let mut bytes = 0;
        let mut changes = Vec::new();
        if let Builder::List(list) = &mut self.tables[table].builders[column] {
            let mut is_valid = elements.is_some();
            for (element, position) in elements.into_iter().flatten().zip(0..) {
                let (value, cost) = cast::scalar(list.kind, element, &self.limits);
                bytes += list.push(&value);
                changes.extend(cost.map(|cost| (position, cost)));
                // a short text may stand for a number of many digits
                if bytes > self.limits.field_bytes {
                    (is_valid, change) = (false, Some(Change::OutOfRange));
                    changes.clear();
                    break;
                }
            }
            list.end(is_valid);
        }
        if let Some(change) = change {
            self.change(context.layout, Some((node, field)), change);
        }
        for (position, change) in changes {
            self.steps.extend([Step::Field(node, field), Step::Element(position)]);
            self.change(context.layout, None, change);
            self.steps.truncate(self.steps.len() - 2);
        }
        bytes
    }

    fn fill_system(&mut self, context: Context<'_>, table: usize, identity: RowIdentity) -> usize {
        let Context { layout, record, normalized_at } = context;
        let mut bytes = 0;
        for place in 0..self.tables[table].system.len() {
            let (column, index) = self.tables[table].system[place];
            match column {
                SystemColumn::UniqueKey => {
                    let key = self.unique_key(layout, record.data);
                    self.tables[table].builders[index].push_uuid(key);
                    continue;
                }
                SystemColumn::Cursor => {
                    bytes += self.put_cursor(layout, record.data, table, index);
                    continue;
                }
                SystemColumn::AdditionalProperties => {
                    bytes += self.put_additional(context, table, index);
                    continue;
                }
                _ => {}
            }
            let builder = &mut self.tables[table].builders[index];
            match column {
                SystemColumn::AbId => builder.push_uuid(record.id),
                SystemColumn::HashId => builder.push_uuid(identity.id),
                SystemColumn::ParentHashId => builder.push_uuid(identity.parent),
                SystemColumn::EmittedAt => bytes += builder.push(&Value::Micros(record.emitted_at)),
                SystemColumn::NormalizedAt => bytes += builder.push(&Value::Micros(normalized_at)),
                SystemColumn::GenerationId => bytes += builder.push(&Value::Integer(layout.generation_id)),
                SystemColumn::Meta => bytes += builder.push_text(&layout.meta(record.changes, &self.changes)),
                SystemColumn::Position => {
                    let position = identity.position.and_then(|position| i64::try_from(position).ok());
                    bytes += builder.push(&position.map_or(Value::Null, Value::Integer));
                }
                _ => builder.push_null(),
            }
        }
        bytes
    }

    fn unique_key(&mut self, layout: &Layout, data: &str) -> u128 {
        let mut hash = KeyHash::default();
        for part in &layout.key {
            let Some(json) = find(data, &part.path).filter(|json| *json != "null") else {
                hash.add_null();
                continue;
            };
            match part.kind {
                ColumnKind::Scalar(scalar) => match cast::scalar(scalar, json, &self.limits) {
                    (Value::Null, Some(_)) => hash.add_unheld(json),
                    (value, _) => hash.add_value(scalar, &value),
                },
                kind => match cast_text(kind, json, &self.limits, &mut self.scratch) {
                    (Value::Text(text), _) => hash.add_text(kind, &text),
                    _ => hash.add_unheld(json),
                },
            }
        }
        hash.finish()
    }

    fn put_cursor(&mut self, layout: &Layout, data: &str, table: usize, index: usize) -> usize {
        let builder = &mut self.tables[table].builders[index];
        let located = layout.cursor.as_ref().and_then(|Located { path, kind }| Some((find(data, path)?, *kind)));
        match located {
            Some((json, ColumnKind::Scalar(scalar))) => builder.push(&cast::scalar(scalar, json, &self.limits).0),
            Some((json, kind)) => builder.push(&cast_text(kind, json, &self.limits, &mut self.scratch).0),
            None => builder.push(&Value::Null),
        }
    }

    fn undeclared(&mut self, context: Context<'_>, (node, table): (NodeId, usize), key: Span, value: Span) {
        if context.layout.keeps_additional {
            self.additional[table].push((node, key, value));
        }
        let key = key.text(context.record.data);
        let is_new = self.seen_undeclared.len() < Counts::MOST_UNDECLARED
            && self.seen_undeclared.insert(xxh3_64_with_seed(key.as_bytes(), node as u64));
        if is_new {
            // positions would make every element's properties different ones
            let names: Vec<Step> = self.steps.iter().filter(|step| matches!(step, Step::Field(..))).copied().collect();
            let path = context.layout.path(&names, Some(&told(&cast::key(key))));
            self.counts.undeclared.insert(told(&path).into_owned());
        }
    }

    fn put_additional(&mut self, context: Context<'_>, table: usize, index: usize) -> usize {
        let data = context.record.data;
        let members = std::mem::take(&mut self.additional[table]);
        let builder = &mut self.tables[table].builders[index];
        if members.is_empty() {
            builder.push_null();
            return 0;
        }
        let text = |span: Span| span.text(data);
        let mut last = HashMap::new();
        for (place, (node, key, _)) in members.iter().enumerate() {
            last.insert((*node, cast::key(text(*key))), place);
        }
        let mut json = String::from("{");
        for (place, (node, key, value)) in members.iter().enumerate() {
            if last.get(&(*node, cast::key(text(*key)))) != Some(&place) {
                continue;
            }
            if json.len() > 1 {
                json.push(',');
            }
            let prefix = &context.layout.nodes[*node].flattened_prefix;
            json.extend(["\"", prefix, text(*key), "\":", text(*value)]);
        }
        json.push('}');
        let (value, change) = cast::json_text(&json, &self.limits);
        let bytes = builder.push(&value);
        if let Some(change) = change {
            self.change_at(context.layout, SystemColumn::AdditionalProperties.fixed_name(), change);
        }
        bytes
    }

    fn change(&mut self, layout: &Layout, field: Option<(NodeId, usize)>, change: Change) {
        let last = field.map(|(node, field)| layout.nodes[node].fields[field].name.as_str());
        self.change_at(layout, last, change);
    }

    #[cold]
    fn change_at(&mut self, layout: &Layout, last: Option<&str>, change: Change) {
        match change {
            Change::WrongForm | Change::OutOfRange => self.counts.nulled += 1,
            Change::Truncated => self.counts.truncated += 1,
        }
        self.changes.push(|| layout.path(&self.steps, last), change);
    }
}

/// A member's text; `None` when it is missing or JSON null.
fn value(span: Span, record: &str) -> Option<&str> {
    Some(span.text(record)).filter(|text| !text.is_empty() && *text != "null")
}

/// Casts to the kinds that are stored as text made of a whole JSON value.
fn cast_text<'a>(kind: ColumnKind, json: &'a str, limits: &Limits, scratch: &'a mut String) -> cast::Cast<'a> {
    match kind {
        ColumnKind::CsvArray => cast::csv(json, limits, scratch),
        ColumnKind::JsonArray => cast::json_array(json, limits),
        _ => cast::json_text(json, limits),
    }
}

/// The value at a path through objects; of duplicate keys the last wins.
fn find<'a>(json: &'a str, path: &[String]) -> Option<&'a str> {
    path.iter().try_fold(json, |json, name| {
        walk::members(json).filter(|(key, _)| cast::key(key) == name.as_str()).last().map(|(_, value)| value)
    })
}
