//! Payloads as AWS and people really send them, and what becomes of all others.
//!
//! The fixtures follow the CloudWatch user guide ("Alarm events and EventBridge", "Invoke a Lambda
//! function from an alarm") and the ARC developer guide ("Using EventBridge with zonal autoshift").

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a test may panic, and its helpers read best when they take what they are given"
)]

use classifier::{explain, input};
use domain::AccountId;
use domain::event::{AlarmKind, AlarmState};
use domain::policy::Mode;
use domain::signal::{Action, BareDefaults, Signal, Trigger};
use proptest::prelude::*;
use serde_json::{Value, json};

macro_rules! fixture {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("fixtures/", $name, ".json"))).unwrap()
    };
}

fn own() -> AccountId {
    "111122223333".parse().unwrap()
}

fn bare() -> BareDefaults {
    BareDefaults {
        mode: Mode::Observe,
        expires_in: None,
    }
}

fn read(payload: &Value) -> Result<Signal, String> {
    input::read(payload, &bare(), Some(&own())).map_err(|problems| problems.to_string())
}

fn with_workload(event: Value) -> Value {
    json!({"workload": fixture!("workload"), "event": event})
}

fn alarm(event: Value) -> (String, domain::event::AlarmChange) {
    match read(&with_workload(event)).unwrap().trigger {
        Trigger::ZonalAlarm { zone, change } => (zone.to_string(), change),
        Trigger::RegionalAlarm(change) => ("regional".to_owned(), change),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_kind_of_alarm_is_understood() {
    for (event, kind) in [
        (fixture!("metric"), AlarmKind::Metric),
        (fixture!("metric-math"), AlarmKind::MetricMath),
        (fixture!("anomaly-detection"), AlarmKind::AnomalyDetection),
        (fixture!("composite"), AlarmKind::Composite),
    ] {
        let (zone, change) = alarm(event);
        assert_eq!(zone, "use1-az1");
        assert_eq!(change.kind, kind);
        assert_eq!(change.state, AlarmState::Alarm);
        assert_eq!(change.previous, Some(AlarmState::Ok));
        assert_eq!(change.at.to_string(), "2026-11-24T09:20:00.123Z");
        assert_eq!((change.suppressed_by, change.muted_until), (None, None));
    }
}

#[test]
fn a_composite_names_the_alarms_that_caused_it() {
    assert_eq!(
        alarm(fixture!("composite")).1.triggering,
        ["arn:aws:cloudwatch:us-east-1:111122223333:alarm:use1-az1-several-instances"]
    );
    assert_eq!(alarm(fixture!("metric")).1.triggering, [""; 0]);
}

#[test]
fn suppression_and_mutes_are_seen_although_eventbridge_delivers_the_event() {
    assert_eq!(
        alarm(fixture!("composite-suppressed"))
            .1
            .suppressed_by
            .as_deref(),
        Some("WaitPeriod")
    );
    assert_eq!(
        alarm(fixture!("composite-muted")).1.muted_until.as_deref(),
        Some("2026-11-24T10:00:00.000+0000")
    );
}

#[test]
fn states_and_fields_that_aws_adds_later_are_survived() {
    assert_eq!(
        alarm(fixture!("unknown-state-and-fields")).1.state,
        AlarmState::Other("DEGRADED".into())
    );
}

#[test]
fn an_event_without_reason_or_reason_data_is_understood() {
    let (_, change) = alarm(fixture!("initial"));
    assert_eq!((change.state, change.reason), (AlarmState::Ok, None));
}

#[test]
fn a_regional_alarm_is_told_from_a_zones() {
    assert_eq!(alarm(fixture!("regional")).0, "regional");
}

#[test]
fn events_of_arc_are_understood() {
    for (event, what, zone) in [
        (
            fixture!("autoshift-in-progress"),
            "Autoshift In Progress",
            "use1-az2",
        ),
        (
            fixture!("autoshift-completed"),
            "Autoshift Completed",
            "use1-az2",
        ),
        (
            fixture!("manual-shift-started"),
            "Manual Shift Started",
            "use1-az1",
        ),
        (
            fixture!("practice-run-interrupted"),
            "Practice Run Interrupted",
            "use1-az2",
        ),
        (
            fixture!("observer-only"),
            "Autoshift In Progress",
            "use1-az2",
        ),
    ] {
        match read(&with_workload(event)).unwrap().trigger {
            Trigger::Arc(change) => {
                assert_eq!(change.what, what);
                assert_eq!(
                    change.away_from.map(|zone| zone.to_string()).as_deref(),
                    Some(zone)
                );
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_bare_alarm_names_its_load_balancer_and_zone_in_its_description() {
    for event in [fixture!("composite-with-description"), fixture!("direct")] {
        let signal = read(&event).unwrap();
        assert_eq!(signal.workload.name.as_str(), "front");
        assert_eq!(
            signal.workload.resources[0].short(),
            "app/front/50dc6c495c0c9188"
        );
        assert!(
            matches!(signal.trigger, Trigger::ZonalAlarm { zone, .. } if zone.as_str() == "use1-az1")
        );
        assert_eq!(
            signal.workload.policy.mode,
            Mode::Observe,
            "automation earns trust first"
        );
    }
}

#[test]
fn the_direct_payload_is_understood_beside_a_workload_too() {
    let mut event = fixture!("direct");
    event["alarmData"]["alarmName"] = json!("use1-az1-impact");
    let (zone, change) = alarm(event);
    assert_eq!(
        (zone.as_str(), change.previous),
        ("use1-az1", Some(AlarmState::Alarm)),
        "an action after the wait period shows no change of value"
    );
}

#[test]
fn commands_are_understood() {
    let command =
        |command: Value| match read(&json!({"workload": fixture!("workload"), "command": command}))
            .unwrap()
            .trigger
        {
            Trigger::Command(command) => command,
            other => panic!("{other:?}"),
        };
    let evacuate = command(
        json!({"action": "evacuate", "zone": "use1-az2", "reason": "packet loss", "drill": true}),
    );
    assert!(matches!(evacuate.action, Action::Evacuate { zone } if zone.as_str() == "use1-az2"));
    assert!(evacuate.drill && !evacuate.dry_run);
    assert_eq!(
        command(json!({"action": "fail-back", "reason": "well again"})).action,
        Action::FailBack
    );
    assert_eq!(
        command(json!({"action": "reconcile", "reason": "schedule"})).action,
        Action::Reconcile
    );
    assert_eq!(
        command(json!({"action": "explain", "reason": "asking"})).action,
        Action::Explain { zone: None }
    );
}

#[test]
fn what_is_not_understood_is_refused_with_field_and_remedy() {
    let workload = || fixture!("workload");
    let commanded = |command: Value| json!({"workload": workload(), "command": command});
    let event = |change: &dyn Fn(&mut Value)| {
        let mut event = fixture!("composite");
        change(&mut event);
        with_workload(event)
    };
    let mut foreign = workload();
    foreign["resources"][0] = json!(
        "arn:aws:elasticloadbalancing:us-east-1:999988887777:loadbalancer/app/front/50dc6c495c0c9188"
    );
    let cases = [
        json!([]),
        json!({}),
        json!({"hello": "world"}),
        json!({"workload": workload()}),
        json!({"event": fixture!("composite")}),
        json!({"workload": workload(), "event": {}, "command": {}}),
        json!({"workload": foreign, "event": fixture!("composite")}),
        event(&|event| event["account"] = json!("999988887777")),
        event(&|event| event["source"] = json!("aws.ec2")),
        event(&|event| event["detail-type"] = json!("CloudWatch Alarm Configuration Change")),
        event(&|event| event["detail"]["alarmName"] = json!("somebody-elses")),
        event(&|event| event["detail"]["alarmName"] = json!(7)),
        event(&|event| event["detail"]["state"]["timestamp"] = json!("yesterday")),
        event(&|event| {
            event["detail"].as_object_mut().unwrap().remove("state");
        }),
        event(&|event| {
            event.as_object_mut().unwrap().remove("detail");
        }),
        fixture!("composite"),
        fixture!("autoshift-in-progress"),
        commanded(json!("evacuate")),
        commanded(json!({"action": "evacuate", "reason": "x"})),
        commanded(json!({"action": "evacuate", "zone": "us-east-1a", "reason": "x"})),
        commanded(json!({"action": "evacuate", "zone": "use1-az9", "reason": "x"})),
        commanded(json!({"action": "evacuate", "zone": "use1-az1"})),
        commanded(json!({"action": "reconcile", "zone": "use1-az1", "reason": "x"})),
        commanded(json!({"action": "panic", "reason": "x"})),
        commanded(json!({"action": "fail-back", "reason": "x", "force": true})),
    ];
    let told: Vec<String> = cases
        .iter()
        .map(|case| read(case).map_or_else(|problems| problems, |_| "accepted".to_owned()))
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_description_that_names_no_zone_is_not_guessed_at() {
    for (description, field) in [
        (json!("faults in az1"), "description"),
        (
            json!("{\"loadBalancer\":\"\",\"az-id\":\"use1-az1\"}"),
            "description.loadBalancer",
        ),
        (
            json!(
                "{\"loadBalancer\":\"arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/50dc6c495c0c9188\",\"az-id\":\"us-east-1a\"}"
            ),
            "description.az-id",
        ),
    ] {
        let mut event = fixture!("composite-with-description");
        event["detail"]["configuration"]["description"] = description;
        let problem = read(&event).unwrap_err();
        assert!(
            problem.starts_with(&format!("event.detail.configuration.{field}: ")),
            "{problem}"
        );
    }
}

#[test]
fn an_explanation_says_what_would_be_read_and_why_it_would_hold() {
    let explained = |payload: &Value| explain(payload, &bare()).unwrap();
    let plain = explained(&with_workload(fixture!("composite")));
    assert_eq!(plain.would_hold, [""; 0]);
    assert_eq!(
        plain.otherwise,
        "it moves traffic away, prunes the groups, and tells people"
    );
    assert!(
        plain.would_read[0].contains("use1-az3-impact")
            && plain.would_read[0].contains("regional-impact")
    );
    let suppressed = explained(&with_workload(fixture!("composite-suppressed")));
    assert_eq!(
        suppressed.would_hold,
        ["the actions of alarm use1-az1-impact are suppressed (WaitPeriod)"]
    );
}

/// Any JSON, not too deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        prop_oneof![
            Just("use1-az1"),
            Just("us-east-1a"),
            Just("ALARM"),
            Just("aws.cloudwatch"),
            Just("evacuate"),
            Just("{\"a\":")
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(
                prop_oneof![
                    Just("workload".to_owned()),
                    Just("event".to_owned()),
                    Just("command".to_owned()),
                    Just("detail".to_owned()),
                    Just("detail-type".to_owned()),
                    Just("alarmData".to_owned()),
                    Just("state".to_owned()),
                    Just("zones".to_owned()),
                    ".{0,8}"
                ],
                inner,
                0..6
            )
            .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Every place in a value, as JSON pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            places(
                value,
                &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")),
                found,
            );
        }),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, value)| places(value, &format!("{at}/{index}"), found)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_json_makes_the_parser_panic(payload in any_json()) {
        let _ = read(&payload);
        let _ = explain(&payload, &bare());
    }

    #[test]
    fn no_damage_to_a_real_payload_makes_the_parser_panic(which in 0_usize..5, place in any::<prop::sample::Index>(), damage in any_json()) {
        let mut payload = match which {
            0 => with_workload(fixture!("composite")),
            1 => with_workload(fixture!("metric-math")),
            2 => with_workload(fixture!("autoshift-in-progress")),
            3 => fixture!("direct"),
            _ => json!({"workload": fixture!("workload"), "command": {"action": "evacuate", "zone": "use1-az1", "reason": "x"}}),
        };
        let mut found = Vec::new();
        places(&payload, "", &mut found);
        let place = place.get(&found);
        *payload.pointer_mut(place).unwrap() = damage;
        let _ = read(&payload);
        let _ = explain(&payload, &bare());
    }
}

/// What an explanation says, a line each.
fn explained(payload: &Value) -> Vec<String> {
    let told = explain(payload, &bare()).unwrap();
    let first = [told.signal, told.workload];
    let reads = told.would_read.into_iter();
    first
        .into_iter()
        .chain(reads)
        .chain([told.otherwise])
        .collect()
}

#[test]
fn an_explanation_of_an_alarm_says_what_it_is_and_what_would_be_read_when() {
    let lines = explained(&with_workload(fixture!("composite")));
    assert_eq!(
        lines,
        [
            "the alarm of zone use1-az1, use1-az1-impact (a composite alarm), went from OK to ALARM at 2026-11-24T09:20:00.123Z, because of arn:aws:cloudwatch:us-east-1:111122223333:alarm:use1-az1-several-instances",
            "wildrydes in mode evacuate: zones use1-az1, use1-az2, use1-az3; 1 resource; the groups with the tag evac:workload=wildrydes",
            "DescribeAlarms: use1-az1-impact, use1-az2-impact, use1-az3-impact, regional-impact",
            "before a shift, GetManagedResource and ListZonalShifts of app/front/50dc6c495c0c9188",
            "before a prune, DescribeAutoScalingGroups",
            "it moves traffic away, prunes the groups, and tells people",
        ]
    );
}

#[test]
fn an_explanation_of_a_command_says_what_would_be_read_at_once() {
    let command =
        json!({"action": "evacuate", "zone": "use1-az1", "reason": "errors", "drill": true});
    let mut workload = fixture!("workload");
    workload["autoScalingGroups"] = json!({"names": ["web"]});
    let lines = explained(&json!({"workload": workload, "command": command}));
    assert_eq!(
        lines,
        [
            "the command evacuate of use1-az1, as a drill: \"errors\"",
            "wildrydes in mode evacuate: zones use1-az1, use1-az2, use1-az3; 1 resource; 1 group by name",
            "DescribeAlarms: use1-az1-impact, use1-az2-impact, use1-az3-impact, regional-impact",
            "ListAlarmMuteRules: of those in ALARM",
            "GetManagedResource and ListZonalShifts of app/front/50dc6c495c0c9188",
            "DescribeAutoScalingGroups",
            "it moves traffic away, prunes the groups, and tells people",
        ]
    );
    let bare_alarm = explained(&fixture!("composite-with-description"));
    assert_eq!(
        bare_alarm,
        [
            "the alarm of zone use1-az1, use1-az1-rides-aggregate-isolated-az-impact (a composite alarm), went from OK to ALARM at 2026-11-24T09:20:00.123Z, because of arn:aws:cloudwatch:us-east-1:111122223333:alarm:use1-az1-several-instances",
            "front in mode observe: zones not known: the alarm came without its workload; 1 resource; no groups",
            "DescribeAlarms: use1-az1-rides-aggregate-isolated-az-impact",
            "GetManagedResource and ListZonalShifts of app/front/50dc6c495c0c9188",
            "it rehearses the evacuation and tells people, and changes nothing",
        ]
    );
}
