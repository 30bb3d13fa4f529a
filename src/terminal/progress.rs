//! Progress of a sync: the live view, as lines.

use std::collections::VecDeque;
use std::time::Duration;

use crate::sync::report::StreamCounters;
use crate::terminal::forecast::{Forecast, Pace};
use crate::terminal::number::{bytes, count, counted, per_second, span};
use crate::terminal::screen::{Line, Size};
use crate::terminal::style::{Style, Tone};
use crate::terminal::table::{Cell, Side, Table};
use crate::terminal::text::cut;

/// The rate is that of this last stretch of time.
const RATE_OVER: Duration = Duration::from_secs(3);

/// So many streams are shown, whatever room there is.
const MOST_STREAMS: usize = 16;

/// Rows that are not streams: the sum, heading and rule, how many more there are, and the cursor's own.
const OTHER_ROWS: usize = 5;

const STOPPING: &str = "stopping: what has been read is landed first; once more to end at once";

/// What is remembered of a sync between two looks at it.
#[derive(Debug)]
pub(super) struct View {
    names: Vec<String>,
    /// Looks of the last [`RATE_OVER`], the oldest first.
    looks: VecDeque<Look>,
    /// When each stream was last seen to grow.
    active: Vec<Duration>,
    pace: Pace,
}

#[derive(Debug)]
struct Look {
    at: Duration,
    counters: Vec<StreamCounters>,
}

/// Sums over all streams at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) landed: u64,
    /// Records read a second, lately.
    pub(super) rate: u64,
    /// What is to come, if that is known.
    pub(super) forecast: Option<Forecast>,
}

impl View {
    /// A view of streams of these names, in the catalog's order.
    pub(super) fn new(names: Vec<String>) -> Self {
        let active = vec![Duration::ZERO; names.len()];
        Self { names, looks: VecDeque::new(), active, pace: Pace::default() }
    }

    /// Takes in the counters `at` a time since the start.
    pub(super) fn look(&mut self, at: Duration, counters: Vec<StreamCounters>) {
        let before = self.looks.back();
        for (index, (counters, active)) in counters.iter().zip(&mut self.active).enumerate() {
            let known = before.and_then(|look| look.counters.get(index)).map_or(0, |counters| counters.records);
            if counters.records > known {
                *active = at;
            }
        }
        self.pace.look(at, counters.iter().map(|counters| counters.records).sum());
        self.looks.push_back(Look { at, counters });
        // one look that is older stays, so that the rate is over the whole stretch
        while self.looks.get(1).is_some_and(|look| at.saturating_sub(look.at) >= RATE_OVER) {
            self.looks.pop_front();
        }
    }

    /// Sums as of the last look.
    pub(super) fn totals(&self) -> Totals {
        let sum = |of: fn(&StreamCounters) -> u64| self.now().iter().map(of).sum();
        let rate = (0..self.names.len()).map(|stream| self.rate(stream)).sum();
        Totals {
            forecast: self.pace.forecast(sum(|counters| counters.expected)),
            records: sum(|counters| counters.records),
            bytes: sum(|counters| counters.bytes),
            landed: sum(|counters| counters.landed),
            rate,
        }
    }

    /// The live view: the sum, and below it the streams that were active last, within the size of the screen.
    /// `stopping`: the sync has been asked to stop and finishes what it has begun.
    pub(super) fn lines(&self, size: Size, stopping: bool, style: Style) -> Vec<Line> {
        // a full last column makes some terminals begin a new line
        let columns = size.columns.saturating_sub(1);
        let heading = if stopping { STOPPING.to_owned() } else { self.sum() };
        let heading = cut(&heading, columns);
        let mut lines = vec![Line::new(style.paint(Tone::Strong, &heading), &heading)];
        let (shown, more) = self.shown(size.rows.saturating_sub(OTHER_ROWS));
        if shown.is_empty() {
            return lines;
        }
        let table = self.table(&shown);
        let painted = table.render(Some(columns), style).lines;
        let plain = table.render(Some(columns), Style::PLAIN).lines;
        lines.extend(painted.into_iter().zip(&plain).map(|(painted, plain)| Line::new(painted, plain)));
        if more > 0 {
            let more = cut(&format!("… and {} more", count(more as u64)), columns);
            lines.push(Line::new(style.paint(Tone::Faint, &more), &more));
        }
        lines
    }

    fn sum(&self) -> String {
        let Totals { records, bytes: read, landed, rate, forecast } = self.totals();
        let elapsed = span(self.looks.back().map_or(Duration::ZERO, |look| look.at));
        if records == 0 {
            return format!("waiting for records · {elapsed}");
        }
        let (read, rate) = (bytes(read), count(rate));
        if let Some(Forecast { expected, percent, left }) = forecast {
            let records = format!("{} of {}", count(records), counted(expected, "record", "records"));
            let left = left.map(|left| format!(" · {} left", span(left))).unwrap_or_default();
            return format!("{records}, {percent} %{left} · {read} · {rate}/s · {elapsed}");
        }
        let (records, landed) = (counted(records, "record", "records"), count(landed));
        format!("{records} read, {landed} landed · {read} · {rate}/s · {elapsed}")
    }

    /// The streams to show in the catalog's order, and how many more have records.
    fn shown(&self, room: usize) -> (Vec<usize>, usize) {
        let now = self.now();
        let mut streams: Vec<usize> = (0..now.len()).filter(|stream| now[*stream].records > 0).collect();
        streams.sort_by_key(|stream| std::cmp::Reverse(self.active[*stream]));
        let all = streams.len();
        streams.truncate(room.min(MOST_STREAMS));
        streams.sort_unstable();
        let more = all - streams.len();
        (streams, more)
    }

    fn table(&self, streams: &[usize]) -> Table {
        let columns = [("stream", Side::Left), ("records", Side::Right), ("size", Side::Right), ("per s", Side::Right)];
        let mut table = Table::new(columns).with_essentials(2);
        for stream in streams.iter().copied() {
            let counters = self.now()[stream];
            let numbers = [count(counters.records), bytes(counters.bytes), count(self.rate(stream))];
            let name = Cell::new(&self.names[stream]);
            table.push(std::iter::once(name).chain(numbers.iter().map(|number| Cell::new(number))).collect());
        }
        table
    }

    fn rate(&self, stream: usize) -> u64 {
        let (Some(first), Some(last)) = (self.looks.front(), self.looks.back()) else { return 0 };
        let grown = last.counters[stream].records.saturating_sub(first.counters[stream].records);
        per_second(grown, last.at.saturating_sub(first.at))
    }

    fn now(&self) -> &[StreamCounters] {
        self.looks.back().map_or(&[], |look| &look.counters)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::View;
    use crate::sync::report::StreamCounters;
    use crate::terminal::screen::Size;
    use crate::terminal::style::Style;

    /// Streams of which each has `step` records more after every second, for ten seconds.
    fn view(steps: &[u64]) -> View {
        let mut view = View::new((0..steps.len()).map(|stream| format!("stream_{stream}")).collect());
        for second in 0..=10 {
            let counters = |step: &u64| StreamCounters {
                records: step * second,
                bytes: step * second * 100,
                landed: step * second / 2,
                ..StreamCounters::default()
            };
            view.look(Duration::from_secs(second), steps.iter().map(counters).collect());
        }
        view
    }

    fn shown(view: &View, columns: usize, rows: usize) -> String {
        let lines = view.lines(Size { columns, rows }, false, Style::PLAIN);
        assert!(lines.len() < rows.max(2), "{lines:?}");
        assert!(lines.iter().all(|line| line.width() < columns.max(1)), "{lines:?}");
        lines.iter().map(|line| line.text().to_owned() + "\n").collect()
    }

    #[test]
    fn the_sum_and_each_stream() {
        insta::assert_snapshot!(shown(&view(&[100_000, 0, 20]), 80, 24));
    }

    #[test]
    fn where_it_is_known_how_many_records_will_come_it_is_told_how_far_it_is() {
        let mut view = view(&[100_000, 20]);
        let counters = |records, expected| StreamCounters { expected, records, ..StreamCounters::default() };
        view.look(Duration::from_secs(11), vec![counters(1_100_000, 4_000_000), counters(0, 8_000)]);
        insta::assert_snapshot!(shown(&view, 80, 24));
        assert_eq!(view.totals().forecast.unwrap().expected, 4_008_000);
    }

    #[test]
    fn a_small_terminal_shows_less() {
        insta::assert_snapshot!(shown(&view(&[100_000, 7, 20, 0, 3]), 30, 7));
        insta::assert_snapshot!(shown(&view(&[100_000, 7]), 12, 3));
    }

    #[test]
    fn the_streams_that_were_active_last_are_shown() {
        let mut view = view(&[1; 40]);
        let mut counters = vec![StreamCounters { records: 10, ..StreamCounters::default() }; 40];
        counters[35].records = 11;
        view.look(Duration::from_secs(11), counters);
        let shown = shown(&view, 80, 8);
        assert!(shown.contains("stream_35") && shown.contains("… and 37 more"), "{shown}");
    }

    #[test]
    fn no_size_is_too_small() {
        for columns in 0..6 {
            for rows in 0..6 {
                view(&[1, 2, 3]).lines(Size { columns, rows }, true, Style::PLAIN);
            }
        }
    }

    #[test]
    fn before_the_first_record_it_waits() {
        let mut view = View::new(vec!["a".to_owned()]);
        view.look(Duration::from_millis(1_200), vec![StreamCounters::default()]);
        assert_eq!(shown(&view, 80, 24), "waiting for records · 1.2 s\n");
    }
}
