//! What a world is made of, and what it starts from.
//!
//! The defaults describe a web service in ordinary health: one request in a thousand fails and five
//! in a thousand are slow *without* any impairment. A detector that is only ever shown flawless
//! zones learns nothing about false alarms.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::arn::ResourceArn;
use domain::zone::{ZoneId, ZoneName};
use serde::Deserialize;

/// A workload's world. Zones are spoken of by AZ ID; the AZ name is only what the load balancers'
/// metrics call them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorldSpec {
    /// The workload's name, as canaries and rules spell it.
    pub workload: String,
    /// Its zones.
    pub zones: Vec<(ZoneId, ZoneName)>,
    /// Its load balancers. Several of them share the traffic evenly.
    pub load_balancers: Vec<LoadBalancerSpec>,
    /// What the customers send.
    pub traffic: TrafficSpec,
    /// How the workload does without any fault.
    #[serde(default)]
    pub baseline: BaselineSpec,
    /// A request that takes longer than so many milliseconds is *slow* for its customer.
    #[serde(default = "slow_after")]
    pub slow_after_ms: u64,
    /// What one instance can serve in a second, in requests.
    pub capacity_per_instance: f64,
    /// How the customers find the load balancers.
    #[serde(default)]
    pub clients: ClientSpec,
}

/// An Application Load Balancer with one target group, cross-zone off.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoadBalancerSpec {
    /// Its ARN, which ARC and the Auto Scaling groups know it by.
    pub arn: ResourceArn,
    /// Its name in metrics, such as `app/front/50dc6c495c0c9188`.
    pub dimension: String,
    /// Its target group's name in metrics, such as `targetgroup/web/0123456789abcdef`.
    pub target_group: String,
}

/// What the customers send.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrafficSpec {
    /// Requests per second of the whole Region, on average.
    pub requests_per_second: f64,
    /// How much of it each zone gets, in relation to the others; 1 where nothing is said.
    #[serde(default)]
    pub shares: BTreeMap<ZoneId, f64>,
    /// How far the traffic swings above and below its average within an hour, as a share of it.
    #[serde(default = "drift")]
    pub drift: f64,
}

/// How the workload does without any fault.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BaselineSpec {
    /// The share of requests that fail.
    pub fault_rate: f64,
    /// The share of requests that are slow.
    pub slow_rate: f64,
    /// The median latency of all the others, in milliseconds.
    pub median_ms: f64,
    /// The standard deviation of the logarithm of their latency.
    pub spread: f64,
}

impl Default for BaselineSpec {
    fn default() -> Self {
        Self {
            fault_rate: 0.001,
            slow_rate: 0.005,
            median_ms: 60.0,
            spread: 0.45,
        }
    }
}

/// How the customers find the load balancers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClientSpec {
    /// How long a client believes an answer of the DNS, in seconds.
    pub dns_ttl_seconds: i64,
    /// The share of clients that hold on to their connections instead.
    pub holding_share: f64,
    /// How long they hold on to one, on average, in seconds.
    pub holding_seconds: f64,
}

impl Default for ClientSpec {
    fn default() -> Self {
        Self {
            dns_ttl_seconds: 60,
            holding_share: 0.02,
            holding_seconds: 180.0,
        }
    }
}

fn slow_after() -> u64 {
    350
}

fn drift() -> f64 {
    0.1
}

/// Everything that makes a specification describe no world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError(Vec<String>);

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for SpecError {}

impl WorldSpec {
    /// Whether the specification describes a world.
    ///
    /// # Errors
    ///
    /// Every bad value, with what was expected.
    pub fn check(&self) -> Result<(), SpecError> {
        let mut problems = Vec::new();
        let mut expect = |holds: bool, problem: &dyn Fn() -> String| {
            if !holds {
                problems.push(problem());
            }
        };
        let ids: BTreeSet<&ZoneId> = self.zones.iter().map(|(id, _)| id).collect();
        let names: BTreeSet<&ZoneName> = self.zones.iter().map(|(_, name)| name).collect();
        let count = self.zones.len();
        expect(count > 0, &|| {
            "zones is empty, expected at least one".into()
        });
        expect(ids.len() == count && names.len() == count, &|| {
            "zones has an AZ ID or an AZ name twice, expected each once".into()
        });
        let balancers = self.load_balancers.len();
        expect(balancers > 0, &|| {
            "loadBalancers is empty, expected at least one".into()
        });
        let arns: BTreeSet<_> = self.load_balancers.iter().map(|one| &one.arn).collect();
        let dimensions: BTreeSet<_> = self
            .load_balancers
            .iter()
            .map(|one| &one.dimension)
            .collect();
        expect(
            arns.len() == balancers && dimensions.len() == balancers,
            &|| "loadBalancers has an ARN or a dimension twice, expected each once".into(),
        );
        for (zone, share) in &self.traffic.shares {
            expect(ids.contains(zone), &|| {
                format!("traffic.shares has {zone}, expected only zones of the world")
            });
            expect(share.is_finite() && *share >= 0.0, &|| {
                format!("the share of {zone} is {share}, expected 0 or more")
            });
        }
        expect(
            ids.is_empty() || ids.iter().any(|zone| self.share(zone) > 0.0),
            &|| "no zone has a share of the traffic, expected one at least".into(),
        );
        let shares = [
            ("traffic.drift", self.traffic.drift),
            ("baseline.faultRate", self.baseline.fault_rate),
            ("baseline.slowRate", self.baseline.slow_rate),
            ("clients.holdingShare", self.clients.holding_share),
        ];
        for (field, share) in shares {
            expect((0.0..=1.0).contains(&share), &|| {
                format!("{field} is {share}, expected a share from 0 to 1")
            });
        }
        let amounts = [
            (
                "traffic.requestsPerSecond",
                self.traffic.requests_per_second,
            ),
            ("capacityPerInstance", self.capacity_per_instance),
            ("baseline.spread", self.baseline.spread),
        ];
        for (field, amount) in amounts {
            expect((0.0..=LARGEST_AMOUNT).contains(&amount), &|| {
                format!("{field} is {amount}, expected 0 to {LARGEST_AMOUNT}")
            });
        }
        let holding = self.clients.holding_seconds;
        expect(holding.is_finite() && holding > 0.0, &|| {
            format!("clients.holdingSeconds is {holding}, expected more than 0")
        });
        let ttl = self.clients.dns_ttl_seconds;
        expect((0..=86_400).contains(&ttl), &|| {
            format!("clients.dnsTtlSeconds is {ttl}, expected 0 to 86400")
        });
        let slow_after = self.slow_after_ms;
        expect((2..=600_000).contains(&slow_after), &|| {
            format!("slowAfterMs is {slow_after}, expected 2 to 600000")
        });
        let median = self.baseline.median_ms;
        expect(median >= 1.0 && median < slow_after as f64, &|| {
            format!("baseline.medianMs is {median}, expected 1 or more and less than slowAfterMs")
        });
        if problems.is_empty() {
            Ok(())
        } else {
            Err(SpecError(problems))
        }
    }

    /// A zone's part of the traffic, in relation to the others.
    pub(super) fn share(&self, zone: &ZoneId) -> f64 {
        self.traffic.shares.get(zone).copied().unwrap_or(1.0)
    }
}

/// Draws and sums stay exact far beyond what a drill needs.
const LARGEST_AMOUNT: f64 = 1e7;
