//! Faults as they are written, and as they are in force.

use jiff::SignedDuration;

use super::*;
use crate::fault::FaultKind;
use crate::scenario::{Scenario, healthy};
use crate::stage::{GROUP, Stage};
use serde_json::json;

/// A healthy workload with these faults of the Region.
fn stage(faults: Value) -> Stage {
    let scenario = Scenario {
        region_faults: serde_json::from_value(faults).unwrap(),
        ..healthy().unwrap()
    };
    Stage::set(&scenario, 1).unwrap()
}

fn pass(stage: &Stage, seconds: i64) {
    let target = stage.region.now() + SignedDuration::from_secs(seconds);
    assert_eq!(stage.region.step_until(target), []);
}

#[test]
fn what_goes_on_from_the_beginning_is_there_before_the_clock_moves() {
    let stage = stage(json!([{"fault": {"kind": "unavailable", "service": "sns"}}]));
    let mut state = stage.region.state();
    let now = state.now();
    let publish = crate::operation::Operation::write("Publish");
    let met = state.faults.meet(Service::Sns, publish, now);
    assert_eq!(met, Some(FaultKind::Internal));
}

#[test]
fn the_end_of_one_fault_leaves_others_of_its_kind_in_force() {
    let stage = stage(json!([
        {"fault": {"kind": "staleReads", "seconds": 100}},
        {"for": "1m", "fault": {"kind": "staleReads", "seconds": 200}},
    ]));
    let shows = || {
        let state = stage.region.state();
        let past = state.shown_past(Service::AutoScaling)?;
        let group = past.auto_scaling.group(GROUP)?;
        Some(group.tags.contains_key("new"))
    };
    pass(&stage, 10);
    {
        let tag = crate::autoscaling::TagParameter {
            group: Some(GROUP.to_owned()),
            resource_type: Some("auto-scaling-group".to_owned()),
            key: "new".to_owned(),
            value: Some("yes".to_owned()),
            propagate: false,
        };
        let mut state = stage.region.state();
        state.auto_scaling.create_or_update_tags(&[tag]).unwrap();
    }
    pass(&stage, 40);
    assert_eq!(shows(), Some(false), "both are in force");
    pass(&stage, 15);
    assert_eq!(shows(), Some(true), "the other one begins to look back now");
    assert!(stage.region.state().shown_past(Service::Sns).is_none());
}

#[test]
fn reads_show_what_was_so_many_seconds_ago() {
    let stage = stage(json!([{"fault": {"kind": "staleReads", "seconds": 20}}]));
    let suspended = |stage: &Stage| {
        let state = stage.region.state();
        let past = state.shown_past(Service::AutoScaling).unwrap();
        past.auto_scaling.group(GROUP).unwrap().deleting
    };
    pass(&stage, 30);
    stage
        .region
        .state()
        .auto_scaling
        .begin_delete(GROUP)
        .unwrap();
    pass(&stage, 20);
    assert!(!suspended(&stage));
    pass(&stage, 1);
    assert!(suspended(&stage));
}

#[test]
fn a_fault_is_written_in_a_line() {
    assert_eq!(
        "throttle:service=autoscaling,perSecond=0.5,burst=2".parse(),
        Ok(RegionFault::Throttle {
            service: Service::AutoScaling,
            operation: None,
            per_second: 0.5,
            burst: 2
        })
    );
    assert_eq!(
        "noCapacity:zone=use1-az2".parse(),
        Ok(RegionFault::NoCapacity {
            zone: "use1-az2".parse().unwrap()
        })
    );
}

#[test]
fn what_is_no_fault_is_refused_with_field_and_remedy() {
    for (text, told) in [
        ("earthquake", "unknown variant `earthquake`"),
        ("slow:service=s3,milliseconds=5", "unknown variant `s3`"),
        ("slow:service=sns", "missing field `milliseconds`"),
        ("slow:service", "\"service\" has no value"),
        ("staleReads:seconds=soon", "invalid type: string \"soon\""),
        ("staleReads:minutes=1,seconds=2", "unknown field `minutes`"),
        (
            "killFunction:function=evac,afterCalls=1,times=1",
            "function is \"evac\", expected classifier, zonal-shift or asg-pruning",
        ),
        (
            "killFunction:function=classifier,afterCalls=0,times=1",
            "afterCalls is 0, expected 1 to",
        ),
        (
            "throttle:service=sns,perSecond=-1,burst=1",
            "perSecond is -1, expected 0 to 1000000",
        ),
        ("noCapacity:zone=here", "AZ ID"),
        (
            "delayEvents:rule=wildryde,seconds=5",
            "rule is \"wildryde\", expected one of wildrydes, wildrydes-shifts, wildrydes-tick",
        ),
        (
            "unavailable:service=sns,times=0",
            "times is 0, expected 1 to",
        ),
        (
            "staleReads:seconds=601",
            "seconds is 601, expected 1 to 600",
        ),
        (
            "throttle:service=sns,perSecond=1,burst=0",
            "burst is 0, expected 1 to",
        ),
        ("slow:service=sns,service=sns", "service is given twice"),
    ] {
        let error = text.parse::<RegionFault>().unwrap_err().to_string();
        assert!(error.contains(told), "{text}: {error}");
        assert!(error.contains("docs/DRILL.md"), "{text}: {error}");
    }
}
