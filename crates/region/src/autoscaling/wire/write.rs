//! What the service tells, as the codec takes it.

use domain::SubnetId;
use serde_json::json;
use winterbaume_autoscaling::wire;
use winterbaume_core::MockResponse;

use crate::autoscaling::{Activity, GroupView, InstanceView, TagDescription};

/// The codec's group and instance have no AZ IDs and no operator. Members that the Region has no use
/// for carry them through the codec, and get their right names here. Every text has been escaped by
/// then, so nothing but the codec's own markup can be hit.
pub(super) fn with_what_the_codec_lacks(mut response: MockResponse) -> MockResponse {
    let body = String::from_utf8_lossy(&response.body)
        .replace(
            "<LoadBalancerNames>",
            "<LoadBalancerNames/><AvailabilityZoneIds>",
        )
        .replace("</LoadBalancerNames>", "</AvailabilityZoneIds>")
        .replace("<WeightedCapacity>", "<AvailabilityZoneId>")
        .replace("</WeightedCapacity>", "</AvailabilityZoneId>")
        .replace("<Context>", "<Operator><Principal>")
        .replace("</Context>", "</Principal></Operator>");
    response.body = body.into();
    response
}

pub(super) fn write_group(group: &GroupView<'_>) -> wire::AutoScalingGroup {
    let subnets: Vec<&str> = group.subnets.iter().map(SubnetId::as_str).collect();
    let health_check = if group.load_balancer.is_some() {
        "ELB"
    } else {
        "EC2"
    };
    wire::AutoScalingGroup {
        auto_scaling_group_name: Some(group.name.to_owned()),
        auto_scaling_group_a_r_n: Some(group.arn.to_owned()),
        min_size: Some(number(group.min)),
        max_size: Some(number(group.max)),
        desired_capacity: Some(number(group.desired)),
        default_cooldown: Some(300),
        availability_zones: Some(wire::AvailabilityZones {
            items: group.zone_names.iter().map(ToString::to_string).collect(),
        }),
        load_balancer_names: Some(wire::LoadBalancerNames {
            items: group.zones.iter().map(ToString::to_string).collect(),
        }),
        context: group.operator.map(str::to_owned),
        availability_zone_distribution: Some(wire::AvailabilityZoneDistribution {
            capacity_distribution_strategy: Some("balanced-best-effort".to_owned()),
        }),
        availability_zone_impairment_policy: Some(wire::AvailabilityZoneImpairmentPolicy {
            zonal_shift_enabled: Some(group.zonal_shift),
            impaired_zone_health_check_behavior: group
                .zonal_shift
                .then(|| group.impaired.name().to_owned()),
        }),
        target_group_a_r_ns: Some(wire::TargetGroupARNs {
            items: group.target_groups.to_vec(),
        }),
        health_check_type: Some(health_check.to_owned()),
        health_check_grace_period: Some(300),
        instances: Some(wire::Instances {
            items: group.instances.iter().map(write_instance).collect(),
        }),
        created_time: Some(group.created.to_string()),
        suspended_processes: Some(wire::SuspendedProcesses {
            items: group
                .suspended
                .iter()
                .map(|(process, since)| wire::SuspendedProcess {
                    process_name: Some((*process).to_owned()),
                    suspension_reason: Some(format!("User suspended at {since}")),
                })
                .collect(),
        }),
        v_p_c_zone_identifier: Some(subnets.join(",")),
        status: group.deleting.then(|| "Delete in progress".to_owned()),
        tags: Some(write_tags(group.tags.iter().map(|(key, value)| {
            TagDescription {
                group: group.name,
                key,
                value,
                propagate: group.propagated.contains(key),
            }
        }))),
        termination_policies: Some(wire::TerminationPolicies {
            items: vec!["Default".to_owned()],
        }),
        new_instances_protected_from_scale_in: Some(false),
        ..wire::AutoScalingGroup::default()
    }
}

fn write_instance(instance: &InstanceView<'_>) -> wire::Instance {
    wire::Instance {
        instance_id: Some(instance.id.to_owned()),
        availability_zone: Some(instance.zone_name.to_string()),
        weighted_capacity: Some(instance.zone_id.to_string()),
        lifecycle_state: Some(instance.lifecycle.name().to_owned()),
        // Health checks stay green: a gray failure is one that they do not see.
        health_status: Some("Healthy".to_owned()),
        protected_from_scale_in: Some(false),
        ..wire::Instance::default()
    }
}

pub(super) fn write_tags<'a>(
    tags: impl Iterator<Item = TagDescription<'a>>,
) -> wire::TagDescriptionList {
    wire::TagDescriptionList {
        items: tags
            .map(|tag| wire::TagDescription {
                resource_id: Some(tag.group.to_owned()),
                resource_type: Some("auto-scaling-group".to_owned()),
                key: Some(tag.key.to_owned()),
                value: Some(tag.value.to_owned()),
                propagate_at_launch: Some(tag.propagate),
            })
            .collect(),
    }
}

pub(super) fn write_activity(activity: &Activity) -> wire::Activity {
    let progress = if activity.ended.is_some() { 100 } else { 50 };
    wire::Activity {
        activity_id: Some(activity.id.clone()),
        auto_scaling_group_name: Some(activity.group.clone()),
        auto_scaling_group_a_r_n: Some(activity.group_arn.clone()),
        description: Some(activity.description.clone()),
        cause: Some(activity.cause.clone()),
        start_time: Some(activity.began.to_string()),
        end_time: activity.ended.map(|ended| ended.to_string()),
        status_code: Some(activity.status.to_owned()),
        status_message: activity.status_message.clone(),
        progress: Some(progress),
        details: Some(json!({ "Availability Zone": activity.zone_name.as_str() }).to_string()),
        ..wire::Activity::default()
    }
}

fn number(size: usize) -> i32 {
    i32::try_from(size).unwrap_or(i32::MAX)
}
