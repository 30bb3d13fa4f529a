//! The warehouse that the tables go to: from what the config says to what is opened.

use std::path::{Component, Path, PathBuf};

use super::document::{Document, WarehouseChoice, default_motherduck_path};
use super::postgres::{self, Postgres};
use super::secret::Secret;

/// Where Airbyte's containers mount the folder that outlives them.
pub(super) const LOCAL_MOUNT: &str = "/local";

/// The warehouse that the tables go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Warehouse {
    /// A DuckDB database file.
    DuckDb {
        /// The file, resolved.
        path: PathBuf,
    },
    /// A database in MotherDuck.
    MotherDuck {
        /// `md:` and the name of the database.
        path: String,
        /// The key. Without one MotherDuck's own client looks for it (the environment's `motherduck_token`).
        api_key: Option<Secret>,
    },
    /// A Postgres database.
    Postgres(Box<Postgres>),
}

impl Warehouse {
    /// The file that it is, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::DuckDb { path } => Some(path),
            Self::MotherDuck { .. } | Self::Postgres(_) => None,
        }
    }

    /// The same in another file, if it is one.
    pub(crate) fn in_file(&self, path: PathBuf) -> Self {
        match self {
            Self::DuckDb { .. } => Self::DuckDb { path },
            Self::MotherDuck { .. } | Self::Postgres(_) => self.clone(),
        }
    }

    /// The schema of streams that have no namespace, unless the user says otherwise.
    pub(super) fn default_schema(&self) -> &'static str {
        match self {
            Self::DuckDb { .. } | Self::MotherDuck { .. } => "main",
            Self::Postgres(_) => postgres::DEFAULT_SCHEMA,
        }
    }

    /// The warehouse that the document names, in its own way or in that of Airbyte's DuckDB, MotherDuck and Postgres
    /// destinations. The errors are mistakes with their paths.
    ///
    /// `local_mount` is the folder that relative paths are below, where there is one.
    pub(super) fn of(document: &mut Document, local_mount: Option<&Path>) -> Result<Self, Vec<String>> {
        let choice = document.warehouse.take();
        let flat_path = document.destination_path.take().filter(|path| !path.is_empty());
        let flat_key = document.motherduck_api_key.take().filter(|key| !key.expose().is_empty());
        let flat_postgres = std::mem::take(&mut document.airbyte_postgres);
        let given = flat_postgres.given();

        let mut forms = Vec::new();
        forms.extend(choice.as_ref().map(|_| "warehouse".to_owned()));
        forms.extend(flat_path.as_ref().map(|_| "destination_path".to_owned()));
        if !given.is_empty() {
            // this key goes with the two forms above
            forms.extend(flat_key.as_ref().map(|_| "motherduck_api_key".to_owned()));
            forms.push(given.join(", "));
        }
        if let [one, others @ ..] = forms.as_slice()
            && !others.is_empty()
        {
            let others = others.join(", ");
            return Err(vec![format!(
                "{others}: not together with {one}, which says the same; remove the one or the other"
            )]);
        }

        let one = |mistake: String| vec![mistake];
        let mut warehouse = match (choice, flat_path) {
            (Some(WarehouseChoice::Duckdb { path }), _) => {
                Self::duckdb(&path, "warehouse.path", local_mount).map_err(one)?
            }
            (Some(WarehouseChoice::Motherduck { path, api_key }), _) => {
                Self::MotherDuck { path: motherduck_path(&path), api_key: Some(api_key) }
            }
            (Some(WarehouseChoice::Postgres(connection)), _) => Self::Postgres(Box::new(connection.resolve()?)),
            (None, Some(path)) if is_motherduck(&path) => {
                Self::MotherDuck { path: motherduck_path(&path), api_key: flat_key }
            }
            (None, Some(path)) if postgres::is_database_url(&path) => {
                Self::Postgres(Box::new(postgres::resolve_url(&path, "destination_path")?))
            }
            (None, Some(path)) => Self::duckdb(&path, "destination_path", local_mount).map_err(one)?,
            (None, None) if !given.is_empty() => Self::Postgres(Box::new(flat_postgres.resolve()?)),
            (None, None) if flat_key.is_some() => {
                Self::MotherDuck { path: default_motherduck_path(), api_key: flat_key }
            }
            (None, None) => {
                return Err(vec![
                    "warehouse: missing; set it, or `destination_path` to the path of a DuckDB file, or `host`, \
                     `database` and `username` of a Postgres database"
                        .to_owned(),
                ]);
            }
        };
        if let Self::Postgres(postgres) = &mut warehouse {
            postgres.drop_cascade = document.drop_cascade == Some(true);
        }
        Ok(warehouse)
    }

    fn duckdb(path: &str, key: &str, local_mount: Option<&Path>) -> Result<Self, String> {
        if path.contains("://") || path.starts_with("postgres:") || path.starts_with("postgresql:") {
            // it may hold a password, so it must not become the name of a file
            return Err(format!(
                "{key}: expected the path of a DuckDB file, not a URL (that of a Postgres database begins with \
                 `postgres://`, in `destination_path` or in `warehouse.url`)"
            ));
        }
        if path.is_empty() {
            return Err(format!("{key}: expected the path of a DuckDB file, not an empty string"));
        }
        if path.contains('\0') {
            return Err(format!("{key}: expected the path of a DuckDB file, which can't hold the character U+0000"));
        }
        if path == ":memory:" {
            return Err(format!("{key}: a database in memory would be gone after the sync; give a file"));
        }
        if is_motherduck(path) {
            return Err(format!("{key}: a MotherDuck database; choose the warehouse type motherduck"));
        }
        let path = Path::new(path);
        match local_mount {
            Some(mount) if path.is_relative() => match below(mount, path) {
                Some(path) if leads_out(mount, &path) => {
                    Err(format!("{key}: a symbolic link leads out of {}, where relative paths are", mount.display()))
                }
                Some(path) => Ok(Self::DuckDb { path }),
                None => Err(format!("{key}: leaves {}, where relative paths are", mount.display())),
            },
            _ => Ok(Self::DuckDb { path: path.to_owned() }),
        }
    }
}

fn is_motherduck(path: &str) -> bool {
    path.starts_with("md:") || path.starts_with("motherduck:")
}

fn motherduck_path(path: &str) -> String {
    path.strip_prefix("motherduck:").map_or_else(|| path.to_owned(), |database| format!("md:{database}"))
}

/// Whether what there is of `path`, which is below `root`, is a symbolic link to somewhere else, or to nothing.
fn leads_out(root: &Path, path: &Path) -> bool {
    let exists = |path: &&Path| path.symlink_metadata().is_ok();
    let Some(nearest) = path.ancestors().take_while(|path| *path != root).find(exists) else { return false };
    match (root.canonicalize(), nearest.canonicalize()) {
        (Ok(root), Ok(nearest)) => !nearest.starts_with(root),
        _ => true,
    }
}

/// `path` below `root`, without `.` and `..`; `None` if it leaves the root.
fn below(root: &Path, path: &Path) -> Option<PathBuf> {
    let mut kept = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => kept.push(name),
            Component::ParentDir => drop(kept.pop()?),
            _ => {}
        }
    }
    Some(root.iter().chain(kept).collect())
}
