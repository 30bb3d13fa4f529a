//! Connecting, and what holds for a session.

use std::future::Future;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Error, NoTls};

use super::error::Place;
use crate::config;
use crate::warehouse::WarehouseError;

/// What holds for a session whatever the server, the database or the role have set.
const SETTINGS: &str = "\
    SET client_encoding = 'UTF8'; \
    SET search_path = pg_catalog; \
    SET standard_conforming_strings = on; \
    SET TimeZone = 'UTC'; \
    SET DateStyle = 'ISO'; \
    SET statement_timeout = 0; \
    SET lock_timeout = 0; \
    SET idle_in_transaction_session_timeout = 0; \
    SET default_transaction_isolation = 'read committed'; \
    SET default_transaction_read_only = off; \
    SET jit = off";

/// A connection and the runtime that drives it, which runs only while something waits for the server.
pub(super) struct Session {
    runtime: Runtime,
    client: Client,
    place: Place,
    /// The server's process, and when it started: process ids are used again.
    backend: (i32, String),
}

impl Session {
    /// Connects and sets what has to hold.
    pub(super) fn open(config: &config::Postgres) -> Result<Self, WarehouseError> {
        let place = Place::of(config);
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| WarehouseError::Resource(format!("no runtime for the connection: {error}")))?;
        let mut settings = tokio_postgres::Config::new();
        settings
            .host(&config.host)
            .port(config.port)
            .dbname(&config.database)
            .user(&config.username)
            .application_name("alluvium")
            .connect_timeout(config.connect_timeout);
        if let Some(password) = &config.password {
            settings.password(password.expose());
        }
        let connected = runtime.block_on(settings.connect(NoTls));
        let (client, connection) = connected.map_err(|error| place.explain("connecting", &error))?;
        // its errors reach whoever waits for an answer
        runtime.spawn(async move { drop(connection.await) });
        let mut session = Self { runtime, client, place, backend: (0, String::new()) };
        let set_up = session.wait(session.client.batch_execute(SETTINGS)).and_then(|()| session.find_backend());
        session.backend = set_up.map_err(|error| session.place.explain("setting up the session", &error))?;
        Ok(session)
    }

    fn find_backend(&self) -> Result<(i32, String), Error> {
        let sql = "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()";
        let row = self.wait(self.client.query_one(sql, &[]))?;
        Ok((row.try_get(0)?, row.try_get(1)?))
    }

    /// Ends the server's process of this session, which may not know yet that its connection is lost, through `other`.
    pub(super) fn end_remains(&self, other: &Self) -> Result<(), Error> {
        let (pid, started) = &self.backend;
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND backend_start::text = $2";
        other.wait(other.client.query_opt(sql, &[pid, started])).map(drop)
    }

    /// Waits for the server.
    pub(super) fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// The connection.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// What errors call the database.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }
}
