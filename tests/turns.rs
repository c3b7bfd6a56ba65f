//! What is throttled waits for its turn, and nothing of what waiting makes old is believed.

#![allow(
    clippy::unwrap_used,
    reason = "this is the tests' own code, and a test may panic"
)]

use jiff::SignedDuration;
use pipeline_tests::{Pipeline, step};
use region::cloudwatch::StateValue;
use region::fault::spec::RegionFault;
use region::fault::{ApiFault, FaultKind};
use region::operation::Service;
use region::stage::{ASG_PRUNING, CLASSIFIER, RULES};
use serde_json::{Value, json};

const ALARM: &str = "use1-az1-wildrydes-isolated-impact-aggregate-alarm";

/// A pipeline that only what a test enqueues wakes: what is done, one run does.
fn alone() -> Pipeline {
    let pipeline = Pipeline::at_peace();
    for rule in RULES {
        pipeline.region().state().events.remove_rule(rule);
    }
    pipeline
}

fn throttle(pipeline: &Pipeline, service: Service, operation: &str) {
    let fault = ApiFault::of(service, FaultKind::Throttle);
    pipeline.region().inject(fault.on(operation));
}

/// Admits a single read of the resource, and the next one after so many seconds.
fn admit_one_reading(pipeline: &Pipeline, seconds: u32) {
    let rate = 1.0 / f64::from(seconds);
    let fault = format!(
        "throttle:service=arc-zonal-shift,operation=GetManagedResource,perSecond={rate},burst=1"
    );
    let fault: RegionFault = fault.parse().unwrap();
    pipeline.region().begin_fault(&fault, None);
}

/// Lets so many invocations of asg-pruning run at once.
fn let_prune(pipeline: &Pipeline, at_once: Option<u32>) {
    let mut state = pipeline.region().state();
    state.lambda.reserve_concurrency(ASG_PRUNING, at_once);
}

fn enqueue(pipeline: &Pipeline, payload: Value) {
    let mut state = pipeline.region().state();
    let now = state.now();
    state.lambda.enqueue(CLASSIFIER, payload, now);
}

/// The zone's alarm goes off, and its event arrives.
fn alarm_goes_off(pipeline: &Pipeline) {
    pipeline.set_alarm(ALARM, StateValue::Alarm);
    enqueue(pipeline, pipeline.alarm_event("use1-az1"));
}

/// Lets so many seconds pass, and does not wait for what has not ended by then.
async fn seconds(pipeline: &Pipeline, seconds: u32) {
    let region = pipeline.region();
    for _ in 0..seconds * 10 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let now = region.now() + SignedDuration::from_millis(100);
        step(region, now);
    }
}

fn times(pipeline: &Pipeline, service: Service, operation: &str) -> usize {
    let state = pipeline.region().state();
    let admitted = state.calls.iter().filter(|call| {
        call.service == service && call.operation.name == operation && call.fault.is_none()
    });
    admitted.count()
}

/// Every invocation has ended, and none of them in an error.
fn all_went_well(pipeline: &Pipeline) {
    let state = pipeline.region().state();
    assert_eq!(state.lambda.running(), 0);
    for invocation in state.lambda.invocations() {
        assert!(invocation.outcome.is_ok(), "{invocation:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shift_waits_for_the_alarms_and_reads_the_evidence_again() {
    let pipeline = Pipeline::on("zonal-latency");
    pipeline.region().state().events.remove_rule(RULES[2]);
    throttle(&pipeline, Service::CloudWatch, "DescribeAlarms");
    let read = || times(&pipeline, Service::CloudWatch, "GetMetricData");
    while read() == 0 {
        seconds(&pipeline, 1).await;
    }
    seconds(&pipeline, 55).await;
    assert_eq!(read(), 1);
    assert_eq!(pipeline.shifted(), [""; 0]);
    pipeline.region().clear_faults();
    seconds(&pipeline, 5).await;
    assert_eq!(read(), 2, "what was read a minute ago is not believed");
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
    assert_eq!(pipeline.subnets().len(), 2);
    all_went_well(&pipeline);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_long_before_the_rest_is_read_again() {
    let pipeline = alone();
    let_prune(&pipeline, Some(0));
    let command = json!({"action": "reconcile", "reason": "a test says so"});
    enqueue(
        &pipeline,
        json!({"workload": pipeline.stage.workload, "command": command}),
    );
    seconds(&pipeline, 40).await;
    let_prune(&pipeline, None);
    seconds(&pipeline, 5).await;
    for (service, operation, reads) in [
        (Service::CloudWatch, "DescribeAlarms", 2),
        (Service::ArcZonalShift, "GetManagedResource", 2),
        (Service::AutoScaling, "DescribeAutoScalingGroups", 1),
    ] {
        assert_eq!(times(&pipeline, service, operation), reads, "{operation}");
    }
    all_went_well(&pipeline);
}

#[tokio::test(start_paused = true)]
async fn a_shift_that_cannot_be_read_back_is_confirmed_later_and_pruned_then() {
    let pipeline = alone();
    admit_one_reading(&pipeline, 50);
    alarm_goes_off(&pipeline);
    seconds(&pipeline, 40).await;
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
    assert_eq!(
        pipeline.subnets().len(),
        3,
        "nobody knows that traffic is away"
    );
    seconds(&pipeline, 160).await;
    assert_eq!(pipeline.subnets().len(), 2);
    assert_eq!(
        times(&pipeline, Service::ArcZonalShift, "StartZonalShift"),
        1
    );
    assert_eq!(
        pipeline.told(),
        [
            "traffic moved away from use1-az1",
            "new capacity kept out of use1-az1"
        ]
    );
    all_went_well(&pipeline);
}

#[tokio::test(start_paused = true)]
async fn a_shift_that_a_person_ends_before_it_is_confirmed_stays_ended() {
    let pipeline = alone();
    admit_one_reading(&pipeline, 50);
    alarm_goes_off(&pipeline);
    seconds(&pipeline, 40).await;
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
    pipeline.cancel_as_person();
    pipeline.region().clear_faults();
    seconds(&pipeline, 160).await;
    assert_eq!(pipeline.shifted(), [""; 0]);
    assert_eq!(pipeline.subnets().len(), 3);
    assert_eq!(
        times(&pipeline, Service::ArcZonalShift, "StartZonalShift"),
        1
    );
    all_went_well(&pipeline);
}

/// What was cancelled is known from one call and what is in force from another: the one must not be older.
#[tokio::test(start_paused = true)]
async fn a_shift_that_a_person_ends_while_it_is_being_read_is_not_started_again() {
    let pipeline = alone();
    alarm_goes_off(&pipeline);
    seconds(&pipeline, 1).await;
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
    throttle(&pipeline, Service::ArcZonalShift, "GetManagedResource");
    enqueue(&pipeline, pipeline.alarm_event("use1-az1"));
    seconds(&pipeline, 5).await;
    let listed = times(&pipeline, Service::ArcZonalShift, "ListZonalShifts");
    assert_eq!(listed, 2, "before the end");
    pipeline.cancel_as_person();
    pipeline.region().clear_faults();
    seconds(&pipeline, 10).await;
    assert_eq!(pipeline.shifted(), [""; 0]);
    all_went_well(&pipeline);
}

#[tokio::test(start_paused = true)]
async fn a_shift_is_tried_for_a_minute_after_its_decision_and_no_longer() {
    for (held_up, shifted) in [(40, true), (90, false)] {
        let pipeline = alone();
        throttle(&pipeline, Service::ArcZonalShift, "StartZonalShift");
        alarm_goes_off(&pipeline);
        seconds(&pipeline, held_up).await;
        pipeline.region().clear_faults();
        // Not as long as until Lambda's retry.
        seconds(&pipeline, 10).await;
        assert_eq!(!pipeline.shifted().is_empty(), shifted, "{held_up} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_prune_waits_until_lambda_lets_it_run() {
    let pipeline = alone();
    let_prune(&pipeline, Some(0));
    alarm_goes_off(&pipeline);
    seconds(&pipeline, 600).await;
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
    assert_eq!(pipeline.told(), ["traffic moved away from use1-az1"]);
    assert_eq!(pipeline.subnets().len(), 3);
    let_prune(&pipeline, None);
    seconds(&pipeline, 25).await;
    assert_eq!(pipeline.subnets().len(), 2);
    all_went_well(&pipeline);
}

#[tokio::test(start_paused = true)]
async fn a_prune_that_waits_is_not_made_when_the_shift_has_ended() {
    let pipeline = alone();
    let_prune(&pipeline, Some(0));
    alarm_goes_off(&pipeline);
    seconds(&pipeline, 30).await;
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
    pipeline.cancel_as_person();
    seconds(&pipeline, 120).await;
    let_prune(&pipeline, None);
    seconds(&pipeline, 60).await;
    assert_eq!(pipeline.subnets().len(), 3);
    assert_eq!(pipeline.told(), ["traffic moved away from use1-az1"]);
    all_went_well(&pipeline);
}

#[tokio::test(start_paused = true)]
async fn a_prune_waits_for_its_turn_at_auto_scaling() {
    for operation in [
        "DescribeAutoScalingGroups",
        "DescribeInstanceRefreshes",
        "CreateOrUpdateTags",
        "UpdateAutoScalingGroup",
    ] {
        let pipeline = alone();
        throttle(&pipeline, Service::AutoScaling, operation);
        alarm_goes_off(&pipeline);
        seconds(&pipeline, 90).await;
        assert_eq!(pipeline.subnets().len(), 3, "{operation}");
        pipeline.region().clear_faults();
        seconds(&pipeline, 10).await;
        assert_eq!(pipeline.subnets().len(), 2, "{operation}");
        all_went_well(&pipeline);
    }
}
