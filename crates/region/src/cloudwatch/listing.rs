//! `ListMetrics` and `GetMetricStatistics`: what metrics there are, and one of them in statistics.
//!
//! Simplifications: a metric is listed as soon as one of its datapoints can be seen, not up to fifteen
//! minutes later; and as long as the Region keeps one ([`super::RETENTION`]), not two weeks.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::error::ServiceError;

use super::CloudWatch;
use super::data::{GetMetricData, bad_value};
use super::grid::floor;
use super::metric::MetricId;
use super::page::Page;
use super::query::{MetricStat, Query, Source};
use super::statistic::Statistic;

/// CloudWatch's limits. Source: API reference, `ListMetrics` and `GetMetricStatistics`.
const METRICS_OF_A_PAGE: usize = 500;
const MOST_DATAPOINTS: i64 = 1440;
/// What `RecentlyActive` can only say: `PT3H`.
const RECENTLY: SignedDuration = SignedDuration::from_hours(3);

/// Which metrics to list. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListMetrics {
    /// Metrics of this namespace.
    pub namespace: Option<String>,
    /// Metrics of this name.
    pub name: Option<String>,
    /// Metrics that have these dimensions, with these values where one is said.
    pub dimensions: Vec<(String, Option<String>)>,
    /// Only metrics with a datapoint in the past three hours.
    pub recently_active: bool,
    /// Where the last page ended.
    pub next_token: Option<String>,
}

/// What `GetMetricStatistics` is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct GetMetricStatistics {
    /// The metric.
    pub metric: MetricId,
    /// The earliest datapoint.
    pub start: Timestamp,
    /// Where the datapoints end.
    pub end: Timestamp,
    /// The length of a period, in seconds.
    pub period: u32,
    /// The statistics.
    pub statistics: Vec<Statistic>,
}

/// One datapoint with a value for each statistic.
pub type Datapoint = (Timestamp, Vec<(Statistic, f64)>);

impl CloudWatch {
    /// Lists metrics, ordered by namespace, name and dimensions.
    ///
    /// # Errors
    /// `InvalidParameterValueException` for a token that no page gave: the operation has no
    /// `InvalidNextToken`.
    pub fn list_metrics(
        &self,
        request: &ListMetrics,
        now: Timestamp,
    ) -> Result<Page<&MetricId>, ServiceError> {
        let since = if request.recently_active {
            now - RECENTLY
        } else {
            Timestamp::MIN
        };
        let metrics = self.metrics.seen(since, now);
        let mut wanted = metrics
            .filter(|metric| request.lets_pass(metric))
            .peekable();
        if let Some(token) = &request.next_token {
            // A metric that is forgotten between two pages takes its token with it.
            if !wanted.by_ref().any(|metric| cursor(metric) == *token) {
                return Err(bad_value(format!(
                    "NextToken \"{token}\" is not one that this operation gave"
                )));
            }
        }
        Ok(Page::take(wanted, METRICS_OF_A_PAGE, |metric| {
            cursor(metric)
        }))
    }

    /// Answers statistics of one metric, the oldest datapoint first.
    ///
    /// # Errors
    /// `InvalidParameterValueException` and `InvalidParameterCombinationException`.
    pub fn get_metric_statistics(
        &self,
        request: &GetMetricStatistics,
        now: Timestamp,
    ) -> Result<Vec<Datapoint>, ServiceError> {
        let combination = |message: String| {
            ServiceError::new(400, "InvalidParameterCombinationException", message)
        };
        if request.period == 0 {
            return Err(bad_value("Period is 0, expected at least 1".to_owned()));
        }
        if request.start >= request.end {
            let message = "The parameter StartTime must be less than the parameter EndTime.";
            return Err(bad_value(message.to_owned()));
        }
        let period = i64::from(request.period);
        let seconds = request.end.as_second() - floor(request.start.as_second(), period);
        let datapoints = seconds / period;
        if datapoints > MOST_DATAPOINTS {
            return Err(combination(format!(
                "You have requested up to {datapoints} datapoints, which exceeds the limit of {MOST_DATAPOINTS}: make Period longer or the time shorter"
            )));
        }
        let mut found: BTreeMap<Timestamp, Vec<(Statistic, f64)>> = BTreeMap::new();
        for statistic in &request.statistics {
            let query = Query {
                id: "statistic".to_owned(),
                source: Source::Metric(MetricStat {
                    metric: request.metric.clone(),
                    period: request.period,
                    stat: statistic.clone(),
                    unit: None,
                }),
                label: None,
                return_data: true,
            };
            let data = self.get_metric_data(
                &GetMetricData {
                    queries: vec![query],
                    start: request.start,
                    end: request.end,
                    oldest_first: true,
                    max_datapoints: None,
                    next_token: None,
                },
                now,
            );
            let data = data.map_err(|error| bad_value(error.message))?;
            for (at, value) in data
                .results
                .into_iter()
                .flat_map(|result| result.datapoints)
            {
                found
                    .entry(at)
                    .or_default()
                    .push((statistic.clone(), value));
            }
        }
        Ok(found.into_iter().collect())
    }
}

impl ListMetrics {
    fn lets_pass(&self, metric: &MetricId) -> bool {
        let is = |wanted: &Option<String>, there: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == there)
        };
        is(&self.namespace, &metric.namespace)
            && is(&self.name, &metric.name)
            && self.dimensions.iter().all(|(name, value)| {
                metric
                    .dimensions
                    .get(name)
                    .is_some_and(|there| is(value, there))
            })
    }
}

/// Where a list goes on: after this metric.
fn cursor(metric: &MetricId) -> String {
    serde_json::json!([metric.namespace, metric.name, metric.dimensions]).to_string()
}
