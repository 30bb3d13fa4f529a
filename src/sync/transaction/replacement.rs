//! Replacements that take effect: what is staged in the place of what is live, and what is tidied up behind it.

use std::sync::Arc;

use alluvium_normalization::sql::TableName;
use alluvium_normalization::sql::bookkeeping::write_state;

use super::Transaction;
use crate::failure::Failure;
use crate::seams;
use crate::sync::prepare::failure;
use crate::sync::target::Replacing;

impl Transaction<'_> {
    /// Takes away what is about to be written anew, if the stream is written so.
    pub(super) fn empty(&mut self, stream: usize) -> Result<(), Failure> {
        let target = &self.targets[stream];
        let Some(replacing) = target.replacing.filter(|_| target.refills && !self.emptied.contains(&stream)) else {
            return Ok(());
        };
        let plans = Arc::clone(&self.plans);
        let plan = &plans[stream];
        let mut statements: Vec<String> = target.retyped.iter().flat_map(|retyped| retyped.before.clone()).collect();
        statements.extend(replacing.sql(self.sql(plan)).empty());
        self.execute(&statements, plan)?;
        self.emptied.insert(stream);
        Ok(())
    }

    /// Lets a replacement take effect, if the stream is one.
    pub(super) fn replace(&mut self, stream: usize) -> Result<(), Failure> {
        let Some(replacing) = self.targets[stream].replacing else { return Ok(()) };
        self.begin()?;
        let plans = Arc::clone(&self.plans);
        let plan = &plans[stream];
        // the live tables take what merges find rows by from the staged ones, where they have it
        let sql = replacing.sql(self.sql(plan));
        let (indexes, pairs) = (sql.index(&sql.live()), sql.replaced_tables());
        self.step("index", &indexes, plan)?;
        seams::reach("swap");
        let statements = if self.targets[stream].refills {
            // of a stream without rows nothing was loaded
            self.empty(stream)?;
            self.targets[stream].retyped.iter().flat_map(|retyped| retyped.after.clone()).collect()
        } else {
            self.swap(replacing, stream, pairs)?
        };
        self.execute(&statements, plan)?;
        let (dialect, target) = (self.warehouse.dialect(), &self.targets[stream]);
        let mut clean: Vec<String> = target.obsolete.iter().map(|table| dialect.give_up(table)).collect();
        if matches!(replacing, Replacing::Generation(_)) && target.state.layouts.rebuild.is_some() {
            // its raw rows are gone
            clean.extend(self.sql(plan).rebuilding().drop_staging());
        }
        let remember = write_state(dialect, &target.replaced(plan));
        self.step("clean", &clean, plan)?;
        self.execute(&remember, plan)
    }

    /// Puts what is staged in the place of what is live: tables as they are where the warehouse can, and for the others the
    /// statements.
    fn swap(
        &mut self,
        replacing: Replacing,
        stream: usize,
        pairs: Vec<(TableName, TableName)>,
    ) -> Result<Vec<String>, Failure> {
        let plans = Arc::clone(&self.plans);
        let plan = &plans[stream];
        let mut exchanged = Vec::new();
        for (live, staged) in pairs {
            if self.warehouse.exchange(&live, &staged).map_err(|error| failure(error, Some(plan)))? {
                exchanged.push(live);
            }
        }
        let target = &self.targets[stream];
        let copied = || target.retyped.iter().filter(|retyped| !exchanged.contains(&retyped.table));
        let mut statements: Vec<String> = copied().flat_map(|retyped| retyped.before.clone()).collect();
        statements.extend(replacing.sql(self.sql(plan)).swap(&exchanged));
        statements.extend(copied().flat_map(|retyped| retyped.after.clone()));
        Ok(statements)
    }
}
