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

    for (candidate, identifier) in candidates.iter().zip(&mut assigned) {
        if candidate.fixed {
            scope.claim(&candidate.name);
            *identifier = Some(candidate.name.clone());
        }
    }

    // From here on, whatever takes turns takes them in an order that the candidates alone decide.
    let mut waiting: Vec<Waiting<'_>> = candidates
        .iter()
        .zip(&mut assigned)
        .filter(|(candidate, _)| !candidate.fixed)
        .map(|(candidate, identifier)| Waiting { candidate, identifier })
        .collect();
    waiting.sort_by_key(|waiting| waiting.candidate.order());

    for Waiting { candidate, identifier } in &mut waiting {
        if let Some(kept) = &candidate.kept
            && rules.longest.holds(kept)
            && scope.claim(kept)
        {
            **identifier = Some(kept.clone());
        }
    }
    waiting.retain(|waiting| waiting.identifier.is_none());

    for rank in waiting.chunk_by_mut(|one, other| one.candidate.rank == other.candidate.rank) {
        give_plain_names(naming, &mut scope, rank);
        for Waiting { candidate, identifier } in rank.iter_mut().filter(|waiting| waiting.identifier.is_none()) {
            **identifier = Some(suffixed(naming, &mut scope, candidate));
        }
    }
    assigned.into_iter().map(Option::unwrap_or_default).collect()
}

/// A candidate that still has no identifier, and the place for it.
struct Waiting<'a> {
    candidate: &'a Candidate,
    identifier: &'a mut Option<String>,
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
