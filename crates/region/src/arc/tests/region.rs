//! ARC in the Region: what a scenario has AWS do, and the alarms of practice runs.

use serde_json::json;

use super::*;
use crate::cloudwatch::StateValue;
use crate::scenario::{Scenario, healthy};
use crate::stage::Stage;
use crate::stage::detection::REGIONAL_ALARM;

fn stage(acts: serde_json::Value) -> Stage {
    let scenario = Scenario {
        acts: serde_json::from_value(acts).unwrap(),
        ..healthy().unwrap()
    };
    Stage::set(&scenario, 1).unwrap()
}

fn step_to(stage: &Stage, seconds: i64) {
    let target = stage.begin + SignedDuration::from_secs(seconds);
    assert!(stage.region.step_until(target).is_empty());
}

#[test]
fn an_autoshift_of_a_scenario_begins_and_ends_in_its_time() {
    let stage = stage(json!([
        {"after": "1m", "act": {"kind": "beginAutoshift", "zone": "use1-az2"}},
        {"after": "3m", "act": {"kind": "endAutoshift", "zone": "use1-az2"}},
    ]));
    let weights = || weights(&stage.region.state().arc);
    step_to(&stage, 59);
    assert_eq!(weights(), [1.0, 1.0, 1.0]);
    step_to(&stage, 60);
    assert_eq!(weights(), [1.0, 0.0, 1.0]);
    step_to(&stage, 180);
    assert_eq!(weights(), [1.0, 1.0, 1.0]);
    let state = stage.region.state();
    let lines = state.timeline.entries().iter();
    let lines: Vec<&str> = lines
        .filter(|entry| entry.actor == "arc-zonal-shift")
        .map(|entry| entry.what.as_str())
        .collect();
    assert_eq!(
        lines,
        [
            "AWS begins an autoshift away from use1-az2",
            "AWS ends its autoshift away from use1-az2"
        ]
    );
    assert_eq!(state.arc.shifts(), [], "nobody else shifted anything");
}

#[test]
fn a_practice_run_fails_when_its_alarm_goes_off() {
    let stage = stage(json!([]));
    {
        let mut state = stage.region.state();
        let now = state.now();
        practise(&mut state.arc, 2, now).unwrap();
    }
    step_to(&stage, 10);
    let outcome = || stage.region.state().arc.shifts()[0].outcome;
    assert_eq!(outcome(), Some(Outcome::Pending));
    {
        let mut state = stage.region.state();
        let now = state.now();
        let alarm = StateValue::Alarm;
        let set = &mut state.cloudwatch;
        set.set_alarm_state(REGIONAL_ALARM, alarm, "by hand", None, now)
            .unwrap();
    }
    step_to(&stage, 11);
    assert_eq!(outcome(), Some(Outcome::Failed));
}
