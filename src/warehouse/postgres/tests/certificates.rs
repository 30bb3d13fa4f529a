//! Certificates and keys of a test.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType, SigningKey as _,
    date_time_ymd,
};
use x509_cert::Certificate;
use x509_cert::certificate::Version;
use x509_cert::der::asn1::BitString;
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{DecodePem as _, Encode as _, EncodePem as _};

/// An authority.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as PEM.
pub(super) struct Certified {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate with this common name, and for these hosts.
    pub(super) fn certify(&self, name: &str, hosts: &[&str]) -> Certified {
        self.sign(&with_hosts(named(name), hosts))
    }

    /// One that has expired.
    pub(super) fn certify_once(&self, hosts: &[&str]) -> Certified {
        let mut params = with_hosts(named("once"), hosts);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Certified {
        self.sign_for(params, &KeyPair::generate().unwrap())
    }

    /// A certificate for a key that is already there.
    pub(super) fn certify_key(&self, name: &str, key: &str) -> Certified {
        self.sign_for(&named(name), &KeyPair::from_pem(key).unwrap())
    }

    fn sign_for(&self, params: &CertificateParams, key: &KeyPair) -> Certified {
        let certificate = params.signed_by(key, &self.0).unwrap().pem();
        Certified { certificate, key: key.serialize_pem() }
    }
}

impl Certified {
    /// The same, signed by its own key, of X.509 version 1, which has no extensions: what `openssl x509 -req` long made.
    pub(super) fn as_version_1(&self) -> Self {
        let key = KeyPair::from_pem(&self.key).unwrap();
        let mut certificate = Certificate::from_pem(&self.certificate).unwrap();
        certificate.tbs_certificate.version = Version::V1;
        certificate.tbs_certificate.extensions = None;
        let signature = key.sign(&certificate.tbs_certificate.to_der().unwrap()).unwrap();
        certificate.signature = BitString::from_bytes(&signature).unwrap();
        Self { certificate: certificate.to_pem(LineEnding::LF).unwrap(), key: self.key.clone() }
    }
}

/// A certificate that nobody else has signed, marked as an authority's: what `openssl req -x509` makes.
pub(super) fn self_signed(name: &str, hosts: &[&str]) -> Certified {
    let mut params = with_hosts(named(name), hosts);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    Certified { certificate: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn with_hosts(mut params: CertificateParams, hosts: &[&str]) -> CertificateParams {
    params.subject_alt_names = hosts.iter().map(|host| SanType::DnsName((*host).try_into().unwrap())).collect();
    params
}
