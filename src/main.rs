//! Lands Airbyte streams in SQL warehouses: raw, typed and unnested.

/// How much address space the process is given.
mod address_space;
/// What a test wants to read again.
#[cfg(test)]
mod captured;
/// The command line: which verb, with which files.
mod cli;
/// Postgres servers to test with.
#[cfg(test)]
#[allow(dead_code, unused_imports)] // what only tests of the whole binary use
#[path = "../tests/cluster/mod.rs"]
mod cluster;
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
/// What only tests ask of the process, and only of a debug build.
mod seams;
/// The conductor of `write`.
mod sync;
/// What a person sees: progress while a run goes on, tables at its end.
mod terminal;
/// What the binary can do, one verb a file.
mod verbs;
/// The hands that run what the plan decided.
mod warehouse;

fn main() -> std::process::ExitCode {
    run::run(std::env::args_os())
}
