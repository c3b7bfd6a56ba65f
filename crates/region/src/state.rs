//! Everything that the Region holds, and how a second of it passes.

use std::collections::{BTreeSet, VecDeque};

use domain::{AccountId, ZoneId};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::arc::ZonalShifts;
use crate::around::Around;
use crate::autoscaling::{AutoScaling, LAUNCH_DELAY};
use crate::before::Before;
use crate::cloudwatch::embedded::metrics_in;
use crate::cloudwatch::{CloudWatch, MetricId, StateValue};
use crate::elb::LoadBalancing;
use crate::eventbridge::EventBridge;
use crate::fault::spec::RegionFault;
use crate::fault::{ApiFaults, FaultKind};
use crate::history::History;
use crate::lambda::{Due, Lambda};
use crate::logs::Logs;
use crate::operation::{Operation, Service};
use crate::past::{Moment, Past};
use crate::script::{Script, Step};
use crate::sns::Sns;
use crate::timeline::Timeline;
use crate::world::{Infrastructure, InstanceRef, World};

/// How long a metric takes to be seen, from the end of its minute. The documented delay of a load
/// balancer's metrics is a minute of collection; what comes after it is an assumption, on the quick
/// side.
const PUBLISH_DELAY: SignedDuration = SignedDuration::from_secs(20);

/// Minutes of which it is remembered when their metrics could be seen: more than a drill has.
const KEPT_MINUTES: usize = 1_000;

/// Calls that are kept for whoever looks back. A drill makes some hundreds; only a Region that serves
/// a client for days forgets any.
const KEPT_CALLS: usize = 100_000;

/// A call of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// When it arrived.
    pub at: Timestamp,
    /// The access key id of its signature.
    pub caller: String,
    /// The service.
    pub service: Service,
    /// The operation.
    pub operation: Operation,
    /// What was made to go wrong with it.
    pub fault: Option<FaultKind>,
}

/// Everything that the Region holds.
#[derive(Debug)]
pub struct State {
    now: Timestamp,
    /// ARC zonal shift.
    pub arc: ZonalShifts,
    /// EC2 Auto Scaling.
    pub auto_scaling: AutoScaling,
    /// CloudWatch.
    pub cloudwatch: CloudWatch,
    /// What stands around the workload.
    pub around: Around,
    /// What Elastic Load Balancing holds of its own.
    pub load_balancing: LoadBalancing,
    /// EventBridge.
    pub events: EventBridge,
    /// Lambda.
    pub lambda: Lambda,
    /// CloudWatch Logs.
    pub logs: Logs,
    /// SNS.
    pub sns: Sns,
    /// Zones, instances, traffic and faults.
    pub world: World,
    /// What happened, for people.
    pub timeline: Timeline,
    /// Where traffic and capacity went, in order.
    pub history: History,
    /// The calls, oldest first; the last [`KEPT_CALLS`] of them at least.
    pub calls: Vec<Call>,
    /// The definition of the workload that the Region holds; null where there is none.
    pub workload: Value,
    pub(crate) faults: ApiFaults,
    script: Script,
    /// The faults of the Region in force that are no faults of calls.
    conditions: Vec<RegionFault>,
    past: Option<Past>,
    metrics_late: SignedDuration,
    /// The ends of minutes, and when their metrics can be seen.
    shown: VecDeque<(Timestamp, Timestamp)>,
    refused_acts: Vec<String>,
    before: Before,
}

/// What a Region is made of.
#[derive(Debug)]
pub struct Parts {
    /// When its clock begins; whole seconds.
    pub now: Timestamp,
    /// ARC, with the resources that it manages.
    pub arc: ZonalShifts,
    /// Auto Scaling, with its groups.
    pub auto_scaling: AutoScaling,
    /// CloudWatch, with its alarms.
    pub cloudwatch: CloudWatch,
    /// SNS, with its topics.
    pub sns: Sns,
    /// The world.
    pub world: World,
}

impl State {
    /// A Region's state without functions and rules.
    #[must_use]
    pub fn new(account: &AccountId, region: &str, parts: Parts) -> Self {
        Self {
            now: parts.now,
            arc: parts.arc,
            auto_scaling: parts.auto_scaling,
            cloudwatch: parts.cloudwatch,
            around: Around::default(),
            load_balancing: LoadBalancing::new(account.clone(), region, parts.now),
            events: EventBridge::new(account.clone(), region),
            lambda: Lambda::new(account.clone(), region),
            logs: Logs::new(account.clone(), region),
            sns: parts.sns,
            world: parts.world,
            timeline: Timeline::default(),
            history: History::default(),
            calls: Vec::new(),
            workload: Value::Null,
            faults: ApiFaults::default(),
            script: Script::default(),
            conditions: Vec::new(),
            past: None,
            metrics_late: SignedDuration::ZERO,
            shown: VecDeque::new(),
            refused_acts: Vec::new(),
            before: Before::default(),
        }
    }

    /// Notes a call.
    pub(crate) fn log(&mut self, call: Call) {
        if self.calls.len() >= 2 * KEPT_CALLS {
            self.calls.drain(..KEPT_CALLS);
        }
        self.calls.push(call);
    }

    /// Has a step taken when its time comes.
    pub(crate) fn schedule(&mut self, at: Timestamp, step: Step) {
        self.script.add(at, step);
    }

    /// Takes the steps whose time has come.
    pub(crate) fn take_steps(&mut self) {
        while let Some(step) = self.script.next(self.now) {
            step.take(self);
        }
    }

    /// Remembers what the Region is like, for [`State::not_as_before`].
    pub(crate) fn remember_before(&mut self) {
        self.before = Before::of(self);
    }

    /// What is not as it was before the drill, in words.
    pub(crate) fn not_as_before(&self) -> Vec<String> {
        self.before.differences(&Before::of(self))
    }

    /// The acts of the scenario that were refused, as sentences.
    #[must_use]
    pub fn refused_acts(&self) -> &[String] {
        &self.refused_acts
    }

    /// The functions that were to be killed and never were, as sentences.
    pub fn missed_kills(&self) -> impl Iterator<Item = String> {
        self.faults.missed_kills()
    }

    /// How many calls somebody has made, told by the access key id.
    #[must_use]
    pub fn calls_of(&self, caller: &str) -> usize {
        let calls = self.calls.iter();
        calls.filter(|call| call.caller == caller).count()
    }

    pub(crate) fn note_refused_act(&mut self, what: String) {
        self.tell_scenario(what.clone());
        self.refused_acts.push(what);
    }

    /// One more condition is in force.
    pub(crate) fn begin_condition(&mut self, condition: RegionFault) {
        self.conditions.push(condition);
        self.meet_conditions();
    }

    /// A condition is not in force any more; others like it may be.
    pub(crate) fn end_condition(&mut self, condition: &RegionFault) {
        let place = self.conditions.iter().position(|one| one == condition);
        if let Some(place) = place {
            self.conditions.remove(place);
        }
        self.meet_conditions();
    }

    /// Makes the Region as the conditions in force want it; of two of a kind the larger one counts.
    fn meet_conditions(&mut self) {
        let mut stale = None;
        let mut late = SignedDuration::ZERO;
        let mut launch = LAUNCH_DELAY;
        let mut exhausted = BTreeSet::new();
        for condition in &self.conditions {
            match condition {
                RegionFault::StaleReads { seconds } => {
                    stale = stale.max(Some(SignedDuration::from_secs((*seconds).into())));
                }
                RegionFault::LateMetrics { seconds } => {
                    late = late.max(SignedDuration::from_secs((*seconds).into()));
                }
                RegionFault::SlowLaunches { seconds } => {
                    launch = launch.max(SignedDuration::from_secs((*seconds).into()));
                }
                RegionFault::NoCapacity { zone } => {
                    exhausted.insert(zone.clone());
                }
                _ => {}
            }
        }
        if self.past.as_ref().map(Past::by) != stale {
            self.past = stale.map(Past::new);
            self.keep_moment();
        }
        self.metrics_late = late;
        self.auto_scaling.set_launch_delay(launch);
        for (zone, _) in &self.world.spec().zones {
            let empty = exhausted.contains(zone);
            self.auto_scaling.set_no_capacity(zone.clone(), empty);
        }
    }

    /// A line about what the scenario does now.
    pub(crate) fn tell_scenario(&mut self, what: String) {
        self.timeline.scenario(self.now, what);
    }

    fn keep_moment(&mut self) {
        if let Some(past) = &mut self.past {
            past.keep(self.now, &self.arc, &self.auto_scaling);
        }
    }

    /// What a read is shown in place of what is, if anything.
    pub(crate) fn shown_past(&self, service: Service) -> Option<Moment> {
        let lags = matches!(service, Service::ArcZonalShift | Service::AutoScaling);
        let past = self.past.as_ref().filter(|_| lags)?;
        past.shown(self.now)
    }

    /// The Region's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Moves the clock towards a moment; stops where asynchronous invocations are due, and answers
    /// with these.
    pub(crate) fn step_until(&mut self, target: Timestamp) -> Vec<Due> {
        // What somebody did to a service directly is nobody's call.
        self.note_changes(None);
        loop {
            self.deliver();
            let due = self.lambda.take_due(self.now);
            if !due.is_empty() || self.now >= target {
                return due;
            }
            let next = self.next_moment().min(target);
            if next > second_after(self.now) {
                // What happened until now is what stale reads show of the time that is passed over.
                self.keep_moment();
            }
            self.now = next;
            if self.now.subsec_nanosecond() == 0 {
                self.pass_second();
            }
        }
    }

    /// The next moment at which anything can happen.
    fn next_moment(&self) -> Timestamp {
        let second = if self.world.is_resting() {
            self.next_eventful_second()
        } else {
            second_after(self.now)
        };
        let deliveries = self.events.next_due().filter(|at| *at > self.now);
        let invocations = self.lambda.next_due().filter(|at| *at > self.now);
        [deliveries, invocations]
            .into_iter()
            .flatten()
            .fold(second, Timestamp::min)
    }

    /// The next second that is more than time passing, while the world rests: every second of it is
    /// one with traffic. Each service says when it has something to do.
    fn next_eventful_second(&self) -> Timestamp {
        let due = [
            self.script.next_due(),
            self.arc.next_due(),
            self.auto_scaling.next_due(),
            self.cloudwatch.next_due(),
        ];
        let due = due.into_iter().flatten().min().unwrap_or(Timestamp::MAX);
        whole_second(due).max(second_after(self.now))
    }

    /// What the second that ends now did.
    fn pass_second(&mut self) {
        let now = self.now;
        self.take_steps();
        self.arc.step(now);
        self.auto_scaling.step(now);
        if !self.world.is_resting() {
            let infrastructure = self.infrastructure();
            self.world
                .step(now - SignedDuration::from_secs(1), &infrastructure);
            if now.as_second() % 60 == 0 {
                self.publish_metrics(now);
            }
        }
        for change in self.cloudwatch.evaluate(now) {
            self.timeline.alarm(&change);
            self.events.accept(&change.event, now);
        }
        self.show_alarms_to_arc();
        self.note_changes(None);
        self.keep_moment();
    }

    /// Lets ARC see the alarms that practice runs depend on.
    pub(crate) fn show_alarms_to_arc(&mut self) {
        let in_alarm = |arn: &&str| {
            let name = arn.split_once(":alarm:").map_or("", |(_, name)| name);
            let alarm = self.cloudwatch.alarm(name);
            alarm.is_some_and(|alarm| alarm.state().value == StateValue::Alarm)
        };
        let watched = self.arc.watched_alarms();
        let red = watched.filter(in_alarm).map(str::to_owned).collect();
        self.arc.follow_alarms(red, self.now);
    }

    fn infrastructure(&self) -> Infrastructure {
        let instances: Vec<InstanceRef> = self
            .auto_scaling
            .instances()
            .filter(|instance| instance.in_service)
            .filter_map(|instance| {
                Some(InstanceRef {
                    id: instance.id.to_owned(),
                    load_balancer: instance.load_balancer?.clone(),
                    zone: instance.zone_id.clone(),
                })
            })
            .collect();
        let spec = self.world.spec();
        let weights = spec.load_balancers.iter().flat_map(|balancer| {
            let weight = |zone: &ZoneId| {
                let place = (balancer.arn.clone(), zone.clone());
                (place, self.arc.weight(&balancer.arn, zone))
            };
            spec.zones.iter().map(move |(zone, _)| weight(zone))
        });
        Infrastructure {
            weights: weights.collect(),
            instances,
        }
    }

    /// The end of the newest minute whose metrics could be seen at a moment; of the last
    /// [`KEPT_MINUTES`].
    #[must_use]
    pub fn newest_minute_shown(&self, at: Timestamp) -> Option<Timestamp> {
        let seen = self.shown.iter().filter(|(_, visible)| *visible <= at);
        seen.map(|(end, _)| *end).max()
    }

    /// Takes a line that a function printed, and keeps the metrics in it: the embedded metric format.
    pub fn take_printed(&mut self, line: &str) {
        let visible_at = self.now + PUBLISH_DELAY + self.metrics_late;
        for printed in metrics_in(line) {
            let (metric, at) = (printed.metric, printed.at);
            self.cloudwatch
                .record(metric, at, &printed.values, visible_at);
        }
    }

    fn publish_metrics(&mut self, minute_end: Timestamp) {
        let minute = minute_end - SignedDuration::from_mins(1);
        let visible_at = minute_end + PUBLISH_DELAY + self.metrics_late;
        self.shown.push_back((minute_end, visible_at));
        if self.shown.len() > KEPT_MINUTES {
            self.shown.pop_front();
        }
        for sample in self.world.minute(minute) {
            let metric = MetricId {
                namespace: sample.namespace.to_owned(),
                name: sample.name.to_owned(),
                dimensions: sample.dimensions,
            };
            self.cloudwatch
                .record(metric, sample.at, &sample.values, visible_at);
        }
        for contribution in self.world.contributors(minute) {
            self.cloudwatch.contribute(
                &contribution.rule,
                minute,
                &contribution.contributor,
                contribution.n,
                visible_at,
            );
        }
    }

    fn deliver(&mut self) {
        self.route();
        for delivery in self.events.due(self.now) {
            if self.lambda.has_function(&delivery.function) {
                self.lambda
                    .enqueue(&delivery.function, delivery.payload, self.now);
            } else {
                self.events.fail(&delivery, self.now);
            }
        }
    }

    /// Takes over what the services did since the last time, on behalf of this caller: events, the
    /// history, and lines for people.
    pub fn note_changes(&mut self, by: Option<&str>) {
        self.let_groups_follow_arc();
        for event in self.arc.take_events() {
            self.events.accept(&event, self.now);
        }
        let changes = self.history.take_over(&self.arc, &self.auto_scaling, by);
        self.timeline.take_over(changes, &self.sns);
    }
}

/// The first whole second after a moment.
fn second_after(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second() + 1).unwrap_or(Timestamp::MAX)
}

/// The first whole second from a moment on.
fn whole_second(at: Timestamp) -> Timestamp {
    if at.subsec_nanosecond() == 0 {
        at
    } else {
        second_after(at)
    }
}
