//! An incident's id, and the mark that it leaves on what Evac changes.
//!
//! The id is derived from workload, zone and the moment of the alarm's transition, and never stored
//! anywhere else than on the things themselves. So two invocations for one alarm transition, however
//! far apart, speak of the same incident without a database between them.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::name::WorkloadName;
use crate::zone::ZoneId;

/// One evacuation: `wildrydes/use1-az1/20261124T092000Z`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IncidentId {
    workload: WorkloadName,
    zone: ZoneId,
    transition: Timestamp,
}

/// Why a text is not an incident's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not an incident id, expected <workload>/<AZ ID>/<time>, such as wildrydes/use1-az1/20261124T092000Z"
)]
pub struct IncidentError(String);

/// 0000-01-01T00:00:00Z, the first moment whose year has four digits and no sign.
const FIRST_SECOND: i64 = -62_167_219_200;

impl IncidentId {
    /// The incident of a workload's zone that began with an alarm's transition. Fractions of a
    /// second are dropped: CloudWatch's event and its API do not show the same ones. A time before the
    /// year 0, which nobody but a broken clock tells, is taken for its beginning: an id has four digits
    /// for the year, and one that cannot be read back would leave tags that Evac does not understand.
    #[must_use]
    pub fn new(workload: &WorkloadName, zone: &ZoneId, transition: Timestamp) -> Self {
        let second = transition.as_second().max(FIRST_SECOND);
        let whole = Timestamp::from_second(second).unwrap_or(transition);
        Self {
            workload: workload.clone(),
            zone: zone.clone(),
            transition: whole,
        }
    }

    /// The workload.
    #[must_use]
    pub fn workload(&self) -> &WorkloadName {
        &self.workload
    }

    /// The impaired zone.
    #[must_use]
    pub fn zone(&self) -> &ZoneId {
        &self.zone
    }

    /// When the alarm went into ALARM, or the person gave the command; whole seconds.
    #[must_use]
    pub fn transition(&self) -> Timestamp {
        self.transition
    }
}

/// How far apart CloudWatch's event and its API may date one transition.
const ONE_TRANSITION: SignedDuration = SignedDuration::from_secs(60);

impl IncidentId {
    /// Whether a person who ended `ended` thereby decided about this incident too: it is of the same
    /// workload and zone, and the alarm has not gone into ALARM anew since. So what a person ended
    /// stays ended until the alarm has been OK, also where the person had begun it by command.
    #[must_use]
    pub fn is_settled_by(&self, ended: &Self) -> bool {
        ended.workload == self.workload
            && ended.zone == self.zone
            && self.transition.duration_since(ended.transition) <= ONE_TRANSITION
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.transition.strftime("%Y%m%dT%H%M%SZ");
        write!(f, "{}/{}/{time}", self.workload, self.zone)
    }
}

impl FromStr for IncidentId {
    type Err = IncidentError;

    fn from_str(text: &str) -> Result<Self, IncidentError> {
        let refused = || IncidentError(text.to_owned());
        let parts: Vec<&str> = text.split('/').collect();
        let [workload, zone, time] = parts[..] else {
            return Err(refused());
        };
        let incident = Self {
            workload: workload.parse().map_err(|_| refused())?,
            zone: zone.parse().map_err(|_| refused())?,
            transition: time.parse().map_err(|_| refused())?,
        };
        // Many spellings of a time are understood, but one incident has one id.
        if incident.to_string() == text {
            Ok(incident)
        } else {
            Err(refused())
        }
    }
}

impl TryFrom<String> for IncidentId {
    type Error = IncidentError;

    fn try_from(text: String) -> Result<Self, IncidentError> {
        text.parse()
    }
}

impl From<IncidentId> for String {
    fn from(incident: IncidentId) -> Self {
        incident.to_string()
    }
}

/// How far an evacuation is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Traffic is to stay away from the zone.
    Evacuate,
    /// The same, and people were told that the zone looks well.
    Well,
    /// Capacity is coming back on trial, so that the zone can be seen to be well; traffic stays away.
    Trial {
        /// When the trial began, in minutes after the incident's transition.
        minutes: u32,
    },
    /// Traffic is to stay away, and a trial did not show the zone well.
    Tried {
        /// When the trial ended, in minutes after the incident's transition.
        minutes: u32,
    },
    /// Capacity is coming back, and traffic follows.
    FailBack,
}

/// What Evac writes into the comment of a zonal shift that it starts.
///
/// It tells people in the console who shifted and why, and tells Evac which shifts are its own: it
/// extends and cancels no other. ARC keeps at most 128 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Marker {
    /// The incident that the shift belongs to.
    pub incident: IncidentId,
    /// How far the evacuation is.
    pub phase: Phase,
    /// Whether the shift rehearses instead of helping.
    pub drill: bool,
}

const PREFIX: &str = "evac: ";
const TRIAL: &str = "trial+";
const TRIED: &str = "tried+";

fn read_phase(word: &str) -> Option<Phase> {
    match word {
        "evacuate" => return Some(Phase::Evacuate),
        "well" => return Some(Phase::Well),
        "fail-back" => return Some(Phase::FailBack),
        _ => {}
    }
    let minutes = |begin: &str| {
        let digits = word.strip_prefix(begin)?.strip_suffix('m')?;
        let number: u32 = digits.parse().ok()?;
        // One phase has one spelling.
        (number.to_string() == digits).then_some(number)
    };
    let trial = minutes(TRIAL).map(|minutes| Phase::Trial { minutes });
    trial.or_else(|| minutes(TRIED).map(|minutes| Phase::Tried { minutes }))
}

impl Marker {
    /// Reads a comment. A comment that is not exactly one of Evac's is somebody else's.
    #[must_use]
    pub fn from_comment(comment: &str) -> Option<Self> {
        let mut words = comment.strip_prefix(PREFIX)?.split(' ');
        let incident = words.next()?.parse().ok()?;
        let phase = read_phase(words.next()?)?;
        let drill = match words.next() {
            None => false,
            Some("drill") => true,
            Some(_) => return None,
        };
        words.next().is_none().then_some(Self {
            incident,
            phase,
            drill,
        })
    }

    /// The comment.
    #[must_use]
    pub fn to_comment(&self) -> String {
        let phase = match self.phase {
            Phase::Evacuate => "evacuate".to_owned(),
            Phase::Well => "well".to_owned(),
            Phase::Trial { minutes } => format!("{TRIAL}{minutes}m"),
            Phase::Tried { minutes } => format!("{TRIED}{minutes}m"),
            Phase::FailBack => "fail-back".to_owned(),
        };
        let drill = if self.drill { " drill" } else { "" };
        format!("{PREFIX}{} {phase}{drill}", self.incident)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident() -> IncidentId {
        let transition = "2026-11-24T09:20:00.987Z".parse().unwrap();
        IncidentId::new(
            &"wildrydes".parse().unwrap(),
            &"use1-az1".parse().unwrap(),
            transition,
        )
    }

    #[test]
    fn an_incident_is_named_by_workload_zone_and_second() {
        assert_eq!(
            incident().to_string(),
            "wildrydes/use1-az1/20261124T092000Z"
        );
        assert_eq!(incident().to_string().parse(), Ok(incident()));
    }

    #[test]
    fn an_incident_of_any_time_is_read_back_from_its_id() {
        let first: Timestamp = "0000-01-01T00:00:00Z".parse().unwrap();
        let before = "-000001-12-31T23:59:59.999Z".parse().unwrap();
        for transition in [Timestamp::MIN, before, first, Timestamp::MAX] {
            let named = IncidentId::new(incident().workload(), incident().zone(), transition);
            assert_eq!(named.to_string().parse(), Ok(named.clone()), "{transition}");
            assert_eq!(named.transition() == first, transition <= first);
        }
    }

    #[test]
    fn other_spellings_are_not_ids() {
        for text in [
            "",
            "wildrydes/use1-az1",
            "wildrydes/us-east-1a/20261124T092000Z",
            "wildrydes/use1-az1/2026-11-24T09:20:00Z",
            "wildrydes/use1-az1/20261124T092000Z/x",
        ] {
            assert_eq!(
                text.parse::<IncidentId>(),
                Err(IncidentError(text.into())),
                "{text}"
            );
        }
    }

    #[test]
    fn what_a_person_ended_stays_ended_until_the_alarm_goes_off_anew() {
        let at = |text: &str| IncidentId {
            transition: text.parse().unwrap(),
            ..incident()
        };
        let alarm = at("2026-11-24T09:20:00Z");
        let by_command = at("2026-11-24T09:30:00Z");
        let anew = at("2026-11-24T09:45:00Z");
        assert!(alarm.is_settled_by(&alarm));
        assert!(alarm.is_settled_by(&by_command));
        assert!(!anew.is_settled_by(&alarm));
        assert!(!anew.is_settled_by(&by_command));
        assert!(
            at("2026-11-24T09:20:01Z").is_settled_by(&alarm),
            "one transition, dated twice"
        );
        let other_zone = IncidentId {
            zone: "use1-az2".parse().unwrap(),
            ..alarm.clone()
        };
        assert!(!alarm.is_settled_by(&other_zone));
    }

    #[test]
    fn an_incident_is_a_text_in_json_and_knows_its_moment() {
        let text = "wildrydes/use1-az1/20261124T092000Z";
        let incident: IncidentId = serde_json::from_value(text.into()).unwrap();
        assert_eq!(serde_json::to_value(&incident).unwrap(), text);
        let moment: Timestamp = "2026-11-24T09:20:00Z".parse().unwrap();
        assert_eq!(incident.transition(), moment);
    }

    #[test]
    fn a_marker_survives_its_comment() {
        for phase in [
            Phase::Evacuate,
            Phase::Well,
            Phase::Trial { minutes: 0 },
            Phase::Tried { minutes: 45 },
            Phase::FailBack,
        ] {
            for drill in [false, true] {
                let marker = Marker {
                    incident: incident(),
                    phase,
                    drill,
                };
                assert_eq!(Marker::from_comment(&marker.to_comment()), Some(marker));
            }
        }
    }

    #[test]
    fn the_longest_comment_fits_into_what_arc_keeps() {
        // A drill has no trial.
        let a_month = Phase::Tried { minutes: 43_200 };
        for (phase, drill) in [(Phase::FailBack, true), (a_month, false)] {
            let marker = Marker {
                incident: IncidentId::new(
                    &"x".repeat(63).parse().unwrap(),
                    &"use1-wl1-bosto-wlz10".parse().unwrap(),
                    Timestamp::UNIX_EPOCH,
                ),
                phase,
                drill,
            };
            assert!(
                marker.to_comment().len() <= 128,
                "{} characters",
                marker.to_comment().len()
            );
        }
    }

    #[test]
    fn a_comment_of_somebody_else_is_never_ours() {
        for comment in [
            "",
            "evac",
            "evacuating az1, Jane",
            "evac: please",
            "evac: wildrydes/use1-az1/20261124T092000Z",
            "evac: wildrydes/use1-az1/20261124T092000Z evacuate now",
            "evac: wildrydes/use1-az1/20261124T092000Z trial+m",
            "evac: wildrydes/use1-az1/20261124T092000Z trial+045m",
            "evac: wildrydes/use1-az1/20261124T092000Z tried+45",
            "evac: wildrydes/use1-az1/20261124T092000Z evacuate drill x",
            " evac: wildrydes/use1-az1/20261124T092000Z evacuate",
        ] {
            assert_eq!(Marker::from_comment(comment), None, "{comment}");
        }
    }
}
