//! Shreds the first records of a file, and drops the batches: what is counted by `make bench-instructions`.
//!
//!     shred CATALOG RECORDS COUNT duckdb|postgres keep|none
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};

use alluvium_normalization::catalog::ConfiguredCatalog;
use alluvium_normalization::plan::{KnownNames, Options, compile};
use alluvium_normalization::shred::{Record, Shredder, Slot};
use alluvium_normalization::sql::Dialect;
use alluvium_normalization::sql::duckdb::DuckDb;
use alluvium_normalization::sql::postgres::Postgres;
use arrow_array::RecordBatch;

/// As the binary's.
const BATCH_BYTES: usize = 8 << 20;
const MICROS: i64 = 1_740_787_200_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [catalog, records, count, warehouse, raw] = arguments.as_slice() else {
        return Err("usage: shred CATALOG RECORDS COUNT duckdb|postgres keep|none".into());
    };
    let dialect: Box<dyn Dialect> =
        if warehouse == "postgres" { Box::new(Postgres::default()) } else { Box::new(DuckDb::default()) };
    let catalog = ConfiguredCatalog::parse(&fs::read_to_string(catalog)?)?;
    let options = Options { raw: raw == "keep", ..Options::default() };
    let plan = compile(&catalog, &options, dialect.limits(), &KnownNames::default())?;
    let [stream] = plan.streams.as_slice() else { return Err("the catalog has not one stream".into()) };
    let mut shredder = Shredder::new(stream, dialect.limits(), BATCH_BYTES);
    let mut rows = 0;
    let mut sink = |_: Slot, batch: RecordBatch| rows += batch.num_rows();
    for (id, line) in (1..=count.parse()?).zip(BufReader::new(File::open(records)?).lines()) {
        shredder.push(&Record { id, emitted_at: MICROS, data: &line?, changes: None }, MICROS, &mut sink)?;
    }
    shredder.flush(&mut sink)?;
    println!("{rows}");
    Ok(())
}
