//! Requests that make no sense, to every operation: each gets an answer, and nothing panics.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

use std::sync::Arc;

use http::HeaderMap;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use region::region::Region;
use region::scenario::healthy;
use region::stage::Stage;
use winterbaume_core::MockRequest;

const CLOUDWATCH: [&str; 14] = [
    "DeleteAlarmMuteRule",
    "DeleteAlarms",
    "DescribeAlarmHistory",
    "DescribeAlarms",
    "GetAlarmMuteRule",
    "GetMetricData",
    "GetMetricStatistics",
    "ListAlarmMuteRules",
    "ListMetrics",
    "PutAlarmMuteRule",
    "PutCompositeAlarm",
    "PutMetricAlarm",
    "PutMetricData",
    "SetAlarmState",
];
const AUTO_SCALING: [&str; 11] = [
    "CancelInstanceRefresh",
    "CreateOrUpdateTags",
    "DeleteTags",
    "DescribeAutoScalingGroups",
    "DescribeInstanceRefreshes",
    "DescribeScalingActivities",
    "DescribeTags",
    "ResumeProcesses",
    "StartInstanceRefresh",
    "SuspendProcesses",
    "UpdateAutoScalingGroup",
];
const RESTFUL: [(&str, &str, &str); 8] = [
    ("arc-zonal-shift", "POST", "/zonalshifts"),
    ("arc-zonal-shift", "PATCH", "/zonalshifts/%ff%00"),
    ("arc-zonal-shift", "DELETE", "/zonalshifts/%F0%9F%92%A5"),
    (
        "arc-zonal-shift",
        "GET",
        "/zonalshifts?maxResults=-1&nextToken=%00&status=",
    ),
    (
        "arc-zonal-shift",
        "GET",
        "/managedresources?maxResults=99999999999999999999",
    ),
    ("arc-zonal-shift", "GET", "/managedresources/%"),
    (
        "arc-zonal-shift",
        "GET",
        "/autoshifts?nextToken=18446744073709551616",
    ),
    ("lambda", "POST", "/2015-03-31/functions/%00/invocations"),
];

fn region() -> Arc<Region> {
    Stage::set(&healthy().unwrap(), 1).unwrap().region
}

/// Sends a request; the status of the answer.
async fn send(region: &Arc<Region>, service: &str, method: &str, uri: &str, body: Vec<u8>) -> u16 {
    let mut headers = HeaderMap::new();
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=me/20260115/us-east-1/{service}/aws4_request, Signature=0"
    );
    headers.insert("authorization", authorization.parse().unwrap());
    let request = MockRequest {
        method: method.to_owned(),
        uri: uri.to_owned(),
        headers,
        body: body.into(),
    };
    let shown = format!("{service} {method} {uri} {:?}", request.body);
    let answer = region.handle(request).await.expect("an answer");
    assert!(
        answer.status < 500,
        "{}: {} for {shown:.2000}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    );
    answer.status
}

fn cbor(operation: &str) -> String {
    format!("/service/GraniteServiceVersion20100801/operation/{operation}")
}

#[tokio::test]
async fn noise_is_answered_by_every_operation() {
    let region = region();
    let mut draw = Pcg64::seed_from_u64(1);
    for _ in 0..200 {
        let length = draw.random_range(0..200);
        let mut noise: Vec<u8> = (0..length).map(|_| draw.random()).collect();
        for operation in CLOUDWATCH {
            send(
                &region,
                "monitoring",
                "POST",
                &cbor(operation),
                noise.clone(),
            )
            .await;
        }
        for operation in AUTO_SCALING {
            let mut form = format!("Action={operation}&Version=2011-01-01&").into_bytes();
            form.extend(&noise);
            send(&region, "autoscaling", "POST", "/", form).await;
        }
        let mut publish = b"Action=Publish&TopicArn=".to_vec();
        publish.extend(&noise);
        send(&region, "sns", "POST", "/", publish).await;
        for (service, method, uri) in RESTFUL {
            send(&region, service, method, uri, noise.clone()).await;
        }
        noise.truncate(3);
        send(&region, "monitoring", "POST", "/", noise).await;
    }
}

#[tokio::test]
async fn nesting_without_end_is_refused() {
    let region = region();
    let deep_cbor = vec![0x81; 500_000];
    let deep_map: Vec<u8> = b"\xa1\x61a".repeat(200_000);
    let deep_json = b"[".repeat(500_000);
    for operation in CLOUDWATCH {
        for body in [&deep_cbor, &deep_map] {
            let status = send(
                &region,
                "monitoring",
                "POST",
                &cbor(operation),
                body.clone(),
            )
            .await;
            assert_eq!(status, 400, "{operation}");
        }
    }
    send(
        &region,
        "arc-zonal-shift",
        "POST",
        "/zonalshifts",
        deep_json.clone(),
    )
    .await;
    let invoke = "/2015-03-31/functions/nobody/invocations";
    send(&region, "lambda", "POST", invoke, deep_json).await;
    let rule = "(".repeat(5_000) + &"NOT ".repeat(1_000);
    let rule = rule.into_bytes();
    let mut alarm = b"\xa2\x69AlarmName\x61x\x69AlarmRule\x79".to_vec();
    alarm.extend(u16::try_from(rule.len()).unwrap().to_be_bytes());
    alarm.extend(&rule);
    let status = send(
        &region,
        "monitoring",
        "POST",
        &cbor("PutCompositeAlarm"),
        alarm,
    )
    .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn numbers_beyond_all_bounds_are_answered() {
    let region = region();
    for number in [
        "9223372036854775807",
        "-9223372036854775808",
        "99999999999999999999999",
        "1e400",
        "NaN",
        "",
    ] {
        for form in [
            format!("Action=DescribeTags&MaxRecords={number}&NextToken={number}"),
            format!("Action=DescribeTags&Filters.member.{number}.Name=key"),
            format!("Action=CreateOrUpdateTags&Tags.member.{number}.Key=k"),
            format!(
                "Action=UpdateAutoScalingGroup&AutoScalingGroupName=wildrydes-web&MaxSize={number}"
            ),
        ] {
            send(&region, "autoscaling", "POST", "/", form.into_bytes()).await;
        }
    }
    // GetMetricData between times that no calendar has, in every spelling of a number.
    for time in [
        f64::MAX,
        f64::MIN,
        f64::NAN,
        f64::INFINITY,
        253_402_207_200.0,
        -377_705_023_201.0,
    ] {
        let mut body = b"\xa3\x69StartTime\xfb".to_vec();
        body.extend((-time).to_be_bytes());
        body.extend(b"\x67EndTime\xfb");
        body.extend(time.to_be_bytes());
        body.extend(b"\x71MetricDataQueries\x80");
        send(&region, "monitoring", "POST", &cbor("GetMetricData"), body).await;
    }
}
