//! What is left in the end.

use std::collections::BTreeSet;

use domain::incident::{IncidentId, Marker, Phase};
use domain::prune::Record;
use domain::{SubnetId, ZoneId};
use region::arc::{Status, What as Became};
use region::history::Change;
use region::stage::ASG_PRUNING;
use region::state::State;

use super::invariants::pruners;
use crate::seam::{Desk, Log};
use crate::transcript::What;

/// What of Evac's is left.
pub(crate) fn left(desk: &Desk) -> Vec<String> {
    let log = desk.log();
    let state = desk.place.region.state();
    let mut left = Vec::new();
    for shift in state.arc.shifts() {
        if shift.status == Status::Active && Marker::from_comment(&shift.comment).is_some() {
            left.push(format!(
                "a shift: {} on {}",
                shift.comment,
                shift.resource.short()
            ));
        }
    }
    let taken_over: BTreeSet<&str> = log
        .deeds
        .iter()
        .filter_map(|deed| deed.took_over.as_deref())
        .collect();
    for group in state.auto_scaling.groups() {
        if group.deleting {
            continue;
        }
        let tags = Record::keys_in(group.tags);
        if !tags.is_empty() {
            left.push(format!("tags of {}: {tags:?}", group.name));
        }
        for subnet in lost(&log, &state, group.name) {
            let lacks = !group.subnets.iter().any(|has| has.as_str() == subnet);
            if lacks && !taken_over.contains(group.name) {
                left.push(format!("{} lacks {subnet}", group.name));
            }
        }
    }
    left
}

/// The groups whose record somebody has damaged, by number; and whether people were told what to do.
pub(crate) fn damaged(desk: &Desk) -> Vec<(u8, bool)> {
    let state = desk.place.region.state();
    let numbers = 0..desk.setting.groups;
    numbers
        .filter_map(|number| {
            let name = desk.place.group(number);
            let group = state.auto_scaling.group(name)?;
            let damaged = !group.deleting && Record::read(group.tags).is_err();
            damaged.then(|| (number, is_told(&state, name)))
        })
        .collect()
}

/// Whether what is left has to end by itself where the policy lets it. A rehearsal is ended by whoever
/// rehearses; so is the evacuation of a zone whose alarm has not recovered since, by whoever commanded
/// it; and a zone that has been evacuated several times is left to people. The answer is for how many
/// minutes a trial that was in vain puts off the next one.
pub(crate) fn ends_by_itself(desk: &Desk) -> Option<u32> {
    let log = desk.log();
    let state = desk.place.region.state();
    let shifts = state.arc.shifts().iter();
    let markers: Vec<Marker> = shifts
        .filter(|shift| shift.status == Status::Active)
        .filter_map(|shift| Marker::from_comment(&shift.comment))
        .collect();
    let put_off = markers.iter().filter_map(|marker| match marker.phase {
        Phase::Trial { minutes } | Phase::Tried { minutes } => {
            let age = state.now().duration_since(marker.incident.transition());
            // One that is under way may be in vain yet, and ends with stableFor to spare.
            let due = 2 * i64::from(minutes + 2 * desk.setting.stable_for_minutes + 30);
            u32::try_from((due - age.as_mins()).max(0)).ok()
        }
        _ => None,
    });
    let put_off = put_off.max().unwrap_or_default();
    let marked = markers
        .into_iter()
        .map(|marker| (marker.incident, marker.drill));
    let groups = state.auto_scaling.groups();
    let pruned = groups
        .filter_map(|group| Record::read(group.tags).ok().flatten())
        .map(|record| (record.incident, record.drill));
    let left: Vec<(IncidentId, bool)> = marked.chain(pruned).collect();
    let ended: BTreeSet<IncidentId> = state
        .history
        .changes()
        .iter()
        .filter_map(|happened| match &happened.what {
            Change::Shift(change) if change.what == Became::Canceled => {
                Some(Marker::from_comment(&change.comment)?.incident)
            }
            _ => None,
        })
        .collect();
    let all = left.iter().all(|(incident, drill)| {
        let flaps = ended.iter().filter(|ended| ended.zone() == incident.zone());
        !drill
            && flaps.count() <= 1
            && recovered(desk, &log, incident)
            && can_serve(desk, &state, incident.zone())
    });
    // What takes hours is left to the scenarios.
    (all && put_off <= 180).then_some(put_off)
}

/// Whether there may be anything behind the lead in a zone that could answer a canary: people may have
/// deleted its groups, or taken the zone out of them.
fn can_serve(desk: &Desk, state: &State, zone: &ZoneId) -> bool {
    let of_zone: Vec<&str> = (desk.place.zones.iter().zip(&desk.place.subnets))
        .filter(|(of, _)| *of == zone)
        .flat_map(|(_, subnets)| subnets.iter().map(domain::SubnetId::as_str))
        .collect();
    state.auto_scaling.groups().any(|group| {
        let record = Record::read(group.tags).ok().flatten();
        let removed = record.into_iter().flat_map(|record| record.removed);
        let mut subnets = removed.chain(group.subnets.iter().cloned());
        !group.deleting
            && group.load_balancer == Some(&desk.place.resources[0])
            && subnets.any(|subnet| of_zone.contains(&subnet.as_str()))
    })
}

/// Whether an incident's zone was in ALARM and has recovered since the incident began.
fn recovered(desk: &Desk, log: &Log, incident: &IncidentId) -> bool {
    let mut on = false;
    let mut recovered = false;
    for deed in log.deeds.iter().filter(|deed| deed.done) {
        let What::Alarm {
            zone: Some(zone),
            on: now,
        } = deed.what
        else {
            continue;
        };
        if desk.place.zone(zone) == incident.zone() {
            recovered |= on && !now && deed.mark.at > incident.transition();
            on = now;
        }
    }
    recovered
}

/// The zones whose evacuation people were told they may end.
pub(crate) fn told_well(desk: &Desk) -> bool {
    let state = desk.place.region.state();
    let mut inbox = state.sns.inbox().iter();
    inbox.any(|message| {
        let phase = message.published.attributes.get("phase");
        phase.is_some_and(|(_, phase)| phase == "looks-well")
    })
}

/// The subnets of a group that were taken out last by Evac, and that it could know of: what somebody adds
/// while a run is under way, or so shortly before that a stale reading does not show it, is overwritten.
fn lost(log: &Log, state: &State, group: &str) -> BTreeSet<String> {
    let mut lost = BTreeSet::new();
    for (place, happened) in state.history.changes().iter().enumerate() {
        let Change::Group(change) = &happened.what else {
            continue;
        };
        if change.group != group {
            continue;
        }
        for subnet in &change.before {
            let gone = !change.after.contains(subnet) && happened.is_by(ASG_PRUNING);
            if gone && !added_unseen(log, state, place, subnet) {
                lost.insert(subnet.to_string());
            }
        }
        for subnet in &change.after {
            lost.remove(subnet.as_str());
        }
    }
    lost
}

/// Whether a subnet that a change took from a group came into it when the run that made the change could
/// not see it.
fn added_unseen(log: &Log, state: &State, place: usize, subnet: &SubnetId) -> bool {
    let history = state.history.changes();
    let Change::Group(taken) = &history[place].what else {
        return false;
    };
    let added = history[..place].iter().enumerate().rev();
    let added = added.filter_map(|(number, happened)| match &happened.what {
        Change::Group(change) if change.group == taken.group => Some((number, change)),
        _ => None,
    });
    let added = added
        .filter(|(_, change)| change.after.contains(subnet) && !change.before.contains(subnet))
        .map(|(number, change)| (number, change.at))
        .next();
    let mut pruners = pruners(log, place);
    added.is_some_and(|(number, at)| {
        pruners.any(|began| {
            let seen = began.at - log.staleness(began.at);
            number >= began.changes || (at >= seen && seen < began.at)
        })
    })
}

/// Whether a message says of a group what a person has to do about its record.
fn is_told(state: &State, group: &str) -> bool {
    state.sns.inbox().iter().rev().any(|message| {
        let message = &message.published.message;
        message.contains(group) && message.contains("by hand")
    })
}
