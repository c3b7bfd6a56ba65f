//! Whether a run kept DESIGN's invariants, judged from what the Region saw, not from what Evac says.

use std::collections::{BTreeMap, BTreeSet};

use domain::incident::Marker;
use domain::prune::Record;
use domain::{ResourceArn, ZoneId};
use jiff::Timestamp;
use serde::Serialize;

use crate::arc::{self, What};
use crate::autoscaling::GroupChange;
use crate::operation::Service;
use crate::state::State;

/// An invariant of DESIGN section 4, and whether the run kept it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its number.
    pub id: u8,
    /// Whether it held.
    pub holds: bool,
    /// What was looked at, or where it broke.
    pub detail: String,
}

impl Finding {
    fn new(id: u8, broken: &[String], kept: String) -> Self {
        let holds = broken.is_empty();
        Self {
            id,
            holds,
            detail: if holds { kept } else { broken.join("; ") },
        }
    }
}

/// What the audit has to know of the workload.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Zones that each group must keep.
    pub min_zones: usize,
    /// Whether Evac may change anything at all.
    pub may_change: bool,
}

/// Judges a run.
#[must_use]
pub fn audit(state: &State, terms: Terms) -> Vec<Finding> {
    let shifts = state.arc.changes();
    let groups = state.auto_scaling.changes();
    let pruned: Vec<Prune<'_>> = groups.iter().filter_map(Prune::of).collect();
    vec![
        one_zone_at_a_time(shifts, &pruned),
        no_prune_without_shift(state, &pruned),
        enough_zones_left(groups, terms.min_zones),
        written_before_removed(&pruned),
        only_its_own(shifts, state),
        nothing_changed_on_watch(state, terms.may_change),
    ]
}

/// A change that took a zone out of a group while Evac's record stood on it.
struct Prune<'a> {
    change: &'a GroupChange,
    record: Option<Record>,
    zones: BTreeSet<&'a ZoneId>,
}

impl<'a> Prune<'a> {
    fn of(change: &'a GroupChange) -> Option<Self> {
        let zones: BTreeSet<&ZoneId> = change
            .zones_before
            .iter()
            .filter(|zone| !change.zones_after.contains(*zone))
            .collect();
        if zones.is_empty() {
            return None;
        }
        Some(Self {
            change,
            record: Record::read(&change.tags).ok().flatten(),
            zones,
        })
    }
}

fn one_zone_at_a_time(shifts: &[arc::Change], pruned: &[Prune<'_>]) -> Finding {
    let mut active: BTreeMap<&str, &ZoneId> = BTreeMap::new();
    let mut broken = Vec::new();
    let mut most = 0;
    for change in shifts {
        match change.what {
            What::Started if Marker::from_comment(&change.comment).is_some() => {
                active.insert(&change.id, &change.zone);
            }
            What::Canceled | What::Expired => {
                active.remove(change.id.as_str());
            }
            _ => {}
        }
        let zones: BTreeSet<&&ZoneId> = active.values().collect();
        most = most.max(zones.len());
        if zones.len() > 1 {
            broken.push(format!("{}: {zones:?} shifted at once", change.at));
        }
    }
    let zones: BTreeSet<&&ZoneId> = pruned.iter().flat_map(|prune| &prune.zones).collect();
    if zones.len() > 1 {
        broken.push(format!("{zones:?} pruned"));
    }
    Finding::new(
        1,
        &broken,
        format!("at most {most} zone evacuated at any time"),
    )
}

fn no_prune_without_shift(state: &State, pruned: &[Prune<'_>]) -> Finding {
    let unshifted = |prune: &Prune<'_>| {
        let resource = state
            .auto_scaling
            .group(&prune.change.group)?
            .load_balancer?;
        let zone = prune
            .zones
            .iter()
            .find(|zone| !is_away(state.arc.changes(), resource, zone, prune.change.at))?;
        Some(format!(
            "{}: {} pruned while traffic of {} went to {zone}",
            prune.change.at,
            prune.change.group,
            resource.short()
        ))
    };
    let broken: Vec<String> = pruned.iter().filter_map(unshifted).collect();
    Finding::new(
        2,
        &broken,
        format!("{} prunes, each with traffic away", pruned.len()),
    )
}

/// Whether a shift away from a zone was in force on a resource at a moment.
fn is_away(changes: &[arc::Change], resource: &ResourceArn, zone: &ZoneId, at: Timestamp) -> bool {
    let mut away: BTreeSet<&str> = BTreeSet::new();
    let concerns = |change: &&arc::Change| {
        change.at <= at
            && change.zone == *zone
            && change
                .resource
                .as_ref()
                .is_none_or(|concerned| concerned == resource)
    };
    for change in changes.iter().filter(concerns) {
        match change.what {
            What::Started | What::AutoshiftStarted => {
                away.insert(&change.id);
            }
            What::Canceled | What::Expired | What::AutoshiftCompleted => {
                away.remove(change.id.as_str());
            }
            What::Updated => {}
        }
    }
    !away.is_empty()
}

fn enough_zones_left(groups: &[GroupChange], min_zones: usize) -> Finding {
    let broken: Vec<String> = groups
        .iter()
        .filter(|change| change.zones_after.len() < min_zones.max(1))
        .map(|change| {
            format!(
                "{}: {} left with {} zones",
                change.at,
                change.group,
                change.zones_after.len()
            )
        })
        .collect();
    Finding::new(
        3,
        &broken,
        format!(
            "{} changes, each left at least {min_zones} zones",
            groups.len()
        ),
    )
}

fn written_before_removed(pruned: &[Prune<'_>]) -> Finding {
    let unwritten = |prune: &Prune<'_>| {
        let recorded = prune.record.as_ref().map(|record| &record.removed);
        let removed = prune
            .change
            .before
            .iter()
            .filter(|subnet| !prune.change.after.contains(subnet));
        let missing: Vec<&str> = removed
            .map(domain::SubnetId::as_str)
            .filter(|subnet| {
                !recorded
                    .is_some_and(|recorded| recorded.iter().any(|known| known.as_str() == *subnet))
            })
            .collect();
        (!missing.is_empty()).then(|| {
            format!(
                "{}: {} lost {} without a record",
                prune.change.at,
                prune.change.group,
                missing.join(", ")
            )
        })
    };
    let broken: Vec<String> = pruned.iter().filter_map(unwritten).collect();
    Finding::new(
        4,
        &broken,
        format!("{} prunes, each on record before", pruned.len()),
    )
}

/// Evac's callers are known by their access key id; who else calls is a person.
fn only_its_own(shifts: &[arc::Change], state: &State) -> Finding {
    let by_person = state.calls.iter().filter(|call| {
        call.operation.name == "CancelZonalShift" && call.caller != crate::stage::ZONAL_SHIFT
    });
    let people: BTreeSet<Timestamp> = by_person.map(|call| call.at).collect();
    let foreign = |change: &&arc::Change| {
        change.what == What::Canceled
            && Marker::from_comment(&change.comment).is_none()
            && !people.contains(&change.at)
    };
    let broken: Vec<String> = shifts
        .iter()
        .filter(foreign)
        .map(|change| format!("{}: somebody else's shift {} ended", change.at, change.id))
        .collect();
    let ended = shifts
        .iter()
        .filter(|change| change.what == What::Canceled)
        .count();
    Finding::new(
        7,
        &broken,
        format!("{ended} shifts ended, none of them somebody else's by Evac"),
    )
}

fn nothing_changed_on_watch(state: &State, may_change: bool) -> Finding {
    let mutating: Vec<String> = state
        .calls
        .iter()
        .filter(|call| {
            call.operation.mutates
                && matches!(call.service, Service::ArcZonalShift | Service::AutoScaling)
        })
        .map(|call| format!("{}: {} {}", call.at, call.service, call.operation.name))
        .collect();
    if may_change {
        return Finding::new(
            8,
            &[],
            format!(
                "not in mode observe; {} mutating calls to ARC and Auto Scaling",
                mutating.len()
            ),
        );
    }
    Finding::new(
        8,
        &mutating,
        "no mutating call to ARC or Auto Scaling".to_owned(),
    )
}
