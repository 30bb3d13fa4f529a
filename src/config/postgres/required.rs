//! Which parts of a connection have to be there: a schema of all warehouses can't say it by itself.

use serde_json::{Map, Value, json};

/// Keys of which none but a Postgres database at the top level has one.
const TELLING: [&str; 5] = ["host", "database", "username", "password", "ssl_mode"];

/// Makes `spec` demand what a connection needs, where the config has one that is written in parts: then all its mistakes
/// are found together.
pub(in crate::config) fn demand_parts(spec: &mut Value, object: &Map<String, Value>) {
    let parts = ["host", "database", "username"].map(Value::from);
    let says = |key: &str| object.get(key).is_some_and(|value| value != "");
    let is_other = ["warehouse", "destination_path", "motherduck_api_key"].into_iter().any(says);
    if !is_other && TELLING.into_iter().any(says) {
        spec["required"] = json!(parts);
    }
    let url = object.get("warehouse").and_then(|warehouse| warehouse.get("url"));
    if url.is_some_and(|url| url != "") {
        return;
    }
    let Some(Value::Array(branches)) = spec.pointer_mut("/properties/warehouse/oneOf") else { return };
    let is_postgres = |branch: &&mut Value| branch["properties"]["type"]["const"] == "postgres";
    if let Some(Value::Array(required)) =
        branches.iter_mut().find(is_postgres).and_then(|branch| branch.get_mut("required"))
    {
        required.extend(parts);
    }
}
