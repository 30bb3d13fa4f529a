//! What an existing table lacks to take what the plan has for it.

use crate::kind::{ColumnKind, ScalarColumn};
use crate::names::{Candidate, Naming, assign};
use crate::sql::Dialect;

/// A column that exists: its name, and its type as [`Dialect::column_type`] spells it.
pub type Described = (String, String);

/// One step towards the plan.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// A column of the plan is added.
    Add { name: &'a str, kind: ColumnKind },
    /// A column has another type than the plan's.
    Retype(Retype<'a>),
}

/// A column that exists with another type than the plan's.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Retype<'a> {
    /// Its name in the plan.
    pub(super) name: &'a str,
    /// Its name in the table, maybe in other letters.
    pub(super) column: &'a str,
    /// What the plan has for it.
    pub(super) kind: ColumnKind,
    /// The type that it has.
    pub(super) present_type: &'a str,
    /// The name under which it makes way, if it has to: `<name>_<8 hex>`, in nobody's way.
    pub(super) retired: String,
}

impl Retype<'_> {
    /// Every value of the column is one of the planned kind too.
    pub(super) fn widens(&self, dialect: &dyn Dialect) -> bool {
        let ColumnKind::Scalar(planned) = self.kind else { return false };
        let present = ScalarColumn::ALL
            .into_iter()
            .filter(|scalar| dialect.column_type(ColumnKind::Scalar(*scalar)) == self.present_type);
        // more than one where a type stands for several kinds
        present.map(|present| present.widens_to(planned)).reduce(|one, other| one && other).unwrap_or(false)
    }
}

/// The steps from an existing table to the planned columns.
///
/// Law: no column and no value is dropped; a column that the plan does not have stays. Columns named in `ours` keep whatever
/// type they have: loads cast to it.
pub(super) fn steps<'a>(
    dialect: &dyn Dialect,
    planned: &[(&'a str, ColumnKind)],
    ours: &[&str],
    existing: &'a [Described],
) -> Vec<Step<'a>> {
    let ignores_case = dialect.limits().identifiers.ignores_case;
    let same = |a: &str, b: &str| a == b || (ignores_case && a.eq_ignore_ascii_case(b));
    let mut taken: Vec<String> = existing.iter().map(|(name, _)| name.clone()).collect();
    taken.extend(planned.iter().map(|(name, _)| (*name).to_owned()));
    let mut steps = Vec::new();
    for (name, kind) in planned {
        let Some((column, present_type)) = existing.iter().find(|(present, _)| same(present, name)) else {
            steps.push(Step::Add { name, kind: *kind });
            continue;
        };
        if *present_type != dialect.column_type(*kind) && !ours.contains(name) {
            let retired = retired_name(dialect, (column, present_type), &taken);
            taken.push(retired.clone());
            steps.push(Step::Retype(Retype { name, column, kind: *kind, present_type, retired }));
        }
    }
    steps
}

/// `<name>_<8 hex>`, in nobody's way.
fn retired_name(dialect: &dyn Dialect, (column, column_type): (&str, &str), taken: &[String]) -> String {
    let candidate = |name: &str, fixed: bool| Candidate {
        path: vec![name.to_owned(), column_type.to_owned()],
        name: name.to_owned(),
        rank: 0,
        kept: None,
        fixed,
    };
    let mut candidates = vec![candidate(column, false)];
    candidates.extend(taken.iter().map(|name| candidate(name, true)));
    assign(Naming::Exact, &dialect.limits().identifiers, &candidates).swap_remove(0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Retype, Step, steps};
    use crate::kind::{ColumnKind, ScalarColumn};
    use crate::sql::duckdb::DuckDb;

    const INTEGER: ColumnKind = ColumnKind::Scalar(ScalarColumn::Integer);
    const TEXT: ColumnKind = ColumnKind::Scalar(ScalarColumn::String);

    fn described(columns: &[(&str, &str)]) -> Vec<(String, String)> {
        columns.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect()
    }

    #[test]
    fn a_missing_column_is_added_and_a_gone_one_stays() {
        let existing = described(&[("ID", "BIGINT"), ("gone", "VARCHAR")]);
        let planned = [("id", INTEGER), ("new", TEXT)];
        assert_eq!(steps(&DuckDb::default(), &planned, &[], &existing), [Step::Add { name: "new", kind: TEXT }]);
    }

    #[test]
    fn a_column_of_another_type_can_make_way_again_and_again() {
        let mut existing = described(&[("price", "BIGINT")]);
        for kind in [TEXT, INTEGER, TEXT, INTEGER] {
            let steps = steps(&DuckDb::default(), &[("price", kind)], &[], &existing);
            let [Step::Retype(Retype { column: "price", retired: to, .. })] = steps.as_slice() else {
                panic!("{steps:?}")
            };
            assert!(existing.iter().all(|(name, _)| name != to));
            let to = to.clone();
            existing.iter_mut().find(|(name, _)| name == "price").unwrap().0 = to;
            existing.push(("price".to_owned(), if kind == TEXT { "VARCHAR" } else { "BIGINT" }.to_owned()));
        }
    }

    #[test]
    fn our_own_columns_keep_the_type_that_they_have() {
        let existing = described(&[("_airbyte_ab_id", "VARCHAR")]);
        let planned = [("_airbyte_ab_id", ColumnKind::Uuid)];
        assert_eq!(steps(&DuckDb::default(), &planned, &["_airbyte_ab_id"], &existing), []);
    }

    #[test]
    fn only_what_holds_every_value_is_wider() {
        use ScalarColumn::{Boolean, Decimal, Double, HugeInteger, Integer, String, TimestampTz};
        let widens = |from: &str, to: ScalarColumn| {
            let existing = described(&[("c", from)]);
            match steps(&DuckDb::default(), &[("c", ColumnKind::Scalar(to))], &[], &existing).as_slice() {
                [Step::Retype(retype)] => retype.widens(&DuckDb::default()),
                other => panic!("{other:?}"),
            }
        };
        for (from, to) in [("BIGINT", HugeInteger), ("BIGINT", Decimal), ("HUGEINT", Double), ("DATE", String)] {
            assert!(widens(from, to), "{from} {to:?}");
        }
        for (from, to) in [
            ("VARCHAR", Integer),
            ("HUGEINT", Decimal),
            ("DOUBLE", HugeInteger),
            ("DATE", TimestampTz),
            ("BIGINT", Boolean),
            ("JSON", String),
            ("BIGINT[]", String),
        ] {
            assert!(!widens(from, to), "{from} {to:?}");
        }
    }
}
