//! The process is killed at any moment; what it acknowledged is there.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::landing::{Destination, catalog, record, records, replacing, state, state_number, status};
use crate::support::{TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    what_append_acknowledged_survives_and_a_further_run_repeats_at_most_what_it_did_not,
    a_dedup_sync_that_was_killed_and_run_again_ends_as_if_undisturbed,
    a_dedup_sync_with_history_that_was_killed_and_run_again_ends_as_if_undisturbed,
    overwrite_that_was_killed_shows_the_old_rows_and_starts_afresh,
    a_replacement_that_was_killed_shows_the_old_rows_and_goes_on_in_its_generation,
}

/// A state after so many records.
const STATE_EVERY: i64 = 500;

/// How long a process lives at most after it has acknowledged something, in microseconds.
const LONGEST: u64 = 1_500_000;

/// Random numbers that a seed gives again (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    /// Seeded by `ALLUVIUM_SEED`, or by the clock; a failing test shows the seed.
    pub(crate) fn new() -> Self {
        let clock = || u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() % 1_000_000_007);
        let seed = std::env::var("ALLUVIUM_SEED").ok().map_or_else(|| clock().unwrap(), |seed| seed.parse().unwrap());
        #[allow(clippy::print_stderr)] // shown with a test that fails
        {
            eprintln!("ALLUVIUM_SEED={seed}");
        }
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// Numbers of its own, that do not depend on how many of these are taken.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.below(u64::MAX))
    }

    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

pub(crate) fn times() -> usize {
    std::env::var("ALLUVIUM_KILLS").ok().map_or(2, |times| times.parse().unwrap())
}

/// Feeds records without an end, kills the process some time after it has acknowledged something, and gives the last
/// state that came out.
fn killed_at_random(destination: &Destination, catalog: &Value, from: i64, random: &mut Random) -> i64 {
    let mut child = destination.command(catalog).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let last = std::thread::scope(|scope| {
        scope.spawn(move || {
            for id in from.. {
                let mut text = record("s", id);
                if (id + 1) % STATE_EVERY == 0 {
                    text += &state(id + 1);
                }
                if stdin.write_all(text.as_bytes()).is_err() {
                    return;
                }
            }
        });
        let number = |line: &String| state_number(&serde_json::from_str(line).ok()?);
        let first = lines.by_ref().map(Result::unwrap).find_map(|line| number(&line)).unwrap();
        std::thread::sleep(Duration::from_micros(random.below(LONGEST)));
        child.kill().unwrap();
        let later = lines.map_while(Result::ok).filter_map(|line| number(&line));
        later.last().unwrap_or(first)
    });
    child.wait().unwrap();
    destination.settle();
    last
}

/// All that was acknowledged is there once, and nothing that was not sent.
#[track_caller]
fn check_prefix(ids: &[i64], acknowledged: i64) {
    let expected: Vec<i64> = (0..).take(ids.len()).collect();
    assert_eq!(ids, expected, "not the beginning of what was sent");
    assert!(ids.len() >= usize::try_from(acknowledged).unwrap(), "{} of {acknowledged} acknowledged", ids.len());
}

#[track_caller]
fn check_children(destination: &Destination) {
    let orphans = "SELECT count(*) FROM s_children AS c LEFT JOIN s USING (_airbyte_s_hashid) WHERE s.id IS NULL";
    assert_eq!(destination.query(orphans), [[Some("0".to_owned())]]);
    let children = "SELECT s.id, count(c.owner) FROM s LEFT JOIN s_children AS c USING (_airbyte_s_hashid) \
                    GROUP BY s.id, s._airbyte_ab_id";
    for row in destination.query(children) {
        let [id, count] = [0, 1].map(|index| row[index].as_ref().unwrap().parse::<i64>().unwrap());
        assert_eq!(i64::from(id.count_ones()), count, "children of {id}");
    }
}

fn what_append_acknowledged_survives_and_a_further_run_repeats_at_most_what_it_did_not<W: TestWarehouse>() {
    let mut random = Random::new();
    for _ in 0..times() {
        let destination = Destination::of::<W>(&json!({}));
        let catalog = catalog(&[("s", "append")]);
        let acknowledged = killed_at_random(&destination, &catalog, 0, &mut random);
        let landed = destination.raw_ids("s");
        check_prefix(&landed, acknowledged);
        assert_eq!(destination.typed_ids("s"), landed);
        check_children(&destination);

        let end = i64::try_from(landed.len()).unwrap() + 700;
        destination.write(&catalog, &records("s", acknowledged..end)).succeeded();
        let mut all: Vec<i64> = landed.into_iter().chain(acknowledged..end).collect();
        assert_eq!(destination.raw_ids("s"), all);
        assert_eq!(destination.typed_ids("s"), all);
        all.dedup();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), usize::try_from(end).unwrap());
        check_children(&destination);
    }
}

/// Kills two syncs, one after the other, lets a third end, and looks after each of them.
fn dedup_killed<W: TestWarehouse>(keys: &Value, random: &mut Random, check: impl Fn(&Destination, &[i64])) {
    let destination = Destination::of::<W>(keys);
    let catalog = catalog(&[("s", "append_dedup")]);
    let ids = || {
        let mut ids = destination.typed_ids("s");
        ids.sort_unstable();
        ids
    };
    let mut acknowledged = 0;
    for _ in 0..2 {
        acknowledged = killed_at_random(&destination, &catalog, acknowledged, random);
        let landed = ids();
        check_prefix(&landed, acknowledged);
        check_children(&destination);
        check(&destination, &landed);
    }
    let end = i64::try_from(ids().len()).unwrap() + 700;
    destination.write(&catalog, &records("s", acknowledged..end)).succeeded();
    assert_eq!(ids(), (0..end).collect::<Vec<_>>());
    check_children(&destination);
    check(&destination, &ids());
}

fn a_dedup_sync_that_was_killed_and_run_again_ends_as_if_undisturbed<W: TestWarehouse>() {
    let mut random = Random::new();
    for _ in 0..times() {
        dedup_killed::<W>(&json!({}), &mut random, |_, _| {});
    }
}

/// Each record is the one version of its key.
fn a_dedup_sync_with_history_that_was_killed_and_run_again_ends_as_if_undisturbed<W: TestWarehouse>() {
    let keys = json!({"normalization": {"history": true}});
    dedup_killed::<W>(&keys, &mut Random::new(), |destination, ids| {
        let versions = "SELECT id FROM s_scd WHERE _airbyte_active_row AND _airbyte_end_at IS NULL \
                        UNION ALL SELECT -1 FROM s_scd WHERE NOT _airbyte_active_row ORDER BY 1";
        let versions = destination.query(versions).into_iter().map(|row| row[0].as_ref().unwrap().parse().unwrap());
        assert_eq!(versions.collect::<Vec<i64>>(), ids);
    });
}

fn overwrite_that_was_killed_shows_the_old_rows_and_starts_afresh<W: TestWarehouse>() {
    let mut random = Random::new();
    let destination = Destination::of::<W>(&json!({}));
    let catalog = catalog(&[("s", "overwrite")]);
    destination.write(&catalog, &records("s", [-1, -2])).succeeded();
    for _ in 0..times() {
        killed_at_random(&destination, &catalog, 0, &mut random);
        assert_eq!(destination.typed_ids("s"), [-1, -2]);
        assert_eq!(destination.raw_ids("s"), [-1, -2]);
        check_children(&destination);
    }
    destination.write(&catalog, &records("s", 0..700)).succeeded();
    let all: Vec<i64> = (0..700).collect();
    assert_eq!((destination.typed_ids("s"), destination.raw_ids("s")), (all.clone(), all));
    check_children(&destination);
}

fn a_replacement_that_was_killed_shows_the_old_rows_and_goes_on_in_its_generation<W: TestWarehouse>() {
    let mut random = Random::new();
    let destination = Destination::of::<W>(&json!({}));
    let old = records("s", [-1, -2]);
    destination.write(&replacing("s", "overwrite", 1), &old).succeeded();

    let catalog = replacing("s", "overwrite", 2);
    let acknowledged = killed_at_random(&destination, &catalog, 0, &mut random);
    assert_eq!(destination.typed_ids("s"), [-1, -2]);
    assert_eq!(destination.raw_ids("s"), [-1, -2]);

    let end = acknowledged + 10;
    let rest = records("s", acknowledged..end) + &status("s", "COMPLETE");
    destination.write(&catalog, &rest).succeeded();
    let ids = destination.typed_ids("s");
    assert_eq!(destination.raw_ids("s"), ids);
    // what was loaded and not acknowledged came twice
    let (loaded, again) = ids.split_at(ids.len() - 10);
    check_prefix(loaded, acknowledged);
    assert_eq!(again, (acknowledged..end).collect::<Vec<_>>());
    check_children(&destination);
}
