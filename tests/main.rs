//! The real binary, from the outside.
#![allow(clippy::unwrap_used)]

/// Input, files and disks that can't be used: what a person is told, what landed, what was acknowledged.
mod bad_input;
/// What Basic Normalization was tested with, synced by us.
mod basic_normalization;
/// Our bookkeeping is taken away.
mod bookkeeping;
/// Small invented syncs and all that they leave behind.
mod cases;
/// The command line's contract: what comes out, where, with which exit code.
mod cli;
/// Postgres servers to land in.
#[allow(dead_code)] // what only tests inside the binary use
mod cluster;
/// Raw tables reduced to what is needed.
mod compact;
/// Real connectors' records, counted and compared by a second reading of the contract.
mod connectors;
/// The process dies at each point between two things that change what others see.
mod crash;
/// Servers and databases that other tests rely on.
mod databases;
/// Input that is made to do harm.
mod hostile;
/// The process is killed at any moment; what it acknowledged is there.
mod kill;
/// One destination: what is written to it, what is answered, what is there afterwards.
mod landing;
/// What holds for any input.
mod laws;
/// What records hold and a server can't.
mod limits;
/// Typed tables again, from raw tables of every origin.
mod normalize;
/// What only a server can do: others read and write meanwhile, and the connection is lost.
mod postgres;
/// What a process runs out of, and how little it makes do with.
mod resources;
/// Catalogs that change between syncs, where that is more than what the cases show.
mod schema_change;
/// Random syncs and faults for as long as it is wanted.
mod soak;
/// What tests of whole syncs share.
mod support;
/// Several processes on one warehouse.
mod together;
