//! The command line: which verb, with which files.

use std::ffi::OsString;
use std::path::PathBuf;

use alluvium_normalization::cast::{self, Value};
use alluvium_normalization::kind::ScalarColumn;
use alluvium_normalization::sql::Dialect as _;
use alluvium_normalization::sql::duckdb::DuckDb;
use alluvium_normalization::walk;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Lands Airbyte streams in SQL warehouses: raw, typed and unnested.
#[derive(Debug, Parser)]
#[command(name = "alluvium", version, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What the binary can do. The first three are the Airbyte protocol's.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Verb {
    /// Print the connector specification
    Spec,
    /// Check that the warehouse can be reached and written to
    Check {
        /// The config file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Land the messages from stdin
    Write {
        /// The config file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The configured catalog
        #[arg(long, value_name = "FILE")]
        catalog: PathBuf,
    },
    /// Rebuild typed tables from raw tables
    ///
    /// Without a catalog it is inferred from the raw tables, as `infer` does.
    Normalize(Normalize),
    /// Show what a catalog gives, and how that differs from what exists
    ///
    /// The tables and columns that a sync of the catalog would make, their types and where their values come from, and what
    /// it would change in the warehouse. The warehouse is only read: it may not even be there yet.
    Plan {
        /// The config file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The configured catalog
        #[arg(long, value_name = "FILE")]
        catalog: PathBuf,
        /// How it is shown
        #[arg(long, value_enum, default_value_t)]
        format: PlanFormat,
    },
    /// Reduce raw tables to what is needed
    ///
    /// Of a stream of one row a key (`append_dedup`) the newest row of each key stays, deletes included: `normalize` gives the
    /// same typed tables afterwards. Where the config asks for a history, all versions are needed, and none goes unless
    /// `--keep-versions` is given.
    ///
    /// A stream of another mode has no key, so that every row counts: it is left as it is unless `--before` is given. Then
    /// the typed tables still show the rows that went, and `normalize` takes them away there only with `--accept-losses`.
    ///
    /// Without a catalog all raw tables are meant, and a key is one that the last sync of the stream had; none is guessed.
    ///
    /// Rows that hold no JSON object, or share their id with another, are never dropped by key. A run may be killed at any
    /// time: what is needed is never gone, and the next run does the rest.
    #[command(verbatim_doc_comment)]
    Compact(Compact),
    /// Show the tables of the warehouse with their rows
    Tables {
        /// The config file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// How many rows of each table
        #[arg(long, value_name = "N", default_value_t = 10)]
        limit: usize,
    },
    /// Propose a configured catalog from records
    ///
    /// Every record is read, and typed by the catalog it lands without a change: a type is the narrowest that holds all
    /// values of its property, a date or time only where every value is one. Properties are nullable where a value is null
    /// or missing.
    ///
    /// `primary_key` is set where a property that looks like a key (`id`, `uuid`, `order_id` …) is in every record and no
    /// value comes twice, `cursor_field` where every record tells when it was changed (`updated_at` …). The records of a
    /// day may happen to look so: check both before you rely on them. Streams are appended to, so nothing does yet, unless
    /// `--dedup` is given.
    #[command(verbatim_doc_comment)]
    Infer(Infer),
}

/// How a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For a person: the differences, then a data dictionary
    #[default]
    Text,
    /// For a program: everything
    Json,
    /// The statements that bring the warehouse to the plan
    Sql,
    /// An entity relationship diagram of the tables
    Mermaid,
}

/// What `normalize` rebuilds.
#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct Normalize {
    /// The config file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The configured catalog; without one it is inferred from the raw tables
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,
    /// Only this stream: its name, or namespace.name; may be given several times
    #[arg(long = "stream", value_name = "NAME")]
    pub(crate) streams: Vec<String>,
    /// Only streams of this schema: of the catalog, or else of those that have raw tables
    #[arg(long, value_name = "NAME")]
    pub(crate) schema: Option<String>,
    /// Deduplicate the inferred streams that have a key (`append_dedup`)
    #[arg(long, conflicts_with = "catalog")]
    pub(crate) dedup: bool,
    /// Also where typed tables show records that the raw table does not hold any more: these rows are then gone
    #[arg(long)]
    pub(crate) accept_losses: bool,
    /// Tell what would be read and made, and touch nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Which raw rows `compact` keeps.
#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct Compact {
    /// The config file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// The configured catalog: it says what keys and cursors are; without one they are those of each stream's last sync
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,
    /// Only this stream: its name, or namespace.name; may be given several times
    #[arg(long = "stream", value_name = "NAME")]
    pub(crate) streams: Vec<String>,
    /// Keep the N newest rows of each key, in place of one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) keep_versions: Option<u64>,
    /// Drop only rows emitted before this day or instant (2026-01-31, 2026-01-31T12:00:00Z; UTC unless it says otherwise),
    /// of streams without key too
    #[arg(long, value_name = "DATE", value_parser = instant)]
    pub(crate) before: Option<i64>,
    /// Tell what would go, and delete nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// An instant as records spell it, in microseconds since 1970-01-01T00:00:00Z.
fn instant(text: &str) -> Result<i64, &'static str> {
    match cast::scalar(ScalarColumn::TimestampTz, &walk::quoted(text), DuckDb::default().limits()) {
        (Value::Micros(micros), None) => Ok(micros),
        _ => Err("neither a day (2026-01-31) nor an instant (2026-01-31T12:00:00Z)"),
    }
}

/// Where `infer` finds records, and what it makes of them.
#[derive(Debug, PartialEq, Eq, Args)]
pub(crate) struct Infer {
    /// The config file of the warehouse whose raw tables are read
    #[arg(long, value_name = "FILE", required_unless_present = "input", conflicts_with = "input")]
    pub(crate) config: Option<PathBuf>,
    /// Only raw tables of streams of this schema
    #[arg(long, value_name = "NAME", conflicts_with = "input")]
    pub(crate) schema: Option<String>,
    /// Airbyte messages, or with one --stream plain records, one JSON object a line; `-` is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// Only this stream: its name, or namespace.name; may be given several times
    #[arg(long = "stream", value_name = "NAME")]
    pub(crate) streams: Vec<String>,
    /// Only the first N records of each stream; then the catalog may not hold for the others
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) sample: Option<u64>,
    /// Deduplicate the streams that have a key (`append_dedup`)
    #[arg(long)]
    pub(crate) dedup: bool,
    /// The file that the catalog is written to, in place of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

impl Verb {
    /// Answers are protocol messages on stdout, whoever reads them.
    pub(crate) fn is_protocol(&self) -> bool {
        let is_for_people = matches!(
            self,
            Self::Plan { .. } | Self::Tables { .. } | Self::Normalize(_) | Self::Compact(_) | Self::Infer(_)
        );
        !is_for_people
    }
}

impl Arguments {
    /// Reads the process's arguments, its name included.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::try_parse_from(with_verb_first(arguments.into_iter().collect()))
    }
}

/// Airbyte's older way names the verb as an option, anywhere: `--config F --write` is `write --config F`.
fn with_verb_first(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let Some(first) = arguments.get(1) else { return arguments };
    if !first.as_encoded_bytes().starts_with(b"--") {
        return arguments;
    }
    let verb = arguments.iter().enumerate().find_map(|(index, argument)| match argument.to_str()? {
        "--spec" => Some((index, "spec")),
        "--check" => Some((index, "check")),
        "--write" => Some((index, "write")),
        _ => None,
    });
    if let Some((index, verb)) = verb {
        arguments.remove(index);
        arguments.insert(1, verb.into());
    }
    arguments
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Arguments, Verb};

    fn verb(line: &str) -> Result<Verb, clap::error::ErrorKind> {
        let arguments = std::iter::once("alluvium").chain(line.split_whitespace()).map(Into::into);
        Arguments::read(arguments).map(|arguments| arguments.verb).map_err(|error| error.kind())
    }

    #[test]
    fn the_older_form_of_each_verb_means_the_same() {
        for (older, newer) in [
            ("--spec", "spec"),
            ("--check --config c", "check --config c"),
            ("--write --config c --catalog k", "write --config c --catalog k"),
            ("--config c --catalog=k --write", "write --config c --catalog k"),
        ] {
            assert_eq!(verb(older).unwrap(), verb(newer).unwrap(), "{older}");
        }
    }

    #[test]
    fn a_verb_without_its_files_is_refused() {
        for line in
            ["check", "write --config c", "--write --catalog k", "tables", "plan --config c", "", "land", "--config c"]
        {
            assert!(verb(line).is_err(), "{line}");
        }
    }

    #[test]
    fn infer_reads_either_raw_tables_or_an_input() {
        for line in ["infer --config c", "infer --config c --schema s", "infer --input -", "infer --input i --stream s"]
        {
            assert!(verb(line).is_ok(), "{line}");
        }
        for line in ["infer", "infer --config c --input i", "infer --input i --schema s", "infer --input i --sample 0"]
        {
            assert!(verb(line).is_err(), "{line}");
        }
    }

    #[test]
    fn normalize_needs_no_catalog_and_takes_its_modes_from_one() {
        for line in
            ["normalize --config c", "normalize --config c --dedup --schema s", "normalize --config c --catalog k"]
        {
            assert!(verb(line).is_ok(), "{line}");
        }
        for line in ["normalize", "normalize --catalog k", "normalize --config c --catalog k --dedup"] {
            assert!(verb(line).is_err(), "{line}");
        }
    }

    #[test]
    fn compact_keeps_by_number_or_by_age() {
        for (date, micros) in [
            ("1970-01-02", 86_400_000_000),
            ("1970-01-01T00:00:01Z", 1_000_000),
            ("1970-01-01T01:00:00+02:00", -3_600_000_000),
        ] {
            let Ok(Verb::Compact(read)) = verb(&format!("compact --config c --catalog k --before {date}")) else {
                panic!("{date} is not understood")
            };
            assert_eq!((read.before, read.keep_versions, read.dry_run), (Some(micros), None, false), "{date}");
        }
        for line in ["", "--keep-versions 3 --stream s --stream t", "--keep-versions 2 --before 2024-01-01 --dry-run"] {
            assert!(verb(&format!("compact --config c --catalog k {line}")).is_ok(), "{line}");
        }
        for line in ["--keep-versions 0", "--before yesterday", "--before 2023-02-29", "--before="] {
            assert!(verb(&format!("compact --config c --catalog k {line}")).is_err(), "{line}");
        }
        assert!(verb("compact --config c").is_ok() && verb("compact --catalog k").is_err());
    }

    #[test]
    fn tables_shows_ten_rows_unless_told() {
        assert_eq!(verb("tables --config c").unwrap(), Verb::Tables { config: "c".into(), limit: 10 });
        assert_eq!(verb("tables --config c --limit 3").unwrap(), Verb::Tables { config: "c".into(), limit: 3 });
    }
}
