//! Postgres's errors as a person reads them.

use std::error::Error as _;

use super::copy::CopyError;
use crate::config;
use crate::warehouse::{TableName, WarehouseError};

/// What errors call a database.
#[derive(Debug, Clone)]
pub(super) struct Place {
    name: String,
}

impl Place {
    pub(super) fn of(config: &config::Postgres) -> Self {
        Self { name: format!("Postgres at {}:{}/{}", config.host, config.port, config.database) }
    }

    /// What an error means that came while doing something.
    pub(super) fn explain(&self, doing: &str, error: &tokio_postgres::Error) -> WarehouseError {
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        WarehouseError::Statement { doing: format!("{}: {doing}", self.name), message: format!("{error}{cause}") }
    }

    /// The same for an error that came while appending rows.
    pub(super) fn explain_copy(&self, table: &TableName, error: CopyError) -> WarehouseError {
        let doing = format!("loading {}.{}", table.schema, table.name);
        match error {
            CopyError::Server(error) => self.explain(&doing, &error),
            error => WarehouseError::Statement { doing, message: error.to_string() },
        }
    }
}

/// What a statement is for, without its values: its first words.
pub(super) fn purpose(sql: &str) -> String {
    sql.split(['\n', '(']).next().unwrap_or_default().trim().to_owned()
}
