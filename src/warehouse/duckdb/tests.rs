//! The warehouse against real DuckDB files.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashMap;
use std::sync::Arc;

use alluvium_normalization::columns::SystemColumn;
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, Float64Array, Int64Array, RecordBatch,
    StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema};

use super::*;

fn open(path: &std::path::Path) -> DuckDbWarehouse {
    DuckDbWarehouse::open(&DuckDbOptions::file(path)).unwrap()
}

fn table(name: &str) -> TableName {
    TableName { schema: "main".to_owned(), name: name.to_owned() }
}

fn uuid_field(name: &str) -> Field {
    Field::new(name, DataType::FixedSizeBinary(16), true)
        .with_metadata(HashMap::from([("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned())]))
}

fn batch(columns: Vec<(Field, ArrayRef)>) -> RecordBatch {
    let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn column(name: &str, array: impl arrow_array::Array + 'static) -> (Field, ArrayRef) {
    (Field::new(name, array.data_type().clone(), true), Arc::new(array))
}

#[test]
fn every_kind_arrives_as_it_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let mut warehouse = open(&folder.path().join("kinds.duckdb"));
    warehouse
        .execute(
            "CREATE TABLE t (id UUID, b BOOLEAN, i BIGINT, h HUGEINT, n DOUBLE, m DECIMAL(38,9), d DATE, \
             tz TIMESTAMPTZ, ts TIMESTAMP, ttz TIMETZ, t TIME, s VARCHAR, j JSON, l VARCHAR[], lh HUGEINT[], lj JSON[], x BIGINT)",
        )
        .unwrap();
    let ids = FixedSizeBinaryArray::try_from_iter([[7u8; 16], [255; 16]].into_iter()).unwrap();
    let mut list = ListBuilder::new(StringBuilder::new());
    list.append_value([Some("1"), None, Some("-3")]);
    list.append_null();
    let list = list.finish();
    let batch = batch(vec![
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
        column("j", StringArray::from(vec![Some(r#"{"a": 1, "a":1e999999999 }"#), None])),
        column("l", list.clone()),
        column("lh", list.clone()),
        column("lj", list),
    ]);
    assert_eq!(warehouse.load(&table("t"), &[batch]).unwrap(), 2);
    let result = warehouse.query("SELECT * FROM t ORDER BY id").unwrap();
    let expected = [
        "07070707-0707-0707-0707-070707070707",
        "true",
        "-9223372036854775808",
        "-170141183460469231731687303715884105728",
        "-inf",
        "-1.500000000",
        "1969-12-31",
        "2023-11-14 22:13:20.123456+00",
        "1969-12-31 23:59:59.999999",
        "23:59:59.000001-15:59",
        "00:00:00.000001",
        "a\0b",
        r#"{"a": 1, "a":1e999999999 }"#,
        "[1, NULL, -3]",
        "[1, NULL, -3]",
        "[1, NULL, -3]",
    ];
    for (index, expected) in expected.iter().enumerate() {
        assert_eq!(result.rows[0][index].as_deref(), Some(*expected), "{}", result.columns[index]);
    }
    assert_eq!(result.rows[0][16], None);
    assert!(result.rows[1][1..].iter().all(Option::is_none));
    assert_eq!(result.columns[0], "id");
    let _ = SystemColumn::Data;
}
