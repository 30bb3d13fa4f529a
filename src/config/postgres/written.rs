//! A Postgres connection as it is written: the keys of Airbyte's destination-postgres, at the top level of the config or
//! inside `warehouse`.
//!
//! Every doc comment of a key is read by users: it becomes a description in the spec.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::Secret;

/// The keys of a connection at the top level, as Airbyte's destination-postgres has them.
#[derive(Default, Deserialize, JsonSchema)]
pub(in crate::config) struct AirbyteConnection {
    #[serde(flatten)]
    pub(super) connection: Connection,
    /// As older versions of Airbyte's Postgres destination have it: `true` without `ssl_mode` is the mode `require`.
    #[schemars(title = "SSL Connection", extend("order" = 26, "airbyte_hidden" = true))]
    pub(super) ssl: Option<bool>,
    /// As in Airbyte's Postgres destination: `key1=value1&key2=value2`. Followed are `connectTimeout`, `loginTimeout`,
    /// `options` and, without `ssl_mode`, `sslmode` and `ssl`; the others mean nothing outside of JDBC.
    #[schemars(title = "JDBC URL Params", extend("order" = 29))]
    pub(super) jdbc_url_params: Option<String>,
}

/// A connection inside `warehouse`.
#[derive(Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
pub(in crate::config) struct ConnectionChoice {
    /// `postgres://user:password@host:5432/database?sslmode=verify-full`, as libpq has it. It takes the place of host,
    /// port, database and username; password and SSL mode can be in it or beside it.
    #[schemars(
        title = "URL",
        extend("order" = 1, "examples" = ["postgres://loader@db.example.com:5432/analytics?sslmode=verify-full"])
    )]
    pub(super) url: Option<Secret>,
    #[serde(flatten)]
    pub(super) connection: Connection,
}

/// Where a database is and how it is reached.
#[derive(Default, Deserialize, JsonSchema)]
pub(super) struct Connection {
    /// Postgres: name or address of the server; a path is the directory of its Unix socket.
    #[schemars(title = "Host", extend("order" = 20))]
    pub(super) host: Option<String>,
    /// Postgres: port of the server.
    #[schemars(title = "Port", range(min = 1, max = 65_535), extend("order" = 21, "default" = 5432))]
    pub(super) port: Option<u16>,
    /// Postgres: name of the database.
    #[schemars(title = "Database Name", extend("order" = 22))]
    pub(super) database: Option<String>,
    /// Postgres: the role that tables are written as.
    #[schemars(title = "Username", extend("order" = 23))]
    pub(super) username: Option<String>,
    /// Postgres: the role's password.
    #[schemars(title = "Password", extend("order" = 24))]
    pub(super) password: Option<Secret>,
    /// Postgres: whether and how the connection is encrypted.
    #[schemars(title = "SSL Modes", extend("order" = 27))]
    pub(super) ssl_mode: Option<SslMode>,
    /// Postgres: the SSH server that the connection goes through.
    #[schemars(title = "SSH Tunnel Method", extend("order" = 28))]
    pub(super) tunnel_method: Option<TunnelMethod>,
}

/// Whether and how the connection is encrypted.
#[derive(Deserialize, JsonSchema)]
#[serde(tag = "mode", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum SslMode {
    /// Never encrypted.
    #[schemars(title = "disable")]
    Disable,
    /// Encrypted if the server insists.
    #[schemars(title = "allow")]
    Allow,
    /// Encrypted if the server can.
    #[schemars(title = "prefer")]
    Prefer,
    /// Always encrypted. With a CA certificate, the server's certificate has to come from it.
    #[schemars(title = "require")]
    Require(Certificates),
    /// Always encrypted, and the server's certificate comes from a trusted authority.
    #[schemars(title = "verify-ca")]
    VerifyCa(Certificates),
    /// Always encrypted, and the server's certificate comes from a trusted authority and is for this host: the safest.
    #[schemars(title = "verify-full")]
    VerifyFull(Certificates),
}

/// The texts that certificates are checked with, and made from.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Certificates {
    /// Certificates of the authorities to trust, in PEM. Empty: those of the operating system.
    #[schemars(title = "CA Certificate", extend("order" = 1, "multiline" = true))]
    pub(super) ca_certificate: Option<Secret>,
    /// Our certificate, in PEM, where the server asks for one.
    #[schemars(title = "Client Certificate", extend("order" = 2, "multiline" = true))]
    pub(super) client_certificate: Option<Secret>,
    /// The private key of our certificate, in PEM.
    #[schemars(title = "Client Key", extend("order" = 3, "multiline" = true))]
    pub(super) client_key: Option<Secret>,
    /// What the private key is encrypted with, if it is.
    #[schemars(title = "Client Key Password", extend("order" = 4))]
    pub(super) client_key_password: Option<Secret>,
}

/// The SSH server that the connection goes through.
#[derive(Deserialize, JsonSchema)]
#[serde(tag = "tunnel_method", rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub(super) enum TunnelMethod {
    /// The connection is direct.
    #[schemars(title = "No Tunnel")]
    NoTunnel,
    /// Through an SSH server that knows a key of ours.
    #[schemars(title = "SSH Key Authentication")]
    SshKeyAuth {
        /// Name or address of the SSH server.
        #[schemars(title = "SSH Tunnel Jump Server Host", length(min = 1), extend("order" = 1))]
        tunnel_host: String,
        /// Port of the SSH server.
        #[serde(default = "default_ssh_port")]
        #[schemars(title = "SSH Connection Port", range(min = 1, max = 65_535), extend("order" = 2))]
        tunnel_port: u16,
        /// The user there.
        #[schemars(title = "SSH Login Username", length(min = 1), extend("order" = 3))]
        tunnel_user: String,
        /// The user's private key, PEM or OpenSSH, not encrypted.
        #[schemars(title = "SSH Private Key", extend("order" = 4, "multiline" = true))]
        ssh_key: Secret,
    },
    /// Through an SSH server that knows a password of ours.
    #[schemars(title = "Password Authentication")]
    SshPasswordAuth {
        /// Name or address of the SSH server.
        #[schemars(title = "SSH Tunnel Jump Server Host", length(min = 1), extend("order" = 1))]
        tunnel_host: String,
        /// Port of the SSH server.
        #[serde(default = "default_ssh_port")]
        #[schemars(title = "SSH Connection Port", range(min = 1, max = 65_535), extend("order" = 2))]
        tunnel_port: u16,
        /// The user there.
        #[schemars(title = "SSH Login Username", length(min = 1), extend("order" = 3))]
        tunnel_user: String,
        /// The user's password.
        #[schemars(title = "Password", extend("order" = 4))]
        tunnel_user_password: Secret,
    },
}

fn default_ssh_port() -> u16 {
    22
}
