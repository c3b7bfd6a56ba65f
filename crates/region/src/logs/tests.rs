//! What groups keep, what a pattern finds, and the API.

use serde_json::{Value, json};

use super::*;
use crate::bare::{self, JsonCaller};

const GROUP: &str = "/aws/lambda/classifier";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

fn written(lines: &[&str]) -> Logs {
    let mut logs = Logs::new(AccountId::embedded(), "us-east-1");
    for (second, line) in (0..).zip(lines) {
        logs.write("classifier", line, at(second));
    }
    logs
}

fn wanted() -> FilterEvents {
    FilterEvents {
        group: GROUP.to_owned(),
        limit: 10_000,
        ..FilterEvents::default()
    }
}

fn found(logs: &Logs, wanted: &FilterEvents) -> Vec<String> {
    let page = logs.filter(wanted).unwrap();
    page.events.into_iter().map(|event| event.message).collect()
}

#[test]
fn both_ends_of_a_time_belong_to_it() {
    let logs = written(&["a", "b", "c", "d"]);
    let within = FilterEvents {
        start: Some(at(1)),
        end: Some(at(2)),
        ..wanted()
    };
    assert_eq!(found(&logs, &within), ["b", "c"]);
}

#[test]
fn pages_lead_to_the_rest() {
    let logs = written(&["a", "b", "c"]);
    let mut page = FilterEvents {
        limit: 2,
        ..wanted()
    };
    let first = logs.filter(&page).unwrap();
    assert_eq!(first.events.len(), 2);
    page.token = first.next_token;
    let second = logs.filter(&page).unwrap();
    assert_eq!(second.events[0].message, "c");
    assert_eq!(second.next_token, None);
    page.token = Some("nonsense".to_owned());
    let error = logs.filter(&page).unwrap_err();
    assert_eq!(error.code, "InvalidParameterException");
}

#[test]
fn a_page_with_nothing_on_it_may_have_a_next_one() {
    let mut logs = written(&[]);
    for second in 0..i64::try_from(LOOKED_AT).unwrap() {
        logs.write("classifier", "noise", at(second));
    }
    logs.write("classifier", "needle", at(1_000_000));
    let mut page = FilterEvents {
        filter: Filter::read("needle").unwrap(),
        ..wanted()
    };
    let first = logs.filter(&page).unwrap();
    assert_eq!(first.events, []);
    page.token = first.next_token;
    assert!(page.token.is_some());
    assert_eq!(found(&logs, &page), ["needle"]);
}

#[test]
fn a_group_keeps_its_last_lines() {
    let mut logs = written(&["first"]);
    for _ in 0..KEPT_EVENTS {
        logs.write("classifier", "later", at(1));
    }
    let first = FilterEvents {
        limit: 1,
        ..wanted()
    };
    assert_eq!(found(&logs, &first), ["later"]);
}

#[test]
fn what_a_pattern_finds() {
    let line = r#"{"level":"INFO","workload":"wildrydes","a":{"b":"c"},"message":"out of time"}"#;
    for (pattern, is_found) in [
        ("", true),
        ("wildrydes", true),
        ("wildrydes INFO", true),
        ("wildrydes ERROR", false),
        ("\"out of time\"", true),
        ("\"time out\"", false),
        ("{ $.workload = \"wildrydes\" }", true),
        ("{$.workload=\"wild\"}", false),
        ("{ $.a.b = \"c\" }", true),
        ("{ $.a = \"c\" }", false),
    ] {
        let filter = Filter::read(pattern).unwrap();
        assert_eq!(filter.matches(line), is_found, "{pattern}");
    }
    assert!(!Filter::read("{ $.a = \"b\" }").unwrap().matches("no JSON"));
}

#[test]
fn a_pattern_of_another_kind_is_refused() {
    for pattern in [
        "?ERROR ?WARN",
        "-ERROR",
        "%regular%",
        "[ip, user]",
        "{ $.a = \"wild*\" }",
        "{ $.a != \"b\" }",
        "{ $.a = 1 }",
        "{ $.a = \"b\" && $.c = \"d\" }",
        "{ $.a",
        "\"open",
        "a\"b\"",
        &"x".repeat(1025),
    ] {
        let error = Filter::read(pattern).unwrap_err();
        assert_eq!(error.code, "InvalidParameterException", "{pattern}");
    }
}

/// Whoever calls the Region's Logs.
fn caller() -> JsonCaller {
    JsonCaller {
        region: bare::region(),
        scope: "logs",
        prefix: "Logs_20140328.",
    }
}

#[tokio::test]
async fn what_a_client_puts_it_finds() {
    let caller = caller();
    let now = caller.region.now().as_millisecond();
    let stream = json!({"logGroupName": "g", "logStreamName": "s"});
    caller
        .done("CreateLogGroup", json!({"logGroupName": "g"}))
        .await;
    caller.done("CreateLogStream", stream.clone()).await;
    let mut batch = stream;
    batch["logEvents"] = json!([
        {"timestamp": now - 15 * 86_400_000_i64, "message": "too old"},
    ]);
    let answer = caller.done("PutLogEvents", batch.clone()).await;
    assert_eq!(answer["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"], 1);
    batch["logEvents"] = json!([
        {"timestamp": now, "message": "a"},
        {"timestamp": now + 3 * 3_600_000_i64, "message": "too new"},
    ]);
    let answer = caller.done("PutLogEvents", batch).await;
    assert_eq!(
        answer["rejectedLogEventsInfo"]["tooNewLogEventStartIndex"],
        1
    );
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g";
    for group in [
        json!({"logGroupName": "g"}),
        json!({"logGroupIdentifier": arn}),
    ] {
        let page = caller.done("FilterLogEvents", group).await;
        assert_eq!(page["events"][0]["message"], "a", "{page}");
        assert_eq!(page["events"][0]["timestamp"], now);
        assert_eq!(page["events"].as_array().unwrap().len(), 1, "{page}");
    }
    let groups = caller.done("DescribeLogGroups", json!({})).await;
    assert_eq!(groups["logGroups"][0]["logGroupArn"], arn);
    assert_eq!(groups["logGroups"][0]["storedBytes"], 27);
    let streams = caller
        .done("DescribeLogStreams", json!({"logGroupName": "g"}))
        .await;
    assert_eq!(streams["logStreams"][0]["logStreamName"], "s");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let caller = caller();
    caller
        .done("CreateLogGroup", json!({"logGroupName": "g"}))
        .await;
    caller
        .done(
            "CreateLogStream",
            json!({"logGroupName": "g", "logStreamName": "s"}),
        )
        .await;
    let put =
        |events: Value| json!({"logGroupName": "g", "logStreamName": "s", "logEvents": events});
    for (operation, input, code) in [
        (
            "CreateLogGroup",
            json!({"logGroupName": "g"}),
            "ResourceAlreadyExistsException",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": "a b"}),
            "InvalidParameterException",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": "h", "tags": {"a": "b"}}),
            "InvalidParameterException",
        ),
        (
            "CreateLogStream",
            json!({"logGroupName": "no", "logStreamName": "s"}),
            "ResourceNotFoundException",
        ),
        ("PutLogEvents", put(json!([])), "InvalidParameterException"),
        (
            "PutLogEvents",
            put(json!([{"timestamp": 2, "message": "a"}, {"timestamp": 1, "message": "b"}])),
            "InvalidParameterException",
        ),
        (
            "PutLogEvents",
            put(
                json!([{"timestamp": 1, "message": "a"}, {"timestamp": 90_000_000, "message": "b"}]),
            ),
            "InvalidParameterException",
        ),
        ("FilterLogEvents", json!({}), "InvalidParameterException"),
        (
            "FilterLogEvents",
            json!({"logGroupName": "no"}),
            "ResourceNotFoundException",
        ),
        (
            "FilterLogEvents",
            json!({"logGroupName": "g", "limit": 10_001}),
            "InvalidParameterException",
        ),
        (
            "FilterLogEvents",
            json!({"logGroupName": "g", "startTime": -1}),
            "InvalidParameterException",
        ),
        (
            "DescribeLogGroups",
            json!({"limit": 51}),
            "InvalidParameterException",
        ),
    ] {
        let told = format!("{operation} {input}");
        assert_eq!(caller.refused(operation, input).await, code, "{told}");
    }
}

#[tokio::test]
async fn groups_come_in_pages_in_the_order_of_their_names() {
    let caller = caller();
    for name in ["c", "a", "b"] {
        caller
            .done("CreateLogGroup", json!({"logGroupName": name}))
            .await;
    }
    let first = caller.done("DescribeLogGroups", json!({"limit": 2})).await;
    assert_eq!(first["logGroups"][1]["logGroupName"], "b");
    let next = json!({"limit": 2, "nextToken": first["nextToken"]});
    let second = caller.done("DescribeLogGroups", next).await;
    assert_eq!(second["logGroups"][0]["logGroupName"], "c");
    assert_eq!(second.get("nextToken"), None);
}
