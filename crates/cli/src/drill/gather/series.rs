//! What customers saw, and how long answers took, step by step.

use jiff::{SignedDuration, Timestamp};
use region::cloudwatch::{GetMetricStatistics, MetricId};
use region::state::State;
use region::world::{CustomerLog, LOAD_BALANCER_NAMESPACE};
use report::incident::{Counts, Customers, Latency, ZoneCounts, ZoneLatency};

use super::Drill;

/// How long a step is: drills that last longer are told in longer ones.
fn step_of(length: SignedDuration) -> u32 {
    match length.as_mins() {
        ..=20 => 10,
        21..=45 => 15,
        46..=90 => 30,
        91..=240 => 60,
        _ => 120,
    }
}

pub(super) fn customers(state: &State, drill: &Drill<'_>) -> Customers {
    let step_s = step_of(drill.end.duration_since(drill.begin));
    let steps: Vec<(Timestamp, Timestamp)> = steps(drill.begin, drill.end, step_s);
    let zones = state.world.spec().zones.iter().map(|(id, _)| ZoneCounts {
        zone: id.to_string(),
        counts: Counts::default(),
    });
    let mut zones: Vec<ZoneCounts> = zones.collect();
    for (from, to) in &steps {
        let totals = state.world.customers().totals(*from, *to);
        for (zone, counts) in zones.iter_mut().zip(totals.values()) {
            add(&mut zone.counts, counts);
        }
    }
    Customers {
        from: drill.begin,
        step_s,
        zones,
        without_evac: Some(together(drill.without, &steps)),
    }
}

fn together(customers: &CustomerLog, steps: &[(Timestamp, Timestamp)]) -> Counts {
    let mut all = Counts::default();
    for (from, to) in steps {
        let mut sum = region::world::Counts::default();
        for counts in customers.totals(*from, *to).values() {
            sum += *counts;
        }
        add(&mut all, &sum);
    }
    all
}

fn add(to: &mut Counts, counts: &region::world::Counts) {
    to.requests.push(Some(counts.requests));
    to.failed.push(Some(counts.failed));
    to.slow.push(Some(counts.slow));
}

/// The steps that are over.
fn steps(begin: Timestamp, end: Timestamp, step_s: u32) -> Vec<(Timestamp, Timestamp)> {
    let step = SignedDuration::from_secs(step_s.into());
    let mut steps = Vec::new();
    let mut from = begin;
    while let Ok(to) = from.checked_add(step) {
        if to > end {
            break;
        }
        steps.push((from, to));
        from = to;
    }
    steps
}

pub(super) fn latency(state: &State, drill: &Drill<'_>) -> Latency {
    // Metrics are by the minute, whatever the steps of the customers are.
    let long = drill.end.duration_since(drill.begin).as_mins() > 240;
    let step_s: u32 = if long { 120 } else { 60 };
    let steps = steps(drill.begin, drill.end, step_s);
    let spec = state.world.spec();
    let zones = spec.zones.iter().map(|(id, name)| {
        let of = |statistic: &str| {
            let mut metric = MetricId::new(LOAD_BALANCER_NAMESPACE, "TargetResponseTime");
            if let Some(balancer) = spec.load_balancers.first() {
                metric = metric.with("LoadBalancer", balancer.dimension.as_str());
            }
            let metric = metric.with("AvailabilityZone", name.as_str());
            values(state, metric, statistic, &steps, step_s)
        };
        ZoneLatency {
            zone: id.to_string(),
            p50_ms: of("p50"),
            p99_ms: of("p99"),
        }
    });
    Latency {
        from: drill.begin,
        step_s,
        zones: zones.collect(),
    }
}

/// A statistic of a metric in milliseconds, step by step; none where CloudWatch shows none.
fn values(
    state: &State,
    metric: MetricId,
    statistic: &str,
    steps: &[(Timestamp, Timestamp)],
    step_s: u32,
) -> Vec<Option<f64>> {
    let (Some((start, _)), Some((_, end)), Ok(statistic)) =
        (steps.first(), steps.last(), statistic.parse())
    else {
        return Vec::new();
    };
    let request = GetMetricStatistics {
        metric,
        start: *start,
        end: *end,
        period: step_s,
        statistics: vec![statistic],
    };
    let found = state
        .cloudwatch
        .get_metric_statistics(&request, state.now())
        .unwrap_or_default();
    let value = |(from, _): &(Timestamp, Timestamp)| {
        let (_, values) = found.iter().find(|(at, _)| at == from)?;
        values.first().map(|(_, seconds)| seconds * 1000.0)
    };
    steps.iter().map(value).collect()
}
