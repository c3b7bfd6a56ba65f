//! The bus as services and targets see it.

use std::collections::BTreeMap;

use super::*;
use crate::cloudwatch::{
    Actions, CloudWatch, CompositeAlarmConfig, MetricAlarmConfig, MetricId, MetricStat,
    MissingData, StateValue, Threshold, Watch,
};

fn noon() -> Timestamp {
    "2026-01-02T12:00:00Z".parse().unwrap()
}

fn after(milliseconds: i64) -> Timestamp {
    noon() + SignedDuration::from_millis(milliseconds)
}

fn bus() -> EventBridge {
    EventBridge::new(AccountId::embedded(), "us-east-1")
}

fn target(id: &str, input: Input) -> Target {
    Target {
        id: id.into(),
        function: format!("function-{id}"),
        input,
    }
}

fn rule(name: &str, pattern: &Value, targets: Vec<Target>) -> Rule {
    Rule {
        name: name.into(),
        trigger: Trigger::Pattern(Pattern::parse(pattern).unwrap()),
        enabled: true,
        targets,
    }
}

fn scheduled(name: &str, seconds: u32) -> Rule {
    Rule {
        name: name.into(),
        trigger: Trigger::Rate { seconds },
        enabled: true,
        targets: vec![target(
            "tick",
            Input::Constant(json!({"command": "reconcile"})),
        )],
    }
}

fn numbered(n: u32) -> Value {
    json!({"id": format!("event-{n}"), "source": "shop", "detail": {"n": n}})
}

/// A bus with one rule for everything of the shop.
fn shop() -> EventBridge {
    let mut bus = bus();
    let everything = rule(
        "shop",
        &json!({"source": ["shop"]}),
        vec![target("a", Input::Event)],
    );
    bus.put_rule(everything, noon()).unwrap();
    bus
}

/// Arrivals in short: the number of the event and the milliseconds since noon.
fn arrivals(bus: &mut EventBridge, until: Timestamp) -> Vec<(i64, i64)> {
    let due = bus.due(until).into_iter();
    due.map(|delivery| {
        let n = delivery.payload["detail"]["n"].as_i64().unwrap();
        (
            n,
            (delivery.at.duration_since(noon()))
                .as_millis()
                .try_into()
                .unwrap(),
        )
    })
    .collect()
}

#[test]
fn an_event_reaches_the_targets_of_every_rule_that_it_matches() {
    let mut bus = shop();
    let targets = vec![
        target("b", Input::Constant(json!({"always": "the same"}))),
        target("c", Input::Event),
    ];
    bus.put_rule(
        rule("first", &json!({"detail": {"n": [1]}}), targets),
        noon(),
    )
    .unwrap();
    bus.accept(&numbered(1), noon());
    bus.accept(&numbered(2), noon());
    assert_eq!(bus.due(after(99)), []);
    let due = bus.due(after(100));
    let lines: Vec<_> = due
        .iter()
        .map(|delivery| (delivery.function.as_str(), delivery.event_id.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            ("function-b", "event-1"),
            ("function-c", "event-1"),
            ("function-a", "event-1"),
            ("function-a", "event-2"),
        ]
    );
    assert_eq!(due[0].payload, json!({"always": "the same"}));
    assert_eq!(due[1].payload, numbered(1));
    assert_eq!(bus.due(after(10_000)), []);
}

#[test]
fn a_rule_that_is_disabled_or_removed_sends_nothing() {
    let mut bus = shop();
    let mut disabled = bus.rule("shop").unwrap().clone();
    disabled.enabled = false;
    bus.put_rule(disabled, noon()).unwrap();
    bus.accept(&numbered(1), noon());
    let mut off = scheduled("tick", 60);
    off.enabled = false;
    bus.put_rule(off, noon()).unwrap();
    assert_eq!(bus.due(after(600_000)), []);
    assert_eq!(bus.next_due(), None);

    let mut bus = shop();
    bus.remove_rule("shop");
    bus.accept(&numbered(1), noon());
    assert_eq!(bus.due(after(1000)), []);
}

#[test]
fn a_schedule_keeps_its_rate_and_no_tick_is_lost_when_the_clock_jumps() {
    let mut bus = bus();
    bus.put_rule(scheduled("tick", 300), noon()).unwrap();
    assert_eq!(bus.next_due(), Some(after(300_000)));
    assert_eq!(bus.due(after(300_000)), []);
    assert_eq!(bus.next_due(), Some(after(300_100)));
    assert_eq!(bus.due(after(300_100)).len(), 1);
    let due = bus.due(after(1_000_000));
    let at: Vec<Timestamp> = due.iter().map(|delivery| delivery.at).collect();
    assert_eq!(at, [after(600_100), after(900_100)]);
    assert_eq!(due[0].payload, json!({"command": "reconcile"}));
    assert_ne!(due[0].event_id, due[1].event_id);
}

#[test]
fn the_event_of_a_schedule_is_the_documented_one() {
    let mut bus = bus();
    let mut rule = scheduled("tick", 60);
    rule.targets = vec![target("t", Input::Event)];
    bus.put_rule(rule, noon()).unwrap();
    let due = bus.due(after(61_000));
    assert_eq!(
        due[0].payload,
        json!({
            "version": "0",
            "id": due[0].event_id,
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "000000000000",
            "time": "2026-01-02T12:01:00Z",
            "region": "us-east-1",
            "resources": ["arn:aws:events:us-east-1:000000000000:rule/tick"],
            "detail": {},
        })
    );
}

fn entry(source: &str, detail: &str) -> PutEventsEntry {
    PutEventsEntry {
        bus: None,
        source: source.into(),
        detail_type: "Order".into(),
        detail: detail.into(),
        resources: vec!["arn:x".into()],
        time: None,
    }
}

#[test]
fn entries_are_accepted_or_refused_one_by_one() {
    let mut bus = shop();
    let entries = vec![
        entry("aws.cloudwatch", "{\"n\": 0}"),
        entry("shop", "{\"n\": 1}"),
        entry("shop", "[1]"),
        entry("shop", "{"),
        entry("", "{}"),
    ];
    let answers = bus.put_events(entries, noon()).unwrap();
    let codes: Vec<&str> = answers
        .iter()
        .map(|answer| {
            answer
                .as_ref()
                .map_or_else(|error| error.code, |_| "accepted")
        })
        .collect();
    assert_eq!(
        codes,
        [
            "NotAuthorizedForSourceException",
            "accepted",
            "MalformedDetail",
            "MalformedDetail",
            "InvalidArgument",
        ]
    );
    let due = bus.due(after(1000));
    assert_eq!(due.len(), 1);
    assert_eq!(Ok(&due[0].event_id), answers[1].as_ref());
    assert_eq!(due[0].payload["detail-type"], "Order");
    assert_eq!(due[0].payload["time"], "2026-01-02T12:00:00Z");
    for n in [0, 11] {
        let refused = bus
            .put_events(vec![entry("shop", "{}"); n], noon())
            .unwrap_err();
        assert_eq!(refused.code, "ValidationException");
    }
}

#[test]
fn a_rule_that_eventbridge_would_not_take_is_refused() {
    let mut bus = bus();
    let mut refusal = |rule: Rule| bus.put_rule(rule, noon()).unwrap_err().message;
    let pattern = json!({"source": ["shop"]});
    assert_eq!(
        refusal(rule("a b", &pattern, vec![])),
        "rule \"a b\": expected a name of 1 to 64 letters, digits, dots, hyphens and underscores"
    );
    for seconds in [0, 59, 90] {
        assert_eq!(
            refusal(scheduled("tick", seconds)),
            format!("rule \"tick\": a rate of {seconds} s, expected whole minutes")
        );
    }
    let six = ["a", "b", "c", "d", "e", "f"].map(|id| target(id, Input::Event));
    assert_eq!(
        refusal(rule("shop", &pattern, six.to_vec())),
        "rule \"shop\": 6 targets, expected at most 5"
    );
    let twice = vec![target("a", Input::Event), target("a", Input::Event)];
    assert_eq!(
        refusal(rule("shop", &pattern, twice)),
        "rule \"shop\": target \"a\": expected an id of its own, of 1 to 64 letters, digits, dots, hyphens and underscores"
    );
}

fn fault(effect: DeliveryEffect, times: u32) -> DeliveryFault {
    DeliveryFault {
        rule: Some("shop".into()),
        function: None,
        effect,
        times,
    }
}

#[test]
fn a_delivery_can_arrive_twice() {
    let mut bus = shop();
    let after_ten = SignedDuration::from_secs(10);
    bus.inject(fault(DeliveryEffect::Duplicate { after: after_ten }, 1));
    bus.accept(&numbered(1), noon());
    bus.accept(&numbered(2), noon());
    assert_eq!(
        arrivals(&mut bus, after(60_000)),
        [(1, 100), (2, 100), (1, 10_100)]
    );
}

#[test]
fn a_delivery_can_be_late() {
    let mut bus = shop();
    let by = SignedDuration::from_mins(2);
    bus.inject(fault(DeliveryEffect::Delay { by }, 1));
    bus.accept(&numbered(1), noon());
    bus.accept(&numbered(2), after(1000));
    assert_eq!(
        arrivals(&mut bus, after(600_000)),
        [(2, 1100), (1, 120_100)]
    );
}

#[test]
fn a_delivery_can_be_overtaken_by_the_next_one() {
    let mut bus = shop();
    bus.inject(fault(DeliveryEffect::Reorder, 1));
    bus.accept(&numbered(1), noon());
    assert_eq!(arrivals(&mut bus, after(1000)), []);
    bus.accept(&numbered(2), after(2000));
    bus.accept(&numbered(3), after(3000));
    assert_eq!(
        arrivals(&mut bus, after(60_000)),
        [(2, 2100), (1, 2100), (3, 3100)]
    );
}

#[test]
fn a_delivery_that_nothing_overtakes_is_only_late() {
    let mut bus = shop();
    bus.inject(fault(DeliveryEffect::Reorder, 1));
    bus.accept(&numbered(1), noon());
    assert_eq!(arrivals(&mut bus, after(60_099)), []);
    assert_eq!(arrivals(&mut bus, after(60_100)), [(1, 60_100)]);
    bus.accept(&numbered(2), after(70_000));
    assert_eq!(arrivals(&mut bus, after(80_000)), [(2, 70_100)]);
}

#[test]
fn faults_hit_only_what_they_name_and_only_so_often() {
    let mut bus = shop();
    let by = SignedDuration::from_secs(1);
    let delay = fault(DeliveryEffect::Delay { by }, 5);
    bus.inject(DeliveryFault {
        rule: Some("other".into()),
        ..delay.clone()
    });
    bus.inject(DeliveryFault {
        rule: None,
        function: Some("function-z".into()),
        ..delay.clone()
    });
    bus.accept(&numbered(1), noon());
    assert_eq!(arrivals(&mut bus, after(100)), [(1, 100)]);
    bus.inject(DeliveryFault {
        rule: None,
        function: Some("function-a".into()),
        times: 1,
        ..delay.clone()
    });
    bus.accept(&numbered(2), after(200));
    bus.accept(&numbered(3), after(200));
    assert_eq!(arrivals(&mut bus, after(5000)), [(3, 300), (2, 1300)]);
    bus.inject(delay);
    bus.clear_faults();
    bus.accept(&numbered(4), after(6000));
    assert_eq!(arrivals(&mut bus, after(6100)), [(4, 6100)]);
}

/// What a workload of many zones needs fits into the template of a rule.
#[test]
fn an_alarm_of_cloudwatch_reaches_a_function_together_with_the_workload() {
    let mut cloudwatch = CloudWatch::new(AccountId::embedded(), "us-east-1");
    let name = "use1-az1-shop-isolated-impact-aggregate-alarm";
    let metric = MetricAlarmConfig {
        name: "az1-faults".into(),
        description: None,
        actions: Actions::default(),
        watch: Watch::Metric(MetricStat {
            metric: MetricId::new("Shop", "Faults"),
            period: 60,
            stat: "Sum".parse().unwrap(),
            unit: None,
        }),
        threshold: Threshold {
            comparison: crate::cloudwatch::Comparison::Greater,
            value: 5.0,
            evaluation_periods: 1,
            datapoints_to_alarm: None,
            missing_data: Some(MissingData::NotBreaching),
        },
    };
    cloudwatch.put_metric_alarm(metric, noon()).unwrap();
    let composite = CompositeAlarmConfig {
        name: name.into(),
        description: None,
        actions: Actions::default(),
        rule: "ALARM(az1-faults)".into(),
        suppressor: None,
    };
    cloudwatch.put_composite_alarm(composite, noon()).unwrap();

    let zones: BTreeMap<String, Value> = (1..=6)
        .map(|n| {
            let subnets = [
                format!("subnet-0a1b2c3d4e5f6070{n}"),
                format!("subnet-0a1b2c3d4e5f6080{n}"),
            ];
            (
                format!("use1-az{n}"),
                json!({"name": "us-east-1a", "subnets": subnets}),
            )
        })
        .collect();
    let workload = json!({"name": "shop", "zones": zones});
    let template = format!("{{\"workload\": {workload}, \"event\": <aws.events.event.json>}}");
    let transformer = Transformer::new(&BTreeMap::new(), &template).unwrap();
    let mut bus = bus();
    let pattern = json!({
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": {
            "alarmName": [{"suffix": "-isolated-impact-aggregate-alarm"}],
            "state": {"value": ["ALARM"]},
        },
    });
    let targets = vec![target("classifier", Input::Transformed(transformer))];
    bus.put_rule(rule("shop", &pattern, targets), noon())
        .unwrap();

    let metric = MetricId::new("Shop", "Faults");
    cloudwatch.record(metric, noon(), &[(9.0, 1.0)], noon());
    let mut due = Vec::new();
    for second in 1..=120 {
        let now = noon() + SignedDuration::from_secs(second);
        for change in cloudwatch.evaluate(now) {
            bus.accept(&change.event, now);
        }
        due.extend(bus.due(now));
    }
    let [delivery] = &due[..] else {
        panic!("{due:?}");
    };
    assert_eq!(delivery.function, "function-classifier");
    assert_eq!(delivery.payload["workload"], workload);
    let event = &delivery.payload["event"];
    assert_eq!(event["detail"]["alarmName"], name);
    assert_eq!(
        event["detail"]["state"]["value"],
        StateValue::Alarm.as_str()
    );
    assert_eq!(event["id"], delivery.event_id.as_str());
    assert_eq!(bus.failures(), []);
}
