//! What was inferred from records, for a person: a table and notes on a terminal, else the same as log lines.

use alluvium_normalization::catalog::StreamName;
use alluvium_normalization::infer::Proposal;
use alluvium_normalization::shape::{Property, Shape, stream_properties};

use crate::terminal::number::{count, counted};
use crate::terminal::style::{Style, Tone};
use crate::terminal::table::{Cell, Side, Table};
use crate::terminal::text::{cut, harmless};

/// What was inferred from records.
#[derive(Debug)]
pub(crate) struct Inferred {
    /// The streams and what their records suggest.
    pub(crate) streams: Vec<(StreamName, Proposal)>,
    /// How many lines or rows hold no record.
    pub(crate) rejected: u64,
    /// The first of them: `line 3 is not JSON (byte 1)`.
    pub(crate) rejections: Vec<String>,
}

impl Inferred {
    fn sum(&self) -> String {
        let records = self.streams.iter().map(|(_, proposal)| proposal.records).sum();
        let streams = counted(self.streams.len() as u64, "stream", "streams");
        format!("{streams} inferred from {}", counted(records, "record", "records"))
    }

    fn rejections(&self) -> Option<String> {
        let more = match self.rejected.saturating_sub(self.rejections.len() as u64) {
            0 => String::new(),
            more => format!(" (+{})", count(more)),
        };
        let records = counted(self.rejected, "record", "records");
        (self.rejected > 0).then(|| format!("{records} can't be used: {}{more}", self.rejections.join(", ")))
    }

    fn notes(&self) -> impl Iterator<Item = (&StreamName, String)> {
        self.streams.iter().flat_map(|(name, proposal)| proposal.notes.iter().map(move |note| (name, note.to_string())))
    }
}

/// The lines that a person reads.
pub(super) fn show(inferred: &Inferred, columns: usize, style: Style) -> Vec<String> {
    let left = |name| (name, Side::Left);
    let right = |name| (name, Side::Right);
    let heading =
        [left("stream"), right("records"), right("columns"), right("child tables"), left("key"), left("cursor")];
    let mut table = Table::new(heading);
    for (name, proposal) in &inferred.streams {
        let (properties, tables) = extent(&stream_properties(&proposal.schema));
        let optional = |name: &Option<String>| name.as_deref().map(Cell::new).unwrap_or_default();
        table.push(vec![
            Cell::new(&name.to_string()),
            Cell::new(&count(proposal.records)),
            Cell::new(&count(properties)),
            Cell::new(&count(tables)),
            optional(&proposal.key),
            optional(&proposal.cursor),
        ]);
    }
    let mut lines = table.render(Some(columns), style).lines;
    lines.push(String::new());
    lines.push(style.paint(Tone::Strong, &cut(&inferred.sum(), columns)));
    lines.extend(inferred.rejections().map(|rejections| style.paint(Tone::Warning, &harmless(&rejections))));
    let notes = inferred.notes().map(|(stream, note)| harmless(&format!("{stream}: {note}")));
    lines.extend(notes.map(|note| style.paint(Tone::Faint, &note)));
    lines
}

/// The same as log lines.
pub(super) fn log(inferred: &Inferred) {
    for (name, proposal) in &inferred.streams {
        let (columns, tables) = extent(&stream_properties(&proposal.schema));
        tracing::info!(
            stream = %name,
            records = proposal.records,
            columns,
            child_tables = tables,
            key = proposal.key.as_deref(),
            cursor = proposal.cursor.as_deref(),
            "stream inferred"
        );
    }
    for (stream, note) in inferred.notes() {
        tracing::info!(%stream, note, "inference is limited");
    }
    if inferred.rejected > 0 {
        tracing::warn!(records = inferred.rejected, first = inferred.rejections.join(", "), "records can't be used");
    }
}

/// How many columns the properties become, in all tables, and how many child tables.
fn extent(properties: &[Property]) -> (u64, u64) {
    properties.iter().fold((0, 0), |(columns, tables), property| match &property.shape {
        Shape::Object(inner) | Shape::ObjectArray(inner) => {
            let (inner_columns, inner_tables) = extent(inner);
            (columns + inner_columns, tables + inner_tables + 1)
        }
        Shape::Scalar(_) | Shape::ScalarArray(_) | Shape::Json => (columns + 1, tables),
    })
}

#[cfg(test)]
mod tests {
    use alluvium_normalization::infer::Note;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_person_sees_what_each_stream_becomes_and_what_was_left_out() {
        let schema = json!({"properties": {
            "id": {"type": "integer"},
            "items": {"type": "array", "items": {"properties": {"sku": {"type": "string"}, "tags": {"type": "array"}}}},
        }});
        let notes = vec![Note::Map("rates".to_owned(), 1_200)];
        let orders = Proposal { records: 1_234, schema, key: Some("id".to_owned()), cursor: None, notes };
        let name = StreamName { namespace: Some("shop".to_owned()), name: "or\u{1b}ders".to_owned() };
        let rejections = vec!["line 3 is not JSON (byte 1)".to_owned()];
        let inferred = Inferred { streams: vec![(name, orders)], rejected: 2, rejections };
        assert_eq!(
            show(&inferred, 100, Style::PLAIN),
            [
                "stream        records  columns  child tables  key  cursor",
                "────────────  ───────  ───────  ────────────  ───  ──────",
                "shop.or␛ders    1,234        3             1  id",
                "",
                "1 stream inferred from 1,234 records",
                "2 records can't be used: line 3 is not JSON (byte 1) (+1)",
                "shop.or␛ders: rates stays JSON: it has 1200 properties, each in few of its objects",
            ]
        );
    }
}
