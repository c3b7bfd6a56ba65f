//! Datapoints in and out.

use super::*;

fn query(id: &str, source: Source) -> Query {
    Query {
        id: id.into(),
        source,
        label: None,
        return_data: true,
    }
}

fn of_metric(id: &str, name: &str) -> Query {
    query(id, Source::Metric(stat(name)))
}

fn request(clock: &Clock, queries: Vec<Query>) -> GetMetricData {
    GetMetricData {
        queries,
        start: clock.now - SignedDuration::from_mins(10),
        end: clock.now,
        oldest_first: true,
        max_datapoints: None,
        next_token: None,
    }
}

/// One value a minute for five minutes: 1, 2, 3, 4, 5.
fn five_minutes() -> Clock {
    let mut clock = Clock::at_noon();
    for value in [1.0, 2.0, 3.0, 4.0, 5.0] {
        clock.record("requests", value, 0);
        clock.pass(60);
    }
    clock
}

fn get(clock: &Clock, request: &GetMetricData) -> MetricData {
    clock
        .cloudwatch
        .get_metric_data(request, clock.now)
        .unwrap()
}

fn values(result: &MetricDataResult) -> Vec<f64> {
    result.datapoints.iter().map(|(_, value)| *value).collect()
}

#[test]
fn a_query_gets_its_datapoints_in_the_asked_order() {
    let clock = five_minutes();
    let mut request = request(&clock, vec![of_metric("m", "requests")]);
    let data = get(&clock, &request);
    assert_eq!(values(&data.results[0]), [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(
        data.results[0].datapoints[0].0.to_string(),
        "2026-01-02T12:00:00Z"
    );
    assert!(data.results[0].complete);
    request.oldest_first = false;
    assert_eq!(
        values(&get(&clock, &request).results[0]),
        [5.0, 4.0, 3.0, 2.0, 1.0]
    );
}

#[test]
fn the_start_is_part_of_the_answer_and_the_end_is_not() {
    let clock = five_minutes();
    let mut request = request(&clock, vec![of_metric("m", "requests")]);
    request.start = "2026-01-02T12:01:30Z".parse().unwrap();
    request.end = "2026-01-02T12:03:00Z".parse().unwrap();
    assert_eq!(values(&get(&clock, &request).results[0]), [2.0, 3.0]);
}

#[test]
fn what_cannot_be_seen_yet_is_missing() {
    let mut clock = five_minutes();
    clock.record("requests", 6.0, 30);
    let mut request = request(&clock, vec![of_metric("m", "requests")]);
    request.end = clock.now + SignedDuration::from_mins(5);
    assert_eq!(values(&get(&clock, &request).results[0]).len(), 5);
    clock.pass(30);
    assert_eq!(values(&get(&clock, &request).results[0]).len(), 6);
}

#[test]
fn missing_data_is_an_empty_result_and_not_an_error() {
    let clock = five_minutes();
    let request = request(
        &clock,
        vec![of_metric("m", "nothing"), of_metric("n", "requests")],
    );
    let data = get(&clock, &request);
    assert_eq!(data.results[0].id, "m");
    assert_eq!(data.results[0].datapoints, []);
    assert!(data.results[0].complete);
    assert_eq!(values(&data.results[1]).len(), 5);
}

#[test]
fn expressions_are_answered_and_hidden_queries_are_not() {
    let clock = five_minutes();
    let mut hidden = of_metric("m", "requests");
    hidden.return_data = false;
    let expression = query(
        "twice",
        Source::Expression {
            text: "m * 2".into(),
            period: None,
        },
    );
    let data = get(&clock, &request(&clock, vec![hidden, expression]));
    assert_eq!(data.results.len(), 1);
    assert_eq!(data.results[0].label, "twice");
    assert_eq!(values(&data.results[0]), [2.0, 4.0, 6.0, 8.0, 10.0]);
}

#[test]
fn pages_follow_each_other_over_queries() {
    let clock = five_minutes();
    for oldest_first in [true, false] {
        let queries = vec![
            of_metric("a", "requests"),
            of_metric("none", "nothing"),
            of_metric("b", "requests"),
        ];
        let mut request = request(&clock, queries);
        request.oldest_first = oldest_first;
        request.max_datapoints = Some(3);
        let mut pages = Vec::new();
        let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        loop {
            let data = get(&clock, &request);
            pages.push(
                data.results
                    .iter()
                    .map(|result| values(result).len())
                    .sum::<usize>(),
            );
            for result in &data.results {
                all.entry(result.id.clone())
                    .or_default()
                    .extend(values(result));
            }
            request.next_token = data.next_token;
            if request.next_token.is_none() {
                break;
            }
        }
        assert_eq!(pages, [3, 3, 3, 1]);
        let mut expected = vec![1.0, 2.0, 3.0, 4.0, 5.0];
        if !oldest_first {
            expected.reverse();
        }
        assert_eq!(all["a"], expected);
        assert_eq!(all["b"], expected);
        assert!(all["none"].is_empty());
    }
}

#[test]
fn a_long_range_is_answered_for_the_time_that_is_kept() {
    let clock = five_minutes();
    let mut stat = stat("requests");
    stat.period = 1;
    let fill = query(
        "filled",
        Source::Expression {
            text: "FILL(m, 0)".into(),
            period: None,
        },
    );
    let mut request = request(&clock, vec![query("m", Source::Metric(stat)), fill]);
    request.start = Timestamp::MIN;
    request.end = Timestamp::MAX;
    let data = get(&clock, &request);
    assert_eq!(values(&data.results[0]).len(), 5);
    assert_eq!(values(&data.results[1]).len(), 6 * 3600 + 1);
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let clock = five_minutes();
    let refusal = |change: &dyn Fn(&mut GetMetricData)| {
        let mut request = request(&clock, vec![of_metric("m", "requests")]);
        change(&mut request);
        let refused = clock.cloudwatch.get_metric_data(&request, clock.now);
        let refused = refused.unwrap_err();
        (refused.code, refused.message)
    };
    assert_eq!(
        refusal(&|request| request.queries.clear()).1,
        "MetricDataQueries has 0 members, expected 1 to 500"
    );
    assert_eq!(
        refusal(&|request| request.queries = vec![of_metric("m", "requests"); 501]).1,
        "MetricDataQueries has 501 members, expected 1 to 500"
    );
    assert_eq!(
        refusal(&|request| request.start = request.end),
        ("ValidationError", "StartTime must be before EndTime".into())
    );
    assert_eq!(
        refusal(&|request| request.max_datapoints = Some(0)).1,
        "MaxDatapoints is 0, expected 1 to 100800"
    );
    for token in ["", "x", "1", "-1:", "0:x"] {
        assert_eq!(
            refusal(&|request| request.next_token = Some(token.into())).0,
            "InvalidNextToken"
        );
    }
    assert_eq!(
        refusal(&|request| {
            let text = "METRICS()".to_owned();
            let source = Source::Expression { text, period: None };
            request.queries.push(query("all", source));
        })
        .1,
        "\"all\" is several time series, expected a single time series (the embedded Region returns no others)"
    );
}

fn datum(values: DatumValues) -> Datum {
    Datum {
        name: "latency".into(),
        dimensions: vec![("Zone".into(), "use1-az1".into())],
        at: None,
        resolution: Resolution::Standard,
        values,
    }
}

#[test]
fn data_put_by_clients_can_be_read_at_once() {
    let mut clock = Clock::at_noon();
    let set = StatisticSet {
        sample_count: 2.0,
        sum: 3.0,
        minimum: 1.0,
        maximum: 2.0,
    };
    let data = vec![
        datum(DatumValues::Values(vec![(0.5, 4.0)])),
        datum(DatumValues::Set(set)),
    ];
    let now = clock.now;
    clock.cloudwatch.put_metric_data("Zone", data, now).unwrap();
    clock.pass(1);
    let statistics = ["Sum", "SampleCount", "Minimum", "Maximum"];
    let queries = statistics.iter().enumerate().map(|(index, text)| {
        let mut stat = stat("latency");
        stat.stat = text.parse().unwrap();
        query(&format!("m{index}"), Source::Metric(stat))
    });
    let request = request(&clock, queries.collect());
    let data = get(&clock, &request);
    let got: Vec<f64> = data.results.iter().flat_map(values).collect();
    assert_eq!(got, [5.0, 6.0, 0.5, 2.0]);
}

#[test]
fn data_for_the_future_is_seen_in_the_future() {
    let mut clock = Clock::at_noon();
    let mut later = datum(DatumValues::Values(vec![(1.0, 1.0)]));
    later.at = Some(clock.now + SignedDuration::from_secs(30));
    let now = clock.now;
    clock
        .cloudwatch
        .put_metric_data("Zone", vec![later], now)
        .unwrap();
    let mut request = request(&clock, vec![of_metric("m", "latency")]);
    request.end = clock.now + SignedDuration::from_mins(5);
    assert_eq!(values(&get(&clock, &request).results[0]), Vec::<f64>::new());
    clock.pass(30);
    assert_eq!(values(&get(&clock, &request).results[0]), [1.0]);
}

#[test]
fn data_beyond_the_limits_is_refused_and_nothing_of_it_recorded() {
    let mut clock = Clock::at_noon();
    let now = clock.now;
    let good = || datum(DatumValues::Values(vec![(1.0, 1.0)]));
    let refusal = |clock: &mut Clock, namespace: &str, data: Vec<Datum>| {
        let refused = clock.cloudwatch.put_metric_data(namespace, data, now);
        let refused = refused.unwrap_err();
        format!("{}: {}", refused.code, refused.message)
    };
    assert_eq!(
        refusal(&mut clock, "AWS/ApplicationELB", vec![good()]),
        "InvalidParameterValueException: Namespace \"AWS/ApplicationELB\": expected 1 to 255 characters that do not begin with AWS/"
    );
    assert_eq!(
        refusal(&mut clock, "Zone", vec![]),
        "MissingRequiredParameterException: MetricData is missing"
    );
    assert_eq!(
        refusal(&mut clock, "Zone", vec![good(); 1001]),
        "InvalidParameterValueException: MetricData has 1001 members, expected at most 1000"
    );
    let mut bad = |change: fn(&mut Datum, Timestamp), expected: &str| {
        let mut datum = good();
        change(&mut datum, now);
        let refused = refusal(&mut clock, "Zone", vec![good(), datum]);
        assert_eq!(
            refused,
            format!("InvalidParameterValueException: MetricData.member.2: {expected}")
        );
    };
    bad(
        |datum, _| datum.name.clear(),
        "MetricName has 0 characters, expected 1 to 255",
    );
    bad(
        |datum, _| datum.values = DatumValues::Values(vec![(1.0, 1.0); 151]),
        "151 values, expected 1 to 150",
    );
    bad(
        |datum, _| datum.values = DatumValues::Values(vec![(f64::NAN, 1.0)]),
        "expected values from -2^360 to 2^360, and counts that are not negative",
    );
    bad(
        |datum, _| datum.values = DatumValues::Values(vec![(-2_f64.powi(360) * 1.001, 1.0)]),
        "expected values from -2^360 to 2^360, and counts that are not negative",
    );
    bad(
        |datum, _| {
            let dimension = |n| (format!("d{n}"), "v".to_owned());
            datum.dimensions = (0..31).map(dimension).collect();
        },
        "31 dimensions, expected at most 30",
    );
    bad(
        |datum, _| {
            datum.dimensions = vec![("Zone".into(), "a".into()), ("Zone".into(), "b".into())];
        },
        "expected dimensions with distinct names, and neither name nor value empty",
    );
    bad(
        |datum, now| datum.at = Some(now + SignedDuration::from_hours(3)),
        "Timestamp 2026-01-02T15:00:00Z is out of range, expected at most two weeks ago and at most two hours ahead",
    );
    let largest = datum(DatumValues::Values(vec![(2_f64.powi(360), 1.0)]));
    let taken = clock
        .cloudwatch
        .put_metric_data("Other", vec![largest], now);
    taken.unwrap();
    clock.pass(60);
    let request = request(&clock, vec![of_metric("m", "latency")]);
    assert_eq!(values(&get(&clock, &request).results[0]), Vec::<f64>::new());
}

#[test]
fn a_list_of_metrics_has_no_error_for_tokens_of_its_own() {
    let clock = five_minutes();
    let listed = clock.cloudwatch.list_metrics(
        &ListMetrics {
            next_token: Some("x".into()),
            ..ListMetrics::default()
        },
        clock.now,
    );
    assert_eq!(listed.unwrap_err().code, "InvalidParameterValueException");
}
