//! The real client of the AWS SDK against the engine.

use std::sync::{Arc, Mutex, PoisonError};

use aws_config::BehaviorVersion;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::{Credentials, Region};
use aws_sdk_cloudwatch::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatch::operation::put_metric_data::PutMetricDataError;
use aws_sdk_cloudwatch::operation::set_alarm_state::SetAlarmStateError;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    AlarmMuteRuleStatus, AlarmType, ComparisonOperator, Dimension, HistoryItemType, Metric,
    MetricDataQuery, MetricDatum, MetricStat, MuteTargets, Rule, ScanBy, Schedule, StandardUnit,
    StateValue, Statistic, StatusCode,
};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use winterbaume_core::{MockRequest, MockResponse};

use super::super::wire;
use super::Clock;

/// The way from the client to the engine, without a network.
#[derive(Clone)]
struct Wire(Arc<Mutex<Clock>>);

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    fn with<T>(&self, act: impl FnOnce(&mut Clock) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn answer(&self, request: &MockRequest) -> MockResponse {
        let operation = wire::identify(request).expect("an operation of CloudWatch");
        self.with(|clock| {
            let now = clock.now;
            wire::perform(&mut clock.cloudwatch, operation, request, now)
        })
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut headers = http::HeaderMap::new();
        for (name, value) in request.headers() {
            let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        let request = MockRequest {
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            headers,
            body: request.body().bytes().unwrap_or_default().to_vec().into(),
        };
        let answer = self.answer(&request);
        let status = answer.status.try_into().unwrap();
        let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
        for (name, value) in &answer.headers {
            let value = value.to_str().unwrap().to_owned();
            response
                .headers_mut()
                .insert(name.as_str().to_owned(), value);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn connect() -> (Client, Wire) {
    let wire = Wire(Arc::new(Mutex::new(Clock::at_noon())));
    let config = aws_sdk_cloudwatch::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .http_client(wire.clone())
        .build();
    (Client::from_conf(config), wire)
}

fn dimension() -> Dimension {
    Dimension::builder().name("Zone").value("use1-az1").build()
}

fn query(id: &str, name: &str, stat: &str) -> MetricDataQuery {
    let metric = Metric::builder()
        .namespace("Shop")
        .metric_name(name)
        .dimensions(dimension())
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(60)
        .stat(stat)
        .build();
    MetricDataQuery::builder()
        .id(id)
        .metric_stat(stat)
        .return_data(false)
        .build()
}

fn expression(id: &str, text: &str) -> MetricDataQuery {
    MetricDataQuery::builder().id(id).expression(text).build()
}

async fn put_latencies(client: &Client) {
    let datum = MetricDatum::builder()
        .metric_name("Latency")
        .dimensions(dimension())
        .unit(StandardUnit::Seconds)
        .set_values(Some(vec![0.1, 0.5, 2.0]))
        .set_counts(Some(vec![90.0, 8.0, 2.0]))
        .build();
    client
        .put_metric_data()
        .namespace("Shop")
        .metric_data(datum)
        .send()
        .await
        .unwrap();
}

async fn put_alarm(client: &Client, name: &str) {
    client
        .put_metric_alarm()
        .alarm_name(name)
        .alarm_description("slow requests in use1-az1")
        .metrics(query("latency", "Latency", "PR(0.35:)"))
        .metrics(expression("slow", "latency * 1"))
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .threshold(5.0)
        .evaluation_periods(1)
        .datapoints_to_alarm(1)
        .treat_missing_data("notBreaching")
        .actions_enabled(false)
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn metric_data_comes_back_as_ranks_and_expressions() {
    let (client, wire) = connect();
    put_latencies(&client).await;
    wire.with(|clock| clock.pass(60));
    let now = wire.with(|clock| clock.now.as_second());
    let answer = client
        .get_metric_data()
        .start_time(DateTime::from_secs(now - 600))
        .end_time(DateTime::from_secs(now))
        .scan_by(ScanBy::TimestampAscending)
        .metric_data_queries(query("rank", "Latency", "PR(0.35:)"))
        .metric_data_queries(query("count", "Latency", "SampleCount"))
        .metric_data_queries(expression("slow", "rank / 100 * count"))
        .metric_data_queries(
            MetricDataQuery::builder()
                .id("silent")
                .metric_stat(query("x", "Nothing", "Sum").metric_stat().unwrap().clone())
                .build(),
        )
        .send()
        .await
        .unwrap();
    let [slow, silent] = answer.metric_data_results() else {
        panic!("{answer:?}");
    };
    assert_eq!(slow.id(), Some("slow"));
    assert_eq!(slow.values(), [10.0]);
    assert_eq!(slow.timestamps(), [DateTime::from_secs(now - 60)]);
    assert_eq!(slow.status_code(), Some(&StatusCode::Complete));
    assert_eq!(silent.values(), [0.0; 0]);
    assert_eq!(silent.label(), Some("Nothing"));
}

#[tokio::test]
async fn alarms_of_both_kinds_are_put_evaluated_and_described() {
    let (client, wire) = connect();
    put_alarm(&client, "az1-slow").await;
    client
        .put_metric_alarm()
        .alarm_name("az1-count")
        .namespace("Shop")
        .metric_name("Latency")
        .dimensions(dimension())
        .statistic(Statistic::SampleCount)
        .period(60)
        .comparison_operator(ComparisonOperator::LessThanThreshold)
        .threshold(1.0)
        .evaluation_periods(2)
        .send()
        .await
        .unwrap();
    client
        .put_composite_alarm()
        .alarm_name("az1")
        .alarm_rule("ALARM(az1-slow) AND NOT ALARM(az1-count)")
        .alarm_description("{\"az-id\":\"use1-az1\"}")
        .send()
        .await
        .unwrap();
    put_latencies(&client).await;
    let changes = wire.with(|clock| clock.pass(91));
    assert!(changes.iter().any(|change| change.alarm_name == "az1"));

    let alone = client.describe_alarms().send().await.unwrap();
    assert_eq!(alone.composite_alarms().len(), 0);
    let names: Vec<_> = alone
        .metric_alarms()
        .iter()
        .filter_map(|a| a.alarm_name())
        .collect();
    assert_eq!(names, ["az1-count", "az1-slow"]);
    let slow = &alone.metric_alarms()[1];
    assert_eq!(slow.state_value(), Some(&StateValue::Alarm));
    assert_eq!(slow.metrics().len(), 2);
    assert_eq!(slow.metrics()[1].expression(), Some("latency * 1"));
    assert_eq!(slow.actions_enabled(), Some(false));
    assert_eq!(slow.treat_missing_data(), Some("notBreaching"));
    assert!(
        slow.state_reason_data()
            .unwrap()
            .contains("recentDatapoints")
    );
    let count = &alone.metric_alarms()[0];
    assert_eq!(count.statistic(), Some(&Statistic::SampleCount));
    assert_eq!(count.period(), Some(60));
    assert_eq!(count.dimensions(), [dimension()]);

    let unnamed = client
        .describe_alarms()
        .set_alarm_names(Some(vec![]))
        .send()
        .await
        .unwrap();
    assert_eq!(unnamed.metric_alarms().len(), 2);

    let both = client
        .describe_alarms()
        .alarm_types(AlarmType::CompositeAlarm)
        .alarm_types(AlarmType::MetricAlarm)
        .max_records(2)
        .send()
        .await
        .unwrap();
    let [zone] = both.composite_alarms() else {
        panic!("{both:?}");
    };
    assert_eq!(zone.state_value(), Some(&StateValue::Alarm));
    assert_eq!(zone.alarm_description(), Some("{\"az-id\":\"use1-az1\"}"));
    assert_eq!(
        zone.state_transitioned_timestamp(),
        Some(&DateTime::from_secs(
            wire.with(|clock| clock.now.as_second()) - 1
        ))
    );
    assert_eq!(both.metric_alarms().len(), 1);
    let pages: Vec<_> = client
        .describe_alarms()
        .alarm_types(AlarmType::CompositeAlarm)
        .alarm_types(AlarmType::MetricAlarm)
        .max_records(1)
        .into_paginator()
        .send()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(pages.len(), 3);

    let children = client
        .describe_alarms()
        .children_of_alarm_name("az1")
        .send()
        .await
        .unwrap();
    assert_eq!(children.metric_alarms().len(), 2);
    assert_eq!(children.metric_alarms()[0].threshold(), None);
    assert!(children.metric_alarms()[0].state_value().is_some());
}

#[tokio::test]
async fn a_composite_alarm_set_by_hand_is_the_documented_trap() {
    let (client, wire) = connect();
    put_alarm(&client, "az1-slow").await;
    client
        .put_composite_alarm()
        .alarm_name("az1")
        .alarm_rule("ALARM(az1-slow)")
        .send()
        .await
        .unwrap();
    wire.with(|clock| clock.pass(40));
    for name in ["az1-slow", "az1"] {
        client
            .set_alarm_state()
            .alarm_name(name)
            .state_value(StateValue::Alarm)
            .state_reason("drill")
            .send()
            .await
            .unwrap();
    }
    let states = || async {
        let answer = client
            .describe_alarms()
            .alarm_types(AlarmType::CompositeAlarm)
            .alarm_types(AlarmType::MetricAlarm)
            .send()
            .await
            .unwrap();
        let composite = answer.composite_alarms()[0].state_value().cloned().unwrap();
        (
            answer.metric_alarms()[0].state_value().cloned().unwrap(),
            composite,
        )
    };
    assert_eq!(states().await, (StateValue::Alarm, StateValue::Alarm));
    // The metric alarm goes back, and as that is a child that moves, so does the composite alarm.
    wire.with(|clock| clock.pass(60));
    assert_eq!(states().await, (StateValue::Ok, StateValue::Ok));
    client
        .set_alarm_state()
        .alarm_name("az1")
        .state_value(StateValue::Alarm)
        .state_reason("drill")
        .send()
        .await
        .unwrap();
    wire.with(|clock| clock.pass(600));
    assert_eq!(states().await, (StateValue::Ok, StateValue::Alarm));

    let history = client
        .describe_alarm_history()
        .alarm_name("az1-slow")
        .history_item_type(HistoryItemType::StateUpdate)
        .max_records(1)
        .send()
        .await
        .unwrap();
    let [latest] = history.alarm_history_items() else {
        panic!("{history:?}");
    };
    assert_eq!(
        latest.history_summary(),
        Some("Alarm updated from ALARM to OK")
    );
    assert!(history.next_token().is_some());
}

#[tokio::test]
async fn mute_rules_are_put_listed_read_and_deleted() {
    let (client, _wire) = connect();
    let schedule = Schedule::builder()
        .expression("at(2026-01-02T11:59)")
        .duration("PT2H")
        .build();
    client
        .put_alarm_mute_rule()
        .name("deploy")
        .rule(Rule::builder().schedule(schedule).build())
        .mute_targets(MuteTargets::builder().alarm_names("az1").build())
        .send()
        .await
        .unwrap();
    let list = |alarm: &'static str, status: AlarmMuteRuleStatus| {
        let request = client
            .list_alarm_mute_rules()
            .alarm_name(alarm)
            .statuses(status);
        async {
            request
                .send()
                .await
                .unwrap()
                .alarm_mute_rule_summaries()
                .to_vec()
        }
    };
    let active = list("az1", AlarmMuteRuleStatus::Active).await;
    assert_eq!(
        active[0].alarm_mute_rule_arn(),
        Some("arn:aws:cloudwatch:us-east-1:000000000000:alarm-mute-rule:deploy")
    );
    assert_eq!(active[0].status(), Some(&AlarmMuteRuleStatus::Active));
    assert_eq!(list("az1", AlarmMuteRuleStatus::Expired).await, []);
    assert_eq!(list("az2", AlarmMuteRuleStatus::Active).await, []);

    let rule = client
        .get_alarm_mute_rule()
        .alarm_mute_rule_name("deploy")
        .send()
        .await
        .unwrap();
    let schedule = rule.rule().unwrap().schedule().unwrap();
    assert_eq!(schedule.expression(), Some("at(2026-01-02T11:59)"));
    assert_eq!(rule.mute_targets().unwrap().alarm_names(), ["az1"]);

    client
        .delete_alarm_mute_rule()
        .alarm_mute_rule_name("deploy")
        .send()
        .await
        .unwrap();
    let gone = client
        .get_alarm_mute_rule()
        .alarm_mute_rule_name("deploy")
        .send()
        .await;
    assert!(
        gone.unwrap_err()
            .into_service_error()
            .is_resource_not_found_exception()
    );
}

#[tokio::test]
async fn refusals_are_the_modelled_errors_of_the_client() {
    let (client, _wire) = connect();
    let unknown = client
        .set_alarm_state()
        .alarm_name("nobody")
        .state_value(StateValue::Ok)
        .state_reason("")
        .send()
        .await;
    let Err(SdkError::ServiceError(error)) = unknown else {
        panic!("{unknown:?}");
    };
    assert_eq!(error.raw().status().as_u16(), 404);
    assert!(matches!(
        error.err(),
        SetAlarmStateError::ResourceNotFound(_)
    ));
    assert_eq!(
        error.err().message(),
        Some("alarm \"nobody\" does not exist")
    );

    let datum = MetricDatum::builder().metric_name("m").value(1.0).build();
    let reserved = client
        .put_metric_data()
        .namespace("AWS/ELB")
        .metric_data(datum)
        .send()
        .await;
    let error = reserved.unwrap_err().into_service_error();
    assert!(
        matches!(error, PutMetricDataError::InvalidParameterValueException(_)),
        "{error:?}"
    );

    let nothing = client
        .put_metric_data()
        .namespace("Shop")
        .metric_data(MetricDatum::builder().metric_name("m").build())
        .send()
        .await;
    let error = nothing.unwrap_err().into_service_error();
    assert!(
        error.is_invalid_parameter_combination_exception(),
        "{error:?}"
    );

    let rule = client
        .put_composite_alarm()
        .alarm_name("a")
        .alarm_rule("ALARM(b)")
        .send()
        .await;
    let error = rule.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("ValidationError"));
    assert_eq!(
        error.message(),
        Some("alarms [b] do not exist; create them before the composite alarm")
    );

    let token = client.describe_alarms().next_token("x").send().await;
    assert!(
        token
            .unwrap_err()
            .into_service_error()
            .is_invalid_next_token()
    );
}

fn by_hand(uri: &str, header: Option<(&'static str, &'static str)>, body: &[u8]) -> MockRequest {
    let mut headers = http::HeaderMap::new();
    if let Some((name, value)) = header {
        headers.insert(name, value.parse().unwrap());
    }
    MockRequest {
        method: "POST".into(),
        uri: uri.into(),
        headers,
        body: body.to_vec().into(),
    }
}

#[test]
fn json_is_spoken_too_and_its_times_are_numbers() {
    let (_, wire) = connect();
    wire.with(|clock| clock.put(super::alarm("a", "faults")));
    let target = (
        "x-amz-target",
        "GraniteServiceVersion20100801.DescribeAlarms",
    );
    let answer = wire.answer(&by_hand("/", Some(target), br#"{"AlarmNames": ["a"]}"#));
    assert_eq!(answer.status, 200);
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["MetricAlarms"][0]["AlarmName"], "a");
    let noon = wire.with(|clock| clock.now.as_second());
    assert_eq!(
        body["MetricAlarms"][0]["StateUpdatedTimestamp"],
        noon as f64
    );

    let target = ("x-amz-target", "GraniteServiceVersion20100801.DeleteAlarms");
    let refused = wire.answer(&by_hand("/", Some(target), br#"{"AlarmNames": ["b"]}"#));
    assert_eq!(refused.status, 404);
    let body: serde_json::Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!(body["__type"], "ResourceNotFound");
    assert_eq!(
        refused.headers["x-amzn-query-error"],
        "ResourceNotFound;Sender"
    );
}

#[test]
fn malformed_bodies_are_refused_in_the_protocol_of_the_request() {
    let (_, wire) = connect();
    let path = "/service/GraniteServiceVersion20100801/operation/GetMetricData";
    // A map that announces more than it has, a text where a number belongs, nesting without end.
    for body in [
        &b"\xbf\x01"[..],
        b"\xa1\x69StartTime\x61x",
        &[0x81; 100_000],
        b"{}",
    ] {
        let answer = wire.answer(&by_hand(path, None, body));
        assert_eq!(answer.status, 400);
        assert_eq!(answer.headers["smithy-protocol"], "rpc-v2-cbor");
        assert_eq!(
            answer.headers["x-amzn-query-error"],
            "SerializationException;Sender"
        );
    }
    let target = (
        "x-amz-target",
        "GraniteServiceVersion20100801.PutMetricAlarm",
    );
    for body in [&b"{"[..], b"{\"AlarmName\": 1}", &[b'['; 100_000], b"\xff"] {
        let answer = wire.answer(&by_hand("/", Some(target), body));
        assert_eq!(answer.status, 400);
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["__type"], "SerializationException");
    }
    let nothing = wire.answer(&by_hand(path, None, b""));
    assert_eq!(
        nothing.headers["x-amzn-query-error"],
        "ValidationError;Sender"
    );
}

#[test]
fn the_query_protocol_is_refused_with_what_to_do() {
    let (_, wire) = connect();
    let body = b"Action=DescribeAlarms&Version=2010-08-01&MaxRecords=1";
    let answer = wire.answer(&by_hand("/", None, body));
    assert_eq!(answer.status, 400);
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(text.contains("<Code>UnsupportedProtocol</Code>"), "{text}");
    assert!(
        text.contains("use a client that speaks rpc-v2-cbor"),
        "{text}"
    );
}

#[test]
fn operations_say_whether_they_change_anything() {
    let path = |name| format!("/service/GraniteServiceVersion20100801/operation/{name}");
    for (name, mutates) in [
        ("DescribeAlarms", false),
        ("GetMetricData", false),
        ("SetAlarmState", true),
    ] {
        let operation = wire::identify(&by_hand(&path(name), None, b"")).unwrap();
        assert_eq!((operation.name, operation.mutates), (name, mutates));
    }
    assert_eq!(
        wire::identify(&by_hand(&path("PutDashboard"), None, b"")),
        None
    );
}
