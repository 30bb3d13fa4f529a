//! Text in which nothing has a meaning of its own, passed over eight bytes at a time.

/// The same byte in all places of a word.
const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH: u64 = ONES << 7;

/// Bytes before the first that means something in a JSON string: a quote, a backslash, a control character. All of them, if
/// there is none.
#[inline]
#[must_use]
pub fn plain(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = below(word, b' ') | equal(word, b'"') | equal(word, b'\\');
        if found != 0 {
            return index * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let is_special = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    words.len() * 8 + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// The high bits of the bytes that are smaller than `limit`, which is no more than 128. Bits above the lowest may be wrong.
#[inline]
fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGH
}

/// The high bits of the bytes that are this one. Bits above the lowest may be wrong.
#[inline]
fn equal(word: u64, byte: u8) -> u64 {
    below(word ^ (ONES * u64::from(byte)), 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::plain;

    proptest! {
        #[test]
        fn the_first_byte_with_a_meaning_is_found(text in prop::collection::vec(prop_oneof![any::<u8>(), 32..36_u8, 90..94_u8], 0..40)) {
            let expected = text.iter().position(|byte| matches!(byte, 0..32 | b'"' | b'\\'));
            prop_assert_eq!(plain(&text), expected.unwrap_or(text.len()));
        }
    }
}
