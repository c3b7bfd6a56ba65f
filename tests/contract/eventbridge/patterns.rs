//! `TestEventPattern`: which events a pattern matches. Source: EventBridge user guide, "Comparison
//! operators for use in event patterns" and "Matching on arrays".

use serde_json::{Value, json};

use crate::contract::Outcome;
use crate::refusal::{accepted, refused, same};
use crate::subject::Subject;

contracts!(
    "events",
    [region, ministack],
    [
        an_exact_value_matches_itself_and_no_other,
        one_of_several_values_is_enough_and_every_field_is_needed,
        a_prefix_and_a_suffix_match_the_ends_of_a_text,
        a_wildcard_matches_any_text_in_its_place,
        anything_but_matches_everything_else,
        a_numeric_test_compares_numbers,
        exists_asks_for_a_field_or_for_its_absence,
        equals_ignore_case_ignores_case,
        or_needs_one_of_its_patterns,
        one_item_of_an_array_is_enough,
        an_event_without_a_mandatory_field_is_refused,
    ]
);

async fn an_exact_value_matches_itself_and_no_other(subject: &Subject) -> Outcome {
    let state = |value: &str| json!({"state": {"value": value}});
    let pattern = json!({"state": {"value": ["ALARM"]}});
    matches(
        subject,
        &pattern,
        &[state("ALARM")],
        &[state("OK"), state("alarm"), json!({})],
    )
    .await
}

async fn one_of_several_values_is_enough_and_every_field_is_needed(subject: &Subject) -> Outcome {
    let pattern = json!({"a": [1, 2], "b": ["x", null]});
    let yes = [
        json!({"a": 2, "b": "x"}),
        json!({"a": 1, "b": null, "c": 0}),
    ];
    let no = [json!({"a": 3, "b": "x"}), json!({"a": 1})];
    matches(subject, &pattern, &yes, &no).await
}

async fn a_prefix_and_a_suffix_match_the_ends_of_a_text(subject: &Subject) -> Outcome {
    let name = |name: &str| json!({"alarmName": name});
    let prefix = json!({"alarmName": [{"prefix": "use1-az1-"}]});
    matches(
        subject,
        &prefix,
        &[name("use1-az1-x")],
        &[name("x-use1-az1-")],
    )
    .await?;
    let suffix = json!({"alarmName": [{"suffix": "-isolated-impact-alarm"}]});
    let yes = [name("use1-az1-isolated-impact-alarm")];
    matches(subject, &suffix, &yes, &[name("-isolated-impact-alarm-2")]).await
}

async fn a_wildcard_matches_any_text_in_its_place(subject: &Subject) -> Outcome {
    let name = |name: &str| json!({"alarmName": name});
    let pattern = json!({"alarmName": [{"wildcard": "use1-*-alarm"}]});
    let no = [name("use2-az1-alarm"), name("use1-az1-alarm-2")];
    matches(
        subject,
        &pattern,
        &[name("use1-az1-x-alarm"), name("use1--alarm")],
        &no,
    )
    .await
}

async fn anything_but_matches_everything_else(subject: &Subject) -> Outcome {
    let pattern = json!({"a": [{"anything-but": ["x", "y"]}]});
    let no = [json!({"a": "x"}), json!({"a": "y"}), json!({})];
    matches(subject, &pattern, &[json!({"a": "z"})], &no).await?;
    let prefix = json!({"a": [{"anything-but": {"prefix": "x"}}]});
    matches(
        subject,
        &prefix,
        &[json!({"a": "yx"})],
        &[json!({"a": "xy"})],
    )
    .await
}

async fn a_numeric_test_compares_numbers(subject: &Subject) -> Outcome {
    let pattern = json!({"a": [{"numeric": [">", 0, "<=", 5]}]});
    let yes = [json!({"a": 0.5}), json!({"a": 5})];
    let no = [json!({"a": 0}), json!({"a": 5.1}), json!({"a": "3"})];
    matches(subject, &pattern, &yes, &no).await
}

async fn exists_asks_for_a_field_or_for_its_absence(subject: &Subject) -> Outcome {
    let (with, without) = (json!({"a": {"b": 0}}), json!({"a": {}}));
    let exists = json!({"a": {"b": [{"exists": true}]}});
    matches(
        subject,
        &exists,
        std::slice::from_ref(&with),
        std::slice::from_ref(&without),
    )
    .await?;
    let absent = json!({"a": {"b": [{"exists": false}]}});
    matches(subject, &absent, &[without], &[with]).await
}

async fn equals_ignore_case_ignores_case(subject: &Subject) -> Outcome {
    let pattern = json!({"a": [{"equals-ignore-case": "Alarm"}]});
    let yes = [json!({"a": "ALARM"}), json!({"a": "alarm"})];
    matches(subject, &pattern, &yes, &[json!({"a": "alarms"})]).await
}

async fn or_needs_one_of_its_patterns(subject: &Subject) -> Outcome {
    let pattern = json!({"$or": [{"a": [1]}, {"b": [2]}], "c": [3]});
    let yes = [json!({"a": 1, "c": 3}), json!({"b": 2, "c": 3})];
    let no = [json!({"c": 3}), json!({"a": 1, "b": 2})];
    matches(subject, &pattern, &yes, &no).await
}

async fn one_item_of_an_array_is_enough(subject: &Subject) -> Outcome {
    let pattern = json!({"a": ["x"]});
    let yes = [json!({"a": ["w", "x"]})];
    matches(
        subject,
        &pattern,
        &yes,
        &[json!({"a": ["w"]}), json!({"a": []})],
    )
    .await
}

/// Source: TestEventPattern, `Event`: id, account, source, time, region, resources and detail-type
/// are mandatory.
async fn an_event_without_a_mandatory_field_is_refused(subject: &Subject) -> Outcome {
    let mut event = event(&json!({}));
    event.as_object_mut().unwrap().remove("source");
    let test = subject.eventbridge().test_event_pattern();
    let test = test
        .event_pattern(r#"{"account": ["1"]}"#)
        .event(event.to_string());
    refused("no source", test.send().await, "ValidationException", 400)
}

/// Expects a pattern of details to match these details and not those.
async fn matches(subject: &Subject, pattern: &Value, yes: &[Value], no: &[Value]) -> Outcome {
    let details = yes.iter().map(|detail| (detail, true));
    for (detail, expected) in details.chain(no.iter().map(|detail| (detail, false))) {
        let test = subject.eventbridge().test_event_pattern();
        let answer = test
            .event_pattern(json!({"detail": pattern}).to_string())
            .event(event(detail).to_string())
            .send()
            .await;
        let what = format!("{pattern} on {detail}");
        same(&what, &accepted(&what, answer)?.result(), &expected)?;
    }
    Ok(())
}

fn event(detail: &Value) -> Value {
    json!({
        "version": "0",
        "id": "00000000-0000-4000-8000-000000000001",
        "account": "000000000000",
        "source": "contract",
        "time": "2026-01-15T03:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail-type": "t",
        "detail": detail,
    })
}
