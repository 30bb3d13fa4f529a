//! Source names into identifiers, and a catalog into its plan.
#![allow(clippy::unwrap_used, missing_docs)]

mod sample;

use alluvium_normalization::names::{Candidate, Naming, assign, clean};
use alluvium_normalization::sql::Dialect as _;
use alluvium_normalization::sql::postgres::Postgres;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

const NAMES: [&str; 4] = ["updated_at", "Customer Name", "Größe (cm) – 細かい砂", "2nd_contactPhoneNumber"];

fn main() {
    divan::main();
}

#[divan::bench(args = NAMES)]
fn clean_lower(name: &str) -> String {
    clean(Naming::Lower, black_box(name))
}

#[divan::bench(args = NAMES)]
fn clean_basic(name: &str) -> String {
    clean(Naming::Basic, black_box(name))
}

/// The columns of a table.
#[divan::bench(args = [12, 200])]
fn assign_columns(bencher: Bencher<'_, '_>, columns: usize) {
    let dialect = Postgres::default();
    let candidate = |position: usize| {
        // one in eight meets another
        let name = if position % 8 == 7 { format!("Column {}", position - 1) } else { format!("column_{position}") };
        Candidate { path: vec![name.clone()], name, rank: 0, kept: None, fixed: false }
    };
    let candidates: Vec<Candidate> = (0..columns).map(candidate).collect();
    bencher
        .counter(ItemsCount::new(columns))
        .bench_local(|| assign(Naming::Lower, &dialect.limits().identifiers, &candidates));
}

#[divan::bench]
fn plan_of_200_columns(bencher: Bencher<'_, '_>) {
    let stream = sample::wide();
    bencher.bench_local(|| stream.plan(&Postgres::default(), "append_dedup", true));
}
