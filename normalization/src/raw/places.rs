//! Where the raw rows of each stream of a plan are.

use crate::columns::SystemColumn;
use crate::plan::{ColumnSource, Plan, StreamPlan};
use crate::raw::{RawLayout, V2_SCHEMA, v2_names};
use crate::sql::{Described, TableName};

/// A raw table that exists, and which of its columns hold what.
pub type RawPlace = (TableName, RawLayout);

impl Plan {
    /// The raw tables that exist of each stream: its own before one of Destinations V2. The first is the one that counts.
    /// `home` is the schema of streams without a namespace, as the config has it.
    ///
    /// Law: no table is that of two streams. Of two that one could be of, by the lower case of their names, it is of the one
    /// that is spelled like it.
    #[must_use]
    pub fn raw_places(
        &self,
        home: &str,
        existing: impl Fn(&TableName) -> Option<Vec<Described>>,
    ) -> Vec<Vec<RawPlace>> {
        let found = |table: TableName| {
            let layout = RawLayout::of(&existing(&table)?)?;
            Some((table, layout))
        };
        let candidates: Vec<Vec<TableName>> = self.streams.iter().map(|stream| stream.raw_candidates(home)).collect();
        let is_of_another = |index: usize, table: &TableName| {
            let spelled = |index: usize| v2_name(&self.streams[index], home) == table.name;
            let mut others = candidates.iter().enumerate().filter(|(other, _)| *other != index);
            !spelled(index) && others.any(|(_, candidates)| candidates.contains(table))
        };
        let of_stream = |(index, candidates): (usize, &Vec<TableName>)| {
            let own = self.streams[index].own_raw();
            let mine = candidates.iter().filter(|table| own.as_ref() == Some(table) || !is_of_another(index, table));
            mine.cloned().filter_map(found).collect()
        };
        candidates.iter().enumerate().map(of_stream).collect()
    }

    /// Lets each stream that keeps raw rows go on with the raw table that it has in `places`, whoever made it: with its schema,
    /// its name and its names of columns. Columns of ours that it lacks are added to it, and others stay empty.
    pub fn adopt_raw(&mut self, places: &[Vec<RawPlace>]) {
        for (stream, places) in self.streams.iter_mut().zip(places) {
            let (Some(raw), Some((table, layout))) = (&mut stream.raw, places.first()) else { continue };
            stream.raw_schema.clone_from(&table.schema);
            raw.name.clone_from(&table.name);
            for column in &mut raw.columns {
                match column.source {
                    ColumnSource::System(SystemColumn::AbId) => layout.ids.first().clone_into(&mut column.name),
                    ColumnSource::System(SystemColumn::EmittedAt) => layout.times[0].0.clone_into(&mut column.name),
                    _ => {}
                }
            }
        }
    }
}

impl StreamPlan {
    /// The raw tables that the stream may have, the one that counts most first.
    fn raw_candidates(&self, home: &str) -> Vec<TableName> {
        let mut candidates: Vec<TableName> = self.own_raw().into_iter().collect();
        for schema in [V2_SCHEMA, &self.raw_schema] {
            for name in v2_names(&self.stream, self.stream.namespace.as_deref().unwrap_or(home)) {
                let table = TableName { schema: schema.to_owned(), name };
                if !candidates.contains(&table) {
                    candidates.push(table);
                }
            }
        }
        candidates
    }

    fn own_raw(&self) -> Option<TableName> {
        let name = self.raw.as_ref()?.name.clone();
        Some(TableName { schema: self.raw_schema.clone(), name })
    }
}

/// The name of the stream's raw table in Destinations V2, as the stream is spelled.
fn v2_name(stream: &StreamPlan, home: &str) -> String {
    let [name, _] = v2_names(&stream.stream, stream.stream.namespace.as_deref().unwrap_or(home));
    name
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::catalog::ConfiguredCatalog;
    use crate::plan::{KnownNames, Options, compile};
    use crate::sql::Dialect as _;
    use crate::sql::postgres::Postgres;

    const OURS: &[&str] = &["_airbyte_ab_id", "_airbyte_emitted_at", "_airbyte_data"];
    const V2: &[&str] = &["_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_data", "_airbyte_loaded_at"];

    /// The raw table and its columns of each stream, where these tables exist.
    fn adopted(streams: &[&str], existing: &[(&str, &str, &[&str])]) -> Vec<(String, Vec<String>)> {
        let streams = streams.iter().map(|name| {
            format!(r#"{{"stream": {{"name": "{name}", "json_schema": {{}}}}, "destination_sync_mode": "append"}}"#)
        });
        let catalog = format!(r#"{{"streams": [{}]}}"#, streams.collect::<Vec<_>>().join(", "));
        let options = Options { schema: "main".to_owned(), ..Options::default() };
        let catalog = ConfiguredCatalog::parse(&catalog).unwrap();
        let dialect = Postgres::default();
        let mut plan = compile(&catalog, &options, dialect.limits(), &KnownNames::default()).unwrap();
        let places = plan.raw_places("main", |table| {
            let (.., columns) =
                existing.iter().find(|(schema, name, _)| *schema == table.schema && *name == table.name)?;
            Some(columns.iter().map(|name| ((*name).to_owned(), "any".to_owned())).collect())
        });
        plan.adopt_raw(&places);
        let described = |stream: &StreamPlan| {
            let raw = stream.raw.as_ref().unwrap();
            let columns = raw.columns.iter().map(|column| column.name.clone()).collect();
            (format!("{}.{}", stream.raw_schema, raw.name), columns)
        };
        plan.streams.iter().map(described).collect()
    }

    #[test]
    fn a_raw_table_of_destinations_v2_is_gone_on_with_by_its_own_names() {
        let ours = "_airbyte_ab_id _airbyte_emitted_at _airbyte_data _airbyte_meta _airbyte_generation_id";
        let v2 = "_airbyte_raw_id _airbyte_extracted_at _airbyte_data _airbyte_meta _airbyte_generation_id";
        for (existing, table, columns) in [
            (&[][..], "main._airbyte_raw_users", ours),
            (&[("airbyte_internal", "main_raw__stream_Users", V2)], "airbyte_internal.main_raw__stream_Users", v2),
            (&[("airbyte_internal", "main_raw__stream_users", V2)], "airbyte_internal.main_raw__stream_users", v2),
            (&[("main", "main_raw__stream_users", V2)], "main.main_raw__stream_users", v2),
            (&[("airbyte_internal", "main_raw__stream_users", &["id"])], "main._airbyte_raw_users", ours),
            (&[("airbyte_internal", "other_raw__stream_users", V2)], "main._airbyte_raw_users", ours),
            (&[("main", "_airbyte_raw_users", V2)], "main._airbyte_raw_users", v2),
            (
                &[("airbyte_internal", "main_raw__stream_users", V2), ("main", "_airbyte_raw_users", OURS)],
                "main._airbyte_raw_users",
                ours,
            ),
        ] {
            let columns = columns.split(' ').map(str::to_owned).collect();
            assert_eq!(adopted(&["Users"], existing), [(table.to_owned(), columns)], "{existing:?}");
        }
    }

    #[test]
    fn no_raw_table_is_that_of_two_streams() {
        let lower = ("airbyte_internal", "main_raw__stream_users", V2);
        let tables =
            |streams: &[&str]| adopted(streams, &[lower]).into_iter().map(|(table, _)| table).collect::<Vec<_>>();
        let found = tables(&["Users", "users"]);
        assert!(found[0].starts_with("main._airbyte_raw_users"), "{found:?}");
        assert_eq!(found[1], "airbyte_internal.main_raw__stream_users");
        let found = tables(&["Users", "USERS"]);
        assert!(found.iter().all(|table| table.starts_with("main._airbyte_raw_users")), "{found:?}");
    }
}
