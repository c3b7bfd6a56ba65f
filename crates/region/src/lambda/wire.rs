//! Lambda's API as HTTP (restJson1): Invoke.
//!
//! The codec has no response headers and wraps the payload, so the answer is put together here.

use http::header::{HeaderName, HeaderValue};
use winterbaume_core::{MockRequest, MockResponse};

use crate::error::ServiceError;
use crate::lambda::FunctionFailure;
use crate::operation::Operation;

pub(crate) const INVOKE: Operation = Operation::read("Invoke");

const FUNCTIONS: &str = "/2015-03-31/functions/";
const INVOCATIONS: &str = "/invocations";

/// The operation of a request.
pub(crate) fn identify(request: &MockRequest) -> Option<Operation> {
    (request.method == "POST" && function(request).is_some()).then_some(INVOKE)
}

/// What an Invoke asks for.
pub(crate) struct Invoke {
    pub(crate) function: String,
    pub(crate) way: InvocationType,
    pub(crate) payload: bytes::Bytes,
}

/// How the caller wants to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

pub(crate) fn read_invoke(request: &MockRequest) -> Result<Invoke, ServiceError> {
    let function = function(request).unwrap_or_default();
    let way = request
        .headers
        .get("x-amz-invocation-type")
        .map(HeaderValue::to_str);
    let way = match way {
        None | Some(Ok("RequestResponse")) => InvocationType::RequestResponse,
        Some(Ok("Event")) => InvocationType::Event,
        Some(Ok("DryRun")) => InvocationType::DryRun,
        Some(other) => {
            let message =
                format!("InvocationType {other:?} is not RequestResponse, Event or DryRun");
            return Err(ServiceError::new(
                400,
                "InvalidParameterValueException",
                message,
            ));
        }
    };
    Ok(Invoke {
        function,
        way,
        payload: request.body.clone(),
    })
}

fn function(request: &MockRequest) -> Option<String> {
    let path = winterbaume_core::extract_path(&request.uri);
    let label = path.strip_prefix(FUNCTIONS)?.strip_suffix(INVOCATIONS)?;
    (!label.is_empty() && !label.contains('/')).then(|| crate::text::percent_decoded(label))
}

/// The answer to an invocation that ran. A function's failure has status 200 as well.
pub(crate) fn answer(outcome: &Result<serde_json::Value, FunctionFailure>) -> MockResponse {
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
        HeaderValue::from_static("$LATEST"),
    );
    response
}

/// The answer to an invocation that nobody waits for, or that was only asked whether it could be.
pub(crate) fn accepted(status: u16) -> MockResponse {
    MockResponse::rest_json(status, "")
}

/// An error in the protocol of the service.
pub(crate) fn refuse(error: &ServiceError) -> MockResponse {
    crate::wire::rest_json_error(error, "Message")
}
