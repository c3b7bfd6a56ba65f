//! What CloudWatch is told of a minute.
//!
//! Load balancers publish as in AWS: by zone and for the whole, *AZ names* in the dimensions, and
//! nothing at all where there is nothing to count. So a zone that is silent and a zone that is well
//! look alike, and missing data is what an alarm has to cope with. Host counts are always
//! published. They stay green in a gray failure, because only instances in service are targets.
//!
//! The canary publishes by *AZ ID*, and it publishes zeros: it knows that it asked.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::latency::{Histogram, Latencies};
use super::minutes::{CanaryMinute, EndpointMinute, Minute};
use super::spec::{LoadBalancerSpec, WorldSpec};
use crate::chance::Chance;

/// The namespace of Application Load Balancers.
pub const LOAD_BALANCER_NAMESPACE: &str = "AWS/ApplicationELB";
/// The namespace of the canary.
pub const CANARY_NAMESPACE: &str = "Evac/Canary";

/// The data of one metric in one minute.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The metric's namespace.
    pub namespace: &'static str,
    /// The metric's name.
    pub name: &'static str,
    /// The metric's dimensions.
    pub dimensions: BTreeMap<String, String>,
    /// The start of the minute.
    pub at: Timestamp,
    /// Values, and how often each was observed. A count of `n` requests is the value 1 observed `n`
    /// times, so that its sum and its sample count are both `n`.
    pub values: Vec<(f64, f64)>,
}

/// Who asks for the latencies of an endpoint's minute.
pub(super) fn latency_asker(endpoint: &str) -> String {
    format!("{endpoint}/latency")
}

/// Writes the samples of one minute.
pub(super) struct Publisher<'a> {
    pub(super) spec: &'a WorldSpec,
    pub(super) latencies: &'a Latencies,
    pub(super) chance: &'a Chance,
    pub(super) at: Timestamp,
    pub(super) samples: Vec<Sample>,
}

impl Publisher<'_> {
    /// The samples of a minute; `askers` are those of each endpoint's latencies.
    pub(super) fn publish(mut self, minute: &Minute, askers: &[&str]) -> Vec<Sample> {
        let zones = self.spec.zones.len().max(1);
        let nodes = minute.endpoints.chunks(zones).zip(askers.chunks(zones));
        for (balancer, (nodes, askers)) in self.spec.load_balancers.iter().zip(nodes) {
            self.load_balancer(balancer, nodes, askers, minute.start);
        }
        self.canaries(&minute.canaries);
        self.samples
    }

    fn load_balancer(
        &mut self,
        balancer: &LoadBalancerSpec,
        nodes: &[EndpointMinute],
        askers: &[&str],
        second: i64,
    ) {
        let spec = self.spec;
        let mut whole = EndpointMinute::default();
        let mut whole_latencies = Histogram::new();
        for (((_, name), node), asker) in spec.zones.iter().zip(nodes).zip(askers) {
            let mut latencies = node.known.clone();
            let mut generator = self.chance.generator(asker, second);
            self.latencies
                .normal
                .spread(&mut generator, node.normal, &mut latencies);
            self.latencies
                .tail
                .spread(&mut generator, node.tail, &mut latencies);
            let dimensions = [
                ("LoadBalancer", balancer.dimension.as_str()),
                ("AvailabilityZone", name.as_str()),
            ];
            self.node(&dimensions, node, &latencies);
            let [of_balancer, of_zone] = dimensions;
            let group = ("TargetGroup", balancer.target_group.as_str());
            for (metric, hosts) in [
                ("HealthyHostCount", node.targets),
                ("UnHealthyHostCount", 0),
            ] {
                let values = vec![(hosts as f64, 1.0)];
                self.sample(
                    LOAD_BALANCER_NAMESPACE,
                    metric,
                    &[group, of_balancer, of_zone],
                    values,
                );
            }
            whole.requests += node.requests;
            whole.target_5xx += node.target_5xx;
            whole.balancer_5xx += node.balancer_5xx;
            whole.unconnected += node.unconnected;
            for (milliseconds, requests) in latencies {
                *whole_latencies.entry(milliseconds).or_insert(0) += requests;
            }
        }
        let dimensions = [("LoadBalancer", balancer.dimension.as_str())];
        self.node(&dimensions, &whole, &whole_latencies);
    }

    /// The metrics of a node, or of all nodes together.
    fn node(&mut self, dimensions: &[(&str, &str)], node: &EndpointMinute, latencies: &Histogram) {
        let counters = [
            ("RequestCount", node.requests),
            ("HTTPCode_Target_5XX_Count", node.target_5xx),
            ("HTTPCode_ELB_5XX_Count", node.balancer_5xx),
            ("TargetConnectionErrorCount", node.unconnected),
        ];
        for (name, count) in counters {
            if count > 0 {
                self.sample(LOAD_BALANCER_NAMESPACE, name, dimensions, ones(count));
            }
        }
        if !latencies.is_empty() {
            let values = seconds(latencies);
            self.sample(
                LOAD_BALANCER_NAMESPACE,
                "TargetResponseTime",
                dimensions,
                values,
            );
        }
    }

    fn canaries(&mut self, canaries: &[CanaryMinute]) {
        let spec = self.spec;
        let zonal = spec.zones.iter().map(|(id, _)| ("ZoneId", id.as_str()));
        for (endpoint, canary) in zonal.chain([("Endpoint", "regional")]).zip(canaries) {
            let dimensions = [("Workload", spec.workload.as_str()), endpoint];
            let counters = [
                ("Requests", canary.requests),
                ("Faults", canary.faults),
                ("Slow", canary.slow),
            ];
            for (name, count) in counters {
                let values = if count == 0 {
                    vec![(0.0, 1.0)]
                } else {
                    ones(count)
                };
                self.sample(CANARY_NAMESPACE, name, &dimensions, values);
            }
            if !canary.latencies.is_empty() {
                let values = seconds(&canary.latencies);
                self.sample(CANARY_NAMESPACE, "Latency", &dimensions, values);
            }
        }
    }

    fn sample(
        &mut self,
        namespace: &'static str,
        name: &'static str,
        dimensions: &[(&str, &str)],
        values: Vec<(f64, f64)>,
    ) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.samples.push(Sample {
            namespace,
            name,
            dimensions: dimensions.iter().map(owned).collect(),
            at: self.at,
            values,
        });
    }
}

fn ones(count: u64) -> Vec<(f64, f64)> {
    vec![(1.0, count as f64)]
}

fn seconds(latencies: &Histogram) -> Vec<(f64, f64)> {
    latencies
        .iter()
        .map(|(milliseconds, requests)| (*milliseconds as f64 / 1000.0, *requests as f64))
        .collect()
}
