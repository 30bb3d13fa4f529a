use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::names::IdentifierLength;
use crate::names::basic::tests::BASIC;

const DUCKDB_LIKE: IdentifierRules = IdentifierRules {
    longest: IdentifierLength::Characters(255),
    ignores_case: true,
    taken_columns: &["rowid"],
    basic: &BASIC,
};

/// A candidate whose name is its path joined with `_`.
fn candidate(rank: u8, path: &[&str]) -> Candidate {
    Candidate {
        path: path.iter().map(|&part| part.to_owned()).collect(),
        name: path.join("_"),
        rank,
        kept: None,
        fixed: false,
    }
}

fn property(name: &str) -> Candidate {
    candidate(0, &[name])
}

fn kept(name: &str, identifier: &str) -> Candidate {
    Candidate { kept: Some(identifier.to_owned()), ..property(name) }
}

fn fixed(name: &str) -> Candidate {
    Candidate { fixed: true, ..property(name) }
}

/// Assigned identifiers, a suffix written as `_#` where it is the one of the candidate's own path.
fn assigned(naming: Naming, candidates: &[Candidate]) -> Vec<String> {
    assign(naming, &DUCKDB_LIKE, candidates)
        .into_iter()
        .zip(candidates)
        .map(|(identifier, candidate)| identifier.replace(&Suffix::of_path(&candidate.path).to_string(), "_#"))
        .collect()
}

#[test]
fn names_that_do_not_meet_stay_plain() {
    assert_eq!(assigned(Naming::Lower, &[property("Order ID"), property("id")]), ["order_id", "id"]);
}

#[test]
fn the_name_that_is_written_so_in_the_source_stays_plain() {
    assert_eq!(
        assigned(Naming::Lower, &[property("User-ID"), property("user_id"), property("userID")]),
        ["user_id_#", "user_id", "userid"]
    );
}

#[test]
fn names_that_all_had_to_be_cleaned_all_get_a_suffix() {
    assert_eq!(assigned(Naming::Lower, &[property("User ID"), property("user-id")]), ["user_id_#", "user_id_#"]);
}

#[test]
fn exact_names_that_differ_in_case_all_get_a_suffix() {
    assert_eq!(assigned(Naming::Exact, &[property("Id"), property("id"), property("ID ")]), ["Id_#", "id_#", "ID "]);
    let holds_case_apart = IdentifierRules { ignores_case: false, ..DUCKDB_LIKE };
    assert_eq!(assign(Naming::Exact, &holds_case_apart, &[property("Id"), property("id")]), ["Id", "id"]);
}

#[test]
fn paths_that_join_to_one_name_are_kept_apart() {
    let [one, other] = [candidate(3, &["a", "b_c"]), candidate(3, &["a_b", "c"])];
    assert_eq!(assigned(Naming::Lower, &[one, other]), ["a_b_c_#", "a_b_c_#"]);
}

#[test]
fn a_stream_beats_a_child_path() {
    let [child, stream] = [candidate(3, &["orders", "items"]), candidate(1, &["Orders Items"])];
    assert_eq!(assigned(Naming::Lower, &[child, stream]), ["orders_items_#", "orders_items"]);
}

#[test]
fn a_worse_rank_gets_no_name_that_better_ones_were_refused() {
    let streams = [candidate(1, &["A B"]), candidate(1, &["a-b"]), candidate(3, &["a", "b"])];
    assert_eq!(assigned(Naming::Lower, &streams), ["a_b_#", "a_b_#", "a_b_#"]);
}

#[test]
fn system_columns_and_the_warehouses_own_names_beat_properties() {
    let columns = [property("RowID"), property("_airbyte_meta"), fixed("_airbyte_meta"), property("_Airbyte_Meta")];
    assert_eq!(assigned(Naming::Lower, &columns), ["rowid_#", "_airbyte_meta_#", "_airbyte_meta", "_airbyte_meta_#"]);
    assert_eq!(assign(Naming::Lower, &DUCKDB_LIKE.without_taken_columns(), &[property("rowid")]), ["rowid"]);
}

#[test]
fn a_later_sibling_takes_over_no_column() {
    assert_eq!(assigned(Naming::Lower, &[kept("User ID", "user_id"), property("user_id")]), ["user_id", "user_id_#"]);
}

/// A column set aside under another name does not stand in the way of its successor.
#[test]
fn a_kept_name_claims_nothing_but_itself() {
    let successor = Candidate { name: "price".to_owned(), ..candidate(0, &["new", "price"]) };
    assert_eq!(assigned(Naming::Lower, &[kept("price", "price_00c0ffee"), successor]), ["price_00c0ffee", "price"]);
}

#[test]
fn kept_names_that_cannot_stand_are_assigned_anew() {
    assert_eq!(assigned(Naming::Lower, &[kept("b", "X"), kept("a", "x")]), ["b", "x"]);
    assert_eq!(assigned(Naming::Lower, &[kept("a", "_airbyte_meta"), fixed("_airbyte_meta")]), ["a", "_airbyte_meta"]);
    assert_eq!(assigned(Naming::Lower, &[kept("a", "rowid")]), ["a"]);
    assert_eq!(assigned(Naming::Lower, &[kept("a", &"x".repeat(256))]), ["a"]);
}

#[test]
fn a_suffixed_name_that_is_taken_gets_the_next_suffix() {
    let loser = candidate(3, &["orders", "items"]);
    let suffix = Suffix::of_path(&loser.path);
    let squatters = [candidate(1, &["orders_items"]), candidate(2, &[&format!("orders_items{suffix}")])];
    let identifiers = assign(Naming::Lower, &DUCKDB_LIKE, &[loser, squatters[0].clone(), squatters[1].clone()]);
    assert_eq!(identifiers[0], format!("orders_items{}", suffix.next()));
}

#[test]
fn in_order_a_name_that_is_taken_is_numbered() {
    let in_order = |candidates: &[Candidate]| assign_in_order(&DUCKDB_LIKE, candidates);
    let columns = [property("userId"), property("userid"), property("UserID"), property("userid_1")];
    assert_eq!(in_order(&columns), ["userid", "userid_1", "userid_2", "userid_1_1"]);
    let [flattened, of_its_own] = [candidate(1, &["a", "b"]), candidate(0, &["A_B"])];
    assert_eq!(in_order(&[flattened, of_its_own]), ["a_b_1", "a_b"]);
    let columns = [property("_airbyte_meta"), property("RowID"), fixed("_airbyte_meta")];
    assert_eq!(in_order(&columns), ["_airbyte_meta_1", "rowid_1", "_airbyte_meta"]);
    assert_eq!(in_order(&[property("userid"), kept("userId", "userid")]), ["userid_1", "userid"]);
}

#[test]
fn in_order_a_number_survives_the_cut() {
    let long = "x".repeat(40);
    let columns = [property(&long), property(&long.to_uppercase()), property(&format!("{long}!"))];
    let identifiers = assign_in_order(&DUCKDB_LIKE, &columns);
    assert_eq!(
        identifiers,
        ["xxxxxxxxxxxxxx__xxxxxxxxxxxxxx", "xxxxxxxxxxxxxx__xxxxxxxxxxxx_1", "xxxxxxxxxxxxxx__xxxxxxxxxxxxx!"]
    );
    // The warehouse holds less of them than the number stands behind.
    let tight = IdentifierRules { longest: IdentifierLength::Bytes(20), ..DUCKDB_LIKE };
    let identifiers = assign_in_order(&tight, &columns);
    assert_eq!(identifiers[0], "xxxxxxxxxxxxxx__xxxx");
    assert_eq!(identifiers[1], format!("XXXXXXXXXXX{}", Suffix::of_path(&columns[1].path)));
}

#[test]
fn a_suffix_fits_at_the_limit() {
    let tight = IdentifierRules { longest: IdentifierLength::Bytes(12), ..DUCKDB_LIKE };
    let identifiers = assign(Naming::Lower, &tight, &[property("Twelve bytes"), property("twelve-bytes")]);
    assert!(identifiers.iter().all(|identifier| identifier.len() == 12 && identifier.starts_with("twe_")));
    assert_ne!(identifiers[0], identifiers[1]);
}

/// Few distinct parts, so that names meet often; now and then any text.
fn part() -> impl Strategy<Value = String> {
    const PARTS: &str = "|a|A|b|1|é|É|a b|a-b|a_b|rowid|_airbyte_meta|a_very_long_name|a very long name!";
    prop_oneof![4 => select(PARTS.split('|').collect::<Vec<_>>()).prop_map(str::to_owned), 1 => ".{0,12}"]
}

fn candidates(ranks: std::ops::Range<u8>) -> impl Strategy<Value = Vec<Candidate>> {
    let one = (prop::collection::vec(part(), 1..3), ranks).prop_map(|(path, rank)| Candidate {
        name: path.join("_"),
        path,
        rank,
        kept: None,
        fixed: false,
    });
    prop::collection::vec(one, 0..24).prop_map(|mut candidates| {
        candidates.sort_by(|one, other| one.path.cmp(&other.path));
        candidates.dedup_by(|one, other| one.path == other.path);
        candidates
    })
}

fn rules() -> impl Strategy<Value = IdentifierRules> {
    let limit = prop_oneof![Just(IdentifierLength::SHORTEST), 10..16_usize, Just(63)];
    (limit, any::<bool>(), any::<bool>()).prop_map(|(limit, in_bytes, ignores_case)| IdentifierRules {
        longest: if in_bytes { IdentifierLength::Bytes(limit) } else { IdentifierLength::Characters(limit) },
        ignores_case,
        taken_columns: &["rowid"],
        basic: &BASIC,
    })
}

fn naming() -> impl Strategy<Value = Naming> {
    select(&[Naming::Lower, Naming::Exact][..])
}

/// The candidates, as a later sync sees them: with the identifiers that they got.
fn remembering(candidates: &[Candidate], identifiers: &[String]) -> Vec<Candidate> {
    candidates
        .iter()
        .zip(identifiers)
        .map(|(candidate, identifier)| Candidate { kept: Some(identifier.clone()), ..candidate.clone() })
        .collect()
}

/// Candidates of `more` whose path is not among `candidates`.
fn others(more: Vec<Candidate>, candidates: &[Candidate]) -> Vec<Candidate> {
    more.into_iter().filter(|other| candidates.iter().all(|candidate| candidate.path != other.path)).collect()
}

proptest! {
    #[test]
    fn identifiers_are_unique_as_compared_and_within_the_limit(
        naming in naming(), rules in rules(), mut candidates in candidates(0..4),
    ) {
        candidates.push(fixed("_sys"));
        let identifiers = assign(naming, &rules, &candidates);
        prop_assert_eq!(identifiers.len(), candidates.len());
        let mut keys = HashSet::new();
        for identifier in &identifiers {
            prop_assert!(!identifier.is_empty());
            prop_assert!(rules.longest.holds(identifier), "{} is over the limit", identifier);
            prop_assert!(!rules.taken_columns.contains(&rules.comparison_key(identifier).as_str()));
            prop_assert!(keys.insert(rules.comparison_key(identifier)), "{} comes up twice", identifier);
        }
    }

    #[test]
    fn in_order_identifiers_are_unique_as_compared_within_the_limit_and_stay(
        rules in rules(), mut earlier in candidates(0..2), later in candidates(0..2),
    ) {
        earlier.push(fixed("_sys"));
        let before = assign_in_order(&rules, &earlier);
        let later = others(later, &earlier);
        let all: Vec<Candidate> = later.into_iter().chain(remembering(&earlier, &before)).collect();
        let identifiers = assign_in_order(&rules, &all);
        prop_assert_eq!(&identifiers[all.len() - earlier.len()..], before);
        let mut keys = HashSet::new();
        for identifier in &identifiers {
            prop_assert!(!identifier.is_empty());
            prop_assert!(rules.longest.holds(identifier), "{} is over the limit", identifier);
            prop_assert!(!rules.taken_columns.contains(&rules.comparison_key(identifier).as_str()));
            prop_assert!(keys.insert(rules.comparison_key(identifier)), "{} comes up twice", identifier);
        }
    }

    #[test]
    fn the_order_of_candidates_does_not_matter(
        naming in naming(), rules in rules(),
        (candidates, shuffled) in candidates(0..4).prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        let by_path = |candidates: &[Candidate]| -> BTreeMap<Vec<String>, String> {
            let identifiers = assign(naming, &rules, candidates);
            candidates.iter().map(|candidate| candidate.path.clone()).zip(identifiers).collect()
        };
        prop_assert_eq!(by_path(&candidates), by_path(&shuffled));
    }

    #[test]
    fn a_worse_rank_changes_nothing_of_better_ones(
        naming in naming(), rules in rules(), better in candidates(0..2), worse in candidates(2..4),
    ) {
        let alone = assign(naming, &rules, &better);
        let all: Vec<Candidate> = better.iter().cloned().chain(others(worse, &better)).collect();
        prop_assert_eq!(&assign(naming, &rules, &all)[..better.len()], alone);
    }

    #[test]
    fn names_once_assigned_stay(
        naming in naming(), rules in rules(), earlier in candidates(1..4), later in candidates(0..4),
    ) {
        let before = assign(naming, &rules, &earlier);
        let later = others(later, &earlier);
        let all: Vec<Candidate> = remembering(&earlier, &before).into_iter().chain(later).collect();
        prop_assert_eq!(&assign(naming, &rules, &all)[..earlier.len()], before);
    }

    #[test]
    fn a_name_alone_stays_plain(naming in naming(), name in "[a-z]{1,8}") {
        let alone = property(&name);
        prop_assert_eq!(assign(naming, &DUCKDB_LIKE, std::slice::from_ref(&alone)), [plain(naming, &DUCKDB_LIKE, &name)]);
    }
}
