//! What is done about a group in a state.

use super::*;
use crate::prune::REQUEST_SCHEMA;
use crate::workload::{GroupSelector, Zone};

fn subnet(zone: u8, number: u8) -> SubnetId {
    format!("subnet-{zone:04}{number:04}").parse().unwrap()
}

fn zones(count: u8) -> ZoneMap {
    let zone = |number: u8| Zone {
        name: format!("us-east-1{}", char::from(b'a' + number - 1))
            .parse()
            .unwrap(),
        subnets: [subnet(number, 1), subnet(number, 2)].into(),
    };
    ZoneMap::new(
        (1..=count)
            .map(|number| (format!("use1-az{number}").parse().unwrap(), zone(number)))
            .collect(),
    )
}

fn incident(zone: u8) -> IncidentId {
    format!("wildrydes/use1-az{zone}/20261124T092000Z")
        .parse()
        .unwrap()
}

fn request(action: PruneAction) -> PruneRequest {
    PruneRequest {
        schema: REQUEST_SCHEMA.to_owned(),
        workload: "wildrydes".parse().unwrap(),
        zones: zones(4),
        groups: GroupSelector::Names(["web".to_owned()].into()),
        min_zones: 2,
        drill: false,
        dry_run: false,
        action,
    }
}

fn prune(group: &GroupState) -> Step {
    plan(
        &request(PruneAction::Prune {
            incident: incident(1),
        }),
        group,
    )
}

fn restore(group: &GroupState) -> Step {
    plan(
        &request(PruneAction::Restore {
            incident: incident(1),
        }),
        group,
    )
}

/// A group with one subnet in each of these zones.
fn group_in(zones: &[u8]) -> GroupState {
    GroupState {
        name: "web".to_owned(),
        subnets: zones
            .iter()
            .map(|zone| subnet(*zone, 1).to_string())
            .collect(),
        tags: [("evac:workload".to_owned(), "wildrydes".to_owned())].into(),
        desired: 6,
        ..GroupState::default()
    }
}

fn pruned_for(zone: u8, group: GroupState) -> GroupState {
    let record = Record {
        incident: incident(zone),
        drill: false,
        removed: [subnet(zone, 1)].into(),
        places: BTreeMap::new(),
    };
    let mut tags = group.tags.clone();
    tags.append(&mut record.to_tags());
    GroupState { tags, ..group }
}

fn refusal(step: Step) -> Refusal {
    match step {
        Step::Leave(Outcome::Refused { refusal }) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_zones_subnets_are_taken_out_and_the_others_keep_their_order() {
    let group = GroupState {
        subnets: vec![
            subnet(3, 1).to_string(),
            subnet(1, 2).to_string(),
            subnet(2, 1).to_string(),
            subnet(1, 1).to_string(),
        ],
        ..group_in(&[])
    };
    let Step::Prune {
        record,
        removed,
        remaining,
    } = prune(&group)
    else {
        panic!()
    };
    assert_eq!(removed, [subnet(1, 1), subnet(1, 2)].into());
    assert_eq!(
        remaining,
        [subnet(3, 1).to_string(), subnet(2, 1).to_string()]
    );
    assert_eq!(record.removed, removed, "what is removed is on record");
    assert_eq!(record.incident, incident(1));
}

#[test]
fn no_group_is_left_with_fewer_zones_than_asked_for() {
    for count in 1..=4_u8 {
        for min_zones in 1..=4_u8 {
            let group = group_in(&(1..=count).collect::<Vec<_>>());
            let request = PruneRequest {
                min_zones,
                ..request(PruneAction::Prune {
                    incident: incident(1),
                })
            };
            match plan(&request, &group) {
                Step::Prune { remaining, .. } => assert!(
                    remaining.len() >= usize::from(min_zones),
                    "{count} zones, {min_zones} wanted"
                ),
                step => assert_eq!(
                    refusal(step),
                    Refusal::TooFewZones {
                        left: count - 1,
                        min_zones
                    }
                ),
            }
        }
    }
}

#[test]
fn a_group_is_never_left_with_nothing_even_if_asked_to() {
    let request = PruneRequest {
        min_zones: 0,
        ..request(PruneAction::Prune {
            incident: incident(1),
        })
    };
    assert_eq!(
        refusal(plan(&request, &group_in(&[1]))),
        Refusal::TooFewZones {
            left: 0,
            min_zones: 1
        }
    );
}

#[test]
fn several_subnets_in_one_zone_are_one_zone() {
    let mut group = group_in(&[1, 2]);
    group.subnets.push(subnet(2, 2).to_string());
    assert_eq!(
        refusal(prune(&group)),
        Refusal::TooFewZones {
            left: 1,
            min_zones: 2
        }
    );
}

#[test]
fn a_group_outside_the_zone_is_left() {
    assert_eq!(
        prune(&group_in(&[2, 3])),
        Step::Leave(Outcome::NothingInZone)
    );
}

#[test]
fn a_pruned_group_is_pruned_once() {
    assert_eq!(
        prune(&pruned_for(1, group_in(&[2, 3]))),
        Step::Leave(Outcome::AlreadyPruned)
    );
}

#[test]
fn subnets_that_a_tool_put_back_are_taken_out_again_and_nothing_on_record_is_forgotten() {
    let mut group = pruned_for(1, group_in(&[2, 3]));
    group.subnets.push(subnet(1, 2).to_string());
    let Step::Prune {
        record, removed, ..
    } = prune(&group)
    else {
        panic!()
    };
    assert_eq!(removed, [subnet(1, 2)].into());
    assert_eq!(record.removed, [subnet(1, 1), subnet(1, 2)].into());
}

#[test]
fn what_may_not_be_touched_is_left_with_its_reason() {
    let all = || group_in(&[1, 2, 3]);
    let deleting = GroupState {
        deleting: true,
        ..all()
    };
    assert_eq!(refusal(prune(&deleting)), Refusal::BeingDeleted);
    let operated = GroupState {
        operator: Some("eks.amazonaws.com".into()),
        ..all()
    };
    assert_eq!(
        refusal(prune(&operated)),
        Refusal::ManagedByOperator {
            principal: "eks.amazonaws.com".into()
        }
    );
    let native = GroupState {
        native_zonal_shift: true,
        ..all()
    };
    assert_eq!(prune(&native), Step::Leave(Outcome::NativeShift));
    assert_eq!(refusal(prune(&group_in(&[]))), Refusal::ZonesWithoutSubnets);
    let refreshing = GroupState {
        refresh: Some("InProgress".into()),
        ..all()
    };
    assert_eq!(
        refusal(prune(&refreshing)),
        Refusal::InstanceRefresh {
            status: "InProgress".into()
        }
    );
}

#[test]
fn a_subnet_that_is_not_listed_has_no_known_zone() {
    let mut group = group_in(&[1, 2, 3]);
    group.subnets.push("subnet-99999999".to_owned());
    let refusal = refusal(prune(&group));
    assert_eq!(
        refusal,
        Refusal::UnlistedSubnets {
            subnets: vec!["subnet-99999999".into()]
        }
    );
    assert_eq!(
        refusal.to_string(),
        "its subnets subnet-99999999 are not listed; add them to workload.zones under their zone"
    );
}

#[test]
fn one_zone_at_a_time() {
    assert_eq!(
        refusal(prune(&pruned_for(2, group_in(&[1, 3, 4])))),
        Refusal::PrunedForAnotherIncident {
            incident: incident(2)
        }
    );
    assert_eq!(
        refusal(restore(&pruned_for(2, group_in(&[1, 3, 4])))),
        Refusal::PrunedForAnotherIncident {
            incident: incident(2)
        }
    );
}

#[test]
fn a_damaged_record_is_left_to_a_person() {
    let mut group = pruned_for(1, group_in(&[2, 3]));
    group.tags.insert("evac:pruned".into(), "?".into());
    assert!(matches!(
        refusal(prune(&group)),
        Refusal::UnreadableRecord { .. }
    ));
    assert!(matches!(
        refusal(restore(&group)),
        Refusal::UnreadableRecord { .. }
    ));
}

#[test]
fn the_record_must_fit_among_the_tags() {
    let mut group = group_in(&[1, 2, 3]);
    group
        .tags
        .extend((0..48).map(|number| (format!("t{number}"), String::new())));
    assert_eq!(group.tags.len(), 49);
    assert_eq!(refusal(prune(&group)), Refusal::TooManyTags { tags: 49 });
    group.tags.remove("t0");
    assert!(matches!(prune(&group), Step::Prune { .. }));
}

#[test]
fn restore_gives_back_what_was_removed_and_keeps_what_people_changed() {
    let mut group = pruned_for(1, group_in(&[2, 4]));
    group.tags.insert("Name".into(), "web".into());
    let Step::Restore {
        target,
        added,
        keys,
    } = restore(&group)
    else {
        panic!()
    };
    assert_eq!(
        target,
        Some(vec![
            subnet(2, 1).to_string(),
            subnet(4, 1).to_string(),
            subnet(1, 1).to_string()
        ])
    );
    assert_eq!(added, [subnet(1, 1)].into());
    assert_eq!(
        keys,
        ["evac:pruned".to_owned(), "evac:removed:1".to_owned()].into()
    );
}

#[test]
fn restore_of_what_is_back_already_only_deletes_the_record() {
    let Step::Restore { target, added, .. } = restore(&pruned_for(1, group_in(&[1, 2, 3]))) else {
        panic!()
    };
    assert_eq!((target, added), (None, BTreeSet::new()));
}

#[test]
fn restore_without_a_record_does_nothing() {
    assert_eq!(restore(&group_in(&[2, 3])), Step::Leave(Outcome::NotPruned));
}

#[test]
fn a_group_that_is_being_deleted_is_not_restored() {
    let group = GroupState {
        deleting: true,
        ..pruned_for(1, group_in(&[2, 3]))
    };
    assert_eq!(refusal(restore(&group)), Refusal::BeingDeleted);
    // Nor does it matter what its record says: it must not keep traffic away.
    let mut damaged = group;
    damaged.tags.remove("evac:pruned");
    assert_eq!(refusal(restore(&damaged)), Refusal::BeingDeleted);
}

#[test]
fn prune_and_restore_are_inverse_for_every_set_of_zones() {
    for bits in 0_u8..16 {
        let zones: Vec<u8> = (1..=4)
            .filter(|zone| bits & (1 << (zone - 1)) != 0)
            .collect();
        let before = group_in(&zones);
        let Step::Prune {
            record, remaining, ..
        } = prune(&before)
        else {
            continue;
        };
        let mut after = GroupState {
            subnets: remaining,
            ..before.clone()
        };
        after.tags.append(&mut record.to_tags());
        let Step::Restore { target, .. } = restore(&after) else {
            panic!()
        };
        let back: BTreeSet<String> = target.unwrap().into_iter().collect();
        assert_eq!(back, before.subnets.into_iter().collect(), "{zones:?}");
    }
}

#[test]
fn a_dry_run_and_a_status_touch_nothing() {
    let dry = |action| PruneRequest {
        dry_run: true,
        ..request(action)
    };
    let would = |step: &str| {
        Step::Leave(Outcome::Would {
            step: step.to_owned(),
        })
    };
    assert_eq!(
        plan(
            &dry(PruneAction::Prune {
                incident: incident(1)
            }),
            &group_in(&[1, 2, 3])
        ),
        would("prune")
    );
    assert_eq!(
        plan(
            &dry(PruneAction::Restore {
                incident: incident(1)
            }),
            &pruned_for(1, group_in(&[2, 3]))
        ),
        would("restore")
    );
    assert_eq!(
        plan(&request(PruneAction::Status), &group_in(&[1, 2, 3])),
        Step::Leave(Outcome::Read)
    );
}

#[test]
fn capacity_is_the_even_share_of_the_zone_by_its_name() {
    let zone: ZoneId = "use1-az1".parse().unwrap();
    let group = GroupState {
        in_service: [("us-east-1a".to_owned(), 1), ("us-east-1b".to_owned(), 3)].into(),
        desired: 7,
        ..group_in(&[1, 2, 3])
    };
    let found = capacity(&group, &zone, &zones(4)).unwrap();
    assert_eq!(
        found,
        Capacity {
            in_service: 1,
            expected: 2
        }
    );
    assert!(!found.is_ready());
    assert_eq!(
        capacity(&group_in(&[2, 3]), &zone, &zones(4)),
        None,
        "a group without a subnet there has no share"
    );
    let mut unlisted = GroupState {
        desired: 6,
        ..group_in(&[1, 2])
    };
    let expected = |group: &GroupState| capacity(group, &zone, &zones(4)).unwrap().expected;
    assert_eq!(expected(&unlisted), 3);
    unlisted.subnets.push("subnet-99999999".to_owned());
    assert_eq!(expected(&unlisted), 2, "its instances may be anywhere");
    let deleting = GroupState {
        deleting: true,
        ..group_in(&[1, 2, 3])
    };
    assert_eq!(capacity(&deleting, &zone, &zones(4)), None);
    let native = GroupState {
        native_zonal_shift: true,
        ..group_in(&[1, 2, 3])
    };
    assert_eq!(capacity(&native, &zone, &zones(4)), None);
}

#[test]
fn what_would_keep_a_group_from_being_pruned_is_found_for_every_zone_and_told_once() {
    let found = |group: &GroupState| obstacles(&request(PruneAction::Status), group);
    let sound = group_in(&[1, 2, 3]);
    assert_eq!(found(&sound), []);
    // Of two zones neither may leave, for one reason.
    let tight = Refusal::TooFewZones {
        left: 1,
        min_zones: 2,
    };
    assert_eq!(found(&group_in(&[1, 2])), [tight]);
    let unlisted = GroupState {
        subnets: vec!["subnet-99999999".to_owned()],
        ..group_in(&[])
    };
    let subnets = unlisted.subnets.clone();
    assert_eq!(found(&unlisted), [Refusal::UnlistedSubnets { subnets }]);
    // What passes by itself keeps nobody from anything.
    let refreshing = GroupState {
        refresh: Some("InProgress".to_owned()),
        ..sound.clone()
    };
    let deleting = GroupState {
        deleting: true,
        ..sound.clone()
    };
    for group in [refreshing, deleting, pruned_for(4, sound)] {
        assert_eq!(found(&group), []);
    }
}

#[test]
fn a_record_that_is_there_already_takes_no_room_twice() {
    let mut put_back = pruned_for(1, group_in(&[1, 2, 3]));
    put_back
        .tags
        .extend((0..47).map(|number| (format!("t{number}"), String::new())));
    assert_eq!(put_back.tags.len(), 50);
    assert!(matches!(prune(&put_back), Step::Prune { .. }));
}

#[test]
fn the_places_of_what_is_removed_are_on_record() {
    let group = GroupState {
        subnets: [subnet(3, 1), subnet(1, 2), subnet(2, 1), subnet(1, 1)]
            .map(|subnet| subnet.to_string())
            .into(),
        ..group_in(&[])
    };
    let Step::Prune { record, .. } = prune(&group) else {
        panic!()
    };
    assert_eq!(record.places, [(subnet(1, 2), 1), (subnet(1, 1), 3)].into());
}

#[test]
fn a_damaged_record_is_found_beside_what_else_is_wrong() {
    let mut group = group_in(&[1, 2, 3]);
    group.subnets.push("subnet-0ff".to_owned());
    group.tags.insert(
        "evac:pruned".to_owned(),
        "wildrydes/use1-az1/20261124T092000Z".to_owned(),
    );
    let found = obstacles(&request(PruneAction::Status), &group);
    let codes: Vec<bool> = found
        .iter()
        .map(|refusal| matches!(refusal, Refusal::UnreadableRecord { .. }))
        .collect();
    assert_eq!(codes, [true, false], "{found:?}");
    group.deleting = true;
    assert_eq!(obstacles(&request(PruneAction::Status), &group), []);
}
