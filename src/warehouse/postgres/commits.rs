//! Whether a commit whose answer was lost has happened.
//!
//! Every transaction leaves a token of its own among the rows that it commits: what is there after a lost connection, a
//! restart or a failover is the answer. The server's own account of transactions is not, its numbers are used again after
//! a crash.

use alluvium_normalization::sql::{Dialect, INTERNAL_SCHEMA, TableName};
use tokio_postgres::Error;
use uuid::Uuid;

use super::connect::Session;

/// Tokens of syncs that ended without taking theirs away are kept so long.
const KEPT: &str = "7 days";

/// The tokens of one session's transactions.
#[derive(Debug, Default)]
pub(super) struct Commits {
    /// The token of a commit that has not been answered.
    pending: Option<Uuid>,
    /// The last that is there.
    left: Option<Uuid>,
}

impl Commits {
    /// Makes the table of tokens, unless it is there.
    pub(super) fn prepare(session: &Session, dialect: &dyn Dialect) -> Result<(), Error> {
        let (schema, table) = (dialect.create_schema(INTERNAL_SCHEMA), table(dialect));
        session.wait(session.client().batch_execute(&format!(
            "{schema}; \
             CREATE TABLE IF NOT EXISTS {table} (token uuid NOT NULL, committed_at timestamptz NOT NULL DEFAULT now()); \
             DELETE FROM {table} WHERE committed_at < now() - INTERVAL '{KEPT}'"
        )))
    }

    /// Leaves a token in the transaction that is about to be committed, in place of the last.
    pub(super) fn leave(&mut self, session: &Session, dialect: &dyn Dialect) -> Result<(), Error> {
        let (token, table) = (Uuid::new_v4(), table(dialect));
        let taken_away = match self.left {
            Some(left) => format!("DELETE FROM {table} WHERE token = '{left}'; "),
            None => String::new(),
        };
        session.wait(
            session.client().batch_execute(&format!("{taken_away}INSERT INTO {table} (token) VALUES ('{token}')")),
        )?;
        self.pending = Some(token);
        Ok(())
    }

    /// The commit was answered.
    pub(super) fn settle(&mut self) {
        self.left = self.pending.take().or(self.left);
    }

    /// Whether the commit that was not answered has happened. Nothing of it may still be under way.
    pub(super) fn ask(&mut self, session: &Session, dialect: &dyn Dialect) -> Result<bool, Error> {
        let Some(token) = self.pending else { return Ok(false) };
        let sql = format!("SELECT FROM {} WHERE token = '{token}'", table(dialect));
        let is_there = session.wait(session.client().query_opt(&sql, &[]))?.is_some();
        if is_there {
            self.settle();
        }
        self.pending = None;
        Ok(is_there)
    }
}

fn table(dialect: &dyn Dialect) -> String {
    dialect.relation(&TableName { schema: INTERNAL_SCHEMA.to_owned(), name: "alluvium_commits".to_owned() })
}
