//! Raw tables, whoever wrote them: where they are and which of their columns hold what.
//!
//! | written by | schema | columns |
//! |---|---|---|
//! | us | the stream's | `_airbyte_ab_id`, `_airbyte_emitted_at`, `_airbyte_data`, `_airbyte_meta`, `_airbyte_generation_id` |
//! | Airbyte before Destinations V2 | the stream's | `_airbyte_ab_id`, `_airbyte_emitted_at`, `_airbyte_data` |
//! | Airbyte's Destinations V2 | `airbyte_internal` | `_airbyte_raw_id`, `_airbyte_extracted_at`, `_airbyte_data`, maybe `_airbyte_meta` and `_airbyte_generation_id` |
//!
//! One table may have columns of several: each row then fills those of the connector that wrote it.

/// What tells raw rows apart.
mod ids;
/// Where the raw rows of each stream of a plan are.
mod places;

pub(crate) use ids::Ids;
pub use ids::record_id;
pub use places::{Present, RawPlace};

use crate::catalog::StreamName;
use crate::kind::{ColumnKind, ScalarColumn};
use crate::sql::{Described, Dialect, TableName};

/// The schema that Destinations V2 keeps raw tables in, unless told otherwise.
pub const V2_SCHEMA: &str = "airbyte_internal";

/// Times of a record, the best first: where one is missing, the next counts.
const TIMES: [&str; 3] = ["_airbyte_emitted_at", "_airbyte_extracted_at", "_airbyte_loaded_at"];
const AB_ID: &str = "_airbyte_ab_id";
const DATA: &str = "_airbyte_data";
const META: &str = "_airbyte_meta";
const GENERATION: &str = "_airbyte_generation_id";

/// The columns of a raw table, by what they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLayout {
    ids: Ids,
    /// The columns of times with their types, the one that we fill first.
    times: Vec<(&'static str, String)>,
    has_meta: bool,
    has_generation: bool,
    data_type: String,
}

impl RawLayout {
    /// How many columns [`RawLayout::select`] gives: id, time of emission, data, meta, generation.
    pub const WIDTH: usize = 5;

    /// The layout of a table with these columns, if it is a raw table.
    #[must_use]
    pub fn of(columns: &[Described]) -> Option<Self> {
        let has = |name: &str| columns.iter().any(|(column, _)| column == name);
        let type_of = |name: &str| columns.iter().find_map(|(column, kind)| (column == name).then(|| kind.clone()));
        let data_type = type_of(DATA)?;
        let times: Vec<_> = TIMES.into_iter().filter_map(|name| Some((name, type_of(name)?))).collect();
        let ids = Ids::of(columns).filter(|_| !times.is_empty())?;
        Some(Self { ids, times, has_meta: has(META), has_generation: has(GENERATION), data_type })
    }

    /// The warehouse lets nothing but JSON into the column of the records.
    #[must_use]
    pub fn holds_json(&self, dialect: &dyn Dialect) -> bool {
        [ColumnKind::Document, ColumnKind::Json].iter().any(|kind| dialect.column_type(*kind) == self.data_type)
    }

    /// When a record was emitted, or where that is missing, loaded.
    fn emitted_at(&self, dialect: &dyn Dialect) -> String {
        let text = dialect.column_type(ColumnKind::CsvArray);
        let instant = dialect.column_type(ColumnKind::Scalar(ScalarColumn::TimestampTz));
        let written = |(name, kind): &(&str, String)| {
            let column = dialect.quote(name);
            match dialect.epoch_micros(&column).filter(|_| *kind == instant) {
                Some(micros) => format!("'@' || CAST({micros} AS {text})"),
                None => format!("CAST({column} AS {text})"),
            }
        };
        let written: Vec<String> = self.times.iter().map(written).collect();
        if let [only] = written.as_slice() { only.clone() } else { format!("coalesce({})", written.join(", ")) }
    }

    /// The id of a row as it is written.
    #[must_use]
    pub fn id(&self, dialect: &dyn Dialect) -> String {
        self.ids.as_text(dialect)
    }

    /// Ids are uuids, as those of typed rows are.
    #[must_use]
    pub fn has_uuids(&self, dialect: &dyn Dialect) -> bool {
        self.ids.are_uuids(dialect)
    }

    /// The query of one text that is another when rows have come, gone, or made way for others.
    #[must_use]
    pub fn summary(&self, dialect: &dyn Dialect, table: &TableName) -> String {
        let text = dialect.column_type(ColumnKind::CsvArray);
        let sum = format!("sum({})", dialect.hash(&self.ids.as_text(dialect)));
        let parts = ["count(*)", sum.as_str()].map(|part| format!("coalesce(CAST({part} AS {text}), '')"));
        format!("SELECT {} FROM {}", parts.join(" || ' ' || "), dialect.relation(table))
    }

    /// The query of the ids of all rows that have one, as typed rows carry them.
    pub(crate) fn select_ids(&self, dialect: &dyn Dialect, table: &TableName) -> String {
        let id = self.ids.as_uuid(dialect);
        format!("SELECT {id} FROM {} WHERE {} IS NOT NULL", dialect.relation(table), self.ids.as_text(dialect))
    }

    /// The query of the records alone, as text; of the first rows that come, if so many are wanted.
    #[must_use]
    pub fn select_data(dialect: &dyn Dialect, table: &TableName, limit: Option<u64>) -> String {
        let text = dialect.column_type(ColumnKind::CsvArray);
        let limit = limit.map(|limit| format!(" LIMIT {limit}")).unwrap_or_default();
        format!("SELECT CAST({} AS {text}) FROM {}{limit}", dialect.quote(DATA), dialect.relation(table))
    }

    /// The query of the table's rows, each column as text, the time as it is there or as `@` and microseconds; without those whose ids `except` has, of a table that
    /// [has uuids](Self::has_uuids).
    #[must_use]
    pub fn select(&self, dialect: &dyn Dialect, table: &TableName, except: Option<&TableName>) -> String {
        let text = dialect.column_type(ColumnKind::CsvArray);
        let column = |name: &str| format!("CAST({} AS {text})", dialect.quote(name));
        let absent = || format!("CAST(NULL AS {text})");
        let values = [
            self.ids.as_text(dialect),
            self.emitted_at(dialect),
            column(DATA),
            if self.has_meta { column(META) } else { absent() },
            if self.has_generation { column(GENERATION) } else { absent() },
        ];
        let except = except.map(|except| {
            let (there, [id, ab_id]) =
                (dialect.relation(except), [self.ids.first(), AB_ID].map(|name| dialect.quote(name)));
            format!(" AS raw WHERE NOT EXISTS (SELECT 1 FROM {there} AS there WHERE there.{ab_id} = raw.{id})")
        });
        format!("SELECT {} FROM {}{}", values.join(", "), dialect.relation(table), except.unwrap_or_default())
    }
}

/// The namespace and the name of the stream that a raw table of Destinations V2 is of, if its name is one that [`v2_names`] gives.
#[must_use]
pub fn v2_stream(table: &str) -> Option<(String, String)> {
    table.match_indices("_raw_").find_map(|(at, _)| {
        let name = table[at + "_raw".len()..].trim_start_matches('_').strip_prefix("stream_")?;
        let stream = StreamName { namespace: None, name: name.to_owned() };
        let is_given = v2_names(&stream, &table[..at]).iter().any(|given| given == table);
        is_given.then(|| (table[..at].to_owned(), stream.name))
    })
}

/// The names that the raw table of a stream may have in [`V2_SCHEMA`]: as the stream is spelled, and in lower case.
/// `namespace` is the source's, or the schema of streams without one.
///
/// Source: `StreamId.concatenateRawTableName` of Airbyte's typing and deduping: between both names stand more underscores
/// than anywhere in them.
#[must_use]
pub fn v2_names(stream: &StreamName, namespace: &str) -> [String; 2] {
    let longest = |text: &str| text.split(|character| character != '_').map(str::len).max().unwrap_or_default();
    let run = longest(namespace).max(longest(&stream.name)).max(1) + 1;
    let name = format!("{namespace}_raw{}stream_{}", "_".repeat(run), stream.name);
    let lower = name.to_lowercase();
    [name, lower]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sql::duckdb::DuckDb;

    fn columns(names: &[&str]) -> Vec<Described> {
        names.iter().map(|name| ((*name).to_owned(), "any".to_owned())).collect()
    }

    #[test]
    fn every_layout_is_told_by_its_columns() {
        let table = TableName { schema: "s".to_owned(), name: "t".to_owned() };
        let select =
            |names: &[&str]| RawLayout::of(&columns(names)).map(|raw| raw.select(&DuckDb::default(), &table, None));
        assert_eq!(
            select(&["_airbyte_ab_id", "_airbyte_data", "_airbyte_emitted_at"]).unwrap(),
            "SELECT CAST(\"_airbyte_ab_id\" AS VARCHAR), CAST(\"_airbyte_emitted_at\" AS VARCHAR), \
             CAST(\"_airbyte_data\" AS VARCHAR), CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR) FROM \"s\".\"t\""
        );
        assert_eq!(
            select(&["_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_data", "_airbyte_meta"]).unwrap(),
            "SELECT CAST(\"_airbyte_raw_id\" AS VARCHAR), CAST(\"_airbyte_extracted_at\" AS VARCHAR), \
             CAST(\"_airbyte_data\" AS VARCHAR), CAST(\"_airbyte_meta\" AS VARCHAR), CAST(NULL AS VARCHAR) FROM \"s\".\"t\""
        );
        assert_eq!(
            select(&[
                "_airbyte_ab_id",
                "_airbyte_emitted_at",
                "_airbyte_raw_id",
                "_airbyte_extracted_at",
                "_airbyte_data"
            ])
            .unwrap(),
            "SELECT coalesce(CAST(\"_airbyte_ab_id\" AS VARCHAR), CAST(\"_airbyte_raw_id\" AS VARCHAR)), \
             coalesce(CAST(\"_airbyte_emitted_at\" AS VARCHAR), CAST(\"_airbyte_extracted_at\" AS VARCHAR)), \
             CAST(\"_airbyte_data\" AS VARCHAR), CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR) FROM \"s\".\"t\""
        );
        assert_eq!(select(&["_airbyte_ab_id", "_airbyte_emitted_at", "id"]), None);
        assert_eq!(select(&["_airbyte_data"]), None);
    }

    #[test]
    fn names_of_v2_keep_namespace_and_name_apart() {
        let name = |stream: &str, namespace: &str| {
            v2_names(&StreamName { namespace: None, name: stream.to_owned() }, namespace)[0].clone()
        };
        assert_eq!(name("users", "public"), "public_raw__stream_users");
        assert_eq!(name("a__b", "Shop"), "Shop_raw___stream_a__b");
        assert_eq!(
            v2_names(&StreamName { namespace: None, name: "Users".to_owned() }, "Shop")[1],
            "shop_raw__stream_users"
        );
    }

    #[test]
    fn a_stream_is_found_by_the_name_of_its_table_in_v2() {
        for (namespace, name) in
            [("public", "users"), ("Shop", "a__b"), ("a_raw__stream_b", "c"), ("x", "raw__stream_y")]
        {
            let stream = StreamName { namespace: None, name: name.to_owned() };
            let [table, _] = v2_names(&stream, namespace);
            assert_eq!(v2_stream(&table), Some((namespace.to_owned(), name.to_owned())), "{table}");
        }
        for table in ["public_raw_stream_users", "public_raw__stream_a__b", "users", "_airbyte_raw_users", ""] {
            assert_eq!(v2_stream(table), None, "{table}");
        }
    }
}
