//! What is left in the end.

use std::collections::BTreeSet;

use domain::incident::Marker;
use domain::prune::Record;
use region::arc::Status;
use region::history::Change;
use region::stage::ASG_PRUNING;
use region::state::State;

use crate::seam::Desk;
use crate::transcript::What;

/// What of Evac's is left.
pub(crate) fn left(desk: &Desk) -> Vec<String> {
    let log = desk.log();
    let state = desk.place.region.state();
    let mut left = Vec::new();
    for shift in state.arc.shifts() {
        if shift.status == Status::Active && Marker::from_comment(&shift.comment).is_some() {
            left.push(format!("a shift: {} on {}", shift.comment, shift.resource.short()));
        }
    }
    let damaged: BTreeSet<&str> = log
        .deeds
        .iter()
        .filter_map(|deed| match &deed.what {
            What::DeleteTags { group, .. } if deed.done => {
                Some(desk.place.groups[usize::from(*group)].as_str())
            }
            _ => None,
        })
        .collect();
    for group in state.auto_scaling.groups() {
        if group.deleting {
            continue;
        }
        let tags = Record::keys_in(group.tags);
        if !tags.is_empty() && !(damaged.contains(group.name) && is_told(&state, group.name)) {
            left.push(format!("tags of {}: {tags:?}", group.name));
        }
        for subnet in lost(&state, group.name) {
            if damaged.contains(group.name) {
                continue;
            }
            if !group.subnets.iter().any(|has| has.as_str() == subnet) {
                left.push(format!("{} lacks {subnet}", group.name));
            }
        }
    }
    left
}

/// Whether what is left is a rehearsal: whoever rehearses looks on, and ends it.
pub(crate) fn is_drill(desk: &Desk) -> bool {
    let state = desk.place.region.state();
    let shifts = state.arc.shifts().iter();
    let mut shifts = shifts.filter(|shift| shift.status == Status::Active);
    let shifted = shifts.any(|shift| {
        Marker::from_comment(&shift.comment).is_some_and(|marker| marker.drill)
    });
    let mut groups = state.auto_scaling.groups();
    let pruned = groups.any(|group| {
        Record::read(group.tags).is_ok_and(|record| record.is_some_and(|record| record.drill))
    });
    shifted || pruned
}

/// The subnets of a group that were taken out last by Evac.
fn lost(state: &State, group: &str) -> BTreeSet<String> {
    let mut lost = BTreeSet::new();
    for happened in state.history.changes() {
        let Change::Group(change) = &happened.what else {
            continue;
        };
        if change.group != group {
            continue;
        }
        for subnet in &change.before {
            if !change.after.contains(subnet) && happened.is_by(ASG_PRUNING) {
                lost.insert(subnet.to_string());
            }
        }
        for subnet in &change.after {
            lost.remove(subnet.as_str());
        }
    }
    lost
}

/// Whether one of the last messages says of a group that a person is needed.
fn is_told(state: &State, group: &str) -> bool {
    state.sns.inbox().iter().rev().take(12).any(|message| {
        message.published.message.contains(group)
            && message.published.message.contains("by hand")
    })
}
