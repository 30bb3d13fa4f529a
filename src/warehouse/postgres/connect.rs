//! Connecting, and what holds for a session.

use std::future::Future;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls};

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
        let session = Self { runtime, client, place };
        let set = session.wait(session.client.batch_execute(SETTINGS));
        set.map_err(|error| session.place.explain("setting up the session", &error))?;
        Ok(session)
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
