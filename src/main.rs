//! Lands Airbyte streams in SQL warehouses: raw, typed and unnested.
#![allow(dead_code)] // the protocol's parts wait for the sync that uses them

/// The command line: which verb, with which files.
mod cli;
/// The config: read, validated against the spec, and typed.
mod config;
/// Why a run failed, and who must act.
mod failure;
/// Logs: LOG messages where the platform reads stdout, lines on stderr where a person does.
mod logging;
/// The Airbyte protocol: lines in, messages out.
mod protocol;
/// One run of the binary: from the command line to the exit code.
mod run;

fn main() -> std::process::ExitCode {
    run::run(std::env::args_os())
}
