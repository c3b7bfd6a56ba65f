//! The two functions that act, each called alone, in situations in which a call does not end as it
//! began: somebody acts meanwhile, an answer gets lost, a list has more pages than one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is the tests' own code, and a test may panic"
)]

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use asg_pruning::AsgPruning;
use domain::AccountId;
use domain::failure::Class;
use domain::prune::{self, PruneAnswer, Refusal};
use domain::shift::{Outcome, ShiftAnswer, ShiftKind};
use pipeline_tests::{Pipeline, add_groups, add_resource, connections};
use region::fault::{ApiFault, FaultKind};
use region::operation::Service;
use region::stage::{ASG_PRUNING, GROUP, ZONAL_SHIFT};
use runtime::clients::ATTEMPTS;
use runtime::invocation::Invocation;
use runtime::telemetry::keeping_log;
use serde_json::{Value, json};

const THIS: &str = "wildrydes/use1-az1/20261124T092000Z";
const EARLIER: &str = "wildrydes/use1-az1/20261124T080000Z";

fn with(mut request: Value, more: &Value) -> Value {
    let fields = more.as_object().unwrap().clone();
    request.as_object_mut().unwrap().extend(fields);
    request
}

/// Asks zonal-shift.
async fn shift(pipeline: &Pipeline, action: Value) -> ShiftAnswer {
    let request = json!({
        "schema": "evac.zonal-shift.request/1",
        "workload": "wildrydes",
        "resources": pipeline.stage.workload["resources"],
    });
    let request = with(request, &action);
    let answer = pipeline.region().invoke_function(ZONAL_SHIFT, request);
    serde_json::from_value(answer.await.unwrap()).unwrap()
}

/// A request to asg-pruning about these groups.
fn about(pipeline: &Pipeline, names: &[String], action: &Value) -> Value {
    let request = json!({
        "schema": "evac.asg-pruning.request/1",
        "workload": "wildrydes",
        "zones": pipeline.stage.workload["zones"],
        "groups": {"names": names},
        "minZones": 2,
    });
    with(request, action)
}

/// Asks asg-pruning about these groups.
async fn groups(pipeline: &Pipeline, names: &[String], action: Value) -> PruneAnswer {
    let request = about(pipeline, names, &action);
    let answer = pipeline.region().invoke_function(ASG_PRUNING, request);
    serde_json::from_value(answer.await.unwrap()).unwrap()
}

fn start(incident: &str) -> Value {
    json!({"action": "shift", "incident": incident, "expiresIn": "6h"})
}

fn cancel() -> Value {
    json!({"action": "cancel", "incident": THIS})
}

fn extend() -> Value {
    json!({"action": "extend", "incident": THIS, "expiresIn": "9h", "phase": "evacuate"})
}

/// Does something while a call of this operation of ARC waits for an answer that does not come. The
/// client tries again, and meets what was done.
async fn meanwhile<A>(
    pipeline: &Pipeline,
    operation: &str,
    call: impl Future<Output = A>,
    act: impl FnOnce(&Pipeline),
) -> A {
    while_waiting(pipeline, Service::ArcZonalShift, operation, call, act).await
}

/// The same for a call of any service.
async fn while_waiting<A>(
    pipeline: &Pipeline,
    service: Service,
    operation: &str,
    call: impl Future<Output = A>,
    act: impl FnOnce(&Pipeline),
) -> A {
    let lost = ApiFault::of(service, FaultKind::TimeoutBefore).on(operation);
    pipeline.region().inject(lost.times(1));
    let acting = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        act(pipeline);
    };
    tokio::join!(call, acting).0
}

fn outcomes(answer: &ShiftAnswer) -> Vec<&Outcome> {
    answer
        .resources
        .iter()
        .map(|report| &report.outcome)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn whoever_shifts_first_holds_the_lock_also_between_reading_and_starting() {
    let pipeline = Pipeline::at_peace();
    let call = shift(&pipeline, start(THIS));
    let answer = meanwhile(&pipeline, "StartZonalShift", call, |pipeline| {
        pipeline.shift_as_person("use1-az2");
    })
    .await;
    assert!(
        matches!(outcomes(&answer)[..], [Outcome::HeldByOther { zone, .. }] if zone == "use1-az2"),
        "{answer:?}"
    );
    assert!(!answer.in_effect);
    assert_eq!(pipeline.shifted(), ["use1-az2"]);
}

#[tokio::test(start_paused = true)]
async fn a_person_who_shifts_away_from_the_same_zone_meanwhile_has_done_it() {
    let pipeline = Pipeline::at_peace();
    let call = shift(&pipeline, start(THIS));
    let answer = meanwhile(&pipeline, "StartZonalShift", call, |pipeline| {
        pipeline.shift_as_person("use1-az1");
    })
    .await;
    assert!(
        matches!(
            outcomes(&answer)[..],
            [Outcome::AlreadyShifted { ours: false, .. }]
        ),
        "{answer:?}"
    );
    assert!(answer.in_effect);
}

#[tokio::test(start_paused = true)]
async fn a_shift_that_ended_while_it_was_being_updated_is_started_anew() {
    let pipeline = Pipeline::at_peace();
    shift(&pipeline, with(start(EARLIER), &json!({"drill": true}))).await;
    let call = shift(&pipeline, start(THIS));
    let answer = meanwhile(
        &pipeline,
        "UpdateZonalShift",
        call,
        Pipeline::cancel_as_person,
    )
    .await;
    assert!(
        matches!(outcomes(&answer)[..], [Outcome::Started { .. }]),
        "{answer:?}"
    );
    assert!(answer.in_effect);
    assert_eq!(pipeline.shifted(), ["use1-az1"]);
}

#[tokio::test(start_paused = true)]
async fn an_update_whose_answers_get_lost_is_found_to_be_done() {
    let pipeline = Pipeline::at_peace();
    shift(&pipeline, with(start(EARLIER), &json!({"drill": true}))).await;
    pipeline.region().inject(
        ApiFault::of(Service::ArcZonalShift, FaultKind::TimeoutAfter).on("UpdateZonalShift"),
    );
    let answer = shift(&pipeline, start(THIS)).await;
    assert!(
        matches!(
            outcomes(&answer)[..],
            [Outcome::Extended {
                expires_at: Some(_),
                ..
            }]
        ),
        "{answer:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_shift_that_never_started_is_a_failure_and_none_of_the_others_begins() {
    let pipeline = Pipeline::at_peace_with(|stage| drop(add_resource(stage, "api")));
    pipeline.region().inject(
        ApiFault::of(Service::ArcZonalShift, FaultKind::TimeoutBefore).on("StartZonalShift"),
    );
    let answer = shift(&pipeline, start(THIS)).await;
    assert!(
        matches!(
            outcomes(&answer)[..],
            [
                Outcome::Failed {
                    class: Class::Timeout,
                    ..
                },
                Outcome::NotStarted { .. }
            ]
        ),
        "{answer:?}"
    );
    assert_eq!(pipeline.shifted(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_shift_that_ended_cannot_be_extended_and_that_is_no_failure() {
    let pipeline = Pipeline::at_peace();
    shift(&pipeline, start(THIS)).await;
    let call = shift(&pipeline, extend());
    let answer = meanwhile(
        &pipeline,
        "UpdateZonalShift",
        call,
        Pipeline::cancel_as_person,
    )
    .await;
    assert!(
        matches!(outcomes(&answer)[..], [Outcome::NotShifted]),
        "{answer:?}"
    );
    let pipeline = Pipeline::at_peace();
    shift(&pipeline, start(THIS)).await;
    pipeline.region().inject(
        ApiFault::of(Service::ArcZonalShift, FaultKind::AccessDenied).on("UpdateZonalShift"),
    );
    let answer = shift(&pipeline, extend()).await;
    assert!(
        matches!(
            outcomes(&answer)[..],
            [Outcome::Failed {
                class: Class::AccessDenied,
                ..
            }]
        ),
        "{answer:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_person_ended_meanwhile_is_ended() {
    let pipeline = Pipeline::at_peace();
    shift(&pipeline, start(THIS)).await;
    let call = shift(&pipeline, cancel());
    let answer = meanwhile(
        &pipeline,
        "CancelZonalShift",
        call,
        Pipeline::cancel_as_person,
    )
    .await;
    assert!(
        matches!(outcomes(&answer)[..], [Outcome::Cancelled { .. }]),
        "{answer:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_shift_that_cannot_be_cancelled_is_a_failure_and_the_lead_stays() {
    let pipeline = Pipeline::at_peace_with(|stage| drop(add_resource(stage, "api")));
    shift(&pipeline, start(THIS)).await;
    assert_eq!(pipeline.shifted().len(), 2);
    let refused = ApiFault::of(Service::ArcZonalShift, FaultKind::AccessDenied);
    pipeline
        .region()
        .inject(refused.on("CancelZonalShift").times(1));
    let answer = shift(&pipeline, cancel()).await;
    assert!(
        matches!(
            outcomes(&answer)[..],
            [
                Outcome::NotStarted { .. },
                Outcome::Failed {
                    class: Class::AccessDenied,
                    ..
                }
            ]
        ),
        "{answer:?}"
    );
    pipeline.region().inject(
        ApiFault::of(Service::ArcZonalShift, FaultKind::TimeoutBefore).on("CancelZonalShift"),
    );
    let answer = shift(&pipeline, cancel()).await;
    assert!(
        matches!(
            outcomes(&answer)[..],
            [
                Outcome::NotStarted { .. },
                Outcome::Failed {
                    class: Class::Timeout,
                    ..
                }
            ]
        ),
        "{answer:?}"
    );
    assert_eq!(pipeline.shifted().len(), 2);
    pipeline.region().clear_faults();
    shift(&pipeline, cancel()).await;
    assert_eq!(pipeline.shifted(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_force_is_read_with_its_kind_and_whether_it_applies() {
    let pipeline = Pipeline::at_peace();
    let status = || async {
        let answer = shift(&pipeline, json!({"action": "status"})).await;
        let shifts = answer.resources[0].shifts.iter();
        shifts
            .map(|shift| (shift.kind.clone(), shift.applied, shift.id.is_some()))
            .collect::<Vec<_>>()
    };
    assert_eq!(status().await, []);
    {
        let mut state = pipeline.region().state();
        let now = state.now();
        let zone = "use1-az1".parse().unwrap();
        let lasts = jiff::SignedDuration::from_mins(30);
        state.arc.start_experiment(&zone, lasts, now);
    }
    assert_eq!(status().await, [(ShiftKind::FisExperiment, true, true)]);
    {
        let mut state = pipeline.region().state();
        let now = state.now();
        state.arc.end_experiment(&"use1-az1".parse().unwrap(), now);
        state.arc.start_autoshift(&"use1-az1".parse().unwrap(), now);
    }
    let autoshift = status().await;
    assert!(
        autoshift
            .iter()
            .all(|(kind, applied, _)| *kind == ShiftKind::Autoshift && *applied),
        "{autoshift:?}"
    );
    pipeline.shift_as_person("use1-az1");
    let both = status().await;
    for (kind, applied, _) in &both {
        assert_eq!(*applied, *kind == ShiftKind::Customer, "{both:?}");
    }
    assert!(both.len() >= 2, "{both:?}");
}

#[tokio::test(start_paused = true)]
async fn an_incident_that_was_ended_long_ago_is_found_on_a_later_page() {
    let pipeline = Pipeline::at_peace();
    shift(&pipeline, start(THIS)).await;
    pipeline.cancel_as_person();
    for _ in 0..120 {
        pipeline.shift_as_person("use1-az2");
        pipeline.cancel_as_person();
    }
    let lists = || {
        let calls = pipeline.calls(Service::ArcZonalShift);
        calls
            .iter()
            .filter(|call| **call == "ListZonalShifts")
            .count()
    };
    let before = lists();
    let answer = shift(&pipeline, start(THIS)).await;
    assert_eq!(lists() - before, 2, "121 shifts, 100 a page");
    assert!(
        matches!(
            outcomes(&answer)[..],
            [Outcome::HeldByOther {
                kind: ShiftKind::Ended,
                ..
            }]
        ),
        "{answer:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_workload_of_more_groups_than_one_call_names_is_pruned_whole() {
    let mut names = Vec::new();
    let pipeline = Pipeline::at_peace_with(|stage| names = add_groups(stage, 60));
    names.push("gone".to_owned());
    let prune = json!({"action": "prune", "incident": THIS});
    let answer = groups(&pipeline, &names, prune).await;
    let pruned = answer
        .groups
        .iter()
        .filter(|report| matches!(report.outcome, prune::Outcome::Pruned { .. }));
    assert_eq!(pruned.count(), 60);
    let failures: Vec<(&str, Class)> = answer
        .failures()
        .map(|(group, failure)| (group, failure.class))
        .collect();
    assert_eq!(failures, [("gone", Class::NotFound)]);
    let subnets: BTreeSet<usize> = names[..60]
        .iter()
        .map(|name| pipeline.subnets_of(name).len())
        .collect();
    assert_eq!(subnets, [2].into());
    // What is gone needs no restoring.
    let restore = json!({"action": "restore", "incident": THIS});
    let answer = groups(&pipeline, &names, restore).await;
    assert_eq!(answer.groups.len(), 60);
    assert_eq!(answer.failures().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_a_group_is_believed_when_it_is_seen() {
    let prune = || json!({"action": "prune", "incident": THIS});
    for (kind, pruned, class) in [
        (FaultKind::TimeoutAfter, true, None),
        (FaultKind::TimeoutBefore, false, Some(Class::Timeout)),
        (FaultKind::AccessDenied, false, Some(Class::AccessDenied)),
        (FaultKind::Internal, false, Some(Class::Unavailable)),
    ] {
        let pipeline = Pipeline::at_peace();
        let fault = ApiFault::of(Service::AutoScaling, kind).on("UpdateAutoScalingGroup");
        pipeline.region().inject(fault);
        let answer = groups(&pipeline, &[GROUP.to_owned()], prune()).await;
        assert_eq!(pipeline.subnets().len() == 2, pruned, "{kind:?}");
        let failure = answer.failures().next().map(|(_, failure)| failure.class);
        assert_eq!(failure, class, "{kind:?}: {answer:?}");
        assert!(
            !pipeline.record().is_empty(),
            "{kind:?}: it may have been done"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_being_deleted_is_left() {
    let pipeline = Pipeline::at_peace();
    pipeline
        .region()
        .state()
        .auto_scaling
        .begin_delete(GROUP)
        .unwrap();
    let prune = json!({"action": "prune", "incident": THIS});
    let answer = groups(&pipeline, &[GROUP.to_owned()], prune).await;
    let refusals: Vec<&Refusal> = answer.refusals().map(|(_, refusal)| refusal).collect();
    assert_eq!(refusals, [&Refusal::BeingDeleted]);
}

#[tokio::test(start_paused = true)]
async fn a_restored_group_is_told_with_the_capacity_that_the_zone_has() {
    let pipeline = Pipeline::at_peace();
    let names = [GROUP.to_owned()];
    // While the shift is in force, the tick leaves the prune alone.
    shift(&pipeline, start(THIS)).await;
    let prune = json!({"action": "prune", "incident": THIS});
    let answer = groups(&pipeline, &names, prune).await;
    assert_eq!(answer.groups[0].capacity, None);
    pipeline.minutes(15).await;
    let restore = json!({"action": "restore", "incident": THIS});
    let capacity = |answer: &PruneAnswer| answer.groups[0].capacity.unwrap();
    let soon = groups(&pipeline, &names, restore.clone()).await;
    assert!(
        matches!(soon.groups[0].outcome, prune::Outcome::Restored { .. }),
        "{soon:?}"
    );
    assert_eq!(capacity(&soon).in_service, 0);
    assert!(capacity(&soon).expected > 0);
    shift(&pipeline, cancel()).await;
    pipeline.minutes(15).await;
    let later = groups(&pipeline, &names, restore).await;
    assert_eq!(capacity(&later).in_service, capacity(&later).expected);
}

#[tokio::test(start_paused = true)]
async fn a_group_is_not_begun_with_less_time_than_it_may_take() {
    for (milliseconds, begun) in [(4_500, true), (4_499, false), (1_000, false)] {
        let pipeline = Pipeline::at_peace();
        let function = AsgPruning::new(&connections(pipeline.region(), ASG_PRUNING));
        let left = Duration::from_millis(milliseconds);
        let invocation = Invocation::begin(AccountId::embedded(), pipeline.region().now(), left);
        let prune = json!({"action": "prune", "incident": THIS});
        let request = about(&pipeline, &[GROUP.to_owned()], &prune);
        let answer = function.handle(invocation, request).await.unwrap();
        assert_eq!(answer.not_reached.more, !begun, "{milliseconds} ms");
        assert_eq!(answer.not_reached.is_nothing(), begun);
        assert_eq!(pipeline.subnets().len() == 2, begun);
        assert_eq!(pipeline.calls(Service::AutoScaling).is_empty(), !begun);
    }
}

/// How often an operation of a service was called so far.
fn called(pipeline: &Pipeline, service: Service, operation: &str) -> usize {
    let calls = pipeline.calls(service);
    calls.iter().filter(|call| **call == operation).count()
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_clearly_is_not_asked_about_again() {
    let pipeline = Pipeline::at_peace();
    let reads = || called(&pipeline, Service::ArcZonalShift, "GetManagedResource");
    let refused = |operation| {
        let fault = ApiFault::of(Service::ArcZonalShift, FaultKind::AccessDenied);
        pipeline.region().clear_faults();
        pipeline.region().inject(fault.on(operation));
    };
    refused("StartZonalShift");
    shift(&pipeline, start(THIS)).await;
    assert_eq!(reads(), 1);
    pipeline.region().clear_faults();
    shift(&pipeline, start(THIS)).await;
    let before = reads();
    refused("CancelZonalShift");
    shift(&pipeline, cancel()).await;
    assert_eq!(reads() - before, 1);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_every_time_is_not_begun_from_the_beginning() {
    let pipeline = Pipeline::at_peace();
    let fault = ApiFault::of(Service::ArcZonalShift, FaultKind::Internal);
    pipeline.region().inject(fault.on("StartZonalShift"));
    let answer = shift(&pipeline, start(THIS)).await;
    assert!(
        matches!(
            outcomes(&answer)[..],
            [Outcome::Failed {
                class: Class::Unavailable,
                ..
            }]
        ),
        "{answer:?}"
    );
    let starts = called(&pipeline, Service::ArcZonalShift, "StartZonalShift");
    assert_eq!(starts, usize::try_from(ATTEMPTS).unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_lacks_a_field_is_refused_by_that_name() {
    let pipeline = Pipeline::at_peace();
    for (function, schema) in [
        (ZONAL_SHIFT, "evac.zonal-shift.request/1"),
        (ASG_PRUNING, "evac.asg-pruning.request/1"),
    ] {
        let request = json!({"schema": schema, "action": "status"});
        let failure = pipeline.region().invoke_function(function, request).await;
        let message = failure.unwrap_err().error_message;
        assert!(message.contains("request: missing field"), "{message}");
    }
    let request = json!({
        "schema": "evac.zonal-shift.request/1",
        "action": "status",
        "workload": "wildrydes",
        "resources": ["not an ARN"],
    });
    let failure = pipeline.region().invoke_function(ZONAL_SHIFT, request);
    let message = failure.await.unwrap_err().error_message;
    assert!(message.contains("resources[0]"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn groups_that_cannot_be_listed_do_not_hide_what_was_done_with_those_before() {
    let mut names = Vec::new();
    let pipeline = Pipeline::at_peace_with(|stage| names = add_groups(stage, 60));
    let prune = json!({"action": "prune", "incident": THIS});
    let refuse = |pipeline: &Pipeline| {
        let fault = ApiFault::of(Service::AutoScaling, FaultKind::AccessDenied);
        let listing = fault.on("DescribeAutoScalingGroups");
        pipeline.region().inject(listing);
    };
    let service = Service::AutoScaling;
    let call = groups(&pipeline, &names, prune.clone());
    let answer = while_waiting(&pipeline, service, "UpdateAutoScalingGroup", call, refuse).await;
    assert!(answer.not_reached.more, "{answer:?}");
    assert!(answer.groups.len() > 1, "{answer:?}");
    // Where not even the first are listed, nothing was done.
    let request = about(&pipeline, &names, &prune);
    let answer = pipeline.region().invoke_function(ASG_PRUNING, request);
    assert!(answer.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_restore_is_believed_when_it_is_seen() {
    let pipeline = Pipeline::at_peace();
    let names = [GROUP.to_owned()];
    let prune = json!({"action": "prune", "incident": THIS});
    groups(&pipeline, &names, prune).await;
    let lost = ApiFault::of(Service::AutoScaling, FaultKind::TimeoutBefore);
    pipeline.region().inject(lost.on("UpdateAutoScalingGroup"));
    let restore = || json!({"action": "restore", "incident": THIS});
    let answer = groups(&pipeline, &names, restore()).await;
    let failure = answer.failures().next().map(|(_, failure)| failure.class);
    assert_eq!(failure, Some(Class::Timeout), "{answer:?}");
    assert!(!pipeline.record().is_empty());
    pipeline.region().clear_faults();
    let answer = groups(&pipeline, &names, restore()).await;
    assert_eq!(answer.failures().count(), 0, "{answer:?}");
    assert_eq!((pipeline.subnets().len(), pipeline.record().len()), (3, 0));
}

/// A prune whose tags were the same as those that a restore deletes.
#[tokio::test(start_paused = true)]
async fn a_record_of_what_is_missing_again_is_written_again() {
    let pipeline = Pipeline::at_peace();
    let names = [GROUP.to_owned()];
    let prune = json!({"action": "prune", "incident": THIS});
    groups(&pipeline, &names, prune).await;
    let call = groups(
        &pipeline,
        &names,
        json!({"action": "restore", "incident": THIS}),
    );
    let lacks = |pipeline: &Pipeline| pipeline.leave_zone_as_person("use1-az1");
    let service = Service::AutoScaling;
    let answer = while_waiting(&pipeline, service, "DeleteTags", call, lacks).await;
    let failure = answer.failures().next().map(|(_, failure)| failure.class);
    assert_eq!(failure, Some(Class::Conflict), "{answer:?}");
    assert!(!pipeline.record().is_empty());
}

/// Another prune wrote its record over the one that a restore had read.
#[tokio::test(start_paused = true)]
async fn a_record_that_is_not_the_one_that_was_read_is_left() {
    let pipeline = Pipeline::at_peace();
    let names = [GROUP.to_owned()];
    let prune = json!({"action": "prune", "incident": THIS});
    groups(&pipeline, &names, prune).await;
    let call = groups(
        &pipeline,
        &names,
        json!({"action": "restore", "incident": THIS}),
    );
    let write = |pipeline: &Pipeline| pipeline.write_record_as_person("of somebody else");
    let service = Service::AutoScaling;
    let answer = while_waiting(&pipeline, service, "UpdateAutoScalingGroup", call, write).await;
    let failure = answer.failures().next().map(|(_, failure)| failure.class);
    assert_eq!(failure, Some(Class::Conflict), "{answer:?}");
    assert!(!pipeline.record().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_no_group_has_is_a_failure() {
    let pipeline = Pipeline::at_peace();
    let tagged = json!({"groups": {"tag": {"key": "team", "value": "nobody"}}, "action": "status"});
    let request = about(&pipeline, &[], &tagged);
    let answer = pipeline.region().invoke_function(ASG_PRUNING, request);
    let answer: PruneAnswer = serde_json::from_value(answer.await.unwrap()).unwrap();
    let failures: Vec<(&str, Class)> = answer
        .failures()
        .map(|(group, failure)| (group, failure.class))
        .collect();
    assert_eq!(failures, [("team=nobody", Class::NotFound)]);
}

/// The lines that were logged, each by its level, its message and what it is about.
fn logged(lines: &Mutex<Vec<u8>>) -> Vec<(String, String, String)> {
    let lines = std::mem::take(&mut *lines.lock().unwrap());
    let lines = String::from_utf8(lines).unwrap();
    let told = lines.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["incident"], THIS, "{line}");
        assert_eq!(line["zone"], "use1-az1", "{line}");
        assert_eq!(line["workload"], "wildrydes", "{line}");
        let about = line.get("resource").or(line.get("group")).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&line["level"]), text(&line["message"]), text(about))
    });
    told.collect()
}

/// The only line that was logged.
fn only_line(lines: &Mutex<Vec<u8>>) -> [(String, String, String); 1] {
    logged(lines).try_into().unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_was_done_is_logged_with_its_incident_and_what_was_not_with_the_reason() {
    let pipeline = Pipeline::at_peace();
    let (log, lines) = keeping_log();
    let _logging = tracing::subscriber::set_default(log);
    let resource = pipeline.stage.workload["resources"][0].as_str().unwrap();
    let line = |level: &str, message: &str, about: &str| {
        (level.to_owned(), message.to_owned(), about.to_owned())
    };
    let changed = || [line("INFO", "zonal shift changed", resource)];
    for action in [start(THIS), extend(), cancel()] {
        shift(&pipeline, action).await;
        assert_eq!(logged(&lines), changed());
    }
    // What was there already is no news.
    shift(&pipeline, cancel()).await;
    assert_eq!(logged(&lines), []);
    let refused = ApiFault::of(Service::ArcZonalShift, FaultKind::AccessDenied);
    pipeline.region().inject(refused.on("GetManagedResource"));
    shift(&pipeline, start(THIS)).await;
    let [(level, message, about)] = only_line(&lines);
    assert_eq!((level.as_str(), about.as_str()), ("ERROR", resource));
    assert!(message.starts_with("GetManagedResource"), "{message}");

    let names = [GROUP.to_owned()];
    for action in ["prune", "restore"] {
        groups(
            &pipeline,
            &names,
            json!({"action": action, "incident": THIS}),
        )
        .await;
        assert_eq!(logged(&lines), [line("INFO", "group changed", GROUP)]);
    }
    groups(
        &pipeline,
        &names,
        json!({"action": "restore", "incident": THIS}),
    )
    .await;
    assert_eq!(logged(&lines), []);
    let tight = json!({"action": "prune", "incident": THIS, "minZones": 3});
    groups(&pipeline, &names, tight).await;
    let [(level, message, about)] = only_line(&lines);
    assert_eq!((level.as_str(), about.as_str()), ("WARN", GROUP));
    assert!(message.starts_with("group left: "), "{message}");
    let gone = ["gone".to_owned()];
    groups(
        &pipeline,
        &gone,
        json!({"action": "prune", "incident": THIS}),
    )
    .await;
    let [(level, message, about)] = only_line(&lines);
    assert_eq!((level.as_str(), about.as_str()), ("ERROR", "gone"));
    assert!(message.starts_with("there is no group gone"), "{message}");
}
