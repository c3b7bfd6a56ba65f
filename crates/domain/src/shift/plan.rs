//! What to do about each resource, decided from what was read of all of them.
//!
//! Nothing is started until every resource has been read. ARC applies one shift to a resource, and
//! a customer's shift takes precedence over AWS's own: starting one away from zone A while an
//! autoshift keeps traffic away from zone B would send traffic back into B. So one resource that is
//! held for another zone, or that could not be read, stops the start for all of them.
//!
//! The lead resource is the lock. ARC refuses a second customer shift on a resource, so of two
//! invocations that want two zones, one wins the lead and the other learns of it. Therefore the
//! lead is started first and alone, it is released last, and a workload whose lead ARC does not
//! manage is not shifted at all: without the lock, nothing would keep two zones from being
//! evacuated.
//!
//! What was ended stays ended. A shift of ours that was cancelled, by a person or by a fail-back,
//! settles the alarm transition that it was for: the zone is not shifted again until the alarm has
//! gone off anew. (A shift that expired settles nothing.) When it does go off anew, a shift that is
//! still there serves the new incident: its comment and its expiry are renewed.

use std::collections::BTreeMap;

use super::protocol::{ActiveShift, Outcome, ShiftAction, ShiftKind, ShiftRequest};
use crate::arn::ResourceArn;
use crate::failure::{Class, Failure};
use crate::incident::{IncidentId, Marker, Phase};
use crate::name::WorkloadName;

/// What was read of one resource.
#[derive(Clone, Debug, PartialEq)]
pub enum ResourceReading {
    /// ARC manages it.
    Managed(ResourceState),
    /// ARC does not know it.
    NotManaged,
    /// It could not be read.
    Failed(Failure),
}

/// The state of a managed resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceState {
    /// The applied weight of each zone.
    pub weights: BTreeMap<String, f64>,
    /// What is in force: customers' shifts, practice runs and autoshifts.
    pub shifts: Vec<ActiveShift>,
    /// The marks of Evac's shifts on the resource that were cancelled.
    pub cancelled: Vec<Marker>,
}

impl ResourceState {
    /// Incidents of a workload that were ended on the resource. That a rehearsal was ended says
    /// nothing about a real incident.
    #[must_use]
    pub fn ended(&self, workload: &WorkloadName) -> Vec<IncidentId> {
        self.cancelled
            .iter()
            .filter(|marker| !marker.drill && marker.incident.workload() == workload)
            .map(|marker| marker.incident.clone())
            .collect()
    }
}

/// What to do about one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Start a shift.
    Start,
    /// Update this shift.
    Update {
        /// ARC's id of the shift.
        id: String,
    },
    /// Cancel this shift.
    Cancel {
        /// ARC's id of the shift.
        id: String,
    },
    /// Do nothing; this is the outcome.
    Leave(Outcome),
}

/// The steps of a request: one for each resource, in their order.
#[must_use]
pub fn plan(request: &ShiftRequest, readings: &[(ResourceArn, ResourceReading)]) -> Vec<Step> {
    let steps = match &request.action {
        ShiftAction::Shift { incident, .. } => plan_shift(request, incident, readings),
        ShiftAction::Extend { incident, .. } => plan_extend(request, incident, readings),
        ShiftAction::Cancel { incident } => plan_cancel(request, incident, readings),
        ShiftAction::Status => report_status(readings),
    };
    if request.dry_run {
        steps.into_iter().map(Step::rehearsed).collect()
    } else {
        steps
    }
}

/// Plans a `shift`: one step for each resource, in their order.
fn plan_shift(
    request: &ShiftRequest,
    incident: &IncidentId,
    readings: &[(ResourceArn, ResourceReading)],
) -> Vec<Step> {
    let steps: Vec<Step> = readings
        .iter()
        .map(|(_, reading)| shift_step(request, incident, reading))
        .collect();
    let no_lock = match steps.first() {
        Some(Step::Leave(Outcome::NotManaged)) => Some("is not managed by ARC"),
        Some(Step::Leave(Outcome::NotInZone)) => Some("has no part in the zone"),
        _ => None,
    };
    let obstacle = readings
        .iter()
        .zip(&steps)
        .find_map(|((resource, _), step)| match step {
            Step::Leave(Outcome::HeldByOther { kind, .. }) if *kind == ShiftKind::Ended => {
                Some(format!("this incident was ended on {}", resource.short()))
            }
            Step::Leave(Outcome::HeldByOther { zone, kind, .. }) => Some(format!(
                "{} is held by a {kind} away from {zone}",
                resource.short()
            )),
            Step::Leave(Outcome::Failed { .. }) => {
                Some(format!("{} could not be read", resource.short()))
            }
            _ => None,
        });
    let obstacle = match obstacle {
        None => no_lock.map(|what| {
            format!("the lead resource {what}, and without its lock two zones could be evacuated")
        }),
        obstacle => obstacle,
    };
    let Some(because) = obstacle else {
        return steps;
    };
    steps
        .into_iter()
        .map(|step| match step {
            Step::Start | Step::Update { .. } => Step::Leave(Outcome::NotStarted {
                because: because.clone(),
            }),
            step => step,
        })
        .collect()
}

fn shift_step(request: &ShiftRequest, incident: &IncidentId, reading: &ResourceReading) -> Step {
    let state = match reading {
        ResourceReading::Managed(state) => state,
        ResourceReading::NotManaged => return Step::Leave(Outcome::NotManaged),
        ResourceReading::Failed(failure) => return Step::Leave(failed(failure)),
    };
    // Even a shift that is not applied counts: when the one above it ends, it takes effect.
    if let Some(other) = state
        .shifts
        .iter()
        .find(|shift| !shift.is_away_from(incident.zone()))
    {
        return Step::Leave(Outcome::HeldByOther {
            zone: other.zone.clone(),
            kind: other.kind.clone(),
            id: other.id.clone(),
        });
    }
    let ours = state
        .shifts
        .iter()
        .find_map(|shift| Some((shift.ours(&request.workload)?, shift.id.clone())));
    if let Some((marker, id)) = ours {
        let rehearsal = marker.drill && !request.drill;
        let settled = incident.is_settled_by(&marker.incident) && !rehearsal;
        match (settled, marker.phase, id) {
            (true, Phase::FailBack, _) => return Step::Leave(ended(incident)),
            // The alarm has gone off anew, or a person commands it again, or what was rehearsed is
            // meant now: the shift serves this incident from now on.
            (false, _, Some(id)) => return Step::Update { id },
            (true, _, _) | (false, _, None) => {}
        }
    }
    // A practice run ends after half an hour and an experiment when it likes, so neither is the
    // protection that an impaired zone needs; a customer's shift replaces both.
    let holding =
        |shift: &&ActiveShift| matches!(shift.kind, ShiftKind::Customer | ShiftKind::Autoshift);
    if let Some(same) = state.shifts.iter().find(holding) {
        return Step::Leave(Outcome::AlreadyShifted {
            kind: same.kind.clone(),
            zonal_shift_id: same.id.clone(),
            ours: same.ours(&request.workload).is_some(),
        });
    }
    if !state.weights.contains_key(incident.zone().as_str()) {
        return Step::Leave(Outcome::NotInZone);
    }
    if state
        .ended(&request.workload)
        .iter()
        .any(|ended| incident.is_settled_by(ended))
    {
        return Step::Leave(ended(incident));
    }
    Step::Start
}

fn ended(incident: &IncidentId) -> Outcome {
    Outcome::HeldByOther {
        zone: incident.zone().to_string(),
        kind: ShiftKind::Ended,
        id: None,
    }
}

/// Whether a shift of ours is one that this action is about. Between the decision and the action a
/// person may have begun fail-back, which a renewal must not take back; and the alarm may have gone off
/// anew, and its incident have taken the shift over, which is none of an older incident's business.
fn concerns(action: &ShiftAction, incident: &IncidentId, marker: &Marker) -> bool {
    let renews = matches!(
        action,
        ShiftAction::Extend { phase, .. } if *phase != Phase::FailBack
    );
    let takes_back =
        renews && marker.phase == Phase::FailBack && incident.is_settled_by(&marker.incident);
    let is_younger = !marker.incident.is_settled_by(incident);
    !takes_back && !is_younger
}

/// Plans an `extend`: our shifts away from the incident's zone are updated, everything else is left.
fn plan_extend(
    request: &ShiftRequest,
    incident: &IncidentId,
    readings: &[(ResourceArn, ResourceReading)],
) -> Vec<Step> {
    own_steps(request, incident, readings, |id| Step::Update { id })
}

/// Plans a `cancel`: our shifts away from the incident's zone are cancelled, everything else is
/// left.
fn plan_cancel(
    request: &ShiftRequest,
    incident: &IncidentId,
    readings: &[(ResourceArn, ResourceReading)],
) -> Vec<Step> {
    own_steps(request, incident, readings, |id| Step::Cancel { id })
}

fn own_steps(
    request: &ShiftRequest,
    incident: &IncidentId,
    readings: &[(ResourceArn, ResourceReading)],
    act: impl Fn(String) -> Step,
) -> Vec<Step> {
    let step = |reading: &ResourceReading| {
        let state = match reading {
            ResourceReading::Managed(state) => state,
            ResourceReading::NotManaged => return Step::Leave(Outcome::NotManaged),
            ResourceReading::Failed(failure) => return Step::Leave(failed(failure)),
        };
        let ours = state
            .shifts
            .iter()
            .filter(|shift| shift.is_away_from(incident.zone()))
            .find(|shift| {
                shift
                    .ours(&request.workload)
                    .is_some_and(|marker| concerns(&request.action, incident, &marker))
            });
        match ours.map(|shift| shift.id.clone()) {
            Some(Some(id)) => act(id),
            Some(None) => Step::Leave(failed(&Failure::new(
                Class::BadAnswer,
                "ARC lists our shift without an id",
            ))),
            None => match state.shifts.first() {
                Some(other) => Step::Leave(Outcome::HeldByOther {
                    zone: other.zone.clone(),
                    kind: other.kind.clone(),
                    id: other.id.clone(),
                }),
                None => Step::Leave(Outcome::NotShifted),
            },
        }
    };
    readings.iter().map(|(_, reading)| step(reading)).collect()
}

/// The steps of a `status`: none does anything.
fn report_status(readings: &[(ResourceArn, ResourceReading)]) -> Vec<Step> {
    readings
        .iter()
        .map(|(_, reading)| {
            Step::Leave(match reading {
                ResourceReading::Managed(_) => Outcome::Read,
                ResourceReading::NotManaged => Outcome::NotManaged,
                ResourceReading::Failed(failure) => failed(failure),
            })
        })
        .collect()
}

fn failed(failure: &Failure) -> Outcome {
    Outcome::Failed {
        class: failure.class,
        message: failure.message.clone(),
    }
}

impl Step {
    /// What a dry run answers instead of performing the step.
    #[must_use]
    pub fn rehearsed(self) -> Self {
        let would = |step: &str| {
            Self::Leave(Outcome::Would {
                step: step.to_owned(),
            })
        };
        match self {
            Self::Start => would("start"),
            Self::Update { .. } => would("extend"),
            Self::Cancel { .. } => would("cancel"),
            Self::Leave(outcome) => Self::Leave(outcome),
        }
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
