//! What the tick finds in peacetime.

use super::*;
use crate::prune::Refusal;
use crate::readiness::Unready;

fn found(fleet: Fleet) -> Vec<Unready> {
    fleet.ticks().unready.expect("everything was looked at")
}

impl Fleet {
    fn group_with(mut self, obstacle: Refusal) -> Self {
        self.groups.push(GroupReport {
            group: "web".to_owned(),
            outcome: prune::Outcome::Read,
            pruned_for: None,
            capacity: None,
            obstacles: vec![obstacle],
        });
        self
    }

    fn without_data(self, number: u8, since: Option<Timestamp>) -> Self {
        self.reading(number, move |alarm| {
            alarm.state = AlarmState::InsufficientData;
            alarm.transitioned_at = since;
        })
    }
}

fn too_few() -> Refusal {
    Refusal::TooFewZones {
        left: 1,
        min_zones: 2,
    }
}

#[test]
fn a_sound_workload_has_no_finding() {
    assert_eq!(found(Fleet::of(3)), []);
}

#[test]
fn a_resource_that_arc_does_not_manage_is_found() {
    let mut fleet = Fleet::of(3);
    fleet.resource.outcome = Outcome::NotManaged;
    fleet.resource.weights.clear();
    let resource = fleet.resource.resource.to_string();
    assert_eq!(found(fleet), [Unready::NotManaged { resource }]);
}

#[test]
fn a_lead_without_a_part_in_a_zone_is_found() {
    let mut fleet = Fleet::of(3);
    fleet.resource.weights.remove("use1-az3");
    let resource = fleet.resource.resource.to_string();
    assert_eq!(
        found(fleet),
        [Unready::LeadNotInZone {
            resource,
            zone: zone(3)
        }]
    );
}

#[test]
fn a_shift_that_somebody_left_is_found_and_not_one_of_aws() {
    let findings = found(Fleet::of(3).shifted(2, ShiftKind::Customer, "Jane"));
    assert!(matches!(
        findings.as_slice(),
        [Unready::ShiftLeftOver { zone, .. }] if zone == "use1-az2"
    ));
    for kind in [ShiftKind::Autoshift, ShiftKind::PracticeRun] {
        assert_eq!(found(Fleet::of(3).shifted(2, kind, "")), []);
    }
}

#[test]
fn a_group_that_could_not_be_pruned_is_found_but_not_where_nothing_is_pruned() {
    let fleet = || Fleet::of(3).group_with(too_few());
    let finding = Unready::GroupRefused {
        group: "web".to_owned(),
        refusal: too_few(),
    };
    assert_eq!(found(fleet()), std::slice::from_ref(&finding));
    assert_eq!(found(fleet().policy("mode", "observe")), [finding]);
    assert_eq!(found(fleet().policy("mode", "shift")), []);
}

#[test]
fn groups_that_cannot_be_found_are_a_finding() {
    let mut fleet = Fleet::of(3);
    fleet.groups.push(GroupReport {
        group: "web".to_owned(),
        outcome: prune::Outcome::Failed {
            class: Class::NotFound,
            message: "there is no group web".to_owned(),
        },
        pruned_for: None,
        capacity: None,
        obstacles: Vec::new(),
    });
    assert_eq!(
        found(fleet),
        [Unready::GroupMissing {
            problem: "there is no group web".to_owned()
        }]
    );
}

#[test]
fn an_alarm_that_does_not_exist_is_found() {
    assert_eq!(
        found(Fleet::of(3).without_alarm(2)),
        [Unready::AlarmMissing { alarm: alarm(2) }]
    );
}

#[test]
fn an_alarm_without_data_is_found_once_it_had_time_to_get_some() {
    let finding = |since| Unready::AlarmWithoutData {
        alarm: alarm(2),
        since,
    };
    let since = |minutes| Fleet::of(3).without_data(2, Some(t(minutes))).at(15);
    assert_eq!(found(since(0)), [finding(Some(t(0)))]);
    assert_eq!(found(since(1)), []);
    assert_eq!(found(Fleet::of(3).without_data(2, None)), [finding(None)]);
}

#[test]
fn nothing_is_looked_for_while_something_is_wrong() {
    assert_eq!(Fleet::of(3).impaired(1).ticks().unready, None);
    assert_eq!(Fleet::of(3).regional().ticks().unready, None);
    let evacuated = Fleet::of(3).evacuated(1, Phase::Evacuate, false);
    assert_eq!(evacuated.ticks().unready, None);
}

#[test]
fn what_could_not_be_read_is_not_judged() {
    assert_eq!(Fleet::of(3).shifts_unreadable().ticks().unready, None);
    assert_eq!(Fleet::of(3).alarms_unreadable().ticks().unready, None);
    let mut fleet = Fleet::of(3);
    fleet.observation.groups =
        Reading::Failed(Failure::new(Class::Unavailable, "Auto Scaling is down"));
    assert_eq!(fleet.ticks().unready, None);
    let mut fleet = Fleet::of(3);
    fleet.observation.groups = Reading::Taken(PruneAnswer {
        schema: prune::ANSWER_SCHEMA.to_owned(),
        action: "status".to_owned(),
        incident: None,
        dry_run: false,
        groups: Vec::new(),
        not_reached: NotReached {
            groups: Vec::new(),
            more: true,
        },
    });
    assert_eq!(fleet.ticks().unready, None);
}

#[test]
fn every_finding_says_what_to_do() {
    let resource = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/front/1";
    let findings = [
        Unready::NotManaged {
            resource: resource.to_owned(),
        },
        Unready::LeadNotInZone {
            resource: resource.to_owned(),
            zone: zone(3),
        },
        Unready::ShiftLeftOver {
            resource: "app/front/1".to_owned(),
            zone: "use1-az2".to_owned(),
            kind: ShiftKind::Customer,
            id: Some("9ac9ec1e".to_owned()),
        },
        Unready::GroupRefused {
            group: "web".to_owned(),
            refusal: too_few(),
        },
        Unready::AlarmMissing { alarm: alarm(2) },
        Unready::AlarmWithoutData {
            alarm: alarm(2),
            since: Some(t(0)),
        },
        Unready::AlarmWithoutData {
            alarm: alarm(2),
            since: None,
        },
    ];
    insta::assert_snapshot!(
        findings
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    );
}
