//! An SSH server that connections go through, each a channel of one SSH connection: no port is opened here.

use std::sync::Arc;
use std::time::Duration;

use russh::client::{self, AuthResult, Handle, KeyboardInteractiveAuthResponse, Msg};
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate, decode_secret_key};
use russh::{ChannelOpenFailure, ChannelStream, Disconnect, MethodKind};
use tokio::time::Instant;

use super::route::{self, SocketError};
use super::tls::with_line_breaks;
use crate::config::{self, Secret, TunnelLogin};

/// How often a silent SSH server is asked whether it still lives; after three times without an answer it does not.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// How many rounds of questions of the server are answered with the password.
const QUESTIONS: usize = 4;

/// Why there is no way through the SSH server.
#[derive(Debug, thiserror::Error)]
pub(super) enum TunnelError {
    /// It was not reached.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The private key.
    #[error("the SSH key {0}")]
    Key(&'static str),
    /// The SSH server does not know the user with this key or password.
    #[error("the login was refused; it takes {takes}")]
    Login {
        /// The ways of logging in that it has left.
        takes: String,
    },
    /// It does not forward connections, or not this one.
    #[error("forwarding was refused")]
    Forbidden,
    /// It could not reach the server either.
    #[error("it can't reach the server")]
    Unreachable,
    /// Anything else.
    #[error(transparent)]
    Ssh(#[from] russh::Error),
}

/// A logged in SSH connection.
pub(super) struct Tunnel {
    handle: Handle<HostKey>,
}

impl Tunnel {
    /// Connects to the SSH server and logs in.
    pub(super) async fn open(config: &config::Tunnel, deadline: Instant) -> Result<Self, TunnelError> {
        let login = match &config.login {
            TunnelLogin::Key(key) => Login::Key(read_key(key)?),
            TunnelLogin::Password(password) => Login::Password(password),
        };
        let stream = route::tcp(&config.host, config.port, deadline).await?;
        let settings = client::Config { keepalive_interval: Some(KEEPALIVE), ..client::Config::default() };
        let host_key = HostKey { server: format!("{}:{}", config.host, config.port) };
        let mut handle = client::connect_stream(Arc::new(settings), stream, host_key).await?;
        match login {
            Login::Key(key) => log_in_with_key(&mut handle, &config.username, key).await?,
            Login::Password(password) => log_in_with_password(&mut handle, &config.username, password).await?,
        }
        Ok(Self { handle })
    }

    /// A connection from the SSH server to a port.
    pub(super) async fn tcp(&self, host: &str, port: u16) -> Result<ChannelStream<Msg>, TunnelError> {
        let channel = self.handle.channel_open_direct_tcpip(host, port.into(), "127.0.0.1", 0).await;
        Ok(channel.map_err(refusal)?.into_stream())
    }

    /// A connection from the SSH server to a Unix socket of its machine.
    pub(super) async fn unix(&self, path: &str) -> Result<ChannelStream<Msg>, TunnelError> {
        let channel = self.handle.channel_open_direct_streamlocal(path).await;
        Ok(channel.map_err(refusal)?.into_stream())
    }

    /// Says goodbye.
    pub(super) async fn close(self) {
        let _ = self.handle.disconnect(Disconnect::ByApplication, "", "").await;
    }
}

enum Login<'a> {
    Key(Arc<PrivateKey>),
    Password(&'a Secret),
}

/// Takes whatever key the server has, since the config names none, and says which it was.
struct HostKey {
    server: String,
}

impl client::Handler for HostKey {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let fingerprint = key.public_key().fingerprint(HashAlg::Sha256);
        tracing::info!(server = self.server, fingerprint = %fingerprint, "accepted the host key of the SSH server");
        Ok(true)
    }
}

/// Reads OpenSSH's own form, PKCS#8, PKCS#1 and SEC1.
fn read_key(key: &Secret) -> Result<Arc<PrivateKey>, TunnelError> {
    use russh::keys::Error;
    let text = with_line_breaks(key.expose());
    let is_encrypted = ["-----BEGIN ENCRYPTED PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED"];
    let passphrase = TunnelError::Key("needs a passphrase, which can't be given: take a key without one");
    match decode_secret_key(&text, None) {
        Ok(key) => Ok(Arc::new(key)),
        Err(Error::KeyIsEncrypted) => Err(passphrase),
        Err(_) if is_encrypted.iter().any(|mark| text.contains(mark)) => Err(passphrase),
        Err(_) => Err(TunnelError::Key(
            "is not a private key that can be read: an OpenSSH or PEM key (`-----BEGIN … PRIVATE KEY-----`), RSA, ECDSA or Ed25519, is needed",
        )),
    }
}

async fn log_in_with_key(handle: &mut Handle<HostKey>, user: &str, key: Arc<PrivateKey>) -> Result<(), TunnelError> {
    let hashes = if key.algorithm().is_rsa() {
        // A server that does not say what it takes: what is safe, then what servers older than that take.
        handle.best_supported_rsa_hash().await?.map_or_else(|| vec![Some(HashAlg::Sha256), None], |best| vec![best])
    } else {
        vec![None]
    };
    let mut refused = TunnelError::Login { takes: String::new() };
    for hash in hashes {
        let key = PrivateKeyWithHashAlg::new(Arc::clone(&key), hash);
        match told(handle.authenticate_publickey(user, key).await?) {
            Err(error) => refused = error,
            done => return done,
        }
    }
    Err(refused)
}

async fn log_in_with_password(handle: &mut Handle<HostKey>, user: &str, password: &Secret) -> Result<(), TunnelError> {
    let answer = handle.authenticate_password(user, password.expose()).await?;
    let asks = matches!(&answer, AuthResult::Failure { remaining_methods, .. }
        if remaining_methods.contains(&MethodKind::KeyboardInteractive)
            && !remaining_methods.contains(&MethodKind::Password));
    if !asks {
        return told(answer);
    }
    let mut answer = handle.authenticate_keyboard_interactive_start(user, None).await?;
    for _ in 0..QUESTIONS {
        match answer {
            KeyboardInteractiveAuthResponse::Success => return Ok(()),
            KeyboardInteractiveAuthResponse::Failure { remaining_methods, partial_success } => {
                return told(AuthResult::Failure { remaining_methods, partial_success });
            }
            KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => {
                let answers = prompts.iter().map(|_| password.expose().to_owned()).collect();
                answer = handle.authenticate_keyboard_interactive_respond(answers).await?;
            }
        }
    }
    Err(TunnelError::Login { takes: "answers to further questions".to_owned() })
}

/// An SSH server that has enough of us may end the connection in place of an answer.
fn told(answer: AuthResult) -> Result<(), TunnelError> {
    match answer {
        AuthResult::Success => Ok(()),
        AuthResult::Failure { remaining_methods, .. } => {
            let takes: Vec<&'static str> = remaining_methods.iter().map(Into::into).collect();
            Err(TunnelError::Login { takes: takes.join(", ") })
        }
    }
}

fn refusal(error: russh::Error) -> TunnelError {
    match error {
        russh::Error::ChannelOpenFailure(ChannelOpenFailure::ConnectFailed) => TunnelError::Unreachable,
        russh::Error::ChannelOpenFailure(_) => TunnelError::Forbidden,
        error => TunnelError::Ssh(error),
    }
}
