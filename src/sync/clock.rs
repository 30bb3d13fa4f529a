//! The wall clock, and ids that follow it.

use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

/// Microseconds since 1970-01-01T00:00:00Z.
pub(crate) fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// An instant, in microseconds since 1970-01-01T00:00:00Z, as text.
pub(super) fn rfc3339(micros: i64) -> String {
    chrono::DateTime::from_timestamp_micros(micros).unwrap_or_default().to_rfc3339()
}

/// Makes the ids of records: UUIDs of version 7 (RFC 9562), strictly increasing in the order of the calls.
///
/// Within a millisecond, and should the clock go back, the 74 bits behind the time count up from a random start.
#[derive(Debug)]
pub(super) struct RecordIds {
    last: u128,
    millisecond: u64,
}

/// The bits of a UUID that are neither its version nor its variant count as one number: 48 of time, 12 and 62 of random.
const LOW_BITS: u128 = (1 << 62) - 1;
const MIDDLE_BITS: u128 = (1 << 12) - 1;

impl RecordIds {
    pub(super) fn new() -> Self {
        Self { last: 0, millisecond: 0 }
    }

    /// The next id; `now` is in microseconds.
    pub(super) fn next(&mut self, now: i64) -> u128 {
        let millisecond = u64::try_from(now / 1_000).unwrap_or_default();
        if millisecond > self.millisecond {
            self.millisecond = millisecond;
            // the top bit stays free, so that counting up can't run over
            let random = Uuid::new_v4().as_u128() & ((1 << 73) - 1);
            self.last = self.last.max((u128::from(millisecond) << 74) | random);
        }
        self.last += 1;
        let (time, middle, low) = (self.last >> 74, (self.last >> 62) & MIDDLE_BITS, self.last & LOW_BITS);
        (time << 80) | (0x7 << 76) | (middle << 64) | (0b10 << 62) | low
    }
}

#[cfg(test)]
mod tests {
    use uuid::{Uuid, Variant};

    use super::RecordIds;

    #[test]
    fn ids_are_version_7_and_increase_even_when_the_clock_goes_back() {
        let mut ids = RecordIds::new();
        let mut last = 0;
        for now in [1_700_000_000_000_000, 1_700_000_000_000_999, 1_700_000_000_001_000, 1_600_000_000_000_000] {
            for _ in 0..1_000 {
                let id = ids.next(now);
                assert!(id > last);
                last = id;
                let uuid = Uuid::from_u128(id);
                assert_eq!((uuid.get_version_num(), uuid.get_variant()), (7, Variant::RFC4122));
            }
        }
        assert_eq!(last >> 80, 1_700_000_000_001);
    }
}
