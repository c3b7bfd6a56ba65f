//! What would fail in an incident, looked for in peacetime.
//!
//! Each finding is something that a person can mend today and would curse in an incident: a resource
//! that cannot be shifted, a group that cannot be pruned, an alarm that cannot go off, a shift that
//! somebody forgot and that keeps Evac from leaving any other zone. What passes by itself, such as an
//! instance refresh, is no finding, and neither is what only the moment shows, such as capacity.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::AlarmState;
use crate::observation::Observation;
use crate::policy::Mode;
use crate::prune::Refusal;
use crate::shift::{Outcome, ShiftKind};
use crate::verdict::clock;
use crate::workload::Workload;
use crate::zone::ZoneId;

/// Something that would fail in an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "code",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Unready {
    /// ARC does not manage a resource, so its traffic cannot be moved.
    NotManaged {
        /// Its ARN.
        resource: String,
    },
    /// The lead resource has no part in a zone, so the zone cannot be evacuated.
    LeadNotInZone {
        /// Its ARN.
        resource: String,
        /// The zone.
        zone: ZoneId,
    },
    /// Somebody's shift is still in force although nothing is wrong: no other zone can be evacuated.
    ShiftLeftOver {
        /// The resource, in short.
        resource: String,
        /// The zone.
        zone: String,
        /// By what.
        kind: ShiftKind,
        /// ARC's id of the shift.
        id: Option<String>,
    },
    /// A group could not be pruned.
    GroupRefused {
        /// The group.
        group: String,
        /// Why.
        refusal: Refusal,
    },
    /// The workload's groups cannot be found.
    GroupMissing {
        /// What is missing, and what to do.
        problem: String,
    },
    /// An alarm does not exist.
    AlarmMissing {
        /// The alarm.
        alarm: String,
    },
    /// An alarm has no data, so it cannot go off.
    AlarmWithoutData {
        /// The alarm.
        alarm: String,
        /// Since when, where CloudWatch tells.
        since: Option<Timestamp>,
    },
}

/// So long an alarm may be without data: a new one always begins so, and metrics come late.
const UNTIL_DATA: SignedDuration = SignedDuration::from_mins(15);

/// What would fail in an incident; `None` where something could not be read.
#[must_use]
pub fn findings(
    workload: &Workload,
    observation: &Observation,
    now: Timestamp,
) -> Option<Vec<Unready>> {
    let unread = [
        observation.alarms.failure(),
        observation.shifts.failure(),
        observation.groups.failure(),
    ];
    let groups_cut_off = observation
        .groups
        .taken()
        .is_some_and(|answer| !answer.not_reached.is_nothing());
    if groups_cut_off || unread.iter().any(Option::is_some) {
        return None;
    }
    let mut findings = Vec::new();
    findings.extend(shifts(workload, observation));
    findings.extend(groups(workload, observation));
    findings.extend(alarms(workload, observation, now));
    Some(findings)
}

fn shifts(workload: &Workload, observation: &Observation) -> Vec<Unready> {
    let reports = observation
        .shifts
        .taken()
        .map_or(&[][..], |answer| answer.resources.as_slice());
    let mut findings: Vec<Unready> = reports
        .iter()
        .filter(|report| report.outcome == Outcome::NotManaged)
        .map(|report| Unready::NotManaged {
            resource: report.resource.to_string(),
        })
        .collect();
    if let Some(lead) = reports.first()
        && !lead.weights.is_empty()
    {
        let zones = workload.zones.ids().into_iter();
        let outside = zones.filter(|zone| !lead.weights.contains_key(zone.as_str()));
        findings.extend(outside.map(|zone| Unready::LeadNotInZone {
            resource: lead.resource.to_string(),
            zone: zone.clone(),
        }));
    }
    let left = observation
        .active_shifts()
        .filter(|(_, shift)| shift.kind == ShiftKind::Customer);
    findings.extend(left.map(|(resource, shift)| Unready::ShiftLeftOver {
        resource: resource.to_owned(),
        zone: shift.zone.clone(),
        kind: shift.kind.clone(),
        id: shift.id.clone(),
    }));
    findings
}

fn groups(workload: &Workload, observation: &Observation) -> Vec<Unready> {
    if workload.policy.mode == Mode::Shift {
        return Vec::new();
    }
    let Some(answer) = observation.groups.taken() else {
        return Vec::new();
    };
    let missing = answer
        .missing()
        .map(|problem| Unready::GroupMissing { problem });
    let refused = answer.groups.iter().flat_map(|report| {
        report
            .obstacles
            .iter()
            .map(|refusal| Unready::GroupRefused {
                group: report.group.clone(),
                refusal: refusal.clone(),
            })
    });
    missing.chain(refused).collect()
}

fn alarms(workload: &Workload, observation: &Observation, now: Timestamp) -> Vec<Unready> {
    let names = workload.alarm_names();
    let missing = observation.missing(&names).into_iter();
    let mut findings: Vec<Unready> = missing
        .map(|alarm| Unready::AlarmMissing { alarm })
        .collect();
    for alarm in names {
        let Some(reading) = observation.alarm(&alarm) else {
            continue;
        };
        let since = reading.transitioned_at;
        let is_old = since.is_none_or(|since| now.duration_since(since) >= UNTIL_DATA);
        if reading.state == AlarmState::InsufficientData && is_old {
            findings.push(Unready::AlarmWithoutData { alarm, since });
        }
    }
    findings
}

/// As a sentence for people: what is wrong, and what to do.
impl fmt::Display for Unready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotManaged { resource } => write!(
                f,
                "ARC does not manage {resource}, so its traffic cannot be moved; enable zonal shift on it, or correct its ARN"
            ),
            Self::LeadNotInZone { resource, zone } => write!(
                f,
                "the first resource, {resource}, has no part in {zone}, so {zone} cannot be evacuated; put a resource first that spans every zone"
            ),
            Self::ShiftLeftOver {
                resource,
                zone,
                kind,
                id,
            } => {
                write!(
                    f,
                    "{resource} is shifted away from {zone} by a {kind} although no alarm says why, and Evac leaves no other zone meanwhile"
                )?;
                match id {
                    Some(id) => write!(
                        f,
                        "; end it if nobody needs it: aws arc-zonal-shift cancel-zonal-shift --zonal-shift-id {id}"
                    ),
                    None => Ok(()),
                }
            }
            Self::GroupRefused { group, refusal } => {
                write!(f, "group {group} could not be pruned: {refusal}")
            }
            Self::GroupMissing { problem } => f.write_str(problem),
            Self::AlarmMissing { alarm } => write!(
                f,
                "alarm {alarm} does not exist; correct workload.alarms, or create it"
            ),
            Self::AlarmWithoutData { alarm, since } => {
                write!(f, "alarm {alarm} has no data")?;
                if let Some(since) = since {
                    write!(f, " since {}", clock(*since))?;
                }
                write!(f, ", so it cannot go off; look at its metrics")
            }
        }
    }
}
