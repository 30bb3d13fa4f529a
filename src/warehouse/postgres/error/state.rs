//! What the server's codes mean.
//!
//! Source: <https://www.postgresql.org/docs/current/errcodes-appendix.html>

use tokio_postgres::error::DbError;

use super::{CONNECTING, Place, line, rights};
use crate::warehouse::WarehouseError;

/// Codes and classes of codes (their first two characters) whose primary messages speak of names, limits and states, never
/// of a row's values.
const WITHOUT_VALUES: &[&str] =
    &["08", "0A", "25", "26", "28", "2B", "34", "3B", "3D", "3F", "42", "53", "54", "55", "57", "58", "XX001", "XX002"];

/// The names of codes, and of classes of codes, whose messages are not shown.
const NAMES: &[(&str, &str)] = &[
    ("21000", "a subquery gave several rows"),
    ("22001", "a text is too long for its column"),
    ("22003", "a number is out of range"),
    ("22007", "a date or time has a wrong form"),
    ("22008", "a date or time is out of range"),
    ("22012", "a division by zero"),
    ("22021", "a text is not valid in the encoding"),
    ("22P02", "a text has a wrong form for its type"),
    ("22P03", "a value has a wrong binary form"),
    ("22P04", "the rows are not in the form of COPY"),
    ("22P05", "a character can't be converted"),
    ("22", "a value that can't be worked with"),
    ("23", "a constraint is violated"),
    ("38", "an error in an external function"),
    ("39", "an error in an external function"),
    ("40", "the transaction was rolled back"),
    ("44", "a row violates the view's check option"),
    ("P0", "an error raised by a function or trigger"),
    ("XX", "an internal error of the server"),
];

/// An error of the server.
pub(super) struct Refusal<'a> {
    /// SQLSTATE.
    pub(super) code: &'a str,
    /// The primary message.
    pub(super) message: &'a str,
    /// The constraint and the table, where the error names them.
    pub(super) constraint: Option<(&'a str, &'a str)>,
}

impl<'a> From<&'a DbError> for Refusal<'a> {
    fn from(error: &'a DbError) -> Self {
        Self {
            code: error.code().code(),
            message: error.message(),
            constraint: error.constraint().or(error.column()).zip(error.table()),
        }
    }
}

/// What an error of the server means that came while doing something.
pub(super) fn explain(place: &Place, doing: &str, refusal: &Refusal<'_>) -> WarehouseError {
    use WarehouseError::{Config, Resource, Transient};
    let Refusal { code, message, .. } = *refusal;
    let (role, database) = (&place.role, &place.database);
    let message = line(message);
    if message.contains("No space left on device") {
        return Resource(format!("{doing}: the server's disk is full ({place})"));
    }
    match code {
        "28P01" => Config(format!("{place} refused the password of the role `{role}`")),
        "28000" => Config(format!("{place} does not let the role `{role}` in: {message}{}", advice(&message))),
        "3D000" => Config(format!("there is no database `{database}` at {}:{}", place.host, place.port)),
        "42501" => Config(rights::explain(role, doing, &message)),
        "25006" => Config(format!("{doing}: {place} is read-only")),
        "2BP01" => Config(format!(
            "{doing}: {message}. Drop those first, or let them be dropped too by the setting `drop_cascade`"
        )),
        // a view of the user's has a name that we need
        "42809" => Config(format!("{doing}: {message}")),
        "54011" => Config(format!("{doing}: the table has more columns than Postgres allows (1,600)")),
        "54000" if message.starts_with("row is too big") => Config(format!(
            "{doing}: {message}. All columns of a row have to fit in one page of the server's, where even a long text takes 18 bytes: select fewer fields"
        )),
        "54001" => Config(format!(
            "{doing}: {message}. JSON is nested deeper than the server reads: raise its setting max_stack_depth"
        )),
        "26000" | "42P05" => Config(format!(
            "{doing}: {message}. A connection pooler in transaction mode is in between: a session of the server's own, or of a pooler in session mode, is needed"
        )),
        "08P01" if doing == CONNECTING => Config(format!("{place} does not take the connection: {message}")),
        "57P04" => Config(format!("{doing}: the database `{database}` was dropped")),
        "53100" => Resource(format!("{doing}: the server's disk is full ({place})")),
        "53200" => Resource(format!("{doing}: the server is out of memory ({place})")),
        "53300" => Transient(format!("{place} has no connection left: {message}")),
        "57P01" => {
            Transient(format!("{doing}: an administrator or a shutdown of the server ended the connection to {place}"))
        }
        "57P02" => Transient(format!("{doing}: {place} has crashed and starts anew")),
        "57P03" => Transient(format!("{place} takes no connection yet: {message}")),
        "57P05" | "25P03" | "25P04" => Transient(format!("{doing}: {place} ended the session: {message}")),
        "57014" => Transient(format!("{doing}: {message}")),
        "40001" => Transient(format!("{doing}: another session changed the same rows at the same time")),
        "40P01" => Transient(format!("{doing}: this and another session waited for each other's locks (a deadlock)")),
        "55P03" => Transient(format!("{doing}: another session holds a lock that is needed")),
        "08P01" => statement(doing, message),
        _ if code.starts_with("08") => Transient(format!("{doing}: the connection to {place} is lost: {message}")),
        "XX001" | "XX002" => Resource(format!("{doing}: data of {place} is damaged: {message}")),
        _ if code.starts_with("53") || code.starts_with("58") => {
            Resource(format!("{doing}: {place} is out of order: {message}"))
        }
        _ if WITHOUT_VALUES.iter().any(|known| code.starts_with(known)) => statement(doing, message),
        _ => statement(doing, without_message(refusal)),
    }
}

fn statement(doing: &str, message: String) -> WarehouseError {
    WarehouseError::Statement { doing: doing.to_owned(), message }
}

/// What to do about a login that was refused, where the server's own words leave it open.
fn advice(message: &str) -> &'static str {
    if message.contains("no encryption") || message.contains("SSL off") {
        " (the server may want encryption: an ssl_mode from `require` on)"
    } else if message.contains("client certificate") {
        " (a client certificate and its key are settings of the ssl_mode)"
    } else {
        ""
    }
}

/// The code and its name; of a constraint also the constraint's.
fn without_message(refusal: &Refusal<'_>) -> String {
    let code = refusal.code;
    let name =
        NAMES.iter().find(|(known, _)| code.starts_with(known)).map_or("an error of the server", |(_, name)| name);
    match refusal.constraint {
        Some((constraint, table)) if code.starts_with("23") => {
            format!("{name}: `{constraint}` of the table `{table}` (SQLSTATE {code})")
        }
        _ => format!("{name} (SQLSTATE {code})"),
    }
}

#[cfg(test)]
mod tests;
