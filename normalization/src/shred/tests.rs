//! Laws of shredding: rows depend on records alone, and their ids lead from each child to its parent.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, FixedSizeBinaryArray, Int64Array};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::*;
use crate::catalog::ConfiguredCatalog;
use crate::columns::SystemColumn;
use crate::limits::Limits;
use crate::plan::{ColumnSource, KnownNames, ObjectStorage, Options, ScalarArrayStorage, compile};
use crate::sql::Dialect as _;
use crate::sql::duckdb::DuckDb;

fn compiled(schema: &Value, options: &Options) -> StreamPlan {
    let catalog = json!({"streams": [{
        "stream": {"name": "s", "json_schema": schema}, "sync_mode": "full_refresh",
        "destination_sync_mode": "append_dedup", "primary_key": [["n"]], "cursor_field": ["branch", "n"],
    }]});
    let catalog = ConfiguredCatalog::parse(&catalog.to_string()).unwrap();
    compile(&catalog, options, DuckDb::default().limits(), &KnownNames::default()).unwrap().streams.remove(0)
}

fn plan(options: &Options) -> StreamPlan {
    let leaf = json!({"type": "object", "properties": {"n": {"type": "integer"}, "text": {"type": "string"}}});
    let branch = json!({"type": "object", "properties": {
        "n": {"type": "number"}, "leaf": leaf, "leaves": {"type": "array", "items": leaf},
    }});
    let schema = json!({"type": "object", "properties": {
        "n": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "integer"}},
        "branch": branch, "branches": {"type": "array", "items": branch}, "any": {},
    }});
    compiled(&schema, options)
}

fn options() -> impl Strategy<Value = Options> {
    let objects = select(vec![ObjectStorage::Table, ObjectStorage::Flatten, ObjectStorage::Json]);
    let arrays = select(vec![ScalarArrayStorage::Csv, ScalarArrayStorage::Json, ScalarArrayStorage::List]);
    (objects, arrays, any::<bool>(), any::<bool>()).prop_map(
        |(objects, scalar_arrays, keep_nested_json, additional_properties)| Options {
            scalar_arrays,
            objects,
            keep_nested_json,
            additional_properties,
            ..Options::default()
        },
    )
}

/// A record that often has values where the schema has them, and of any kind.
fn record() -> impl Strategy<Value = Value> {
    let scalars =
        vec![json!(null), json!(true), json!(7), json!(1.5), json!("7"), json!("words, \"quoted\""), json!("")];
    let value = select(scalars).prop_recursive(5, 40, 4, |inner| {
        let key = select(vec!["n", "text", "tags", "leaf", "leaves", "branch", "branches", "any", "undeclared"]);
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => prop::collection::btree_map(key.prop_map(str::to_owned), inner, 0..7)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    value.prop_map(|value| match value {
        Value::Object(_) => value,
        other => json!({"branches": [other.clone(), {"leaves": other}], "n": other}),
    })
}

/// The batches of each table.
type Batches = BTreeMap<Slot, Vec<RecordBatch>>;

/// Shreds records with ids from 1; after those in `flushes` what there is is handed out.
fn shred(plan: &StreamPlan, records: &[Value], batch_bytes: usize, flushes: &[bool]) -> (Batches, Counts) {
    let mut shredder = Shredder::new(plan, DuckDb::default().limits(), batch_bytes);
    let mut batches = Batches::new();
    let mut sink = |slot: Slot, batch: RecordBatch| batches.entry(slot).or_default().push(batch);
    for (id, data) in (1..).zip(records) {
        let data = data.to_string();
        let record = Record { id, emitted_at: 5, data: &data, changes: None };
        shredder.push(&record, 6, &mut sink).unwrap();
        if flushes.get(usize::try_from(id).unwrap()).copied().unwrap_or_default() {
            shredder.flush(&mut sink).unwrap();
        }
    }
    shredder.flush(&mut sink).unwrap();
    let counts = shredder.take_counts();
    (batches, counts)
}

/// Each row as a batch of its own.
fn rows(batches: &Batches) -> BTreeMap<Slot, Vec<RecordBatch>> {
    let single = |batch: &RecordBatch| (0..batch.num_rows()).map(|row| batch.slice(row, 1)).collect::<Vec<_>>();
    batches.iter().map(|(slot, batches)| (*slot, batches.iter().flat_map(single).collect())).collect()
}

fn system_column(plan: &StreamPlan, table: usize, column: SystemColumn) -> usize {
    let source = ColumnSource::System(column);
    plan.tables[table].columns.iter().position(|candidate| candidate.source == source).unwrap()
}

/// The ids of a system column, by row.
fn ids(plan: &StreamPlan, batches: &Batches, table: usize, column: SystemColumn) -> Vec<u128> {
    let index = system_column(plan, table, column);
    let of = |batch: &RecordBatch| {
        let column = batch.column(index).as_any().downcast_ref::<FixedSizeBinaryArray>().unwrap().clone();
        (0..column.len()).map(move |row| u128::from_be_bytes(column.value(row).try_into().unwrap())).collect::<Vec<_>>()
    };
    batches.get(&Slot::Table(table)).into_iter().flatten().flat_map(of).collect()
}

fn positions(plan: &StreamPlan, batches: &Batches, table: usize) -> Vec<i64> {
    let index = system_column(plan, table, SystemColumn::Position);
    let of = |batch: &RecordBatch| {
        batch
            .column(index)
            .as_any()
            .downcast_ref::<Int64Array>()
            .unwrap()
            .iter()
            .map(Option::unwrap)
            .collect::<Vec<_>>()
    };
    batches.get(&Slot::Table(table)).into_iter().flatten().flat_map(of).collect()
}

/// The values that a table has rows for, by the plainest means.
fn values_of<'a>(plan: &StreamPlan, table: usize, record: &'a Value) -> Vec<&'a Value> {
    let member = |value: &'a Value| value.get(plan.tables[table].path.last().unwrap());
    match plan.tables[table].role {
        TableRole::ObjectChild(parent) => {
            let objects = values_of(plan, parent, record).into_iter().filter_map(member);
            objects.filter(|value| value.is_object()).collect()
        }
        TableRole::ArrayChild(parent) => {
            let arrays = values_of(plan, parent, record).into_iter().filter_map(member).filter_map(Value::as_array);
            arrays.flatten().collect()
        }
        _ => vec![record],
    }
}

proptest! {
    #[test]
    fn rows_depend_on_the_records_alone(
        options in options(),
        records in prop::collection::vec(record(), 0..8),
        batch_bytes in 1_usize..2_000,
        flushes in prop::collection::vec(any::<bool>(), 16),
    ) {
        let plan = plan(&options);
        let (whole, counts) = shred(&plan, &records, usize::MAX, &[]);
        let (split, split_counts) = shred(&plan, &records, batch_bytes, &flushes);
        prop_assert_eq!(rows(&whole), rows(&split));
        prop_assert_eq!(counts, split_counts);
    }

    #[test]
    fn records_together_give_the_rows_of_each(
        sent in prop::collection::vec((record(), select(vec!["{", r#"{"odd":"\ud800","#, r#"{"even":"\n","#]), any::<bool>()), 1..8),
    ) {
        let plan = plan(&Options::default());
        let text = |(data, start, _): &(Value, &str, bool)| data.to_string().replacen('{', start, 1).replace(",}", "}");
        let texts: Vec<String> = sent.iter().map(text).collect();
        let changed = r#"[{"field":"n","change":"NULLED","reason":"SOURCE_RETRIEVAL_ERROR"}]"#;
        let records = (1..).zip(&sent).zip(&texts).map(|((id, (.., is_changed)), data)| Record {
            id, emitted_at: 5, data, changes: is_changed.then_some(changed),
        });
        let shredded = |is_together: bool| {
            let mut shredder = Shredder::new(&plan, DuckDb::default().limits(), 500);
            let mut batches = Batches::new();
            let mut sink = |slot: Slot, batch: RecordBatch| batches.entry(slot).or_default().push(batch);
            if is_together {
                let mut together = Records::default();
                records.clone().for_each(|record| together.push(&record));
                shredder.shred(together, 6, &mut sink).unwrap();
            } else {
                records.clone().for_each(|record| shredder.push(&record, 6, &mut sink).unwrap());
                shredder.flush(&mut sink).unwrap();
            }
            (rows(&batches), shredder.take_counts())
        };
        let (together, counts) = shredded(true);
        prop_assert_eq!(together[&Slot::Raw].len(), sent.len());
        prop_assert_eq!((together, counts), shredded(false));
    }

    #[test]
    fn versions_have_the_values_of_the_whole_rows(
        options in options(),
        records in prop::collection::vec(record(), 1..8),
    ) {
        let plan = plan(&options);
        let (whole, _) = shred(&plan, &records, usize::MAX, &[]);
        let (versions, _) = shred(&plan.versions().unwrap(), &records, usize::MAX, &[]);
        prop_assert_eq!(versions.keys().collect::<Vec<_>>(), [&Slot::Table(0)]);
        let (whole, versions) = (&whole[&Slot::Table(0)][0], &versions[&Slot::Table(0)][0]);
        // key, cursor, time and id
        prop_assert_eq!(versions.num_columns(), 4);
        for field in versions.schema_ref().fields() {
            prop_assert_eq!(versions.column_by_name(field.name()), whole.column_by_name(field.name()));
        }
    }

    #[test]
    fn each_object_has_one_row_whose_ids_lead_to_its_parent(records in prop::collection::vec(record(), 0..8)) {
        let plan = plan(&Options::default());
        let (batches, counts) = shred(&plan, &records, 500, &[]);
        let mut seen = HashSet::new();
        for (index, table) in plan.tables.iter().enumerate() {
            let own = ids(&plan, &batches, index, SystemColumn::HashId);
            let expected: usize = records.iter().map(|record| values_of(&plan, index, record).len()).sum();
            prop_assert_eq!((own.len(), counts.rows[index]), (expected, expected as u64), "rows of {}", table.name);
            prop_assert!(own.iter().all(|id| seen.insert(*id)), "an id of {} is there twice", table.name);

            let (TableRole::ObjectChild(parent) | TableRole::ArrayChild(parent)) = table.role else { continue };
            let record_of = |table: usize| {
                let rows = ids(&plan, &batches, table, SystemColumn::HashId);
                rows.into_iter().zip(ids(&plan, &batches, table, SystemColumn::AbId)).collect::<HashMap<_, _>>()
            };
            let (of_parents, of_rows) = (record_of(parent), record_of(index));
            let parents = ids(&plan, &batches, index, SystemColumn::ParentHashId);
            for (row, parent) in own.iter().zip(&parents) {
                prop_assert_eq!(of_parents.get(parent), of_rows.get(row), "record of a row of {}", table.name);
            }
            if matches!(table.role, TableRole::ArrayChild(_)) {
                let mut next: HashMap<u128, i64> = HashMap::new();
                for (parent, position) in parents.iter().zip(positions(&plan, &batches, index)) {
                    let expected = next.entry(*parent).or_default();
                    prop_assert_eq!(position, std::mem::replace(expected, position + 1));
                }
            } else {
                prop_assert_eq!(parents.iter().collect::<HashSet<_>>().len(), parents.len());
            }
        }
    }
}

#[test]
fn a_list_longer_than_a_field_is_null() {
    let options = Options { scalar_arrays: ScalarArrayStorage::List, ..Options::default() };
    let limits = Limits { field_bytes: 100, ..DuckDb::default().limits().clone() };
    let plan = plan(&options);
    let mut shredder = Shredder::new(&plan, &limits, 1 << 20);
    let mut batches = Vec::new();
    let mut sink = |slot, batch| batches.extend((slot == Slot::Table(0)).then_some(batch));
    for (id, tags) in (1..).zip(["[1,2,3,4,5,6]", "[1,\"x\",3,4,5,6,7]", "[]", "[8]"]) {
        let data = format!("{{\"tags\":{tags}}}");
        shredder.push(&Record { id, emitted_at: 5, data: &data, changes: None }, 6, &mut sink).unwrap();
    }
    shredder.flush(&mut sink).unwrap();
    let lists = batches[0].column_by_name("tags").unwrap().as_list::<i32>();
    let lists: Vec<Option<Vec<i64>>> =
        lists.iter().map(|list| Some(list?.as_primitive::<Int64Type>().values().to_vec())).collect();
    assert_eq!(lists, [Some(vec![1, 2, 3, 4, 5, 6]), None, Some(vec![]), Some(vec![8])]);
    let meta = batches[0].column_by_name("_airbyte_meta").unwrap().as_string::<i32>();
    let nulled = r#"[{"field":"tags","change":"NULLED","reason":"DESTINATION_FIELD_SIZE_LIMITATION"}]"#;
    let changes: Vec<bool> = meta.iter().map(|meta| meta.unwrap().contains(nulled)).collect();
    assert_eq!(changes, [false, true, false, false]);
}

#[test]
fn a_key_that_is_written_like_a_name_may_be_another_one() {
    let branch = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
    let schema = json!({"type": "object", "properties": {
        "n": {"type": "integer"}, "branch": branch, "a\\b": {"type": "integer"},
    }});
    let plan = compiled(&schema, &Options::default());
    let column = plan.tables[0].columns.iter().position(|column| column.name == "a_b").unwrap();
    // the first one's key is "a\b" in JSON, too, with another meaning
    let records = [json!({"n": 1, "branch": null, "a\u{8}": 1}), json!({"n": 2, "branch": null, "a\\b": 2})];
    let (batches, _) = shred(&plan, &records, 1 << 20, &[]);
    let values = batches[&Slot::Table(0)][0].column(column).as_primitive::<Int64Type>().iter().collect::<Vec<_>>();
    assert_eq!(values, [None, Some(2)]);
}
