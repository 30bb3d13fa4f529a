//! The parameters of a database's URL, by libpq's names.

use std::path::Path;
use std::time::Duration;

use super::{LONGEST_TIMEOUT, Tls, TlsMode};
use crate::config::{read_text, validate};

/// Parameters that are followed.
const FOLLOWED: [&str; 14] = [
    "host",
    "port",
    "dbname",
    "user",
    "password",
    "sslmode",
    "ssl",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslpassword",
    "connect_timeout",
    "options",
    "application_name",
];

/// Parameters of libpq that look like a slip of one that is followed.
const NO_SLIPS: [&str; 1] = ["sslcrl"];

/// What the parameters of a URL say.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) host: Option<String>,
    pub(super) port: Option<String>,
    pub(super) database: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    /// `None`: no parameter says anything of it.
    pub(super) tls: Option<Tls>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) options: Option<String>,
    /// Names of those that are not followed.
    pub(super) unknown: Vec<String>,
}

/// Parameters that have to do with encryption.
#[derive(Default)]
struct TlsParameters {
    mode: Option<TlsMode>,
    root_certificate: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
    key_password: Option<String>,
}

impl Parameters {
    /// Reads decoded parameters; of several of one name the last counts, and an empty one says nothing.
    pub(super) fn read(pairs: Vec<(String, String)>, mistakes: &mut Vec<String>) -> Self {
        let mut read = Self::default();
        let mut tls = TlsParameters::default();
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            match name.as_str() {
                "host" => read.host = Some(value),
                "port" => read.port = Some(value),
                "dbname" => read.database = Some(value),
                "user" => read.username = Some(value),
                "password" => read.password = Some(value),
                "options" => read.options = Some(value),
                "sslmode" => match TlsMode::named(&value) {
                    Some(mode) => tls.mode = Some(mode),
                    None => mistakes.push(format!("sslmode: expected one of {}", TlsMode::NAMES.join(", "))),
                },
                "ssl" if value == "true" => tls.mode = Some(TlsMode::Require),
                "sslrootcert" => tls.root_certificate = Some(value),
                "sslcert" => tls.certificate = Some(value),
                "sslkey" => tls.key = Some(value),
                "sslpassword" => tls.key_password = Some(value),
                "connect_timeout" => match seconds(&value) {
                    Some(timeout) => read.connect_timeout = Some(timeout),
                    None => mistakes.push("connect_timeout: expected a number of seconds".to_owned()),
                },
                // our own name goes to the server, and all text is UTF-8
                "application_name" | "fallback_application_name" | "client_encoding" => {}
                unknown => match validate::nearest(unknown, FOLLOWED) {
                    Some(nearest) if nearest != unknown && !NO_SLIPS.contains(&unknown) => {
                        mistakes.push(format!("{unknown}: unknown parameter, did you mean `{nearest}`?"));
                    }
                    _ => read.unknown.push(name),
                },
            }
        }
        read.tls = tls.read(mistakes);
        read
    }
}

impl TlsParameters {
    /// Reads the files that are named.
    fn read(self, mistakes: &mut Vec<String>) -> Option<Tls> {
        let Self { mode, root_certificate, certificate, key, key_password } = self;
        let is_system = root_certificate.as_deref() == Some("system");
        let mode = match (mode, is_system) {
            (None, true) => Some(TlsMode::VerifyFull),
            (mode, _) => mode,
        };
        if mode.is_none() && [&root_certificate, &certificate, &key, &key_password].iter().all(|said| said.is_none()) {
            return None;
        }
        let mode = mode.unwrap_or_default();
        if is_system && mode != TlsMode::VerifyFull {
            mistakes
                .push("sslrootcert: `system` needs sslmode=verify-full, for anybody can have a certificate of those authorities".to_owned());
        }
        if certificate.is_some() != key.is_some() {
            mistakes.push("sslcert, sslkey: neither is of use without the other".to_owned());
        }
        let mut text = |name: &str, path: Option<String>| {
            let text = read_text(Path::new(&path?), "PEM");
            text.map_err(|failure| mistakes.push(format!("{name}: {}", failure.message))).ok()
        };
        Some(Tls {
            mode,
            authorities: text("sslrootcert", root_certificate.filter(|_| !is_system)),
            certificate: text("sslcert", certificate),
            key: text("sslkey", key).map(Into::into),
            key_password: key_password.map(Into::into),
        })
    }
}

/// A timeout in seconds; zero and less is none.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    let seconds = text.trim().parse::<i64>().ok()?;
    let wanted = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs);
    Some(wanted.map_or(LONGEST_TIMEOUT, |wanted| wanted.min(LONGEST_TIMEOUT)))
}
