//! Arrow batches in the form of `COPY … (FORMAT binary)`, without a server.
#![allow(clippy::unwrap_used, missing_docs)]
// The binary's own modules as a part of this program, tests too: nothing becomes public for a bench.
#![allow(dead_code, unreachable_pub, unused_imports)]

#[path = "../../normalization/benches/sample/mod.rs"]
mod sample;

#[path = "../../src/warehouse/postgres/copy"]
mod copy {
    mod cells;
    mod numeric;
    mod timetz;

    use arrow_array::RecordBatch;
    use tokio_postgres::types::Type;

    use cells::Cells;

    /// Appends the rows of a batch; the bytes that they take.
    pub(super) fn encode(batch: &RecordBatch, types: &[Type], out: &mut Vec<u8>) -> usize {
        out.clear();
        let cells: Vec<Cells<'_>> =
            batch.columns().iter().zip(types).map(|(array, target)| Cells::new(array, target).unwrap()).collect();
        for row in 0..batch.num_rows() {
            for cells in &cells {
                cells.put(row, out).unwrap();
            }
        }
        out.len()
    }
}

use alluvium_normalization::plan::StreamPlan;
use alluvium_normalization::shred::{Shredder, Slot};
use alluvium_normalization::sql::Dialect as _;
use alluvium_normalization::sql::postgres::Postgres;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use tokio_postgres::types::Type;

use sample::Stream;

fn main() {
    divan::main();
}

fn bench(bencher: Bencher<'_, '_>, stream: &Stream, raw: bool) {
    let dialect = Postgres::default();
    let plan = stream.plan(&dialect, "append", raw);
    let mut shredder = Shredder::new(&plan, dialect.limits(), 8 << 20);
    let batches = sample::shred(&mut shredder, &stream.records);
    let encoded: Vec<_> = batches.iter().map(|(slot, batch)| (types(dialect, &plan, *slot), batch)).collect();
    let mut out = Vec::new();
    let bytes: usize = encoded.iter().map(|(types, batch)| copy::encode(batch, types, &mut out)).sum();
    bencher
        .counter(ItemsCount::new(stream.records.len()))
        .counter(BytesCount::new(bytes))
        .bench_local(|| encoded.iter().map(|(types, batch)| copy::encode(batch, types, &mut out)).sum::<usize>());
}

/// The types of a table's columns, as the server tells them.
fn types(dialect: Postgres, plan: &StreamPlan, slot: Slot) -> Vec<Type> {
    let table = match slot {
        Slot::Raw => plan.raw.as_ref().unwrap(),
        Slot::Table(index) => &plan.tables[index],
    };
    let named = |name: &str| match name {
        "boolean" => Type::BOOL,
        "bigint" => Type::INT8,
        "numeric" => Type::NUMERIC,
        "date" => Type::DATE,
        "timestamp with time zone" => Type::TIMESTAMPTZ,
        "jsonb" => Type::JSONB,
        "json" => Type::JSON,
        "uuid" => Type::UUID,
        "text" => Type::TEXT,
        other => panic!("no type {other}"),
    };
    table.columns.iter().map(|column| named(&dialect.column_type(column.kind))).collect()
}

#[divan::bench(args = [true, false])]
fn flat(bencher: Bencher<'_, '_>, raw: bool) {
    bench(bencher, &sample::flat(), raw);
}

#[divan::bench(args = [true, false])]
fn nested(bencher: Bencher<'_, '_>, raw: bool) {
    bench(bencher, &sample::nested(), raw);
}

#[divan::bench(args = [true, false])]
fn wide(bencher: Bencher<'_, '_>, raw: bool) {
    bench(bencher, &sample::wide(), raw);
}
