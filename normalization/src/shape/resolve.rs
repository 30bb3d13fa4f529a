//! From a schema to shapes: references, `allOf`, unions, nesting, and the bounds of them all.

use serde_json::{Map, Value};

use super::node::{Node, Outline, Part, Properties, present};
use super::{Property, Shape, reference};
use crate::kind::ScalarKind;

/// How deep reading may go. `serde_json` opens 128 levels of a record; one level of a schema may take two of ours.
const DEPTH: usize = 256;
/// How many schemas and properties may be read for a stream.
const STREAM_BUDGET: usize = 1_000_000;
/// How many of them for one property of the stream, at most.
const PROPERTY_BUDGET: usize = 20_000;

/// Reads the schemas of one document.
pub(super) struct Resolver<'a> {
    document: &'a Value,
    /// Each schema that was opened, with the step before it.
    trail: Vec<(&'a Value, Option<usize>)>,
    depth: usize,
    budget: usize,
    exhausted: bool,
}

/// A node after its unions.
enum Settled<'a> {
    /// It had none, or one branch was left of each.
    Node(Node<'a>),
    /// Branches that are scalars alone.
    Scalar(ScalarKind),
    /// Anything may come.
    Json,
}

impl<'a> Resolver<'a> {
    /// A resolver that has read nothing of `document` yet.
    pub(super) fn new(document: &'a Value) -> Self {
        Self { document, trail: Vec::new(), depth: 0, budget: STREAM_BUDGET, exhausted: false }
    }

    /// The properties of the document's root. Where a union leaves the root open, those outside the union are left.
    pub(super) fn stream_properties(mut self) -> Vec<Property> {
        let root = self.read(Part { schema: self.document, from: None });
        let outside_unions = root.properties.clone();
        let properties = match self.settle(root) {
            Settled::Node(node) => node.properties,
            Settled::Scalar(_) | Settled::Json => outside_unions,
        };
        let properties = properties.unwrap_or_default();
        let opened = self.trail.len();
        let mut left = properties.len();
        let mut shapes = Vec::with_capacity(left);
        for (name, parts) in properties {
            let shape = self.bounded_shape(&parts, PROPERTY_BUDGET.min(self.budget / left));
            shapes.push(Property { name: name.to_owned(), shape });
            self.trail.truncate(opened);
            left -= 1;
        }
        shapes
    }

    /// A shape that costs no more than `share`, so that a property that expands without end takes nothing from its
    /// siblings; whole or not at all, as what half of it would be left depends on the order of reading.
    fn bounded_shape(&mut self, parts: &[Part<'a>], share: usize) -> Shape {
        let others = self.budget - share;
        self.budget = share;
        self.exhausted = false;
        let shape = self.shape(parts);
        self.budget += others;
        if self.exhausted { Shape::Json } else { shape }
    }

    /// The shape of a place that must satisfy all of `parts`.
    fn shape(&mut self, parts: &[Part<'a>]) -> Shape {
        self.deeper(Shape::Json, |resolver| {
            let node = parts.iter().fold(Node::default(), |node, part| node.and(resolver.read(*part)));
            let node = match resolver.settle(node) {
                Settled::Node(node) => node,
                Settled::Scalar(kind) => return Shape::Scalar(kind),
                Settled::Json => return Shape::Json,
            };
            match node.outline() {
                Outline::Scalar(kind) => Shape::Scalar(kind),
                Outline::Object => match resolver.properties(node.properties.unwrap_or_default()) {
                    properties if properties.is_empty() => Shape::Json,
                    properties => Shape::Object(properties),
                },
                Outline::Array => match node.items.map(|items| resolver.shape(&items)) {
                    Some(Shape::Scalar(kind)) => Shape::ScalarArray(kind),
                    Some(Shape::Object(properties)) => Shape::ObjectArray(properties),
                    _ => Shape::Json,
                },
                Outline::Json => Shape::Json,
            }
        })
    }

    fn properties(&mut self, properties: Properties<'a>) -> Vec<Property> {
        properties
            .into_iter()
            .map(|(name, parts)| Property { name: name.to_owned(), shape: self.shape(&parts) })
            .collect()
    }

    /// One schema as a node: references followed, `allOf` merged.
    fn read(&mut self, part: Part<'a>) -> Node<'a> {
        if !self.spend(1) {
            return Node::opaque();
        }
        match part.schema {
            Value::Bool(true) => Node::default(),
            Value::Object(schema) => {
                let here = self.trail.len();
                self.trail.push((part.schema, part.from));
                self.deeper(Node::opaque(), |resolver| resolver.read_keys(schema, here))
            }
            _ => Node::opaque(),
        }
    }

    fn read_keys(&mut self, schema: &'a Map<String, Value>, here: usize) -> Node<'a> {
        let own = Node::written(schema, here);
        self.spend(own.properties.as_ref().map_or(0, Properties::len));
        let mut node = match present(schema, "$ref") {
            Some(reference) => self.follow(reference, here).under(own),
            None => own,
        };
        match present(schema, "allOf") {
            Some(Value::Array(parts)) => {
                for schema in parts {
                    node = node.and(self.read(Part { schema, from: Some(here) }));
                }
            }
            Some(_) => node.opaque = true,
            None => {}
        }
        node
    }

    /// The node that a reference names; opaque if it names nothing, or a schema that is being read already.
    fn follow(&mut self, reference: &'a Value, here: usize) -> Node<'a> {
        let Some(reference) = reference.as_str() else { return Node::opaque() };
        if let Some(node) = reference::well_known(reference) {
            return node;
        }
        match reference::within(self.document, reference) {
            Some(schema) if !self.is_open(schema, here) => self.read(Part { schema, from: Some(here) }),
            _ => Node::opaque(),
        }
    }

    /// Whether `schema` is on the way from the root to `here`.
    fn is_open(&self, schema: &Value, here: usize) -> bool {
        let mut step = Some(here);
        while let Some((opened, from)) = step.and_then(|step| self.trail.get(step)) {
            if std::ptr::eq(*opened, schema) {
                return true;
            }
            step = *from;
        }
        false
    }

    /// Takes a node's unions away, one after another.
    ///
    /// Branches that only constrain, or are null, are left out; the node's own keys are laid under the others. One
    /// branch left takes the node's place; several are their widest scalar.
    fn settle(&mut self, mut node: Node<'a>) -> Settled<'a> {
        while let Some(union) = node.unions.pop() {
            let mut branches = Vec::new();
            for part in union {
                if admits_anything(part.schema) {
                    return Settled::Json;
                }
                let branch = self.read(part);
                if self.is_typed(&branch) {
                    self.spend(node.weight());
                    branches.push(node.clone().under(branch));
                }
            }
            match branches.len() {
                0 => {}
                1 => node = branches.remove(0),
                _ => return self.widest(branches).map_or(Settled::Json, Settled::Scalar),
            }
        }
        Settled::Node(node)
    }

    /// The kind that holds the values of all nodes; none if one of them is no scalar.
    fn widest(&mut self, nodes: Vec<Node<'a>>) -> Option<ScalarKind> {
        let mut widest: Option<ScalarKind> = None;
        for node in nodes {
            let kind = match self.deeper(Settled::Json, |resolver| resolver.settle(node)) {
                Settled::Scalar(kind) => kind,
                Settled::Node(node) => match node.outline() {
                    Outline::Scalar(kind) => kind,
                    _ => return None,
                },
                Settled::Json => return None,
            };
            widest = Some(widest.map_or(kind, |widest| widest.widen(kind)));
        }
        widest
    }

    /// Whether a node says what values other than null are, itself or in a branch of its unions.
    fn is_typed(&mut self, node: &Node<'a>) -> bool {
        node.is_typed()
            || node.unions.iter().flatten().any(|part| {
                admits_anything(part.schema)
                    || self.deeper(true, |resolver| {
                        let branch = resolver.read(*part);
                        resolver.is_typed(&branch)
                    })
            })
    }

    /// Pays for reading; false once the budget is used up.
    fn spend(&mut self, cost: usize) -> bool {
        let left = self.budget.checked_sub(cost);
        self.budget = left.unwrap_or(0);
        self.exhausted |= left.is_none();
        !self.exhausted
    }

    /// Runs `read` one level deeper; `too_deep` if there is no level left.
    fn deeper<T>(&mut self, too_deep: T, read: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth == DEPTH {
            return too_deep;
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }
}

/// `true` and `{}`.
fn admits_anything(schema: &Value) -> bool {
    match schema {
        Value::Bool(admits) => *admits,
        Value::Object(keys) => keys.is_empty(),
        _ => false,
    }
}
