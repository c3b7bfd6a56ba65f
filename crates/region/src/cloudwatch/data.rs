//! `PutMetricData` and `GetMetricData`: datapoints in and out.
//!
//! Simplifications:
//! - what is put can be seen at once, or from its own time on if that is in the future;
//! - `GetMetricData` answers for the time for which the Region keeps metrics, and not beyond the
//!   current period; its label is the name of the metric or the id of the expression;
//! - what searches find comes with the last page, whole, and only these have labels with
//!   `${PROP('Dim.…')}`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::error::ServiceError;

use super::CloudWatch;
use super::alarm::invalid;
use super::expression::Value;
use super::grid::{Grid, Series, floor, instant};
use super::metric::{MetricId, RETENTION, Resolution, StatisticSet};
use super::page::bad_token;
use super::query::{Data, MetricStat, Queries, Query, Source};
use super::search::{MOST_FOUND, Search};
use super::statistic::{Statistic, StatisticError};

/// One datum to record.
#[derive(Debug, Clone, PartialEq)]
pub struct Datum {
    /// The name of the metric.
    pub name: String,
    /// Its dimensions, in the order in which they were given.
    pub dimensions: Vec<(String, String)>,
    /// When it was measured: now, if it is not said.
    pub at: Option<Timestamp>,
    /// How finely it is kept.
    pub resolution: Resolution,
    /// What was measured.
    pub values: DatumValues,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub enum DatumValues {
    /// Values with their counts.
    Values(Vec<(f64, f64)>),
    /// Only their aggregates.
    Set(StatisticSet),
}

/// CloudWatch's limits. Source: API reference, `PutMetricData` and `GetMetricData`.
const MOST_DATUMS: usize = 1000;
const MOST_VALUES: usize = 150;
pub(super) const MOST_DIMENSIONS: usize = 30;
const MOST_QUERIES: usize = 500;
const MOST_DATAPOINTS: u32 = 100_800;
/// No value has a larger magnitude: 2 to the power of 360.
const LARGEST_VALUE: f64 = f64::from_bits((1023 + 360) << 52);
const OLDEST_DATUM: SignedDuration = SignedDuration::from_hours(14 * 24);
const NEWEST_DATUM: SignedDuration = SignedDuration::from_hours(2);

/// What `GetMetricData` is asked.
#[derive(Debug, Clone)]
pub struct GetMetricData {
    /// The queries, at most 500.
    pub queries: Vec<Query>,
    /// The earliest datapoint.
    pub start: Timestamp,
    /// Where the datapoints end; a period that begins here is not part of the answer.
    pub end: Timestamp,
    /// The oldest datapoint first instead of the latest.
    pub oldest_first: bool,
    /// How many datapoints at once.
    pub max_datapoints: Option<i32>,
    /// Where the last page ended.
    pub next_token: Option<String>,
}

/// The datapoints of one query.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricDataResult {
    /// The id of the query.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// When each period begins, with its value. Missing data has no place here.
    pub datapoints: Vec<(Timestamp, f64)>,
    /// Whether the page has all datapoints of the query from here on.
    pub complete: bool,
}

/// A page of datapoints.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricData {
    /// One result for each query that returns data, in the order of the queries.
    pub results: Vec<MetricDataResult>,
    /// What to ask for the next page with.
    pub next_token: Option<String>,
}

impl CloudWatch {
    /// Records data that somebody publishes.
    ///
    /// # Errors
    /// `InvalidParameterValueException` and the like; then nothing is recorded.
    pub fn put_metric_data(
        &mut self,
        namespace: &str,
        data: Vec<Datum>,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let length = namespace.chars().count();
        if length == 0 || length > 255 || namespace.starts_with("AWS/") {
            return Err(bad_value(format!(
                "Namespace \"{namespace}\": expected 1 to 255 characters that do not begin with AWS/"
            )));
        }
        let n = data.len();
        if n == 0 {
            let message = "MetricData is missing";
            let code = "MissingRequiredParameterException";
            return Err(ServiceError::new(400, code, message));
        }
        if n > MOST_DATUMS {
            return Err(bad_value(format!(
                "MetricData has {n} members, expected at most {MOST_DATUMS}"
            )));
        }
        for (index, datum) in data.iter().enumerate() {
            datum.check(index + 1, now)?;
        }
        for datum in data {
            let metric = MetricId {
                namespace: namespace.to_owned(),
                name: datum.name,
                dimensions: datum.dimensions.into_iter().collect(),
            };
            let at = datum.at.unwrap_or(now);
            let visible_at = at.max(now);
            match datum.values {
                DatumValues::Values(values) => {
                    self.metrics
                        .record(metric, at, datum.resolution, &values, visible_at);
                }
                DatumValues::Set(set) => {
                    self.metrics
                        .record_set(metric, at, datum.resolution, set, visible_at);
                }
            }
        }
        Ok(())
    }

    /// Answers queries about metrics, a page at a time. A query without datapoints has an empty
    /// result, not none.
    ///
    /// # Errors
    /// `ValidationError` for queries that make no sense or exceed a limit, and `InvalidNextToken`.
    pub fn get_metric_data(
        &self,
        request: &GetMetricData,
        now: Timestamp,
    ) -> Result<MetricData, ServiceError> {
        let n = request.queries.len();
        if n == 0 || n > MOST_QUERIES {
            return Err(invalid(format!(
                "MetricDataQueries has {n} members, expected 1 to {MOST_QUERIES}"
            )));
        }
        if request.start >= request.end {
            return Err(invalid("StartTime must be before EndTime"));
        }
        let mut room = match request.max_datapoints {
            None => MOST_DATAPOINTS as usize,
            Some(n) => usize::try_from(n)
                .ok()
                .filter(|n| (1..=MOST_DATAPOINTS as usize).contains(n))
                .ok_or_else(|| {
                    invalid(format!(
                        "MaxDatapoints is {n}, expected 1 to {MOST_DATAPOINTS}"
                    ))
                })?,
        };
        let (searches, queries): (Vec<Query>, Vec<Query>) =
            request.queries.iter().cloned().partition(is_search);
        let queries = Queries::new(queries).map_err(|error| invalid(error.to_string()))?;
        let from = match &request.next_token {
            Some(token) => read_token(token)?,
            None => (0, None),
        };
        let mut data = MetricData {
            results: Vec::new(),
            next_token: None,
        };
        for (index, query) in queries.all().iter().enumerate().skip(from.0) {
            if !query.return_data {
                continue;
            }
            let mut datapoints = self.datapoints(&queries, index, request, now)?;
            if let (true, Some(last)) = (index == from.0, from.1) {
                datapoints.retain(|(time, _)| {
                    if request.oldest_first {
                        last < time.as_second()
                    } else {
                        time.as_second() < last
                    }
                });
            }
            let complete = datapoints.len() <= room;
            datapoints.truncate(room);
            room -= datapoints.len();
            let last = datapoints.last().map(|(time, _)| time.as_second());
            data.results.push(MetricDataResult {
                id: query.id.clone(),
                label: label(query),
                datapoints,
                complete,
            });
            if !complete {
                let last = last.or(if index == from.0 { from.1 } else { None });
                data.next_token = Some(write_token(index, last));
                break;
            }
        }
        if data.next_token.is_none() {
            for query in searches.iter().filter(|query| query.return_data) {
                data.results.extend(self.found(query, request, now)?);
            }
        }
        Ok(data)
    }

    /// A result for each metric that a search finds.
    fn found(
        &self,
        query: &Query,
        request: &GetMetricData,
        now: Timestamp,
    ) -> Result<Vec<MetricDataResult>, ServiceError> {
        let Source::Expression { text, .. } = &query.source else {
            return Ok(Vec::new());
        };
        let refuse = |error: String| invalid(format!("expression \"{}\": {error}", query.id));
        let search = Search::parse(text).map_err(|error| refuse(error.to_string()))?;
        let stat: Statistic = search
            .stat
            .parse()
            .map_err(|error: StatisticError| refuse(error.to_string()))?;
        let ever = now - RETENTION;
        let found = self.metrics.seen(ever, now);
        let found = found.filter(|metric| search.finds(metric)).take(MOST_FOUND);
        found
            .map(|metric| {
                let one = Query {
                    id: query.id.clone(),
                    source: Source::Metric(MetricStat {
                        metric: metric.clone(),
                        period: search.period,
                        stat: stat.clone(),
                        unit: None,
                    }),
                    label: None,
                    return_data: true,
                };
                let queries =
                    Queries::new(vec![one]).map_err(|error| invalid(error.to_string()))?;
                Ok(MetricDataResult {
                    id: query.id.clone(),
                    label: label_of(query, metric),
                    datapoints: self.datapoints(&queries, 0, request, now)?,
                    complete: true,
                })
            })
            .collect()
    }

    fn datapoints(
        &self,
        queries: &Queries,
        index: usize,
        request: &GetMetricData,
        now: Timestamp,
    ) -> Result<Vec<(Timestamp, f64)>, ServiceError> {
        let period = queries.period(index);
        let kept = now.as_second() - RETENTION.as_secs();
        let current = floor(now.as_second(), i64::from(period)) + i64::from(period);
        let start = request.start.as_second().max(kept);
        let grid = Grid::covering(start, ceil(request.end).min(current), period);
        let data = Data {
            metrics: &self.metrics,
            insight: &self.insight,
            now,
        };
        let value = queries.evaluate(index, grid, data);
        let series: Series = match value {
            Ok(Value::Series(series)) => series,
            Ok(other) => {
                let id = queries.all().get(index).map_or("", |query| &query.id);
                return Err(invalid(format!(
                    "\"{id}\" is {}, expected a single time series (the embedded Region returns no others)",
                    other.kind()
                )));
            }
            Err(error) => return Err(invalid(error.to_string())),
        };
        let points = grid.starts().zip(series);
        let mut points: Vec<(Timestamp, f64)> = points
            .filter_map(|(second, value)| Some((instant(second), value?)))
            .collect();
        if !request.oldest_first {
            points.reverse();
        }
        Ok(points)
    }
}

impl Datum {
    fn check(&self, number: usize, now: Timestamp) -> Result<(), ServiceError> {
        let refuse = |what: String| bad_value(format!("MetricData.member.{number}: {what}"));
        let length = self.name.chars().count();
        if length == 0 || length > 255 {
            return Err(refuse(format!(
                "MetricName has {length} characters, expected 1 to 255"
            )));
        }
        let n = self.dimensions.len();
        if n > MOST_DIMENSIONS {
            return Err(refuse(format!(
                "{n} dimensions, expected at most {MOST_DIMENSIONS}"
            )));
        }
        let distinct: BTreeMap<&str, &str> = self
            .dimensions
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        if distinct.len() < n
            || distinct
                .iter()
                .any(|(name, value)| name.is_empty() || value.is_empty())
        {
            return Err(refuse(
                "expected dimensions with distinct names, and neither name nor value empty".into(),
            ));
        }
        if let Some(at) = self.at
            && (at < now - OLDEST_DATUM || at > now + NEWEST_DATUM)
        {
            return Err(refuse(format!(
                "Timestamp {at} is out of range, expected at most two weeks ago and at most two hours ahead"
            )));
        }
        match &self.values {
            DatumValues::Values(values) => {
                let n = values.len();
                if n == 0 || n > MOST_VALUES {
                    return Err(refuse(format!("{n} values, expected 1 to {MOST_VALUES}")));
                }
                let is_kept = |(value, count): &(f64, f64)| {
                    value.abs() <= LARGEST_VALUE && count.is_finite() && *count >= 0.0
                };
                if !values.iter().all(is_kept) {
                    return Err(refuse(
                        "expected values from -2^360 to 2^360, and counts that are not negative"
                            .into(),
                    ));
                }
            }
            DatumValues::Set(set) => {
                let parts = [set.sample_count, set.sum, set.minimum, set.maximum];
                let kept = parts.iter().all(|part| part.abs() <= LARGEST_VALUE);
                if !kept || set.sample_count <= 0.0 || set.minimum > set.maximum {
                    return Err(refuse(
                        "expected StatisticValues from -2^360 to 2^360 with a positive SampleCount and Minimum at most Maximum".into(),
                    ));
                }
            }
        }
        Ok(())
    }
}

pub(super) fn bad_value(message: String) -> ServiceError {
    ServiceError::new(400, "InvalidParameterValueException", message)
}

fn is_search(query: &Query) -> bool {
    matches!(&query.source, Source::Expression { text, .. } if Search::is(text))
}

/// The label of a metric that was found, with the values of the dimensions that it asks for.
fn label_of(query: &Query, metric: &MetricId) -> String {
    let Some(label) = &query.label else {
        return metric.name.clone();
    };
    let dimensions = metric.dimensions.iter();
    dimensions.fold(label.clone(), |label, (name, value)| {
        label.replace(&format!("${{PROP('Dim.{name}')}}"), value)
    })
}

fn label(query: &Query) -> String {
    match (&query.label, &query.source) {
        (Some(label), _) => label.clone(),
        (None, Source::Metric(stat)) => stat.metric.name.clone(),
        (None, Source::Expression { .. }) => query.id.clone(),
    }
}

/// The first whole second that is not before a time.
fn ceil(time: Timestamp) -> i64 {
    let second = time.as_second();
    if instant(second) < time {
        second + 1
    } else {
        second
    }
}

/// The query at which the next page begins, and the time of the last datapoint before it.
fn write_token(query: usize, last: Option<i64>) -> String {
    match last {
        Some(last) => format!("{query}:{last}"),
        None => format!("{query}:"),
    }
}

fn read_token(token: &str) -> Result<(usize, Option<i64>), ServiceError> {
    let parse = || {
        let (query, last) = token.split_once(':')?;
        let last = match last {
            "" => None,
            last => Some(last.parse().ok()?),
        };
        Some((query.parse().ok()?, last))
    };
    parse().ok_or_else(|| bad_token(token))
}
