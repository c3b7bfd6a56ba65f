//! The state of an alarm, and what CloudWatch calls it.

use std::fmt;
use std::str::FromStr;

use domain::arn::AccountId;
use jiff::Timestamp;

/// One of the three states of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StateValue {
    /// Within the threshold.
    Ok,
    /// Outside of it.
    Alarm,
    /// Just created, or without the data to tell.
    InsufficientData,
}

impl StateValue {
    /// The name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

impl fmt::Display for StateValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not the state of an alarm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a state of an alarm, expected OK, ALARM or INSUFFICIENT_DATA")]
pub struct StateValueError(String);

impl FromStr for StateValue {
    type Err = StateValueError;

    fn from_str(text: &str) -> Result<Self, StateValueError> {
        match text {
            "OK" => Ok(Self::Ok),
            "ALARM" => Ok(Self::Alarm),
            "INSUFFICIENT_DATA" => Ok(Self::InsufficientData),
            _ => Err(StateValueError(text.to_owned())),
        }
    }
}

/// The state of an alarm, and why it is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmState {
    /// The state.
    pub value: StateValue,
    /// Why, for people.
    pub reason: String,
    /// Why, as a JSON document. A new alarm and a state set by hand may have none.
    pub reason_data: Option<String>,
    /// When anything about the state last changed.
    pub updated: Timestamp,
    /// When the value last changed.
    pub transitioned: Timestamp,
}

/// CloudWatch's limits for a reason and its data.
pub(super) const LONGEST_REASON: usize = 1023;
pub(super) const LONGEST_REASON_DATA: usize = 4000;

impl AlarmState {
    /// The state of an alarm that was just created.
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            value: StateValue::InsufficientData,
            reason: "Unchecked: Initial alarm creation".to_owned(),
            reason_data: None,
            updated: now,
            transitioned: now,
        }
    }

    /// The state after this one. The time of the transition stays unless the value is another.
    pub(super) fn followed_by(
        &self,
        value: StateValue,
        mut reason: String,
        reason_data: Option<String>,
        now: Timestamp,
    ) -> Self {
        if let Some((end, _)) = reason.char_indices().nth(LONGEST_REASON) {
            reason.truncate(end);
        }
        Self {
            value,
            reason,
            reason_data,
            updated: now,
            transitioned: if value == self.value {
                self.transitioned
            } else {
                now
            },
        }
    }
}

/// The account and the Region that alarms belong to.
#[derive(Debug, Clone)]
pub(super) struct Home {
    pub(super) account: AccountId,
    pub(super) region: String,
}

impl Home {
    pub(super) fn alarm_arn(&self, name: &str) -> String {
        format!("{}{name}", self.alarm_prefix())
    }

    pub(super) fn mute_rule_arn(&self, name: &str) -> String {
        let Self { account, region } = self;
        format!("arn:aws:cloudwatch:{region}:{account}:alarm-mute-rule:{name}")
    }

    fn alarm_prefix(&self) -> String {
        let Self { account, region } = self;
        format!("arn:aws:cloudwatch:{region}:{account}:alarm:")
    }

    /// The name of an alarm that is called by its name or its ARN. An alarm elsewhere has none.
    pub(super) fn alarm_name<'a>(&self, name_or_arn: &'a str) -> Option<&'a str> {
        if name_or_arn.starts_with("arn:") {
            name_or_arn.strip_prefix(&self.alarm_prefix())
        } else {
            Some(name_or_arn)
        }
    }
}

/// The format of the times within an alarm event: an offset without a colon.
pub(super) fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_and_an_offset_without_a_colon() {
        let time: Timestamp = "2022-07-22T15:57:45.394999Z".parse().unwrap();
        assert_eq!(stamp(time), "2022-07-22T15:57:45.394+0000");
        let whole: Timestamp = "2022-07-22T15:57:45Z".parse().unwrap();
        assert_eq!(stamp(whole), "2022-07-22T15:57:45.000+0000");
    }

    #[test]
    fn the_time_of_the_transition_moves_only_with_the_value() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let state = AlarmState::new(at(1));
        let same = state.followed_by(StateValue::InsufficientData, "again".into(), None, at(2));
        assert_eq!((same.updated, same.transitioned), (at(2), at(1)));
        let other = same.followed_by(StateValue::Alarm, "now".into(), None, at(3));
        assert_eq!((other.updated, other.transitioned), (at(3), at(3)));
    }

    #[test]
    fn a_long_reason_is_cut() {
        let now = Timestamp::UNIX_EPOCH;
        let state = AlarmState::new(now).followed_by(StateValue::Ok, "é".repeat(2000), None, now);
        assert_eq!(state.reason.chars().count(), 1023);
    }

    #[test]
    fn an_alarm_is_called_by_its_name_or_its_arn() {
        let home = Home {
            account: AccountId::embedded(),
            region: "us-east-1".into(),
        };
        assert_eq!(home.alarm_name("a"), Some("a"));
        assert_eq!(home.alarm_name(&home.alarm_arn("a:b")), Some("a:b"));
        assert_eq!(
            home.alarm_name("arn:aws:cloudwatch:eu-west-1:000000000000:alarm:a"),
            None
        );
    }
}
