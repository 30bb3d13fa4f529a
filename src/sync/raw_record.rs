//! A raw row, read as the record that it came from.

use alluvium_normalization::cast::{self, Value};
use alluvium_normalization::kind::ScalarColumn;
use alluvium_normalization::limits::Limits;
use alluvium_normalization::names::told;
use alluvium_normalization::raw::record_id;
use alluvium_normalization::shred::{Origin, Record};
use alluvium_normalization::walk;
use serde::de::IgnoredAny;

use crate::warehouse::rows::TextRow;

/// A raw row, read.
pub(super) struct RawRecord<'r> {
    pub(super) record: Record<'r>,
    pub(super) origin: Origin,
}

impl<'r> RawRecord<'r> {
    /// A row of a query that [`RawLayout::select`](alluvium_normalization::raw::RawLayout::select) gave. `is_json`: the
    /// warehouse vouches for it that the record is JSON.
    pub(super) fn read(row: TextRow<'r>, limits: &Limits, is_json: bool) -> Result<Self, Unreadable> {
        let data = row.get(2).map_or("", str::trim_ascii);
        let is_object = data.starts_with('{') && (is_json || serde_json::from_str::<IgnoredAny>(data).is_ok());
        let id = row.get(0).ok_or(Unreadable::NoId)?;
        if !is_object {
            return Err(Unreadable::NoObject(id.to_owned()));
        }
        let meta = row.get(3).map(str::trim_ascii).filter(|meta| meta.starts_with('{'));
        let (mut sync_id, mut changes) = (None, None);
        for (key, value) in meta.into_iter().flat_map(walk::members) {
            match key {
                "sync_id" => sync_id = sync_id.or(Some(value)),
                "changes" => changes = changes.or(Some(value)),
                _ => {}
            }
        }
        let sync_id = sync_id.and_then(|id: &str| id.parse().ok());
        let generation_id = row.get(4).and_then(|generation| generation.parse().ok()).unwrap_or_default();
        let record = Record {
            id: record_id(id),
            emitted_at: emitted_at(row, limits).unwrap_or_default(),
            data,
            changes: changes.filter(|changes: &&str| changes.trim_start_matches('[').trim_start() != "]"),
        };
        Ok(Self { record, origin: Origin { sync_id, generation_id } })
    }
}

/// Why a raw row holds no record.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// Nothing tells it from others.
    NoId,
    /// Its data are not JSON, or no object. Has its id.
    NoObject(String),
}

impl Unreadable {
    /// What is told of such a row of a stream.
    pub(super) fn told(&self, stream: &str) -> String {
        let stream = told(stream);
        match self {
            Self::NoId => format!("a raw row of stream `{stream}` has no id"),
            Self::NoObject(id) => format!("the raw row `{}` of stream `{stream}` holds no JSON object", told(id)),
        }
    }
}

/// When the row was emitted, in microseconds, as the warehouse or an older connector spells it.
pub(super) fn emitted_at(row: TextRow<'_>, limits: &Limits) -> Option<i64> {
    let text = row.get(1)?.trim_ascii();
    if let Some(micros) = text.strip_prefix('@') {
        return micros.parse().ok();
    }
    // Postgres writes years of more than four digits without the sign that ISO 8601 has for them
    let is_expanded = text.bytes().take_while(u8::is_ascii_digit).count() > 4;
    let sign = if is_expanded { "+" } else { "" };
    let quoted = if text.starts_with('"') { text.to_owned() } else { walk::quoted(&format!("{sign}{text}")) };
    match cast::scalar(ScalarColumn::TimestampTz, &quoted, limits) {
        (Value::Micros(micros), _) => Some(micros),
        _ => None,
    }
}
