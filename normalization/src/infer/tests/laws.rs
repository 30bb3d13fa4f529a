//! Laws of inference, with the shredder as the judge of what a schema is worth.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::{infer, land};
use crate::plan::{ObjectStorage, Options, ScalarArrayStorage};

fn scalar() -> impl Strategy<Value = String> {
    let odd = [
        "null",
        "true",
        "0",
        "-0",
        "12",
        "-9223372036854775808",
        "9223372036854775808",
        "1.50",
        "1e3",
        "1E-20",
        "170141183460469231731687303715884105728",
        "0.1000000000000000055",
        "\"\"",
        "\"text\"",
        "\"7\"",
        "\"true\"",
        "\"2024-02-29\"",
        "\"2024-02-29T12:34:56Z\"",
        "\"2024-02-29 12:34:56.5+02\"",
        "\"2024-02-29T12:34:56\"",
        "\"2024-02-29T12:34:60Z\"",
        "\"12:34:56\"",
        "\"12:34:56.25-03:30\"",
        "\"0044-03-15 BC\"",
        "\"a,\\\"b\\\"\"",
    ];
    prop_oneof![
        4 => select(odd.to_vec()).prop_map(str::to_owned),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_filter_map("JSON has neither", |number| number.is_finite().then(|| json!(number).to_string())),
        1 => "[a-zé ]{0,6}".prop_map(|text| json!(text).to_string()),
    ]
}

/// A value whose objects use few names, so that places meet; one kind at a place is as frequent as several.
fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|elements| format!("[{}]", elements.join(", "))),
            object(inner),
        ]
    })
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let key = select(vec!["id", "a", "b", "c_id", "updated_at", r"\u0061", ""]);
    prop::collection::vec((key, value), 0..5).prop_map(|members| {
        let members: Vec<String> = members.into_iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
        format!("{{{}}}", members.join(", "))
    })
}

fn records() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(object(value()), 0..12)
}

/// Records in which a property has one kind, as most have.
fn regular_records() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(scalar(), 1..4).prop_flat_map(|kinds| {
        prop::collection::vec((select(kinds), any::<u8>()), 0..12).prop_map(|rows| {
            let row = |(number, (value, id)): (usize, (String, u8))| {
                format!("{{\"id\":{number},\"b_id\":{id},\"x\":{value},\"nest\":[{{\"x\":{value}}}]}}")
            };
            rows.into_iter().enumerate().map(row).collect()
        })
    })
}

proptest! {
    #[test]
    fn every_record_lands_without_a_change(
        records in prop_oneof![records(), regular_records()],
        scalar_arrays in select(vec![ScalarArrayStorage::Csv, ScalarArrayStorage::Json, ScalarArrayStorage::List]),
        objects in select(vec![ObjectStorage::Table, ObjectStorage::Flatten]),
    ) {
        let counts = land(&records, &Options { scalar_arrays, objects, ..Options::default() });
        prop_assert_eq!((counts.nulled, counts.truncated), (0, 0));
        prop_assert!(counts.undeclared.is_empty());
    }

    #[test]
    fn neither_order_nor_division_of_the_records_changes_what_is_proposed(
        records in prop_oneof![records(), regular_records()],
        parts in prop::collection::vec(0_usize..4, 12),
        shuffled in prop::collection::vec(any::<u32>(), 12),
    ) {
        let whole = infer(records.iter().map(String::as_str)).propose("s");
        let mut order: Vec<_> = records.iter().zip(parts).zip(shuffled).collect();
        order.sort_by_key(|(_, place)| *place);
        let part = |number| infer(order.iter().filter(|((_, part), _)| *part == number).map(|((record, _), _)| record.as_str()));
        let [one, two, three, four] = [0, 1, 2, 3].map(part);
        let mut left = one.clone();
        for part in [&two, &three, &four] { left.merge(part.clone()); }
        let (mut right, mut last) = (four, three);
        last.merge(one);
        right.merge(two);
        right.merge(last);
        for merged in [left.propose("s"), right.propose("s")] {
            // as text, so that the order of properties counts
            prop_assert_eq!(merged.schema.to_string(), whole.schema.to_string());
            prop_assert_eq!(&merged, &whole);
        }
        prop_assert_eq!(whole.records, records.len() as u64);
    }
}
