//! The classifier's answer, with its reason as a value and as a sentence.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::capacity::Shortage;
use crate::decide::{Kept, Unproven};
use crate::hold::HoldReason;
use crate::incident::IncidentId;
use crate::judge::{Judgement, Proof};
use crate::observation::NoEvidence;
use crate::zone::ZoneId;

/// Evacuate, hold, or fail back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "verdict",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Verdict {
    /// Traffic is to leave the zone, or to stay away from it.
    Evacuate {
        /// The zone.
        zone: ZoneId,
        /// Why.
        reason: EvacuateReason,
    },
    /// Nothing is to change.
    Hold {
        /// The zone that the question was about, if it was about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<ZoneId>,
        /// Why; the first reason is the one that counts most, and there is at least one.
        reasons: Vec<HoldReason>,
    },
    /// Capacity is to return to the zone, and then traffic.
    FailBack {
        /// The zone.
        zone: ZoneId,
        /// Why.
        reason: FailBackReason,
    },
}

impl Verdict {
    /// A hold for one reason.
    #[must_use]
    pub fn hold(zone: Option<&ZoneId>, reason: HoldReason) -> Self {
        Self::Hold {
            zone: zone.cloned(),
            reasons: vec![reason],
        }
    }

    /// `evacuate`, `hold` or `fail-back`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Evacuate { .. } => "evacuate",
            Self::Hold { .. } => "hold",
            Self::FailBack { .. } => "fail-back",
        }
    }

    /// The zone, if the verdict is about one.
    #[must_use]
    pub fn zone(&self) -> Option<&ZoneId> {
        match self {
            Self::Evacuate { zone, .. } | Self::FailBack { zone, .. } => Some(zone),
            Self::Hold { zone, .. } => zone.as_ref(),
        }
    }

    /// The stable code of the reason that counts most.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Evacuate { reason, .. } => reason.code(),
            Self::Hold { reasons, .. } => reasons.first().map_or("noReason", HoldReason::code),
            Self::FailBack { reason, .. } => reason.code(),
        }
    }

    /// What the counts say, if the verdict rests on them or is for want of them.
    #[must_use]
    pub fn judgement(&self) -> Option<&Judgement> {
        match self {
            Self::Evacuate { reason, .. } => reason.judgement(),
            Self::Hold { reasons, .. } => reasons.iter().find_map(HoldReason::judgement),
            Self::FailBack { .. } => None,
        }
    }

    /// The reason as a clause for people, without the verdict itself.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Evacuate { reason, .. } => reason.to_string(),
            Self::Hold { reasons, .. } => reasons
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; also, "),
            Self::FailBack { reason, .. } => reason.to_string(),
        }
    }
}

/// The verdict in one sentence: `hold use1-az1: …`.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.zone() {
            Some(zone) => write!(f, "{} {zone}: {}", self.name(), self.reason()),
            None => write!(f, "{}: {}", self.name(), self.reason()),
        }
    }
}

/// The alarm behind an evacuation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlarmRaised {
    /// Its name.
    #[serde(rename = "alarm")]
    pub name: String,
    /// When it went into ALARM.
    pub since: Timestamp,
    /// Whether the alarm itself and its siblings could be read, or only the event is known.
    pub confirmed: bool,
    /// How many other alarms the workload lists.
    pub others: usize,
}

/// As a clause for people.
impl fmt::Display for AlarmRaised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "alarm {} is in ALARM since {}",
            self.name,
            clock(self.since)
        )?;
        if !self.confirmed {
            return write!(
                f,
                " by its event; CloudWatch could not be asked about the other alarms"
            );
        }
        match self.others {
            0 => write!(f, ", the only alarm that the workload lists"),
            1 => write!(f, ", and the workload's other alarm is not"),
            others => write!(f, ", and none of the workload's {others} other alarms is"),
        }
    }
}

/// Why a zone is evacuated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "code",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum EvacuateReason {
    /// The counts say so, and its alarm does, and no other zone's and no regional one.
    Impaired {
        /// Its alarm.
        #[serde(flatten)]
        alarm: AlarmRaised,
        /// What the counts say, with the numbers.
        judgement: Judgement,
        /// What the zones that stay lack, where the policy says to act all the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shortage: Option<Shortage>,
    },
    /// Its alarm alone says so, and no other zone's and no regional one does.
    AlarmAlone {
        /// Its alarm.
        #[serde(flatten)]
        alarm: AlarmRaised,
        /// Why nothing else speaks.
        evidence: NoEvidence,
        /// What the zones that stay lack, where the policy says to act all the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shortage: Option<Shortage>,
    },
    /// A person said so.
    Commanded {
        /// In these words.
        reason: String,
        /// What would have made Evac hold without the command.
        despite: Vec<HoldReason>,
    },
    /// It is evacuated, and its alarm has not recovered.
    StillImpaired {
        /// The incident.
        incident: IncidentId,
    },
    /// It is evacuated and its alarm is OK, but nothing proves that it is well: without traffic a
    /// zone's alarm recovers by itself.
    NotProvenWell {
        /// The incident.
        incident: IncidentId,
        /// Why nothing proves it.
        #[serde(flatten)]
        unproven: Unproven,
    },
    /// It is evacuated and proven to be well, and its evacuation is not Evac's to end, or not yet.
    LooksWell {
        /// The incident.
        incident: IncidentId,
        /// What was seen of it.
        proof: Proof,
        /// Why it stays evacuated.
        #[serde(flatten)]
        kept: Kept,
    },
}

impl EvacuateReason {
    fn judgement(&self) -> Option<&Judgement> {
        match self {
            Self::Impaired { judgement, .. }
            | Self::AlarmAlone {
                evidence: NoEvidence::CannotTell(judgement),
                ..
            } => Some(judgement),
            Self::AlarmAlone { .. }
            | Self::Commanded { .. }
            | Self::StillImpaired { .. }
            | Self::NotProvenWell { .. }
            | Self::LooksWell { .. } => None,
        }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Impaired { .. } => "impaired",
            Self::AlarmAlone { .. } => "alarmAlone",
            Self::Commanded { .. } => "commanded",
            Self::StillImpaired { .. } => "stillImpaired",
            Self::NotProvenWell { .. } => "notProvenWell",
            Self::LooksWell { .. } => "looksWell",
        }
    }
}

impl fmt::Display for EvacuateReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Impaired {
                alarm,
                judgement,
                shortage,
            } => {
                write!(f, "{judgement}; {alarm}")?;
                warning(f, shortage.as_ref())
            }
            Self::AlarmAlone {
                alarm,
                evidence,
                shortage,
            } => {
                write!(
                    f,
                    "{alarm} ({evidence}; the policy says to act on the alarm alone)"
                )?;
                warning(f, shortage.as_ref())
            }
            Self::Commanded { reason, despite } => {
                write!(f, "a person commanded it: \"{reason}\"")?;
                for hold in despite {
                    write!(f, "; Evac itself would hold: {hold}")?;
                }
                Ok(())
            }
            Self::NotProvenWell { incident, unproven } => write!(
                f,
                "it is evacuated for {incident}, and nothing proves it well: {unproven}"
            ),
            Self::LooksWell {
                incident,
                proof,
                kept,
            } => write!(
                f,
                "it is evacuated for {incident} and looks well ({proof}); {kept}"
            ),
            Self::StillImpaired { incident } => write!(
                f,
                "it is evacuated for {incident}, and its alarm has not recovered"
            ),
        }
    }
}

fn warning(f: &mut fmt::Formatter<'_>, shortage: Option<&Shortage>) -> fmt::Result {
    match shortage {
        Some(shortage) => write!(f, "; beware: {shortage}"),
        None => Ok(()),
    }
}

/// Why a zone is failed back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "code",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum FailBackReason {
    /// A person said so.
    Commanded {
        /// In these words.
        reason: String,
    },
    /// Its alarm is OK, and nothing of it is left that could be seen to be well: capacity returns on
    /// trial, and traffic if the zone is well then.
    OnTrial {
        /// The incident.
        incident: IncidentId,
    },
    /// Its alarm is OK and the zone was seen to be well, for as long as the policy asks.
    ProvenWell {
        /// The incident.
        incident: IncidentId,
        /// What was seen of it.
        proof: Proof,
    },
    /// Fail-back has begun and is not finished.
    Continues {
        /// The incident.
        incident: IncidentId,
    },
    /// Groups are still pruned, and the shift that they were pruned for has ended.
    PruneOutlivedShift {
        /// The incident.
        incident: IncidentId,
    },
    /// Somebody ended the shift of the lead resource, and others are still shifted.
    LeadEnded {
        /// The incident.
        incident: IncidentId,
    },
}

impl FailBackReason {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Commanded { .. } => "commanded",
            Self::OnTrial { .. } => "onTrial",
            Self::ProvenWell { .. } => "provenWell",
            Self::Continues { .. } => "continues",
            Self::PruneOutlivedShift { .. } => "pruneOutlivedShift",
            Self::LeadEnded { .. } => "leadEnded",
        }
    }
}

impl fmt::Display for FailBackReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commanded { reason } => write!(f, "a person commanded it: \"{reason}\""),
            Self::OnTrial { incident } => write!(
                f,
                "its alarm has been OK for long enough since {incident}; capacity returns on trial, and traffic once the zone was seen to be well with it"
            ),
            Self::ProvenWell { incident, proof } => write!(
                f,
                "its alarm has been OK for long enough since {incident}, and the zone was seen to be well: {proof}"
            ),
            Self::Continues { incident } => {
                write!(f, "the fail-back of {incident} is not finished")
            }
            Self::LeadEnded { incident } => write!(
                f,
                "the shift of the lead resource for {incident} was ended, and the others follow it"
            ),
            Self::PruneOutlivedShift { incident } => write!(
                f,
                "groups are still pruned for {incident}, but its shift has ended and traffic is back"
            ),
        }
    }
}

/// A time of day for people, in UTC; the day stands in the message around it.
pub(crate) fn clock(at: Timestamp) -> impl fmt::Display {
    at.strftime("%H:%M:%S UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_to_fail_back_is_told_with_its_incident_and_goes_by_its_word() {
        let incident: IncidentId = "wildrydes/use1-az1/20261124T092000Z".parse().unwrap();
        let proof = Proof {
            minutes: 15,
            requests: 900,
            bad: 1,
        };
        let reasons = [
            FailBackReason::ProvenWell {
                incident: incident.clone(),
                proof,
            },
            FailBackReason::OnTrial {
                incident: incident.clone(),
            },
            FailBackReason::Continues {
                incident: incident.clone(),
            },
            FailBackReason::PruneOutlivedShift {
                incident: incident.clone(),
            },
            FailBackReason::LeadEnded {
                incident: incident.clone(),
            },
        ];
        for reason in reasons {
            assert!(
                reason.to_string().contains(&incident.to_string()),
                "{reason}"
            );
            let json = serde_json::to_value(&reason).unwrap();
            assert_eq!(json["code"], reason.code());
        }
    }
}
