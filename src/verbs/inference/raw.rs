//! Records out of raw tables, whoever wrote them.

use std::borrow::Cow;
use std::num::NonZero;
use std::thread;

use alluvium_normalization::plan::Options;
use alluvium_normalization::raw::RawLayout;

use crate::failure::Failure;
use crate::protocol::message::{StreamName, bare_record};
use crate::verbs::inference::findings::{Findings, Wanted};
use crate::verbs::raw_tables::raw_tables;
use crate::warehouse::rows::RowStream;
use crate::warehouse::{TableName, Warehouse, WarehouseError};

/// A raw table and the stream that it is of, as messages name it.
struct Source<'a> {
    stream: StreamName<'a>,
    table: &'a TableName,
}

/// Reads the raw tables of the wanted streams, of all if none is named; the first rows of each if that is wanted. With a
/// `schema` only those of its streams.
pub(in crate::verbs) fn read_raw(
    warehouse: &mut dyn Warehouse,
    options: &Options,
    schema: Option<&str>,
    wanted: &Wanted<'_>,
) -> Result<Findings, Failure> {
    let tables = raw_tables(warehouse, options, schema, wanted.streams)?;
    let mut reader = warehouse.reader()?;
    let mut all = Findings::default();
    for (raw, place) in tables.iter().zip(0_u64..) {
        let namespace = raw.stream.namespace.as_deref().map(Cow::Borrowed);
        let stream = StreamName { name: Cow::Borrowed(&raw.stream.name), namespace };
        if wanted.has(&stream) {
            let sql = RawLayout::select_data(warehouse.dialect(), &raw.table, wanted.sample);
            let rows = reader.stream(&sql, 1)?;
            all.merge(take_rows(&Source { stream, table: &raw.table }, place, &rows, wanted)?);
        }
    }
    Ok(all)
}

/// Looks at rows on all processors.
fn take_rows(raw: &Source<'_>, place: u64, rows: &RowStream, wanted: &Wanted<'_>) -> Result<Findings, Failure> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let parts = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| take_parts(raw, place, rows, wanted))).collect();
        workers.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let mut all = Findings::default();
    for part in parts {
        // What a panic has to say, it has said.
        all.merge(part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
    }
    Ok(all)
}

fn take_parts(raw: &Source<'_>, place: u64, rows: &RowStream, wanted: &Wanted<'_>) -> Result<Findings, WarehouseError> {
    let mut findings = Findings::default();
    let TableName { schema, name } = raw.table;
    for part in rows {
        for row in part?.rows() {
            let data = row.get(0).unwrap_or_default();
            match bare_record(data.trim_ascii().as_bytes()) {
                Ok(record) => findings.record(&raw.stream, record.get(), place, wanted),
                Err(bad) => findings.reject(place, || format!("a row of {schema}.{name} {bad}")),
            }
        }
    }
    Ok(findings)
}
