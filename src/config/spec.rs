//! The connector specification, derived from the config's type.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::{Map, Value, json};

use super::document::Document;

/// The JSON Schema (draft-07) of the config.
pub(crate) fn connection_specification() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<Document>();
    FormFriendly.transform(&mut schema);
    schema.to_value()
}

/// The whole answer to `spec`.
pub(crate) fn connector_specification() -> Value {
    json!({
        "documentationUrl": env!("CARGO_PKG_REPOSITORY"),
        "supportsIncremental": true,
        "supportsNormalization": false,
        "supportsDBT": false,
        "supported_destination_sync_modes": ["overwrite", "append", "append_dedup"],
        "connectionSpecification": connection_specification(),
    })
}

/// Turns what schemars writes into what Airbyte's form understands.
///
/// A null is taken as an absent key before a config is validated, so `null` among the types says nothing; a choice
/// of documented constants becomes an `enum` whose description lists them; number formats of Rust and line breaks of the source
/// code go.
#[derive(Clone)]
struct FormFriendly;

impl Transform for FormFriendly {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(schema) = schema.as_object_mut() else { return };
        schema.remove("format");
        if let Some(Value::String(description)) = schema.get_mut("description") {
            *description = description.replace('\n', " ");
        }
        drop_null(schema);
        list_constants(schema);
    }
}

fn drop_null(schema: &mut Map<String, Value>) {
    if schema.get("default") == Some(&Value::Null) {
        schema.remove("default");
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_mut_slice() {
            let only = only.take();
            schema.insert("type".to_owned(), only);
        }
    }
    let Some(Value::Array(branches)) = schema.get_mut("anyOf") else { return };
    branches.retain(|branch| branch.get("type") != Some(&json!("null")));
    let [Value::Object(only)] = branches.as_mut_slice() else { return };
    let only = std::mem::take(only);
    schema.remove("anyOf");
    for (key, value) in only {
        schema.entry(key).or_insert(value);
    }
}

fn list_constants(schema: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = schema.get("oneOf") else { return };
    let Some(constants) = branches.iter().map(|branch| branch.get("const").cloned()).collect::<Option<Vec<_>>>() else {
        // A choice of objects: the form asks for their type.
        schema.insert("type".to_owned(), json!("object"));
        return;
    };
    let mut description = schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    for (branch, constant) in branches.iter().zip(&constants) {
        if let (Some(meaning), Some(name)) = (branch.get("description").and_then(Value::as_str), constant.as_str()) {
            description.extend([" `", name, "`: ", meaning, "."]);
        }
    }
    schema.remove("oneOf");
    schema.insert("type".to_owned(), json!("string"));
    schema.insert("description".to_owned(), json!(description.trim()));
    schema.insert("enum".to_owned(), Value::Array(constants));
}
