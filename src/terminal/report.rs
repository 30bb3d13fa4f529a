//! What a sync did, for a person and for the platform: the same facts, as a table and as log lines.

use std::time::Duration;

use crate::sync::report::{Progress, Report, StreamCounters, StreamReport};
use crate::terminal::number::{bytes, count, counted, per_second, span};
use crate::terminal::style::{Style, Tone};
use crate::terminal::table::{Cell, Side, Table};
use crate::terminal::text::{cut, harmless};

/// So many undeclared properties of a stream are named to a person; the others are counted.
const SHOWN_UNDECLARED: usize = 5;

/// So many tables of a stream are shown to a person; the others are summed up.
const SHOWN_TABLES: usize = 12;

/// So many undeclared properties are named in a log line.
const LOGGED_UNDECLARED: usize = 50;

/// A report with the counters that were kept while it came about.
pub(super) struct Results<'a> {
    report: &'a Report,
    counters: Vec<StreamCounters>,
}

impl<'a> Results<'a> {
    /// Without `progress`, the sync ended before its first row.
    pub(super) fn new(report: &'a Report, progress: Option<&Progress>) -> Self {
        Self { report, counters: progress.map(Progress::counters).unwrap_or_default() }
    }

    fn streams(&self) -> impl Iterator<Item = (usize, &'a StreamReport, StreamCounters)> {
        let counters = self.counters.iter().copied().chain(std::iter::repeat(StreamCounters::default()));
        let streams = self.report.streams.iter().zip(counters).enumerate();
        streams.map(|(index, (stream, counters))| (index, stream, counters))
    }

    fn records(&self) -> u64 {
        self.report.streams.iter().map(|stream| stream.records).sum()
    }

    fn bytes(&self) -> u64 {
        self.counters.iter().map(|counters| counters.bytes).sum()
    }

    fn rejected(&self, stream: Option<usize>) -> u64 {
        self.report.rejected.get(&stream).copied().unwrap_or_default()
    }

    fn all_rejected(&self) -> u64 {
        self.report.rejected.values().sum()
    }
}

/// The lines that a person reads at the end of a sync; none if it ended before its first row.
pub(super) fn show(results: &Results<'_>, columns: usize, style: Style) -> Vec<String> {
    if results.report.streams.is_empty() {
        return Vec::new();
    }
    let mut lines = table(results).render(Some(columns), style).lines;
    lines.insert(0, String::new());
    lines.push(String::new());
    lines.push(style.paint(Tone::Strong, &cut(&sum(results), columns)));
    for (tone, note) in notes(results) {
        lines.push(style.paint(tone, &harmless(&note)));
    }
    lines.push(String::new());
    lines
}

fn table(results: &Results<'_>) -> Table {
    let streams = &results.report.streams;
    // what did not happen needs no column
    let asides: Vec<Aside> =
        ASIDES.into_iter().filter(|(_, number)| streams.iter().any(|stream| number(stream) > 0)).collect();
    let left = |name| (name, Side::Left);
    let right = |name| (name, Side::Right);
    let columns = [left("stream"), right("records"), left("table"), right("rows")].into_iter();
    let mut table = Table::new(columns.chain(asides.iter().map(|(name, _)| right(name))).chain([right("time")]));
    let one_schema = streams.iter().all(|stream| stream.schema == streams[0].schema);
    for (_, stream, counters) in results.streams() {
        let name = if stream.is_complete {
            Cell::new(&stream.stream.to_string())
        } else {
            Cell::toned(&format!("{} (incomplete)", stream.stream), Tone::Bad)
        };
        let mut tables = tables_of(stream, !one_schema).into_iter();
        let [first_table, first_rows] = tables.next().unwrap_or_default();
        let mut row = vec![name, Cell::new(&count(stream.records)), first_table, first_rows];
        row.extend(asides.iter().map(|(_, number)| match number(stream) {
            0 => Cell::default(),
            number => Cell::toned(&count(number), Tone::Warning),
        }));
        row.push(Cell::new(&span(counters.busy)));
        table.push(row);
        for [name, rows] in tables {
            table.push(vec![Cell::default(), Cell::default(), name, rows]);
        }
    }
    table
}

/// The name of a column, and the number of a stream that stands in it.
type Aside = (&'static str, fn(&StreamReport) -> u64);

const ASIDES: [Aside; 3] = [
    ("NULLED", |stream| stream.counts.nulled),
    ("TRUNCATED", |stream| stream.counts.truncated),
    ("undeclared", |stream| stream.counts.undeclared.len() as u64),
];

/// Names and rows of a stream's tables; the last of very many in one line.
fn tables_of(stream: &StreamReport, qualified: bool) -> Vec<[Cell; 2]> {
    let mut tables: Vec<(&str, u64)> = stream.typed_rows().collect();
    // to fold a single table would save nothing
    let folded = if tables.len() > SHOWN_TABLES + 1 { tables.split_off(SHOWN_TABLES) } else { Vec::new() };
    let shown = tables.into_iter().map(|(table, rows)| {
        let name = if qualified { format!("{}.{table}", stream.schema) } else { table.to_owned() };
        [Cell::new(&name), Cell::new(&count(rows))]
    });
    let more = (!folded.is_empty()).then(|| {
        let name = format!("… {} more tables", count(folded.len() as u64));
        [Cell::toned(&name, Tone::Faint), Cell::new(&count(folded.iter().map(|(_, rows)| rows).sum()))]
    });
    shown.chain(more).collect()
}

fn undeclared(stream: &StreamReport, most: usize) -> String {
    let all = &stream.counts.undeclared;
    let names = all.iter().take(most).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(most) {
        0 => names,
        more => format!("{names} (+{})", count(more as u64)),
    }
}

fn sum(results: &Results<'_>) -> String {
    let (records, elapsed) = (results.records(), results.report.elapsed);
    let streams = results.report.streams.len() as u64;
    let sum = format!(
        "{} of {} landed: {} in {}",
        counted(records, "record", "records"),
        counted(streams, "stream", "streams"),
        bytes(results.bytes()),
        span(elapsed),
    );
    // a sync that is over at once has no rate worth telling
    if elapsed < Duration::from_secs(1) {
        return sum;
    }
    format!("{sum}, {}/s", count(per_second(records, elapsed)))
}

/// What a person should not overlook.
fn notes(results: &Results<'_>) -> Vec<(Tone, String)> {
    let mut notes = Vec::new();
    let incomplete = results.report.streams.iter().filter(|stream| !stream.is_complete);
    let incomplete = incomplete.map(|stream| stream.stream.to_string()).collect::<Vec<_>>().join(", ");
    if !incomplete.is_empty() {
        notes.push((Tone::Bad, format!("incomplete: {incomplete}")));
    }
    let skipped = results.all_rejected();
    if skipped > 0 {
        let of_streams = results.streams().map(|(index, stream, _)| (results.rejected(Some(index)), stream));
        let mut parts: Vec<_> = of_streams
            .filter(|(skipped, _)| *skipped > 0)
            .map(|(skipped, stream)| format!("{} of {}", count(skipped), stream.stream))
            .collect();
        if results.rejected(None) > 0 {
            parts.push(format!("{} of no known stream", count(results.rejected(None))));
        }
        let lines = counted(skipped, "line", "lines");
        notes.push((Tone::Warning, format!("skipped {lines} of the input: {}", parts.join(", "))));
    }
    if results.report.streams.iter().any(|stream| stream.counts.nulled + stream.counts.truncated > 0) {
        notes.push((
            Tone::Faint,
            "NULLED, TRUNCATED: each value is named in the column _airbyte_meta of its row".to_owned(),
        ));
    }
    let with_undeclared = results.report.streams.iter().filter(|stream| !stream.counts.undeclared.is_empty());
    notes.extend(with_undeclared.map(|stream| {
        let names = undeclared(stream, SHOWN_UNDECLARED);
        (Tone::Faint, format!("undeclared in the schema of {}: {names}", stream.stream))
    }));
    notes
}

/// The same as log lines: one a stream, and one of all.
pub(super) fn log(results: &Results<'_>) {
    if results.report.streams.is_empty() {
        return;
    }
    for (index, stream, counters) in results.streams() {
        let rows = stream.typed_rows().map(|(table, rows)| format!("{table}={rows}")).collect::<Vec<_>>().join(",");
        tracing::info!(
            stream = %stream.stream,
            schema = %stream.schema,
            complete = stream.is_complete,
            records = stream.records,
            bytes = counters.bytes,
            seconds = counters.busy.as_secs_f64(),
            rows,
            nulled = stream.counts.nulled,
            truncated = stream.counts.truncated,
            undeclared = undeclared(stream, LOGGED_UNDECLARED),
            rejected = results.rejected(Some(index)),
            "sync report"
        );
    }
    tracing::info!(
        streams = results.report.streams.len(),
        records = results.records(),
        bytes = results.bytes(),
        seconds = results.report.elapsed.as_secs_f64(),
        rejected = results.all_rejected(),
        "sync ended"
    );
}

#[cfg(test)]
mod tests;
