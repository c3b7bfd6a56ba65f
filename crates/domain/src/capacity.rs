//! Whether the zones that stay can carry what the zone that is left carried.
//!
//! A shift does not wait for capacity, so what is missing at this moment is missing. How much one host
//! can take is known to the workload's owners at best, from their load tests:
//! [`Limits::host_requests`]. Without it, the growth of the traffic elsewhere is what is left to look
//! at: with zones of equal size it is 1.5 of three and 2 of two, which is what a workload across zones
//! is built for; where the zone that fails has most of the traffic, it is a multiple.
//!
//! What is not known is not held against an evacuation: hosts that nobody counts are no missing hosts.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::judge::{Counts, Minute, Tally};
use crate::policy::Without;
use crate::problem::{Problem, Problems};
use crate::zone::ZoneId;

/// What the zones that stay must be able to take.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Requests that one healthy host can take in a minute, where the owners know it.
    pub host_requests: Option<u64>,
    /// How many times its present traffic the zones that stay may get, at least 1.
    pub growth: f64,
    /// Whether to act, with a warning, where they would get more.
    pub without: Without,
}

/// The default of [`Limits::growth`]: room for the largest of three zones at 3:1:1, and not at 5:1:1.
pub const DEFAULT_GROWTH: f64 = 3.0;

/// More than this is no limit that anybody means.
const MOST_GROWTH: f64 = 1_000.0;

impl Default for Limits {
    fn default() -> Self {
        Self {
            host_requests: None,
            growth: DEFAULT_GROWTH,
            without: Without::Hold,
        }
    }
}

impl Limits {
    /// The limits of a policy's fields; what they leave out is as usual.
    ///
    /// # Errors
    /// Every field that is out of its range, with its path below `at`.
    pub fn check(
        at: &str,
        host_requests: Option<u64>,
        growth: Option<f64>,
        without: Without,
    ) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        if host_requests == Some(0) {
            problems.push(Problem {
                field: format!("{at}.hostRequestsPerMinute"),
                message: "0 is out of range, expected the requests that one healthy host can take in a minute, at least 1; leave it out if that is not known".to_owned(),
            });
        }
        let growth = growth.unwrap_or(DEFAULT_GROWTH);
        if !(1.0..=MOST_GROWTH).contains(&growth) {
            problems.push(Problem {
                field: format!("{at}.maxGrowth"),
                message: format!("{growth} is out of range, expected 1 to {MOST_GROWTH}: times their present traffic that the zones that stay may get, such as 3"),
            });
        }
        match Problems::all(problems) {
            Some(problems) => Err(problems),
            None => Ok(Self {
                host_requests,
                growth,
                without,
            }),
        }
    }
}

/// Why the zones that stay cannot be expected to carry the traffic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "code",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Shortage {
    /// No host is healthy in any of them. A load balancer ignores a shift then.
    NoHealthyHosts,
    /// Their healthy hosts would get more than hosts can take.
    TooFewHosts {
        /// Healthy hosts of all zones that stay.
        hosts: u64,
        /// Requests a minute that each would get.
        each: u64,
        /// Requests a minute that one can take.
        limit: u64,
    },
    /// Their traffic would grow more than it may.
    TooMuchGrowth {
        /// How many times their present traffic they would get, in tenths.
        tenfold: u64,
        /// How many times they may, in tenths.
        limit_tenfold: u64,
    },
}

impl Shortage {
    /// The stable code, as in JSON.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoHealthyHosts => "noHealthyHosts",
            Self::TooFewHosts { .. } => "tooFewHosts",
            Self::TooMuchGrowth { .. } => "tooMuchGrowth",
        }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = |tenfold: u64| format!("{}.{}", tenfold / 10, tenfold % 10);
        match self {
            Self::NoHealthyHosts => write!(f, "no host is healthy in the zones that stay"),
            Self::TooFewHosts { hosts, each, limit } => write!(
                f,
                "the {hosts} healthy hosts of the zones that stay would get {each} requests a minute each, and policy.hostRequestsPerMinute is {limit}"
            ),
            Self::TooMuchGrowth {
                tenfold,
                limit_tenfold,
            } => write!(
                f,
                "the zones that stay would get {} times their present traffic, and policy.maxGrowth is {}",
                tenths(*tenfold),
                tenths(*limit_tenfold)
            ),
        }
    }
}

/// What the zones that stay lack if this zone is left, as far as is known. `least` requests are
/// needed in them before anything is said about growth, because few say nothing.
#[must_use]
pub fn shortage(counts: &Counts, zone: &ZoneId, least: u64, limits: &Limits) -> Option<Shortage> {
    let staying = || {
        counts
            .iter()
            .filter(|(other, _)| *other != zone)
            .map(|(_, minutes)| minutes.as_slice())
    };
    let hosts = staying()
        .map(healthy_hosts)
        .try_fold(0_u64, |sum, hosts| Some(sum.saturating_add(hosts?)));
    if hosts == Some(0) && staying().next().is_some() {
        return Some(Shortage::NoHealthyHosts);
    }
    let left = counts.get(zone).map_or(0.0, |minutes| a_minute(minutes));
    let present: f64 = staying().map(a_minute).sum();
    let arriving = left + present;
    if let (Some(hosts), Some(limit)) = (hosts, limits.host_requests) {
        let each = whole(arriving / hosts as f64);
        return (each > limit).then_some(Shortage::TooFewHosts { hosts, each, limit });
    }
    let seen: f64 = staying().flatten().flatten().map(requests).sum();
    if present <= 0.0 || seen < least as f64 || arriving / present <= limits.growth {
        return None;
    }
    Some(Shortage::TooMuchGrowth {
        tenfold: whole(10.0 * arriving / present),
        limit_tenfold: whole(10.0 * limits.growth),
    })
}

/// Healthy hosts in the newest minute that tells.
fn healthy_hosts(minutes: &[Option<Minute>]) -> Option<u64> {
    minutes
        .iter()
        .rev()
        .find_map(|minute| minute.as_ref()?.healthy_hosts)
}

/// Requests a minute, over the minutes that are known.
fn a_minute(minutes: &[Option<Minute>]) -> f64 {
    let known = minutes.iter().flatten();
    let sum: f64 = known.clone().map(requests).sum();
    sum / known.count().max(1) as f64
}

fn requests(minute: &Minute) -> f64 {
    Tally::of(minute).requests
}

/// Rounded up, so that what is over a limit never reads as being at it.
fn whole(value: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count, and the cast saturates"
    )]
    let whole = value.ceil().max(0.0) as u64;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(number: usize) -> ZoneId {
        format!("use1-az{number}").parse().unwrap()
    }

    /// Three minutes of each zone: requests a minute, and healthy hosts where they are known.
    fn counts(zones: &[(u64, Option<u64>)]) -> Counts {
        zones
            .iter()
            .enumerate()
            .map(|(index, &(requests, healthy_hosts))| {
                let minute = Minute {
                    requests,
                    healthy_hosts,
                    ..Minute::default()
                };
                (
                    zone(index + 1),
                    vec![None, Some(minute.clone()), Some(minute)],
                )
            })
            .collect()
    }

    fn lacking(zones: &[(u64, Option<u64>)], limits: &Limits) -> Option<&'static str> {
        shortage(&counts(zones), &zone(1), 150, limits).map(|shortage| shortage.code())
    }

    fn hosts(limit: u64) -> Limits {
        Limits {
            host_requests: Some(limit),
            ..Limits::default()
        }
    }

    #[test]
    fn equal_zones_can_carry_one_more() {
        let usual = Limits::default();
        for zones in [2, 3, 6] {
            let zones = vec![(1_000, Some(4)); zones];
            assert_eq!(lacking(&zones, &usual), None);
        }
    }

    #[test]
    fn the_zone_with_most_of_the_traffic_is_too_much_for_the_others() {
        let zones = [(10_000, Some(4)), (1_000, Some(4)), (1_000, Some(4))];
        let usual = Limits::default();
        assert_eq!(lacking(&zones, &usual), Some("tooMuchGrowth"));
        let wide = Limits {
            growth: 6.0,
            ..usual
        };
        assert_eq!(lacking(&zones, &wide), None, "six times exactly");
        let told = shortage(&counts(&zones), &zone(1), 150, &Limits::default()).unwrap();
        assert_eq!(
            told.to_string(),
            "the zones that stay would get 6.0 times their present traffic, and policy.maxGrowth is 3.0"
        );
    }

    #[test]
    fn hosts_whose_limit_is_known_are_counted_and_growth_is_not_asked_for() {
        let zones = [(10_000, Some(4)), (1_000, Some(4)), (1_000, Some(4))];
        assert_eq!(lacking(&zones, &hosts(1_500)), None);
        assert_eq!(lacking(&zones, &hosts(1_499)), Some("tooFewHosts"));
    }

    #[test]
    fn hosts_that_are_unhealthy_do_not_count() {
        let zones = [(1_000, Some(4)), (1_000, Some(1)), (1_000, Some(1))];
        assert_eq!(lacking(&zones, &hosts(1_000)), Some("tooFewHosts"));
        let none = [(1_000, Some(4)), (1_000, Some(0)), (1_000, Some(0))];
        assert_eq!(lacking(&none, &Limits::default()), Some("noHealthyHosts"));
    }

    #[test]
    fn hosts_that_nobody_counts_are_no_missing_hosts() {
        let zones = [(1_000, Some(4)), (1_000, None), (1_000, Some(0))];
        assert_eq!(lacking(&zones, &hosts(10)), None);
    }

    #[test]
    fn a_handful_of_requests_says_nothing_about_growth() {
        let zones = [(90, None), (10, None), (10, None)];
        assert_eq!(lacking(&zones, &Limits::default()), None);
        // Two minutes of each zone are known: 148 requests are too few, and 150 are what is asked for.
        let few = [(1_000, None), (37, None), (37, None)];
        assert_eq!(lacking(&few, &Limits::default()), None);
        let enough = [(1_000, None), (38, None), (37, None)];
        assert_eq!(lacking(&enough, &Limits::default()), Some("tooMuchGrowth"));
        assert_eq!(lacking(&[], &Limits::default()), None);
        assert_eq!(lacking(&[(1_000, Some(0))], &Limits::default()), None);
    }
}
