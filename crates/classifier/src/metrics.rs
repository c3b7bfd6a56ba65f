//! CloudWatch's metrics as plain values.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::Config;
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
use runtime::clients::{Connections, limits};
use runtime::failure::of_call;

/// The length of every period that is asked for, in seconds.
const PERIOD: i32 = 60;

/// A question covers so many minutes at the most; a longer time is asked for in several.
const MOST_MINUTES: usize = 1440;

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
        Self {
            client: Client::new(&connections.to("CLOUDWATCH")),
        }
    }

    /// The evidence of the last minutes before `now`, for a judgement over `window` minutes. It is
    /// there within so long, or [`Evidence::Unavailable`].
    pub async fn recent(
        &self,
        source: &EvidenceSource,
        zones: &ZoneMap,
        window: usize,
        now: Timestamp,
        within: Duration,
    ) -> Evidence {
        let read = self.ask(source, zones, Span::recent(window, now), within);
        match tokio::time::timeout(within, read).await {
            Ok(Ok(answers)) => recent(source, zones, window, now, &answers),
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
        let queries: Vec<MetricDataQuery> = queries(source, zones).iter().map(query).collect();
        let start = span.starts().next().unwrap_or(span.from);
        let mut results = Results::default();
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
            token = page
                .next_token()
                .filter(|token| !token.is_empty())
                .map(str::to_owned);
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
    let stat = MetricStat::builder()
        .metric(metric)
        .period(PERIOD)
        .stat(&query.statistic)
        .build();
    MetricDataQuery::builder()
        .id(&query.id)
        .metric_stat(stat)
        .return_data(true)
        .build()
}

/// What the pages of an answer say.
#[derive(Default)]
struct Results {
    answers: Answers,
    /// What CloudWatch said instead of an answer, by the id of the query.
    broken: BTreeMap<String, String>,
}

impl Results {
    /// Takes a page's part of a query's answer. A later part may complete it, but mends no error.
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
        series.points.extend(points);
        let status = result.status_code();
        series.complete = status == Some(&StatusCode::Complete) && times.len() == values.len();
        if !matches!(status, Some(StatusCode::Complete | StatusCode::PartialData)) {
            let status = status.map_or("no status", StatusCode::as_str);
            let messages = result.messages().iter().filter_map(MessageData::value);
            let told: Vec<&str> = [status].into_iter().chain(messages).collect();
            self.broken.insert(id.to_owned(), told.join(": "));
        }
    }

    /// The answers, if there is any at all. Where only some queries have one, the rest is unknown.
    fn answers(mut self, call: &str) -> Result<Answers, Failure> {
        for id in self.broken.keys() {
            if let Some(series) = self.answers.get_mut(id) {
                series.complete = false;
            }
        }
        match self.broken.values().next() {
            Some(told) if self.broken.len() == self.answers.len() => {
                let class = if told.starts_with(StatusCode::Forbidden.as_str()) {
                    Class::AccessDenied
                } else {
                    Class::Unavailable
                };
                Err(Failure::new(class, format!("{call}: {told}")))
            }
            _ => Ok(self.answers),
        }
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
            minutes: 3000,
            seen_at: Timestamp::from_second(1_000_000).unwrap(),
        };
        let parts: Vec<(i64, usize)> = parts(span)
            .map(|part| (part.from.as_second(), part.minutes))
            .collect();
        assert_eq!(parts, [(60, 1440), (86_460, 1440), (172_860, 120)]);
    }
}
