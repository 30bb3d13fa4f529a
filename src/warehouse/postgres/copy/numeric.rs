//! `numeric`, from decimal text. Source: `numeric_recv`, and `set_var_from_str` for what `1.50` becomes.

/// Digits of ten in one digit of Postgres's.
const GROUP: usize = 4;

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;

/// Appends the binary form of `[-]digits[.digits]`, every digit kept; `None` if it is not that, or too long.
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
    let start = out.len();
    out.extend_from_slice(&[0; 8]);
    let zeros = whole.iter().take_while(|digit| **digit == b'0').count();
    let whole = &whole[zeros..];
    let weight = whole.len().div_ceil(GROUP);
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
    // Postgres keeps no groups of zeros at either end.
    let digits = &out[start + 8..];
    let leading = if whole.is_empty() { digits.chunks(2).take_while(|group| **group == [0, 0]).count() } else { 0 };
    let trailing = digits.chunks(2).rev().take_while(|group| **group == [0, 0]).count();
    let groups = digits.len() / 2;
    if trailing == groups {
        // zero, which has no weight and no sign
        out.truncate(start);
        let scale = u16::try_from(fraction.len()).ok()?;
        out.extend_from_slice(&[0; 6]);
        out.extend_from_slice(&scale.to_be_bytes());
        return Some(());
    }
    out.truncate(start + 8 + (groups - trailing) * 2);
    out.drain(start + 8..start + 8 + leading * 2);
    let weight = i16::try_from(i64::try_from(weight).ok()? - 1 - i64::try_from(leading).ok()?).ok()?;
    let count = u16::try_from(groups - trailing - leading).ok()?;
    let scale = u16::try_from(fraction.len()).ok()?;
    out[start..start + 2].copy_from_slice(&count.to_be_bytes());
    out[start + 2..start + 4].copy_from_slice(&weight.to_be_bytes());
    out[start + 4..start + 6].copy_from_slice(&sign.to_be_bytes());
    out[start + 6..start + 8].copy_from_slice(&scale.to_be_bytes());
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
