//! Why nothing is changed.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::capacity::Shortage;
use crate::event::AlarmState;
use crate::failure::Failure;
use crate::incident::IncidentId;
use crate::judge::{Judgement, Outcome};
use crate::observation::NoEvidence;
use crate::shift::ShiftKind;
use crate::verdict::clock;
use crate::zone::ZoneId;

/// Why nothing is changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "code",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum HoldReason {
    /// No zonal alarm is in ALARM: peacetime.
    NoZonalAlarm,
    /// The event tells of another state than ALARM.
    NotInAlarm {
        /// The alarm.
        alarm: String,
        /// Its new state.
        state: AlarmState,
    },
    /// The event told of an alarm that is not in ALARM any more.
    Recovered {
        /// The alarm.
        alarm: String,
        /// Its state now.
        state: AlarmState,
        /// When the event says that it went into ALARM.
        event_at: Timestamp,
    },
    /// The event is old, and the alarm itself cannot be read.
    Stale {
        /// The alarm.
        alarm: String,
        /// When the event says that it went into ALARM.
        event_at: Timestamp,
        /// Seconds since.
        age_seconds: i64,
    },
    /// The alarm does not exist.
    AlarmMissing {
        /// The alarm.
        alarm: String,
    },
    /// The alarm's actions are suppressed.
    Suppressed {
        /// The alarm.
        alarm: String,
        /// By what: `WaitPeriod`, `ExtensionPeriod` or `Alarm`.
        by: String,
    },
    /// A mute rule mutes the alarm.
    Muted {
        /// The alarm.
        alarm: String,
        /// The rule, or until when it mutes, as far as known.
        by: String,
    },
    /// Several zones are in ALARM.
    SeveralZones {
        /// The zones.
        zones: Vec<ZoneId>,
    },
    /// A regional alarm is in ALARM.
    RegionalAlarm {
        /// The alarms.
        alarms: Vec<String>,
    },
    /// Traffic is shifted away from another zone by somebody else.
    OtherZoneShifted {
        /// The resource, in short.
        resource: String,
        /// The other zone.
        zone: String,
        /// By what.
        kind: ShiftKind,
        /// ARC's id of the shift.
        id: Option<String>,
    },
    /// Evac itself has evacuated another zone.
    OtherZoneEvacuated {
        /// That incident.
        incident: IncidentId,
    },
    /// The incident was ended, by a person or by a fail-back, and the alarm has not gone off anew.
    Ended {
        /// The incident.
        incident: IncidentId,
    },
    /// A drill is in force.
    DrillInForce {
        /// The drill.
        incident: IncidentId,
    },
    /// A drill where an evacuation is in force.
    EvacuationInForce {
        /// The evacuation.
        incident: IncidentId,
    },
    /// A command that was given long ago.
    StaleCommand {
        /// Seconds since.
        age_seconds: i64,
    },
    /// Too few zones would be left.
    TooFewZones {
        /// Zones that would be left.
        left: usize,
        /// Zones that must be left.
        min_zones: u8,
    },
    /// The workload's zones are not known, so neither is whether enough would be left.
    ZonesUnknown,
    /// Nothing but the alarm speaks, and the policy says to hold then.
    NoEvidence {
        /// Why there is none.
        evidence: NoEvidence,
    },
    /// The counts say that all is well, or that it is another zone.
    EvidenceContradictsAlarm {
        /// The zone whose alarm is in ALARM.
        zone: ZoneId,
        /// What the counts say.
        judgement: Judgement,
    },
    /// The counts say that a zone is bad, and not that it is impaired: not isolated, not certain, not
    /// lasting, or not broad.
    EvidenceUnproven {
        /// What the counts say.
        judgement: Judgement,
    },
    /// The counts say that several zones are bad to comparable degrees.
    EvidenceSeveralZones {
        /// What the counts say.
        judgement: Judgement,
    },
    /// The counts say that every zone is bad that can be judged.
    EvidenceRegional {
        /// What the counts say.
        judgement: Judgement,
    },
    /// The counts show an impaired zone, and as many of the other zones are silent as are well.
    EvidenceBlind {
        /// What the counts say.
        judgement: Judgement,
    },
    /// The zones that stay cannot be expected to carry the traffic.
    TooLittleCapacity {
        /// What they lack.
        shortage: Shortage,
    },
    /// The alarms cannot be read, and the policy says to hold then.
    AlarmsUnreadable {
        /// What failed.
        failure: Failure,
    },
    /// The shifts in force cannot be read.
    ShiftsUnreadable {
        /// What failed.
        failure: Failure,
    },
    /// The groups cannot be read, and without a shift nothing else tells whether another zone is
    /// pruned.
    GroupsUnreadable {
        /// What failed.
        failure: Failure,
    },
    /// There is no evacuation of Evac's to end.
    NothingToFailBack,
    /// Traffic is shifted away by somebody else, so that is not Evac's to end.
    NotOurs {
        /// The resource, in short.
        resource: String,
        /// The zone.
        zone: String,
        /// By what.
        kind: ShiftKind,
        /// ARC's id of the shift.
        id: Option<String>,
    },
    /// A drill while something is wrong.
    NotWell {
        /// The alarms that are in ALARM.
        alarms: Vec<String>,
    },
}

impl HoldReason {
    /// What the counts say, if the reason rests on them or on want of them.
    pub(crate) fn judgement(&self) -> Option<&Judgement> {
        match self {
            Self::NoEvidence {
                evidence: NoEvidence::CannotTell(judgement),
            }
            | Self::EvidenceContradictsAlarm { judgement, .. }
            | Self::EvidenceUnproven { judgement }
            | Self::EvidenceSeveralZones { judgement }
            | Self::EvidenceRegional { judgement }
            | Self::EvidenceBlind { judgement } => Some(judgement),
            _ => None,
        }
    }

    /// The stable code, as in JSON.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoZonalAlarm => "noZonalAlarm",
            Self::NotInAlarm { .. } => "notInAlarm",
            Self::Recovered { .. } => "recovered",
            Self::Stale { .. } => "stale",
            Self::AlarmMissing { .. } => "alarmMissing",
            Self::Suppressed { .. } => "suppressed",
            Self::Muted { .. } => "muted",
            Self::SeveralZones { .. } => "severalZones",
            Self::RegionalAlarm { .. } => "regionalAlarm",
            Self::OtherZoneShifted { .. } => "otherZoneShifted",
            Self::OtherZoneEvacuated { .. } => "otherZoneEvacuated",
            Self::Ended { .. } => "ended",
            Self::DrillInForce { .. } => "drillInForce",
            Self::EvacuationInForce { .. } => "evacuationInForce",
            Self::StaleCommand { .. } => "staleCommand",
            Self::TooFewZones { .. } => "tooFewZones",
            Self::ZonesUnknown => "zonesUnknown",
            Self::NoEvidence { .. } => "noEvidence",
            Self::EvidenceContradictsAlarm { .. } => "evidenceContradictsAlarm",
            Self::EvidenceUnproven { .. } => "evidenceUnproven",
            Self::EvidenceSeveralZones { .. } => "evidenceSeveralZones",
            Self::EvidenceRegional { .. } => "evidenceRegional",
            Self::EvidenceBlind { .. } => "evidenceBlind",
            Self::TooLittleCapacity { .. } => "tooLittleCapacity",
            Self::AlarmsUnreadable { .. } => "alarmsUnreadable",
            Self::ShiftsUnreadable { .. } => "shiftsUnreadable",
            Self::GroupsUnreadable { .. } => "groupsUnreadable",
            Self::NothingToFailBack => "nothingToFailBack",
            Self::NotOurs { .. } => "notOurs",
            Self::NotWell { .. } => "notWell",
        }
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoZonalAlarm => write!(f, "no zone's alarm is in ALARM"),
            Self::NotInAlarm { alarm, state } => {
                write!(f, "alarm {alarm} went to {state}, not to ALARM")
            }
            Self::Recovered {
                alarm,
                state,
                event_at,
            } => {
                write!(
                    f,
                    "alarm {alarm} went into ALARM at {} and is {state} now",
                    clock(*event_at)
                )
            }
            Self::Stale {
                alarm,
                event_at,
                age_seconds,
            } => write!(
                f,
                "the event of alarm {alarm} from {} is {age_seconds} s old, and CloudWatch could not be asked about the alarm's state now",
                clock(*event_at)
            ),
            Self::AlarmMissing { alarm } => {
                write!(
                    f,
                    "alarm {alarm} does not exist; correct workload.alarms, or create it"
                )
            }
            Self::Suppressed { alarm, by } => {
                write!(f, "the actions of alarm {alarm} are suppressed ({by})")
            }
            Self::Muted { alarm, by } => write!(f, "alarm {alarm} is muted ({by})"),
            Self::SeveralZones { zones } => {
                let zones: Vec<&str> = zones.iter().map(ZoneId::as_str).collect();
                write!(
                    f,
                    "{} zones are in ALARM at once ({}), so leaving one would not help",
                    zones.len(),
                    zones.join(", ")
                )
            }
            Self::RegionalAlarm { alarms } => {
                write!(
                    f,
                    "the Region is the cause, not one zone: regional alarm {} is in ALARM",
                    alarms.join(", ")
                )
            }
            Self::OtherZoneShifted {
                resource,
                zone,
                kind,
                id,
            } => {
                write!(f, "{resource} is shifted away from {zone} by a {kind}")?;
                if let Some(id) = id {
                    write!(f, " ({id})")?;
                }
                write!(f, "; a shift of ours would send traffic back into {zone}")
            }
            Self::OtherZoneEvacuated { incident } => {
                write!(
                    f,
                    "{} is evacuated already ({incident}), and two zones are never evacuated at once",
                    incident.zone()
                )
            }
            Self::Ended { incident } => write!(
                f,
                "{incident} was ended, by fail-back or by a person, and the alarm has not gone off anew"
            ),
            Self::DrillInForce { incident } => {
                write!(
                    f,
                    "a drill is in force ({incident}); end it with the command fail-back"
                )
            }
            Self::EvacuationInForce { incident } => {
                write!(f, "no drill while an evacuation is in force ({incident})")
            }
            Self::StaleCommand { age_seconds } => {
                write!(
                    f,
                    "the command was given {age_seconds} s ago; give it again if it still holds"
                )
            }
            Self::TooFewZones { left, min_zones } => {
                write!(
                    f,
                    "{left} {} would be left, and policy.minZones wants {min_zones}",
                    if *left == 1 { "zone" } else { "zones" }
                )
            }
            Self::ZonesUnknown => write!(f, "how many zones would be left is not known"),
            Self::NoEvidence { evidence } => write!(
                f,
                "only the alarm speaks ({evidence}); set policy.withoutEvidence to act to trust the alarm alone"
            ),
            Self::EvidenceContradictsAlarm { zone, judgement } => write!(
                f,
                "its alarm is in ALARM, and the evidence does not show it: {}",
                match &judgement.outcome {
                    Outcome::Impaired(other) =>
                        format!("{other} is the bad one, {}", judgement.numbers(other)),
                    _ => judgement.numbers(zone),
                }
            ),
            Self::EvidenceUnproven { judgement }
            | Self::EvidenceSeveralZones { judgement }
            | Self::EvidenceRegional { judgement }
            | Self::EvidenceBlind { judgement } => write!(f, "by the evidence, {judgement}"),
            Self::TooLittleCapacity { shortage } => write!(
                f,
                "{shortage}; set policy.withoutCapacity to act to evacuate all the same"
            ),
            Self::AlarmsUnreadable { failure } => {
                write!(f, "the alarms cannot be read: {}", failure.message)
            }
            Self::ShiftsUnreadable { failure } => {
                write!(f, "the shifts in force cannot be read: {}", failure.message)
            }
            Self::GroupsUnreadable { failure } => {
                write!(f, "the groups cannot be read: {}", failure.message)
            }
            Self::NothingToFailBack => write!(f, "there is no evacuation of Evac's to end"),
            Self::NotOurs {
                resource,
                zone,
                kind,
                id,
            } => {
                write!(
                    f,
                    "{resource} is shifted away from {zone} by a {kind} that is not Evac's to end"
                )?;
                match id {
                    Some(id) => write!(
                        f,
                        "; whoever started it ends it: aws arc-zonal-shift cancel-zonal-shift --zonal-shift-id {id}"
                    ),
                    None => Ok(()),
                }
            }
            Self::NotWell { alarms } => write!(
                f,
                "no drill while something is wrong: {} is in ALARM",
                alarms.join(", ")
            ),
        }
    }
}
