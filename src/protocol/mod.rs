//! The Airbyte protocol: lines in, messages out.

/// Where a JSON value ends.
mod grammar;
/// Named members of a JSON object as raw text: the one way in which this binary looks into messages.
mod members;
/// One line of the input as a message, borrowed from the line.
pub(crate) mod message;
/// The input as blocks of whole lines, within a bound.
pub(crate) mod reader;
/// Changing one member of a JSON text and no other byte.
mod splice;
/// RECORDs in the form that almost all have.
mod usual;
/// The only place that writes protocol messages to stdout.
pub(crate) mod writer;
