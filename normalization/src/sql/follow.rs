//! Tables that exist already, made to take what the plan has for them.

use crate::columns::SystemColumn;
use crate::kind::ColumnKind;
use crate::names::hash_suffix;
use crate::plan::{Column, ColumnSource, Table};
use crate::sql::tables::{add_column, create_table, rename_column};
use crate::sql::{Dialect, StreamSql, TableName, Targets};

/// A column as the warehouse describes it: name and type.
pub type Described = (String, String);

impl StreamSql<'_> {
    /// Makes the user's tables of `targets` ready: creates those that are not there, and makes the others follow the
    /// plan. `describe` gives the columns of a table that exists.
    ///
    /// Law: no column and no value is dropped. A column of another type than the plan's is renamed to `<name>_<8 hex>`,
    /// and the plan's column is added; a column that the plan does not have stays. System columns keep whatever type
    /// they have: loads cast to it.
    #[must_use]
    pub fn make_ready(
        &self,
        targets: &Targets,
        describe: impl Fn(&TableName) -> Option<Vec<Described>>,
    ) -> Vec<String> {
        let events = targets.events.iter().zip(&self.stream.history);
        self.user_tables(targets)
            .chain(events)
            .flat_map(|(name, table)| match describe(name) {
                None => create_table(self.dialect, name, table, &self.stream.stream),
                Some(existing) => follow(self.dialect, name, table, &existing),
            })
            .collect()
    }
}

fn follow(dialect: &dyn Dialect, name: &TableName, table: &Table, existing: &[Described]) -> Vec<String> {
    let ignores_case = dialect.limits().identifiers.ignores_case;
    let same = |a: &str, b: &str| a == b || (ignores_case && a.to_lowercase() == b.to_lowercase());
    let mut taken: Vec<String> = existing.iter().map(|(name, _)| name.clone()).collect();
    taken.extend(table.columns.iter().map(|column| column.name.clone()));
    let mut statements = Vec::new();
    for column in &table.columns {
        let Some((present, present_type)) = existing.iter().find(|(present, _)| same(present, &column.name)) else {
            statements.extend(add_column(dialect, name, column));
            continue;
        };
        if *present_type == dialect.column_type(column.kind) || !is_replaceable(column) {
            continue;
        }
        let mut retired = format!("{present}_{}", hash_suffix(&[present_type]));
        while taken.iter().any(|taken| same(taken, &retired)) {
            retired = format!("{present}_{}", hash_suffix(&[present_type, &retired]));
        }
        statements.push(rename_column(dialect, name, present, &retired));
        statements.push(format!(
            "COMMENT ON COLUMN {}.{} IS NULL",
            dialect.relation(name),
            dialect.quote(&retired)
        ));
        statements.extend(add_column(dialect, name, column));
        taken.push(retired);
    }
    statements
}

/// The user's columns, and the system columns whose kind is the cursor's.
fn is_replaceable(column: &Column) -> bool {
    match column.source {
        ColumnSource::Property(_) => true,
        ColumnSource::System(system) => matches!(system, SystemColumn::StartAt | SystemColumn::EndAt),
    }
}

/// Never fails to name a kind: what the warehouse calls a column of it.
#[must_use]
pub fn type_of(dialect: &dyn Dialect, kind: ColumnKind) -> String {
    dialect.column_type(kind)
}
