//! Ends that a drill can have, made by hand: each is told apart, and what is missing is named.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::arc::StartInput;
use crate::autoscaling::{TagParameter, UpdateGroup};
use crate::scenario::{Scenario, healthy};
use crate::sns::Publish;
use crate::stage::{GROUP, Handlers, Stage};

/// A Region in which somebody else than Evac answers in its place.
fn stage(answer: Value) -> Stage {
    let stage = Stage::set(&healthy().unwrap(), 1).unwrap();
    let handler = |answer: Value| -> crate::lambda::Handler {
        Arc::new(move |_| {
            let answer = answer.clone();
            Box::pin(async move { Ok(answer) })
        })
    };
    stage
        .connect(Handlers {
            classifier: handler(answer),
            zonal_shift: handler(json!({})),
            asg_pruning: handler(json!({})),
        })
        .unwrap();
    stage
}

fn hold() -> Value {
    json!({
        "schema": "evac.classifier.answer/1",
        "at": "2026-01-15T03:05:00Z",
        "workload": "wildrydes",
        "trigger": "reconcile",
        "mode": "evacuate",
        "drill": false,
        "verdict": "hold",
        "reasons": [{"code": "noZonalAlarm"}],
        "sentence": "hold: no zone's alarm is in ALARM",
        "plan": {"kind": "nothing"},
    })
}

fn judged(stage: &Stage, expecting: Value) -> Ending {
    let scenario = Scenario {
        expected: serde_json::from_value(expecting).unwrap(),
        ..healthy().unwrap()
    };
    judge(&stage.region.state(), &scenario, stage.begin)
}

async fn ten_minutes(stage: &Stage) {
    stage.region.advance(SignedDuration::from_mins(10)).await;
}

fn away_from_az1<'a>(stage: &'a Stage, comment: &'a str) -> StartInput<'a> {
    StartInput {
        resource: stage.workload["resources"][0].as_str().unwrap(),
        away_from: "use1-az1",
        expires_in: "6h",
        comment,
    }
}

/// What Evac does when it evacuates, without saying a word.
fn evacuate(stage: &Stage) -> String {
    let mut state = stage.region.state();
    let now = state.now();
    let input = away_from_az1(stage, "evac: wildrydes/use1-az1/20260115T030000Z evacuate");
    let id = state.arc.start(&input, now).unwrap().id;
    state.note_changes(Some(ZONAL_SHIFT));
    let tag = |key: &str, value: &str| TagParameter {
        group: Some(GROUP.to_owned()),
        resource_type: Some("auto-scaling-group".to_owned()),
        key: key.to_owned(),
        value: Some(value.to_owned()),
        propagate: false,
    };
    let subnets = |zones: &[&str]| {
        let subnets = zones.iter().map(|zone| {
            stage.workload["zones"][zone]["subnets"][0]
                .as_str()
                .unwrap()
        });
        subnets.collect::<Vec<_>>().join(",")
    };
    let tags = [
        tag("evac:pruned", "wildrydes/use1-az1/20260115T030000Z"),
        tag("evac:removed:1", &subnets(&["use1-az1"])),
    ];
    state.auto_scaling.create_or_update_tags(&tags).unwrap();
    let update = UpdateGroup {
        group: GROUP.to_owned(),
        subnets: Some(subnets(&["use1-az2", "use1-az3"])),
        ..UpdateGroup::default()
    };
    state
        .auto_scaling
        .update_auto_scaling_group(&update, now)
        .unwrap();
    state.note_changes(Some(ASG_PRUNING));
    id
}

fn tell(stage: &Stage, phase: &str) {
    let mut state = stage.region.state();
    let now = state.now();
    let publish = Publish {
        topic: stage.topic.clone(),
        subject: Some("a subject".to_owned()),
        message: "a message".to_owned(),
        per_protocol: false,
        attributes: BTreeMap::from([("phase".to_owned(), ("String".to_owned(), phase.to_owned()))]),
    };
    state.sns.publish(publish, now).unwrap();
}

#[tokio::test]
async fn a_hold_has_to_be_decided() {
    let silent = stage(json!({"nothing": "of a report"}));
    ten_minutes(&silent).await;
    let ending = judged(&silent, json!({"outcome": "hold"}));
    assert_eq!(ending.outcome, Outcome::Failed);
    assert_eq!(ending.problems, ["ended in failed, expected hold"]);
    let held = stage(hold());
    ten_minutes(&held).await;
    let ending = judged(
        &held,
        json!({"outcome": "hold", "because": ["noZonalAlarm"]}),
    );
    assert_eq!((ending.outcome, ending.problems.len()), (Outcome::Hold, 0));
}

#[tokio::test]
async fn a_hold_before_everything_failed_is_no_hold() {
    let held = stage(hold());
    ten_minutes(&held).await;
    {
        let mut state = held.region.state();
        let now = state.now();
        let broken: crate::lambda::Handler = Arc::new(|_| {
            let failure = crate::lambda::FunctionFailure::of_runtime("Oops", "no");
            Box::pin(async move { Err(failure) })
        });
        let minute = std::time::Duration::from_secs(60);
        state.lambda.put_function(CLASSIFIER, minute, broken);
        state.lambda.enqueue(CLASSIFIER, json!({}), now);
    }
    held.region.advance(SignedDuration::from_secs(10)).await;
    let ending = judged(&held, json!({"outcome": "hold"}));
    assert_eq!(ending.outcome, Outcome::Failed);
}

#[tokio::test]
async fn a_hold_for_another_reason_is_a_problem() {
    let held = stage(hold());
    ten_minutes(&held).await;
    let ending = judged(
        &held,
        json!({"outcome": "hold", "because": ["regionalAlarm"]}),
    );
    assert_eq!(
        ending.problems,
        ["no verdict had the reason \"regionalAlarm\""]
    );
}

#[tokio::test]
async fn an_evacuation_has_to_be_told_in_order() {
    let stage = stage(hold());
    evacuate(&stage);
    let evacuation = json!({"outcome": "evacuate", "zone": "use1-az1"});
    tell(&stage, "pruned");
    assert_eq!(
        judged(&stage, evacuation.clone()).problems,
        ["nobody was told \"shifted\" where it was expected"]
    );
    tell(&stage, "shifted");
    tell(&stage, "held");
    tell(&stage, "pruned");
    assert_eq!(judged(&stage, evacuation).problems, [""; 0]);
}

#[tokio::test]
async fn the_wrong_zone_is_a_problem() {
    let stage = stage(hold());
    evacuate(&stage);
    let ending = judged(
        &stage,
        json!({"outcome": "evacuate", "zone": "use1-az2", "told": []}),
    );
    assert_eq!(ending.problems, ["concerned use1-az1, expected use1-az2"]);
}

#[tokio::test]
async fn an_evacuation_has_to_be_in_force_at_the_end_or_undone() {
    let stage = stage(hold());
    let id = evacuate(&stage);
    let undone = json!({"outcome": "evacuate", "told": [], "undone": true});
    assert_eq!(
        judged(&stage, undone).problems,
        [
            "traffic is still shifted away at the end",
            "groups are still pruned at the end",
            "groups still have a record of what was removed at the end"
        ]
    );
    let now = stage.region.now();
    stage.region.state().arc.cancel(&id, now).unwrap();
    let lasting = json!({"outcome": "evacuate", "told": []});
    assert_eq!(
        judged(&stage, lasting).problems,
        ["traffic is not away any more at the end"]
    );
}

#[tokio::test]
async fn the_region_has_to_be_as_before_where_that_is_expected() {
    let stage = stage(hold());
    let as_before = json!({"outcome": "hold", "asBefore": true});
    ten_minutes(&stage).await;
    assert_eq!(judged(&stage, as_before.clone()).problems, [""; 0]);
    {
        let mut state = stage.region.state();
        let now = state.now();
        let mut subnets: Vec<String> = {
            let group = state.auto_scaling.group(GROUP).unwrap();
            group.subnets.iter().map(ToString::to_string).collect()
        };
        subnets.reverse();
        let update = UpdateGroup {
            group: GROUP.to_owned(),
            subnets: Some(subnets.join(",")),
            ..UpdateGroup::default()
        };
        (state.auto_scaling)
            .update_auto_scaling_group(&update, now)
            .unwrap();
    }
    let problems = judged(&stage, as_before).problems;
    assert!(
        problems[0].starts_with("not as before: subnets of group wildrydes-web was"),
        "{problems:?}"
    );
}

#[tokio::test]
async fn what_a_person_does_is_not_evacs_end() {
    let stage = stage(hold());
    ten_minutes(&stage).await;
    {
        let mut state = stage.region.state();
        let now = state.now();
        let input = away_from_az1(&stage, "Jane");
        state.arc.start(&input, now).unwrap();
        state.note_changes(Some("jane"));
    }
    assert_eq!(
        judged(&stage, json!({"outcome": "hold"})).outcome,
        Outcome::Hold
    );
}

#[tokio::test]
async fn an_evacuation_that_came_too_early_is_a_problem() {
    let stage = stage(hold());
    ten_minutes(&stage).await;
    evacuate(&stage);
    let early = json!({"outcome": "evacuate", "told": [], "notBefore": "11m"});
    let problem = &judged(&stage, early).problems[0];
    assert!(problem.starts_with("changed something at"), "{problem}");
    let late = json!({"outcome": "evacuate", "told": [], "notBefore": "10m"});
    assert_eq!(judged(&stage, late).problems, [""; 0]);
}
