//! Instance refreshes on the wire.

use jiff::Timestamp;
use winterbaume_autoscaling::wire;
use winterbaume_core::MockResponse;

use super::{Parameters, decoded};
use crate::autoscaling::{AutoScaling, InstanceRefresh, Paging, validation};
use crate::error::ServiceError;

pub(super) fn start(
    engine: &mut AutoScaling,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let input = decoded(wire::deserialize_start_instance_refresh_request(parameters))?;
    if let Some(strategy) = input.strategy.filter(|strategy| strategy != "Rolling") {
        return Err(validation(format!(
            "the embedded Region does not simulate the Strategy {strategy}, expected Rolling"
        )));
    }
    let id = engine.start_instance_refresh(&input.auto_scaling_group_name, now)?;
    Ok(wire::serialize_start_instance_refresh_response(
        &wire::StartInstanceRefreshAnswer {
            instance_refresh_id: Some(id),
        },
    ))
}

pub(super) fn cancel(
    engine: &mut AutoScaling,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let input = decoded(wire::deserialize_cancel_instance_refresh_request(
        parameters,
    ))?;
    let id = engine.cancel_instance_refresh(&input.auto_scaling_group_name, now)?;
    Ok(wire::serialize_cancel_instance_refresh_response(
        &wire::CancelInstanceRefreshAnswer {
            instance_refresh_id: Some(id),
        },
    ))
}

pub(super) fn describe(
    engine: &AutoScaling,
    parameters: &Parameters,
) -> Result<MockResponse, ServiceError> {
    let input = decoded(wire::deserialize_describe_instance_refreshes_request(
        parameters,
    ))?;
    let ids = input
        .instance_refresh_ids
        .map(|list| list.items)
        .unwrap_or_default();
    let paging = Paging {
        max_records: input.max_records,
        next_token: input.next_token,
    };
    let page = engine.describe_instance_refreshes(&input.auto_scaling_group_name, &ids, &paging)?;
    let write = |refresh: InstanceRefresh<'_>| wire::InstanceRefresh {
        instance_refresh_id: Some(refresh.id.to_owned()),
        auto_scaling_group_name: Some(refresh.group.to_owned()),
        status: Some(refresh.status.to_owned()),
        start_time: Some(refresh.began.to_string()),
        end_time: refresh.ended.map(|ended| ended.to_string()),
        ..wire::InstanceRefresh::default()
    };
    Ok(wire::serialize_describe_instance_refreshes_response(
        &wire::DescribeInstanceRefreshesAnswer {
            instance_refreshes: Some(wire::InstanceRefreshes {
                items: page.items.into_iter().map(write).collect(),
            }),
            next_token: page.next_token,
        },
    ))
}
