//! ARC's API as HTTP (restJson1).

use jiff::Timestamp;
use winterbaume_arczonalshift::wire;
use winterbaume_core::{MockRequest, MockResponse, extract_path, extract_query_string};

use super::{Kind, ResourceView, Shift, StartInput, Status, ZonalShifts, validate};
use crate::error::ServiceError;
use crate::operation::Operation;
use crate::text::{form, percent_decoded};

const START: Operation = Operation::write("StartZonalShift");
const UPDATE: Operation = Operation::write("UpdateZonalShift");
const CANCEL: Operation = Operation::write("CancelZonalShift");
const LIST_SHIFTS: Operation = Operation::read("ListZonalShifts");
const LIST_AUTOSHIFTS: Operation = Operation::read("ListAutoshifts");
const LIST_RESOURCES: Operation = Operation::read("ListManagedResources");
const GET: Operation = Operation::read("GetManagedResource");

/// The operation of a request.
pub(crate) fn identify(request: &MockRequest) -> Option<Operation> {
    let path = extract_path(&request.uri);
    let (collection, label) = split(&path);
    match (request.method.as_str(), collection, label.is_empty()) {
        ("POST", "zonalshifts", true) => Some(START),
        ("PATCH", "zonalshifts", false) => Some(UPDATE),
        ("DELETE", "zonalshifts", false) => Some(CANCEL),
        ("GET", "zonalshifts", true) => Some(LIST_SHIFTS),
        ("GET", "autoshifts", true) => Some(LIST_AUTOSHIFTS),
        ("GET", "managedresources", true) => Some(LIST_RESOURCES),
        ("GET", "managedresources", false) => Some(GET),
        _ => None,
    }
}

/// The collection of a path, and the label behind it. An ARN in a label may hold slashes.
fn split(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split_once('/').unwrap_or((path, ""))
}

/// Performs the operation of a request.
pub(crate) fn perform(
    arc: &mut ZonalShifts,
    operation: Operation,
    request: &MockRequest,
    now: Timestamp,
) -> MockResponse {
    let path = extract_path(&request.uri);
    let label = percent_decoded(split(&path).1);
    let query = form(extract_query_string(&request.uri).as_bytes());
    let answer = match operation {
        START => start(arc, request, now),
        UPDATE => update(arc, request, &label, now),
        CANCEL => arc
            .cancel(&label, now)
            .map(|shift| wire::serialize_cancel_zonal_shift_response(&zonal_shift(&shift))),
        GET => arc
            .resource(&label)
            .map(|view| wire::serialize_get_managed_resource_response(&managed_resource(&view))),
        LIST_SHIFTS => list_shifts(arc, request, &query),
        LIST_AUTOSHIFTS => list_autoshifts(arc, request, &query),
        _ => list_resources(arc, request, &query),
    };
    answer.unwrap_or_else(|error| refuse(&error))
}

/// An error in the protocol of the service.
pub(crate) fn refuse(error: &ServiceError) -> MockResponse {
    crate::wire::rest_json_error(error, "message")
}

type Query = std::collections::HashMap<String, String>;

fn malformed(error: impl Into<String>) -> ServiceError {
    validate::invalid("MissingValue", error)
}

fn start(
    arc: &mut ZonalShifts,
    request: &MockRequest,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let input = wire::deserialize_start_zonal_shift_request(request, &[], &Query::new())
        .map_err(malformed)?;
    let shift = arc.start(
        &StartInput {
            resource: &input.resource_identifier,
            away_from: &input.away_from,
            expires_in: &input.expires_in,
            comment: &input.comment,
        },
        now,
    )?;
    Ok(wire::serialize_start_zonal_shift_response(&zonal_shift(
        &shift,
    )))
}

fn update(
    arc: &mut ZonalShifts,
    request: &MockRequest,
    id: &str,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    // The body does not hold the id, which the codec asks for: the label comes with it.
    let labels = [("zonalShiftId", id)];
    let input = wire::deserialize_update_zonal_shift_request(request, &labels, &Query::new())
        .map_err(malformed)?;
    let shift = arc.update(
        id,
        input.expires_in.as_deref(),
        input.comment.as_deref(),
        now,
    )?;
    Ok(wire::serialize_update_zonal_shift_response(&zonal_shift(
        &shift,
    )))
}

fn list_shifts(
    arc: &ZonalShifts,
    request: &MockRequest,
    query: &Query,
) -> Result<MockResponse, ServiceError> {
    let input =
        wire::deserialize_list_zonal_shifts_request(request, &[], query).map_err(malformed)?;
    let status = match input.status.as_deref() {
        None | Some("ACTIVE") => Status::Active,
        Some("EXPIRED") => Status::Expired,
        Some("CANCELED") => Status::Canceled,
        Some(other) => {
            return Err(validate::invalid(
                "InvalidStatus",
                format!("status: \"{other}\" is not known"),
            ));
        }
    };
    let wanted = |shift: &&Shift| {
        shift.status == status
            && input
                .resource_identifier
                .as_deref()
                .is_none_or(|wanted| shift.resource.as_str() == wanted)
    };
    // The newest first, as in the console.
    let found: Vec<&Shift> = arc.shifts().iter().rev().filter(wanted).collect();
    let page = validate::page(input.max_results, input.next_token.as_deref(), found.len())?;
    Ok(wire::serialize_list_zonal_shifts_response(
        &wire::ListZonalShiftsResponse {
            next_token: next_token(&page, found.len()),
            items: Some(found[page].iter().map(|shift| summary(shift)).collect()),
        },
    ))
}

fn list_autoshifts(
    arc: &ZonalShifts,
    request: &MockRequest,
    query: &Query,
) -> Result<MockResponse, ServiceError> {
    let input =
        wire::deserialize_list_autoshifts_request(request, &[], query).map_err(malformed)?;
    let active = match input.status.as_deref() {
        None | Some("ACTIVE") => true,
        Some("COMPLETED") => false,
        Some(other) => {
            return Err(validate::invalid(
                "InvalidStatus",
                format!("status: \"{other}\" is not known"),
            ));
        }
    };
    let found: Vec<_> = arc
        .autoshifts
        .iter()
        .rev()
        .filter(|shift| shift.ended.is_none() == active)
        .collect();
    let page = validate::page(input.max_results, input.next_token.as_deref(), found.len())?;
    let item = |shift: &&super::Autoshift| wire::AutoshiftSummary {
        away_from: Some(shift.away_from.to_string()),
        start_time: Some(epoch(shift.started)),
        end_time: shift.ended.map(epoch),
        status: Some(
            if shift.ended.is_none() {
                "ACTIVE"
            } else {
                "COMPLETED"
            }
            .to_owned(),
        ),
    };
    Ok(wire::serialize_list_autoshifts_response(
        &wire::ListAutoshiftsResponse {
            next_token: next_token(&page, found.len()),
            items: Some(found[page].iter().map(item).collect()),
        },
    ))
}

fn list_resources(
    arc: &ZonalShifts,
    request: &MockRequest,
    query: &Query,
) -> Result<MockResponse, ServiceError> {
    let input =
        wire::deserialize_list_managed_resources_request(request, &[], query).map_err(malformed)?;
    let found: Vec<ResourceView<'_>> = arc.all_resources().collect();
    let page = validate::page(input.max_results, input.next_token.as_deref(), found.len())?;
    let item = |view: &ResourceView<'_>| {
        let resource = managed_resource(view);
        wire::ManagedResourceSummary {
            applied_weights: resource.applied_weights,
            arn: resource.arn,
            autoshifts: resource.autoshifts,
            availability_zones: Some(view.managed.zones.iter().map(ToString::to_string).collect()),
            name: resource.name,
            practice_run_status: None,
            zonal_autoshift_status: resource.zonal_autoshift_status,
            zonal_shifts: resource.zonal_shifts,
        }
    };
    Ok(wire::serialize_list_managed_resources_response(
        &wire::ListManagedResourcesResponse {
            next_token: next_token(&page, found.len()),
            items: Some(found[page].iter().map(item).collect()),
        },
    ))
}

fn next_token(page: &std::ops::Range<usize>, total: usize) -> Option<String> {
    (page.end < total).then(|| page.end.to_string())
}

fn zonal_shift(shift: &Shift) -> wire::ZonalShift {
    wire::ZonalShift {
        away_from: Some(shift.away_from.to_string()),
        comment: Some(shift.comment.clone()),
        expiry_time: Some(epoch(shift.expires)),
        resource_identifier: Some(shift.resource.to_string()),
        start_time: Some(epoch(shift.started)),
        status: Some(shift.status.name().to_owned()),
        zonal_shift_id: Some(shift.id.clone()),
    }
}

fn summary(shift: &Shift) -> wire::ZonalShiftSummary {
    wire::ZonalShiftSummary {
        away_from: Some(shift.away_from.to_string()),
        comment: Some(shift.comment.clone()),
        expiry_time: Some(epoch(shift.expires)),
        practice_run_outcome: practice_run_outcome(shift),
        resource_identifier: Some(shift.resource.to_string()),
        shift_type: Some(shift_type(shift.kind).to_owned()),
        start_time: Some(epoch(shift.started)),
        status: Some(shift.status.name().to_owned()),
        zonal_shift_id: Some(shift.id.clone()),
    }
}

fn managed_resource(view: &ResourceView<'_>) -> wire::GetManagedResourceResponse {
    let weight = |zone: &domain::ZoneId| if view.applied == Some(zone) { 0.0 } else { 1.0 };
    wire::GetManagedResourceResponse {
        applied_weights: Some(
            view.managed
                .zones
                .iter()
                .map(|zone| (zone.to_string(), weight(zone)))
                .collect(),
        ),
        arn: Some(view.managed.arn.to_string()),
        autoshifts: Some(
            view.autoshift
                .iter()
                .map(|shift| autoshift(view, shift))
                .collect(),
        ),
        name: Some(view.managed.name.clone()),
        practice_run_configuration: None,
        zonal_autoshift_status: Some(
            if view.managed.autoshift {
                "ENABLED"
            } else {
                "DISABLED"
            }
            .to_owned(),
        ),
        zonal_shifts: Some(
            view.shifts
                .iter()
                .map(|shift| in_resource(view, shift))
                .collect(),
        ),
    }
}

fn autoshift(view: &ResourceView<'_>, shift: &super::Autoshift) -> wire::AutoshiftInResource {
    let overridden = view.shifts.iter().any(|shift| shift.kind == Kind::Customer);
    wire::AutoshiftInResource {
        applied_status: Some(applied_status(!overridden)),
        away_from: Some(shift.away_from.to_string()),
        start_time: Some(epoch(shift.started)),
    }
}

fn in_resource(view: &ResourceView<'_>, shift: &Shift) -> wire::ZonalShiftInResource {
    wire::ZonalShiftInResource {
        applied_status: Some(applied_status(view.is_applied(shift))),
        away_from: Some(shift.away_from.to_string()),
        comment: Some(shift.comment.clone()),
        expiry_time: Some(epoch(shift.expires)),
        practice_run_outcome: practice_run_outcome(shift),
        resource_identifier: Some(shift.resource.to_string()),
        shift_type: Some(shift_type(shift.kind).to_owned()),
        start_time: Some(epoch(shift.started)),
        zonal_shift_id: Some(shift.id.clone()),
    }
}

fn applied_status(applied: bool) -> String {
    if applied { "APPLIED" } else { "NOT_APPLIED" }.to_owned()
}

fn shift_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Customer => "ZONAL_SHIFT",
        Kind::PracticeRun => "PRACTICE_RUN",
        Kind::FisExperiment => "FIS_EXPERIMENT",
    }
}

fn practice_run_outcome(shift: &Shift) -> Option<String> {
    let outcome = match shift.status {
        Status::Active => "PENDING",
        Status::Expired => "SUCCEEDED",
        Status::Canceled => "INTERRUPTED",
    };
    (shift.kind == Kind::PracticeRun).then(|| outcome.to_owned())
}

/// Timestamps are numbers of seconds on this wire.
fn epoch(at: Timestamp) -> f64 {
    at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}
