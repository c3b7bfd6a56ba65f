//! Whether a run kept DESIGN's invariants, judged from what the Region saw, not from what Evac says.

use std::collections::{BTreeMap, BTreeSet};

use domain::incident::Marker;
use domain::prune::Record;
use domain::{ResourceArn, SubnetId, ZoneId};
use jiff::Timestamp;
use serde::Serialize;

use crate::arc::{self, What};
use crate::autoscaling::GroupChange;
use crate::operation::Service;
use crate::stage::{ASG_PRUNING, ZONAL_SHIFT};
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
    let prunes: Vec<Prune<'_>> = evacs_changes(state).filter_map(Prune::of).collect();
    vec![
        one_zone_at_a_time(state),
        no_prune_without_shift(state, &prunes),
        enough_zones_left(state, terms.min_zones),
        written_before_removed(&prunes),
        only_its_own(state),
        nothing_changed_on_watch(state, terms.may_change),
    ]
}

/// The changes of groups that Evac made: its callers are known by their access key id.
fn evacs_changes(state: &State) -> impl Iterator<Item = &GroupChange> {
    let by_evac: BTreeSet<Timestamp> = state
        .calls
        .iter()
        .filter(|call| {
            call.operation.name == "UpdateAutoScalingGroup" && call.caller == ASG_PRUNING
        })
        .map(|call| call.at)
        .collect();
    let changes = state.auto_scaling.changes().iter();
    changes.filter(move |change| by_evac.contains(&change.at))
}

/// A change of Evac's that took a zone out of a group.
struct Prune<'a> {
    change: &'a GroupChange,
    record: Option<Record>,
    zones: BTreeSet<&'a ZoneId>,
}

impl<'a> Prune<'a> {
    fn of(change: &'a GroupChange) -> Option<Self> {
        let zones = lost(&change.zones_before, &change.zones_after);
        (!zones.is_empty()).then(|| Self {
            change,
            record: Record::read(&change.tags).ok().flatten(),
            zones,
        })
    }
}

fn lost<'a>(before: &'a [ZoneId], after: &[ZoneId]) -> BTreeSet<&'a ZoneId> {
    before.iter().filter(|zone| !after.contains(zone)).collect()
}

/// What Evac keeps away from zones, and since when: a step of a run's history.
enum Step<'a> {
    Shift(&'a arc::Change),
    Group(&'a GroupChange),
}

fn one_zone_at_a_time(state: &State) -> Finding {
    let shifts = state
        .arc
        .changes()
        .iter()
        .map(|change| (change.at, Step::Shift(change)));
    let groups = evacs_changes(state).map(|change| (change.at, Step::Group(change)));
    let mut history: Vec<(Timestamp, Step<'_>)> = shifts.chain(groups).collect();
    history.sort_by_key(|(at, _)| *at);
    let mut shifted: BTreeMap<&str, &ZoneId> = BTreeMap::new();
    let mut pruned: BTreeMap<(&str, &ZoneId), ()> = BTreeMap::new();
    let mut broken = Vec::new();
    let mut most = 0;
    // What happens at one moment is one step: the Region's clock stands while a function runs.
    for moment in history.chunk_by(|(one, _), (other, _)| one == other) {
        for (_, step) in moment {
            match step {
                Step::Shift(change) => match change.what {
                    What::Started if Marker::from_comment(&change.comment).is_some() => {
                        shifted.insert(&change.id, &change.zone);
                    }
                    What::Canceled | What::Expired => {
                        shifted.remove(change.id.as_str());
                    }
                    _ => {}
                },
                Step::Group(change) => {
                    let taken = lost(&change.zones_before, &change.zones_after);
                    pruned.extend(
                        taken
                            .into_iter()
                            .map(|zone| ((change.group.as_str(), zone), ())),
                    );
                    pruned.retain(|(group, zone), ()| {
                        *group != change.group || !change.zones_after.contains(zone)
                    });
                }
            }
        }
        let away: BTreeSet<&ZoneId> = shifted
            .values()
            .copied()
            .chain(pruned.keys().map(|(_, zone)| *zone))
            .collect();
        most = most.max(away.len());
        if away.len() > 1 {
            let at = moment
                .first()
                .map(|(at, _)| at.to_string())
                .unwrap_or_default();
            broken.push(format!("{at}: evacuated at once: {}", named(away)));
        }
    }
    Finding::new(
        1,
        &broken,
        format!("zones evacuated at any one time: {most} at the most"),
    )
}

fn named<'a>(zones: impl IntoIterator<Item = &'a ZoneId>) -> String {
    let zones: Vec<&str> = zones.into_iter().map(ZoneId::as_str).collect();
    zones.join(", ")
}

fn no_prune_without_shift(state: &State, prunes: &[Prune<'_>]) -> Finding {
    let unshifted = |prune: &Prune<'_>| {
        let resource = state
            .auto_scaling
            .group(&prune.change.group)?
            .load_balancer?;
        let at = prune.change.at;
        let zone = prune
            .zones
            .iter()
            .find(|zone| !is_away(state.arc.changes(), resource, zone, at))?;
        let group = &prune.change.group;
        Some(format!(
            "{at}: {group} pruned while traffic of {} went to {zone}",
            resource.short()
        ))
    };
    let broken: Vec<String> = prunes.iter().filter_map(unshifted).collect();
    let all = prunes.len();
    Finding::new(
        2,
        &broken,
        format!("prunes while traffic was away: {all} of {all}"),
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

fn enough_zones_left(state: &State, min_zones: usize) -> Finding {
    let broken: Vec<String> = evacs_changes(state)
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
    let fewest = evacs_changes(state)
        .map(|change| change.zones_after.len())
        .min();
    let kept = fewest.map_or("no group changed".to_owned(), |fewest| {
        format!("zones left to a group: {fewest} at the least")
    });
    Finding::new(3, &broken, kept)
}

fn written_before_removed(prunes: &[Prune<'_>]) -> Finding {
    let unwritten = |prune: &Prune<'_>| {
        let change = prune.change;
        let on_record = |subnet: &SubnetId| {
            prune
                .record
                .as_ref()
                .is_some_and(|record| record.removed.contains(subnet))
        };
        let missing: Vec<&str> = change
            .before
            .iter()
            .filter(|subnet| !change.after.contains(subnet) && !on_record(subnet))
            .map(SubnetId::as_str)
            .collect();
        (!missing.is_empty()).then(|| {
            format!(
                "{}: {} lost {} without a record",
                change.at,
                change.group,
                missing.join(", ")
            )
        })
    };
    let broken: Vec<String> = prunes.iter().filter_map(unwritten).collect();
    let all = prunes.len();
    Finding::new(
        4,
        &broken,
        format!("prunes on record before: {all} of {all}"),
    )
}

fn only_its_own(state: &State) -> Finding {
    let by_evac: BTreeSet<Timestamp> = state
        .calls
        .iter()
        .filter(|call| call.operation.name == "CancelZonalShift" && call.caller == ZONAL_SHIFT)
        .map(|call| call.at)
        .collect();
    let ended = state
        .arc
        .changes()
        .iter()
        .filter(|change| change.what == What::Canceled && by_evac.contains(&change.at));
    let (own, foreign): (Vec<_>, Vec<_>) =
        ended.partition(|change| Marker::from_comment(&change.comment).is_some());
    let broken: Vec<String> = foreign
        .iter()
        .map(|change| format!("{}: somebody else's shift {} ended", change.at, change.id))
        .collect();
    Finding::new(
        7,
        &broken,
        format!("shifts that Evac ended: {}, all of them its own", own.len()),
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
    let count = format!("calls that change ARC or Auto Scaling: {}", mutating.len());
    if may_change {
        return Finding::new(8, &[], format!("{count}; the mode allows them"));
    }
    Finding::new(8, &mutating, count)
}

#[cfg(test)]
mod tests;
