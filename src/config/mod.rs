//! The config: read, validated against the spec, and typed; every refusal happens here, before the first row.

/// The config as it is written: the type from which the spec is derived.
mod document;
/// How records are read and loaded.
mod loading;
/// How records become tables: the part of the config that decides what lands.
mod normalization;
/// A Postgres database: where it is and how it is reached.
mod postgres;
/// Keys of a choice that was made before.
mod remnants;
/// A value that never shows itself.
mod secret;
/// The connector specification, derived from the config's type.
mod spec;
/// A config against the spec: every mistake with its path, and no value ever.
mod validate;
/// The warehouse that the tables go to: from what the config says to what is opened.
mod warehouse;

use std::io::ErrorKind;
use std::path::Path;

use alluvium_normalization::names;
use alluvium_normalization::plan::{self, Options};
use alluvium_normalization::sql::INTERNAL_SCHEMA;
use serde_json::{Map, Value};

use crate::failure::Failure;

pub(crate) use self::loading::{Loading, OnBadInput};
pub(crate) use self::normalization::{
    AdditionalProperties, Arrays, CdcDeletionMode, Naming, Normalization, Number, Objects, Raw, ScalarArrays,
};
pub(crate) use self::postgres::{Postgres, Tls, TlsMode, Tunnel, TunnelLogin};
pub(crate) use self::secret::Secret;
pub(crate) use self::spec::connector_specification;
pub(crate) use self::warehouse::Warehouse;

use self::document::Document;

/// What the user wants, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// The warehouse that the tables go to.
    pub(crate) warehouse: Warehouse,
    /// The schema of streams that have no namespace, in the user's own spelling.
    pub(crate) schema: String,
    /// The schema of all raw tables, in the user's own spelling. `None`: each is in its stream's.
    pub(crate) raw_schema: Option<String>,
    /// How records become tables.
    pub(crate) normalization: Normalization,
    /// How records are read and loaded.
    pub(crate) loading: Loading,
}

impl Config {
    /// Reads the config file.
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        Self::from_object(read_object(path, "config")?)
    }

    /// Checks a config. All mistakes are in one failure.
    pub(crate) fn from_object(object: Map<String, Value>) -> Result<Self, Failure> {
        let mount = Path::new(warehouse::LOCAL_MOUNT);
        Self::with_local_mount(object, mount.is_dir().then_some(mount))
    }

    /// What planning needs to know.
    pub(crate) fn options(&self) -> Options {
        let normalization = &self.normalization;
        Options {
            schema: self.schema.clone(),
            raw_schema: self.raw_schema.clone(),
            typed: normalization.enabled,
            raw: normalization.raw == Raw::Keep,
            naming: match normalization.naming {
                Naming::Lower => names::Naming::Lower,
                Naming::Exact => names::Naming::Exact,
                Naming::Basic => names::Naming::Basic,
            },
            number: match normalization.number {
                Number::Native => plan::NumberStorage::Native,
                Number::Double => plan::NumberStorage::Double,
                Number::Decimal => plan::NumberStorage::Decimal,
            },
            scalar_arrays: match normalization.scalar_arrays {
                ScalarArrays::Csv => plan::ScalarArrayStorage::Csv,
                ScalarArrays::Json => plan::ScalarArrayStorage::Json,
                ScalarArrays::List => plan::ScalarArrayStorage::List,
            },
            arrays: match normalization.arrays {
                Arrays::Table => plan::ArrayStorage::Table,
                Arrays::Json => plan::ArrayStorage::Json,
            },
            objects: match normalization.objects {
                Objects::Table => plan::ObjectStorage::Table,
                Objects::Flatten => plan::ObjectStorage::Flatten,
                Objects::Json => plan::ObjectStorage::Json,
            },
            max_depth: normalization.max_depth,
            keep_nested_json: normalization.keep_nested_json,
            additional_properties: normalization.additional_properties == AdditionalProperties::Column,
            history: normalization.history,
            cdc_deletion: match normalization.cdc_deletion_mode {
                CdcDeletionMode::Hard => plan::CdcDeletion::Hard,
                CdcDeletionMode::Soft => plan::CdcDeletion::Soft,
            },
            backfill: normalization.backfill,
        }
    }

    fn with_local_mount(mut object: Map<String, Value>, local_mount: Option<&Path>) -> Result<Self, Failure> {
        tidy(&mut object);
        let mut mistakes = lift_deletion_mode(&mut object);
        mistakes.extend(contradicts_disable_type_dedupe(&object));
        let mut spec = spec::connection_specification();
        warn_of_unknown_keys(&spec, &object);
        remnants::drop_all(&spec, &mut object);
        postgres::demand_parts(&mut spec, &object);
        let object = Value::Object(object);
        let invalid = |error| Failure::internal("the spec is not a JSON Schema").caused_by(error);
        mistakes.extend(validate::mistakes(&spec, &object).map_err(invalid)?);
        refuse(&mistakes)?;
        let typed = serde_json::from_value(object);
        // Not given as the cause: serde's messages quote values.
        let document = typed.map_err(|_| Failure::internal("a config that follows the spec can't be read"))?;
        Self::of(document, local_mount)
    }

    fn of(mut document: Document, local_mount: Option<&Path>) -> Result<Self, Failure> {
        let mut mistakes = Vec::new();
        if document.disable_type_dedupe == Some(true) {
            document.normalization.enabled = false;
        }
        let normalization = &document.normalization;
        if normalization.backfill && normalization.raw == Raw::None {
            mistakes.push("normalization.backfill: true needs raw rows, and normalization.raw is none".to_owned());
        }
        if !normalization.enabled && normalization.raw == Raw::None {
            mistakes.push("normalization.raw: none together with enabled: false would land nothing".to_owned());
        }
        if document.unconstrained_number == Some(true) && normalization.number == Number::Double {
            mistakes.push("unconstrained_number: contradicts normalization.number, which says double".to_owned());
        }
        let raw_schema = document.raw_data_schema.take().filter(|schema| !schema.is_empty());
        for (key, schema) in [("schema", &document.schema), ("raw_data_schema", &raw_schema)] {
            if schema.as_deref().is_some_and(is_for_bookkeeping) {
                mistakes.push(format!("{key}: {INTERNAL_SCHEMA} is kept for bookkeeping; choose another"));
            }
        }
        let warehouse = Warehouse::of(&mut document, local_mount).map_err(|found| mistakes.extend(found));
        if matches!(warehouse, Ok(Warehouse::Postgres(_)))
            && document.loading.max_record_bytes > postgres::LONGEST_FIELD
        {
            let longest = postgres::LONGEST_FIELD;
            mistakes.push(format!(
                "loading.max_record_bytes: expected at most {longest}, which is what a field holds in Postgres"
            ));
        }
        refuse(&mistakes)?;
        let warehouse = warehouse.map_err(|()| Failure::internal("a mistake in the config was not named"))?;
        let schema = document.schema.filter(|schema| !schema.is_empty());
        let schema = schema.unwrap_or_else(|| warehouse.default_schema().to_owned());
        let Document { normalization, loading, .. } = document;
        Ok(Self { warehouse, schema, raw_schema, normalization, loading })
    }
}

/// Reads a text file; `what` is what the user calls it.
pub(crate) fn read_text(path: &Path, what: &str) -> Result<String, Failure> {
    let file = path.display();
    std::fs::read_to_string(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::config(format!("there is no {what} file {file}")),
        ErrorKind::InvalidData => Failure::config(format!("the {what} file {file} is not UTF-8 text")),
        kind => Failure::config(format!("the {what} file {file} can't be read: {kind}")),
    })
}

/// The failure of a file that is not JSON. Only the place is told: the text around it may be a secret.
pub(crate) fn not_json(path: &Path, what: &str, error: &serde_json::Error) -> Failure {
    let (file, line, column) = (path.display(), error.line(), error.column());
    Failure::config(format!("the {what} file {file} is not JSON (line {line}, column {column})"))
}

fn read_object(path: &Path, what: &str) -> Result<Map<String, Value>, Failure> {
    match serde_json::from_str(&read_text(path, what)?).map_err(|error| not_json(path, what, &error))? {
        Value::Object(object) => Ok(object),
        _ => Err(Failure::config(format!("the {what} file {} does not hold a JSON object", path.display()))),
    }
}

fn refuse(mistakes: &[String]) -> Result<(), Failure> {
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(Failure::config(format!("the config is not valid: {}", mistakes.join("; "))))
}

/// Levels what JSON and JSON Schema leave open, at any depth: a key set to null is as good as absent, and `5.0` is the
/// integer 5.
fn tidy(object: &mut Map<String, Value>) {
    object.retain(|_, value| !value.is_null());
    for value in object.values_mut() {
        match value {
            Value::Object(object) => tidy(object),
            Value::Number(number) if number.is_f64() => {
                if let Some(Ok(integer)) = number.as_f64().map(|number| format!("{number}").parse::<i64>()) {
                    *value = integer.into();
                }
            }
            _ => {}
        }
    }
}

/// Takes `cdc_deletion_mode` from the top level, where Airbyte's destinations have it, and in their spelling
/// (`Hard delete`).
fn lift_deletion_mode(object: &mut Map<String, Value>) -> Vec<String> {
    const KEY: &str = "cdc_deletion_mode";
    let lifted = object.shift_remove(KEY).map(respell);
    let normalization = object.entry("normalization").or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(normalization) = normalization else { return Vec::new() };
    if let Some(own) = normalization.get_mut(KEY) {
        *own = respell(own.take());
    }
    match (lifted, normalization.get(KEY)) {
        (Some(lifted), Some(own)) if lifted != *own => {
            vec![format!("{KEY}: contradicts normalization.{KEY}")]
        }
        (Some(lifted), None) => {
            normalization.insert(KEY.to_owned(), lifted);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// `disable_type_dedupe`, as Airbyte's destinations have it, is `normalization.enabled` the other way round.
fn contradicts_disable_type_dedupe(object: &Map<String, Value>) -> Option<String> {
    let enabled = object.get("normalization").and_then(|normalization| normalization.get("enabled"));
    let is_true = |value: Option<&Value>| value.and_then(Value::as_bool) == Some(true);
    (is_true(object.get("disable_type_dedupe")) && is_true(enabled))
        .then(|| "disable_type_dedupe: contradicts normalization.enabled".to_owned())
}

fn is_for_bookkeeping(schema: &str) -> bool {
    names::clean(names::Naming::Lower, schema) == INTERNAL_SCHEMA
}

fn respell(mode: Value) -> Value {
    match mode.as_str().map(str::to_lowercase).as_deref() {
        Some("hard delete") => "hard".into(),
        Some("soft delete") => "soft".into(),
        _ => mode,
    }
}

/// The platform may add keys of its own at the top level; a user's slip there should not go unnoticed either.
fn warn_of_unknown_keys(spec: &Value, object: &Map<String, Value>) {
    let Some(known) = spec.get("properties").and_then(Value::as_object) else { return };
    for key in object.keys().filter(|key| !known.contains_key(*key)) {
        let nearest = validate::nearest(key, known.keys().map(String::as_str));
        tracing::warn!(key, nearest, "an unknown key of the config is ignored");
    }
}

#[cfg(test)]
mod tests;
