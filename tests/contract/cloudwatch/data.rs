//! `PutMetricData` and `GetMetricData`.

use anyhow::{Result, ensure};
use aws_sdk_cloudwatch::operation::get_metric_data::builders::GetMetricDataFluentBuilder;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDatum, MetricStat, ScanBy, StatisticSet, StatusCode,
};

use crate::contract::Outcome;
use crate::refusal::{accepted, refused, same};
use crate::subject::Subject;

contracts!(
    "cloudwatch",
    [region, ministack],
    [
        every_statistic_of_a_period_is_computed,
        values_come_with_their_counts,
        a_set_of_statistics_counts_as_its_samples,
        a_percentile_is_computed_over_the_values_of_a_period,
        a_datapoint_begins_where_its_period_begins,
        a_longer_period_joins_shorter_ones,
        a_metric_is_told_apart_by_all_of_its_dimensions,
        the_start_is_part_of_the_range_and_the_end_is_not,
        a_period_without_data_is_left_out,
        a_metric_without_data_has_an_empty_result,
        the_latest_datapoint_comes_first,
        the_oldest_datapoint_comes_first_on_request,
        pages_of_datapoints_lead_to_the_rest,
        an_expression_computes_with_metrics_that_are_not_returned,
        missing_data_is_filled_on_request,
        two_queries_with_one_id_are_refused,
        an_expression_of_a_metric_that_is_not_there_is_refused,
        a_token_that_no_page_of_datapoints_gave_is_refused,
    ]
);

async fn every_statistic_of_a_period_is_computed(subject: &Subject) -> Outcome {
    let (metric, at) = (subject.name("metric"), subject.minutes_ago(5));
    for value in [3.0, 1.0, 8.0] {
        put(subject, datum(&metric, at + 7).value(value)).await?;
    }
    for (stat, expected) in [
        ("Sum", 12.0),
        ("Average", 4.0),
        ("Minimum", 1.0),
        ("Maximum", 8.0),
        ("SampleCount", 3.0),
    ] {
        let get = get(subject, at, 60).metric_data_queries(query("m", &metric, stat, 60));
        same(stat, &points(get).await?, &vec![(at, expected)])?;
    }
    Ok(())
}

async fn values_come_with_their_counts(subject: &Subject) -> Outcome {
    let (metric, at) = (subject.name("metric"), subject.minutes_ago(5));
    let datum = datum(&metric, at).set_values(Some(vec![1.0, 10.0]));
    put(subject, datum.set_counts(Some(vec![3.0, 2.0]))).await?;
    for (stat, expected) in [("Sum", 23.0), ("SampleCount", 5.0), ("Maximum", 10.0)] {
        let get = get(subject, at, 60).metric_data_queries(query("m", &metric, stat, 60));
        same(stat, &points(get).await?, &vec![(at, expected)])?;
    }
    Ok(())
}

async fn a_set_of_statistics_counts_as_its_samples(subject: &Subject) -> Outcome {
    let (metric, at) = (subject.name("metric"), subject.minutes_ago(5));
    let set = StatisticSet::builder().sample_count(4.0).sum(20.0);
    let set = set.minimum(2.0).maximum(9.0).build();
    put(subject, datum(&metric, at).statistic_values(set)).await?;
    put(subject, datum(&metric, at).value(10.0)).await?;
    for (stat, expected) in [
        ("Sum", 30.0),
        ("SampleCount", 5.0),
        ("Average", 6.0),
        ("Maximum", 10.0),
    ] {
        let get = get(subject, at, 60).metric_data_queries(query("m", &metric, stat, 60));
        same(stat, &points(get).await?, &vec![(at, expected)])?;
    }
    Ok(())
}

async fn a_percentile_is_computed_over_the_values_of_a_period(subject: &Subject) -> Outcome {
    let (metric, at) = (subject.name("metric"), subject.minutes_ago(5));
    let datum = datum(&metric, at).set_values(Some(vec![1.0, 100.0]));
    put(subject, datum.set_counts(Some(vec![99.0, 1.0]))).await?;
    for (stat, low, high) in [("p50", 0.9, 1.1), ("p99.9", 50.0, 101.0)] {
        let get = get(subject, at, 60).metric_data_queries(query("m", &metric, stat, 60));
        let points = points(get).await?;
        let [(_, value)] = points[..] else {
            anyhow::bail!("{stat} has the datapoints {points:?}");
        };
        ensure!((low..=high).contains(&value), "{stat} is {value}");
    }
    Ok(())
}

async fn a_datapoint_begins_where_its_period_begins(subject: &Subject) -> Outcome {
    let (metric, at) = (subject.name("metric"), subject.minutes_ago(5));
    for second in [0, 59, 60] {
        put(subject, datum(&metric, at + second).value(1.0)).await?;
    }
    let get = get(subject, at, 120).metric_data_queries(query("m", &metric, "Sum", 60));
    let get = get.scan_by(ScanBy::TimestampAscending);
    same(
        "the datapoints",
        &points(get).await?,
        &vec![(at, 2.0), (at + 60, 1.0)],
    )
}

async fn a_longer_period_joins_shorter_ones(subject: &Subject) -> Outcome {
    let metric = subject.name("metric");
    let at = subject.minutes_ago(20) / 300 * 300;
    for minute in 0..6 {
        put(subject, datum(&metric, at + 60 * minute).value(1.0)).await?;
    }
    let get = get(subject, at, 600).metric_data_queries(query("m", &metric, "Sum", 300));
    let get = get.scan_by(ScanBy::TimestampAscending);
    same(
        "the datapoints",
        &points(get).await?,
        &vec![(at, 5.0), (at + 300, 1.0)],
    )
}

async fn a_metric_is_told_apart_by_all_of_its_dimensions(subject: &Subject) -> Outcome {
    let (metric, at) = (subject.name("metric"), subject.minutes_ago(5));
    let zone = |value: &str| Dimension::builder().name("Zone").value(value).build();
    put(subject, datum(&metric, at).value(1.0)).await?;
    put(subject, datum(&metric, at).value(2.0).dimensions(zone("a"))).await?;
    put(subject, datum(&metric, at).value(4.0).dimensions(zone("b"))).await?;
    for (dimension, expected) in [(None, 1.0), (Some("a"), 2.0), (Some("b"), 4.0)] {
        let wanted = Metric::builder().namespace("Contract").metric_name(&metric);
        let wanted = wanted.set_dimensions(dimension.map(|value| vec![zone(value)]));
        let get = get(subject, at, 60).metric_data_queries(about(wanted.build(), "m", "Sum", 60));
        let what = format!("the zone {dimension:?}");
        same(&what, &points(get).await?, &vec![(at, expected)])?;
    }
    Ok(())
}

async fn the_start_is_part_of_the_range_and_the_end_is_not(subject: &Subject) -> Outcome {
    let (metric, at) = (subject.name("metric"), subject.minutes_ago(9));
    for minute in 0..4 {
        put(subject, datum(&metric, at + 60 * minute).value(1.0)).await?;
    }
    let get = get(subject, at + 60, 120).metric_data_queries(query("m", &metric, "Sum", 60));
    let get = get.scan_by(ScanBy::TimestampAscending);
    same(
        "the datapoints",
        &points(get).await?,
        &vec![(at + 60, 1.0), (at + 120, 1.0)],
    )
}

async fn a_period_without_data_is_left_out(subject: &Subject) -> Outcome {
    let (metric, at) = (subject.name("metric"), subject.minutes_ago(9));
    for minute in [0, 3] {
        put(subject, datum(&metric, at + 60 * minute).value(1.0)).await?;
    }
    let get = get(subject, at, 300).metric_data_queries(query("m", &metric, "Sum", 60));
    let get = get.scan_by(ScanBy::TimestampAscending);
    same(
        "the datapoints",
        &points(get).await?,
        &vec![(at, 1.0), (at + 180, 1.0)],
    )
}

async fn a_metric_without_data_has_an_empty_result(subject: &Subject) -> Outcome {
    let (metric, at) = (subject.name("metric"), subject.minutes_ago(5));
    let get = get(subject, at, 60).metric_data_queries(query("m", &metric, "Sum", 60));
    let answer = accepted("GetMetricData", get.send().await)?;
    let [result] = answer.metric_data_results() else {
        anyhow::bail!("the results are {:?}", answer.metric_data_results());
    };
    same("the id", &result.id(), &Some("m"))?;
    same("values", &result.values().len(), &0)?;
    same(
        "the status",
        &result.status_code(),
        &Some(&StatusCode::Complete),
    )
}

/// Source: GetMetricData, `ScanBy`: `TimestampDescending` is the default.
async fn the_latest_datapoint_comes_first(subject: &Subject) -> Outcome {
    ordered(subject, None, &[2.0, 1.0]).await
}

async fn the_oldest_datapoint_comes_first_on_request(subject: &Subject) -> Outcome {
    ordered(subject, Some(ScanBy::TimestampAscending), &[1.0, 2.0]).await
}

async fn ordered(subject: &Subject, scan_by: Option<ScanBy>, expected: &[f64]) -> Outcome {
    let (metric, at) = (subject.name("metric"), subject.minutes_ago(5));
    put(subject, datum(&metric, at).value(1.0)).await?;
    put(subject, datum(&metric, at + 60).value(2.0)).await?;
    let get = get(subject, at, 120).metric_data_queries(query("m", &metric, "Sum", 60));
    let points = points(get.set_scan_by(scan_by)).await?;
    let values: Vec<f64> = points.into_iter().map(|(_, value)| value).collect();
    same("the values", &values.as_slice(), &expected)
}

async fn pages_of_datapoints_lead_to_the_rest(subject: &Subject) -> Outcome {
    let (metric, at) = (subject.name("metric"), subject.minutes_ago(9));
    for minute in 0..5 {
        put(subject, datum(&metric, at + 60 * minute).value(1.0)).await?;
    }
    let (mut found, mut pages, mut token) = (Vec::new(), 0, None);
    loop {
        let get = get(subject, at, 300).metric_data_queries(query("m", &metric, "Sum", 60));
        let get = get.scan_by(ScanBy::TimestampAscending).max_datapoints(2);
        let page = accepted("a page", get.set_next_token(token).send().await)?;
        let results = page.metric_data_results().iter();
        let times: Vec<i64> = results
            .flat_map(aws_sdk_cloudwatch::types::MetricDataResult::timestamps)
            .map(DateTime::secs)
            .collect();
        ensure!(times.len() <= 2, "a page has {} datapoints", times.len());
        found.extend(times);
        pages += 1;
        token = page.next_token().map(str::to_owned);
        if token.is_none() || pages > 5 {
            break;
        }
    }
    let expected: Vec<i64> = (0..5).map(|minute| at + 60 * minute).collect();
    same("the datapoints of all pages", &found, &expected)
}

async fn an_expression_computes_with_metrics_that_are_not_returned(subject: &Subject) -> Outcome {
    let (faults, requests) = (subject.name("faults"), subject.name("requests"));
    let at = subject.minutes_ago(5);
    put(subject, datum(&faults, at).value(3.0)).await?;
    put(subject, datum(&requests, at).value(12.0)).await?;
    let get = get(subject, at, 60)
        .metric_data_queries(hidden(query("f", &faults, "Sum", 60)))
        .metric_data_queries(hidden(query("r", &requests, "Sum", 60)))
        .metric_data_queries(expression("rate", "f / r * 100"));
    same("the rate", &points(get).await?, &vec![(at, 25.0)])
}

async fn missing_data_is_filled_on_request(subject: &Subject) -> Outcome {
    let (metric, at) = (subject.name("metric"), subject.minutes_ago(9));
    for minute in [0, 2] {
        put(subject, datum(&metric, at + 60 * minute).value(1.0)).await?;
    }
    let get = get(subject, at, 180)
        .metric_data_queries(hidden(query("m", &metric, "Sum", 60)))
        .metric_data_queries(expression("filled", "FILL(m, 0)"))
        .scan_by(ScanBy::TimestampAscending);
    let expected = vec![(at, 1.0), (at + 60, 0.0), (at + 120, 1.0)];
    same("the datapoints", &points(get).await?, &expected)
}

async fn two_queries_with_one_id_are_refused(subject: &Subject) -> Outcome {
    let get = get(subject, subject.minutes_ago(5), 60)
        .metric_data_queries(query("m", "one", "Sum", 60))
        .metric_data_queries(query("m", "other", "Sum", 60));
    refused("two queries m", get.send().await, "ValidationError", 400)
}

async fn an_expression_of_a_metric_that_is_not_there_is_refused(subject: &Subject) -> Outcome {
    let get = get(subject, subject.minutes_ago(5), 60);
    let get = get.metric_data_queries(expression("e", "nobody * 2"));
    refused("nobody * 2", get.send().await, "ValidationError", 400)
}

async fn a_token_that_no_page_of_datapoints_gave_is_refused(subject: &Subject) -> Outcome {
    let get = get(subject, subject.minutes_ago(5), 60).next_token("nowhere");
    let get = get.metric_data_queries(query("m", "m", "Sum", 60));
    refused(
        "the token nowhere",
        get.send().await,
        "InvalidNextToken",
        400,
    )
}

type DatumBuilder = aws_sdk_cloudwatch::types::builders::MetricDatumBuilder;

fn datum(metric: &str, at: i64) -> DatumBuilder {
    let datum = MetricDatum::builder().metric_name(metric);
    datum.timestamp(DateTime::from_secs(at))
}

async fn put(subject: &Subject, datum: DatumBuilder) -> Outcome {
    let put = subject.cloudwatch().put_metric_data();
    let put = put.namespace("Contract").metric_data(datum.build());
    accepted("PutMetricData", put.send().await).map(|_| ())
}

/// GetMetricData of so many seconds.
fn get(subject: &Subject, from: i64, seconds: i64) -> GetMetricDataFluentBuilder {
    let get = subject.cloudwatch().get_metric_data();
    get.start_time(DateTime::from_secs(from))
        .end_time(DateTime::from_secs(from + seconds))
}

fn query(id: &str, metric: &str, stat: &str, period: i32) -> MetricDataQuery {
    let metric = Metric::builder().namespace("Contract").metric_name(metric);
    about(metric.build(), id, stat, period)
}

fn about(metric: Metric, id: &str, stat: &str, period: i32) -> MetricDataQuery {
    let stat = MetricStat::builder()
        .metric(metric)
        .period(period)
        .stat(stat);
    MetricDataQuery::builder()
        .id(id)
        .metric_stat(stat.build())
        .build()
}

fn expression(id: &str, text: &str) -> MetricDataQuery {
    MetricDataQuery::builder().id(id).expression(text).build()
}

fn hidden(mut query: MetricDataQuery) -> MetricDataQuery {
    query.return_data = Some(false);
    query
}

/// The datapoints of the one result that is expected, as seconds and values.
async fn points(get: GetMetricDataFluentBuilder) -> Result<Vec<(i64, f64)>> {
    let answer = accepted("GetMetricData", get.send().await)?;
    let [result] = answer.metric_data_results() else {
        anyhow::bail!(
            "expected one result, got {:?}",
            answer.metric_data_results()
        );
    };
    let times = result.timestamps().iter().map(DateTime::secs);
    Ok(times.zip(result.values().iter().copied()).collect())
}
