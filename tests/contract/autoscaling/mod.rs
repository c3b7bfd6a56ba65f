//! EC2 Auto Scaling. Source: Amazon EC2 Auto Scaling API Reference, version 2011-01-01.

mod activities;
mod groups;
mod processes;
mod tags;
mod updates;

use anyhow::{Context, Result};
use aws_sdk_autoscaling::types::{AutoScalingGroup, LifecycleState};

use crate::contract::Contract;
use crate::refusal::accepted;
use crate::subject::Subject;

pub(crate) fn contracts() -> Vec<&'static Contract> {
    let modules = [
        activities::CONTRACTS,
        groups::CONTRACTS,
        processes::CONTRACTS,
        tags::CONTRACTS,
        updates::CONTRACTS,
    ];
    modules.into_iter().flatten().collect()
}

/// The group of a name.
async fn described(subject: &Subject, name: &str) -> Result<AutoScalingGroup> {
    let describe = subject.autoscaling().describe_auto_scaling_groups();
    let answer = describe.auto_scaling_group_names(name).send().await;
    let answer = accepted("DescribeAutoScalingGroups", answer)?;
    let group = answer.auto_scaling_groups().first().cloned();
    group.with_context(|| format!("DescribeAutoScalingGroups: {name} is not there"))
}

/// How many instances of a group are in service in a zone.
fn in_service(group: &AutoScalingGroup, zone: &str) -> usize {
    let instances = group.instances().iter();
    instances
        .filter(|instance| {
            instance.availability_zone() == Some(zone)
                && instance.lifecycle_state() == Some(&LifecycleState::InService)
        })
        .count()
}

/// Sorted, to compare what has no order.
fn sorted<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut texts: Vec<&str> = texts.into_iter().collect();
    texts.sort_unstable();
    texts
}
