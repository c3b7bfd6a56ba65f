//! Where counts come from: a workload's source of evidence, what CloudWatch is asked for it, and what
//! its answer says.
//!
//! [`queries`] and [`counts`] are two sides of one plan, and pure: whoever asks CloudWatch stands
//! between them. The same two serve an alarm's event, which looks at the last minutes, and a
//! back-test, which looks at any.
//!
//! # What is counted, and why
//!
//! **An Application Load Balancer.** A zone's requests are its `RequestCount`. Its faults are what
//! targets answered with a 5xx, and what the load balancer answered with a 5xx itself. A connection
//! to a target that fails usually ends as such an answer (a 502 or 504), so connection errors and the
//! load balancer's own 5xx are two views of the same requests: the larger of the two counts, not
//! their sum. Connection errors are worth asking for nevertheless: a client that gives up before the
//! load balancer does leaves a 460, which is no 5xx, and in a zone that loses packets many do.
//!
//! **Slow is a count, too**: the percentile rank of the response times above the limit,
//! `PR(limit:)`, of their `SampleCount`. The rank of those *above* is asked for, and not of those
//! within: where few are slow, a small number keeps its digits, and the difference of two large ones
//! would not. Answers with a 5xx have response times as well, and metrics do not tell which of the
//! slow ones they were. All of them are taken to be: the bad requests are then never more than there
//! were, and exactly as many wherever a zone is only slow or only failing. A zone that does both is
//! seen as at least half as bad as it is, and nobody leaves a zone for requests that count twice.
//!
//! **A Network Load Balancer** knows no requests, only flows. A request is a new flow, a fault a reset
//! from a target or from the load balancer, a flow that it rejected, or one for which it had no port
//! left; the last two never became flows, so they are requests on top. A client's resets are its own
//! affair. Resets may end flows of earlier minutes, and some applications end all their connections
//! so: it is the difference between zones that speaks. It knows no latency, so nothing is slow, and
//! UDP has no resets, so for UDP it knows nothing.
//!
//! **Custom metrics** are whatever the workload or its canary counts: sums of metrics that carry the
//! zone in a dimension. Where the same metrics are published by instance as well, a search finds
//! the instances: a list in the definition would be out of date with the first launch. What is broad is
//! judged by them, so a minute with requests of which no instance is known is unknown; otherwise a
//! misspelt dimension would let one bad instance look like its zone. A search gives
//! [`MOST_INSTANCES`] series at the most: in a zone that has as many, one instance is not the cause, and
//! none is counted.
//!
//! # Absent, late and unknown
//!
//! CloudWatch has no datapoint where there was nothing to count, and none where it has not arrived.
//! The two are told apart by what else there is of the same zone in the same minute.
//!
//! - Nothing at all of a zone: unknown, however old the minute. A dead zone sends no 5xx.
//! - Something, in a minute that ended [`SETTLED`] ago: what is absent is zero. So hosts without
//!   requests are a counted zero: traffic is elsewhere.
//! - Something, in a younger minute: metrics of one zone arrive before another's, and requests may
//!   arrive before their faults. To take faults that are still under way for zero would make a failing
//!   zone look well for a minute, which costs time; or, worse, make the *others* look well beside one
//!   whose faults arrived first, and move traffic between failing zones. So a young minute is known only
//!   if nothing is missing that this zone has had in each of its settled minutes with requests; and,
//!   with an Application Load Balancer, only if the response times are there or its own faults explain
//!   why not. What is left is the first minute of a regional failure of a workload without any
//!   faults before: for that there are several minutes, several zones' alarms and the regional one.
//! - A series that CloudWatch answered in part, with an error, or with what is no count: unknown where
//!   it has no datapoint.
//!
//! # Cross-zone load balancing
//!
//! The zone in a load balancer's metrics is that of its *node*. With cross-zone load balancing on, each
//! node sends requests to targets in all zones, so a bad zone's faults spread over all nodes, and no
//! number tells which zone they came from. A definition that says `"crossZone": "on"` is refused. One
//! that says nothing is taken to mean `off`. That assumption errs on the safe side: where it is wrong all
//! zones look equally bad, and Evac holds.

mod count;
mod query;
mod read;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

pub use count::{LATEST, MOST_INSTANCES, SETTLED, Span, counts, recent};
pub use query::{MOST_QUERIES, MetricQuery, queries};
pub(crate) use read::read;

/// Where a workload's counts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvidenceSource {
    /// An Application Load Balancer.
    Alb(LoadBalancer),
    /// A Network Load Balancer.
    Nlb(LoadBalancer),
    /// Metrics of the workload's own, or of its canary.
    Custom(Custom),
}

impl EvidenceSource {
    /// The word in a definition.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Alb(_) => "alb",
            Self::Nlb(_) => "nlb",
            Self::Custom(_) => "custom",
        }
    }
}

impl fmt::Display for EvidenceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alb(balancer) | Self::Nlb(balancer) => {
                write!(f, "{} {}", self.name(), balancer.dimension)
            }
            Self::Custom(custom) => write!(f, "custom {}", custom.namespace),
        }
    }
}

/// A load balancer as CloudWatch names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancer {
    /// The value of the dimension `LoadBalancer`, such as `app/front/50dc6c495c0c9188`.
    pub dimension: String,
    /// From how many milliseconds on an answer is slow; `None` where slow answers do not count.
    pub slow_after_ms: Option<u32>,
    /// The target groups whose healthy hosts are counted, as values of the dimension `TargetGroup`.
    pub target_groups: BTreeSet<String>,
}

/// Metrics of a workload's own. Each of its counts is the sum of one metric or of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Custom {
    /// Their namespace.
    pub namespace: String,
    /// What is summed to the requests.
    pub requests: Vec<String>,
    /// What is summed to the faults.
    pub faults: Vec<String>,
    /// What is slow.
    pub slow: Slow,
    /// How the metrics carry the zone.
    pub zone: ZoneDimension,
    /// Dimensions that are the same in every zone.
    pub dimensions: BTreeMap<String, String>,
    /// The dimension that carries the instance, where the same metrics are published by instance, too.
    pub instance: Option<String>,
}

/// How a workload's own metrics tell slow requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slow {
    /// Not at all.
    NotCounted,
    /// Metrics that count them, summed.
    Counted(Vec<String>),
    /// Metrics of latency, of requests that did not fail.
    Latency {
        /// Their names.
        metrics: Vec<String>,
        /// Their unit.
        unit: LatencyUnit,
        /// From how many milliseconds on a request is slow.
        after_ms: u32,
    },
}

/// The unit of a latency metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LatencyUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
}

/// The dimension that carries the zone, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneDimension {
    /// Its name, such as `AZ-ID`.
    pub dimension: String,
    /// What it holds.
    pub holds: ZoneNaming,
}

/// What a dimension calls a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneNaming {
    /// Its AZ ID, such as `use1-az1`.
    Id,
    /// Its AZ name in the workload's account, such as `us-east-1a`.
    Name,
}

/// What CloudWatch answered to one query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The start of each minute that it has a value for, with the value.
    pub points: BTreeMap<Timestamp, f64>,
    /// The same for each instance, in the answer to a query that is split.
    pub instances: BTreeMap<String, BTreeMap<Timestamp, f64>>,
    /// Whether these are all: an answer in part, or with an error, says nothing about the minutes that
    /// it lacks.
    pub complete: bool,
}

/// What CloudWatch answered, by the id of the query. A query without an answer is one of which nothing
/// is known.
pub type Answers = BTreeMap<String, Series>;
