//! A private key, in each form that tools write.

use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::with_line_breaks;
use crate::config::Secret;

/// The label of a PKCS#8 key that a password encrypts.
const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";

/// Reads PKCS#8, with or without a password, PKCS#1 or SEC1; the error continues "the key …". A password that nothing is
/// encrypted with does not matter.
pub(super) fn read(key: &Secret, password: Option<&Secret>) -> Result<PrivateKeyDer<'static>, &'static str> {
    let text = with_line_breaks(key.expose());
    if let Some(start) = text.find(ENCRYPTED) {
        let password = password.ok_or("is encrypted, and its password is missing")?;
        return decrypt(text[start..].trim_end(), password);
    }
    if text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err("is encrypted in OpenSSL's own old form: `openssl pkcs8 -topk8 -v2 aes256` converts it");
    }
    if text.contains("-----BEGIN OPENSSH PRIVATE KEY-----") {
        return Err("is an SSH key; TLS needs one in PEM form (`-----BEGIN PRIVATE KEY-----` …)");
    }
    PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map_err(|_| "is not a private key in PEM form (`-----BEGIN PRIVATE KEY-----` …)")
}

fn decrypt(text: &str, password: &Secret) -> Result<PrivateKeyDer<'static>, &'static str> {
    let malformed = "is not a readable encrypted key";
    let (_, document) = SecretDocument::from_pem(text).map_err(|_| malformed)?;
    let encrypted: EncryptedPrivateKeyInfoRef<'_> = document.decode_msg().map_err(|_| malformed)?;
    if encrypted.encryption_algorithm.pbes2().is_none() {
        return Err("is encrypted in a way that is no longer safe: `openssl pkcs8 -topk8 -v2 aes256` converts it");
    }
    let key = encrypted
        .decrypt(password.expose())
        .map_err(|_| "can't be decrypted: its password is wrong, or it is encrypted with other than AES")?;
    Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
}
