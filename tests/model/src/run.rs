//! One invocation of the classifier, with what it asks of the other two functions, call by call.
//!
//! This is the part of the model that transcribes code instead of calling it, because the code is
//! asynchronous and talks to AWS. What is transcribed, and from where:
//!
//! | here | there |
//! | --- | --- |
//! | [`Looking`] | `classifier::observe`: which reads a signal asks for |
//! | `Plan::first`, `Run::next` | `classifier::act`: the order of the requests, and what ends a run |
//! | [`Shifting`] | `zonal_shift::perform::start_all` and `start`, `zonal_shift::read_back` |
//! | [`Changing`] | `zonal_shift::perform::update_all` and `cancel_all` |
//! | [`Grouping`] | `asg_pruning::prune`, `restore`, `change` and `keep_record` |
//!
//! Every call to AWS is a step of its own, so that everything else may come between any two. What is
//! decided between calls is not transcribed: [`crate::real`] has the functions of `domain` decide it.
//!
//! Four things are merged, and lose nothing. A group is read twice before it is changed, and what the
//! first reading leads to is either to leave the group, or to read again; so one reading at either
//! time is all that matters. A change is read back several times, and the last reading counts. What
//! is read back after a prune is only told to people. A call that fails without an effect ends the run,
//! at that line or a few lines later without another effect: that is a crash before the call, and one whose
//! answer gets lost is a crash after it, or no failure at all where the code reads again.

use crate::real::Real;
use crate::state::{
    Alarm, Cloud, Incident, Owner, Phase, RESOURCES, Record, Resource, Shift, ZONES, Zone, Zones,
};
use crate::{Ghost, Variant};

/// Why an invocation runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// The event of an alarm that went off.
    Alarm(Incident),
    /// The schedule.
    Tick,
    /// A person's command to evacuate.
    Evacuate(Incident),
    /// A person's command to fail back, given at an instant.
    FailBack(u8),
}

impl Signal {
    /// Whether everything is read before the decision, as on every path but the fast one.
    #[must_use]
    pub fn looks_at_all(self) -> bool {
        !matches!(self, Self::Alarm(_))
    }
}

/// What has been read for the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seen {
    /// The alarms.
    pub alarms: Option<[Alarm; ZONES as usize]>,
    /// The resources.
    pub resources: [Option<Resource>; RESOURCES],
    /// What the group is pruned for: of a group's status the decision sees no more.
    pub pruned_for: Option<Option<Incident>>,
    /// The incidents that seemed to have lost their lead when the resources were last looked at: of a
    /// shift, and of a prune.
    pub doubted: [Option<Incident>; 2],
    /// Whether it has to be asked which zones are well.
    pub asks_health: bool,
    /// The zones that are seen to be well.
    pub health: Option<Zones>,
}

/// What an invocation has decided to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plan {
    /// To evacuate.
    Evacuate {
        /// The incident.
        incident: Incident,
        /// Whether the shift is written anew.
        renew: bool,
        /// The phase that it is to say.
        phase: Phase,
        /// Whether a shift away from the zone has ended since it was seen: only the properties ask.
        lost: bool,
    },
    /// To fail back.
    FailBack {
        /// The incident.
        incident: Incident,
        /// Whether a shift of ours is in force.
        shift: bool,
        /// Whether the shift says the phase already.
        begun: bool,
        /// The phase that it is to say: fail-back, or a trial.
        phase: Phase,
    },
}

impl Plan {
    /// The incident.
    #[must_use]
    pub fn incident(self) -> Incident {
        match self {
            Self::Evacuate { incident, .. } | Self::FailBack { incident, .. } => incident,
        }
    }
}

/// A plan, and whether it begins a fail-back on proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decision {
    /// The plan.
    pub plan: Plan,
    /// Whether the zone is said to be proven well.
    pub proven: bool,
}

/// A request to one of the other two functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Request {
    /// To shift.
    Shift,
    /// To let our shifts last longer, and to note the phase.
    Extend(Phase),
    /// To end our shifts.
    Cancel,
    /// To take the zone out of the group.
    Prune,
    /// To put it back.
    Restore,
}

/// The outcome of a resource, as far as anything follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// A shift was started.
    Started,
    /// Traffic was away already.
    AlreadyShifted {
        /// By our own shift.
        ours: bool,
    },
    /// Our shift lasts longer.
    Extended,
    /// A shift away from this zone stands in the way.
    HeldByOther(Zone),
    /// The incident was ended.
    Ended,
    /// Nothing was tried.
    NotStarted,
    /// ARC refused.
    Refused,
    /// Anything else, which is not followed up.
    Other,
}

/// What has become of a shift since it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Since {
    /// Nothing.
    Same,
    /// Its comment has changed.
    Remarked,
    /// It has ended.
    Gone,
}

/// What is to be done about a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Todo {
    /// To start a shift.
    Start,
    /// To update the shift that was read.
    Update(Since),
    /// To cancel the shift that was read.
    Cancel(Since),
    /// Nothing more.
    Done(Outcome),
}

impl Todo {
    fn hear(&mut self, what: Since) {
        match self {
            Self::Update(since) | Self::Cancel(since) => *since = what.max(*since),
            Self::Start | Self::Done(_) => {}
        }
    }
}

/// A resource as zonal-shift has read it for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reading {
    /// What was read.
    pub resource: Resource,
    /// What has become of its shift since.
    pub since: Since,
}

/// One resource of a request to shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane {
    /// What was read of it last.
    pub seen: Resource,
    /// What is to be done.
    pub todo: Todo,
    /// Whether ARC refused, and the resource is to be read again.
    pub doubted: bool,
    /// Whether this is the second try.
    pub again: bool,
    /// Whether the shift that was read last has ended since: only the properties ask.
    pub lost: bool,
}

/// Where a request to shift stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shifting {
    /// The resources are being read.
    Reading([Option<Reading>; RESOURCES]),
    /// Shifts are being started, the lead first and alone.
    Starting([Lane; RESOURCES]),
    /// What ARC applies is being read back, of these.
    ReadingBack([Lane; RESOURCES], [bool; RESOURCES]),
}

/// Where a request to extend or to cancel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Changing {
    /// The resources are being read.
    Reading([Option<Reading>; RESOURCES]),
    /// Shifts are being updated or cancelled.
    Changing([Todo; RESOURCES]),
}

/// Where a request to prune or to restore stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grouping {
    /// The group is to be read.
    Reading,
    /// The record is to be written, before the subnets are taken out.
    Recording {
        /// The record.
        record: Record,
        /// The subnets that the group is to have.
        target: Zones,
        /// Whether the group's subnets have changed since they were read.
        outdated: bool,
    },
    /// The group is to be given its subnets.
    Updating {
        /// The record that is on it.
        record: Record,
        /// The subnets.
        target: Zones,
        /// What is put back.
        added: Zones,
        /// Whether the group's subnets have changed since they were read.
        outdated: bool,
    },
    /// It is to be read whether the record is there after the subnets are gone.
    Checking {
        /// The record.
        record: Record,
    },
    /// It is to be read whether the group has what was put back, and its record is still the same.
    Confirming {
        /// The record.
        record: Record,
        /// What was put back.
        added: Zones,
    },
    /// The record is to be deleted.
    Deleting {
        /// The record.
        record: Record,
        /// Whether the zone's capacity is in service.
        ready: bool,
    },
    /// It is to be read whether the group lacks anything after all.
    Keeping {
        /// The record that was deleted.
        record: Record,
        /// Whether the zone's capacity is in service.
        ready: bool,
    },
    /// The record is to be written again.
    Rewriting {
        /// The record that was deleted.
        record: Record,
    },
}

/// What is read before the decision.
pub type Looking = (Signal, Seen);

/// An invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Run {
    /// There is none.
    #[default]
    Idle,
    /// It reads what the decision rests on.
    Looking(Signal, Seen),
    /// It waits for `shift`.
    Shifting(Plan, Shifting),
    /// It waits for `extend` or `cancel`.
    Changing(Plan, Request, Changing),
    /// It waits for `prune` or `restore`.
    Grouping(Plan, Request, Grouping),
}

/// What a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Every alarm.
    Alarms,
    /// A resource, by its place.
    Resource(usize),
    /// The group.
    Group,
    /// What watches the zones.
    Health,
}

/// What a call changed that other invocations have to be told of, so that what they have read is
/// known to be out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing.
    Nothing,
    /// The shift in force on a resource has ended.
    ShiftEnded(usize, Zone),
    /// It has another comment.
    ShiftRemarked(usize),
    /// The group's subnets or its record have changed otherwise than by the record's own run.
    GroupChanged,
}

impl Run {
    /// Begins.
    #[must_use]
    pub fn begin(signal: Signal) -> Self {
        Self::Looking(signal, Seen::default())
    }

    /// The calls that may come next. Those that the code makes at once come in any order.
    #[must_use]
    pub fn calls(&self, variant: Variant) -> Vec<Call> {
        let open = |of: [bool; RESOURCES]| {
            (0..RESOURCES)
                .filter(move |index| of[*index])
                .map(Call::Resource)
        };
        match self {
            Self::Idle => Vec::new(),
            Self::Looking(signal, seen) => {
                let all = signal.looks_at_all() || seen.alarms.is_some();
                let alarms = seen.alarms.is_none().then_some(Call::Alarms);
                let group = (all && seen.pruned_for.is_none()).then_some(Call::Group);
                let resources = open(seen.resources.map(|seen| all && seen.is_none()));
                let health = (seen.asks_health && seen.health.is_none()).then_some(Call::Health);
                let first = alarms.into_iter().chain(resources).chain(group);
                first.chain(health).collect()
            }
            Self::Shifting(_, Shifting::Reading(readings))
            | Self::Changing(_, _, Changing::Reading(readings)) => {
                open(readings.map(|reading| reading.is_none())).collect()
            }
            Self::Shifting(_, Shifting::Starting(lanes)) => {
                let lanes = lanes.map(|lane| !matches!(lane.todo, Todo::Done(_)));
                let at_once = if variant == Variant::NoLeadLock {
                    RESOURCES
                } else {
                    1
                };
                open(lanes).take(at_once).collect()
            }
            Self::Shifting(_, Shifting::ReadingBack(_, lanes)) => open(*lanes).collect(),
            Self::Changing(_, request, Changing::Changing(todo)) => {
                let mut todo: Vec<Call> =
                    open(todo.map(|todo| !matches!(todo, Todo::Done(_)))).collect();
                if *request == Request::Cancel {
                    // The lead is released last.
                    todo.reverse();
                    todo.truncate(1);
                }
                todo
            }
            Self::Grouping(..) => vec![Call::Group],
        }
    }

    /// The record that it writes again if it finds it missing.
    #[must_use]
    pub fn keeps(&self) -> Option<Record> {
        match self {
            Self::Grouping(
                _,
                _,
                Grouping::Checking { record }
                | Grouping::Keeping { record, .. }
                | Grouping::Rewriting { record },
            ) => Some(*record),
            _ => None,
        }
    }

    /// The zone for which it is about to read the group, to change it.
    #[must_use]
    pub fn will_change_group_of(&self) -> Option<Zone> {
        match self {
            Self::Grouping(plan, _, Grouping::Reading) => Some(plan.incident().zone),
            _ => None,
        }
    }

    /// The zone for which it has read the group, and is changing it.
    #[must_use]
    pub fn changes_group_of(&self) -> Option<Zone> {
        match self {
            Self::Grouping(_, _, Grouping::Reading) => None,
            Self::Grouping(plan, _, _) => Some(plan.incident().zone),
            _ => None,
        }
    }

    /// What has happened elsewhere.
    pub fn hear(&mut self, news: News) {
        match news {
            News::Nothing => {}
            News::ShiftEnded(of, zone) => {
                self.hear_of_shift(of, Since::Gone);
                match self {
                    Self::Shifting(
                        plan,
                        Shifting::Starting(lanes) | Shifting::ReadingBack(lanes, _),
                    ) => {
                        let lane = &mut lanes[of];
                        lane.lost |= zone == plan.incident().zone && lane.seen.is_away_from(zone);
                    }
                    Self::Changing(plan, ..) | Self::Grouping(plan, ..) => {
                        if let Plan::Evacuate { incident, lost, .. } = plan {
                            *lost |= incident.zone == zone;
                        }
                    }
                    Self::Idle | Self::Looking(..) | Self::Shifting(..) => {}
                }
            }
            News::ShiftRemarked(of) => self.hear_of_shift(of, Since::Remarked),
            News::GroupChanged => {
                if let Self::Grouping(
                    _,
                    _,
                    Grouping::Recording { outdated, .. } | Grouping::Updating { outdated, .. },
                ) = self
                {
                    *outdated = true;
                }
            }
        }
    }

    fn hear_of_shift(&mut self, of: usize, what: Since) {
        match self {
            Self::Shifting(_, Shifting::Reading(readings))
            | Self::Changing(_, _, Changing::Reading(readings)) => {
                if let Some(reading) = &mut readings[of]
                    && reading.resource.shift.is_some()
                {
                    reading.since = what.max(reading.since);
                }
            }
            Self::Shifting(_, Shifting::Starting(lanes)) => lanes[of].todo.hear(what),
            Self::Changing(_, _, Changing::Changing(todo)) => todo[of].hear(what),
            Self::Idle | Self::Looking(..) | Self::Shifting(..) | Self::Grouping(..) => {}
        }
    }

    /// Makes one call, and goes on to the next.
    pub fn step(
        &mut self,
        call: Call,
        real: &Real,
        variant: Variant,
        cloud: &mut Cloud,
        ghost: &mut Ghost,
    ) -> News {
        let mut step = Step {
            real,
            variant,
            cloud,
            ghost,
            news: News::Nothing,
        };
        *self = match (*self, call) {
            (Self::Looking(signal, seen), call) => step.look(signal, seen, call),
            (Self::Shifting(plan, stage), Call::Resource(of)) => step.shift(plan, stage, of),
            (Self::Changing(plan, request, stage), Call::Resource(of)) => {
                step.change(plan, request, stage, of)
            }
            (Self::Grouping(plan, request, stage), Call::Group) => step.group(plan, request, stage),
            (other, _) => other,
        };
        step.news
    }
}

impl Plan {
    /// The first request.
    fn first(self, variant: Variant) -> Run {
        match self {
            Self::Evacuate { .. } if variant == Variant::PruneFirst => self.ask(Request::Prune),
            Self::Evacuate { .. } => self.ask(Request::Shift),
            Self::FailBack {
                shift: true,
                begun: false,
                phase,
                ..
            } => self.ask(Request::Extend(phase)),
            Self::FailBack { .. } => self.ask(Request::Restore),
        }
    }

    /// The request after one that was answered well.
    fn next(self, request: Request, variant: Variant) -> Run {
        match (self, request) {
            (Self::Evacuate { .. }, Request::Prune) if variant == Variant::PruneFirst => {
                self.ask(Request::Shift)
            }
            (Self::Evacuate { .. }, Request::Shift | Request::Extend(_))
                if variant == Variant::PruneFirst =>
            {
                Run::Idle
            }
            (
                Self::Evacuate {
                    renew: true, phase, ..
                },
                Request::Shift,
            ) => self.ask(Request::Extend(phase)),
            (Self::Evacuate { .. }, Request::Shift | Request::Extend(_)) => {
                self.ask(Request::Prune)
            }
            (Self::FailBack { .. }, Request::Extend(_)) => self.ask(Request::Restore),
            (
                Self::FailBack {
                    shift: true,
                    phase: Phase::FailBack,
                    ..
                },
                Request::Restore,
            ) => self.ask(Request::Cancel),
            (Self::Evacuate { .. } | Self::FailBack { .. }, _) => Run::Idle,
        }
    }

    fn ask(self, request: Request) -> Run {
        match request {
            Request::Shift => Run::Shifting(self, Shifting::Reading([None; RESOURCES])),
            Request::Extend(_) | Request::Cancel => {
                Run::Changing(self, request, Changing::Reading([None; RESOURCES]))
            }
            Request::Prune | Request::Restore => Run::Grouping(self, request, Grouping::Reading),
        }
    }
}

/// One call.
struct Step<'a> {
    real: &'a Real,
    variant: Variant,
    cloud: &'a mut Cloud,
    ghost: &'a mut Ghost,
    news: News,
}

impl Step<'_> {
    fn look(&mut self, signal: Signal, mut seen: Seen, call: Call) -> Run {
        match call {
            Call::Alarms => seen.alarms = Some(self.cloud.alarms),
            Call::Resource(of) => seen.resources[of] = Some(self.cloud.resources[of]),
            Call::Health => {
                let unanswered = Zones::ALL.without(self.cloud.group.subnets);
                let well = self.cloud.seen_well();
                seen.health = Some(match self.variant {
                    Variant::SilenceIsHealth => well.or(unanswered),
                    _ => well,
                });
            }
            Call::Group => {
                let record = self.cloud.group.record;
                seen.pruned_for = Some(record.map(|record| record.incident));
            }
        }
        let complete = seen.resources.iter().all(Option::is_some) && seen.pruned_for.is_some();
        let enough = match (signal, seen.alarms) {
            (Signal::Alarm(incident), Some(alarms)) => {
                alarms[usize::from(incident.zone.0)].is_on() || complete
            }
            (_, alarms) => alarms.is_some() && complete,
        };
        if !enough {
            return Run::Looking(signal, seen);
        }
        if complete && !seen.asks_health {
            let lost = self.real.seem_to_have_lost_their_lead(seen);
            let new = |incident: &Option<Incident>| {
                incident.is_some() && !seen.doubted.contains(incident)
            };
            if lost.iter().any(new) {
                seen.resources = [None; RESOURCES];
                seen.doubted = lost;
                return Run::Looking(signal, seen);
            }
        }
        seen.doubted = [None; 2];
        let clock = self.cloud.clock;
        if !seen.asks_health && self.real.awaits_proof(signal, seen, clock) {
            seen.asks_health = true;
            return Run::Looking(signal, seen);
        }
        match self.real.decide(signal, seen, clock) {
            None => Run::Idle,
            Some(Decision { plan, proven }) => {
                self.ghost.unproven |= proven && self.cloud.ill.has(plan.incident().zone);
                plan.first(self.variant)
            }
        }
    }

    fn shift(&mut self, plan: Plan, stage: Shifting, of: usize) -> Run {
        let incident = plan.incident();
        match stage {
            Shifting::Reading(mut readings) => {
                readings[of] = Some(Reading {
                    resource: self.cloud.resources[of],
                    since: Since::Same,
                });
                let [Some(lead), Some(other)] = readings else {
                    return Run::Shifting(plan, Shifting::Reading(readings));
                };
                let readings = [lead, other];
                let todo = self.real.plan_shift(incident, readings, self.variant);
                let lane = |of: usize| Lane {
                    seen: readings[of].resource,
                    todo: todo[of],
                    doubted: false,
                    again: false,
                    lost: readings[of].since == Since::Gone
                        && readings[of].resource.is_away_from(incident.zone),
                };
                let lanes = [lane(0), lane(1)];
                for lane in &lanes {
                    self.note_restart(incident, lane);
                }
                self.after_starting(plan, lanes)
            }
            Shifting::Starting(mut lanes) => {
                let lane = &mut lanes[of];
                if lane.doubted {
                    lane.doubted = false;
                    lane.seen = self.cloud.resources[of];
                    lane.lost = false;
                    lane.todo = self.planned_again(incident, lane);
                    lane.again = true;
                    self.note_restart(incident, &lanes[of]);
                } else {
                    match self.try_to_start(incident, of, lane.todo) {
                        Ok(outcome) => lane.todo = Todo::Done(outcome),
                        Err(()) if lane.again => lane.todo = Todo::Done(Outcome::Refused),
                        Err(()) => lane.doubted = true,
                    }
                }
                self.after_starting(plan, lanes)
            }
            Shifting::ReadingBack(mut lanes, mut open) => {
                lanes[of].seen = self.cloud.resources[of];
                lanes[of].lost = false;
                open[of] = false;
                self.after_reading_back(plan, lanes, open)
            }
        }
    }

    /// Goes on once nothing is left to start: what has no effect by the first reading is read back.
    fn after_starting(&mut self, plan: Plan, mut lanes: [Lane; RESOURCES]) -> Run {
        let [lead, other] = &mut lanes;
        if let Todo::Done(outcome) = lead.todo {
            let ours = matches!(
                outcome,
                Outcome::Started | Outcome::Extended | Outcome::AlreadyShifted { .. }
            );
            if !ours && !matches!(other.todo, Todo::Done(_)) && self.variant != Variant::NoLeadLock
            {
                other.todo = Todo::Done(Outcome::NotStarted);
            }
        }
        if lanes.iter().any(|lane| !matches!(lane.todo, Todo::Done(_))) {
            return Run::Shifting(plan, Shifting::Starting(lanes));
        }
        let zone = plan.incident().zone;
        let open = lanes.map(|lane| {
            let of_ours = matches!(
                lane.todo,
                Todo::Done(Outcome::Started | Outcome::Extended | Outcome::AlreadyShifted { .. })
            );
            of_ours && !lane.seen.is_away_from(zone)
        });
        self.after_reading_back(plan, lanes, open)
    }

    fn after_reading_back(
        &mut self,
        plan: Plan,
        lanes: [Lane; RESOURCES],
        open: [bool; RESOURCES],
    ) -> Run {
        if open.contains(&true) {
            return Run::Shifting(plan, Shifting::ReadingBack(lanes, open));
        }
        if !self.real.is_in_effect(plan.incident(), lanes) {
            return Run::Idle;
        }
        let mut plan = plan;
        if let Plan::Evacuate { lost, .. } = &mut plan {
            *lost |= lanes.iter().any(|lane| lane.lost);
        }
        plan.next(Request::Shift, self.variant)
    }

    /// Starts or updates; an error where ARC refuses.
    fn try_to_start(&mut self, incident: Incident, of: usize, todo: Todo) -> Result<Outcome, ()> {
        match todo {
            Todo::Start => {
                if self.cloud.resources[of].shift.is_some() {
                    return Err(());
                }
                self.cloud.resources[of].shift = Some(Shift {
                    zone: incident.zone,
                    owner: Owner::Evac(incident, Phase::Evacuate),
                    old: false,
                });
                Ok(Outcome::Started)
            }
            Todo::Update(Since::Gone) => Err(()),
            Todo::Update(since) => {
                self.update(incident, Phase::Evacuate, of, since);
                Ok(Outcome::Extended)
            }
            Todo::Cancel(_) => Ok(Outcome::Other),
            Todo::Done(outcome) => Ok(outcome),
        }
    }

    /// To start what was seen to be ended is to overrule a person.
    fn note_restart(&mut self, incident: Incident, lane: &Lane) {
        let starts = lane.todo == Todo::Start;
        self.ghost.restarted |= starts && self.real.is_ended_on(lane.seen, incident);
    }

    /// What is left to do where ARC refused and the resource was read again.
    fn planned_again(&self, incident: Incident, lane: &Lane) -> Todo {
        if lane.seen.mark() == Some((incident, Phase::Evacuate)) {
            return Todo::Done(match lane.todo {
                Todo::Start => Outcome::Started,
                _ => Outcome::Extended,
            });
        }
        let was = lane.todo;
        match self
            .real
            .plan_shift_of_one(incident, lane.seen, self.variant)
        {
            again @ Todo::Done(
                Outcome::AlreadyShifted { .. } | Outcome::HeldByOther(_) | Outcome::Ended,
            ) => again,
            // Another shift is another step, whatever it is called.
            Todo::Start if was != Todo::Start => Todo::Start,
            Todo::Update(_) => Todo::Update(Since::Same),
            _ => Todo::Done(Outcome::Refused),
        }
    }

    fn update(&mut self, incident: Incident, phase: Phase, of: usize, since: Since) {
        let Some(shift) = &mut self.cloud.resources[of].shift else {
            return;
        };
        let knows = since == Since::Same;
        match shift.owner {
            Owner::Person => self.ghost.foreign_touched = true,
            Owner::Evac(before, was) => {
                let takes_back = was == Phase::FailBack
                    && phase != Phase::FailBack
                    && self.real.is_settled_by(incident, before);
                let younger = !self.real.is_settled_by(before, incident);
                self.ghost.fail_back_lost |= knows && takes_back;
                self.ghost.younger_ended |= knows && younger;
            }
        }
        let owner = Owner::Evac(incident, phase);
        if shift.owner != owner {
            self.news = News::ShiftRemarked(of);
        }
        shift.owner = owner;
        shift.old = false;
    }

    fn change(&mut self, plan: Plan, request: Request, stage: Changing, of: usize) -> Run {
        let incident = plan.incident();
        let todo = match stage {
            Changing::Reading(mut readings) => {
                readings[of] = Some(Reading {
                    resource: self.cloud.resources[of],
                    since: Since::Same,
                });
                let [Some(lead), Some(other)] = readings else {
                    return Run::Changing(plan, request, Changing::Reading(readings));
                };
                self.real
                    .plan_change(incident, request, [lead, other], self.variant)
            }
            Changing::Changing(mut todo) => {
                let mut outcome = Outcome::Other;
                match (todo[of], request) {
                    (Todo::Update(Since::Gone) | Todo::Cancel(Since::Gone), _) => {}
                    (Todo::Update(since), Request::Extend(phase)) => {
                        self.update(incident, phase, of, since);
                        outcome = Outcome::Extended;
                    }
                    (Todo::Cancel(since), _) => self.cancel(incident, of, since),
                    _ => {}
                }
                todo[of] = Todo::Done(outcome);
                todo
            }
        };
        if todo.iter().any(|todo| !matches!(todo, Todo::Done(_))) {
            return Run::Changing(plan, request, Changing::Changing(todo));
        }
        let begins = matches!((plan, request), (Plan::FailBack { .. }, Request::Extend(_)));
        if begins && !todo.contains(&Todo::Done(Outcome::Extended)) {
            return Run::Idle;
        }
        plan.next(request, self.variant)
    }

    fn cancel(&mut self, incident: Incident, of: usize, since: Since) {
        let Some(shift) = self.cloud.resources[of].shift.take() else {
            return;
        };
        self.news = News::ShiftEnded(of, shift.zone);
        match shift.owner {
            Owner::Person => self.ghost.foreign_touched = true,
            Owner::Evac(marked, _) => {
                let younger = !self.real.is_settled_by(marked, incident);
                self.ghost.younger_ended |= since == Since::Same && younger;
                let ended = &mut self.cloud.resources[of].ended;
                *ended = ended.ended(marked);
            }
        }
    }

    fn group(&mut self, plan: Plan, request: Request, stage: Grouping) -> Run {
        let at = |stage| Run::Grouping(plan, request, stage);
        let incident = plan.incident();
        let tags_last = self.variant == Variant::TagsLast;
        match stage {
            Grouping::Reading => {
                let group = self.cloud.group;
                match self.real.plan_group(incident, request, group, self.variant) {
                    GroupStep::Prune { record, target } if tags_last => at(Grouping::Updating {
                        record,
                        target,
                        added: Zones::NONE,
                        outdated: false,
                    }),
                    GroupStep::Prune { record, target } => at(Grouping::Recording {
                        record,
                        target,
                        outdated: false,
                    }),
                    GroupStep::Restore {
                        record,
                        target: Some(target),
                        added,
                    } => at(Grouping::Updating {
                        record,
                        target,
                        added,
                        outdated: false,
                    }),
                    GroupStep::Restore {
                        record,
                        target: None,
                        ..
                    } => at(Grouping::Deleting {
                        record,
                        ready: self.real.has_capacity(incident, group),
                    }),
                    GroupStep::Leave { ends: true } => Run::Idle,
                    GroupStep::Leave { ends: false } => {
                        self.restored(plan, request, self.real.has_capacity(incident, group))
                    }
                }
            }
            Grouping::Recording {
                record,
                target,
                outdated,
            } => {
                self.cloud.group.record = Some(record);
                // The group had it when it was read; if a person has taken it out since, that is taken for
                // Evac's own.
                self.ghost.taken_out = self.ghost.taken_out.without(record.removed);
                if tags_last {
                    return plan.next(request, self.variant);
                }
                at(Grouping::Updating {
                    record,
                    target,
                    added: Zones::NONE,
                    outdated,
                })
            }
            Grouping::Updating {
                record,
                target,
                added,
                outdated,
            } => {
                let zone = incident.zone;
                self.set_subnets(target, added, outdated);
                if request == Request::Restore {
                    return at(Grouping::Confirming { record, added });
                }
                let lost = matches!(plan, Plan::Evacuate { lost: true, .. });
                self.ghost.pruned_unshifted |= !lost && !self.cloud.is_away_from(zone);
                self.ghost.too_few_zones |= target.len() < 2;
                if tags_last {
                    return at(Grouping::Recording {
                        record,
                        target,
                        outdated,
                    });
                }
                at(Grouping::Checking { record })
            }
            Grouping::Checking { record } => {
                if self.cloud.group.record.is_none() {
                    return at(Grouping::Rewriting { record });
                }
                plan.next(request, self.variant)
            }
            Grouping::Confirming { record, added } => {
                let group = self.cloud.group;
                let of_another = group.record.is_some_and(|other| other != record);
                if added.without(group.subnets).is_empty() && !of_another {
                    let ready = self.real.has_capacity(incident, group);
                    at(Grouping::Deleting { record, ready })
                } else {
                    Run::Idle
                }
            }
            Grouping::Deleting { record, ready } => {
                self.cloud.group.record = None;
                at(Grouping::Keeping { record, ready })
            }
            Grouping::Keeping { record, ready } => {
                let group = self.cloud.group;
                let lacks = !record.removed.without(group.subnets).is_empty();
                if group.record.is_none() && lacks {
                    return at(Grouping::Rewriting { record });
                }
                self.restored(plan, request, ready)
            }
            Grouping::Rewriting { record } => {
                self.cloud.group.record = Some(record);
                // That a person deleted it cannot be told from a restore that did.
                self.ghost.taken_out = self.ghost.taken_out.without(record.removed);
                Run::Idle
            }
        }
    }

    /// What follows a restore that did not fail.
    fn restored(&self, plan: Plan, request: Request, ready: bool) -> Run {
        let has_shift = matches!(plan, Plan::FailBack { shift: true, .. });
        if request == Request::Restore && has_shift && !ready {
            return Run::Idle;
        }
        plan.next(request, self.variant)
    }

    fn set_subnets(&mut self, target: Zones, added: Zones, outdated: bool) {
        let before = self.cloud.group.subnets;
        // Auto Scaling has no conditional update: what a person did between the reading and the writing
        // is lost.
        self.ghost.put_back |= !outdated && !added.and(self.ghost.taken_out).is_empty();
        self.cloud.group.set_subnets(target);
        if self.cloud.group.subnets != before {
            self.news = News::GroupChanged;
        }
    }
}

/// What asg-pruning is to do about the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupStep {
    /// To write the record, then to take subnets out.
    Prune {
        /// The record.
        record: Record,
        /// What is left.
        target: Zones,
    },
    /// To put subnets back, then to delete the record.
    Restore {
        /// The record.
        record: Record,
        /// All subnets afterwards, where some are missing.
        target: Option<Zones>,
        /// What is put back.
        added: Zones,
    },
    /// To leave it.
    Leave {
        /// Whether that ends a fail-back.
        ends: bool,
    },
}
