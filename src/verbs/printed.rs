//! What became of printing to stdout.

use std::io::{self, ErrorKind};

use crate::failure::Failure;

/// Printing that was cut short is no failure where whoever reads has seen enough.
pub(super) fn printed(outcome: io::Result<()>) -> Result<(), Failure> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.map_err(Failure::output),
    }
}
