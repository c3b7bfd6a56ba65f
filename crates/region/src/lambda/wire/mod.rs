//! Lambda's API as HTTP (restJson1): Invoke here, what describes and configures functions in
//! [`control`].
//!
//! The codec has no response headers and wraps the payload, so the answers are put together here.

mod control;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use http::header::{HeaderName, HeaderValue};
use serde_json::Value;
use winterbaume_core::{MockRequest, MockResponse};

pub(crate) use control::perform;

use super::name::{LATEST, constraint};
use super::{FunctionFailure, LONGEST_ASYNCHRONOUS, LONGEST_SYNCHRONOUS};
use crate::error::ServiceError;
use crate::operation::Operation;

pub(crate) const INVOKE: Operation = Operation::read("Invoke");

const FUNCTIONS: &str = "/2015-03-31/functions";
const CONFIGURED_FUNCTIONS: &str = "/2019-09-25/functions";
/// Reading a reservation came later than making one, with a version of the API of its own.
const CONCURRENCY: [(&str, &[(&str, Operation)]); 2] = [
    (
        "/2017-10-31/functions",
        &[
            ("PUT", control::PUT_CONCURRENCY),
            ("DELETE", control::DELETE_CONCURRENCY),
        ],
    ),
    (
        "/2019-09-30/functions",
        &[("GET", control::GET_CONCURRENCY)],
    ),
];

/// The operation of a request.
pub(crate) fn identify(request: &MockRequest) -> Option<Operation> {
    Some(route(request)?.0)
}

/// The operation of a request, and the function in its path.
fn route(request: &MockRequest) -> Option<(Operation, String)> {
    let path = request.uri.split(['?', '#']).next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| {
        rest.find('/').map_or("", |slash| &rest[slash..])
    });
    let method = request.method.as_str();
    if let Some(rest) = path.strip_prefix(CONFIGURED_FUNCTIONS) {
        let (function, resource) = rest.strip_prefix('/')?.split_once('/')?;
        let operation = match (method, resource) {
            ("GET", "event-invoke-config") => control::GET_EVENT_INVOKE_CONFIG,
            ("PUT", "event-invoke-config") => control::PUT_EVENT_INVOKE_CONFIG,
            ("POST", "event-invoke-config") => control::UPDATE_EVENT_INVOKE_CONFIG,
            ("DELETE", "event-invoke-config") => control::DELETE_EVENT_INVOKE_CONFIG,
            ("GET", "event-invoke-config/list") => control::LIST_EVENT_INVOKE_CONFIGS,
            _ => return None,
        };
        return Some((operation, crate::text::percent_decoded(function)));
    }
    for (functions, of_method) in CONCURRENCY {
        if let Some(rest) = path.strip_prefix(functions) {
            let function = rest.strip_prefix('/')?.strip_suffix("/concurrency")?;
            let (_, operation) = of_method.iter().find(|(of, _)| *of == method)?;
            return Some((*operation, crate::text::percent_decoded(function)));
        }
    }
    let rest = path.strip_prefix(FUNCTIONS)?;
    if rest.is_empty() || rest == "/" {
        return (method == "GET").then(|| (control::LIST_FUNCTIONS, String::new()));
    }
    let rest = rest.strip_prefix('/')?;
    let (function, resource) = rest.split_once('/').unwrap_or((rest, ""));
    let operation = match (method, resource) {
        ("POST", "invocations") => INVOKE,
        ("GET", "") => control::GET_FUNCTION,
        ("GET", "configuration") => control::GET_FUNCTION_CONFIGURATION,
        _ => return None,
    };
    (!function.is_empty()).then(|| (operation, crate::text::percent_decoded(function)))
}

/// The parameters of the query string.
fn query(request: &MockRequest) -> HashMap<String, String> {
    let query = request.uri.split_once('?').map_or("", |(_, query)| query);
    crate::text::form(query.as_bytes())
}

/// What an Invoke asks for.
pub(crate) struct Invoke {
    pub(crate) function: String,
    pub(crate) qualifier: Option<String>,
    pub(crate) way: InvocationType,
    pub(crate) payload: Value,
}

/// How the caller wants to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

/// Reads an Invoke.
///
/// # Errors
/// `ValidationException` for an unknown way to invoke, `RequestTooLargeException` (413) for more than
/// 6 MB, or 1 MB asynchronously, and `InvalidRequestContentException` for a payload that is no JSON.
pub(crate) fn read_invoke(request: &MockRequest) -> Result<Invoke, ServiceError> {
    let function = route(request).map(|(_, function)| function);
    let one_of = |name: &str, member: &str, known: &[&str]| {
        let value = request.headers.get(name).map(HeaderValue::to_str);
        let value = value.map(|value| value.unwrap_or_default().to_owned());
        match value {
            Some(value) if !known.contains(&value.as_str()) => Err(constraint(
                member,
                value,
                &format!("Member must satisfy enum value set: [{}]", known.join(", ")),
            )),
            value => Ok(value),
        }
    };
    one_of("x-amz-log-type", "logType", &["None", "Tail"])?;
    let ways = ["Event", "RequestResponse", "DryRun"];
    let way = match one_of("x-amz-invocation-type", "invocationType", &ways)?.as_deref() {
        Some("Event") => InvocationType::Event,
        Some("DryRun") => InvocationType::DryRun,
        _ => InvocationType::RequestResponse,
    };
    let longest = match way {
        InvocationType::Event => LONGEST_ASYNCHRONOUS,
        InvocationType::RequestResponse | InvocationType::DryRun => LONGEST_SYNCHRONOUS,
    };
    if request.body.len() > longest {
        let message = format!(
            "Request must be smaller than {longest} bytes for the InvokeFunction operation"
        );
        return Err(
            ServiceError::new(413, "RequestTooLargeException", message).with("Type", "User")
        );
    }
    let payload = if request.body.is_empty() {
        Ok(Value::Object(Default::default()))
    } else {
        serde_json::from_slice(&request.body)
    };
    let payload = payload.map_err(|error| {
        let message = format!("Could not parse request body into json: {error}");
        ServiceError::new(400, "InvalidRequestContentException", message).with("Type", "User")
    })?;
    Ok(Invoke {
        function: function.unwrap_or_default(),
        qualifier: query(request).remove("Qualifier"),
        way,
        payload,
    })
}

/// The answer to an invocation that ran. A function's failure has status 200 as well.
pub(crate) fn answer(
    request_id: &str,
    outcome: &Result<serde_json::Value, FunctionFailure>,
) -> MockResponse {
    let mut response = match outcome {
        Ok(payload) => MockResponse::rest_json(200, payload.to_string()),
        Err(failure) => {
            let body = serde_json::to_string(failure).unwrap_or_default();
            let mut response = MockResponse::rest_json(200, body);
            response.headers.insert(
                HeaderName::from_static("x-amz-function-error"),
                HeaderValue::from_static("Unhandled"),
            );
            response
        }
    };
    response.headers.insert(
        HeaderName::from_static("x-amz-executed-version"),
        HeaderValue::from_static(LATEST),
    );
    with_request_id(response, request_id)
}

/// The answer to an invocation that nobody waits for, or that was only asked whether it could be.
pub(crate) fn accepted(status: u16, request_id: &str) -> MockResponse {
    with_request_id(MockResponse::rest_json(status, ""), request_id)
}

/// The id of an invocation is also that of its request: clients look for it in the function's log.
fn with_request_id(mut response: MockResponse, request_id: &str) -> MockResponse {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response
            .headers
            .insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    response
}

/// An error in the protocol of the service.
pub(crate) fn refuse(error: &ServiceError) -> MockResponse {
    crate::wire::rest_json_error(error, "Message")
}
