//! `timetz`, from its text. Source: `timetz_recv`.

const SECOND: i64 = 1_000_000;

/// Microseconds since midnight and seconds west of UTC, of `HH:MM:SS[.ffffff]±HH:MM`; `None` if it is not that.
pub(super) fn read(text: &str) -> Option<(i64, i32)> {
    let (clock, offset) = text.as_bytes().split_at_checked(text.len().checked_sub(6)?)?;
    let [hour_1, hour_2, b':', minute_1, minute_2, b':', second_1, second_2, fraction @ ..] = clock else {
        return None;
    };
    let seconds = number(&[*hour_1, *hour_2])? * 3600 + number(&[*minute_1, *minute_2])? * 60;
    let seconds = seconds + number(&[*second_1, *second_2])?;
    let micros = match fraction {
        [] => 0,
        [b'.', digits @ ..] if (1..=6).contains(&digits.len()) => {
            number(digits)? * 10_i64.pow(u32::try_from(6 - digits.len()).ok()?)
        }
        _ => return None,
    };
    let [sign @ (b'+' | b'-'), hour_1, hour_2, b':', minute_1, minute_2] = offset else { return None };
    let east = i32::try_from(number(&[*hour_1, *hour_2])? * 3600 + number(&[*minute_1, *minute_2])? * 60).ok()?;
    Some((seconds * SECOND + micros, if *sign == b'+' { -east } else { east }))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        Some(number * 10 + i64::from(digit))
    })
}
