//! A private Postgres server.

use std::fs::{self, File, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Session, config};
use crate::config::Postgres;

/// Whom servers run as where the tests run as root, which they refuse to run as: `nobody`.
const NOBODY: u32 = 65534;

/// A folder that belongs to whom servers run as.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        hand_over(folder.path());
        Self(folder)
    }

    /// A file that only the server can read.
    pub(super) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        hand_over(&path);
        path
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A command that runs as the folder's owner and writes what it says to a file there.
    pub(super) fn command(&self, program: &Path, log: &str) -> Command {
        let log = File::create(self.path(log)).unwrap();
        let mut command = Command::new(program);
        command.current_dir(self.0.path()).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

fn hand_over(path: &Path) {
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

pub(super) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// A port that nothing listens at.
pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Postgres's newest program of this name, in the PATH or where Debian has it.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders.into_iter().map(|folder| folder.join(name)).find(|path| path.exists()).expect("Postgres is not installed")
}

/// A server of its own, which ends with the test.
pub(super) struct Cluster {
    pub(super) folder: Folder,
    pub(super) port: u16,
    server: Option<Child>,
}

impl Cluster {
    /// A server that lets the role `loader` in by its password.
    pub(super) fn start() -> Self {
        Self::start_with("host all all all scram-sha-256", &[])
    }

    /// A server with these rules in `pg_hba.conf` and these settings; `{folder}` is its folder.
    pub(super) fn start_with(rules: &str, settings: &[&str]) -> Self {
        let mut cluster = Self::prepare(Folder::new());
        cluster.launch(rules, settings);
        cluster.admin("CREATE ROLE loader LOGIN PASSWORD 'pass word'; CREATE DATABASE loader OWNER loader");
        cluster
    }

    /// The files of a server in a folder that may already hold what its settings name.
    pub(super) fn prepare(folder: Folder) -> Self {
        let arguments = ["-D", "data", "-U", "admin", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
        let made = folder.command(&program("initdb"), "initdb.log").args(arguments).status().unwrap();
        assert!(made.success(), "{}", fs::read_to_string(folder.path("initdb.log")).unwrap());
        Self { folder, port: free_port(), server: None }
    }

    /// Starts the server and waits until it takes connections.
    pub(super) fn launch(&mut self, rules: &str, settings: &[&str]) {
        self.folder
            .file("data/pg_hba.conf", &format!("local all admin trust\nlocal replication admin trust\n{rules}\n"));
        let folder = self.folder.0.path().to_str().unwrap();
        let mut command = self.folder.command(&program("postgres"), "postgres.log");
        command.args(["-D", "data", "-p", &self.port.to_string(), "-k", folder]);
        // what passwords are kept as was md5 before 14
        let own = ["listen_addresses=127.0.0.1", "fsync=off", "password_encryption=scram-sha-256"];
        for setting in own.iter().chain(settings) {
            command.args(["-c", &setting.replace("{folder}", folder)]);
        }
        self.server = Some(command.spawn().unwrap());
        let (end, admin) = (Instant::now() + Duration::from_mins(1), self.admin_config("postgres"));
        while super::login_only(&admin).is_err() {
            assert!(Instant::now() < end, "no server: {}", self.log());
            sleep(Duration::from_millis(20));
        }
    }

    /// Ends the server as a shutdown does.
    pub(super) fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = Command::new("kill").args(["-INT", &server.id().to_string()]).status();
            let _ = server.wait();
        }
    }

    /// Runs statements as the superuser.
    pub(super) fn admin(&self, sql: &str) {
        self.admin_in("postgres", sql);
    }

    /// The same in a database.
    pub(super) fn admin_in(&self, database: &str, sql: &str) {
        let session = Session::open(&self.admin_config(database)).unwrap();
        for statement in sql.split("; ") {
            session.wait(session.client().batch_execute(statement)).unwrap();
        }
    }

    fn admin_config(&self, database: &str) -> Postgres {
        let host = self.folder.0.path().to_str().unwrap();
        let (database, username) = (database.to_owned(), "admin".to_owned());
        Postgres { database, username, password: None, ..config(host, self.port) }
    }

    /// The role `loader`, over TCP.
    pub(super) fn config(&self) -> Postgres {
        config("127.0.0.1", self.port)
    }

    /// What the server has logged.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.path("postgres.log")).unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}
