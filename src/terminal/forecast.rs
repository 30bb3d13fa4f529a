//! How far a run is, and how long it will take.

use std::time::Duration;

/// How long records have to have come before their pace says something.
const SETTLED: Duration = Duration::from_secs(3);

/// What is to come of a run of which it is known how many records it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Forecast {
    /// Records that will have been read in the end.
    pub(super) expected: u64,
    /// How many of a hundred have been read; 100 only when all have.
    pub(super) percent: u64,
    /// How long the others will take at the pace of those that were read, once there is one and until all are read.
    pub(super) left: Option<Duration>,
}

/// The pace of a run since its first record: checkpoints stop the reading again and again, and a pace of the last seconds would
/// jump.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The last look at which no record had come.
    begun: Duration,
    at: Duration,
    records: u64,
}

impl Pace {
    /// Takes in the records that have come `at` a time since the start.
    pub(super) fn look(&mut self, at: Duration, records: u64) {
        if records == 0 {
            self.begun = at;
        }
        (self.at, self.records) = (at, records);
    }

    /// The forecast of a run of so many records, as of the last look. None are expected of a run of unknown length.
    pub(super) fn forecast(&self, expected: u64) -> Option<Forecast> {
        if expected == 0 {
            return None;
        }
        // others may have added to what is read
        let expected = expected.max(self.records);
        let percent = u128::from(self.records) * 100 / u128::from(expected);
        let taken = self.at.saturating_sub(self.begun);
        // what comes behind the last record, its commit, has no pace
        let is_on_the_way = self.records > 0 && self.records < expected;
        let left = (is_on_the_way && taken >= SETTLED).then(|| {
            let micros =
                taken.as_micros().saturating_mul(u128::from(expected - self.records)) / u128::from(self.records);
            Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
        });
        Some(Forecast { expected, percent: u64::try_from(percent).unwrap_or(100), left })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The percentage and the seconds left after looks at seconds and records.
    fn forecast(looks: &[(u64, u64)], expected: u64) -> (u64, Option<u64>) {
        let mut pace = Pace::default();
        for (second, records) in looks {
            pace.look(Duration::from_secs(*second), *records);
        }
        let Forecast { percent, left, .. } = pace.forecast(expected).unwrap();
        (percent, left.map(|left| left.as_secs()))
    }

    #[test]
    fn what_is_left_takes_as_long_in_proportion_as_what_was_read() {
        assert_eq!(forecast(&[(10, 100)], 400), (25, Some(30)));
        assert_eq!(forecast(&[(5, 0), (10, 100)], 400), (25, Some(15)));
        assert_eq!(forecast(&[(5, 0), (10, 100), (15, 100)], 400), (25, Some(30)));
        assert_eq!(forecast(&[(10, 399)], 400), (99, Some(0)));
        assert_eq!(forecast(&[(10, 400)], 400), (100, None));
    }

    #[test]
    fn before_there_is_a_pace_nothing_is_left_to_say() {
        assert_eq!(forecast(&[], 400), (0, None));
        assert_eq!(forecast(&[(60, 0)], 400), (0, None));
        assert_eq!(forecast(&[(60, 0), (62, 100)], 400), (25, None));
        assert_eq!(Pace::default().forecast(0), None);
    }

    #[test]
    fn no_number_is_too_large_and_more_than_expected_is_all() {
        assert_eq!(forecast(&[(10, 500)], 400), (100, None));
        let forecast = forecast(&[(u64::MAX, 1)], u64::MAX);
        assert_eq!((forecast.0, forecast.1.is_some()), (0, true));
    }
}
