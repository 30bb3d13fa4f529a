//! Tables of a stream that earlier plans had and the present one has not.

use alluvium_normalization::plan::StreamPlan;
use alluvium_normalization::sql::{StreamSql, TableName};

use crate::sync::prepare::find;
use crate::warehouse::ExistingTable;

/// Live tables of a stream that its plan does not have, known by their comments.
#[derive(Debug, Default)]
pub(super) struct Former {
    /// Children: their rows go with their parents, and they when the stream is replaced.
    pub(super) children: Vec<TableName>,
    /// The history: it goes with the rows whose history it is.
    pub(super) history: Option<TableName>,
}

impl Former {
    pub(super) fn of(stream: &StreamPlan, existing: &[ExistingTable]) -> Self {
        let mut former = Self::default();
        let is_planned = |name: &str| {
            stream.tables.iter().chain(&stream.history).chain(&stream.raw).any(|planned| planned.name == name)
        };
        for table in existing.iter().filter(|table| table.name.schema == stream.schema && !is_planned(&table.name.name))
        {
            let comment = table.comment.as_deref().map(serde_json::from_str::<Vec<String>>);
            let Some(Ok(comment)) = comment else { continue };
            let parts: Vec<&str> = comment.iter().map(String::as_str).collect();
            match parts[..] {
                ["child", of, _, ..] if of == stream.stream.name => former.children.push(table.name.clone()),
                ["history", of] if of == stream.stream.name => former.history = Some(table.name.clone()),
                _ => {}
            }
        }
        former
    }

    /// The tables that may only be replaced together with the stream.
    pub(super) fn live(&self, sql: &StreamSql<'_>) -> Vec<TableName> {
        let history = self.history.iter().flat_map(|history| [sql.events_of(history), history.clone()]);
        self.children.iter().cloned().chain(history).collect()
    }

    /// The children's rows of an unfinished replacement that an earlier plan began.
    pub(super) fn staged_children(&self, sql: &StreamSql<'_>, existing: &[ExistingTable]) -> Vec<TableName> {
        let staged = self.children.iter().map(|live| sql.staged(live));
        staged.filter(|name| find(existing, name).is_some()).collect()
    }

    /// All tables that only an earlier plan has left of an unfinished replacement.
    pub(super) fn staged(&self, sql: &StreamSql<'_>, existing: &[ExistingTable]) -> Vec<TableName> {
        let former: Vec<TableName> = self.children.iter().chain(&self.history).cloned().collect();
        let mut staged = sql.formerly_staged(&former);
        staged.retain(|name| find(existing, name).is_some());
        staged
    }
}
