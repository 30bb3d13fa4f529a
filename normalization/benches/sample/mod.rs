//! Streams to bench with: their plan, and records of them.
#![allow(dead_code)] // each bench takes what it needs

use alluvium_normalization::catalog::ConfiguredCatalog;
use alluvium_normalization::plan::{KnownNames, Options, StreamPlan, compile};
use alluvium_normalization::shred::{Record, Shredder, Slot};
use alluvium_normalization::sql::Dialect;
use arrow_array::RecordBatch;
use serde_json::{Value, json};

/// Records of each stream.
pub(crate) const RECORDS: usize = 1_000;

/// A stream's schema with records that follow it.
pub(crate) struct Stream {
    properties: Value,
    pub(crate) records: Vec<String>,
}

impl Stream {
    /// What the stream becomes.
    pub(crate) fn plan(&self, dialect: &dyn Dialect, mode: &str, raw: bool) -> StreamPlan {
        let catalog = json!({"streams": [{
            "stream": {"name": "sample", "json_schema": {"type": "object", "properties": self.properties}},
            "sync_mode": "incremental", "destination_sync_mode": mode,
            "cursor_field": ["updated_at"], "primary_key": [["id"]],
        }]});
        let catalog = ConfiguredCatalog::parse(&catalog.to_string()).unwrap();
        let options = Options { raw, ..Options::default() };
        compile(&catalog, &options, dialect.limits(), &KnownNames::default()).unwrap().streams.remove(0)
    }

    /// Bytes of all records.
    pub(crate) fn bytes(&self) -> usize {
        self.records.iter().map(String::len).sum()
    }
}

/// Shreds all records.
pub(crate) fn shred(shredder: &mut Shredder, records: &[String]) -> Vec<(Slot, RecordBatch)> {
    let mut batches = Vec::new();
    let mut sink = |slot: Slot, batch: RecordBatch| batches.push((slot, batch));
    for (id, data) in (1..).zip(records) {
        let record = Record { id, emitted_at: 1_740_787_200_000_000, data, changes: None };
        shredder.push(&record, 1_740_787_200_000_000, &mut sink).unwrap();
    }
    shredder.flush(&mut sink).unwrap();
    batches
}

fn nullable(kind: &str) -> Value {
    json!({"type": ["null", kind]})
}

fn moment(number: usize) -> String {
    format!("2025-03-{:02}T{:02}:{:02}:00.{:06}Z", 1 + number % 28, number % 24, number % 60, number)
}

/// Twelve scalar columns.
pub(crate) fn flat() -> Stream {
    let timestamp = json!({"type": ["null", "string"], "format": "date-time"});
    let record = |number: usize| {
        json!({
            "id": number, "account_id": number * 7_919_311, "name": "Grace Müller",
            "email": format!("u{number}@example.com"), "status": "active",
            "amount": f64::from(u32::try_from(number).unwrap()) / 100.0, "score": 0.718_281, "is_active": number.is_multiple_of(2),
            "description": "river delta silt gravel bank flood \"meander\" terrace levee channel sand clay",
            "created_at": moment(number), "updated_at": moment(number + 1), "birth_date": "1984-02-29",
        })
        .to_string()
    };
    Stream {
        properties: json!({
            "id": nullable("integer"), "account_id": nullable("integer"), "name": nullable("string"),
            "email": nullable("string"), "status": nullable("string"), "amount": nullable("number"),
            "score": nullable("number"), "is_active": nullable("boolean"), "description": nullable("string"),
            "created_at": timestamp, "updated_at": timestamp,
            "birth_date": {"type": ["null", "string"], "format": "date"},
        }),
        records: (0..RECORDS).map(record).collect(),
    }
}

/// Orders with an object, tags, and line items that hold discounts.
pub(crate) fn nested() -> Stream {
    let discounts = json!({"type": "array", "items": {"type": "object", "properties": {
        "code": nullable("string"), "amount": nullable("number"),
    }}});
    let record = |number: usize| {
        let line_item = json!({"sku": "SKU-004711", "name": "Rustic Lamp", "quantity": 3, "unit_price": 27.95,
            "discounts": [{"code": "SAVE10", "amount": 2.5}]});
        let line_items = vec![line_item; 1 + number % 8];
        json!({
            "id": number, "updated_at": moment(number), "currency": "EUR", "tags": ["vip", "b2b, wholesale"],
            "customer": {"name": "Grace Müller", "email": format!("u{number}@example.com")}, "line_items": line_items,
        })
        .to_string()
    };
    Stream {
        properties: json!({
            "id": nullable("integer"), "updated_at": {"type": "string", "format": "date-time"},
            "currency": nullable("string"), "tags": {"type": "array", "items": nullable("string")},
            "customer": {"type": "object", "properties": {"name": nullable("string"), "email": nullable("string")}},
            "line_items": {"type": "array", "items": {"type": "object", "properties": {
                "sku": nullable("string"), "name": nullable("string"), "quantity": nullable("integer"),
                "unit_price": nullable("number"), "discounts": discounts,
            }}},
        }),
        records: (0..RECORDS).map(record).collect(),
    }
}

/// Two hundred columns, more than half of them null or absent.
pub(crate) fn wide() -> Stream {
    let kinds = ["integer", "number", "string", "boolean"];
    let name = |position: usize| format!("c{position:03}_{}", kinds[position % kinds.len()]);
    let mut properties = json!({"id": nullable("integer"), "updated_at": {"type": "string", "format": "date-time"}});
    for position in 0..198 {
        properties[name(position)] = nullable(kinds[position % kinds.len()]);
    }
    let record = |number: usize| {
        let values = [json!(number), json!(12.5), json!("delta silt"), json!(true)];
        let mut record = json!({"id": number, "updated_at": moment(number)});
        for position in 0..198 {
            match (number * 31 + position * 17) % 10 {
                0..3 => {}
                3..6 => record[name(position)] = Value::Null,
                _ => record[name(position)] = values[position % values.len()].clone(),
            }
        }
        record.to_string()
    };
    Stream { properties, records: (0..RECORDS).map(record).collect() }
}

/// Ten columns of one kind, beside key and cursor.
pub(crate) fn of_kind(schema: &Value, values: &[Value]) -> Stream {
    let mut properties = json!({"id": nullable("integer"), "updated_at": {"type": "string", "format": "date-time"}});
    for position in 0..10 {
        properties[format!("c{position}")] = schema.clone();
    }
    let record = |number: usize| {
        let members = (0..10).map(|position| {
            let value = &values[(number + position) % values.len()];
            (format!("c{position}"), value.clone())
        });
        Value::Object(members.collect()).to_string()
    };
    Stream { properties, records: (0..RECORDS).map(record).collect() }
}
