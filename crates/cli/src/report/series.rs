//! What customers saw, and how long answers took, in the steps of the document.

use std::collections::BTreeMap;

use domain::ZoneId;
use domain::judge::Minute;
use jiff::{SignedDuration, Timestamp};
use report::incident::{Counts, Customers, Latency, ZoneCounts, ZoneLatency};

use super::facts::Facts;

/// How long a step is, in seconds: whole minutes, so many that a chart has some hundreds at the most.
pub(super) fn latency_step(from: Timestamp, to: Timestamp) -> u32 {
    match to.duration_since(from).as_hours() {
        ..4 => 60,
        4..8 => 120,
        _ => 600,
    }
}

pub(super) fn customers(facts: &Facts) -> Customers {
    let step_s = latency_step(facts.from, facts.to);
    let together = usize::try_from(step_s / 60).unwrap_or(1).max(1);
    let zones = facts.counts.iter().flatten().map(|(zone, minutes)| {
        let steps = || minutes.chunks(together);
        let sum = |of: fn(Seen) -> u64| -> Vec<Option<u64>> {
            let known = |step: &[Option<Minute>]| {
                let seen = step.iter().flatten().map(Seen::of);
                seen.map(of).reduce(|sum, more| sum + more)
            };
            steps().map(known).collect()
        };
        ZoneCounts {
            zone: zone.to_string(),
            counts: Counts {
                requests: sum(|seen| seen.requests),
                failed: sum(|seen| seen.failed),
                slow: sum(|seen| seen.slow),
            },
        }
    });
    Customers {
        from: facts.from,
        step_s,
        zones: zones.collect(),
        without_evac: None,
    }
}

pub(super) fn latency(facts: &Facts) -> Latency {
    let step_s = latency_step(facts.from, facts.to);
    let step = SignedDuration::from_secs(step_s.into());
    let mut starts = Vec::new();
    let mut start = facts.from;
    while start < facts.to {
        starts.push(start);
        start = start.saturating_add(step).unwrap_or(facts.to);
    }
    let milliseconds = |found: &BTreeMap<Timestamp, f64>| -> Vec<Option<f64>> {
        let value = |start| found.get(start).map(|seconds| seconds * 1000.0);
        starts.iter().map(value).collect()
    };
    let zones = facts.latencies.iter().flatten();
    Latency {
        from: facts.from,
        step_s,
        zones: zones
            .map(|(zone, [p50, p99])| ZoneLatency {
                zone: zone.to_string(),
                p50_ms: milliseconds(p50),
                p99_ms: milliseconds(p99),
            })
            .collect(),
    }
}

/// What customers saw in a minute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    requests: u64,
    failed: u64,
    slow: u64,
}

impl Seen {
    /// Of a minute: there were as many requests as faults at least, as [`domain::judge::Tally`] has it,
    /// and none is bad twice.
    pub(super) fn of(minute: &Minute) -> Self {
        let requests = minute.requests.max(minute.faults);
        Self {
            requests,
            failed: minute.faults,
            slow: minute.slow.min(requests - minute.faults),
        }
    }

    /// The requests, and those of them that were bad.
    pub(super) fn requests_and_bad(self) -> (u64, u64) {
        (self.requests, self.failed + self.slow)
    }
}

/// Requests and bad ones of a time, zone by zone, by the minutes that lie in it whole; none where no
/// minute of the zone is known.
pub(super) fn totals(
    facts: &Facts,
    from: Timestamp,
    to: Timestamp,
) -> BTreeMap<ZoneId, Option<(u64, u64)>> {
    let counts = facts.counts.iter().flatten();
    counts
        .map(|(zone, minutes)| {
            let within = minutes.iter().enumerate().filter(|(index, _)| {
                let start = minute(facts.from, *index);
                start >= from && minute(start, 1) <= to
            });
            let known = within.filter_map(|(_, minute)| minute.as_ref());
            let pairs = known.map(|minute| Seen::of(minute).requests_and_bad());
            let sum = pairs.reduce(|sum, more| (sum.0 + more.0, sum.1 + more.1));
            (zone.clone(), sum)
        })
        .collect()
}

/// The start of a minute, by its place.
pub(super) fn minute(from: Timestamp, index: usize) -> Timestamp {
    let minutes = i64::try_from(index).unwrap_or_default();
    from.saturating_add(SignedDuration::from_mins(minutes))
        .unwrap_or(from)
}
