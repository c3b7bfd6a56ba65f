//! What the classifier saw when it looked.
//!
//! Everything that was asked for is here, with its failure where the asking failed: not to know is
//! a state of its own, never an empty list. On the fast path from an alarm's event the shifts and
//! the groups are not asked for: zonal-shift reads the shifts anyway, and refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::AlarmState;
use crate::failure::Failure;
use crate::incident::{IncidentId, Marker};
use crate::judge::{Counts, Judgement};
use crate::name::WorkloadName;
use crate::prune::PruneAnswer;
use crate::shift::{ActiveShift, ShiftAnswer};
use crate::zone::ZoneId;

/// The answer to one question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Reading<T> {
    /// It was not asked.
    #[default]
    NotTaken,
    /// It was answered.
    Taken(T),
    /// It was asked, and not answered.
    Failed(Failure),
}

impl<T> Reading<T> {
    /// The answer, if there is one.
    pub fn taken(&self) -> Option<&T> {
        match self {
            Self::Taken(value) => Some(value),
            Self::NotTaken | Self::Failed(_) => None,
        }
    }

    /// Why there is no answer, if it was asked.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::NotTaken | Self::Taken(_) => None,
        }
    }
}

/// An alarm as CloudWatch describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlarmReading {
    /// Its state.
    pub state: AlarmState,
    /// When its state changed last: CloudWatch's `StateTransitionedTimestamp`. The time of a mere
    /// update is another field, and moves without a change.
    pub transitioned_at: Option<Timestamp>,
    /// What suppresses its actions.
    pub suppressed_by: Option<String>,
    /// The mute rule that mutes it, where mute rules were asked for.
    pub muted_by: Option<String>,
}

/// Counts of requests and faults per zone, or why there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Evidence {
    /// The workload names no source of evidence.
    #[default]
    NotConfigured,
    /// There is a source, and it gave nothing in time.
    Unavailable(Failure),
    /// What the source counted.
    Counted {
        /// The end of the newest minute.
        until: Timestamp,
        /// The minutes of each zone of the workload.
        counts: Counts,
    },
}

/// Why nothing but an alarm speaks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NoEvidence {
    /// The workload names no source of evidence.
    NotConfigured,
    /// There is a source, and it gave nothing in time.
    Unavailable(Failure),
    /// There are counts, and too few requests or too many gaps to tell.
    CannotTell(Judgement),
}

/// As a clause for people.
impl fmt::Display for NoEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfigured => write!(f, "no evidence is configured"),
            Self::Unavailable(failure) => write!(f, "no evidence: {}", failure.message),
            Self::CannotTell(judgement) => write!(f, "evidence: {judgement}"),
        }
    }
}

/// What the classifier saw.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Observation {
    /// The alarms of the workload, by name. An alarm that does not exist is missing.
    pub alarms: Reading<BTreeMap<String, AlarmReading>>,
    /// Evidence per zone.
    pub evidence: Evidence,
    /// What was seen of the zones while they had no customers, where fail-back waits for it.
    #[serde(default)]
    pub health: Evidence,
    /// The shifts in force, as zonal-shift's `status` tells them.
    pub shifts: Reading<ShiftAnswer>,
    /// The groups, as asg-pruning's `status` tells them.
    pub groups: Reading<PruneAnswer>,
}

impl Observation {
    /// An alarm's reading, if the alarms were read and it exists.
    #[must_use]
    pub fn alarm(&self, name: &str) -> Option<&AlarmReading> {
        self.alarms.taken()?.get(name)
    }

    /// Those of these alarms that CloudWatch does not have, if the alarms were read.
    #[must_use]
    pub fn missing(&self, names: &[String]) -> Vec<String> {
        let Some(readings) = self.alarms.taken() else {
            return Vec::new();
        };
        let missing = names.iter().filter(|name| !readings.contains_key(*name));
        missing.cloned().collect()
    }

    /// Whether an alarm is known to be in ALARM.
    #[must_use]
    pub fn in_alarm(&self, name: &str) -> bool {
        self.alarm(name)
            .is_some_and(|alarm| alarm.state == AlarmState::Alarm)
    }

    /// Every shift in force on any resource, with the resource's name for people.
    pub fn active_shifts(&self) -> impl Iterator<Item = (&str, &ActiveShift)> {
        self.shifts
            .taken()
            .into_iter()
            .flat_map(|answer| &answer.resources)
            .flat_map(|report| {
                report
                    .shifts
                    .iter()
                    .map(|shift| (report.resource.short(), shift))
            })
    }

    /// This workload's own shift on its lead resource, with its mark.
    #[must_use]
    pub fn lead_shift(&self, workload: &WorkloadName) -> Option<(&ActiveShift, Marker)> {
        let lead = self.shifts.taken()?.resources.first()?;
        own(&lead.shifts, workload)
    }

    /// The mark of this workload's own shift on any other resource.
    #[must_use]
    pub fn other_shift(&self, workload: &WorkloadName) -> Option<Marker> {
        let others = self.shifts.taken()?.resources.iter().skip(1);
        others
            .filter_map(|report| own(&report.shifts, workload))
            .map(|(_, marker)| marker)
            .next()
    }

    /// The marks of this workload's own shifts, one for each shift, the lead's first.
    pub fn marks(&self, workload: &WorkloadName) -> impl Iterator<Item = Marker> {
        self.active_shifts()
            .filter_map(|(_, shift)| shift.ours(workload))
    }

    /// The incidents of what looks like evacuations whose shift on the lead has ended: another resource
    /// is shifted or a group is pruned, and the lead is not, or not away from that zone. One may also
    /// have begun between one reading and another, as not everything is read at one moment. The lead is
    /// shifted first and released last, so a later look at the shifts shows that; what it cannot show is
    /// an incident that is new in it, which is as doubtful as the first one was.
    #[must_use]
    pub fn seem_to_have_lost_their_lead(&self, workload: &WorkloadName) -> BTreeSet<IncidentId> {
        if self.shifts.taken().is_none() {
            return BTreeSet::new();
        }
        let lead = self.lead_shift(workload).map(|(_, marker)| marker.incident);
        let lead = lead.as_ref().map(IncidentId::zone);
        let shifted = self.marks(workload).map(|marker| marker.incident);
        let pruned = self.pruned_for().into_iter().map(|(incident, _)| incident);
        let pruned = pruned.filter(|incident| incident.workload() == workload);
        shifted
            .chain(pruned.cloned())
            .filter(|incident| Some(incident.zone()) != lead)
            .collect()
    }

    /// Incidents that were ended on any resource.
    pub fn ended(&self) -> impl Iterator<Item = &IncidentId> {
        self.shifts
            .taken()
            .into_iter()
            .flat_map(|answer| &answer.resources)
            .flat_map(|report| &report.ended)
    }

    /// The incidents that groups are pruned for, each with whether that is a rehearsal.
    #[must_use]
    pub fn pruned_for(&self) -> BTreeSet<(&IncidentId, bool)> {
        let groups = self
            .groups
            .taken()
            .into_iter()
            .flat_map(|answer| &answer.groups);
        groups
            .filter_map(|report| report.pruned_for.as_ref())
            .map(|pruned| (&pruned.incident, pruned.drill))
            .collect()
    }

    /// The zones that ARC knows of the lead resource, where the shifts were read.
    #[must_use]
    pub fn zones_of_lead(&self) -> Option<BTreeSet<ZoneId>> {
        let lead = self.shifts.taken()?.resources.first()?;
        let zones: BTreeSet<ZoneId> = lead
            .weights
            .keys()
            .filter_map(|zone| zone.parse().ok())
            .collect();
        (!zones.is_empty()).then_some(zones)
    }
}

fn own<'a>(
    shifts: &'a [ActiveShift],
    workload: &WorkloadName,
) -> Option<(&'a ActiveShift, Marker)> {
    shifts
        .iter()
        .find_map(|shift| Some((shift, shift.ours(workload)?)))
}
