//! Situations of groups, and what becomes of them.

use std::collections::BTreeMap;

use domain::{AccountId, SubnetId, ZoneId, ZoneName};
use jiff::{SignedDuration, Timestamp};

use super::balance::margin;
use super::*;

/// The engine, its clock, and one subnet a zone.
struct World {
    engine: AutoScaling,
    now: Timestamp,
}

fn zone(number: usize) -> ZoneId {
    format!("use1-az{number}").parse().unwrap()
}

/// The names run against the ids, so that one is never right for the other by chance.
fn zone_name(number: usize) -> ZoneName {
    let letter = char::from(b'g' - u8::try_from(number).unwrap());
    format!("us-east-1{letter}").parse().unwrap()
}

fn subnet(number: usize) -> SubnetId {
    format!("subnet-{number:017x}").parse().unwrap()
}

fn joined(numbers: &[usize]) -> String {
    let subnets: Vec<String> = numbers.iter().map(|n| subnet(*n).to_string()).collect();
    subnets.join(",")
}

impl World {
    /// A group `web` of this size over so many zones, in a Region of six.
    fn of(zones: usize, desired: usize, max: usize) -> Self {
        let mut world = Self::empty(7);
        world.put("web", &(1..=zones).collect::<Vec<_>>(), desired, max);
        world
    }

    fn empty(seed: u64) -> Self {
        let mut engine = AutoScaling::new(AccountId::embedded(), "us-east-1", Chance::new(seed));
        for number in 1..=6 {
            engine.put_subnet(subnet(number), zone(number), zone_name(number));
        }
        Self {
            engine,
            now: "2031-01-01T00:00:00Z".parse().unwrap(),
        }
    }

    fn put(&mut self, name: &str, subnets: &[usize], desired: usize, max: usize) {
        let spec = GroupSpec {
            name: name.into(),
            desired,
            max,
            subnets: subnets.iter().map(|n| subnet(*n)).collect(),
            ..GroupSpec::default()
        };
        self.engine.put_group(spec, self.now).unwrap();
    }

    fn second(&mut self) {
        self.now += SignedDuration::from_secs(1);
        self.engine.step(self.now);
    }

    fn run(&mut self, seconds: usize) -> &mut Self {
        for _ in 0..seconds {
            self.second();
        }
        self
    }

    fn update(&mut self, change: impl FnOnce(&mut UpdateGroup)) -> Result<(), ServiceError> {
        let mut update = UpdateGroup {
            group: "web".into(),
            ..UpdateGroup::default()
        };
        change(&mut update);
        self.engine.update_auto_scaling_group(&update, self.now)
    }

    fn move_to(&mut self, subnets: &[usize]) -> &mut Self {
        self.update(|update| update.subnets = Some(joined(subnets)))
            .unwrap();
        self
    }

    fn suspend(&mut self, process: &str) -> &mut Self {
        self.engine
            .suspend_processes("web", &[process.into()], self.now)
            .unwrap();
        self
    }

    fn resume(&mut self, process: &str) -> &mut Self {
        self.engine
            .resume_processes("web", &[process.into()])
            .unwrap();
        self
    }

    /// The group by zone: what is in service, and what is coming and going.
    fn spread(&self) -> String {
        let counts = self.engine.group("web").unwrap().counts;
        let zones = counts.iter().map(|(zone, counts)| {
            let mut text = format!("{} {}", &zone.as_str()[5..], counts.in_service);
            if counts.pending > 0 {
                text += &format!("+{}", counts.pending);
            }
            if counts.terminating > 0 {
                text += &format!("-{}", counts.terminating);
            }
            text
        });
        zones.collect::<Vec<_>>().join(" | ")
    }

    fn total(&self, count: impl Fn(Counts) -> usize) -> usize {
        let counts = self.engine.group("web").unwrap().counts;
        counts.values().map(|counts| count(*counts)).sum()
    }

    fn failures(&self) -> usize {
        let activities = self.engine.activities.all();
        activities
            .filter(|(_, activity)| activity.status == "Failed")
            .count()
    }
}

#[test]
fn a_new_group_is_in_service_and_evenly_spread() {
    assert_eq!(World::of(3, 7, 9).spread(), "az1 3 | az2 2 | az3 2");
}

#[test]
fn a_group_that_nobody_changes_does_nothing() {
    let mut world = World::of(3, 7, 9);
    let before: Vec<String> = world
        .engine
        .instances()
        .map(|instance| instance.id.to_owned())
        .collect();
    world.run(1000);
    let after = world.engine.instances().map(|instance| instance.id);
    assert_eq!(after.collect::<Vec<_>>(), before);
    assert_eq!(world.engine.activities.all().count(), 0);
    assert_eq!(world.engine.changes(), []);
}

#[test]
fn a_group_that_has_nothing_to_do_is_not_looked_at() {
    let mut world = World::of(3, 6, 12);
    world.run(1);
    assert_eq!(world.engine.groups["web"].wake, None);
    world.move_to(&[2, 3]).run(1);
    let wake = world.engine.groups["web"].wake.unwrap();
    assert!(wake >= world.now + SignedDuration::from_secs(60), "{wake}");
    world.run(200);
    assert_eq!(world.engine.groups["web"].wake, None);
}

#[test]
fn a_zone_that_returns_before_it_was_left_keeps_its_instances() {
    let mut world = World::of(3, 6, 12);
    world.move_to(&[2, 3]).run(30);
    assert_eq!(world.spread(), "az1 2 | az2 2+1 | az3 2+1");
    world.move_to(&[1, 2, 3]).run(300);
    assert_eq!(world.spread(), "az1 2 | az2 2 | az3 2");
    // Two came and two went.
    assert_eq!(world.engine.activities.all().count(), 4);
}

#[test]
fn a_removed_zone_is_replaced_first_and_left_then() {
    let mut world = World::of(3, 6, 12);
    world.move_to(&[2, 3]);
    assert_eq!(world.spread(), "az1 2 | az2 2 | az3 2");
    world.run(1);
    assert_eq!(world.spread(), "az1 2 | az2 2+1 | az3 2+1");
    world.run(59);
    assert_eq!(world.spread(), "az1 2 | az2 2+1 | az3 2+1");
    // The shortest launch takes 60 seconds, the longest 80.
    world.run(21);
    assert_eq!(world.spread(), "az1 0-2 | az2 3 | az3 3");
    world.run(30);
    assert_eq!(world.spread(), "az2 3 | az3 3");
    world.move_to(&[1, 2, 3]).run(200);
    assert_eq!(world.spread(), "az1 2 | az2 2 | az3 2");
}

#[test]
fn an_instance_that_terminates_is_out_of_service_at_once_and_gone_after_half_a_minute() {
    let mut world = World::of(1, 2, 2);
    world.update(|update| update.desired = Some(1)).unwrap();
    world.run(1);
    let view = |world: &World| {
        let instances = world.engine.instances();
        instances
            .map(|instance| (instance.lifecycle, instance.in_service))
            .collect::<Vec<_>>()
    };
    let leaving = (Lifecycle::Terminating, false);
    let staying = (Lifecycle::InService, true);
    assert!(view(&world).contains(&leaving));
    assert!(view(&world).contains(&staying));
    world.run(29);
    assert_eq!(view(&world).len(), 2);
    world.run(1);
    assert_eq!(view(&world), [staying]);
}

/// The promise of a rebalancing, for groups of every shape: never less in service than desired,
/// never more than the margin above the maximum, and in the end evenly spread where it should be.
#[test]
fn every_group_keeps_its_capacity_and_its_bounds_while_it_leaves_a_zone_and_returns() {
    for zones in [2, 3, 4, 6] {
        for desired in 0..=13 {
            for max in [desired, desired + 1, 2 * desired] {
                let mut world = World::of(zones, desired, max);
                let all: Vec<usize> = (1..=zones).collect();
                for subnets in [&all[1..], &all[..]] {
                    world.move_to(subnets);
                    for _ in 0..1500 {
                        world.second();
                        let spread = world.spread();
                        let context = format!("{desired} of {max}: {spread}");
                        assert!(world.total(|c| c.in_service) >= desired, "{context}");
                        assert!(world.total(Counts::all) <= max + margin(max), "{context}");
                    }
                    let counts = world.engine.group("web").unwrap().counts;
                    let even = desired / subnets.len()..=desired.div_ceil(subnets.len());
                    assert!(counts.len() == subnets.len(), "{}", world.spread());
                    for counts in counts.values() {
                        assert!(even.contains(&counts.in_service), "{}", world.spread());
                        assert_eq!(counts.all(), counts.in_service);
                    }
                }
            }
        }
    }
}

#[test]
fn the_margin_is_a_tenth_of_the_maximum_or_one_instance() {
    let margins = [0, 1, 9, 10, 19, 20, 100].map(margin);
    assert_eq!(margins, [1, 1, 1, 1, 1, 2, 10]);
    // A group at its maximum uses it, and no more.
    let mut world = World::of(2, 20, 20);
    world.move_to(&[2]).run(1);
    assert_eq!(world.spread(), "az1 10 | az2 10+2");
}

#[test]
fn a_launch_takes_as_long_as_it_was_set_to() {
    let mut world = World::of(2, 2, 4);
    world
        .engine
        .set_launch_delay(SignedDuration::from_secs(300));
    world.move_to(&[2]).run(300);
    assert_eq!(world.spread(), "az1 1 | az2 1+1");
    world.run(22);
    assert_eq!(world.spread(), "az1 0-1 | az2 2");
}

#[test]
fn no_two_launches_are_alike_but_all_take_from_sixty_to_eighty_seconds() {
    let mut world = World::of(2, 200, 400);
    world.move_to(&[2]).run(100);
    let launches = world.engine.activities.all().take(100);
    let took: std::collections::BTreeSet<i64> = launches
        .map(|(_, launch)| launch.ended.unwrap().duration_since(launch.began).as_secs())
        .collect();
    assert_eq!((took.first(), took.last()), (Some(&60), Some(&80)));
    assert!(took.len() > 15, "{took:?}");
}

#[test]
fn a_rebalancing_that_can_launch_nowhere_terminates_nothing() {
    let mut world = World::of(3, 6, 12);
    for number in [2, 3] {
        world.engine.set_no_capacity(zone(number), true);
    }
    world.move_to(&[2, 3]).run(600);
    assert_eq!(world.spread(), "az1 2 | az2 2 | az3 2");
    // Both zones are tried once a minute.
    assert_eq!(world.failures(), 20);
    for number in [2, 3] {
        world.engine.set_no_capacity(zone(number), false);
    }
    world.run(200);
    assert_eq!(world.spread(), "az2 3 | az3 3");
}

#[test]
fn where_one_zone_has_no_capacity_another_gets_the_launches_until_it_has() {
    let mut world = World::of(3, 6, 12);
    world.engine.set_no_capacity(zone(2), true);
    world.move_to(&[2, 3]).run(120);
    assert_eq!(world.spread(), "az2 2 | az3 4");
    assert!(world.failures() > 0);
    world.engine.set_no_capacity(zone(2), false);
    world.run(200);
    assert_eq!(world.spread(), "az2 3 | az3 3");
}

#[test]
fn without_launch_or_rebalance_a_removed_zone_is_not_left() {
    for process in ["Launch", "AZRebalance"] {
        let mut world = World::of(3, 6, 12);
        world.suspend(process).move_to(&[2, 3]).run(300);
        assert_eq!(world.spread(), "az1 2 | az2 2 | az3 2", "{process}");
        world.resume(process).run(200);
        assert_eq!(world.spread(), "az2 3 | az3 3", "{process}");
    }
}

#[test]
fn without_terminate_the_replacements_come_and_nothing_goes() {
    let mut world = World::of(3, 6, 6);
    world.suspend("Terminate").move_to(&[2, 3]).run(600);
    assert_eq!(world.spread(), "az1 2 | az2 3 | az3 2");
    world.resume("Terminate").run(300);
    assert_eq!(world.spread(), "az2 3 | az3 3");
}

#[test]
fn without_rebalance_a_group_still_scales_where_it_should() {
    let mut world = World::of(3, 6, 12);
    world.suspend("AZRebalance").move_to(&[2, 3]);
    world.update(|update| update.desired = Some(8)).unwrap();
    world.run(100);
    assert_eq!(world.spread(), "az1 2 | az2 3 | az3 3");
    world.update(|update| update.desired = Some(6)).unwrap();
    world.run(100);
    assert_eq!(world.spread(), "az2 3 | az3 3");
}

#[test]
fn processes_without_meaning_here_change_nothing_and_unknown_ones_are_refused() {
    let mut world = World::of(3, 6, 12);
    world
        .suspend("ReplaceUnhealthy")
        .suspend("HealthCheck")
        .move_to(&[2, 3])
        .run(200);
    assert_eq!(world.spread(), "az2 3 | az3 3");
    let error = world
        .engine
        .suspend_processes("web", &["Launch".into(), "Lunch".into()], world.now)
        .unwrap_err();
    assert_eq!((error.status, error.code), (400, "ValidationError"));
    let suspended = world.engine.group("web").unwrap().suspended;
    assert_eq!(
        suspended.keys().collect::<Vec<_>>(),
        [&"HealthCheck", &"ReplaceUnhealthy"]
    );
}

#[test]
fn a_shifted_group_launches_elsewhere_and_keeps_its_instances_until_the_shift_ends() {
    let mut world = World::of(3, 6, 12);
    world.engine.set_shifted("web", Some(zone(1))).unwrap();
    world.run(300);
    assert_eq!(world.spread(), "az1 2 | az2 2 | az3 2");
    world.update(|update| update.desired = Some(12)).unwrap();
    world.run(100);
    assert_eq!(world.spread(), "az1 2 | az2 5 | az3 5");
    world.engine.set_shifted("web", None).unwrap();
    world.run(500);
    assert_eq!(world.spread(), "az1 4 | az2 4 | az3 4");
}

#[test]
fn a_group_is_not_balanced_while_it_is_shifted() {
    let mut world = World::of(1, 6, 12);
    world.engine.set_shifted("web", Some(zone(1))).unwrap();
    world.move_to(&[1, 2, 3]).run(300);
    assert_eq!(world.spread(), "az1 6 | az2 0 | az3 0");
    world.engine.set_shifted("web", None).unwrap();
    world.run(300);
    assert_eq!(world.spread(), "az1 2 | az2 2 | az3 2");
}

#[test]
fn a_zone_that_is_removed_is_left_also_while_another_is_shifted() {
    let mut world = World::of(4, 8, 16);
    world.engine.set_shifted("web", Some(zone(1))).unwrap();
    world.move_to(&[1, 2, 3]).run(200);
    assert_eq!(world.spread(), "az1 2 | az2 3 | az3 3");
}

#[test]
fn a_group_that_scales_in_gives_up_the_oldest_of_the_fullest_zone() {
    let mut world = World::of(2, 3, 6);
    world.run(10);
    world.update(|update| update.desired = Some(5)).unwrap();
    world.run(100);
    assert_eq!(world.spread(), "az1 3 | az2 2");
    let young: Vec<String> = {
        let instances = &world.engine.groups["web"].instances;
        let young = instances
            .iter()
            .filter(|i| i.launched > world.now - SignedDuration::from_secs(100));
        young.map(|instance| instance.id.clone()).collect()
    };
    assert_eq!(young.len(), 2);
    world.update(|update| update.desired = Some(2)).unwrap();
    world.run(60);
    assert_eq!(world.spread(), "az1 1 | az2 1");
    let mut left: Vec<String> = world.engine.instances().map(|i| i.id.to_owned()).collect();
    left.sort();
    let mut young = young;
    young.sort();
    assert_eq!(left, young);
}

#[test]
fn one_of_two_subnets_of_a_zone_can_go_without_an_instance_moving() {
    let mut world = World::empty(7);
    let second: SubnetId = "subnet-aaaaaaaa".parse().unwrap();
    world
        .engine
        .put_subnet(second.clone(), zone(1), zone_name(1));
    let spec = GroupSpec {
        name: "web".into(),
        desired: 4,
        max: 4,
        subnets: vec![subnet(1), second.clone(), subnet(2)],
        ..GroupSpec::default()
    };
    world.engine.put_group(spec, world.now).unwrap();
    world.move_to(&[1, 2]).run(300);
    assert_eq!(world.spread(), "az1 2 | az2 2");
    assert_eq!(world.engine.activities.all().count(), 0);
    let [change] = world.engine.changes() else {
        panic!("one change")
    };
    assert_eq!(change.before, [subnet(1), second, subnet(2)]);
    assert_eq!(change.zones_before, change.zones_after);
}

#[test]
fn the_same_seed_gives_the_same_history_and_another_seed_another() {
    let history = |seed| {
        let mut world = World::empty(seed);
        world.put("web", &[1, 2, 3], 6, 12);
        world.move_to(&[2, 3]).run(300);
        format!("{:?}", world.engine)
    };
    assert_eq!(history(1), history(1));
    assert_ne!(history(1), history(2));
}

#[test]
fn what_other_groups_do_does_not_change_a_groups_own_history() {
    let history = |others: &[&str]| {
        let mut world = World::empty(1);
        for other in others {
            world.put(other, &[1, 2], 9, 9);
        }
        world.put("web", &[1, 2, 3], 6, 12);
        for other in others {
            let update = UpdateGroup {
                group: (*other).into(),
                subnets: Some(joined(&[1])),
                ..UpdateGroup::default()
            };
            world
                .engine
                .update_auto_scaling_group(&update, world.now)
                .unwrap();
        }
        world.move_to(&[2, 3]).run(70);
        let own = world.engine.instances().filter(|i| i.group == "web");
        own.map(|i| format!("{} {:?}", i.id, i.lifecycle))
            .collect::<Vec<_>>()
    };
    assert_eq!(history(&[]), history(&["api", "zoo"]));
}

#[test]
fn a_group_that_is_being_deleted_cannot_be_updated_and_does_nothing() {
    let mut world = World::of(3, 6, 12);
    world.move_to(&[2, 3]);
    world.engine.begin_delete("web").unwrap();
    world.run(200);
    assert_eq!(world.spread(), "az1 2 | az2 2 | az3 2");
    let error = world
        .update(|update| update.subnets = Some(joined(&[1])))
        .unwrap_err();
    assert_eq!(
        (error.status, error.code),
        (400, "ScalingActivityInProgress")
    );
    assert_eq!(world.engine.changes().len(), 1);
}

fn tag(group: &str, key: &str) -> TagParameter {
    TagParameter {
        group: Some(group.into()),
        resource_type: Some("auto-scaling-group".into()),
        key: key.into(),
        value: Some("value".into()),
        propagate: false,
    }
}

/// What each call that changes a group answers.
fn answers(world: &mut World) -> Vec<Result<(), (u16, &'static str)>> {
    let now = world.now;
    let answers = [
        world.update(|update| update.subnets = Some(joined(&[2, 3]))),
        world.engine.create_or_update_tags(&[tag("web", "key")]),
        world.engine.delete_tags(&[tag("web", "key")]),
        world.engine.suspend_processes("web", &[], now),
        world.engine.resume_processes("web", &[]),
    ];
    let short = |error: ServiceError| (error.status, error.code);
    answers.map(|answer| answer.map_err(short)).to_vec()
}

#[test]
fn a_group_that_a_service_manages_is_changed_by_nobody_else() {
    let mut world = World::empty(7);
    let spec = GroupSpec {
        name: "web".into(),
        desired: 3,
        max: 3,
        subnets: vec![subnet(1), subnet(2), subnet(3)],
        operator: Some("emr.amazonaws.com".into()),
        ..GroupSpec::default()
    };
    world.engine.put_group(spec, world.now).unwrap();
    assert_eq!(answers(&mut world), vec![Err((403, "AccessDenied")); 5]);
    world.run(200);
    assert_eq!(world.spread(), "az1 1 | az2 1 | az3 1");
    assert_eq!(world.engine.changes(), []);
    let group = world.engine.group("web").unwrap();
    assert!(group.tags.is_empty() && group.suspended.is_empty());
}

#[test]
fn contention_refuses_updates_and_tags_until_it_ends() {
    let mut world = World::of(3, 3, 3);
    world.engine.set_contention("web", true).unwrap();
    let refused = Err((500, "ResourceContention"));
    assert_eq!(
        answers(&mut world),
        [refused, refused, refused, Ok(()), Ok(())]
    );
    assert_eq!(world.engine.changes(), []);
    world.engine.set_contention("web", false).unwrap();
    assert_eq!(answers(&mut world), [Ok(()); 5]);
    assert_eq!(world.engine.changes().len(), 1);
}

#[test]
fn a_change_says_what_the_group_was_and_is_and_which_tags_it_had() {
    let mut world = World::of(3, 3, 3);
    world
        .engine
        .create_or_update_tags(&[tag("web", "before")])
        .unwrap();
    world.move_to(&[3, 2]);
    world
        .engine
        .create_or_update_tags(&[tag("web", "after")])
        .unwrap();
    let expected = GroupChange {
        at: world.now,
        group: "web".into(),
        before: vec![subnet(1), subnet(2), subnet(3)],
        after: vec![subnet(3), subnet(2)],
        tags: BTreeMap::from([("before".into(), "value".into())]),
        zones_before: vec![zone(1), zone(2), zone(3)],
        zones_after: vec![zone(3), zone(2)],
    };
    assert_eq!(world.engine.changes(), [expected]);
    let group = world.engine.group("web").unwrap();
    assert_eq!(group.subnets, [subnet(3), subnet(2)]);
    assert_eq!(group.zones, [zone(3), zone(2)]);
    assert_eq!(group.zone_names, [zone_name(3), zone_name(2)]);
}

#[test]
fn an_update_that_moves_nothing_is_no_change() {
    let mut world = World::of(3, 3, 3);
    world.move_to(&[1, 2, 3]).move_to(&[3, 2, 1, 1]);
    world.update(|update| update.max = Some(5)).unwrap();
    assert!(
        world
            .update(|update| update.subnets = Some("subnet-bbbbbbbb".into()))
            .is_err()
    );
    assert_eq!(world.engine.changes(), []);
    world.run(200);
    assert_eq!(world.engine.activities.all().count(), 0);
}

/// What an update is refused with, having changed nothing.
fn refusal(change: impl FnOnce(&mut UpdateGroup)) -> String {
    let mut world = World::of(3, 6, 12);
    let before = format!("{:?}", world.engine);
    let error = world.update(change).unwrap_err();
    assert_eq!(before, format!("{:?}", world.engine));
    assert_eq!((error.status, error.code), (400, "ValidationError"));
    error.message
}

#[test]
fn an_update_that_aws_would_not_take_is_refused_whole() {
    assert_eq!(
        refusal(|update| update.group = "wbe".into()),
        "AutoScalingGroup name not found - null"
    );
    assert_eq!(
        refusal(|update| update.subnets = Some(joined(&[1]) + ",subnet-cccccccc")),
        "The subnet ID 'subnet-cccccccc' does not exist"
    );
    assert_eq!(
        refusal(|update| {
            update.subnets = Some(joined(&[2, 3]).replace(',', ", "));
            update.max = Some(7);
        }),
        format!("The subnet ID ' {}' does not exist", subnet(3))
    );
    for (subnets, rule) in [
        (String::new(), "length greater than or equal to 1"),
        ("x".repeat(5001), "length less than or equal to 5000"),
    ] {
        let message = refusal(|update| update.subnets = Some(subnets));
        assert!(message.ends_with(rule), "{message}");
    }
    let mismatch =
        "The availability zones of the specified subnets and the AutoScalingGroup do not match";
    assert_eq!(
        refusal(|update| update.zone_names = Some(vec![zone_name(1).to_string()])),
        mismatch
    );
    assert_eq!(
        refusal(|update| {
            update.subnets = Some(joined(&[1, 2]));
            update.zone_names = Some(vec![zone_name(1).to_string(), zone_name(3).to_string()]);
        }),
        mismatch
    );
    // An AZ ID is no AZ name, and the other way round.
    assert_eq!(
        refusal(|update| update.zone_names = Some(vec!["use1-az1".into()])),
        "Invalid availability zones: [use1-az1]"
    );
    assert_eq!(
        refusal(|update| update.zone_ids = Some(vec![zone_name(1).to_string()])),
        format!("Invalid availability zones: [{}]", zone_name(1))
    );
    assert!(
        refusal(|update| {
            update.zone_ids = Some(vec![]);
            update.zone_names = Some(vec![]);
        })
        .contains("at the same time")
    );
    assert_eq!(
        refusal(|update| update.min = Some(13)),
        "Max bound, 12, must be greater than or equal to min bound, 13"
    );
    assert_eq!(
        refusal(|update| update.desired = Some(13)),
        "Desired capacity:13 must be between the specified min size:0 and max size:12"
    );
    let message = refusal(|update| update.max = Some(-1));
    assert!(message.ends_with("'maxSize' failed to satisfy constraint: Member must have value greater than or equal to 0"), "{message}");
}

#[test]
fn subnets_and_matching_zones_are_taken_together() {
    let mut world = World::of(3, 3, 3);
    world
        .update(|update| {
            update.subnets = Some(joined(&[2, 3]));
            update.zone_names = Some(vec![zone_name(3).to_string(), zone_name(2).to_string()]);
        })
        .unwrap();
    assert_eq!(world.engine.group("web").unwrap().zones, [zone(2), zone(3)]);
}

#[test]
fn the_desired_capacity_follows_a_bound_that_it_would_violate() {
    let mut world = World::of(3, 6, 12);
    world
        .update(|update| (update.min, update.max) = (Some(8), Some(20)))
        .unwrap();
    assert_eq!(world.engine.group("web").unwrap().desired, 8);
    world
        .update(|update| (update.min, update.max) = (Some(1), Some(4)))
        .unwrap();
    let group = world.engine.group("web").unwrap();
    assert_eq!((group.min, group.desired, group.max), (1, 4, 4));
    world.run(200);
    assert_eq!(world.spread(), "az1 2 | az2 1 | az3 1");
}

#[test]
fn a_group_without_subnets_moves_by_its_zones() {
    let mut world = World::empty(7);
    let spec = GroupSpec {
        name: "web".into(),
        desired: 4,
        max: 8,
        zones: vec![zone_name(1), zone_name(2)],
        ..GroupSpec::default()
    };
    world.engine.put_group(spec, world.now).unwrap();
    assert_eq!(world.spread(), "az1 2 | az2 2");
    world
        .update(|update| update.zone_names = Some(vec![zone_name(2).to_string()]))
        .unwrap();
    world.run(200);
    assert_eq!(world.spread(), "az2 4");
    world
        .update(|update| update.zone_ids = Some(vec!["use1-az1".into(), "use1-az2".into()]))
        .unwrap();
    world.run(200);
    assert_eq!(world.spread(), "az1 2 | az2 2");
    let changes = world.engine.changes();
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[0].after, []);
    assert_eq!(changes[0].zones_after, [zone(2)]);
}

#[test]
fn a_group_that_aws_would_not_create_is_not_put() {
    let mut world = World::empty(7);
    let good = GroupSpec {
        name: "web".into(),
        desired: 1,
        max: 1,
        subnets: vec![subnet(1)],
        ..GroupSpec::default()
    };
    let bad = [
        GroupSpec {
            name: String::new(),
            ..good.clone()
        },
        GroupSpec {
            desired: 2,
            ..good.clone()
        },
        GroupSpec {
            subnets: vec![],
            ..good.clone()
        },
        GroupSpec {
            subnets: vec!["subnet-dddddddd".parse().unwrap()],
            ..good.clone()
        },
        GroupSpec {
            zones: vec![zone_name(2)],
            ..good.clone()
        },
    ];
    for spec in bad {
        assert_eq!(
            world.engine.put_group(spec, world.now).unwrap_err().code,
            "ValidationError"
        );
    }
    assert_eq!(world.engine.group("web"), None);
    world.engine.put_group(good, world.now).unwrap();
    assert!(world.engine.group("web").is_some());
}

#[test]
fn activities_tell_what_was_done_and_when_it_ended() {
    let mut world = World::of(2, 2, 2);
    let began = world.now + SignedDuration::from_secs(1);
    world.move_to(&[2]).run(200);
    let told: Vec<(ActivityKind, &'static str, bool)> = world
        .engine
        .activities
        .all()
        .map(|(_, activity)| {
            let kind = match activity.description.split(' ').next() {
                Some("Launching") => ActivityKind::Launch,
                _ => ActivityKind::Terminate,
            };
            (kind, activity.status, activity.zone_name == zone_name(2))
        })
        .collect();
    assert_eq!(
        told,
        [
            (ActivityKind::Launch, "Successful", true),
            (ActivityKind::Terminate, "Successful", false)
        ]
    );
    let (_, launch) = world.engine.activities.all().next().unwrap();
    assert_eq!(launch.began, began);
    let took = launch.ended.unwrap().duration_since(began).as_secs();
    assert!((60..=80).contains(&took), "{took}");
    let (_, termination) = world.engine.activities.all().nth(1).unwrap();
    let took = termination.ended.unwrap() - termination.began;
    assert_eq!(took, SignedDuration::from_secs(30));
}

#[test]
fn an_activity_in_progress_is_told_before_newer_ones_that_ended() {
    let mut world = World::of(2, 2, 9);
    let engine = &mut world.engine;
    engine.set_launch_delay(SignedDuration::from_secs(300));
    world.update(|update| update.desired = Some(3)).unwrap();
    world.run(1);
    world.engine.set_launch_delay(SignedDuration::ZERO);
    world.update(|update| update.desired = Some(5)).unwrap();
    world.run(30);
    let describe = DescribeActivities::default();
    let page = world.engine.describe_scaling_activities(&describe).unwrap();
    let told = page
        .items
        .iter()
        .map(|activity| (activity.status, &activity.id));
    let numbered = world.engine.activities.all();
    let ids: Vec<&String> = numbered.map(|(_, activity)| &activity.id).collect();
    let expected = [
        ("PreInService", ids[0]),
        ("Successful", ids[2]),
        ("Successful", ids[1]),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[test]
fn nothing_is_left_of_a_tag_that_is_deleted() {
    let mut world = World::of(1, 1, 1);
    let tag = TagParameter {
        propagate: true,
        ..tag("web", "key")
    };
    let tags = [tag];
    world.engine.create_or_update_tags(&tags).unwrap();
    assert_eq!(world.engine.group("web").unwrap().propagated.len(), 1);
    world.engine.delete_tags(&tags).unwrap();
    let group = world.engine.group("web").unwrap();
    assert!(group.tags.is_empty() && group.propagated.is_empty());
}

#[derive(Debug, PartialEq)]
enum ActivityKind {
    Launch,
    Terminate,
}

#[test]
fn who_asks_for_a_group_that_is_not_there_is_told() {
    let mut world = World::empty(7);
    let engine = &mut world.engine;
    let answers = [
        engine.begin_delete("web"),
        engine.set_shifted("web", None),
        engine.set_contention("web", true),
        engine.suspend_processes("web", &[], world.now),
        engine.resume_processes("web", &[]),
    ];
    assert!(answers.iter().all(Result::is_err));
}
