//! Opening a database: where it is, who else holds it, and DuckDB's settings.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use duckdb::{Config, Connection, Error};

use super::error::{self, Place};
use super::grouping::Grouping;
use super::memory::WORKING;
use super::text::literal;
use super::{scan, torn_log};
use crate::config::Secret;
use crate::warehouse::{WarehouseError, Width, system_reason};

/// Name of the user's database inside our DuckDB instance. By its file's name, `"sales"."t"` would be ambiguous where
/// `sales.duckdb` has a schema `sales`.
const CATALOG: &str = "alluvium_target";

/// Schemas that a name of two parts can't reach, because DuckDB or we have given the name away.
const TAKEN_SCHEMAS: &[&str] = &["temp", "system", "pg_catalog", "information_schema", CATALOG];

/// The format that new files are written in: the oldest that has the compression we rely on, and readable by the DuckDB
/// that has long-term support. Without it DuckDB 1.5 writes the format of 0.10, which takes a fifth more memory to write.
pub(super) const STORAGE_VERSION: &str = "v1.4.0";

/// Pauses between attempts at a locked file: the first, and the longest.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// A file.
    File(PathBuf),
    /// Nowhere: empty, and gone with the connection.
    Memory,
    /// A database in MotherDuck.
    MotherDuck {
        /// `md:` and the name of the database.
        path: String,
        /// The key; without one MotherDuck's client looks for it in the environment.
        token: Option<Secret>,
    },
}

/// Where a database is and how it is opened.
#[derive(Debug, Clone)]
pub(crate) struct DuckDbOptions {
    /// Where it is.
    pub(crate) location: Location,
    /// Open for reading only; the file must exist.
    pub(crate) read_only: bool,
    /// How long to wait for another process that holds the file.
    pub(crate) lock_wait: Duration,
    /// DuckDB's threads, the calling one included.
    pub(crate) threads: usize,
    /// What DuckDB may keep in memory, in bytes; what is over goes to temporary files.
    pub(crate) memory_limit: u64,
    /// Row groups and loads.
    pub(crate) grouping: Grouping,
}

impl DuckDbOptions {
    /// The settings that a load wants on this machine.
    pub(crate) fn new(location: Location) -> Self {
        let threads = threads(thread::available_parallelism().map_or(1, usize::from));
        Self {
            location,
            read_only: false,
            lock_wait: Duration::from_secs(30),
            threads,
            // more makes no load faster: row groups are written as they fill
            memory_limit: (2 + threads as u64) << 22,
            grouping: Grouping::of(Width::default()),
        }
    }

    /// What errors call the database.
    pub(super) fn place(&self) -> Place {
        match &self.location {
            Location::File(path) => Place::new(path.display().to_string(), None),
            Location::Memory => Place::new("a database in memory".to_owned(), None),
            Location::MotherDuck { path, token } => {
                Place::new(path.clone(), token.as_ref().map(|token| token.expose().to_owned()))
            }
        }
    }
}

/// DuckDB's threads on a machine with this many cores.
///
/// Two make a load a quarter faster on two cores, although they share them with the thread that makes batches. With more
/// cores the others are left to those threads: a thread of DuckDB that waits for another one spins.
fn threads(cores: usize) -> usize {
    (cores / 2).clamp(2, 4).min(cores)
}

/// Refuses schemas whose tables could not be named.
pub(super) fn refuse_taken(schemas: &[String]) -> Result<(), WarehouseError> {
    match schemas.iter().find(|schema| TAKEN_SCHEMAS.iter().any(|taken| schema.eq_ignore_ascii_case(taken))) {
        Some(schema) => Err(WarehouseError::Config(format!(
            "DuckDB keeps the name `{schema}` for itself: no schema (the setting `schema`, or a stream's namespace) can have it"
        ))),
        None => Ok(()),
    }
}

/// Opens a database, creating the file and its directories where they are missing.
pub(super) fn open(options: &DuckDbOptions) -> Result<Connection, WarehouseError> {
    let place = options.place();
    let refused = |error: &Error| match place.explain("opening the database", error) {
        WarehouseError::Statement { message, .. } => {
            WarehouseError::Config(format!("{} can't be opened: {message}", place.name()))
        }
        explained => explained,
    };
    match &options.location {
        Location::File(path) => {
            let path = usable(path, options.read_only)?;
            let connection = instance(options, Some(&path)).map_err(|error| refused(&error))?;
            attach(&connection, &path, options).map_err(|error| refused(&error))?;
            Ok(connection)
        }
        Location::Memory => {
            let connection = instance(options, None).map_err(|error| refused(&error))?;
            let row_group = options.grouping.row_group;
            let attach = format!(
                "ATTACH ':memory:' AS {CATALOG} (STORAGE_VERSION '{STORAGE_VERSION}', ROW_GROUP_SIZE {row_group})"
            );
            let attached = connection.execute_batch(&attach).and_then(|()| use_alone(&connection));
            attached.map_err(|error| refused(&error))?;
            Ok(connection)
        }
        Location::MotherDuck { path, token } => {
            motherduck(path, token.as_ref(), options).map_err(|error| refused(&error))
        }
    }
}

/// The path as DuckDB takes it for a file whatever it looks like, with its directories.
fn usable(path: &Path, read_only: bool) -> Result<PathBuf, WarehouseError> {
    let refused = |reason: String| WarehouseError::Config(format!("{} can't be opened: {reason}", path.display()));
    let text = path.to_str().ok_or_else(|| refused("the path is not Unicode".to_owned()))?;
    if text.contains("://") {
        return Err(refused("it is not the path of a file on this machine".to_owned()));
    }
    // An absolute path has no prefix like `sqlite:` or `md:` for DuckDB to see.
    let absolute = std::path::absolute(path).map_err(|error| refused(error.to_string()))?;
    if let Some(directory) = absolute.parent()
        && !read_only
    {
        fs::create_dir_all(directory).map_err(|error| {
            refused(format!("the directory {} can't be created: {}", directory.display(), system_reason(&error)))
        })?;
    }
    Ok(absolute)
}

/// A DuckDB instance with our settings and our table function, and no database of its own beside the user's.
fn instance(options: &DuckDbOptions, beside: Option<&Path>) -> Result<Connection, Error> {
    // Nothing is downloaded and nothing is loaded from a home directory: what runs is what was shipped.
    let mut config = Config::default()
        .enable_autoload_extension(false)?
        .threads(i64::try_from(options.threads).unwrap_or(i64::MAX))?
        .max_memory(&format!("{}B", options.memory_limit + WORKING))?;
    if let Some(file) = beside {
        config = config.with("temp_directory", format!("{}.tmp", file.display()))?;
    }
    let connection = Connection::open_in_memory_with_flags(config)?;
    prepare(&connection)?;
    Ok(connection)
}

/// Session settings and the table function.
fn prepare(connection: &Connection) -> Result<(), Error> {
    connection.register_table_function::<scan::Batches>(scan::FUNCTION)?;
    // Order is nobody's promise here, and keeping it would hold back rows in memory.
    // A checkpoint would otherwise rewrite row groups that it could pack a little tighter: after a load of 1 M rows
    // 2.6 s of CPU and twice the file, for 2 % fewer row groups.
    // A commit that makes a checkpoint writes no log first.
    connection.execute_batch(
        "SET preserve_insertion_order = false; SET max_vacuum_tasks = 0; SET write_buffer_row_group_count = 1; \
         SET auto_checkpoint_skip_wal_threshold = 0",
    )?;
    // Timestamps as text are UTC whatever the machine's zone. The setting belongs to ICU; without ICU it is always UTC.
    let has_zones: bool =
        connection
            .query_row("SELECT count(*) > 0 FROM duckdb_settings() WHERE name = 'TimeZone'", [], |row| row.get(0))?;
    if has_zones { connection.execute_batch("SET TimeZone = 'UTC'") } else { Ok(()) }
}

/// Attaches the file as the only database, waiting for a process that holds it.
fn attach(connection: &Connection, path: &Path, options: &DuckDbOptions) -> Result<(), Error> {
    let mut attributes = vec!["TYPE duckdb".to_owned(), format!("ROW_GROUP_SIZE {}", options.grouping.row_group)];
    if options.read_only {
        attributes.push("READ_ONLY".to_owned());
    } else if !path.exists() {
        // Said of an existing file it would raise that file's version, and lock out who reads it with an older DuckDB.
        attributes.push(format!("STORAGE_VERSION '{STORAGE_VERSION}'"));
    }
    let text = path.to_string_lossy();
    let attach = format!("ATTACH {} AS {CATALOG} ({})", literal(&text), attributes.join(", "));
    let logs = logs(&text);
    let deadline = Instant::now() + options.lock_wait;
    let mut pause = SHORTEST_PAUSE;
    loop {
        if !options.read_only {
            torn_log::mend(path, Path::new(&logs[0])).map_err(|error| io_error(&error))?;
        }
        let Err(refusal) = connection.execute_batch(&attach) else { break };
        if !error::is_locked(&refusal) || Instant::now() + pause > deadline {
            return Err(refusal);
        }
        if pause == SHORTEST_PAUSE {
            let reason = options.place().explain("opening the database", &refusal);
            tracing::warn!(%reason, wait_s = options.lock_wait.as_secs(), "waiting for another process");
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    let logs = logs.map(|log| literal(&log)).join(", ");
    connection.execute_batch(&format!("SET allowed_paths = [{logs}]"))?;
    use_alone(connection)
}

/// An error of ours as DuckDB would tell it.
fn io_error(error: &io::Error) -> Error {
    Error::DuckDBFailure(duckdb::ffi::Error::new(duckdb::ffi::DuckDBError), Some(format!("IO Error: {error}")))
}

/// The write-ahead logs of a file, the one that commits go to first: DuckDB takes a question mark for the beginning of something that is not the path's.
fn logs(path: &str) -> [String; 3] {
    let (path, rest) = path.split_at(path.find('?').unwrap_or(path.len()));
    [".wal", ".checkpoint.wal", ".recovery.wal"].map(|ending| format!("{path}{ending}{rest}"))
}

/// Makes the attached database the only one: without the instance's own a schema may be called `memory`.
///
/// From then on no statement reaches a file but the database's own and the temporary ones: a database may have come from
/// anybody, with a view that reads a file of this machine where a table is expected.
fn use_alone(connection: &Connection) -> Result<(), Error> {
    connection.execute_batch(&format!("USE {CATALOG}; DETACH memory; SET enable_external_access = false"))
}

/// Whether the database's format has zstd: 1.2 and later. Of a database that does not say (MotherDuck) no is assumed.
pub(super) fn has_zstd(connection: &Connection) -> bool {
    let version = "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = current_database()";
    let version: Result<String, _> = connection.query_row(version, [], |row| row.get(0));
    let numbers = version.ok().and_then(|version| {
        let mut numbers = version.strip_prefix('v')?.split('.').map(|part| part.parse::<u32>().ok());
        Some((numbers.next()??, numbers.next()??))
    });
    numbers.is_some_and(|numbers| numbers >= (1, 2))
}

/// Opens a database in MotherDuck, whose client is an extension that DuckDB fetches.
fn motherduck(path: &str, token: Option<&Secret>, options: &DuckDbOptions) -> Result<Connection, Error> {
    let mut config = Config::default()
        .enable_autoload_extension(true)?
        .threads(i64::try_from(options.threads).unwrap_or(i64::MAX))?
        .custom_user_agent("alluvium")?;
    if let Some(token) = token {
        config = config.with("motherduck_token", token.expose())?;
    }
    let connection = Connection::open_with_flags(path, config)?;
    prepare(&connection)?;
    Ok(connection)
}
