//! The command line: which verb, with which files.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

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
    Normalize {
        /// The config file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The configured catalog
        #[arg(long, value_name = "FILE")]
        catalog: PathBuf,
        /// Only this stream of the catalog; may be given several times
        #[arg(long = "stream", value_name = "NAME")]
        streams: Vec<String>,
    },
    /// Show the tables of the warehouse with their rows
    Tables {
        /// The config file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// How many rows of each table
        #[arg(long, value_name = "N", default_value_t = 10)]
        limit: usize,
    },
}

impl Verb {
    /// Answers are protocol messages on stdout, whoever reads them.
    pub(crate) fn is_protocol(&self) -> bool {
        !matches!(self, Self::Tables { .. } | Self::Normalize { .. })
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
        for line in ["check", "write --config c", "--write --catalog k", "tables", "", "land", "--config c"] {
            assert!(verb(line).is_err(), "{line}");
        }
    }

    #[test]
    fn tables_shows_ten_rows_unless_told() {
        assert_eq!(verb("tables --config c").unwrap(), Verb::Tables { config: "c".into(), limit: 10 });
        assert_eq!(verb("tables --config c --limit 3").unwrap(), Verb::Tables { config: "c".into(), limit: 3 });
    }
}
