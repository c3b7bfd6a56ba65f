//! Metrics: what is recorded, and when it can be seen.
//!
//! A datapoint is recorded into the bucket of its minute (or of its second, for high-resolution
//! metrics) as a weighted list of values, so that every statistic can be computed later, for any
//! period that is a whole number of buckets.
//!
//! Each recording carries the time from which it is visible. AWS services publish their metrics
//! late, a load balancer up to a few minutes, and that delay is most of the time to detect a gray
//! failure. Neither an alarm nor `GetMetricData` sees a recording before its time; a bucket whose
//! parts became visible one after the other shows what had arrived by then.
//!
//! Simplifications: buckets live for [`RETENTION`] instead of the 15 days and more of CloudWatch, and
//! the unit of a metric is not part of its identity.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::grid::{Grid, Series, floor};
use super::statistic::Statistic;

/// How long a datapoint is kept. Long enough for any incident and its fail-back, short enough that
/// a drill of many days does not grow.
pub const RETENTION: SignedDuration = SignedDuration::from_hours(6);

/// The identity of a metric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetricId {
    /// The namespace, such as `AWS/ApplicationELB`.
    pub namespace: String,
    /// The name, such as `RequestCount`.
    pub name: String,
    /// The dimensions. Every combination of them is a metric of its own.
    pub dimensions: BTreeMap<String, String>,
}

impl MetricId {
    /// A metric without dimensions.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            dimensions: BTreeMap::new(),
        }
    }

    /// The metric with one dimension more.
    #[must_use]
    pub fn with(mut self, dimension: impl Into<String>, value: impl Into<String>) -> Self {
        self.dimensions.insert(dimension.into(), value.into());
        self
    }
}

/// How finely a datapoint is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// By the second.
    High,
    /// By the minute.
    Standard,
}

impl Resolution {
    fn seconds(self) -> i64 {
        match self {
            Self::High => 1,
            Self::Standard => 60,
        }
    }
}

/// Values that a publisher aggregated before it sent them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StatisticSet {
    /// How many values.
    pub sample_count: f64,
    /// Their sum.
    pub sum: f64,
    /// The least of them.
    pub minimum: f64,
    /// The greatest of them.
    pub maximum: f64,
}

/// What was recorded in one bucket and became visible at one time.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sample {
    /// Values with their counts, in ascending order.
    pub(super) values: Vec<(f64, f64)>,
    /// Aggregates whose single values nobody knows.
    pub(super) sets: Option<StatisticSet>,
}

impl Sample {
    fn add(&mut self, value: f64, count: f64) {
        match self.values.binary_search_by(|(v, _)| v.total_cmp(&value)) {
            Ok(at) => {
                if let Some((_, n)) = self.values.get_mut(at) {
                    *n += count;
                }
            }
            Err(at) => self.values.insert(at, (value, count)),
        }
    }

    /// CloudWatch can still tell the percentiles of a set whose values are all equal.
    fn add_set(&mut self, set: StatisticSet) {
        if set.minimum.total_cmp(&set.maximum).is_eq() {
            self.add(set.minimum, set.sample_count);
            return;
        }
        self.sets = Some(match self.sets {
            None => set,
            Some(other) => StatisticSet {
                sample_count: other.sample_count + set.sample_count,
                sum: other.sum + set.sum,
                minimum: other.minimum.min(set.minimum),
                maximum: other.maximum.max(set.maximum),
            },
        });
    }
}

/// The parts of a bucket, one per time of visibility.
type Bucket = Vec<(Timestamp, Sample)>;

/// All metrics.
#[derive(Debug, Clone, Default)]
pub(super) struct MetricStore {
    metrics: BTreeMap<MetricId, BTreeMap<i64, Bucket>>,
}

impl MetricStore {
    /// Records values with their counts. A value that is not finite, and a count that is not
    /// positive, is left out: there is nothing that it could mean.
    pub(super) fn record(
        &mut self,
        metric: MetricId,
        at: Timestamp,
        resolution: Resolution,
        values: &[(f64, f64)],
        visible_at: Timestamp,
    ) {
        let known =
            |(value, count): &&(f64, f64)| value.is_finite() && count.is_finite() && *count > 0.0;
        let mut values = values.iter().filter(known).peekable();
        if values.peek().is_none() {
            return;
        }
        let sample = self.part(metric, at, resolution, visible_at);
        for &(value, count) in values {
            sample.add(value, count);
        }
    }

    /// Records values that the publisher aggregated.
    pub(super) fn record_set(
        &mut self,
        metric: MetricId,
        at: Timestamp,
        resolution: Resolution,
        set: StatisticSet,
        visible_at: Timestamp,
    ) {
        self.part(metric, at, resolution, visible_at).add_set(set);
    }

    fn part(
        &mut self,
        metric: MetricId,
        at: Timestamp,
        resolution: Resolution,
        visible_at: Timestamp,
    ) -> &mut Sample {
        let buckets = self.metrics.entry(metric).or_default();
        let second = floor(at.as_second(), resolution.seconds());
        let oldest = second - RETENTION.as_secs();
        while let Some(first) = buckets.first_entry()
            && *first.key() < oldest
        {
            first.remove();
        }
        let bucket = buckets.entry(second).or_default();
        let index = match bucket.iter().position(|(seen, _)| *seen == visible_at) {
            Some(index) => index,
            None => {
                bucket.push((visible_at, Sample::default()));
                bucket.len() - 1
            }
        };
        &mut bucket[index].1
    }

    /// Forgets what is older than the retention, of metrics that nobody records any more too.
    pub(super) fn forget(&mut self, now: Timestamp) {
        let oldest = now.as_second() - RETENTION.as_secs();
        self.metrics.retain(|_, buckets| {
            *buckets = buckets.split_off(&oldest);
            !buckets.is_empty()
        });
    }

    /// The metrics with a datapoint since a moment that can be seen at `now`, in order.
    pub(super) fn seen(&self, since: Timestamp, now: Timestamp) -> impl Iterator<Item = &MetricId> {
        let metrics = self.metrics.iter();
        let metrics = metrics.filter(move |(_, buckets)| {
            let mut recent = buckets.range(since.as_second()..);
            recent.any(|(_, bucket)| bucket.iter().any(|(seen, _)| *seen <= now))
        });
        metrics.map(|(metric, _)| metric)
    }

    /// A statistic of a metric, as it can be seen at `now`.
    pub(super) fn series(
        &self,
        metric: &MetricId,
        statistic: &Statistic,
        grid: Grid,
        now: Timestamp,
    ) -> Series {
        let Some(buckets) = self.metrics.get(metric) else {
            return vec![None; grid.len];
        };
        let mut parts: Vec<&Sample> = Vec::new();
        grid.starts()
            .map(|start| {
                parts.clear();
                for bucket in buckets.range(start..start + grid.period).map(|(_, b)| b) {
                    let visible = bucket.iter().filter(|(seen, _)| *seen <= now);
                    parts.extend(visible.map(|(_, sample)| sample));
                }
                statistic.of(&parts)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn requests() -> MetricId {
        MetricId::new("AWS/ApplicationELB", "RequestCount").with("AvailabilityZone", "us-east-1a")
    }

    fn store(points: &[(i64, f64, i64)]) -> MetricStore {
        let mut store = MetricStore::default();
        for &(at, value, visible) in points {
            store.record(
                requests(),
                second(at),
                Resolution::Standard,
                &[(value, 1.0)],
                second(visible),
            );
        }
        store
    }

    fn read(store: &MetricStore, statistic: &str, grid: Grid, now: i64) -> Series {
        store.series(&requests(), &statistic.parse().unwrap(), grid, second(now))
    }

    const MINUTES: Grid = Grid {
        start: 0,
        period: 60,
        len: 3,
    };

    #[test]
    fn values_of_a_minute_are_one_datapoint_and_a_minute_without_any_has_none() {
        let store = store(&[(5, 1.0, 0), (59, 2.0, 0), (120, 4.0, 0)]);
        assert_eq!(
            read(&store, "Sum", MINUTES, 200),
            [Some(3.0), None, Some(4.0)]
        );
        let whole = Grid {
            period: 300,
            len: 1,
            ..MINUTES
        };
        assert_eq!(read(&store, "SampleCount", whole, 200), [Some(3.0)]);
    }

    #[test]
    fn a_datapoint_cannot_be_seen_before_its_time() {
        let store = store(&[(0, 1.0, 120), (30, 10.0, 180)]);
        assert_eq!(read(&store, "Sum", MINUTES, 119)[0], None);
        assert_eq!(read(&store, "Sum", MINUTES, 120)[0], Some(1.0));
        assert_eq!(read(&store, "Sum", MINUTES, 180)[0], Some(11.0));
    }

    #[test]
    fn metrics_with_other_dimensions_are_other_metrics() {
        let store = store(&[(0, 1.0, 0)]);
        let other = requests().with("LoadBalancer", "app/front/1");
        let statistic = "Sum".parse().unwrap();
        assert_eq!(
            store.series(&other, &statistic, MINUTES, second(60)),
            [None; 3]
        );
    }

    #[test]
    fn seconds_are_kept_apart_only_for_high_resolution() {
        let mut store = MetricStore::default();
        for at in [60, 71] {
            store.record(
                requests(),
                second(at),
                Resolution::High,
                &[(1.0, 1.0)],
                second(at),
            );
        }
        let grid = Grid {
            start: 60,
            period: 10,
            len: 2,
        };
        assert_eq!(read(&store, "Sum", grid, 100), [Some(1.0), Some(1.0)]);
    }

    #[test]
    fn values_without_meaning_are_left_out() {
        let mut store = MetricStore::default();
        let values = [
            (f64::NAN, 1.0),
            (f64::INFINITY, 1.0),
            (7.0, 0.0),
            (7.0, -1.0),
        ];
        store.record(
            requests(),
            second(0),
            Resolution::Standard,
            &values,
            second(0),
        );
        assert_eq!(read(&store, "SampleCount", MINUTES, 0)[0], None);
    }

    #[test]
    fn datapoints_are_forgotten_after_the_retention() {
        let hours = |n: i64| n * 3600;
        let mut store = store(&[(0, 1.0, 0), (hours(7), 1.0, 0)]);
        assert_eq!(read(&store, "Sum", MINUTES, hours(7))[0], None);

        let last = Grid {
            start: hours(7),
            ..MINUTES
        };
        store.forget(second(hours(12)));
        assert_eq!(read(&store, "Sum", last, hours(12))[0], Some(1.0));
        store.forget(second(hours(14)));
        assert_eq!(read(&store, "Sum", last, hours(14))[0], None);
    }
}
