//! Where the raw rows of each stream of a plan are.

use crate::columns::SystemColumn;
use crate::limits::Limits;
use crate::plan::{ColumnSource, Plan, StreamPlan, is_path};
use crate::raw::{RawLayout, V2_SCHEMA, v2_names};
use crate::sql::{Described, TableName};

/// A raw table that exists, and which of its columns hold what.
pub type RawPlace = (TableName, RawLayout);

/// A table that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Its name as the warehouse has it, maybe in other letters than it was asked for.
    pub table: TableName,
    /// Its columns.
    pub columns: Vec<Described>,
    /// Its COMMENT.
    pub comment: Option<String>,
}

/// How much a raw table is a stream's: the more, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    /// Its name is one that several streams' become, in lower case or cleaned.
    Alike,
    /// The stream is spelled in its name.
    Spelled,
    /// It has the name that the plan gives.
    Own,
}

impl Plan {
    /// The raw tables that exist of each stream: its own, then one of Airbyte before Destinations V2, then one of those. The
    /// first is the one that counts. `home` is the schema of streams without a namespace, as the config has it.
    ///
    /// Law: no table is that of two streams. Of several that one could be of, it is of the one whose claim is the greatest, and
    /// of none where there are two such.
    #[must_use]
    pub fn raw_places(
        &self,
        home: &str,
        limits: &Limits,
        existing: impl Fn(&TableName) -> Option<Present>,
    ) -> Vec<Vec<RawPlace>> {
        let found = |stream: &StreamPlan| stream.claimed(home, limits, &existing);
        let claimed: Vec<Vec<(RawPlace, Claim)>> = self.streams.iter().map(found).collect();
        let is_of = |index: usize, table: &TableName, claim: Claim| {
            let mut others =
                claimed.iter().enumerate().filter(|(other, _)| *other != index).flat_map(|(_, claims)| claims);
            others.all(|((other, _), others_claim)| other != table || claim > *others_claim)
        };
        let of_stream = |(index, claims): (usize, &Vec<(RawPlace, Claim)>)| {
            let own = claims.iter().filter(|((table, _), claim)| is_of(index, table, *claim));
            own.map(|(place, _)| place.clone()).collect()
        };
        claimed.iter().enumerate().map(of_stream).collect()
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
    /// The raw tables that exist and that the stream may have, the one that counts most first.
    fn claimed(
        &self,
        home: &str,
        limits: &Limits,
        existing: &impl Fn(&TableName) -> Option<Present>,
    ) -> Vec<(RawPlace, Claim)> {
        let mut claimed: Vec<(RawPlace, Claim)> = Vec::new();
        let own = self.raw.as_ref().map(|raw| TableName { schema: self.raw_schema.clone(), name: raw.name.clone() });
        let comment = self.raw.as_ref().map(|raw| raw.comment(&self.stream));
        let namespace = self.stream.namespace.as_deref().unwrap_or(home);
        let [v2, v2_in_lower_case] = v2_names(&self.stream, namespace);
        let spelled = [format!("_airbyte_raw_{}", self.stream.name), v2];
        for candidate in own.iter().cloned().chain(self.of_airbyte(limits, &spelled, v2_in_lower_case)) {
            let is_own = own.as_ref() == Some(&candidate);
            let Some(Present { table, columns, comment: present }) = existing(&candidate) else { continue };
            // one that we made for another stream, which the catalog may not have
            let is_of_another = !is_own && present.as_deref().is_some_and(is_path) && present != comment;
            let is_known = claimed.iter().any(|((known, _), _)| *known == table);
            let Some(layout) = RawLayout::of(&columns).filter(|_| !is_of_another && !is_known) else { continue };
            let claim = if is_own {
                Claim::Own
            } else if spelled.contains(&table.name) {
                Claim::Spelled
            } else {
                Claim::Alike
            };
            claimed.push(((table, layout), claim));
        }
        claimed
    }

    /// The names that Airbyte's destinations gave to the stream's raw table, by the naming of the warehouse, not of the config.
    fn of_airbyte(
        &self,
        limits: &Limits,
        [spelled, v2]: &[String; 2],
        v2_in_lower_case: String,
    ) -> impl Iterator<Item = TableName> {
        let identifiers = &limits.identifiers;
        let basic = identifiers.basic.raw_table(&self.stream.name);
        let before_v2 = [&basic, spelled].map(|name| identifiers.longest.cut(name, 0).to_owned());
        let schemas = [&self.raw_schema, &self.schema];
        let before_v2 =
            schemas.into_iter().flat_map(move |schema| before_v2.clone().map(|name| (schema.clone(), name)));
        let v2_names = [v2.clone(), v2_in_lower_case];
        let schemas = [V2_SCHEMA, &self.raw_schema];
        let of_v2 = schemas.into_iter().flat_map(move |schema| v2_names.clone().map(|name| (schema.to_owned(), name)));
        before_v2.chain(of_v2).map(|(schema, name)| TableName { schema, name })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::catalog::ConfiguredCatalog;
    use crate::names::Naming;
    use crate::plan::{KnownNames, Options, compile};
    use crate::sql::Dialect as _;
    use crate::sql::postgres::Postgres;

    const OURS: &[&str] = &["_airbyte_ab_id", "_airbyte_emitted_at", "_airbyte_data"];
    const V2: &[&str] = &["_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_data", "_airbyte_loaded_at"];

    /// The raw table and its columns of each stream, where these tables exist.
    fn adopted(streams: &[&str], existing: &[(&str, &str, &[&str])]) -> Vec<(String, Vec<String>)> {
        adopted_as(Naming::Lower, None, streams, existing)
    }

    fn adopted_as(
        naming: Naming,
        comment: Option<&str>,
        streams: &[&str],
        existing: &[(&str, &str, &[&str])],
    ) -> Vec<(String, Vec<String>)> {
        let streams = streams.iter().map(|name| {
            format!(r#"{{"stream": {{"name": "{name}", "json_schema": {{}}}}, "destination_sync_mode": "append"}}"#)
        });
        let catalog = format!(r#"{{"streams": [{}]}}"#, streams.collect::<Vec<_>>().join(", "));
        let options = Options { schema: "main".to_owned(), naming, ..Options::default() };
        let catalog = ConfiguredCatalog::parse(&catalog).unwrap();
        let dialect = Postgres::default();
        let mut plan = compile(&catalog, &options, dialect.limits(), &KnownNames::default()).unwrap();
        let places = plan.raw_places("main", dialect.limits(), |table| {
            let (.., columns) =
                existing.iter().find(|(schema, name, _)| *schema == table.schema && *name == table.name)?;
            let columns = columns.iter().map(|name| ((*name).to_owned(), "any".to_owned())).collect();
            Some(Present { table: table.clone(), columns, comment: comment.map(str::to_owned) })
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

    const LONG: &str = "a_very_long_stream_name_that_goes_beyond_the_limit_of_postgres_identifiers_by_far";

    #[test]
    fn a_raw_table_of_basic_normalization_is_found_whatever_the_naming() {
        let of_long = &format!("_airbyte_raw_{LONG}")[..63];
        for naming in [Naming::Lower, Naming::Exact, Naming::Basic] {
            for (stream, table) in [
                ("MyStream", "_airbyte_raw_mystream"),
                ("my-stream", "_airbyte_raw_my_stream"),
                ("Größe", "_airbyte_raw_gro_e"),
                ("a b", "_airbyte_raw_a_b"),
                ("MyStream", "_airbyte_raw_MyStream"),
                (LONG, of_long),
            ] {
                let found = adopted_as(naming, None, &[stream], &[("main", table, OURS)]);
                assert_eq!(found[0].0, format!("main.{table}"), "{naming:?} {stream}");
            }
        }
    }

    #[test]
    fn a_raw_table_of_basic_normalization_is_that_of_one_stream_or_of_none() {
        let old = ("main", "_airbyte_raw_my_stream", OURS);
        let tables = |naming, comment, streams: &[&str]| {
            adopted_as(naming, comment, streams, &[old]).into_iter().map(|(table, _)| table).collect::<Vec<_>>()
        };
        let exact = |streams: &[&str]| tables(Naming::Exact, None, streams);
        assert_eq!(exact(&["my-stream"]), ["main._airbyte_raw_my_stream"]);
        assert_eq!(exact(&["my-stream", "my_stream"])[0], "main._airbyte_raw_my-stream");
        assert_eq!(exact(&["my-stream", "my stream"]), ["main._airbyte_raw_my-stream", "main._airbyte_raw_my stream"]);
        // ours, of a stream that the catalog does not have
        let of_another = Some(r#"["raw","my_stream"]"#);
        assert_eq!(tables(Naming::Exact, of_another, &["my-stream"]), ["main._airbyte_raw_my-stream"]);
    }
}
