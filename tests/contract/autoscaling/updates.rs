//! `UpdateAutoScalingGroup`, and what the group does about it.

use anyhow::ensure;
use aws_sdk_autoscaling::operation::update_auto_scaling_group::builders::UpdateAutoScalingGroupFluentBuilder;

use super::{described, in_service, sorted};
use crate::contract::Outcome;
use crate::refusal::{accepted, refused, same};
use crate::subject::{GroupSpec, Subject};

contracts!(
    "autoscaling",
    [region, moto],
    [
        zones_follow_the_subnets,
        an_update_changes_only_what_it_names,
        the_desired_capacity_follows_a_maximum_below_it,
        a_subnet_that_does_not_exist_is_refused_and_changes_nothing,
        an_empty_list_of_subnets_is_refused,
        zones_that_are_not_those_of_the_subnets_are_refused,
        a_group_that_does_not_exist_is_refused,
        a_maximum_below_the_minimum_is_refused,
        a_desired_capacity_above_the_maximum_is_refused,
        a_higher_desired_capacity_launches_instances,
        instances_leave_a_zone_that_the_group_has_left,
        new_instances_are_spread_over_the_zones,
    ]
);

async fn zones_follow_the_subnets(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::default()).await;
    let subnets = &subject.subnets().await[1..];
    let ids: Vec<&str> = subnets.iter().map(|subnet| subnet.id.as_str()).collect();
    let update = update(subject, &name).vpc_zone_identifier(ids.join(","));
    accepted("an update of the subnets", update.send().await)?;
    let group = described(subject, &name).await?;
    let identifier = group.vpc_zone_identifier().unwrap_or_default();
    same(
        "VPCZoneIdentifier",
        &sorted(identifier.split(',')),
        &sorted(ids),
    )?;
    let zones = group.availability_zones().iter().map(String::as_str);
    let expected = subnets.iter().map(|subnet| subnet.zone.as_str());
    same("AvailabilityZones", &sorted(zones), &sorted(expected))
}

async fn an_update_changes_only_what_it_names(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::of(2).tagged("k", "v")).await;
    let before = described(subject, &name).await?;
    let update = update(subject, &name).max_size(5);
    accepted("an update of the maximum", update.send().await)?;
    let after = described(subject, &name).await?;
    same("the maximum", &after.max_size(), &Some(5))?;
    let rest = |group: &aws_sdk_autoscaling::types::AutoScalingGroup| {
        (
            (group.min_size(), group.desired_capacity()),
            group.vpc_zone_identifier().map(str::to_owned),
            group.availability_zones().to_vec(),
            group.tags().to_vec(),
            group.instances().len(),
        )
    };
    same("everything else", &rest(&after), &rest(&before))
}

async fn the_desired_capacity_follows_a_maximum_below_it(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::of(3)).await;
    let update = update(subject, &name).max_size(2);
    accepted("a maximum below the desired capacity", update.send().await)?;
    let group = described(subject, &name).await?;
    same("the desired capacity", &group.desired_capacity(), &Some(2))
}

async fn a_subnet_that_does_not_exist_is_refused_and_changes_nothing(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::default()).await;
    let before = described(subject, &name).await?;
    let there = &subject.subnets().await[0].id;
    let update = update(subject, &name)
        .vpc_zone_identifier(format!("{there},subnet-0123456789abcdef0"))
        .max_size(7);
    refused(
        "an unknown subnet",
        update.send().await,
        "ValidationError",
        400,
    )?;
    let after = described(subject, &name).await?;
    same(
        "the maximum afterwards",
        &after.max_size(),
        &before.max_size(),
    )?;
    same(
        "the subnets afterwards",
        &after.vpc_zone_identifier(),
        &before.vpc_zone_identifier(),
    )
}

async fn an_empty_list_of_subnets_is_refused(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::default()).await;
    let update = update(subject, &name).vpc_zone_identifier("");
    refused("no subnet", update.send().await, "ValidationError", 400)
}

async fn zones_that_are_not_those_of_the_subnets_are_refused(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::default()).await;
    let subnets = subject.subnets().await;
    let update = update(subject, &name)
        .vpc_zone_identifier(&subnets[0].id)
        .availability_zones(&subnets[1].zone);
    refused("another zone", update.send().await, "ValidationError", 400)
}

async fn a_group_that_does_not_exist_is_refused(subject: &Subject) -> Outcome {
    let update = update(subject, &subject.name("nobody")).min_size(0);
    refused(
        "an unknown group",
        update.send().await,
        "ValidationError",
        400,
    )
}

async fn a_maximum_below_the_minimum_is_refused(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::default()).await;
    let update = update(subject, &name).min_size(3).max_size(2);
    refused(
        "3 to 2 instances",
        update.send().await,
        "ValidationError",
        400,
    )
}

async fn a_desired_capacity_above_the_maximum_is_refused(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::default()).await;
    let update = update(subject, &name).max_size(2).desired_capacity(3);
    refused(
        "3 of 2 instances",
        update.send().await,
        "ValidationError",
        400,
    )
}

async fn a_higher_desired_capacity_launches_instances(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::of(1)).await;
    let update = update(subject, &name).desired_capacity(4);
    accepted("a higher desired capacity", update.send().await)?;
    let look = || async {
        let group = described(subject, &name).await?;
        let zones = group.availability_zones().iter();
        let running: usize = zones.map(|zone| in_service(&group, zone)).sum();
        same("instances in service", &running, &4)
    };
    subject.eventually(look).await
}

async fn instances_leave_a_zone_that_the_group_has_left(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::of(3)).await;
    let subnets = subject.subnets().await;
    let left = &subnets[0].zone;
    let update =
        update(subject, &name).vpc_zone_identifier(format!("{},{}", subnets[1].id, subnets[2].id));
    accepted("an update of the subnets", update.send().await)?;
    let look = || async {
        let group = described(subject, &name).await?;
        let mut instances = group.instances().iter();
        let remains = instances.any(|instance| instance.availability_zone() == Some(left));
        ensure!(
            !remains,
            "an instance stays in the zone that the group has left"
        );
        let elsewhere = [&subnets[1].zone, &subnets[2].zone];
        let running: usize = elsewhere.map(|zone| in_service(&group, zone)).iter().sum();
        same(
            "instances in service in the zones that remain",
            &running,
            &3,
        )
    };
    subject.eventually(look).await
}

async fn new_instances_are_spread_over_the_zones(subject: &Subject) -> Outcome {
    let name = subject.group(GroupSpec::default()).await;
    let update = update(subject, &name).desired_capacity(6);
    accepted("a higher desired capacity", update.send().await)?;
    let subnets = subject.subnets().await;
    let look = || async {
        let group = described(subject, &name).await?;
        let zones = subnets.iter().map(|subnet| subnet.zone.as_str());
        let spread: Vec<usize> = zones.map(|zone| in_service(&group, zone)).collect();
        same("instances by zone", &spread, &vec![2, 2, 2])
    };
    subject.eventually(look).await
}

fn update(subject: &Subject, group: &str) -> UpdateAutoScalingGroupFluentBuilder {
    let update = subject.autoscaling().update_auto_scaling_group();
    update.auto_scaling_group_name(group)
}
