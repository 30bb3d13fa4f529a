//! Postgres's programs: found, and run by a user that they accept.

use std::fs::{metadata, read_dir, read_to_string};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder of the server's programs: the one that PATH has, or the newest of Debian's.
///
/// # Panics
///
/// If there is none.
fn home() -> PathBuf {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&paths).find_map(|folder| folder.join("initdb").canonicalize().ok());
    if let Some(program) = on_path {
        return program.parent().unwrap().to_owned();
    }
    let versions = read_dir("/usr/lib/postgresql").into_iter().flatten().map(|entry| entry.unwrap().path());
    let with_programs = versions.filter(|version| version.join("bin/initdb").exists());
    let newest = with_programs.max_by_key(|version| version.file_name()?.to_str()?.parse::<u32>().ok());
    let newest = newest.expect(
        "tests need Postgres's server programs (initdb, pg_ctl): install Debian's package `postgresql`, put them on PATH, \
         or set ALLUVIUM_TEST_POSTGRES_URL to a server where databases may be created",
    );
    newest.join("bin")
}

/// A program of Postgres's, to be run in `folder` and by its owner: Postgres refuses to be run by root.
pub(super) fn program(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(home().join(name));
    let owner = metadata(folder).unwrap();
    command.current_dir(folder).uid(owner.uid()).gid(owner.gid());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Gives a folder of root's to a user that Postgres accepts: `postgres`, or `nobody` where there is none.
pub(super) fn give_away(folder: &Path) {
    if metadata(folder).unwrap().uid() != 0 {
        return;
    }
    let users = read_to_string("/etc/passwd").unwrap();
    let ids = |wanted: &str| {
        let entry = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|entry| entry[0] == wanted)?;
        Some((entry[2].parse().unwrap(), entry[3].parse().unwrap()))
    };
    let (user, group) = ids("postgres").or_else(|| ids("nobody")).expect("a user other than root to run Postgres");
    chown(folder, Some(user), Some(group)).unwrap();
}

/// Whether `initdb` knows of ICU's collations.
pub(super) fn has_icu(folder: &Path) -> bool {
    let help = program("initdb", folder).arg("--help").stdout(Stdio::piped()).output().unwrap();
    String::from_utf8_lossy(&help.stdout).contains("--icu-locale")
}
