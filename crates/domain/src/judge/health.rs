//! Whether a zone was seen to be well, for as long as its owners ask.
//!
//! # The policy, and why
//!
//! To leave a zone it has to be bad beside others; to return to it, it has to be *good*, and good on
//! its own account. After a shift the zone has no customers: no fault is counted there, and its alarm
//! turns OK by itself. So only requests that were made of it all the same count, a canary's or whatever
//! traffic it still has, and nothing is concluded from their absence.
//!
//! A zone is proven well over a span of minutes when
//!
//! 1. **it was watched**: at most one minute in five is unknown or without a request, and not the two
//!    newest. A canary may miss a minute; one that has stopped proves nothing of now;
//! 2. **it was good**: the posterior probability that its bad share is no more than the workload
//!    tolerates is at least `robust_confidence`. Five requests without a fault are no proof; with the
//!    usual numbers it takes 135;
//! 3. **it was good all the time**: no minute by itself is bad with that confidence. An outage of the
//!    last minute would drown in the average of the others.
//!
//! It is not compared with the other zones: that they fail too would make it no better.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::counts::{Minute, Tally};
use super::criteria::Criteria;
use super::probability::at_most;

/// A minute in so many may go unseen.
const UNSEEN_OF: usize = 5;

/// One of so many newest minutes has to be seen.
const NEWEST: usize = 2;

/// That a zone was seen to be well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// Minutes that were looked at.
    pub minutes: usize,
    /// Requests that the zone was given in them.
    pub requests: u64,
    /// Those that failed or were slow.
    pub bad: u64,
}

/// Why a zone is not proven well.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "code",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Doubt {
    /// It was not watched: too many minutes are unknown or without a request.
    Silent {
        /// Minutes that were looked at.
        minutes: usize,
        /// Minutes with requests.
        seen: usize,
    },
    /// It was watched with too few requests to tell.
    TooFew {
        /// Minutes that were looked at.
        minutes: usize,
        /// Requests.
        requests: u64,
    },
    /// It was bad, or may have been.
    Bad {
        /// Minutes that were looked at: one, where it was bad in one of them by itself.
        minutes: usize,
        /// Requests.
        requests: u64,
        /// Those that failed or were slow.
        bad: u64,
    },
}

/// Whether a zone was well over so many minutes, the last of these; the oldest come first.
///
/// # Errors
/// Why it is not proven.
pub fn proof(minutes: &[Option<Minute>], span: usize, criteria: &Criteria) -> Result<Proof, Doubt> {
    let span = span.max(1);
    let newest_first: Vec<Option<Tally>> = minutes
        .iter()
        .rev()
        .take(span)
        .map(|minute| minute.as_ref().map(Tally::of))
        .map(|tally| tally.filter(|tally| tally.requests > 0.0))
        .collect();
    let seen = newest_first.iter().flatten().count();
    let is_watched = newest_first.iter().take(NEWEST).any(Option::is_some)
        && span.saturating_sub(seen) <= span / UNSEEN_OF;
    if !is_watched {
        return Err(Doubt::Silent {
            minutes: span,
            seen,
        });
    }
    let confidence = criteria.robust_confidence;
    let is_bad = |tally: &Tally| 1.0 - at_most(*tally, criteria.tolerated) >= confidence;
    if let Some(tally) = newest_first.iter().flatten().find(|tally| is_bad(tally)) {
        let (requests, bad) = whole(*tally);
        return Err(Doubt::Bad {
            minutes: 1,
            requests,
            bad,
        });
    }
    let all = newest_first
        .iter()
        .flatten()
        .fold(Tally::default(), |all, tally| all.plus(*tally));
    let (requests, bad) = whole(all);
    if at_most(all, criteria.tolerated) >= confidence {
        return Ok(Proof {
            minutes: span,
            requests,
            bad,
        });
    }
    Err(if all.fraction() <= criteria.tolerated {
        Doubt::TooFew {
            minutes: span,
            requests,
        }
    } else {
        Doubt::Bad {
            minutes: span,
            requests,
            bad,
        }
    })
}

/// Requests and bad ones as the whole numbers that they were counted as.
fn whole(tally: Tally) -> (u64, u64) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sums of counts are whole and not negative, and a cast of a float saturates"
    )]
    let count = |number: f64| number.round() as u64;
    (count(tally.requests), count(tally.bad))
}

/// As a clause for people.
impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} requests were bad in {} min",
            self.bad, self.requests, self.minutes
        )
    }
}

/// As a clause for people.
impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent { minutes, seen } => {
                write!(f, "requests were seen in {seen} of the last {minutes} min")
            }
            Self::TooFew { minutes, requests } => write!(
                f,
                "{requests} requests in {minutes} min are too few to tell that it is well"
            ),
            Self::Bad {
                minutes,
                requests,
                bad,
            } => write!(f, "{bad} of {requests} requests were bad in {minutes} min"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(requests: u64, faults: u64) -> Option<Minute> {
        Some(Minute {
            requests,
            faults,
            ..Minute::default()
        })
    }

    fn judged(minutes: &[Option<Minute>]) -> Result<Proof, Doubt> {
        proof(minutes, 15, &Criteria::default())
    }

    #[test]
    fn a_zone_that_was_asked_all_the_time_and_answered_is_well() {
        let proof = judged(&vec![minute(60, 0); 15]);
        assert_eq!(
            proof,
            Ok(Proof {
                minutes: 15,
                requests: 900,
                bad: 0
            })
        );
    }

    #[test]
    fn a_fault_now_and_then_is_tolerated() {
        let mut minutes = vec![minute(60, 0); 15];
        minutes[3] = minute(60, 1);
        minutes[9] = minute(60, 1);
        assert!(judged(&minutes).is_ok());
    }

    #[test]
    fn silence_is_not_health() {
        let silent = |seen| Err(Doubt::Silent { minutes: 15, seen });
        assert_eq!(judged(&[]), silent(0));
        assert_eq!(judged(&vec![None; 15]), silent(0));
        assert_eq!(judged(&vec![minute(0, 0); 15]), silent(0));
        // What is older than what was asked for does not count.
        let mut minutes = vec![minute(60, 0); 15];
        minutes.extend(vec![None; 15]);
        assert_eq!(judged(&minutes), silent(0));
        // Fewer minutes than were asked for.
        assert_eq!(judged(&vec![minute(60, 0); 11]), silent(11));
    }

    #[test]
    fn one_minute_in_five_may_go_unseen_and_not_the_newest_two() {
        let mut minutes = vec![minute(60, 0); 15];
        for index in [2, 8, 14] {
            minutes[index] = None;
        }
        assert!(judged(&minutes).is_ok());
        minutes[5] = None;
        assert_eq!(
            judged(&minutes),
            Err(Doubt::Silent {
                minutes: 15,
                seen: 11
            })
        );
        let mut stopped = vec![minute(60, 0); 15];
        stopped[13] = None;
        stopped[14] = minute(0, 0);
        assert_eq!(
            judged(&stopped),
            Err(Doubt::Silent {
                minutes: 15,
                seen: 13
            })
        );
    }

    #[test]
    fn a_few_good_answers_are_no_proof() {
        let doubt = judged(&vec![minute(1, 0); 15]);
        assert_eq!(
            doubt,
            Err(Doubt::TooFew {
                minutes: 15,
                requests: 15
            })
        );
        assert!(judged(&vec![minute(8, 0); 15]).is_err());
        assert!(judged(&vec![minute(9, 0); 15]).is_ok());
    }

    #[test]
    fn a_zone_that_is_a_little_bad_all_the_time_is_not_well() {
        let doubt = judged(&vec![minute(60, 1); 15]);
        assert_eq!(
            doubt,
            Err(Doubt::Bad {
                minutes: 15,
                requests: 900,
                bad: 15
            })
        );
    }

    #[test]
    fn a_minute_of_outage_does_not_drown_in_the_others() {
        for index in [0, 7, 14] {
            let mut minutes = vec![minute(6000, 0); 15];
            minutes[index] = minute(60, 60);
            let doubt = judged(&minutes);
            assert_eq!(
                doubt,
                Err(Doubt::Bad {
                    minutes: 1,
                    requests: 60,
                    bad: 60
                })
            );
        }
    }

    #[test]
    fn slow_answers_are_bad_ones() {
        let slow = Some(Minute {
            requests: 60,
            slow: 30,
            ..Minute::default()
        });
        assert!(matches!(
            judged(&vec![slow; 15]),
            Err(Doubt::Bad { bad: 30, .. })
        ));
    }
}
