//! The way back: how an evacuation ends, and what is looked for while nothing is wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is the tests' own code, and a test may panic"
)]

use domain::policy::Mode;
use domain::report::Report;
use pipeline_tests::{Pipeline, add_resource, scenario_named};
use region::scenario::Scenario;
use region::stage::CLASSIFIER;
use serde_json::{Value, json};

/// The scenario full-cycle with another field of the policy.
fn cycle(field: &str, value: Value) -> Scenario {
    let mut scenario = scenario_named("full-cycle");
    scenario.setting.policy.insert(field.to_owned(), value);
    scenario
}

fn told(pipeline: &Pipeline, what: &str) -> usize {
    let subjects = pipeline.subjects();
    subjects
        .iter()
        .filter(|subject| subject.contains(what))
        .count()
}

/// The codes of the verdicts, one for each time that it changed.
fn codes(pipeline: &Pipeline) -> Vec<String> {
    let state = pipeline.region().state();
    let reports: Vec<Report> = region::ending::reports(&state).collect();
    let mut codes: Vec<String> = reports
        .iter()
        .map(|report| report.verdict.code().to_owned())
        .collect();
    codes.dedup();
    codes
}

/// Invocations of the classifier that ended in an error.
fn errors(pipeline: &Pipeline) -> usize {
    let state = pipeline.region().state();
    let invocations = state.lambda.invocations();
    invocations
        .filter(|invocation| invocation.function == CLASSIFIER && invocation.outcome.is_err())
        .count()
}

#[tokio::test(start_paused = true)]
async fn a_zone_that_was_seen_to_be_well_is_failed_back_by_itself() {
    let pipeline = Pipeline::on("full-cycle");
    let before = pipeline.subnets();
    pipeline.play().await;
    assert!(pipeline.shifted().is_empty());
    assert_eq!(pipeline.subnets(), before);
    assert!(pipeline.record().is_empty());
    assert!(codes(&pipeline).contains(&"provenWell".to_owned()));
    assert_eq!(
        pipeline.told(),
        [
            "traffic moved away from use1-az2",
            "new capacity kept out of use1-az2",
            "capacity returns to use1-az2",
            "evacuation of use1-az2 ended",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_zone_that_nobody_watches_is_not_failed_back() {
    let mut scenario = scenario_named("full-cycle");
    scenario
        .setting
        .policy
        .insert("stableFor".to_owned(), json!("1m"));
    let pipeline = Pipeline::changed(&scenario, |stage| {
        // The load balancer's counts are there, and show that the zone has no customers.
        stage.workload.as_object_mut().unwrap().remove("canary");
    });
    pipeline.play().await;
    assert_eq!(pipeline.shifted(), ["use1-az2"]);
    assert!(codes(&pipeline).contains(&"notProvenWell".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_person_is_told_once_that_the_zone_looks_well() {
    let mut scenario = cycle("failBack", json!("manual"));
    // The zone keeps its capacity, which answers the canary.
    scenario.mode = Mode::Shift;
    let pipeline = Pipeline::in_scenario(&scenario);
    pipeline.play().await;
    assert_eq!(told(&pipeline, "looks well, end its evacuation"), 1);
    assert_eq!(pipeline.shifted(), ["use1-az2"]);
    assert_eq!(codes(&pipeline).last().unwrap(), "looksWell");
    pipeline
        .command(json!({"action": "fail-back", "reason": "it was told to be well"}))
        .await
        .unwrap();
    assert!(pipeline.shifted().is_empty());
    assert_eq!(
        pipeline.told(),
        [
            "traffic moved away from use1-az2",
            "use1-az2 looks well, end its evacuation",
            "evacuation of use1-az2 ended",
        ]
    );
}

/// A zone that stays ill for an hour is tried, and does not get customers.
#[tokio::test(start_paused = true)]
async fn a_trial_of_a_zone_that_is_still_bad_moves_no_customers() {
    let mut scenario = scenario_named("full-cycle");
    scenario.faults[0].lasts = None;
    scenario.lasts = "100m".parse().unwrap();
    let pipeline = Pipeline::in_scenario(&scenario);
    pipeline.play().await;
    let codes = codes(&pipeline);
    assert!(codes.contains(&"onTrial".to_owned()), "{codes:?}");
    assert!(!codes.contains(&"provenWell".to_owned()), "{codes:?}");
    assert_eq!(pipeline.shifted(), ["use1-az2"]);
    assert_eq!(pipeline.subnets().len(), 2, "it was pruned again");
    assert_eq!(told(&pipeline, "use1-az2 does not look well"), 1);
    assert_eq!(
        pipeline.told(),
        [
            "traffic moved away from use1-az2",
            "new capacity kept out of use1-az2",
            "capacity returns to use1-az2",
            "use1-az2 does not look well",
            "new capacity kept out of use1-az2",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_would_fail_in_an_incident_is_told_once_in_peacetime() {
    let pipeline = Pipeline::at_peace_with(|stage| {
        stage.workload["alarms"]["regional"] = json!(["no-such-alarm"]);
    });
    pipeline.minutes(5).await;
    assert_eq!(told(&pipeline, "not ready to evacuate"), 1);
    assert_eq!(
        errors(&pipeline),
        0,
        "a finding is no failure of every tick"
    );
    // A shift that somebody left is news.
    pipeline.shift_as_person("use1-az3");
    pipeline.minutes(5).await;
    assert_eq!(told(&pipeline, "not ready to evacuate"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_could_not_be_pruned_is_told_in_peacetime() {
    let pipeline = Pipeline::in_scenario(&{
        let mut scenario = scenario_named("unlisted-subnet");
        scenario.faults.clear();
        scenario
    });
    pipeline.minutes(3).await;
    assert_eq!(told(&pipeline, "not ready to evacuate"), 1);
    assert!(pipeline.mutating().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_arc_does_not_manage_is_told_in_peacetime() {
    let pipeline = Pipeline::at_peace_with(|stage| {
        let arn = add_resource(stage, "side");
        let unknown = arn.replace("app/side", "app/gone");
        stage.workload["resources"][1] = json!(unknown);
    });
    pipeline.minutes(3).await;
    assert_eq!(told(&pipeline, "not ready to evacuate"), 1);
    assert_eq!(errors(&pipeline), 0);
}

#[tokio::test(start_paused = true)]
async fn in_peacetime_a_sound_workload_hears_nothing() {
    let pipeline = Pipeline::on("healthy");
    pipeline.minutes(10).await;
    assert_eq!(pipeline.subjects(), [""; 0]);
    assert!(pipeline.mutating().is_empty());
}
