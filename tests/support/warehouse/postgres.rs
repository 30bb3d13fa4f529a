//! A database of Postgres's.

use std::path::Path;
use std::time::Duration;

use postgres::{Client, SimpleQueryMessage};
use serde_json::Value;

use super::{Rows, Table, TestWarehouse, declared, quoted};
use crate::cluster::Database;

/// A database of Postgres's.
pub(crate) struct Postgres {
    database: Database,
}

impl TestWarehouse for Postgres {
    fn new(_: &Path) -> Self {
        Self::of(Database::new())
    }

    fn copy(&self, _: &Path) -> Box<dyn TestWarehouse> {
        Box::new(Self::of(self.database.copy()))
    }

    fn name() -> &'static str {
        "postgres"
    }

    fn config(&self, schema: &str) -> Value {
        self.database.config(schema)
    }

    fn tables(&self) -> Vec<Table> {
        let mut client = self.connect();
        let mut tables = declared(rows(
            &mut client,
            "SELECT nspname, relname, obj_description(c.oid, 'pg_class'), \
             attname, format_type(atttypid, atttypmod), col_description(c.oid, attnum) \
             FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace JOIN pg_attribute ON attrelid = c.oid \
             WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema', '_airbyte_internal') \
             AND attnum > 0 AND NOT attisdropped ORDER BY nspname, relname, attnum",
        ));
        for table in &mut tables {
            // The cast spells booleans as DuckDB does.
            let columns = table.columns.iter().map(|column| format!("{}::text", quoted(&column.name)));
            let columns = columns.collect::<Vec<_>>().join(", ");
            let query = format!("SELECT {columns} FROM {}.{}", quoted(&table.schema), quoted(&table.name));
            table.rows = rows(&mut client, &query);
        }
        tables
    }

    /// The server finishes a statement before it finds that nobody waits for the answer.
    fn settle(&self) {
        let others = "SELECT 1 FROM pg_stat_activity \
                      WHERE datname = current_database() AND pid <> pg_backend_pid() LIMIT 1";
        let mut client = self.connect();
        while !rows(&mut client, others).is_empty() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn execute(&self, sql: &str) {
        self.connect().batch_execute(sql).unwrap();
    }

    fn query(&self, sql: &str) -> Rows {
        rows(&mut self.connect(), sql)
    }
}

impl Postgres {
    pub(crate) fn of(database: Database) -> Self {
        Self { database }
    }

    fn connect(&self) -> Client {
        let mut client = self.database.connect();
        let settings =
            "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET extra_float_digits = 1; SET search_path = main";
        client.batch_execute(settings).unwrap();
        client
    }
}

fn rows(client: &mut Client, sql: &str) -> Rows {
    let messages = client.simple_query(sql).unwrap();
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    rows.map(|row| (0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect()).collect()
}
