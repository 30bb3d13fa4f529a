//! Encryption: what is asked of the server's certificate, and our own certificate.
//!
//! Rustls with ring, given explicitly: no setting of the process decides.

/// A private key, in each form that tools write.
mod key;
/// What is asked of a server's certificate.
mod verify;

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::verify::{Demand, Trusted, Verifier};
use crate::config::{Tls, TlsMode};

/// Why encryption can't even be tried. Texts of certificates and keys are never in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    /// A text that should be certificates.
    #[error("{0} is not a certificate in PEM form (`-----BEGIN CERTIFICATE-----` …)")]
    Certificate(&'static str),
    /// No certificate to trust.
    #[error(
        "the operating system has no trusted certificate authorities: give the certificate of the server's authority (CA certificate)"
    )]
    NoAuthorities,
    /// One of our certificate and its key without the other.
    #[error("the client certificate and the client key go together: one of them is missing")]
    Half,
    /// The private key.
    #[error("the client key {0}")]
    Key(&'static str),
    /// Certificate and key are of different pairs.
    #[error("the client key does not belong to the client certificate")]
    Pair,
    /// No protocol version that the provider has.
    #[error("TLS can't be set up: {0}")]
    Setup(#[source] rustls::Error),
}

/// What encrypts connections as the config says.
pub(super) fn connector(tls: &Tls) -> Result<MakeRustlsConnect, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Verifier::new(demand(tls)?, provider.signature_verification_algorithms));
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Setup)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let config = match (&tls.certificate, &tls.key) {
        (None, None) => builder.with_no_client_auth(),
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate).ok_or(TlsError::Certificate("the client certificate"))?;
            let key = key::read(key, tls.key_password.as_ref()).map_err(TlsError::Key)?;
            builder.with_client_auth_cert(chain, key).map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => TlsError::Pair,
                _ => TlsError::Key("is of a kind that TLS can't use: RSA, ECDSA (P-256, P-384) and Ed25519 keys work"),
            })?
        }
        _ => return Err(TlsError::Half),
    };
    Ok(MakeRustlsConnect::new(config))
}

/// What the mode asks of the server's certificate, as libpq's `sslmode` does.
fn demand(tls: &Tls) -> Result<Demand, TlsError> {
    match (tls.mode, &tls.authorities) {
        (TlsMode::Disable | TlsMode::Allow | TlsMode::Prefer, _) | (TlsMode::Require, None) => Ok(Demand::Nothing),
        (TlsMode::Require | TlsMode::VerifyCa, authorities) => Ok(Demand::Authority(trusted(authorities.as_deref())?)),
        (TlsMode::VerifyFull, authorities) => Ok(Demand::AuthorityAndName(trusted(authorities.as_deref())?)),
    }
}

/// The authorities that may have signed: those given, or the operating system's.
fn trusted(authorities: Option<&str>) -> Result<Trusted, TlsError> {
    let mut roots = RootCertStore::empty();
    let Some(text) = authorities else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return if roots.is_empty() { Err(TlsError::NoAuthorities) } else { Ok(Trusted { roots, given: Vec::new() }) };
    };
    match certificates(text) {
        Some(given) if roots.add_parsable_certificates(given.iter().cloned()).0 > 0 => Ok(Trusted { roots, given }),
        _ => Err(TlsError::Certificate("the CA certificate")),
    }
}

/// The certificates of a PEM text; none is as bad as a broken one.
fn certificates(text: &str) -> Option<Vec<CertificateDer<'static>>> {
    let text = with_line_breaks(text);
    let certificates = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>().ok()?;
    (!certificates.is_empty()).then_some(certificates)
}

/// PEM text as tools read it: pasted into one line of JSON its line breaks may have become `\n`, two characters.
pub(super) fn with_line_breaks(text: &str) -> String {
    text.replace("\\r", "").replace("\\n", "\n")
}
