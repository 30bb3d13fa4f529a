//! Against real servers: the session, its certificates, SSH, and what is loaded.

#![allow(clippy::unwrap_used, clippy::expect_used)]

/// Certificates and keys of a test.
mod certificates;
/// A private Postgres server.
mod cluster;
/// Rows and the tables that they go to.
mod copy;
/// Encryption, by the six modes.
mod encryption;
/// What a person reads when it goes wrong.
mod failures;
/// Keys, in the forms that tools write.
mod keys;
/// Statements as they are printed.
mod scripts;
/// What holds for a session, and its end.
mod session;
/// A private SSH server.
mod ssh;
/// An SSH server that asks for passwords.
mod ssh_password;
/// A transaction in a database.
mod target;
/// The way through an SSH server.
mod tunnel;

use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::Instant;
use tokio_postgres::config::{ChannelBinding, SslMode};
use tokio_postgres::tls::MakeTlsConnect;

use self::cluster::Cluster;
use super::connect::{ConnectError, Session};
use super::route::{Route, Stream};
use super::{login, tls};
use crate::config::{Postgres, Secret, Tls, TlsMode};
use crate::warehouse::WarehouseError;

fn secret(text: &str) -> Secret {
    serde_json::from_value(text.into()).unwrap()
}

/// The role `loader`, which owns the database of its name, at a host.
fn config(host: &str, port: u16) -> Postgres {
    Postgres {
        host: host.to_owned(),
        port,
        database: "loader".to_owned(),
        username: "loader".to_owned(),
        password: Some(secret("pass word")),
        tls: Tls { mode: TlsMode::Disable, ..Tls::default() },
        tunnel: None,
        connect_timeout: Duration::from_secs(20),
        options: None,
        drop_cascade: false,
    }
}

/// The first value of a query's answer.
fn value(session: &Session, sql: &str) -> String {
    super::query::query(session, sql).unwrap().rows.remove(0).remove(0).unwrap()
}

/// Why there is no session.
fn refusal(config: &Postgres) -> WarehouseError {
    match Session::open(config) {
        Ok(_) => panic!("it was let in"),
        Err(error) => error,
    }
}

/// What a person reads who may act on it.
fn advice(config: &Postgres) -> String {
    match refusal(config) {
        WarehouseError::Config(message) => message,
        other => panic!("not for the user: {other:?}"),
    }
}

/// What a person reads when a later try may work.
fn excuse(config: &Postgres) -> String {
    match refusal(config) {
        WarehouseError::Transient(message) => message,
        other => panic!("does not pass: {other:?}"),
    }
}

/// Logs in and no more.
fn login_only(config: &Postgres) -> Result<(), ConnectError> {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let deadline = Instant::now() + config.connect_timeout;
        let route = Route::open(config, deadline).await?;
        login::log_in(config, &route, deadline).await.map(drop)
    })
}

/// Logs in, encrypted or not, only if the password is bound to the server's certificate (`SCRAM-SHA-256-PLUS`).
fn login_bound(config: &Postgres) -> Result<(), ConnectError> {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let deadline = Instant::now() + config.connect_timeout;
        let stream = Route::open(config, deadline).await?.connect(config, deadline).await?;
        let mut connector = tls::connector(&config.tls)?;
        let connector = MakeTlsConnect::<Stream>::make_tls_connect(&mut connector, &config.host).unwrap();
        let mode = if config.tls.mode == TlsMode::Disable { SslMode::Disable } else { SslMode::Require };
        let mut parameters = login::parameters(config);
        let login = parameters.ssl_mode(mode).channel_binding(ChannelBinding::Require).connect_raw(stream, connector);
        Ok(login.await.map(drop)?)
    })
}
