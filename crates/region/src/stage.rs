//! The Region that drills play in: the workload *wildrydes*, with the detection that the AWS workshop
//! builds by hand.
//!
//! Three zones, one load balancer with cross-zone load balancing off, one Auto Scaling group with
//! three instances in each zone, traffic, canaries. The AZ names of this account are not in the order
//! of the AZ IDs, as in most accounts: whoever mixes them up leaves the wrong zone.
//!
//! The detection is in [`detection`].

mod canary;
pub mod detection;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::{AccountId, ResourceArn, SubnetId, ZoneId, ZoneName};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::arc::{ManagedResource, PracticeRunConfiguration, ZonalShifts};
use crate::autoscaling::{AutoScaling, GroupSpec, RefreshStatus};
use crate::chance::Chance;
use crate::error::ServiceError;
use crate::eventbridge::{Input, Pattern, Rule, Target, Transformer, Trigger};
use crate::lambda::{EventInvokeConfig, Handler};
use crate::region::Region;
use crate::scenario::{Scenario, Setting};
use crate::script::Step;
use crate::sns::{Sns, Subscribe};
use crate::state::{Parts, State};
use crate::timeline::{FAULT_BEGINS, FAULT_ENDS, fault_line};
use crate::world::{BaselineSpec, ClientSpec, LoadBalancerSpec, TrafficSpec, World, WorldSpec};

/// The workload's name.
pub const WORKLOAD: &str = "wildrydes";
/// The Region's name.
pub const REGION: &str = "us-east-1";
/// The Auto Scaling group's name.
pub const GROUP: &str = "wildrydes-web";

/// The function that decides.
pub const CLASSIFIER: &str = "classifier";
/// The function that talks to ARC.
pub const ZONAL_SHIFT: &str = "zonal-shift";
/// The function that talks to Auto Scaling.
pub const ASG_PRUNING: &str = "asg-pruning";

/// The function that asks each zone's endpoint from outside.
pub const CANARY: &str = "canary";

/// The rules of the workload: for its alarms, for what others do with its shifts, and the tick.
pub const RULES: [&str; 3] = ["wildrydes", "wildrydes-shifts", "wildrydes-tick"];
/// Instances of the group in each zone.
pub(crate) const INSTANCES_PER_ZONE: usize = 3;

/// Zones that the policy wants to be left.
pub const MIN_ZONES: usize = 2;
/// What is slow for a customer, in milliseconds.
const SLOW_AFTER_MS: u64 = 350;
/// The load balancer in metrics.
const DIMENSION: &str = "app/front/50dc6c495c0c9188";
/// Its target group in metrics.
const TARGET_GROUP: &str = "targetgroup/web/0123456789abcdef";
/// When the Region's clock begins: ten minutes before three in the morning.
const START: &str = "2026-01-15T02:50:00Z";

/// Traffic before the drill begins, so that alarms have seen health.
const HISTORY: SignedDuration = SignedDuration::from_mins(10);
/// How old an event may be for a function to be tried again with it: a decision from another time helps
/// nobody.
const EVENT_AGE_SECONDS: i64 = 900;
/// How often the tick comes: what the counts do not bear out yet is looked at again with the next
/// minute's.
const TICK_SECONDS: u32 = 60;
/// AZ ID and AZ name of each zone.
const ZONES: [(&str, &str); 3] = [
    ("use1-az1", "us-east-1c"),
    ("use1-az2", "us-east-1a"),
    ("use1-az3", "us-east-1b"),
];

/// Somebody hears of the messages, and has agreed to.
fn subscribe(sns: &mut Sns, topic: &str, now: Timestamp) -> Result<(), ServiceError> {
    let request = Subscribe {
        topic: topic.to_owned(),
        protocol: "email".to_owned(),
        endpoint: "on-call@example.com".to_owned(),
        attributes: BTreeMap::new(),
    };
    let subscription = sns.subscribe(request, now)?;
    let token = sns
        .subscription(&subscription)
        .map(|one| one.token.0.clone());
    sns.confirm_subscription(topic, &token.unwrap_or_default(), now)?;
    Ok(())
}

/// Where Lambda sends what a function failed with for good.
fn failed_queue() -> String {
    format!("arn:aws:sqs:{REGION}:{}:evac-failed", AccountId::embedded())
}

/// Why a Region cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the Region cannot be set up: {0}")]
pub struct StageError(String);

impl StageError {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// A Region that is set up for a scenario.
#[derive(Debug)]
pub struct Stage {
    /// The Region; its clock stands at the beginning of the drill.
    pub region: Arc<Region>,
    /// The workload's definition.
    pub workload: Value,
    /// When the drill begins, on the Region's clock.
    pub begin: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// The topic's ARN.
    pub topic: String,
}

/// The functions, as the Region's Lambda runs them.
pub struct Handlers {
    /// Decides, has it done, tells people.
    pub classifier: Handler,
    /// Talks to ARC.
    pub zonal_shift: Handler,
    /// Talks to Auto Scaling.
    pub asg_pruning: Handler,
}

impl Stage {
    /// Sets a Region up for a scenario, and lets ten minutes of ordinary traffic pass.
    ///
    /// # Errors
    /// Where a scenario asks for what the Region does not have, such as a fault in a fourth zone.
    pub fn set(scenario: &Scenario, seed: u64) -> Result<Self, StageError> {
        let now: Timestamp = START.parse().map_err(StageError::of)?;
        Self::set_at(scenario, seed, now + HISTORY)
    }

    /// The same, with a drill that begins at this time of the Region's clock.
    ///
    /// # Errors
    /// As [`Stage::set`], and where the time is out of the calendar.
    pub fn set_at(scenario: &Scenario, seed: u64, begin: Timestamp) -> Result<Self, StageError> {
        let account = AccountId::embedded();
        let now = begin.checked_sub(HISTORY).map_err(StageError::of)?;
        let chance = Chance::new(seed);
        let load_balancer = load_balancer()?;
        let mut sns = Sns::new(account.clone(), REGION);
        let topic = sns.create_topic("evac");
        let auto_scaling = auto_scaling(&account, chance, &load_balancer, &scenario.setting, now)?;
        let group_arn: Option<ResourceArn> = auto_scaling
            .group(GROUP)
            .filter(|group| group.zonal_shift)
            .map(|group| group.arn.parse().map_err(StageError::of))
            .transpose()?;
        let parts = Parts {
            now,
            arc: arc(&account, &load_balancer)?,
            auto_scaling,
            cloudwatch: detection::cloudwatch(
                &account,
                &zones()?,
                scenario
                    .setting
                    .bad_requests_to_alarm
                    .unwrap_or(detection::ENOUGH),
                now,
            )?,
            sns,
            world: World::new(world(&load_balancer, &scenario.setting)?, chance)
                .map_err(StageError::of)?,
        };
        let region = Region::new(State::new(&account, REGION, parts));
        let workload = definition(&load_balancer, group_arn.as_ref(), scenario)?;
        if let Err(problems) = domain::definition::read("definition", &workload) {
            return Err(StageError(problems.to_string()));
        }
        {
            let mut state = region.state();
            // Nothing is invoked yet, so nothing becomes due.
            let due = state.step_until(begin);
            debug_assert!(due.is_empty(), "there is no function yet");
            for fault in &scenario.faults {
                let fault = fault.in_drill(begin);
                let what = fault_line(&fault);
                let begins = Step::Tell(format!("{FAULT_BEGINS}{what}"));
                state.schedule(fault.from, begins);
                if let Some(until) = fault.until {
                    state.schedule(until, Step::Tell(format!("{FAULT_ENDS}{what}")));
                }
                state.world.inject(fault).map_err(StageError::of)?;
            }
            for fault in &scenario.region_faults {
                let (from, until) = fault.in_drill(begin);
                state.schedule(from, Step::Begin(fault.fault.clone(), until));
                if let Some(until) = until {
                    state.schedule(until, Step::End(fault.fault.clone()));
                }
            }
            for act in &scenario.acts {
                let at = begin + act.after.length();
                state.schedule(at, Step::Act(act.act.clone()));
            }
            state.workload.clone_from(&workload);
            // What goes on from the beginning on is there before anybody looks.
            state.take_steps();
            state.remember_before();
        }
        let end = begin + scenario.lasts.length();
        Ok(Self {
            region,
            workload,
            begin,
            end,
            topic,
        })
    }

    /// Adds the functions, the workload's rules and its schedule: from here on, Evac watches.
    ///
    /// # Errors
    /// Where EventBridge refuses a rule.
    pub fn connect(&self, handlers: Handlers) -> Result<(), StageError> {
        let mut state = self.region.state();
        let now = state.now();
        for (name, seconds, handler) in [
            (CLASSIFIER, 900, handlers.classifier),
            (ZONAL_SHIFT, 20, handlers.zonal_shift),
            (ASG_PRUNING, 120, handlers.asg_pruning),
        ] {
            let timeout = Duration::from_secs(seconds);
            state.lambda.put_function(name, timeout, handler);
            let config = EventInvokeConfig {
                maximum_event_age: Some(EVENT_AGE_SECONDS),
                on_failure: Some(failed_queue()),
                ..EventInvokeConfig::default()
            };
            (state.lambda)
                .put_event_invoke_config(name, config, now)
                .map_err(StageError::of)?;
        }
        let arn = |function: &str| state.lambda.arn(function);
        let variables = [
            ("EVAC_ZONAL_SHIFT_FUNCTION", arn(ZONAL_SHIFT)),
            ("EVAC_ASG_PRUNING_FUNCTION", arn(ASG_PRUNING)),
            ("EVAC_TOPIC_ARN", self.topic.clone()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        state.lambda.set_variables(CLASSIFIER, variables.into());
        subscribe(&mut state.sns, &self.topic, now).map_err(StageError::of)?;
        for rule in self.rules()? {
            state.events.put_rule(rule, now).map_err(StageError::of)?;
        }
        Ok(())
    }

    /// Whether an alarm is one of the workload's definition, and not only part of one.
    #[must_use]
    pub fn is_own_alarm(&self, name: &str) -> bool {
        let alarms = &self.workload["alarms"];
        let zonal = alarms["zonal"]
            .as_object()
            .into_iter()
            .flat_map(|zonal| zonal.values());
        let regional = alarms["regional"].as_array().into_iter().flatten();
        zonal.chain(regional).any(|alarm| alarm == name)
    }

    /// The workload's rule for its alarms, its rule for what others do with its shifts, and the tick.
    fn rules(&self) -> Result<Vec<Rule>, StageError> {
        let alarms = &self.workload["alarms"];
        let zonal = alarms["zonal"]
            .as_object()
            .into_iter()
            .flat_map(|zonal| zonal.values());
        let names: Vec<&Value> = zonal
            .chain(alarms["regional"].as_array().into_iter().flatten())
            .collect();
        let alarms = json!({
            "source": ["aws.cloudwatch"],
            "detail-type": ["CloudWatch Alarm State Change"],
            "detail": {"alarmName": names, "state": {"value": ["ALARM"]}},
        });
        let shifts = json!({
            "source": ["aws.arc-zonal-shift"],
            "detail-type": ["Autoshift In Progress", "Autoshift Completed", "Manual Shift Canceled"],
        });
        let template = format!(
            r#"{{"workload": {}, "event": <aws.events.event.json>}}"#,
            self.workload
        );
        let transformer = Transformer::new(&BTreeMap::new(), &template).map_err(StageError::of)?;
        let on_event = |name: &str, pattern: &Value| -> Result<Rule, StageError> {
            let trigger = Trigger::Pattern(Pattern::parse(pattern).map_err(StageError::of)?);
            Ok(rule(name, trigger, Input::Transformed(transformer.clone())))
        };
        let tick = json!({"workload": self.workload, "command": {"action": "reconcile", "reason": "schedule"}});
        Ok(vec![
            on_event(RULES[0], &alarms)?,
            on_event(RULES[1], &shifts)?,
            rule(
                RULES[2],
                Trigger::Rate {
                    seconds: TICK_SECONDS,
                },
                Input::Constant(tick),
            ),
        ])
    }
}

fn rule(name: &str, trigger: Trigger, input: Input) -> Rule {
    let target = Target {
        id: CLASSIFIER.to_owned(),
        function: CLASSIFIER.to_owned(),
        input,
    };
    Rule {
        name: name.to_owned(),
        trigger,
        enabled: true,
        targets: vec![target],
    }
}

/// The zones, by AZ ID and AZ name.
fn zones() -> Result<Vec<(ZoneId, ZoneName)>, StageError> {
    let parsed = ZONES.iter().map(|(id, name)| {
        let id = id.parse().map_err(StageError::of)?;
        let name = name.parse().map_err(StageError::of)?;
        Ok((id, name))
    });
    parsed.collect()
}

fn load_balancer() -> Result<ResourceArn, StageError> {
    format!(
        "arn:aws:elasticloadbalancing:{REGION}:{}:loadbalancer/{DIMENSION}",
        AccountId::embedded()
    )
    .parse()
    .map_err(StageError::of)
}

/// The workload's subnet in a zone.
fn subnet(zone: &ZoneId) -> Result<SubnetId, StageError> {
    let number = zone.as_str().chars().last().unwrap_or('0');
    format!("subnet-0{number}000000000000001")
        .parse()
        .map_err(StageError::of)
}

/// The AZ IDs of the Region.
pub(crate) fn zone_ids() -> BTreeSet<ZoneId> {
    let ids = ZONES.iter().map(|(id, _)| id.parse());
    ids.filter_map(Result::ok).collect()
}

/// A subnet of the workload's VPC that its definition does not list.
fn unlisted_subnet(zone: &ZoneId) -> Result<SubnetId, StageError> {
    let number = zone.as_str().chars().last().unwrap_or('0');
    format!("subnet-0{number}0000000000000ff")
        .parse()
        .map_err(StageError::of)
}

fn arc(account: &AccountId, load_balancer: &ResourceArn) -> Result<ZonalShifts, StageError> {
    let mut arc = ZonalShifts::new(account.clone(), REGION);
    arc.manage(ManagedResource {
        arn: load_balancer.clone(),
        name: "front".to_owned(),
        zones: zones()?.into_iter().map(|(id, _)| id).collect(),
        autoshift: true,
    });
    // A practice run fails when it hurts the customers of the whole Region.
    let alarm = format!(
        "arn:aws:cloudwatch:{REGION}:{account}:alarm:{}",
        detection::REGIONAL_ALARM
    );
    let practice = PracticeRunConfiguration::of_alarm(alarm);
    arc.set_practice_run(load_balancer, Some(practice));
    Ok(arc)
}

fn auto_scaling(
    account: &AccountId,
    chance: Chance,
    load_balancer: &ResourceArn,
    setting: &Setting,
    now: Timestamp,
) -> Result<AutoScaling, StageError> {
    let mut auto_scaling = AutoScaling::new(account.clone(), REGION, chance);
    let mut subnets = Vec::new();
    for (id, name) in zones()? {
        let subnet = subnet(&id)?;
        subnets.push(subnet.clone());
        auto_scaling.put_subnet(subnet, id.clone(), name.clone());
        if setting.unlisted_subnet.as_ref() == Some(&id) {
            let unlisted = unlisted_subnet(&id)?;
            subnets.push(unlisted.clone());
            auto_scaling.put_subnet(unlisted, id, name);
        }
    }
    let spec = GroupSpec {
        name: GROUP.to_owned(),
        min: 6,
        max: 15,
        desired: INSTANCES_PER_ZONE * ZONES.len(),
        subnets,
        tags: BTreeMap::from([
            ("evac:workload".to_owned(), WORKLOAD.to_owned()),
            ("Name".to_owned(), GROUP.to_owned()),
        ]),
        target_groups: vec![format!(
            "arn:aws:elasticloadbalancing:{REGION}:{account}:{TARGET_GROUP}"
        )],
        load_balancer: Some(load_balancer.clone()),
        zonal_shift: setting.native_zonal_shift,
        refresh: setting
            .instance_refresh
            .then_some(RefreshStatus::InProgress),
        ..GroupSpec::default()
    };
    auto_scaling.put_group(spec, now).map_err(StageError::of)?;
    Ok(auto_scaling)
}

fn world(load_balancer: &ResourceArn, setting: &Setting) -> Result<WorldSpec, StageError> {
    Ok(WorldSpec {
        workload: WORKLOAD.to_owned(),
        zones: zones()?,
        load_balancers: vec![LoadBalancerSpec {
            arn: load_balancer.clone(),
            dimension: DIMENSION.to_owned(),
            target_group: TARGET_GROUP.to_owned(),
        }],
        traffic: TrafficSpec {
            requests_per_second: setting.requests_per_second.unwrap_or(120.0),
            shares: setting.shares.clone(),
            drift: 0.1,
        },
        baseline: BaselineSpec::default(),
        slow_after_ms: SLOW_AFTER_MS,
        // Two zones can carry the load of three.
        capacity_per_instance: 30.0,
        clients: ClientSpec::default(),
    })
}

/// The workload's definition, as its owners write it.
fn definition(
    load_balancer: &ResourceArn,
    group: Option<&ResourceArn>,
    scenario: &Scenario,
) -> Result<Value, StageError> {
    let mut by_zone = serde_json::Map::new();
    let mut alarms = serde_json::Map::new();
    for (id, name) in zones()? {
        by_zone.insert(
            id.to_string(),
            json!({"name": name, "subnets": [subnet(&id)?]}),
        );
        alarms.insert(id.to_string(), json!(detection::zonal_alarm(&id)));
    }
    let mut policy = json!({
        "mode": scenario.mode,
        "expiresIn": "6h",
        "minZones": MIN_ZONES,
        "failBack": "manual",
        "withoutEvidence": "act",
    });
    for (field, value) in &scenario.setting.policy {
        policy[field] = value.clone();
    }
    let resources: Vec<&ResourceArn> = [load_balancer].into_iter().chain(group).collect();
    Ok(json!({
        "name": WORKLOAD,
        "zones": by_zone,
        "resources": resources,
        "autoScalingGroups": {"tag": {"key": "evac:workload", "value": WORKLOAD}},
        "alarms": {"zonal": alarms, "regional": [detection::REGIONAL_ALARM]},
        "evidence": {
            "source": "alb",
            "loadBalancer": DIMENSION,
            "slowAfterMs": SLOW_AFTER_MS,
            "targetGroups": [TARGET_GROUP],
            "crossZone": "off",
        },
        "canary": {
            "source": "custom",
            "namespace": "Evac/Canary",
            "requests": "Requests",
            "faults": "Faults",
            "slow": "Slow",
            "zone": {"dimension": "ZoneId", "as": "id"},
            "dimensions": {"Workload": WORKLOAD},
        },
        "policy": policy,
    }))
}
