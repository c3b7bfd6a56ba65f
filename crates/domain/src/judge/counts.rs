//! What a zone did, minute by minute, as counts.
//!
//! A minute that is `None` is unknown. It is never a minute of zeros: a dead zone sends no faults,
//! and an ALB's metrics are absent where there was nothing to count.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::zone::ZoneId;

/// One minute of one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceMinute {
    /// The instance, by whatever name the source of the counts gives it.
    pub id: String,
    /// Requests that it was given.
    pub requests: u64,
    /// Requests that failed.
    pub faults: u64,
    /// Requests that were answered later than the workload tolerates.
    pub slow: u64,
}

/// One minute of one zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Minute {
    /// Requests that the zone was given.
    pub requests: u64,
    /// Requests that failed (5xx, connection errors).
    pub faults: u64,
    /// Requests that were answered later than the workload tolerates.
    pub slow: u64,
    /// Hosts that the health checks call healthy, where that is known.
    pub healthy_hosts: Option<u64>,
    /// The same counts by instance, where the workload has them; empty where it does not.
    pub instances: Vec<InstanceMinute>,
}

/// The minutes of one zone, the oldest first. All zones end with the same minute; a zone with fewer
/// minutes than another lacks the oldest.
pub type Minutes = Vec<Option<Minute>>;

/// The minutes of every zone of a workload.
pub type Counts = BTreeMap<ZoneId, Minutes>;

/// Requests, and how many of them were bad: failed or slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Requests.
    pub requests: f64,
    /// Bad requests; never more than `requests`.
    pub bad: f64,
    /// Those of the bad ones that did not fail, and were slow.
    pub slow: f64,
}

impl Tally {
    /// Of counts. A load balancer counts errors that it gives before it has chosen a target, and does
    /// not count those requests as requests; so where there are more faults than requests, there
    /// were as many requests as faults.
    #[must_use]
    pub fn new(requests: u64, faults: u64, slow: u64) -> Self {
        let exposure = requests.max(faults);
        let bad = faults.saturating_add(slow).min(exposure);
        Self {
            requests: exposure as f64,
            bad: bad as f64,
            slow: bad.saturating_sub(faults) as f64,
        }
    }

    /// Of a minute.
    #[must_use]
    pub fn of(minute: &Minute) -> Self {
        Self::new(minute.requests, minute.faults, minute.slow)
    }

    /// The bad share of the requests, 0 to 1; 0 where there are none.
    #[must_use]
    pub fn fraction(self) -> f64 {
        if self.requests > 0.0 {
            self.bad / self.requests
        } else {
            0.0
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            bad: self.bad + other.bad,
            slow: self.slow + other.slow,
        }
    }

    /// What these counts are worth where they scatter so many times as much as binomial ones.
    #[must_use]
    pub(super) fn worth(self, dispersion: f64) -> Self {
        Self {
            requests: self.requests / dispersion,
            bad: self.bad / dispersion,
            slow: self.slow / dispersion,
        }
    }

    /// What is left without a part. A part that claims more than there is leaves nothing.
    #[must_use]
    pub fn without(self, part: Self) -> Self {
        let requests = (self.requests - part.requests).max(0.0);
        let bad = (self.bad - part.bad).clamp(0.0, requests);
        Self {
            requests,
            bad,
            slow: (self.slow - part.slow).clamp(0.0, bad),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_requests_are_bad_and_bad_ones_are_never_more_than_requests() {
        assert_eq!(Tally::new(100, 3, 4).bad, 7.0);
        assert_eq!(Tally::new(100, 60, 60).bad, 100.0);
    }

    #[test]
    fn faults_beyond_the_requests_are_requests_that_no_target_was_chosen_for() {
        let tally = Tally::new(0, 500, 0);
        assert_eq!((tally.requests, tally.fraction()), (500.0, 1.0));
    }

    #[test]
    fn what_is_taken_away_or_worth_less_keeps_its_slow_part() {
        let all = Tally {
            requests: 100.0,
            bad: 40.0,
            slow: 24.0,
        };
        let part = Tally {
            requests: 50.0,
            bad: 30.0,
            slow: 20.0,
        };
        let rest = Tally {
            requests: 50.0,
            bad: 10.0,
            slow: 4.0,
        };
        assert_eq!(all.without(part), rest);
        assert_eq!(part.without(all), Tally::default());
        let worth = Tally {
            requests: 25.0,
            bad: 10.0,
            slow: 6.0,
        };
        assert_eq!(all.worth(4.0), worth);
    }

    #[test]
    fn no_requests_are_no_bad_share() {
        assert_eq!(Tally::default().fraction(), 0.0);
    }

    #[test]
    fn huge_counts_do_not_wrap() {
        assert_eq!(Tally::new(u64::MAX, u64::MAX, u64::MAX).fraction(), 1.0);
    }
}
