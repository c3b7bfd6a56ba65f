//! Where a history takes place: a Region at rest, with a workload as the setting wants it.
//!
//! Nobody sends requests, so hours pass from event to event. What alarms say is set by hand, and what
//! is counted is written by hand ([`crate::truth`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{AccountId, ResourceArn, SubnetId, ZoneId, ZoneName};
use jiff::Timestamp;
use region::arc::{ManagedResource, ZonalShifts};
use region::autoscaling::{AutoScaling, GroupSpec};
use region::chance::Chance;
use region::cloudwatch::{Actions, CloudWatch, CompositeAlarmConfig};
use region::eventbridge::{Input, Rule, Target, Trigger};
use region::region::Region;
use region::sns::Sns;
use region::stage::detection::{REGIONAL_ALARM, zonal_alarm};
use region::stage::{CLASSIFIER, Handlers, REGION, RULES, Stage, WORKLOAD};
use region::state::{Parts, State};
use region::world::{
    BaselineSpec, CANARY_NAMESPACE, ClientSpec, LoadBalancerSpec, TrafficSpec, World, WorldSpec,
};
use serde_json::{Value, json};

use crate::transcript::Setting;

/// The namespace of the workload's own counts.
pub(crate) const COUNTS: &str = "wildrydes";

/// A Region with a workload that nothing happens to.
pub(crate) struct Place {
    pub(crate) region: Arc<Region>,
    pub(crate) workload: Value,
    pub(crate) topic: String,
    pub(crate) begin: Timestamp,
    pub(crate) zones: Vec<ZoneId>,
    /// The listed subnets of each zone.
    pub(crate) subnets: Vec<Vec<SubnetId>>,
    /// A subnet of the first zone that the workload does not list.
    pub(crate) unlisted: SubnetId,
    /// The lead first.
    pub(crate) resources: Vec<ResourceArn>,
    /// The groups' names.
    pub(crate) groups: Vec<String>,
}

impl Place {
    pub(crate) fn of(setting: &Setting, seed: u64) -> Self {
        let account = AccountId::embedded();
        let begin: Timestamp = "2026-01-15T03:00:00Z".parse().unwrap();
        let chance = Chance::new(seed);
        let names = ["us-east-1c", "us-east-1a", "us-east-1b", "us-east-1d"];
        let numbers = 1..=usize::from(setting.zones);
        let zones: Vec<ZoneId> = numbers
            .map(|number| format!("use1-az{number}").parse().unwrap())
            .collect();
        let names: Vec<ZoneName> = names.iter().map(|name| name.parse().unwrap()).collect();
        let subnets: Vec<Vec<SubnetId>> = (1..=zones.len())
            .map(|zone| {
                let numbers = 1..=setting.subnets_per_zone;
                numbers
                    .map(|n| format!("subnet-0{zone}{n:015x}").parse().unwrap())
                    .collect()
            })
            .collect();
        let unlisted: SubnetId = "subnet-010000000000000ff".parse().unwrap();
        let resources: Vec<ResourceArn> = (0..setting.resources)
            .map(|number| {
                format!("arn:aws:elasticloadbalancing:{REGION}:{account}:loadbalancer/app/front-{number}/50dc6c495c0c918{number}")
                    .parse()
                    .unwrap()
            })
            .collect();

        let mut arc = ZonalShifts::new(account.clone(), REGION);
        for (number, arn) in resources.iter().enumerate() {
            arc.manage(ManagedResource {
                arn: arn.clone(),
                name: format!("front-{number}"),
                zones: zones.clone(),
                autoshift: number == 0,
            });
        }
        let mut auto_scaling = AutoScaling::new(account.clone(), REGION, chance);
        for ((id, name), subnets) in zones.iter().zip(&names).zip(&subnets) {
            for subnet in subnets {
                auto_scaling.put_subnet(subnet.clone(), id.clone(), name.clone());
            }
        }
        auto_scaling.put_subnet(unlisted.clone(), zones[0].clone(), names[0].clone());
        let groups: Vec<String> = (0..setting.groups)
            .map(|number| format!("web-{number}"))
            .collect();
        for (number, name) in groups.iter().enumerate() {
            let spec = GroupSpec {
                name: name.clone(),
                min: 0,
                max: 12,
                desired: zones.len(),
                subnets: subnets.concat(),
                tags: BTreeMap::from([("evac:workload".to_owned(), WORKLOAD.to_owned())]),
                load_balancer: Some(resources[number % resources.len()].clone()),
                ..GroupSpec::default()
            };
            auto_scaling.put_group(spec, begin).unwrap();
        }
        let mut cloudwatch = CloudWatch::new(account.clone(), REGION);
        let alarms = zones.iter().map(zonal_alarm);
        for name in alarms.chain([REGIONAL_ALARM.to_owned()]) {
            let alarm = CompositeAlarmConfig {
                name,
                description: None,
                actions: Actions::default(),
                rule: "FALSE".to_owned(),
                suppressor: None,
            };
            cloudwatch.put_composite_alarm(alarm, begin).unwrap();
        }
        let mut sns = Sns::new(account.clone(), REGION);
        let topic = sns.create_topic("evac");
        let spec = WorldSpec {
            workload: WORKLOAD.to_owned(),
            zones: zones.iter().cloned().zip(names.iter().cloned()).collect(),
            load_balancers: vec![LoadBalancerSpec {
                arn: resources[0].clone(),
                dimension: "app/front-0/50dc6c495c0c9180".to_owned(),
                target_group: "targetgroup/web/0123456789abcdef".to_owned(),
            }],
            traffic: TrafficSpec {
                requests_per_second: 0.0,
                shares: BTreeMap::new(),
                drift: 0.0,
            },
            baseline: BaselineSpec::default(),
            slow_after_ms: 350,
            capacity_per_instance: 30.0,
            clients: ClientSpec::default(),
        };
        let mut world = World::new(spec, chance).unwrap();
        world.rest();
        let parts = Parts {
            now: begin,
            arc,
            auto_scaling,
            cloudwatch,
            sns,
            world,
        };
        let region = Region::new(State::new(&account, REGION, parts));
        let workload = definition(setting, &zones, &names, &subnets, &resources);
        region.state().workload.clone_from(&workload);
        Self {
            region,
            workload,
            topic,
            begin,
            zones,
            subnets,
            unlisted,
            resources,
            groups,
        }
    }

    /// From here on, Evac watches.
    pub(crate) fn connect(&self, handlers: Handlers, tick_minutes: u32) {
        let stage = Stage {
            region: Arc::clone(&self.region),
            workload: self.workload.clone(),
            begin: self.begin,
            end: self.begin,
            topic: self.topic.clone(),
        };
        stage.connect(handlers).unwrap();
        let tick = Rule {
            name: RULES[2].to_owned(),
            trigger: Trigger::Rate {
                seconds: tick_minutes * 60,
            },
            enabled: true,
            targets: vec![Target {
                id: CLASSIFIER.to_owned(),
                function: CLASSIFIER.to_owned(),
                input: Input::Constant(self.tick()),
            }],
        };
        self.region
            .state()
            .events
            .put_rule(tick, self.begin)
            .unwrap();
    }

    fn tick(&self) -> Value {
        self.command(&json!({"action": "reconcile", "reason": "schedule"}))
    }

    /// The payload of a command.
    pub(crate) fn command(&self, command: &Value) -> Value {
        json!({"workload": self.workload, "command": command})
    }

    /// The alarm of a zone, or the Region's.
    pub(crate) fn alarm(&self, zone: Option<u8>) -> String {
        zone.map_or(REGIONAL_ALARM.to_owned(), |zone| {
            zonal_alarm(self.zone(zone))
        })
    }

    /// A zone of a transcript. Where the transcript counts further than there are zones, it begins
    /// again: so one that is played with a smaller setting is a history still.
    pub(crate) fn zone(&self, number: u8) -> &ZoneId {
        &self.zones[self.zone_number(number)]
    }

    pub(crate) fn zone_number(&self, number: u8) -> usize {
        usize::from(number) % self.zones.len()
    }

    /// A group of a transcript, likewise.
    pub(crate) fn group(&self, number: u8) -> &str {
        &self.groups[usize::from(number) % self.groups.len()]
    }
}

fn definition(
    setting: &Setting,
    zones: &[ZoneId],
    names: &[ZoneName],
    subnets: &[Vec<SubnetId>],
    resources: &[ResourceArn],
) -> Value {
    let by_zone: serde_json::Map<String, Value> = zones
        .iter()
        .zip(names)
        .zip(subnets)
        .map(|((id, name), subnets)| (id.to_string(), json!({"name": name, "subnets": subnets})))
        .collect();
    let alarms: serde_json::Map<String, Value> = zones
        .iter()
        .map(|zone| (zone.to_string(), json!(zonal_alarm(zone))))
        .collect();
    let mut definition = json!({
        "name": WORKLOAD,
        "zones": by_zone,
        "resources": resources,
        "autoScalingGroups": {"tag": {"key": "evac:workload", "value": WORKLOAD}},
        "alarms": {"zonal": alarms, "regional": [REGIONAL_ALARM]},
        "policy": {
            "mode": setting.mode,
            "expiresIn": setting.expires_in,
            "minZones": setting.min_zones,
            "failBack": if setting.automatic { "automatic" } else { "manual" },
            "stableFor": format!("{}m", setting.stable_for_minutes),
            "withoutEvidence": setting.without_evidence,
            "withoutAlarms": setting.without_alarms,
        },
    });
    if setting.evidence {
        definition["evidence"] = json!({
            "source": "custom",
            "namespace": COUNTS,
            "requests": "Requests",
            "faults": "Faults",
            "zone": {"dimension": "AZ-ID", "as": "id"},
        });
    }
    if setting.canary {
        definition["canary"] = json!({
            "source": "custom",
            "namespace": CANARY_NAMESPACE,
            "requests": "Requests",
            "faults": "Faults",
            "slow": "Slow",
            "zone": {"dimension": "ZoneId", "as": "id"},
            "dimensions": {"Workload": WORKLOAD},
        });
    }
    definition
}
