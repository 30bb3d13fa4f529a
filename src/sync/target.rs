//! Where the rows of a stream go: what is live, what is staged, and what becomes of what an earlier run left.

use alluvium_normalization::catalog::{Replacement, SyncMode};
use alluvium_normalization::plan::{Basis, Layout, StreamPlan};
use alluvium_normalization::sql::bookkeeping::{self, StreamState};
use alluvium_normalization::sql::{Described, Retyped, StreamSql, TableName, Targets, drop_table};

use crate::failure::Failure;
use crate::sync::former::Former;
use crate::sync::prepare::{failure, find};
use crate::warehouse::{ExistingTable, Warehouse};

/// What is typed again from raw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// What the user reads.
    Live,
    /// What an unfinished replacement has loaded.
    Staged,
}

impl Place {
    /// The statements of a rebuild there.
    pub(super) fn sql(self, stream: StreamSql<'_>) -> StreamSql<'_> {
        match self {
            Self::Live => stream.rebuilding(),
            Self::Staged => stream.rebuilding_staged(),
        }
    }
}

/// What the rows of a stream replace when the stream is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replacing {
    /// All that is live, by this generation.
    Generation(i64),
    /// Typed tables, by the same records typed again.
    Typed(Place),
}

impl Replacing {
    /// The statements that know where its rows are until it takes effect.
    pub(super) fn sql(self, stream: StreamSql<'_>) -> StreamSql<'_> {
        match self {
            Self::Generation(_) => stream,
            Self::Typed(place) => place.sql(stream),
        }
    }
}

/// Where the rows of a stream go.
#[derive(Debug)]
pub(super) struct StreamTarget {
    pub(super) targets: Targets,
    /// The rows replace others, and are in staging until the stream is complete.
    pub(super) replacing: Option<Replacing>,
    /// Rows that replace others go to their place at once: one transaction empties it and fills it.
    pub(super) refills: bool,
    /// Tables of ours that the plan no longer has: dropped when the stream is replaced.
    pub(super) obsolete: Vec<TableName>,
    /// Live tables whose columns change their types when the stream is replaced.
    pub(super) retyped: Vec<Retyped>,
    /// What is remembered of the stream until it is replaced.
    pub(super) state: StreamState,
}

impl StreamTarget {
    /// What is remembered when the replacement has taken effect.
    pub(super) fn replaced(&self, plan: &StreamPlan) -> StreamState {
        let mut state = self.state.clone();
        let layout = Some(Layout::of(plan));
        match self.replacing {
            None => {}
            Some(Replacing::Generation(generation)) => {
                (state.replaced_generation, state.staging_generation) = (Some(generation), None);
                (state.layouts.live, state.layouts.staging, state.layouts.rebuild) = (layout, None, None);
            }
            Some(Replacing::Typed(Place::Live)) => (state.layouts.live, state.layouts.rebuild) = (layout, None),
            Some(Replacing::Typed(Place::Staged)) => state.layouts.staging = layout,
        }
        state
    }
}

/// What becomes of an unfinished replacement, and whether this sync is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Staging {
    /// Rows go to what the user reads; what an unfinished replacement had loaded is kept with it.
    Absorb,
    /// The sync replaces, and goes on from what an unfinished attempt had loaded.
    Resume(i64),
    /// The sync replaces, from nothing.
    Afresh(i64),
}

impl Staging {
    pub(super) fn decide(stream: &StreamPlan, state: &StreamState) -> Self {
        match stream.replacement {
            Replacement::Keep => Self::Absorb,
            Replacement::Always => Self::Afresh(0),
            Replacement::Generation(generation) if state.staging_generation == Some(generation) => {
                Self::Resume(generation)
            }
            Replacement::Generation(generation)
                if state.replaced_generation == Some(generation) && stream.mode != SyncMode::Overwrite =>
            {
                Self::Absorb
            }
            Replacement::Generation(generation) => Self::Afresh(generation),
        }
    }
}

/// Makes one stream's tables ready and decides where its rows go.
pub(super) struct StreamPreparation<'a> {
    pub(super) warehouse: &'a mut dyn Warehouse,
    pub(super) stream: &'a StreamPlan,
    pub(super) existing: &'a [ExistingTable],
    pub(super) state: StreamState,
}

impl<'a> StreamPreparation<'a> {
    /// Makes ready what a sync needs.
    pub(super) fn sync(mut self) -> Result<StreamTarget, Failure> {
        let former = Former::of(self.stream, self.existing);
        let (mut obsolete, left) = (former.live(&self.sql()), former.staged(&self.sql(), self.existing));
        let staged_children = former.staged_children(&self.sql(), self.existing);
        let mut staging = self.sql().staging();
        let live = Targets { former_children: former.children, ..self.sql().live() };
        refuse_foreign_tables(self.stream, &live, self.existing)?;
        let described = self.described();
        let layout = Layout::of(self.stream);
        let decision = Staging::decide(self.stream, &self.state);
        let (replacing, targets) = match decision {
            Staging::Absorb => {
                self.execute(&self.sql().prepare_live(&described))?;
                // generation 0 is a replacement without generations: the next attempt starts afresh, whatever it is
                match self.state.staging_generation {
                    None => {}
                    Some(0) => self.execute(&[self.sql().drop_staging(), self.drop(&left)].concat())?,
                    Some(_) => {
                        let staged = self.sql().prepare_staging(&described);
                        let absorb = self.sql().absorb(&live.former_children);
                        self.execute(&[staged, absorb, self.drop(&left)].concat())?;
                    }
                }
                (self.state.layouts.live, self.state.layouts.staging) = (Some(layout), None);
                (None, live)
            }
            Staging::Resume(generation) | Staging::Afresh(generation) => {
                if live.tables.first().is_none_or(|root| find(self.existing, root).is_none()) {
                    self.state.layouts.live = Some(layout.clone());
                }
                self.state.layouts.staging = Some(layout);
                let staged = if let Staging::Resume(_) = decision {
                    obsolete.extend(left);
                    staging.former_children = staged_children;
                    self.sql().prepare_staging(&described)
                } else {
                    [self.sql().drop_staging(), self.drop(&left), self.sql().create_staging(&described)].concat()
                };
                self.execute(&[self.sql().extend_live(&described), staged].concat())?;
                (Some(generation), staging)
            }
        };
        self.state.staging_generation = replacing;
        self.remember()?;
        let replacing = replacing.map(Replacing::Generation);
        let retyped = self.retyped(replacing);
        Ok(StreamTarget { targets, replacing, refills: false, obsolete, retyped, state: self.state })
    }

    /// Makes ready what a rebuild of `place` needs: its typed tables as the plan has them, and others beside them, empty or as
    /// an unfinished rebuild by the same plan left them; or none where `refills`, unless there is such a rebuild. Says
    /// whether there is.
    pub(super) fn rebuild(
        mut self,
        place: Place,
        basis: Basis,
        (may_resume, refills): (bool, bool),
    ) -> Result<(StreamTarget, bool), Failure> {
        let sql = place.sql(self.sql());
        let former = Former::of(self.stream, self.existing);
        let left = self.drop(&former.staged(&sql, self.existing));
        // an earlier plan's staged rows are not among those that are typed again
        let obsolete = match place {
            Place::Live => former.children,
            Place::Staged => former.staged(&self.sql(), self.existing),
        };
        let (live, staging) = (sql.live(), sql.staging());
        refuse_foreign_tables(self.stream, &live, self.existing)?;
        let described = self.described();
        let begun = (Layout::of(self.stream), basis.plan.clone());
        let is_there = staging.tables.iter().all(|table| find(self.existing, table).is_some());
        let resumes =
            may_resume && place == Place::Live && is_there && self.state.layouts.rebuild.as_ref() == Some(&begun);
        let refills = refills && !resumes;
        let staged = match (resumes, refills) {
            (true, _) => sql.prepare_staging(&described),
            (false, true) => [sql.drop_staging(), left].concat(),
            (false, false) => [sql.drop_staging(), left, sql.create_staging(&described)].concat(),
        };
        // a right that is missing in the end shows before all is typed again
        let statements = [sql.try_to_empty(&live, &described), sql.extend_live(&described), staged].concat();
        self.execute(&statements)?;
        if place == Place::Live {
            (self.state.layouts.rebuild, self.state.layouts.basis) = (Some(begun), Some(basis));
            self.remember()?;
        }
        let replacing = Some(Replacing::Typed(place));
        let retyped = self.retyped(replacing);
        let targets = if refills { live } else { staging };
        Ok((StreamTarget { targets, replacing, refills, obsolete, retyped, state: self.state }, resumes))
    }

    fn remember(&mut self) -> Result<(), Failure> {
        let statements = bookkeeping::write_state(self.warehouse.dialect(), &self.state);
        self.execute(&statements)
    }

    fn retyped(&self, replacing: Option<Replacing>) -> Vec<Retyped> {
        replacing.map(|replacing| replacing.sql(self.sql()).retype_live(self.described())).unwrap_or_default()
    }

    fn described(&self) -> impl Fn(&TableName) -> Option<Vec<Described>> + use<'a> {
        let existing = self.existing;
        move |name| find(existing, name).map(ExistingTable::described)
    }

    fn drop(&self, tables: &[TableName]) -> Vec<String> {
        tables.iter().map(|table| drop_table(self.warehouse.dialect(), table)).collect()
    }

    fn execute(&mut self, statements: &[String]) -> Result<(), Failure> {
        statements.iter().try_for_each(|statement| {
            self.warehouse.execute(statement).map(drop).map_err(|error| failure(error, Some(self.stream)))
        })
    }

    fn sql(&self) -> StreamSql<'_> {
        StreamSql::new(self.stream, self.warehouse.dialect())
    }
}

/// A table that has none of our columns is somebody else's: adding to it, let alone replacing it, would be a harm.
pub(super) fn refuse_foreign_tables(
    stream: &StreamPlan,
    live: &Targets,
    existing: &[ExistingTable],
) -> Result<(), Failure> {
    let names = live.raw.iter().chain(&live.tables).chain(&live.history);
    for table in names.filter_map(|name| find(existing, name)) {
        if !table.columns.iter().any(|column| column.name.starts_with("_airbyte_")) {
            let TableName { schema, name } = &table.name;
            let stream = &stream.stream;
            let message = format!(
                "the table `{schema}.{name}` exists and is not Alluvium's (it has no `_airbyte_` columns): rename \
                 it, or give the stream another schema"
            );
            return Err(Failure::config(message).in_stream(stream.name.clone(), stream.namespace.clone()));
        }
    }
    Ok(())
}
