//! What customers saw of a drill, by the counts of the workload's evidence.

use std::time::Duration;

use classifier::Metrics;
use domain::judge::{Counts, Minute};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Drill;
use crate::account::Unread;
use crate::period::{Moment, Period};

/// Minutes before the drill that it is compared with.
const BEFORE: SignedDuration = SignedDuration::from_mins(10);
/// What one question to CloudWatch may cost.
const WITHIN: Duration = Duration::from_secs(60);

/// Requests in a time, and how many of them failed or were slow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Seen {
    requests: u64,
    bad: u64,
    minutes: usize,
}

/// What customers saw before and during a drill.
#[derive(Debug, Default)]
pub(super) struct Customers {
    before: Seen,
    during: Seen,
    /// Why nothing is known.
    unknown: Option<String>,
}

impl Customers {
    /// Reads what CloudWatch has; the last minutes come late.
    pub(super) async fn read(
        drill: &Drill<'_>,
        began: Timestamp,
        ended: Option<Timestamp>,
    ) -> Self {
        let unknown = |why: String| Self {
            unknown: Some(why),
            ..Self::default()
        };
        let workload = &drill.found.workload;
        let Some(source) = &workload.evidence else {
            return unknown("the workload's definition has no evidence".to_owned());
        };
        let (Ok(from), Some(to)) = (began.checked_sub(BEFORE), ended) else {
            return unknown("it is not known when the drill ended".to_owned());
        };
        let embedded = drill.account.is_embedded();
        let (from, to) = (Moment::At(from), Moment::At(to));
        let span = match Period::new(from, to, Timestamp::now(), embedded) {
            Ok(period) => period.span(0),
            Err(error) => return unknown(error),
        };
        let metrics = Metrics::new(drill.account.connections());
        let counts = metrics.read(source, &workload.zones, span, WITHIN).await;
        match counts {
            Ok(counts) => {
                let first = usize::try_from(BEFORE.as_mins()).unwrap_or_default();
                Self {
                    before: sum(&counts, |minute| minute < first),
                    during: sum(&counts, |minute| minute >= first),
                    unknown: None,
                }
            }
            Err(failure) => unknown(Unread::new(failure, "cloudwatch:GetMetricData").to_string()),
        }
    }

    /// What people read.
    pub(super) fn lines(&self) -> Vec<String> {
        if let Some(why) = &self.unknown {
            return vec![format!("customers: not known: {why}")];
        }
        let line = |when: &str, seen: Seen| match seen.requests {
            0 => format!("customers {when}: no counts yet"),
            _ => format!(
                "customers {when}: {:.2}% of {} requests failed or were slow, in {} min",
                seen.share() * 100.0,
                seen.requests,
                seen.minutes
            ),
        };
        vec![line("before", self.before), line("during", self.during)]
    }

    /// As data.
    pub(super) fn json(&self) -> Value {
        let seen = |seen: Seen| json!({"requests": seen.requests, "bad": seen.bad, "minutes": seen.minutes});
        json!({"before": seen(self.before), "during": seen(self.during), "unknown": self.unknown})
    }
}

impl Seen {
    #[allow(clippy::cast_precision_loss, reason = "a share, to be read")]
    fn share(self) -> f64 {
        self.bad as f64 / (self.requests.max(1)) as f64
    }
}

/// All zones together, in the minutes that are asked for.
fn sum(counts: &Counts, wanted: impl Fn(usize) -> bool) -> Seen {
    let longest = counts.values().map(Vec::len).max().unwrap_or_default();
    let mut seen = Seen::default();
    for minute in (0..longest).filter(|minute| wanted(*minute)) {
        let of_minute: Vec<&Minute> = counts
            .values()
            .filter_map(|minutes| minutes.get(minute)?.as_ref())
            .collect();
        seen.minutes += usize::from(!of_minute.is_empty());
        for one in of_minute {
            seen.requests += one.requests;
            seen.bad += (one.faults + one.slow).min(one.requests);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minutes_of_all_zones_are_summed_and_unknown_ones_are_not_counted() {
        let minute = |requests, faults| {
            Some(Minute {
                requests,
                faults,
                ..Minute::default()
            })
        };
        let counts: Counts = [
            ("use1-az1", vec![minute(10, 1), None, None]),
            ("use1-az2", vec![minute(20, 0), minute(30, 3), None]),
        ]
        .into_iter()
        .map(|(zone, minutes)| (zone.parse().unwrap(), minutes))
        .collect();
        let all = sum(&counts, |_| true);
        assert_eq!((all.requests, all.bad, all.minutes), (60, 4, 2));
        assert_eq!(sum(&counts, |minute| minute == 1).bad, 3);
    }
}
