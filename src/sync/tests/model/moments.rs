//! Dates and times as the contract reads them; what warehouses show is read by the same rules.

/// A point on the calendar: days since 1970-01-01.
pub(super) type Days = i64;

/// What a text says: each part that it has.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Parts {
    pub(super) days: Option<Days>,
    /// Microseconds since midnight.
    pub(super) clock: Option<i64>,
    /// Seconds east of UTC.
    pub(super) offset: Option<i64>,
}

pub(super) const DAY: i64 = 86_400_000_000;

impl Parts {
    /// Microseconds since 1970, by the clock as written.
    pub(super) fn as_written(self) -> Option<i64> {
        Some(self.days? * DAY + self.clock.unwrap_or(0))
    }

    pub(super) fn in_utc(self) -> Option<i64> {
        Some(self.as_written()? - self.offset.unwrap_or(0) * 1_000_000)
    }
}

/// `None`: not a date, not a time, or one that does not exist.
pub(super) fn read(text: &str) -> Option<Parts> {
    let (text, is_before_christ) = match text.strip_suffix(" BC") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let mut parts = Parts::default();
    // A date has two dashes with digits between; a time begins with `hh:`.
    if text.as_bytes().get(2) == Some(&b':') {
        (parts.clock, parts.offset) = clock(text)?;
        return (!is_before_christ).then_some(parts);
    }
    let end = text.find(['T', 't', ' ']).unwrap_or(text.len());
    parts.days = Some(date(&text[..end], is_before_christ)?);
    if end < text.len() {
        (parts.clock, parts.offset) = clock(&text[end + 1..])?;
    }
    Some(parts)
}

fn number(text: &str, length: usize) -> Option<i64> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn date(text: &str, is_before_christ: bool) -> Option<Days> {
    let (month_at, day_at) = (text.len().checked_sub(6)?, text.len().checked_sub(3)?);
    if !text.is_ascii() || text.as_bytes()[month_at] != b'-' || text.as_bytes()[day_at] != b'-' {
        return None;
    }
    let (month, day) = (number(&text[month_at + 1..day_at], 2)?, number(&text[day_at + 1..], 2)?);
    let year = &text[..month_at];
    let year = match year.strip_prefix('+') {
        Some(expanded) => number(expanded, expanded.len())?,
        None => number(year, year.len().max(4))?,
    };
    if year == 0 {
        return None;
    }
    let year = if is_before_christ { 1 - year } else { year };
    let is_leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    let lengths = [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = lengths.get(usize::try_from(month - 1).ok()?)?;
    if !(1..=*length).contains(&day) {
        return None;
    }
    let before: i64 = lengths.iter().take(usize::try_from(month - 1).unwrap()).sum();
    let years = year - 1;
    let days = years * 365 + years.div_euclid(4) - years.div_euclid(100) + years.div_euclid(400);
    Some(days + before + day - 1 - 719_162)
}

/// Microseconds since midnight and the offset.
#[allow(clippy::type_complexity)] // two parts, and whether they are
fn clock(text: &str) -> Option<(Option<i64>, Option<i64>)> {
    let zone_at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(zone_at);
    let clock = if zone.is_empty() { clock } else { clock.strip_suffix(' ').unwrap_or(clock) };
    let (whole, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, "0"));
    let mut fields = whole.split(':');
    let (hour, minute) = (number(fields.next()?, 2)?, number(fields.next()?, 2)?);
    let second = fields.next().map_or(Some(0), |second| number(second, 2))?;
    if fields.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    number(fraction, fraction.len())?;
    let micros: i64 = format!("{fraction:0<6}")[..6].parse().ok()?;
    let clock = ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros;
    let offset = match zone {
        "" => None,
        "Z" | "z" => Some(0),
        _ => {
            let digits = zone[1..].replace(':', "");
            let is_well_formed = zone.starts_with(['+', '-'])
                && zone.len() != 4
                && (!zone.contains(':') || zone.as_bytes().get(3) == Some(&b':') && zone.len() == 6);
            let (hours, minutes) = (number(digits.get(..2)?, 2)?, digits.get(2..).filter(|rest| !rest.is_empty()));
            let minutes = minutes.map_or(Some(0), |minutes| number(minutes, 2))?;
            if !is_well_formed || hours > 15 || minutes > 59 {
                return None;
            }
            let seconds = (hours * 60 + minutes) * 60;
            Some(if zone.starts_with('-') { -seconds } else { seconds })
        }
    };
    Some((Some(clock), offset))
}
