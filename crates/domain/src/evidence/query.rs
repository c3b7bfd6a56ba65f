//! What CloudWatch is asked: for each zone the same metrics, each with what it counts for.

use std::collections::BTreeMap;

use super::{Custom, EvidenceSource, LatencyUnit, LoadBalancer, Slow, ZoneNaming};
use crate::workload::{Zone, ZoneMap};
use crate::zone::ZoneId;

/// GetMetricData takes so many queries.
pub const MOST_QUERIES: usize = 500;

/// One query of GetMetricData, with a period of a minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricQuery {
    /// Its id, unique among the queries of a source: a lower-case letter first.
    pub id: String,
    /// The metric's namespace.
    pub namespace: String,
    /// The metric's name.
    pub metric: String,
    /// Its dimensions, all of them but the one that it is split by.
    pub dimensions: BTreeMap<String, String>,
    /// The statistic, such as `Sum` or `PR(0.35:)`.
    pub statistic: String,
    /// The dimension that it is split by: the answer has a series for each of its values.
    pub split_by: Option<String>,
}

impl MetricQuery {
    /// The search that a split query is: exactly this metric, with exactly these dimensions, and the
    /// one that it is split by.
    #[must_use]
    pub fn search(&self) -> Option<String> {
        let split_by = self.split_by.as_ref()?;
        let mut schema = vec![quoted(&self.namespace)];
        schema.extend(self.dimensions.keys().map(|name| quoted(name)));
        schema.push(quoted(split_by));
        let mut terms = vec![format!("MetricName={}", quoted(&self.metric))];
        let of_dimension =
            |(name, value): (&String, &String)| format!("{}={}", quoted(name), quoted(value));
        terms.extend(self.dimensions.iter().map(of_dimension));
        Some(format!(
            "SEARCH('{{{}}} {}', '{}', 60)",
            schema.join(","),
            terms.join(" "),
            self.statistic
        ))
    }
}

/// Whatever is within quotation marks is taken as it is, and matched as a whole.
fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// What a series counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Requests.
    Requests,
    /// Failed requests.
    Faults,
    /// Failed requests that the load balancer answered itself.
    OwnFaults,
    /// Connections to targets that failed: another view of [`Role::OwnFaults`].
    Connections,
    /// Requests that were turned away, and are counted nowhere else.
    TurnedAway,
    /// Slow requests.
    Slow,
    /// Answers with a known latency; the number ties it to its [`Role::SlowPercent`].
    Answers(usize),
    /// How many percent of the [`Role::Answers`] with the same number were slow.
    SlowPercent(usize),
    /// Healthy hosts of a target group.
    Hosts,
}

/// A query, and what its answer is for.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) zone: ZoneId,
    pub(super) role: Role,
    /// Whether it is of each instance, and not of the zone.
    pub(super) split: bool,
    pub(super) query: MetricQuery,
}

/// What CloudWatch is asked for a source of evidence in these zones. A definition whose queries would
/// be more than [`MOST_QUERIES`] is refused where it is read.
#[must_use]
pub fn queries(source: &EvidenceSource, zones: &ZoneMap) -> Vec<MetricQuery> {
    plan(source, zones)
        .into_iter()
        .map(|planned| planned.query)
        .collect()
}

pub(super) fn plan(source: &EvidenceSource, zones: &ZoneMap) -> Vec<Planned> {
    let mut plan = Vec::new();
    for (index, (id, zone)) in zones.iter().enumerate() {
        let mut of_zone = OfZone {
            id,
            zone,
            index,
            split_by: None,
            plan: &mut plan,
        };
        match source {
            EvidenceSource::Alb(balancer) => of_zone.alb(balancer),
            EvidenceSource::Nlb(balancer) => of_zone.nlb(balancer),
            EvidenceSource::Custom(custom) => {
                of_zone.custom(custom);
                if let Some(instance) = &custom.instance {
                    of_zone.split_by = Some(instance);
                    of_zone.custom(custom);
                }
            }
        }
    }
    plan
}

struct OfZone<'a> {
    id: &'a ZoneId,
    zone: &'a Zone,
    index: usize,
    split_by: Option<&'a String>,
    plan: &'a mut Vec<Planned>,
}

impl OfZone<'_> {
    fn alb(&mut self, balancer: &LoadBalancer) {
        let namespace = "AWS/ApplicationELB";
        let dimensions = self.node(balancer);
        for (role, metric) in [
            (Role::Requests, "RequestCount"),
            (Role::Faults, "HTTPCode_Target_5XX_Count"),
            (Role::OwnFaults, "HTTPCode_ELB_5XX_Count"),
            (Role::Connections, "TargetConnectionErrorCount"),
        ] {
            self.ask(role, namespace, metric, &dimensions, "Sum");
        }
        if let Some(after_ms) = balancer.slow_after_ms {
            let above = above(after_ms, LatencyUnit::Seconds);
            self.latency(0, namespace, "TargetResponseTime", &dimensions, &above);
        }
        self.hosts(namespace, balancer, &dimensions);
    }

    fn nlb(&mut self, balancer: &LoadBalancer) {
        let namespace = "AWS/NetworkELB";
        let dimensions = self.node(balancer);
        for (role, metric) in [
            (Role::Requests, "NewFlowCount"),
            (Role::Faults, "TCP_Target_Reset_Count"),
            (Role::Faults, "TCP_ELB_Reset_Count"),
            (Role::TurnedAway, "RejectedFlowCount_TCP"),
            (Role::TurnedAway, "PortAllocationErrorCount"),
        ] {
            self.ask(role, namespace, metric, &dimensions, "Sum");
        }
        self.hosts(namespace, balancer, &dimensions);
    }

    /// The dimensions of a load balancer's node. These speak AZ names.
    fn node(&self, balancer: &LoadBalancer) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("LoadBalancer".to_owned(), balancer.dimension.clone()),
            ("AvailabilityZone".to_owned(), self.zone.name.to_string()),
        ])
    }

    fn hosts(&mut self, namespace: &str, balancer: &LoadBalancer, node: &BTreeMap<String, String>) {
        for group in &balancer.target_groups {
            let mut dimensions = node.clone();
            dimensions.insert("TargetGroup".to_owned(), group.clone());
            // Nodes may differ in what they call healthy: the least is what can be relied on.
            let metric = "HealthyHostCount";
            self.ask(Role::Hosts, namespace, metric, &dimensions, "Minimum");
        }
    }

    fn custom(&mut self, custom: &Custom) {
        let namespace = &custom.namespace;
        let mut dimensions = custom.dimensions.clone();
        let zone = match custom.zone.holds {
            ZoneNaming::Id => self.id.to_string(),
            ZoneNaming::Name => self.zone.name.to_string(),
        };
        dimensions.insert(custom.zone.dimension.clone(), zone);
        let mut sums = |role, metrics: &[String]| {
            for metric in metrics {
                self.ask(role, namespace, metric, &dimensions, "Sum");
            }
        };
        sums(Role::Requests, &custom.requests);
        sums(Role::Faults, &custom.faults);
        match &custom.slow {
            Slow::NotCounted => {}
            Slow::Counted(metrics) => sums(Role::Slow, metrics),
            Slow::Latency {
                metrics,
                unit,
                after_ms,
            } => {
                let above = above(*after_ms, *unit);
                for (number, metric) in metrics.iter().enumerate() {
                    self.latency(number, namespace, metric, &dimensions, &above);
                }
            }
        }
    }

    fn latency(
        &mut self,
        number: usize,
        namespace: &str,
        metric: &str,
        dimensions: &BTreeMap<String, String>,
        above: &str,
    ) {
        let answers = Role::Answers(number);
        self.ask(answers, namespace, metric, dimensions, "SampleCount");
        let slow = Role::SlowPercent(number);
        self.ask(slow, namespace, metric, dimensions, above);
    }

    fn ask(
        &mut self,
        role: Role,
        namespace: &str,
        metric: &str,
        dimensions: &BTreeMap<String, String>,
        statistic: &str,
    ) {
        self.plan.push(Planned {
            zone: self.id.clone(),
            role,
            split: self.split_by.is_some(),
            query: MetricQuery {
                id: format!("z{}q{}", self.index, self.plan.len()),
                namespace: namespace.to_owned(),
                metric: metric.to_owned(),
                dimensions: dimensions.clone(),
                statistic: statistic.to_owned(),
                split_by: self.split_by.cloned(),
            },
        });
    }
}

/// The percentile rank of what is above a limit.
fn above(milliseconds: u32, unit: LatencyUnit) -> String {
    let limit = match unit {
        LatencyUnit::Milliseconds => f64::from(milliseconds),
        LatencyUnit::Seconds => f64::from(milliseconds) / 1000.0,
    };
    format!("PR({limit}:)")
}
