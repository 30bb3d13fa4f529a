//! The part of the binary's `src/protocol` that reads.
#![allow(dead_code)]

#[path = "../../../src/protocol/grammar.rs"]
mod grammar;
#[path = "../../../src/protocol/members.rs"]
mod members;
#[rustfmt::skip] // its tests are looked for at another place from here
#[path = "../../../src/protocol/message.rs"]
pub(crate) mod message;
#[path = "../../../src/protocol/reader.rs"]
pub(crate) mod reader;
#[path = "../../../src/protocol/splice.rs"]
mod splice;
#[path = "../../../src/protocol/usual.rs"]
mod usual;

/// A STATE with this as the value of its `destinationStats`, as the writer echoes it.
pub(crate) fn with_stats(message: &str, stats: &str) -> Option<String> {
    splice::set_member(message, "state", "destinationStats", stats)
}
