//! From what is written to the connection that is meant.

use super::jdbc::JdbcParameters;
use super::url::{self, DatabaseUrl};
use super::written::{AirbyteConnection, Certificates, Connection, ConnectionChoice, SslMode, TunnelMethod};
use super::{DEFAULT_PORT, DEFAULT_TIMEOUT, Postgres, Tls, TlsMode, Tunnel, TunnelLogin};
use crate::config::Secret;

/// Mistakes, each with its path.
struct Mistakes {
    /// What the keys are in: empty, or `warehouse.`.
    within: &'static str,
    found: Vec<String>,
}

impl Mistakes {
    fn within(within: &'static str) -> Self {
        Self { within, found: Vec::new() }
    }

    fn add(&mut self, key: &str, mistake: &str) {
        self.found.push(format!("{}{key}: {mistake}", self.within));
    }

    fn add_all(&mut self, key: &str, mistakes: &[String]) {
        for mistake in mistakes {
            self.add(key, mistake);
        }
    }

    fn or<T>(self, value: T) -> Result<T, Vec<String>> {
        if self.found.is_empty() { Ok(value) } else { Err(self.found) }
    }
}

impl AirbyteConnection {
    /// The keys that say where a database is or how it is reached. One that says what holds anyway, as a form fills it in,
    /// is none of them.
    pub(in crate::config) fn given(&self) -> Vec<&'static str> {
        let Connection { host, port, database, username, password, ssl_mode, tunnel_method } = &self.connection;
        let is_text = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        let given = [
            ("host", is_text(host)),
            ("port", port.is_some_and(|port| port != DEFAULT_PORT)),
            ("database", is_text(database)),
            ("username", is_text(username)),
            ("password", password.as_ref().is_some_and(|password| !password.expose().is_empty())),
            ("ssl", self.ssl == Some(true)),
            ("ssl_mode", ssl_mode.is_some()),
            ("tunnel_method", tunnel_method.as_ref().is_some_and(|method| !matches!(method, TunnelMethod::NoTunnel))),
            ("jdbc_url_params", is_text(&self.jdbc_url_params)),
        ];
        given.into_iter().filter_map(|(key, is_given)| is_given.then_some(key)).collect()
    }

    /// The database that the keys name.
    pub(in crate::config) fn resolve(self) -> Result<Postgres, Vec<String>> {
        let mut mistakes = Mistakes::within("");
        let Self { connection, ssl, jdbc_url_params } = self;
        let jdbc = JdbcParameters::read(&jdbc_url_params.unwrap_or_default());
        for parameter in &jdbc.unknown {
            tracing::warn!(parameter, "a parameter in jdbc_url_params is not followed");
        }
        let says_mode = connection.ssl_mode.is_some();
        let mut postgres = connection.resolve(&mut mistakes);
        if !says_mode {
            let mode = jdbc.mode.or((ssl == Some(true)).then_some(TlsMode::Require));
            postgres.tls.mode = mode.unwrap_or_default();
        }
        postgres.connect_timeout = jdbc.connect_timeout.unwrap_or(DEFAULT_TIMEOUT);
        postgres.options = jdbc.options;
        mistakes.or(postgres)
    }
}

impl ConnectionChoice {
    /// The database that the URL or its parts name.
    pub(in crate::config) fn resolve(self) -> Result<Postgres, Vec<String>> {
        let mut mistakes = Mistakes::within("warehouse.");
        let Self { url, mut connection } = self;
        let Some(url) = url.filter(|url| !url.expose().is_empty()) else {
            let postgres = connection.resolve(&mut mistakes);
            return mistakes.or(postgres);
        };
        let parts = [
            ("host", connection.host.is_some()),
            ("port", connection.port.is_some_and(|port| port != DEFAULT_PORT)),
            ("database", connection.database.is_some()),
            ("username", connection.username.is_some()),
        ];
        for (key, _) in parts.into_iter().filter(|(_, is_given)| *is_given) {
            mistakes.add(key, "not together with url, which says it; remove one of them");
        }
        let url = match url::parse(url.expose()) {
            Ok(url) => url,
            Err(found) => {
                mistakes.add_all("url", &found);
                return Err(mistakes.found);
            }
        };
        let password = connection.password.take().filter(|password| !password.expose().is_empty());
        if url.password.is_some() && password.is_some() {
            mistakes.add("password", "not together with url, which holds one; remove one of them");
        }
        if url.parameters.tls.is_some() && connection.ssl_mode.is_some() {
            mistakes.add("ssl_mode", "not together with the SSL parameters of url; remove one of them");
        }
        let tls = connection.ssl_mode.take().map(|mode| mode.resolve(&mut mistakes));
        let tunnel = connection.tunnel_method.take().and_then(TunnelMethod::resolve);
        let mut postgres = from_url(url);
        postgres.password = password.or(postgres.password);
        postgres.tls = tls.unwrap_or(postgres.tls);
        postgres.tunnel = tunnel;
        check(&postgres, "url: host", &mut mistakes);
        mistakes.or(postgres)
    }
}

/// The database that the URL in `key` names.
pub(in crate::config) fn resolve_url(url: &str, key: &str) -> Result<Postgres, Vec<String>> {
    let mut mistakes = Mistakes::within("");
    match url::parse(url) {
        Ok(url) => {
            let postgres = from_url(url);
            check(&postgres, &format!("{key}: host"), &mut mistakes);
            mistakes.or(postgres)
        }
        Err(found) => {
            mistakes.add_all(key, &found);
            Err(mistakes.found)
        }
    }
}

fn from_url(url: DatabaseUrl) -> Postgres {
    let DatabaseUrl { host, port, database, username, password, parameters } = url;
    for parameter in &parameters.unknown {
        tracing::warn!(parameter, "a parameter of the database's URL is not followed");
    }
    Postgres {
        host,
        port: port.unwrap_or(DEFAULT_PORT),
        database,
        username,
        password: password.map(Secret::from),
        tls: parameters.tls.unwrap_or_default(),
        tunnel: None,
        connect_timeout: parameters.connect_timeout.unwrap_or(DEFAULT_TIMEOUT),
        options: parameters.options,
        drop_cascade: false,
    }
}

impl Connection {
    fn resolve(self, mistakes: &mut Mistakes) -> Postgres {
        let mut needed = |key: &str, text: Option<String>| {
            text.filter(|text| !text.is_empty()).unwrap_or_else(|| {
                mistakes.add(key, "missing");
                String::new()
            })
        };
        let host = needed("host", self.host);
        let database = needed("database", self.database);
        let username = needed("username", self.username);
        let postgres = Postgres {
            host,
            port: self.port.unwrap_or(DEFAULT_PORT),
            database,
            username,
            password: self.password.filter(|password| !password.expose().is_empty()),
            tls: self.ssl_mode.map(|mode| mode.resolve(mistakes)).unwrap_or_default(),
            tunnel: self.tunnel_method.and_then(TunnelMethod::resolve),
            connect_timeout: DEFAULT_TIMEOUT,
            options: None,
            drop_cascade: false,
        };
        check(&postgres, "host", mistakes);
        postgres
    }
}

/// What no connection can be made of. `key` is where the host is written.
fn check(postgres: &Postgres, key: &str, mistakes: &mut Mistakes) {
    let host = postgres.host.as_str();
    if host.contains('@') || host.contains("://") {
        // it may hold a password
        mistakes.add(key, "expected the name or address of a host, not a URL");
    } else if host.contains(',') {
        mistakes.add(key, "expected one host, not several");
    } else if host.starts_with('/') && postgres.tunnel.is_some() {
        mistakes.add("tunnel_method", "a Unix socket can't be reached through an SSH server");
    }
}

impl SslMode {
    fn resolve(self, mistakes: &mut Mistakes) -> Tls {
        let (mode, certificates) = match self {
            Self::Disable => (TlsMode::Disable, None),
            Self::Allow => (TlsMode::Allow, None),
            Self::Prefer => (TlsMode::Prefer, None),
            Self::Require(certificates) => (TlsMode::Require, Some(certificates)),
            Self::VerifyCa(certificates) => (TlsMode::VerifyCa, Some(certificates)),
            Self::VerifyFull(certificates) => (TlsMode::VerifyFull, Some(certificates)),
        };
        let Some(Certificates { ca_certificate, client_certificate, client_key, client_key_password }) = certificates
        else {
            return Tls { mode, ..Tls::default() };
        };
        let present = |secret: Option<Secret>| secret.filter(|secret| !secret.expose().trim().is_empty());
        let text = |secret: Option<Secret>| present(secret).map(|secret| secret.expose().to_owned());
        let (certificate, key) = (text(client_certificate), present(client_key));
        if certificate.is_some() && key.is_none() {
            mistakes.add("ssl_mode.client_key", "missing; client_certificate is of no use without it");
        }
        if certificate.is_none() && key.is_some() {
            mistakes.add("ssl_mode.client_certificate", "missing; client_key is of no use without it");
        }
        Tls { mode, authorities: text(ca_certificate), certificate, key, key_password: present(client_key_password) }
    }
}

impl TunnelMethod {
    fn resolve(self) -> Option<Tunnel> {
        let (host, port, username, login) = match self {
            Self::NoTunnel => return None,
            Self::SshKeyAuth { tunnel_host, tunnel_port, tunnel_user, ssh_key } => {
                (tunnel_host, tunnel_port, tunnel_user, TunnelLogin::Key(ssh_key))
            }
            Self::SshPasswordAuth { tunnel_host, tunnel_port, tunnel_user, tunnel_user_password } => {
                (tunnel_host, tunnel_port, tunnel_user, TunnelLogin::Password(tunnel_user_password))
            }
        };
        Some(Tunnel { host, port, username, login })
    }
}
