//! The way through an SSH server.

use std::net::TcpListener;

use super::certificates::Authority;
use super::cluster::{Folder, free_port};
use super::ssh::{SshServer, generate};
use super::ssh_password::PasswordServer;
use super::*;
use crate::config::{Tunnel, TunnelLogin};

fn through(cluster: &Cluster, tunnel: Tunnel) -> Postgres {
    Postgres { tunnel: Some(tunnel), ..cluster.config() }
}

#[test]
fn keys_of_every_kind_and_form() {
    let (cluster, server) = (Cluster::start(), SshServer::start(""));
    for arguments in [
        ["-t", "ed25519"].as_slice(),
        &["-t", "rsa", "-b", "2048"],
        &["-t", "rsa", "-b", "2048", "-m", "PEM"],
        &["-t", "rsa", "-b", "2048", "-m", "PKCS8"],
        &["-t", "ecdsa"],
        &["-t", "ecdsa", "-b", "384", "-m", "PEM"],
        &["-t", "ecdsa", "-m", "PKCS8"],
    ] {
        let key = server.key(arguments);
        for key in [key.clone(), key.replace('\n', "\\n")] {
            let session = Session::open(&through(&cluster, server.tunnel(&key))).unwrap();
            assert_eq!(value(&session, "SELECT 1"), "1", "{arguments:?}");
        }
    }
}

#[test]
fn keys_that_are_not_let_in() {
    let (cluster, server) = (Cluster::start(), SshServer::start(""));
    server.key(&["-t", "ed25519"]);
    let folder = Folder::new();
    let stranger = generate(&folder, "stranger", &["-t", "ed25519"]);
    let message = advice(&through(&cluster, server.tunnel(&stranger)));
    assert!(message.contains("refused the login of `") && message.ends_with("it takes: publickey"), "{message}");
    for form in [["-t", "ed25519", "-N", "hunter2"].as_slice(), &["-t", "rsa", "-m", "PEM", "-N", "hunter2"]] {
        let locked = generate(&folder, "locked", form);
        let message = advice(&through(&cluster, server.tunnel(&locked)));
        assert!(message.starts_with("the SSH key needs a passphrase"), "{message}");
    }
    let message = advice(&through(&cluster, server.tunnel("hunter2")));
    assert!(message.starts_with("the SSH key is not a private key") && !message.contains("hunter2"), "{message}");
}

#[test]
fn passwords_and_questions() {
    let cluster = Cluster::start();
    for by_questions in [false, true] {
        let server = PasswordServer::start(by_questions);
        let session = Session::open(&through(&cluster, server.tunnel("open sesame"))).unwrap();
        assert_eq!(value(&session, "SELECT 1"), "1");
        let message = advice(&through(&cluster, server.tunnel("hunter2")));
        assert!(message.contains("refused the login of `ann`") && !message.contains("hunter2"), "{message}");
    }
}

#[test]
fn encryption_inside_is_checked_against_the_databases_own_host() {
    let authority = Authority::new("ours");
    let cluster = encryption::server(encryption::ANY, &authority.certify("db", &["localhost"]), &authority);
    let server = SshServer::start("");
    let tunnel = server.tunnel(&server.key(&["-t", "ed25519"]));
    let config = Postgres { tunnel: Some(tunnel), ..encryption::with(&cluster, TlsMode::VerifyFull, Some(&authority)) };
    let session = Session::open(&config).unwrap();
    assert_eq!(value(&session, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"), "t");
    let by_address = Postgres { host: "127.0.0.1".to_owned(), ..config };
    assert!(advice(&by_address).contains("is for another host"));
}

#[test]
fn a_unix_socket_of_the_ssh_servers_machine() {
    let cluster = Cluster::start_with("local all all scram-sha-256", &[]);
    let server = SshServer::start("");
    let tunnel = Some(server.tunnel(&server.key(&["-t", "ed25519"])));
    let config = Postgres { tunnel, ..config(cluster.folder.path("").to_str().unwrap(), cluster.port) };
    assert_eq!(value(&Session::open(&config).unwrap(), "SELECT 1"), "1");
}

#[test]
fn what_the_ssh_server_does_not_forward() {
    let cluster = Cluster::start();
    let server = SshServer::start("AllowTcpForwarding no");
    let tunnel = server.tunnel(&server.key(&["-t", "ed25519"]));
    let message = advice(&through(&cluster, tunnel));
    assert!(message.contains(&format!("does not forward connections to 127.0.0.1:{}", cluster.port)), "{message}");
    let server = SshServer::start("");
    let tunnel = server.tunnel(&server.key(&["-t", "ed25519"]));
    let port = free_port();
    let message = excuse(&Postgres { port, ..through(&cluster, tunnel) });
    assert!(message.contains(&format!("can't reach 127.0.0.1:{port}")), "{message}");
}

#[test]
fn ssh_servers_that_are_not_there() {
    let tunnel = |host: &str, port| Tunnel {
        host: host.to_owned(),
        port,
        username: "ann".to_owned(),
        login: TunnelLogin::Password(secret("hunter2")),
    };
    let with = |tunnel| Postgres {
        tunnel: Some(tunnel),
        connect_timeout: Duration::from_millis(300),
        ..config("db.example.com", 5432)
    };
    let port = free_port();
    let message = excuse(&with(tunnel("127.0.0.1", port)));
    assert!(
        message.starts_with(&format!("the SSH server 127.0.0.1:{port} can't be reached: the connection is refused")),
        "{message}"
    );
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let message = excuse(&with(tunnel("127.0.0.1", silent.local_addr().unwrap().port())));
    assert!(message.starts_with("no answer from the SSH server in time: Postgres at db.example.com"), "{message}");
}

#[test]
fn the_ssh_server_is_answered_while_nothing_waits_for_the_database() {
    let (cluster, server) = (Cluster::start(), SshServer::start("ClientAliveInterval 1\nLogLevel DEBUG1"));
    let tunnel = server.tunnel(&server.key(&["-t", "ed25519"]));
    let session = Session::open(&through(&cluster, tunnel)).unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    while !server.log().contains("for keepalive") {
        assert!(Instant::now() < end, "it gets no answer: {}", server.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(value(&session, "SELECT 1"), "1");
}

#[test]
fn an_ssh_server_that_goes_away() {
    let (cluster, server) = (Cluster::start(), SshServer::start(""));
    let tunnel = server.tunnel(&server.key(&["-t", "ed25519"]));
    let session = Session::open(&through(&cluster, tunnel)).unwrap();
    server.hang_up();
    let error = session.wait(session.client().batch_execute("SELECT 1")).unwrap_err();
    let explained = session.place().explain("querying", &error);
    assert!(matches!(&explained, WarehouseError::Transient(message) if message.contains("is lost")), "{explained:?}");
}
