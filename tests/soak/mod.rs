//! Random syncs for as long as it is wanted (`SOAK_MINUTES`): killed, asked to end, with servers that crash and input that
//! can't be used; after each of them all that is in the warehouse is compared with what was sent. `ALLUVIUM_SEED` gives the
//! same decisions again.

/// One destination's syncs.
mod era;
/// What has to hold in the warehouse.
mod invariants;
/// A run of the binary that something happens to.
mod process;
/// A stream as its source knows it.
mod source;
/// What a soak has been through.
mod tally;

use std::time::{Duration, Instant};

use self::era::Era;
use self::tally::{DUCKDB, POSTGRES, Tally};
use crate::cluster::Cluster;
use crate::kill::Random;
use crate::landing::{Destination, catalog, records, state};

/// How long a sync is watched for growth, as a part of the whole.
const STEADY_PART: u32 = 12;

#[test]
#[ignore = "as long as SOAK_MINUTES says: make soak"]
fn soak() {
    let minutes: f64 = std::env::var("SOAK_MINUTES").map_or(30.0, |minutes| minutes.parse().unwrap());
    let (length, start) = (Duration::from_secs_f64(minutes * 60.0), Instant::now());
    let (mut random, mut tally, server) = (Random::new(), Tally::default(), Cluster::private());
    for (name, server) in [(DUCKDB, None), (POSTGRES, Some(&server))] {
        steady(name, server, length / STEADY_PART, &mut tally);
    }
    while start.elapsed() < length {
        let server = (tally.eras % 2 == 1).then_some(&server);
        let syncs = 3 + random.below(6);
        let mut era = Era::new(server, random.fork(), &mut tally);
        for _ in 0..syncs {
            if start.elapsed() >= length {
                break;
            }
            era.sync(random.fork());
            era.maintain(random.fork());
        }
    }
    tally.later_eras_take_no_more();
    #[allow(clippy::print_stderr)] // what it is run for
    {
        eprintln!("\n{} minutes\n\n{tally}", start.elapsed().as_secs() / 60);
    }
}

/// One long sync, undisturbed.
fn steady(name: &'static str, server: Option<&Cluster>, length: Duration, tally: &mut Tally) {
    let keys = serde_json::json!({});
    let destination = server.map_or_else(|| Destination::with(&keys), |server| Destination::on(server, &keys));
    let (start, mut sent) = (Instant::now(), 0);
    let slices = std::iter::from_fn(|| {
        (start.elapsed() < length).then(|| {
            sent += 500;
            records("s", sent - 500..sent) + &state(sent)
        })
    });
    let child = destination.command(&catalog(&[("s", "append")])).spawn().unwrap();
    let ended = process::run(child, slices, Duration::ZERO, None, None, None);
    let ended_run = ended.run.succeeded();
    assert_eq!(ended_run.states().last(), Some(&sent));
    assert_eq!(destination.raw_ids("s"), (0..sent).collect::<Vec<_>>());
    assert_eq!(destination.typed_ids("s"), (0..sent).collect::<Vec<_>>());
    tally.steady(name, sent.unsigned_abs(), &ended.samples);
}
