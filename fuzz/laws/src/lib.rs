//! Laws that hold for any input, each a plain function of bytes that panics where its law is broken.
//!
//! A crate of its own, so that `make test` and cargo-fuzz run the very same functions. Of the library it needs what everybody
//! may see; the binary can't be depended on, so the files that are wanted of it are included by their paths, and nothing in
//! them has to be more visible for it.
// The product's files that are included bring unit tests along, which run where they belong: as its own test this is nothing.
#![cfg(not(test))]
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

/// What a configured catalog becomes.
mod catalogs;
/// Values of Arrow arrays as plain text.
mod cells;
/// The binary's `src/config`.
#[allow(dead_code, unused_imports)]
#[path = "../../../src/config/mod.rs"]
mod config;
/// Configs, and what is told of them.
mod configs;
/// What goes to Postgres, decoded again.
mod copy;
/// What one line says.
mod envelope;
/// The binary's `src/failure.rs`.
#[allow(dead_code)]
#[path = "../../../src/failure.rs"]
mod failure;
/// The input as lines.
mod lines;
/// Dates and times.
mod moments;
/// Identifiers.
mod names;
/// Numbers.
mod numbers;
/// The binary's encoder of rows for Postgres.
mod postgres_copy;
/// The part of the binary's `src/protocol` that reads.
mod protocol;
/// Records under a schema.
mod records;
/// The contract's readings of numbers and moments, as the model test has them.
mod reference;
/// Options and warehouses that laws are tried with.
mod settings;
/// One record by the plainest walk.
mod walked;

/// One law, or some that need the same input.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What it is called, and the folder of its inputs below `fuzz/corpus`.
    pub name: &'static str,
    /// Panics where a law is broken.
    pub check: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 8] = [
    Target { name: "catalogs", check: catalogs::check },
    Target { name: "configs", check: configs::check },
    Target { name: "copy", check: copy::check },
    Target { name: "lines", check: lines::check },
    Target { name: "moments", check: moments::check },
    Target { name: "names", check: names::check },
    Target { name: "numbers", check: numbers::check },
    Target { name: "records", check: records::check },
];

/// The law of that name.
#[must_use]
pub fn target(name: &str) -> fn(&[u8]) {
    TARGETS.into_iter().find(|target| target.name == name).unwrap().check
}
