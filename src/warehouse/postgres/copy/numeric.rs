//! `numeric`, from decimal text. Source: `numeric_recv`, and `set_var_from_str` for what `1.50` becomes.

/// Digits of ten in one digit of Postgres's.
const GROUP: usize = 4;

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;

/// Appends the binary form of `[-]digits[.digits]`, every digit kept; `None` if it is not that, or too long. The server
/// drops groups of zeros at either end itself, and the sign and weight of zero.
pub(super) fn put(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let (sign, magnitude) = match text.strip_prefix('-') {
        Some(magnitude) => (NEGATIVE, magnitude.as_bytes()),
        None => (POSITIVE, text.as_bytes()),
    };
    let point = memchr::memchr(b'.', magnitude);
    let (whole, fraction) = match point {
        Some(point) => (&magnitude[..point], &magnitude[point + 1..]),
        None => (magnitude, &[][..]),
    };
    if whole.is_empty() || (point.is_some() && fraction.is_empty()) {
        return None;
    }
    let whole_groups = whole.len().div_ceil(GROUP);
    let groups = u16::try_from(whole_groups + fraction.len().div_ceil(GROUP)).ok()?;
    let weight = i16::try_from(whole_groups - 1).ok()?;
    let scale = u16::try_from(fraction.len()).ok()?;
    out.extend_from_slice(&groups.to_be_bytes());
    out.extend_from_slice(&weight.to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&scale.to_be_bytes());
    let (first, rest) = whole.split_at(whole.len() % GROUP);
    if !first.is_empty() {
        put_group(first, out)?;
    }
    for group in rest.chunks(GROUP) {
        put_group(group, out)?;
    }
    for group in fraction.chunks(GROUP) {
        let mut padded = [b'0'; GROUP];
        padded[..group.len()].copy_from_slice(group);
        put_group(&padded, out)?;
    }
    Some(())
}

/// Appends one digit of Postgres's.
fn put_group(digits: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut group = 0_u16;
    for digit in digits {
        group = group * 10 + u16::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
    }
    out.extend_from_slice(&group.to_be_bytes());
    Some(())
}
