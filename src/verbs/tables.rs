//! `tables`: what is in the warehouse, for a person.

/// The rows of one table, as they are shown.
mod contents;
/// Which tables are shown, in which order.
mod listing;

use std::io::{self, IsTerminal as _, Write};

use self::contents::Contents;
use self::listing::{home_schema, shown_tables};
use crate::config::Config;
use crate::failure::Failure;
use crate::terminal::style::{Style, Tone};
use crate::terminal::text::{cut, harmless};
use crate::terminal::{Size, counted};
use crate::verbs::printed::printed;
use crate::verbs::reading::connect_to_read;
use crate::warehouse::{ExistingTable, WarehouseError};

/// Prints every table of the schemas that we write to, with its first rows.
pub(crate) fn tables(config: &Config, limit: usize) -> Result<(), Failure> {
    let mut warehouse = connect_to_read(config)?;
    let schema = home_schema(config, warehouse.dialect());
    let tables = shown_tables(warehouse.as_mut(), &schema)?;
    let room = io::stdout().is_terminal().then(|| Size::of_stdout().columns);
    let mut printer = Printer { out: io::stdout().lock(), style: Style::of(&io::stdout()), room };
    let outcome = if tables.is_empty() {
        printer.line(Tone::Faint, "no tables")
    } else {
        tables.iter().try_for_each(|table| {
            let contents = Contents::read(warehouse.as_mut(), table, limit)?;
            let name = if table.name.schema == schema { &table.name.name } else { &qualified(table) };
            printer.table(name, table, &contents)
        })
    };
    match outcome {
        Err(Stop::Output(error)) => printed(Err(error)),
        Err(Stop::Failed(failure)) => Err(failure),
        Ok(()) => Ok(()),
    }
}

/// Why printing ends early.
enum Stop {
    Output(io::Error),
    Failed(Failure),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<WarehouseError> for Stop {
    fn from(error: WarehouseError) -> Self {
        Self::Failed(error.into())
    }
}

fn qualified(table: &ExistingTable) -> String {
    format!("{}.{}", table.name.schema, table.name.name)
}

/// Tables onto stdout.
struct Printer<W> {
    out: W,
    style: Style,
    room: Option<usize>,
}

impl<W: Write> Printer<W> {
    fn table(&mut self, name: &str, table: &ExistingTable, contents: &Contents<'_>) -> Result<(), Stop> {
        let rows = counted(contents.count, "row", "rows");
        let name = self.style.paint(Tone::Strong, &harmless(name));
        writeln!(self.out, "{name}  {}", self.style.paint(Tone::Faint, &rows))?;
        if !table.columns.is_empty() && !contents.rows.is_empty() {
            let rendered = contents.table(self.room.is_some()).render(self.room, self.style);
            for line in &rendered.lines {
                writeln!(self.out, "{line}")?;
            }
            let more = contents.count.saturating_sub(contents.rows.len() as u64);
            let mut notes = Vec::new();
            if more > 0 {
                notes.push(format!("… {}", counted(more, "more row", "more rows")));
            }
            if !rendered.left_out.is_empty() {
                notes.push(format!("not shown: {}", rendered.left_out.join(", ")));
            }
            for note in notes {
                self.line(Tone::Faint, &note)?;
            }
        }
        writeln!(self.out)?;
        Ok(())
    }

    fn line(&mut self, tone: Tone, text: &str) -> Result<(), Stop> {
        let text = self.room.map_or_else(|| text.to_owned(), |room| cut(text, room));
        writeln!(self.out, "{}", self.style.paint(tone, &text))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
