//! The way to the server: a socket, or a channel through an SSH server.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};

use super::tunnel::{Tunnel, TunnelError};
use crate::config;

/// When a silent connection is asked whether it still lives, how often then, and how often without an answer.
///
/// No `TCP_USER_TIMEOUT` beside it: Linux would also end the connection to a server that lives, but takes no bytes for a
/// while.
const IDLE: Duration = Duration::from_mins(1);
const INTERVAL: Duration = Duration::from_secs(10);
const PROBES: u32 = 6;
/// How long what was sent may go unanswered: longer than a server is busy with its disk, shorter than the system's quarter of
/// an hour.
#[cfg(target_os = "linux")]
const UNANSWERED: Duration = Duration::from_mins(3);

/// Bytes both ways.
pub(super) trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// A connection that the server's protocol is spoken on.
pub(super) type Stream = Box<dyn Bytes>;

/// Why a socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum SocketError {
    /// The host's name has no address.
    #[error("the host name can't be resolved")]
    Lookup(#[source] io::Error),
    /// No address of the host took the connection; what the last one said.
    #[error("no connection")]
    Connect(#[source] io::Error),
}

/// Why there is no way to the server.
#[derive(Debug, thiserror::Error)]
pub(super) enum RouteError {
    /// The server, directly.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The SSH server, or what it said.
    #[error(transparent)]
    Tunnel(#[from] TunnelError),
}

/// The way to a server, on which any number of connections can be opened.
pub(super) enum Route {
    /// The server's own socket.
    Direct,
    /// Through an SSH server.
    Tunnel(Tunnel),
}

impl Route {
    /// Opens the way; through a tunnel it is already one half of it.
    pub(super) async fn open(config: &config::Postgres, deadline: Instant) -> Result<Self, RouteError> {
        match &config.tunnel {
            None => Ok(Self::Direct),
            Some(tunnel) => Ok(Self::Tunnel(Tunnel::open(tunnel, deadline).await?)),
        }
    }

    /// Opens a connection.
    pub(super) async fn connect(&self, config: &config::Postgres, deadline: Instant) -> Result<Stream, RouteError> {
        match (self, socket_path(config)) {
            (Self::Direct, None) => Ok(Box::new(tcp(&config.host, config.port, deadline).await?)),
            (Self::Direct, Some(path)) => Ok(unix(&path).await?),
            (Self::Tunnel(tunnel), None) => Ok(Box::new(tunnel.tcp(&config.host, config.port).await?)),
            (Self::Tunnel(tunnel), Some(path)) => Ok(Box::new(tunnel.unix(&path).await?)),
        }
    }
}

/// The server's Unix socket, where the host is a directory.
pub(super) fn socket_path(config: &config::Postgres) -> Option<String> {
    config.host.starts_with('/').then(|| {
        let file = format!(".s.PGSQL.{}", config.port);
        Path::new(&config.host).join(file).to_string_lossy().into_owned()
    })
}

/// Connects to a host, whichever of its addresses takes the connection.
pub(super) async fn tcp(host: &str, port: u16, deadline: Instant) -> Result<TcpStream, SocketError> {
    let addresses: Vec<_> = lookup_host((host, port)).await.map_err(SocketError::Lookup)?.collect();
    first_of(&addresses, deadline).await.map_err(SocketError::Connect)
}

/// Tries addresses in turn; one that keeps silent leaves the others their share of the time.
pub(super) async fn first_of(addresses: &[SocketAddr], deadline: Instant) -> io::Result<TcpStream> {
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for (tried, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return tuned(stream),
            Ok(Err(error)) => failure = error,
            Err(_) => failure = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failure)
}

fn tuned(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(IDLE);
    #[cfg(not(windows))]
    let keepalive = keepalive.with_interval(INTERVAL).with_retries(PROBES);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    SockRef::from(&stream).set_tcp_user_timeout(Some(UNANSWERED))?;
    Ok(stream)
}

#[cfg(unix)]
async fn unix(path: &str) -> Result<Stream, SocketError> {
    Ok(Box::new(UnixStream::connect(path).await.map_err(SocketError::Connect)?))
}

#[cfg(not(unix))]
async fn unix(_: &str) -> Result<Stream, SocketError> {
    Err(SocketError::Connect(io::ErrorKind::Unsupported.into()))
}
