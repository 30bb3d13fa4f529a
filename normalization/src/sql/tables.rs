//! Creating, extending and dropping tables.

use std::collections::BTreeSet;

use crate::columns::SystemColumn;
use crate::kind::ColumnKind;
use crate::plan::{Column, ColumnSource, Table, TableRole};
use crate::sql::follow::{Described, Retype, Step, steps};
use crate::sql::keys::{AB_ID, Keys, ROW, UNIQUE_KEY};
use crate::sql::text::listed;
use crate::sql::{Contents, Dialect, StreamSql, TableName, Targets};

/// Renames a column.
#[must_use]
pub fn rename_column(dialect: &dyn Dialect, table: &TableName, from: &str, to: &str) -> String {
    let (from, to) = (dialect.quote(from), dialect.quote(to));
    format!("ALTER TABLE {} RENAME COLUMN {from} TO {to}", dialect.relation(table))
}

/// Drops a table if it is there.
#[must_use]
pub fn drop_table(dialect: &dyn Dialect, table: &TableName) -> String {
    format!("DROP TABLE IF EXISTS {}", dialect.relation(table))
}

/// Columns beyond which a table is so wide that a comment on each costs too much: DuckDB copies the whole table's entry for
/// every one of them, 7 GB at 5,000 columns.
const WIDE: usize = 500;

/// The column is a property of that very name: what a missing comment says too, see [`untold_source`].
fn is_its_own_name(column: &Column) -> bool {
    matches!(&column.source, ColumnSource::Property(path) if *path == [column.name.as_str()])
}

/// The source path, as its comment would hold it, of a column of ours that has no comment because its table is so wide.
#[must_use]
pub fn untold_source(column: &str, columns_of_table: usize) -> Option<String> {
    let is_ours = column.starts_with("_airbyte_");
    (columns_of_table > WIDE && !is_ours).then(|| ColumnSource::Property(vec![column.to_owned()]).comment()).flatten()
}

/// A table to be.
pub(super) struct Shape<'a> {
    name: &'a TableName,
    pub(super) columns: Vec<(&'a str, ColumnKind)>,
    /// Columns that may have another type than ours: those of raw tables that others made, which loads cast to. In typed
    /// tables ids and keys are compared, and have to be what they are.
    ours: Vec<&'a str>,
}

impl<'a> Shape<'a> {
    /// A table that only we know.
    fn own(name: &'a TableName, columns: Vec<(&'a str, ColumnKind)>) -> Self {
        Self { name, columns, ours: Vec::new() }
    }

    pub(super) fn of(name: &'a TableName, table: &'a Table) -> Self {
        let columns = table.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
        let raw = table.columns.iter().filter(|_| table.role == TableRole::Raw);
        Self { name, columns, ours: raw.map(|column| column.name.as_str()).collect() }
    }
}

/// What is done to a column that has another type than the plan's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clash {
    /// It gets the type if that holds all its values, else it makes way, with its values.
    Follow,
    /// Nothing yet: its rows will be replaced.
    Leave,
}

/// A live table some of whose columns change their types when its rows are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retyped {
    /// The table.
    pub table: TableName,
    /// What to run before its rows go.
    pub before: Vec<String>,
    /// What to run when the new rows are there.
    pub after: Vec<String>,
}

impl<'a> StreamSql<'a> {
    /// Makes the tables that the user reads, their schemas and what is remembered of keys and events, as the plan wants
    /// them, over what `existing` says is there. New columns get their source paths as comments. No value is taken away: a
    /// column of another type is widened, or renamed with its values. The internal schema has to be there.
    #[must_use]
    pub fn prepare_live(&self, existing: impl Fn(&TableName) -> Option<Vec<Described>>) -> Vec<String> {
        self.ready_live(existing, Clash::Follow)
    }

    /// Like [`Self::prepare_live`], but columns of another type stay as they are: the rows will be replaced, and the columns
    /// follow then, see [`Self::retype_live`].
    #[must_use]
    pub fn extend_live(&self, existing: impl Fn(&TableName) -> Option<Vec<Described>>) -> Vec<String> {
        self.ready_live(existing, Clash::Leave)
    }

    /// The live tables whose columns have other types than the plan's, with what changes that when their rows are replaced.
    #[must_use]
    pub fn retype_live(&self, existing: impl Fn(&TableName) -> Option<Vec<Described>>) -> Vec<Retyped> {
        let live = self.live();
        let shapes = self.user_tables(&live).map(|(name, table)| (Shape::of(name, table), Some(table)));
        let remembered = self.remembered(&live).into_iter().map(|shape| (shape, None));
        let retyped = shapes.chain(remembered).filter_map(|(shape, table)| {
            let existing = existing(shape.name)?;
            let (mut before, mut after) = (Vec::new(), Vec::new());
            for step in steps(self.dialect, &shape.columns, &shape.ours, &existing) {
                let Step::Retype(Retype { name, column, kind, retired, .. }) = step else { continue };
                let (first, last) = self.dialect.retype(shape.name, column, kind, &retired);
                before.extend(first);
                let planned = table.and_then(|table| table.columns.iter().find(|planned| planned.name == name));
                before.extend(planned.and_then(|planned| self.comment_on(shape.name, planned)));
                after.extend(last);
            }
            (!before.is_empty()).then(|| Retyped { table: shape.name.clone(), before, after })
        });
        retyped.collect()
    }

    /// The columns of the history that make way in [`Self::prepare_live`], by the names that they get, with their types.
    #[must_use]
    pub fn retired_from_history(&self, existing: impl Fn(&TableName) -> Option<Vec<Described>>) -> Vec<Described> {
        let live = self.live();
        let (Some(name), Some(table)) = (&live.history, &self.stream.history) else { return Vec::new() };
        let (shape, columns) = (Shape::of(name, table), existing(name).unwrap_or_default());
        let retired =
            steps(self.dialect, &shape.columns, &shape.ours, &columns).into_iter().filter_map(|step| match step {
                Step::Retype(retype) if !retype.widens(self.dialect) => {
                    Some((retype.retired, retype.present_type.to_owned()))
                }
                _ => None,
            });
        retired.collect()
    }

    fn ready_live(&self, existing: impl Fn(&TableName) -> Option<Vec<Described>>, clash: Clash) -> Vec<String> {
        let live = self.live();
        let schemas = self.user_tables(&live).map(|(name, _)| name.schema.as_str()).collect::<BTreeSet<_>>();
        let mut statements = schemas.into_iter().map(|schema| self.dialect.create_schema(schema)).collect::<Vec<_>>();
        for (name, table) in self.user_tables(&live) {
            let columns = existing(name);
            statements.extend(self.take_over(name, table, columns.as_deref()));
            let shape = Shape::of(name, table);
            let (changes, new) = self.prepare(&shape, columns.as_deref(), clash);
            statements.extend(changes);
            if columns.is_none() {
                let comment = self.dialect.literal(&table.comment(&self.stream.stream));
                statements.push(format!("COMMENT ON TABLE {} IS {comment}", self.dialect.relation(name)));
            }
            let is_wide = table.columns.len() > WIDE;
            let new = table.columns.iter().filter(|column| new.contains(&column.name.as_str()));
            let told = new.filter(|column| !(is_wide && is_its_own_name(column)));
            statements.extend(told.filter_map(|column| self.comment_on(name, column)));
        }
        let remembered = self.remembered(&live);
        let prepare = |shape: &Shape<'_>| self.prepare(shape, existing(shape.name).as_deref(), clash).0;
        statements.extend(remembered.iter().flat_map(prepare));
        statements.extend(self.add_remnants(live.events.iter(), &existing));
        if live.tables.iter().any(|table| existing(table).is_some()) {
            statements.extend(self.index(&live));
        }
        statements
    }

    /// Makes the tables of a replacement, which are not there. [`Self::extend_live`] comes first, over the same `existing`.
    #[must_use]
    pub fn create_staging(&self, existing: impl Fn(&TableName) -> Option<Vec<Described>>) -> Vec<String> {
        let (staging, live) = (self.staging(), self.live());
        let shapes = self.shapes(&staging);
        let pairs = shapes.iter().zip(self.shapes(&live));
        let created = pairs.flat_map(|(staged, live)| self.create_staged(staged, live.name, &existing));
        created.chain(self.add_remnants(staging.history.iter().chain(&staging.events), &|_: &TableName| None)).collect()
    }

    /// Makes the tables of an unfinished replacement, like [`Self::prepare_live`], which comes first.
    #[must_use]
    pub fn prepare_staging(&self, existing: impl Fn(&TableName) -> Option<Vec<Described>>) -> Vec<String> {
        let (staging, live) = (self.staging(), self.live());
        let mut statements = Vec::new();
        for (staged, live) in self.shapes(&staging).iter().zip(self.shapes(&live)) {
            statements.extend(match existing(staged.name) {
                Some(columns) => self.prepare(staged, Some(&columns), Clash::Follow).0,
                None => self.create_staged(staged, live.name, &existing),
            });
        }
        statements.extend(self.add_remnants(staging.history.iter().chain(&staging.events), &existing));
        if staging.tables.iter().any(|table| existing(table).is_some()) {
            statements.extend(self.index(&staging));
        }
        statements
    }

    /// A staged table of what belongs to the live one, its columns as the plan has them.
    fn create_staged(
        &self,
        staged: &Shape<'_>,
        live: &TableName,
        existing: &impl Fn(&TableName) -> Option<Vec<Described>>,
    ) -> Vec<String> {
        let columns = existing(live).unwrap_or_default();
        let Some(create) = self.dialect.create_like(staged.name, live) else {
            return vec![self.create_alike(staged, &columns)];
        };
        let relation = self.dialect.relation(staged.name);
        let retyped = steps(self.dialect, &staged.columns, &staged.ours, &columns).into_iter().filter_map(|step| {
            let Step::Retype(Retype { column, kind, .. }) = step else { return None };
            let (column, kind) = (self.dialect.quote(column), self.dialect.column_type(kind));
            Some(format!("ALTER TABLE {relation} ALTER COLUMN {column} SET DATA TYPE {kind} USING NULL"))
        });
        std::iter::once(create).chain(retyped).collect()
    }

    /// A table with the columns that the live one will have, in their order: those that are there, then those that are new.
    fn create_alike(&self, staged: &Shape<'_>, live: &[Described]) -> String {
        let key = |name: &str| self.dialect.limits().identifiers.comparison_key(name);
        let mut planned = staged.columns.clone();
        let mut columns = Vec::new();
        for (name, present_type) in live {
            let place = planned.iter().position(|(planned, _)| key(planned) == key(name));
            let column = place.map(|place| planned.remove(place));
            let followed = column.filter(|(name, _)| !staged.ours.contains(name));
            let kept = || format!("{} {present_type}", self.dialect.quote(name));
            columns.push(followed.map_or_else(kept, |(_, kind)| define(self.dialect, (name, kind))));
        }
        columns.extend(planned.into_iter().map(|column| define(self.dialect, column)));
        format!("CREATE TABLE {} (\n  {}\n)", self.dialect.relation(staged.name), listed(1, columns))
    }

    /// The tables of `targets`, the user's and ours.
    fn shapes<'t>(&self, targets: &'t Targets) -> Vec<Shape<'t>>
    where
        'a: 't,
    {
        let rows = self.user_tables(targets).map(|(name, table)| Shape::of(name, table));
        rows.chain(self.remembered(targets)).collect()
    }

    /// Creates the session-local tables that a merge works with, which must not be there.
    #[must_use]
    pub fn create_batch(&self) -> Vec<String> {
        let (batch, candidates, met, replaced) = (self.batch(), self.candidates(), self.met(), self.replaced());
        let candidates = candidates.iter().map(|name| Shape::own(name, self.candidate_columns()));
        let history = batch.history.iter().zip(&self.stream.history).map(|(name, table)| Shape::of(name, table));
        let mut shapes = candidates.chain(history).chain(self.remembered(&batch)).collect::<Vec<_>>();
        let keys = self.keys();
        let address = || keys.iter().filter_map(|keys| self.address_in_root(keys)).map(|(_, kind)| (ROW, kind));
        let ids = || [(AB_ID, ColumnKind::Uuid), (UNIQUE_KEY, ColumnKind::Uuid)].into_iter().chain(address()).collect();
        shapes.extend(replaced.iter().map(|name| Shape::own(name, ids())));
        let known = |keys: &Keys<'a>| keys.columns().into_iter().chain(address()).collect();
        shapes.extend(met.iter().zip(&keys).map(|(name, keys)| Shape::own(name, known(keys))));
        let creations = shapes.iter().map(|shape| self.create_for_session(shape));
        creations.chain(self.add_remnants(batch.history.iter().chain(&batch.events), &|_: &TableName| None)).collect()
    }

    /// Creates the session-local tables for the rows themselves, see [`Self::batch`].
    #[must_use]
    pub fn create_batch_rows(&self) -> Vec<String> {
        let tables = self.batch().tables;
        let shapes = tables.iter().zip(&self.stream.tables).map(|(name, table)| Shape::of(name, table));
        shapes.map(|shape| self.create_for_session(&shape)).collect()
    }

    fn create_for_session(&self, shape: &Shape<'_>) -> String {
        create(self.dialect, "TEMPORARY TABLE", shape.name, &shape.columns)
    }

    /// Gives tables of versions the columns of the history that the plan does not have.
    fn add_remnants<'t>(
        &self,
        versions: impl Iterator<Item = &'t TableName>,
        existing: &impl Fn(&TableName) -> Option<Vec<Described>>,
    ) -> Vec<String> {
        let add = |table: &TableName, (name, kind): &Described| {
            let (relation, column) = (self.dialect.relation(table), self.dialect.quote(name));
            format!("ALTER TABLE {relation} ADD COLUMN IF NOT EXISTS {column} {kind}")
        };
        let missing = |table: &TableName| {
            let columns = existing(table).unwrap_or_default();
            let is_missing = |(name, _): &&Described| columns.iter().all(|(present, _)| present != name);
            self.stream
                .history_remnants
                .iter()
                .filter(is_missing)
                .map(|remnant| add(table, remnant))
                .collect::<Vec<_>>()
        };
        versions.flat_map(missing).collect()
    }

    /// Drops an unfinished replacement, if there is one.
    #[must_use]
    pub fn drop_staging(&self) -> Vec<String> {
        self.drop_all(&self.staging())
    }

    /// Drops the session-local tables, if they are there.
    #[must_use]
    pub fn drop_batch(&self) -> Vec<String> {
        let mut statements = self.drop_all(&self.batch());
        let more = self.candidates().into_iter().chain(self.met()).chain(self.replaced());
        statements.extend(more.map(|name| drop_table(self.dialect, &name)));
        statements
    }

    fn drop_all(&self, targets: &Targets) -> Vec<String> {
        let names = targets.raw.iter().chain(&targets.tables).chain(&targets.history);
        names.chain(&targets.keys).chain(&targets.events).map(|name| drop_table(self.dialect, name)).collect()
    }

    /// The tables of `targets` that have the shape of a table of the user's, with that table.
    pub(super) fn user_tables<'t>(
        &self,
        targets: &'t Targets,
    ) -> impl Iterator<Item = (&'t TableName, &'a Table)> + use<'t, 'a> {
        let stream = self.stream;
        let raw = targets.raw.iter().zip(&stream.raw);
        let history = targets.history.iter().zip(&stream.history);
        targets.tables.iter().zip(&stream.tables).chain(raw).chain(history)
    }

    /// The tables of `targets` that are ours: keys and events.
    fn remembered<'t>(&self, targets: &'t Targets) -> Vec<Shape<'t>>
    where
        'a: 't,
    {
        let events = targets.events.iter().zip(&self.stream.history).map(|(name, history)| Shape::of(name, history));
        let keys = targets.keys.iter().zip(self.keys()).map(|(name, keys)| Shape::own(name, keys.columns()));
        keys.chain(events).collect()
    }

    /// The statements that make a table as it is wanted, and the columns that are new.
    fn prepare<'s>(
        &self,
        shape: &Shape<'s>,
        existing: Option<&'s [Described]>,
        clash: Clash,
    ) -> (Vec<String>, Vec<&'s str>) {
        let Some(existing) = existing else {
            let new = shape.columns.iter().map(|(name, _)| *name).collect();
            return (vec![create(self.dialect, "TABLE", shape.name, &shape.columns)], new);
        };
        let table = self.dialect.relation(shape.name);
        let (mut statements, mut new) = (Vec::new(), Vec::new());
        for step in steps(self.dialect, &shape.columns, &shape.ours, existing) {
            match step {
                Step::Retype(retype) => match clash {
                    Clash::Leave => {}
                    Clash::Follow => {
                        let way = self.make_way(shape.name, &retype);
                        if retype.widens(self.dialect) {
                            statements.extend(self.dialect.widen(shape.name, retype.column, retype.kind, &way));
                        } else {
                            statements.extend(way);
                        }
                        new.push(retype.name);
                    }
                },
                Step::Add { name, kind } => {
                    let column = define(self.dialect, (name, kind));
                    statements.push(format!("ALTER TABLE {table} ADD COLUMN {column}"));
                    new.extend(shape.columns.iter().map(|(planned, _)| *planned).find(|planned| *planned == name));
                }
            }
        }
        (statements, new)
    }

    /// A column of another type is renamed, with its values, and one of the planned type takes its name.
    fn make_way(&self, table: &TableName, retype: &Retype<'_>) -> Vec<String> {
        let (relation, column) = (self.dialect.relation(table), define(self.dialect, (retype.name, retype.kind)));
        let way = [
            rename_column(self.dialect, table, retype.column, &retype.retired),
            // the source path belongs to the column that takes its place
            format!("COMMENT ON COLUMN {relation}.{} IS NULL", self.dialect.quote(&retype.retired)),
            format!("ALTER TABLE {relation} ADD COLUMN {column}"),
        ];
        way.into_iter().chain(self.dialect.made_way(table, &retype.retired, retype.name)).collect()
    }

    fn comment_on(&self, table: &TableName, column: &Column) -> Option<String> {
        let comment = self.dialect.literal(&column.comment()?);
        let name = self.dialect.quote(&column.name);
        Some(format!("COMMENT ON COLUMN {}.{name} IS {comment}", self.dialect.relation(table)))
    }
}

/// `what` is the kind of table to create, in SQL.
pub(super) fn create(dialect: &dyn Dialect, what: &str, name: &TableName, columns: &[(&str, ColumnKind)]) -> String {
    let columns = listed(1, columns.iter().map(|column| define(dialect, *column)));
    format!("CREATE {what} {} (\n  {columns}\n)", dialect.relation(name))
}

fn define(dialect: &dyn Dialect, (name, kind): (&str, ColumnKind)) -> String {
    let is = |column: SystemColumn| column.fixed_name() == Some(name) && column.kind() == Some(kind);
    let contents = [(SystemColumn::Data, Contents::Documents), (SystemColumn::AbId, Contents::RecordIds)];
    let contents = contents.into_iter().find(|(column, _)| is(*column));
    let storage = contents.map_or("", |(_, contents)| dialect.storage(contents));
    format!("{} {}{storage}", dialect.quote(name), dialect.column_type(kind))
}
