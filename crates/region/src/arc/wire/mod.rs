//! ARC's API as HTTP (restJson1).

mod list;
mod read;
mod write;

use jiff::Timestamp;
use winterbaume_arczonalshift::wire;
use winterbaume_core::{MockRequest, MockResponse, extract_path};

use self::read::Body;
use super::{PracticeRunInput, StartInput, ZonalShifts, validate};
use crate::error::ServiceError;
use crate::operation::Operation;
use crate::text::percent_decoded;

const START: Operation = Operation::write("StartZonalShift");
const UPDATE: Operation = Operation::write("UpdateZonalShift");
const CANCEL: Operation = Operation::write("CancelZonalShift");
const LIST_SHIFTS: Operation = Operation::read("ListZonalShifts");
const LIST_AUTOSHIFTS: Operation = Operation::read("ListAutoshifts");
const LIST_RESOURCES: Operation = Operation::read("ListManagedResources");
const GET: Operation = Operation::read("GetManagedResource");
const SET_AUTOSHIFT: Operation = Operation::write("UpdateZonalAutoshiftConfiguration");
const START_PRACTICE: Operation = Operation::write("StartPracticeRun");
const CANCEL_PRACTICE: Operation = Operation::write("CancelPracticeRun");
const CREATE_CONFIGURATION: Operation = Operation::write("CreatePracticeRunConfiguration");
const UPDATE_CONFIGURATION: Operation = Operation::write("UpdatePracticeRunConfiguration");
const DELETE_CONFIGURATION: Operation = Operation::write("DeletePracticeRunConfiguration");
const GET_OBSERVER: Operation = Operation::read("GetAutoshiftObserverNotificationStatus");
const SET_OBSERVER: Operation = Operation::write("UpdateAutoshiftObserverNotificationStatus");

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
        ("PUT", "managedresources", false) => Some(SET_AUTOSHIFT),
        ("POST", "practiceruns", true) => Some(START_PRACTICE),
        ("DELETE", "practiceruns", false) => Some(CANCEL_PRACTICE),
        ("POST", "configuration", true) => Some(CREATE_CONFIGURATION),
        ("PATCH", "configuration", false) => Some(UPDATE_CONFIGURATION),
        ("DELETE", "configuration", false) => Some(DELETE_CONFIGURATION),
        ("GET", "autoshift-observer-notification", true) => Some(GET_OBSERVER),
        ("PUT", "autoshift-observer-notification", true) => Some(SET_OBSERVER),
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
    answer(arc, operation, request, now).unwrap_or_else(|error| refuse(&error))
}

/// An error in the protocol of the service.
pub(crate) fn refuse(error: &ServiceError) -> MockResponse {
    crate::wire::rest_json_error(error, "message")
}

fn answer(
    arc: &mut ZonalShifts,
    operation: Operation,
    request: &MockRequest,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let path = extract_path(&request.uri);
    let label = percent_decoded(split(&path).1);
    match operation {
        START => {
            let body = Body::of(request)?;
            let input = StartInput {
                resource: body.required("resourceIdentifier")?,
                away_from: body.required("awayFrom")?,
                expires_in: body.required("expiresIn")?,
                comment: body.required("comment")?,
            };
            let shift = write::zonal_shift(&arc.start(&input, now)?, now);
            Ok(wire::serialize_start_zonal_shift_response(&shift))
        }
        UPDATE => {
            let body = Body::of(request)?;
            let (expires_in, comment) = (body.text("expiresIn")?, body.text("comment")?);
            let shift = arc.update(&label, expires_in, comment, now)?;
            let shift = write::zonal_shift(&shift, now);
            Ok(wire::serialize_update_zonal_shift_response(&shift))
        }
        CANCEL => {
            let shift = write::zonal_shift(&arc.cancel(&label, now)?, now);
            Ok(wire::serialize_cancel_zonal_shift_response(&shift))
        }
        START_PRACTICE => {
            let body = Body::of(request)?;
            let input = PracticeRunInput {
                resource: body.required("resourceIdentifier")?,
                away_from: body.required("awayFrom")?,
                comment: body.required("comment")?,
            };
            let run = write::started_run(&arc.start_practice_run(&input, now)?, now);
            Ok(wire::serialize_start_practice_run_response(&run))
        }
        CANCEL_PRACTICE => {
            let run = write::canceled_run(&arc.cancel_practice_run(&label, now)?, now);
            Ok(wire::serialize_cancel_practice_run_response(&run))
        }
        CREATE_CONFIGURATION => {
            let body = Body::of(request)?;
            let identifier = body.required("resourceIdentifier")?;
            let arn = arc.create_practice_run(identifier, body.configuration()?)?;
            let view = arc.resource(arn.as_str())?;
            Ok(write::created_configuration(&view))
        }
        UPDATE_CONFIGURATION => {
            let update = Body::of(request)?.configuration()?;
            let arn = arc.update_practice_run(&label, update)?;
            let view = arc.resource(arn.as_str())?;
            Ok(write::updated_configuration(&view))
        }
        DELETE_CONFIGURATION => {
            let arn = arc.delete_practice_run(&label)?;
            let view = arc.resource(arn.as_str())?;
            Ok(write::deleted_configuration(&view))
        }
        SET_AUTOSHIFT => {
            let body = Body::of(request)?;
            let status = body.required("zonalAutoshiftStatus")?;
            let (arn, enabled) = arc.set_autoshift(&label, status)?;
            Ok(write::autoshift_configuration(&arn, enabled))
        }
        GET_OBSERVER => Ok(write::observer(arc.observes_autoshifts())),
        SET_OBSERVER => {
            let body = Body::of(request)?;
            let observer = validate::enabled("status", body.required("status")?)?;
            arc.observe_autoshifts(observer);
            Ok(write::updated_observer(observer))
        }
        GET => {
            let view = arc.resource(&label)?;
            let resource = write::managed_resource(&view, now);
            let answer = wire::serialize_get_managed_resource_response(&resource);
            Ok(write::in_order(answer))
        }
        LIST_SHIFTS => list::shifts(arc, request, now),
        LIST_AUTOSHIFTS => list::autoshifts(arc, request),
        _ => list::resources(arc, request, now),
    }
}
