//! `tables`: what is in the warehouse, for a person.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _, Write};

use alluvium_normalization::catalog::StreamName;
use alluvium_normalization::kind::ColumnKind;
use alluvium_normalization::plan::schema_of;
use alluvium_normalization::sql::{Dialect, INTERNAL_SCHEMA};

use crate::config::Config;
use crate::failure::Failure;
use crate::terminal::style::{Style, Tone};
use crate::terminal::table::{Cell, Side, Table};
use crate::terminal::text::{cut, harmless};
use crate::terminal::{Size, counted};
use crate::warehouse::{self, ExistingColumn, ExistingTable, Warehouse};

/// No more characters of a value are asked for: whatever one holds, it takes little memory here.
const LONGEST_VALUE: usize = 200;

/// Prints every table of the schemas that we write to, with its first rows.
pub(crate) fn tables(config: &Config, limit: usize) -> Result<(), Failure> {
    if let Some(file) = config.warehouse.file().filter(|file| matches!(file.try_exists(), Ok(false))) {
        let file = file.display();
        return Err(Failure::config(format!("there is no database {file} yet; `alluvium write` creates it")));
    }
    let mut warehouse = warehouse::connect(&config.warehouse, true)?;
    let schema = home_schema(config, warehouse.dialect());
    let tables = shown_tables(warehouse.as_mut(), &schema)?;
    let room = io::stdout().is_terminal().then(|| Size::of_stdout().columns);
    let mut printer = Printer { out: io::stdout().lock(), style: Style::of(&io::stdout()), room };
    let printed = if tables.is_empty() {
        printer.line(Tone::Faint, "no tables")
    } else {
        tables.iter().try_for_each(|table| {
            let contents = Contents::read(warehouse.as_mut(), table, limit)?;
            let name = if table.name.schema == schema { &table.name.name } else { &qualified(table) };
            printer.table(name, table, &contents)
        })
    };
    match printed {
        // Whoever reads has seen enough.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(Stop::Output(error)) => Err(Failure::output(error)),
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

impl From<warehouse::WarehouseError> for Stop {
    fn from(error: warehouse::WarehouseError) -> Self {
        Self::Failed(error.into())
    }
}

/// The schema of streams that have no namespace.
fn home_schema(config: &Config, dialect: &dyn Dialect) -> String {
    schema_of(&StreamName { namespace: None, name: String::new() }, &config.options(), dialect.limits())
}

/// The tables of the home schema and of every other schema that holds a table of ours: the home schema first, streams by
/// name, parents before children, raw tables after what was made from them, tables of others last.
fn shown_tables(warehouse: &mut dyn Warehouse, home: &str) -> Result<Vec<ExistingTable>, Failure> {
    let names = warehouse.query(
        "SELECT DISTINCT table_schema FROM information_schema.tables \
         WHERE table_catalog = current_database() AND table_type = 'BASE TABLE'",
    )?;
    let schemas: Vec<String> =
        names.rows.into_iter().flatten().flatten().filter(|name| name != INTERNAL_SCHEMA).collect();
    let mut tables = warehouse.describe(&schemas)?;
    let ours: BTreeSet<String> =
        tables.iter().filter(|table| Place::of(table).is_some()).map(|table| table.name.schema.clone()).collect();
    tables.retain(|table| table.name.schema == home || ours.contains(&table.name.schema));
    tables.sort_by_cached_key(|table| {
        let place = Place::of(table);
        (table.name.schema != home, table.name.schema.clone(), place.is_none(), place, table.name.name.clone())
    });
    Ok(tables)
}

/// Where a table of ours stands among the others, by its COMMENT. See `Table::comment` of the plan.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    stream: String,
    role: Role,
    /// A parent's path is the beginning of its children's, so it comes before them.
    path: Vec<String>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Typed,
    History,
    Raw,
}

impl Place {
    fn of(table: &ExistingTable) -> Option<Self> {
        let mut parts = serde_json::from_str::<Vec<String>>(table.comment.as_ref()?).ok()?.into_iter();
        let role = match parts.next()?.as_str() {
            "stream" | "child" => Role::Typed,
            "history" => Role::History,
            "raw" => Role::Raw,
            _ => return None,
        };
        Some(Self { stream: parts.next()?, role, path: parts.collect() })
    }
}

/// What a table holds: all in number, some to look at.
struct Contents<'a> {
    count: u64,
    columns: Vec<&'a ExistingColumn>,
    rows: Vec<Vec<Option<String>>>,
}

impl<'a> Contents<'a> {
    fn read(warehouse: &mut dyn Warehouse, table: &'a ExistingTable, limit: usize) -> Result<Self, Stop> {
        let dialect = warehouse.dialect();
        let relation = dialect.relation(&table.name);
        let columns: Vec<&ExistingColumn> = table.columns.iter().collect();
        let values = columns.iter().map(|column| value_of(dialect, &column.name)).collect::<Vec<_>>().join(", ");
        // arrival order, where the columns that tell it are there
        let order = ["_airbyte_ab_id", "_airbyte_position"]
            .iter()
            .filter(|name| columns.iter().any(|column| column.name == **name))
            .map(|name| format!("shown.{}", dialect.quote(name)))
            .collect::<Vec<_>>()
            .join(", ");
        let order = if order.is_empty() { order } else { format!(" ORDER BY {order}") };
        let rows = format!("SELECT {values} FROM {relation} AS shown{order} LIMIT {limit}");
        let count = warehouse.query(&format!("SELECT count(*) FROM {relation}"))?;
        let count = count.rows.first().and_then(|row| row.first()?.as_ref()?.parse().ok()).unwrap_or_default();
        let rows = if columns.is_empty() || limit == 0 { Vec::new() } else { warehouse.query(&rows)?.rows };
        Ok(Self { count, columns, rows })
    }

    /// All columns in their order; `brief`: those that say most come first, and ids are cut.
    fn table(&self, brief: bool) -> Table {
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        if brief {
            order.sort_by_key(|index| self.rank(*index));
        }
        let columns = order.iter().map(|index| self.columns[*index]);
        let of_the_source = columns.clone().filter(|column| !is_ours(column)).count();
        let headings = columns.map(|column| (column.name.as_str(), side(&column.sql_type)));
        let mut table = Table::new(headings).with_essentials(of_the_source);
        for row in &self.rows {
            let cells = order.iter().map(|index| cell(row[*index].as_deref(), self.columns[*index], brief));
            table.push(cells.collect());
        }
        table
    }

    /// The source's own columns, then what leads to the row: the parent, the place in it, the row itself.
    fn rank(&self, index: usize) -> u8 {
        let name = self.columns[index].name.as_str();
        let is_id = |column: &&ExistingColumn| is_ours(column) && column.name.ends_with("_hashid");
        let last_id = self.columns.iter().rfind(|column| is_id(column)).map(|column| column.name.as_str());
        match name {
            _ if !is_ours(self.columns[index]) => 0,
            "_airbyte_data" => 1,
            _ if last_id == Some(name) => 2, // a parent's comes after the row's own
            "_airbyte_position" => 3,
            _ if is_id(&self.columns[index]) => 4,
            _ => 5,
        }
    }
}

fn is_ours(column: &ExistingColumn) -> bool {
    column.name.starts_with("_airbyte_")
}

/// The beginning of a column's value, as text.
fn value_of(dialect: &dyn Dialect, column: &str) -> String {
    let (column, text) = (dialect.quote(column), dialect.column_type(ColumnKind::CsvArray));
    format!("substring(CAST({column} AS {text}), 1, {}) AS {column}", LONGEST_VALUE + 1)
}

fn side(sql_type: &str) -> Side {
    const NUMBERS: [&str; 10] =
        ["BIGINT", "HUGEINT", "INTEGER", "SMALLINT", "TINYINT", "UBIGINT", "DOUBLE", "FLOAT", "DECIMAL", "NUMERIC"];
    let name = sql_type.split([' ', '(']).next().unwrap_or_default();
    let is_number = !sql_type.ends_with(']') && NUMBERS.iter().any(|number| number.eq_ignore_ascii_case(name));
    if is_number { Side::Right } else { Side::Left }
}

/// A value. Text that would be taken for NULL or for nothing stands in quotes; `brief`: ids are cut.
fn cell(value: Option<&str>, column: &ExistingColumn, brief: bool) -> Cell {
    /// Enough of an id to tell rows apart by eye.
    const BRIEF_ID: usize = 9;
    let Some(value) = value else { return Cell::toned("NULL", Tone::Faint) };
    let is_misleading = value.is_empty() || value == "NULL" || value.trim().len() < value.len();
    let text = match column.sql_type.as_str() {
        _ if is_misleading => format!("\"{value}\""),
        "UUID" | "uuid" if brief => cut(value, BRIEF_ID),
        _ => value.to_owned(),
    };
    Cell::toned(&text, if is_ours(column) { Tone::Faint } else { Tone::Plain })
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
