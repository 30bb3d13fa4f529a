//! A config against the spec: every mistake with its path, and no value ever.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::Location;
use serde_json::{Map, Value};

/// The branches of a `oneOf`, told apart by the constant that one of their keys has.
#[derive(Default)]
pub(super) struct Choices<'s> {
    /// That key: `type`, `mode` …
    pub(super) key: &'s str,
    /// Each branch's constant and properties.
    pub(super) branches: Vec<(&'s str, &'s Map<String, Value>)>,
}

impl<'s> Choices<'s> {
    pub(super) fn of(one_of: &'s Value) -> Self {
        let mut choices = Self::default();
        for properties in one_of.as_array().into_iter().flatten().filter_map(|branch| branch["properties"].as_object())
        {
            let constant = properties.iter().find_map(|(key, value)| Some((key, value.get("const")?.as_str()?)));
            if let Some((key, name)) = constant {
                choices.key = key;
                choices.branches.push((name, properties));
            }
        }
        choices
    }
}

/// Every mistake in `config`, each as `path: what is expected`.
///
/// What the config holds instead is never said: it may be a secret in the wrong place.
pub(super) fn mistakes(spec: &Value, config: &Value) -> Result<Vec<String>, Box<ValidationError<'static>>> {
    let validator = jsonschema::draft7::new(&asked(spec, config))?;
    Ok(validator.iter_errors(config).flat_map(|error| describe(spec, &error)).collect())
}

/// The part of `spec` that `config` can break: without what it says of keys that are not there. To make a validator of the
/// whole spec would take a tenth of a short sync's time.
fn asked(spec: &Value, config: &Value) -> Value {
    let Value::Object(schema) = spec else { return spec.clone() };
    let part = |(key, part): (&String, &Value)| {
        let part = match (key.as_str(), part) {
            ("properties", Value::Object(properties)) => {
                let present = |(key, schema): (&String, &Value)| Some((key.clone(), asked(schema, config.get(key)?)));
                Value::Object(properties.iter().filter_map(present).collect())
            }
            ("oneOf", Value::Array(branches)) => branches.iter().map(|branch| asked(branch, config)).collect(),
            _ => part.clone(),
        };
        (key.clone(), part)
    };
    Value::Object(schema.iter().map(part).collect())
}

/// The known name that `name` is most likely meant to be.
pub(super) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let distances = known.into_iter().map(|known| (strsim::damerau_levenshtein(&name.to_lowercase(), known), known));
    let (distance, known) = distances.min()?;
    (distance <= 1 + name.len() / 4).then_some(known)
}

fn describe(spec: &Value, error: &ValidationError<'_>) -> Vec<String> {
    let path = dotted(&error.instance_path);
    let expectation = match &error.kind {
        ValidationErrorKind::Type { kind: TypeKind::Single(json_type) } => {
            let name = json_type.to_string();
            let article = if name.starts_with(['a', 'i', 'o']) { "an" } else { "a" };
            format!("expected {article} {name}")
        }
        ValidationErrorKind::Enum { options } => {
            format!("expected one of {}", list(options.as_array().into_iter().flatten()))
        }
        ValidationErrorKind::MinLength { .. } => "expected text that is not empty".to_owned(),
        ValidationErrorKind::Minimum { limit } => format!("expected at least {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("expected at most {limit}"),
        ValidationErrorKind::Pattern { pattern } => format!("expected text that matches `{pattern}`"),
        ValidationErrorKind::Required { property } => {
            return vec![format!("{}: missing", child(&path, property.as_str().unwrap_or_default()))];
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            return unexpected.iter().map(|name| unknown_key(spec, error, &path, name)).collect();
        }
        ValidationErrorKind::OneOfNotValid { context } => return choice(spec, error, context),
        _ => "not as the spec demands".to_owned(),
    };
    vec![format!("{}: {expectation}", if path.is_empty() { "the config" } else { &path })]
}

/// The mistakes in the branch that the config has chosen, or the mistake in the choice.
fn choice(spec: &Value, error: &ValidationError<'_>, branches: &[Vec<ValidationError<'static>>]) -> Vec<String> {
    if !error.instance.is_object() {
        return Vec::new(); // the `type` beside the choice says so already
    }
    let choices = spec.pointer(error.schema_path.as_str()).map(Choices::of).unwrap_or_default();
    let discriminator = error.instance_path.join(choices.key);
    let is_chosen = |branch: &&Vec<ValidationError<'_>>| {
        !branch.iter().any(|inner| match &inner.kind {
            ValidationErrorKind::Required { property } => {
                property == choices.key && inner.instance_path == error.instance_path
            }
            _ => inner.instance_path == discriminator,
        })
    };
    if let Some(chosen) = branches.iter().find(is_chosen) {
        return chosen.iter().flat_map(|error| describe(spec, error)).collect();
    }
    let names = choices.branches.iter().map(|(name, _)| *name);
    vec![format!("{}: expected one of {}", dotted(&discriminator), names.collect::<Vec<_>>().join(", "))]
}

fn unknown_key(spec: &Value, error: &ValidationError<'_>, path: &str, name: &str) -> String {
    let known = error
        .schema_path
        .as_str()
        .strip_suffix("/additionalProperties")
        .and_then(|schema| spec.pointer(&format!("{schema}/properties")))
        .and_then(Value::as_object);
    let known = known.into_iter().flat_map(|properties| properties.keys()).map(String::as_str);
    match nearest(name, known) {
        Some(nearest) => format!("{}: unknown key, did you mean `{nearest}`?", child(path, name)),
        None => format!("{}: unknown key", child(path, name)),
    }
}

fn dotted(path: &Location) -> String {
    path.into_iter().map(|segment| segment.to_string()).collect::<Vec<_>>().join(".")
}

fn child(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn list<'v>(names: impl IntoIterator<Item = &'v Value>) -> String {
    names.into_iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}
