//! A Postgres database: where it is and how it is reached.

/// `jdbc_url_params`.
mod jdbc;
/// The parameters of a database's URL.
mod parameters;
/// Which parts of a connection have to be there.
mod required;
/// From what is written to the connection that is meant.
mod resolve;
/// The URL of a database.
mod url;
/// A connection as it is written.
mod written;

use std::time::Duration;

pub(super) use self::required::demand_parts;
pub(super) use self::resolve::resolve_url;
pub(super) use self::url::is_database_url;
pub(super) use self::written::{AirbyteConnection, ConnectionChoice};
use super::secret::Secret;

/// The schema of streams that have no namespace, unless the user says otherwise.
pub(super) const DEFAULT_SCHEMA: &str = "public";

/// The bytes that one field can hold.
pub(super) const LONGEST_FIELD: usize = 1 << 30;

const DEFAULT_PORT: u16 = 5432;

/// Name resolution, an SSH server and TLS together.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Where none is wanted.
const LONGEST_TIMEOUT: Duration = Duration::from_hours(24);

/// A Postgres database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Postgres {
    /// Host name or address; a path is the directory of the server's Unix socket.
    pub(crate) host: String,
    /// The server's port.
    pub(crate) port: u16,
    /// The database.
    pub(crate) database: String,
    /// The role.
    pub(crate) username: String,
    /// Its password. `None`: the server does not ask for one.
    pub(crate) password: Option<Secret>,
    /// Whether and how the connection is encrypted.
    pub(crate) tls: Tls,
    /// The SSH server that the connection goes through.
    pub(crate) tunnel: Option<Tunnel>,
    /// How long connecting may take.
    pub(crate) connect_timeout: Duration,
    /// The server's parameters for the session (`-c work_mem=64MB`), as libpq's `options`.
    pub(crate) options: Option<String>,
    /// Tables of ours that a plan no longer has are dropped together with what depends on them.
    pub(crate) drop_cascade: bool,
}

/// Whether and how a connection is encrypted. Texts of certificates and keys are PEM.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tls {
    /// What has to hold.
    pub(crate) mode: TlsMode,
    /// The authorities that the server's certificate may come from. `None`: those of the operating system.
    pub(crate) authorities: Option<String>,
    /// Our certificate.
    pub(crate) certificate: Option<String>,
    /// Its private key.
    pub(crate) key: Option<Secret>,
    /// What the private key is encrypted with.
    pub(crate) key_password: Option<Secret>,
}

/// The six `sslmode`s of libpq.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TlsMode {
    /// Never encrypted.
    Disable,
    /// Encrypted if the server insists.
    Allow,
    /// Encrypted if the server can.
    #[default]
    Prefer,
    /// Encrypted; with authorities given, by a certificate of theirs.
    Require,
    /// Encrypted, by a certificate of a trusted authority.
    VerifyCa,
    /// Encrypted, by a certificate of a trusted authority for this host.
    VerifyFull,
}

impl TlsMode {
    /// Their names, from the laxest.
    const NAMES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

    fn named(name: &str) -> Option<Self> {
        const MODES: [TlsMode; 6] = [
            TlsMode::Disable,
            TlsMode::Allow,
            TlsMode::Prefer,
            TlsMode::Require,
            TlsMode::VerifyCa,
            TlsMode::VerifyFull,
        ];
        TlsMode::NAMES.iter().position(|known| *known == name).map(|index| MODES[index])
    }
}

/// An SSH server that a connection goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tunnel {
    /// The SSH server's host.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// The user there.
    pub(crate) username: String,
    /// How the user proves to be it.
    pub(crate) login: TunnelLogin,
}

/// How an SSH user proves to be it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TunnelLogin {
    /// A private key, PEM or OpenSSH.
    Key(Secret),
    /// A password.
    Password(Secret),
}
