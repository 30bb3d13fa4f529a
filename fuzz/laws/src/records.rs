//! Records under a schema: every value lands in its column, or a change says why; every object and every element has its row;
//! what goes to Postgres comes back. The first line is the schema, each further line a record.

use std::collections::BTreeMap;

use alluvium_normalization::cast;
use alluvium_normalization::catalog::ConfiguredCatalog;
use alluvium_normalization::columns::SystemColumn;
use alluvium_normalization::kind::{ColumnKind, ScalarColumn};
use alluvium_normalization::limits::Limits;
use alluvium_normalization::plan::{ColumnSource, KnownNames, StreamPlan, Table, compile};
use alluvium_normalization::shred::{Counts, Record, Shredder, Slot};
use alluvium_normalization::walk;
use arrow_array::RecordBatch;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tokio_postgres::types::Type;

use crate::cells::cell;
use crate::copy::decodes;
use crate::settings;
use crate::walked::{Rows, Walked};

/// Deeper records are refused before they are typed.
const DEEPEST: usize = 400;

pub(crate) fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Some((schema, records)) = text.split_once('\n') else { return };
    if serde_json::from_str::<IgnoredAny>(schema).is_err() {
        return;
    }
    let catalog = format!(r#"{{"streams":[{{"stream":{{"name":"s","json_schema":{schema}}}}}]}}"#);
    let Ok(catalog) = ConfiguredCatalog::parse(&catalog) else { return };
    let is_record = |line: &&str| line.starts_with('{') && serde_json::from_str::<IgnoredAny>(line).is_ok();
    let records: Vec<&str> = records.lines().map(str::trim_ascii).filter(is_record).collect();
    let records: Vec<&str> = records.into_iter().filter(|record| !walk::is_deeper(record, DEEPEST)).collect();
    for (dialect, options) in settings::all() {
        let Ok(mut plan) = compile(&catalog, &options, dialect.limits(), &KnownNames::default()) else { continue };
        let plan = plan.streams.remove(0);
        let (batches, counts) = shredded(&plan, dialect.limits(), &records, 1 << 20);
        let whole = rows(&plan, &batches);
        assert_eq!(rows(&plan, &shredded(&plan, dialect.limits(), &records, 64).0), whole);
        for (slot, table) in
            [(Slot::Raw, &plan.raw)].into_iter().filter_map(|(slot, table)| Some((slot, table.as_ref()?)))
        {
            fits(table, &batches[&slot]);
        }
        for (index, table) in plan.tables.iter().enumerate() {
            fits(table, &batches[&Slot::Table(index)]);
            assert_eq!(counts.rows.get(index).copied().unwrap_or_default(), whole[index].len() as u64);
            if dialect.limits().has_numeric {
                copied(table, &batches[&Slot::Table(index)]);
            }
        }
        let walked: Option<Vec<Walked>> =
            records.iter().map(|record| Walked::of(&plan, dialect.limits(), record)).collect();
        if let Some(walked) = walked {
            land(&plan, &batches, &whole, &walked, options.additional_properties);
        }
    }
}

type Batches = BTreeMap<Slot, Vec<RecordBatch>>;

fn shredded(plan: &StreamPlan, limits: &Limits, records: &[&str], batch_bytes: usize) -> (Batches, Counts) {
    let mut shredder = Shredder::new(plan, limits, batch_bytes);
    let tables = (0..plan.tables.len()).map(Slot::Table).chain([Slot::Raw]);
    let mut batches: Batches = tables.map(|slot| (slot, Vec::new())).collect();
    let mut sink = |slot: Slot, batch: RecordBatch| batches.entry(slot).or_default().push(batch);
    for (id, data) in (1..).zip(records) {
        shredder.push(&Record { id, emitted_at: emitted_at(data), data, changes: None }, 6, &mut sink).unwrap();
    }
    shredder.flush(&mut sink).unwrap();
    let counts = shredder.take_counts();
    (batches, counts)
}

/// Any moment that a record can have been emitted at, one of its own for each.
fn emitted_at(record: &str) -> i64 {
    let some =
        record.bytes().fold(record.len() as u64, |some, byte| (some ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let milliseconds =
        (some % 3).cast_signed() - 1 + if some % 2 == 0 { -210_866_803_200_000 } else { i64::MAX / 1_000 };
    cast::emitted_at(milliseconds).or_else(|| cast::emitted_at((some >> 20).cast_signed())).unwrap_or_default()
}

/// The rows of each typed table: its columns' values as text.
fn rows(plan: &StreamPlan, batches: &Batches) -> Vec<Rows> {
    let of = |batch: &RecordBatch| -> Rows {
        (0..batch.num_rows()).map(|row| batch.columns().iter().map(|column| cell(column, row)).collect()).collect()
    };
    (0..plan.tables.len()).map(|index| batches[&Slot::Table(index)].iter().flat_map(of).collect()).collect()
}

fn fits(table: &Table, batches: &[RecordBatch]) {
    for batch in batches {
        assert!(batch.num_rows() > 0);
        let names: Vec<&str> = batch.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>());
    }
}

fn copied(table: &Table, batches: &[RecordBatch]) {
    for batch in batches {
        for (column, array) in table.columns.iter().zip(batch.columns()) {
            decodes(array, &sql_type(column.kind));
        }
    }
}

fn sql_type(kind: ColumnKind) -> Type {
    match kind {
        ColumnKind::Scalar(scalar) => of_scalar(scalar).0,
        ColumnKind::List(scalar) => of_scalar(scalar).1,
        ColumnKind::CsvArray => Type::TEXT,
        ColumnKind::JsonArray | ColumnKind::Json => Type::JSONB,
        ColumnKind::Document => Type::JSON,
        ColumnKind::Uuid => Type::UUID,
    }
}

fn of_scalar(kind: ScalarColumn) -> (Type, Type) {
    match kind {
        ScalarColumn::Boolean => (Type::BOOL, Type::BOOL_ARRAY),
        ScalarColumn::Integer => (Type::INT8, Type::INT8_ARRAY),
        ScalarColumn::Double => (Type::FLOAT8, Type::FLOAT8_ARRAY),
        ScalarColumn::Date => (Type::DATE, Type::DATE_ARRAY),
        ScalarColumn::TimestampTz => (Type::TIMESTAMPTZ, Type::TIMESTAMPTZ_ARRAY),
        ScalarColumn::Timestamp => (Type::TIMESTAMP, Type::TIMESTAMP_ARRAY),
        ScalarColumn::TimeTz => (Type::TIMETZ, Type::TIMETZ_ARRAY),
        ScalarColumn::Time => (Type::TIME, Type::TIME_ARRAY),
        ScalarColumn::String => (Type::TEXT, Type::TEXT_ARRAY),
        ScalarColumn::HugeInteger | ScalarColumn::NumericInteger | ScalarColumn::Numeric | ScalarColumn::Decimal => {
            (Type::NUMERIC, Type::NUMERIC_ARRAY)
        }
    }
}

/// The rows are those of the walk, and each root has its record's changes.
fn land(plan: &StreamPlan, batches: &Batches, whole: &[Rows], walked: &[Walked], more_changes: bool) {
    for (index, table) in plan.tables.iter().enumerate() {
        let expected: Vec<&Vec<Option<String>>> = walked.iter().flat_map(|walked| &walked.rows[index]).collect();
        assert_eq!(whole[index].len(), expected.len(), "rows of {}", table.name);
        for (row, expected) in whole[index].iter().zip(expected) {
            for ((column, value), expected) in table.columns.iter().zip(row).zip(expected) {
                if matches!(column.source, ColumnSource::Property(_)) {
                    assert_eq!(value, expected, "{} of {}", column.name, table.name);
                }
            }
        }
    }
    if more_changes {
        additional(plan, whole, walked);
    }
    let Some(root) = plan.tables.first() else { return };
    let system =
        |wanted: SystemColumn| root.columns.iter().position(|column| column.source == ColumnSource::System(wanted));
    let (meta, emitted) = (system(SystemColumn::Meta).unwrap(), system(SystemColumn::EmittedAt).unwrap());
    for (row, walked) in whole[0].iter().zip(walked) {
        let meta: BTreeMap<String, &RawValue> = serde_json::from_str(row[meta].as_deref().unwrap()).unwrap();
        let mut changes: Vec<BTreeMap<String, String>> = serde_json::from_str(meta["changes"].get()).unwrap();
        if more_changes {
            changes.retain(|change| !change["field"].ends_with("_airbyte_additional_properties"));
        }
        let changes: Vec<(String, String)> = changes
            .iter()
            .map(|change| (change["field"].clone(), change["reason"].clone() + &change["change"]))
            .collect();
        told(&meta, &changes, &walked.changes, more_changes);
        assert_eq!(row[emitted], Some(emitted_at(walked.record).to_string()));
    }
    let mut raw = batches[&Slot::Raw].iter().flat_map(|batch| {
        let data = batch.column_by_name("_airbyte_data").unwrap();
        (0..batch.num_rows()).map(|row| cell(data, row).unwrap())
    });
    for walked in walked {
        assert_eq!(raw.next().as_deref(), Some(cast::raw_text(walked.record).as_ref()));
    }
}

/// All changes are told, or the first of them, as many as there is room for, and how many are not.
fn told(meta: &BTreeMap<String, &RawValue>, changes: &[(String, String)], all: &[(String, String)], more: bool) {
    const ROOM: usize = 64 << 10;
    let omitted: usize = meta.get("omitted_changes").map_or(0, |omitted| omitted.get().parse().unwrap());
    assert!(all.starts_with(changes));
    if more && omitted > 0 {
        return; // the others take room too
    }
    assert_eq!(changes.len() + omitted, all.len());
    let filled = meta["changes"].get().len();
    assert!(filled <= ROOM + "[]".len());
    // a change is its path, as JSON, and some 85 bytes
    let next = all.get(changes.len()).map_or(usize::MAX, |(path, _)| 100 + 6 * path.len());
    assert!(filled.saturating_add(next) > ROOM);
}

/// Each undeclared member is there once, by its name and with its text.
fn additional(plan: &StreamPlan, whole: &[Rows], walked: &[Walked]) {
    for (index, table) in plan.tables.iter().enumerate() {
        let source = ColumnSource::System(SystemColumn::AdditionalProperties);
        let Some(column) = table.columns.iter().position(|column| column.source == source) else { continue };
        let expected = walked.iter().flat_map(|walked| &walked.undeclared[index]);
        for (row, expected) in whole[index].iter().zip(expected) {
            let Some(held) = &row[column] else { continue };
            if expected.iter().any(|((_, name), value)| name.contains('\0') || value.contains("\\u")) {
                continue; // what can't be held is not there as it was sent
            }
            let members = walk::members(held).map(|(name, value)| (cast::key(name).into_owned(), value.to_owned()));
            let mut members: Vec<(String, String)> = members.collect();
            let expected = expected.iter().map(|((flat, name), value)| (flat.clone() + name, value.clone()));
            let mut expected: Vec<(String, String)> = expected.collect();
            members.sort();
            expected.sort();
            assert_eq!(members, expected);
        }
    }
}
