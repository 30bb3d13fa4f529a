//! The real binary, from the outside.
#![allow(clippy::unwrap_used)]

/// The command line's contract: what comes out, where, with which exit code.
mod cli;
