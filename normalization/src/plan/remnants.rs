//! What a history still has of properties that are gone.

use crate::limits::Limits;
use crate::plan::Plan;
use crate::sql::{Described, TableName};

impl Plan {
    /// Takes note of the columns that histories have and the plan has not. A version that is written anew, because another
    /// came after it, keeps its values there.
    pub fn adopt_history(&mut self, limits: &Limits, existing: impl Fn(&TableName) -> Option<Vec<Described>>) {
        let same = |a: &str, b: &str| limits.identifiers.comparison_key(a) == limits.identifiers.comparison_key(b);
        for stream in &mut self.streams {
            let Some(history) = &stream.history else { continue };
            let name = TableName { schema: stream.schema.clone(), name: history.name.clone() };
            let is_planned = |column: &str| history.columns.iter().any(|planned| same(&planned.name, column));
            let columns = existing(&name).unwrap_or_default();
            stream.history_remnants = columns.into_iter().filter(|(column, _)| !is_planned(column)).collect();
        }
    }
}
