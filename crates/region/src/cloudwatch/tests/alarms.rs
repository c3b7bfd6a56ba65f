//! Alarms over time.

use serde_json::json;

use super::*;

#[test]
fn an_alarm_is_looked_at_half_a_minute_after_each_minute() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("az1", "faults"));
    assert_eq!(clock.state("az1"), StateValue::InsufficientData);
    clock.record("faults", 9.0, 0);
    assert_eq!(
        short(&clock.pass(29)),
        Vec::<String>::new(),
        "before the first turn"
    );
    assert_eq!(
        short(&clock.pass(62)),
        [
            "12:00:30 az1 INSUFFICIENT_DATA -> OK",
            "12:01:30 az1 OK -> ALARM"
        ]
    );
    // The datapoint stays within the evaluation range for two more minutes.
    assert_eq!(short(&clock.pass(180)), ["12:04:30 az1 ALARM -> OK"]);
}

#[test]
fn a_late_metric_raises_the_alarm_late() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("az1", "faults"));
    clock.record("faults", 9.0, 120);
    let changes = clock.pass(300);
    assert_eq!(short(&changes)[1], "12:02:30 az1 OK -> ALARM");
}

#[test]
fn a_metric_that_is_later_than_the_evaluation_range_is_never_seen() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("az1", "faults"));
    clock.record("faults", 9.0, 240);
    assert_eq!(short(&clock.pass(600)).len(), 1);
}

#[test]
fn m_of_n_datapoints_raise_the_alarm() {
    let mut clock = Clock::at_noon();
    let mut config = alarm("az1", "faults");
    config.threshold.evaluation_periods = 3;
    config.threshold.datapoints_to_alarm = Some(2);
    clock.put(config);
    let mut changes = Vec::new();
    for value in [9.0, 0.0, 9.0, 0.0, 0.0] {
        clock.record("faults", value, 0);
        changes.extend(clock.pass(60));
    }
    assert_eq!(
        short(&changes)[1..],
        ["12:03:30 az1 OK -> ALARM", "12:04:30 az1 ALARM -> OK"]
    );
}

#[test]
fn a_zone_that_falls_silent_keeps_an_alarm_that_ignores_missing_data() {
    let mut clock = Clock::at_noon();
    let mut config = alarm("az1", "faults");
    config.threshold.missing_data = Some(MissingData::Ignore);
    clock.put(config);
    clock.record("faults", 9.0, 0);
    clock.pass(3600);
    assert_eq!(clock.state("az1"), StateValue::Alarm);
}

#[test]
fn a_period_of_five_minutes_slides_along_by_the_minute() {
    let mut clock = Clock::at_noon();
    let mut config = alarm("az1", "faults");
    config.watch = Watch::Metric(MetricStat {
        period: 300,
        ..stat("faults")
    });
    clock.put(config);
    clock.pass(7 * 60);
    for _ in 0..3 {
        clock.record("faults", 2.0, 0);
        clock.pass(60);
    }
    // Recorded at 12:07, 12:08 and 12:09: the sum of five minutes is 6 when the last of them is over.
    assert_eq!(clock.state("az1"), StateValue::Ok);
    assert_eq!(short(&clock.pass(60)), ["12:10:30 az1 OK -> ALARM"]);
}

#[test]
fn alarms_with_short_periods_are_looked_at_every_ten_seconds() {
    let mut clock = Clock::at_noon();
    let mut config = alarm("az1", "faults");
    config.watch = Watch::Metric(MetricStat {
        period: 10,
        ..stat("faults")
    });
    clock.put(config);
    let datum = Datum {
        name: "faults".into(),
        dimensions: vec![("Zone".into(), "use1-az1".into())],
        at: None,
        resolution: Resolution::High,
        values: DatumValues::Values(vec![(9.0, 1.0)]),
    };
    clock.pass(12);
    let now = clock.now;
    clock
        .cloudwatch
        .put_metric_data("Zone", vec![datum], now)
        .unwrap();
    assert_eq!(short(&clock.pass(10)), ["12:00:20 az1 OK -> ALARM"]);
    assert_eq!(short(&clock.pass(60)), ["12:00:50 az1 ALARM -> OK"]);
}

#[test]
fn a_clock_that_jumps_takes_a_missed_turn_once() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("az1", "faults"));
    clock.cloudwatch.evaluate(clock.now);
    clock.record("faults", 9.0, 0);
    clock.now += SignedDuration::from_secs(100);
    assert_eq!(
        short(&clock.cloudwatch.evaluate(clock.now)),
        ["12:01:40 az1 INSUFFICIENT_DATA -> ALARM"]
    );
}

#[test]
fn contributor_insights_tell_a_zone_from_an_instance() {
    let mut clock = Clock::at_noon();
    let mut config = alarm("az1-not-single", "unused");
    config.threshold.value = 1.0;
    config.watch = Watch::Math(vec![Query {
        id: "unique".into(),
        source: Source::Expression {
            text: "INSIGHT_RULE_METRIC(\"az1-errors\", \"UniqueContributors\")".into(),
            period: Some(60),
        },
        label: None,
        return_data: true,
    }]);
    clock.put(config);
    let contribute = |clock: &mut Clock, instance| {
        let now = clock.now;
        clock
            .cloudwatch
            .contribute("az1-errors", now, instance, 3.0, now);
    };
    contribute(&mut clock, "i-1");
    clock.pass(91);
    assert_eq!(clock.state("az1-not-single"), StateValue::Ok);
    contribute(&mut clock, "i-1");
    contribute(&mut clock, "i-2");
    clock.pass(60);
    assert_eq!(clock.state("az1-not-single"), StateValue::Alarm);
}

#[test]
fn putting_an_alarm_again_leaves_its_state() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("az1", "faults"));
    clock.record("faults", 9.0, 0);
    clock.pass(95);
    let mut config = alarm("az1", "faults");
    config.threshold.value = 100.0;
    clock.put(config);
    assert_eq!(clock.state("az1"), StateValue::Alarm);
    assert_eq!(short(&clock.pass(60)), ["12:02:30 az1 ALARM -> OK"]);
}

#[test]
fn a_metric_alarm_that_was_set_by_hand_goes_back_at_its_next_turn() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("az1", "faults"));
    clock.pass(40);
    clock.set("az1", StateValue::Alarm);
    assert_eq!(
        short(&clock.pass(60)),
        ["12:00:40 az1 OK -> ALARM", "12:01:30 az1 ALARM -> OK"]
    );
}

#[test]
fn a_composite_alarm_that_was_set_by_hand_stays_until_a_child_moves() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("a", "faults"));
    clock.put(alarm("b", "slow"));
    clock.compose("zone", "ALARM(a) AND ALARM(b)");
    clock.pass(40);
    clock.set("zone", StateValue::Alarm);
    clock.pass(3600);
    assert_eq!(clock.state("zone"), StateValue::Alarm);
    // A child moves, and although the rule did not hold before and does not now, the state goes back.
    clock.record("faults", 9.0, 0);
    assert_eq!(
        short(&clock.pass(60)),
        ["13:01:30 a OK -> ALARM", "13:01:30 zone ALARM -> OK"]
    );
}

#[test]
fn a_composite_alarm_has_insufficient_data_only_until_its_first_evaluation() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("a", "faults"));
    clock.compose("zone", "ALARM(a)");
    assert_eq!(clock.state("zone"), StateValue::InsufficientData);
    let changes = clock.pass(1);
    assert_eq!(short(&changes), ["12:00:01 zone INSUFFICIENT_DATA -> OK"]);
    assert_eq!(
        changes[0].reason,
        "arn:aws:cloudwatch:us-east-1:000000000000:alarm:zone was created and its alarm rule evaluates to OK"
    );
}

#[test]
fn one_round_carries_a_transition_through_every_layer() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("a", "faults"));
    // Names in the opposite order of dependence.
    clock.compose("z-zone", "ALARM(a)");
    clock.compose("y-service", "ALARM(z-zone)");
    clock.compose("x-top", "ALARM(y-service) AND NOT OK(z-zone)");
    clock.record("faults", 9.0, 0);
    clock.pass(89);
    assert_eq!(
        short(&clock.pass(1)),
        [
            "12:01:30 a OK -> ALARM",
            "12:01:30 z-zone OK -> ALARM",
            "12:01:30 y-service OK -> ALARM",
            "12:01:30 x-top OK -> ALARM",
        ]
    );
}

#[test]
fn changing_a_rule_evaluates_it_again() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("a", "faults"));
    clock.compose("zone", "ALARM(a)");
    clock.pass(40);
    clock.compose("zone", "NOT ALARM(a)");
    let changes = clock.pass(1);
    assert_eq!(short(&changes), ["12:00:41 zone OK -> ALARM"]);
    assert!(
        changes[0]
            .reason
            .ends_with("was updated and its alarm rule evaluates to ALARM")
    );
}

#[test]
fn a_suppressed_alarm_still_sends_its_event_and_says_so() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("a", "faults"));
    clock.put(alarm("maintenance", "maintenance"));
    let mut config = composite("zone", "ALARM(a)");
    config.suppressor = Some(Suppressor {
        alarm: "maintenance".into(),
        wait_period: 120,
        extension_period: 180,
    });
    clock
        .cloudwatch
        .put_composite_alarm(config, clock.now)
        .unwrap();
    clock.pass(300);
    clock.record("faults", 9.0, 0);
    let changes = clock.pass(95);
    let event = &changes[1].event["detail"];
    assert_eq!(event["state"]["actionsSuppressedBy"], "WaitPeriod");
    assert_eq!(
        event["state"]["actionsSuppressedReason"],
        "Actions suppressed by WaitPeriod"
    );
    assert_eq!(event["previousState"].get("actionsSuppressedBy"), None);

    let before = clock.cloudwatch.alarm("zone").unwrap().state().clone();
    assert_eq!(
        short(&clock.pass(300)).len(),
        2,
        "only a and zone going back"
    );
    let after = clock.cloudwatch.alarm("zone").unwrap().state();
    assert!(after.updated > before.updated);
    let Some(Alarm::Composite(zone)) = clock.cloudwatch.alarm("zone") else {
        panic!("zone is a composite alarm");
    };
    assert_eq!(zone.suppressed(), None);
}

#[test]
fn a_wait_period_ends_by_itself() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("maintenance", "maintenance"));
    let mut config = composite("zone", "TRUE");
    config.suppressor = Some(Suppressor {
        alarm: "maintenance".into(),
        wait_period: 45,
        extension_period: 60,
    });
    clock
        .cloudwatch
        .put_composite_alarm(config, clock.now)
        .unwrap();
    let suppressed = |clock: &Clock| match clock.cloudwatch.alarm("zone") {
        Some(Alarm::Composite(zone)) => zone.suppressed().map(SuppressedBy::as_str),
        _ => None,
    };
    clock.pass(45);
    assert_eq!(suppressed(&clock), Some("WaitPeriod"));
    clock.pass(1);
    assert_eq!(suppressed(&clock), None);
    clock.set("maintenance", StateValue::Alarm);
    clock.pass(1);
    assert_eq!(suppressed(&clock), Some("Alarm"));
    // Without its suppressor, nothing keeps the actions back any more.
    clock.compose("zone", "TRUE");
    clock.pass(1);
    assert_eq!(suppressed(&clock), None);
}

#[test]
fn a_muted_alarm_still_sends_its_event_and_says_so() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("a", "faults"));
    clock.put(alarm("b", "faults"));
    let rule = MuteRule {
        name: "deploy".into(),
        description: None,
        alarm_names: vec!["a".into()],
        start: clock.now,
        end: clock.now + SignedDuration::from_hours(1),
    };
    clock.cloudwatch.put_mute_rule(rule, clock.now).unwrap();
    let changes = clock.pass(30);
    assert_eq!(
        changes[0].event["detail"]["muteDetail"],
        json!({
            "mutedByArn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm-mute-rule:deploy",
            "muteWindowStart": "2026-01-02T12:00:00.000+0000",
            "muteWindowEnd": "2026-01-02T13:00:00.000+0000",
        })
    );
    assert_eq!(changes[1].event["detail"].get("muteDetail"), None);
    clock.pass(3600);
    clock.set("a", StateValue::Alarm);
    assert_eq!(clock.pass(1)[0].event["detail"].get("muteDetail"), None);
}

#[test]
fn the_event_of_a_metric_alarm_is_the_documented_one() {
    let mut clock = Clock::at_noon();
    let mut config = alarm("az1", "faults");
    config.description = Some("faults in use1-az1".into());
    clock.put(config);
    clock.record("faults", 9.5, 0);
    let changes = clock.pass(91);
    let event = &changes[1].event;
    assert_eq!(
        *event,
        json!({
            "version": "0",
            "id": event["id"],
            "detail-type": "CloudWatch Alarm State Change",
            "source": "aws.cloudwatch",
            "account": "000000000000",
            "time": "2026-01-02T12:01:30Z",
            "region": "us-east-1",
            "resources": ["arn:aws:cloudwatch:us-east-1:000000000000:alarm:az1"],
            "detail": {
                "alarmName": "az1",
                "state": {
                    "value": "ALARM",
                    "reason": "Threshold Crossed: 1 out of the last 1 datapoints [9.5 (02/01/26 12:00:00)] was greater than the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition).",
                    "reasonData": event["detail"]["state"]["reasonData"],
                    "timestamp": "2026-01-02T12:01:30.000+0000",
                },
                "previousState": {
                    "value": "OK",
                    "reason": "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].",
                    "reasonData": event["detail"]["previousState"]["reasonData"],
                    "timestamp": "2026-01-02T12:00:30.000+0000",
                },
                "configuration": {
                    "description": "faults in use1-az1",
                    "metrics": [{
                        "id": event["detail"]["configuration"]["metrics"][0]["id"],
                        "metricStat": {
                            "metric": {
                                "namespace": "Zone",
                                "name": "faults",
                                "dimensions": {"Zone": "use1-az1"},
                            },
                            "period": 60,
                            "stat": "Sum",
                        },
                        "returnData": true,
                    }],
                },
            },
        })
    );
    assert_eq!(
        reason_data(event),
        json!({
            "version": "1.0",
            "queryDate": "2026-01-02T12:01:30.000+0000",
            "startDate": "2026-01-02T12:00:00.000+0000",
            "statistic": "Sum",
            "period": 60,
            "recentDatapoints": [9.5],
            "threshold": 5.0,
            "evaluatedDatapoints": [
                {"timestamp": "2026-01-02T12:00:00.000+0000", "sampleCount": 1.0, "value": 9.5}
            ],
        })
    );
    assert_eq!(event["id"].as_str().unwrap().len(), 36);
    let first = &changes[0].event;
    assert_ne!(first["id"], event["id"]);
    assert_eq!(
        first["detail"]["previousState"],
        json!({
            "value": "INSUFFICIENT_DATA",
            "reason": "Unchecked: Initial alarm creation",
            "timestamp": "2026-01-02T12:00:00.000+0000",
        })
    );
}

#[test]
fn the_event_of_a_metric_math_alarm_has_expressions_without_a_metric() {
    let mut clock = Clock::at_noon();
    let mut config = alarm("az1", "unused");
    let metric = |id: &str, name: &str| Query {
        id: id.into(),
        source: Source::Metric(stat(name)),
        label: None,
        return_data: false,
    };
    config.watch = Watch::Math(vec![
        Query {
            id: "rate".into(),
            source: Source::Expression {
                text: "100 * faults / requests".into(),
                period: None,
            },
            label: Some("fault rate".into()),
            return_data: true,
        },
        metric("faults", "faults"),
        metric("requests", "requests"),
    ]);
    clock.put(config);
    clock.record("faults", 10.0, 0);
    clock.record("requests", 40.0, 0);
    let changes = clock.pass(91);
    let event = &changes[1].event;
    let metrics = &event["detail"]["configuration"]["metrics"];
    assert_eq!(
        metrics[0],
        json!({
            "id": "rate",
            "expression": "100 * faults / requests",
            "label": "fault rate",
            "returnData": true,
        })
    );
    assert_eq!(metrics[1]["returnData"], false);
    assert_eq!(metrics[1]["metricStat"]["metric"]["name"], "faults");
    let data = reason_data(event);
    assert_eq!(data["recentDatapoints"], json!([25.0]));
    assert_eq!(data.get("statistic"), None);
}

#[test]
fn the_event_of_a_composite_alarm_names_the_children_that_moved() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("a", "faults"));
    clock.put(alarm("b", "slow"));
    let mut config = composite("zone", "ALARM(a) OR ALARM(b)");
    config.description = Some("{\"az-id\":\"use1-az1\"}".into());
    clock
        .cloudwatch
        .put_composite_alarm(config, clock.now)
        .unwrap();
    clock.record("faults", 9.0, 0);
    let changes = clock.pass(91);
    let event = &changes.last().unwrap().event;
    let detail = &event["detail"];
    assert_eq!(
        detail["configuration"],
        json!({
            "alarmRule": "ALARM(a) OR ALARM(b)",
            "description": "{\"az-id\":\"use1-az1\"}",
        })
    );
    assert_eq!(
        detail["state"]["reason"],
        "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a transitioned to ALARM at Friday 02 January, 2026 12:01:30 UTC"
    );
    assert_eq!(
        reason_data(event),
        json!({"triggeringAlarms": [{
            "arn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a",
            "state": {"value": "ALARM", "timestamp": "2026-01-02T12:01:30.000+0000"},
        }]})
    );
}

#[test]
fn reason_data_of_a_composite_alarm_stays_within_its_limit() {
    let mut clock = Clock::at_noon();
    let names: Vec<String> = (0..100).map(|n| format!("alarm-{n:03}")).collect();
    for name in &names {
        clock.put(alarm(name, "faults"));
    }
    let rule: Vec<String> = names.iter().map(|name| format!("ALARM({name})")).collect();
    clock.compose("all", &rule.join(" AND "));
    clock.record("faults", 9.0, 0);
    let changes = clock.pass(91);
    let event = &changes.last().unwrap().event;
    assert_eq!(event["detail"]["alarmName"], "all");
    let data = event["detail"]["state"]["reasonData"].as_str().unwrap();
    assert!((3500..=4000).contains(&data.len()), "{}", data.len());
    reason_data(event);
}

#[test]
fn two_runs_of_one_history_give_the_same_events() {
    let run = || {
        let mut clock = Clock::at_noon();
        clock.put(alarm("a", "faults"));
        clock.compose("zone", "ALARM(a)");
        clock.record("faults", 9.0, 0);
        clock.pass(600)
    };
    assert!(run().len() > 4);
    assert_eq!(run(), run());
}

fn refusal(clock: &mut Clock, name: &str, rule: &str) -> String {
    let config = composite(name, rule);
    let error = clock.cloudwatch.put_composite_alarm(config, clock.now);
    let error = error.unwrap_err();
    assert_eq!((error.status, error.code), (400, "ValidationError"));
    error.message
}

#[test]
fn a_composite_alarm_needs_children_that_exist_and_no_circle() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("a", "faults"));
    assert_eq!(
        refusal(&mut clock, "zone", "ALARM(a) OR ALARM(x) OR OK(y)"),
        "alarms [x, y] do not exist; create them before the composite alarm"
    );
    assert_eq!(
        refusal(&mut clock, "zone", "ALARM(zone)"),
        "composite alarm \"zone\" would depend on itself"
    );
    clock.compose("zone", "ALARM(a)");
    clock.compose("top", "ALARM(zone)");
    assert_eq!(
        refusal(&mut clock, "zone", "ALARM(top)"),
        "composite alarm \"zone\" would depend on itself"
    );
    assert_eq!(
        refusal(&mut clock, "a", "TRUE"),
        "\"a\" is a metric alarm already, expected a name that no alarm of another kind has"
    );
    // Nothing of it has happened.
    clock.pass(40);
    clock.set("a", StateValue::Alarm);
    assert_eq!(short(&clock.pass(1)).len(), 3);
}

#[test]
fn alarms_are_deleted_all_or_none_except_for_names_that_no_alarm_has() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("a", "faults"));
    clock.put(alarm("b", "faults"));
    clock.compose("zone", "ALARM(a)");
    clock.compose("other", "TRUE");
    let now = clock.now;
    let mut refusal = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let refused = clock.cloudwatch.delete_alarms(&names, now).unwrap_err();
        (refused.code, refused.message)
    };
    assert_eq!(
        refusal(&["b", "a"]).1,
        "cannot delete \"a\": composite alarm \"zone\" depends on it; change or delete that first"
    );
    assert_eq!(
        refusal(&["zone", "other"]).1,
        "AlarmNames has several composite alarms, expected at most one"
    );
    assert_eq!(
        refusal(&["b"; 101]).1,
        "AlarmNames has 101 members, expected at most 100"
    );
    assert_eq!(
        refusal(&["x", "zone", "a"]),
        ("ResourceNotFound", "alarm \"x\" does not exist".into())
    );
    assert!(clock.cloudwatch.alarm("zone").is_none());
    assert!(clock.cloudwatch.alarm("a").is_none());
    assert_eq!(short(&clock.pass(31)).len(), 2, "b and other live on");
}

#[test]
fn a_state_is_set_only_within_the_limits() {
    let mut clock = Clock::at_noon();
    clock.put(alarm("a", "faults"));
    let now = clock.now;
    let mut set = |name: &str, reason: &str, data: Option<&str>| {
        let set = clock
            .cloudwatch
            .set_alarm_state(name, StateValue::Ok, reason, data, now);
        set.map_err(|error| (error.status, error.code))
    };
    assert_eq!(set("x", "", None), Err((404, "ResourceNotFound")));
    assert_eq!(
        set("a", &"r".repeat(1024), None),
        Err((400, "ValidationError"))
    );
    assert_eq!(
        set("a", "", Some(&"1".repeat(4001))),
        Err((400, "ValidationError"))
    );
    assert_eq!(set("a", "", Some("{")), Err((400, "InvalidFormatFault")));
    assert_eq!(set("a", "", Some("{}")), Ok(()));
}
