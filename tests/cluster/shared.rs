//! The server that all tests of a run share, whichever process they are in.

use std::fs::{File, create_dir_all, read_to_string, remove_dir_all, write};
use std::os::unix::process::parent_id;
use std::path::Path;
use std::sync::OnceLock;

use postgres::config::Host;

use super::server::{self, Server};

static SHARED: OnceLock<Server> = OnceLock::new();

/// The server that `ALLUVIUM_TEST_POSTGRES_URL` names, or one of our own.
///
/// The processes of one run have one parent, nextest or cargo, by whose id they find the server of which the first of
/// them is the maker. It is gone soon after the parent.
pub(super) fn shared() -> &'static Server {
    SHARED.get_or_init(|| match std::env::var("ALLUVIUM_TEST_POSTGRES_URL") {
        Ok(url) => existing(&url),
        Err(_) => ours(),
    })
}

fn existing(url: &str) -> Server {
    let settings: postgres::Config = url.parse().expect("the URL in ALLUVIUM_TEST_POSTGRES_URL");
    let host = match settings.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(folder)) => folder.to_str().unwrap().to_owned(),
        None => "localhost".to_owned(),
    };
    let username = settings.get_user().expect("a user in ALLUVIUM_TEST_POSTGRES_URL").to_owned();
    Server {
        host,
        port: settings.get_ports().first().copied().unwrap_or(5432),
        password: String::from_utf8(settings.get_password().unwrap_or_default().to_owned()).unwrap(),
        first_database: settings.get_dbname().unwrap_or(&username).to_owned(),
        username,
    }
}

fn ours() -> Server {
    let run = parent_id();
    let place = std::env::temp_dir().join(format!("alluvium-postgres-of-{run}"));
    create_dir_all(&place).unwrap();
    let lock = File::create(place.join("lock")).unwrap();
    lock.lock().unwrap();
    let cluster = place.join("cluster");
    found(&cluster).unwrap_or_else(|| {
        // An earlier run of this id, of which even the watchdog was killed.
        let _ = remove_dir_all(&cluster);
        create_dir_all(&cluster).unwrap();
        let port = server::create(&cluster);
        server::watch(&place, &cluster, run);
        write(cluster.join("port"), port.to_string()).unwrap();
        Server::local(port)
    })
}

/// The server that another process of this run has made.
fn found(cluster: &Path) -> Option<Server> {
    let port = read_to_string(cluster.join("port")).ok()?.parse().ok()?;
    let server = Server::local(port);
    server.connect(&server.first_database).is_ok().then_some(server)
}
