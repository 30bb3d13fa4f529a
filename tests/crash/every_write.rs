//! The process is killed at each system call that writes, into DuckDB. Somebody else's DuckDB opens the file first: what was
//! acknowledged is there, and of a transaction all or nothing. Then the platform sends the rest.
//!
//! One record has more children than a row group of DuckDB's: such rows are not written through the log.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use duckdb::Connection;
use serde_json::{Value, json};

use super::traced::{is_permitted, killed_at};
use super::{ORPHANS, TABLES, VERSIONS};
use crate::kill::Random;
use crate::landing::{Destination, catalog, line, replacing, run, state, status};

/// How often the process is killed in an everyday run, of each kind of sync.
const EVERYDAY: usize = 3;

/// A state after so many records, and about so many make a checkpoint.
const STATE_EVERY: usize = 5;
const CHECKPOINT_BYTES: &str = "600";

/// The record with many children.
const LARGE: i64 = 20;
const MANY: i64 = 123_000;

/// A record: its key and its version.
type Version = (i64, i64);

fn before() -> Vec<Version> {
    (10..=LARGE).map(|id| (id, 0)).collect()
}

/// New keys, later versions of some that are there, and the large one among them.
fn sent() -> Vec<Version> {
    (0..30).map(|number| (number, number + 1)).collect()
}

fn children(id: i64) -> i64 {
    if id == LARGE { MANY } else { i64::from(id.count_ones()) }
}

/// Records with a state after every few, as a source sends them that goes on from one of its states.
fn input(versions: &[Version], from: usize) -> String {
    let mut input = String::new();
    for (number, (id, at)) in (1..).zip(versions).skip(from) {
        let child = json!({"owner": at});
        let data = json!({"id": id, "at": at, "children": vec![child; usize::try_from(children(*id)).unwrap()]});
        input += &line(&json!({"type": "RECORD", "record": {"stream": "s", "data": data, "emitted_at": at}}));
        if number % STATE_EVERY == 0 {
            input += &state(i64::try_from(number).unwrap());
        }
    }
    input + &status("s", "COMPLETE")
}

/// How a sync lands what it is sent.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Append,
    Dedup,
    History,
    Replace,
    Rebuild,
}

impl Kind {
    fn config(self) -> Value {
        json!({"normalization": {"history": self == Self::History}})
    }

    /// The catalogs of what is there before, and of the sync that dies.
    fn catalogs(self) -> [Value; 2] {
        match self {
            Self::Append => [(); 2].map(|()| catalog(&[("s", "append")])),
            Self::Replace => [1, 2].map(|generation| replacing("s", "overwrite", generation)),
            Self::Dedup | Self::History | Self::Rebuild => {
                let mut catalogs = [(); 2].map(|()| catalog(&[("s", "append_dedup")]));
                if self == Self::Rebuild {
                    catalogs[1]["streams"][0]["stream"]["json_schema"]["properties"]["id"] = json!({"type": "string"});
                }
                catalogs
            }
        }
    }

    /// The rows of what was sent, in the order of their keys.
    fn rows(self, sent: &[Version]) -> Vec<Version> {
        let mut rows = sent.to_vec();
        if matches!(self, Self::Dedup | Self::History | Self::Rebuild) {
            rows = sent.iter().copied().collect::<BTreeMap<_, _>>().into_iter().collect();
        }
        rows.sort_unstable();
        rows
    }
}

/// What somebody else's DuckDB shows.
#[derive(Debug, PartialEq)]
struct Seen {
    raw: Vec<Version>,
    typed: Vec<Version>,
}

impl Seen {
    /// What there is when all this has landed.
    fn expected(kind: Kind, landed: &[Version]) -> Self {
        let mut raw = landed.to_vec();
        raw.sort_unstable();
        Self { raw, typed: kind.rows(landed) }
    }

    /// Opens the file, replays its log and writes it anew.
    fn of(file: &Path, kind: Kind, at: &str) -> Self {
        let connection = Connection::open(file).unwrap_or_else(|error| panic!("{at}: {error}"));
        let typed = numbers(
            &connection,
            "SELECT CAST(s.id AS BIGINT), \"at\", count(owner), coalesce(min(owner), \"at\"), coalesce(max(owner), \"at\") \
             FROM s LEFT JOIN s_children USING (_airbyte_s_hashid) GROUP BY 1, 2, s._airbyte_ab_id ORDER BY 1, 2",
        );
        for [id, version, count, first, last] in &typed {
            assert_eq!((*count, first, last), (children(*id), version, version), "{at}: the children of {id}");
        }
        assert_eq!(numbers(&connection, ORPHANS), [[0]], "{at}: children without a parent");
        let raw = "SELECT CAST(_airbyte_data ->> 'id' AS BIGINT) AS id, CAST(_airbyte_data ->> 'at' AS BIGINT) AS version \
                   FROM _airbyte_raw_s ORDER BY ALL";
        let raw = numbers(&connection, raw).into_iter().map(|[id, at]| (id, at)).collect();
        if kind == Kind::History {
            let active = "SELECT count(*) FROM s_scd WHERE _airbyte_active_row";
            assert_eq!(numbers(&connection, active), [[i64::try_from(typed.len()).unwrap()]], "{at}: active versions");
        }
        Self { raw, typed: typed.into_iter().map(|[id, at, ..]| (id, at)).collect() }
    }
}

fn numbers<const COLUMNS: usize>(connection: &Connection, sql: &str) -> Vec<[i64; COLUMNS]> {
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok(std::array::from_fn(|column| row.get(column).unwrap()))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// A file as it is before the sync that dies.
struct Trial {
    kind: Kind,
    prepared: Destination,
    catalog: Value,
}

impl Trial {
    fn new(kind: Kind) -> Self {
        let [first, catalog] = kind.catalogs();
        let prepared = Destination::with(&kind.config());
        prepared.write(&first, &input(&before(), 0)).succeeded();
        Self { kind, prepared, catalog }
    }

    fn destination(&self) -> Destination {
        self.prepared.copy()
    }

    fn command(&self, destination: &Destination) -> Command {
        let mut command = destination.command(&self.catalog);
        command.env("ALLUVIUM_CHECKPOINT_BYTES", CHECKPOINT_BYTES);
        command
    }

    /// How many calls an undisturbed sync makes, and what it leaves.
    fn undisturbed(&self) -> (usize, Destination) {
        let destination = self.destination();
        let (run, calls) = killed_at(usize::MAX, &self.command(&destination), &input(&sent(), 0));
        run.succeeded();
        let landed = if self.kind == Kind::Replace { sent() } else { [before(), sent()].concat() };
        let seen = Seen::of(&destination.database(), self.kind, "undisturbed");
        assert_eq!(seen, Seen::expected(self.kind, &landed));
        assert!(calls > 10, "{calls} calls can't have written all that");
        (calls, destination)
    }

    /// Kills the sync at a call and sends again what it did not acknowledge; `false` if it came to its end before: threads that
    /// share a load do not always make as many calls.
    fn kill(&self, nth: usize, undisturbed: &Destination) -> bool {
        let (kind, sent, destination) = (self.kind, sent(), self.destination());
        let (killed, calls) = killed_at(nth, &self.command(&destination), &input(&sent, 0));
        if killed.status.success() {
            assert!(calls < nth, "it lived through call {nth} of {calls}");
            assert_eq!(destination.query(TABLES), undisturbed.query(TABLES));
            return false;
        }
        assert!(killed.status.code().is_none(), "it failed at {calls} calls: {:?}", killed.messages);
        let acknowledged = killed.states().last().map_or(0, |number| usize::try_from(*number).unwrap());
        let at = format!("killed at call {nth}, {acknowledged} records acknowledged");

        let seen = Seen::of(&destination.database(), kind, &at);
        let with = |landed: &[Version]| Seen::expected(kind, landed);
        let (from, possible): (usize, Vec<Seen>) = if kind == Kind::Replace {
            if seen == with(&sent) {
                // once replaced, a generation in mode overwrite starts afresh
                (0, vec![with(&sent)])
            } else {
                assert_eq!(seen, with(&before()), "{at}");
                let landed = acknowledged..=sent.len();
                (acknowledged, landed.map(|landed| with(&[&sent[..landed], &sent[acknowledged..]].concat())).collect())
            }
        } else {
            let landed = seen.raw.len().saturating_sub(before().len());
            assert!(landed >= acknowledged, "{at}: {landed} landed");
            let there = [&before()[..], &sent[..landed]].concat();
            assert_eq!(seen, with(&there), "{at}");
            (acknowledged, vec![with(&[&there[..], &sent[acknowledged..]].concat())])
        };

        let rest = input(&sent, from);
        run(self.command(&destination), move |mut stdin| drop(stdin.write_all(rest.as_bytes()))).succeeded();
        let seen = Seen::of(&destination.database(), kind, &at);
        assert!(possible.contains(&seen), "{at}, then sent again: {seen:?}");
        assert_eq!(destination.query(TABLES), undisturbed.query(TABLES), "{at}");
        if kind == Kind::History {
            assert_eq!(destination.query(VERSIONS), undisturbed.query(VERSIONS), "{at}");
        }
        true
    }
}

/// Kills the process at some of its calls, at other ones every time, or at all.
fn killed(kind: Kind, at_all: bool) {
    if !at_all && !is_permitted() {
        #[allow(clippy::print_stderr)] // so that nobody takes it for tested
        {
            eprintln!("NOT TESTED: this system does not permit to watch a process (ptrace)");
        }
        return;
    }
    let trial = Trial::new(kind);
    let (calls, undisturbed) = trial.undisturbed();
    let (step, first) =
        if at_all { (1, 0) } else { (calls.div_ceil(EVERYDAY), Random::new().below(calls.div_ceil(EVERYDAY) as u64)) };
    let mut kills = 0;
    for nth in (1..calls).skip(usize::try_from(first).unwrap()).step_by(step) {
        kills += usize::from(trial.kill(nth, &undisturbed));
    }
    assert!(kills > 0);
    #[allow(clippy::print_stderr)] // what it is run for
    {
        eprintln!("{kills} kills at {calls} calls");
    }
}

macro_rules! kinds {
    ($($name:ident: $kind:ident),* $(,)?) => {
        $(mod $name {
            #[test]
            fn at_some_calls() {
                super::killed(super::Kind::$kind, false);
            }

            #[test]
            #[ignore = "minutes: make crash"]
            fn at_all_calls() {
                super::killed(super::Kind::$kind, true);
            }
        })*
    };
}

kinds! {
    append_shows_whole_transactions: Append,
    a_dedup_sync_shows_whole_transactions: Dedup,
    a_dedup_sync_with_history_shows_whole_transactions: History,
    a_replacement_shows_whole_transactions: Replace,
    rows_typed_again_show_whole_transactions: Rebuild,
}
