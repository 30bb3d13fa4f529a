//! A source or a server that is far slower than the other.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::peak_of;
use crate::landing::{Destination, catalog, line, record, state, state_number, status};
use crate::support::{Postgres, TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    what_a_slow_source_has_sent_is_acknowledged_while_it_is_silent,
}

/// No state waits for further input, whether it came at once, in pieces or after a pause; nor does the input's end.
fn what_a_slow_source_has_sent_is_acknowledged_while_it_is_silent<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&json!({}));
    let mut child = destination.command(&catalog(&[("s", "append")])).spawn().unwrap();
    let (sender, states) = channel();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let reading = thread::spawn(move || {
        for line in stdout.lines() {
            let message = serde_json::from_str(&line.unwrap()).unwrap();
            state_number(&message).map(|number| sender.send(number));
        }
    });
    let mut stdin = child.stdin.take().unwrap();
    for id in 0..3 {
        let text = record("s", id) + &state(id + 1);
        for piece in text.as_bytes().chunks(40) {
            stdin.write_all(piece).unwrap();
            thread::sleep(Duration::from_millis(20));
        }
        // the input is open and silent; a state that waited for more would wait for ever
        assert_eq!(states.recv_timeout(Duration::from_mins(1)), Ok(id + 1));
    }
    stdin.write_all((record("s", 3) + &status("s", "COMPLETE")).as_bytes()).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    reading.join().unwrap();
    assert_eq!(destination.typed_ids("s"), [0, 1, 2, 3]);
}

/// A way to a server that takes only so many bytes a second.
fn narrow(server: (String, u16), bytes_a_second: u32) -> u16 {
    const PIECE: u32 = 64 << 10;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut server = TcpStream::connect((server.0.as_str(), server.1)).unwrap();
            let (mut answers, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut answers, &mut to_client));
            thread::spawn(move || {
                let mut piece = vec![0; PIECE as usize];
                while let Ok(read @ 1..) = client.read(&mut piece) {
                    if server.write_all(&piece[..read]).is_err() {
                        break;
                    }
                    let share = u32::try_from(read).unwrap();
                    thread::sleep(Duration::from_secs(1) * share / bytes_a_second);
                }
                let _ = server.shutdown(std::net::Shutdown::Write);
            });
        }
    });
    port
}

/// A source that could send it all in a moment waits for the server, instead of filling our memory.
#[test]
#[ignore = "large"]
fn memory_stays_flat_before_a_slow_server() {
    let mut destination = Destination::of::<Postgres>(&json!({}));
    let server = (destination.config()["host"].as_str().unwrap().to_owned(), destination.config()["port"].as_u64());
    let port = narrow((server.0, u16::try_from(server.1.unwrap()).unwrap()), 30 << 20);
    destination.reconfigure(&json!({"host": "127.0.0.1", "port": port}));
    let text = "x".repeat(4_000);
    let catalog = json!({"streams": [{
        "stream": {"name": "s", "json_schema": {"properties": {"id": {"type": "integer"}, "text": {"type": "string"}}}},
        "sync_mode": "full_refresh", "destination_sync_mode": "append",
    }]});
    let count = 100_000;
    let (peak, _) = peak_of(destination.command(&catalog), |stdin| {
        for id in 0..count {
            let data = json!({"id": id, "text": text});
            let record = json!({"type": "RECORD", "record": {"stream": "s", "data": data, "emitted_at": 0}});
            stdin.write_all(line(&record).as_bytes()).unwrap();
        }
    });
    assert!(peak < 400, "{peak} MB");
    let landed = destination.query("SELECT count(*), count(DISTINCT id), min(length(text)) FROM s");
    assert_eq!(landed, [[count.to_string(), count.to_string(), text.len().to_string()].map(Some)]);
}
