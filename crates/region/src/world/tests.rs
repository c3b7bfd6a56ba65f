//! Situations of a world of three zones with two instances each.

mod faults;
mod measures;
mod traffic;

use std::collections::BTreeMap;

use domain::arn::ResourceArn;
use domain::zone::ZoneId;
use jiff::Timestamp;

use super::*;

/// A whole minute, so that the tests can think in minutes.
const START: i64 = 1_800_000_000;

const ZONES: [(&str, &str); 3] = [
    ("use1-az1", "us-east-1c"),
    ("use1-az2", "us-east-1a"),
    ("use1-az3", "us-east-1b"),
];

fn zone(number: usize) -> ZoneId {
    ZONES[number - 1].0.parse().unwrap()
}

fn arn(name: &str) -> ResourceArn {
    format!(
        "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/{}",
        dimension(name)
    )
    .parse()
    .unwrap()
}

fn dimension(name: &str) -> String {
    format!("app/{name}/50dc6c495c0c9188")
}

fn balancer(name: &str) -> LoadBalancerSpec {
    LoadBalancerSpec {
        arn: arn(name),
        dimension: dimension(name),
        target_group: format!("targetgroup/{name}/0123456789abcdef"),
    }
}

/// 600 requests per second, for which the capacity is more than enough; no drift, so that numbers
/// can be compared over time.
fn spec(balancers: &[&str]) -> WorldSpec {
    WorldSpec {
        workload: "shop".to_owned(),
        zones: ZONES
            .iter()
            .map(|(id, name)| (id.parse().unwrap(), name.parse().unwrap()))
            .collect(),
        load_balancers: balancers.iter().map(|name| balancer(name)).collect(),
        traffic: TrafficSpec {
            requests_per_second: 600.0,
            shares: BTreeMap::new(),
            drift: 0.0,
        },
        baseline: BaselineSpec::default(),
        slow_after_ms: 350,
        capacity_per_instance: 1000.0,
        clients: ClientSpec::default(),
    }
}

/// A workload in which only faults are faults.
fn flawless() -> WorldSpec {
    let mut spec = spec(&["front"]);
    spec.baseline.fault_rate = 0.0;
    spec.baseline.slow_rate = 0.0;
    spec
}

/// A world and what stands in it, at one moment.
struct Stage {
    world: World,
    infrastructure: Infrastructure,
    second: i64,
}

impl Stage {
    fn of(spec: WorldSpec) -> Self {
        Self::seeded(spec, 7)
    }

    fn seeded(spec: WorldSpec, seed: u64) -> Self {
        let mut infrastructure = Infrastructure::default();
        for balancer in &spec.load_balancers {
            for number in 1..=ZONES.len() {
                for place in 0..2 {
                    infrastructure.instances.push(InstanceRef {
                        id: format!("i-{}-{number}{place}", balancer.dimension),
                        load_balancer: balancer.arn.clone(),
                        zone: zone(number),
                    });
                }
            }
        }
        Self {
            world: World::new(spec, Chance::new(seed)).unwrap(),
            infrastructure,
            second: START,
        }
    }

    fn now(&self) -> Timestamp {
        at(self.second)
    }

    fn run(&mut self, seconds: i64) {
        for _ in 0..seconds {
            self.world.step(self.now(), &self.infrastructure);
            self.second += 1;
        }
    }

    /// Lives a minute and tells what CloudWatch is told of it.
    fn minute(&mut self) -> Told {
        assert_eq!(self.second % 60, 0, "in the middle of a minute");
        self.run(60);
        Told(self.world.minute(at(self.second - 60)))
    }

    fn shift_away_from(&mut self, number: usize, balancer: &str) {
        self.infrastructure
            .weights
            .insert((arn(balancer), zone(number)), 0.0);
    }

    fn take_out_of_service(&mut self, number: usize) {
        self.infrastructure
            .instances
            .retain(|instance| instance.zone != zone(number));
    }

    fn suffer(&mut self, target: Target, effect: Effect) {
        let fault = Fault {
            target,
            effect,
            from: self.now(),
            until: None,
        };
        self.world.inject(fault).unwrap();
    }

    /// What the customers of a zone saw in the last seconds.
    fn seen(&self, number: usize, seconds: i64) -> Counts {
        self.world
            .customers()
            .totals(at(self.second - seconds), self.now())[&zone(number)]
    }

    fn requests(&self, seconds: i64) -> u64 {
        (1..=ZONES.len())
            .map(|number| self.seen(number, seconds).requests)
            .sum()
    }

    fn contributors(&self) -> Vec<Contribution> {
        self.world.contributors(at(self.second - 60))
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// What CloudWatch is told of a minute.
#[derive(Debug, Clone, PartialEq)]
struct Told(Vec<Sample>);

impl Told {
    fn find(&self, name: &str, dimensions: &[(&str, &str)]) -> Option<&Sample> {
        let dimensions: BTreeMap<String, String> = dimensions
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.0
            .iter()
            .find(|sample| sample.name == name && sample.dimensions == dimensions)
    }

    /// A metric of a load balancer in a zone.
    fn zonal(&self, name: &str, balancer: &str, number: usize) -> Option<&Sample> {
        let dimension = dimension(balancer);
        self.find(
            name,
            &[
                ("LoadBalancer", &dimension),
                ("AvailabilityZone", ZONES[number - 1].1),
            ],
        )
    }

    /// A metric of a whole load balancer.
    fn whole(&self, name: &str, balancer: &str) -> Option<&Sample> {
        self.find(name, &[("LoadBalancer", &dimension(balancer))])
    }

    fn hosts(&self, name: &str, balancer: &str, number: usize) -> f64 {
        let (dimension, group) = (
            dimension(balancer),
            format!("targetgroup/{balancer}/0123456789abcdef"),
        );
        let dimensions = [
            ("TargetGroup", group.as_str()),
            ("LoadBalancer", &dimension),
            ("AvailabilityZone", ZONES[number - 1].1),
        ];
        sum(self.find(name, &dimensions))
    }

    fn canary(&self, name: &str, number: usize) -> f64 {
        sum(self.find(
            name,
            &[("Workload", "shop"), ("ZoneId", ZONES[number - 1].0)],
        ))
    }

    fn regional(&self, name: &str) -> f64 {
        sum(self.find(name, &[("Workload", "shop"), ("Endpoint", "regional")]))
    }

    /// Everything that has this value in its dimensions.
    fn about(&self, value: &str) -> Vec<&Sample> {
        self.0
            .iter()
            .filter(|sample| sample.dimensions.values().any(|known| known == value))
            .collect()
    }
}

/// The statistic `Sum`; 0 where there is no data.
fn sum(sample: Option<&Sample>) -> f64 {
    sample.map_or(0.0, |sample| {
        sample
            .values
            .iter()
            .map(|(value, count)| value * count)
            .sum()
    })
}

/// The statistic `SampleCount` of the values above a limit; 0 where there is no data.
fn above(sample: Option<&Sample>, limit: f64) -> f64 {
    sample.map_or(0.0, |sample| {
        sample
            .values
            .iter()
            .filter(|(value, _)| *value > limit)
            .map(|(_, count)| count)
            .sum()
    })
}

/// Whether a number is within some per cent of another.
fn about(number: f64, expected: f64, per_cent: f64) -> bool {
    (number - expected).abs() <= expected * per_cent / 100.0
}

/// Counts and sums of counts are exact.
fn same(number: f64, expected: f64) -> bool {
    (number - expected).abs() < 1e-9
}
