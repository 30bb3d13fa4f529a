//! Random values: most fit their schema, many do not.

use serde_json::{Map, Value, json};

use super::dice::Dice;

/// A record's data, or an object in it.
pub(super) fn object(dice: &mut Dice, properties: &Map<String, Value>) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, schema) in properties {
        match dice.below(100) {
            0..10 => {}
            10..18 => drop(object.insert(name.clone(), Value::Null)),
            _ => drop(object.insert(name.clone(), value(dice, schema))),
        }
    }
    if dice.percent(20) {
        object.insert("undeclared".to_owned(), any(dice));
    }
    object
}

/// A value for a schema.
pub(super) fn value(dice: &mut Dice, schema: &Value) -> Value {
    if dice.percent(20) {
        return any(dice);
    }
    if let Some(properties) = schema["properties"].as_object() {
        return Value::Object(object(dice, properties));
    }
    if schema["items"].is_object() {
        let length = dice.below(4);
        let element = |dice: &mut Dice| if dice.percent(8) { Value::Null } else { value(dice, &schema["items"]) };
        return (0..length).map(|_| element(dice)).collect();
    }
    let text = schema.to_string();
    let has = |word: &str| text.contains(word);
    match () {
        () if has("boolean") => json!(dice.percent(50)),
        () if has("date") || has("timestamp") => moment(dice),
        () if has("time") => time(dice),
        () if has("big_integer") => dice.one_of(&[
            json!(7),
            json!("170141183460469231731687303715884105727"),
            json!("-99999999999999999999999999999999999"),
            json!("170141183460469231731687303715884105728"),
            json!(u64::MAX),
        ]),
        () if has("integer") => dice.one_of(&[
            json!(0),
            json!(1),
            json!(-7),
            json!(12.0),
            json!("3"),
            json!(i64::MAX),
            json!(i64::MIN),
            json!("1e3"),
        ]),
        () if has("number") => number(dice),
        () if has("string") => text_value(dice),
        () => any(dice),
    }
}

fn number(dice: &mut Dice) -> Value {
    dice.one_of(&[
        json!(0),
        json!(1.5),
        json!(-2.25),
        json!(1e300),
        json!("1.50"),
        json!("0.1000000000000000000001"),
        json!("2.0000000005"),
        json!("2.0000000015"),
        json!("-1e-10"),
        json!("99999999999999999999999999999.9999999995"),
        json!("1e400"),
        json!("NaN"),
        json!("-Infinity"),
        json!(i64::MAX),
        json!(u64::MAX),
        json!("-0.0"),
    ])
}

fn text_value(dice: &mut Dice) -> Value {
    dice.one_of(&["", "x", "Z", "é", "😀", "\u{ffff}", "a,b", " a", "true", "12", "say \"hi\"", "two\nlines", "nul\0"])
        .into()
}

fn moment(dice: &mut Dice) -> Value {
    let zones = ["", "Z", "z", "+02", "-0530", "+05:45", " +01:00", "-15:59"];
    let date = dice.one_of(&["2024-02-29", "1969-12-31", "0001-01-01", "2024-01-01", "+012024-06-30", "9999-12-31"]);
    let clock = dice.one_of(&["00:00", "12:30:05", "23:59:59.999999", "12:30:60", "01:02:03.1234567", "12:30:05,5"]);
    match dice.below(10) {
        0..6 => format!("{date}{}{clock}{}", dice.one_of(&["T", "t", " "]), dice.one_of(&zones)).into(),
        6..8 => json!(date),
        8 => dice.one_of(&[json!("0044-03-15 BC"), json!("0044-03-15T12:00:00Z BC"), json!("")]),
        _ => dice.one_of(&[
            json!("2023-02-29"),
            json!("2024-01-01T24:00:00Z"),
            json!("2024-01-01T12:00:00+16:00"),
            json!("0000-01-01"),
            json!("2024-1-1"),
            json!("12:30"),
            json!("20240101"),
            json!("2024-01-01T12:00:00 UTC"),
        ]),
    }
}

fn time(dice: &mut Dice) -> Value {
    let clock = dice.one_of(&["00:00", "12:30:05", "23:59:59.999999", "12:30:60", "01:02:03.1234567", "25:00", "7:30"]);
    match dice.below(10) {
        0..7 => format!("{clock}{}", dice.one_of(&["", "Z", "+02", "-0530", "+05:45", " -01:00"])).into(),
        7 => json!(""),
        _ => json!("2024-01-01T12:30:05.5+02:00"),
    }
}

/// Any JSON value.
pub(super) fn any(dice: &mut Dice) -> Value {
    dice.one_of(&[
        json!(true),
        json!(5),
        json!(1.5),
        json!("x"),
        json!("TRUE"),
        json!("01"),
        json!(""),
        json!("2024-01-01"),
        json!("2024-01-01T12:00:00.5Z"),
        json!("nul\0"),
        json!([]),
        json!([1, "two, or 2", null, true, 1.5]),
        json!(["", " x", {"k": [1]}]),
        json!([{"a": 1, "b": "x"}, null, 3]),
        json!({}),
        json!({"a": 1, "b": {"c": "x"}, "d": [{"a": 2}]}),
    ])
}
