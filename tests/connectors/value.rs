//! What a column holds of a value, read from the contract and from nothing else.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use serde_json::Value;

use super::schema::Scalar;

/// A typed value, in the order that the newest of several is found by.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub(crate) enum Typed {
    Boolean(bool),
    Whole(i128),
    Number(f64),
    Text(String),
    Date(NaiveDate),
    Moment(NaiveDateTime),
    Time(NaiveTime),
}

/// What the column is to hold of a value that is not null.
#[derive(Debug, PartialEq)]
pub(crate) enum Expected {
    Holds(Typed),
    /// NULL, without a change.
    Nothing,
    /// NULL, with a change.
    Nulled,
}

pub(crate) fn expected(scalar: Scalar, sent: &Value) -> Expected {
    let text = match (scalar, sent) {
        (Scalar::Text | Scalar::Boolean, Value::String(text)) => text.clone(),
        (Scalar::Boolean, Value::Bool(_)) | (Scalar::Text, _) => sent.to_string(),
        (Scalar::Integer | Scalar::BigInteger | Scalar::Number, Value::Number(number)) => number.to_string(),
        (Scalar::Boolean, _) => return Expected::Nulled,
        (_, Value::String(text)) => text.clone(),
        _ => return Expected::Nulled,
    };
    let is_temporal = matches!(scalar, Scalar::Date | Scalar::Timestamp { .. } | Scalar::Time { .. });
    if is_temporal && text.is_empty() {
        return Expected::Nothing;
    }
    typed(scalar, &text).map_or(Expected::Nulled, Expected::Holds)
}

/// Reads a value's text, whether the source or the warehouse wrote it.
pub(crate) fn typed(scalar: Scalar, text: &str) -> Option<Typed> {
    Some(match scalar {
        Scalar::Boolean => Typed::Boolean(text.to_ascii_lowercase().parse().ok()?),
        Scalar::Integer => Typed::Whole(i64::try_from(whole(text)?).ok()?.into()),
        Scalar::BigInteger => Typed::Whole(whole(text)?),
        Scalar::Number => Typed::Number(text.parse().ok()?),
        Scalar::Text => Typed::Text(text.to_owned()),
        Scalar::Date => Typed::Date(moment(text, true)?.date()),
        Scalar::Timestamp { with_zone } => Typed::Moment(moment(text, !with_zone)?),
        Scalar::Time { .. } => Typed::Time(time(text)?),
    })
}

fn whole(text: &str) -> Option<i128> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number: f64 = text.parse().ok()?;
    #[allow(clippy::cast_possible_truncation)] // far beyond the range of bigint already
    (number.fract() == 0.0 && number.abs() < 1e30).then_some(number as i128)
}

/// A timestamp in UTC, or as written.
fn moment(text: &str, as_written: bool) -> Option<NaiveDateTime> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Some(date.and_time(NaiveTime::MIN));
    }
    let text = text.replacen(['T', 't'], " ", 1).replace(['Z', 'z'], "+00").replace(',', ".");
    for format in ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z", "%Y-%m-%d %H:%M%#z"] {
        if let Ok(moment) = DateTime::parse_from_str(&text, format) {
            return Some(micros(if as_written { moment.naive_local() } else { moment.naive_utc() }));
        }
    }
    let formats = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];
    formats.iter().find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok()).map(micros)
}

/// Cut to what the warehouse keeps of a fraction.
fn micros(moment: NaiveDateTime) -> NaiveDateTime {
    DateTime::from_timestamp_micros(moment.and_utc().timestamp_micros()).unwrap().naive_utc()
}

fn time(text: &str) -> Option<NaiveTime> {
    ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok())
}

/// The elements of a scalar array as the csv column gives them back; `None` = NULLED.
pub(crate) fn elements(sent: &Value) -> Option<Vec<String>> {
    let text = |element: &Value| match element {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match sent {
        Value::Array(elements) => Some(elements.iter().map(text).collect()),
        Value::Object(_) => None,
        lone => Some(vec![text(lone)]),
    }
}

/// One CSV record.
pub(crate) fn parse_csv(text: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let field = fields.last_mut().unwrap();
        match character {
            '"' if is_quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            other => field.push(other),
        }
    }
    fields
}
