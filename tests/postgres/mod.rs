//! What only a server can do: others read and write meanwhile, what they made depends on our tables, and the connection is
//! lost.

/// The connection is cut or the server restarted while a sync runs.
mod connection;
/// A replacement, seen by those who read the table and by what depends on it.
mod replacing;
/// A column that changes its type, and what depends on it.
mod retyping;
/// Several syncs at once.
mod together;

use std::io::Write as _;
use std::process::{Child, ChildStdin};

use ::postgres::Client;
use serde_json::Value;

use crate::cluster::{Cluster, Database};
use crate::landing::{Run, command, run};

/// A database that syncs write to, and a folder with their files.
struct Target {
    database: Database,
    folder: tempfile::TempDir,
}

impl Target {
    fn new() -> Self {
        Self { database: Database::new(), folder: tempfile::tempdir().unwrap() }
    }

    fn on(cluster: &Cluster) -> Self {
        Self { database: cluster.database(), folder: tempfile::tempdir().unwrap() }
    }

    /// A session of somebody else's.
    fn connect(&self) -> Client {
        let mut client = self.database.connect();
        client.batch_execute("SET search_path = main; SET default_transaction_isolation = 'read committed'").unwrap();
        client
    }

    /// The first column of each row of a query, as text.
    fn column(&self, sql: &str) -> Vec<String> {
        let rows = self.connect().query(&format!("SELECT c::text FROM ({sql}) AS q(c)"), &[]).unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// The `id`s of a table of stream `s`, sorted.
    fn ids(&self, sql: &str) -> Vec<i64> {
        let mut ids: Vec<i64> = self.column(sql).iter().map(|id| id.parse().unwrap()).collect();
        ids.sort_unstable();
        ids
    }

    /// `write`, not yet started; `name` is for its files.
    fn command(&self, name: &str, catalog: &Value) -> std::process::Command {
        let path = |kind: &str, content: &Value| {
            let path = self.folder.path().join(format!("{name}.{kind}.json"));
            std::fs::write(&path, content.to_string()).unwrap();
            path
        };
        command(&path("config", &self.database.config("main")), &path("catalog", catalog))
    }

    /// `write` to its end.
    fn write(&self, catalog: &Value, input: &str) -> Run {
        run(self.command("whole", catalog), |mut stdin| drop(stdin.write_all(input.as_bytes())))
    }

    /// `write`, fed step by step.
    fn start(&self, name: &str, catalog: &Value) -> (Child, ChildStdin) {
        let mut child = self.command(name, catalog).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        (child, stdin)
    }
}
