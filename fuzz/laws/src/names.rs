//! Identifiers: apart as the warehouse compares them, within its limit, the same in any order, and kept once they are given.
//! The input is one name a line.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use alluvium_normalization::names::{
    Candidate, IdentifierLength, IdentifierRules, Naming, assign, assign_in_order, clean, plain, schema,
};
use alluvium_normalization::sql::Dialect as _;
use alluvium_normalization::sql::duckdb::DuckDb;
use alluvium_normalization::sql::postgres::Postgres;

pub(crate) fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let names: BTreeSet<&str> = text.split('\n').collect();
    let postgres = Postgres::default().limits().identifiers.clone();
    let shortest = IdentifierLength::Bytes(IdentifierLength::SHORTEST);
    let narrow = IdentifierRules { longest: shortest, ignores_case: true, ..postgres.clone() };
    for rules in [postgres, DuckDb::default().limits().identifiers.clone(), narrow] {
        for naming in [Naming::Lower, Naming::Exact, Naming::Basic] {
            for name in &names {
                alone(naming, &rules, name);
            }
            together(naming, &rules, &names);
        }
    }
}

fn fits(rules: &IdentifierRules, name: &str) -> bool {
    match rules.longest {
        IdentifierLength::Bytes(bytes) => name.len() <= bytes,
        IdentifierLength::Characters(characters) => name.chars().count() <= characters,
    }
}

fn alone(naming: Naming, rules: &IdentifierRules, name: &str) {
    let cleaned = clean(naming, name);
    for identifier in [plain(naming, rules, name), schema(naming, rules, name)] {
        assert!(!identifier.is_empty() && fits(rules, &identifier), "{identifier:?}");
        assert!(!identifier.contains('\0'), "{identifier:?}");
        if naming == Naming::Lower {
            let is_lower = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '_');
            assert!(identifier.chars().all(is_lower) && !identifier.starts_with(|first: char| first.is_ascii_digit()));
        }
        if naming != Naming::Basic {
            assert_eq!(clean(naming, &cleaned), cleaned);
            assert_eq!(plain(naming, rules, &identifier), identifier);
        }
    }
}

fn candidate(name: &str) -> Candidate {
    let rank = u8::try_from(name.len() % 3).unwrap();
    Candidate { path: vec![name.to_owned()], name: name.to_owned(), rank, kept: None, fixed: false }
}

fn together(naming: Naming, rules: &IdentifierRules, names: &BTreeSet<&str>) {
    let candidates: Vec<Candidate> = names.iter().map(|name| candidate(name)).collect();
    let assigned = assign(naming, rules, &candidates);
    apart(rules, &assigned);
    apart(rules, &assign_in_order(rules, &candidates));

    let reversed: Vec<Candidate> = candidates.iter().rev().cloned().collect();
    let by_name = |candidates: &[Candidate], assigned: &[String]| -> BTreeMap<String, String> {
        candidates.iter().map(|candidate| candidate.name.clone()).zip(assigned.iter().cloned()).collect()
    };
    let first = by_name(&candidates, &assigned);
    assert_eq!(by_name(&reversed, &assign(naming, rules, &reversed)), first);

    // Names that come later take nothing from those that are there.
    let later = |candidate: &Candidate| Candidate { kept: first.get(&candidate.name).cloned(), ..candidate.clone() };
    let mut more: Vec<Candidate> = candidates.iter().map(later).collect();
    more.extend(assigned.iter().filter(|name| !names.contains(name.as_str())).map(|name| candidate(name)));
    let again = assign(naming, rules, &more);
    apart(rules, &again);
    assert_eq!(again[..assigned.len()], assigned);
}

fn apart(rules: &IdentifierRules, assigned: &[String]) {
    let mut seen: HashSet<String> = rules.taken_columns.iter().map(|&name| name.to_owned()).collect();
    for identifier in assigned {
        assert!(!identifier.is_empty() && fits(rules, identifier), "{identifier:?}");
        // character by character: a final sigma is not told from others
        let lower = |character: char| character.to_lowercase();
        let compared =
            if rules.ignores_case { identifier.chars().flat_map(lower).collect() } else { identifier.clone() };
        assert!(seen.insert(compared), "{identifier:?} is there twice");
    }
}
