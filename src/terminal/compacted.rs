//! What a compaction did, for a person: a table and notes on a terminal, else the same as log lines.

use crate::sync::compact::report::{Compacted, CompactedStream, Reduction};
use crate::terminal::number::{bytes, count, counted, span};
use crate::terminal::style::{Style, Tone};
use crate::terminal::table::{Cell, Side, Table};
use crate::terminal::text::{cut, harmless};

/// The lines that a person reads; none if it ended before its first raw table.
pub(super) fn show(compacted: &Compacted, columns: usize, style: Style) -> Vec<String> {
    if compacted.streams.is_empty() {
        return Vec::new();
    }
    let mut lines = table(compacted).render(Some(columns), style).lines;
    lines.push(String::new());
    lines.push(style.paint(Tone::Strong, &cut(&sum(compacted), columns)));
    lines.extend(notes(compacted).into_iter().map(|(tone, note)| style.paint(tone, &harmless(&note))));
    lines
}

fn table(compacted: &Compacted) -> Table {
    // what no warehouse can say needs no column
    let is_stored = reductions(compacted).any(|(_, reduction)| reduction.stored.is_some());
    let left = |name| (name, Side::Left);
    let right = |name| (name, Side::Right);
    let heading = [left("stream"), left("raw table"), right("rows"), right("kept"), right("bytes"), right("kept")];
    let stored = [right("stored"), right("after")].into_iter().filter(|_| is_stored);
    let mut table = Table::new(heading.into_iter().chain(stored));
    for CompactedStream { stream, table: raw, outcome } in &compacted.streams {
        let mut row = vec![Cell::new(&stream.to_string()), Cell::new(&format!("{}.{}", raw.schema, raw.name))];
        match outcome {
            Ok(reduction) => {
                let (rows, kept_bytes) = kept(reduction);
                row.extend([count(reduction.rows), count(rows), bytes(reduction.bytes), bytes(kept_bytes)].map(cell));
                row.extend(
                    reduction.stored.into_iter().flat_map(|(before, after)| [before, after].map(bytes).map(cell)),
                );
            }
            Err(_) => row.push(Cell::toned("–", Tone::Faint)),
        }
        table.push(row);
    }
    table
}

#[allow(clippy::needless_pass_by_value)] // to be mapped by
fn cell(text: String) -> Cell {
    Cell::new(&text)
}

fn kept(reduction: &Reduction) -> (u64, u64) {
    let Reduction { rows, bytes, dropped_rows, dropped_bytes, .. } = reduction;
    (rows.saturating_sub(*dropped_rows), bytes.saturating_sub(*dropped_bytes))
}

fn reductions(compacted: &Compacted) -> impl Iterator<Item = (&CompactedStream, &Reduction)> {
    compacted.streams.iter().filter_map(|stream| Some((stream, stream.outcome.as_ref().ok()?)))
}

fn dropped(compacted: &Compacted) -> (u64, u64) {
    reductions(compacted)
        .fold((0, 0), |(rows, bytes), (_, stream)| (rows + stream.dropped_rows, bytes + stream.dropped_bytes))
}

fn sum(compacted: &Compacted) -> String {
    let (rows, dropped_bytes) = dropped(compacted);
    let streams = counted(compacted.streams.len() as u64, "stream", "streams");
    let what = if compacted.is_dry_run { "would go" } else { "dropped" };
    let (rows, dropped_bytes) = (counted(rows, "raw row", "raw rows"), bytes(dropped_bytes));
    format!("{rows} of {streams} {what}: {dropped_bytes} in {}", span(compacted.elapsed))
}

/// What a person should not overlook.
fn notes(compacted: &Compacted) -> Vec<(Tone, String)> {
    let mut notes = Vec::new();
    for CompactedStream { stream, outcome, .. } in &compacted.streams {
        let reduction = match outcome {
            Ok(reduction) => reduction,
            Err(reason) => {
                notes.push((Tone::Warning, format!("{stream}: {reason}")));
                continue;
            }
        };
        for (rows, why) in unaddressed(reduction) {
            let rows = counted(rows, "row", "rows");
            notes.push((Tone::Warning, format!("{stream}: {rows} {why}")));
        }
        notes.extend(reduction.lost.map(|lost| (Tone::Warning, format!("{stream}: {lost}"))));
    }
    let is_stored =
        reductions(compacted).any(|(_, reduction)| reduction.stored.is_some() && reduction.dropped_rows > 0);
    if is_stored && !compacted.is_dry_run {
        let note = "stored: the room of what went is used again by new rows; only VACUUM FULL makes files smaller";
        notes.push((Tone::Faint, note.to_owned()));
    }
    notes
}

/// Rows that can't be judged, and why.
fn unaddressed(reduction: &Reduction) -> impl Iterator<Item = (u64, &'static str)> {
    let unreadable = (reduction.unreadable, "without a JSON object or an id: not dropped");
    let shared = (reduction.shared, "with the id of another row: not dropped");
    [unreadable, shared].into_iter().filter(|(rows, _)| *rows > 0)
}

/// The same as log lines: one a stream, and one of all.
pub(super) fn log(compacted: &Compacted) {
    if compacted.streams.is_empty() {
        return;
    }
    for CompactedStream { stream, table, outcome } in &compacted.streams {
        let table = format!("{}.{}", table.schema, table.name);
        match outcome {
            Ok(reduction) => {
                let (rows_after, bytes_after) = kept(reduction);
                tracing::info!(
                    %stream,
                    table,
                    dry_run = compacted.is_dry_run,
                    rows_before = reduction.rows,
                    rows_after,
                    bytes_before = reduction.bytes,
                    bytes_after,
                    stored_before = reduction.stored.map(|(before, _)| before),
                    stored_after = reduction.stored.map(|(_, after)| after),
                    unreadable = reduction.unreadable,
                    shared_ids = reduction.shared,
                    "raw table compacted"
                );
                if let Some(lost) = reduction.lost {
                    tracing::warn!(%stream, table, reason = %lost, "a rebuild gives less than is there");
                }
            }
            Err(reason) => tracing::warn!(%stream, table, %reason, "raw table not compacted"),
        }
    }
    let (rows, bytes) = dropped(compacted);
    let seconds = compacted.elapsed.as_secs_f64();
    tracing::info!(
        streams = compacted.streams.len(),
        dry_run = compacted.is_dry_run,
        rows_dropped = rows,
        bytes_dropped = bytes,
        seconds,
        "compaction ended"
    );
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use alluvium_normalization::catalog::StreamName;

    use super::*;
    use crate::sync::compact::report::{Lost, Untouched};
    use crate::warehouse::TableName;

    fn stream(name: &str, outcome: Result<Reduction, Untouched>) -> CompactedStream {
        let table = TableName { schema: "main".to_owned(), name: format!("_airbyte_raw_{name}") };
        CompactedStream { stream: StreamName { namespace: None, name: name.to_owned() }, table, outcome }
    }

    #[test]
    fn a_person_sees_what_went_what_stayed_and_why() {
        let reduction = Reduction { rows: 1_200, bytes: 36_000, ..Reduction::default() };
        let orders = Reduction { dropped_rows: 1_000, dropped_bytes: 30_000, unreadable: 1, shared: 2, ..reduction };
        let logs = Reduction { dropped_rows: 200, dropped_bytes: 6_000, lost: Some(Lost::Rows), ..reduction };
        let streams = vec![
            stream("orders", Ok(orders)),
            stream("logs", Ok(Reduction { stored: Some((90_000, 80_000)), ..logs })),
            stream("events", Err(Untouched::NoKey)),
        ];
        let compacted = Compacted { streams, is_dry_run: false, elapsed: Duration::from_millis(1_500) };
        assert_eq!(
            show(&compacted, 100, Style::PLAIN),
            [
                "stream  raw table                  rows   kept    bytes     kept   stored    after",
                "──────  ────────────────────────  ─────  ─────  ───────  ───────  ───────  ───────",
                "orders  main._airbyte_raw_orders  1,200    200  36.0 kB   6.0 kB",
                "logs    main._airbyte_raw_logs    1,200  1,000  36.0 kB  30.0 kB  90.0 kB  80.0 kB",
                "events  main._airbyte_raw_events      –",
                "",
                "1,200 raw rows of 3 streams dropped: 36.0 kB in 1.5 s",
                "orders: 1 row without a JSON object or an id: not dropped",
                "orders: 2 rows with the id of another row: not dropped",
                "logs: the typed tables keep the rows that go from raw; a rebuild would lose them, and asks for \
                 --accept-losses",
                "events: left as it is: without a key (its mode is not append_dedup) every row counts; --before drops rows \
                 by age",
                "stored: the room of what went is used again by new rows; only VACUUM FULL makes files smaller",
            ]
        );
    }
}
