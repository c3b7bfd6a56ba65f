//! The decisions of `domain`, asked with the real values.
//!
//! Each function makes of the model's small values what Evac would have read, has `domain` decide, and
//! makes a small value of the answer. As these are pure functions, each answer is kept and given again
//! where the same is asked again: the checker asks the same millions of times.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::thread::LocalKey;

use domain::decide::{self, AfterRestore, AfterShift, after_restore, after_shift};
use domain::duration::ShiftDuration;
use domain::event::{AlarmChange, AlarmKind, AlarmState};
use domain::failure::{Class, Failure};
use domain::incident::Marker;
use domain::judge::Minute;
use domain::observation::{AlarmReading, Evidence, Observation, Reading as Read};
use domain::prune::{
    self, Capacity, GroupReport, GroupState, PruneAction, PruneAnswer, PruneRequest, PrunedFor,
};
use domain::shift::{
    self, ActiveShift, ResourceReading, ResourceReport, ResourceState, ShiftAction, ShiftAnswer,
    ShiftKind, ShiftRequest,
};
use domain::signal::{self, Action, Command, Trigger};
use domain::verdict::{FailBackReason, Verdict};
use domain::{IncidentId, ResourceArn, Workload, ZoneId, definition};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::Variant;
use crate::run::{
    Decision, GroupStep, Lane, Outcome, Plan, Reading, Request, Seen, Signal, Since, Todo,
};
use crate::state::{
    Alarm, Group, INSTANTS, Incident, Owner, Phase, RESOURCES, Record, Resource, Shift, ZONES,
    Zone, Zones,
};

/// The workload of the model, and the way from its small values to the real ones and back.
#[derive(Debug, Clone)]
pub struct Real {
    workload: Workload,
    zones: Vec<ZoneId>,
    lasts: ShiftDuration,
}

const RESOURCE: &str = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app";
const GROUP: &str = "web";

fn subnet(zone: Zone) -> String {
    format!("subnet-{:08x}", zone.0 + 1)
}

fn alarm(zone: Zone) -> String {
    format!("az{}-impact", zone.0 + 1)
}

fn all_zones() -> impl Iterator<Item = Zone> {
    Zones::ALL.iter()
}

/// When an instant is.
fn time(at: u8) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 + i64::from(at))
}

/// The present, minutes after the latest instant.
fn now(clock: u8) -> Timestamp {
    time(clock) + SignedDuration::from_mins(10)
}

/// How long an alarm has to be OK before the zone may be proven well.
const STABLE_MINUTES: i64 = 5;

macro_rules! remembered {
    ($name:ident, $key:ty, $value:ty) => {
        thread_local! {
            static $name: RefCell<HashMap<$key, $value>> = RefCell::new(HashMap::new());
        }
    };
}
remembered!(DECISIONS, (Signal, Seen, u8), Option<Decision>);
remembered!(PROOFS, (Signal, Seen, u8), bool);
remembered!(
    DOUBTS,
    ([Option<Resource>; RESOURCES], Option<Option<Incident>>),
    [Option<Incident>; 2]
);
remembered!(
    SHIFTS,
    (Incident, [Resource; RESOURCES], bool),
    [Todo; RESOURCES]
);
remembered!(
    CHANGES,
    (Incident, Request, [Resource; RESOURCES]),
    [Todo; RESOURCES]
);
remembered!(GROUPS, (Incident, Request, Group, bool), GroupStep);
remembered!(EFFECTS, (Incident, [Lane; RESOURCES]), bool);
remembered!(CAPACITIES, (Incident, Group), bool);

fn remember<K: Copy + Eq + Hash + 'static, V: Copy + 'static>(
    answers: &'static LocalKey<RefCell<HashMap<K, V>>>,
    key: K,
    ask: impl FnOnce() -> V,
) -> V {
    let known = answers.with_borrow(|answers| answers.get(&key).copied());
    known.unwrap_or_else(|| {
        let answer = ask();
        answers.with_borrow_mut(|answers| answers.insert(key, answer));
        answer
    })
}

impl Real {
    /// The workload of the model: two resources, three zones with a subnet each, a group.
    ///
    /// # Errors
    /// What `domain` has against the definition, which is a mistake in it.
    pub fn new() -> Result<Self, String> {
        let zones: serde_json::Map<String, serde_json::Value> = all_zones()
            .map(|zone| {
                let name = format!("us-east-1{}", char::from(b'a' + zone.0));
                let value = json!({"name": name, "subnets": [subnet(zone)]});
                (format!("use1-az{}", zone.0 + 1), value)
            })
            .collect();
        let alarms: serde_json::Map<String, serde_json::Value> = all_zones()
            .map(|zone| (format!("use1-az{}", zone.0 + 1), alarm(zone).into()))
            .collect();
        let definition = json!({
            "name": "model",
            "zones": zones,
            "resources": [format!("{RESOURCE}/lead/0000000000000001"), format!("{RESOURCE}/other/0000000000000002")],
            "autoScalingGroups": {"names": [GROUP]},
            "alarms": {"zonal": alarms},
            "canary": {
                "source": "custom", "namespace": "Evac/Canary", "requests": "Requests", "faults": "Faults",
                "zone": {"dimension": "ZoneId", "as": "id"},
            },
            "policy": {
                "mode": "evacuate", "expiresIn": "6h", "withoutEvidence": "act", "minZones": 2,
                "failBack": "automatic", "stableFor": format!("{STABLE_MINUTES}m"), "maxFlaps": 100,
            },
        });
        let workload =
            definition::read("workload", &definition).map_err(|problems| problems.to_string())?;
        let lasts = workload.policy.expires_in.clone();
        Ok(Self {
            zones: workload.zones.ids().into_iter().cloned().collect(),
            lasts: lasts.ok_or("the shifts of the model last for no time")?,
            workload,
        })
    }

    /// What follows from a signal and what was seen: `domain::decide`.
    #[must_use]
    pub fn decide(&self, signal: Signal, seen: Seen, clock: u8) -> Option<Decision> {
        remember(&DECISIONS, (signal, seen, clock), || {
            let observation = self.observation(seen, clock);
            let signal = self.signal(signal);
            let decision = decide::decide(&signal, &observation, now(clock));
            let proven = matches!(
                decision.verdict,
                Verdict::FailBack {
                    reason: FailBackReason::ProvenWell { .. },
                    ..
                }
            );
            let plan = match decision.plan {
                decide::Plan::Nothing => return None,
                decide::Plan::Evacuate(plan) => Plan::Evacuate {
                    incident: self.small_incident(&plan.incident),
                    renew: plan.renew,
                    phase: plan.phase.into(),
                    lost: false,
                },
                decide::Plan::FailBack(plan) => Plan::FailBack {
                    incident: self.small_incident(&plan.incident),
                    shift: plan.shift,
                    begun: plan.begun,
                    phase: plan.phase.into(),
                },
            };
            Some(Decision { plan, proven })
        })
    }

    /// Whether it has to be asked which zones are well: `domain::decide::awaits_proof`.
    #[must_use]
    pub fn awaits_proof(&self, signal: Signal, seen: Seen, clock: u8) -> bool {
        remember(&PROOFS, (signal, seen, clock), || {
            let observation = self.observation(seen, clock);
            decide::awaits_proof(&self.signal(signal), &observation, now(clock))
        })
    }

    /// The incidents for which the shifts are read once more before the decision:
    /// `Observation::seem_to_have_lost_their_lead`.
    #[must_use]
    pub fn seem_to_have_lost_their_lead(&self, seen: Seen) -> [Option<Incident>; 2] {
        remember(&DOUBTS, (seen.resources, seen.pruned_for), || {
            let observation = self.observation(seen, 0);
            let lost = observation.seem_to_have_lost_their_lead(&self.workload.name);
            let mut lost = lost.iter().map(|incident| self.small_incident(incident));
            [lost.next(), lost.next()]
        })
    }

    /// What to do about each resource to shift: `domain::shift::plan`.
    #[must_use]
    pub fn plan_shift(
        &self,
        incident: Incident,
        readings: [Reading; RESOURCES],
        variant: Variant,
    ) -> [Todo; RESOURCES] {
        let resources = readings.map(|reading| seen_by(reading.resource, variant));
        let plan = || {
            let request = self.shift_request(self.shift_action(incident));
            let readings: Vec<_> = (0..RESOURCES)
                .map(|of| (self.arn(of), self.managed(of, resources[of])))
                .collect();
            let mut steps = shift::plan(&request, &readings).into_iter();
            [(); RESOURCES].map(|()| self.todo(steps.next()))
        };
        let todo = remember(&SHIFTS, (incident, resources, true), plan);
        since(todo, readings)
    }

    /// The same of one resource alone, as the code asks again for the one that was refused.
    #[must_use]
    pub fn plan_shift_of_one(
        &self,
        incident: Incident,
        resource: Resource,
        variant: Variant,
    ) -> Todo {
        let resource = seen_by(resource, variant);
        let [todo, _] = remember(&SHIFTS, (incident, [resource; RESOURCES], false), || {
            let request = self.shift_request(self.shift_action(incident));
            let reading = (self.arn(1), self.managed(1, resource));
            let step = shift::plan(&request, &[reading]).pop();
            [self.todo(step); RESOURCES]
        });
        todo
    }

    /// What to do about each resource to extend or to cancel: `domain::shift::plan`.
    #[must_use]
    pub fn plan_change(
        &self,
        incident: Incident,
        request: Request,
        readings: [Reading; RESOURCES],
        variant: Variant,
    ) -> [Todo; RESOURCES] {
        let resources = readings.map(|reading| reading.resource);
        if variant == Variant::ForeignCancelled && request == Request::Cancel {
            return resources.map(|resource| match resource.is_away_from(incident.zone) {
                true => Todo::Cancel(Since::Same),
                false => Todo::Done(Outcome::Other),
            });
        }
        let todo = remember(&CHANGES, (incident, request, resources), || {
            let id = self.incident(incident);
            let action = match request {
                Request::Extend(phase) => ShiftAction::Extend {
                    incident: id,
                    expires_in: self.lasts.clone(),
                    phase: phase.into(),
                },
                _ => ShiftAction::Cancel { incident: id },
            };
            let asked = self.shift_request(action);
            let readings: Vec<_> = (0..RESOURCES)
                .map(|of| (self.arn(of), self.managed(of, resources[of])))
                .collect();
            let mut steps = shift::plan(&asked, &readings).into_iter();
            [(); RESOURCES].map(|()| self.todo(steps.next()))
        });
        since(todo, readings)
    }

    /// Whether `domain::decide::after_shift` lets the run go on.
    #[must_use]
    pub fn is_in_effect(&self, incident: Incident, lanes: [Lane; RESOURCES]) -> bool {
        remember(&EFFECTS, (incident, lanes), || {
            let id = self.incident(incident);
            let reports: Vec<ResourceReport> = (0..RESOURCES)
                .map(|of| {
                    let outcome = match lanes[of].todo {
                        Todo::Done(outcome) => self.outcome(of, outcome),
                        _ => refused(),
                    };
                    self.report(of, lanes[of].seen, outcome)
                })
                .collect();
            let answer = ShiftAnswer {
                schema: shift::ANSWER_SCHEMA.to_owned(),
                action: "shift".to_owned(),
                dry_run: false,
                in_effect: shift::in_effect(id.zone(), &reports),
                unconfirmed: false,
                incident: Some(id),
                resources: reports,
            };
            after_shift(&self.workload, &answer) == AfterShift::InEffect
        })
    }

    /// What to do about the group: `domain::prune::plan`, and whether
    /// `domain::decide::after_restore` ends the run where the group is left.
    #[must_use]
    pub fn plan_group(
        &self,
        incident: Incident,
        request: Request,
        group: Group,
        variant: Variant,
    ) -> GroupStep {
        let careless = variant == Variant::MinZonesIgnored;
        let is_restore = request == Request::Restore;
        let step = remember(&GROUPS, (incident, request, group, careless), || {
            let id = self.incident(incident);
            let action = match request {
                Request::Prune => PruneAction::Prune { incident: id },
                _ => PruneAction::Restore { incident: id },
            };
            let state = self.group_state(group);
            let mut request = self.prune_request(action);
            if careless {
                request.min_zones = 1;
            }
            match prune::plan(&request, &state) {
                prune::Step::Prune {
                    record, remaining, ..
                } => GroupStep::Prune {
                    record: Record {
                        incident: self.small_incident(&record.incident),
                        removed: zones_of(record.removed.iter().map(domain::SubnetId::as_str)),
                    },
                    target: zones_of(remaining.iter().map(String::as_str)),
                },
                prune::Step::Restore { target, added, .. } => GroupStep::Restore {
                    record: group.record.unwrap_or(Record {
                        incident,
                        removed: Zones::NONE,
                    }),
                    target: target.map(|target| zones_of(target.iter().map(String::as_str))),
                    added: zones_of(added.iter().map(domain::SubnetId::as_str)),
                },
                prune::Step::Leave(outcome) => GroupStep::Leave {
                    ends: is_restore
                        && matches!(
                            self.after_restore(incident, group, outcome),
                            AfterRestore::Failed(_)
                        ),
                },
            }
        });
        match step {
            GroupStep::Restore { record, .. } if variant == Variant::RestoreOriginal => {
                GroupStep::Restore {
                    record,
                    target: Some(Zones::ALL),
                    added: Zones::ALL.without(group.subnets),
                }
            }
            step => step,
        }
    }

    /// Whether, the group being restored, `domain::decide::after_restore` lets the shift end.
    #[must_use]
    pub fn has_capacity(&self, incident: Incident, group: Group) -> bool {
        remember(&CAPACITIES, (incident, group), || {
            let restored = prune::Outcome::Restored {
                added: BTreeSet::new(),
            };
            self.after_restore(incident, group, restored) == AfterRestore::Ready
        })
    }

    /// Whether who ended `ended` decided about `incident` too: `IncidentId::is_settled_by`.
    #[must_use]
    pub fn is_settled_by(&self, incident: Incident, ended: Incident) -> bool {
        self.incident(incident).is_settled_by(&self.incident(ended))
    }

    /// Whether the incident was ended on a resource.
    #[must_use]
    pub fn is_ended_on(&self, resource: Resource, incident: Incident) -> bool {
        let mut ended = resource.ended.iter();
        ended.any(|ended| self.is_settled_by(incident, ended))
    }

    fn after_restore(
        &self,
        incident: Incident,
        group: Group,
        outcome: prune::Outcome,
    ) -> AfterRestore {
        let state = self.group_state(group);
        let zone = &self.zones[usize::from(incident.zone.0)];
        let capacity = prune::capacity(&state, zone, &self.workload.zones);
        after_restore(&self.groups(group, outcome, capacity))
    }

    fn observation(&self, seen: Seen, clock: u8) -> Observation {
        let mut observation = Observation::default();
        if let Some(alarms) = seen.alarms {
            let reading = |zone: Zone| {
                let minutes = SignedDuration::from_mins;
                let (state, at) = match alarms[usize::from(zone.0)] {
                    Alarm::Ok => (AlarmState::Ok, Timestamp::UNIX_EPOCH),
                    Alarm::Alarm(at) => (AlarmState::Alarm, time(at)),
                    Alarm::Recovered {
                        after,
                        stable: true,
                    } => (AlarmState::Ok, time(after) + minutes(STABLE_MINUTES - 1)),
                    Alarm::Recovered { stable: false, .. } => {
                        (AlarmState::Ok, now(clock) - minutes(1))
                    }
                };
                let reading = AlarmReading {
                    state,
                    transitioned_at: Some(at),
                    suppressed_by: None,
                    muted_by: None,
                };
                (alarm(zone), reading)
            };
            let alarms: BTreeMap<_, _> = all_zones().map(reading).collect();
            observation.alarms = Read::Taken(alarms);
        }
        if let [Some(lead), Some(other)] = seen.resources {
            observation.shifts = Read::Taken(ShiftAnswer {
                schema: shift::ANSWER_SCHEMA.to_owned(),
                action: "status".to_owned(),
                incident: None,
                dry_run: false,
                resources: [lead, other]
                    .into_iter()
                    .enumerate()
                    .map(|(of, resource)| {
                        let mut report = self.report(of, resource, shift::Outcome::Read);
                        for active in &mut report.shifts {
                            let old = resource.shift.is_some_and(|shift| shift.old);
                            let left = SignedDuration::from_hours(if old { 1 } else { 5 });
                            active.expires_at = Some(now(clock) + left);
                        }
                        report
                    })
                    .collect(),
                in_effect: false,
                unconfirmed: false,
            });
        }
        if let Some(well) = seen.health {
            let counts = |zone: Zone| {
                let minute = Minute {
                    requests: 600,
                    faults: if well.has(zone) { 0 } else { 600 },
                    ..Minute::default()
                };
                let id = self.zones[usize::from(zone.0)].clone();
                let minutes = usize::try_from(STABLE_MINUTES).unwrap_or(1);
                (id, vec![Some(minute); minutes])
            };
            observation.health = Evidence::Counted {
                until: now(clock),
                counts: all_zones().map(counts).collect(),
            };
        }
        if let Some(pruned_for) = seen.pruned_for {
            let record = pruned_for.map(|incident| Record {
                incident,
                removed: Zones::only(incident.zone),
            });
            // Of a status the answer tells no more than what the group is pruned for.
            let group = Group {
                subnets: Zones::ALL,
                record,
                starting: Zones::NONE,
            };
            observation.groups = Read::Taken(self.groups(group, prune::Outcome::Read, None));
        }
        observation
    }

    fn signal(&self, signal: Signal) -> signal::Signal {
        let command = |action: Action, at: Option<u8>| {
            Trigger::Command(Command {
                action,
                reason: "the model".to_owned(),
                at: at.map(time),
                drill: false,
                dry_run: false,
            })
        };
        let trigger = match signal {
            Signal::Alarm(incident) => Trigger::ZonalAlarm {
                zone: self.zones[usize::from(incident.zone.0)].clone(),
                change: AlarmChange {
                    alarm: alarm(incident.zone),
                    kind: AlarmKind::Composite,
                    state: AlarmState::Alarm,
                    previous: Some(AlarmState::Ok),
                    at: time(incident.at),
                    reason: None,
                    triggering: Vec::new(),
                    suppressed_by: None,
                    muted_until: None,
                    description: None,
                },
            },
            Signal::Tick => command(Action::Reconcile, None),
            Signal::FailBack(at) => command(Action::FailBack, Some(at)),
            Signal::Evacuate(incident) => {
                let zone = self.zones[usize::from(incident.zone.0)].clone();
                command(Action::Evacuate { zone }, Some(incident.at))
            }
        };
        signal::Signal {
            workload: self.workload.clone(),
            trigger,
        }
    }

    fn incident(&self, incident: Incident) -> IncidentId {
        let zone = &self.zones[usize::from(incident.zone.0)];
        IncidentId::new(&self.workload.name, zone, time(incident.at))
    }

    fn small_incident(&self, incident: &IncidentId) -> Incident {
        let zone = (0..ZONES).find(|zone| self.zones[usize::from(*zone)] == *incident.zone());
        let at = (0..INSTANTS).find(|at| time(*at) == incident.transition());
        debug_assert!(
            zone.is_some() && at.is_some(),
            "{incident} is none of the model"
        );
        Incident {
            zone: Zone(zone.unwrap_or_default()),
            at: at.unwrap_or_default(),
        }
    }

    fn arn(&self, of: usize) -> ResourceArn {
        self.workload.resources[of].clone()
    }

    fn shift_action(&self, incident: Incident) -> ShiftAction {
        ShiftAction::Shift {
            incident: self.incident(incident),
            expires_in: self.lasts.clone(),
        }
    }

    fn shift_request(&self, action: ShiftAction) -> ShiftRequest {
        ShiftRequest {
            schema: shift::REQUEST_SCHEMA.to_owned(),
            workload: self.workload.name.clone(),
            resources: self.workload.resources.clone(),
            drill: false,
            dry_run: false,
            action,
        }
    }

    fn prune_request(&self, action: PruneAction) -> PruneRequest {
        PruneRequest {
            schema: prune::REQUEST_SCHEMA.to_owned(),
            workload: self.workload.name.clone(),
            zones: self.workload.zones.clone(),
            groups: domain::workload::GroupSelector::Names([GROUP.to_owned()].into()),
            min_zones: self.workload.policy.min_zones,
            drill: false,
            dry_run: false,
            action,
        }
    }

    fn active(&self, of: usize, shift: Shift) -> ActiveShift {
        let comment = match shift.owner {
            Owner::Person => "the network team is at it".to_owned(),
            Owner::Evac(incident, phase) => self.mark(incident, phase).to_comment(),
        };
        ActiveShift {
            zone: self.zones[usize::from(shift.zone.0)].to_string(),
            kind: ShiftKind::Customer,
            id: Some(shift_id(of)),
            applied: true,
            started_at: None,
            expires_at: None,
            comment: Some(comment),
        }
    }

    fn mark(&self, incident: Incident, phase: Phase) -> Marker {
        Marker {
            incident: self.incident(incident),
            phase: phase.into(),
            drill: false,
        }
    }

    fn resource_state(&self, of: usize, resource: Resource) -> ResourceState {
        let weight = |zone: Zone| f64::from(u8::from(!resource.is_away_from(zone)));
        ResourceState {
            weights: all_zones()
                .map(|zone| {
                    let id = self.zones[usize::from(zone.0)].to_string();
                    (id, weight(zone))
                })
                .collect(),
            shifts: resource
                .shift
                .map(|shift| self.active(of, shift))
                .into_iter()
                .collect(),
            cancelled: resource
                .ended
                .iter()
                .map(|incident| self.mark(incident, Phase::Evacuate))
                .collect(),
        }
    }

    fn managed(&self, of: usize, resource: Resource) -> ResourceReading {
        ResourceReading::Managed(self.resource_state(of, resource))
    }

    fn report(&self, of: usize, resource: Resource, outcome: shift::Outcome) -> ResourceReport {
        let state = self.resource_state(of, resource);
        ResourceReport {
            resource: self.arn(of),
            outcome,
            ended: state.ended(&self.workload.name),
            weights: state.weights,
            shifts: state.shifts,
        }
    }

    fn todo(&self, step: Option<shift::Step>) -> Todo {
        match step {
            Some(shift::Step::Start) => Todo::Start,
            Some(shift::Step::Update { .. }) => Todo::Update(Since::Same),
            Some(shift::Step::Cancel { .. }) => Todo::Cancel(Since::Same),
            Some(shift::Step::Leave(outcome)) => Todo::Done(self.small_outcome(&outcome)),
            None => Todo::Done(Outcome::Other),
        }
    }

    fn small_outcome(&self, outcome: &shift::Outcome) -> Outcome {
        match outcome {
            shift::Outcome::AlreadyShifted { ours, .. } => Outcome::AlreadyShifted { ours: *ours },
            shift::Outcome::HeldByOther {
                kind: ShiftKind::Ended,
                ..
            } => Outcome::Ended,
            shift::Outcome::HeldByOther { zone, .. } => {
                let held = all_zones().find(|own| self.zones[usize::from(own.0)].as_str() == zone);
                held.map_or(Outcome::Other, Outcome::HeldByOther)
            }
            shift::Outcome::NotStarted { .. } => Outcome::NotStarted,
            _ => Outcome::Other,
        }
    }

    fn outcome(&self, of: usize, outcome: Outcome) -> shift::Outcome {
        let id = Some(shift_id(of));
        match outcome {
            Outcome::Started => shift::Outcome::Started {
                zonal_shift_id: shift_id(of),
                expires_at: None,
            },
            Outcome::AlreadyShifted { ours } => shift::Outcome::AlreadyShifted {
                kind: ShiftKind::Customer,
                zonal_shift_id: id,
                ours,
            },
            Outcome::Extended => shift::Outcome::Extended {
                zonal_shift_id: shift_id(of),
                expires_at: None,
            },
            Outcome::HeldByOther(zone) => shift::Outcome::HeldByOther {
                zone: self.zones[usize::from(zone.0)].to_string(),
                kind: ShiftKind::Customer,
                id,
            },
            Outcome::Ended => shift::Outcome::HeldByOther {
                zone: String::new(),
                kind: ShiftKind::Ended,
                id: None,
            },
            Outcome::NotStarted => shift::Outcome::NotStarted {
                because: "of another resource".to_owned(),
            },
            Outcome::Other => shift::Outcome::NotShifted,
            Outcome::Refused => refused(),
        }
    }

    fn group_state(&self, group: Group) -> GroupState {
        let record = group.record.map(|record| prune::Record {
            incident: self.incident(record.incident),
            drill: false,
            removed: record
                .removed
                .iter()
                .filter_map(|zone| subnet(zone).parse().ok())
                .collect(),
            places: BTreeMap::new(),
        });
        let in_service = group.subnets.without(group.starting);
        GroupState {
            name: GROUP.to_owned(),
            subnets: group.subnets.iter().map(subnet).collect(),
            tags: record.map(|record| record.to_tags()).unwrap_or_default(),
            desired: 6,
            in_service: self
                .workload
                .zones
                .iter()
                .zip(all_zones())
                .filter(|(_, zone)| in_service.has(*zone))
                .map(|((_, zone), _)| (zone.name.to_string(), 6))
                .collect(),
            ..GroupState::default()
        }
    }

    fn groups(
        &self,
        group: Group,
        outcome: prune::Outcome,
        capacity: Option<Capacity>,
    ) -> PruneAnswer {
        let state = self.group_state(group);
        let record = prune::Record::read(&state.tags).ok().flatten();
        PruneAnswer {
            schema: prune::ANSWER_SCHEMA.to_owned(),
            action: "status".to_owned(),
            incident: None,
            dry_run: false,
            groups: vec![GroupReport {
                group: state.name,
                outcome,
                pruned_for: record.map(PrunedFor::from),
                capacity,
                obstacles: Vec::new(),
            }],
            not_reached: Default::default(),
        }
    }
}

/// What a variant sees of what was ended.
fn seen_by(resource: Resource, variant: Variant) -> Resource {
    match variant {
        Variant::EndIgnored => Resource {
            ended: Default::default(),
            ..resource
        },
        _ => resource,
    }
}

/// A step is about the shift that was read, whatever has become of it.
fn since(todo: [Todo; RESOURCES], readings: [Reading; RESOURCES]) -> [Todo; RESOURCES] {
    let mut readings = readings.into_iter();
    todo.map(|todo| {
        let since = readings.next().map_or(Since::Same, |reading| reading.since);
        match todo {
            Todo::Update(_) => Todo::Update(since),
            Todo::Cancel(_) => Todo::Cancel(since),
            todo => todo,
        }
    })
}

fn shift_id(of: usize) -> String {
    format!("shift-{of}")
}

fn refused() -> shift::Outcome {
    let failure = Failure::new(Class::Conflict, "ARC refuses");
    shift::Outcome::Failed {
        class: failure.class,
        message: failure.message,
    }
}

fn zones_of<'a>(subnets: impl Iterator<Item = &'a str>) -> Zones {
    let mut zones = Zones::NONE;
    for id in subnets {
        if let Some(zone) = all_zones().find(|zone| subnet(*zone) == id) {
            zones = zones.or(Zones::only(zone));
        }
    }
    zones
}
