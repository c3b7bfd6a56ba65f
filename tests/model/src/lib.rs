//! The protocol of evacuation and fail-back as a model that a checker explores exhaustively.
//!
//! A history draws one order of events from a seed; here every order is gone through, for a small
//! workload and few events. What is explored is what two invocations, a person, the schedule and AWS can do
//! between any two calls to AWS, and what the tick makes of it when everything else stops.
//!
//! # What is real and what is transcribed
//!
//! Every decision is `domain`'s own, on the values that Evac would have read ([`real`]): `decide`, the
//! two gates, the plans of shifts and of groups, marks, records and incidents. Only what happens between
//! two decisions is written down a second time, because the code that does it is asynchronous and talks to
//! AWS ([`run`] says what stands where). AWS itself is what docs/REGION.md promises, in small
//! ([`state`]): a resource has one customer's shift at most, an update or a cancel of a shift that has
//! ended is refused, and nothing has a condition.
//!
//! # What is bounded
//!
//! Two resources, three zones with a subnet each, one group; two invocations in flight, and as many one
//! after another as there are; one person. [`Bounds`] says how often each event happens, and the instants at
//! which alarms go off and commands are given are hours apart. An invocation may pause between two calls
//! for as long as it likes, while others come and go: so whatever holds does not hold by timing. Only
//! that an alarm has been OK for `stableFor`, and that an hour passes in which nothing else happens,
//! comes between invocations: Lambda ends each within a minute.
//!
//! # What the properties excuse
//!
//! Neither ARC nor Auto Scaling changes anything under a condition, so what comes between the last reading
//! and the call is overwritten by the call, and no protocol over these APIs can help it. Where a person
//! or a shift's expiry comes just there, the properties ask that the run did not know, and that the tick
//! puts it right: [`properties`] says so at each. They excuse nothing that one invocation does to
//! another, but for two moments that [`Variant::TwoFaults`] and [`Variant::LateChanges`] show.

pub mod properties;
pub mod real;
pub mod recovery;
pub mod run;
pub mod state;
pub mod transcript;

use stateright::{Model, Property};

use crate::real::Real;
use crate::run::{Call, News, Run, Signal};
use crate::state::{Alarm, Cloud, INSTANTS, Incident, Incidents, Owner, Shift, Zone, Zones};

/// How the protocol is built: right, or wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variant {
    /// As it is.
    Evac,
    /// The lead is no lock: the resources are started at once, whatever becomes of the lead.
    NoLeadLock,
    /// The group is pruned before the shift.
    PruneFirst,
    /// The record is written after the subnets are taken out.
    TagsLast,
    /// Whoever's shift it is, it is cancelled.
    ForeignCancelled,
    /// The group is given back what it had, instead of what it has and what was removed.
    RestoreOriginal,
    /// What was ended is not heeded.
    EndIgnored,
    /// A group may be left with one zone.
    MinZonesIgnored,
    /// A zone that does not answer is taken for well.
    SilenceIsHealth,
    /// As it is, but a run may die also in the moment in which it alone knows what is to be put
    /// right: after a race of its own with another.
    TwoFaults,
    /// As it is, but the lead may pass to another zone, and the group be changed for that, while a run
    /// is still changing it for the zone that had the lead.
    LateChanges,
}

/// How often what happens to Evac happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bounds {
    /// Alarms that go off.
    pub alarms: u8,
    /// Alarms that become OK.
    pub recoveries: u8,
    /// What the person does.
    pub acts: u8,
    /// Invocations that die.
    pub crashes: u8,
    /// Events that are delivered again.
    pub duplicates: u8,
    /// Shifts that expire or come into the second half of their time, and hours in which nothing
    /// else happens.
    pub ageing: u8,
}

/// What the person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Shifts a resource by hand.
    Shift(usize, Zone),
    /// Cancels the shift of a resource, whoever's it is.
    Cancel(usize),
    /// Takes a zone's subnet out of the group.
    TakeOut(Zone),
    /// Puts every subnet back, as a tool for infrastructure does.
    PutBack,
    /// Deletes the tags of the record.
    DeleteTags,
    /// Commands an evacuation.
    Evacuate(Zone),
    /// Commands fail-back.
    FailBack,
}

/// The zones whose alarm may go off, and that the person shifts and evacuates: zones are alike, so the
/// third is for nothing but to go to.
const ALARMED: Zones = Zones(0b011);

/// The zones whose subnet the person takes out: one that may be evacuated, and one that may not.
const TAKEN_OUT: Zones = Zones(0b101);

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A zone's alarm goes off.
    GoesOff(Zone),
    /// A zone's alarm becomes OK.
    BecomesOk(Zone),
    /// An alarm's event is delivered, for the first time.
    Deliver(Incident),
    /// It is delivered again.
    DeliverAgain(Incident),
    /// The schedule starts a tick, and that makes its first call.
    Tick(Call),
    /// The person acts.
    Act(Act),
    /// It has been OK for long enough.
    Settles(Zone),
    /// The zone is well again.
    Heals(Zone),
    /// An hour passes.
    TimePasses,
    /// A shift comes into the second half of its time.
    Ages(usize),
    /// A shift expires.
    Expires(usize),
    /// The group's new instances are in service.
    InService,
    /// An invocation makes a call.
    Call(usize, Call),
    /// An invocation dies.
    Dies(usize),
}

/// What the properties need and Evac does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ghost {
    /// Zones whose subnet a person took out of the group, or whose record a person deleted.
    pub taken_out: Zones,
    /// Evac pruned, and traffic was in the zone all the time.
    pub pruned_unshifted: bool,
    /// Evac left a group with too few zones.
    pub too_few_zones: bool,
    /// Evac put back what a person had taken out.
    pub put_back: bool,
    /// Evac updated or cancelled a person's shift.
    pub foreign_touched: bool,
    /// Evac decided to start what it had seen to be ended.
    pub restarted: bool,
    /// A fail-back was begun on the proof that a zone is well that is not.
    pub unproven: bool,
    /// A fail-back that had begun was made an evacuation again.
    pub fail_back_lost: bool,
    /// A run for an older incident changed or ended the shift of a younger one.
    pub younger_ended: bool,
    /// The lead's shift ended while a run was about to start shifts.
    pub lead_lost: bool,
}

/// Everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State {
    /// What AWS holds.
    pub cloud: Cloud,
    /// The invocations in flight, in an order of their own: which is which does not matter.
    pub runs: [Run; 2],
    /// Events that have not been delivered.
    pub waiting: Incidents,
    /// Events that have.
    pub delivered: Incidents,
    /// What may still happen.
    pub left: Bounds,
    /// What only the properties know.
    pub ghost: Ghost,
}

impl State {
    /// What Evac's shifts are away from.
    #[must_use]
    pub fn shifted(&self) -> Zones {
        let marks = self
            .cloud
            .resources
            .iter()
            .filter_map(state::Resource::mark);
        marks.fold(Zones::NONE, |zones, (incident, _)| {
            zones.or(Zones::only(incident.zone))
        })
    }

    /// Subnets that the group lacks, and neither its record nor a person knows why.
    #[must_use]
    pub fn unexplained(&self) -> Zones {
        let group = &self.cloud.group;
        let recorded = group.record.map_or(Zones::NONE, |record| record.removed);
        let missing = Zones::ALL.without(group.subnets);
        missing.without(self.ghost.taken_out).without(recorded)
    }

    /// Whether a run is about to see that the group lacks something that is not on record, and to
    /// write it down.
    #[must_use]
    pub fn alone_knows(&self, run: &Run) -> bool {
        !self.unexplained().is_empty() && run.keeps().is_some()
    }

    /// Whether a run is about to change the group for one zone while another still changes it for another.
    #[must_use]
    pub fn crosses_another_zone(&self, run: &Run) -> bool {
        let mut changed = self.runs.iter().filter_map(Run::changes_group_of);
        run.will_change_group_of()
            .is_some_and(|zone| changed.any(|other| other != zone))
    }

    fn hear(&mut self, news: News) {
        for run in &mut self.runs {
            run.hear(news);
        }
        let starts = |run: &Run| matches!(run, Run::Shifting(..));
        if self.shifted().len() < 2 && !self.runs.iter().any(starts) {
            self.ghost.lead_lost = false;
        }
    }
}

/// The model.
#[derive(Debug, Clone)]
pub struct Protocol {
    /// The decisions.
    pub real: Real,
    /// How the protocol is built.
    pub variant: Variant,
    /// What may happen.
    pub bounds: Bounds,
}

impl Protocol {
    fn idle(state: &State) -> Option<usize> {
        state.runs.iter().position(|run| *run == Run::Idle)
    }

    fn acts(state: &State) -> Vec<Act> {
        let zones = || ALARMED.iter();
        let mut acts = Vec::new();
        for (of, resource) in state.cloud.resources.iter().enumerate() {
            match resource.shift {
                None => acts.extend(zones().map(|zone| Act::Shift(of, zone))),
                Some(_) => acts.push(Act::Cancel(of)),
            }
        }
        let group = &state.cloud.group;
        acts.extend(group.subnets.and(TAKEN_OUT).iter().map(Act::TakeOut));
        if group.subnets != Zones::ALL {
            acts.push(Act::PutBack);
        }
        if group.record.is_some() {
            acts.push(Act::DeleteTags);
        }
        if Self::idle(state).is_some() && state.cloud.clock + 1 < INSTANTS {
            acts.extend(zones().map(Act::Evacuate));
            acts.push(Act::FailBack);
        }
        acts
    }

    fn act(&self, state: &mut State, act: Act) -> News {
        let cloud = &mut state.cloud;
        match act {
            Act::Shift(of, zone) => {
                cloud.resources[of].shift = Some(Shift {
                    zone,
                    owner: Owner::Person,
                    old: false,
                });
                News::Nothing
            }
            Act::Cancel(of) => {
                let resource = &mut cloud.resources[of];
                if let Some((incident, _)) = resource.mark() {
                    resource.ended = resource.ended.ended(incident);
                }
                end_shift(cloud, of)
            }
            Act::TakeOut(zone) => {
                // What is on record is Evac's to put back, whoever takes it out.
                let on_record = cloud
                    .group
                    .record
                    .map_or(Zones::NONE, |record| record.removed);
                let taken_out = Zones::only(zone).without(on_record);
                state.ghost.taken_out = state.ghost.taken_out.or(taken_out);
                let left = cloud.group.subnets.without(Zones::only(zone));
                cloud.group.set_subnets(left);
                News::GroupChanged
            }
            Act::PutBack => {
                state.ghost.taken_out = Zones::NONE;
                cloud.group.set_subnets(Zones::ALL);
                News::GroupChanged
            }
            Act::DeleteTags => {
                // What is missing is the person's from now on.
                let missing = Zones::ALL.without(cloud.group.subnets);
                state.ghost.taken_out = state.ghost.taken_out.or(missing);
                cloud.group.record = None;
                News::GroupChanged
            }
            Act::Evacuate(zone) => {
                cloud.clock += 1;
                let at = cloud.clock;
                self.begin(state, Signal::Evacuate(Incident { zone, at }), None)
            }
            Act::FailBack => {
                cloud.clock += 1;
                let at = cloud.clock;
                self.begin(state, Signal::FailBack(at), None)
            }
        }
    }

    /// Begins an invocation, and makes its first call where there is no other moment for it.
    fn begin(&self, state: &mut State, signal: Signal, first: Option<Call>) -> News {
        let Some(slot) = Self::idle(state) else {
            return News::Nothing;
        };
        state.runs[slot] = Run::begin(signal);
        match first {
            Some(call) => self.call(state, slot, call),
            None => News::Nothing,
        }
    }

    fn call(&self, state: &mut State, slot: usize, call: Call) -> News {
        let State {
            cloud, runs, ghost, ..
        } = state;
        runs[slot].step(call, &self.real, self.variant, cloud, ghost)
    }
}

fn end_shift(cloud: &mut Cloud, of: usize) -> News {
    match cloud.resources[of].shift.take() {
        Some(shift) => News::ShiftEnded(of, shift.zone),
        None => News::Nothing,
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            cloud: Cloud::at_peace(),
            runs: [Run::Idle; 2],
            waiting: Incidents::default(),
            delivered: Incidents::default(),
            left: self.bounds,
            ghost: Ghost::default(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let left = &state.left;
        let cloud = &state.cloud;
        if left.alarms > 0 && cloud.clock + 1 < INSTANTS {
            // Zones are alike: the first to go off is the first.
            let first = left.alarms == self.bounds.alarms;
            let may = |zone: &Zone| !first || zone.0 == 0;
            let is_ok = |zone: &Zone| !cloud.alarms[usize::from(zone.0)].is_on();
            let zones = ALARMED.iter().filter(may).filter(is_ok);
            actions.extend(zones.map(Action::GoesOff));
        }
        if left.recoveries > 0 {
            let is_on = |zone: &Zone| cloud.alarms[usize::from(zone.0)].is_on();
            actions.extend(Zones::ALL.iter().filter(is_on).map(Action::BecomesOk));
        }
        // An invocation lasts less than a minute, so minutes pass between invocations only.
        let is_quiet = state.runs == [Run::Idle; 2];
        for zone in Zones::ALL.iter() {
            if let Alarm::Recovered { stable, .. } = cloud.alarms[usize::from(zone.0)] {
                if !stable && is_quiet {
                    actions.push(Action::Settles(zone));
                }
                if cloud.ill.has(zone) {
                    actions.push(Action::Heals(zone));
                }
            }
        }
        if Self::idle(state).is_some() {
            // Before its first call an invocation is nowhere to be seen.
            actions.extend(state.waiting.iter().map(Action::Deliver));
            if left.duplicates > 0 {
                actions.extend(state.delivered.iter().map(Action::DeliverAgain));
            }
            let first = Run::begin(Signal::Tick).calls(self.variant).into_iter();
            actions.extend(first.map(Action::Tick));
        }
        if left.acts > 0 {
            actions.extend(Self::acts(state).into_iter().map(Action::Act));
        }
        if left.ageing > 0 && is_quiet && cloud.clock + 1 < INSTANTS {
            actions.push(Action::TimePasses);
        }
        if left.ageing > 0 {
            for (of, resource) in cloud.resources.iter().enumerate() {
                if let Some(shift) = resource.shift {
                    actions.push(Action::Expires(of));
                    if !shift.old {
                        actions.push(Action::Ages(of));
                    }
                }
            }
        }
        if !cloud.group.starting.is_empty() {
            actions.push(Action::InService);
        }
        for (slot, run) in state.runs.iter().enumerate() {
            let calls = run.calls(self.variant).into_iter();
            let waits = self.variant != Variant::LateChanges && state.crosses_another_zone(run);
            if !waits {
                actions.extend(calls.map(|call| Action::Call(slot, call)));
            }
            if left.crashes > 0 && *run != Run::Idle {
                let alone = self.variant != Variant::TwoFaults && state.alone_knows(run);
                if !alone {
                    actions.push(Action::Dies(slot));
                }
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = *last;
        let news = match action {
            Action::GoesOff(zone) => {
                state.left.alarms -= 1;
                state.cloud.clock += 1;
                let at = state.cloud.clock;
                state.cloud.alarms[usize::from(zone.0)] = Alarm::Alarm(at);
                state.cloud.ill = state.cloud.ill.or(Zones::only(zone));
                state.waiting = state.waiting.with(Incident { zone, at });
                News::Nothing
            }
            Action::BecomesOk(zone) => {
                state.left.recoveries -= 1;
                state.cloud.alarms[usize::from(zone.0)] = Alarm::Recovered {
                    after: state.cloud.clock,
                    stable: false,
                };
                News::Nothing
            }
            Action::Settles(zone) => {
                if let Alarm::Recovered { stable, .. } =
                    &mut state.cloud.alarms[usize::from(zone.0)]
                {
                    *stable = true;
                }
                News::Nothing
            }
            Action::Heals(zone) => {
                state.cloud.ill = state.cloud.ill.without(Zones::only(zone));
                News::Nothing
            }
            Action::TimePasses => {
                state.left.ageing -= 1;
                state.cloud.clock += 1;
                News::Nothing
            }
            Action::Deliver(incident) => {
                state.waiting = state.waiting.without(incident);
                state.delivered = state.delivered.with(incident);
                self.begin(&mut state, Signal::Alarm(incident), Some(Call::Alarms))
            }
            Action::DeliverAgain(incident) => {
                state.left.duplicates -= 1;
                self.begin(&mut state, Signal::Alarm(incident), Some(Call::Alarms))
            }
            Action::Tick(call) => self.begin(&mut state, Signal::Tick, Some(call)),
            Action::Act(act) => {
                state.left.acts -= 1;
                self.act(&mut state, act)
            }
            Action::Ages(of) => {
                state.left.ageing -= 1;
                if let Some(shift) = &mut state.cloud.resources[of].shift {
                    shift.old = true;
                }
                News::Nothing
            }
            Action::Expires(of) => {
                state.left.ageing -= 1;
                end_shift(&mut state.cloud, of)
            }
            Action::InService => {
                state.cloud.group.starting = Zones::NONE;
                News::Nothing
            }
            Action::Call(slot, call) => self.call(&mut state, slot, call),
            Action::Dies(slot) => {
                state.left.crashes -= 1;
                state.runs[slot] = Run::Idle;
                News::Nothing
            }
        };
        let lead_ends = matches!(news, News::ShiftEnded(0, _));
        let shifts = |run: &Run| matches!(run, Run::Shifting(..));
        state.ghost.lead_lost |= lead_ends && state.runs.iter().any(shifts);
        state.hear(news);
        if state.left.duplicates == 0 {
            // They cannot come again, so nothing depends on them.
            state.delivered = Incidents::default();
        }
        state.runs.sort_unstable();
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
