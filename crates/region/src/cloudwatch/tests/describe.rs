//! What can be asked about alarms.

use super::*;

fn some_alarms() -> Clock {
    let mut clock = Clock::at_noon();
    for name in ["az1-faults", "az1-slow", "az2-faults"] {
        clock.put(alarm(name, name));
    }
    clock.compose("az1", "ALARM(az1-faults) OR ALARM(az1-slow)");
    clock.compose("top", "ALARM(az1) AND NOT ALARM(az2-faults)");
    clock.record("az1-faults", 9.0, 0);
    clock.pass(91);
    clock
}

fn names(clock: &Clock, query: &DescribeAlarms) -> Vec<String> {
    let (page, _) = clock.cloudwatch.describe_alarms(query).unwrap();
    page.items
        .iter()
        .map(|alarm| alarm.name().to_owned())
        .collect()
}

fn both() -> DescribeAlarms {
    DescribeAlarms {
        types: Some(vec![AlarmType::Metric, AlarmType::Composite]),
        ..DescribeAlarms::default()
    }
}

#[test]
fn only_metric_alarms_are_described_unless_others_are_asked_for() {
    let clock = some_alarms();
    assert_eq!(
        names(&clock, &DescribeAlarms::default()),
        ["az1-faults", "az1-slow", "az2-faults"]
    );
    let named = DescribeAlarms {
        names: Some(vec!["az1".into()]),
        ..DescribeAlarms::default()
    };
    assert_eq!(names(&clock, &named), Vec::<String>::new());
    assert_eq!(
        names(&clock, &both()),
        ["az1", "top", "az1-faults", "az1-slow", "az2-faults"]
    );
}

#[test]
fn conditions_narrow_the_answer() {
    let clock = some_alarms();
    let prefix = DescribeAlarms {
        name_prefix: Some("az1".into()),
        ..both()
    };
    assert_eq!(names(&clock, &prefix), ["az1", "az1-faults", "az1-slow"]);
    let state = DescribeAlarms {
        state: Some(StateValue::Alarm),
        ..both()
    };
    assert_eq!(names(&clock, &state), ["az1", "top", "az1-faults"]);
    let named = DescribeAlarms {
        names: Some(vec![
            "az2-faults".into(),
            "az1".into(),
            "x".into(),
            "az1".into(),
        ]),
        ..both()
    };
    assert_eq!(names(&clock, &named), ["az1", "az2-faults"]);
}

#[test]
fn pages_follow_each_other_over_both_kinds() {
    let clock = some_alarms();
    let mut query = DescribeAlarms {
        max_records: Some(2),
        ..both()
    };
    let mut pages = Vec::new();
    loop {
        let (page, _) = clock.cloudwatch.describe_alarms(&query).unwrap();
        pages.push(
            page.items
                .iter()
                .map(|alarm| alarm.name())
                .collect::<Vec<_>>(),
        );
        query.next_token = page.next_token;
        if query.next_token.is_none() {
            break;
        }
    }
    assert_eq!(
        pages,
        [
            vec!["az1", "top"],
            vec!["az1-faults", "az1-slow"],
            vec!["az2-faults"]
        ]
    );
}

#[test]
fn relatives_are_found_and_tell_less() {
    let clock = some_alarms();
    let children = DescribeAlarms {
        children_of: Some("top".into()),
        ..DescribeAlarms::default()
    };
    assert_eq!(names(&clock, &children), ["az1", "az2-faults"]);
    let (_, detail) = clock.cloudwatch.describe_alarms(&children).unwrap();
    assert_eq!(detail, Detail::Children);
    let parents = DescribeAlarms {
        parents_of: Some("az2-faults".into()),
        ..DescribeAlarms::default()
    };
    assert_eq!(names(&clock, &parents), ["top"]);
    let (_, detail) = clock.cloudwatch.describe_alarms(&parents).unwrap();
    assert_eq!(detail, Detail::Parents);
}

#[test]
fn conditions_that_exclude_each_other_are_refused() {
    let clock = some_alarms();
    let refusal = |query: DescribeAlarms| {
        let refused = clock.cloudwatch.describe_alarms(&query).unwrap_err();
        (refused.code, refused.message)
    };
    let default = DescribeAlarms::default;
    let relatives = "ChildrenOfAlarmName and ParentsOfAlarmName allow no other parameters except MaxRecords and NextToken";
    for query in [
        DescribeAlarms {
            children_of: Some("top".into()),
            ..both()
        },
        DescribeAlarms {
            children_of: Some("top".into()),
            parents_of: Some("az1".into()),
            ..default()
        },
        DescribeAlarms {
            parents_of: Some("az1".into()),
            state: Some(StateValue::Ok),
            ..default()
        },
    ] {
        assert_eq!(refusal(query), ("ValidationError", relatives.into()));
    }
    assert_eq!(
        refusal(DescribeAlarms {
            names: Some(vec![]),
            name_prefix: Some("a".into()),
            ..default()
        })
        .1,
        "AlarmNamePrefix and AlarmNames exclude each other, expected one of them"
    );
    assert_eq!(
        refusal(DescribeAlarms {
            names: Some(vec!["a".into(); 101]),
            ..default()
        })
        .1,
        "AlarmNames has 101 members, expected at most 100"
    );
    for n in [0, 101, -1] {
        assert_eq!(
            refusal(DescribeAlarms {
                max_records: Some(n),
                ..default()
            })
            .1,
            format!("MaxRecords is {n}, expected 1 to 100")
        );
    }
    for token in ["", "x", "Alarm:a"] {
        assert_eq!(
            refusal(DescribeAlarms {
                next_token: Some(token.into()),
                ..default()
            })
            .0,
            "InvalidNextToken"
        );
    }
    assert_eq!(
        refusal(DescribeAlarms {
            children_of: Some("az1-faults".into()),
            ..default()
        }),
        (
            "ResourceNotFound",
            "composite alarm \"az1-faults\" does not exist".into()
        )
    );
}

#[test]
fn the_history_tells_transitions_the_latest_first() {
    let clock = some_alarms();
    let history = |query: DescribeHistory| {
        let page = clock.cloudwatch.describe_alarm_history(&query).unwrap();
        let lines = page.items.iter();
        let lines = lines.map(|item| {
            let at = item.at.strftime("%H:%M:%S");
            format!("{at} {}: {}", item.alarm_name, item.summary)
        });
        (lines.collect::<Vec<_>>(), page.next_token)
    };
    let of_one = DescribeHistory {
        alarm_name: Some("az1-faults".into()),
        ..DescribeHistory::default()
    };
    assert_eq!(
        history(of_one.clone()).0,
        [
            "12:01:30 az1-faults: Alarm updated from OK to ALARM",
            "12:00:30 az1-faults: Alarm updated from INSUFFICIENT_DATA to OK",
        ]
    );
    let first = DescribeHistory {
        oldest_first: true,
        max_records: Some(1),
        ..of_one.clone()
    };
    let (lines, token) = history(first.clone());
    assert_eq!(
        lines,
        ["12:00:30 az1-faults: Alarm updated from INSUFFICIENT_DATA to OK"]
    );
    let (lines, token) = history(DescribeHistory {
        next_token: token,
        ..first
    });
    assert_eq!(
        lines,
        ["12:01:30 az1-faults: Alarm updated from OK to ALARM"]
    );
    assert_eq!(token, None);
    let recent = DescribeHistory {
        start: Some("2026-01-02T12:01:00Z".parse().unwrap()),
        alarm_types: Some(vec![AlarmType::Composite]),
        ..DescribeHistory::default()
    };
    assert_eq!(
        history(recent).0,
        [
            "12:01:30 top: Alarm updated from OK to ALARM",
            "12:01:30 az1: Alarm updated from OK to ALARM",
        ]
    );
}

#[test]
fn history_holds_both_states_as_a_document() {
    let clock = some_alarms();
    let query = DescribeHistory {
        alarm_name: Some("az1-faults".into()),
        ..DescribeHistory::default()
    };
    let page = clock.cloudwatch.describe_alarm_history(&query).unwrap();
    let data: Value = serde_json::from_str(&page.items[0].data).unwrap();
    assert_eq!(data["oldState"]["stateValue"], "OK");
    assert_eq!(data["newState"]["stateValue"], "ALARM");
    assert_eq!(
        data["newState"]["stateReasonData"]["recentDatapoints"][0],
        9.0
    );
}

#[test]
fn mute_rules_are_listed_by_alarm_and_status() {
    let mut clock = Clock::at_noon();
    for (name, alarm, hours) in [("past", "a", -2), ("present", "a", 0), ("future", "b", 2)] {
        let start = clock.now + SignedDuration::from_hours(hours);
        let rule = MuteRule {
            name: name.into(),
            description: None,
            alarm_names: vec![alarm.into()],
            start,
            end: start + SignedDuration::from_hours(1),
        };
        clock.cloudwatch.put_mute_rule(rule, clock.now).unwrap();
    }
    let list = |query: ListMuteRules| {
        let page = clock.cloudwatch.list_mute_rules(&query, clock.now).unwrap();
        let names = page.items.iter().map(|(rule, _)| rule.name.clone());
        (names.collect::<Vec<_>>(), page.next_token)
    };
    let default = ListMuteRules::default;
    assert_eq!(list(default()).0, ["future", "past", "present"]);
    assert_eq!(
        list(ListMuteRules {
            alarm_name: Some("a".into()),
            ..default()
        })
        .0,
        ["past", "present"]
    );
    assert_eq!(
        list(ListMuteRules {
            alarm_name: Some("a".into()),
            statuses: vec![MuteStatus::Active, MuteStatus::Scheduled],
            ..default()
        })
        .0,
        ["present"]
    );
    let (names, token) = list(ListMuteRules {
        max_records: Some(2),
        ..default()
    });
    assert_eq!(names, ["future", "past"]);
    assert_eq!(
        list(ListMuteRules {
            next_token: token,
            ..default()
        }),
        (vec!["present".to_owned()], None)
    );
}
