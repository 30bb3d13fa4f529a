//! Values in, values out.

use std::sync::Arc;

use alluvium_normalization::kind::{ColumnKind, ScalarColumn};
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, Float64Array, Int64Array, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray,
};

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Decimal128Type, Int64Type};
use proptest::prelude::*;

use super::*;
use crate::warehouse::{ExistingTable, Width};

#[test]
fn every_kind_arrives_as_it_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let mut warehouse = open(&folder.path().join("kinds.duckdb"));
    warehouse
        .execute(
            "CREATE TABLE t (id UUID, b BOOLEAN, i BIGINT, h HUGEINT, n DOUBLE, m DECIMAL(38,9), d DATE, \
             tz TIMESTAMPTZ, ts TIMESTAMP, ttz TIMETZ, t TIME, s VARCHAR, j JSON, l VARCHAR[], lh HUGEINT[], \
             lj JSON[], x BIGINT)",
        )
        .unwrap();
    let ids = FixedSizeBinaryArray::try_from_iter([[7u8; 16], [255; 16]].into_iter()).unwrap();
    let mut list = ListBuilder::new(StringBuilder::new());
    list.append_value([Some("1"), None, Some("-3")]);
    list.append_null();
    let list = list.finish();
    let rows = batch(vec![
        (uuid_field("id"), Arc::new(ids)),
        column("b", BooleanArray::from(vec![Some(true), None])),
        column("i", Int64Array::from(vec![Some(i64::MIN), None])),
        column("h", StringArray::from(vec![Some("-170141183460469231731687303715884105728"), None])),
        column("n", Float64Array::from(vec![Some(f64::NEG_INFINITY), None])),
        column("m", Decimal128Array::from(vec![Some(-1_500_000_000), None]).with_precision_and_scale(38, 9).unwrap()),
        column("d", Date32Array::from(vec![Some(-1), None])),
        column("tz", TimestampMicrosecondArray::from(vec![Some(1_700_000_000_123_456), None]).with_timezone("UTC")),
        column("ts", TimestampMicrosecondArray::from(vec![Some(-1), None])),
        column("ttz", StringArray::from(vec![Some("23:59:59.000001-15:59"), None])),
        column("t", Time64MicrosecondArray::from(vec![Some(1), None])),
        column("s", StringArray::from(vec![Some("a\0b"), None])),
        column("j", StringArray::from(vec![Some("{}"), None])),
        column("l", list.clone()),
        column("lh", list.clone()),
        column("lj", list),
    ]);
    assert_eq!(warehouse.load(&table("main", "t"), &[rows]).unwrap(), 2);

    let result = warehouse.query("SELECT * FROM t ORDER BY id").unwrap();
    let expected = [
        ("id", "07070707-0707-0707-0707-070707070707"),
        ("b", "true"),
        ("i", "-9223372036854775808"),
        ("h", "-170141183460469231731687303715884105728"),
        ("n", "-inf"),
        ("m", "-1.500000000"),
        ("d", "1969-12-31"),
        ("tz", "2023-11-14 22:13:20.123456+00"),
        ("ts", "1969-12-31 23:59:59.999999"),
        ("ttz", "23:59:59.000001-15:59"),
        ("t", "00:00:00.000001"),
        ("s", "a\0b"),
        ("j", "{}"),
        ("l", "[1, NULL, -3]"),
        ("lh", "[1, NULL, -3]"),
        ("lj", "[1, NULL, -3]"),
    ];
    for (index, (name, value)) in expected.into_iter().enumerate() {
        assert_eq!(result.columns[index], name);
        assert_eq!(result.rows[0][index].as_deref(), Some(value), "{name}");
    }
    assert_eq!(result.rows[0][16], None, "a column that the batch does not have");
    assert!(result.rows[1][1..].iter().all(Option::is_none));
}

#[test]
fn json_is_kept_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let mut warehouse = open(&folder.path().join("json.duckdb"));
    warehouse.execute("CREATE TABLE t (i BIGINT, j JSON)").unwrap();
    let documents = [
        r#"{ "b":1 ,"a": 2,"b":3 }"#.to_owned(),
        r#"{"a":1e999999999,"b":-0.000000000000000000000000000000000000001}"#.to_owned(),
        r#"{"nul":"\u0000","escaped":"\/\u00e9é🚀"}"#.to_owned(),
        format!("{}1{}", "[".repeat(2000), "]".repeat(2000)),
        format!(r#"{{"long":"{}"}}"#, "é".repeat(5 << 20)),
    ];
    let rows = batch(vec![
        column("i", Int64Array::from_iter_values(0..5)),
        column("j", StringArray::from_iter_values(&documents)),
    ]);
    warehouse.load(&table("main", "t"), &[rows]).unwrap();
    let stored = warehouse.query("SELECT j FROM t ORDER BY i").unwrap();
    for (row, document) in stored.rows.iter().zip(&documents) {
        assert!(row[0].as_ref() == Some(document), "{}", &document[..40]);
    }
    assert_eq!(value(&mut warehouse, "SELECT typeof(j) FROM t LIMIT 1").as_deref(), Some("JSON"));
}

#[test]
fn a_value_may_be_larger_than_the_memory_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.duckdb");
    let mut warehouse = DuckDbWarehouse::open(&DuckDbOptions { memory_limit: 32 << 20, ..options(&path) }).unwrap();
    warehouse.execute("CREATE TABLE t (i BIGINT, j JSON)").unwrap();
    warehouse.begin().unwrap();
    for length in [60 << 20, 10, 40 << 20] {
        let document = format!("\"{}\"", "x".repeat(length));
        let rows = batch(vec![
            column("i", Int64Array::from_iter_values([i64::try_from(length).unwrap()])),
            column("j", StringArray::from_iter_values([document])),
        ]);
        warehouse.load(&table("main", "t"), &[rows]).unwrap();
    }
    warehouse.commit().unwrap();
    let kept = value(&mut warehouse, "SELECT count(*) FROM t WHERE length(j) = i + 2");
    assert_eq!(kept.as_deref(), Some("3"));
}

/// Rows of each kind that is written into DuckDB's memory, some of them NULL, and texts of lengths around those that it holds
/// in the vector itself.
fn some_rows(seed: u64, rows: usize) -> RecordBatch {
    let number = |row: usize, salt: u64| (seed + row as u64 + salt).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    let cells = |salt| (0..rows).map(move |row| Some(number(row, salt)).filter(|number| number % 5 > 0));
    let text = |number: u64| {
        "é0123456789abcdef"
            .chars()
            .cycle()
            .skip((number % 16) as usize)
            .take((number % 21) as usize)
            .collect::<String>()
    };
    let id = |number: u64| [number.to_be_bytes(), number.to_le_bytes()].concat();
    let ids = FixedSizeBinaryArray::try_from_sparse_iter_with_size(cells(1).map(|cell| cell.map(id)), 16).unwrap();
    let decimals = cells(2).map(|cell| cell.map(|number| i128::from(number.cast_signed()) << 40));
    let decimals = decimals.collect::<Decimal128Array>().with_precision_and_scale(38, 9).unwrap();
    batch(vec![
        (uuid_field("id"), Arc::new(ids)),
        column("m", decimals),
        column("i", cells(3).map(|cell| cell.map(u64::cast_signed)).collect::<Int64Array>()),
        column("b", cells(4).map(|cell| cell.map(|number| number % 2 == 0)).collect::<BooleanArray>()),
        column("s", cells(5).map(|cell| cell.map(text)).collect::<StringArray>()),
    ])
}

/// The rows as DuckDB would print them.
fn printed(rows: &RecordBatch) -> Vec<Vec<Option<String>>> {
    let print = |column: usize, row: usize| {
        let array = rows.column(column);
        array.is_valid(row).then(|| match column {
            0 => uuid::Uuid::from_slice(array.as_fixed_size_binary().value(row)).unwrap().to_string(),
            1 => array.as_primitive::<Decimal128Type>().value_as_string(row),
            2 => array.as_primitive::<Int64Type>().value(row).to_string(),
            3 => array.as_boolean().value(row).to_string(),
            _ => array.as_string::<i32>().value(row).to_owned(),
        })
    };
    (0..rows.num_rows()).map(|row| (0..rows.num_columns()).map(|column| print(column, row)).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn parts_of_batches_arrive_row_by_row(seed in 0_u64..1_000_000, rows in 1_usize..5_000, cut in 0.0..1.0) {
        let folder = tempfile::tempdir().unwrap();
        let mut warehouse = open(&folder.path().join("parts.duckdb"));
        warehouse.execute("CREATE TABLE t (id UUID, m DECIMAL(38,9), i BIGINT, b BOOLEAN, s VARCHAR)").unwrap();
        let whole = some_rows(seed, rows);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let cut = (cut * rows as f64) as usize;
        let parts = [whole.slice(0, cut), whole.slice(cut, rows - cut)].into_iter().filter(|part| part.num_rows() > 0);
        warehouse.load(&table("main", "t"), &parts.collect::<Vec<_>>()).unwrap();
        let [mut landed, mut expected] = [warehouse.query("FROM t").unwrap().rows, printed(&whole)];
        landed.sort();
        expected.sort();
        prop_assert_eq!(landed, expected);
    }
}

#[test]
fn every_row_of_every_batch_lands_once() {
    let folder = tempfile::tempdir().unwrap();
    let options = DuckDbOptions { threads: 4, ..options(&folder.path().join("rows.duckdb")) };
    let mut warehouse = DuckDbWarehouse::open(&options).unwrap();
    warehouse.execute("CREATE TABLE t (i BIGINT)").unwrap();
    let batches: Vec<RecordBatch> =
        [0..1, 1..1, 1..2048, 2048..2049, 2049..200_000].into_iter().map(integers).collect();
    assert_eq!(warehouse.load(&table("main", "t"), &batches).unwrap(), 200_000);
    assert_eq!(warehouse.load(&table("main", "t"), &[]).unwrap(), 0);
    let counted = warehouse.query("SELECT count(*), count(DISTINCT i), min(i), max(i) FROM t").unwrap();
    assert_eq!(counted.rows[0], ["200000", "200000", "0", "199999"].map(|value| Some(value.to_owned())));
}

#[test]
fn a_table_may_have_row_groups_of_several_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("groups.duckdb");
    let mut rows = 0;
    for properties in [12, 200, 1_000, 12, 200] {
        let width = Width { properties, bytes: 0 };
        let options = DuckDbOptions { grouping: Grouping::of(width), ..options(&path) };
        let mut warehouse = DuckDbWarehouse::open(&options).unwrap();
        warehouse.begin().unwrap();
        warehouse.execute("CREATE TABLE IF NOT EXISTS t (i BIGINT)").unwrap();
        // one that several threads share, and one that is none
        for more in [50_000, 1_234] {
            warehouse.load(&table("main", "t"), &[integers(rows..rows + more)]).unwrap();
            rows += more;
        }
        warehouse.commit().unwrap();
        let counted = warehouse.query("SELECT count(*), count(DISTINCT i), max(i) + 1 FROM t").unwrap();
        assert_eq!(counted.rows[0], vec![Some(rows.to_string()); 3]);
    }
}

#[test]
fn batches_of_several_schemas_go_into_one_table() {
    let folder = tempfile::tempdir().unwrap();
    let mut warehouse = open(&folder.path().join("schemas.duckdb"));
    warehouse.execute(r#"CREATE TABLE "t" ("i" BIGINT, "a ""quoted"" name" VARCHAR)"#).unwrap();
    let named = batch(vec![column("a \"quoted\" name", StringArray::from(vec!["x"]))]);
    assert_eq!(warehouse.load(&table("main", "t"), &[integers([1]), named]).unwrap(), 2);
    let result = warehouse.query("SELECT * FROM t ORDER BY i -- the last line\n;").unwrap();
    assert_eq!(result.columns, ["i", "a \"quoted\" name"]);
    assert_eq!(result.rows, [vec![Some("1".to_owned()), None], vec![None, Some("x".to_owned())]]);
}

#[test]
fn tables_of_the_session_are_loaded_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut warehouse = open(&folder.path().join("session.duckdb"));
    let batch_table = table(warehouse.dialect().session_schema(), "batch");
    let relation = warehouse.dialect().relation(&batch_table);
    warehouse.execute(&format!("CREATE TEMPORARY TABLE {relation} (i BIGINT)")).unwrap();
    assert_eq!(warehouse.load(&batch_table, &[integers([1, 2])]).unwrap(), 2);
    assert_eq!(warehouse.describe(&["main".to_owned()]).unwrap(), []);
}

#[test]
fn what_exists_is_described_in_the_words_of_the_dialect() {
    let folder = tempfile::tempdir().unwrap();
    let mut warehouse = open(&folder.path().join("describe.duckdb"));
    let scalars = [
        ScalarColumn::Boolean,
        ScalarColumn::Integer,
        ScalarColumn::HugeInteger,
        ScalarColumn::Double,
        ScalarColumn::Decimal,
        ScalarColumn::Date,
        ScalarColumn::TimestampTz,
        ScalarColumn::Timestamp,
        ScalarColumn::TimeTz,
        ScalarColumn::Time,
        ScalarColumn::String,
    ];
    let kinds = scalars.into_iter().flat_map(|scalar| [ColumnKind::Scalar(scalar), ColumnKind::List(scalar)]);
    let types: Vec<String> = kinds
        .chain([ColumnKind::CsvArray, ColumnKind::JsonArray, ColumnKind::Json, ColumnKind::Uuid])
        .map(|kind| warehouse.dialect().column_type(kind))
        .collect();
    let columns: Vec<String> = types.iter().enumerate().map(|(index, sql)| format!("c{index} {sql}")).collect();
    warehouse.execute("CREATE SCHEMA \"Sales\"").unwrap();
    warehouse.execute(&format!("CREATE TABLE sales.kinds ({})", columns.join(", "))).unwrap();
    warehouse.execute("CREATE TABLE sales.a (i BIGINT)").unwrap();
    warehouse.execute("CREATE VIEW sales.v AS SELECT 1 AS i").unwrap();
    warehouse.execute("CREATE TABLE main.elsewhere (i BIGINT)").unwrap();
    warehouse.execute("COMMENT ON TABLE sales.kinds IS 'it''s a table'").unwrap();
    warehouse.execute("COMMENT ON COLUMN sales.kinds.c0 IS 'a column'").unwrap();

    let found = warehouse.describe(&["sales".to_owned(), "none".to_owned()]).unwrap();
    let names: Vec<&TableName> = found.iter().map(|table| &table.name).collect();
    assert_eq!(names, [&table("sales", "a"), &table("sales", "kinds"), &table("sales", "v")]);
    let ExistingTable { comment, columns, .. } = &found[1];
    assert_eq!(comment.as_deref(), Some("it's a table"));
    assert_eq!(columns[0].comment.as_deref(), Some("a column"));
    assert_eq!(columns[1].comment, None);
    assert_eq!(columns.iter().map(|column| &column.sql_type).collect::<Vec<_>>(), types.iter().collect::<Vec<_>>());
}
