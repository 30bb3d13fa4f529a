//! Keys and cursors that a layout remembers: enough of a catalog to tell and order the versions of a key, and no more.

use serde_json::{Map, Value, json};

use crate::catalog::{ConfiguredStream, StreamName, SyncMode};
use crate::kind::{ColumnKind, ScalarColumn};
use crate::plan::layout::{Layout, Ordered};

impl Layout {
    /// The stream with the properties that its rows are told apart and ordered by, and no others. `None` if the layout has not
    /// one row a key, or tells rows apart by what the schema of a column alone does not say.
    #[must_use]
    pub fn keyed_stream(&self, name: &StreamName) -> Option<ConfiguredStream> {
        let Ordered { key, cursor, cdc } = self.ordered()?;
        let mut properties = Map::new();
        for (path, kind) in key.iter().chain(&cursor).chain(&cdc) {
            insert(&mut properties, path, schema(*kind)?);
        }
        Some(ConfiguredStream {
            json_schema: json!({"type": "object", "properties": properties}),
            destination_sync_mode: SyncMode::AppendDedup,
            cursor_field: cursor.map(|(path, _)| path).unwrap_or_default(),
            primary_key: key.into_iter().map(|(path, _)| path).collect(),
            ..unkeyed_stream(name)
        })
    }

    /// Whether both tell rows apart and order them by the same values.
    #[must_use]
    pub fn orders_like(&self, other: &Self) -> bool {
        self.ordered() == other.ordered()
    }
}

/// A stream of which nothing is known but its name: every row counts.
#[must_use]
pub fn unkeyed_stream(name: &StreamName) -> ConfiguredStream {
    ConfiguredStream {
        name: name.clone(),
        json_schema: Value::Null,
        sync_mode: None,
        destination_sync_mode: SyncMode::Append,
        cursor_field: Vec::new(),
        primary_key: Vec::new(),
        generation_id: None,
        minimum_generation_id: None,
        sync_id: None,
    }
}

/// Declares a property inside of objects.
fn insert(properties: &mut Map<String, Value>, path: &[String], leaf: Map<String, Value>) {
    let Some((first, rest)) = path.split_first() else { return };
    let property = properties.entry(first).or_insert_with(|| json!({}));
    let Some(property) = property.as_object_mut() else { return };
    if rest.is_empty() {
        property.extend(leaf);
        return;
    }
    property.insert("type".to_owned(), json!("object"));
    let inner = property.entry("properties").or_insert_with(|| json!({}));
    if let Some(inner) = inner.as_object_mut() {
        insert(inner, rest, leaf);
    }
}

/// A schema that a column of this kind comes from; what the options make of it may be another kind.
fn schema(kind: ColumnKind) -> Option<Map<String, Value>> {
    use ScalarColumn as Column;
    let ColumnKind::Scalar(scalar) = kind else { return (kind == ColumnKind::Json).then(Map::new) };
    let schema = match scalar {
        Column::Boolean => json!({"type": "boolean"}),
        Column::Integer => json!({"type": "integer"}),
        Column::HugeInteger | Column::NumericInteger => json!({"type": "integer", "airbyte_type": "big_integer"}),
        Column::Double | Column::Decimal | Column::Numeric => json!({"type": "number"}),
        Column::Date => json!({"type": "string", "format": "date"}),
        Column::TimestampTz => json!({"type": "string", "format": "date-time"}),
        Column::Timestamp => json!({"type": "string", "airbyte_type": "timestamp_without_timezone"}),
        Column::TimeTz => json!({"type": "string", "airbyte_type": "time_with_timezone"}),
        Column::Time => json!({"type": "string", "format": "time"}),
        Column::String => json!({"type": "string"}),
    };
    schema.as_object().cloned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::catalog::ConfiguredCatalog;
    use crate::plan::{KnownNames, Options, compile};
    use crate::sql::Dialect as _;
    use crate::sql::duckdb::DuckDb;
    use crate::sql::postgres::Postgres;

    fn layout(stream: ConfiguredStream, limits: &crate::limits::Limits) -> Layout {
        let catalog = ConfiguredCatalog { streams: vec![stream] };
        Layout::of(&compile(&catalog, &Options::default(), limits, &KnownNames::default()).unwrap().streams[0])
    }

    #[test]
    fn keys_and_cursors_of_every_kind_come_back() {
        let kinds = ScalarColumn::ALL.into_iter().filter_map(|scalar| schema(ColumnKind::Scalar(scalar)));
        let schemas = kinds.chain([Map::new()]).map(Value::Object);
        let name = StreamName { namespace: None, name: "s".to_owned() };
        for schema in schemas {
            let properties = json!({
                "a": schema, "unused": {"type": "string"}, "_ab_cdc_lsn": schema,
                "o": {"type": "object", "properties": {"k": schema, "c": schema, "unused": {}}},
            });
            let path = |path: &[&str]| path.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
            let stream = ConfiguredStream {
                json_schema: json!({"properties": properties}),
                destination_sync_mode: SyncMode::AppendDedup,
                primary_key: vec![path(&["a"]), path(&["o", "k"])],
                cursor_field: path(&["o", "c"]),
                ..unkeyed_stream(&name)
            };
            for limits in [DuckDb::default().limits(), Postgres::default().limits()] {
                let whole = layout(stream.clone(), limits);
                let remembered = layout(whole.keyed_stream(&name).unwrap(), limits);
                assert!(remembered.orders_like(&whole), "{schema}");
                assert_ne!(remembered, whole);
            }
        }
        let unkeyed = layout(unkeyed_stream(&name), DuckDb::default().limits());
        assert_eq!(unkeyed.keyed_stream(&name), None);
    }
}
