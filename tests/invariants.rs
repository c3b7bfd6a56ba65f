//! The invariants of ARCHITECTURE.md, each with what would break it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use domain::verdict::Verdict;
use jiff::SignedDuration;
use pipeline_tests::{Pipeline, add_groups, add_resource};
use region::autoscaling::{GroupSpec, RefreshStatus};
use region::cloudwatch::{MuteRule, StateValue};
use region::eventbridge::{DeliveryEffect, DeliveryFault};
use region::fault::{ApiFault, FaultKind};
use region::operation::Service;
use region::stage::{CLASSIFIER, GROUP};
use runtime::telemetry::keeping_log;
use serde_json::{Value, json};

const AZ1_ALARM: &str = "use1-az1-wildrydes-isolated-impact-aggregate-alarm";
const AZ2_ALARM: &str = "use1-az2-wildrydes-isolated-impact-aggregate-alarm";

fn evacuate(zone: &str) -> Value {
    json!({"action": "evacuate", "zone": zone, "reason": "a test says so"})
}

fn fail_back() -> Value {
    json!({"action": "fail-back", "reason": "a test says so"})
}

// 1. At most one zone of a workload is evacuated by Evac at any time.

#[tokio::test(start_paused = true)]
async fn two_commands_at_once_evacuate_one_zone() {
    let pipeline = Pipeline::at_peace();
    let (first, second) = tokio::join!(
        pipeline.command(evacuate("use1-az1")),
        pipeline.command(evacuate("use1-az2"))
    );
    assert_eq!(pipeline.shifted().len(), 1, "the lead resource is the lock");
    let verdicts = [first.unwrap().verdict, second.unwrap().verdict];
    assert_eq!(
        verdicts
            .iter()
            .filter(|verdict| matches!(verdict, Verdict::Evacuate { .. }))
            .count(),
        1
    );
    assert_eq!(
        verdicts
            .iter()
            .filter(|verdict| verdict.code() == "otherZoneEvacuated")
            .count(),
        1
    );
    assert_eq!(pipeline.subnets().len(), 2, "one zone is out of the group");
}

#[tokio::test(start_paused = true)]
async fn an_alarm_of_a_second_zone_does_not_evacuate_it() {
    let pipeline = Pipeline::at_peace();
    pipeline.command(evacuate("use1-az1")).await.unwrap();
    pipeline.set_alarm(AZ2_ALARM, StateValue::Alarm);
    let report = pipeline
        .classify(pipeline.alarm_event("use1-az2"))
        .await
        .unwrap();
    assert_eq!(report.verdict.code(), "otherZoneEvacuated");
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
}

#[tokio::test(start_paused = true)]
async fn an_autoshift_away_from_another_zone_is_not_turned_round() {
    let pipeline = Pipeline::at_peace();
    {
        let mut state = pipeline.region().state();
        let now = state.now();
        state.arc.start_autoshift(&"use1-az2".parse().unwrap(), now);
    }
    // The autoshift's own event tells people of it.
    pipeline.minutes(1).await;
    assert_eq!(
        pipeline.subjects(),
        ["[evac] wildrydes: AWS tells: Autoshift In Progress, away from use1-az2"]
    );
    pipeline.set_alarm(AZ1_ALARM, StateValue::Alarm);
    let event = pipeline.alarm_event("use1-az1");
    let report = pipeline.classify(event).await.unwrap();
    assert_eq!(report.verdict.code(), "otherZoneShifted");
    pipeline.minutes(11).await;
    assert_eq!(pipeline.shifted(), [""; 0]);
    assert_eq!(pipeline.mutating(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn every_resource_is_shifted_and_the_lead_first() {
    let mut api = String::new();
    let pipeline = Pipeline::at_peace_with(|stage| api = add_resource(stage, "api"));
    let front = pipeline.stage.workload["resources"][0].as_str().unwrap();
    pipeline.command(evacuate("use1-az1")).await.unwrap();
    let order = |what: region::arc::What| -> Vec<String> {
        let state = pipeline.region().state();
        let changes = state.arc.changes().iter();
        changes
            .filter(|change| change.what == what)
            .map(|change| change.resource.as_ref().unwrap().to_string())
            .collect()
    };
    assert_eq!(order(region::arc::What::Started), [front, &api]);
    pipeline.minutes(1).await;
    pipeline.command(fail_back()).await.unwrap();
    pipeline.minutes(11).await;
    assert_eq!(
        order(region::arc::What::Canceled),
        [api.as_str(), front],
        "the lock is released last"
    );
    assert_eq!(pipeline.subnets().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn when_the_lead_cannot_be_shifted_nothing_is() {
    let pipeline = Pipeline::at_peace_with(|stage| drop(add_resource(stage, "api")));
    pipeline
        .region()
        .inject(ApiFault::of(Service::ArcZonalShift, FaultKind::Internal).on("StartZonalShift"));
    pipeline.command(evacuate("use1-az1")).await.unwrap_err();
    assert_eq!(pipeline.shifted(), [""; 0]);
    assert_eq!(pipeline.subnets().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn when_a_person_ends_the_leads_shift_the_others_follow() {
    let mut api = String::new();
    let pipeline = Pipeline::at_peace_with(|stage| api = add_resource(stage, "api"));
    pipeline.set_alarm(AZ1_ALARM, StateValue::Alarm);
    let event = pipeline.alarm_event("use1-az1");
    pipeline.classify(event).await.unwrap();
    assert_eq!(pipeline.shifted().len(), 2);
    pipeline.cancel_as_person_if(|resource| resource != api);
    pipeline.minutes(11).await;
    assert_eq!(pipeline.shifted(), [""; 0]);
    assert_eq!(pipeline.subnets().len(), 3);
}

// 2. No prune while traffic is not shifted away.

#[tokio::test(start_paused = true)]
async fn a_group_is_not_pruned_when_the_shift_fails() {
    for kind in [
        FaultKind::Internal,
        FaultKind::AccessDenied,
        FaultKind::Throttle,
        FaultKind::TimeoutBefore,
    ] {
        let pipeline = Pipeline::at_peace();
        pipeline
            .region()
            .inject(ApiFault::of(Service::ArcZonalShift, kind).on("StartZonalShift"));
        pipeline.command(evacuate("use1-az1")).await.unwrap_err();
        assert_eq!(
            pipeline
                .calls(Service::AutoScaling)
                .iter()
                .filter(|call| **call != "DescribeAutoScalingGroups")
                .count(),
            0,
            "{kind:?}"
        );
        assert_eq!(pipeline.subnets().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_is_pruned_after_the_shift_and_not_before() {
    let pipeline = Pipeline::at_peace();
    pipeline.command(evacuate("use1-az1")).await.unwrap();
    assert_eq!(
        pipeline.mutating(),
        [
            "StartZonalShift",
            "CreateOrUpdateTags",
            "UpdateAutoScalingGroup"
        ]
    );
}

// 3. No group is left with fewer than minZones zones.

#[tokio::test(start_paused = true)]
async fn a_group_of_two_zones_is_left_as_it_is() {
    let pipeline = Pipeline::at_peace();
    pipeline.leave_zone_as_person("use1-az3");
    let report = pipeline.command(evacuate("use1-az1")).await.unwrap();
    assert_eq!(pipeline.subnets().len(), 2);
    assert!(
        report.prunes[0]
            .refusals()
            .any(|(_, refusal)| refusal.to_string() == "1 zone would be left, and 2 must be")
    );
    assert!(
        pipeline
            .subjects()
            .last()
            .unwrap()
            .contains("groups NOT taken out"),
        "{:?}",
        pipeline.subjects()
    );
}

#[tokio::test(start_paused = true)]
async fn a_group_with_an_instance_refresh_is_left_as_it_is() {
    let pipeline = Pipeline::at_peace_with(|stage| {
        let names = add_groups(stage, 1);
        let mut state = stage.region.state();
        let now = state.now();
        let group = state.auto_scaling.group(&names[0]).unwrap();
        let spec = GroupSpec {
            name: names[0].clone(),
            max: 3,
            subnets: group.subnets.to_vec(),
            tags: group.tags.clone(),
            refresh: Some(RefreshStatus::InProgress),
            ..GroupSpec::default()
        };
        state.auto_scaling.put_group(spec, now).unwrap();
    });
    let report = pipeline.command(evacuate("use1-az1")).await.unwrap();
    let refused: Vec<String> = report.prunes[0]
        .refusals()
        .map(|(group, refusal)| format!("{group}: {refusal}"))
        .collect();
    assert_eq!(
        refused,
        ["worker-000: an instance refresh is in progress (InProgress); wait for it or cancel it"]
    );
    assert_eq!(pipeline.subnets_of("worker-000").len(), 3);
    assert_eq!(pipeline.subnets().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_does_not_exist_is_an_error_and_the_others_are_pruned() {
    let pipeline = Pipeline::at_peace();
    let mut workload = pipeline.stage.workload.clone();
    workload["autoScalingGroups"] = json!({"names": [GROUP, "wildrydes-gone"]});
    let payload = json!({"workload": workload, "command": evacuate("use1-az1")});
    let error = pipeline.classify(payload).await.unwrap_err();
    assert_eq!(error.error_type, "not-found");
    assert!(
        error
            .error_message
            .contains("there is no group wildrydes-gone"),
        "{}",
        error.error_message
    );
    assert_eq!(pipeline.subnets().len(), 2);
    let payload = json!({"workload": workload, "command": fail_back()});
    pipeline.classify(payload).await.unwrap();
    assert_eq!(
        pipeline.subnets().len(),
        3,
        "what is gone needs no restoring"
    );
}

#[tokio::test(start_paused = true)]
async fn groups_of_every_page_are_pruned_and_restored() {
    let mut names = Vec::new();
    let pipeline = Pipeline::at_peace_with(|stage| names = add_groups(stage, 250));
    pipeline.command(evacuate("use1-az1")).await.unwrap();
    for name in &names {
        assert_eq!(pipeline.subnets_of(name).len(), 2, "{name}");
    }
    pipeline.minutes(1).await;
    pipeline.command(fail_back()).await.unwrap();
    for name in &names {
        assert_eq!(pipeline.subnets_of(name).len(), 3, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_deadline_cuts_off_is_an_error_and_the_tick_goes_on() {
    let mut names = Vec::new();
    let pipeline = Pipeline::at_peace_with(|stage| names = add_groups(stage, 200));
    pipeline.region().inject(
        ApiFault::of(Service::AutoScaling, FaultKind::TimeoutBefore).on("CreateOrUpdateTags"),
    );
    let error = pipeline.command(evacuate("use1-az1")).await.unwrap_err();
    assert!(
        error
            .error_message
            .contains("listed groups and further groups not reached in time"),
        "{}",
        error.error_message
    );
    assert_eq!(
        pipeline.shifted(),
        ["use1-az1"],
        "traffic is away all the same"
    );
    pipeline.region().clear_faults();
    pipeline.minutes(6).await;
    for name in &names {
        assert_eq!(pipeline.subnets_of(name).len(), 2, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_prune_that_failed_is_finished_by_the_tick_although_the_alarm_is_ok() {
    let pipeline = Pipeline::at_peace();
    pipeline.region().inject(
        ApiFault::of(Service::AutoScaling, FaultKind::AccessDenied)
            .on("CreateOrUpdateTags")
            .times(1),
    );
    pipeline.set_alarm(AZ1_ALARM, StateValue::Alarm);
    let event = pipeline.alarm_event("use1-az1");
    pipeline.classify(event.clone()).await.unwrap_err();
    assert_eq!(pipeline.subnets().len(), 3);
    // Without traffic, the alarm recovers.
    pipeline.set_alarm(AZ1_ALARM, StateValue::Ok);
    let report = pipeline.classify(event).await.unwrap();
    assert_eq!(report.verdict.code(), "notProvenWell", "Lambda tries again");
    assert_eq!(pipeline.subnets().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_shift_is_renewed_before_it_ends() {
    let pipeline =
        Pipeline::at_peace_with(|stage| stage.workload["policy"]["expiresIn"] = json!("20m"));
    pipeline.command(evacuate("use1-az1")).await.unwrap();
    pipeline.minutes(65).await;
    assert_eq!(
        pipeline.shifted(),
        ["use1-az1"],
        "three times its length later"
    );
    assert_eq!(pipeline.subnets().len(), 2);
    assert_eq!(
        pipeline.subjects().last().unwrap(),
        "[evac] wildrydes: traffic stays away from use1-az1"
    );
}

// 4. What was removed is written down before it is removed, and restore is current ∪ removed.

#[tokio::test(start_paused = true)]
async fn what_is_to_be_removed_is_on_record_even_if_the_removal_fails() {
    let pipeline = Pipeline::at_peace();
    pipeline.region().inject(
        ApiFault::of(Service::AutoScaling, FaultKind::AccessDenied).on("UpdateAutoScalingGroup"),
    );
    pipeline.command(evacuate("use1-az1")).await.unwrap_err();
    assert_eq!(pipeline.subnets().len(), 3);
    assert_eq!(pipeline.record().len(), 2, "the incident, and the subnet");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_deleted_while_the_group_is_pruned_is_written_again() {
    let pipeline = Pipeline::at_peace();
    pipeline.region().inject(
        ApiFault::of(Service::AutoScaling, FaultKind::TimeoutBefore)
            .on("UpdateAutoScalingGroup")
            .times(1),
    );
    // While the update is tried again: by a restore that finds nothing missing yet, or by a person.
    let deleted = async {
        while pipeline.record().is_empty() {
            tokio::task::yield_now().await;
        }
        pipeline.delete_record_as_person();
    };
    let (evacuated, ()) = tokio::join!(pipeline.command(evacuate("use1-az1")), deleted);
    let error = evacuated.unwrap_err();
    assert!(
        error.error_message.contains("lost the record of its prune"),
        "{}",
        error.error_message
    );
    assert_eq!(pipeline.subnets().len(), 2);
    assert_eq!(pipeline.record().len(), 2, "the incident, and the subnet");
    pipeline.command(fail_back()).await.unwrap();
    pipeline.minutes(10).await;
    assert_eq!(pipeline.subnets().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_removed_when_it_cannot_be_written_down() {
    let pipeline = Pipeline::at_peace();
    pipeline
        .region()
        .inject(ApiFault::of(Service::AutoScaling, FaultKind::Internal).on("CreateOrUpdateTags"));
    pipeline.command(evacuate("use1-az1")).await.unwrap_err();
    assert_eq!(pipeline.subnets().len(), 3);
    assert!(!pipeline.mutating().contains(&"UpdateAutoScalingGroup"));
}

#[tokio::test(start_paused = true)]
async fn fail_back_restores_what_was_removed_and_keeps_what_people_changed() {
    let pipeline = Pipeline::at_peace();
    let before = pipeline.subnets();
    pipeline.command(evacuate("use1-az1")).await.unwrap();
    let during = pipeline.subnets();
    pipeline.minutes(5).await;
    // Somebody takes another zone out meanwhile.
    pipeline.leave_zone_as_person("use1-az3");
    let kept = pipeline.subnets();
    assert_eq!((before.len(), during.len(), kept.len()), (3, 2, 1));
    pipeline.command(fail_back()).await.unwrap();
    pipeline.minutes(10).await;
    let restored: Vec<String> = before
        .iter()
        .filter(|subnet| !during.contains(subnet) || kept.contains(subnet))
        .cloned()
        .collect();
    assert_eq!(pipeline.subnets(), restored);
    assert_eq!(pipeline.record(), []);
    assert_eq!(pipeline.shifted(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn traffic_returns_only_after_capacity_has() {
    let pipeline = Pipeline::at_peace();
    pipeline.command(evacuate("use1-az1")).await.unwrap();
    pipeline.minutes(10).await;
    let report = pipeline.command(fail_back()).await.unwrap();
    assert!(report.waiting_for_capacity, "instances have to start first");
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
    // The tick carries on.
    pipeline.minutes(11).await;
    assert_eq!(pipeline.shifted(), [""; 0]);
    assert_eq!(
        pipeline.subjects().last().unwrap(),
        "[evac] wildrydes: evacuation of use1-az1 ended"
    );
}

// 6. Duplicates and reordering change nothing.

#[tokio::test(start_paused = true)]
async fn a_repeated_event_changes_nothing() {
    let pipeline = Pipeline::at_peace();
    pipeline.set_alarm(AZ1_ALARM, StateValue::Alarm);
    let event = pipeline.alarm_event("use1-az1");
    pipeline.classify(event.clone()).await.unwrap();
    let changed = (
        pipeline.mutating(),
        pipeline.subnets(),
        pipeline.record(),
        pipeline.shifted(),
    );
    for _ in 0..3 {
        pipeline.minutes(3).await;
        pipeline.classify(event.clone()).await.unwrap();
        assert_eq!(
            (
                pipeline.mutating(),
                pipeline.subnets(),
                pipeline.record(),
                pipeline.shifted()
            ),
            changed
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_event_twice_at_once_has_one_effect() {
    let pipeline = Pipeline::at_peace();
    pipeline.set_alarm(AZ1_ALARM, StateValue::Alarm);
    let event = pipeline.alarm_event("use1-az1");
    let (first, second) = tokio::join!(pipeline.classify(event.clone()), pipeline.classify(event));
    assert!(matches!(first.unwrap().verdict, Verdict::Evacuate { .. }));
    assert!(matches!(second.unwrap().verdict, Verdict::Evacuate { .. }));
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
    assert_eq!(pipeline.subnets().len(), 2);
    assert_eq!(pipeline.record().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_after_the_fail_back_does_not_evacuate_again() {
    let pipeline = Pipeline::at_peace();
    pipeline.set_alarm(AZ1_ALARM, StateValue::Alarm);
    let event = pipeline.alarm_event("use1-az1");
    pipeline.classify(event.clone()).await.unwrap();
    pipeline.minutes(10).await;
    pipeline.command(fail_back()).await.unwrap();
    let report = pipeline.classify(event).await.unwrap();
    assert_eq!(report.verdict.code(), "ended");
    assert_eq!(pipeline.subnets().len(), 3);
    // The fail-back is finished, the alarm is in ALARM still, and the zone stays as people want it.
    pipeline.minutes(30).await;
    assert_eq!(pipeline.shifted(), [""; 0]);
    assert_eq!(pipeline.subnets().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn deliveries_that_come_twice_late_and_out_of_order_have_one_effect() {
    let pipeline = Pipeline::at_peace();
    let fault = |effect| DeliveryFault {
        rule: Some("wildrydes".to_owned()),
        function: None,
        effect,
        times: 1,
    };
    {
        let mut state = pipeline.region().state();
        let after = SignedDuration::from_secs(90);
        state
            .events
            .inject(fault(DeliveryEffect::Duplicate { after }));
    }
    pipeline.set_alarm(AZ1_ALARM, StateValue::Alarm);
    pipeline.minutes(11).await;
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
    assert_eq!(
        pipeline.mutating(),
        [
            "StartZonalShift",
            "CreateOrUpdateTags",
            "UpdateAutoScalingGroup"
        ]
    );
    let state = pipeline.region().state();
    let events = state.lambda.invocations().filter(|invocation| {
        invocation.function == CLASSIFIER && invocation.payload.get("event").is_some()
    });
    assert_eq!(events.count(), 2, "it did come twice");
}

// 7. Evac ends only its own shifts; a person's action wins.

#[tokio::test(start_paused = true)]
async fn a_persons_shift_is_neither_ended_nor_replaced() {
    let pipeline = Pipeline::at_peace();
    pipeline.shift_as_person("use1-az2");
    pipeline.set_alarm(AZ1_ALARM, StateValue::Alarm);
    let report = pipeline
        .classify(pipeline.alarm_event("use1-az1"))
        .await
        .unwrap();
    assert_eq!(report.verdict.code(), "otherZoneShifted");
    let report = pipeline.command(fail_back()).await.unwrap();
    assert_eq!(report.verdict.code(), "notOurs");
    assert_eq!(pipeline.shifted(), ["use1-az2"]);
    assert_eq!(pipeline.mutating(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_a_person_ended_stays_ended_while_the_alarm_lasts() {
    let pipeline = Pipeline::at_peace();
    pipeline.set_alarm(AZ1_ALARM, StateValue::Alarm);
    let event = pipeline.alarm_event("use1-az1");
    pipeline.classify(event.clone()).await.unwrap();
    pipeline.cancel_as_person();
    // Neither the event again nor the ticks shift again; the prune is undone, since traffic is back.
    pipeline.classify(event).await.unwrap();
    pipeline.minutes(11).await;
    assert_eq!(pipeline.shifted(), [""; 0]);
    assert_eq!(pipeline.subnets().len(), 3);
    assert_eq!(pipeline.record(), []);
}

// 8. A dry drill and observe mode perform no mutating AWS call.

#[tokio::test(start_paused = true)]
async fn a_dry_drill_changes_nothing() {
    let pipeline = Pipeline::at_peace();
    let dry = json!({"action": "evacuate", "zone": "use1-az1", "reason": "game day", "drill": true, "dryRun": true});
    let report = pipeline.command(dry).await.unwrap();
    assert!(matches!(report.verdict, Verdict::Evacuate { .. }));
    assert!(report.is_dry());
    assert_eq!(pipeline.mutating(), [""; 0]);
    assert!(
        pipeline
            .calls(Service::AutoScaling)
            .contains(&"DescribeAutoScalingGroups"),
        "it looked, all the same"
    );
}

#[tokio::test(start_paused = true)]
async fn mode_observe_changes_nothing_whatever_is_asked() {
    let pipeline = Pipeline::at_peace();
    let workload = pipeline.workload(&json!({"mode": "observe"}));
    pipeline.set_alarm(AZ1_ALARM, StateValue::Alarm);
    let mut event = pipeline.alarm_event("use1-az1");
    event["workload"] = workload.clone();
    pipeline.classify(event).await.unwrap();
    for command in [
        evacuate("use1-az1"),
        fail_back(),
        json!({"action": "reconcile", "reason": "schedule"}),
    ] {
        pipeline
            .classify(json!({"workload": workload, "command": command}))
            .await
            .unwrap();
    }
    assert_eq!(pipeline.mutating(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn mode_observe_rehearses_the_end_of_what_is_in_force() {
    let pipeline = Pipeline::at_peace();
    pipeline.command(evacuate("use1-az1")).await.unwrap();
    let before = pipeline.mutating();
    let workload = pipeline.workload(&json!({"mode": "observe"}));
    let payload = json!({"workload": workload, "command": fail_back()});
    let report = pipeline.classify(payload).await.unwrap();
    assert!(report.is_dry());
    assert_eq!(report.shifts.len(), 2, "the extension and the end");
    assert_eq!(report.prunes.len(), 1);
    assert_eq!(pipeline.mutating(), before);
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
}

#[tokio::test(start_paused = true)]
async fn explain_calls_nothing_that_changes_anything_and_tells_nobody() {
    let pipeline = Pipeline::at_peace();
    pipeline.set_alarm(AZ1_ALARM, StateValue::Alarm);
    let report = pipeline
        .command(json!({"action": "explain", "reason": "asking"}))
        .await
        .unwrap();
    assert!(matches!(report.verdict, Verdict::Evacuate { .. }));
    assert_eq!(pipeline.mutating(), [""; 0]);
    assert_eq!(pipeline.subjects(), [""; 0]);
}

// 9. Every failure is seen.

#[tokio::test(start_paused = true)]
async fn every_step_that_fails_is_an_error_of_its_class() {
    let cases = [
        (
            Service::CloudWatch,
            "DescribeAlarms",
            FaultKind::AccessDenied,
            "access-denied",
        ),
        (
            Service::ArcZonalShift,
            "GetManagedResource",
            FaultKind::Throttle,
            "throttled",
        ),
        (
            Service::ArcZonalShift,
            "StartZonalShift",
            FaultKind::AccessDenied,
            "access-denied",
        ),
        (
            Service::ArcZonalShift,
            "StartZonalShift",
            FaultKind::TimeoutBefore,
            "timeout",
        ),
        (
            Service::AutoScaling,
            "DescribeAutoScalingGroups",
            FaultKind::Internal,
            "unavailable",
        ),
        (
            Service::AutoScaling,
            "CreateOrUpdateTags",
            FaultKind::AccessDenied,
            "access-denied",
        ),
        (
            Service::AutoScaling,
            "UpdateAutoScalingGroup",
            FaultKind::Throttle,
            "throttled",
        ),
        (Service::Sns, "Publish", FaultKind::Internal, "unavailable"),
    ];
    for (service, operation, kind, class) in cases {
        let pipeline = Pipeline::at_peace();
        pipeline
            .region()
            .inject(ApiFault::of(service, kind).on(operation));
        pipeline.set_alarm(AZ1_ALARM, StateValue::Alarm);
        let event = pipeline.alarm_event("use1-az1");
        let error = pipeline.classify(event).await.unwrap_err();
        assert_eq!(
            error.error_type, class,
            "{operation}: {}",
            error.error_message
        );
    }
}

/// An event says by itself that its alarm is muted; the tick and a person have to ask.
#[tokio::test(start_paused = true)]
async fn an_alarm_that_is_muted_moves_nothing() {
    let window = |muted: bool| {
        let pipeline = Pipeline::at_peace();
        {
            let mut state = pipeline.region().state();
            let now = state.now();
            let (start, end) = if muted {
                (now, now + SignedDuration::from_hours(1))
            } else {
                (
                    now + SignedDuration::from_hours(1),
                    now + SignedDuration::from_hours(2),
                )
            };
            // So many that they do not fit on one page, and the one in force is the last.
            for number in 0..120 {
                let name = format!("deploy-{number:03}");
                let last = number == 119;
                let later = now + SignedDuration::from_hours(3 + number);
                let rule = MuteRule {
                    name,
                    description: None,
                    alarm_names: vec![AZ1_ALARM.to_owned()],
                    start: if last { start } else { later },
                    end: if last {
                        end
                    } else {
                        later + SignedDuration::from_hours(1)
                    },
                };
                state.cloudwatch.put_mute_rule(rule, now).unwrap();
            }
        }
        pipeline
    };
    for (muted, shifted) in [(true, vec![]), (false, vec!["use1-az1"])] {
        let pipeline = window(muted);
        pipeline.set_alarm(AZ1_ALARM, StateValue::Alarm);
        let tick = json!({"action": "reconcile", "reason": "schedule"});
        pipeline.command(tick).await.unwrap();
        assert_eq!(pipeline.shifted(), shifted, "muted: {muted}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_failures_the_one_that_a_person_has_to_mend_is_the_error() {
    let pipeline = Pipeline::at_peace();
    let inject = |fault: ApiFault, operation| pipeline.region().inject(fault.on(operation));
    inject(
        ApiFault::of(Service::AutoScaling, FaultKind::Internal),
        "UpdateAutoScalingGroup",
    );
    inject(
        ApiFault::of(Service::Sns, FaultKind::AccessDenied),
        "Publish",
    );
    let (log, lines) = keeping_log();
    let _logging = tracing::subscriber::set_default(log);
    let error = pipeline.command(evacuate("use1-az1")).await.unwrap_err();
    assert_eq!(error.error_type, "access-denied", "{}", error.error_message);
    assert!(error.error_message.contains("unavailable"));
    let lines = String::from_utf8(lines.lock().unwrap().clone()).unwrap();
    let mut lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let verdict = lines.find(|line: &Value| line.get("verdict").is_some());
    let verdict = verdict.unwrap();
    assert_eq!(verdict["verdict"], "evacuate", "{verdict}");
    assert_eq!(verdict["zone"], "use1-az1", "{verdict}");
}

/// The verdict of the fast path is logged before ARC is asked; what ARC then shows in the way is the
/// verdict, and whoever reads the log later has to find it there.
#[tokio::test(start_paused = true)]
async fn a_verdict_that_changes_on_the_way_is_in_the_log_as_it_ended() {
    let pipeline = Pipeline::at_peace();
    pipeline.shift_as_person("use1-az2");
    pipeline.set_alarm(AZ1_ALARM, StateValue::Alarm);
    let (log, lines) = keeping_log();
    let _logging = tracing::subscriber::set_default(log);
    let event = pipeline.alarm_event("use1-az1");
    let report = pipeline.classify(event).await.unwrap();
    assert_eq!(report.verdict.name(), "hold");
    let lines = String::from_utf8(lines.lock().unwrap().clone()).unwrap();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let verdicts: Vec<Value> = lines
        .filter(|line: &Value| line.get("verdict").is_some())
        .collect();
    let last = verdicts.last().unwrap();
    assert_eq!(last["message"], report.sentence, "{verdicts:?}");
    assert_eq!(last["at"], report.at.to_string());
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_cannot_be_read_is_acted_on_where_the_policy_says_so() {
    for kind in [FaultKind::TimeoutBefore, FaultKind::Internal] {
        let pipeline = Pipeline::at_peace();
        pipeline.set_alarm(AZ1_ALARM, StateValue::Alarm);
        let mut event = pipeline.alarm_event("use1-az1");
        pipeline
            .region()
            .inject(ApiFault::of(Service::CloudWatch, kind));
        let error = pipeline.classify(event.clone()).await.unwrap_err();
        assert!(error.error_message.contains("the alarms cannot be read"));
        assert_eq!(
            pipeline.subjects(),
            ["[evac] wildrydes: use1-az1 in alarm, NOT evacuated"]
        );
        event["workload"] = pipeline.workload(&json!({"withoutAlarms": "act"}));
        let report = pipeline.classify(event).await.unwrap();
        assert!(matches!(report.verdict, Verdict::Evacuate { .. }));
        assert_eq!(report.unread.len(), 1, "it is told, all the same");
        assert_eq!(pipeline.shifted(), ["use1-az1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_to_people_too() {
    let pipeline = Pipeline::at_peace();
    pipeline.region().inject(
        ApiFault::of(Service::ArcZonalShift, FaultKind::AccessDenied).on("StartZonalShift"),
    );
    pipeline.command(evacuate("use1-az1")).await.unwrap_err();
    assert_eq!(
        pipeline.subjects(),
        ["[evac] wildrydes: evacuate use1-az1 FAILED"]
    );
}

#[tokio::test(start_paused = true)]
async fn people_who_cannot_be_told_do_not_keep_traffic_in_a_bad_zone() {
    let pipeline = Pipeline::at_peace();
    pipeline
        .region()
        .inject(ApiFault::of(Service::Sns, FaultKind::Internal));
    pipeline.command(evacuate("use1-az1")).await.unwrap_err();
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
    assert_eq!(pipeline.subnets().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_fails_is_tried_again_and_succeeds() {
    let pipeline = Pipeline::at_peace();
    // The first invocation fails with all of its attempts, and not the next one a minute later.
    let back = pipeline.region().now() + SignedDuration::from_secs(50);
    pipeline.region().inject(ApiFault {
        until: Some(back),
        ..ApiFault::of(Service::ArcZonalShift, FaultKind::Internal).on("StartZonalShift")
    });
    pipeline.set_alarm(AZ1_ALARM, StateValue::Alarm);
    pipeline
        .region()
        .advance(SignedDuration::from_secs(2))
        .await;
    assert_eq!(pipeline.shifted(), [""; 0]);
    pipeline.minutes(2).await;
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
    assert_eq!(pipeline.subnets().len(), 2);
    assert!(pipeline.region().state().lambda.dead_letters().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_event_that_keeps_failing_becomes_a_dead_letter() {
    let pipeline = Pipeline::at_peace();
    enqueue(&pipeline, json!({"workload": {}, "event": {}}));
    pipeline.minutes(4).await;
    let state = pipeline.region().state();
    let dead = state.lambda.dead_letters();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].failure.error_type, "bad-input");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_got_lost_is_not_believed_to_be_a_failure() {
    for (service, operation) in [
        (Service::ArcZonalShift, "StartZonalShift"),
        (Service::AutoScaling, "CreateOrUpdateTags"),
        (Service::AutoScaling, "UpdateAutoScalingGroup"),
    ] {
        let pipeline = Pipeline::at_peace();
        pipeline.region().inject(
            ApiFault::of(service, FaultKind::TimeoutAfter)
                .on(operation)
                .times(1),
        );
        pipeline
            .command(evacuate("use1-az1"))
            .await
            .unwrap_or_else(|error| panic!("{operation}: {}", error.error_message));
        assert_eq!(pipeline.shifted(), ["use1-az1"], "{operation}");
        assert_eq!(pipeline.subnets().len(), 2, "{operation}");
    }
}

fn enqueue(pipeline: &Pipeline, payload: Value) {
    let mut state = pipeline.region().state();
    let now = state.now();
    state.lambda.enqueue(CLASSIFIER, payload, now);
}
