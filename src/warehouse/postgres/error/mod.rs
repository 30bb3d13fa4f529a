//! Postgres's errors as a person reads them.
//!
//! The law: no text holds a password, a key or a row's value. What the server says beside its primary message (DETAIL,
//! CONTEXT) may quote rows and is never read; the primary message itself is only passed on where it can't.

/// Errors of the way to the server: sockets, encryption, SSH.
mod reach;
/// A right that the role lacks, and the statement that gives it.
mod rights;
/// What the server's codes mean.
mod state;

use std::fmt;
use std::sync::{Arc, OnceLock};

use tokio_postgres::Error;

pub(super) use self::reach::lacks_tls;
use super::connect::ConnectError;
use super::copy::CopyError;
use crate::config;
use crate::warehouse::{TableName, WarehouseError};

/// What was under way when there is no session yet.
const CONNECTING: &str = "connecting";

/// The most of a server's message that is passed on.
const LONGEST_MESSAGE: usize = 300;

/// What errors call a database and whoever uses it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    host: String,
    port: u16,
    database: String,
    role: String,
    /// The SSH server: host, port, user.
    tunnel: Option<(String, u16, String)>,
    /// How the connection was lost, which the client itself is not told.
    end: Arc<OnceLock<Error>>,
}

impl Place {
    pub(super) fn new(config: &config::Postgres, end: Arc<OnceLock<Error>>) -> Self {
        let tunnel = config.tunnel.as_ref();
        Self {
            host: config.host.clone(),
            port: config.port,
            database: config.database.clone(),
            role: config.username.clone(),
            tunnel: tunnel.map(|tunnel| (tunnel.host.clone(), tunnel.port, tunnel.username.clone())),
            end,
        }
    }

    /// What an error means that came while doing something.
    pub(super) fn explain(&self, doing: &str, error: &Error) -> WarehouseError {
        let error = if error.is_closed() { self.end.get().unwrap_or(error) } else { error };
        match error.as_db_error() {
            Some(refusal) => state::explain(self, doing, &refusal.into()),
            None => reach::explain(self, doing, error),
        }
    }

    /// The same for an error that came while appending rows.
    pub(super) fn explain_copy(&self, table: &TableName, error: CopyError) -> WarehouseError {
        let doing = format!("loading {}.{}", table.schema, table.name);
        match error {
            CopyError::Server(error) => self.explain(&doing, &error),
            // it is there from before, and nobody else can change it
            CopyError::Type { .. } | CopyError::Document { .. } => WarehouseError::Config(format!("{doing}: {error}")),
            error @ CopyError::Malformed { .. } => WarehouseError::Statement { doing, message: error.to_string() },
        }
    }

    /// The same for one that left no session.
    pub(super) fn explain_connect(&self, error: &ConnectError) -> WarehouseError {
        reach::explain_connect(self, error)
    }

    #[cfg(test)]
    pub(super) fn for_tests() -> Self {
        Self {
            host: "db.example.com".to_owned(),
            port: 5432,
            database: "shop".to_owned(),
            role: "loader".to_owned(),
            tunnel: Some(("bastion".to_owned(), 22, "ann".to_owned())),
            end: Arc::default(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Postgres at {}:{}/{}", self.host, self.port, self.database)
    }
}

/// What a statement is for, without its values: its first words; of a block, those of the statement that it is about.
pub(super) fn purpose(sql: &str) -> String {
    if let Some(block) = sql.strip_prefix("DO ") {
        let statements = block.lines().map(str::trim).filter(|line| line.ends_with(';'));
        let first = statements.map(|line| line.trim_end_matches(';')).next().unwrap_or_default();
        return first.replace("''", "'");
    }
    sql.split(['\n', '(', '\'', '$']).next().unwrap_or_default().trim().to_owned()
}

/// The first line of a server's message, if it is of a bearable length.
fn line(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default().trim_end();
    match line.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
