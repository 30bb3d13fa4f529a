//! The real binary, from the outside.

/// The command line's contract: what comes out, where, with which exit code.
mod cli;
