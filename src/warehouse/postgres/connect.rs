//! A session: the connection, the runtime that drives it, and its end.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::sync::{Arc, OnceLock};
use std::task::{Poll, ready};
use std::time::Duration;

use alluvium_normalization::sql::postgres::VIEW_STAYS;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::tls::TlsStream;
use tokio_postgres::{AsyncMessage, Client, Connection, Error};

use super::error::Place;
use super::route::{Route, RouteError, Stream};
use super::tls::TlsError;
use super::{login, settings};
use crate::config;
use crate::warehouse::WarehouseError;

/// How long an ending session waits for the server to take its goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    /// There is no way to the server.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// Our side of the encryption is not as it should be.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The server said no, or something else than it should.
    #[error(transparent)]
    Server(#[from] Error),
    /// It took too long.
    #[error("no answer in time, {0}")]
    Late(&'static str),
}

/// A connection and the runtime that drives it.
///
/// The client goes first, so that the driver ends.
pub(super) struct Session {
    client: Client,
    link: Link,
    place: Place,
    /// The server's process, and when it started: process ids are used again.
    backend: (i32, String),
}

impl Session {
    /// Connects and sets what has to hold.
    pub(super) fn open(config: &config::Postgres) -> Result<Self, WarehouseError> {
        let end = Arc::new(OnceLock::new());
        let place = Place::new(config, Arc::clone(&end));
        let runtime = runtime(config.tunnel.is_some())
            .map_err(|error| WarehouseError::Resource(format!("no runtime for the connection: {error}")))?;
        let (client, driver, route) = match runtime.block_on(connect(config)) {
            Ok(connected) => connected,
            Err(error) => {
                // a lookup of a name can't be ended, and is not waited for
                runtime.shutdown_background();
                return Err(place.explain_connect(&error));
            }
        };
        let driver = runtime.spawn(async move {
            driver.run(&end).await;
            if let Route::Tunnel(tunnel) = route {
                tunnel.close().await;
            }
        });
        let mut session = Self { client, link: Link { runtime, driver }, place, backend: (0, String::new()) };
        settings::apply(&session)?;
        let backend = session.find_backend();
        session.backend = backend.map_err(|error| session.place.explain("setting up the session", &error))?;
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
        self.link.runtime.block_on(future)
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

/// Without a tunnel the connection only needs to be driven while something waits for the server; in a tunnel the SSH
/// server's questions whether we still live need their answers at any time.
fn runtime(is_tunneled: bool) -> std::io::Result<Runtime> {
    if is_tunneled {
        Builder::new_multi_thread().worker_threads(1).thread_name("tunnel").enable_all().build()
    } else {
        Builder::new_current_thread().enable_all().build()
    }
}

/// Connects within the time that the config gives.
async fn connect(config: &config::Postgres) -> Result<(Client, Driver, Route), ConnectError> {
    let deadline = Instant::now() + config.connect_timeout;
    let waits_for = Cell::new(if config.tunnel.is_some() { "from the SSH server" } else { "from the server" });
    let connecting = async {
        let route = Route::open(config, deadline).await?;
        waits_for.set("from the server");
        let (client, driver) = login::log_in(config, &route, deadline).await?;
        Ok((client, driver, route))
    };
    timeout_at(deadline, connecting).await.unwrap_or_else(|_| Err(ConnectError::Late(waits_for.get())))
}

/// What moves a connection's bytes, until the client is gone or the connection is lost.
pub(super) struct Driver(Box<dyn Future<Output = Result<(), Error>> + Send + Unpin>);

impl Driver {
    pub(super) fn new<T>(mut connection: Connection<Stream, T>) -> Self
    where
        T: TlsStream + Send + Unpin + 'static,
    {
        Self(Box::new(poll_fn(move |context| {
            while let Some(message) = ready!(connection.poll_message(context)) {
                if let AsyncMessage::Notice(notice) = message?
                    && notice.code().code() == VIEW_STAYS
                {
                    tracing::warn!(view = notice.message(), "a view stays with a former column");
                }
            }
            Poll::Ready(Ok(()))
        })))
    }

    /// Runs to the end. How it was lost is known before the client learns that it is.
    async fn run(mut self, end: &OnceLock<Error>) {
        if let Err(error) = (&mut self.0).await {
            let _ = end.set(error);
        }
    }
}

/// What carries a session's bytes.
struct Link {
    runtime: Runtime,
    driver: JoinHandle<()>,
}

impl Drop for Link {
    /// Lets the goodbye out: a server that only sees the connection end complains in its log.
    fn drop(&mut self) {
        let _ = self.runtime.block_on(async { timeout(GOODBYE, &mut self.driver).await });
    }
}
