//! Random streams through random syncs.

use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::{schemas, text, values};

/// One sync of one stream.
#[derive(Debug, Clone)]
pub(super) struct Sync {
    /// The config's key `normalization`, the same for all streams of the sync.
    pub(super) config: Value,
    /// The stream as the catalog has it.
    pub(super) stream: Value,
    /// As in RECORD messages.
    pub(super) records: Vec<Value>,
    pub(super) is_complete: bool,
}

/// The syncs of one stream.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) syncs: Vec<Sync>,
}

/// The configs of one to four syncs.
pub(super) fn configs(dice: &mut Dice) -> Vec<Value> {
    let mut config = json!({
        "raw": if dice.percent(25) { "none" } else { "keep" },
        "number": dice.one_of(&["native", "native", "double", "decimal"]),
    });
    let nestings = [
        ("objects", json!(["table", "flatten", "json"])),
        ("arrays", json!(["table", "json"])),
        ("scalar_arrays", json!(["csv", "json", "list"])),
        ("keep_nested_json", json!([false, true])),
        ("max_depth", json!([0, 1, 2])),
        ("history", json!([true, false])),
        ("cdc_deletion_mode", json!(["hard", "soft"])),
    ];
    let set = |dice: &mut Dice, config: &mut Value, times: usize| {
        for (key, choices) in &nestings {
            if dice.percent(times) {
                config[key] = dice.one_of(choices.as_array().unwrap());
            }
        }
        if config["raw"] == "keep" && dice.percent(times) {
            config["backfill"] = json!(dice.percent(50));
        }
    };
    set(dice, &mut config, 25);
    let mut configs = vec![config.clone()];
    for _ in 0..dice.below(4) {
        if dice.percent(20) {
            set(dice, &mut config, 25);
        }
        if config["raw"] == "keep" && dice.percent(15) {
            config["number"] = json!(dice.one_of(&["native", "double", "decimal"]));
        }
        configs.push(config.clone());
    }
    configs
}

/// A stream through syncs of these configs.
pub(super) fn case(dice: &mut Dice, name: &str, configs: &[Value]) -> Case {
    let mut source = Source::new(dice, name);
    let mut syncs = Vec::new();
    for (number, config) in configs.iter().enumerate() {
        if number > 0 {
            source.change(dice, config["raw"] == "none");
        }
        syncs.push(source.sync(dice, config));
    }
    Case { name: name.to_owned(), syncs }
}

/// What a source and its user have decided so far.
struct Source {
    name: String,
    properties: Map<String, Value>,
    mode: &'static str,
    key: Value,
    cursor: Value,
    generation: i64,
}

/// An object with a key and a cursor in it.
const NESTED: &str = "ident";

const MODES: [&str; 5] = ["append", "append", "append_dedup", "append_dedup", "overwrite"];

impl Source {
    fn new(dice: &mut Dice, name: &str) -> Self {
        let mut properties = schemas::properties(dice, 2, 4);
        properties.insert("id".to_owned(), Self::id_schema(dice));
        properties.insert("seq".to_owned(), Self::cursor_schema(dice));
        if dice.percent(50) {
            let mut inner = schemas::properties(dice, 1, 2);
            inner.insert("id".to_owned(), Self::id_schema(dice));
            inner.insert("seq".to_owned(), Self::cursor_schema(dice));
            properties.insert(NESTED.to_owned(), json!({"type": ["null", "object"], "properties": inner}));
        }
        if dice.percent(40) {
            for name in ["_ab_cdc_lsn", "_ab_cdc_log_pos"] {
                if dice.percent(60) {
                    properties.insert(name.to_owned(), json!({"type": ["null", "number"]}));
                }
            }
            properties
                .insert("_ab_cdc_deleted_at".to_owned(), json!({"type": ["null", "string"], "format": "date-time"}));
        }
        let mode = dice.one_of(&MODES);
        let mut source =
            Self { name: name.to_owned(), properties, mode, key: json!([["id"]]), cursor: json!([]), generation: 1 };
        source.choose_identity(dice);
        source
    }

    fn id_schema(dice: &mut Dice) -> Value {
        json!({"type": dice.one_of(&["integer", "string", "number"])})
    }

    fn cursor_schema(dice: &mut Dice) -> Value {
        dice.one_of(&[
            json!({"type": "integer"}),
            json!({"type": "string"}),
            json!({"type": "string", "format": "date-time"}),
            json!({"type": "string", "format": "date"}),
        ])
    }

    fn choose_identity(&mut self, dice: &mut Dice) {
        let mut key = vec![json!(["id"])];
        let is_scalar = |schema: &Value| {
            schema["properties"].is_null()
                && schema["items"].is_null()
                && schema["type"] != "object"
                && !schema["type"].is_null()
        };
        let others: Vec<&String> =
            self.properties.iter().filter(|(_, schema)| is_scalar(schema)).map(|(name, _)| name).collect();
        if dice.percent(30) {
            let other = dice.one_of(&others);
            if other != "id" && !other.starts_with('_') {
                key.push(json!([other]));
            }
        }
        let has_nested = self.properties.contains_key(NESTED);
        match dice.below(4) {
            0 if has_nested => key.push(json!([NESTED, "id"])),
            1 if has_nested => key = vec![json!([NESTED, "id"])],
            _ => {}
        }
        self.key = json!(key);
        self.cursor = match dice.below(10) {
            0..3 => json!([]),
            3..6 if has_nested => json!([NESTED, "seq"]),
            _ => json!(["seq"]),
        };
    }

    /// What may differ from one sync to the next.
    fn change(&mut self, dice: &mut Dice, is_without_raw: bool) {
        if dice.percent(60) {
            let key = self.key.to_string();
            let names: Vec<String> = self.properties.keys().cloned().collect();
            let mut kept: Vec<&str> =
                names.iter().map(String::as_str).filter(|name| key.contains(&format!("\"{name}\""))).collect();
            kept.extend(["id", "seq", NESTED, "_ab_cdc_deleted_at", "_ab_cdc_lsn", "_ab_cdc_log_pos"]);
            for _ in 0..=dice.below(2) {
                let nested = self.properties.get_mut(NESTED).filter(|_| dice.percent(30));
                match nested.and_then(|nested| nested["properties"].as_object_mut()) {
                    Some(inner) => schemas::change(dice, inner, &["id", "seq"], 1),
                    None => schemas::change(dice, &mut self.properties, &kept, 2),
                }
            }
        }
        if is_without_raw && dice.percent(85) {
            return;
        }
        if dice.percent(20) {
            self.mode = dice.one_of(&MODES);
        }
        match dice.below(100) {
            0..10 => self.choose_identity(dice),
            10..15 => drop(self.identity(dice).insert("id".to_owned(), Self::id_schema(dice))),
            15..22 => drop(self.identity(dice).insert("seq".to_owned(), Self::cursor_schema(dice))),
            22..26 => drop(self.properties.shift_remove("_ab_cdc_deleted_at")),
            26..30 => drop(self.properties.insert("_ab_cdc_deleted_at".to_owned(), json!({"type": "string"}))),
            _ => {}
        }
    }

    /// The properties among which a key and a cursor are: the stream's own, or those of the object.
    fn identity(&mut self, dice: &mut Dice) -> &mut Map<String, Value> {
        let is_nested = self.properties.contains_key(NESTED) && dice.percent(50);
        if !is_nested {
            return &mut self.properties;
        }
        self.properties[NESTED]["properties"].as_object_mut().unwrap()
    }

    fn sync(&mut self, dice: &mut Dice, config: &Value) -> Sync {
        let mut stream = json!({
            "stream": {
                "name": self.name,
                "json_schema": {"type": "object", "properties": self.properties},
                "supported_sync_modes": ["full_refresh", "incremental"],
            },
            "sync_mode": "incremental", "destination_sync_mode": self.mode,
            "primary_key": self.key, "cursor_field": self.cursor,
        });
        if dice.percent(50) {
            self.generation += i64::from(dice.percent(50));
            let minimum = if dice.percent(60) { self.generation } else { 0 };
            stream["generation_id"] = json!(self.generation);
            stream["minimum_generation_id"] = json!(minimum);
            stream["sync_id"] = json!(dice.below(3));
        }
        let records = (0..dice.below(8)).map(|_| self.record(dice)).collect();
        Sync { config: config.clone(), stream, records, is_complete: dice.percent(78) }
    }

    /// A key and a cursor that other records have too.
    fn identify(dice: &mut Dice, properties: &Map<String, Value>, object: &mut Map<String, Value>) {
        let id = dice.one_of(&[json!(1), json!(2), json!(2.0), json!("1"), json!("x"), json!(3), json!(null)]);
        object.insert("id".to_owned(), id);
        let has_words = properties["seq"] == json!({"type": "string"});
        let seq = match dice.below(10) {
            0 => json!(null),
            1 => json!("x"),
            2..5 if has_words => dice.one_of(&[json!("Z"), json!("é"), json!("😀"), json!("\u{ffff}"), json!("")]),
            _ if properties["seq"]["format"].is_string() => {
                json!(format!("2024-01-0{}", 1 + dice.below(4)))
            }
            _ => json!(dice.below(12)),
        };
        object.insert("seq".to_owned(), seq);
    }

    /// Leaves half a surrogate in a text, unless a key is told by it, and gives values that others of the same name follow.
    fn spoil(&self, dice: &mut Dice, data: &mut Map<String, Value>) -> Map<String, Value> {
        let key = self.key.to_string();
        let is_free = |name: &str| name.len() == 1 && !key.contains(&format!("\"{name}\""));
        let texts: Vec<String> = data
            .iter()
            .filter(|(name, value)| value.is_string() && is_free(name))
            .map(|(name, _)| name.clone())
            .collect();
        if dice.percent(10) && !texts.is_empty() {
            let text = &mut data[&dice.one_of(&texts)];
            *text = format!("{}{}", text.as_str().unwrap(), text::LONE).into();
        }
        let names: Vec<String> = self.properties.keys().filter(|name| data.contains_key(*name)).cloned().collect();
        let count = if dice.percent(12) && !names.is_empty() { 1 + dice.below(2) } else { 0 };
        let twice = (0..count).map(|_| dice.one_of(&names)).collect::<Vec<_>>();
        twice.into_iter().map(|name| (name.clone(), values::value(dice, &self.properties[&name]))).collect()
    }

    fn record(&self, dice: &mut Dice) -> Value {
        let mut data = values::object(dice, &self.properties);
        Self::identify(dice, &self.properties, &mut data);
        if let Some(schema) = self.properties.get(NESTED)
            && let Some(nested) = data.get_mut(NESTED).and_then(Value::as_object_mut)
        {
            Self::identify(dice, schema["properties"].as_object().unwrap(), nested);
        }
        for name in ["_ab_cdc_lsn", "_ab_cdc_log_pos"] {
            data.insert(name.to_owned(), dice.one_of(&[json!(null), json!(1), json!(2.5), json!("3")]));
        }
        let deleted_at =
            [json!(null), json!(null), json!(null), json!(""), json!("never"), json!("2024-01-01T00:00:00Z")];
        data.insert("_ab_cdc_deleted_at".to_owned(), dice.one_of(&deleted_at));
        let twice = self.spoil(dice, &mut data);
        let mut record =
            json!({"data": data, "emitted_at": 1_700_000_000_000_i64 + i64::try_from(dice.below(5)).unwrap()});
        if !twice.is_empty() {
            record["twice"] = twice.into();
        }
        if dice.percent(5) {
            let change = json!({"field": "a", "change": "NULLED", "reason": "SOURCE_RETRIEVAL_ERROR"});
            record["meta"] = json!({"changes": [change]});
        }
        record
    }
}
