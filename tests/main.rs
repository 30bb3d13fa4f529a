//! The real binary, from the outside.
#![allow(clippy::unwrap_used)]

/// Small invented syncs and all that they leave behind.
mod cases;
/// The command line's contract: what comes out, where, with which exit code.
mod cli;
/// Real connectors' records, counted and compared by a second reading of the contract.
mod connectors;
/// What tests of whole syncs share.
mod support;
