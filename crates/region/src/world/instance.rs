//! What becomes of the requests that one instance is sent in one second.
//!
//! Requests are counted, not simulated one by one: how many of `n` suffer is one binomial draw. The
//! order in which things happen is fixed, and each thing happens to those whom nothing has happened
//! to yet: packets get lost on the way; an instance with far too much to do turns requests away; some
//! requests fail; those beyond the instance's capacity wait; of the rest some are slow. So no
//! request is counted twice, and failed and slow exclude each other.

use super::customers::Counts;
use super::fault::Condition;
use super::latency::{Histogram, add, whole};
use super::spec::WorldSpec;
use crate::chance::{Chance, successes};

/// What an instance is up to, and what happens to its requests anyway.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nature {
    /// Up to so many requests in a second it serves in time.
    capacity: u64,
    /// Beyond so many it turns requests away.
    limit: u64,
    fault_rate: f64,
    slow_rate: f64,
    slow_after_ms: u64,
}

/// An instance that is sent half as much again as it can serve turns the rest away.
const LIMIT: f64 = 1.5;

/// The load balancer notices half of the requests that get lost behind it.
const NOTICED: f64 = 0.5;

impl Nature {
    pub(super) fn of(spec: &WorldSpec) -> Self {
        Self {
            capacity: whole(spec.capacity_per_instance),
            limit: whole(spec.capacity_per_instance * LIMIT),
            fault_rate: spec.baseline.fault_rate,
            slow_rate: spec.baseline.slow_rate,
            slow_after_ms: spec.slow_after_ms,
        }
    }

    pub(super) fn fault_rate(&self) -> f64 {
        self.fault_rate
    }

    pub(super) fn slow_rate(&self) -> f64 {
        self.slow_rate
    }

    /// Whether customers call this latency slow.
    pub(super) fn is_slow(&self, milliseconds: u64) -> bool {
        milliseconds > self.slow_after_ms
    }
}

/// Who asks for the draws of one instance. Its place at its endpoint is its key, because that is
/// known beforehand and the same in every run; the draws of a fault have a key of their own, so that
/// a fault does not change what happens besides it.
#[derive(Debug, Clone)]
pub(super) struct Askers {
    calm: String,
    fault: String,
}

impl Askers {
    pub(super) fn of(endpoint: &str, place: usize) -> Self {
        Self {
            calm: format!("{endpoint}/{place}"),
            fault: format!("{endpoint}/{place}/fault"),
        }
    }
}

/// What became of the requests of one instance and second.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Served {
    /// Sent to the instance by customers.
    pub(super) requests: u64,
    /// Lost, and noticed by nobody but the customer.
    pub(super) vanished: u64,
    /// Lost, and noticed by the load balancer as failed connections.
    pub(super) unconnected: u64,
    /// Answered with a 5xx because something went wrong.
    pub(super) failed: u64,
    /// Answered with a 5xx because it was too much.
    pub(super) turned_away: u64,
    /// Answered late because it was too much.
    pub(super) waited: u64,
    /// Slow without any reason that we know.
    pub(super) tail: u64,
    /// Slowed down by faults, with their latency.
    pub(super) slowed: Histogram,
    /// Slowed down beyond what customers call slow.
    pub(super) slowed_too_much: u64,
}

impl Served {
    /// Draws what becomes of so many requests.
    pub(super) fn draw(
        requests: u64,
        nature: &Nature,
        condition: &Condition,
        chance: &Chance,
        askers: &Askers,
        second: i64,
    ) -> Self {
        let mut calm = chance.generator(&askers.calm, second);
        let mut fault = None;
        let mut by_fault = |requests, share| {
            // Most seconds have no fault, and need no generator for one.
            if share > 0.0 {
                let generator =
                    fault.get_or_insert_with(|| chance.generator(&askers.fault, second));
                successes(generator, requests, share)
            } else {
                0
            }
        };
        let mut served = Self {
            requests,
            ..Self::default()
        };
        let lost = by_fault(requests, condition.loss);
        served.unconnected = if lost > 0 { by_fault(lost, NOTICED) } else { 0 };
        served.vanished = lost - served.unconnected;
        let arrived = requests - lost;
        served.turned_away = arrived.saturating_sub(nature.limit);
        let mut left = arrived - served.turned_away;
        served.failed = successes(&mut calm, left, nature.fault_rate);
        served.failed += by_fault(left - served.failed, condition.errors);
        left -= served.failed;
        served.waited = arrived
            .min(nature.limit)
            .saturating_sub(nature.capacity)
            .min(left);
        left -= served.waited;
        served.tail = successes(&mut calm, left, nature.slow_rate);
        left -= served.tail;
        for (share, to_ms) in &condition.slow {
            let slowed = by_fault(left, *share);
            left -= slowed;
            add(&mut served.slowed, *to_ms, slowed);
            if nature.is_slow(*to_ms) {
                served.slowed_too_much += slowed;
            }
        }
        served
    }

    /// Those who got a 5xx from the instance.
    pub(super) fn faults(&self) -> u64 {
        self.failed + self.turned_away
    }

    /// Those who got an answer that customers call slow.
    pub(super) fn slow(&self) -> u64 {
        self.waited + self.tail + self.slowed_too_much
    }

    /// Those who got an answer of any kind from the instance.
    pub(super) fn answered(&self) -> u64 {
        self.requests - self.vanished - self.unconnected
    }

    /// Those who reached the load balancer and were sent on.
    pub(super) fn seen(&self) -> u64 {
        self.requests - self.vanished
    }

    /// What the customers say.
    pub(super) fn counts(&self) -> Counts {
        Counts {
            requests: self.requests,
            failed: self.vanished + self.unconnected + self.faults(),
            slow: self.slow(),
        }
    }

    /// The share of the requests that reached the instance and were too much for it: turned away,
    /// and kept waiting.
    pub(super) fn overload(&self) -> (f64, f64) {
        let arrived = self.answered().max(1) as f64;
        (
            self.turned_away as f64 / arrived,
            self.waited as f64 / arrived,
        )
    }
}
