//! Whether a run kept the invariants of ARCHITECTURE.md, judged from what the Region saw, not from what Evac says.
//!
//! Evac's calls are told from other people's by the access key id that each of its functions has of
//! its own in a drill, and what changed is judged in the order in which it did ([`crate::history`]).

use std::collections::{BTreeMap, BTreeSet};

use domain::incident::Marker;
use domain::policy::Mode;
use domain::prune::Record;
use domain::{ResourceArn, SubnetId, ZoneId};
use serde::Serialize;

use crate::arc::{self, What};
use crate::autoscaling::GroupChange;
use crate::history::{Change, Happened};
use crate::operation::Service;
use crate::scenario::Scenario;
use crate::stage::{ASG_PRUNING, CLASSIFIER, MIN_ZONES, ZONAL_SHIFT};
use crate::state::State;

mod failures;

/// An invariant of ARCHITECTURE.md, and whether the run kept it.
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

    fn of_breaches(id: u8, breaches: &[Breach], kept: String) -> Self {
        let details: Vec<String> = breaches.iter().map(|one| one.detail.clone()).collect();
        Self::new(id, &details, kept)
    }
}

/// One place of the history where an invariant broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The invariant's number.
    pub id: u8,
    /// The change that broke it, counted from the beginning of the history.
    pub change: usize,
    /// Where it broke.
    pub detail: String,
}

/// A record that somebody else than Evac deleted from a group: whoever does, takes the prune over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOver {
    /// The group.
    pub group: String,
    /// How many changes the history had by then.
    pub after: usize,
}

/// Where invariants 1 to 4 and 7 broke, each with the change that broke it: for whoever judges many
/// runs, and knows of each what people did.
#[must_use]
pub fn breaches(state: &State, min_zones: usize, taken_over: &[TakenOver]) -> Vec<Breach> {
    let prunes = prunes(state);
    let (together, _) = together(state, taken_over);
    let (not_its_own, _) = not_its_own(state);
    [
        together,
        unshifted(&prunes),
        too_few_left(state, min_zones),
        unwritten(&prunes),
        not_its_own,
    ]
    .concat()
}

/// What the audit has to know of the workload.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Zones that each group must keep.
    pub min_zones: usize,
    /// Whether Evac may change anything at all.
    pub may_change: bool,
    /// Whether events may be given up: calls or functions are made to fail.
    pub may_give_up: bool,
}

impl Terms {
    /// The terms of a scenario on the ordinary stage.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        Self {
            min_zones: scenario.setting.min_zones().unwrap_or(MIN_ZONES),
            may_change: scenario.mode != Mode::Observe,
            may_give_up: scenario
                .region_faults
                .iter()
                .any(|fault| fault.fault.makes_calls_fail()),
        }
    }
}

/// Judges a run.
#[must_use]
pub fn audit(state: &State, terms: Terms) -> Vec<Finding> {
    let prunes = prunes(state);
    vec![
        one_zone_at_a_time(state),
        no_prune_without_shift(&prunes),
        enough_zones_left(state, terms.min_zones),
        written_before_removed(&prunes),
        only_its_own(state),
        nothing_changed_on_watch(state, terms.may_change),
        failures::seen(state, terms.may_give_up),
    ]
}

/// The changes of groups that Evac made, with their places in the history.
fn evacs_changes(state: &State) -> impl Iterator<Item = (usize, &GroupChange)> {
    let changes = state.history.changes().iter().enumerate();
    changes.filter_map(|(place, happened)| Some((place, happened.group_of_evac()?)))
}

/// A change of Evac's that took a zone out of a group.
struct Prune<'a> {
    place: usize,
    change: &'a GroupChange,
    record: Option<Record>,
    away: Away<'a>,
}

/// Whether traffic was away from a zone when capacity left it.
enum Away<'a> {
    /// It was.
    Yes,
    /// It was not, on this resource.
    No(&'a ZoneId, String),
}

/// Evac's prunes, each judged by the shifts that were in force at its place in the history.
fn prunes(state: &State) -> Vec<Prune<'_>> {
    let mut in_force = InForce::default();
    let mut prunes = Vec::new();
    for (place, happened) in state.history.changes().iter().enumerate() {
        match &happened.what {
            Change::Shift(change) => in_force.follow(change),
            Change::Group(change) if happened.is_by(ASG_PRUNING) => {
                let zones = lost(&change.zones_before, &change.zones_after);
                if zones.is_empty() {
                    continue;
                }
                let group = state.auto_scaling.group(&change.group);
                let balancer = group.and_then(|group| group.load_balancer);
                prunes.push(Prune {
                    place,
                    change,
                    record: Record::read(&change.tags).ok().flatten(),
                    away: in_force.away(balancer, &zones),
                });
            }
            Change::Group(_) => {}
        }
    }
    prunes
}

/// What keeps traffic away at a place in the history.
#[derive(Default)]
struct InForce<'a> {
    /// By id; an autoshift of the Region has none.
    shifts: BTreeMap<&'a str, &'a arc::Change>,
    autoshifts: BTreeSet<&'a ZoneId>,
    /// The resources that have no part in an autoshift any more.
    left: BTreeSet<(&'a ResourceArn, &'a ZoneId)>,
}

impl<'a> InForce<'a> {
    fn follow(&mut self, change: &'a arc::Change) {
        match change.what {
            What::Started => {
                self.shifts.insert(&change.id, change);
            }
            What::Canceled | What::Expired => {
                let known = self.shifts.remove(change.id.as_str()).is_some();
                if let (false, Some(resource)) = (known, &change.resource) {
                    self.left.insert((resource, &change.zone));
                }
            }
            What::AutoshiftStarted => {
                self.autoshifts.insert(&change.zone);
                self.left.retain(|(_, zone)| *zone != &change.zone);
            }
            What::AutoshiftCompleted => {
                self.autoshifts.remove(&change.zone);
            }
            What::Updated => {}
        }
    }

    /// Whether traffic of a group's load balancer is kept away from zones; of any resource, where the
    /// group is behind none.
    fn away<'z>(&self, balancer: Option<&ResourceArn>, zones: &BTreeSet<&'z ZoneId>) -> Away<'z> {
        let of_balancer =
            |shifted: Option<&ResourceArn>| balancer.is_none_or(|own| shifted == Some(own));
        let is_away = |zone: &ZoneId| {
            let shifted = self
                .shifts
                .values()
                .any(|change| change.zone == *zone && of_balancer(change.resource.as_ref()));
            let has_left = balancer.is_some_and(|own| self.left.contains(&(own, zone)));
            shifted || (self.autoshifts.contains(zone) && !has_left)
        };
        match zones.iter().find(|zone| !is_away(zone)) {
            None => Away::Yes,
            Some(zone) => {
                let resource = balancer.map_or("every resource", |balancer| balancer.short());
                Away::No(zone, resource.to_owned())
            }
        }
    }
}

fn lost<'a>(before: &'a [ZoneId], after: &[ZoneId]) -> BTreeSet<&'a ZoneId> {
    before.iter().filter(|zone| !after.contains(zone)).collect()
}

/// What Evac keeps away from zones at a place in the history.
#[derive(Default)]
struct Evacuated<'a> {
    shifted: BTreeMap<&'a str, &'a ZoneId>,
    pruned: BTreeSet<(&'a str, &'a ZoneId)>,
}

impl<'a> Evacuated<'a> {
    fn follow(&mut self, happened: &'a Happened) {
        match &happened.what {
            Change::Shift(change) => match change.what {
                What::Started if Marker::from_comment(&change.comment).is_some() => {
                    self.shifted.insert(&change.id, &change.zone);
                }
                What::Canceled | What::Expired => {
                    self.shifted.remove(change.id.as_str());
                }
                _ => {}
            },
            Change::Group(change) => {
                if happened.is_by(ASG_PRUNING) {
                    let taken = lost(&change.zones_before, &change.zones_after);
                    let taken = taken.into_iter().map(|zone| (change.group.as_str(), zone));
                    self.pruned.extend(taken);
                }
                // Whoever gives a zone back to a group ends the prune.
                self.pruned.retain(|(group, zone)| {
                    *group != change.group || !change.zones_after.contains(zone)
                });
            }
        }
    }

    fn zones(&self) -> BTreeSet<&'a ZoneId> {
        let pruned = self.pruned.iter().map(|(_, zone)| *zone);
        self.shifted.values().copied().chain(pruned).collect()
    }
}

fn one_zone_at_a_time(state: &State) -> Finding {
    let (breaches, most) = together(state, &[]);
    Finding::of_breaches(
        1,
        &breaches,
        format!("zones evacuated at any one time: {most} at the most"),
    )
}

/// Where more than one zone was evacuated, and how many were at the most.
fn together(state: &State, taken_over: &[TakenOver]) -> (Vec<Breach>, usize) {
    let mut evacuated = Evacuated::default();
    let mut breaches = Vec::new();
    let mut most = 0;
    for (place, happened) in state.history.changes().iter().enumerate() {
        for taken in taken_over.iter().filter(|taken| taken.after == place) {
            evacuated.pruned.retain(|(group, _)| *group != taken.group);
        }
        evacuated.follow(happened);
        let zones = evacuated.zones();
        most = most.max(zones.len());
        if zones.len() > 1 {
            breaches.push(Breach {
                id: 1,
                change: place,
                detail: format!("{}: evacuated at once: {}", happened.at(), named(zones)),
            });
        }
    }
    (breaches, most)
}

fn named<'a>(zones: impl IntoIterator<Item = &'a ZoneId>) -> String {
    let zones: Vec<&str> = zones.into_iter().map(ZoneId::as_str).collect();
    zones.join(", ")
}

fn no_prune_without_shift(prunes: &[Prune<'_>]) -> Finding {
    let all = prunes.len();
    let kept = format!("prunes while traffic was away: {all} of {all}");
    Finding::of_breaches(2, &unshifted(prunes), kept)
}

/// Prunes while traffic was not away.
fn unshifted(prunes: &[Prune<'_>]) -> Vec<Breach> {
    let breach = |prune: &Prune<'_>| match &prune.away {
        Away::Yes => None,
        Away::No(zone, resource) => Some(Breach {
            id: 2,
            change: prune.place,
            detail: format!(
                "{}: {} pruned while traffic of {resource} went to {zone}",
                prune.change.at, prune.change.group
            ),
        }),
    };
    prunes.iter().filter_map(breach).collect()
}

fn enough_zones_left(state: &State, min_zones: usize) -> Finding {
    let fewest = evacs_changes(state)
        .map(|(_, change)| change.zones_after.len())
        .min();
    let kept = fewest.map_or("no group changed".to_owned(), |fewest| {
        format!("zones left to a group: {fewest} at the least")
    });
    Finding::of_breaches(3, &too_few_left(state, min_zones), kept)
}

/// Groups that Evac left with too few zones.
fn too_few_left(state: &State, min_zones: usize) -> Vec<Breach> {
    evacs_changes(state)
        .filter(|(_, change)| change.zones_after.len() < min_zones.max(1))
        .map(|(place, change)| Breach {
            id: 3,
            change: place,
            detail: format!(
                "{}: {} left with {} zones",
                change.at,
                change.group,
                change.zones_after.len()
            ),
        })
        .collect()
}

fn written_before_removed(prunes: &[Prune<'_>]) -> Finding {
    let all = prunes.len();
    let kept = format!("prunes on record before: {all} of {all}");
    Finding::of_breaches(4, &unwritten(prunes), kept)
}

/// Prunes of what was not on record.
fn unwritten(prunes: &[Prune<'_>]) -> Vec<Breach> {
    let breach = |prune: &Prune<'_>| {
        let change = prune.change;
        let missing = off_record(&change.before, &change.after, prune.record.as_ref());
        (!missing.is_empty()).then(|| Breach {
            id: 4,
            change: prune.place,
            detail: format!(
                "{}: {} lost {} without a record",
                change.at,
                change.group,
                missing.join(", ")
            ),
        })
    };
    prunes.iter().filter_map(breach).collect()
}

/// The subnets that are in one list, not in the other, and not on record as removed.
fn off_record<'a>(
    more: &'a [SubnetId],
    fewer: &[SubnetId],
    record: Option<&Record>,
) -> Vec<&'a str> {
    let on_record =
        |subnet: &SubnetId| record.is_some_and(|record| record.removed.contains(subnet));
    more.iter()
        .filter(|subnet| !fewer.contains(subnet) && !on_record(subnet))
        .map(SubnetId::as_str)
        .collect()
}

fn only_its_own(state: &State) -> Finding {
    let (breaches, (ended, restored)) = not_its_own(state);
    Finding::of_breaches(
        7,
        &breaches,
        format!(
            "shifts that Evac ended: {ended}, groups that it restored: {restored}, all of them its own"
        ),
    )
}

/// Shifts that Evac ended or made its own and subnets that it put back which were not its own; how
/// many shifts it ended at all, and how many groups it restored.
fn not_its_own(state: &State) -> (Vec<Breach>, (usize, usize)) {
    let mut breaches = Vec::new();
    let mut breach = |place: usize, detail: String| {
        breaches.push(Breach {
            id: 7,
            change: place,
            detail,
        });
    };
    let mut comments: BTreeMap<&str, &str> = BTreeMap::new();
    let (mut ended, mut restored) = (0, 0);
    for (place, happened) in state.history.changes().iter().enumerate() {
        match &happened.what {
            Change::Shift(change) => {
                // Of an update the history has the new comment, of an end the last one.
                let comment = comments.insert(&change.id, &change.comment);
                let changes = matches!(change.what, What::Updated | What::Canceled);
                if !changes || !happened.is_by(ZONAL_SHIFT) {
                    continue;
                }
                ended += usize::from(change.what == What::Canceled);
                if Marker::from_comment(comment.unwrap_or_default()).is_none() {
                    let done = match change.what {
                        What::Canceled => "ended",
                        _ => "changed",
                    };
                    let detail =
                        format!("{}: somebody else's shift {} {done}", change.at, change.id);
                    breach(place, detail);
                }
            }
            Change::Group(change) if happened.is_by(ASG_PRUNING) => {
                let record = Record::read(&change.tags).ok().flatten();
                let foreign = off_record(&change.after, &change.before, record.as_ref());
                let added = change
                    .after
                    .iter()
                    .any(|subnet| !change.before.contains(subnet));
                restored += usize::from(added);
                if !foreign.is_empty() {
                    let foreign = foreign.join(", ");
                    let group = &change.group;
                    let detail = format!(
                        "{}: {group} got {foreign}, which Evac had not removed",
                        change.at
                    );
                    breach(place, detail);
                }
            }
            Change::Group(_) => {}
        }
    }
    (breaches, (ended, restored))
}

fn nothing_changed_on_watch(state: &State, may_change: bool) -> Finding {
    let mutating: Vec<String> = state
        .calls
        .iter()
        .filter(|call| {
            call.operation.mutates
                && [CLASSIFIER, ZONAL_SHIFT, ASG_PRUNING].contains(&call.caller.as_str())
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
