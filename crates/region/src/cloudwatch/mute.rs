//! Alarm mute rules: windows in which alarms change state without acting.
//!
//! Muting stops actions only. Alarms go on being evaluated and their events go on to EventBridge, with
//! a `muteDetail` that says which rule was in force. Whoever acts on the events has to look at it.
//!
//! Simplifications: one-time windows in UTC only (`at(…)`); a `cron(…)` schedule and another time zone
//! are refused.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde_json::{Value, json};

use crate::error::ServiceError;

use super::alarm::invalid;
use super::state::{Home, stamp};

/// CloudWatch's limits. Source: API reference, `PutAlarmMuteRule`.
const MOST_ALARMS: usize = 100;
const SHORTEST: SignedDuration = SignedDuration::from_mins(1);
const LONGEST: SignedDuration = SignedDuration::from_hours(15 * 24);

/// A rule that mutes alarms during one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MuteRule {
    /// The name, one in the account and Region.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The names of the alarms that it mutes.
    pub alarm_names: Vec<String>,
    /// When the window begins.
    pub start: Timestamp,
    /// When the window ends.
    pub end: Timestamp,
}

/// Whether a mute rule is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MuteStatus {
    /// Its window is yet to come.
    Scheduled,
    /// It mutes.
    Active,
    /// Its window is over.
    Expired,
}

impl MuteStatus {
    /// The name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::Active => "ACTIVE",
            Self::Expired => "EXPIRED",
        }
    }

    /// The status of that name.
    pub(super) fn parse(text: &str) -> Result<Self, ServiceError> {
        [Self::Scheduled, Self::Active, Self::Expired]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| {
                invalid(format!(
                    "\"{text}\" is not the status of a mute rule, expected SCHEDULED, ACTIVE or EXPIRED"
                ))
            })
    }
}

impl MuteRule {
    /// Whether the rule is in force at a time.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> MuteStatus {
        if now < self.start {
            MuteStatus::Scheduled
        } else if now < self.end {
            MuteStatus::Active
        } else {
            MuteStatus::Expired
        }
    }

    pub(super) fn mutes(&self, alarm: &str, now: Timestamp) -> bool {
        self.status(now) == MuteStatus::Active && self.alarm_names.iter().any(|name| name == alarm)
    }

    pub(super) fn check(&self) -> Result<(), ServiceError> {
        let length = self.name.chars().count();
        if length == 0 || length > 255 {
            return Err(invalid(format!(
                "the mute rule's Name has {length} characters, expected 1 to 255"
            )));
        }
        let n = self.alarm_names.len();
        if n > MOST_ALARMS {
            return Err(invalid(format!(
                "MuteTargets has {n} alarms, expected at most {MOST_ALARMS}"
            )));
        }
        let window = self.end.duration_since(self.start);
        if window < SHORTEST || window > LONGEST {
            return Err(invalid(
                "the window of a mute rule is too short or too long, expected PT1M to P15D",
            ));
        }
        Ok(())
    }

    /// The schedule as the API writes it: an expression and a duration.
    pub(super) fn schedule(&self) -> (String, String) {
        let start = self.start.strftime("%Y-%m-%dT%H:%M");
        let seconds = self.end.duration_since(self.start).as_secs();
        (format!("at({start})"), format!("PT{}M", seconds / 60))
    }

    /// What the events of a muted alarm say.
    pub(super) fn detail(&self, home: &Home) -> Value {
        json!({
            "mutedByArn": home.mute_rule_arn(&self.name),
            "muteWindowStart": stamp(self.start),
            "muteWindowEnd": stamp(self.end),
        })
    }
}

/// The window of a schedule.
pub(super) fn window(
    expression: &str,
    duration: &str,
    timezone: Option<&str>,
) -> Result<(Timestamp, Timestamp), ServiceError> {
    if let Some(zone) = timezone.filter(|zone| *zone != "UTC") {
        return Err(invalid(format!(
            "Timezone \"{zone}\" is not supported, expected UTC (the embedded Region knows no other)"
        )));
    }
    let start = at(expression).ok_or_else(|| {
        invalid(format!(
            "Expression \"{expression}\" is not supported, expected at(yyyy-MM-ddThh:mm) (the embedded Region has no cron schedules)"
        ))
    })?;
    let length = duration
        .parse::<Span>()
        .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
        .ok()
        .filter(|length| (SHORTEST..=LONGEST).contains(length));
    let end = length.and_then(|length| start.checked_add(length).ok());
    let end = end.ok_or_else(|| {
        invalid(format!(
            "Duration \"{duration}\" is not valid, expected an ISO 8601 duration from PT1M to P15D"
        ))
    })?;
    Ok((start, end))
}

fn at(expression: &str) -> Option<Timestamp> {
    let time = expression.strip_prefix("at(")?.strip_suffix(')')?;
    let time = DateTime::strptime("%Y-%m-%dT%H:%M", time).ok()?;
    TimeZone::UTC.to_timestamp(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> MuteRule {
        let (start, end) = window("at(2026-05-10T14:00)", "PT2H", None).unwrap();
        MuteRule {
            name: "maintenance".into(),
            description: None,
            alarm_names: vec!["a".into()],
            start,
            end,
        }
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_rule_mutes_its_alarms_from_the_start_to_just_before_the_end() {
        let rule = rule();
        for (at, status) in [
            ("2026-05-10T13:59:59Z", MuteStatus::Scheduled),
            ("2026-05-10T14:00:00Z", MuteStatus::Active),
            ("2026-05-10T15:59:59Z", MuteStatus::Active),
            ("2026-05-10T16:00:00Z", MuteStatus::Expired),
        ] {
            assert_eq!(rule.status(time(at)), status, "{at}");
            assert_eq!(rule.mutes("a", time(at)), status == MuteStatus::Active);
            assert!(!rule.mutes("b", time(at)));
        }
    }

    #[test]
    fn a_schedule_is_written_as_it_was_read() {
        assert_eq!(
            rule().schedule(),
            ("at(2026-05-10T14:00)".into(), "PT120M".into())
        );
        let (start, end) = window("at(2026-05-10T14:00)", "P2DT12H", Some("UTC")).unwrap();
        assert_eq!(end.duration_since(start), SignedDuration::from_hours(60));
    }

    #[test]
    fn schedules_that_the_region_lacks_are_refused() {
        let refusal =
            |expression, duration, zone| window(expression, duration, zone).unwrap_err().message;
        let at = "at(2026-05-10T14:00)";
        assert_eq!(
            refusal("cron(0 2 * * *)", "PT1H", None),
            "Expression \"cron(0 2 * * *)\" is not supported, expected at(yyyy-MM-ddThh:mm) (the embedded Region has no cron schedules)"
        );
        assert_eq!(
            refusal(at, "PT1H", Some("Europe/London")),
            "Timezone \"Europe/London\" is not supported, expected UTC (the embedded Region knows no other)"
        );
        for duration in ["", "1h30", "PT59S", "P16D", "-PT1H", "P1M"] {
            assert_eq!(
                refusal(at, duration, None),
                format!(
                    "Duration \"{duration}\" is not valid, expected an ISO 8601 duration from PT1M to P15D"
                )
            );
        }
    }
}
