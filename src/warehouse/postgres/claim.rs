//! Streams kept to one process: advisory locks of the session, which end with it whatever ends it.

use std::thread::sleep;
use std::time::{Duration, Instant};

use alluvium_normalization::names::told;
use tokio_postgres::Error;

use super::connect::Session;
use crate::warehouse::WarehouseError;

/// How long another process may take to let go: that of a sync that has just ended, or our own lost session.
const WAIT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);

const MAKING_TABLES: &str = "hashtextextended('alluvium makes tables', 0)";

/// Whoever has the lock.
const HOLDER: &str = "\
    SELECT a.pid, a.usename::text, a.application_name, to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ') \
    FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid) \
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
      AND (l.classid::bigint << 32) | l.objid::bigint = hashtextextended($1, 0)";

/// Takes the locks of these streams, each the schema of its tables and its name.
pub(super) fn claim(session: &Session, streams: &[(String, String)]) -> Result<(), WarehouseError> {
    // one order for all, so that two processes never wait for each other
    let mut streams: Vec<&(String, String)> = streams.iter().collect();
    streams.sort_unstable();
    let end = Instant::now() + WAIT;
    for (schema, stream) in streams {
        let key = format!("alluvium {schema:?} {stream:?}");
        let explain = |error: Error| session.place().explain("claiming the streams", &error);
        let mut is_first = true;
        while !try_claim(session, &key).map_err(explain)? {
            let is_over = Instant::now() >= end;
            if is_over || is_first {
                let holder = holder(session, &key).map_err(explain)?;
                let stream = told(stream);
                let reason = format!("another sync is writing the stream `{stream}` to the schema `{schema}`{holder}");
                if is_over {
                    return Err(WarehouseError::Transient(format!("{reason}: let it end first")));
                }
                tracing::warn!(reason, wait_s = WAIT.as_secs(), "waiting for another process");
            }
            is_first = false;
            sleep(PAUSE);
        }
    }
    Ok(())
}

/// Keeps all others from making tables until [`end_making_tables`]: two that make the same schema at once are in each
/// other's way, whatever `IF NOT EXISTS` says.
pub(super) fn begin_making_tables(session: &Session) -> Result<(), Error> {
    session.wait(session.client().batch_execute(&format!("SELECT pg_advisory_lock({MAKING_TABLES})")))
}

/// Lets others make tables.
pub(super) fn end_making_tables(session: &Session) -> Result<(), Error> {
    session.wait(session.client().batch_execute(&format!("SELECT pg_advisory_unlock({MAKING_TABLES})")))
}

/// Lets go of all streams.
pub(super) fn release(session: &Session) -> Result<(), Error> {
    session.wait(session.client().batch_execute("SELECT pg_advisory_unlock_all()"))
}

fn try_claim(session: &Session, key: &str) -> Result<bool, Error> {
    let sql = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))";
    session.wait(session.client().query_one(sql, &[&key]))?.try_get(0)
}

fn holder(session: &Session, key: &str) -> Result<String, Error> {
    let Some(row) = session.wait(session.client().query_opt(HOLDER, &[&key]))? else { return Ok(String::new()) };
    let (pid, role): (i32, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
    let (program, since): (Option<String>, Option<String>) = (row.try_get(2)?, row.try_get(3)?);
    let role = role.map(|role| format!(", role `{role}`")).unwrap_or_default();
    let since = since.map(|since| format!(", since {since}")).unwrap_or_default();
    let program = program.unwrap_or_default();
    Ok(format!(" (server process {pid}, `{program}`{role}{since})"))
}
