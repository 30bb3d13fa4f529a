//! A database of a test's own.

use std::sync::atomic::{AtomicU32, Ordering};

use postgres::Client;
use serde_json::{Value, json};

use super::server::Server;
use super::shared::shared;

/// A database of a test's own, dropped at the end.
pub(crate) struct Database {
    server: Server,
    name: String,
}

impl Database {
    /// On the server that all tests share.
    pub(crate) fn new() -> Self {
        Self::on(shared().clone())
    }

    pub(super) fn on(server: Server) -> Self {
        Self::like(server, "template0")
    }

    /// Another with the same in it.
    pub(crate) fn copy(&self) -> Self {
        Self::like(self.server.clone(), &self.name)
    }

    fn like(server: Server, template: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("alluvium_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut client = server.connect(&server.first_database).unwrap();
        client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}")).unwrap();
        Self { server, name }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The config of a destination in it, in the keys of Airbyte's own.
    pub(crate) fn config(&self, schema: &str) -> Value {
        let Server { host, port, username, password, .. } = &self.server;
        json!({
            "host": host, "port": port, "database": self.name, "username": username, "password": password,
            "schema": schema,
        })
    }

    /// A session in it.
    pub(crate) fn connect(&self) -> Client {
        self.server.connect(&self.name).unwrap()
    }

    /// Ends all sessions in it.
    pub(crate) fn terminate_backends(&self) {
        self.server.terminate_backends(&self.name);
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A test may have stopped its server.
        if let Ok(mut client) = self.server.connect(&self.server.first_database) {
            let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}
