//! A server of a test's own.

use std::path::PathBuf;

use super::database::Database;
use super::server::{self, Server};

/// A server of a test's own, with a data directory of its own.
pub(crate) struct Cluster {
    folder: PathBuf,
    port: u16,
}

impl Cluster {
    pub(crate) fn private() -> Self {
        let folder = tempfile::Builder::new().prefix("alluvium-postgres-").tempdir().unwrap().keep();
        let port = server::create(&folder);
        server::watch(&folder, &folder, std::process::id());
        Self { folder, port }
    }

    pub(crate) fn database(&self) -> Database {
        Database::on(Server::local(self.port))
    }

    /// Where the server's data are.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Ends the server as a crash would: nothing is finished, nothing is written.
    pub(crate) fn stop_immediate(&self) {
        server::stop_immediate(&self.folder);
    }

    /// Starts it again, on the same port.
    pub(crate) fn start(&self) {
        server::start(&self.folder, self.port).unwrap();
    }

    /// Ends all sessions of a database.
    pub(crate) fn terminate_backends(&self, database: &str) {
        Server::local(self.port).terminate_backends(database);
    }
}
