//! One name on its own: the characters that a naming allows, within the length that a warehouse allows.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::basic::standard;
use super::suffix::{self, Suffix};
use super::{IdentifierRules, Naming};

/// Cleans one source name; the result is never empty and may be over the limit. `Basic`: without its own case and limit.
#[must_use]
pub fn clean(naming: Naming, name: &str) -> String {
    let cleaned = match naming {
        Naming::Lower => lower(name),
        Naming::Exact => name.replace('\0', ""),
        Naming::Basic => standard(name),
    };
    if cleaned.is_empty() { "_".to_owned() } else { cleaned }
}

/// The identifier of a source name that no other name meets: cleaned, and over the limit cut to end in a hash of the
/// whole source name, so that two long names with one beginning stay two. `Basic`: the identifier of a table.
#[must_use]
pub fn plain(naming: Naming, rules: &IdentifierRules, name: &str) -> String {
    let cleaned = if naming == Naming::Basic { rules.basic.table(name) } else { clean(naming, name) };
    if rules.longest.holds(&cleaned) {
        return cleaned;
    }
    format!("{}{}", rules.longest.cut(&cleaned, suffix::LENGTH), Suffix::of_name(name))
}

/// The identifier of a schema. `Basic`: one that is too long is cut as Postgres itself cuts it.
#[must_use]
pub fn schema(naming: Naming, rules: &IdentifierRules, name: &str) -> String {
    match naming {
        Naming::Lower | Naming::Exact => plain(naming, rules, name),
        Naming::Basic => rules.longest.cut(&rules.basic.schema(name), 0).to_owned(),
    }
}

/// Letters, digits and `_`, in lower case, no digit first.
///
/// Marks go before white space is looked at: compatibility characters such as `¨` decompose into a space and a mark.
fn lower(name: &str) -> String {
    let mut cleaned = String::with_capacity(name.len() + 1);
    let mut in_white_space = false;
    for character in name.nfkd().filter(|&character| !is_combining_mark(character)) {
        if character.is_whitespace() {
            if !in_white_space {
                cleaned.push('_');
            }
            in_white_space = true;
            continue;
        }
        in_white_space = false;
        if cleaned.is_empty() && character.is_ascii_digit() {
            cleaned.push('_');
        }
        cleaned.push(if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '_' });
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::names::IdentifierLength;
    use crate::names::basic::tests::BASIC;

    fn rules(longest: IdentifierLength) -> IdentifierRules {
        IdentifierRules { longest, ignores_case: true, taken_columns: &[], basic: &BASIC }
    }

    #[test]
    fn lower_names() {
        for (name, expected) in [
            ("id", "id"),
            ("createdAt", "createdat"),
            ("Order  \t ID", "order_id"),
            (" padded ", "_padded_"),
            ("no\u{a0}break\u{3000}space", "no_break_space"),
            ("line-items[0].price", "line_items_0__price"),
            ("a--b", "a__b"),
            ("a _ b", "a___b"),
            ("__x__", "__x__"),
            ("Größe", "gro_e"),
            ("Café", "cafe"),
            ("Cafe\u{301}", "cafe"),
            ("Łódź", "_odz"),
            ("ﬁeld", "field"),
            ("x²", "x2"),
            ("½", "_1_2"),
            ("²nd", "_2nd"),
            ("1st", "_1st"),
            ("orders_1st", "orders_1st"),
            ("_1st", "_1st"),
            ("-1st", "_1st"),
            ("\u{212a}elvin", "kelvin"),
            ("¨", "_"),
            ("名前", "__"),
            ("🚀", "_"),
            ("a\0b", "a_b"),
            ("\u{301}", "_"),
            ("", "_"),
        ] {
            assert_eq!(clean(Naming::Lower, name), expected, "{name:?}");
        }
    }

    #[test]
    fn exact_names() {
        for (name, expected) in [
            ("Order  ID", "Order  ID"),
            ("1st \"x\"", "1st \"x\""),
            ("Cafe\u{301}", "Cafe\u{301}"),
            ("a\0b", "ab"),
            ("\0", "_"),
            ("", "_"),
        ] {
            assert_eq!(clean(Naming::Exact, name), expected, "{name:?}");
        }
    }

    #[test]
    fn only_what_is_over_the_limit_is_cut() {
        let limit = rules(IdentifierLength::Bytes(20));
        assert_eq!(plain(Naming::Lower, &limit, "Exactly twenty bytes"), "exactly_twenty_bytes");
        assert_eq!(plain(Naming::Lower, &limit, "Exactly twenty bytes!"), "exactly_twe_bc52429b");
        // Equal once cleaned and cut, but not the same name.
        assert_eq!(plain(Naming::Lower, &limit, "Exactly twenty bytes?"), "exactly_twe_e0abbb17");
    }

    #[test]
    fn a_limit_counts_in_its_own_unit() {
        let name = "ñ".repeat(20);
        assert_eq!(plain(Naming::Exact, &rules(IdentifierLength::Characters(20)), &name), name);
        assert_eq!(plain(Naming::Exact, &rules(IdentifierLength::Bytes(20)), &name), "ñññññ_5599f14e");
    }

    proptest! {
        #[test]
        fn lower_is_made_of_letters_digits_and_underscores(name in any::<String>()) {
            let cleaned = clean(Naming::Lower, &name);
            prop_assert!(cleaned.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')));
            prop_assert!(cleaned.starts_with(|first: char| !first.is_ascii_digit()));
        }

        #[test]
        fn a_clean_name_stays_as_it_is(name in any::<String>()) {
            for naming in [Naming::Lower, Naming::Exact, Naming::Basic] {
                let cleaned = clean(naming, &name);
                prop_assert_eq!(clean(naming, &cleaned), cleaned.as_str());
            }
        }

        #[test]
        fn plain_names_are_within_the_limit(name in any::<String>(), limit in IdentifierLength::SHORTEST..40) {
            for longest in [IdentifierLength::Bytes(limit), IdentifierLength::Characters(limit)] {
                for naming in [Naming::Lower, Naming::Exact, Naming::Basic] {
                    for identifier in [plain(naming, &rules(longest), &name), schema(naming, &rules(longest), &name)] {
                        prop_assert!(longest.holds(&identifier) && !identifier.is_empty());
                    }
                }
            }
        }
    }
}
