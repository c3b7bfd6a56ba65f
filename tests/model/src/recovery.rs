//! Convergence: what the tick makes of whatever is left when every invocation dies.
//!
//! Invariant 5 says that any prefix of any run, followed by the tick, ends as the whole run would. So
//! for each state of the model the invocations in flight are dropped, the tick runs alone and undisturbed,
//! round after round, until a round changes nothing; instances start between rounds. It must come to
//! rest ([`comes_to_rest`]); and once the alarms are OK and a person has commanded fail-back, nothing of
//! Evac's may be left ([`can_be_undone`]), nor, without a command, once the zones are well
//! ([`ends_by_itself`]).

use std::cell::RefCell;
use std::collections::HashMap;

use crate::real::Real;
use crate::run::{GroupStep, Request, Run, Signal};
use crate::state::{Alarm, Cloud, MUCH_LATER, Phase, Shift, ZONES, Zones};
use crate::{Ghost, Variant};

/// More rounds than any recovery takes.
const MOST_ROUNDS: u8 = 12;

thread_local! {
    static UNDONE: RefCell<HashMap<(Cloud, Variant), bool>> = RefCell::new(HashMap::new());
    static RESTS: RefCell<HashMap<(Cloud, Variant), Option<Cloud>>> = RefCell::new(HashMap::new());
}

/// Whether the tick alone comes to rest, and leaves nothing half done: an evacuation is whole or it
/// is gone.
#[must_use]
pub fn comes_to_rest(real: &Real, variant: Variant, cloud: Cloud) -> bool {
    rest(real, variant, cloud).is_some_and(|rest| is_whole(real, variant, &rest))
}

/// Whether, with the alarms OK, the command to fail back and the tick leave nothing of Evac's.
#[must_use]
pub fn can_be_undone(real: &Real, variant: Variant, cloud: Cloud) -> bool {
    let mut cloud = cloud;
    cloud.alarms = [Alarm::Ok; ZONES as usize];
    cloud.ill = Zones::NONE;
    if let Some(known) = UNDONE.with_borrow(|undone| undone.get(&(cloud, variant)).copied()) {
        return known;
    }
    let mut after = cloud;
    alone(real, variant, &mut after, Signal::FailBack(cloud.clock));
    let undone = rest(real, variant, after).is_some_and(|rest| is_gone(&rest));
    UNDONE.with_borrow_mut(|known| known.insert((cloud, variant), undone));
    undone
}

/// Whether, with every zone well, its alarm OK for long enough and no command, the tick leaves nothing
/// of Evac's. What a trial has to wait for is waited for, and a shift that the tick does not renew
/// expires: it does not where a person has ended that of another resource.
#[must_use]
pub fn ends_by_itself(real: &Real, variant: Variant, cloud: Cloud) -> bool {
    let mut cloud = cloud;
    cloud.ill = Zones::NONE;
    cloud.alarms = [Alarm::Recovered {
        after: cloud.clock,
        stable: true,
    }; ZONES as usize];
    let Some(mut cloud) = rest(real, variant, cloud) else {
        return false;
    };
    cloud.clock = MUCH_LATER;
    for shift in shifts(&mut cloud) {
        shift.old = true;
    }
    let Some(mut cloud) = rest(real, variant, cloud) else {
        return false;
    };
    for resource in &mut cloud.resources {
        resource.shift = resource.shift.filter(|shift| !shift.old);
    }
    rest(real, variant, cloud).is_some_and(|rest| is_gone(&rest))
}

fn shifts(cloud: &mut Cloud) -> impl Iterator<Item = &mut Shift> {
    let resources = cloud.resources.iter_mut();
    resources.filter_map(|resource| resource.shift.as_mut())
}

/// What the tick leaves once it changes nothing any more.
fn rest(real: &Real, variant: Variant, cloud: Cloud) -> Option<Cloud> {
    let mut passed = Vec::new();
    let mut now = cloud;
    let end = loop {
        if let Some(known) = RESTS.with_borrow(|rests| rests.get(&(now, variant)).copied()) {
            break known;
        }
        let before = now;
        alone(real, variant, &mut now, Signal::Tick);
        passed.push(before);
        if now == before {
            break Some(now);
        }
        if passed.len() > usize::from(MOST_ROUNDS) {
            break None;
        }
    };
    RESTS.with_borrow_mut(|rests| {
        rests.extend(passed.into_iter().map(|passed| ((passed, variant), end)));
    });
    end
}

/// One invocation from its first call to its last, with nothing between; then instances start.
fn alone(real: &Real, variant: Variant, cloud: &mut Cloud, signal: Signal) {
    let mut run = Run::begin(signal);
    let mut ghost = Ghost::default();
    while let Some(call) = run.calls(variant).first().copied() {
        let news = run.step(call, real, variant, cloud, &mut ghost);
        run.hear(news);
    }
    cloud.group.starting = Zones::NONE;
}

/// Whether an evacuation is in force as a whole, or none is. What a person does with shifts of their
/// own may keep Evac from going on or from ending; then it waits, and tells.
fn is_whole(real: &Real, variant: Variant, cloud: &Cloud) -> bool {
    let marks = cloud.resources.map(|resource| resource.mark());
    let failing_back = marks
        .iter()
        .flatten()
        .any(|(_, phase)| *phase == Phase::FailBack);
    let by_person = cloud
        .resources
        .iter()
        .any(crate::state::Resource::is_persons);
    match marks {
        _ if failing_back => false,
        [Some((incident, _)), other] => {
            let zone = incident.zone;
            let other_is_away = cloud.resources[1].is_away_from(zone)
                || (other.is_none() && by_person)
                || real.is_ended_on(cloud.resources[1], incident);
            let on_trial = marks
                .iter()
                .flatten()
                .any(|(_, phase)| matches!(phase, Phase::Trial(_)));
            let nothing_to_prune = matches!(
                real.plan_group(incident, Request::Prune, cloud.group, variant),
                GroupStep::Leave { .. }
            );
            let for_another = cloud
                .group
                .record
                .is_some_and(|record| record.incident.zone != zone);
            let whole = nothing_to_prune || on_trial || !other_is_whole(cloud);
            other_is_away && whole && !for_another
        }
        [None, Some(_)] => by_person,
        [None, None] => is_gone(cloud) || by_person,
    }
}

/// Whether both resources are away from one zone, as the gate before a prune asks.
fn other_is_whole(cloud: &Cloud) -> bool {
    let [lead, other] = cloud.resources;
    match (lead.shift, other.shift) {
        (Some(lead), Some(other)) => lead.zone == other.zone,
        _ => false,
    }
}

/// Whether nothing of Evac's is left, but for what a person's shift away from the same zone keeps.
fn is_gone(cloud: &Cloud) -> bool {
    let no_shift = cloud
        .resources
        .iter()
        .all(|resource| resource.mark().is_none());
    let kept = cloud.group.record.is_none_or(|record| {
        let zone = record.incident.zone;
        let persons = |resource: &crate::state::Resource| {
            resource.is_persons() && resource.is_away_from(zone)
        };
        cloud.resources.iter().any(persons)
    });
    no_shift && kept
}
