//! Postgres servers for tests, from the binaries that are installed.
//!
//! [`Database::new`] is what most tests want: a database of their own on a server that all tests of a run share.
//! [`Cluster::private`] is a server of a test's own, which can be stopped and started. `ALLUVIUM_TEST_POSTGRES_URL` names a
//! server to use in place of the shared one, by a role that may create databases.
#![allow(clippy::unwrap_used, clippy::expect_used)]

/// A database of a test's own.
mod database;
/// A server of a test's own.
mod private;
/// Postgres's programs: found, and run by a user that they accept.
mod programs;
/// A data directory and the server on it.
mod server;
/// The server that all tests of a run share.
mod shared;

pub(crate) use database::Database;
pub(crate) use private::Cluster;
