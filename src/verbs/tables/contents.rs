//! The rows of one table, as they are shown.

use alluvium_normalization::kind::ColumnKind;
use alluvium_normalization::sql::Dialect;

use crate::terminal::style::Tone;
use crate::terminal::table::{Cell, Side, Table};
use crate::terminal::text::cut;
use crate::warehouse::{ExistingColumn, ExistingTable, Warehouse, WarehouseError, count as count_rows};

/// No more characters of a value are asked for: whatever one holds, it takes little memory here.
const LONGEST_VALUE: usize = 200;

/// What a table holds: all in number, some to look at.
pub(super) struct Contents<'a> {
    pub(super) count: u64,
    pub(super) columns: Vec<&'a ExistingColumn>,
    pub(super) rows: Vec<Vec<Option<String>>>,
}

impl<'a> Contents<'a> {
    pub(super) fn read(
        warehouse: &mut dyn Warehouse,
        table: &'a ExistingTable,
        limit: usize,
    ) -> Result<Self, WarehouseError> {
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
        let count = count_rows(warehouse, &format!("SELECT count(*) FROM {relation}"))?;
        let rows = if columns.is_empty() || limit == 0 { Vec::new() } else { warehouse.query(&rows)?.rows };
        Ok(Self { count, columns, rows })
    }

    /// All columns in their order; `brief`: those that say most come first, and ids are cut.
    pub(super) fn table(&self, brief: bool) -> Table {
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

#[cfg(test)]
mod tests {
    use super::{Side, side};

    #[test]
    fn only_numbers_stand_on_the_right() {
        for (sql_type, expected) in [
            ("BIGINT", Side::Right),
            ("numeric", Side::Right),
            ("DECIMAL(38,9)", Side::Right),
            ("double precision", Side::Right),
            ("BIGINT[]", Side::Left),
            ("VARCHAR", Side::Left),
            ("TIMESTAMP WITH TIME ZONE", Side::Left),
        ] {
            assert_eq!(side(sql_type), expected, "{sql_type}");
        }
    }
}
