//! Opening a database: where it is, how it is locked, and DuckDB's settings.

use std::path::PathBuf;

use duckdb::{Config, Connection, Error};

use super::describe::literal;
use super::error::classify;
use crate::warehouse::WarehouseError;

/// Name of the user's database inside our DuckDB instance. A file's own name would make `"sales"."t"` ambiguous where
/// `sales.duckdb` has a schema `sales`.
const CATALOG: &str = "alluvium_target";

/// Where a database is and how it is opened.
#[derive(Debug, Clone)]
pub(crate) struct DuckDbOptions {
    /// The file.
    pub(crate) path: PathBuf,
    /// Open for reading only.
    pub(crate) read_only: bool,
    /// DuckDB's own threads.
    pub(crate) threads: usize,
    /// What DuckDB may keep in memory, in bytes.
    pub(crate) memory_limit: u64,
}

impl DuckDbOptions {
    /// A file, with the settings that a load wants.
    pub(crate) fn file(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), read_only: false, threads: 2, memory_limit: 192 << 20 }
    }
}

/// Opens a database.
pub(super) fn open(options: &DuckDbOptions) -> Result<Connection, WarehouseError> {
    let connection = instance(options).map_err(|error| classify("starting DuckDB", &error))?;
    let path = options.path.display().to_string();
    let attach = if options.read_only {
        format!("ATTACH {} AS {CATALOG} (READ_ONLY)", literal(&path))
    } else {
        format!("ATTACH {} AS {CATALOG} (STORAGE_VERSION 'v1.2.0')", literal(&path))
    };
    connection
        .execute_batch(&format!("{attach}; USE {CATALOG}"))
        .map_err(|error| classify(&format!("opening {path}"), &error))?;
    Ok(connection)
}

/// A DuckDB instance without a file, with our settings and our table function.
fn instance(options: &DuckDbOptions) -> Result<Connection, Error> {
    let config = Config::default()
        .enable_autoload_extension(false)?
        .threads(i64::try_from(options.threads).unwrap_or(i64::MAX))?
        .max_memory(&format!("{}B", options.memory_limit))?
        .with("preserve_insertion_order", "false")?;
    let connection = Connection::open_in_memory_with_flags(config)?;
    connection.register_table_function::<super::scan::Batches>(super::scan::FUNCTION)?;
    Ok(connection)
}
