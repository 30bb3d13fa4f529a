//! Tables that exist already, made to take what the plan has for them.

use crate::columns::SystemColumn;
use crate::names::{Candidate, Naming, assign};
use crate::plan::{Column, ColumnSource};
use crate::sql::tables::{add_column, create_schema, create_table, rename_column};
use crate::sql::{Dialect, StreamSql, TableName, Targets};

/// A column as the warehouse describes it: name and type.
pub type Described = (String, String);

impl StreamSql<'_> {
    /// Makes the tables of `targets` ready: creates those that are not there, and makes the others follow the plan.
    /// `describe` gives the columns of a table that exists. The internal schema comes from
    /// [`bookkeeping::create_all`](crate::sql::bookkeeping::create_all).
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
        let mut statements = vec![create_schema(self.dialect, &self.stream.schema)];
        for (name, table) in self.user_tables(targets) {
            statements.extend(match describe(name) {
                None => create_table(self.dialect, name, table, &self.stream.stream),
                Some(existing) => follow(self.dialect, name, &table.columns, &existing),
            });
        }
        statements.extend(self.create_bookkeeping("TABLE IF NOT EXISTS", targets));
        let events = targets.events.iter().zip(&self.stream.history);
        let events = events.map(|(name, history)| (name, history.columns.clone()));
        let keys = targets.keys.iter().zip(self.keyed());
        let keys = keys.map(|(name, (root, dedup))| {
            let fields = self.key_fields(root, dedup);
            let columns = fields.all().map(|field| Column {
                name: field.name.clone(),
                source: ColumnSource::System(SystemColumn::Cursor),
                kind: field.kind,
            });
            (name, columns.collect())
        });
        for (name, columns) in events.chain(keys) {
            if let Some(existing) = describe(name) {
                statements.extend(follow(self.dialect, name, &columns, &existing));
            }
        }
        statements
    }
}

fn follow(dialect: &dyn Dialect, name: &TableName, columns: &[Column], existing: &[Described]) -> Vec<String> {
    let ignores_case = dialect.limits().identifiers.ignores_case;
    let same = |a: &str, b: &str| a == b || (ignores_case && a.to_lowercase() == b.to_lowercase());
    let mut taken: Vec<String> = existing.iter().map(|(name, _)| name.clone()).collect();
    taken.extend(columns.iter().map(|column| column.name.clone()));
    let mut statements = Vec::new();
    for column in columns {
        let Some((present, present_type)) = existing.iter().find(|(present, _)| same(present, &column.name)) else {
            statements.extend(add_column(dialect, name, column));
            continue;
        };
        if *present_type == dialect.column_type(column.kind) || !is_replaceable(column) {
            continue;
        }
        let retired = retired_name(dialect, (present, present_type), &taken);
        statements.push(rename_column(dialect, name, present, &retired));
        statements.push(format!("COMMENT ON COLUMN {}.{} IS NULL", dialect.relation(name), dialect.quote(&retired)));
        statements.extend(add_column(dialect, name, column));
        taken.push(retired);
    }
    statements
}

/// The user's columns, and the system columns whose kind is the cursor's.
fn is_replaceable(column: &Column) -> bool {
    match column.source {
        ColumnSource::Property(_) => true,
        ColumnSource::System(system) => {
            matches!(system, SystemColumn::StartAt | SystemColumn::EndAt | SystemColumn::Cursor)
        }
    }
}

/// `<name>_<8 hex>`, in nobody's way.
fn retired_name(dialect: &dyn Dialect, (column, column_type): (&str, &str), taken: &[String]) -> String {
    let candidate = |name: &str, fixed: bool| Candidate {
        path: vec![name.to_owned(), column_type.to_owned()],
        name: name.to_owned(),
        rank: 0,
        kept: None,
        fixed,
    };
    let mut candidates = vec![candidate(column, false)];
    candidates.extend(taken.iter().map(|name| candidate(name, true)));
    assign(Naming::Exact, &dialect.limits().identifiers, &candidates).swap_remove(0)
}
