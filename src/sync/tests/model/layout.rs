//! What tables and columns a schema asks for: semantics §1 and §4, of names that need no cleaning.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::schema::{self, Kind, Scalar};

/// A path of source names; the empty one is the stream's own table.
pub(super) type Path = Vec<String>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnKind {
    Scalar(Scalar),
    Csv,
    JsonArray,
    List(Scalar),
    Json,
}

/// How the warehouse holds values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Storage {
    pub(super) is_postgres: bool,
    pub(super) number: &'static str,
}

impl Storage {
    /// By the config's key `normalization`.
    pub(super) fn of(is_postgres: bool, config: &Value) -> Self {
        let names = ["native", "double", "decimal"];
        let number = names.into_iter().find(|name| config["number"] == *name).unwrap_or("native");
        Self { is_postgres, number }
    }

    pub(super) fn is_double(self) -> bool {
        self.number == "double" || (self.number == "native" && !self.is_postgres)
    }

    /// The type of a column, in words that both warehouses have for themselves.
    pub(super) fn type_of(self, kind: ColumnKind) -> String {
        let scalar = |scalar| match scalar {
            Scalar::Boolean => "boolean",
            Scalar::Integer => "bigint",
            Scalar::BigInteger => {
                if self.is_postgres {
                    "numeric"
                } else {
                    "hugeint"
                }
            }
            Scalar::Number if self.is_double() => {
                if self.is_postgres {
                    "double precision"
                } else {
                    "double"
                }
            }
            Scalar::Number => {
                if self.is_postgres {
                    "numeric"
                } else {
                    "decimal(38,9)"
                }
            }
            Scalar::Text => {
                if self.is_postgres {
                    "text"
                } else {
                    "varchar"
                }
            }
            Scalar::Date => "date",
            Scalar::Timestamp { with_zone: true } => "timestamp with time zone",
            Scalar::Timestamp { with_zone: false } => {
                if self.is_postgres {
                    "timestamp without time zone"
                } else {
                    "timestamp"
                }
            }
            Scalar::Time { with_zone: true } => "time with time zone",
            Scalar::Time { with_zone: false } => {
                if self.is_postgres {
                    "time without time zone"
                } else {
                    "time"
                }
            }
        };
        match kind {
            ColumnKind::Scalar(kind) => scalar(kind).to_owned(),
            ColumnKind::Csv => scalar(Scalar::Text).to_owned(),
            ColumnKind::JsonArray | ColumnKind::Json => if self.is_postgres { "jsonb" } else { "json" }.to_owned(),
            ColumnKind::List(kind) => format!("{}[]", scalar(kind)),
        }
    }
}

/// What becomes of a property.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Column(ColumnKind),
    Object { is_flat: bool, members: Vec<(String, Node)> },
    Array { members: Vec<(String, Node)> },
}

/// Tables and columns of a stream.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) members: Vec<(String, Node)>,
    /// Child tables; `true`: of an array.
    pub(super) tables: BTreeMap<Path, bool>,
    /// By full source path: the table and the kind.
    pub(super) columns: BTreeMap<Path, (Path, ColumnKind)>,
    pub(super) keeps_nested: bool,
}

impl Layout {
    /// Of a stream's schema, by the config's key `normalization`.
    pub(super) fn of(schema: &Value, config: &Value) -> Self {
        let none = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&none);
        let depth = config["max_depth"].as_u64().unwrap_or(u64::MAX);
        let mut layout = Self {
            members: members(properties, config, depth),
            tables: BTreeMap::new(),
            columns: BTreeMap::new(),
            keeps_nested: config["keep_nested_json"] == true,
        };
        let members = std::mem::take(&mut layout.members);
        layout.gather(&members, &[], &[]);
        layout.members = members;
        layout
    }

    fn gather(&mut self, members: &[(String, Node)], at: &[String], table: &[String]) {
        for (name, node) in members {
            let path = [at, std::slice::from_ref(name)].concat();
            if !matches!(node, Node::Column(_)) && self.keeps_nested {
                self.columns.insert(path.clone(), (table.to_vec(), ColumnKind::Json));
            }
            match node {
                Node::Column(kind) => drop(self.columns.insert(path, (table.to_vec(), *kind))),
                Node::Object { is_flat: true, members } => self.gather(members, &path, table),
                Node::Object { members, .. } => {
                    self.tables.insert(path.clone(), false);
                    self.gather(members, &path, &path);
                }
                Node::Array { members } => {
                    self.tables.insert(path.clone(), true);
                    self.gather(members, &path, &path);
                }
            }
        }
    }
}

fn members(properties: &Map<String, Value>, config: &Value, depth: u64) -> Vec<(String, Node)> {
    properties.iter().map(|(name, schema)| (name.clone(), node(schema, config, depth))).collect()
}

fn node(schema: &Value, config: &Value, depth: u64) -> Node {
    let json = Node::Column(ColumnKind::Json);
    match schema::kind(schema) {
        Kind::Scalar(scalar) => Node::Column(ColumnKind::Scalar(scalar)),
        Kind::Json => json,
        Kind::ScalarArray(scalar) => Node::Column(match config["scalar_arrays"].as_str() {
            Some("json") => ColumnKind::JsonArray,
            Some("list") => ColumnKind::List(scalar),
            _ => ColumnKind::Csv,
        }),
        Kind::Object(_) | Kind::ObjectArray(_) if depth == 0 => json,
        Kind::Object(properties) => match config["objects"].as_str() {
            Some("json") => json,
            how => {
                let is_flat = how == Some("flatten");
                Node::Object { is_flat, members: members(&properties, config, depth - 1) }
            }
        },
        Kind::ObjectArray(_) if config["arrays"] == "json" => json,
        Kind::ObjectArray(properties) => Node::Array { members: members(&properties, config, depth - 1) },
    }
}
