//! Metric math and searches: asked for, page by page, and watched by an alarm.
//!
//! Each line is an expression. It may name the metrics `m1` to `m3` and the lines, `e0`, `e1` and so on.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use domain::AccountId;
use jiff::{SignedDuration, Timestamp};
use region::cloudwatch::{
    Actions, CloudWatch, Comparison, GetMetricData, MetricAlarmConfig, MetricId, MetricStat, Query,
    Source, StateValue, Threshold, Watch,
};

use super::now;

const MOST_LINES: usize = 12;
const MINUTES: i64 = 10;

thread_local! {
    static CLOUDWATCH: OnceCell<CloudWatch> = const { OnceCell::new() };
}

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let lines: Vec<&str> = text.lines().take(MOST_LINES).collect();
    CLOUDWATCH.with(|cloudwatch| {
        let cloudwatch = cloudwatch.get_or_init(stocked);
        if let Some(all) = data(cloudwatch, &lines, None) {
            let pages = data(cloudwatch, &lines, Some(7));
            assert_eq!(Some(all), pages, "pages are all there is");
        }
        check_alarm(cloudwatch.clone(), &lines);
    });
}

/// Three metrics over ten minutes: one with gaps, one without, one with two minutes only.
fn stocked() -> CloudWatch {
    let mut cloudwatch = CloudWatch::new(AccountId::embedded(), "us-east-1");
    for minute in 0..MINUTES {
        let at = begin() + SignedDuration::from_mins(minute);
        for (name, has) in [
            ("m1", minute % 3 != 1),
            ("m2", true),
            ("m3", minute == 2 || minute == 7),
        ] {
            let values = [
                (f64::from(u8::try_from(minute).unwrap()) - 2.0, 3.0),
                (0.5, 1.0),
            ];
            if has {
                cloudwatch.record(metric(name), at, &values, at);
            }
        }
        cloudwatch.contribute("faults", at, "i-0a", 2.0, at);
    }
    cloudwatch
}

fn begin() -> Timestamp {
    now() - SignedDuration::from_mins(MINUTES)
}

fn metric(name: &str) -> MetricId {
    MetricId::new("Canary", name).with("Zone", "use1-az1")
}

fn queries(lines: &[&str], returned: impl Fn(usize) -> bool) -> Vec<Query> {
    let metrics = ["m1", "m2", "m3"].map(|id| Query {
        id: id.to_owned(),
        source: Source::Metric(MetricStat {
            metric: metric(id),
            period: 60,
            stat: "Sum".parse().unwrap(),
            unit: None,
        }),
        label: None,
        return_data: false,
    });
    let expressions = lines.iter().enumerate().map(|(index, line)| Query {
        id: format!("e{index}"),
        source: Source::Expression {
            text: (*line).to_owned(),
            period: None,
        },
        label: None,
        return_data: returned(index),
    });
    metrics.into_iter().chain(expressions).collect()
}

type Datapoints = BTreeMap<(String, String), Vec<(Timestamp, f64)>>;

/// The datapoints of every line; nothing where CloudWatch refuses them.
fn data(cloudwatch: &CloudWatch, lines: &[&str], room: Option<i32>) -> Option<Datapoints> {
    let mut request = GetMetricData {
        queries: queries(lines, |_| true),
        start: begin(),
        end: now(),
        oldest_first: true,
        max_datapoints: room,
        next_token: None,
    };
    let mut found = Datapoints::new();
    loop {
        let page = match cloudwatch.get_metric_data(&request, now()) {
            Ok(page) => page,
            Err(error) => {
                assert!(
                    request.next_token.is_none(),
                    "refused on a later page: {error}"
                );
                return None;
            }
        };
        for result in page.results {
            for (at, value) in &result.datapoints {
                assert!(value.is_finite(), "{value} of {}", result.id);
                // The first is of the period that the range begins in, which may be a day long.
                let earliest = begin() - SignedDuration::from_hours(24);
                assert!((earliest..now()).contains(at), "{at} of {}", result.id);
            }
            let datapoints = found.entry((result.id, result.label)).or_default();
            datapoints.extend(result.datapoints);
            assert!(datapoints.is_sorted_by_key(|(at, _)| *at));
        }
        let token = page.next_token;
        if token.is_none() {
            return Some(found);
        }
        assert_ne!(token, request.next_token, "a page without an end");
        request.next_token = token;
    }
}

/// What an alarm may watch can always be evaluated.
fn check_alarm(mut cloudwatch: CloudWatch, lines: &[&str]) {
    let last = lines.len().saturating_sub(1);
    let config = MetricAlarmConfig {
        name: "watch".to_owned(),
        description: None,
        actions: Actions::default(),
        watch: Watch::Math(queries(lines, |index| index == last)),
        threshold: Threshold {
            comparison: Comparison::GreaterOrEqual,
            value: 1.0,
            evaluation_periods: 2,
            datapoints_to_alarm: Some(1),
            missing_data: None,
        },
    };
    let begin = now() - SignedDuration::from_secs(1);
    if cloudwatch.put_metric_alarm(config, begin).is_err() {
        return;
    }
    let mut changes = Vec::new();
    for second in 0..=60 {
        changes.extend(cloudwatch.evaluate(now() + SignedDuration::from_secs(second)));
    }
    let state = cloudwatch.alarm("watch").unwrap().state();
    assert_eq!(
        changes.is_empty(),
        state.value == StateValue::InsufficientData
    );
}
