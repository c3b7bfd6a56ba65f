//! The gates between the steps of a plan: each step's answer decides whether the next may be taken.

use crate::failure::{Class, Failure};
use crate::hold::HoldReason;
use crate::prune::PruneAnswer;
use crate::shift::{ShiftAnswer, ShiftKind};
use crate::workload::Workload;

/// What follows a shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterShift {
    /// Traffic is away: groups may be pruned.
    InEffect,
    /// Somebody else, or a person's decision, stands in the way.
    Held(HoldReason),
    /// It did not work, and nothing may be pruned.
    Failed(Failure),
}

/// The gate between shift and prune: no prune while traffic is not shifted away.
#[must_use]
pub fn after_shift(workload: &Workload, answer: &ShiftAnswer) -> AfterShift {
    if let Some((resource, zone, kind, id)) = answer.obstacle() {
        let ended = (*kind == ShiftKind::CancelledByPerson)
            .then_some(answer.incident.as_ref())
            .flatten();
        if let Some(incident) = ended {
            return AfterShift::Held(HoldReason::EndedByPerson {
                incident: incident.clone(),
            });
        }
        let shifts = answer.resources.iter().flat_map(|report| &report.shifts);
        let ours = shifts
            .filter(|shift| shift.zone == zone)
            .find_map(|shift| shift.ours(&workload.name));
        return AfterShift::Held(match ours {
            Some(marker) => HoldReason::OtherZoneEvacuated {
                incident: marker.incident,
            },
            None => HoldReason::OtherZoneShifted {
                resource: resource.short().to_owned(),
                zone: zone.to_owned(),
                kind: kind.clone(),
                id: id.map(str::to_owned),
            },
        });
    }
    if let Some((resource, failure)) = answer.failures().next() {
        return AfterShift::Failed(Failure::new(
            failure.class,
            format!("{}: {}", resource.short(), failure.message),
        ));
    }
    if answer.in_effect || answer.dry_run {
        AfterShift::InEffect
    } else {
        AfterShift::Failed(Failure::new(
            Class::NotApplied,
            "the shift was started, but ARC does not show it in effect on every resource",
        ))
    }
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
#[must_use]
pub fn after_restore(answer: &PruneAnswer) -> AfterRestore {
    if let Some((group, failure)) = answer.failures().next() {
        return AfterRestore::Failed(Failure::new(
            failure.class,
            format!("{group}: {}", failure.message),
        ));
    }
    if answer.capacity_ready() || answer.dry_run {
        AfterRestore::Ready
    } else {
        AfterRestore::Waiting
    }
}
