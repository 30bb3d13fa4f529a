//! From the protocol's JSON to a catalog.

use serde::Deserialize as _;
use serde_json::{Deserializer, Map, Value};

use super::{CatalogError, ConfiguredCatalog, ConfiguredStream, StreamName, SyncMode};
use crate::names::told;
use crate::walk;

/// How deep a catalog's arrays and objects may nest: a schema takes up to four levels for one of its records'.
const DEEPEST: usize = 384;

/// Reads a catalog; the result has yet to be validated.
pub(super) fn catalog(json: &str) -> Result<ConfiguredCatalog, CatalogError> {
    const PLACE: &str = "the catalog";
    let mut catalog = value(json)?;
    let mut catalog = Keys::of(&mut catalog, PLACE).ok_or_else(|| malformed(PLACE, "streams", "a list"))?;
    let streams = catalog.list("streams")?.unwrap_or_default();
    let streams = streams.into_iter().enumerate().map(|(index, configured)| stream(index, configured));
    Ok(ConfiguredCatalog { streams: streams.collect::<Result<_, _>>()? })
}

/// The whole text, which may be three times as deep as `serde_json` goes unless told.
fn value(json: &str) -> Result<Value, CatalogError> {
    if walk::is_deeper(json, DEEPEST) {
        return Err(CatalogError::TooDeep { levels: DEEPEST });
    }
    let mut deserializer = Deserializer::from_str(json);
    deserializer.disable_recursion_limit();
    let value = Value::deserialize(&mut deserializer).map_err(CatalogError::NotJson)?;
    deserializer.end().map_err(CatalogError::NotJson)?;
    Ok(value)
}

/// The stream at `index` of the catalog.
fn stream(index: usize, mut configured: Value) -> Result<ConfiguredStream, CatalogError> {
    let place = format!("stream number {}", index + 1);
    let no_object = |place: &str| malformed(place, "stream", "an object");
    let mut configured = Keys::of(&mut configured, &place).ok_or_else(|| no_object(&place))?;
    let mut stream = configured.take("stream");
    let mut stream = Keys::of(&mut stream, &place).ok_or_else(|| no_object(&place))?;

    let name = stream.text("name")?.ok_or_else(|| stream.malformed("name", "a string"))?;
    let namespace = stream.text("namespace")?.filter(|namespace| !namespace.is_empty());
    let name = StreamName { namespace, name };
    let place = format!("stream `{name}`");
    configured.place = &place;
    stream.place = &place;

    let destination_sync_mode = match configured.text("destination_sync_mode")?.as_deref() {
        None | Some("append") => SyncMode::Append,
        Some("overwrite") => SyncMode::Overwrite,
        Some("append_dedup") => SyncMode::AppendDedup,
        Some(mode) => return Err(CatalogError::UnsupportedMode { stream: name, mode: told(mode).into_owned() }),
    };
    let mut cursor_field = configured.path("cursor_field")?;
    let mut primary_key = configured.paths("primary_key")?;
    if destination_sync_mode == SyncMode::AppendDedup {
        if primary_key.is_empty() {
            primary_key = stream.paths("source_defined_primary_key")?;
        }
        if cursor_field.is_empty() && stream.take("source_defined_cursor") == Value::Bool(true) {
            cursor_field = stream.path("default_cursor_field")?;
        }
    }
    Ok(ConfiguredStream {
        json_schema: stream.take("json_schema"),
        sync_mode: configured.text("sync_mode")?,
        destination_sync_mode,
        cursor_field,
        primary_key,
        generation_id: configured.generation("generation_id")?,
        minimum_generation_id: configured.generation("minimum_generation_id")?,
        sync_id: configured.integer("sync_id", "a whole number")?,
        name,
    })
}

/// The keys of one object of the catalog, taken out one by one; knows what to say when one is malformed.
struct Keys<'a> {
    keys: &'a mut Map<String, Value>,
    place: &'a str,
}

impl<'a> Keys<'a> {
    fn of(value: &'a mut Value, place: &'a str) -> Option<Self> {
        value.as_object_mut().map(|keys| Self { keys, place })
    }

    fn malformed(&self, key: &'static str, expected: &'static str) -> CatalogError {
        malformed(self.place, key, expected)
    }

    /// A value; null if it is absent.
    fn take(&mut self, key: &str) -> Value {
        self.keys.get_mut(key).map(Value::take).unwrap_or_default()
    }

    fn list(&mut self, key: &'static str) -> Result<Option<Vec<Value>>, CatalogError> {
        match self.take(key) {
            Value::Null => Ok(None),
            Value::Array(values) => Ok(Some(values)),
            _ => Err(self.malformed(key, "a list")),
        }
    }

    fn text(&mut self, key: &'static str) -> Result<Option<String>, CatalogError> {
        match self.take(key) {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            _ => Err(self.malformed(key, "a string")),
        }
    }

    fn integer(&mut self, key: &'static str, expected: &'static str) -> Result<Option<i64>, CatalogError> {
        match self.take(key) {
            Value::Null => Ok(None),
            value => value.as_i64().map(Some).ok_or_else(|| self.malformed(key, expected)),
        }
    }

    fn generation(&mut self, key: &'static str) -> Result<Option<i64>, CatalogError> {
        let expected = "a whole number, 0 or above";
        let generation = self.integer(key, expected)?;
        if generation.is_some_and(i64::is_negative) { Err(self.malformed(key, expected)) } else { Ok(generation) }
    }

    fn path(&mut self, key: &'static str) -> Result<Vec<String>, CatalogError> {
        serde_json::from_value::<Option<_>>(self.take(key))
            .map(Option::unwrap_or_default)
            .map_err(|_| self.malformed(key, "a list of strings"))
    }

    fn paths(&mut self, key: &'static str) -> Result<Vec<Vec<String>>, CatalogError> {
        let mut paths = serde_json::from_value::<Option<Vec<Vec<String>>>>(self.take(key))
            .map(Option::unwrap_or_default)
            .map_err(|_| self.malformed(key, "a list of lists of strings"))?;
        paths.retain(|path| !path.is_empty());
        Ok(paths)
    }
}

fn malformed(place: &str, key: &'static str, expected: &'static str) -> CatalogError {
    CatalogError::Malformed { place: place.to_owned(), key, expected }
}
