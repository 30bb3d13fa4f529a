//! The part of a plan that tells and orders the versions of a key.

use crate::columns::SystemColumn;
use crate::plan::{ColumnSource, Cursor, Dedup, Member, Nested, ObjectNode, StreamPlan, Table};

/// System columns of the root that versions are told and ordered by.
const TELLING: [SystemColumn; 3] = [SystemColumn::AbId, SystemColumn::EmittedAt, SystemColumn::UniqueKey];

impl StreamPlan {
    /// The plan of a root table that has only what versions of a key are told and ordered by. `None`: there is not one row
    /// a key.
    ///
    /// Law: a record has the values in these columns that it has in the same columns of the whole plan.
    #[must_use]
    pub fn versions(&self) -> Option<Self> {
        let (root, dedup) = (self.tables.first()?, self.dedup.as_ref()?);
        let in_order = dedup.cursor.iter().filter_map(|cursor| cursor.column).chain(dedup.cdc.iter().copied());
        let in_order: Vec<usize> = in_order.collect();
        let is_kept = |index: usize| match root.columns[index].source {
            ColumnSource::System(column) => TELLING.contains(&column),
            ColumnSource::Property(_) => in_order.contains(&index),
        };
        let kept: Vec<usize> = (0..root.columns.len()).filter(|index| is_kept(*index)).collect();
        let place = |index: usize| kept.iter().position(|kept| *kept == index);
        Some(Self {
            raw: None,
            history: None,
            tables: vec![Table {
                columns: kept.iter().map(|index| root.columns[*index].clone()).collect(),
                ..root.clone()
            }],
            root: pruned(&self.root, &place),
            dedup: Some(Dedup {
                cursor: dedup.cursor.clone().map(|cursor| Cursor { column: cursor.column.and_then(place), ..cursor }),
                cdc: dedup.cdc.iter().filter_map(|index| place(*index)).collect(),
                deleted_at: None,
                ..dedup.clone()
            }),
            ..self.clone()
        })
    }
}

/// The node with its columns at their new places. Members without one stay, for they are declared.
fn pruned(node: &ObjectNode, place: &impl Fn(usize) -> Option<usize>) -> ObjectNode {
    let members = node.members.iter().map(|member| {
        let nested = match &member.nested {
            Some(Nested::Flattened(inner)) => Some(Nested::Flattened(pruned(inner, place))),
            _ => None,
        };
        Member { name: member.name.clone(), column: member.column.and_then(place), nested }
    });
    ObjectNode { members: members.collect() }
}
