//! A data directory and the server on it.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use postgres::{Client, NoTls};

use super::programs::{give_away, has_icu, program};

/// The role that tests connect as: no superuser, like the role of most destinations.
const ROLE: &str = "alluvium";

/// Fast where only a crash of the machine would need it slow, and with defaults for sessions that must make no
/// difference to what lands.
const SETTINGS: &[&str] = &[
    "fsync=off",
    "full_page_writes=off",
    "autovacuum=off",
    "max_connections=200",
    "max_wal_size=8GB",
    "listen_addresses=127.0.0.1",
    "timezone=Asia/Kathmandu",
    "datestyle=SQL,DMY",
    "intervalstyle=sql_standard",
    "bytea_output=escape",
    "extra_float_digits=-5",
    "standard_conforming_strings=off",
    "escape_string_warning=off",
    "default_transaction_isolation=serializable",
];

/// Where a server is and who connects.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) username: String,
    pub(crate) password: String,
    /// A database that is always there.
    pub(super) first_database: String,
}

impl Server {
    /// The one on this port, as the role that tests connect as.
    pub(super) fn local(port: u16) -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port,
            username: ROLE.to_owned(),
            password: "not asked for".to_owned(),
            first_database: "postgres".to_owned(),
        }
    }

    /// A session in a database.
    pub(crate) fn connect(&self, database: &str) -> Result<Client, postgres::Error> {
        let mut settings = postgres::Config::new();
        settings.host(&self.host).port(self.port).user(&self.username).password(&self.password).dbname(database);
        settings.connect(NoTls)
    }

    /// Ends all other sessions of a database.
    pub(crate) fn terminate_backends(&self, database: &str) {
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                      WHERE datname = $1 AND pid <> pg_backend_pid()";
        self.connect(&self.first_database).unwrap().execute(others, &[&database]).unwrap();
    }
}

/// Makes a data directory in `folder` and starts a server on it. Gives its port.
pub(super) fn create(folder: &Path) -> u16 {
    give_away(folder);
    let mut initdb = program("initdb", folder);
    initdb.args(["-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
    if has_icu(folder) {
        // orders otherwise than by code point
        initdb.args(["--locale-provider=icu", "--icu-locale=en-US"]);
    }
    succeed(initdb);
    let port = start_somewhere(folder);
    let superuser = Server { username: "postgres".to_owned(), ..Server::local(port) };
    let role = format!("CREATE ROLE {ROLE} LOGIN CREATEDB CREATEROLE");
    superuser.connect("postgres").unwrap().batch_execute(&role).unwrap();
    port
}

fn start_somewhere(folder: &Path) -> u16 {
    // Below what the system gives to clients, of which one could else get the port of a server that is stopped.
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let ports = (first..first + 500).filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    let mut errors = Vec::new();
    // Between our look and the server's another process may have taken it.
    for port in ports.take(3) {
        match start(folder, port) {
            Ok(()) => return port,
            Err(error) => errors.push(error),
        }
    }
    panic!("Postgres does not start: {}", errors.join("\n"));
}

/// Starts the server and waits until it can be connected to.
pub(super) fn start(folder: &Path, port: u16) -> Result<(), String> {
    let settings: String = SETTINGS.iter().flat_map(|setting| [" -c ", setting]).collect();
    let mut start = program("pg_ctl", folder);
    start.args(["start", "-w", "-D", "data", "-l", "log", "-o"]);
    start.arg(format!("-p {port} -k '{}'{settings}", folder.display()));
    // The server inherits what pg_ctl has, and nobody would see the end of a pipe.
    let status = start.stderr(Stdio::null()).status().unwrap();
    let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    if status.success() { Ok(()) } else { Err(log()) }
}

/// Ends the server as a crash would.
pub(super) fn stop_immediate(folder: &Path) {
    let mut stop = program("pg_ctl", folder);
    stop.args(["stop", "-m", "immediate", "-w", "-D", "data"]);
    succeed(stop);
}

fn succeed(mut command: Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Leaves behind a process that ends the server of `cluster` and removes `folder`, where both are, once the process `of`
/// is gone, in whatever way that went.
pub(super) fn watch(folder: &Path, cluster: &Path, of: u32) {
    // SIGQUIT is Postgres's immediate shutdown. The shell that we wait for leaves the watching to a child.
    let script = "( while kill -0 \"$1\"; do sleep 1; done; \
                  server=$(head -n 1 data/postmaster.pid) && kill -QUIT \"$server\"; \
                  while [ -n \"$server\" ] && kill -0 \"$server\"; do sleep 0.1; done; \
                  cd / && rm -rf \"$2\" ) &";
    let mut watchdog = Command::new("sh");
    watchdog.args(["-c", script, "sh", &of.to_string()]).arg(folder).current_dir(cluster).process_group(0);
    watchdog.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(watchdog.status().unwrap().success());
}
