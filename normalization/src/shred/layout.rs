//! The plan's tree, laid out for looking members up.

use std::borrow::Cow;
use std::collections::HashMap;

use ahash::RandomState;

use crate::cast;
use crate::kind::ColumnKind;
use crate::plan::{ColumnSource, Nested, ObjectNode, StreamPlan};
use crate::shred::Origin;
use crate::shred::identity::table_seed;
use crate::walk;

/// Index of a node in [`Layout::nodes`].
pub(super) type NodeId = usize;

/// Everything about a stream that the walk reads and does not change.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) nodes: Vec<Node>,
    pub(super) root: NodeId,
    /// Seed of the row ids of each typed table.
    pub(super) seeds: Vec<u64>,
    /// Kind of each column of each typed table.
    pub(super) kinds: Vec<Vec<ColumnKind>>,
    pub(super) key: Vec<Located>,
    pub(super) cursor: Option<Located>,
    pub(super) keeps_additional: bool,
    pub(super) generation_id: i64,
    /// `{"sync_id":…,"changes":[`
    pub(super) meta_head: String,
    /// The whole text where nothing changed.
    pub(super) meta_without_changes: String,
}

/// A value somewhere in a record: a key part or a nested cursor.
#[derive(Debug)]
pub(super) struct Located {
    pub(super) path: Vec<String>,
    pub(super) kind: ColumnKind,
}

/// One object's declared members.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) fields: Vec<Field>,
    /// Keyed, as every map of names is: who makes names up must not be able to make them collide.
    by_name: HashMap<String, usize, RandomState>,
    /// JSON-escaped path of a flattened object below its table's own object, each part followed by a dot.
    pub(super) flattened_prefix: String,
}

/// One declared member.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    /// How a member of this name begins, its key in quotes and the colon; nothing where the key needs escapes.
    pub(super) beginning: Option<String>,
    pub(super) column: Option<usize>,
    pub(super) inside: Option<Inside>,
}

/// Where the inside of an opened member goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Inside {
    Flattened(NodeId),
    Object { table: usize, node: NodeId },
    Array { table: usize, node: NodeId },
}

impl Layout {
    pub(super) fn new(plan: &StreamPlan) -> Self {
        let mut nodes = Vec::new();
        let root = add_node(&mut nodes, &plan.root, String::new());
        let key = plan.dedup.iter().flat_map(|dedup| &dedup.key);
        let cursor = plan.dedup.as_ref().and_then(|dedup| dedup.cursor.as_ref());
        let additional = ColumnSource::System(crate::columns::SystemColumn::AdditionalProperties);
        let mut layout = Self {
            root,
            nodes,
            seeds: plan.tables.iter().map(|table| table_seed(&table.path)).collect(),
            kinds: plan.tables.iter().map(|t| t.columns.iter().map(|column| column.kind).collect()).collect(),
            key: key.map(|part| Located { path: part.path.clone(), kind: part.kind }).collect(),
            cursor: cursor
                .filter(|cursor| cursor.column.is_none())
                .map(|cursor| Located { path: cursor.path.clone(), kind: cursor.kind }),
            keeps_additional: plan.tables.iter().flat_map(|table| &table.columns).any(|c| c.source == additional),
            generation_id: 0,
            meta_without_changes: String::new(),
            meta_head: String::new(),
        };
        layout.set_origin(Origin { sync_id: plan.sync_id, generation_id: plan.generation_id });
        layout
    }

    pub(super) fn set_origin(&mut self, origin: Origin) {
        let sync_id = origin.sync_id.map_or_else(|| "null".to_owned(), |id| id.to_string());
        self.generation_id = origin.generation_id;
        self.meta_head = format!("{{\"sync_id\":{sync_id},\"changes\":[");
        self.meta_without_changes = format!("{}]}}", self.meta_head);
    }
}

fn add_node(nodes: &mut Vec<Node>, node: &ObjectNode, flattened_prefix: String) -> NodeId {
    let fields: Vec<Field> = node
        .members
        .iter()
        .map(|member| Field {
            beginning: Some(walk::quoted(&member.name))
                .filter(|quoted| walk::string_inner(quoted) == Some(&member.name))
                .map(|quoted| quoted + ":"),
            name: member.name.clone(),
            column: member.column,
            inside: member.nested.as_ref().map(|nested| match nested {
                Nested::Flattened(inner) => {
                    let escaped = walk::quoted(&member.name);
                    let inner_text = walk::string_inner(&escaped).unwrap_or_default();
                    let prefix = format!("{flattened_prefix}{inner_text}.");
                    Inside::Flattened(add_node(nodes, inner, prefix))
                }
                Nested::Object(table, inner) => {
                    Inside::Object { table: *table, node: add_node(nodes, inner, String::new()) }
                }
                Nested::Array(table, inner) => {
                    Inside::Array { table: *table, node: add_node(nodes, inner, String::new()) }
                }
            }),
        })
        .collect();
    let by_name = fields.iter().enumerate().map(|(index, field)| (field.name.clone(), index)).collect();
    nodes.push(Node { fields, by_name, flattened_prefix });
    nodes.len() - 1
}

impl Node {
    /// How a member of a field most likely begins, see [`Field::beginning`].
    #[inline]
    pub(super) fn beginning(&self, field: usize) -> Option<&str> {
        self.fields.get(field)?.beginning.as_deref()
    }

    /// The field of a key as sent.
    pub(super) fn find(&self, key: &str) -> Option<usize> {
        match cast::key(key) {
            Cow::Borrowed(key) => self.by_name.get(key).copied(),
            Cow::Owned(key) => self.by_name.get(&key).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ObjectNode, add_node};

    #[test]
    fn which_names_collide_is_nothing_that_can_be_known_before() {
        let mut nodes = Vec::new();
        let made = [(); 2].map(|()| add_node(&mut nodes, &ObjectNode::default(), String::new()));
        let [one, other] = made.map(|node| nodes[node].by_name.hasher().hash_one("name"));
        assert_ne!(one, other);
    }
}
