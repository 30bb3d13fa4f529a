//! Records as the source writes them: with what values in memory do not have, keys that are there twice and halves of
//! surrogates.

use serde_json::{Map, Value};

/// Stands in values for a surrogate without its other half.
pub(super) const LONE: char = '\u{e000}';

/// What warehouses have in its place.
const REPLACED: &str = "\u{fffd}";

/// The record's message. What `twice` has comes first in the data, its names in escapes.
pub(super) fn message(stream: &str, record: &Value) -> String {
    let escaped = |name: &str| name.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat();
    let none = Map::new();
    let earlier = record["twice"].as_object().unwrap_or(&none).iter();
    let earlier = earlier.map(|(name, value)| format!("\"{}\":{value}", escaped(name)));
    let last = record["data"].as_object().unwrap().iter().map(|(name, value)| format!("\"{name}\":{value}"));
    let data = earlier.chain(last).collect::<Vec<_>>().join(",").replace(LONE, "\\ud800");
    let mut rest = record.as_object().unwrap().clone();
    rest.retain(|name, _| !["data", "twice"].contains(&name.as_str()));
    rest.insert("stream".to_owned(), stream.into());
    let rest = Value::Object(rest).to_string();
    format!(r#"{{"type":"RECORD","record":{{"data":{{{data}}},{}}}"#, &rest[1..])
}

/// The data as whoever reads the message has them: the last value of a name, where its first is.
pub(super) fn data(record: &Value) -> Map<String, Value> {
    let mut data = record["twice"].as_object().cloned().unwrap_or_default();
    data.extend(record["data"].as_object().unwrap().clone());
    data
}

/// A text as it can be stored.
pub(super) fn mended(text: &str) -> String {
    text.replace(LONE, REPLACED)
}

/// Data as raw tables have them.
pub(super) fn stored(data: &Map<String, Value>) -> Map<String, Value> {
    let value = |value: &Value| value.as_str().map_or_else(|| value.clone(), |text| mended(text).into());
    data.iter().map(|(name, held)| (name.clone(), value(held))).collect()
}
