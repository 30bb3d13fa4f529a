//! What is asked of a server's certificate.

use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::oid::db::{rfc4519::COMMON_NAME, rfc5280::ID_CE_SUBJECT_ALT_NAME};
use x509_cert::der::{Decode as _, Encode as _};

/// What has to hold for a server's certificate.
#[derive(Debug)]
pub(super) enum Demand {
    /// It may be any.
    Nothing,
    /// An authority has signed it.
    Authority(Trusted),
    /// An authority has signed it for this host.
    AuthorityAndName(Trusted),
}

/// Whose certificates are taken.
#[derive(Debug)]
pub(super) struct Trusted {
    /// The authorities.
    pub(super) roots: RootCertStore,
    /// The certificates that the user gave. A server may have one of them itself, signed by nobody else.
    pub(super) given: Vec<CertificateDer<'static>>,
}

/// Checks what is asked for. That the server has the key of its certificate is always checked.
#[derive(Debug)]
pub(super) struct Verifier {
    demand: Demand,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(demand: Demand, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { demand, algorithms }
    }

    fn check_chain(
        &self,
        trusted: &Trusted,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        if trusted.given.iter().any(|given| given == certificate) {
            return check_dates(certificate, now);
        }
        let parsed = ParsedCertificate::try_from(certificate)?;
        verify_server_cert_signed_by_trust_anchor(&parsed, &trusted.roots, intermediates, now, self.algorithms.all)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.demand {
            Demand::Nothing => {}
            Demand::Authority(trusted) => self.check_chain(trusted, certificate, intermediates, now)?,
            Demand::AuthorityAndName(trusted) => {
                self.check_chain(trusted, certificate, intermediates, now)?;
                check_name(certificate, server_name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    // By the bare key: the certificate may be of X.509 version 1, as a plain `openssl x509 -req` writes it.
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = read(certificate)?.tbs_certificate.subject_public_key_info.to_der();
        let key = SubjectPublicKeyInfoDer::from(key.map_err(|_| CertificateError::BadEncoding)?);
        verify_tls13_signature_with_raw_key(message, &key, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn read(certificate: &CertificateDer<'_>) -> Result<Certificate, Error> {
    Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding.into())
}

fn check_dates(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let validity = read(certificate)?.tbs_certificate.validity;
    let now = Duration::from_secs(now.as_secs());
    if now < validity.not_before.to_unix_duration() {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > validity.not_after.to_unix_duration() {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

/// Whether the certificate is for this host: by its alternative names, or, if it has none, by its common name, as libpq does.
fn check_name(certificate: &CertificateDer<'_>, host: &ServerName<'_>) -> Result<(), Error> {
    let Err(refused) = verify_server_name(&ParsedCertificate::try_from(certificate)?, host) else { return Ok(()) };
    let ServerName::DnsName(host) = host else { return Err(refused) };
    let parsed = read(certificate)?.tbs_certificate;
    let has_alternative_names =
        parsed.extensions.iter().flatten().any(|extension| extension.extn_id == ID_CE_SUBJECT_ALT_NAME);
    let names = parsed.subject.0.iter().flat_map(|names| names.0.iter()).filter(|name| name.oid == COMMON_NAME);
    let mut names = names.filter_map(|name| std::str::from_utf8(name.value.value()).ok());
    if !has_alternative_names && names.any(|name| is_name_of(name, host.as_ref())) { Ok(()) } else { Err(refused) }
}

/// Whether a name, whose first label may be `*`, is that of the host.
fn is_name_of(name: &str, host: &str) -> bool {
    name.eq_ignore_ascii_case(host)
        || name
            .strip_prefix("*.")
            .zip(host.split_once('.'))
            .is_some_and(|(domain, (_, rest))| domain.contains('.') && domain.eq_ignore_ascii_case(rest))
}
