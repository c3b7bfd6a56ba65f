//! How datapoints become the state of a metric alarm.
//!
//! An alarm looks at the datapoints of its evaluation periods (N) and goes into ALARM when enough of
//! them (M) breach the threshold. Data may be missing, so CloudWatch looks further back than N
//! periods, over an *evaluation range*:
//!
//! 1. If the range has N real datapoints or more, the latest N of them decide.
//! 2. Otherwise all real datapoints count, and the missing ones are filled in as the alarm says:
//!    - `breaching` and `notBreaching` fill in what they say;
//!    - with `ignore` and `missing`, M breaching datapoints mean ALARM and otherwise any datapoint
//!      within the threshold means OK. If all real datapoints breach and there are fewer than M,
//!      `ignore` keeps the state. `missing` goes into ALARM if the oldest of them is at least M
//!      periods old (nothing has contradicted it since: AWS calls this a premature transition), and
//!      keeps the state if not. Without any datapoint, `ignore` keeps the state and `missing` goes
//!      into INSUFFICIENT_DATA.
//!
//! Source: user guide, "Configuring how CloudWatch alarms treat missing data", whose tables are the
//! tests. AWS does not publish the length of the range; its one example has 5 periods for N = 3.
//! Simplification: the range is always N + [`EXTRA_PERIODS`]. An alarm on a metric that is later than
//! that never sees it.

use std::fmt;
use std::str::FromStr;

use super::state::StateValue;

/// How many periods an alarm looks further back than its evaluation periods.
pub const EXTRA_PERIODS: u32 = 2;

/// How a datapoint is compared with the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `GreaterThanOrEqualToThreshold`
    GreaterOrEqual,
    /// `GreaterThanThreshold`
    Greater,
    /// `LessThanThreshold`
    Less,
    /// `LessThanOrEqualToThreshold`
    LessOrEqual,
}

impl Comparison {
    /// The name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GreaterOrEqual => "GreaterThanOrEqualToThreshold",
            Self::Greater => "GreaterThanThreshold",
            Self::Less => "LessThanThreshold",
            Self::LessOrEqual => "LessThanOrEqualToThreshold",
        }
    }

    /// The comparison in the text of a reason.
    pub(super) fn phrase(self) -> &'static str {
        match self {
            Self::GreaterOrEqual => "greater than or equal to",
            Self::Greater => "greater than",
            Self::Less => "less than",
            Self::LessOrEqual => "less than or equal to",
        }
    }

    fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterOrEqual => value >= threshold,
            Self::Greater => value > threshold,
            Self::Less => value < threshold,
            Self::LessOrEqual => value <= threshold,
        }
    }
}

/// What an alarm makes of missing data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingData {
    /// It breaches the threshold.
    Breaching,
    /// It is within the threshold.
    NotBreaching,
    /// It leaves the state as it is.
    Ignore,
    /// It is no data: the default.
    Missing,
}

impl MissingData {
    /// The name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Breaching => "breaching",
            Self::NotBreaching => "notBreaching",
            Self::Ignore => "ignore",
            Self::Missing => "missing",
        }
    }
}

/// Why a text is not one of the choices that an alarm has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} \"{value}\" is not valid, expected {expected}")]
pub struct ChoiceError {
    field: &'static str,
    value: String,
    expected: &'static str,
}

impl FromStr for Comparison {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        [
            Self::GreaterOrEqual,
            Self::Greater,
            Self::Less,
            Self::LessOrEqual,
        ]
        .into_iter()
        .find(|comparison| comparison.as_str() == text)
        .ok_or_else(|| ChoiceError {
            field: "ComparisonOperator",
            value: text.to_owned(),
            expected: "GreaterThanOrEqualToThreshold, GreaterThanThreshold, LessThanThreshold or LessThanOrEqualToThreshold (the embedded Region has no anomaly detection)",
        })
    }
}

impl FromStr for MissingData {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        [
            Self::Breaching,
            Self::NotBreaching,
            Self::Ignore,
            Self::Missing,
        ]
        .into_iter()
        .find(|missing| missing.as_str() == text)
        .ok_or_else(|| ChoiceError {
            field: "TreatMissingData",
            value: text.to_owned(),
            expected: "breaching, notBreaching, ignore or missing",
        })
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for MissingData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an alarm asks of its datapoints.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// How a datapoint is compared.
    pub comparison: Comparison,
    /// With what.
    pub value: f64,
    /// N: how many datapoints decide.
    pub evaluation_periods: u32,
    /// M: how many of them must breach. All, if it is not said.
    pub datapoints_to_alarm: Option<u32>,
    /// What becomes of missing data. [`MissingData::Missing`], if it is not said.
    pub missing_data: Option<MissingData>,
}

/// What the datapoints say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judgement {
    /// The state, or nothing to keep the one that the alarm has.
    pub(super) state: Option<StateValue>,
    /// The places of the real datapoints that decided, the latest first.
    pub(super) decided_by: Vec<usize>,
    /// How many missing datapoints were filled in.
    pub(super) filled: u32,
}

impl Threshold {
    pub(super) fn is_breached_by(&self, value: f64) -> bool {
        self.comparison.holds(value, self.value)
    }

    pub(super) fn enough(&self) -> u32 {
        self.datapoints_to_alarm.unwrap_or(self.evaluation_periods)
    }

    pub(super) fn missing_data(&self) -> MissingData {
        self.missing_data.unwrap_or(MissingData::Missing)
    }

    /// How many periods the evaluation range has.
    pub(super) fn range(&self) -> u32 {
        self.evaluation_periods.saturating_add(EXTRA_PERIODS)
    }

    /// Judges the datapoints of an evaluation range, the oldest first.
    pub(super) fn judge(&self, range: &[Option<f64>]) -> Judgement {
        let wanted = self.evaluation_periods as usize;
        let real = range.iter().enumerate().rev();
        let real = real.filter_map(|(index, value)| value.map(|value| (index, value)));
        let real: Vec<(usize, f64)> = real.take(wanted).collect();

        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let breaching = real.iter().filter(|(_, value)| self.is_breached_by(*value));
        let breaching = count(breaching.count());
        let filled = self.evaluation_periods.saturating_sub(count(real.len()));
        let alarm_if = |alarm: bool| {
            Some(if alarm {
                StateValue::Alarm
            } else {
                StateValue::Ok
            })
        };
        let state = if filled == 0 {
            alarm_if(breaching >= self.enough())
        } else {
            match self.missing_data() {
                MissingData::Breaching => {
                    alarm_if(breaching.saturating_add(filled) >= self.enough())
                }
                MissingData::NotBreaching => alarm_if(breaching >= self.enough()),
                _ if breaching >= self.enough() => Some(StateValue::Alarm),
                _ if (breaching as usize) < real.len() => Some(StateValue::Ok),
                MissingData::Ignore => None,
                MissingData::Missing => match real.last() {
                    None => Some(StateValue::InsufficientData),
                    // The latest period has the age 1.
                    Some((oldest, _)) if range.len() - oldest >= self.enough() as usize => {
                        Some(StateValue::Alarm)
                    }
                    Some(_) => None,
                },
            }
        };
        Judgement {
            state,
            decided_by: real.into_iter().map(|(index, _)| index).collect(),
            filled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `0` is within the threshold, `X` breaches it, `-` is missing; the latest is on the right.
    fn range(text: &str) -> Vec<Option<f64>> {
        text.split(' ')
            .map(|point| match point {
                "0" => Some(0.0),
                "X" => Some(2.0),
                _ => None,
            })
            .collect()
    }

    fn judge(enough: u32, missing_data: MissingData, points: &str) -> &'static str {
        let threshold = Threshold {
            comparison: Comparison::Greater,
            value: 1.0,
            evaluation_periods: 3,
            datapoints_to_alarm: Some(enough),
            missing_data: Some(missing_data),
        };
        assert_eq!(threshold.range(), 5);
        match threshold.judge(&range(points)).state {
            Some(state) => state.as_str(),
            None => "keep",
        }
    }

    /// Checks the states for missing, ignore, breaching and not breaching.
    #[track_caller]
    fn check(enough: u32, points: &str, expected: [&str; 4]) {
        let got = [
            MissingData::Missing,
            MissingData::Ignore,
            MissingData::Breaching,
            MissingData::NotBreaching,
        ]
        .map(|missing_data| judge(enough, missing_data, points));
        assert_eq!(got, expected, "{enough} of 3, {points}");
    }

    #[test]
    fn three_of_three_as_in_the_table_of_the_user_guide() {
        check(3, "0 - X - X", ["OK", "OK", "OK", "OK"]);
        check(3, "0 - - - -", ["OK", "OK", "OK", "OK"]);
        check(3, "- - - - -", ["INSUFFICIENT_DATA", "keep", "ALARM", "OK"]);
        check(3, "0 X X - X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
        check(3, "- - X - -", ["ALARM", "keep", "ALARM", "OK"]);
    }

    #[test]
    fn two_of_three_as_in_the_table_of_the_user_guide() {
        check(2, "0 - X - X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
        check(2, "0 0 X 0 X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
        check(2, "0 - X - -", ["OK", "OK", "ALARM", "OK"]);
        check(2, "- - - - 0", ["OK", "OK", "ALARM", "OK"]);
        check(2, "- - - X -", ["ALARM", "keep", "ALARM", "OK"]);
    }

    #[test]
    fn a_first_breach_alone_does_not_raise_the_alarm_at_once() {
        check(3, "- - - - X", ["keep", "keep", "ALARM", "OK"]);
        check(3, "- - - X -", ["keep", "keep", "ALARM", "OK"]);
        check(1, "- - - - X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
    }

    #[test]
    fn old_datapoints_beyond_the_evaluation_periods_do_not_count() {
        check(2, "X X 0 0 0", ["OK", "OK", "OK", "OK"]);
        check(2, "X X 0 0 -", ["OK", "OK", "OK", "OK"]);
    }

    #[test]
    fn a_silent_zone_keeps_an_alarm_that_ignores_missing_data() {
        for points in ["X X X - -", "X X - - -", "X - - - -", "- - - - -"] {
            let state = judge(2, MissingData::Ignore, points);
            assert!(state == "ALARM" || state == "keep", "{points}: {state}");
        }
    }

    #[test]
    fn the_judgement_names_the_datapoints_that_decided() {
        let threshold = Threshold {
            comparison: Comparison::Greater,
            value: 1.0,
            evaluation_periods: 3,
            datapoints_to_alarm: None,
            missing_data: None,
        };
        let judgement = threshold.judge(&range("0 X - X -"));
        assert_eq!(judgement.decided_by, [3, 1, 0]);
        assert_eq!(judgement.filled, 0);
        assert_eq!(threshold.judge(&range("- - - X -")).filled, 2);
    }

    #[test]
    fn each_comparison_treats_the_threshold_itself_as_its_name_says() {
        for (comparison, breaches) in [
            (Comparison::Greater, [false, false, true]),
            (Comparison::GreaterOrEqual, [false, true, true]),
            (Comparison::Less, [true, false, false]),
            (Comparison::LessOrEqual, [true, true, false]),
        ] {
            let threshold = Threshold {
                comparison,
                value: 5.0,
                evaluation_periods: 1,
                datapoints_to_alarm: None,
                missing_data: None,
            };
            let got = [4.0, 5.0, 6.0].map(|value| threshold.is_breached_by(value));
            assert_eq!(got, breaches, "{comparison}");
            assert_eq!(comparison.as_str().parse(), Ok(comparison));
        }
    }

    #[test]
    fn unknown_choices_are_refused_with_the_known_ones() {
        let error = "GreaterThanUpperThreshold"
            .parse::<Comparison>()
            .unwrap_err();
        assert!(
            error.to_string().contains("no anomaly detection"),
            "{error}"
        );
        let error = "Ignore".parse::<MissingData>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "TreatMissingData \"Ignore\" is not valid, expected breaching, notBreaching, ignore or missing"
        );
    }
}
