//! CloudWatch's metrics as plain values.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::{self, Config};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, MessageData, Metric, MetricDataQuery, MetricDataResult, MetricStat, StatusCode,
};
use domain::evidence::{Answers, EvidenceSource, MetricQuery, Span, counts, queries, recent};
use domain::failure::{Class, Failure};
use domain::judge::Counts;
use domain::observation::Evidence;
use domain::workload::ZoneMap;
use jiff::Timestamp;
use runtime::clients::{Connections, limits, next_page, retries};
use runtime::failure::of_call;

/// The length of every period that is asked for, in seconds.
const PERIOD: i32 = 60;

/// A question covers so many minutes at the most; a longer time is asked for in several. Six hours of a
/// load balancer in six zones are answered in less than a second, and an attempt may take two.
const MOST_MINUTES: usize = 360;

/// No question has so many pages: whoever sends more sends them for ever.
const MOST_PAGES: usize = 1000;

/// Reads counts from CloudWatch.
#[derive(Debug, Clone)]
pub struct Metrics {
    client: Client,
}

impl Metrics {
    /// A reader over these connections.
    #[must_use]
    pub fn new(connections: &Connections) -> Self {
        let config = config::Builder::from(&connections.to("CLOUDWATCH"));
        Self {
            client: Client::from_conf(config.retry_partition(retries()).build()),
        }
    }

    /// The evidence of the last minutes before `now`, `history` of them. It is
    /// there within so long, or [`Evidence::Unavailable`].
    pub async fn recent(
        &self,
        source: &EvidenceSource,
        zones: &ZoneMap,
        history: usize,
        now: Timestamp,
        within: Duration,
    ) -> Evidence {
        let read = self.ask(source, zones, Span::recent(history, now), within);
        match tokio::time::timeout(within, read).await {
            Ok(Ok(answers)) => recent(source, zones, history, now, &answers),
            Ok(Err(failure)) => Evidence::Unavailable(failure),
            Err(_) => Evidence::Unavailable(Failure::new(
                Class::Timeout,
                format!("GetMetricData of {source}: no answer in time"),
            )),
        }
    }

    /// The counts of any span of time, such as one to back-test a policy on. Each call may take so
    /// long. CloudWatch keeps minutes for 15 days; older ones are unknown.
    ///
    /// # Errors
    /// The failure of a call, and where CloudWatch answers none of the queries.
    pub async fn read(
        &self,
        source: &EvidenceSource,
        zones: &ZoneMap,
        span: Span,
        within: Duration,
    ) -> Result<Counts, Failure> {
        let mut all = Counts::new();
        for part in parts(span) {
            let answers = self.ask(source, zones, part, within).await?;
            for (zone, minutes) in counts(source, zones, part, &answers) {
                all.entry(zone).or_default().extend(minutes);
            }
        }
        Ok(all)
    }

    async fn ask(
        &self,
        source: &EvidenceSource,
        zones: &ZoneMap,
        span: Span,
        within: Duration,
    ) -> Result<Answers, Failure> {
        let call = format!("GetMetricData of {source}");
        let asked = queries(source, zones);
        let queries: Vec<MetricDataQuery> = asked.iter().map(query).collect();
        let start = span.starts().next().unwrap_or(span.from);
        let split = asked.iter().filter(|query| query.split_by.is_some());
        let mut results = Results::of(split.map(|query| query.id.clone()));
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .client
                .get_metric_data()
                .set_metric_data_queries(Some(queries.clone()))
                .start_time(DateTime::from_secs(start.as_second()))
                .end_time(DateTime::from_secs(span.end().as_second()))
                .set_next_token(token)
                .customize()
                .config_override(Config::builder().timeout_config(limits(within)))
                .send()
                .await
                .map_err(|error| of_call(&call, &error))?;
            for result in page.metric_data_results() {
                results.take(result);
            }
            token = next_page(page.next_token());
            if token.is_none() {
                return results.answers(&call);
            }
        }
        let message = format!("{call}: more than {MOST_PAGES} pages");
        Err(Failure::new(Class::BadAnswer, message))
    }
}

/// A span in parts that one question may cover.
fn parts(span: Span) -> impl Iterator<Item = Span> {
    let starts: Vec<Timestamp> = span.starts().step_by(MOST_MINUTES).collect();
    starts
        .into_iter()
        .enumerate()
        .map(move |(index, from)| Span {
            from,
            minutes: MOST_MINUTES.min(span.minutes - index * MOST_MINUTES),
            seen_at: span.seen_at,
        })
}

fn query(query: &MetricQuery) -> MetricDataQuery {
    let dimension =
        |(name, value): (&String, &String)| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace(&query.namespace)
        .metric_name(&query.metric)
        .set_dimensions(Some(query.dimensions.iter().map(dimension).collect()))
        .build();
    let asked = MetricDataQuery::builder().id(&query.id).return_data(true);
    match (query.search(), &query.split_by) {
        (Some(search), Some(dimension)) => asked
            .expression(search)
            // What tells the series apart is their label.
            .label(format!("${{PROP('Dim.{dimension}')}}"))
            .build(),
        _ => {
            let stat = MetricStat::builder()
                .metric(metric)
                .period(PERIOD)
                .stat(&query.statistic)
                .build();
            asked.metric_stat(stat).build()
        }
    }
}

/// What the pages of an answer say.
#[derive(Default)]
struct Results {
    answers: Answers,
    /// Queries that are split: each of their series has its label.
    split: BTreeSet<String>,
    /// Whether the last part of each series was its last, by the query's id and the label.
    ended: BTreeMap<(String, String), bool>,
    /// What CloudWatch said instead of an answer, by the id of the query.
    broken: BTreeMap<String, String>,
}

impl Results {
    fn of(split: impl Iterator<Item = String>) -> Self {
        Self {
            split: split.collect(),
            ..Self::default()
        }
    }

    /// Takes a page's part of a series. A later part may end it, but mends no error.
    fn take(&mut self, result: &MetricDataResult) {
        let Some(id) = result.id() else {
            return;
        };
        let (times, values) = (result.timestamps(), result.values());
        let points = times.iter().zip(values).filter_map(|(time, value)| {
            let start = Timestamp::from_second(time.secs()).ok()?;
            Some((start, *value))
        });
        let series = self.answers.entry(id.to_owned()).or_default();
        let label = result.label().filter(|_| self.split.contains(id));
        match label {
            Some(label) => series
                .instances
                .entry(label.to_owned())
                .or_default()
                .extend(points),
            None => series.points.extend(points),
        }
        let status = result.status_code();
        let ended = status == Some(&StatusCode::Complete) && times.len() == values.len();
        let label = label.unwrap_or_default().to_owned();
        self.ended.insert((id.to_owned(), label), ended);
        if !matches!(status, Some(StatusCode::Complete | StatusCode::PartialData)) {
            let status = status.map_or("no status", StatusCode::as_str);
            let messages = result.messages().iter().filter_map(MessageData::value);
            let told: Vec<&str> = [status].into_iter().chain(messages).collect();
            self.broken.insert(id.to_owned(), told.join(": "));
        }
    }

    /// The answers, if there is any at all. Where only some queries have one, the rest is unknown.
    fn answers(mut self, call: &str) -> Result<Answers, Failure> {
        let told = self.broken.values().next();
        if let Some(told) = told.filter(|_| self.broken.len() == self.answers.len()) {
            let class = if told.starts_with(StatusCode::Forbidden.as_str()) {
                Class::AccessDenied
            } else {
                Class::Unavailable
            };
            return Err(Failure::new(class, format!("{call}: {told}")));
        }
        // A search that found nothing has no result, and is complete.
        for id in self.split {
            self.answers.entry(id).or_default();
        }
        for (id, series) in &mut self.answers {
            let mut parts = self.ended.iter().filter(|((of, _), _)| of == id);
            series.complete = parts.all(|(_, ended)| *ended) && !self.broken.contains_key(id);
        }
        Ok(self.answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(id: &str, status: StatusCode, minutes: &[i64]) -> MetricDataResult {
        let times = minutes
            .iter()
            .map(|minute| DateTime::from_secs(60 * minute));
        MetricDataResult::builder()
            .id(id)
            .status_code(status)
            .set_timestamps(Some(times.collect()))
            .set_values(Some(vec![1.0; minutes.len()]))
            .build()
    }

    fn answers(results: &[MetricDataResult]) -> Result<Answers, Failure> {
        let mut all = Results::default();
        for result in results {
            all.take(result);
        }
        all.answers("GetMetricData")
    }

    #[test]
    fn a_later_page_completes_an_answer() {
        let answers = answers(&[
            result("a", StatusCode::PartialData, &[1, 2]),
            result("a", StatusCode::Complete, &[3]),
            result("b", StatusCode::PartialData, &[1]),
        ])
        .unwrap();
        assert_eq!(
            (answers["a"].points.len(), answers["a"].complete),
            (3, true)
        );
        assert_eq!(
            (answers["b"].points.len(), answers["b"].complete),
            (1, false)
        );
    }

    #[test]
    fn a_later_page_mends_no_error() {
        for status in [
            StatusCode::InternalError,
            StatusCode::Forbidden,
            StatusCode::from("SomethingNew"),
        ] {
            let answers = answers(&[
                result("a", status.clone(), &[1]),
                result("a", StatusCode::Complete, &[2]),
                result("b", StatusCode::Complete, &[]),
            ])
            .unwrap();
            assert!(!answers["a"].complete, "{status}");
            assert!(answers["b"].complete);
        }
    }

    #[test]
    fn a_split_query_has_a_series_for_each_label_and_one_without_a_result_has_none() {
        let labelled = |label: &str, status| {
            MetricDataResult::builder()
                .id("a")
                .label(label)
                .status_code(status)
                .timestamps(DateTime::from_secs(60))
                .values(1.0)
                .build()
        };
        let mut all = Results::of(["a", "nothing"].map(str::to_owned).into_iter());
        all.take(&labelled("i-1", StatusCode::PartialData));
        all.take(&labelled("i-2", StatusCode::Complete));
        let answers = all.answers("GetMetricData").unwrap();
        assert_eq!(answers["a"].instances.len(), 2);
        assert!(answers["a"].points.is_empty());
        assert!(!answers["a"].complete, "i-1 is not");
        assert!(answers["nothing"].complete && answers["nothing"].instances.is_empty());
    }

    #[test]
    fn errors_alone_are_a_failure() {
        let failure = answers(&[
            result("a", StatusCode::Forbidden, &[]),
            result("b", StatusCode::Forbidden, &[]),
        ])
        .unwrap_err();
        assert_eq!(
            failure,
            Failure::new(Class::AccessDenied, "GetMetricData: Forbidden")
        );
    }

    #[test]
    fn a_long_time_is_asked_for_in_parts() {
        let span = Span {
            from: Timestamp::from_second(90).unwrap(),
            minutes: 800,
            seen_at: Timestamp::from_second(1_000_000).unwrap(),
        };
        let parts: Vec<(i64, usize)> = parts(span)
            .map(|part| (part.from.as_second(), part.minutes))
            .collect();
        assert_eq!(parts, [(60, 360), (21_660, 360), (43_260, 80)]);
    }
}
