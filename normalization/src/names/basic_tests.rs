#![allow(clippy::unwrap_used)]

use super::*;

/// A warehouse that is told little of.
pub(in crate::names) static BASIC: BasicRules = BasicRules {
    longest: 30,
    reserved_words: &["DATE", "ID", "ORDER"],
    cuts_suffixed: false,
    replaces_backticks: false,
};

fn cutting_again() -> BasicRules {
    BasicRules { cuts_suffixed: true, replaces_backticks: true, ..BASIC }
}

#[test]
fn tables_are_letters_digits_and_underscores() {
    for (name, expected) in [
        ("createdAt", "createdat"),
        (" Order \t\u{1c} ID ", "order_id"),
        ("line-items[0]", "line_items_0_"),
        ("Größe", "gro_e"),
        ("Cafe\u{301}", "cafe"),
        // A compatibility character is not taken apart, a mark that takes space is one of its own.
        ("x²", "x_"),
        ("का", "__"),
        ("名前", "__"),
        ("1st", "1st"),
        ("", "_"),
        (" ", "_"),
    ] {
        assert_eq!(BASIC.table(name), expected, "{name:?}");
    }
}

#[test]
fn what_had_to_be_quoted_keeps_its_case() {
    assert_eq!(BASIC.table("Order"), "Order");
    assert_eq!(BASIC.table("Orders"), "orders");
    assert_eq!(BASIC.table("1St"), "1St");
    assert_eq!(BASIC.schema("Date"), "Date");
    assert_eq!(BASIC.history("Order"), "order_scd");
    assert_eq!(BASIC.raw_table("Order"), "_airbyte_raw_order");
    assert_eq!(BASIC.column("User Id"), "User Id");
    assert_eq!(BASIC.column("iD"), "iD");
    assert_eq!(BASIC.column("UserId"), "userid");
    assert_eq!(BASIC.column("a`\"b"), "a`\"b");
    assert_eq!(cutting_again().column("a`\"b"), "a_\"b");
    assert_eq!(BASIC.column(""), "_");
    assert_eq!(BASIC.column("A\0b"), "ab");
}

#[test]
fn long_names_lose_their_middle() {
    assert_eq!(BASIC.table("abcdefghijklmnopqrstuvwxyz0123"), "abcdefghijklmnopqrstuvwxyz0123");
    assert_eq!(BASIC.table("abcdefghijklmnopqrstuvwxyz01234"), "abcdefghijklmn__rstuvwxyz01234");
    assert_eq!(BASIC.column(&"ñ".repeat(31)), format!("{}__{}", "ñ".repeat(14), "ñ".repeat(14)));
    for (longest, half) in [(41, 20), (42, 21), (43, 22), (44, 22), (45, 22), (47, 24)] {
        let cut = cut_in_middle(&"x".repeat(50), longest, GAP);
        assert_eq!(cut.len(), longest);
        assert_eq!(cut.find(GAP).unwrap(), longest - half - 1);
    }
    let long = "a_stream_of_thirty_characters_";
    assert_eq!(BASIC.history(long), format!("{long}_scd"));
    assert_eq!(cutting_again().history(long), "a_stream_of_th_1haracters__scd");
    assert_eq!(BASIC.raw_table(long), format!("_airbyte_raw_{long}"));
    assert_eq!(cutting_again().raw_table(long), "_airbyte_raw_a__ty_characters_");
}

#[test]
fn a_hash_tells_paths_apart_but_not_cases() {
    assert_eq!(BASIC.hashed_stream("public", "Users"), BASIC.hashed_stream("public", "users"));
    assert_ne!(BASIC.hashed_stream("public", "users"), BASIC.hashed_stream("other", "users"));
    let hash = |path: &[&str]| hash("public", path);
    // As `printf 'public&airbyte&users&airbyte&tags' | sha1sum` has them.
    assert_eq!(hash(&["users", "tags"]), "2bb");
    assert_eq!(BASIC.hashed_child("public", &["Users", "Tags"]), format!("users_{}_tags", hash(&["users", "tags"])));
    let long_parent = ["a_parent_of_many_characters", "child"];
    assert_eq!(BASIC.hashed_child("s", &long_parent), "a_parent_of_many_cha_0fd_child");
    let long_child = ["a_parent", "a_child_of_many_more_characters"];
    assert_eq!(BASIC.hashed_child("s", &long_child), "a_parent_9cc_a_child__racters");
    let both_long = ["a_parent_of_many_characters", "a_child_of_many_more_characters"];
    assert_eq!(BASIC.hashed_child("s", &both_long), "a_parent_o_7a9_a_chil__acters");
}

#[test]
fn ids_are_named_after_the_field_alone() {
    assert_eq!(BASIC.hash_id("Line Items", None), "_airbyte_line_items_hashid");
    assert_eq!(BASIC.hash_id("Order", None), "_airbyte_order_hashid");
    assert_eq!(BASIC.hash_id("cars", Some(2)), "_airbyte_cars_2_hashid");
    assert_eq!(BASIC.hash_id("a_property_of_many_characters", None).len(), 30);
}
