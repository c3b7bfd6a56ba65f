//! What is counted within each minute, for the metrics and rules that are made of it.
//!
//! Whoever asks for a minute may be late or ask twice, so a minute is kept for a while after it has
//! ended, and asking changes nothing.

use std::collections::{BTreeMap, VecDeque};

use super::canary::Probe;
use super::instance::Served;
use super::latency::Histogram;

/// How many minutes are kept, the current one included.
const KEPT_MINUTES: usize = 5;

/// One minute of the world.
#[derive(Debug, Clone)]
pub(super) struct Minute {
    /// Its first second.
    pub(super) start: i64,
    /// The nodes of the load balancers, by endpoint.
    pub(super) endpoints: Vec<EndpointMinute>,
    /// The instances that were sent requests, by id.
    pub(super) instances: BTreeMap<String, InstanceMinute>,
    /// The canaries: one for each zone, and the regional one behind them.
    pub(super) canaries: Vec<CanaryMinute>,
}

/// What a load balancer's node in a zone counts.
#[derive(Debug, Clone, Default)]
pub(super) struct EndpointMinute {
    /// Requests that were sent to a target.
    pub(super) requests: u64,
    /// Answers with a 5xx that are the target's.
    pub(super) target_5xx: u64,
    /// Answers with a 5xx that are the load balancer's own.
    pub(super) balancer_5xx: u64,
    /// Connections to a target that failed.
    pub(super) unconnected: u64,
    /// Answers of targets that took an ordinary time.
    pub(super) normal: u64,
    /// Answers of targets that were slow without any reason that we know.
    pub(super) tail: u64,
    /// Answers of targets with a latency that is known.
    pub(super) known: Histogram,
    /// Targets in service, as of the last second.
    pub(super) targets: usize,
}

/// What a load balancer knows of one instance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct InstanceMinute {
    /// The index of its zone.
    pub(super) zone: usize,
    /// Requests that were sent to it.
    pub(super) requests: u64,
    /// Those that it answered with a 5xx, and those that could not be delivered.
    pub(super) faults: u64,
    /// Those that it answered late.
    pub(super) slow: u64,
}

/// What a canary counts at one endpoint.
#[derive(Debug, Clone, Default)]
pub(super) struct CanaryMinute {
    pub(super) requests: u64,
    pub(super) faults: u64,
    pub(super) slow: u64,
    /// Of the probes that were answered.
    pub(super) latencies: Histogram,
}

impl EndpointMinute {
    pub(super) fn count(&mut self, served: &Served, waiting_ms: u64) {
        self.requests += served.seen();
        self.target_5xx += served.faults();
        self.balancer_5xx += served.unconnected;
        self.unconnected += served.unconnected;
        let known: u64 = served.slowed.values().sum();
        self.normal += served.answered() - known - served.waited - served.tail;
        self.tail += served.tail;
        super::latency::add(&mut self.known, waiting_ms, served.waited);
        for (milliseconds, requests) in &served.slowed {
            super::latency::add(&mut self.known, *milliseconds, *requests);
        }
    }
}

impl CanaryMinute {
    pub(super) fn count(&mut self, probe: Probe) {
        self.requests += 1;
        self.faults += u64::from(probe.fault);
        self.slow += u64::from(probe.slow);
        if let Some(milliseconds) = probe.milliseconds {
            super::latency::add(&mut self.latencies, milliseconds, 1);
        }
    }
}

impl Minute {
    /// Counts what a load balancer knows of an instance's second.
    pub(super) fn count_instance(&mut self, id: &str, zone: usize, served: &Served) {
        if served.seen() == 0 {
            return;
        }
        if !self.instances.contains_key(id) {
            self.instances.insert(
                id.to_owned(),
                InstanceMinute {
                    zone,
                    ..InstanceMinute::default()
                },
            );
        }
        if let Some(instance) = self.instances.get_mut(id) {
            instance.requests += served.seen();
            instance.faults += served.faults() + served.unconnected;
            instance.slow += served.slow();
        }
    }
}

/// The last minutes.
#[derive(Debug, Clone)]
pub(super) struct Minutes {
    kept: VecDeque<Minute>,
    endpoints: usize,
    canaries: usize,
}

impl Minutes {
    pub(super) fn of(endpoints: usize, canaries: usize) -> Self {
        Self {
            kept: VecDeque::new(),
            endpoints,
            canaries,
        }
    }

    /// From now on nothing is counted of canaries, not even that they asked nothing.
    pub(super) fn without_canaries(&mut self) {
        self.canaries = 0;
        for minute in &mut self.kept {
            minute.canaries.clear();
        }
    }

    /// The minute that a second belongs to, begun if it is new; seconds never go back.
    pub(super) fn at(&mut self, second: i64) -> &mut Minute {
        let start = start_of(second);
        if self.kept.back().is_none_or(|minute| minute.start != start) {
            if self.kept.len() == KEPT_MINUTES {
                self.kept.pop_front();
            }
            self.kept.push_back(Minute {
                start,
                endpoints: vec![EndpointMinute::default(); self.endpoints],
                instances: BTreeMap::new(),
                canaries: vec![CanaryMinute::default(); self.canaries],
            });
        }
        let last = self.kept.len() - 1;
        &mut self.kept[last]
    }

    /// A minute that is still known.
    pub(super) fn get(&self, second: i64) -> Option<&Minute> {
        let start = start_of(second);
        self.kept.iter().find(|minute| minute.start == start)
    }
}

fn start_of(second: i64) -> i64 {
    second - second.rem_euclid(60)
}
