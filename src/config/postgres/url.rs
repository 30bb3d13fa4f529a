//! The URL of a database, as libpq reads it.
//!
//! Law: no message holds any part of a user name or a password, be they written well or badly.

use percent_encoding::percent_decode_str;

use super::parameters::Parameters;

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// What may go wrong when a password is written into a URL as it is. Which part of such a URL is the password is a guess,
/// so nothing else is said of it.
const NOT_ENCODED: &str =
    "can't be read; in a user name or password `/`, `?`, `@` and `%` must be written as `%2F`, `%3F`, `%40` and `%25`";

/// What a URL says.
pub(super) struct DatabaseUrl {
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) database: String,
    pub(super) username: String,
    pub(super) password: Option<String>,
    pub(super) parameters: Parameters,
}

/// Whether a text is meant as the URL of a Postgres database.
pub(in crate::config) fn is_database_url(text: &str) -> bool {
    without_scheme(text).is_some()
}

/// Reads a URL. The errors say what is wrong in which part.
pub(super) fn parse(url: &str) -> Result<DatabaseUrl, Vec<String>> {
    let Some(rest) = without_scheme(url) else {
        return Err(vec!["expected a URL that begins with `postgres://`".to_owned()]);
    };
    let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if path.contains('@') {
        return Err(vec![NOT_ENCODED.to_owned()]);
    }
    let read = Parts::split(authority, path).decoded(query);
    match read {
        // An `@` may stand in a parameter, but only one that is known tells that it is one.
        Err(_) if query.contains('@') => Err(vec![NOT_ENCODED.to_owned()]),
        Ok(url) if query.contains('@') && !url.parameters.unknown.is_empty() => Err(vec![NOT_ENCODED.to_owned()]),
        read => read,
    }
}

fn without_scheme(url: &str) -> Option<&str> {
    SCHEMES.iter().find_map(|scheme| {
        let (start, rest) = url.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    })
}

/// The parts of a URL before the parameters, still encoded.
struct Parts<'u> {
    username: &'u str,
    password: &'u str,
    host: &'u str,
    port: &'u str,
    database: &'u str,
}

impl<'u> Parts<'u> {
    fn split(authority: &'u str, path: &'u str) -> Self {
        let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (username, password) = login.split_once(':').unwrap_or((login, ""));
        let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, port)) => (address, port.strip_prefix(':').unwrap_or(port)),
            None => place.split_once(':').unwrap_or((place, "")),
        };
        Self { username, password, host, port, database: path.strip_prefix('/').unwrap_or(path) }
    }

    /// The URL that these parts and the parameters, which go before them, make together.
    fn decoded(self, query: &str) -> Result<DatabaseUrl, Vec<String>> {
        let mut mistakes = Vec::new();
        let parameters = pairs(query, &mut mistakes);
        let mut parameters = Parameters::read(parameters, &mut mistakes);
        let mut part = |name: &str, encoded: &str, parameter: &mut Option<String>| {
            let part = match decoded(encoded) {
                Ok(part) => Some(part).filter(|part| !part.is_empty()),
                Err(mistake) => {
                    mistakes.push(format!("{name}: {mistake}"));
                    Some(String::new()) // it is not missing
                }
            };
            parameter.take().or(part)
        };
        let host = part("host", self.host, &mut parameters.host);
        let port = part("port", self.port, &mut parameters.port);
        let database = part("database", self.database, &mut parameters.database);
        let username = part("username", self.username, &mut parameters.username);
        let password = part("password", self.password, &mut parameters.password);

        let port = port.map(|port| port.parse::<u16>().ok().filter(|port| *port > 0));
        let mut missing = |name: &str, part: Option<String>| {
            part.unwrap_or_else(|| {
                mistakes.push(format!("{name}: missing"));
                String::new()
            })
        };
        let url = DatabaseUrl {
            host: missing("host", host),
            port: port.flatten(),
            database: missing("database", database),
            username: missing("username", username),
            password,
            parameters,
        };
        if port == Some(None) {
            mistakes.push("port: expected a number from 1 to 65535".to_owned());
        }
        if mistakes.is_empty() { Ok(url) } else { Err(mistakes) }
    }
}

/// Names and values of the parameters, decoded. A name that stands alone is a mistake.
fn pairs(query: &str, mistakes: &mut Vec<String>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let pair = parameter.split_once('=').map(|(name, value)| (decoded(name), decoded(value)));
        match pair {
            Some((Ok(name), Ok(value))) => pairs.push((name, value)),
            Some((Err(mistake), _) | (_, Err(mistake))) => mistakes.push(format!("a parameter: {mistake}")),
            None => mistakes.push("a parameter: expected `name=value`".to_owned()),
        }
    }
    pairs
}

fn decoded(encoded: &str) -> Result<String, &'static str> {
    let is_escape = |(at, _): (usize, &str)| {
        encoded
            .get(at + 1..at + 3)
            .is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()) && code != "00")
    };
    if !encoded.match_indices('%').all(is_escape) {
        return Err("a `%` in it must be written as `%25`");
    }
    let text = percent_decode_str(encoded).decode_utf8().map_err(|_| "it is not UTF-8")?;
    Ok(text.into_owned())
}
