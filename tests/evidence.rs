//! Evidence through the real SDK: what the Region publishes is what is counted.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::time::Duration;

use classifier::Metrics;
use domain::definition;
use domain::evidence::Span;
use domain::failure::Class;
use domain::judge::{Counts, Minute};
use domain::observation::Evidence;
use domain::verdict::Verdict;
use domain::workload::Workload;
use jiff::{SignedDuration, Timestamp};
use pipeline_tests::{Pipeline, connections, scenario_named};
use region::cloudwatch::{
    Datum, DatumValues, GetMetricData, MetricId, MetricStat, Query, Resolution, Source, StateValue,
};
use region::fault::spec::RegionFault;
use region::fault::{ApiFault, FaultKind};
use region::operation::Service;
use region::scenario::ScenarioRegionFault;
use region::stage::CLASSIFIER;
use serde_json::{Value, json};

const WITHIN: Duration = Duration::from_secs(1);
const WINDOW: usize = 5;

fn workload(definition: &Value) -> Workload {
    definition::read("workload", definition).unwrap()
}

async fn recent(pipeline: &Pipeline, definition: &Value) -> Evidence {
    let workload = workload(definition);
    let metrics = Metrics::new(&connections(pipeline.region(), CLASSIFIER));
    let source = workload.evidence.unwrap();
    let now = pipeline.region().now();
    metrics
        .recent(&source, &workload.zones, WINDOW, now, WITHIN)
        .await
}

#[track_caller]
fn counted(evidence: Evidence) -> (Timestamp, Counts) {
    match evidence {
        Evidence::Counted { until, counts } => (until, counts),
        other => panic!("{other:?}"),
    }
}

fn minute_of(counts: &Counts, zone: &str, index: usize) -> Minute {
    counts[&zone.parse().unwrap()][index].clone().unwrap()
}

/// A number of the load balancer's node in a zone, straight from the Region.
fn published(pipeline: &Pipeline, name: &str, metric: &str, stat: &str, start: Timestamp) -> f64 {
    let state = pipeline.region().state();
    let metric = MetricId::new("AWS/ApplicationELB", metric)
        .with("LoadBalancer", "app/front/50dc6c495c0c9188")
        .with("AvailabilityZone", name);
    let request = GetMetricData {
        queries: vec![Query {
            id: "one".to_owned(),
            source: Source::Metric(MetricStat {
                metric,
                period: 60,
                stat: stat.parse().unwrap(),
                unit: None,
            }),
            label: None,
            return_data: true,
        }],
        start,
        end: start + SignedDuration::from_mins(1),
        oldest_first: true,
        max_datapoints: None,
        next_token: None,
    };
    let data = state.cloudwatch.get_metric_data(&request, state.now());
    let data = data.unwrap();
    let point = data.results[0].datapoints.first();
    point.map_or(0.0, |(_, value)| *value)
}

#[tokio::test(start_paused = true)]
async fn a_load_balancers_counts_are_those_that_it_published_under_the_right_zone() {
    for (scenario, impaired) in [("zonal-errors", "use1-az2"), ("zonal-latency", "use1-az1")] {
        let pipeline = Pipeline::on(scenario);
        pipeline.minutes(5).await;
        let definition = pipeline.stage.workload.clone();
        let (until, counts) = counted(recent(&pipeline, &definition).await);
        let mut bad = Vec::new();
        for (zone, own) in workload(&definition).zones.iter() {
            for index in 0..WINDOW {
                let behind = i64::try_from(WINDOW - index).unwrap();
                let start = until - SignedDuration::from_mins(behind);
                let number =
                    |metric, stat| published(&pipeline, own.name.as_str(), metric, stat, start);
                let minute = minute_of(&counts, zone.as_str(), index);
                let targets = number("HTTPCode_Target_5XX_Count", "Sum");
                let balancer = number("HTTPCode_ELB_5XX_Count", "Sum");
                assert_eq!(minute.requests as f64, number("RequestCount", "Sum"));
                assert_eq!(minute.faults as f64, targets + balancer);
                // The trimmed count is another way to the number that is made of a rank here.
                let slow = number("TargetResponseTime", "TC(0.35:)");
                assert_eq!(minute.slow as f64, (slow - targets).max(0.0));
                assert_eq!(minute.healthy_hosts, Some(3));
                if (minute.faults + minute.slow) * 20 > minute.requests {
                    bad.push(zone.to_string());
                }
            }
        }
        bad.dedup();
        assert_eq!(bad, [impaired], "{scenario}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_newest_minute_is_there_when_an_alarm_wakes_the_classifier() {
    let pipeline = Pipeline::on("zonal-errors");
    pipeline.play().await;
    let asked = {
        let state = pipeline.region().state();
        let mut calls = state.calls.iter();
        let shift = calls.position(|call| call.operation.name == "StartZonalShift");
        let before = &state.calls[..shift.unwrap()];
        let asked = before
            .iter()
            .rev()
            .find(|call| call.caller == CLASSIFIER && call.operation.name == "GetMetricData");
        asked.unwrap().at
    };
    let again = Pipeline::on("zonal-errors");
    again
        .region()
        .advance(asked.duration_since(again.region().now()))
        .await;
    let definition = again.stage.workload.clone();
    let (until, counts) = counted(recent(&again, &definition).await);
    let age = asked.duration_since(until);
    assert!(age < SignedDuration::from_mins(1), "{age} old");
    assert!(counts.values().all(|minutes| minutes[WINDOW - 1].is_some()));
}

#[tokio::test(start_paused = true)]
async fn a_canary_of_ones_own_is_evidence() {
    let pipeline = Pipeline::on("zonal-errors");
    pipeline.minutes(5).await;
    let mut definition = pipeline.stage.workload.clone();
    definition["evidence"] = definition["canary"].clone();
    let (_, counts) = counted(recent(&pipeline, &definition).await);
    let faults = |zone: &str| -> u64 {
        (0..WINDOW)
            .map(|index| minute_of(&counts, zone, index).faults)
            .sum()
    };
    assert!(minute_of(&counts, "use1-az2", 4).requests > 0);
    assert!(faults("use1-az2") > 5 * (faults("use1-az1") + faults("use1-az3")));
}

#[tokio::test(start_paused = true)]
async fn instances_are_found_by_their_dimension() {
    let pipeline = Pipeline::on("healthy");
    let publish = |zone: &str, instance: Option<&str>, requests: f64, faults: f64| {
        let mut dimensions = vec![("Zone".to_owned(), zone.to_owned())];
        dimensions.extend(instance.map(|id| ("InstanceId".to_owned(), id.to_owned())));
        let datum = |name: &str, value: f64| Datum {
            name: name.to_owned(),
            dimensions: dimensions.clone(),
            at: None,
            resolution: Resolution::Standard,
            values: DatumValues::Values(vec![(value, 1.0)]),
        };
        let data = vec![datum("Requests", requests), datum("Faults", faults)];
        let mut state = pipeline.region().state();
        let now = state.now();
        state
            .cloudwatch
            .put_metric_data("Wild Rydes/Web", data, now)
            .unwrap();
    };
    for _ in 0..6 {
        publish("us-east-1c", None, 100.0, 30.0);
        publish("us-east-1c", Some("i-1"), 60.0, 30.0);
        publish("us-east-1c", Some("i-2"), 40.0, 0.0);
        // Instances of another zone, and a zone with requests and without instances.
        publish("us-east-1a", None, 10.0, 0.0);
        publish("us-east-1a", Some("i-3"), 10.0, 0.0);
        publish("us-east-1b", None, 10.0, 0.0);
        pipeline.minutes(1).await;
    }
    let mut definition = pipeline.stage.workload.clone();
    definition["evidence"] = json!({
        "source": "custom",
        "namespace": "Wild Rydes/Web",
        "requests": "Requests",
        "faults": "Faults",
        "zone": {"dimension": "Zone", "as": "name"},
        "instance": {"dimension": "InstanceId"},
    });
    let (_, counts) = counted(recent(&pipeline, &definition).await);
    let instances: Vec<(String, u64, u64)> = minute_of(&counts, "use1-az1", 3)
        .instances
        .into_iter()
        .map(|instance| (instance.id, instance.requests, instance.faults))
        .collect();
    assert_eq!(
        instances,
        [("i-1".to_owned(), 60, 30), ("i-2".to_owned(), 40, 0)]
    );
    assert_eq!(minute_of(&counts, "use1-az2", 3).instances.len(), 1);
    assert_eq!(counts[&"use1-az3".parse().unwrap()][3], None);
}

#[tokio::test(start_paused = true)]
async fn metrics_that_are_late_are_told_to_be_late() {
    let mut scenario = scenario_named("healthy");
    scenario.region_faults.push(ScenarioRegionFault {
        after: None,
        lasts: None,
        fault: RegionFault::LateMetrics { seconds: 600 },
    });
    let pipeline = Pipeline::in_scenario(&scenario);
    pipeline.minutes(5).await;
    let definition = pipeline.stage.workload.clone();
    match recent(&pipeline, &definition).await {
        Evidence::Unavailable(failure) => {
            assert_eq!(failure.class, Class::OutOfTime);
            assert!(failure.message.contains("is late"), "{failure:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn any_past_range_can_be_read() {
    let pipeline = Pipeline::on("zonal-errors");
    pipeline.play().await;
    let workload = workload(&pipeline.stage.workload);
    let metrics = Metrics::new(&connections(pipeline.region(), CLASSIFIER));
    let begin = pipeline.stage.begin;
    let span = Span {
        from: begin - SignedDuration::from_hours(60),
        minutes: 60 * 60 + 10,
        seen_at: pipeline.region().now(),
    };
    let source = workload.evidence.unwrap();
    let counts = metrics.read(&source, &workload.zones, span, WITHIN).await;
    let counts = counts.unwrap();
    for minutes in counts.values() {
        assert_eq!(minutes.len(), span.minutes);
        assert_eq!(minutes[0], None, "before there was anything");
        assert!(minutes[60 * 60 - 5].is_some(), "traffic before the drill");
        assert!(minutes[60 * 60 + 9].is_some());
    }
    let calls = pipeline.calls(Service::CloudWatch);
    let asked = calls
        .iter()
        .rev()
        .take_while(|name| **name == "GetMetricData");
    assert!(asked.count() >= 3, "a day at a time");
}

/// `GetMetricData` fails in every way, the policy acts on the alarm alone.
#[tokio::test(start_paused = true)]
async fn evidence_that_does_not_come_delays_a_shift_by_its_bound_and_no_more() {
    for (kind, class) in [
        (FaultKind::TimeoutBefore, Class::Timeout),
        (FaultKind::TimeoutAfter, Class::Timeout),
        (FaultKind::AccessDenied, Class::AccessDenied),
    ] {
        let pipeline = Pipeline::on("healthy");
        pipeline.set_alarm(
            "use1-az1-wildrydes-isolated-impact-aggregate-alarm",
            StateValue::Alarm,
        );
        let mut event = pipeline.alarm_event("use1-az1");
        event["workload"] = pipeline.workload(&json!({"withoutEvidence": "act"}));
        pipeline
            .region()
            .inject(ApiFault::of(Service::CloudWatch, kind).on("GetMetricData"));
        let begin = tokio::time::Instant::now();
        let report = pipeline.classify(event).await.unwrap();
        assert!(begin.elapsed() <= WITHIN, "{kind:?}: {:?}", begin.elapsed());
        assert!(matches!(report.verdict, Verdict::Evacuate { .. }));
        let unread: Vec<(&str, Class)> = report
            .unread
            .iter()
            .map(|unread| (&*unread.step, unread.failure.class))
            .collect();
        assert_eq!(unread, [("read evidence", class)]);
    }
}

#[tokio::test(start_paused = true)]
async fn evidence_that_does_not_come_is_asked_for_again_where_the_policy_would_hold() {
    let pipeline = Pipeline::on("healthy");
    pipeline.set_alarm(
        "use1-az1-wildrydes-isolated-impact-aggregate-alarm",
        StateValue::Alarm,
    );
    let mut event = pipeline.alarm_event("use1-az1");
    event["workload"] = pipeline.workload(&json!({"withoutEvidence": "hold"}));
    pipeline.region().inject(
        ApiFault::of(Service::CloudWatch, FaultKind::TimeoutBefore)
            .on("GetMetricData")
            .times(1),
    );
    let asked = |pipeline: &Pipeline| {
        let calls = pipeline.calls(Service::CloudWatch);
        calls
            .iter()
            .filter(|name| **name == "GetMetricData")
            .count()
    };
    let before = asked(&pipeline);
    // With or without counts there is a verdict; that it was taken with them is what counts.
    let report = pipeline.classify(event).await;
    let unread = report.map(|report| report.unread).unwrap_or_default();
    assert_eq!(unread, []);
    assert_eq!(asked(&pipeline), before + 1, "the first never arrived");
}

#[tokio::test(start_paused = true)]
async fn that_nothing_was_counted_is_no_error_while_no_alarm_is_in_alarm() {
    let pipeline = Pipeline::on("healthy");
    let explain = json!({"action": "explain", "reason": "a test says so"});
    let ask = async |definition: &Value| {
        let payload = json!({"workload": definition, "command": explain});
        pipeline.classify(payload).await
    };
    let mut definition = pipeline.stage.workload.clone();
    definition["evidence"]["loadBalancer"] = json!("app/nobody/0000000000000000");
    assert_eq!(ask(&definition).await.unwrap().unread, []);
    pipeline
        .region()
        .inject(ApiFault::of(Service::CloudWatch, FaultKind::AccessDenied).on("GetMetricData"));
    let error = ask(&definition).await.unwrap_err();
    assert_eq!(
        error.error_type, "access-denied",
        "but a call that fails is"
    );
}

/// Puts counts of a canary for a zone, each minute, as whoever may call PutMetricData can.
async fn forge(pipeline: &Pipeline, zone: &str, faults: f64, minutes: i64) {
    for _ in 0..minutes {
        {
            let mut state = pipeline.region().state();
            let now = state.now();
            for (name, count) in [("Requests", 1_000.0), ("Faults", faults), ("Slow", 0.0)] {
                let metric = MetricId::new("Evac/Canary", name)
                    .with("Workload", "wildrydes")
                    .with("ZoneId", zone);
                let values = [(count, 1.0)];
                state.cloudwatch.record(metric, now, &values, now);
            }
        }
        pipeline.minutes(1).await;
    }
}

/// Counts hold, and never begin: without an alarm of the workload's own, a canary that cries moves
/// nothing.
#[tokio::test(start_paused = true)]
async fn forged_counts_of_a_canary_begin_no_evacuation() {
    let pipeline = Pipeline::on("healthy");
    forge(&pipeline, "use1-az1", 1_000.0, 10).await;
    assert!(pipeline.shifted().is_empty());
    assert_eq!(pipeline.told(), [""; 0]);
}

/// And one that praises a zone keeps nobody from leaving it.
#[tokio::test(start_paused = true)]
async fn forged_counts_of_a_canary_keep_no_zone_from_being_evacuated() {
    let pipeline = Pipeline::on("zonal-errors");
    forge(&pipeline, "use1-az2", 0.0, 10).await;
    assert_eq!(pipeline.shifted(), ["use1-az2"]);
}
