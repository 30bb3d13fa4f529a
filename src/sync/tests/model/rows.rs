//! Records as rows: the root and all below it.

use serde_json::{Map, Value};

use super::layout::{ColumnKind, Layout, Node, Path, Storage};
use super::typed::{Changes, Typed, cast};

/// A row with the rows below it.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// Source paths within the table and what is there; no NULLs.
    pub(super) cells: Vec<(String, String)>,
    pub(super) position: Option<usize>,
    /// The tables of the rows below, and the rows.
    pub(super) children: Vec<(Path, Row)>,
}

impl Row {
    /// As text, the same for equal trees.
    pub(super) fn shown(&self) -> String {
        let mut cells: Vec<String> = self.cells.iter().map(|(name, text)| format!("{name}={text:?}")).collect();
        cells.sort();
        let mut children: Vec<String> =
            self.children.iter().map(|(path, row)| format!("{}{}", path.join("."), row.shown())).collect();
        children.sort();
        let position = self.position.map(|position| format!("[{position}]")).unwrap_or_default();
        format!(
            "{position}({}){}",
            cells.join(" "),
            children.iter().flat_map(|child| [" <", child, ">"]).collect::<String>()
        )
    }

    /// Every row of the table at `path` in the tree of which this is a part.
    pub(super) fn each_of(&mut self, path: &[String], visit: &mut dyn FnMut(&mut Self)) {
        if path.is_empty() {
            return visit(self);
        }
        for (below, row) in &mut self.children {
            if below == path {
                visit(row);
            } else if path.starts_with(below) {
                row.each_of(path, visit);
            }
        }
    }
}

/// Types a record.
pub(super) struct Shredder<'a> {
    pub(super) layout: &'a Layout,
    pub(super) storage: Storage,
    pub(super) changes: Changes,
}

impl Shredder<'_> {
    pub(super) fn root(&mut self, data: &Map<String, Value>) -> Row {
        let mut row = Row::default();
        self.fill(&mut row, &self.layout.members, Some(data), &[], "", "");
        row
    }

    /// `table`: where the members are declared; `prefix`: the path of a flattened object; `at`: where we are in the record.
    fn fill(
        &mut self,
        row: &mut Row,
        members: &[(String, Node)],
        object: Option<&Map<String, Value>>,
        table: &[String],
        prefix: &str,
        at: &str,
    ) {
        for (name, node) in members {
            let value = object.and_then(|object| object.get(name)).filter(|value| !value.is_null());
            let column = format!("{prefix}{name}");
            let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            let below = [table, std::slice::from_ref(name)].concat();
            if !matches!(node, Node::Column(_)) && self.layout.keeps_nested {
                self.cell(row, ColumnKind::Json, value, &column, &at);
            }
            match node {
                Node::Column(kind) => self.cell(row, *kind, value, &column, &at),
                Node::Object { is_flat, members } => {
                    let inner = value.and_then(Value::as_object);
                    if value.is_some() && inner.is_none() {
                        self.nulled(&at);
                    }
                    if *is_flat {
                        self.fill(row, members, inner, &below, &format!("{column}."), &at);
                    } else if let Some(inner) = inner {
                        let mut child = Row::default();
                        self.fill(&mut child, members, Some(inner), &below, "", &at);
                        row.children.push((below, child));
                    }
                }
                Node::Array { members } => {
                    let elements = value.and_then(Value::as_array);
                    if value.is_some() && elements.is_none() {
                        self.nulled(&at);
                    }
                    for (position, element) in elements.into_iter().flatten().enumerate() {
                        let at = format!("{at}[{position}]");
                        if !element.is_object() && !element.is_null() {
                            self.nulled(&at);
                        }
                        let mut child = Row { position: Some(position), ..Row::default() };
                        self.fill(&mut child, members, element.as_object(), &below, "", &at);
                        row.children.push((below.clone(), child));
                    }
                }
            }
        }
    }

    fn cell(&mut self, row: &mut Row, kind: ColumnKind, value: Option<&Value>, column: &str, at: &str) {
        let typed = cast(kind, self.storage, value, at, &mut self.changes);
        row.cells.extend(typed.as_ref().map(|typed| (column.to_owned(), Typed::shown(typed))));
    }

    fn nulled(&mut self, at: &str) {
        self.changes.push((at.to_owned(), "NULLED", "DESTINATION_TYPECAST_ERROR"));
    }
}
