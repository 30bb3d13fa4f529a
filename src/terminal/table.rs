//! Tables of text, aligned by what a terminal shows.

use crate::terminal::style::{Style, Tone};
use crate::terminal::text::{cut, harmless, width};

/// Between two columns.
const GAP: &str = "  ";

/// No cell is wider, whatever room there is, unless the table is [`Table::uncut`].
const WIDEST: usize = 40;

/// Text columns give way down to this width before a column is left out.
const NARROWEST: usize = 10;

/// On which side a column's cells stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Side {
    /// Text.
    #[default]
    Left,
    /// Numbers: never cut, their digits below each other.
    Right,
}

/// One cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// Text of any origin.
    pub(crate) fn new(text: &str) -> Self {
        Self::toned(text, Tone::Plain)
    }

    /// Text of any origin, in a tone.
    pub(crate) fn toned(text: &str, tone: Tone) -> Self {
        Self { text: harmless(text), tone }
    }
}

/// A heading and rows of cells.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    columns: Vec<(Cell, Side)>,
    rows: Vec<Vec<Cell>>,
    /// How many of the first columns matter more than the others.
    essentials: usize,
    /// How wide a cell may be where there is room for it.
    widest: usize,
}

/// A table as lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rendered {
    /// Heading, rule, rows.
    pub(crate) lines: Vec<String>,
    /// Names of columns that had no room.
    pub(crate) left_out: Vec<String>,
}

impl Table {
    /// A table of these columns, without rows.
    pub(crate) fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Side)>) -> Self {
        let columns = columns.into_iter().map(|(name, side)| (Cell::toned(name, Tone::Strong), side));
        let columns: Vec<_> = columns.collect();
        Self { essentials: columns.len(), columns, rows: Vec::new(), widest: WIDEST }
    }

    /// Adds a row; cells that it lacks are blank.
    pub(crate) fn push(&mut self, mut row: Vec<Cell>) {
        row.resize(self.columns.len(), Cell::default());
        self.rows.push(row);
    }

    /// Where room is short, the columns from the `count`th on go before any of the first ones is narrowed.
    pub(crate) fn with_essentials(mut self, count: usize) -> Self {
        self.essentials = count.clamp(1, self.columns.len().max(1));
        self
    }

    /// Cells are cut only where room is short.
    pub(crate) fn uncut(self) -> Self {
        Self { widest: usize::MAX, ..self }
    }

    /// The table as lines of at most `room` columns of the terminal; without `room` as wide as its cells want.
    ///
    /// Where room is short, columns that are not essential are left out from the right, then text gives way, the
    /// widest first, then essential columns are left out from the right. The first column stays.
    pub(crate) fn render(&self, room: Option<usize>, style: Style) -> Rendered {
        let natural: Vec<usize> = (0..self.columns.len()).map(|index| self.natural_width(index)).collect();
        let widths = match room {
            Some(room) => self.fit(&natural, room),
            None => natural,
        };
        let rule = widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join(GAP);
        let heading = self.line(self.columns.iter().map(|(cell, _)| cell), &widths, style);
        let mut lines = vec![heading, style.paint(Tone::Faint, &rule)];
        lines.extend(self.rows.iter().map(|row| self.line(row.iter(), &widths, style)));
        let left_out = &self.columns[widths.len()..];
        Rendered { lines, left_out: left_out.iter().map(|(cell, _)| cell.text.clone()).collect() }
    }

    fn natural_width(&self, index: usize) -> usize {
        let (heading, side) = &self.columns[index];
        let widest = self.rows.iter().map(|row| width(&row[index].text)).max().unwrap_or_default();
        let heading = width(&heading.text).min(self.widest);
        match side {
            Side::Left => widest.min(self.widest).max(heading),
            Side::Right => widest.max(heading),
        }
    }

    /// Widths of the columns that are shown, in `room`.
    fn fit(&self, natural: &[usize], room: usize) -> Vec<usize> {
        let whole = (self.essentials..=natural.len()).rev().map(|shown| natural[..shown].to_vec());
        let narrowed = (1..=self.essentials.min(natural.len()))
            .rev()
            .flat_map(|shown| (NARROWEST..=WIDEST).rev().map(move |widest| self.capped(&natural[..shown], widest)));
        let fitting = whole.chain(narrowed).find(|widths| total(widths) <= room);
        // a terminal narrower than one column
        fitting.unwrap_or_else(|| natural.iter().take(1).map(|width| (*width).min(room)).collect())
    }

    fn capped(&self, natural: &[usize], widest: usize) -> Vec<usize> {
        let capped = |(width, (_, side)): (&usize, &(Cell, Side))| match side {
            Side::Left => (*width).min(widest),
            Side::Right => *width,
        };
        natural.iter().zip(&self.columns).map(capped).collect()
    }

    fn line<'c>(&self, cells: impl Iterator<Item = &'c Cell>, widths: &[usize], style: Style) -> String {
        let mut line = String::new();
        for ((cell, (_, side)), room) in cells.zip(&self.columns).zip(widths) {
            let text = cut(&cell.text, *room);
            let blank = " ".repeat(room.saturating_sub(width(&text)));
            let text = style.paint(cell.tone, &text);
            match side {
                Side::Left => line.extend([&text, &blank, GAP]),
                Side::Right => line.extend([&blank, &text, GAP]),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1)
}

#[cfg(test)]
mod tests;
