//! The config as it is written: the type from which the spec is derived.
//!
//! Every doc comment here is read by users: it becomes a description in the spec.

use schemars::JsonSchema;
use serde::Deserialize;

use super::loading::Loading;
use super::normalization::Normalization;
use super::postgres::{AirbyteConnection, ConnectionChoice};
use super::secret::Secret;

/// Lands every stream raw, typed and with its nested objects and arrays in tables of their own.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "Alluvium", extend("additionalProperties" = true))]
pub(super) struct Document {
    /// Where the tables go. Not needed with `destination_path`, nor with `host` and the other keys of Airbyte's Postgres
    /// destination.
    #[schemars(title = "Warehouse", extend("order" = 0))]
    pub(super) warehouse: Option<WarehouseChoice>,
    /// The schema of streams that have no namespace. Empty: `public` in Postgres, `main` in DuckDB and MotherDuck.
    #[schemars(title = "Default Schema", extend("order" = 1, "examples" = ["public", "main"]))]
    pub(super) schema: Option<String>,
    /// How records become tables.
    #[serde(default)]
    #[schemars(title = "Normalization", extend("order" = 2))]
    pub(super) normalization: Normalization,
    /// How records are read and loaded.
    #[serde(default)]
    #[schemars(title = "Loading", extend("order" = 3))]
    pub(super) loading: Loading,
    /// As in Airbyte's DuckDB and MotherDuck destinations: path of a DuckDB file, or `md:` and a database name for
    /// MotherDuck; also the URL of a Postgres database (one with a password is a secret and better in `warehouse`, which
    /// hides it). Takes the place of `warehouse`.
    #[schemars(
        title = "Destination path",
        extend(
            "order" = 4,
            "examples" = ["/local/warehouse.duckdb", "md:", "md:analytics", "postgres://loader@db.example.com/analytics"]
        )
    )]
    pub(super) destination_path: Option<String>,
    /// As in Airbyte's DuckDB and MotherDuck destinations: the key for MotherDuck.
    #[schemars(title = "MotherDuck API key", extend("order" = 5))]
    pub(super) motherduck_api_key: Option<Secret>,
    #[serde(flatten)]
    pub(super) airbyte_postgres: AirbyteConnection,
    /// The schema of all raw tables. Empty: each is in the schema of its stream.
    #[schemars(title = "Raw table schema", extend("order" = 40))]
    pub(super) raw_data_schema: Option<String>,
    /// As in Airbyte's destinations: make raw tables only, the same as `normalization.enabled: false`.
    #[schemars(title = "Disable Final Tables", extend("order" = 41, "default" = false))]
    pub(super) disable_type_dedupe: Option<bool>,
    /// Postgres: where a table of ours is dropped, views and whatever else depends on it are dropped with it.
    #[schemars(title = "Drop tables with CASCADE", extend("order" = 42, "default" = false))]
    pub(super) drop_cascade: Option<bool>,
    /// As in Airbyte's Postgres destination. JSON numbers are exact and of any length in Postgres unless
    /// `normalization.number` says otherwise, so this changes nothing.
    #[schemars(title = "Unconstrained numeric columns", extend("order" = 43, "airbyte_hidden" = true))]
    pub(super) unconstrained_number: Option<bool>,
}

/// The warehouse that the tables go to.
#[derive(Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum WarehouseChoice {
    /// A DuckDB database file; it is created when missing.
    #[schemars(title = "DuckDB")]
    Duckdb {
        /// Path of the database file. Where the folder `/local` exists, as in Airbyte's containers, a relative path
        /// is below it.
        #[schemars(title = "Path", extend("order" = 1, "examples" = ["/local/warehouse.duckdb"]))]
        path: String,
    },
    /// A database in MotherDuck.
    #[schemars(title = "MotherDuck")]
    Motherduck {
        /// `md:` and the name of the database; `md:` alone is the default database.
        #[serde(default = "default_motherduck_path")]
        #[schemars(title = "Database", extend("order" = 1, "pattern" = "^(md|motherduck):", "examples" = ["md:analytics"]))]
        path: String,
        /// The key for MotherDuck.
        #[schemars(title = "API key", extend("order" = 2))]
        api_key: Secret,
    },
    /// A Postgres database: its URL, or its parts.
    #[schemars(title = "Postgres")]
    Postgres(Box<ConnectionChoice>),
}

/// MotherDuck's default database.
pub(super) fn default_motherduck_path() -> String {
    "md:".to_owned()
}
