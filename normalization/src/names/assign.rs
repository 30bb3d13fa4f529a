//! All names of one scope: who keeps a plain name when several meet in it.

use std::collections::{BTreeMap, HashSet};

use super::suffix::{self, Suffix};
use super::{Candidate, IdentifierRules, Naming, clean, plain};

/// Gives each candidate its identifier, in the candidates' order.
///
/// Law: identifiers are unique as the warehouse compares them, within its limit, and each is the same whatever the
/// order of the candidates. It takes for granted that paths differ, and that fixed names do.
///
/// Fixed names come first, then what earlier syncs gave, then rank after rank. A candidate is never moved by one of a
/// worse rank: a new child table can't rename a stream's table. In one rank, a name that several want goes to the one
/// that is called so in the source; if there is no such or more than one, to nobody, so that none of them takes over
/// another's column when they come in a different order tomorrow. Who gets no plain name gets it with a suffix.
#[must_use]
pub fn assign(naming: Naming, rules: &IdentifierRules, candidates: &[Candidate]) -> Vec<String> {
    let mut scope = Scope::new(rules);
    let mut assigned: Vec<Option<String>> = vec![None; candidates.len()];

    let mut waiting = waiting(candidates, &mut assigned, &mut scope);
    waiting.sort_by_key(|waiting| waiting.candidate.order());
    for rank in waiting.chunk_by_mut(|one, other| one.candidate.rank == other.candidate.rank) {
        give_plain_names(naming, &mut scope, rank);
        for Waiting { candidate, identifier } in rank.iter_mut().filter(|waiting| waiting.identifier.is_none()) {
            **identifier = Some(suffixed(naming, &mut scope, candidate));
        }
    }
    assigned.into_iter().map(Option::unwrap_or_default).collect()
}

/// Gives each candidate its identifier as Basic Normalization named the columns of a table: a name that is taken is tried
/// again with `_1`, `_2` … behind it, in the candidates' order (those of a better rank first).
///
/// Law: identifiers are unique as the warehouse compares them, within its limit, and kept ones are kept.
#[must_use]
pub fn assign_in_order(rules: &IdentifierRules, candidates: &[Candidate]) -> Vec<String> {
    let mut scope = Scope::new(rules);
    let mut assigned: Vec<Option<String>> = vec![None; candidates.len()];
    let mut waiting = waiting(candidates, &mut assigned, &mut scope);
    waiting.sort_by_key(|waiting| waiting.candidate.rank);
    for Waiting { candidate, identifier } in waiting {
        *identifier = Some(numbered(&mut scope, candidate));
    }
    assigned.into_iter().map(Option::unwrap_or_default).collect()
}

/// A candidate that still has no identifier, and the place for it.
struct Waiting<'a> {
    candidate: &'a Candidate,
    identifier: &'a mut Option<String>,
}

/// Gives out what is fixed and what earlier syncs gave; who is left is in the candidates' order.
fn waiting<'a>(
    candidates: &'a [Candidate],
    assigned: &'a mut [Option<String>],
    scope: &mut Scope<'_>,
) -> Vec<Waiting<'a>> {
    for (candidate, identifier) in candidates.iter().zip(assigned.iter_mut()) {
        if candidate.fixed {
            scope.claim(&candidate.name);
            *identifier = Some(candidate.name.clone());
        }
    }
    let mut waiting: Vec<Waiting<'_>> = candidates
        .iter()
        .zip(assigned)
        .filter(|(candidate, _)| !candidate.fixed)
        .map(|(candidate, identifier)| Waiting { candidate, identifier })
        .collect();

    // In an order that the candidates alone decide.
    let mut taking_turns: Vec<usize> = (0..waiting.len()).collect();
    taking_turns.sort_by_key(|&index| waiting[index].candidate.order());
    for index in taking_turns {
        let Waiting { candidate, identifier } = &mut waiting[index];
        if let Some(kept) = &candidate.kept
            && scope.rules.longest.holds(kept)
            && scope.claim(kept)
        {
            **identifier = Some(kept.clone());
        }
    }
    waiting.retain(|waiting| waiting.identifier.is_none());
    waiting
}

impl Candidate {
    /// The order in which candidates are looked at.
    fn order(&self) -> impl Ord + use<'_> {
        (self.rank, &self.path, &self.name)
    }

    /// Whether the source itself uses `identifier` for this.
    fn is_called(&self, identifier: &str) -> bool {
        self.name == identifier
    }
}

/// The identifiers of a scope that nobody may be given any more.
struct Scope<'a> {
    rules: &'a IdentifierRules,
    claimed: HashSet<String>,
}

impl<'a> Scope<'a> {
    fn new(rules: &'a IdentifierRules) -> Self {
        Self { rules, claimed: rules.taken_columns.iter().map(|&name| name.to_owned()).collect() }
    }

    /// Claims an identifier; false if it is claimed already.
    fn claim(&mut self, identifier: &str) -> bool {
        self.claimed.insert(self.rules.comparison_key(identifier))
    }
}

/// Gives their plain names to those of one rank who may have them. A name that was wanted is claimed even if nobody
/// gets it: otherwise a worse rank would own a name that better ones were refused.
fn give_plain_names(naming: Naming, scope: &mut Scope<'_>, rank: &mut [Waiting<'_>]) {
    let mut meetings: BTreeMap<String, Vec<(String, &mut Waiting<'_>)>> = BTreeMap::new();
    for waiting in rank {
        let name = plain(naming, scope.rules, &waiting.candidate.name);
        meetings.entry(scope.rules.comparison_key(&name)).or_default().push((name, waiting));
    }
    for (key, mut meeting) in meetings {
        if !scope.claimed.insert(key) {
            continue;
        }
        if meeting.len() > 1 {
            meeting.retain(|(name, waiting)| waiting.candidate.is_called(name));
        }
        if let [(name, winner)] = meeting.as_mut_slice() {
            *winner.identifier = Some(std::mem::take(name));
        }
    }
}

/// The candidate's name, or with the first number behind it that leads to a free one. A name that the warehouse can't hold is
/// cut as Postgres itself cuts it, number and all: then numbers lead nowhere.
fn numbered(scope: &mut Scope<'_>, candidate: &Candidate) -> String {
    let mut name = candidate.name.clone();
    for number in 1_u64.. {
        let identifier = scope.rules.basic.column(&name);
        let held = scope.rules.longest.cut(&identifier, 0);
        if scope.claim(held) {
            return held.to_owned();
        }
        if held.len() < identifier.len() {
            break;
        }
        name = format!("{}_{number}", candidate.name);
    }
    suffixed(Naming::Exact, scope, candidate)
}

/// The candidate's name with the suffix of its path, or with the first after that which is free.
fn suffixed(naming: Naming, scope: &mut Scope<'_>, candidate: &Candidate) -> String {
    let cleaned = clean(naming, &candidate.name);
    let beginning = scope.rules.longest.cut(&cleaned, suffix::LENGTH);
    let mut suffix = Suffix::of_path(&candidate.path);
    loop {
        let identifier = format!("{beginning}{suffix}");
        if scope.claim(&identifier) {
            return identifier;
        }
        suffix = suffix.next();
    }
}

#[cfg(test)]
#[path = "assign_tests.rs"]
mod tests;
