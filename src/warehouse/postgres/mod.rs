//! Postgres, a server.

/// Streams kept to one process.
mod claim;
/// Whether a commit whose answer was lost has happened.
mod commits;
/// A session: the connection, the runtime that drives it, and its end.
mod connect;
/// Appending Arrow batches by `COPY … (FORMAT binary)`.
mod copy;
/// What exists.
mod describe;
/// Postgres's errors as a person reads them.
mod error;
/// A full table put in the place of another.
mod exchange;
/// Logging in, encrypted as `sslmode` says.
mod login;
/// Any query, its values as text.
mod query;
/// The way to the server: a socket, or a channel through an SSH server.
mod route;
/// What has to hold for a session.
mod settings;
/// The rows of a query as a stream.
mod stream;
/// Encryption: what is asked of the server's certificate, and our own certificate.
mod tls;
/// An SSH server that connections go through.
mod tunnel;

use std::collections::HashSet;

use alluvium_normalization::sql::Dialect;
use alluvium_normalization::sql::postgres::Postgres;
use arrow_array::RecordBatch;
use uuid::Uuid;

use self::commits::Commits;
use self::connect::Session;
use self::exchange::{Exchanged, Exchanges};
use crate::config;
use crate::seams;
use crate::warehouse::{ExistingTable, Interrupted, QueryRows, RowReader, TableName, Warehouse, WarehouseError};

/// How long a statement that shuts readers out may wait for those that are reading: whoever comes to read waits behind it.
const EXCLUSIVE_WAIT: &str = "2s";

/// A Postgres database that is connected to.
pub(crate) struct PostgresWarehouse {
    config: config::Postgres,
    session: Session,
    dialect: Postgres,
    /// The streams that are ours while the session lasts. Empty: we only look.
    claimed: Vec<(String, String)>,
    /// The session has the locks of what is claimed.
    has_claims: bool,
    /// Nobody else makes tables until the transaction that is next has ended.
    is_making_tables: bool,
    commits: Commits,
    exchanges: Exchanges,
    /// A statement of the transaction has failed. Postgres would answer a COMMIT with success and roll back.
    is_broken: bool,
}

impl PostgresWarehouse {
    /// Connects.
    pub(crate) fn connect(config: &config::Postgres) -> Result<Self, WarehouseError> {
        Ok(Self {
            session: Session::open(config)?,
            config: config.clone(),
            dialect: Postgres { drop_cascade: config.drop_cascade },
            claimed: Vec::new(),
            has_claims: true,
            is_making_tables: false,
            commits: Commits::default(),
            exchanges: Exchanges::default(),
            is_broken: false,
        })
    }

    fn run(&mut self, doing: &str, sql: &str) -> Result<u64, WarehouseError> {
        let outcome = query::execute(&self.session, sql);
        self.told(doing, outcome)
    }

    fn end_making_tables(&mut self) -> Result<(), WarehouseError> {
        if !std::mem::take(&mut self.is_making_tables) {
            return Ok(());
        }
        let ended = claim::end_making_tables(&self.session);
        self.told("letting others make tables", ended)
    }

    /// What Postgres answered, its errors explained and remembered.
    fn told<T>(&mut self, doing: &str, outcome: Result<T, tokio_postgres::Error>) -> Result<T, WarehouseError> {
        outcome.map_err(|error| {
            self.is_broken = true;
            self.session.place().explain(doing, &error)
        })
    }
}

impl Warehouse for PostgresWarehouse {
    fn dialect(&self) -> &dyn Dialect {
        &self.dialect
    }

    fn claim(&mut self, streams: &[(String, String)]) -> Result<(), WarehouseError> {
        let released = claim::release(&self.session);
        self.told("claiming the streams", released)?;
        self.claimed = streams.to_vec();
        self.has_claims = false;
        claim::claim(&self.session, streams)?;
        self.has_claims = true;
        let begun = claim::begin_making_tables(&self.session);
        self.told("waiting for others that make tables", begun)?;
        self.is_making_tables = true;
        let prepared = Commits::prepare(&self.session, &self.dialect);
        self.told("preparing for lost connections", prepared)
    }

    fn has_connection(&self) -> bool {
        true
    }

    fn reconnect(&mut self) -> Result<Interrupted, WarehouseError> {
        if self.rollback().is_err() {
            let lost = std::mem::replace(&mut self.session, Session::open(&self.config)?);
            (self.has_claims, self.is_making_tables) = (false, false);
            let ended = lost.end_remains(&self.session);
            self.told("ending what is left of the lost connection", ended)?;
        }
        if !self.has_claims {
            // Only one session can have them: when this one does, no transaction of the other is under way.
            claim::claim(&self.session, &self.claimed)?;
            self.has_claims = true;
        }
        let asked = self.commits.ask(&self.session, &self.dialect);
        let is_committed = self.told("asking whether the last transaction was committed", asked)?;
        Ok(if is_committed { Interrupted::Committed } else { Interrupted::RolledBack })
    }

    fn describe(&mut self, schemas: &[String]) -> Result<Vec<ExistingTable>, WarehouseError> {
        let outcome = describe::describe(&self.session, schemas);
        self.told("reading what tables exist", outcome)
    }

    fn begin(&mut self) -> Result<(), WarehouseError> {
        self.run("beginning a transaction", "BEGIN")?;
        self.is_broken = false;
        self.exchanges.forget();
        Ok(())
    }

    fn commit(&mut self) -> Result<(), WarehouseError> {
        if self.is_broken {
            let message = "a statement of the transaction has failed".to_owned();
            return Err(WarehouseError::Statement { doing: "committing".to_owned(), message });
        }
        if !self.claimed.is_empty() {
            let left = self.commits.leave(&self.session, &self.dialect);
            self.told("committing", left)?;
            seams::reach("left");
        }
        let exchanged = self.exchanges.take_effect(&self.session);
        if let Exchanged::Never(reason) = self.told("exchanging tables", exchanged)? {
            self.is_broken = true;
            return Err(WarehouseError::Transient(format!("tables can't be exchanged: {reason}")));
        }
        self.run("committing", "COMMIT")?;
        self.commits.settle();
        self.end_making_tables()
    }

    fn rollback(&mut self) -> Result<(), WarehouseError> {
        self.run("rolling back", "ROLLBACK")?;
        self.end_making_tables()
    }

    fn execute(&mut self, sql: &str) -> Result<u64, WarehouseError> {
        let doing = error::purpose(sql);
        if shuts_readers_out(sql) {
            let sql = format!("SET LOCAL lock_timeout = '{EXCLUSIVE_WAIT}'; {sql}; SET LOCAL lock_timeout = 0");
            return self.run(&doing, &sql);
        }
        self.run(&doing, sql)
    }

    fn load(&mut self, table: &TableName, batches: &[RecordBatch]) -> Result<u64, WarehouseError> {
        let outcome = copy::load(&self.session, &self.dialect, table, batches);
        outcome.map_err(|error| {
            self.is_broken = true;
            self.session.place().explain_copy(table, error)
        })
    }

    fn exchange(&mut self, live: &TableName, staged: &TableName) -> Result<bool, WarehouseError> {
        let readied = self.exchanges.ready(&self.session, &self.dialect, live, staged);
        self.told(&format!("replacing {}.{}", live.schema, live.name), readied)
    }

    fn stored_bytes(&mut self, table: &TableName) -> Result<Option<u64>, WarehouseError> {
        let name = self.dialect.literal(&self.dialect.relation(table));
        let found = self.query(&format!("SELECT pg_total_relation_size(to_regclass({name}))"))?;
        Ok(found.rows.into_iter().flatten().flatten().next().and_then(|bytes| bytes.parse().ok()))
    }

    /// Of a table that is somebody else's the server only warns.
    fn give_back(&mut self, table: &TableName) -> Result<(), WarehouseError> {
        let vacuum = format!("VACUUM (SKIP_LOCKED) {}", self.dialect.relation(table));
        self.run("giving back the room of deleted rows", &vacuum).map(drop)
    }

    fn reader(&mut self) -> Result<Box<dyn RowReader>, WarehouseError> {
        Ok(Box::new(stream::Reader { config: self.config.clone() }))
    }

    fn ids(&mut self, sql: &str) -> Result<HashSet<Uuid>, WarehouseError> {
        let outcome = query::ids(&self.session, sql);
        self.told("reading ids", outcome)
    }

    fn query(&mut self, sql: &str) -> Result<QueryRows, WarehouseError> {
        let outcome = query::query(&self.session, sql);
        self.told("querying", outcome)
    }
}

/// Whether the statement needs its table for itself.
fn shuts_readers_out(sql: &str) -> bool {
    ["ALTER ", "DROP ", "DO "].iter().any(|verb| sql.starts_with(verb))
}

#[cfg(test)]
mod tests;
