//! What the customers see: the truth that metrics, alarms and Evac can only estimate.
//!
//! The log is the yardstick of a drill: how much harm a fault did, with Evac and without. It keeps
//! the seconds of three hours and forgets what is older, so that its memory is bounded: some 800 KB
//! for three zones.

use std::collections::{BTreeMap, VecDeque};
use std::ops::AddAssign;

use domain::zone::ZoneId;
use jiff::Timestamp;

/// Requests as customers count them. No request is failed and slow at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub requests: u64,
    /// Without an answer, or with a 5xx.
    pub failed: u64,
    /// With a good answer that came late.
    pub slow: u64,
}

impl Counts {
    /// Failed or slow, as a share of all; 0 where there are none.
    #[must_use]
    pub fn bad_rate(&self) -> f64 {
        if self.requests == 0 {
            return 0.0;
        }
        (self.failed + self.slow) as f64 / self.requests as f64
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.failed += other.failed;
        self.slow += other.slow;
    }
}

/// How many seconds the log keeps.
const KEPT_SECONDS: usize = 3 * 3600;

/// The seconds of the last three hours, by zone.
#[derive(Debug, Clone)]
pub struct CustomerLog {
    zones: Vec<ZoneId>,
    /// One entry for each second and zone, second by second; a second that nobody lived is empty.
    seconds: VecDeque<Counts>,
    /// The second after the last one.
    end: i64,
}

impl CustomerLog {
    pub(super) fn of(zones: Vec<ZoneId>) -> Self {
        Self {
            zones,
            seconds: VecDeque::new(),
            end: i64::MIN,
        }
    }

    /// Adds a second, later than all before it: one entry for each zone.
    pub(super) fn push(&mut self, second: i64, counts: &[Counts]) {
        let kept = KEPT_SECONDS * self.zones.len();
        if self.seconds.is_empty() {
            self.end = second;
        }
        let skipped = usize::try_from(second.saturating_sub(self.end)).unwrap_or(0);
        let nobody = skipped.min(KEPT_SECONDS) * self.zones.len();
        self.seconds
            .extend(std::iter::repeat_n(Counts::default(), nobody));
        self.seconds.extend(counts);
        self.end = second + 1;
        let forgotten = self.seconds.len().saturating_sub(kept);
        self.seconds.drain(..forgotten);
    }

    /// The counts of each zone from a moment on until before another, as far as the log goes back.
    #[must_use]
    pub fn totals(&self, from: Timestamp, to: Timestamp) -> BTreeMap<ZoneId, Counts> {
        let mut totals = vec![Counts::default(); self.zones.len()];
        for (zone, counts) in self.between(from, to) {
            totals[zone] += *counts;
        }
        self.zones.iter().cloned().zip(totals).collect()
    }

    /// The share of the requests to all zones that were failed or slow, from a moment on until
    /// before another, as far as the log goes back; 0 where there were no requests.
    #[must_use]
    pub fn bad_rate(&self, from: Timestamp, to: Timestamp) -> f64 {
        let mut total = Counts::default();
        for (_, counts) in self.between(from, to) {
            total += *counts;
        }
        total.bad_rate()
    }

    /// The entries of the seconds that begin between two moments, with the index of their zone.
    fn between(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = (usize, &Counts)> {
        let zones = self.zones.len().max(1);
        let kept = self.seconds.len() / zones;
        let start = self
            .end
            .saturating_sub(i64::try_from(kept).unwrap_or(i64::MAX));
        let place = |moment: Timestamp| {
            let second = first_second(moment);
            usize::try_from(second.saturating_sub(start))
                .unwrap_or(0)
                .min(kept)
        };
        let first = place(from);
        let end = place(to).max(first);
        self.seconds
            .range(first * zones..end * zones)
            .enumerate()
            .map(move |(place, counts)| (place % zones, counts))
    }
}

/// The first whole second at or after a moment.
fn first_second(moment: Timestamp) -> i64 {
    let second = moment.as_second();
    if moment.subsec_nanosecond() > 0 {
        second + 1
    } else {
        second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(id: &str) -> ZoneId {
        id.parse().unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn log() -> CustomerLog {
        CustomerLog::of(vec![zone("use1-az1"), zone("use1-az2")])
    }

    fn requests(requests: u64) -> Counts {
        Counts {
            requests,
            ..Counts::default()
        }
    }

    fn total(log: &CustomerLog, from: i64, to: i64) -> [u64; 2] {
        let totals = log.totals(at(from), at(to));
        [
            totals[&zone("use1-az1")].requests,
            totals[&zone("use1-az2")].requests,
        ]
    }

    #[test]
    fn the_end_of_a_range_is_not_in_it() {
        let mut log = log();
        for second in 100..110 {
            log.push(second, &[requests(1), requests(10)]);
        }
        assert_eq!(total(&log, 100, 110), [10, 100]);
        assert_eq!(total(&log, 102, 105), [3, 30]);
        assert_eq!(total(&log, 0, 101), [1, 10]);
        assert_eq!(total(&log, 109, 5000), [1, 10]);
        assert_eq!(total(&log, 105, 102), [0, 0]);
    }

    #[test]
    fn a_second_that_nobody_lived_has_no_requests() {
        let mut log = log();
        log.push(100, &[requests(1), requests(10)]);
        log.push(103, &[requests(1), requests(10)]);
        assert_eq!(total(&log, 101, 103), [0, 0]);
        assert_eq!(total(&log, 103, 104), [1, 10]);
    }

    #[test]
    fn what_is_older_than_three_hours_is_forgotten() {
        let mut log = log();
        for second in 0..3 * 3600 + 5 {
            log.push(second, &[requests(1), requests(10)]);
        }
        assert_eq!(total(&log, 0, 5), [0, 0]);
        assert_eq!(total(&log, 5, 6), [1, 10]);
        assert_eq!(total(&log, 0, i64::from(u32::MAX)), [3 * 3600, 3 * 36_000]);
        log.push(1_000_000, &[requests(1), requests(10)]);
        assert_eq!(total(&log, 0, 2_000_000), [1, 10]);
    }

    #[test]
    fn the_bad_rate_is_of_all_zones_together() {
        let mut log = log();
        let bad = Counts {
            requests: 10,
            failed: 2,
            slow: 1,
        };
        log.push(100, &[bad, requests(20)]);
        assert_eq!(log.bad_rate(at(100), at(101)).to_bits(), 0.1_f64.to_bits());
        assert_eq!(log.bad_rate(at(0), at(100)).to_bits(), 0.0_f64.to_bits());
    }
}
