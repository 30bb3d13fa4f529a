//! What has to hold for a session.

use super::connect::Session;
use super::error::Place;
use super::query;
use crate::warehouse::WarehouseError;

/// What holds for a session whatever the server, the database or the role have set.
const SETTINGS: &str = "\
    SET client_encoding = 'UTF8'; \
    SET search_path = pg_catalog; \
    SET standard_conforming_strings = on; \
    SET TimeZone = 'UTC'; \
    SET DateStyle = 'ISO'; \
    SET extra_float_digits = 1; \
    SET statement_timeout = 0; \
    SET lock_timeout = 0; \
    SET idle_in_transaction_session_timeout = 0; \
    SET default_transaction_isolation = 'read committed'; \
    SET default_transaction_read_only = off; \
    SET jit = off";

/// Limits of time that only newer servers have, and a commit that a crash could undo: `local` and all above it survive one.
const SETTINGS_BY_SERVER: &str = "\
    SELECT set_config(name, CASE name WHEN 'synchronous_commit' THEN 'on' ELSE '0' END, false) \
    FROM pg_settings \
    WHERE name IN ('idle_session_timeout', 'transaction_timeout') OR name = 'synchronous_commit' AND setting = 'off'";

/// Room for the rows of one checkpoint while they are merged, where nobody has set it for us: what does not fit goes to disk
/// and back.
const ROOM: &str = "\
    SELECT set_config(name, '64MB', false) \
    FROM pg_settings \
    WHERE name IN ('work_mem', 'temp_buffers') AND source IN ('default', 'configuration file', 'command line') \
      AND setting::bigint * CASE unit WHEN '8kB' THEN 8 ELSE 1 END < 65536";

/// What a server is.
const FACTS: &str = "\
    SELECT pg_catalog.current_setting('server_version_num'), pg_catalog.current_setting('server_version'), \
           pg_catalog.current_setting('server_encoding'), pg_catalog.pg_is_in_recovery()";

/// The oldest version that is known to work.
const OLDEST: u32 = 13;

/// Makes a new session what all else relies on; refuses a server that can't be that.
pub(super) fn apply(session: &Session) -> Result<(), WarehouseError> {
    let place = session.place();
    let ask = |sql: &str| {
        let rows = query::query(session, sql);
        rows.map(|rows| rows.rows).map_err(|error| place.explain("setting up the session", &error))
    };
    let facts = ask(FACTS)?.pop().unwrap_or_default();
    Facts::read(&facts).refusal(place).map_or(Ok(()), Err)?;
    ask(SETTINGS)?;
    ask(SETTINGS_BY_SERVER)?;
    ask(ROOM)?;
    let is_read_only = ask("SHOW transaction_read_only")?.pop().is_some_and(|row| row == [Some("on".to_owned())]);
    if is_read_only { Err(read_only(place)) } else { Ok(()) }
}

/// What a server says of itself.
#[derive(Debug, Clone, Copy)]
struct Facts<'a> {
    /// Two digits for the minor version from 10 on: 150018 is 15.18.
    number: u32,
    version: &'a str,
    encoding: &'a str,
    is_replica: bool,
}

impl<'a> Facts<'a> {
    fn read(row: &'a [Option<String>]) -> Self {
        let text = |index: usize| row.get(index).and_then(Option::as_deref).unwrap_or_default();
        Self {
            number: text(0).parse().unwrap_or_default(),
            version: text(1),
            encoding: text(2),
            is_replica: text(3) == "t",
        }
    }

    /// Why it can't be used.
    fn refusal(&self, place: &Place) -> Option<WarehouseError> {
        if self.number < OLDEST * 10_000 {
            return Some(WarehouseError::Config(format!(
                "{place} is version {}: {OLDEST} is the oldest that works",
                self.version
            )));
        }
        if self.encoding != "UTF8" {
            return Some(WarehouseError::Config(format!(
                "the database has the encoding {}, which can't hold every text: {place} has to be a database with the encoding UTF8 (CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0)",
                self.encoding
            )));
        }
        self.is_replica.then(|| read_only(place))
    }
}

fn read_only(place: &Place) -> WarehouseError {
    WarehouseError::Config(format!("{place} is a read-only replica: the primary server is needed"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn old_versions_are_refused() {
        let place = Place::for_tests();
        let facts = Facts { number: 150_018, version: "15.18 (Debian)", encoding: "UTF8", is_replica: false };
        assert!(facts.refusal(&place).is_none());
        assert!(Facts { number: 130_000, ..facts }.refusal(&place).is_none());
        let refusal = Facts { number: 120_022, version: "12.22", ..facts }.refusal(&place).unwrap();
        assert_eq!(
            refusal.to_string(),
            "Postgres at db.example.com:5432/shop is version 12.22: 13 is the oldest that works"
        );
    }
}
