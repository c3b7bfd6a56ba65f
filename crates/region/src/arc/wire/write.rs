//! What ARC tells, as the codec takes it.

use domain::ResourceArn;
use jiff::Timestamp;
use serde_json::Value;
use winterbaume_arczonalshift::wire;
use winterbaume_core::MockResponse;

use crate::arc::{Autoshift, Outcome, PracticeRunConfiguration, ResourceView, Shift};

pub(super) fn zonal_shift(shift: &Shift, now: Timestamp) -> wire::ZonalShift {
    wire::ZonalShift {
        away_from: Some(shift.away_from.to_string()),
        comment: Some(shift.comment.clone()),
        expiry_time: Some(epoch(shift.told_expiry(now))),
        resource_identifier: Some(shift.resource.to_string()),
        start_time: Some(epoch(shift.started)),
        status: Some(shift.status.name().to_owned()),
        zonal_shift_id: Some(shift.id.clone()),
    }
}

pub(super) fn started_run(shift: &Shift, now: Timestamp) -> wire::StartPracticeRunResponse {
    let shift = zonal_shift(shift, now);
    wire::StartPracticeRunResponse {
        away_from: shift.away_from,
        comment: shift.comment,
        expiry_time: shift.expiry_time,
        resource_identifier: shift.resource_identifier,
        start_time: shift.start_time,
        status: shift.status,
        zonal_shift_id: shift.zonal_shift_id,
    }
}

pub(super) fn canceled_run(shift: &Shift, now: Timestamp) -> wire::CancelPracticeRunResponse {
    let shift = zonal_shift(shift, now);
    wire::CancelPracticeRunResponse {
        away_from: shift.away_from,
        comment: shift.comment,
        expiry_time: shift.expiry_time,
        resource_identifier: shift.resource_identifier,
        start_time: shift.start_time,
        status: shift.status,
        zonal_shift_id: shift.zonal_shift_id,
    }
}

pub(super) fn summary(shift: &Shift, now: Timestamp) -> wire::ZonalShiftSummary {
    wire::ZonalShiftSummary {
        away_from: Some(shift.away_from.to_string()),
        comment: Some(shift.comment.clone()),
        expiry_time: Some(epoch(shift.told_expiry(now))),
        practice_run_outcome: outcome(shift.outcome),
        resource_identifier: Some(shift.resource.to_string()),
        shift_type: Some(shift.kind.name().to_owned()),
        start_time: Some(epoch(shift.started)),
        status: Some(shift.status.name().to_owned()),
        zonal_shift_id: Some(shift.id.clone()),
    }
}

pub(super) fn autoshift(shift: &Autoshift) -> wire::AutoshiftSummary {
    let status = match shift.ended {
        None => "ACTIVE",
        Some(_) => "COMPLETED",
    };
    wire::AutoshiftSummary {
        away_from: Some(shift.away_from.to_string()),
        start_time: Some(epoch(shift.started)),
        end_time: shift.ended.map(epoch),
        status: Some(status.to_owned()),
    }
}

pub(super) fn managed_resource(
    view: &ResourceView<'_>,
    now: Timestamp,
) -> wire::GetManagedResourceResponse {
    let weight = |zone: &domain::ZoneId| if view.applied == Some(zone) { 0.0 } else { 1.0 };
    let weights = view.managed.zones.iter();
    let autoshifts = view
        .autoshifts
        .iter()
        .map(|shift| wire::AutoshiftInResource {
            applied_status: applied_status(view, shift),
            away_from: Some(shift.away_from.to_string()),
            start_time: Some(epoch(shift.started)),
        });
    let shifts = view
        .shifts
        .iter()
        .map(|shift| in_resource(view, shift, now));
    wire::GetManagedResourceResponse {
        applied_weights: Some(
            weights
                .map(|zone| (zone.to_string(), weight(zone)))
                .collect(),
        ),
        arn: Some(view.managed.arn.to_string()),
        autoshifts: Some(autoshifts.collect()),
        name: Some(view.managed.name.clone()),
        practice_run_configuration: view.practice.map(configuration),
        zonal_autoshift_status: status(view.managed.autoshift),
        zonal_shifts: Some(shifts.collect()),
    }
}

pub(super) fn resource_summary(
    view: &ResourceView<'_>,
    now: Timestamp,
) -> wire::ManagedResourceSummary {
    let resource = managed_resource(view, now);
    wire::ManagedResourceSummary {
        applied_weights: resource.applied_weights,
        arn: resource.arn,
        autoshifts: resource.autoshifts,
        availability_zones: Some(view.managed.zones.iter().map(ToString::to_string).collect()),
        name: resource.name,
        practice_run_status: status(view.practice.is_some()),
        zonal_autoshift_status: resource.zonal_autoshift_status,
        zonal_shifts: resource.zonal_shifts,
    }
}

fn in_resource(
    view: &ResourceView<'_>,
    shift: &Shift,
    now: Timestamp,
) -> wire::ZonalShiftInResource {
    wire::ZonalShiftInResource {
        applied_status: applied_status(view, shift),
        away_from: Some(shift.away_from.to_string()),
        comment: Some(shift.comment.clone()),
        expiry_time: Some(epoch(shift.told_expiry(now))),
        practice_run_outcome: outcome(shift.outcome),
        resource_identifier: Some(shift.resource.to_string()),
        shift_type: Some(shift.kind.name().to_owned()),
        start_time: Some(epoch(shift.started)),
        zonal_shift_id: Some(shift.id.clone()),
    }
}

fn applied_status(view: &ResourceView<'_>, shift: &Shift) -> Option<String> {
    let applied = view.is_applied(shift);
    Some(if applied { "APPLIED" } else { "NOT_APPLIED" }.to_owned())
}

fn outcome(outcome: Option<Outcome>) -> Option<String> {
    outcome.map(|outcome| outcome.name().to_owned())
}

pub(super) fn created_configuration(view: &ResourceView<'_>) -> MockResponse {
    wire::serialize_create_practice_run_configuration_response(
        &wire::CreatePracticeRunConfigurationResponse {
            arn: Some(view.managed.arn.to_string()),
            name: Some(view.managed.name.clone()),
            practice_run_configuration: view.practice.map(configuration),
            zonal_autoshift_status: status(view.managed.autoshift),
        },
    )
}

pub(super) fn updated_configuration(view: &ResourceView<'_>) -> MockResponse {
    wire::serialize_update_practice_run_configuration_response(
        &wire::UpdatePracticeRunConfigurationResponse {
            arn: Some(view.managed.arn.to_string()),
            name: Some(view.managed.name.clone()),
            practice_run_configuration: view.practice.map(configuration),
            zonal_autoshift_status: status(view.managed.autoshift),
        },
    )
}

pub(super) fn deleted_configuration(view: &ResourceView<'_>) -> MockResponse {
    wire::serialize_delete_practice_run_configuration_response(
        &wire::DeletePracticeRunConfigurationResponse {
            arn: Some(view.managed.arn.to_string()),
            name: Some(view.managed.name.clone()),
            zonal_autoshift_status: status(view.managed.autoshift),
        },
    )
}

pub(super) fn autoshift_configuration(arn: &ResourceArn, enabled: bool) -> MockResponse {
    wire::serialize_update_zonal_autoshift_configuration_response(
        &wire::UpdateZonalAutoshiftConfigurationResponse {
            resource_identifier: Some(arn.to_string()),
            zonal_autoshift_status: status(enabled),
        },
    )
}

pub(super) fn observer(enabled: bool) -> MockResponse {
    wire::serialize_get_autoshift_observer_notification_status_response(
        &wire::GetAutoshiftObserverNotificationStatusResponse {
            status: status(enabled),
        },
    )
}

pub(super) fn updated_observer(enabled: bool) -> MockResponse {
    wire::serialize_update_autoshift_observer_notification_status_response(
        &wire::UpdateAutoshiftObserverNotificationStatusResponse {
            status: status(enabled),
        },
    )
}

fn configuration(held: &PracticeRunConfiguration) -> wire::PracticeRunConfiguration {
    let alarms = |arns: &[String]| {
        let alarm = |arn: &String| wire::ControlCondition {
            alarm_identifier: arn.clone(),
            r#type: "CLOUDWATCH".to_owned(),
        };
        Some(arns.iter().map(alarm).collect())
    };
    wire::PracticeRunConfiguration {
        allowed_windows: Some(held.allowed_windows.clone()),
        blocked_dates: Some(held.blocked_dates.clone()),
        blocked_windows: Some(held.blocked_windows.clone()),
        blocking_alarms: alarms(&held.blocking_alarms),
        outcome_alarms: alarms(&held.outcome_alarms),
    }
}

fn status(enabled: bool) -> Option<String> {
    Some(if enabled { "ENABLED" } else { "DISABLED" }.to_owned())
}

/// The same answer with its members in order: the codec keeps weights in a hash map, whose order
/// differs from run to run.
pub(super) fn in_order(mut response: MockResponse) -> MockResponse {
    if let Ok(body) = serde_json::from_slice::<Value>(&response.body) {
        response.body = body.to_string().into();
    }
    response
}

/// Timestamps are numbers of seconds on this wire.
fn epoch(at: Timestamp) -> f64 {
    at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}
