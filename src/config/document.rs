//! The config as it is written: the type from which the spec is derived.
//!
//! Every doc comment here is read by users: it becomes a description in the spec.

use schemars::JsonSchema;
use serde::Deserialize;

use super::loading::Loading;
use super::normalization::Normalization;
use super::secret::Secret;

/// Lands every stream raw, typed and with its nested objects and arrays in tables of their own.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(title = "Alluvium", extend("additionalProperties" = true))]
pub(super) struct Document {
    /// Where the tables go. Not needed with `destination_path`.
    #[schemars(title = "Warehouse", extend("order" = 0))]
    pub(super) warehouse: Option<WarehouseChoice>,
    /// The schema of streams that have no namespace.
    #[serde(default = "default_schema")]
    #[schemars(title = "Default schema", extend("order" = 1, "examples" = ["main"]))]
    pub(super) schema: String,
    /// How records become tables.
    #[serde(default)]
    #[schemars(title = "Normalization", extend("order" = 2))]
    pub(super) normalization: Normalization,
    /// How records are read and loaded.
    #[serde(default)]
    #[schemars(title = "Loading", extend("order" = 3))]
    pub(super) loading: Loading,
    /// As in Airbyte's DuckDB and MotherDuck destinations: path of a DuckDB file, or `md:` and a database name for
    /// MotherDuck. Takes the place of `warehouse`.
    #[schemars(
        title = "Destination path",
        extend("order" = 4, "examples" = ["/local/warehouse.duckdb", "md:", "md:analytics"])
    )]
    pub(super) destination_path: Option<String>,
    /// As in Airbyte's DuckDB and MotherDuck destinations: the key for MotherDuck.
    #[schemars(title = "MotherDuck API key", extend("order" = 5))]
    pub(super) motherduck_api_key: Option<Secret>,
}

/// The warehouse that the tables go to.
#[derive(Debug, Deserialize, JsonSchema)]
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
}

/// DuckDB's own default schema.
pub(super) fn default_schema() -> String {
    "main".to_owned()
}

/// MotherDuck's default database.
pub(super) fn default_motherduck_path() -> String {
    "md:".to_owned()
}
