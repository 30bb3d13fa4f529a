//! Logging in, encrypted as `sslmode` says.

use std::error::Error as _;
use std::io;

use tokio::time::Instant;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connect::{ConnectError, Driver};
use super::error::lacks_tls;
use super::route::{Route, Stream, socket_path};
use super::tls;
use crate::config::{self, TlsMode};

/// What the server is told, beside how the connection is encrypted.
pub(super) fn parameters(config: &config::Postgres) -> Config {
    let mut parameters = Config::new();
    parameters.dbname(&config.database).user(&config.username).application_name("alluvium");
    if let Some(password) = &config.password {
        parameters.password(password.expose());
    }
    if let Some(options) = &config.options {
        parameters.options(options);
    }
    parameters
}

/// A login that can be tried on a new connection each time.
struct Login<'a> {
    config: &'a config::Postgres,
    parameters: Config,
    route: &'a Route,
    deadline: Instant,
}

/// Logs in.
pub(super) async fn log_in(
    config: &config::Postgres,
    route: &Route,
    deadline: Instant,
) -> Result<(Client, Driver), ConnectError> {
    let login = Login { config, parameters: parameters(config), route, deadline };
    // Unix sockets know no encryption, and libpq's modes don't count there.
    if config.tls.mode == TlsMode::Disable || socket_path(config).is_some() {
        return login.plain().await;
    }
    let connector = tls::connector(&config.tls)?;
    match config.tls.mode {
        TlsMode::Disable => login.plain().await,
        TlsMode::Allow => match login.plain().await {
            Err(first) if wants_other(&first) => {
                login.encrypted(&connector, SslMode::Require).await.map_err(|second| telling(first, second))
            }
            outcome => outcome,
        },
        TlsMode::Prefer => match login.encrypted(&connector, SslMode::Prefer).await {
            Err(first) if wants_other(&first) || is_broken_off(&first) => {
                login.plain().await.map_err(|second| telling(first, second))
            }
            outcome => outcome,
        },
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => {
            login.encrypted(&connector, SslMode::Require).await
        }
    }
}

impl Login<'_> {
    async fn plain(&self) -> Result<(Client, Driver), ConnectError> {
        self.attempt(NoTls, SslMode::Disable).await
    }

    async fn encrypted(&self, connector: &MakeRustlsConnect, mode: SslMode) -> Result<(Client, Driver), ConnectError> {
        let mut connector = connector.clone();
        let Ok(connector) = MakeTlsConnect::<Stream>::make_tls_connect(&mut connector, &self.config.host);
        self.attempt(connector, mode).await
    }

    async fn attempt<T>(&self, encryption: T, mode: SslMode) -> Result<(Client, Driver), ConnectError>
    where
        T: TlsConnect<Stream>,
        T::Stream: Send + 'static,
    {
        let stream = self.route.connect(self.config, self.deadline).await?;
        let mut parameters = self.parameters.clone();
        let (client, connection) = parameters.ssl_mode(mode).connect_raw(stream, encryption).await?;
        Ok((client, Driver::new(connection)))
    }
}

/// Whether the server may let the role in on a connection that is encrypted where this was not, or the other way round.
fn wants_other(error: &ConnectError) -> bool {
    matches!(error, ConnectError::Server(error) if error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION))
}

/// Whether the connection ended before the server said anything about the login, as when the two agree on no encryption.
fn is_broken_off(error: &ConnectError) -> bool {
    matches!(error, ConnectError::Server(error) if is_io(error))
}

fn is_io(error: &Error) -> bool {
    error.source().and_then(|cause| cause.downcast_ref::<io::Error>()).is_some()
}

/// Of two attempts' errors the one that tells more: the second only if it got further.
fn telling(first: ConnectError, second: ConnectError) -> ConnectError {
    match &second {
        ConnectError::Server(error) if !is_io(error) && !lacks_tls(error) && !wants_other(&second) => second,
        _ => first,
    }
}
