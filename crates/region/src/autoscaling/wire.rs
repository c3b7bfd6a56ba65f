//! Auto Scaling's API as HTTP (awsQuery).
//!
//! A parameter that the Region does not simulate is refused by its name: to answer as if it had taken
//! effect would be a lie.

mod refresh;
mod write;

use std::collections::HashMap;

use jiff::Timestamp;
use winterbaume_autoscaling::wire;
use winterbaume_core::{MockRequest, MockResponse};

use self::write::{with_what_the_codec_lacks, write_activity, write_group, write_tags};
use super::{
    AutoScaling, DescribeActivities, DescribeGroups, DescribeTags, Filter, Paging, TagParameter,
    UpdateGroup, validation,
};
use crate::error::ServiceError;
use crate::operation::Operation;
use crate::wire::{listed_operation, unlisted_parameter};

const CANCEL_INSTANCE_REFRESH: Operation = Operation::write("CancelInstanceRefresh");
const CREATE_OR_UPDATE_TAGS: Operation = Operation::write("CreateOrUpdateTags");
const DELETE_TAGS: Operation = Operation::write("DeleteTags");
const DESCRIBE_AUTO_SCALING_GROUPS: Operation = Operation::read("DescribeAutoScalingGroups");
const DESCRIBE_INSTANCE_REFRESHES: Operation = Operation::read("DescribeInstanceRefreshes");
const DESCRIBE_SCALING_ACTIVITIES: Operation = Operation::read("DescribeScalingActivities");
const DESCRIBE_TAGS: Operation = Operation::read("DescribeTags");
const RESUME_PROCESSES: Operation = Operation::write("ResumeProcesses");
const START_INSTANCE_REFRESH: Operation = Operation::write("StartInstanceRefresh");
const SUSPEND_PROCESSES: Operation = Operation::write("SuspendProcesses");
const UPDATE_AUTO_SCALING_GROUP: Operation = Operation::write("UpdateAutoScalingGroup");

/// Every operation, with its parameters.
const OPERATIONS: [(Operation, &[&str]); 11] = [
    (CANCEL_INSTANCE_REFRESH, &["AutoScalingGroupName"]),
    (CREATE_OR_UPDATE_TAGS, &["Tags"]),
    (DELETE_TAGS, &["Tags"]),
    (
        DESCRIBE_AUTO_SCALING_GROUPS,
        &[
            "AutoScalingGroupNames",
            "Filters",
            "IncludeInstances",
            "IncludeManagedResources",
            "MaxRecords",
            "NextToken",
        ],
    ),
    (
        DESCRIBE_INSTANCE_REFRESHES,
        &[
            "AutoScalingGroupName",
            "InstanceRefreshIds",
            "MaxRecords",
            "NextToken",
        ],
    ),
    (
        DESCRIBE_SCALING_ACTIVITIES,
        &[
            "ActivityIds",
            "AutoScalingGroupName",
            "MaxRecords",
            "NextToken",
        ],
    ),
    (DESCRIBE_TAGS, &["Filters", "MaxRecords", "NextToken"]),
    (
        RESUME_PROCESSES,
        &["AutoScalingGroupName", "ScalingProcesses"],
    ),
    (
        START_INSTANCE_REFRESH,
        &["AutoScalingGroupName", "Strategy"],
    ),
    (
        SUSPEND_PROCESSES,
        &["AutoScalingGroupName", "ScalingProcesses"],
    ),
    (
        UPDATE_AUTO_SCALING_GROUP,
        &[
            "AutoScalingGroupName",
            "AvailabilityZoneImpairmentPolicy",
            "AvailabilityZoneIds",
            "AvailabilityZones",
            "DesiredCapacity",
            "MaxSize",
            "MinSize",
            "VPCZoneIdentifier",
        ],
    ),
];

type Parameters = HashMap<String, String>;

/// The operation of a request.
pub(crate) fn identify(request: &MockRequest) -> Option<Operation> {
    listed_operation(&OPERATIONS, &crate::text::form(&request.body))
}

/// Performs the operation of a request.
pub(crate) fn perform(
    engine: &mut AutoScaling,
    operation: Operation,
    request: &MockRequest,
    now: Timestamp,
) -> MockResponse {
    let parameters = crate::text::form(&request.body);
    let answer = check_parameters(operation, &parameters).and_then(|()| match operation {
        CANCEL_INSTANCE_REFRESH => refresh::cancel(engine, &parameters, now),
        CREATE_OR_UPDATE_TAGS => {
            let input = decoded(wire::deserialize_create_or_update_tags_request(&parameters))?;
            engine.create_or_update_tags(&read_tags(input.tags))?;
            Ok(wire::serialize_create_or_update_tags_response())
        }
        DELETE_TAGS => {
            let input = decoded(wire::deserialize_delete_tags_request(&parameters))?;
            engine.delete_tags(&read_tags(input.tags))?;
            Ok(wire::serialize_delete_tags_response())
        }
        DESCRIBE_AUTO_SCALING_GROUPS => describe_groups(engine, &parameters),
        DESCRIBE_INSTANCE_REFRESHES => refresh::describe(engine, &parameters),
        DESCRIBE_SCALING_ACTIVITIES => describe_activities(engine, &parameters),
        DESCRIBE_TAGS => describe_tags(engine, &parameters),
        RESUME_PROCESSES => {
            let input = decoded(wire::deserialize_resume_processes_request(&parameters))?;
            let processes = input
                .scaling_processes
                .map(|list| list.items)
                .unwrap_or_default();
            engine.resume_processes(&input.auto_scaling_group_name, &processes)?;
            Ok(wire::serialize_resume_processes_response())
        }
        START_INSTANCE_REFRESH => refresh::start(engine, &parameters, now),
        SUSPEND_PROCESSES => {
            let input = decoded(wire::deserialize_suspend_processes_request(&parameters))?;
            let processes = input
                .scaling_processes
                .map(|list| list.items)
                .unwrap_or_default();
            engine.suspend_processes(&input.auto_scaling_group_name, &processes, now)?;
            Ok(wire::serialize_suspend_processes_response())
        }
        UPDATE_AUTO_SCALING_GROUP => {
            engine.update_auto_scaling_group(&read_update(&parameters)?, now)?;
            Ok(wire::serialize_update_auto_scaling_group_response())
        }
        _ => Err(ServiceError::new(
            400,
            "InvalidAction",
            format!(
                "the embedded Region has no operation {} of autoscaling",
                operation.name
            ),
        )),
    });
    answer.unwrap_or_else(|error| refuse(&error))
}

/// An error in the protocol of the service.
pub(crate) fn refuse(error: &ServiceError) -> MockResponse {
    crate::wire::query_error(error)
}

fn check_parameters(operation: Operation, parameters: &Parameters) -> Result<(), ServiceError> {
    match unlisted_parameter(&OPERATIONS, operation, parameters) {
        Some(name) => Err(validation(format!(
            "the embedded Region does not simulate {name} of {}",
            operation.name
        ))),
        None => Ok(()),
    }
}

fn decoded<T>(input: Result<T, String>) -> Result<T, ServiceError> {
    input.map_err(validation)
}

fn read_update(parameters: &Parameters) -> Result<UpdateGroup, ServiceError> {
    let input = decoded(wire::deserialize_update_auto_scaling_group_request(
        parameters,
    ))?;
    // The codec does not know AvailabilityZoneIds.
    let ids = (1..).map_while(|n| parameters.get(&format!("AvailabilityZoneIds.member.{n}")));
    let ids: Vec<String> = ids.cloned().collect();
    let policy = input
        .availability_zone_impairment_policy
        .unwrap_or_default();
    Ok(UpdateGroup {
        zonal_shift: policy.zonal_shift_enabled,
        impaired: policy.impaired_zone_health_check_behavior,
        group: input.auto_scaling_group_name,
        subnets: input.v_p_c_zone_identifier,
        zone_names: input.availability_zones.map(|list| list.items),
        zone_ids: (!ids.is_empty()).then_some(ids),
        min: input.min_size,
        max: input.max_size,
        desired: input.desired_capacity,
    })
}

fn read_tags(tags: wire::Tags) -> Vec<TagParameter> {
    let tags = tags.items.into_iter();
    tags.map(|tag| TagParameter {
        group: tag.resource_id,
        resource_type: tag.resource_type,
        key: tag.key,
        value: tag.value,
        propagate: tag.propagate_at_launch.unwrap_or_default(),
    })
    .collect()
}

fn read_filters(filters: Option<wire::Filters>) -> Vec<Filter> {
    let filters = filters.map(|list| list.items).unwrap_or_default();
    let filters = filters.into_iter();
    filters
        .map(|filter| Filter {
            name: filter.name.unwrap_or_default(),
            values: filter.values.map(|list| list.items).unwrap_or_default(),
        })
        .collect()
}

fn describe_groups(
    engine: &AutoScaling,
    parameters: &Parameters,
) -> Result<MockResponse, ServiceError> {
    let input = decoded(wire::deserialize_describe_auto_scaling_groups_request(
        parameters,
    ))?;
    // The codec does not know IncludeManagedResources.
    let include_managed = match parameters.get("IncludeManagedResources") {
        Some(text) => Some(text.parse().map_err(|_| {
            validation(format!(
                "IncludeManagedResources is true or false, not {text}"
            ))
        })?),
        None => None,
    };
    let page = engine.describe_auto_scaling_groups(&DescribeGroups {
        names: input
            .auto_scaling_group_names
            .map(|list| list.items)
            .unwrap_or_default(),
        filters: read_filters(input.filters),
        include_instances: input.include_instances,
        include_managed,
        paging: Paging {
            max_records: input.max_records,
            next_token: input.next_token,
        },
    })?;
    let response =
        wire::serialize_describe_auto_scaling_groups_response(&wire::AutoScalingGroupsType {
            auto_scaling_groups: Some(wire::AutoScalingGroups {
                items: page.items.iter().map(write_group).collect(),
            }),
            next_token: page.next_token,
        });
    Ok(with_what_the_codec_lacks(response))
}

fn describe_tags(
    engine: &AutoScaling,
    parameters: &Parameters,
) -> Result<MockResponse, ServiceError> {
    let input = decoded(wire::deserialize_describe_tags_request(parameters))?;
    let page = engine.describe_tags(&DescribeTags {
        filters: read_filters(input.filters),
        paging: Paging {
            max_records: input.max_records,
            next_token: input.next_token,
        },
    })?;
    Ok(wire::serialize_describe_tags_response(&wire::TagsType {
        tags: Some(write_tags(page.items.into_iter())),
        next_token: page.next_token,
    }))
}

fn describe_activities(
    engine: &AutoScaling,
    parameters: &Parameters,
) -> Result<MockResponse, ServiceError> {
    let input = decoded(wire::deserialize_describe_scaling_activities_request(
        parameters,
    ))?;
    let page = engine.describe_scaling_activities(&DescribeActivities {
        group: input.auto_scaling_group_name,
        ids: input
            .activity_ids
            .map(|list| list.items)
            .unwrap_or_default(),
        paging: Paging {
            max_records: input.max_records,
            next_token: input.next_token,
        },
    })?;
    Ok(wire::serialize_describe_scaling_activities_response(
        &wire::ActivitiesType {
            activities: Some(wire::Activities {
                items: page.items.into_iter().map(write_activity).collect(),
            }),
            next_token: page.next_token,
        },
    ))
}
