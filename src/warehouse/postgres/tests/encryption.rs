//! Encryption, by the six modes.

use super::certificates::{Authority, Certified, self_signed};
use super::cluster::Folder;
use super::*;

/// Rules that ask for a password whether encrypted or not.
pub(super) const ANY: &str = "host all all all scram-sha-256";
/// Rules that take only what is encrypted.
const ENCRYPTED: &str = "hostssl all all all scram-sha-256";
/// Rules that take only what is not.
const PLAIN: &str = "hostnossl all all all scram-sha-256";

/// A server with a certificate.
pub(super) fn server(rules: &str, certified: &Certified, clients: &Authority) -> Cluster {
    let folder = Folder::new();
    folder.file("server.crt", &certified.certificate);
    folder.file("server.key", &certified.key);
    folder.file("clients.crt", &clients.pem());
    let mut cluster = Cluster::prepare(folder);
    let settings = [
        "ssl=on",
        "ssl_cert_file={folder}/server.crt",
        "ssl_key_file={folder}/server.key",
        "ssl_ca_file={folder}/clients.crt",
    ];
    cluster.launch(rules, &settings);
    cluster.admin("CREATE ROLE loader LOGIN PASSWORD 'pass word'; CREATE DATABASE loader OWNER loader");
    cluster
}

pub(super) fn with(cluster: &Cluster, mode: TlsMode, authority: Option<&Authority>) -> Postgres {
    let tls = Tls { mode, authorities: authority.map(Authority::pem), ..Tls::default() };
    Postgres { host: "localhost".to_owned(), tls, ..cluster.config() }
}

/// Whether the session is encrypted.
fn is_encrypted(config: &Postgres) -> bool {
    let session = Session::open(config).unwrap();
    value(&session, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "t"
}

#[test]
fn each_mode_with_a_server_without_encryption() {
    let cluster = Cluster::start();
    let authority = Authority::new("ours");
    for mode in [TlsMode::Disable, TlsMode::Allow, TlsMode::Prefer] {
        assert!(!is_encrypted(&with(&cluster, mode, None)), "{mode:?}");
    }
    for mode in [TlsMode::Require, TlsMode::VerifyCa, TlsMode::VerifyFull] {
        let message = advice(&with(&cluster, mode, Some(&authority)));
        assert!(message.ends_with("offers no encryption (TLS), which the ssl_mode asks for"), "{message}");
    }
}

#[test]
fn each_mode_with_a_server_that_takes_both() {
    let (authority, foreign) = (Authority::new("ours"), Authority::new("another"));
    let cluster = server(ANY, &authority.certify("db", &["localhost"]), &authority);
    for (mode, authority, encrypted) in [
        (TlsMode::Disable, None, false),
        (TlsMode::Allow, None, false),
        (TlsMode::Prefer, None, true),
        (TlsMode::Require, None, true),
        (TlsMode::Require, Some(&authority), true),
        (TlsMode::VerifyCa, Some(&authority), true),
        (TlsMode::VerifyFull, Some(&authority), true),
    ] {
        assert_eq!(is_encrypted(&with(&cluster, mode, authority)), encrypted, "{mode:?}");
    }
    for (mode, authority) in [
        (TlsMode::Require, Some(&foreign)),
        (TlsMode::VerifyCa, Some(&foreign)),
        (TlsMode::VerifyFull, Some(&foreign)),
        // the operating system does not know it either
        (TlsMode::VerifyCa, None),
    ] {
        let message = advice(&with(&cluster, mode, authority));
        assert!(message.contains("is not signed by a trusted authority"), "{mode:?}: {message}");
    }
}

#[test]
fn what_the_server_insists_on_is_found_by_trying() {
    let authority = Authority::new("ours");
    let certified = authority.certify("db", &["localhost"]);
    let cluster = server(ENCRYPTED, &certified, &authority);
    assert!(is_encrypted(&with(&cluster, TlsMode::Allow, None)));
    assert!(is_encrypted(&with(&cluster, TlsMode::Prefer, None)));
    let message = advice(&with(&cluster, TlsMode::Disable, None));
    assert!(message.contains("no encryption (the server may want encryption"), "{message}");
    let cluster = server(PLAIN, &certified, &authority);
    assert!(!is_encrypted(&with(&cluster, TlsMode::Prefer, None)));
    let message = advice(&with(&cluster, TlsMode::Require, None));
    assert!(message.contains("no pg_hba.conf entry"), "{message}");
}

#[test]
fn a_failed_handshake_falls_back_only_in_prefer() {
    let (authority, foreign) = (Authority::new("ours"), Authority::new("another"));
    let cluster = server(ANY, &authority.certify("db", &["localhost"]), &authority);
    // a certificate of an authority that the server does not know ends the handshake
    let unknown = foreign.certify("loader", &[]);
    let with_unknown = |mode| {
        let mut config = with(&cluster, mode, None);
        config.tls.certificate = Some(unknown.certificate.clone());
        config.tls.key = Some(secret(&unknown.key));
        config
    };
    assert!(!is_encrypted(&with_unknown(TlsMode::Prefer)));
    let message = advice(&with_unknown(TlsMode::Require));
    assert!(message.contains("does not take the client certificate"), "{message}");
}

#[test]
fn names_are_compared_in_verify_full_only() {
    let authority = Authority::new("ours");
    let cluster = server(ANY, &authority.certify("db", &["db.example.com"]), &authority);
    assert!(is_encrypted(&with(&cluster, TlsMode::VerifyCa, Some(&authority))));
    let message = advice(&with(&cluster, TlsMode::VerifyFull, Some(&authority)));
    assert!(message.contains("is for another host, ") && message.contains("db.example.com"), "{message}");
}

#[test]
fn without_alternative_names_the_common_name_counts() {
    let authority = Authority::new("ours");
    let cluster = server(ANY, &authority.certify("localhost", &[]), &authority);
    assert!(is_encrypted(&with(&cluster, TlsMode::VerifyFull, Some(&authority))));
    let by_address = Postgres { host: "127.0.0.1".to_owned(), ..with(&cluster, TlsMode::VerifyFull, Some(&authority)) };
    assert!(advice(&by_address).contains("is for another host"));
}

#[test]
fn a_certificate_that_is_its_own_authority() {
    let authority = Authority::new("ours");
    let certified = self_signed("db", &["localhost"]);
    let cluster = server(ANY, &certified, &authority);
    let mut config = with(&cluster, TlsMode::VerifyFull, None);
    config.tls.authorities = Some(certified.certificate.replace('\n', "\\n"));
    assert!(is_encrypted(&config));
    let message = advice(&with(&cluster, TlsMode::VerifyCa, Some(&authority)));
    assert!(message.contains("Postgres at localhost"), "{message}");
}

#[test]
fn an_expired_certificate() {
    let authority = Authority::new("ours");
    let cluster = server(ANY, &authority.certify_once(&["localhost"]), &authority);
    assert!(is_encrypted(&with(&cluster, TlsMode::Require, None)));
    assert!(advice(&with(&cluster, TlsMode::VerifyCa, Some(&authority))).ends_with("has expired"));
}

#[test]
fn an_old_certificate_without_extensions() {
    let authority = Authority::new("ours");
    let cluster = server(ANY, &authority.certify("localhost", &[]).as_version_1(), &authority);
    assert!(is_encrypted(&with(&cluster, TlsMode::Require, None)));
    let message = advice(&with(&cluster, TlsMode::VerifyCa, Some(&authority)));
    assert!(message.contains("X.509 version 1"), "{message}");
}

#[test]
fn logging_in_by_a_client_certificate() {
    let authority = Authority::new("ours");
    let rules = "hostssl all all all cert";
    let cluster = server(rules, &authority.certify("db", &["localhost"]), &authority);
    let (loader, other) = (authority.certify("loader", &[]), authority.certify("other", &[]));
    let with_certificate = |certified: &Certified| {
        let mut config = with(&cluster, TlsMode::VerifyFull, Some(&authority));
        config.password = None;
        config.tls.certificate = Some(certified.certificate.clone());
        config.tls.key = Some(secret(&certified.key));
        config
    };
    assert!(is_encrypted(&with_certificate(&loader)));
    // what no key is encrypted with does not matter
    let mut config = with_certificate(&loader);
    config.tls.key_password = Some(secret("unused"));
    assert!(is_encrypted(&config));
    let message = advice(&with_certificate(&other));
    assert!(message.contains("certificate authentication failed for user \"loader\""), "{message}");
    let message = advice(&with(&cluster, TlsMode::Require, None));
    assert!(message.contains("connection requires a valid client certificate"), "{message}");
}

#[test]
fn a_password_is_bound_to_the_servers_certificate() {
    let authority = Authority::new("ours");
    let cluster = server(ANY, &authority.certify("db", &["localhost"]), &authority);
    let config = with(&cluster, TlsMode::VerifyFull, Some(&authority));
    assert!(login_bound(&config).is_ok());
    let plain = login_bound(&with(&cluster, TlsMode::Disable, None)).unwrap_err();
    assert!(format!("{plain:?}").contains("channel binding"), "{plain:?}");
}
