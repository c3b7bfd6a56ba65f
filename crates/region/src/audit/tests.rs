//! Each invariant broken by hand, as Evac would break it: the audit must see it.

use super::*;
use crate::arc::StartInput;
use crate::autoscaling::{TagParameter, UpdateGroup};
use crate::lambda::{FunctionFailure, Invocation, Way};
use crate::operation::Operation;
use crate::scenario::healthy;
use crate::stage::{CLASSIFIER, GROUP, MIN_ZONES, Stage};
use crate::state::Call;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const FRONT: &str =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/front/50dc6c495c0c9188";

/// A Region in which Evac's calls are made by hand.
struct Run {
    stage: Stage,
}

impl Run {
    fn new() -> Self {
        Self {
            stage: Stage::set(&healthy().unwrap(), 1).unwrap(),
        }
    }

    /// Does something to the Region as this caller, and logs the call.
    fn call<T>(
        &self,
        caller: &str,
        service: Service,
        operation: &'static str,
        act: impl FnOnce(&mut State, Timestamp) -> T,
    ) -> T {
        let mut state = self.stage.region.state();
        let now = state.now();
        state.calls.push(Call {
            at: now,
            caller: caller.to_owned(),
            service,
            operation: Operation::write(operation),
            fault: None,
        });
        let done = act(&mut state, now);
        state.note_changes(Some(caller));
        done
    }

    /// Shifts away from a zone, with Evac's mark or without.
    fn shift(&self, zone: &str, comment: &str) -> String {
        let input = StartInput {
            resource: FRONT,
            away_from: zone,
            expires_in: "1h",
            comment,
        };
        self.call(
            ZONAL_SHIFT,
            Service::ArcZonalShift,
            "StartZonalShift",
            |state, now| state.arc.start(&input, now).unwrap().id,
        )
    }

    fn marked(zone: &str) -> String {
        format!("evac: wildrydes/{zone}/20260115T030000Z evacuate")
    }

    fn cancel(&self, caller: &str, id: &str) {
        self.call(
            caller,
            Service::ArcZonalShift,
            "CancelZonalShift",
            |state, now| state.arc.cancel(id, now).unwrap(),
        );
    }

    fn record(&self, zone: &str) {
        let subnet = self.subnet(zone);
        let tag = |key: &str, value: String| TagParameter {
            group: Some(GROUP.to_owned()),
            resource_type: Some("auto-scaling-group".to_owned()),
            key: key.to_owned(),
            value: Some(value),
            propagate: false,
        };
        let tags = [
            tag("evac:pruned", format!("wildrydes/{zone}/20260115T030000Z")),
            tag("evac:removed:1", subnet),
        ];
        self.stage
            .region
            .state()
            .auto_scaling
            .create_or_update_tags(&tags)
            .unwrap();
    }

    fn subnet(&self, zone: &str) -> String {
        self.stage.workload["zones"][zone]["subnets"][0]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Leaves the group with the subnets of these zones.
    fn update(&self, caller: &str, zones: &[&str]) {
        let subnets: Vec<String> = zones.iter().map(|zone| self.subnet(zone)).collect();
        let update = UpdateGroup {
            group: GROUP.to_owned(),
            subnets: Some(subnets.join(",")),
            ..UpdateGroup::default()
        };
        self.call(
            caller,
            Service::AutoScaling,
            "UpdateAutoScalingGroup",
            |state, now| {
                state
                    .auto_scaling
                    .update_auto_scaling_group(&update, now)
                    .unwrap();
            },
        );
    }

    fn minute(&self) {
        let mut state = self.stage.region.state();
        let next = state.now() + SignedDuration::from_mins(1);
        assert_eq!(state.step_until(next), []);
    }

    /// The invariants that are broken.
    fn broken(&self, may_change: bool) -> Vec<u8> {
        let findings = audit(
            &self.stage.region.state(),
            Terms {
                min_zones: MIN_ZONES,
                may_change,
                may_give_up: false,
            },
        );
        findings
            .into_iter()
            .filter(|finding| !finding.holds)
            .map(|finding| finding.id)
            .collect()
    }
}

const ALL: [&str; 3] = ["use1-az1", "use1-az2", "use1-az3"];

#[test]
fn a_whole_evacuation_and_its_end_break_nothing() {
    let run = Run::new();
    let id = run.shift("use1-az1", &Run::marked("use1-az1"));
    run.record("use1-az1");
    run.update(ASG_PRUNING, &["use1-az2", "use1-az3"]);
    run.minute();
    run.update(ASG_PRUNING, &ALL);
    run.cancel(ZONAL_SHIFT, &id);
    run.minute();
    run.shift("use1-az2", &Run::marked("use1-az2"));
    assert_eq!(run.broken(true), [0_u8; 0]);
}

#[test]
fn two_zones_at_once_break_the_first() {
    let run = Run::new();
    run.shift("use1-az1", &Run::marked("use1-az1"));
    run.record("use1-az2");
    run.minute();
    run.update(ASG_PRUNING, &["use1-az1", "use1-az3"]);
    assert!(run.broken(true).contains(&1));
}

#[test]
fn a_prune_without_a_shift_breaks_the_second() {
    let run = Run::new();
    run.record("use1-az1");
    run.update(ASG_PRUNING, &["use1-az2", "use1-az3"]);
    assert_eq!(run.broken(true), [2]);
}

#[test]
fn a_prune_after_the_shift_has_ended_breaks_the_second() {
    let run = Run::new();
    let id = run.shift("use1-az1", &Run::marked("use1-az1"));
    run.cancel(ZONAL_SHIFT, &id);
    run.minute();
    run.record("use1-az1");
    run.update(ASG_PRUNING, &["use1-az2", "use1-az3"]);
    assert_eq!(run.broken(true), [2]);
}

#[test]
fn too_few_zones_break_the_third() {
    let run = Run::new();
    run.shift("use1-az1", &Run::marked("use1-az1"));
    run.update("jane", &["use1-az1", "use1-az2"]);
    run.minute();
    run.record("use1-az1");
    run.update(ASG_PRUNING, &["use1-az2"]);
    assert_eq!(run.broken(true), [3]);
}

#[test]
fn a_prune_without_a_record_breaks_the_fourth() {
    let run = Run::new();
    run.shift("use1-az1", &Run::marked("use1-az1"));
    run.update(ASG_PRUNING, &["use1-az2", "use1-az3"]);
    assert_eq!(run.broken(true), [4]);
}

#[test]
fn ending_somebody_elses_shift_breaks_the_seventh_and_a_person_may() {
    let run = Run::new();
    let id = run.shift("use1-az1", "Jane");
    run.cancel(ZONAL_SHIFT, &id);
    assert_eq!(run.broken(true), [7]);
    let run = Run::new();
    let id = run.shift("use1-az1", "Jane");
    run.cancel("jane", &id);
    assert_eq!(run.broken(true), [0_u8; 0]);
}

#[test]
fn any_change_on_watch_breaks_the_eighth() {
    let run = Run::new();
    run.shift("use1-az1", &Run::marked("use1-az1"));
    assert_eq!(run.broken(false), [8]);
}

#[test]
fn what_a_person_does_to_a_group_is_not_held_against_evac() {
    let run = Run::new();
    run.update("jane", &["use1-az2"]);
    assert_eq!(run.broken(true), [0_u8; 0]);
}

#[test]
fn the_order_counts_where_the_clock_stands_still() {
    let run = Run::new();
    run.record("use1-az1");
    run.update(ASG_PRUNING, &["use1-az2", "use1-az3"]);
    run.shift("use1-az1", &Run::marked("use1-az1"));
    assert_eq!(run.broken(true), [2]);
}

#[test]
fn a_prune_that_a_person_undid_is_not_in_force_any_more() {
    let run = Run::new();
    let id = run.shift("use1-az1", &Run::marked("use1-az1"));
    run.record("use1-az1");
    run.update(ASG_PRUNING, &["use1-az2", "use1-az3"]);
    run.update("jane", &ALL);
    run.cancel("jane", &id);
    run.shift("use1-az2", &Run::marked("use1-az2"));
    assert_eq!(run.broken(true), [0_u8; 0]);
}

#[test]
fn giving_back_what_evac_did_not_take_breaks_the_seventh() {
    let run = Run::new();
    run.update("jane", &["use1-az2", "use1-az3"]);
    run.update(ASG_PRUNING, &ALL);
    assert_eq!(run.broken(true), [7]);
}

/// An invocation as it is noted when it has ended.
fn ended(
    now: Timestamp,
    function: &str,
    way: Way,
    outcome: Result<Value, FunctionFailure>,
) -> Invocation {
    Invocation {
        request_id: "1".to_owned(),
        function: function.to_owned(),
        began: now,
        ended: now,
        way,
        payload: Value::Null,
        outcome,
    }
}

#[test]
fn a_failure_that_is_taken_for_success_breaks_the_ninth() {
    let failure = || Err(FunctionFailure::of_runtime("Oops", "no"));
    for (answer, broken) in [
        (Ok(json!({"failures": []})), &[9_u8][..]),
        (Ok(json!({"unread": [{"step": "read shifts"}]})), &[]),
        (Ok(json!({"failures": [{"step": "prune"}]})), &[]),
        (failure(), &[]),
    ] {
        let run = Run::new();
        let now = run.stage.region.now();
        let mut called = ended(now, ZONAL_SHIFT, Way::Synchronous, failure());
        called.payload = json!({"action": "status"});
        let caller = ended(now, CLASSIFIER, Way::Asynchronous { attempt: 1 }, answer);
        run.stage.region.state().lambda.end(called, None);
        run.stage.region.state().lambda.end(caller, None);
        assert_eq!(run.broken(true), broken);
    }
}

#[test]
fn of_two_classifiers_at_once_the_one_that_called_tells_of_the_failure() {
    let failure = || Err(FunctionFailure::of_runtime("Oops", "no"));
    let success = || Ok(json!({"failures": []}));
    for (answers, broken) in [
        ([success(), failure()], &[][..]),
        ([failure(), success()], &[]),
        ([success(), success()], &[9_u8]),
    ] {
        let run = Run::new();
        let now = run.stage.region.now();
        let called = ended(now, ZONAL_SHIFT, Way::Synchronous, failure());
        let mut state = run.stage.region.state();
        state.lambda.end(called, None);
        for answer in answers {
            let caller = ended(now, CLASSIFIER, Way::Asynchronous { attempt: 1 }, answer);
            state.lambda.end(caller, None);
        }
        drop(state);
        assert_eq!(run.broken(true), broken);
    }
}

#[test]
fn an_event_that_was_given_up_breaks_the_ninth() {
    let run = Run::new();
    let mut state = run.stage.region.state();
    let now = state.now();
    for _ in 0..3 {
        if state.lambda.next_due().is_none() {
            state.lambda.enqueue(CLASSIFIER, json!({}), now);
        }
        let due = state.lambda.take_due(Timestamp::MAX).remove(0);
        let failure = Err(FunctionFailure::of_runtime("Oops", "no"));
        let way = Way::Asynchronous {
            attempt: due.attempt,
        };
        let failed = ended(now, CLASSIFIER, way, failure);
        state.lambda.end(failed, Some(due));
    }
    drop(state);
    assert_eq!(run.broken(true), [9]);
}
