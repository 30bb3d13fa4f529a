//! Any statement, any query; values as text.

use std::collections::HashSet;
use std::pin::pin;

use futures_util::TryStreamExt as _;
use tokio_postgres::{Error, SimpleQueryMessage};
use uuid::Uuid;

use super::connect::Session;
use crate::warehouse::QueryRows;

/// Runs a statement; the number of rows that it changed.
pub(super) fn execute(session: &Session, sql: &str) -> Result<u64, Error> {
    let messages = session.wait(session.client().simple_query(sql))?;
    let changed = messages.iter().rev().find_map(|message| match message {
        SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
        _ => None,
    });
    Ok(changed.unwrap_or_default())
}

/// Runs a query; each value as Postgres writes it.
pub(super) fn query(session: &Session, sql: &str) -> Result<QueryRows, Error> {
    let mut result = QueryRows::default();
    for message in session.wait(session.client().simple_query(sql))? {
        match message {
            SimpleQueryMessage::RowDescription(columns) => {
                result.columns = columns.iter().map(|column| column.name().to_owned()).collect();
            }
            SimpleQueryMessage::Row(row) => {
                result.rows.push((0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect());
            }
            _ => {}
        }
    }
    Ok(result)
}

/// The ids that a query of one column answers with.
pub(super) fn ids(session: &Session, sql: &str) -> Result<HashSet<Uuid>, Error> {
    session.wait(async {
        let mut messages = pin!(session.client().simple_query_raw(sql).await?);
        let mut ids = HashSet::new();
        while let Some(message) = messages.try_next().await? {
            if let SimpleQueryMessage::Row(row) = message {
                ids.extend(row.get(0).and_then(|id| Uuid::try_parse(id).ok()));
            }
        }
        Ok(ids)
    })
}
