//! How long requests take.
//!
//! A latency is drawn from a ladder of values with weights instead of from a density: CloudWatch
//! takes values with counts, a minute of a zone then costs as many draws as the ladder has rungs,
//! however much traffic there is, and percentiles stay within an eighth of the true ones.
//!
//! Normal and slow requests have ladders of their own, on the two sides of the workload's limit. So
//! whether a request was slow is decided once, and a count of slow requests taken from the latencies
//! by percentile rank is the count that the customers would give.

use std::collections::BTreeMap;

use rand::Rng;
use rand_pcg::Pcg64Mcg;

use super::spec::WorldSpec;
use crate::chance::successes;

/// How many requests took how many milliseconds.
pub(super) type Histogram = BTreeMap<u64, u64>;

/// Latencies in milliseconds, with weights that sum up to 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ladder(Vec<(u64, f64)>);

/// The latencies of a workload.
#[derive(Debug, Clone)]
pub(super) struct Latencies {
    /// Of a request in ordinary health: lognormal, cut off at the limit.
    pub(super) normal: Ladder,
    /// Of the few that are slow all the same.
    pub(super) tail: Ladder,
    /// Of those that wait for an instance with too much to do.
    pub(super) waiting: u64,
}

/// How slow the slow ones are, in times of the limit, and how many of them.
const TAIL: [(f64, f64); 5] = [
    (1.1, 0.40),
    (1.4, 0.25),
    (1.8, 0.18),
    (2.5, 0.12),
    (4.0, 0.05),
];

impl Latencies {
    pub(super) fn of(spec: &WorldSpec) -> Self {
        let limit = spec.slow_after_ms as f64;
        let baseline = &spec.baseline;
        // From 2.5 standard deviations below the median to 3 above it, in steps of a quarter.
        let normal = (-10_i32..=12).map(|step| {
            let deviations = f64::from(step) / 4.0;
            let value = baseline.median_ms * (baseline.spread * deviations).exp();
            let weight = (-deviations * deviations / 2.0).exp();
            (whole(value).clamp(1, spec.slow_after_ms), weight)
        });
        let tail = TAIL
            .iter()
            .map(|(times, weight)| (whole(limit * times).max(spec.slow_after_ms + 1), *weight));
        Self {
            normal: Ladder::of(normal),
            tail: Ladder::of(tail),
            waiting: 2 * spec.slow_after_ms,
        }
    }
}

impl Ladder {
    fn of(rungs: impl Iterator<Item = (u64, f64)>) -> Self {
        let mut weights = BTreeMap::new();
        for (value, weight) in rungs {
            *weights.entry(value).or_insert(0.0) += weight;
        }
        let sum: f64 = weights.values().sum();
        Self(
            weights
                .into_iter()
                .map(|(value, weight)| (value, weight / sum))
                .collect(),
        )
    }

    /// Spreads so many requests over the ladder.
    pub(super) fn spread(&self, generator: &mut Pcg64Mcg, requests: u64, into: &mut Histogram) {
        let mut left = requests;
        let mut weight_left = 1.0;
        for (place, (value, weight)) in self.0.iter().enumerate() {
            if left == 0 {
                return;
            }
            let last = place + 1 == self.0.len();
            let here = if last {
                left
            } else {
                successes(generator, left, weight / weight_left)
            };
            left -= here;
            weight_left -= weight;
            add(into, *value, here);
        }
    }

    /// The latency of one request.
    pub(super) fn pick(&self, generator: &mut Pcg64Mcg) -> u64 {
        let mut height: f64 = generator.random();
        for (value, weight) in &self.0 {
            height -= weight;
            if height < 0.0 {
                return *value;
            }
        }
        self.0.last().map_or(0, |(value, _)| *value)
    }
}

/// Counts requests with one latency; none leave no trace.
pub(super) fn add(histogram: &mut Histogram, milliseconds: u64, requests: u64) {
    if requests > 0 {
        *histogram.entry(milliseconds).or_insert(0) += requests;
    }
}

/// The whole number nearest to a magnitude.
pub(super) fn whole(value: f64) -> u64 {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "values are magnitudes far below 2^53; a cast from f64 saturates and cannot wrap"
    )]
    let whole = value.round() as u64;
    whole
}
