//! A full table put in the place of another by exchanging their names, in milliseconds however large they are.
//!
//! Whatever belongs to a table belongs to its number, not to its name: what there is has to be carried over to the table that
//! takes the name. Grants, indexes, comments and plain views are; where a table has anything else (materialized views,
//! row-level policies, triggers, constraints, another owner …), its rows have to be copied instead.

use std::thread::sleep;
use std::time::{Duration, Instant};

use alluvium_normalization::sql::{Dialect, TableName, drop_table};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connect::Session;
use crate::seams;

/// Why the rows of a table have to be copied: one row a reason, `$1` the live table, `$2` the staged one.
const OBSTACLES: &str = include_str!("exchange_obstacles.sql");

/// What has to be done to the staged table so that it can take the place: `(when, statement)`.
const CARRIED_OVER: &str = include_str!("exchange_carried_over.sql");

/// Whoever reads holds us up so long at most, and whoever comes to read waits behind us so long at most.
const LOCK_WAIT: &str = "100ms";
/// Now and then it takes longer: a vacuum gives way after a second.
const LONG_LOCK_WAIT: &str = "1500ms";
const LONG_EVERY: u32 = 8;
const PAUSE: Duration = Duration::from_millis(150);
/// After this the checkpoint is given up, and does without exchanges when it is tried again.
const PATIENCE: Duration = Duration::from_secs(8);

/// Exchanges that take effect with the commit.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    /// Statements that shut out whoever reads the tables, from the first on.
    exclusive: Vec<String>,
    /// Somebody reads the tables all the time: from now on rows are copied.
    is_hopeless: bool,
}

/// Whether tables were exchanged.
#[derive(Debug)]
pub(super) enum Exchanged {
    /// All that were readied.
    Now,
    /// They can't be; why.
    Never(String),
}

/// Runs a statement; what speaks against it leaves the transaction as it was.
fn try_to(session: &Session, statement: &str) -> Result<Result<(), String>, Error> {
    let sql = format!("SAVEPOINT attempt;\n{statement};\nRELEASE SAVEPOINT attempt");
    match session.wait(session.client().batch_execute(&sql)) {
        Err(error) if error.code().is_some() => {
            session.wait(session.client().batch_execute("ROLLBACK TO SAVEPOINT attempt"))?;
            Ok(Err(reason(&error)))
        }
        outcome => outcome.map(Ok),
    }
}

/// What the server says, which holds no row's values: what is run here defines things.
fn reason(error: &Error) -> String {
    error.as_db_error().map(|error| error.message().to_owned()).unwrap_or_default()
}

impl Exchanges {
    /// Readies `staged` to take the place of `live` when the transaction commits; `false` if that would lose something.
    pub(super) fn ready(
        &mut self,
        session: &Session,
        dialect: &dyn Dialect,
        live: &TableName,
        staged: &TableName,
    ) -> Result<bool, Error> {
        if self.is_hopeless {
            return Ok(false);
        }
        let (live_relation, staged_relation) = (dialect.relation(live), dialect.relation(staged));
        let tables: [&(dyn ToSql + Sync); 2] = [&live_relation, &staged_relation];
        let obstacles = session.wait(session.client().query(OBSTACLES, &tables))?;
        if let Some(obstacle) = obstacles.first() {
            let (schema, table) = (&live.schema, &live.name);
            tracing::info!(schema, table, reason = obstacle.try_get::<_, &str>(0)?, "rows are copied into the table");
            return Ok(false);
        }
        let (mut first, mut views, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for row in session.wait(session.client().query(CARRIED_OVER, &tables))? {
            let (moment, statement): (&str, String) = (row.try_get(0)?, row.try_get(1)?);
            match moment {
                "before" => {
                    if let Err(reason) = try_to(session, &statement)? {
                        let (schema, table) = (&live.schema, &live.name);
                        tracing::info!(schema, table, reason, "rows are copied into the table");
                        return Ok(false);
                    }
                }
                "first" => first.push(statement),
                "views" => views.push(statement),
                _ => names.push(statement),
            }
        }
        // no identifier of ours begins with a digit
        let former = TableName { name: format!("0_{}", Uuid::new_v4().simple()), ..live.clone() };
        let arrived = dialect.relation(&TableName { schema: live.schema.clone(), ..staged.clone() });
        let [schema, name, former_name] = [&live.schema, &live.name, &former.name].map(|name| dialect.quote(name));
        self.exclusive.append(&mut first);
        self.exclusive.extend([
            format!("LOCK TABLE {live_relation} IN ACCESS EXCLUSIVE MODE"),
            format!("ALTER TABLE {live_relation} RENAME TO {former_name}"),
            format!("ALTER TABLE {staged_relation} SET SCHEMA {schema}"),
            format!("ALTER TABLE {arrived} RENAME TO {name}"),
        ]);
        self.exclusive.append(&mut views);
        self.exclusive.push(drop_table(dialect, &former));
        self.exclusive.append(&mut names);
        Ok(true)
    }

    /// Exchanges the names, as the last thing before the commit. What can't be exchanged is copied from now on, when the
    /// transaction is done again: this is told by [`Exchanged::Never`].
    pub(super) fn take_effect(&mut self, session: &Session) -> Result<Exchanged, Error> {
        let statements = std::mem::take(&mut self.exclusive);
        if statements.is_empty() {
            return Ok(Exchanged::Now);
        }
        seams::reach("exchange");
        let statements = statements.join(";\n");
        let end = Instant::now() + PATIENCE;
        for attempt in 1.. {
            let wait = if attempt % LONG_EVERY == 0 { LONG_LOCK_WAIT } else { LOCK_WAIT };
            let sql = format!("SAVEPOINT exchange; SET LOCAL lock_timeout = '{wait}';\n{statements}");
            match session.wait(session.client().batch_execute(&sql)) {
                Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                    if Instant::now() >= end {
                        self.is_hopeless = true;
                        return Err(error);
                    }
                    session.wait(session.client().batch_execute("ROLLBACK TO SAVEPOINT exchange"))?;
                    sleep(PAUSE);
                }
                Err(error) if error.code().is_some() => {
                    // a view, most likely, that does not go with the new type of a column
                    self.is_hopeless = true;
                    return Ok(Exchanged::Never(reason(&error)));
                }
                Err(error) => return Err(error),
                Ok(()) => {
                    seams::reach("exchanged");
                    return Ok(Exchanged::Now);
                }
            }
        }
        Ok(Exchanged::Now)
    }

    /// Forgets what was readied: its transaction is gone.
    pub(super) fn forget(&mut self) {
        self.exclusive.clear();
    }
}
