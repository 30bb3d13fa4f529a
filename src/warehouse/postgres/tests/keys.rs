//! Keys, in the forms that tools write.

use std::process::{Command, Stdio};

use super::certificates::Authority;
use super::cluster::Folder;
use super::*;

/// What `openssl` makes of a key.
fn openssl(folder: &Folder, arguments: &[&str], key: &str) -> String {
    folder.file("key.pem", key);
    let mut command = Command::new("openssl");
    command.current_dir(folder.path("")).args(arguments).stdin(Stdio::null());
    if !key.is_empty() {
        command.args(["-in", "key.pem"]);
    }
    let output = command.output().expect("openssl is needed (Debian's package openssl)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Why a client key is not taken, or nothing.
fn refused(certificate: &str, key: &str, password: Option<&str>) -> Option<String> {
    let tls = Tls {
        mode: TlsMode::Require,
        certificate: Some(certificate.to_owned()),
        key: Some(secret(key)),
        key_password: password.map(secret),
        ..Tls::default()
    };
    tls::connector(&tls).err().map(|error| error.to_string())
}

#[test]
fn client_keys_of_every_form() {
    let (folder, authority) = (Folder::new(), Authority::new("ours"));
    let rsa = openssl(&folder, &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "");
    let elliptic = authority.certify("loader", &[]).key;
    for (key, old_form) in [(&rsa, ["rsa", "-traditional"].as_slice()), (&elliptic, ["ec"].as_slice())] {
        let certified = authority.certify_key("loader", key);
        let old = openssl(&folder, old_form, key);
        assert!(old.contains("BEGIN RSA PRIVATE KEY") || old.contains("BEGIN EC PRIVATE KEY"), "{old}");
        let pasted = key.replace('\n', "\\n");
        for form in [key, &old, &pasted] {
            assert_eq!(refused(&certified.certificate, form, None), None);
        }
        for (cipher, hash) in [("aes-256-cbc", "hmacWithSHA256"), ("aes-128-cbc", "hmacWithSHA1")] {
            let encrypt = ["pkcs8", "-topk8", "-v2", cipher, "-v2prf", hash, "-passout", "pass:open sesame"];
            let encrypted = openssl(&folder, &encrypt, key);
            assert_eq!(refused(&certified.certificate, &encrypted, Some("open sesame")), None, "{cipher}");
            let wrong = refused(&certified.certificate, &encrypted, Some("open")).unwrap();
            assert!(wrong.contains("its password is wrong"), "{wrong}");
            let missing = refused(&certified.certificate, &encrypted, None).unwrap();
            assert!(missing.ends_with("is encrypted, and its password is missing"), "{missing}");
        }
        let legacy = openssl(&folder, &[old_form, &["-aes128", "-passout", "pass:open sesame"]].concat(), key);
        let legacy = refused(&certified.certificate, &legacy, Some("open sesame")).unwrap();
        assert!(legacy.contains("openssl pkcs8 -topk8 -v2 aes256"), "{legacy}");
    }
}

#[test]
fn what_is_no_client_key() {
    let authority = Authority::new("ours");
    let (one, other) = (authority.certify("one", &[]), authority.certify("other", &[]));
    for (certificate, key, expected) in [
        (&one.certificate, &other.key, "does not belong to the client certificate"),
        (&one.certificate, &one.certificate, "the client key is not a private key in PEM form"),
        (&one.key, &one.key, "the client certificate is not a certificate in PEM form"),
        (&"hunter2".to_owned(), &one.key, "the client certificate is not a certificate in PEM form"),
    ] {
        let message = refused(certificate, key, None).unwrap();
        assert!(message.contains(expected), "{message}");
        assert!(!message.contains("hunter2") && !message.contains("MI"), "{message}");
    }
    let half = Tls { mode: TlsMode::Require, certificate: Some(one.certificate), ..Tls::default() };
    let message = advice(&Postgres { tls: half, ..config("127.0.0.1", cluster::free_port()) });
    assert!(message.contains("refused") || message.contains("one of them is missing"), "{message}");
}
