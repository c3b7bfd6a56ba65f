//! The gates between the steps of a plan: each step's answer decides whether the next may be taken.

use crate::failure::{Class, Failure};
use crate::hold::HoldReason;
use crate::prune::{PruneAnswer, Refusal};
use crate::shift::{Outcome, ShiftAnswer, ShiftKind};
use crate::workload::Workload;

/// What follows a shift.
#[derive(Clone, Debug, PartialEq)]
pub enum AfterShift {
    /// Traffic is away: groups may be pruned.
    InEffect,
    /// Somebody else's shift, or an end that was put to the incident, stands in the way.
    Held(HoldReason),
    /// It did not work, and nothing may be pruned.
    Failed(Failure),
}

/// The gate between shift and prune: no prune while traffic is not shifted away.
#[must_use]
pub fn after_shift(workload: &Workload, answer: &ShiftAnswer) -> AfterShift {
    if let Some(lead) = answer.resources.first()
        && lead.outcome == Outcome::NotInZone
    {
        return AfterShift::Failed(Failure::new(
            Class::Rejected,
            format!(
                "{} is the lead and has no part in the zone; put a resource first that spans every zone",
                lead.resource.short()
            ),
        ));
    }
    if let Some((resource, failure)) = answer.failures().next() {
        return AfterShift::Failed(failure.of(resource.short()));
    }
    match obstacle(workload, answer) {
        // The lead was ours, and another resource was taken meanwhile: half of the workload is away.
        Some(reason) if answer.changed() => AfterShift::Failed(Failure::new(
            Class::Conflict,
            format!("only partly shifted: {reason}"),
        )),
        Some(reason) => AfterShift::Held(reason),
        None if answer.in_effect || answer.dry_run => AfterShift::InEffect,
        None => AfterShift::Failed(Failure::new(
            Class::NotApplied,
            "ARC does not show the shift in effect on every resource",
        )),
    }
}

/// Who or what stands in the way of a shift.
fn obstacle(workload: &Workload, answer: &ShiftAnswer) -> Option<HoldReason> {
    let (report, zone, kind, id) = answer.obstacle()?;
    if *kind == ShiftKind::Ended {
        let incident = answer.incident.clone()?;
        return Some(HoldReason::Ended { incident });
    }
    let ours = report
        .shifts
        .iter()
        .filter(|shift| shift.zone == zone)
        .find_map(|shift| shift.ours(&workload.name));
    Some(match ours {
        Some(marker) => HoldReason::OtherZoneEvacuated {
            incident: marker.incident,
        },
        None => HoldReason::OtherZoneShifted {
            resource: report.resource.short().to_owned(),
            zone: zone.to_owned(),
            kind: kind.clone(),
            id: id.map(str::to_owned),
        },
    })
}

/// What follows a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterRestore {
    /// Capacity is back: traffic may return.
    Ready,
    /// Instances are still starting, or groups were not reached: the tick goes on.
    Waiting,
    /// It did not work, and traffic stays away.
    Failed(Failure),
}

/// The gate between restore and the end of the shift: no traffic before there is capacity for it.
/// A group that could not be restored keeps traffic away, unless it is being deleted, or pruned for
/// another incident: then it lacks nothing in this zone, and has to wait for the end of this one.
#[must_use]
pub fn after_restore(answer: &PruneAnswer) -> AfterRestore {
    if let Some((group, failure)) = answer.failures().next() {
        return AfterRestore::Failed(failure.of(group));
    }
    let refused = answer.refusals().find(|(_, refusal)| {
        !matches!(
            refusal,
            Refusal::BeingDeleted | Refusal::PrunedForAnotherIncident { .. }
        )
    });
    if let Some((group, refusal)) = refused {
        return AfterRestore::Failed(Failure::new(
            Class::Rejected,
            format!("{group} was not restored: {refusal}"),
        ));
    }
    if answer.capacity_ready() || answer.dry_run {
        AfterRestore::Ready
    } else {
        AfterRestore::Waiting
    }
}
