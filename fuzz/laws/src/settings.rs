//! Options and warehouses that laws are tried with.

use alluvium_normalization::names::Naming;
use alluvium_normalization::plan::{ArrayStorage, NumberStorage, ObjectStorage, Options, ScalarArrayStorage};
use alluvium_normalization::sql::Dialect;
use alluvium_normalization::sql::duckdb::DuckDb;
use alluvium_normalization::sql::postgres::Postgres;

/// A warehouse with options: few that together have every option at each of its values.
pub(crate) fn all() -> Vec<(Box<dyn Dialect>, Options)> {
    vec![
        (Box::new(DuckDb::default()), Options { history: true, ..Options::default() }),
        (
            Box::new(Postgres::default()),
            Options { scalar_arrays: ScalarArrayStorage::List, keep_nested_json: true, ..Options::default() },
        ),
        (
            Box::new(DuckDb::default()),
            Options {
                naming: Naming::Exact,
                objects: ObjectStorage::Flatten,
                number: NumberStorage::Decimal,
                scalar_arrays: ScalarArrayStorage::List,
                additional_properties: true,
                ..Options::default()
            },
        ),
        (
            Box::new(Postgres::default()),
            Options {
                naming: Naming::Basic,
                objects: ObjectStorage::Flatten,
                number: NumberStorage::Double,
                max_depth: Some(2),
                raw_schema: Some("raw".to_owned()),
                history: true,
                ..Options::default()
            },
        ),
        (
            Box::new(Postgres::default()),
            Options {
                scalar_arrays: ScalarArrayStorage::Json,
                objects: ObjectStorage::Json,
                arrays: ArrayStorage::Json,
                additional_properties: true,
                ..Options::default()
            },
        ),
    ]
}
