//! Which tables are shown, in which order.

use std::collections::BTreeSet;

use alluvium_normalization::catalog::StreamName;
use alluvium_normalization::plan::schema_of;
use alluvium_normalization::sql::{Dialect, INTERNAL_SCHEMA};

use crate::config::Config;
use crate::failure::Failure;
use crate::warehouse::{ExistingTable, Warehouse};

/// The schema of streams that have no namespace.
pub(super) fn home_schema(config: &Config, dialect: &dyn Dialect) -> String {
    schema_of(&StreamName { namespace: None, name: String::new() }, &config.options(), dialect.limits())
}

/// The tables of the home schema and of every other schema that holds a table of ours: the home schema first, streams by
/// name, parents before children, raw tables after what was made from them, tables of others last.
pub(super) fn shown_tables(warehouse: &mut dyn Warehouse, home: &str) -> Result<Vec<ExistingTable>, Failure> {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::Place;
    use crate::warehouse::{ExistingTable, TableName};

    fn place(comment: Option<&str>) -> Option<Place> {
        let name = TableName { schema: "main".to_owned(), name: "t".to_owned() };
        Place::of(&ExistingTable {
            name,
            comment: comment.map(str::to_owned),
            columns: Vec::new(),
            ignores_case: false,
        })
    }

    #[test]
    fn parents_come_before_children_and_raw_tables_after_both() {
        let mut places: Vec<_> = [
            r#"["raw","orders"]"#,
            r#"["child","orders","items","tax"]"#,
            r#"["raw","a"]"#,
            r#"["history","orders"]"#,
            r#"["child","orders","items"]"#,
            r#"["stream","orders"]"#,
            r#"["stream","a"]"#,
        ]
        .into_iter()
        .map(|comment| (place(Some(comment)).unwrap(), comment))
        .collect();
        places.sort_by(|left, right| left.0.cmp(&right.0));
        let comments: Vec<_> = places.iter().map(|(_, comment)| *comment).collect();
        assert_eq!(
            comments,
            [
                r#"["stream","a"]"#,
                r#"["raw","a"]"#,
                r#"["stream","orders"]"#,
                r#"["child","orders","items"]"#,
                r#"["child","orders","items","tax"]"#,
                r#"["history","orders"]"#,
                r#"["raw","orders"]"#,
            ]
        );
    }

    #[test]
    fn a_comment_of_somebody_else_makes_no_table_ours() {
        for comment in [None, Some("orders"), Some(r#"["seen","by","me"]"#), Some("[1]"), Some(r#"["stream"]"#)] {
            assert!(place(comment).is_none(), "{comment:?}");
        }
    }
}
