//! What people are told of an evacuation, how often, and what a function says of itself, where not all
//! goes well.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is the tests' own code, and a test may panic"
)]

use classifier::{Classifier, Configuration};
use domain::AccountId;
use domain::policy::Mode;
use domain::report::Report;
use domain::signal::BareDefaults;
use jiff::{SignedDuration, Timestamp};
use pipeline_tests::{Pipeline, connections};
use region::cloudwatch::StateValue;
use region::fault::{ApiFault, FaultKind};
use region::operation::Service;
use region::stage::CLASSIFIER;
use runtime::failure::FunctionError;
use runtime::invocation::Invocation;
use runtime::telemetry::Meter;
use serde_json::{Value, json};
use std::time::Duration;

const ALARM: &str = "use1-az1-wildrydes-isolated-impact-aggregate-alarm";

fn evacuate() -> Value {
    json!({"action": "evacuate", "zone": "use1-az1", "reason": "I see errors"})
}

fn fail_back() -> Value {
    json!({"action": "fail-back", "reason": "it looks well"})
}

fn tick() -> Value {
    json!({"action": "reconcile", "reason": "schedule"})
}

fn refuse(pipeline: &Pipeline, service: Service, operation: &str) {
    let fault = ApiFault::of(service, FaultKind::AccessDenied);
    pipeline.region().inject(fault.on(operation));
}

#[tokio::test(start_paused = true)]
async fn a_shift_alone_that_lasts_longer_is_told() {
    let pipeline = Pipeline::at_peace_with(|stage| {
        stage.workload["policy"]["mode"] = json!("shift");
        stage.workload["policy"]["expiresIn"] = json!("20m");
    });
    pipeline.command(evacuate()).await.unwrap();
    pipeline.minutes(12).await;
    assert_eq!(
        pipeline.told(),
        [
            "traffic moved away from use1-az1",
            "traffic stays away from use1-az1"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_fail_back_that_waits_for_capacity_is_told_once_and_then_its_end() {
    let pipeline = Pipeline::at_peace();
    pipeline.command(evacuate()).await.unwrap();
    pipeline.minutes(15).await;
    pipeline.command(fail_back()).await.unwrap();
    pipeline.minutes(15).await;
    assert_eq!(
        pipeline.told(),
        [
            "traffic moved away from use1-az1",
            "new capacity kept out of use1-az1",
            "capacity returns to use1-az1",
            "evacuation of use1-az1 ended"
        ]
    );
}

/// Nothing is held back until there is capacity where traffic is back already.
#[tokio::test(start_paused = true)]
async fn an_end_by_a_person_is_told_at_once() {
    let pipeline = Pipeline::at_peace();
    pipeline.command(evacuate()).await.unwrap();
    pipeline.minutes(15).await;
    pipeline.cancel_as_person();
    pipeline.command(tick()).await.unwrap();
    assert_eq!(
        pipeline.told(),
        [
            "traffic moved away from use1-az1",
            "new capacity kept out of use1-az1",
            "evacuation of use1-az1 ended"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_end_that_was_told_and_does_not_come_is_told_to_have_failed() {
    let pipeline = Pipeline::at_peace();
    pipeline.command(evacuate()).await.unwrap();
    refuse(&pipeline, Service::ArcZonalShift, "CancelZonalShift");
    pipeline.command(fail_back()).await.unwrap_err();
    for _ in 0..3 {
        pipeline.command(tick()).await.unwrap_err();
    }
    assert_eq!(
        pipeline.told(),
        [
            "traffic moved away from use1-az1",
            "new capacity kept out of use1-az1",
            "evacuation of use1-az1 ended",
            // By the command, and once by the ticks.
            "fail-back use1-az1 FAILED",
            "fail-back use1-az1 FAILED"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_fails_is_one_failure() {
    let pipeline = Pipeline::at_peace();
    pipeline.command(evacuate()).await.unwrap();
    refuse(&pipeline, Service::AutoScaling, "UpdateAutoScalingGroup");
    let error = pipeline.command(fail_back()).await.unwrap_err();
    assert_eq!(error.error_type, "access-denied");
    let times = error.error_message.matches("restore: ").count();
    assert_eq!(times, 1, "{}", error.error_message);
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_is_refused_is_a_failure_too() {
    let pipeline = Pipeline::at_peace();
    pipeline.command(evacuate()).await.unwrap();
    pipeline.write_record_as_person("nothing that can be read");
    let error = pipeline.command(fail_back()).await.unwrap_err();
    assert_eq!(error.error_type, "rejected", "{}", error.error_message);
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
}

#[tokio::test(start_paused = true)]
async fn a_rehearsal_needs_no_word_on_how_long_a_shift_lasts() {
    let pipeline = Pipeline::at_peace_with(|stage| {
        let policy = stage.workload["policy"].as_object_mut().unwrap();
        policy.insert("mode".to_owned(), json!("observe"));
        policy.remove("expiresIn");
    });
    pipeline.command(evacuate()).await.unwrap();
    assert_eq!(
        pipeline.told(),
        ["would evacuate use1-az1, changed nothing"]
    );
    assert!(pipeline.shifted().is_empty());
}

/// Where a policy holds without the alarms, some seconds are better than Lambda's retry a minute later.
#[tokio::test(start_paused = true)]
async fn alarms_that_are_needed_are_read_with_patience() {
    for (without_alarms, reads) in [("hold", 1), ("act", 0)] {
        let pipeline = Pipeline::at_peace();
        pipeline.set_alarm(ALARM, StateValue::Alarm);
        let mut event = pipeline.alarm_event("use1-az1");
        event["workload"] = pipeline.workload(&json!({"withoutAlarms": without_alarms}));
        let late = ApiFault::of(Service::CloudWatch, FaultKind::TimeoutBefore);
        pipeline.region().inject(late.on("DescribeAlarms").times(1));
        pipeline.classify(event).await.unwrap();
        let calls = pipeline.calls(Service::CloudWatch);
        let asked = calls.iter().filter(|call| **call == "DescribeAlarms");
        // The first one never arrived.
        assert_eq!(asked.count(), reads, "{without_alarms}");
        assert_eq!(pipeline.shifted(), ["use1-az1"], "{without_alarms}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_customers_waited_for_evac_is_measured_in_milliseconds() {
    let pipeline = Pipeline::at_peace();
    pipeline.set_alarm(ALARM, StateValue::Alarm);
    let event = pipeline.alarm_event("use1-az1");
    let (meter, lines) = Meter::keeping();
    let later = pipeline.region().now() + SignedDuration::from_secs(30);
    let handled = handle(&pipeline, None, meter, later, event).await;
    handled.unwrap();
    let lines = lines.lock().unwrap();
    let waited: Vec<f64> = lines
        .iter()
        .filter_map(|line| line.get("TimeToShift")?.as_f64())
        .collect();
    let [waited] = waited[..] else {
        panic!("{lines:?}")
    };
    assert!((30_000.0..31_000.0).contains(&waited), "{waited}");
}

/// A classifier of its own handles a payload at a time.
async fn handle(
    pipeline: &Pipeline,
    chat_topic: Option<&str>,
    meter: Meter,
    at: Timestamp,
    payload: Value,
) -> Result<Report, FunctionError> {
    let configuration = Configuration {
        zonal_shift: "zonal-shift".to_owned(),
        asg_pruning: "asg-pruning".to_owned(),
        topic: pipeline.stage.topic.clone(),
        chat_topic: chat_topic.map(str::to_owned),
        bare: BareDefaults {
            mode: Mode::Observe,
            expires_in: None,
        },
    };
    let connections = connections(pipeline.region(), CLASSIFIER);
    let function = Classifier::new(&connections, configuration, meter);
    let left = Duration::from_secs(60);
    let invocation = Invocation::begin(AccountId::embedded(), at, left);
    function.handle(invocation, payload).await
}

/// The messages to a topic: a subject if there is one, and the text.
fn messages_to(pipeline: &Pipeline, topic: &str) -> Vec<(Option<String>, String)> {
    let state = pipeline.region().state();
    let inbox = state.sns.inbox().iter().map(|message| &message.published);
    inbox
        .filter(|published| published.topic == topic)
        .map(|published| (published.subject.clone(), published.message.clone()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_chat_channel_is_told_the_same_in_its_own_format() {
    let pipeline = Pipeline::at_peace();
    let topic = pipeline.region().state().sns.create_topic("evac-chat");
    let now = pipeline.region().now();
    for command in [evacuate(), fail_back()] {
        let payload = json!({"workload": pipeline.stage.workload, "command": command});
        let (meter, _) = Meter::keeping();
        let handled = handle(&pipeline, Some(&topic), meter, now, payload).await;
        handled.unwrap();
    }
    let chat = messages_to(&pipeline, &topic);
    let mut threads = Vec::new();
    let mut titles = Vec::new();
    for (subject, message) in chat {
        assert_eq!(subject, None);
        let message: Value = serde_json::from_str(&message).unwrap();
        assert_eq!(message["source"], "custom");
        threads.push(message["metadata"]["threadId"].clone());
        titles.push(message["content"]["title"].as_str().unwrap().to_owned());
    }
    titles.sort();
    let mut subjects: Vec<String> = messages_to(&pipeline, &pipeline.stage.topic)
        .into_iter()
        .filter_map(|(subject, _)| subject)
        .collect();
    subjects.sort();
    assert!(subjects.len() > 2, "{subjects:?}");
    assert_eq!(titles, subjects);
    assert!(
        threads.iter().all(|thread| thread == &threads[0]),
        "{threads:?}"
    );
    assert!(threads[0].is_string(), "{threads:?}");
}

#[tokio::test(start_paused = true)]
async fn a_chat_topic_that_fails_is_an_error_and_keeps_no_mail() {
    let pipeline = Pipeline::at_peace();
    let gone = "arn:aws:sns:us-east-1:000000000000:gone";
    let payload = json!({"workload": pipeline.stage.workload, "command": evacuate()});
    let now = pipeline.region().now();
    let handled = handle(&pipeline, Some(gone), Meter::keeping().0, now, payload).await;
    let error = handled.unwrap_err().to_string();
    assert!(error.contains("Publish to the chat topic"), "{error}");
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
    assert_eq!(pipeline.told()[0], "traffic moved away from use1-az1");
}

/// Whoever looks how things stand asks for a dry run of the tick.
#[tokio::test(start_paused = true)]
async fn a_tick_that_only_looks_tells_nobody_and_leaves_it_to_the_next() {
    let pipeline = Pipeline::at_peace_with(|stage| {
        stage.workload["alarms"]["regional"] = json!(["an alarm that does not exist"]);
    });
    let look = json!({"action": "reconcile", "reason": "look", "dryRun": true});
    let report = pipeline.command(look).await.unwrap();
    assert!(!report.unready.unwrap_or_default().is_empty());
    assert_eq!(pipeline.subjects(), [""; 0]);
    pipeline.command(tick()).await.unwrap();
    assert_eq!(pipeline.told(), ["not ready to evacuate"]);
}
