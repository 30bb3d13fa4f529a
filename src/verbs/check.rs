//! `check`: whether a sync would find what it needs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use alluvium_normalization::catalog::StreamName;
use alluvium_normalization::kind::{ColumnKind, ScalarColumn};
use alluvium_normalization::plan::{raw_schema_of, schema_of};
use alluvium_normalization::sql::{INTERNAL_SCHEMA, drop_table};
use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use uuid::Uuid;

use crate::config::Config;
use crate::failure::Failure;
use crate::protocol::writer::{ConnectionStatus, ProtocolWriter};
use crate::warehouse::{self, Access, TableName, Warehouse, WarehouseError, Width};

/// Answers whether a sync would find what it needs. A failed check is an answer, not a failure of the run.
///
/// Law: whatever the answer, the warehouse is as it was before.
pub(crate) fn check(config: &Path, out: &ProtocolWriter) -> Result<(), Failure> {
    let answered = match Config::load(config).and_then(|config| try_out(&config)) {
        Ok(()) => out.connection_status(ConnectionStatus::Succeeded, None),
        Err(failure) => out.connection_status(ConnectionStatus::Failed, Some(&failure.chain().to_string())),
    };
    answered.map_err(Failure::output)
}

/// Does what a sync does, and takes it back.
fn try_out(config: &Config) -> Result<(), Failure> {
    // A file that is not there yet is what a first sync creates. Trying with a file of its own beside it, the check
    // never creates, holds or removes the one that a sync may create in the same moment.
    let missing = config.warehouse.file().filter(|file| matches!(file.try_exists(), Ok(false)));
    let scratch = missing.map(ScratchFile::beside);
    let warehouse = match &scratch {
        Some(scratch) => config.warehouse.in_file(scratch.0.clone()),
        None => config.warehouse.clone(),
    };
    let tried = warehouse::connect(&warehouse, Access::Write(Width::default())).map_err(Failure::from).and_then(
        |mut warehouse| {
            let unnamed = StreamName { namespace: None, name: String::new() };
            let (options, limits) = (config.options(), warehouse.dialect().limits());
            let mut schemas = Vec::new();
            schemas.extend(options.typed.then(|| schema_of(&unnamed, &options, limits)));
            schemas.extend(options.raw.then(|| raw_schema_of(&unnamed, &options, limits)));
            schemas.push(INTERNAL_SCHEMA.to_owned());
            schemas.dedup();
            try_schemas(warehouse.as_mut(), &schemas)
        },
    );
    match (scratch, config.warehouse.file()) {
        // the user knows the file by its own name
        (Some(scratch), Some(file)) => tried.map_err(|failure| {
            let message = failure.message.replace(&*scratch.0.to_string_lossy(), &file.to_string_lossy());
            Failure { message, ..failure }
        }),
        _ => tried,
    }
}

/// Tries each schema, in a transaction that is dropped.
fn try_schemas(warehouse: &mut dyn Warehouse, schemas: &[String]) -> Result<(), Failure> {
    warehouse.begin()?;
    let tried = schemas.iter().try_for_each(|schema| {
        try_schema(warehouse, schema).map_err(|error| {
            let failure = Failure::from(error);
            Failure::new(failure.kind, format!("the schema `{schema}` can't be written: {failure}"))
        })
    });
    let rolled_back = warehouse.rollback();
    tried.and(rolled_back.map_err(Failure::from))
}

/// Creates a table in a schema, loads a row, reads it and drops the table.
fn try_schema(warehouse: &mut dyn Warehouse, schema: &str) -> Result<(), WarehouseError> {
    const COLUMN: &str = "checked";
    let name = format!("_airbyte_check_{}", Uuid::new_v4().simple());
    let table = TableName { schema: schema.to_owned(), name };
    let dialect = warehouse.dialect();
    let relation = dialect.relation(&table);
    let whole = dialect.column_type(ColumnKind::Scalar(ScalarColumn::Integer));
    let create_table = format!("CREATE TABLE {relation} ({} {whole})", dialect.quote(COLUMN));
    let (create_schema, drop) = (dialect.create_schema(schema), drop_table(dialect, &table));

    warehouse.execute(&create_schema)?;
    warehouse.execute(&create_table)?;
    let fields = Schema::new(vec![Field::new(COLUMN, DataType::Int64, true)]);
    let row = RecordBatch::try_new(Arc::new(fields), vec![Arc::new(Int64Array::from(vec![1]))])
        .map_err(|error| WarehouseError::Statement { doing: "making a row".to_owned(), message: error.to_string() })?;
    warehouse.load(&table, &[row])?;
    let found = warehouse.query(&format!("SELECT * FROM {relation}"))?;
    if found.rows != [[Some("1".to_owned())]] {
        let (doing, message) = ("reading what was written".to_owned(), "it is not there".to_owned());
        return Err(WarehouseError::Statement { doing, message });
    }
    warehouse.execute(&drop)?;
    Ok(())
}

/// A file of its own for the check, gone with it.
struct ScratchFile(PathBuf);

impl ScratchFile {
    /// In the folder that `file` is or would be in, or the nearest one above that exists: a sync creates those below.
    fn beside(file: &Path) -> Self {
        let exists = |folder: &&Path| folder.as_os_str().is_empty() || folder.exists();
        let folder = file.ancestors().skip(1).find(exists).unwrap_or_else(|| Path::new(""));
        Self(folder.join(format!(".alluvium-check-{}.duckdb", Uuid::new_v4().simple())))
    }
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        let mut log = self.0.clone().into_os_string();
        log.push(".wal");
        for file in [self.0.as_path(), Path::new(&log)] {
            // Most often the log is not there.
            let _ = std::fs::remove_file(file);
        }
    }
}
