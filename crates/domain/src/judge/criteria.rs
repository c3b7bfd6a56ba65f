//! The numbers of the judgement. The page above argues each; here stand its range and its default.

use serde::Deserialize;

use crate::problem::{Problem, Problems};

/// The numbers that an engineer who disagrees with the policy changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Criteria {
    /// Minutes that are looked at, 1 to 60. Longer sees weaker faults, and later.
    pub window: usize,
    /// Minutes that a fault must have lasted, 1 to `window`: with the worst `sustained - 1` minutes
    /// left out it must still be there. Each more costs a minute and buys immunity to longer blips.
    pub sustained: usize,
    /// The bad share of requests that the workload tolerates, 0 to 1. A zone below it is left alone.
    pub tolerated: f64,
    /// How many times the bad share of the other zones, at least 1.
    pub factor: f64,
    /// How much more than the bad share of the other zones, as a share of requests, 0 to 1.
    pub difference: f64,
    /// The bad share of another zone from which on that zone may be part of the same trouble, 0 to 1.
    pub regional_above: f64,
    /// How many times as bad as such a zone one must be to count as the cause, at least 1.
    pub regional_factor: f64,
    /// The posterior probability of being material and isolated that is asked for, 0.5 to 1.
    pub confidence: f64,
    /// The same with the worst minutes, or with the worst instance, left out, 0.5 to 1.
    pub robust_confidence: f64,
    /// The posterior probability that may remain of another zone being materially bad and at least half
    /// as bad, 0 to 0.5. The fewer requests other zones have, the longer it takes to rule out.
    pub doubt: f64,
    /// Wrong evacuations a day that chance may cause in zones that are equally well, above 0, to 1.
    pub false_alarms_per_day: f64,
    /// Requests in the zone, and in all others together, without which nothing is said of a zone.
    pub min_requests: u64,
    /// The bad share of one minute that is a total outage and is acted on at once, 0 to 1; 1 and
    /// nothing less than every request would have to fail.
    pub outage: f64,
}

impl Default for Criteria {
    fn default() -> Self {
        Self {
            window: 7,
            sustained: 2,
            tolerated: 0.01,
            factor: 3.0,
            difference: 0.005,
            regional_above: 0.01,
            regional_factor: 5.0,
            confidence: 0.98,
            robust_confidence: 0.9,
            doubt: 0.002,
            false_alarms_per_day: 0.01,
            min_requests: 300,
            outage: 0.98,
        }
    }
}

/// The longest window in minutes: what is older belongs to another incident.
pub const LONGEST_WINDOW: usize = 60;

/// Minutes that the scatter of counts is estimated from. With fewer the estimate itself scatters.
const HISTORY: usize = 10;

/// The criteria as people write them: what they leave out is as usual.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(
    default,
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "criteria of the judgement"
)]
pub struct CriteriaDefinition {
    /// [`Criteria::window`].
    pub window_minutes: Option<usize>,
    /// [`Criteria::sustained`].
    pub sustained_minutes: Option<usize>,
    /// [`Criteria::tolerated`].
    pub tolerated: Option<f64>,
    /// [`Criteria::factor`].
    pub factor: Option<f64>,
    /// [`Criteria::difference`].
    pub difference: Option<f64>,
    /// [`Criteria::regional_above`].
    pub regional_above: Option<f64>,
    /// [`Criteria::regional_factor`].
    pub regional_factor: Option<f64>,
    /// [`Criteria::confidence`].
    pub confidence: Option<f64>,
    /// [`Criteria::robust_confidence`].
    pub robust_confidence: Option<f64>,
    /// [`Criteria::doubt`].
    pub doubt: Option<f64>,
    /// [`Criteria::false_alarms_per_day`].
    pub false_alarms_per_day: Option<f64>,
    /// [`Criteria::min_requests`].
    pub min_requests: Option<u64>,
    /// [`Criteria::outage`].
    pub outage: Option<f64>,
}

impl CriteriaDefinition {
    /// The criteria, if each is in its range.
    ///
    /// # Errors
    /// Every field that is not, with its path below `at`.
    pub fn check(&self, at: &str) -> Result<Criteria, Problems> {
        let usual = Criteria::default();
        let criteria = Criteria {
            window: self.window_minutes.unwrap_or(usual.window),
            sustained: self.sustained_minutes.unwrap_or(usual.sustained),
            tolerated: self.tolerated.unwrap_or(usual.tolerated),
            factor: self.factor.unwrap_or(usual.factor),
            difference: self.difference.unwrap_or(usual.difference),
            regional_above: self.regional_above.unwrap_or(usual.regional_above),
            regional_factor: self.regional_factor.unwrap_or(usual.regional_factor),
            confidence: self.confidence.unwrap_or(usual.confidence),
            robust_confidence: self.robust_confidence.unwrap_or(usual.robust_confidence),
            doubt: self.doubt.unwrap_or(usual.doubt),
            false_alarms_per_day: self
                .false_alarms_per_day
                .unwrap_or(usual.false_alarms_per_day),
            min_requests: self.min_requests.unwrap_or(usual.min_requests),
            outage: self.outage.unwrap_or(usual.outage),
        };
        criteria.checked(at)
    }
}

impl Criteria {
    /// Minutes that the judgement is to be given: those of the window, and older ones that only show
    /// how much counts scatter.
    #[must_use]
    pub fn history(&self) -> usize {
        self.window.max(HISTORY)
    }

    /// These criteria, if each is in its range.
    ///
    /// # Errors
    /// Every field that is not, with its path below `at`.
    pub fn checked(self, at: &str) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut within = |field: &str, value: f64, low: f64, high: f64, hint: &str| {
            if !(low..=high).contains(&value) {
                problems.push(Problem {
                    field: format!("{at}.{field}"),
                    message: format!("{value} is out of range, expected {low} to {high}: {hint}"),
                });
            }
        };
        let any = f64::MAX;
        let window = self.window.min(LONGEST_WINDOW) as f64;
        let longest = LONGEST_WINDOW as f64;
        within(
            "windowMinutes",
            self.window as f64,
            1.0,
            longest,
            "minutes to look at",
        );
        within(
            "sustainedMinutes",
            self.sustained as f64,
            1.0,
            window.max(1.0),
            "at most windowMinutes",
        );
        within(
            "tolerated",
            self.tolerated,
            0.0,
            1.0,
            "a share of the requests, such as 0.01",
        );
        within(
            "factor",
            self.factor,
            1.0,
            any,
            "times the bad share elsewhere, such as 3",
        );
        within(
            "difference",
            self.difference,
            0.0,
            1.0,
            "a share of the requests, such as 0.005",
        );
        within(
            "regionalAbove",
            self.regional_above,
            0.0,
            1.0,
            "a share of the requests, such as 0.01",
        );
        within(
            "regionalFactor",
            self.regional_factor,
            1.0,
            any,
            "times the bad share of another zone, such as 5",
        );
        within(
            "confidence",
            self.confidence,
            0.5,
            1.0,
            "a probability, such as 0.98",
        );
        within(
            "robustConfidence",
            self.robust_confidence,
            0.5,
            1.0,
            "a probability, such as 0.9",
        );
        within(
            "doubt",
            self.doubt,
            0.0,
            0.5,
            "a probability, such as 0.002",
        );
        within(
            "falseAlarmsPerDay",
            self.false_alarms_per_day,
            1e-12,
            1.0,
            "wrong evacuations a day, such as 0.01",
        );
        within(
            "minRequests",
            self.min_requests as f64,
            1.0,
            any,
            "requests in the window, such as 300",
        );
        within(
            "outage",
            self.outage,
            0.5,
            1.0,
            "a share of the requests, such as 0.98",
        );
        match Problems::all(problems) {
            Some(problems) => Err(problems),
            None => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_in_range() {
        assert_eq!(
            Criteria::default().checked("policy"),
            Ok(Criteria::default())
        );
    }

    #[test]
    fn ten_minutes_show_how_much_counts_scatter_and_a_longer_window_more() {
        let of = |window| Criteria {
            window,
            ..Criteria::default()
        };
        assert_eq!([2, 7, 30].map(|window| of(window).history()), [10, 10, 30]);
    }

    #[test]
    fn every_number_out_of_range_is_told_at_once() {
        let criteria = Criteria {
            window: 0,
            factor: 0.5,
            tolerated: f64::NAN,
            ..Criteria::default()
        };
        let problems = criteria.checked("policy").unwrap_err().to_string();
        for field in ["policy.windowMinutes", "policy.factor", "policy.tolerated"] {
            assert!(problems.contains(field), "{problems}");
        }
    }

    #[test]
    fn a_fault_cannot_be_asked_to_outlast_the_window() {
        let criteria = Criteria {
            window: 3,
            sustained: 4,
            ..Criteria::default()
        };
        let problems = criteria.checked("policy").unwrap_err().to_string();
        assert!(problems.contains("sustainedMinutes"), "{problems}");
    }
}
