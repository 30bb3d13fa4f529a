//! A private SSH server.

use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::cluster::{Folder, free_port, is_root};
use super::secret;
use crate::config::{Tunnel, TunnelLogin};

/// An `sshd` of its own, which lets in whom it runs as by the keys that the test makes.
pub(super) struct SshServer {
    folder: Folder,
    port: u16,
    server: Child,
}

impl SshServer {
    /// Starts it with further settings.
    pub(super) fn start(settings: &str) -> Self {
        let (folder, port) = (Folder::new(), free_port());
        generate(&folder, "host_key", &["-t", "ed25519"]);
        let path = |name: &str| folder.path(name).to_str().unwrap().to_owned();
        let (host_key, keys) = (path("host_key"), path("keys"));
        folder.file(
            "sshd_config",
            &format!(
                "ListenAddress 127.0.0.1:{port}\nHostKey {host_key}\nAuthorizedKeysFile {keys}\nPidFile none\n\
                 UsePAM yes\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n{settings}\n"
            ),
        );
        folder.file("keys", "");
        let program = Path::new("/usr/sbin/sshd");
        assert!(program.exists(), "an SSH server is needed: Debian's package openssh-server");
        let server =
            folder.command(program, "sshd.log").args(["-D", "-e", "-f", &path("sshd_config")]).spawn().unwrap();
        let server = Self { folder, port, server };
        let end = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "no SSH server: {}", server.log());
            sleep(Duration::from_millis(20));
        }
        server
    }

    /// A private key that is let in, as `ssh-keygen` makes it.
    pub(super) fn key(&self, arguments: &[&str]) -> String {
        let key = generate(&self.folder, "key", arguments);
        let public = std::fs::read_to_string(self.folder.path("key.pub")).unwrap();
        self.folder.file("keys", &public);
        key
    }

    /// The way through it, with this key.
    pub(super) fn tunnel(&self, key: &str) -> Tunnel {
        let whoami = Command::new("id").arg("-un").output().unwrap().stdout;
        let username = if is_root() { "nobody" } else { std::str::from_utf8(&whoami).unwrap().trim() };
        Tunnel {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            username: username.to_owned(),
            login: TunnelLogin::Key(secret(key)),
        }
    }

    /// Ends the connections that it has: each is a group of processes of its own.
    pub(super) fn hang_up(&self) {
        let children = Command::new("pgrep").args(["-P", &self.server.id().to_string()]).output().unwrap().stdout;
        for child in std::str::from_utf8(&children).unwrap().lines() {
            assert!(Command::new("kill").args(["-KILL", "--", &format!("-{child}")]).status().unwrap().success());
        }
    }

    /// What it has logged.
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path("sshd.log")).unwrap()
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A private key.
pub(super) fn generate(folder: &Folder, name: &str, arguments: &[&str]) -> String {
    for file in [folder.path(name), folder.path(&format!("{name}.pub"))] {
        let _ = std::fs::remove_file(file);
    }
    let mut command = folder.command(Path::new("/usr/bin/ssh-keygen"), "keygen.log");
    command.args(["-q", "-f", name]);
    if !arguments.contains(&"-N") {
        command.args(["-N", ""]);
    }
    assert!(command.args(arguments).status().expect("Debian's package openssh-client is needed").success());
    std::fs::read_to_string(folder.path(name)).unwrap()
}
