//! Text as a terminal shows it: its width, cut to fit, without anything that the terminal would obey.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Stands for what was cut off.
const ELLIPSIS: char = '…';

/// How many columns of a terminal the text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text cut to at most `widest` columns, between characters as a reader sees them; ends in `…` if something is gone.
pub(crate) fn cut(text: &str, widest: usize) -> String {
    if width(text) <= widest {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut room = widest.saturating_sub(1);
    for grapheme in text.graphemes(true) {
        let Some(left) = room.checked_sub(width(grapheme)) else { break };
        room = left;
        kept.push_str(grapheme);
    }
    if widest > 0 {
        kept.push(ELLIPSIS);
    }
    kept
}

/// The text with every character that a terminal would obey replaced by one that it shows.
///
/// Law: what comes out holds no control character and no change of direction, so a value from a source can't move the
/// cursor, change colours or reorder what stands beside it.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            // the Unicode block of control pictures: ␀ … ␟
            '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'),
            '\u{7f}' => '␡',
            '\u{80}'..='\u{9f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => {
                '\u{fffd}'
            }
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{cut, harmless, width};

    #[test]
    fn a_cut_never_divides_what_a_reader_sees_as_one_character() {
        for (text, widest, expected) in [
            ("alluvium", 8, "alluvium"),
            ("alluvium", 7, "alluvi…"),
            ("東京都", 5, "東京…"),
            ("東京都", 4, "東…"),
            ("👩‍👩‍👧 x", 3, "👩‍👩‍👧…"),
            ("👩‍👩‍👧 x", 2, "…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
        ] {
            assert_eq!(cut(text, widest), expected, "{text} in {widest}");
        }
    }

    #[test]
    fn nothing_in_a_value_is_obeyed() {
        assert_eq!(harmless("a\nb\t\u{1b}[31m\u{7f}\u{9b}\u{202e}c"), "a␊b␉␛[31m␡\u{fffd}\u{fffd}c");
    }

    proptest! {
        #[test]
        fn a_cut_fits(text in any::<String>(), widest in 0usize..40) {
            prop_assert!(width(&cut(&harmless(&text), widest)) <= widest);
        }

        #[test]
        fn a_harmless_text_has_no_control_character(text in any::<String>()) {
            prop_assert!(!harmless(&text).chars().any(char::is_control));
        }
    }
}
