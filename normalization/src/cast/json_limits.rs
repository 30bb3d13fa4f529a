//! What JSON a warehouse can hold, whatever it says: depth and size.
//!
//! Whether a text is short enough to be fine is told without looking into it, so that ordinary values cost nothing.

use super::number::is_numeric_as_written;
use crate::limits::{BinaryJson, Limits};
use crate::walk::{self, Part};

/// The bytes that one byte of text takes apart, at most: `1,` takes twelve.
const MOST_GROWTH: usize = 8;

/// Why the warehouse can't hold a record's own text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Too many levels.
    #[error("is nested deeper than {0} levels")]
    Deep(usize),
    /// Too many bytes.
    #[error("is longer than the {0} bytes that the warehouse can hold in a field")]
    Long(usize),
}

/// Whether a record's own text can be kept.
pub fn document(json: &str, limits: &Limits) -> Result<(), DocumentError> {
    if json.len() > limits.field_bytes {
        return Err(DocumentError::Long(limits.field_bytes));
    }
    shallow(json, limits)
}

/// Whether a record is nested no deeper than may be, kept as it came or not.
pub fn shallow(json: &str, limits: &Limits) -> Result<(), DocumentError> {
    let levels = limits.json_depth;
    if walk::is_deeper(json, levels) { Err(DocumentError::Deep(levels)) } else { Ok(()) }
}

/// Whether a Json column can hold a value.
pub(super) fn fits_column(json: &str, limits: &Limits) -> bool {
    if shallow(json, limits).is_err() {
        return false;
    }
    limits
        .binary_json
        .as_ref()
        .is_none_or(|binary| walk::numbers(json).all(is_numeric_as_written) && fits(json, binary))
}

/// Whether the value taken apart is no larger than it may be. Rounds up by what aligning the parts may take.
fn fits(json: &str, binary: &BinaryJson) -> bool {
    let most_parts = binary.elements.min(binary.members);
    if json.len() <= (binary.bytes / MOST_GROWTH).min(most_parts) {
        return true;
    }
    let mut bytes = 4;
    // of each container that is open: its parts so far, keys and values
    let mut open = Vec::new();
    for part in walk::parts(json) {
        match part {
            Part::End(is_object) => {
                let most = if is_object { binary.members.saturating_mul(2) } else { binary.elements };
                if open.pop().is_some_and(|parts: usize| parts > most) {
                    return false;
                }
                continue;
            }
            Part::Begin => bytes += 4 + 4 + 3,
            Part::Word => bytes += 4,
            Part::Text(text) => bytes += 4 + text.len().saturating_sub(2) + 3,
            Part::Number(number) => bytes += 4 + number_bytes(number),
        }
        if bytes > binary.bytes {
            return false;
        }
        if let Some(parts) = open.last_mut() {
            *parts += 1;
        }
        if matches!(part, Part::Begin) {
            open.push(0);
        }
    }
    true
}

/// What a `numeric` takes: a head of six bytes, or of eight where it has many digits or a far power of ten, and two for four
/// digits on each side of the point; all in words of four.
fn number_bytes(text: &str) -> usize {
    /// A power of ten takes four characters to be far.
    const NEAR: usize = 200;
    let is_plain = text.len() < NEAR && text.bytes().all(|byte| byte.is_ascii_digit());
    let bytes = if is_plain { 6 + 2 * text.len().div_ceil(4) } else { 8 + 2 * (text.len() / 4 + 2) };
    bytes.next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::super::testing::limits;
    use super::super::{Change, OUT_OF_RANGE, Value, json_text};
    use super::*;

    fn is_held(json: &str) -> bool {
        let cast = json_text(json, &limits(false));
        assert!(cast == (Value::Text(json.into()), None) || cast == OUT_OF_RANGE, "{cast:?}");
        cast.1 != Some(Change::OutOfRange)
    }

    fn nested(levels: usize) -> String {
        format!("{}\"]}}[{{\"{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn too_deep_is_too_much_in_columns_and_records() {
        assert!(is_held(&nested(50)));
        assert!(!is_held(&nested(51)));
        assert_eq!(document(&nested(50), &limits(false)), Ok(()));
        assert_eq!(document(&nested(51), &limits(false)), Err(DocumentError::Deep(50)));
    }

    #[test]
    fn a_record_may_be_as_long_as_a_field() {
        let record = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
        assert_eq!(document(&record(1000), &limits(false)), Ok(()));
        assert_eq!(document(&record(1001), &limits(false)), Err(DocumentError::Long(1000)));
    }

    #[test]
    fn the_parts_of_a_container_are_counted_at_any_depth() {
        let array = |parts: usize| format!("{{\"a\":[[],[{}]]}}", vec!["\"\""; parts].join(","));
        let object = |parts: usize| format!("[{{\"b\":{{{}}}}}]", vec!["\"\":true"; parts].join(", "));
        assert!(is_held(&array(60)) && is_held(&object(30)));
        assert!(!is_held(&array(61)) && !is_held(&object(31)));
    }

    #[test]
    fn what_the_parts_take_is_summed_up() {
        assert!(is_held(&format!("[{}]", vec!["12"; 56].join(","))));
        assert!(!is_held(&format!("[{}]", vec!["12345678"; 56].join(","))));
        assert!(is_held(&format!("[\"{}\"]", "x".repeat(878))));
        assert!(!is_held(&format!("[\"{}\"]", "x".repeat(879))));
    }
}
