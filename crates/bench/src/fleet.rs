//! A fleet: one zone fails for every workload of an account at once, in virtual time, with the buckets of
//! the APIs as AWS publishes them.
//!
//! Every workload has one load balancer, four Auto Scaling groups and twenty subnets in three zones. Its
//! alarm goes off at the same moment as all others, and its tick comes as often as docs/CONFIGURATION.md
//! advises for so many, at a second of its own. Each call takes 20 ms. What AWS does not publish is taken
//! to be ten calls a second after a burst of twenty, for each operation of ARC, and for all of Auto Scaling
//! together, whose bucket is one. Lambda runs as many invocations at once as `infra` reserves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use domain::{AccountId, SubnetId, ZoneId, ZoneName};
use jiff::{SignedDuration, Timestamp};
use pipeline_tests::{Pipeline, handlers, step};
use region::arc::ManagedResource;
use region::autoscaling::GroupSpec;
use region::cloudwatch::StateValue;
use region::fault::spec::RegionFault;
use region::lambda::Way;
use region::operation::Service;
use region::region::Region;
use region::scenario::healthy;
use region::stage::{ASG_PRUNING, CLASSIFIER, REGION, RULES, Stage, ZONAL_SHIFT};
use region::state::State;
use serde_json::{Value, json};

/// Groups of a workload.
pub const GROUPS: usize = 4;
/// Subnets of a workload, in all zones together.
const SUBNETS: usize = 20;
/// Calls of DescribeAlarms a second, as published.
pub const ALARMS_RATE: f64 = 9.0;
/// Calls a second in the long run, and at once, where AWS publishes nothing.
pub const RATE: f64 = 10.0;
/// See [`RATE`].
pub const BURST: f64 = 20.0;
const ZONES: [(&str, &str); 3] = [
    ("use1-az1", "us-east-1c"),
    ("use1-az2", "us-east-1a"),
    ("use1-az3", "us-east-1b"),
];
/// The operations of ARC that Evac uses; each has a bucket of its own.
const ARC_OPERATIONS: [&str; 5] = [
    "GetManagedResource",
    "ListZonalShifts",
    "StartZonalShift",
    "UpdateZonalShift",
    "CancelZonalShift",
];
/// How often the clock moves.
const BEAT: Duration = Duration::from_millis(10);
/// Workloads of an account for each minute between two ticks of one of them, and the longest time between.
const WORKLOADS_PER_TICK_MINUTE: usize = 30;
/// See [`WORKLOADS_PER_TICK_MINUTE`].
const MOST_TICK_MINUTES: usize = 15;
/// Invocations of zonal-shift and of asg-pruning that `infra` reserves at the most.
const RESERVED: [(&str, u32); 2] = [(ZONAL_SHIFT, 50), (ASG_PRUNING, 10)];
/// A fleet that is not done by then is not done, in virtual minutes.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_mins(30);

/// The calls that a workload needs until it is pruned.
pub const NEEDED: [(Service, &str, usize); 11] = [
    (Service::ArcZonalShift, "GetManagedResource", 2),
    (Service::ArcZonalShift, "ListZonalShifts", 1),
    (Service::ArcZonalShift, "StartZonalShift", 1),
    (Service::AutoScaling, "CreateOrUpdateTags", GROUPS),
    (Service::AutoScaling, "DescribeAutoScalingGroups", 3),
    (Service::AutoScaling, "DescribeInstanceRefreshes", GROUPS),
    (Service::AutoScaling, "UpdateAutoScalingGroup", GROUPS),
    (Service::CloudWatch, "DescribeAlarms", 1),
    (Service::CloudWatch, "ListAlarmMuteRules", 0),
    (Service::Lambda, "Invoke", 2),
    (Service::Sns, "Publish", 2),
];

/// What became of a fleet.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Workloads.
    pub workloads: usize,
    /// From the alarms to the start of the last shift, in seconds; `None` where one was never started.
    pub shifted: Option<f64>,
    /// The least that the buckets allow.
    pub shift_bound: f64,
    /// From the alarms to when asg-pruning has seen that the last group lost the zone, in seconds; `None` where
    /// one did not.
    pub pruned: Option<f64>,
    /// The least that the buckets allow for the calls that a prune is made of.
    pub prune_bound: f64,
    /// Calls that arrived, by service and operation, until then: admitted ones, and
    /// throttled ones.
    pub calls: BTreeMap<(Service, &'static str), (usize, usize)>,
    /// Invocations that ended in an error, by function and type.
    pub failed: BTreeMap<(String, String), usize>,
    /// Events that were given up.
    pub dead_letters: usize,
}

impl Outcome {
    /// How often an operation was admitted.
    #[must_use]
    pub fn admitted(&self, service: Service, operation: &str) -> usize {
        let same = |((of, name), _): &(&(Service, &'static str), &(usize, usize))| {
            *of == service && *name == operation
        };
        let found = self.calls.iter().find(same);
        found.map_or(0, |(_, (admitted, _))| *admitted)
    }

    /// Calls that were admitted, and calls that were throttled, in all.
    #[must_use]
    pub fn totals(&self) -> (usize, usize) {
        let add = |sum: (usize, usize), calls: &(usize, usize)| (sum.0 + calls.0, sum.1 + calls.1);
        self.calls.values().fold((0, 0), add)
    }
}

/// The least time in which so many calls pass a bucket of this rate, in seconds.
#[must_use]
#[allow(
    clippy::cast_precision_loss,
    reason = "some ten thousand calls at the most"
)]
pub fn bound(calls: usize, rate: f64) -> f64 {
    ((calls as f64 - BURST) / rate).max(0.0)
}

/// The calls of a service that a workload needs.
fn needed_of(service: Service) -> usize {
    let calls = NEEDED.iter().filter(|(of, _, _)| *of == service);
    calls.map(|(_, _, calls)| calls).sum()
}

/// Between two ticks of a workload, in seconds.
fn tick_of(workloads: usize) -> i64 {
    let minutes = workloads.div_ceil(WORKLOADS_PER_TICK_MINUTE);
    60 * i64::try_from(minutes.clamp(1, MOST_TICK_MINUTES)).unwrap_or(1)
}

/// Lets the zone fail for so many workloads. The clock of tokio has to be paused.
///
/// # Errors
/// Where the Region cannot be set up.
pub async fn play(workloads: usize) -> anyhow::Result<Outcome> {
    // The SDK draws its waits from this generator.
    fastrand::seed(1);
    let stage = Stage::set(&healthy()?, 1)?;
    let pipeline = Pipeline { stage };
    let stage = &pipeline.stage;
    stage.connect(handlers(&stage.region, &stage.topic))?;
    let fleet = (0..workloads)
        .map(|number| add(&pipeline, number))
        .collect::<anyhow::Result<Vec<Value>>>()?;
    // The workload that the Region brings is not part of it.
    for rule in RULES {
        stage.region.state().events.remove_rule(rule);
    }
    throttle(&stage.region)?;
    {
        let mut state = stage.region.state();
        let for_each = u32::try_from(workloads)?.max(20);
        state.lambda.reserve_concurrency(CLASSIFIER, Some(for_each));
        for (function, reserved) in RESERVED {
            state.lambda.reserve_concurrency(function, Some(reserved));
        }
    }
    let began = stage.region.now();
    stage.region.state().calls.clear();
    for definition in &fleet {
        let zone = ZONES[0].0;
        let alarm = definition["alarms"]["zonal"][zone]
            .as_str()
            .context("the zone has an alarm")?;
        pipeline.set_alarm(alarm, StateValue::Alarm);
        let mut event = pipeline.alarm_event(zone);
        event["workload"] = definition.clone();
        event["event"]["detail"]["alarmName"] = json!(alarm);
        let mut state = stage.region.state();
        state.lambda.enqueue(CLASSIFIER, event, began);
    }
    let mut tally = Tally::default();
    drive(&stage.region, &fleet, began, &mut tally).await;
    tally.take(&mut stage.region.state(), began);
    Ok(outcome(&pipeline, workloads, began, tally))
}

/// What the calls tell. The Region keeps only so many of them, so they are counted on the way.
#[derive(Debug, Default)]
struct Tally {
    calls: BTreeMap<(Service, &'static str), (usize, usize)>,
    shifted: Option<f64>,
}

impl Tally {
    fn take(&mut self, state: &mut State, began: Timestamp) {
        for call in state.calls.drain(..) {
            let of = self
                .calls
                .entry((call.service, call.operation.name))
                .or_default();
            if call.fault.is_some() {
                of.1 += 1;
                continue;
            }
            of.0 += 1;
            if call.operation.name == "StartZonalShift" {
                self.shifted = Some(call.at.duration_since(began).as_secs_f64());
            }
        }
    }
}

/// Moves the Region's clock with tokio's, until every workload is evacuated.
async fn drive(region: &Arc<Region>, fleet: &[Value], began: Timestamp, tally: &mut Tally) {
    let mut ticked = began.as_second();
    while region.now().duration_since(began) < GIVEN_UP_AFTER {
        tokio::time::sleep(BEAT).await;
        let beat = SignedDuration::try_from(BEAT).unwrap_or_default();
        let now = region.now().checked_add(beat).unwrap_or(Timestamp::MAX);
        while ticked < now.as_second() {
            ticked += 1;
            tick(region, fleet, ticked - began.as_second(), now);
            tally.take(&mut region.state(), began);
            if is_done(&region.state(), fleet.len()) {
                return;
            }
        }
        step(region, now);
    }
}

/// The ticks of this second: each workload's comes at its own.
fn tick(region: &Region, fleet: &[Value], second: i64, now: Timestamp) {
    let mut state = region.state();
    let every = tick_of(fleet.len());
    let workloads = i64::try_from(fleet.len()).unwrap_or(1);
    for (number, definition) in (1_i64..).zip(fleet) {
        if (second + number * every / workloads) % every == 0 {
            let tick = json!({"workload": definition, "command": {"action": "reconcile", "reason": "schedule"}});
            state.lambda.enqueue(CLASSIFIER, tick, now);
        }
    }
}

fn is_done(state: &State, workloads: usize) -> bool {
    let changed = state.auto_scaling.changes().len();
    changed >= workloads * GROUPS && pruned_at(state, workloads).is_some()
}

/// When the last prune was over, by the answers of asg-pruning; `None` where they do not tell of every group.
fn pruned_at(state: &State, workloads: usize) -> Option<Timestamp> {
    let pruned = |answer: &Value| {
        let groups = answer["groups"].as_array().into_iter().flatten();
        groups.filter(|group| group["outcome"] == "pruned").count()
    };
    let ended = state
        .lambda
        .invocations()
        .filter(|invocation| invocation.function == ASG_PRUNING)
        .filter_map(|invocation| {
            Some((pruned(invocation.outcome.as_ref().ok()?), invocation.ended))
        })
        .filter(|(groups, _)| *groups > 0);
    let (groups, last) = ended.fold((0, None), |(groups, last), (more, at)| {
        (groups + more, last.max(Some(at)))
    });
    last.filter(|_| groups >= workloads * GROUPS)
}

/// Adds a workload to the Region; its definition.
fn add(pipeline: &Pipeline, number: usize) -> anyhow::Result<Value> {
    let name = format!("workload-{number:03}");
    let mut definition = pipeline.stage.workload.clone();
    let mut state = pipeline.stage.region.state();
    let now = state.now();
    let mut subnets: Vec<SubnetId> = Vec::new();
    let mut zones = json!({});
    for index in 0..SUBNETS {
        let (id, zone_name) = ZONES[index % ZONES.len()];
        let subnet: SubnetId = format!("subnet-{:017x}", number * SUBNETS + index + 1).parse()?;
        state
            .auto_scaling
            .put_subnet(subnet.clone(), id.parse()?, zone_name.parse::<ZoneName>()?);
        zones[id]["name"] = json!(zone_name);
        match zones[id]["subnets"].as_array_mut() {
            Some(known) => known.push(json!(subnet)),
            None => zones[id]["subnets"] = json!([subnet]),
        }
        subnets.push(subnet);
    }
    let arn = format!(
        "arn:aws:elasticloadbalancing:{REGION}:{}:loadbalancer/app/{name}/50dc6c495c0c9199",
        AccountId::embedded()
    );
    state.arc.manage(ManagedResource {
        arn: arn.parse()?,
        name: name.clone(),
        zones: ZONES
            .iter()
            .map(|(id, _)| id.parse::<ZoneId>())
            .collect::<Result<_, _>>()?,
        autoshift: false,
    });
    for group in 0..GROUPS {
        let spec = GroupSpec {
            name: format!("{name}-{group}"),
            max: 9,
            subnets: subnets.clone(),
            tags: BTreeMap::from([("evac:workload".to_owned(), name.clone())]),
            ..GroupSpec::default()
        };
        state.auto_scaling.put_group(spec, now)?;
    }
    drop(state);
    let mut zonal = json!({});
    for (id, _) in ZONES {
        let alarm = format!("{id}-{name}-isolated-impact");
        pipeline.set_alarm(&alarm, StateValue::Ok);
        zonal[id] = json!(alarm);
    }
    let regional = format!("{name}-regional-impact");
    pipeline.set_alarm(&regional, StateValue::Ok);
    definition["name"] = json!(name);
    definition["zones"] = zones;
    definition["resources"] = json!([arn]);
    definition["autoScalingGroups"] = json!({"tag": {"key": "evac:workload", "value": name}});
    definition["alarms"] = json!({"zonal": zonal, "regional": [regional]});
    definition["policy"]["mode"] = json!("evacuate");
    if let Some(fields) = definition.as_object_mut() {
        fields.remove("evidence");
        fields.remove("canary");
    }
    Ok(definition)
}

/// The buckets, and the time that a call takes.
fn throttle(region: &Region) -> anyhow::Result<()> {
    let mut faults: Vec<String> = ARC_OPERATIONS
        .map(|operation| format!("throttle:service=arc-zonal-shift,operation={operation},perSecond={RATE},burst={BURST}"))
        .into();
    faults.push(format!(
        "throttle:service=autoscaling,perSecond={RATE},burst={BURST}"
    ));
    // Published: nine a second.
    faults.push(format!(
        "throttle:service=cloudwatch,operation=DescribeAlarms,perSecond={ALARMS_RATE},burst={BURST}"
    ));
    faults.push(format!(
        "throttle:service=cloudwatch,operation=ListAlarmMuteRules,perSecond={RATE},burst={BURST}"
    ));
    for service in ["cloudwatch", "arc-zonal-shift", "autoscaling", "sns"] {
        faults.push(format!("slow:service={service},milliseconds=20"));
    }
    for fault in faults {
        let fault: RegionFault = fault.parse()?;
        region.begin_fault(&fault, None);
    }
    Ok(())
}

fn outcome(pipeline: &Pipeline, workloads: usize, began: Timestamp, mut tally: Tally) -> Outcome {
    let state = pipeline.stage.region.state();
    // Lambda's own refusals are no fault that was put on it.
    let invocations = state.lambda.invocations();
    let run = invocations
        .filter(|invocation| invocation.way == Way::Synchronous)
        .count();
    if let Some((admitted, throttled)) = tally.calls.get_mut(&(Service::Lambda, "Invoke")) {
        *throttled += admitted.saturating_sub(run);
        *admitted = run;
    }
    let mut failed: BTreeMap<(String, String), usize> = BTreeMap::new();
    for invocation in state.lambda.invocations() {
        if let Err(failure) = &invocation.outcome {
            let kind = (invocation.function.clone(), failure.error_type.clone());
            *failed.entry(kind).or_default() += 1;
        }
    }
    Outcome {
        workloads,
        shifted: tally
            .shifted
            .filter(|_| state.arc.shifts().len() >= workloads),
        // Every shift needs one look at the alarms, which is the slowest bucket on the way to it.
        shift_bound: bound(workloads, ALARMS_RATE),
        pruned: pruned_at(&state, workloads).map(|at| at.duration_since(began).as_secs_f64()),
        prune_bound: bound(workloads * needed_of(Service::AutoScaling), RATE),
        calls: tally.calls,
        failed,
        dead_letters: state.lambda.dead_letters().len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_costs_nothing_and_the_rest_its_rate() {
        assert_eq!(bound(20, RATE), 0.0);
        assert!((bound(500, RATE) - 48.0).abs() < 1e-9);
        assert!((bound(110, ALARMS_RATE) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn the_tick_of_a_fleet_comes_as_often_as_is_advised() {
        assert_eq!([1, 30, 31, 500].map(tick_of), [60, 60, 120, 900]);
    }
}
