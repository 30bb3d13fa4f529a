//! What a column holds of a value: semantics §5.

use serde_json::Value;

use super::decimals::{self, Decimal};
use super::layout::{ColumnKind, Storage};
use super::moments::{self, DAY};
use super::schema::Scalar;
use super::text::mended;

/// A typed value. Ordered as versions are by it, within one kind.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Typed {
    Boolean(bool),
    Number(Decimal),
    /// Not a number, or an infinite one.
    Special(String),
    Text(String),
    Json(Value),
    /// Days, or microseconds.
    Moment(i64),
    /// Microseconds since midnight, seconds east of UTC.
    Time(i64, i64),
}

const WRONG_FORM: (&str, &str) = ("NULLED", "DESTINATION_TYPECAST_ERROR");
const TOO_LARGE: (&str, &str) = ("NULLED", "DESTINATION_FIELD_SIZE_LIMITATION");
const CUT: (&str, &str) = ("TRUNCATED", "DESTINATION_FIELD_SIZE_LIMITATION");

/// Paths, what happened there and why.
pub(super) type Changes = Vec<(String, &'static str, &'static str)>;

/// What the column holds of the value at this path of the record; `None` is NULL.
pub(super) fn cast(
    kind: ColumnKind,
    storage: Storage,
    value: Option<&Value>,
    at: &str,
    changes: &mut Changes,
) -> Option<Typed> {
    let value = value.filter(|value| !value.is_null())?;
    let (typed, change) = match kind {
        ColumnKind::Scalar(kind) => scalar(kind, storage, value),
        ColumnKind::Json => json(storage, value),
        ColumnKind::Csv => match array(value) {
            Some(elements) => scalar(Scalar::Text, storage, &csv(&elements).into()),
            None => (None, Some(WRONG_FORM)),
        },
        ColumnKind::JsonArray => match array(value) {
            Some(elements) => json(storage, &Value::Array(elements)),
            None => (None, Some(WRONG_FORM)),
        },
        ColumnKind::List(element_kind) => match array(value) {
            Some(elements) => {
                let element = |(index, element): (usize, &Value)| {
                    let at = format!("{at}[{index}]");
                    cast(ColumnKind::Scalar(element_kind), storage, Some(element), &at, changes)
                };
                let elements: Vec<Option<Typed>> = elements.iter().enumerate().map(element).collect();
                return Some(Typed::Text(list(&elements)));
            }
            None => (None, Some(WRONG_FORM)),
        },
    };
    changes.extend(change.map(|(change, reason)| (at.to_owned(), change, reason)));
    typed
}

/// A list as its elements' texts.
pub(super) fn list(elements: &[Option<Typed>]) -> String {
    format!("{:?}", elements.iter().map(|element| element.as_ref().map(Typed::shown)).collect::<Vec<_>>())
}

type Outcome = (Option<Typed>, Option<(&'static str, &'static str)>);

fn scalar(kind: Scalar, storage: Storage, value: &Value) -> Outcome {
    if kind == Scalar::Text {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let stored = stored(storage, &text);
        let change = (stored != text).then_some(CUT);
        return (Some(Typed::Text(stored)), change);
    }
    let text = match (kind, value) {
        (Scalar::Boolean, Value::Bool(value)) => value.to_string(),
        (_, Value::String(text)) => text.clone(),
        (Scalar::Integer | Scalar::BigInteger | Scalar::Number, Value::Number(number)) => number.to_string(),
        _ => return (None, Some(WRONG_FORM)),
    };
    match kind {
        Scalar::Boolean => match text.to_lowercase().as_str() {
            "true" => (Some(Typed::Boolean(true)), None),
            "false" => (Some(Typed::Boolean(false)), None),
            _ => (None, Some(WRONG_FORM)),
        },
        Scalar::Integer | Scalar::BigInteger => match decimals::read(&text).filter(Decimal::is_whole) {
            None => (None, Some(WRONG_FORM)),
            Some(number) => {
                let is_held = match kind {
                    Scalar::Integer => number.whole().is_some_and(|whole| i64::try_from(whole).is_ok()),
                    _ => storage.is_postgres || number.whole().is_some(),
                };
                if is_held { (Some(Typed::Number(number)), None) } else { (None, Some(TOO_LARGE)) }
            }
        },
        Scalar::Number => number(storage, &text),
        _ if text.is_empty() => (None, None),
        Scalar::Date | Scalar::Timestamp { .. } | Scalar::Time { .. } => match moment(kind, &text) {
            Some(moment) => (Some(moment), None),
            None => (None, Some(WRONG_FORM)),
        },
        Scalar::Text => unreachable!("above"),
    }
}

fn number(storage: Storage, text: &str) -> Outcome {
    let is_special = ["NaN", "Infinity", "-Infinity"].contains(&text);
    if storage.is_double() && is_special {
        return (Some(Typed::Special(text.to_lowercase())), None);
    }
    let Some(sent) = decimals::read(text) else { return (None, Some(WRONG_FORM)) };
    let held = if storage.is_double() {
        let double: f64 = text.parse().unwrap();
        if double.is_infinite() {
            return (None, Some(TOO_LARGE));
        }
        decimals::read(&format!("{double:?}")).unwrap()
    } else if storage.is_postgres {
        sent.clone()
    } else {
        // beyond 29 digits there is nothing to round
        let rounded = if sent.magnitude() > 29 { sent.clone() } else { sent.rounded(9) };
        if rounded.magnitude() > 29 {
            return (None, Some(TOO_LARGE));
        }
        rounded
    };
    let change = (held != sent).then_some(CUT);
    (Some(Typed::Number(held)), change)
}

/// A date, timestamp or time.
pub(super) fn moment(kind: Scalar, text: &str) -> Option<Typed> {
    let parts = moments::read(text)?;
    Some(match kind {
        Scalar::Date => Typed::Moment(parts.days?),
        Scalar::Timestamp { with_zone: true } => Typed::Moment(parts.in_utc()?),
        Scalar::Timestamp { with_zone: false } => Typed::Moment(parts.as_written()?),
        _ => {
            let offset = if kind == (Scalar::Time { with_zone: true }) { parts.offset.unwrap_or(0) } else { 0 };
            Typed::Time(parts.clock.unwrap_or(0) % DAY, offset)
        }
    })
}

fn json(storage: Storage, value: &Value) -> Outcome {
    let stored = stored_json(storage, value);
    let change = (stored != *value).then_some(CUT);
    (Some(Typed::Json(stored)), change)
}

/// What a warehouse can hold of a text.
fn stored(storage: Storage, text: &str) -> String {
    let text = mended(text);
    if storage.is_postgres { text.replace('\0', "") } else { text }
}

fn stored_json(storage: Storage, value: &Value) -> Value {
    let inner = |value: &Value| stored_json(storage, value);
    match value {
        Value::String(text) => stored(storage, text).into(),
        Value::Array(elements) => elements.iter().map(inner).collect(),
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), inner(value))).collect(),
        other => other.clone(),
    }
}

/// The elements of a scalar array.
fn array(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(elements) => Some(elements.clone()),
        Value::Object(_) => None,
        lone => Some(vec![lone.clone()]),
    }
}

fn csv(elements: &[Value]) -> String {
    let field = |element: &Value| {
        let text = match element {
            Value::Null => return String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let is_quoted = text.is_empty()
            || text.contains([',', '"', '\r', '\n'])
            || text.starts_with([' ', '\t'])
            || text.ends_with([' ', '\t']);
        if is_quoted { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
    };
    elements.iter().map(field).collect::<Vec<_>>().join(",")
}

impl Typed {
    /// One text for each value.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Number(number) => number.shown(),
            Self::Special(text) | Self::Text(text) => text.clone(),
            Self::Json(value) => level(value).to_string(),
            Self::Moment(moment) => moment.to_string(),
            Self::Time(clock, offset) => format!("{clock} at {offset}"),
        }
    }

    /// A text or a number in whose order versions are.
    pub(super) fn order(&self) -> (i128, String) {
        match self {
            #[allow(clippy::cast_possible_truncation)] // cursors have few digits
            Self::Number(number) => {
                let value: f64 = format!(
                    "{}{}e{}",
                    if number.is_negative { "-" } else { "" },
                    format_args!("0{}", number.digits),
                    number.exponent
                )
                .parse()
                .unwrap();
                ((value * 1e6) as i128, String::new())
            }
            Self::Moment(moment) => (i128::from(*moment), String::new()),
            Self::Boolean(value) => (i128::from(*value), String::new()),
            Self::Time(clock, _) => (i128::from(*clock), String::new()),
            Self::Special(text) | Self::Text(text) => (0, text.clone()),
            Self::Json(_) => (0, self.shown()),
        }
    }
}

/// JSON in which equal values are written alike: keys sorted, numbers by value.
fn level(value: &Value) -> Value {
    match value {
        Value::Number(number) => {
            decimals::read(&number.to_string()).map_or(Value::Null, |number| number.shown().into())
        }
        Value::Array(elements) => elements.iter().map(level).collect(),
        Value::Object(object) => {
            let mut keys: Vec<_> = object.iter().map(|(key, value)| (key.clone(), level(value))).collect();
            keys.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(keys.into_iter().collect())
        }
        other => other.clone(),
    }
}
