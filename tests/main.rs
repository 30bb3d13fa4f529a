//! The real binary, from the outside.
#![allow(clippy::unwrap_used)]

/// Input, files and disks that can't be used: what a person is told, what landed, what was acknowledged.
mod bad_input;
/// The command line's contract: what comes out, where, with which exit code.
mod cli;
/// The process is killed at any moment; what it acknowledged is there.
mod kill;
/// One destination: what is written to it, what is answered, what is there afterwards.
mod landing;
/// What holds for any input.
mod laws;
