//! `jdbc_url_params`: what in them means something outside of JDBC.

use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::TlsMode;
use super::parameters::seconds;

/// What the parameters say. They never are a mistake: whoever comes from a connector in Java changes nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct JdbcParameters {
    pub(super) mode: Option<TlsMode>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) options: Option<String>,
    /// Names of those that are not followed.
    pub(super) unknown: Vec<String>,
}

impl JdbcParameters {
    pub(super) fn read(text: &str) -> Self {
        let mut read = Self::default();
        let (mut ssl, mut login_timeout) = (false, None);
        let text = text.trim().trim_start_matches('?');
        for parameter in text.split('&') {
            let (name, value) = match parameter.split_once('=') {
                Some(pair) => pair,
                None if parameter == "ssl" => ("ssl", "true"),
                None => continue, // it may be the rest of a value with an `&` in it, so it is not told
            };
            let name = percent_decode_str(name.trim()).decode_utf8_lossy().into_owned();
            let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
            let is_followed = match name.as_str() {
                "sslmode" => set(&mut read.mode, TlsMode::named(&value)),
                "ssl" => {
                    ssl = value.eq_ignore_ascii_case("true");
                    true
                }
                "connectTimeout" => set(&mut read.connect_timeout, seconds(&value)),
                "loginTimeout" => set(&mut login_timeout, seconds(&value)),
                "options" => set(&mut read.options, Some(value)),
                // our own name goes to the server, and every table is named with its schema
                "ApplicationName" | "currentSchema" => true,
                _ => false,
            };
            if !is_followed {
                read.unknown.push(name);
            }
        }
        // JDBC's `ssl` alone is its strictest mode.
        read.mode = read.mode.or(ssl.then_some(TlsMode::VerifyFull));
        // It bounds what the other is a part of.
        read.connect_timeout = login_timeout.or(read.connect_timeout);
        read
    }
}

/// Takes a value that could be read; whether it could.
fn set<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let is_readable = value.is_some();
    *place = value.or(place.take());
    is_readable
}
