//! An SSH server that asks for passwords: `sshd` only lets in by those of the machine's own users.

use std::sync::Arc;
use std::time::Duration;

use russh::keys::{Algorithm, PrivateKey, key::safe_rng};
use russh::server::{self, Auth, ChannelOpenHandle, Msg, Response, Server};
use russh::{Channel, MethodKind, MethodSet};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

use super::secret;
use crate::config::{Tunnel, TunnelLogin};

const PASSWORD: &str = "open sesame";

/// The server, which ends with the test.
pub(super) struct PasswordServer {
    port: u16,
    _runtime: Runtime,
}

impl PasswordServer {
    /// Starts it; it takes the password itself, or only as the answer to a question.
    pub(super) fn start(by_questions: bool) -> Self {
        let method = if by_questions { MethodKind::KeyboardInteractive } else { MethodKind::Password };
        let settings = Arc::new(server::Config {
            methods: MethodSet::from([method].as_slice()),
            auth_rejection_time: Duration::ZERO,
            keys: vec![PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).unwrap()],
            ..server::Config::default()
        });
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        runtime.spawn(async move { Doorkeeper.run_on_socket(settings, &listener).await });
        Self { port, _runtime: runtime }
    }

    /// The way through it, with this password.
    pub(super) fn tunnel(&self, password: &str) -> Tunnel {
        Tunnel {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            username: "ann".to_owned(),
            login: TunnelLogin::Password(secret(password)),
        }
    }
}

#[derive(Clone)]
struct Doorkeeper;

impl Server for Doorkeeper {
    type Handler = Self;

    fn new_client(&mut self, _: Option<std::net::SocketAddr>) -> Self {
        self.clone()
    }
}

impl server::Handler for Doorkeeper {
    type Error = russh::Error;

    async fn auth_password(&mut self, _: &str, password: &str) -> Result<Auth, russh::Error> {
        Ok(if password == PASSWORD { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _: &str,
        _: &str,
        answers: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        Ok(match answers.map(|mut answers| answers.next()) {
            None => Auth::Partial {
                name: "".into(),
                instructions: "".into(),
                prompts: vec![("Password: ".into(), false)].into(),
            },
            Some(Some(answer)) if answer == PASSWORD.as_bytes() => Auth::Accept,
            Some(_) => Auth::reject(),
        })
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut server::Session,
    ) -> Result<(), russh::Error> {
        let mut target = TcpStream::connect((host, u16::try_from(port).unwrap())).await?;
        reply.accept().await;
        tokio::spawn(async move { copy_bidirectional(&mut channel.into_stream(), &mut target).await });
        Ok(())
    }
}
