//! What must hold in every state, by the numbers of ARCHITECTURE.md; and what must be reached, so that
//! the model is known to be about something.

use stateright::Property;

use crate::run::{Grouping, Run, Shifting, Todo};
use crate::state::{RESOURCES, Resource, Zones};
use crate::{Protocol, State, recovery};

/// Every property.
#[must_use]
pub fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always("1: Evac shifts away from one zone", one_zone_is_shifted),
        Property::always(
            "2: no prune while traffic is in the zone",
            |_, state: &State| !state.ghost.pruned_unshifted,
        ),
        Property::always("3: Evac leaves two zones", |_, state: &State| {
            !state.ghost.too_few_zones
        }),
        Property::always(
            "4: what is missing is on record",
            what_is_missing_is_on_record,
        ),
        Property::always("4: what people took out stays out", |_, state: &State| {
            !state.ghost.put_back
        }),
        Property::always(
            "5: the tick comes to rest",
            |protocol: &Protocol, state: &State| {
                recovery::comes_to_rest(&protocol.real, protocol.variant, state.cloud)
            },
        ),
        Property::always(
            "5: everything ends by itself once the zones are well",
            everything_ends_by_itself,
        ),
        Property::always("5: no return without proof", |_, state: &State| {
            !state.ghost.unproven
        }),
        Property::always(
            "5: everything can be undone",
            |protocol: &Protocol, state: &State| {
                recovery::can_be_undone(&protocol.real, protocol.variant, state.cloud)
            },
        ),
        Property::always("7: a person's shift is left alone", |_, state: &State| {
            !state.ghost.foreign_touched
        }),
        Property::always(
            "7: what was seen to be ended is not started",
            |_, state: &State| !state.ghost.restarted,
        ),
        Property::always(
            "7: a fail-back that has begun goes on",
            |_, state: &State| !state.ghost.fail_back_lost,
        ),
        Property::always("7: a fail-back ends nothing younger", |_, state: &State| {
            !state.ghost.younger_ended
        }),
        Property::sometimes("an evacuation is complete", an_evacuation_is_complete),
        Property::sometimes("an evacuation is undone", an_evacuation_is_undone),
        Property::sometimes("a second zone finds the lead taken", the_lead_is_taken),
        Property::sometimes("a start races with a person's cancel", a_start_races),
        Property::sometimes("an update races with a person's", an_update_races),
    ]
}

/// But where the lead's shift ends while a run is between its readings and its last start, by a person,
/// its expiry or a fail-back: the run, or another that waits for the lead, starts what ARC lets it start,
/// and the tick ends what is left of the zone that has lost the lead.
fn one_zone_is_shifted(_: &Protocol, state: &State) -> bool {
    state.shifted().len() < 2 || state.ghost.lead_lost
}

/// But for the moment in which a prune and a restore of one group cross, and the one that comes to
/// know of it has not written the record again.
fn what_is_missing_is_on_record(_: &Protocol, state: &State) -> bool {
    let kept = state.runs.iter().filter_map(Run::keeps);
    let kept = kept.fold(Zones::NONE, |zones, record| zones.or(record.removed));
    state.unexplained().without(kept).is_empty()
}

/// But where a person has taken the subnet of the evacuated zone out, or the record of it is about to be
/// written again: no instance is there to be seen well, and that the zone cannot be seen is told.
fn everything_ends_by_itself(protocol: &Protocol, state: &State) -> bool {
    let group = &state.cloud.group;
    let recorded = group.record.map_or(Zones::NONE, |record| record.removed);
    let can_be_seen = group.subnets.or(recorded);
    !state.shifted().without(can_be_seen).is_empty()
        || recovery::ends_by_itself(&protocol.real, protocol.variant, state.cloud)
}

fn an_evacuation_is_complete(_: &Protocol, state: &State) -> bool {
    let group = &state.cloud.group;
    group.record.is_some_and(|record| {
        let zone = record.incident.zone;
        state.cloud.is_away_from(zone) && !group.subnets.has(zone)
    })
}

fn an_evacuation_is_undone(_: &Protocol, state: &State) -> bool {
    let cloud = &state.cloud;
    let ended = |of: &Resource| of.shift.is_none() && !of.ended.is_empty();
    cloud.resources.iter().all(ended)
        && cloud.group.record.is_none()
        && cloud.group.subnets == Zones::ALL
        && state.runs == [Run::Idle; 2]
}

fn the_lead_is_taken(_: &Protocol, state: &State) -> bool {
    let lead = state.cloud.resources[0].mark();
    state.runs.iter().any(|run| match run {
        Run::Shifting(plan, Shifting::Starting([waiting, _])) => {
            let zone = plan.incident().zone;
            waiting.doubted && lead.is_some_and(|(incident, _)| incident.zone != zone)
        }
        _ => false,
    })
}

/// ARC starts a shift under no condition but that there is none. So where a person cancels between
/// the reading and the start, the start comes after the person's word, and the next run heeds it.
fn a_start_races(protocol: &Protocol, state: &State) -> bool {
    state.runs.iter().any(|run| match run {
        Run::Shifting(plan, Shifting::Starting(lanes)) => (0..RESOURCES).any(|of| {
            let resource = state.cloud.resources[of];
            lanes[of].todo == Todo::Start && protocol.real.is_ended_on(resource, plan.incident())
        }),
        _ => false,
    })
}

/// Auto Scaling sets subnets under no condition. So where a person sets them between the reading and
/// the update, the person's are overwritten.
fn an_update_races(_: &Protocol, state: &State) -> bool {
    state.runs.iter().any(|run| match run {
        Run::Grouping(
            _,
            _,
            Grouping::Updating {
                target,
                outdated: true,
                ..
            },
        ) => !target.and(state.ghost.taken_out).is_empty(),
        _ => false,
    })
}
