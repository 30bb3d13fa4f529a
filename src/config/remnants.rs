//! Keys of a choice that was made before: platforms leave them where they are when the user chooses something else.

use serde_json::{Map, Value};

use super::validate::Choices;

/// The choices in which Airbyte's destination-postgres tolerates them.
const TOLERANT: [&str; 2] = ["ssl_mode", "tunnel_method"];

/// Drops every key that belongs to another branch than the chosen one. What belongs to none is left: it is a mistake.
pub(super) fn drop_all(spec: &Value, object: &mut Map<String, Value>) {
    for key in TOLERANT {
        let choices = Choices::of(&spec["properties"][key]["oneOf"]);
        if let Some(Value::Object(chosen)) = object.get_mut(key) {
            drop_from(&choices, chosen);
        }
        if let Some(Value::Object(chosen)) = object.get_mut("warehouse").and_then(|warehouse| warehouse.get_mut(key)) {
            drop_from(&choices, chosen);
        }
    }
}

fn drop_from(choices: &Choices<'_>, object: &mut Map<String, Value>) {
    let name = object.get(choices.key).and_then(Value::as_str);
    let Some((_, chosen)) = choices.branches.iter().find(|(branch, _)| Some(*branch) == name) else { return };
    let belongs_elsewhere = |key: &str| choices.branches.iter().any(|(_, properties)| properties.contains_key(key));
    object.retain(|key, _| {
        let stays = chosen.contains_key(key) || !belongs_elsewhere(key);
        if !stays {
            tracing::warn!(key, "a key of another choice than the one that is made is ignored");
        }
        stays
    });
}
