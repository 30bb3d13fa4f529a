//! Errors of the way to the server: sockets, encryption, SSH.

use std::error::Error as _;
use std::io;

use rustls::{AlertDescription, CertificateError};
use tokio_postgres::Error;

use super::{CONNECTING, Place, line};
use crate::warehouse::postgres::connect::ConnectError;
use crate::warehouse::postgres::route::{RouteError, SocketError};
use crate::warehouse::postgres::tunnel::TunnelError;
use crate::warehouse::{WarehouseError, system_reason};
use WarehouseError::{Config, Statement, Transient};

/// An error that the server did not send.
pub(super) fn explain(place: &Place, doing: &str, error: &Error) -> WarehouseError {
    let cause = error.source();
    if let Some(broken) = cause.and_then(|cause| cause.downcast_ref::<io::Error>()) {
        return match broken.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(error) if doing == CONNECTING => Config(encryption(place, error)),
            _ => Transient(format!("{doing}: the connection to {place} is lost: {}", system_reason(broken))),
        };
    }
    if error.is_closed() {
        return Transient(format!("{doing}: the connection to {place} is lost"));
    }
    if lacks_tls(error) {
        return Config(format!("{place} offers no encryption (TLS), which the ssl_mode asks for"));
    }
    let cause = cause.map(ToString::to_string).unwrap_or_default();
    match (error.to_string().as_str(), cause.as_str()) {
        (_, "password missing") => {
            Config(format!("{place} asks for a password of the role `{}`, and none is given", place.role))
        }
        ("authentication error", "unsupported authentication method" | "unsupported SASL mechanism") => {
            Config(format!(
                "{place} asks the role `{}` for another proof than a password or a certificate (as Kerberos), which is not supported",
                place.role
            ))
        }
        ("authentication error", _) => {
            Config(format!("{place} did not prove that it knows the password of the role `{}`", place.role))
        }
        // of our own making: a parameter, a column
        (text, _) => Statement { doing: doing.to_owned(), message: text.to_owned() },
    }
}

/// Whether the server said that it has no encryption.
pub(in crate::warehouse::postgres) fn lacks_tls(error: &Error) -> bool {
    error.source().is_some_and(|cause| cause.to_string() == "server does not support TLS")
}

/// An error that left no session.
pub(super) fn explain_connect(place: &Place, error: &ConnectError) -> WarehouseError {
    match error {
        ConnectError::Server(error) => place.explain(CONNECTING, error),
        ConnectError::Tls(error) => Config(format!("encryption can't be set up: {error}")),
        ConnectError::Late(of) => Transient(format!("no answer {of} in time: {}", whole_way(place))),
        ConnectError::Route(RouteError::Socket(error)) => socket(&place.to_string(), &place.host, error),
        ConnectError::Route(RouteError::Tunnel(error)) => tunnel(place, error),
    }
}

fn whole_way(place: &Place) -> String {
    match &place.tunnel {
        Some((host, port, _)) => format!("{place} through the SSH server {host}:{port}"),
        None => place.to_string(),
    }
}

/// A socket that could not be opened.
fn socket(server: &str, host: &str, error: &SocketError) -> WarehouseError {
    match error {
        SocketError::Lookup(error) if is_passing(error) => {
            Transient(format!("{server} can't be reached: the host name `{host}` can't be resolved at the moment"))
        }
        SocketError::Lookup(_) => Config(format!("{server} can't be reached: there is no host named `{host}`")),
        SocketError::Connect(error) => match error.kind() {
            io::ErrorKind::NotFound if host.starts_with('/') => {
                Config(format!("{server} can't be reached: there is no socket in the directory {host}"))
            }
            io::ErrorKind::PermissionDenied => {
                Config(format!("{server} can't be reached: no permission to use its socket"))
            }
            io::ErrorKind::ConnectionRefused => {
                Transient(format!("{server} can't be reached: the connection is refused; no server listens there"))
            }
            io::ErrorKind::TimedOut => Transient(format!(
                "{server} can't be reached: it does not answer; a firewall may keep the connection from it"
            )),
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                Transient(format!("{server} can't be reached: there is no way to it from this machine's network"))
            }
            _ => Transient(format!("{server} can't be reached: {}", system_reason(error))),
        },
    }
}

/// Whether the resolver itself could not answer, of which only its words tell.
fn is_passing(error: &io::Error) -> bool {
    let text = error.to_string();
    text.contains("Temporary failure") || text.contains("try again")
}

/// An error of the SSH server, or of what we tell it.
fn tunnel(place: &Place, error: &TunnelError) -> WarehouseError {
    let (host, port, user) = place.tunnel.as_ref().map_or(("", 0, ""), |(host, port, user)| (host, *port, user));
    let server = format!("the SSH server {host}:{port}");
    match error {
        TunnelError::Socket(error) => socket(&server, host, error),
        TunnelError::Key(why) => Config(format!("the SSH key {why}")),
        TunnelError::Login { takes } if takes.is_empty() => Config(format!("{server} refused the login of `{user}`")),
        TunnelError::Login { takes } => Config(format!("{server} refused the login of `{user}`; it takes: {takes}")),
        TunnelError::Forbidden => Config(format!(
            "{server} does not forward connections to {}:{} (its settings AllowTcpForwarding and PermitOpen, or those of the key)",
            place.host, place.port
        )),
        TunnelError::Unreachable => Transient(format!(
            "{server} can't reach {}:{}: from there no server answers at that address",
            place.host, place.port
        )),
        TunnelError::Ssh(russh::Error::IO(error)) => {
            Transient(format!("the connection to {server} is lost: {}", system_reason(error)))
        }
        TunnelError::Ssh(error @ (russh::Error::NoCommonAlgo { .. } | russh::Error::Version)) => {
            Config(format!("{server} can't be talked to: {}", line(&error.to_string())))
        }
        TunnelError::Ssh(error) => {
            Transient(format!("the connection to {server} is lost: {}", line(&error.to_string()).to_lowercase()))
        }
    }
}

/// A handshake that failed.
fn encryption(place: &Place, error: &rustls::Error) -> String {
    let certificate = format!("the certificate of {place}");
    match error {
        rustls::Error::InvalidCertificate(fault) => match fault {
            CertificateError::UnknownIssuer => format!(
                "{certificate} is not signed by a trusted authority: give its authority's certificate (CA certificate)"
            ),
            CertificateError::NotValidForNameContext { presented, .. } => format!(
                "{certificate} is for another host{}: the ssl_mode `verify-ca` would not compare names",
                if presented.is_empty() { String::new() } else { format!(", {}", presented.join(", ")) }
            ),
            CertificateError::NotValidForName => format!("{certificate} is for another host"),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => format!("{certificate} has expired"),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                format!("{certificate} is not valid yet")
            }
            CertificateError::BadSignature => format!("{certificate} was not signed by the authority that it names"),
            fault if fault.to_string().contains("UnsupportedCertVersion") => format!(
                "{certificate} is of X.509 version 1, which can't be checked: the server needs one of version 3 (with extensions)"
            ),
            fault => format!("{certificate} can't be checked: {fault}"),
        },
        rustls::Error::AlertReceived(alert) => match alert {
            AlertDescription::CertificateRequired => {
                format!("{place} asks for a client certificate, and none is given")
            }
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError => format!("{place} does not take the client certificate ({alert:?})"),
            alert => format!("{place} broke off the encryption's handshake ({alert:?}): TLS 1.2 or later is needed"),
        },
        rustls::Error::PeerIncompatible(fault) => {
            format!("{place} has no encryption that is safe enough, TLS 1.2 or later is needed ({fault:?})")
        }
        error => format!("the encryption's handshake with {place} failed: {error}"),
    }
}
